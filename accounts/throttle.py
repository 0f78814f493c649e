"""Attempts are counted before they are made: one conditional write per attempt, so a hundred at once pass no more
than the limit.

A window begins with its first attempt; reaching the limit begins it once more, so that a lock lasts the whole window
from the attempt that caused it. What is refused is not counted: a lock ends by itself and is not lengthened by trying.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import connection
from django.db.models import Case, F, Value, When

from accounts.models import Throttle


@dataclass(frozen=True)
class Limit:
    """So many attempts in so long a time."""

    count: int
    window: timedelta


RESERVE: Final = """
INSERT INTO accounts_throttle AS known (key, count, started_at) VALUES (%(key)s, 1, %(at)s)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN known.started_at <= %(since)s OR known.count = 0 THEN 1 ELSE known.count + 1 END,
    started_at = CASE WHEN known.started_at <= %(since)s OR known.count = 0 OR known.count = %(last)s THEN %(at)s
                      ELSE known.started_at END
WHERE known.started_at <= %(since)s OR known.count < %(limit)s"""


def reserve(key: str, limit: Limit, at: datetime) -> bool:
    """Count one attempt; False when the limit is reached, and then nothing is counted. Call it outside a transaction
    that may be rolled back: the count must stand whatever comes after. One statement, which waits for its like."""
    if limit.count < 1:
        return False
    moment = connection.ops.adapt_datetimefield_value
    asked = {"at": moment(at), "since": moment(at - limit.window), "last": limit.count - 1, "limit": limit.count}
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, {"key": _short(key), **asked})
        return int(cursor.rowcount) == 1


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


def passed(key: str, others: Iterable[str]) -> None:
    """The attempt was good: the attempts of `key` are forgotten, and of the others this one does not count. One statement."""
    key, keys = _short(key), [_short(other) for other in others]
    left = Case(When(key=key, then=Value(0)), default=F("count") - 1)
    Throttle.objects.filter(key__in=[key, *keys], count__gt=0).update(count=left)


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
