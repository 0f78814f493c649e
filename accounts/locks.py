"""The lock that too many wrong passwords put on a person's sign-in: where it stands, until when; `lift` takes it away.

It stands for the place that guessed (an address, a device), not for the account: from elsewhere the person signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django_otp import devices_for_user
from django_otp.models import ThrottlingMixin

from accounts import throttle
from accounts.models import Throttle, User

PER_ACCOUNT: Final = throttle.Limit(5, timedelta(minutes=15))
NOBODY: Final = "?"  # before what was typed where no account has that name, so that "7" is never the account number 7


@dataclass(frozen=True, slots=True)
class Lock:
    """`until`: when it ends by itself; None: it slows down more with every code. `address`: whence; "": a known device of his."""

    until: datetime | None
    address: str = ""
    second_factor: bool = False


def key(user: User | None, typed: str, place: str) -> str:
    """The counter of the attempts on an account from a place."""
    who = str(user.pk) if user else NOBODY + typed.strip().lower()
    return f"signin:{who}:{place}"


def standing(user: User, at: datetime) -> list[Lock]:
    """The locks on this person's sign-in, the longest first. One query; two more for an administrator's second factor."""
    found = [
        Lock(started + PER_ACCOUNT.window, "" if place.startswith("device:") else place)
        for (_pk, place), started in _full(at, _prefix(user))
    ]
    found.sort(key=lambda lock: lock.until or at, reverse=True)
    return found + [Lock(None, second_factor=True) for device in _devices(user) if not device.verify_is_allowed()[0]]


def locked_ids(at: datetime) -> set[int]:
    """Whose sign-in is locked from somewhere. One query over the counters of the last minutes."""
    return {int(pk) for (pk, _place), _started in _full(at, "signin:") if pk.isdecimal()}


def lift(user: User) -> None:
    """Forget the wrong attempts on this account, from wherever."""
    Throttle.objects.filter(key__startswith=_prefix(user)).delete()
    for device in _devices(user):
        device.throttle_reset()


def _prefix(user: User) -> str:
    return f"signin:{user.pk}:"


def _full(at: datetime, prefix: str) -> list[tuple[tuple[str, str], datetime]]:
    rows = Throttle.objects.filter(
        key__startswith=prefix, started_at__gt=at - PER_ACCOUNT.window, count__gte=PER_ACCOUNT.count
    )
    parts = [(row.key.split(":", 2), row.started_at) for row in rows]
    return [((one[1], one[2]), started) for one, started in parts if len(one) == 3]


def _devices(user: User) -> list[ThrottlingMixin]:
    """His second factors, which slow down by themselves after wrong codes; only the administrators have any."""
    if not user.admin_role:
        return []
    return [device for device in devices_for_user(user) if isinstance(device, ThrottlingMixin)]
