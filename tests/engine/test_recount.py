"""Counting open obligations anew when the calendar changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from channelportal.lib.workdays import Reason, Row
from feedback.deadlines import Duty, recount, reply_due
from tests.engine.almanac import CHINA, POLICY, at, day

NOW = at("03-02 12:00")
REPLY = Duty(kind="reply", start=day("03-02"), days=1, due_at=at("03-03 18:00"))
PROMISE = Duty(kind="promise", start=day("03-02"), days=5, due_at=at("03-09 18:00"))
OFF, WORKED = Row(working=False, reason=Reason.COMPANY), Row(working=True, reason=Reason.COMPANY)


def test_it_moves_a_due_later_over_a_new_day_off() -> None:
    due = recount(POLICY, CHINA.with_overrides({day("03-03"): OFF}), REPLY, at=NOW)

    assert due is not None
    assert (due.at, due.kept) == (at("03-04 18:00"), False)


def test_it_never_moves_a_due_earlier_than_people_were_told() -> None:
    friday = replace(REPLY, start=day("03-06"), due_at=at("03-09 18:00"))

    assert recount(POLICY, CHINA.with_overrides({day("03-07"): WORKED}), friday, at=at("03-06 12:00")) is None


def test_it_still_ends_on_a_working_day_when_the_day_told_became_a_day_off() -> None:
    """Saturday is worked now, so the count ends there; Monday, as told, is off: Tuesday."""
    friday = replace(REPLY, start=day("03-06"), due_at=at("03-09 18:00"))
    calendar = CHINA.with_overrides({day("03-07"): WORKED, day("03-09"): OFF})

    due = recount(POLICY, calendar, friday, at=at("03-06 12:00"))

    assert due is not None
    assert (due.at, due.kept) == (at("03-10 18:00"), True)


def test_it_moves_a_promise_only_off_a_day_off() -> None:
    assert recount(POLICY, CHINA.with_overrides({day("03-05"): OFF}), PROMISE, at=NOW) is None

    due = recount(POLICY, CHINA.with_overrides({day("03-09"): OFF}), PROMISE, at=NOW)

    assert due is not None
    assert due.at == at("03-10 18:00")


@pytest.mark.parametrize(
    "ended",
    [{"missed_at": at("03-03 18:00")}, {"met_at": at("03-02 11:00")}, {"voided_at": at("03-02 11:00")}],
)
def test_it_leaves_alone_what_is_missed_met_or_voided(ended: dict[str, object]) -> None:
    calendar = CHINA.with_overrides({day("03-03"): OFF})

    assert recount(POLICY, calendar, replace(REPLY, **ended), at=NOW) is None  # type: ignore[arg-type]


def test_it_leaves_alone_what_has_passed_although_the_sweep_has_not_come_yet() -> None:
    assert recount(POLICY, CHINA.with_overrides({day("03-03"): OFF}), REPLY, at=at("03-03 18:00:01")) is None


def test_it_only_stops_being_provisional_when_the_year_is_published() -> None:
    first = reply_due(POLICY, CHINA, date(2026, 12, 31), "normal")
    duty = Duty("reply", first.start, first.n, first.at, provisional=first.provisional)
    published = CHINA.with_year(2027, {date(2027, 1, 1): Row(False, Reason.HOLIDAY, "元旦")})

    due = recount(POLICY, published, duty, at=at("12-31 12:00"))

    assert due is not None
    assert (due.at, due.provisional) == (first.at, False)
    assert recount(POLICY, published, replace(duty, provisional=False), at=at("12-31 12:00")) is None


def test_it_moves_a_provisional_due_when_the_holidays_turn_out_longer() -> None:
    first = reply_due(POLICY, CHINA, date(2026, 12, 31), "normal")
    duty = Duty("reply", first.start, first.n, first.at, provisional=True)
    published = CHINA.with_year(2027, {date(2027, 1, n): Row(False, Reason.HOLIDAY, "元旦") for n in (1, 4, 5)})

    due = recount(POLICY, published, duty, at=at("12-31 12:00"))

    assert due is not None
    assert (due.day, due.provisional) == (date(2027, 1, 6), False)
