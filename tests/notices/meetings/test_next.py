"""The day of the next meeting of a kind: a table of cases, in the calendar of 2026, and properties."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channelportal.lib.workdays import WorkCalendar, statutory_rows
from notices.frequency import Period, Rule
from notices.meeting_next import next_day

CALENDAR = WorkCalendar(statutory_rows(2026), published_years={2026})


def d(month: int, day: int, year: int = 2026) -> date:
    return date(year, month, day)


@pytest.mark.parametrize(
    ("period", "times", "last", "earliest", "wanted"),
    [
        (Period.MONTH, 1, d(5, 21), d(5, 25), d(6, 22)),  # the 21st of June is a Sunday
        (Period.MONTH, 1, d(1, 31), d(2, 2), d(2, 28)),  # a Saturday that is worked for 春节
        (
            Period.MONTH,
            1,
            d(4, 30),
            d(5, 6),
            d(5, 29),
        ),  # the 30th of May is a Saturday, Monday is June: the Friday before
        (Period.MONTH, 1, d(1, 15), d(5, 20), d(6, 15)),  # long ago: the next one that can still be called
        (Period.MONTH, 2, d(5, 8), d(5, 12), d(5, 25)),  # 15 days later is a Saturday
        (Period.QUARTER, 1, d(3, 18), d(5, 12), d(6, 18)),
        (Period.WEEK, 1, d(5, 14), d(5, 18), d(5, 21)),
        (Period.NONE, 1, d(5, 14), d(5, 18), d(5, 21)),
    ],
)
def test_it_follows_as_often_as_the_kind_wants(
    period: Period, times: int, last: date, earliest: date, wanted: date
) -> None:
    assert next_day(Rule(times, period), last, earliest, CALENDAR) == wanted


@given(st.sampled_from(list(Period)), st.integers(0, 50), st.dates(d(1, 1), d(10, 1)), st.integers(0, 60))
def test_it_is_a_working_day_that_can_be_called(period: Period, times: int, last: date, ahead: int) -> None:
    earliest = CALENDAR.shift(last, ahead)

    day = next_day(Rule(times, period), last, earliest, CALENDAR)

    assert CALENDAR.is_working(day)
    assert earliest <= day <= max(earliest, last) + timedelta(days=400)
