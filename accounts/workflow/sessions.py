"""Open sessions: a row for each, so that a person sees where he is signed in and can end it; the agreement is signed
here too."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import locks, notify
from accounts.access import Refused
from accounts.models import Agreement, Signature, SignIn, User
from accounts.workflow.passwords import end_sessions
from channelportal.core import audit, stamps
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, WrongState

WRITTEN_EVERY = timedelta(minutes=1)
ABSOLUTE = timedelta(seconds=settings.SESSION_COOKIE_AGE)  # 12 h


def opened(user: User, session_key: str, *, address: str, device: str, at: datetime) -> SignIn:
    """A session begins; the same key a second time is the same row."""
    defaults = {"user": user, "started_at": at, "seen_at": at, "address": address[:45], "device": device[:120]}
    return SignIn.objects.get_or_create(session_key=session_key, defaults=defaults)[0]


def lapsed(sign_in: SignIn, at: datetime) -> bool:
    """Idle for 30 minutes, or open for 12 hours."""
    return at - sign_in.seen_at >= settings.SESSION_IDLE or at - sign_in.started_at >= ABSOLUTE


def seen(sign_in: SignIn, at: datetime) -> None:
    """The person did something: written at most once a minute, and by one of several requests at once."""
    if at - sign_in.seen_at >= WRITTEN_EVERY:
        SignIn.objects.filter(pk=sign_in.pk, seen_at=sign_in.seen_at).update(seen_at=at)


@transaction.atomic
def end_one(user: User, sign_in_id: int, *, at: datetime | None = None) -> None:
    """End one of his own sessions. Raises `WrongState` when it is not there any more."""
    row = SignIn.objects.filter(pk=sign_in_id, user=user).first()
    if row is None:
        raise WrongState(_("This session has ended already."))
    Session.objects.filter(session_key=row.session_key).delete()
    row.delete()
    audit.record("session.ended", user, by=user, at=at or now(), data={"device": row.device, "from": row.address})


@transaction.atomic
def end_others(user: User, session_key: str, *, at: datetime | None = None) -> int:
    """End all of his own sessions but the present one; how many."""
    count = end_sessions(user, but=session_key)
    audit.record("session.others_ended", user, by=user, at=at or now(), data={"count": count})
    return count


@transaction.atomic
def end_all(user: User, *, by: User, reason: str, at: datetime | None = None) -> int:
    """End every session of another person, at once; how many there were. He is told, and signs in anew."""
    at = at or now()
    user = _of_another(user, by)
    count = end_sessions(user)
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    audit.record("session.all_ended", user, by=by, at=at, data={"count": count, "reason": reason})
    notify.access_changed(user, "sessions-ended", by=by, reason=reason, at=at)
    return count


@transaction.atomic
def unlock(user: User, *, by: User, reason: str, at: datetime | None = None) -> None:
    """Take the lock of too many attempts off another person's sign-in before it ends by itself. He is told: whoever tried
    may not have been he. Raises `WrongState` where nothing is locked."""
    at = at or now()
    user = _of_another(user, by)
    found = locks.standing(user, at)
    if not found:
        raise WrongState(_("The sign-in of this person is not locked."))
    locks.lift(user)
    data = {"places": len(found), "addresses": [one.address for one in found if one.address], "reason": reason}
    audit.record("user.unlocked", user, by=by, at=at, data=data)
    notify.access_changed(user, "sign-in-unlocked", by=by, reason=reason, at=at)


def _of_another(user: User, by: User) -> User:
    if user.pk == by.pk:
        raise Refused(_("Nobody unlocks himself: ask a colleague or the security administrator."))
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise WrongState(_("This account is deactivated."))
    return user


@transaction.atomic
def closed(user: User, session_key: str, why: str, *, at: datetime | None = None) -> None:
    """A session ended: by its owner ("signed_out"), by the clock ("lapsed")."""
    SignIn.objects.filter(session_key=session_key).delete()
    audit.record(f"user.{why}", user, by=user, at=at or now())


# ── the confidentiality agreement (001 七(一)) ──────────────────────────────────────────────────


def agreement_in_force(at: datetime | None = None) -> Agreement | None:
    """The newest version in force; None: none was ever published."""
    return Agreement.objects.filter(in_force_from__lte=at or now()).order_by("-version").first()


def required_version(at: datetime) -> int:
    """The version everybody must have signed, from this process's copy; 0: none."""
    versions = stamps.cached(
        "agreement", lambda: list(Agreement.objects.order_by("version").values_list("version", "in_force_from"))
    )
    return max((version for version, start in versions if start <= at), default=0)


def has_signed(user: User, version: int) -> bool:
    return Signature.objects.filter(user=user, agreement__version=version).exists()


@transaction.atomic
def sign(user: User, agreement: Agreement, *, name: str, address: str, at: datetime | None = None) -> None:
    """The person signs with his name as the portal has it. A second signature of the same version changes nothing."""
    at = at or now()
    if "".join(name.split()) != "".join(user.name.split()):
        raise Invalid("name", _("Sign with your name as it stands in the portal: %(name)s.") % {"name": user.name})
    newest = agreement_in_force(at)
    if newest is None or newest.pk != agreement.pk:
        raise WrongState(_("There is a newer version of the agreement. Read that one."))
    signature = Signature(agreement=agreement, user=user, name=name, address=address, at=at)
    Signature.objects.bulk_create([signature], ignore_conflicts=True)
    audit.record("agreement.signed", user, by=user, at=at, data={"version": agreement.version})


@transaction.atomic
def publish_agreement(*, text_zh: str, text_en: str, by: User | None, at: datetime | None = None) -> Agreement:
    """A new version, in force at once: everybody signs it before his next page."""
    at = at or now()
    stamps.bump("agreement")
    last = Agreement.objects.order_by("-version").first()
    agreement = Agreement.objects.create(
        version=(last.version if last else 0) + 1, text_zh=text_zh, text_en=text_en, in_force_from=at, by=by
    )
    audit.record("agreement.published", agreement, by=by, at=at, data={"version": agreement.version})
    return agreement
