"""Attempts are counted before they are made: one conditional update per attempt, so a hundred at once pass no more
than the limit.

A window begins with its first attempt; reaching the limit begins it once more, so that a lock lasts the whole window
from the attempt that caused it. What is refused is not counted: a lock ends by itself and is not lengthened by trying.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db.models import Case, F, Value, When

from accounts.models import Throttle


@dataclass(frozen=True)
class Limit:
    """So many attempts in so long a time."""

    count: int
    window: timedelta


def reserve(key: str, limit: Limit, at: datetime) -> bool:
    """Count one attempt; False when the limit is reached, and then nothing is counted. Call it outside a transaction
    that may be rolled back: the count must stand whatever comes after."""
    key = _short(key)
    since = at - limit.window
    for _round in range(3):  # a row that another one made or renewed in between is found at the next round
        last = Case(When(count=limit.count - 1, then=Value(at)), default=F("started_at"))
        if Throttle.objects.filter(key=key, started_at__gt=since, count__lt=limit.count).update(
            count=F("count") + 1, started_at=last
        ):
            return True
        if Throttle.objects.filter(key=key, started_at__lte=since).update(count=1, started_at=at):
            return True
        if (
            Throttle.objects.bulk_create([Throttle(key=key, count=0, started_at=at)], ignore_conflicts=True)
            and limit.count < 1
        ):
            return False
    return False


def locked_until(key: str, limit: Limit, at: datetime) -> datetime | None:
    """When the lock ends; None: there is none."""
    row = Throttle.objects.filter(key=_short(key), started_at__gt=at - limit.window, count__gte=limit.count).first()
    return row.started_at + limit.window if row else None


def give_back(key: str) -> None:
    """The attempt was good: it does not count."""
    Throttle.objects.filter(key=_short(key), count__gt=0).update(count=F("count") - 1)


def clear(key: str) -> None:
    """Forget the attempts of this key."""
    Throttle.objects.filter(key=_short(key)).delete()


def tidy(at: datetime) -> int:
    """Remove windows that ended more than a day ago; how many."""
    return Throttle.objects.filter(started_at__lt=at - timedelta(days=1)).delete()[0]


def _short(key: str) -> str:
    """Typed account names may be of any length and content."""
    return (
        key
        if len(key) <= 120 and key.isprintable()
        else key[:20].encode("ascii", "replace").decode() + sha256(key.encode("utf-8", "replace")).hexdigest()
    )
