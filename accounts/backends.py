"""Sign-in: account name, e-mail or phone, with the password or an issued one. The attempt is counted before anything
is hashed.

Two limits: 5 failures in 15 minutes for an account from an address, 20 in 10 minutes for an address. A device on which
the person has signed in before has its own count and is free of the address's, so that neither a branch behind one
address nor the victim of somebody's guessing is locked out. django-axes only keeps the record of failures: alone it
let 34 of 5 through in parallel.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.contrib.auth import authenticate, login
from django.contrib.auth.backends import ModelBackend
from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts import locks, throttle
from accounts.models import User
from accounts.workflow import passwords
from accounts.workflow.passwords import Found
from channelportal.core import audit
from channelportal.core.middleware import client_address
from channelportal.core.models import AuditEntry

PER_ADDRESS: Final = throttle.Limit(20, timedelta(minutes=10))
DEVICE_COOKIE: Final = "device"
DEVICE_DAYS: Final = 180
MOST_PEOPLE: Final = 8  # who share a device


class Outcome(StrEnum):
    OPEN = "open"
    WRONG = "wrong"
    LOCKED = "locked"
    FROZEN = "frozen"  # said only to who knew the password


class PortalBackend(ModelBackend):
    """`authenticate(request, username=…, password=…)`; the same words, and the same one hash, whether the account
    exists or not."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        return passwords.verify(username, password, at=kwargs.get("at"), found=kwargs.get("found"))

    def get_user(self, user_id: int) -> User | None:
        """Who asks, with his unit: every page names it."""
        user = User.objects.select_related("unit").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None


def attempt(request: HttpRequest, typed: str, password: str, at: datetime) -> Outcome:
    """One try to sign in. Open: `request` has a new session of that person."""
    known = passwords.find(typed)
    keys = _keys(request, typed, known)
    if not _reserve(keys, at):
        audit.record("user.sign_in_locked", known, result=AuditEntry.Result.REFUSED, data={"typed": typed[:60]}, at=at)
        return Outcome.LOCKED
    user = authenticate(request, username=typed, password=password, found=Found(known), at=at)
    if not isinstance(user, User):
        audit.record("user.sign_in_failed", known, result=AuditEntry.Result.FAILED, data={"typed": typed[:60]}, at=at)
        return Outcome.WRONG
    throttle.passed(keys[0][0], [key for key, _limit in keys[1:]])
    if passwords.freeze_if_due(user, at):
        audit.record("user.sign_in_failed", user, result=AuditEntry.Result.REFUSED, data={"why": "frozen"}, at=at)
        return Outcome.FROZEN
    login(request, user, backend="accounts.backends.PortalBackend")
    audit.record("user.signed_in", user, by=user, at=at)
    return Outcome.OPEN


def lock_ends(request: HttpRequest, typed: str, at: datetime) -> datetime | None:
    """When the lock that stopped this attempt ends."""
    ends = [throttle.locked_until(key, limit, at) for key, limit in _keys(request, typed, passwords.find(typed))]
    return max((end for end in ends if end), default=None)


def _reserve(keys: list[tuple[str, throttle.Limit]], at: datetime) -> bool:
    taken: list[str] = []
    for key, limit in keys:
        if not throttle.reserve(key, limit, at):
            for other in taken:
                throttle.give_back(other)
            return False
        taken.append(key)
    return True


def _keys(request: HttpRequest, typed: str, known: User | None) -> list[tuple[str, throttle.Limit]]:
    device, people = _device(request)
    if known and known.pk in people:
        return [(locks.key(known, typed, f"device:{device}"), locks.PER_ACCOUNT)]
    address = client_address(request)
    return [(locks.key(known, typed, address), locks.PER_ACCOUNT), (f"signin:{address}", PER_ADDRESS)]


# ── the device is known ─────────────────────────────────────────────────────────────────────────


def _device(request: HttpRequest) -> tuple[str, list[int]]:
    try:
        device, people = signing.loads(
            request.COOKIES.get(DEVICE_COOKIE, ""), salt="device", max_age=timedelta(days=DEVICE_DAYS)
        )
    except (signing.BadSignature, ValueError, TypeError):
        return "", []
    return str(device), [int(one) for one in people]


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """The next time he tries from here, others' failures do not count against him."""
    device, people = _device(request)
    people = [user.pk, *(one for one in people if one != user.pk)][:MOST_PEOPLE]
    value = signing.dumps([device or secrets.token_urlsafe(12), people], salt="device")
    days = timedelta(days=DEVICE_DAYS)
    response.set_cookie(DEVICE_COOKIE, value, max_age=days, httponly=True, secure=request.is_secure(), samesite="Lax")
