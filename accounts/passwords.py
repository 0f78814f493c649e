"""The rules of passwords (000 5.9.3; 003 账号密码管理). Pure: no database, no settings, no clock.

When: a password is good for one calendar month (a parameter) from its owner's own last change; reminders go out 7, 3
and 1 days before; 15 days after it was due the account is frozen. The day and the time of day are those of
Asia/Shanghai.

How strong: 10 to 128 characters of at least three of the four classes small letters, capitals, digits, signs. A
character of a script without small and capital letters (a Chinese one) stands for both classes of letters: it is one
of thousands, not of 52. So a Chinese passphrase with a comma, a digit or a space in it passes. Texts are compared and
hashed in NFKC, so that a full-width "１" or "，" of an input method is the same key as "1" or ",".

Issued: 14 characters of 25 that cannot be mistaken for one another, shown as ABCD-EFGHJ-KMNPQ. Its shape is its own:
nobody can choose a password of that shape, so one look says which of the two was typed, and one hash is worked out for
either.
"""

from __future__ import annotations

import calendar
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise
from typing import Final, Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
SHORTEST, LONGEST = 10, 128
CLASSES = 3
REMINDERS: Final = (7, 3, 1)  # days before
ALPHABET: Final = "ACDEFGHJKMNPQRTUVWXY34679"  # without 0 O, 1 I L, 2 Z, 5 S, 8 B
ISSUED_LENGTH: Final = 14
LIKENESS = 0.75  # share of common characters from which a new password is "similar" to the old


class State(StrEnum):
    """How an account's password stands."""

    ISSUED = "issued"  # only an issued one so far: nothing but the change
    FRESH = "fresh"
    DUE = "due"  # nothing but the change
    FROZEN = "frozen"  # nothing at all, until the reviewing department issues a new one


class HasPassword(Protocol):
    """What is asked of a user."""

    password_changed_at: datetime | None
    frozen_at: datetime | None


class Periods(Protocol):
    """What is asked of the parameters."""

    @property
    def password_months(self) -> int: ...
    @property
    def password_freeze_days(self) -> int: ...


# ── when ────────────────────────────────────────────────────────────────────────────────────────


def due_at(changed_at: datetime, months: int) -> datetime:
    """The same time of day so many calendar months later; 31 January → the last day of February. Aware, UTC."""
    local = changed_at.astimezone(CHINA)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def frozen_from(changed_at: datetime, periods: Periods) -> datetime:
    """The moment from which an unchanged account is frozen."""
    return due_at(changed_at, periods.password_months) + timedelta(days=periods.password_freeze_days)


def state(user: HasPassword, periods: Periods, at: datetime) -> State:
    """How it stands at this moment, whether or not any job has run."""
    if user.frozen_at is not None:
        return State.FROZEN
    if user.password_changed_at is None:
        return State.ISSUED
    if at >= frozen_from(user.password_changed_at, periods):
        return State.FROZEN
    return State.DUE if at >= due_at(user.password_changed_at, periods.password_months) else State.FRESH


def days_left(user: HasPassword, periods: Periods, at: datetime | None = None) -> int | None:
    """Whole days until the password is due, by the calendar on the wall: 0 on its last day. None: no own password yet.

    `at`: the moment of asking; the page's frame leaves it out and gets this machine's clock."""
    if user.password_changed_at is None:
        return None
    due = due_at(user.password_changed_at, periods.password_months).astimezone(CHINA)
    return max(0, (due.date() - (at or datetime.now(UTC)).astimezone(CHINA).date()).days)


def reminder(changed_at: datetime, reminded: int | None, periods: Periods, at: datetime) -> int | None:
    """The reminder to send now (7, 3 or 1), or None. A step that was missed is not made up for once the next one is
    near."""
    due = due_at(changed_at, periods.password_months)
    reached = [step for step in REMINDERS if due - timedelta(days=step) <= at < due]
    if not reached or (reminded is not None and reminded <= min(reached)):
        return None
    return min(reached)


def earliest_due_change(at: datetime, months: int) -> datetime:
    """No password changed after this moment is due at `at`: the coarse bound for a query (a month has at least 28
    days)."""
    return at - timedelta(days=28 * months)


# ── how strong ──────────────────────────────────────────────────────────────────────────────────


class Fault(StrEnum):
    """Why a password is refused; the form has the words."""

    SHORT = "short"
    LONG = "long"
    CLASSES = "classes"
    FEW = "few"  # too few different characters, or a row like 1234
    COMMON = "common"
    OWN = "own"
    SIMILAR = "similar"
    ISSUED = "issued"  # looks like an issued one


# Kept in small letters; what is left of a password without them must still be long enough.
COMMON: Final = frozenset(
    """
    password passwort passw0rd admin administrator root guest welcome letmein login master secret default
    changeme iloveyou monkey dragon sunshine princess football baseball superman qwerty qwertyuiop asdfgh
    asdfghjkl zxcvbn zxcvbnm qazwsx 1qaz2wsx 1q2w3e4r abc123 abcdef abcd1234 123456 1234567 12345678
    123456789 1234567890 111111 000000 666666 888888 123123 123321 654321 112233 520520 5201314 1314520
    147258369 147258 159357 woaini woaini1314 nihao zhongguo mima beijing shanghai summer winter spring
    autumn channel channelportal portal qudao xinxi goutong guanli pingtai qifabu qudaoxinxi fankui 密码 口令 管理员
    我爱你 你好 中国 渠道 信息 沟通 平台 门户 反馈 公司 企发部 市场部 渠道信息 渠道信息沟通管理平台
    """.split()  # noqa: SIM905 (a list of words reads best as words)
)
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "零一二三四五六七八九十",
)


def normal(text: str) -> str:
    """The form in which a password is compared and hashed."""
    return unicodedata.normalize("NFKC", text)


def classes(text: str) -> int:
    """How many of the four classes the text has; a letter without capitals counts for both classes of letters."""
    found: set[str] = set()
    for character in text:
        if character.isdigit():
            found.add("digit")
        elif character.isalpha():
            found |= (
                {"lower", "upper"}
                if character.lower() == character.upper()
                else {"lower" if character.islower() else "upper"}
            )
        else:
            found.add("sign")
    return len(found)


def faults(new: str, *, own: Iterable[str] = (), old: str = "") -> list[Fault]:
    """Everything that is wrong with a new password; empty: it will do. `own`: words of the person (`own_words`);
    `old`: the present password, as typed. Whether it was used before is asked of the hashes by the workflow."""
    if len(new) > LONGEST:  # before anything is worked out
        return [Fault.LONG]
    text = normal(new)
    low = text.lower()
    checks = {
        Fault.SHORT: len(text) < SHORTEST,
        Fault.LONG: len(text) > LONGEST,
        Fault.CLASSES: classes(text) < CLASSES,
        Fault.FEW: len(set(low)) < 5 or _mostly_rows(low),
        Fault.COMMON: _common(low),
        Fault.OWN: any(_contains(low, word) for word in own),
        Fault.SIMILAR: bool(old) and _similar(low, normal(old[:LONGEST]).lower()),
        Fault.ISSUED: issued(text) is not None,
    }
    return [fault for fault, found in checks.items() if found]


def own_words(*, names: Iterable[str] = (), accounts: Iterable[str] = (), phones: Iterable[str] = ()) -> set[str]:
    """Words that a stranger would try first: parts of names and their pinyin, of the account and the address, the
    phone number and its last digits. Those too short to mean anything are left out (two characters of Latin letters,
    one Chinese)."""
    words: set[str] = set()
    for text in (*names, *accounts):
        low = normal(text).lower().strip()
        words |= {low.replace(" ", ""), *re.split(r"[\s@._\-+]+", low)}
    for phone in phones:
        digits = re.sub(r"\D", "", phone)
        words |= {digits, digits[-8:], digits[-6:], digits[-4:]}
    return {
        word
        for word in words
        if len(word) >= (2 if _han(word) else 3) and word not in ("com", "net", "org", "www", "example")
    }


def _han(word: str) -> bool:
    return any(character.isalpha() and character.lower() == character.upper() for character in word)


def _contains(low: str, word: str) -> bool:
    return word in low or word in low.translate(_LEET)


def _common(low: str) -> bool:
    """A known word, and little else beside it but a year or a number and signs."""
    for text in (low, low.translate(_LEET)):
        rest = text
        for word in sorted(COMMON, key=len, reverse=True):
            rest = rest.replace(word, "")
        if rest != text and len(rest) < 10 and sum(map(str.isalpha, rest)) < 4:
            return True
    return False


def _mostly_rows(low: str) -> bool:
    """More than half of the steps from one character to the next run along the alphabet, the digits or a row of
    keys."""
    steps = list(pairwise(low))
    along = sum(a == b or any(a + b in row or b + a in row for row in _ROWS) for a, b in steps)
    return bool(steps) and along * 2 > len(steps)


def _similar(new: str, old: str) -> bool:
    return SequenceMatcher(None, new, old, autojunk=False).ratio() >= LIKENESS or (
        len(old) >= 6 and (old in new or new in old)
    )


# ── issued ones ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Issued:
    """A new one-time password: as hashed and as shown."""

    plain: str

    @property
    def shown(self) -> str:
        """ABCD-EFGHJ-KMNPQ"""
        return f"{self.plain[:4]}-{self.plain[4:9]}-{self.plain[9:]}"


def issue() -> Issued:
    """14 characters from the system's random generator: 65 bits."""
    return Issued("".join(secrets.choice(ALPHABET) for _ in range(ISSUED_LENGTH)))


def issued(typed: str) -> str | None:
    """What was typed as an issued password (hyphens and spaces do not matter; all small or all capital), or None when
    it has another shape and so must be a password of one's own."""
    plain = re.sub(r"[\s\-‐‑–]", "", normal(typed))
    if len(plain) != ISSUED_LENGTH or plain not in (plain.upper(), plain.lower()):
        return None
    plain = plain.upper()
    return plain if set(plain) <= set(ALPHABET) else None
