"""When notices are due, and when people are reminded."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channelportal.lib.delivery import Window, delivery_time
from channelportal.lib.workdays import SHANGHAI, WorkCalendar, local_date
from notices.clockwork import (
    acknowledge_due,
    approval_due,
    day_began,
    in_window,
    reminding,
)
from tests.engine.almanac import CHINA, any_moment, at, calendars, day, days_between

CLOSE = time(18)
WINDOW = Window()


@pytest.mark.parametrize(
    ("published", "days", "due"),
    [
        ("05-08 10:00", 1, "05-09 18:00"),  # Friday; Saturday 9 May 2026 is worked
        ("05-08 10:00", 2, "05-11 18:00"),
        ("05-08 23:59", 2, "05-11 18:00"),
        ("05-09 00:00", 1, "05-11 18:00"),
        ("04-30 10:00", 1, "05-06 18:00"),  # before the holiday of May
        ("05-03 10:00", 1, "05-06 18:00"),  # in it
        ("05-12 10:00", 0, "05-13 18:00"),  # never the day itself
    ],
)
def test_it_counts_working_days_after_the_day_of_publication(published: str, days: int, due: str) -> None:
    assert acknowledge_due(CLOSE, CHINA, at(published), days=days) == at(due)


@pytest.mark.parametrize(
    ("published", "by_day", "due"),
    [
        ("05-08 10:00", "05-20", "05-20 18:00"),
        ("05-08 10:00", "05-10", "05-11 18:00"),  # a Sunday
        ("05-20 10:00", "05-15", "05-21 18:00"),  # approved after the day that was set
        ("05-20 10:00", "05-20", "05-21 18:00"),
    ],
)
def test_it_takes_the_day_that_was_set(published: str, by_day: str, due: str) -> None:
    assert acknowledge_due(CLOSE, CHINA, at(published), days=9, by_day=day(by_day)) == at(due)


def test_it_takes_midnight_as_the_end_of_the_day() -> None:
    due = acknowledge_due(time(0), CHINA, at("05-11 10:00"), days=1)

    assert due > at("05-12 23:59")
    assert local_date(due) == day("05-12")


@given(calendars(), any_moment, st.integers(1, 8), st.none() | days_between)
def test_it_is_due_on_a_later_working_day(
    calendar: WorkCalendar, published: datetime, days: int, by_day: date | None
) -> None:
    due = acknowledge_due(CLOSE, calendar, published, days=days, by_day=by_day)

    assert calendar.is_working(local_date(due))
    assert local_date(due) > local_date(published)
    assert due.astimezone(SHANGHAI).time() == CLOSE
    if by_day is None:
        assert calendar.between(local_date(published), local_date(due)) == days
    else:
        assert local_date(due) >= min(by_day, calendar.nth_after(local_date(published), 1))


@given(calendars(), any_moment, st.integers(1, 5))
def test_an_approval_may_lie_so_many_working_days(calendar: WorkCalendar, opened: datetime, days: int) -> None:
    due = approval_due(CLOSE, calendar, opened, days=days)

    assert calendar.between(local_date(opened), local_date(due)) == days


# ── reminding ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("05-11 08:29", False), ("05-11 08:30", True), ("05-11 17:30", True), ("05-11 17:31", False), ("05-10 10:00", False),
        ("05-09 10:00", True),
    ],
)  # fmt: skip
def test_it_reminds_nobody_outside_the_window(moment: str, open_: bool) -> None:
    assert in_window(at(moment), CHINA, WINDOW) is open_
    assert (reminding(WINDOW, CHINA, at(moment)) is not None) is open_


def test_it_looks_one_working_day_ahead_and_one_back() -> None:
    over_the_holiday = reminding(WINDOW, CHINA, at("04-30 09:00"))
    after_it = reminding(WINDOW, CHINA, at("05-06 09:00"))

    assert over_the_holiday is not None and after_it is not None
    assert (over_the_holiday.tonight, over_the_holiday.until) == (at("05-01 00:00"), at("05-07 00:00"))
    assert (after_it.before, after_it.today) == (at("04-30 00:00"), at("05-06 00:00"))


@given(calendars(), any_moment)
def test_every_due_moment_lies_before_some_reminder(calendar: WorkCalendar, published: datetime) -> None:
    """From the publication to the due moment there is a moment at which it is reminded of, and only on two days."""
    due = acknowledge_due(CLOSE, calendar, published, days=3)
    days = set()
    for ahead in range((local_date(due) - local_date(published)).days + 1):
        moment = datetime.combine(local_date(published) + timedelta(days=ahead), time(9), SHANGHAI)
        when = reminding(WINDOW, calendar, moment)
        if when and moment <= due < when.until and published < when.today:
            days.add(moment.date())

    assert calendar.nth_before(local_date(due), 1) in days
    assert days <= {calendar.nth_before(local_date(due), 1), local_date(due)}


@given(calendars(), any_moment)
def test_a_free_day_belongs_to_the_working_day_before(calendar: WorkCalendar, moment: datetime) -> None:
    began = day_began(calendar, moment)

    assert began <= moment
    assert calendar.is_working(began.date())
    assert calendar.between(began.date(), local_date(moment)) == 0


@given(calendars(), any_moment)
def test_a_mail_goes_out_in_the_window_and_never_earlier(calendar: WorkCalendar, moment: datetime) -> None:
    opens = delivery_time(moment, calendar, WINDOW)

    assert opens >= moment
    assert in_window(opens, calendar, WINDOW)
    assert (opens == moment) is in_window(moment, calendar, WINDOW)
