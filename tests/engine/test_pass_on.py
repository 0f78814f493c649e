"""Passing a ticket on, and asking other units to assist (rules 9 and 11)."""

from __future__ import annotations

import pytest

from feedback.deadlines import BadAssist, assist_due, elapsed_days, pass_on
from tests.engine.almanac import CHINA, POLICY, at, day

DUE = at("03-03 18:00")


def test_it_gives_the_new_unit_its_own_reply_from_the_day_of_transfer() -> None:
    passed = pass_on(POLICY, CHINA, at=at("03-03 17:00"), severity="normal", old_due_at=DUE, passed_before=0)

    assert passed.due.at == at("03-04 18:00")
    assert not passed.old_missed
    assert not passed.needs_supervisors


def test_it_leaves_the_old_units_miss_a_miss() -> None:
    on_the_dot = pass_on(POLICY, CHINA, at=DUE, severity="normal", old_due_at=DUE, passed_before=0)
    late = pass_on(POLICY, CHINA, at=at("03-03 18:00:01"), severity="normal", old_due_at=DUE, passed_before=0)

    assert (on_the_dot.old_missed, late.old_missed) == (False, True)


def test_it_needs_the_supervisors_the_second_time() -> None:
    assert pass_on(
        POLICY, CHINA, at=at("03-03 09:00"), severity="major", old_due_at=DUE, passed_before=1
    ).needs_supervisors


def test_it_never_resets_what_the_asker_has_waited() -> None:
    assert elapsed_days(CHINA, since=day("03-02"), until=day("03-10")) == 6
    assert elapsed_days(CHINA, since=day("03-02"), until=day("03-02")) == 0


def test_it_asks_assisting_units_for_something_before_the_leader_owes() -> None:
    assert assist_due(POLICY, CHINA, at=at("03-02 10:00"), lead_due_at=DUE) == at("03-03 16:00")
    assert assist_due(POLICY, CHINA, at=at("03-03 17:00"), lead_due_at=DUE) == at("03-03 17:30")
    assert assist_due(POLICY, CHINA, at=at("03-02 10:00"), lead_due_at=DUE, wanted=at("03-03 09:00")) == at(
        "03-03 09:00"
    )


@pytest.mark.parametrize(
    ("wanted", "code"), [("03-03 18:00", "not_before"), ("03-04 09:00", "not_before"), ("03-02 10:00", "past")]
)
def test_it_refuses_a_sub_task_that_would_come_too_late(wanted: str, code: str) -> None:
    with pytest.raises(BadAssist) as refusal:
        assist_due(POLICY, CHINA, at=at("03-02 10:00"), lead_due_at=DUE, wanted=at(wanted))
    assert refusal.value.code == code
    assert refusal.value.message


def test_it_asks_for_the_next_working_day_when_the_leader_is_late_already() -> None:
    assert assist_due(POLICY, CHINA, at=at("03-06 10:00"), lead_due_at=DUE) == at("03-09 18:00")
