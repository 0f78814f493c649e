"""Mail, written as a row in the transaction of what happened and sent by `deliver`: nothing lost, nothing sent in a request.

Sent at least once, with one Message-ID per message. Codes and data; the reader's language is chosen at sending.

A mail is one row, the *lead*, and the rows that joined it because they have its person and bundle (*followers*). A group is
formed once, when first claimed; what comes later makes a group of its own, so one Message-ID never stands for two contents.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message
from email.mime.text import MIMEText
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import translation

from channelportal.core.models import OutboxMessage, Parameter

log = logging.getLogger(__name__)
State = OutboxMessage.State
LEASE: Final = timedelta(minutes=5)
ENOUGH: Final = 200.0  # seconds that one claim may be worked on, well below the lease; the rest is given back
BACK_OFF: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 180, 480, 1440))  # then parked
SECRET: Final = "secret"  # noqa: S105 (no password itself) the name in `data` of what is erased once it was sent: an issued password
ATTACHMENTS: Final = "attachments"  # the name in `data` of short text files that go with the mail
UNWORDED: Final = "wording"  # begins the error of what has no text
NAME, ADDRESS = "⟪name⟫", "⟪address⟫"  # what stands so in their text is the reader's own at sending
# what a frozen person still gets: how to come back
TO_THE_FROZEN: Final = ("account", "password", "registration")


def put(
    kind: str,
    *,
    key: str,
    to: Any = None,
    address: str = "",
    data: dict[str, Any] | None = None,
    bundle: str = "",
    subject_key: str = "",
    at: datetime,
    not_before: datetime | None = None,
) -> None:
    """Queue one message for a person (`to`) or an address. The same key a second time is ignored.

    `kind` names the templates emails/<kind>-subject.txt and -body.txt/.html; messages of one person with the same `bundle` that
    wait at the same time go out as one mail (templates emails/<bundle>-…, context `items`). `subject_key` is what `cancel`
    takes. `not_before`: the delivery window's opening (`delivery.opens`); else at once. A password goes in as
    `data["secret"]`, which is erased after sending. `data["attachments"]`, a list of {"name", "type", "text"}, are short texts
    (20 kB at most) of a type text/… that go with the mail, with `NAME` and `ADDRESS` of the reader."""
    put_all([prepare(
        kind, key=key, to=to, address=address, data=data, bundle=bundle, subject_key=subject_key, at=at, not_before=not_before
    )])  # fmt: skip


def prepare(
    kind: str,
    *,
    key: str,
    to: Any = None,
    address: str = "",
    data: dict[str, Any] | None = None,
    bundle: str = "",
    subject_key: str = "",
    at: datetime,
    not_before: datetime | None = None,
) -> OutboxMessage:
    """The row of `put`, unsaved, for `put_all` in a batch."""
    return OutboxMessage(
        key=key, kind=kind, user=to, address=address, data=data or {}, bundle=bundle,
        subject_key=subject_key, created_at=at, next_attempt_at=not_before or at,
    )  # fmt: skip


def put_all(rows: Iterable[OutboxMessage]) -> None:
    OutboxMessage.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def cancel(subject_key: str, users: Iterable[int] | None = None) -> int:
    """Cancel what still waits about this subject (a due moment that moved, a ticket withdrawn), for all or these. Returns how
    many. What is being sent at this moment is not tried again if it fails."""
    about = OutboxMessage.objects.filter(subject_key=subject_key)
    if users is not None:
        about = about.filter(user__in=list(users))
    followers = OutboxMessage.objects.filter(lead=OuterRef("pk"))  # a mail about more than this goes on
    sending = about.filter(~Exists(followers), state=State.SENDING).update(state=State.CANCELLED, lease_until=None)
    rows = list(about.filter(state=State.WAITING).values_list("pk", "attempts"))
    if not rows:
        return sending
    cancelled = OutboxMessage.objects.filter(pk__in=[pk for pk, _tried in rows], state=State.WAITING).update(
        state=State.CANCELLED
    )
    if tried := [pk for pk, attempts in rows if attempts]:  # only these can have followers
        # a mail that failed once and lost its lead: the rest go out on their own
        OutboxMessage.objects.filter(lead__in=tried, lead__state=State.CANCELLED, state=State.WAITING).update(
            lead=None, attempts=0
        )
    return cancelled + sending


def resend(message: OutboxMessage, at: datetime) -> bool:
    """A person asks for a parked message again: from the first attempt, at once. False if it is parked no more."""
    group = OutboxMessage.objects.filter(Q(pk=message.pk) | Q(lead=message), state=State.PARKED)
    return bool(group.update(state=State.WAITING, lead=None, attempts=0, next_attempt_at=at, last_error=""))


def cancel_parked(message: OutboxMessage) -> bool:
    """A person gives a parked message up. False if it is parked no more."""
    return bool(
        OutboxMessage.objects.filter(Q(pk=message.pk) | Q(lead=message), state=State.PARKED).update(
            state=State.CANCELLED
        )
    )


# ── held back after a restore ───────────────────────────────────────────────────────────────────

_PAUSED: Final = "outbox_paused"  # a row of Parameter that no page shows


def pause() -> None:
    """Nothing goes out until `go_on`: what waited when a backup was made may have been sent since."""
    Parameter.objects.update_or_create(name=_PAUSED, defaults={"value": True})


def go_on() -> bool:
    """False: it was not paused."""
    return bool(Parameter.objects.filter(name=_PAUSED).delete()[0])


def paused() -> bool:
    return Parameter.objects.filter(name=_PAUSED).exists()


# ── delivery ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Letter:
    """One mail to be sent: its lead and all its rows, the lead first."""

    lead: OutboxMessage
    rows: list[OutboxMessage] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        return [row.pk for row in self.rows]


def deliver(at: datetime, limit: int = 500, *, seconds: float = 45.0) -> int:
    """Send what is due, in order of the next attempt, in batches of `limit` mails until nothing is due or `seconds` are over.
    Returns how many mails went out. Any number may run at once: each row is claimed by one."""
    started, sent = time.monotonic(), 0
    if paused():
        return 0
    while True:
        letters = claim(at, limit)
        if not letters:
            return sent
        sent += _Batch(at).send(letters)
        if len(letters) < limit or time.monotonic() - started > seconds:
            return sent


@transaction.atomic
def claim(at: datetime, limit: int) -> list[Letter]:
    """Take up to `limit` mails for this sender, with a lease, and commit that before anything is sent."""
    due = OutboxMessage.objects.sendable(at).filter(lead=None).order_by("next_attempt_at", "pk")
    if connection.vendor == "postgresql":
        due = due.select_for_update(skip_locked=True)
    leads = list(due[:limit])
    if not leads:
        return []
    letters = _letters(leads, at)
    rows = [row for letter in letters for row in letter.rows]
    _take(rows, at)
    for letter in letters:  # committed with the claim: after a crash the same rows make the same mail
        joined = [row.pk for row in letter.rows if letter.lead.pk not in {row.pk, row.lead_id}]
        if joined:
            OutboxMessage.objects.filter(pk__in=joined).update(lead=letter.lead)
    people = _people(rows)
    for row in rows:
        if row.user_id:
            row.user = people.get(row.user_id)
    return letters


def _letters(leads: list[OutboxMessage], at: datetime) -> list[Letter]:
    """Rows to mails: what was attempted before keeps its group; fresh rows of one person and bundle form one."""
    letters: dict[Any, Letter] = {}
    seen = set()
    for row in leads:
        seen.add(row.pk)
        fresh = row.bundle and row.user_id and not row.attempts
        letter = letters.setdefault((row.user_id, row.bundle) if fresh else row.pk, Letter(row))
        letter.rows.append(row)
    for row in _more_fresh([key for key in letters if isinstance(key, tuple)], at, seen):
        letters[(row.user_id, row.bundle)].rows.append(row)
    by_lead = {letter.lead.pk: letter for letter in letters.values()}
    old = [letter.lead.pk for letter in letters.values() if letter.lead.attempts]
    for row in OutboxMessage.objects.filter(lead__in=old, state__in=[State.WAITING, State.SENDING]) if old else ():
        by_lead[row.lead_id or 0].rows.append(row)
    return list(letters.values())


def _more_fresh(groups: list[tuple[int, str]], at: datetime, seen: set[int]) -> list[OutboxMessage]:
    """Fresh rows of the same people and bundles that are due but stood behind the limit."""
    if not groups:
        return []
    people, bundles = {user_id for user_id, _ in groups}, {bundle for _, bundle in groups}
    rows = OutboxMessage.objects.filter(
        state=State.WAITING, lead=None, attempts=0, user__in=people, bundle__in=bundles, next_attempt_at__lte=at
    ).exclude(pk__in=seen)
    if connection.vendor == "postgresql":
        rows = rows.select_for_update(skip_locked=True)
    wanted = set(groups)
    return [row for row in rows if (row.user_id, row.bundle) in wanted]


def _take(rows: list[OutboxMessage], at: datetime) -> None:
    OutboxMessage.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.SENDING, lease_until=at + LEASE, attempts=F("attempts") + 1
    )
    for row in rows:
        row.attempts += 1


def _people(rows: list[OutboxMessage]) -> dict[int, Any]:
    """The recipients as they are now, a moment before sending."""
    model: Any = get_user_model()
    return dict(model.objects.in_bulk({row.user_id for row in rows if row.user_id}))


class _Batch:
    """The sending of one claim over one kept connection."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.started = time.monotonic()
        self.connection: Any = get_connection()
        self.down = ""  # why the mail server cannot be reached; "" while it can

    def send(self, letters: list[Letter]) -> int:
        sent = 0
        try:
            for letter in letters:
                sent += self._one(letter)
        finally:
            self._close()
        return sent

    def _one(self, letter: Letter) -> bool:
        if time.monotonic() - self.started > ENOUGH:
            self._give_back(letter)
            return False
        if not _may_have(letter.lead):
            _end(letter, State.CANCELLED)
            return False
        problem = self.down or self._try(letter)
        if problem:
            self._failed(letter, problem)
            return False
        _end(letter, State.SENT, self.at)
        return True

    def _try(self, letter: Letter) -> str:
        """ "" when the server took the mail, else what went wrong."""
        try:
            mail = compose(letter)
        except Exception as error:  # bad data in one row must not stop the others
            log.exception("message %s cannot be worded", letter.lead.pk)
            return f"{UNWORDED}: {error!r}"
        for again in (True, False):
            try:
                self.connection.open()
                self.connection.send_messages([mail])
            except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
                self._close()  # the server ended a connection that was kept: once more on a new one
                if not again or isinstance(
                    error.__context__, TimeoutError
                ):  # it may have taken a mail and said so too late
                    self.down = _said(error)
            except (smtplib.SMTPConnectError, smtplib.SMTPHeloError, smtplib.SMTPAuthenticationError) as error:
                self.down = _said(error)
            except (smtplib.SMTPException, ValueError) as error:  # this mail, or this address
                return _said(error)
            except OSError as error:
                self.down = _said(error)
            else:
                return ""
            if self.down:
                log.warning("mail server away: %s", self.down)
                return self.down
        return self.down

    def _failed(self, letter: Letter, problem: str) -> None:
        tried = letter.lead.attempts
        rows = OutboxMessage.objects.filter(pk__in=letter.ids, state=State.SENDING)
        if len(letter.rows) > 1 and problem.startswith(UNWORDED):  # one of them spoils the mail: each goes on alone
            alone = {"state": State.WAITING, "lead": None, "bundle": "", "attempts": 0, "lease_until": None}
            rows.update(**alone, last_error=problem[:300], next_attempt_at=self.at + BACK_OFF[0])
            return
        if tried > len(BACK_OFF):
            rows.update(state=State.PARKED, lease_until=None, last_error=problem[:300])
            return
        rows.update(
            state=State.WAITING,
            lease_until=None,
            last_error=problem[:300],
            next_attempt_at=self.at + BACK_OFF[tried - 1],
        )

    def _give_back(self, letter: Letter) -> None:
        """Not tried for want of time: as it was before."""
        rows = OutboxMessage.objects.filter(pk__in=letter.ids, state=State.SENDING)
        if letter.lead.attempts == 1:
            rows.update(lead=None)
        rows.update(state=State.WAITING, lease_until=None, attempts=F("attempts") - 1)

    def _close(self) -> None:
        try:
            self.connection.close()
        except (smtplib.SMTPException, OSError):
            log.debug("the connection was gone")


def _said(error: Exception) -> str:
    """What the mail server said, as it said it; else the kind of failure."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [f"{code} {_text(words)}" for code, words in error.recipients.values()]
        return "; ".join(answers)[:300]
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"[:300]
    return f"{type(error).__name__}: {error}"[:300]


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _may_have(message: OutboxMessage) -> bool:
    """Asked at the moment of sending: who left gets nothing, who is frozen only how to come back."""
    if message.user_id is None:
        return True
    person: Any = message.user
    if person is None or not person.is_active:
        return False
    return person.frozen_at is None or message.kind.startswith(TO_THE_FROZEN)


def _end(letter: Letter, state: str, at: datetime | None = None) -> None:
    """Sent or cancelled; an issued password in it is erased."""
    done = {"state": state, "sent_at": at, "lease_until": None}
    plain = [row.pk for row in letter.rows if SECRET not in row.data]
    if plain:
        OutboxMessage.objects.filter(pk__in=plain).update(**done, last_error="")
    for row in letter.rows:
        if SECRET in row.data:
            data = {name: value for name, value in row.data.items() if name != SECRET}
            OutboxMessage.objects.filter(pk=row.pk).update(**done, last_error="", data=data)


# ── wording ─────────────────────────────────────────────────────────────────────────────────────


def compose(letter: Letter) -> EmailMultiAlternatives:
    """The mail in the language of its reader. ValueError where there is no address."""
    lead = letter.lead
    person: Any = lead.user
    address = lead.address or (person.email if person else "")
    if not address:
        raise ValueError("no address")
    language = (person.language if person else lead.data.get("language")) or settings.LANGUAGE_CODE
    with translation.override(language):
        subject, body, html = _words(letter, person)
    headers = {
        "Message-ID": message_id(lead.key),
        "X-Attempt": str(lead.attempts),
        "Auto-Submitted": "auto-generated",
    }
    mail = EmailMultiAlternatives(subject, body, settings.DEFAULT_FROM_EMAIL, [address], headers=headers)
    mail.attach_alternative(html, "text/html")
    for row in letter.rows:
        for file in row.data.get(ATTACHMENTS, ()):
            mail.attach(_attached(file, person, address))
    return mail


def filled(text: str, person: Any, address: str) -> str:
    """A text file with its reader's name and address; both without what could end a line or a quoted word."""
    name = "".join(sign for sign in (person.name if person else "") if sign.isprintable() and sign != '"')
    return text.replace(NAME, name).replace(ADDRESS, address)


def _attached(file: dict[str, str], person: Any, address: str) -> MIMEText:
    """A short text (a calendar file) as a part of the mail; parameters of its type, such as `method`, stay."""
    kind = Message()
    kind["Content-Type"] = file["type"]
    part = MIMEText(filled(file["text"], person, address), kind.get_content_subtype(), "utf-8")
    for name, value in kind.get_params(failobj=[])[1:]:
        part.set_param(name, value)
    part.add_header("Content-Disposition", "attachment", filename=file["name"])
    return part


def message_id(key: str) -> str:
    """The same for every attempt of a message: mail servers and readers drop the second copy."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{host}>"


def _words(letter: Letter, person: Any) -> tuple[str, str, str]:
    """Subject, text and HTML."""
    lead = letter.lead
    context = {**lead.data, "user": person, "site_url": settings.SITE_URL}
    name = lead.kind
    if len(letter.rows) > 1:
        name = lead.bundle
        context |= {"items": [{"kind": row.kind, **row.data} for row in letter.rows], "count": len(letter.rows)}
    subject = " ".join(_plain(f"emails/{name}-subject.txt", context).split())
    body = _plain(f"emails/{name}-body.txt", context).strip() + "\n"
    context |= {"subject": subject, "text": body}
    try:
        html = get_template(f"emails/{name}-body.html")
    except TemplateDoesNotExist:
        html = get_template("emails/base.html")
    return subject, body, html.render(context)


def _plain(name: str, context: dict[str, Any]) -> str:
    """A text template: nothing in it is escaped for HTML."""
    template: Any = get_template(name)
    return str(template.template.render(Context(context, autoescape=False)))
