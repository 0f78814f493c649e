"""Verbs of an application for access (000 5.9.3): submit, confirm, withdraw, approve, refuse, lapse.

Routing: people of a channel unit are reviewed by the market department that manages it, those of HQ departments by
企发部, its own people included (an applicant has no account yet, so the reviewer is always another). See
docs/decisions/09-who-reviews-whom.md.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts import access, notify, organisation
from accounts.models import Agreement, OneTimePassword, Registration, Signature, Unit, User
from accounts.passwords import Issued
from accounts.workflow import passwords, people, units
from channelportal.core import audit
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib.names import sort_key

State = Registration.State
Means = OneTimePassword.Means
CONFIRM_WITHIN: Final = timedelta(days=7)
# verb: (states it starts from, state it leads to)
MOVES: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "confirm": (frozenset({State.UNCONFIRMED}), State.SUBMITTED),
    "withdraw": (frozenset({State.UNCONFIRMED, State.SUBMITTED}), State.WITHDRAWN),
    "approve": (frozenset({State.SUBMITTED}), State.APPROVED),
    "refuse": (frozenset({State.SUBMITTED}), State.REFUSED),
    "lapse": (frozenset({State.UNCONFIRMED}), State.LAPSED),
}


@dataclass(frozen=True)
class Approved:
    """What an approval made. `issued` is shown once to the reviewer when it goes on paper."""

    user: User
    issued: Issued


# ── who sees, who may ───────────────────────────────────────────────────────────────────────────


def visible_to(user: User) -> QuerySet[Registration]:
    """The applications this person reviews: for units granted to his, and for new units that name his as managing
    department. Unconfirmed ones are nobody's yet."""
    scope = access.scope(user)
    if not scope.may("registration.review"):
        return Registration.objects.none()
    mine = Q(unit__in=scope.granted_ids) | Q(manager=user.unit_id)  # a new unit is still its reviewers' once it is made
    return Registration.objects.filter(mine).exclude(confirmed_at=None).select_related("unit", "manager", "decided_by")


def require_reviewer(user: User, registration: Registration) -> None:
    """Raise `Refused` unless this person may decide on this application; nobody decides on his own."""
    if not visible_to(user).filter(pk=registration.pk).exists():
        raise access.Refused(_("Applications for this unit are reviewed by another department."))
    if registration.email.lower() == user.email.lower() or (registration.phone and registration.phone == user.phone):
        raise access.Refused(_("Nobody reviews his own application: a colleague must decide."))


def by_token(token: str) -> Registration | None:
    """The application of a private link."""
    return (
        Registration.objects.filter(token_hash=_hash(token)).select_related("unit", "manager", "reviewer_unit").first()
    )


# ── the applicant's verbs ───────────────────────────────────────────────────────────────────────


@transaction.atomic
def submit(
    *,
    agreement: Agreement,
    signed_name: str,
    address: str = "",
    language: str = "",
    at: datetime | None = None,
    **plain: Any,
) -> Registration:
    """A new application; a mail asks to confirm the address. `plain`: name, email, phone, position, reason, role, and
    either unit or new_unit_name, new_unit_kind, new_unit_region, manager. Nothing is said here about what is taken
    already."""
    at = at or now()
    _check_unit(plain.get("unit"), plain.get("new_unit_kind", ""), plain.get("manager"))
    if "".join(signed_name.split()) != "".join(plain["name"].split()):
        raise Invalid("signed_name", _("Sign with the name you entered above."))
    token = secrets.token_urlsafe(24)
    registration = _numbered(
        Registration(token_hash=_hash(token), created_at=at, language=language, address=address, **plain), at
    )
    Signature.objects.create(agreement=agreement, registration=registration, name=signed_name, address=address, at=at)
    audit.record(
        "registration.filed", registration, at=at, data={"unit": registration.unit_name, "agreement": agreement.version}
    )
    notify.registration_filed(registration, token, at)
    return registration


@transaction.atomic
def confirm(registration: Registration, *, at: datetime | None = None) -> Registration:
    """The address is the applicant's: the application goes to the reviewers."""
    at = at or now()
    registration = _locked(registration, "confirm")
    if at - registration.created_at >= CONFIRM_WITHIN:
        raise WrongState(
            _("The address was not confirmed within 7 days, so the application has lapsed. Please register again.")
        )
    reviewing = route(registration)
    registration.reviewer_unit, registration.confirmed_at = reviewing, at
    _move(registration, "confirm", "reviewer_unit", "confirmed_at")
    audit.record("registration.confirmed", registration, at=at, data={"reviewer": reviewing.name if reviewing else ""})
    if reviewing:
        notify.registration_submitted(registration, reviewing, at)
    return registration


@transaction.atomic
def withdraw(registration: Registration, *, at: datetime | None = None) -> Registration:
    """The applicant does not want it any more."""
    at = at or now()
    registration = _locked(registration, "withdraw")
    _move(registration, "withdraw")
    audit.record("registration.withdrawn", registration, at=at)
    notify.registration_over(registration)
    return registration


# ── the reviewer's verbs ────────────────────────────────────────────────────────────────────────


def approve(
    registration: Registration, *, by: User, means: str, role: str = "", code: str = "", unit: Unit | None = None,
    at: datetime | None = None,
) -> Approved:  # fmt: skip
    """Account, role, unit and one-time password in one step. `role`: another than wished; `unit`: an existing one
    instead of the new one applied for; `code`: of the new unit (left out: made from its name). Of many at once one
    succeeds, the others get `WrongState`."""
    at = at or now()
    require_reviewer(by, registration)
    if unit is not None and not access.may(by, "registration.review", unit):
        raise Invalid("unit", _("People of this unit are reviewed by another department."))
    for _try in range(2):  # two people of one name approved at one moment: the account's name is tried again
        with suppress(IntegrityError):
            return _approve(registration, by=by, means=means, role=role, code=code, unit=unit, at=at)
    return _approve(registration, by=by, means=means, role=role, code=code, unit=unit, at=at)


@transaction.atomic
def _approve(
    registration: Registration, *, by: User, means: str, role: str, code: str, unit: Unit | None, at: datetime
) -> Approved:
    registration = _locked(registration, "approve")
    home = unit or registration.unit or _new_unit(registration, code, by, at)
    user = people.add(
        name=registration.name, email=registration.email, unit=home, role=role or registration.role,
        phone=registration.phone, position=registration.position, by=by, at=at,
    )  # fmt: skip
    user.language = registration.language
    user.save(update_fields=["language"])
    registration.user, registration.decided_by, registration.decided_at, registration.unit = user, by, at, home
    _move(registration, "approve", "user", "decided_by", "decided_at", "unit")
    _keep_signature(registration, user)
    audit.record(
        "registration.approved",
        registration,
        by=by,
        at=at,
        data={"unit": home.name, "role": user.role, "account": user.username},
    )
    notify.registration_over(registration)
    notify.registration_approved(registration, user, means, at)
    return Approved(user, passwords.issue(user, by=by, means=means, at=at))


@transaction.atomic
def refuse(registration: Registration, *, by: User, reason: str, at: datetime | None = None) -> Registration:
    """With a reason, which the applicant is sent."""
    at = at or now()
    require_reviewer(by, registration)
    if not reason.strip():
        raise Invalid("reason", _("A refusal carries its reason."))
    registration = _locked(registration, "refuse")
    registration.refusal, registration.decided_by, registration.decided_at = reason.strip(), by, at
    _move(registration, "refuse", "refusal", "decided_by", "decided_at")
    audit.record("registration.refused", registration, by=by, at=at, data={"reason": registration.refusal})
    notify.registration_over(registration)
    notify.registration_refused(registration, at)
    return registration


# ── by the clock ────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def lapse(at: datetime | None = None) -> int:
    """Applications whose address was not confirmed within 7 days; how many."""
    at = at or now()
    old = list(
        Registration.objects.select_for_update().filter(state=State.UNCONFIRMED, created_at__lte=at - CONFIRM_WITHIN)
    )
    for registration in old:
        _move(registration, "lapse")
        audit.record("registration.lapsed", registration, at=at)
    return len(old)


# ── what must hold ──────────────────────────────────────────────────────────────────────────────


def route(registration: Registration) -> Unit | None:
    """The department that reviews it; None: a gap that the doctor names."""
    return organisation.reviewer_of(registration.unit) if registration.unit else registration.manager


def _check_unit(unit: Unit | None, kind: str, manager: Unit | None) -> None:
    if unit is not None:
        if not unit.active:
            raise Invalid("unit", _("There is no such unit. Choose one from the list."))
        return
    if kind not in set(Unit.Kind.values) - {Unit.Kind.HQ}:
        raise Invalid("new_unit_kind", _("Say what kind of channel it is."))
    if manager is None or not manager.active or not manager.functions.filter(function="registrar_channels").exists():
        raise Invalid("manager", _("Say which market department looks after the new unit."))


def _locked(registration: Registration, verb: str) -> Registration:
    row = Registration.objects.select_for_update(of=("self",)).select_related("unit", "manager").get(pk=registration.pk)
    if row.state not in MOVES[verb][0]:
        raise WrongState(_("This application stands at “%(state)s” now.") % {"state": row.get_state_display()})
    return row


def _move(registration: Registration, verb: str, *fields: str) -> None:
    registration.state = MOVES[verb][1]
    registration.save(update_fields=["state", *fields])


def _new_unit(registration: Registration, code: str, by: User, at: datetime) -> Unit:
    return units.create(
        code=code or free_code(registration.new_unit_name), name=registration.new_unit_name,
        kind=registration.new_unit_kind, manager=registration.manager, region=registration.new_unit_region,
        by=by, at=at,
    )  # fmt: skip


def free_code(name: str) -> str:
    """A code nobody has: the initials of the name, with a number when they are taken."""
    base = re.sub(r"[^A-Z0-9]", "", sort_key(name).split()[-1].upper())[:12] or "CH"
    taken = {code.upper() for code in Unit.objects.filter(code__istartswith=base).values_list("code", flat=True)}
    return next(code for code in (base, *(f"{base}{n}" for n in range(2, len(taken) + 3))) if code not in taken)


def _keep_signature(registration: Registration, user: User) -> None:
    """What he signed as an applicant counts for the account."""
    Signature.objects.filter(registration=registration, user=None).update(user=user)


def _numbered(registration: Registration, at: datetime) -> Registration:
    """RG-2026-0508-003: the day's next number. Two at one moment: the later tries again."""
    day = f"RG-{localtime(at):%Y-%m%d}-"
    for _try in range(40):
        last = (
            Registration.objects.filter(number__startswith=day).order_by("-pk").values_list("number", flat=True).first()
        )
        registration.number = f"{day}{int(last.rpartition('-')[2]) + 1 if last else 1:03}"
        try:
            with transaction.atomic():
                registration.save(force_insert=True)
        except IntegrityError:
            registration.pk = None
            continue
        return registration
    raise WrongState(_("Too many applications at this moment. Please try again in a minute."))


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
