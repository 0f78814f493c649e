"""The months, weeks and days that figures of supervision are about, as they stand in an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils.timezone import make_aware

EARLIEST: Final = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """From one day to another, both included."""

    first: date
    last: date

    @property
    def starts(self) -> datetime:
        return make_aware(datetime.combine(self.first, time()))

    @property
    def ends(self) -> datetime:
        """The moment after it."""
        return make_aware(datetime.combine(self.last + timedelta(days=1), time()))


def month_of(day: date) -> Span:
    """The whole month of a day."""
    return Span(day.replace(day=1), following(day) - timedelta(days=1))


def following(day: date) -> date:
    """The first day of the month after that of `day`."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def previous(day: date) -> date:
    """The first day of the month before that of `day`."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def asked_month(text: str, today: date) -> date:
    """The first day of the month "2026-05"; of this one where nothing sensible or the future is asked for."""
    this = today.replace(day=1)
    found = date.fromisoformat(f"{text}-01") if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", text) else this
    return min(max(found, EARLIEST), this)


def asked_day(text: str) -> date | None:
    """The day "2026-05-08"; None: none is said, or none that there is."""
    try:
        found = date.fromisoformat(text) if re.fullmatch(r"20\d\d-\d\d-\d\d", text) else None
    except ValueError:
        return None
    return found


def asked_span(month: str, first: str, last: str, today: date) -> Span:
    """`?month=2026-05`, or `?from=2026-05-04&until=2026-05-10`; else the month of today."""
    begins, ends = asked_day(first), asked_day(last)
    if begins and ends and begins <= ends:
        return Span(begins, ends)
    return month_of(asked_month(month, today))
