"""When a meeting may be, and how long ahead people must know (001 五(三)). Pure: no database, no clock, no settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from channelportal.lib.workdays import OPEN, SHANGHAI, WorkCalendar, local_date

LONGEST: Final = timedelta(days=3)
FARTHEST: Final = timedelta(days=400)
REMINDED_AT: Final = time(9, 0)
WRITE_DAYS: Final = 2
"""Working days after the minutes were due until the chair and the head are told; and between the steps of a late action."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours; `closes` is the close of business, `END_OF_DAY` for midnight."""

    closes: time
    opens: time = OPEN


def problem(starts: datetime, ends: datetime, now: datetime) -> str:
    """A code of what cannot be: "order", "long", "past", "far"; "" if it can."""
    if ends <= starts:
        return "order"
    if ends - starts > LONGEST:
        return "long"
    if starts <= now:
        return "past"
    return "far" if starts - now > FARTHEST else ""


def off_hours(starts: datetime, ends: datetime, calendar: WorkCalendar, hours: Hours) -> bool:
    """Whether any of it lies outside the working hours of a working day (001 五(三)2); nights between its days do not count."""
    begin, end = starts.astimezone(SHANGHAI), ends.astimezone(SHANGHAI)
    if not all(hours.opens <= moment.time() <= hours.closes for moment in (begin, end)):
        return True
    days = (end.date() - begin.date()).days
    return not all(calendar.is_working(begin.date() + timedelta(days=n)) for n in range(days + 1))


def days_ahead(now: datetime, starts: datetime, calendar: WorkCalendar) -> int:
    """Working days from today to the day it begins: who invites on Monday for Thursday invites three ahead."""
    return max(0, calendar.between(local_date(now), local_date(starts)))


def answer_by(now: datetime, starts: datetime, calendar: WorkCalendar, hours: Hours) -> datetime:
    """Until when to answer where nobody said: the working day before, at close of business; else until it begins."""
    due = calendar.close_of_business(calendar.nth_before(local_date(starts), 1), hours.closes)
    return due if due > now else starts


def remind_from(starts: datetime, calendar: WorkCalendar) -> datetime:
    """From when those who come are reminded: 09:00 of the working day before."""
    return datetime.combine(calendar.nth_before(local_date(starts), 1), REMINDED_AT, SHANGHAI)


def answer_reminder_from(due: datetime, calendar: WorkCalendar) -> datetime:
    """From when those who have not answered are reminded: 09:00 of the working day before the answer is due."""
    return remind_from(due, calendar)


def minutes_due(ended: datetime, days: int, calendar: WorkCalendar, hours: Hours) -> datetime:
    """Until when the minutes are approved and sent: `days` working days after the day it ended, close of business."""
    day = calendar.shift(calendar.previous_working(local_date(ended)), days)
    return calendar.close_of_business(day, hours.closes)


def action_due(day: date, calendar: WorkCalendar, hours: Hours) -> datetime:
    return calendar.close_of_business(day, hours.closes)
