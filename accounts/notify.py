"""Whom to tell of what, in accounts: applicants, reviewers, and each person about his own password."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse

from accounts import roles
from accounts.models import OneTimePassword, Registration, Unit, User
from channelportal.core import alerts, outbox
from channelportal.lib import wording


def reviewers(unit: Unit) -> list[User]:
    """The people of a reviewing department who may review, and can sign in."""
    carriers = roles.FUNCTION_ROLES["registrar_channels"] | roles.FUNCTION_ROLES["registrar_hq"]
    return list(User.objects.filter(unit=unit, role__in=carriers, is_active=True, frozen_at=None).order_by("pk"))


# ── registration ────────────────────────────────────────────────────────────────────────────────


def registration_filed(registration: Registration, token: str, at: datetime) -> None:
    """To the applicant: confirm the address. The only place where the private link is; erased there when it has
    gone."""
    data = {**_facts(registration), "secret": reverse("register-state", args=[token])}
    outbox.put(
        "registration-confirm",
        key=f"registration:{registration.pk}:confirm",
        address=registration.email,
        data=data,
        at=at,
    )


def registration_submitted(registration: Registration, reviewer_unit: Unit, at: datetime) -> None:
    """To the reviewing department."""
    url = reverse("registration", args=[registration.pk])
    people = reviewers(reviewer_unit)
    alerts.tell(
        people,
        "registration-submitted",
        key=f"registration:{registration.pk}:submitted",
        url=url,
        at=at,
        data=_facts(registration),
    )
    for user in people:
        key = f"registration:{registration.pk}:submitted:{user.pk}"
        data = {**_facts(registration), "path": url}
        subject = f"registration:{registration.pk}"
        outbox.put("registration-submitted", key=key, to=user, data=data, at=at, subject_key=subject)


def registration_approved(registration: Registration, user: User, means: str, at: datetime) -> None:
    """To the applicant: the account exists; the password comes by a mail of its own or on paper."""
    data = {**_facts(registration), "account": user.username, "means": means}
    outbox.put("registration-approved", key=f"registration:{registration.pk}:approved", to=user, data=data, at=at)


def registration_refused(registration: Registration, at: datetime) -> None:
    """To the applicant, with the reason."""
    data = {**_facts(registration), "reason": registration.refusal}
    outbox.put(
        "registration-refused",
        key=f"registration:{registration.pk}:refused",
        address=registration.email,
        data=data,
        at=at,
    )


def registration_over(registration: Registration) -> None:
    """Withdrawn or decided: what still waits for the reviewers is not sent."""
    outbox.cancel(f"registration:{registration.pk}")


def _facts(registration: Registration) -> dict[str, str]:
    return {
        "number": registration.number,
        "name": registration.name,
        "unit": registration.unit_name,
        "language": registration.language,
    }


# ── passwords ───────────────────────────────────────────────────────────────────────────────────


def password_issued(user: User, row: OneTimePassword, shown: str, at: datetime) -> None:
    """The one-time password itself; `secret` is erased from the outbox when the mail has gone."""
    data = {
        "secret": shown,
        "account": user.username,
        "expires": wording.exact(row.expires_at),
        "asked": row.issued_by_id is None,
    }
    outbox.put("password-issued", key=f"password:{row.pk}:issued", to=user, data=data, at=at)


def password_changed(user: User, at: datetime) -> None:
    """So that the owner sees a change that was not his."""
    outbox.put(
        "password-changed",
        key=f"password:{user.pk}:changed:{at.timestamp():.0f}",
        to=user,
        data={"changed": wording.exact(at)},
        at=at,
    )


def password_reminder(user: User, step: int, due_at: datetime, at: datetime) -> None:
    """7, 3 and 1 days before."""
    path = reverse("password")
    data = {"days": step, "due": wording.exact(due_at), "path": path}
    key = f"password:{user.pk}:{due_at.date().isoformat()}:{step}"
    alerts.tell([user], "password-reminder", key=key, url=path, at=at, data=data)
    outbox.put("password-reminder", key=key, to=user, data=data, at=at)


def frozen(user: User, at: datetime) -> None:
    """To the person whose account was frozen, and under the bell of those who can issue a new password."""
    day = at.date().isoformat()
    reviewing = _reviewing(user)
    data = {"name": user.name, "reviewer": reviewing.name if reviewing else ""}
    outbox.put("password-frozen", key=f"password:{user.pk}:frozen:{day}", to=user, data=data, at=at)
    if reviewing:
        told: Iterable[User] = (one for one in reviewers(reviewing) if one.pk != user.pk)
        data["unit"] = user.unit.name if user.unit else ""
        alerts.tell(
            told, "password-frozen", key=f"password:{user.pk}:frozen:{day}", url=f"/people/{user.pk}/", at=at, data=data
        )


def frozen_asks(user: User, at: datetime) -> None:
    """A frozen person forgot his password: at most once an hour he is told whom to ask."""
    reviewing = _reviewing(user)
    data = {"name": user.name, "reviewer": reviewing.name if reviewing else ""}
    outbox.put("password-frozen", key=f"password:{user.pk}:frozen_asks:{at:%Y%m%d%H}", to=user, data=data, at=at)


def _reviewing(user: User) -> Unit | None:
    if user.unit is None:
        return None
    if user.unit.is_channel:
        return user.unit.manager
    return Unit.objects.active().with_function("registrar_hq").first()


# ── his access, in others' hands ────────────────────────────────────────────────────────────────


def access_changed(user: User, kind: str, *, by: User, reason: str, at: datetime) -> None:
    """To the person: somebody unlocked his sign-in or ended his sessions. Each time of its own."""
    key = f"user:{user.pk}:{kind}:{at.isoformat()}"
    data = {"by": by.name, "unit": by.unit.name if by.unit else "", "reason": reason}
    alerts.tell([user], kind, key=key, url=reverse("sessions"), at=at, data=data)
