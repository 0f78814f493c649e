"""How often a meeting must be held, and how it stands: a table of cases, in the calendar of 2026."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channelportal.lib.workdays import WorkCalendar, statutory_rows
from notices.frequency import Period, Rule, State, span, standing

CALENDAR = WorkCalendar(statutory_rows(2026), published_years={2026})
LONG_AGO = date(2020, 1, 1)
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
PERIODS = st.sampled_from([Period.YEAR, Period.QUARTER, Period.MONTH, Period.WEEK])


def d(month: int, day: int, year: int = 2026) -> date:
    return date(year, month, day)


@pytest.mark.parametrize(
    ("period", "day", "first", "last", "due"),
    [
        (Period.MONTH, d(5, 15), d(5, 1), d(5, 31), d(5, 29)),  # the 30th and 31st are a weekend
        (Period.MONTH, d(2, 1), d(2, 1), d(2, 28), d(2, 28)),  # a Saturday that is worked for 春节
        (Period.QUARTER, d(5, 15), d(4, 1), d(6, 30), d(6, 30)),
        (Period.QUARTER, d(12, 31), d(10, 1), d(12, 31), d(12, 31)),
        (Period.YEAR, d(1, 1), d(1, 1), d(12, 31), d(12, 31)),
        (Period.WEEK, d(5, 10), d(5, 4), d(5, 10), d(5, 9)),  # a Saturday that is worked
        (Period.WEEK, d(10, 4), d(9, 28), d(10, 4), d(9, 30)),
        (Period.WEEK, d(2, 18), d(2, 16), d(2, 22), d(2, 22)),  # nobody works in that week: its own end
    ],
)
def test_a_period_is_the_calendars(period: Period, day: date, first: date, last: date, due: date) -> None:
    found = span(period, day, CALENDAR)

    assert (found.first, found.last, found.due) == (first, last, due)


@pytest.mark.parametrize(
    ("today", "held", "state", "due"),
    [
        # monthly; May's is due on Friday the 29th
        (d(5, 11), [d(5, 6)], State.OK, d(6, 30)),
        (d(5, 11), [d(4, 20)], State.OK, d(5, 29)),
        (d(5, 21), [d(4, 20)], State.OK, d(5, 29)),  # six working days are left
        (d(5, 22), [d(4, 20)], State.SOON, d(5, 29)),
        (d(5, 29), [d(4, 20)], State.SOON, d(5, 29)),
        (d(5, 30), [d(4, 20)], State.OVERDUE, d(5, 29)),
        (d(6, 1), [d(4, 20)], State.OVERDUE, d(5, 29)),
        (d(6, 1), [d(4, 20), d(5, 29)], State.OK, d(6, 30)),
        (d(6, 2), [d(4, 20), d(6, 2)], State.OK, d(7, 31)),  # made up for, late
        (d(5, 11), [], State.OVERDUE, d(4, 30)),
        (d(5, 11), [d(5, 12)], State.OVERDUE, d(4, 30)),  # what lies ahead does not count
    ],
)
def test_a_monthly_meeting(today: date, held: list[date], state: State, due: date) -> None:
    found = standing(Rule(1, Period.MONTH), LONG_AGO, held, today, CALENDAR)

    assert found is not None
    assert (found.state, found.due) == (state, due)


def test_two_a_quarter_are_two() -> None:
    rule, before = Rule(2, Period.QUARTER), [d(1, 9), d(2, 9)]

    one = standing(rule, LONG_AGO, [*before, d(4, 9)], d(5, 11), CALENDAR)
    two = standing(rule, LONG_AGO, [*before, d(4, 9), d(5, 6)], d(5, 11), CALENDAR)

    assert one and two
    assert (one.state, one.held, one.missing, one.due) == (State.OK, 1, 1, d(6, 30))
    assert (two.state, two.held, two.missing, two.due) == (State.OK, 2, 0, d(9, 30))


def test_a_week_is_due_soon_on_its_last_days() -> None:
    rule, before = Rule(1, Period.WEEK), [d(5, 11)]

    assert [standing(rule, LONG_AGO, before, d(5, day), CALENDAR).state for day in (20, 21, 22, 23)] == [  # type: ignore[union-attr]
        State.OK, State.SOON, State.SOON, State.OVERDUE,
    ]  # fmt: skip


def test_who_came_lately_owes_nothing_before() -> None:
    rule = Rule(1, Period.MONTH)

    assert standing(rule, d(5, 6), [], d(5, 29), CALENDAR) is None  # in the middle of May
    found = standing(rule, d(5, 6), [], d(6, 1), CALENDAR)
    assert found is not None
    assert (found.state, found.last) == (State.OK, None)
    assert standing(rule, d(5, 6), [d(5, 7)], d(5, 8), CALENDAR).state is State.OK  # type: ignore[union-attr]


def test_what_is_held_when_needed_is_never_owed() -> None:
    assert standing(Rule(1, Period.NONE), LONG_AGO, [], d(5, 29), CALENDAR) is None


@given(PERIODS, DAYS)
def test_periods_follow_each_other_without_a_gap(period: Period, day: date) -> None:
    one = span(period, day, CALENDAR)
    following = span(period, one.last + timedelta(days=1), CALENDAR)

    assert one.first <= day <= one.last
    assert one.first <= one.due <= one.last
    assert following.first == one.last + timedelta(days=1)


@given(PERIODS, DAYS, st.lists(DAYS, max_size=6), DAYS)
def test_one_meeting_more_never_makes_it_worse(period: Period, today: date, held: list[date], more: date) -> None:
    order = [State.OVERDUE, State.SOON, State.OK]
    rule = Rule(1, period)

    before = standing(rule, LONG_AGO, held, today, CALENDAR)
    after = standing(rule, LONG_AGO, [*held, more], today, CALENDAR)

    assert before and after
    assert order.index(after.state) >= order.index(before.state)
