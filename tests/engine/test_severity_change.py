"""一般 ↔ 重大 (rules 7 and 8)."""

from __future__ import annotations

import pytest

from channelportal.lib.workdays import Reason, Row
from feedback.deadlines import BadSeverity, check_severity, reply_due, to_major, to_normal
from tests.engine.almanac import CHINA, POLICY, at, day

MONDAY = day("03-02")
NORMAL_DUE, MAJOR_DUE = at("03-03 18:00"), at("03-05 18:00")


def test_it_gives_a_matter_confirmed_as_major_three_days_from_the_same_anchor() -> None:
    due = to_major(POLICY, CHINA, at=at("03-03 17:00"), anchor=MONDAY, due_at=NORMAL_DUE)

    assert (due.at, due.anchor, due.n) == (MAJOR_DUE, MONDAY, 3)


def test_it_is_too_late_once_the_normal_due_has_passed() -> None:
    assert to_major(POLICY, CHINA, at=NORMAL_DUE, anchor=MONDAY, due_at=NORMAL_DUE).at == MAJOR_DUE

    for change in (to_major, to_normal):
        with pytest.raises(BadSeverity) as refusal:
            change(POLICY, CHINA, at=at("03-03 18:00:01"), anchor=MONDAY, due_at=NORMAL_DUE)
        assert refusal.value.code == "too_late"
        assert refusal.value.message


def test_it_can_be_asked_for_until_then_only() -> None:
    check_severity(at=NORMAL_DUE, due_at=NORMAL_DUE)

    with pytest.raises(BadSeverity):
        check_severity(at=at("03-03 18:00:01"), due_at=NORMAL_DUE)


def test_it_keeps_the_later_due_that_people_were_told() -> None:
    """A holiday moved the normal due behind what the present calendar gives a major matter."""
    told = at("03-06 18:00")

    due = to_major(POLICY, CHINA, at=at("03-03 09:00"), anchor=MONDAY, due_at=told)

    assert (due.at, due.day, due.kept) == (told, day("03-06"), True)
    assert due.explanation[-1].date == due.day


def test_it_lowers_to_one_day_from_the_same_anchor_but_never_before_the_next_working_day() -> None:
    on_the_same_day = to_normal(POLICY, CHINA, at=at("03-02 11:00"), anchor=MONDAY, due_at=MAJOR_DUE)
    two_days_later = to_normal(POLICY, CHINA, at=at("03-04 11:00"), anchor=MONDAY, due_at=MAJOR_DUE)

    assert (on_the_same_day.at, on_the_same_day.start) == (NORMAL_DUE, MONDAY)
    assert (two_days_later.at, two_days_later.start, two_days_later.anchor) == (MAJOR_DUE, day("03-04"), MONDAY)


def test_it_lowers_over_a_weekend_to_monday() -> None:
    due = to_normal(POLICY, CHINA, at=at("03-06 11:00"), anchor=day("03-05"), due_at=at("03-10 18:00"))

    assert due.at == at("03-09 18:00")


def test_it_keeps_the_time_of_a_late_entry() -> None:
    entered_at = at("03-06 10:00")
    normal = reply_due(POLICY, CHINA, MONDAY, "normal", entered_at=entered_at)

    due = to_major(POLICY, CHINA, at=at("03-06 11:00"), anchor=MONDAY, due_at=normal.at, entered_at=entered_at)

    assert (due.at, due.late_entry) == (at("03-09 18:00"), True)


def test_it_follows_a_company_day_off() -> None:
    calendar = CHINA.with_overrides({day("03-04"): Row(working=False, reason=Reason.COMPANY)})

    assert to_major(POLICY, calendar, at=at("03-03 09:00"), anchor=MONDAY, due_at=NORMAL_DUE).at == at("03-06 18:00")
