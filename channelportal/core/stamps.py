"""Process-wide copies of small tables that are renewed, in every process, when a row changes.

The change calls `bump(name)` in its transaction. A reader calls `cached(name, load)`: pages may be two seconds behind
(one query each two seconds), verbs ask with `fresh=True` (one query each time).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db import connection, transaction
from django.db.models import F

from channelportal.core.models import Stamp

T = TypeVar("T")
_SECONDS = 2.0
_lock = threading.Lock()
_copies: dict[tuple[str, str], tuple[int, Any]] = {}
_numbers: dict[str, dict[str, int]] = {}
_read_at: dict[str, float] = {}


def bump(name: str) -> None:
    """Say that the table behind `name` changed; takes effect with the commit."""
    if not Stamp.objects.filter(name=name).update(number=F("number") + 1):
        Stamp.objects.get_or_create(name=name, defaults={"number": 1})
    forget()
    transaction.on_commit(forget)


def cached(name: str, load: Callable[[], T], *, fresh: bool = False) -> T:
    """The copy of `load()` that belongs to the present number of `name`; loaded again when the number rose."""
    database = str(connection.settings_dict["NAME"])
    number = _number(database, name, fresh)
    copy = _copies.get((database, name))
    if copy is None or copy[0] != number:
        copy = (number, load())
        _copies[(database, name)] = copy
    return cast(T, copy[1])


def numbers() -> tuple[tuple[str, int], ...]:
    """The present number of every stamp, two seconds behind at most: what was made with other numbers is old."""
    database = str(connection.settings_dict["NAME"])
    _number(database, "", fresh=False)
    return tuple(sorted(_numbers.get(database, {}).items()))


def forget() -> None:
    """Read the numbers again at the next call (after a change in this process; between tests, with the copies)."""
    with _lock:
        _read_at.clear()


def forget_all() -> None:
    """Drop the copies too: for tests, whose rollback takes numbers back."""
    with _lock:
        _read_at.clear()
        _copies.clear()
        _numbers.clear()


def _number(database: str, name: str, fresh: bool) -> int:
    if fresh or time.monotonic() - _read_at.get(database, -_SECONDS) >= _SECONDS:
        numbers = dict(Stamp.objects.values_list("name", "number"))
        with _lock:
            _numbers[database] = numbers
            _read_at[database] = time.monotonic()
    return _numbers.get(database, {}).get(name, 0)
