"""Verbs of passwords (000 5.9.3): issue, redeem, change, remind, freeze. The rules are in accounts/passwords.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import notify, passwords, throttle
from accounts.models import OldPassword, OneTimePassword, SignIn, User
from accounts.passwords import Fault, Issued, State
from channelportal.core import audit, parameters
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, WrongState

Means = OneTimePassword.Means
GUESSES = throttle.Limit(10, timedelta(minutes=15))  # of the present password, on the page of the change
SENTENCES: dict[Fault, Any] = {
    Fault.SHORT: gettext_lazy("It must have at least 10 characters."),
    Fault.LONG: gettext_lazy("It must have at most 128 characters."),
    Fault.CLASSES: gettext_lazy(
        "It must have three of these: small letters, capitals, digits, signs. "
        "A Chinese character counts as small letter and capital."
    ),
    Fault.FEW: gettext_lazy("It has too few different characters, or rows such as 1234 or qwer."),
    Fault.COMMON: gettext_lazy("It is made of a word that everybody tries first."),
    Fault.OWN: gettext_lazy("It must not contain your name, account, e-mail address, phone number or unit."),
    Fault.SIMILAR: gettext_lazy("It is too similar to the present one."),
    Fault.ISSUED: gettext_lazy("It looks like an issued password; choose another form."),
}


def state(user: User, at: datetime | None = None) -> State:
    """How the person's password stands by the parameters in force."""
    return passwords.state(user, parameters.current(), at or now())


def own_words(user: User) -> set[str]:
    """What this person's password must not contain."""
    unit = user.unit
    spelled = user.pinyin.split()[:1] + ([unit.name, unit.code, *unit.pinyin.split()[:1]] if unit else [])
    return passwords.own_words(
        names=[user.name, *spelled], accounts=[user.username, user.email.partition("@")[0]], phones=[user.phone]
    )


# ── issue ───────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def issue(user: User, *, by: User | None, means: str, at: datetime | None = None) -> Issued:
    """A new one-time password in place of everything he had: his own password, older issued ones and his sessions end,
    a frozen account is thawed. By mail it goes out by itself; on paper the caller shows it once. `by` None: the
    operator of the machine.

    Raises `WrongState` for a person who left, `Invalid` for one's own account."""
    at = at or now()
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise WrongState(_("This account is closed; no password can be issued for it."))
    if by is not None and by.pk == user.pk:
        raise Invalid("", _("Nobody issues a password to himself."))
    thawed = user.frozen_at is not None
    end_sessions(user)
    user.set_unusable_password()
    user.password_changed_at = user.password_reminded = user.frozen_at = None
    user.session_epoch = F("session_epoch") + 1
    user.save(update_fields=["password", "password_changed_at", "password_reminded", "frozen_at", "session_epoch"])
    user.refresh_from_db(fields=["session_epoch"])
    issued = _issue(user, by, means, at)
    audit.record("password.issued", user, by=by, at=at, data={"means": means, "thawed": thawed})
    return issued


@transaction.atomic
def issue_forgotten(typed: str, *, at: datetime | None = None) -> None:
    """Mail a one-time password to the known address of this account, if there is one; nothing tells whether. His own
    password stays good until the new one is used, so that nobody is locked out by another's asking. A frozen account
    is told whom to ask."""
    at = at or now()
    user = find(typed)
    if user is None or not user.is_active:
        make_password(passwords.issue().plain)  # the same work as for a known one
        return
    if state(user, at) == State.FROZEN:
        make_password(passwords.issue().plain)
        notify.frozen_asks(user, at)
    else:
        _issue(user, None, Means.MAIL, at)
    audit.record("password.forgotten", user, at=at)


def _issue(user: User, by: User | None, means: str, at: datetime) -> Issued:
    issued = passwords.issue()
    rules = parameters.current(fresh=True)
    OneTimePassword.objects.filter(user=user, used_at=None, voided_at=None).update(voided_at=at)
    row = OneTimePassword.objects.create(
        user=user, hash=make_password(issued.plain), means=means, issued_by=by, created_at=at,
        expires_at=at + timedelta(hours=rules.one_time_hours),
    )  # fmt: skip
    if means == Means.MAIL:
        notify.password_issued(user, row, issued.shown, at)
    return issued


# ── sign in with it ─────────────────────────────────────────────────────────────────────────────


def find(typed: str) -> User | None:
    """Whose account, e-mail address or phone number is this? A number that two people share is nobody's."""
    text = typed.strip()
    if not text or len(text) > 254 or "\0" in text:
        return None
    found = list(
        User.objects.filter(Q(username__iexact=text) | Q(email__iexact=text) | Q(phone=text)).select_related("unit")[:5]
    )
    by_name = [user for user in found if user.username.lower() == text.lower()] or [
        user for user in found if user.email.lower() == text.lower()
    ]
    if by_name:
        return by_name[0]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Found:
    """Whose account it is, as `find` said a moment ago."""

    user: User | None


def verify(typed: str, password: str, *, at: datetime | None = None, found: Found | None = None) -> User | None:
    """The person with this account and password, own or issued; None for whatever reason. One hash is worked out in
    any case.

    A good issued password is used up here: from now on the account has no other, until its owner chooses one."""
    at = at or now()
    user = found.user if found else find(typed)
    if len(password) > passwords.LONGEST:
        password = ""  # over-long ones are never hashed; the dummy is
    one_time = passwords.issued(password)
    if user is None or not user.is_active:
        make_password("nobody")
        return None
    if one_time is not None:
        return user if _redeem(user, one_time, at) else None
    if not user.has_usable_password():
        make_password("nobody")
        return None
    return user if user.check_password(passwords.normal(password)) else None


def _redeem(user: User, one_time: str, at: datetime) -> bool:
    """The try is counted before the hash is worked out; of many at once only one can use it."""
    rules = parameters.current()
    row = OneTimePassword.objects.filter(user=user, used_at=None, voided_at=None, expires_at__gt=at).first()
    if row is None or not OneTimePassword.objects.filter(pk=row.pk, tries__lt=rules.one_time_tries).update(
        tries=F("tries") + 1
    ):
        make_password("nobody")
        return False
    if not check_password(one_time, row.hash):
        return False
    with transaction.atomic():
        if not OneTimePassword.objects.filter(pk=row.pk, used_at=None, voided_at=None).update(used_at=at):
            return False
        if user.frozen_at is None and user.password_changed_at is not None and state(user, at) == State.FROZEN:
            return False
        end_sessions(user)
        user.set_unusable_password()
        user.password_changed_at = user.password_reminded = None
        user.save(update_fields=["password", "password_changed_at", "password_reminded"])
        audit.record("password.issued_used", user, by=user, at=at)
    return True


# ── change ──────────────────────────────────────────────────────────────────────────────────────


def change(user: User, *, new: str, current: str = "", at: datetime | None = None) -> None:
    """His own new password. `current` is asked of those who have one. Other sessions end; the caller renews its own
    (`update_session_auth_hash`). Raises `Invalid("current" | "new", …)`; `WrongState` when it was changed meanwhile."""
    at = at or now()
    _check_current(user, current, at)
    if found := passwords.faults(new, own=own_words(user), old=current):
        raise Invalid("new", " ".join(str(SENTENCES[fault]) for fault in found))
    rules = parameters.current(fresh=True)
    text = passwords.normal(new)
    if used_before(user, text, rules.password_history):
        raise Invalid(
            "new",
            ngettext(
                "It is one of your last %(count)d passwords.",
                "It is one of your last %(count)d passwords.",
                rules.password_history,
            )
            % {"count": rules.password_history},
        )
    hashed = make_password(text)  # slow, so before the row is locked
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if locked.password != user.password or not locked.is_active or locked.frozen_at:
            raise WrongState(_("The password was changed or the account was frozen meanwhile. Sign in again."))
        end_sessions(user)
        user.password, user.password_changed_at, user.password_reminded = hashed, at, None
        user.save(update_fields=["password", "password_changed_at", "password_reminded"])
        OldPassword.objects.create(user=user, hash=hashed, set_at=at)
        OneTimePassword.objects.filter(user=user, used_at=None, voided_at=None).update(voided_at=at)
        audit.record("password.changed", user, by=user, at=at)
        notify.password_changed(user, at)


def _check_current(user: User, current: str, at: datetime) -> None:
    if not user.has_usable_password():
        return
    key = f"change:{user.pk}"
    if not throttle.reserve(key, GUESSES, at):
        raise Invalid("current", _("Too many wrong tries. Wait 15 minutes."))
    if len(current) > passwords.LONGEST or not user.check_password(passwords.normal(current)):
        raise Invalid("current", _("This is not your present password."))
    throttle.clear(key)


def used_before(user: User, text: str, history: int) -> bool:
    """Whether it is the present password or one of the last `history`."""
    hashes = list(OldPassword.objects.filter(user=user).order_by("-set_at").values_list("hash", flat=True)[:history])
    if history and user.has_usable_password() and user.password not in hashes:
        hashes.append(user.password)
    return any(check_password(text, old) for old in hashes)


def end_sessions(user: User, but: str = "") -> int:
    """Close the person's open sessions, except the one with the key `but`; how many."""
    rows = SignIn.objects.filter(user=user).exclude(session_key=but)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)


# ── by the clock ────────────────────────────────────────────────────────────────────────────────


def freeze_if_due(user: User, at: datetime) -> bool:
    """Freeze the account if its day has come, whether or not a worker runs. True: it is frozen."""
    if state(user, at) != State.FROZEN:
        return False
    if user.frozen_at is None:
        _freeze([user], at)
    return True


def daily(at: datetime | None = None) -> dict[str, int]:
    """Remind, freeze, and let issued passwords lapse. May run at any time and any number of times: each thing happens
    once."""
    at = at or now()
    rules = parameters.current(fresh=True)
    bound = passwords.earliest_due_change(at + timedelta(days=max(passwords.REMINDERS)), rules.password_months)
    near = list(
        User.objects.filter(is_active=True, frozen_at=None, password_changed_at__lte=bound)
        .order_by("pk")
        .select_related("unit")
    )
    frozen = _freeze([user for user in near if passwords.state(user, rules, at) == State.FROZEN], at)
    reminded = 0
    for user in near:
        reminded += _remind(user, rules, at)
    lapsed = OneTimePassword.objects.filter(used_at=None, voided_at=None, expires_at__lte=at).update(voided_at=at)
    return {"reminded": reminded, "frozen": frozen, "lapsed": lapsed, "throttles": throttle.tidy(at)}


@transaction.atomic
def _freeze(users: list[User], at: datetime) -> int:
    """Each once: the row is claimed by a condition, so two sweeps or a sweep and a page do not both tell."""
    count = 0
    for user in users:
        claimed = User.objects.filter(pk=user.pk, frozen_at=None, password_changed_at=user.password_changed_at)
        if claimed.update(frozen_at=at, session_epoch=F("session_epoch") + 1):
            end_sessions(user)
            audit.record(
                "user.frozen",
                user,
                at=at,
                data={"changed_at": user.password_changed_at.isoformat() if user.password_changed_at else ""},
            )
            notify.frozen(user, at)
            count += 1
    return count


@transaction.atomic
def _remind(user: User, rules: parameters.Parameters, at: datetime) -> bool:
    if user.password_changed_at is None:
        return False
    step = passwords.reminder(user.password_changed_at, user.password_reminded, rules, at)
    if step is None:
        return False
    claimed = User.objects.filter(
        pk=user.pk, password_changed_at=user.password_changed_at, password_reminded=user.password_reminded
    )
    if not claimed.update(password_reminded=step):
        return False
    notify.password_reminder(user, step, passwords.due_at(user.password_changed_at, rules.password_months), at)
    return True
