"""How often a meeting must be held (001 五(一), 004 二(三)1), and how it stands. Pure: no database, no clock.

A year, quarter, month or week is the calendar's; what is owed in it is due on its last working day. A party (the company, a
managing department, a channel) owes from the first period that it was there from the beginning of.

    standing(rule, since, days_held, today, calendar) -> Standing | None
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from channelportal.lib.workdays import WorkCalendar


class Period(StrEnum):
    """The values are those of `MeetingKind.period`."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    NONE = "none"


SOON: Final = {Period.YEAR: 30, Period.QUARTER: 15, Period.MONTH: 5, Period.WEEK: 1}
"""Working days before the due day from which it is due soon."""


class State(StrEnum):
    OK = "ok"
    """As often as wanted in this period, or time enough."""
    SOON = "soon"
    OVERDUE = "overdue"
    """The last working day of this period has passed, or the period before ended without, and nothing was held since."""


@dataclass(frozen=True, slots=True)
class Rule:
    times: int
    period: Period


@dataclass(frozen=True, slots=True)
class Span:
    """A calendar period, both days included; `due` is its last working day."""

    first: date
    last: date
    due: date


@dataclass(frozen=True, slots=True)
class Standing:
    state: State
    span: Span
    """The present period."""
    required: int
    held: int
    """In the present period."""
    due: date
    """The day by which the next must be held; overdue: the day by which it should have been."""
    last: date | None
    """When it was held last; None: never."""

    @property
    def missing(self) -> int:
        return max(0, self.required - self.held)


def span(period: Period, day: date, calendar: WorkCalendar) -> Span:
    """The period in which `day` lies. ValueError for NONE, which has none."""
    first = _first(period, day)
    last = _first(period, first + _AT_LEAST[period]) - timedelta(days=1)
    due = calendar.previous_working(last)
    return Span(first, last, due if due >= first else last)


_AT_LEAST: Final = {
    Period.YEAR: timedelta(days=366),
    Period.QUARTER: timedelta(days=93),
    Period.MONTH: timedelta(days=31),
    Period.WEEK: timedelta(days=7),
}
"""From the first day of a period this leads into the next one."""


def _first(period: Period, day: date) -> date:
    match period:
        case Period.YEAR:
            return day.replace(month=1, day=1)
        case Period.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Period.MONTH:
            return day.replace(day=1)
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.NONE:
            raise ValueError("a meeting that is held when needed has no period")


def standing(
    rule: Rule, since: date, days_held: Iterable[date], today: date, calendar: WorkCalendar
) -> Standing | None:
    """How one party stands. `since`: the day from which it could have held one; `days_held` in any order, later ones than today
    do not count. None where nothing is owed: held when needed, or the party came in the middle of this period."""
    if rule.period is Period.NONE or rule.times < 1:
        return None
    now = span(rule.period, today, calendar)
    past = sorted(day for day in days_held if day <= today)
    held = sum(day >= now.first for day in past)
    if since > now.first and not held:
        return None
    last = past[-1] if past else None
    state, due = _state(rule, past, held, since=since, now=now, today=today, calendar=calendar)
    return Standing(state, now, rule.times, held, due, last)


def _state(
    rule: Rule, past: list[date], held: int, *, since: date, now: Span, today: date, calendar: WorkCalendar
) -> tuple[State, date]:
    if held >= rule.times:
        return State.OK, span(rule.period, now.last + timedelta(days=1), calendar).due
    if today > now.due:
        return State.OVERDUE, now.due
    before = span(rule.period, now.first - timedelta(days=1), calendar)
    owed_before = since <= before.first
    if owed_before and not held and sum(before.first <= day <= before.last for day in past) < rule.times:
        return State.OVERDUE, before.due
    soon = calendar.between(today, now.due) <= SOON[rule.period]
    return (State.SOON if soon else State.OK), now.due
