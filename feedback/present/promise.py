"""The help beside a promised day: is it worked, until when, how many working days from now; else the days around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from channelportal.lib.workdays import WorkCalendar, clock_text, local_date
from feedback import deadlines
from feedback.deadlines import BadPromise, Policy
from feedback.present.strip import reason_of


@dataclass(frozen=True, slots=True)
class DayHelp:
    """`fits`: a working day within the rule. Else `why` says what is wrong, and `offered` names days that would do."""

    day: date
    fits: bool
    closes: str
    working_days: int
    why: str = ""
    long: bool = False
    offered: tuple[date, ...] = ()
    provisional: bool = False


def day_help(policy: Policy, calendar: WorkCalendar, day: date, now: datetime) -> DayHelp:
    closes, count = clock_text(policy.close_of_business), calendar.between(local_date(now), day)
    try:
        due = deadlines.promise_due(policy, calendar, at=now, day=day)
    except BadPromise as bad:
        return _refused(bad, calendar, day, closes, count)
    return DayHelp(day, fits=True, closes=closes, working_days=count, provisional=due.provisional)


def _refused(bad: BadPromise, calendar: WorkCalendar, day: date, closes: str, count: int) -> DayHelp:
    if bad.code == "day_off":
        offered = tuple(one for one in (bad.data["previous"], bad.data["next"]) if one)
        return DayHelp(
            day, fits=False, closes=closes, working_days=count, why=reason_of(calendar.day(day)), offered=offered
        )
    return DayHelp(day, fits=False, closes=closes, working_days=count, why=bad.message, long=bad.code == "too_far")
