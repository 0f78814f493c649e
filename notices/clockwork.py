"""The moments of a notice (001 四(二)(三)): due for approval, due for acknowledgement, when one is reminded. Pure: no database.

    acknowledge_due(close, calendar, published_at, days=2)      close of business, the second working day after the publication
    acknowledge_due(close, calendar, published_at, by_day=…)    … of a day that was set
    approval_due(close, calendar, opened_at, days=1)            … of the working day after the step was opened
    reminding(window, calendar, at)                             which acknowledgements are reminded of now: a `Reminding`

As for tickets only the day in Shanghai on which it began matters, and the first working day after it is day 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from channelportal.lib.delivery import Window
from channelportal.lib.workdays import END_OF_DAY, SHANGHAI, WorkCalendar, local_date

MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Reminding:
    """Acknowledgements are reminded of on the working day before they are due, and who was not told then (he had it only since
    that day) on the day itself; never on the day on which they were delivered."""

    today: datetime
    """The beginning of today. What is due on the next working day is reminded of unless it was since."""
    before: datetime
    """The beginning of the last working day. What is due today is reminded of unless it was since."""
    tonight: datetime
    """What is due before this is due today."""
    until: datetime
    """What is due before this, and not before `tonight`, is due on the next working day."""


def acknowledge_due(
    close: time,
    calendar: WorkCalendar,
    published_at: datetime,
    *,
    days: int = 1,
    by_day: date | None = None,
) -> datetime:
    """When an acknowledgement is due. `close`: close of business, 00:00 for midnight. A set day that is no working day counts
    as the next one; one that leaves not even the day after the publication (it was approved late) becomes that day."""
    anchor = local_date(published_at)
    first = calendar.nth_after(anchor, 1)
    if by_day is None:
        return _close_of(calendar, calendar.nth_after(anchor, max(1, days)), close)
    due = _close_of(calendar, calendar.next_working(by_day), close)
    return due if due.date() > anchor else _close_of(calendar, first, close)


def approval_due(close: time, calendar: WorkCalendar, opened_at: datetime, *, days: int = 1) -> datetime:
    """When a step of the chain is reminded of for the first time: it lies for `days` working days."""
    return _close_of(calendar, calendar.nth_after(local_date(opened_at), max(1, days)), close)


def _close_of(calendar: WorkCalendar, day: date, close: time) -> datetime:
    return calendar.close_of_business(day, END_OF_DAY if close == MIDNIGHT else close)


# ── reminding ───────────────────────────────────────────────────────────────────────────────────


def in_window(at: datetime, calendar: WorkCalendar, window: Window) -> bool:
    """People are reminded on working days, while messages go out."""
    local = at.astimezone(SHANGHAI)
    return calendar.is_working(local.date()) and window.opens <= local.time() <= window.closes


def reminding(window: Window, calendar: WorkCalendar, at: datetime) -> Reminding | None:
    """None outside the window: nobody is reminded at night."""
    if not in_window(at, calendar, window):
        return None
    today = local_date(at)
    return Reminding(
        today=_start(today),
        before=_start(calendar.nth_before(today, 1)),
        tonight=_start(today + timedelta(days=1)),
        until=_start(calendar.nth_after(today, 1) + timedelta(days=1)),
    )


def _start(day: date) -> datetime:
    return datetime.combine(day, MIDNIGHT, SHANGHAI)


def day_began(calendar: WorkCalendar, at: datetime) -> datetime:
    """The beginning of this working day; on a free day that of the last one. Nobody is reminded twice since then."""
    day = local_date(at)
    if not calendar.is_working(day):
        day = calendar.nth_before(day, 1)
    return _start(day)
