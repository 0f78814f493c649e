"""Urging, reminding, confirming, merging (000 5.6, 5.8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from feedback.deadlines import (
    BadReminder,
    Duty,
    check_reminder,
    confirm_due,
    late_days,
    strictest,
    urge_due,
    watched_from,
)
from tests.engine.almanac import CHINA, POLICY, at, day

DUE = at("03-06 18:00")  # a Friday


def test_it_owes_an_answer_to_an_urging_the_next_working_day() -> None:
    assert urge_due(POLICY, CHINA, at("03-06 10:00")).at == at("03-09 18:00")


def test_it_closes_after_five_working_days_of_silence() -> None:
    assert confirm_due(POLICY, CHINA, at("03-06 10:00")).at == at("03-13 18:00")
    assert confirm_due(POLICY, CHINA, at("09-29 10:00")).at == at("10-12 18:00")


def test_it_lets_the_asker_remind_once_a_working_day_after_due() -> None:
    check_reminder(CHINA, at=at("03-06 18:01"), due_at=DUE)
    check_reminder(CHINA, at=at("03-09 08:00"), due_at=DUE, last_at=at("03-06 18:01"))


@pytest.mark.parametrize(
    ("now", "last", "code"),
    [
        ("03-06 18:00", None, "not_late"),
        ("03-06 19:00", "03-06 18:01", "already_today"),
        ("03-08 10:00", "03-07 10:00", "already_today"),  # both days of a weekend are Monday's
        ("03-09 10:00", "03-07 10:00", "already_today"),
    ],
)
def test_it_refuses_more_reminders(now: str, last: str | None, code: str) -> None:
    with pytest.raises(BadReminder) as refused:
        check_reminder(CHINA, at=at(now), due_at=DUE, last_at=at(last) if last else None)
    assert refused.value.code == code
    assert refused.value.message


def test_it_counts_lateness_in_working_days() -> None:
    assert [
        late_days(CHINA, due_at=DUE, at=at(now)) for now in ("03-05 10:00", "03-06 23:00", "03-08 10:00", "03-09 10:00")
    ] == [0, 0, 0, 1]


def test_it_puts_a_ticket_on_the_watch_list_after_three_late_working_days() -> None:
    assert watched_from(POLICY, CHINA, DUE) == at("03-11 18:00")


# ── merging ─────────────────────────────────────────────────────────────────────────────────────

REPLY = Duty(kind="reply", start=day("03-05"), days=1, due_at=DUE, id=1)


def test_it_keeps_the_strictest_open_due() -> None:
    later = replace(REPLY, due_at=DUE + timedelta(days=3), id=2)

    assert strictest([later, REPLY]) == REPLY


def test_it_does_not_make_the_survivor_late_by_what_another_missed() -> None:
    missed = replace(REPLY, due_at=DUE - timedelta(days=3), missed_at=DUE, id=2)
    met = replace(REPLY, due_at=DUE - timedelta(days=2), met_at=DUE, id=3)
    voided = replace(REPLY, due_at=DUE - timedelta(days=1), voided_at=DUE, id=4)

    assert strictest([missed, met, voided, REPLY]) == REPLY
    assert strictest([missed, met, voided]) is None
