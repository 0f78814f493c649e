"""The day of the next meeting of a kind (001 五(一)). Pure: no database, no clock."""

from __future__ import annotations

import calendar as months
from datetime import date, timedelta
from typing import Final

from channelportal.lib.workdays import WorkCalendar
from notices.frequency import Period, Rule, span

MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
DAYS: Final = {Period.YEAR: 365, Period.QUARTER: 91, Period.MONTH: 30, Period.WEEK: 7, Period.NONE: 7}


def next_day(rule: Rule, last: date, earliest: date, calendar: WorkCalendar) -> date:
    """As often as the rule wants after `last`, not before `earliest`, on a working day; in the period in which the day itself lies
    if that is possible. What is held when needed: the same day of the week."""
    turn = 1
    while (day := _after(rule, last, turn)) < earliest:
        turn += 1
    if calendar.is_working(day):
        return day
    later, earlier = calendar.next_working(day), calendar.previous_working(day)
    leaves = rule.period is not Period.NONE and later > span(rule.period, day, calendar).last
    return earlier if leaves and earlier >= earliest else later


def _after(rule: Rule, last: date, turn: int) -> date:
    """Once in a period: the same day of a later one, or its last; more often: so many days later."""
    if rule.times > 1 or rule.period not in MONTHS:
        return last + timedelta(days=max(1, DAYS[rule.period] // max(1, rule.times)) * turn)
    number = last.year * 12 + last.month - 1 + MONTHS[rule.period] * turn
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(last.day, months.monthrange(year, month)[1]))
