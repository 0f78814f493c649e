"""A promised day: giving, moving, pausing and breaking it (000 5.7)."""

from __future__ import annotations

from datetime import date

import pytest

from feedback.deadlines import (
    BadExtension,
    BadPause,
    BadPromise,
    Policy,
    check_extension,
    check_pause,
    extend,
    paused_days,
    promise_due,
    question_close_due,
    question_reminder_due,
    replan_due,
    resume_due,
)
from tests.engine.almanac import CHINA, POLICY, at, day

MONDAY_MORNING = at("03-02 10:00")


def refusal(promised: str, given_at: str = "03-02 10:00") -> BadPromise:
    with pytest.raises(BadPromise) as refused:
        promise_due(POLICY, CHINA, at=at(given_at), day=day(promised))
    assert refused.value.message
    return refused.value


# ── giving ──────────────────────────────────────────────────────────────────────────────────────


def test_it_is_due_at_close_of_business_of_the_promised_day() -> None:
    due = promise_due(POLICY, CHINA, at=MONDAY_MORNING, day=day("03-09"))

    assert (due.at, due.anchor, due.n) == (at("03-09 18:00"), day("03-02"), 5)
    assert due.explanation[-1].ordinal == 5


def test_it_may_be_today_until_close_of_business() -> None:
    assert promise_due(POLICY, CHINA, at=at("03-02 18:00"), day=day("03-02")).at == at("03-02 18:00")
    assert refusal("03-02", "03-02 18:00:01").code == "past"
    assert refusal("02-27").code == "past"
    assert refusal("02-28", "03-02 00:00").code == "past"


def test_it_offers_the_working_days_beside_a_day_off() -> None:
    refused = refusal("10-03", "09-29 10:00")

    assert refused.code == "day_off"
    assert (refused.data["previous"], refused.data["next"]) == (day("09-30"), day("10-08"))
    assert "9 月 30 日" in refused.message
    assert "10 月 8 日" in refused.message


def test_it_offers_no_day_that_is_over() -> None:
    assert refusal("03-07", "03-06 19:00").data["previous"] is None
    assert refusal("03-07", "03-06 17:00").data["previous"] == day("03-06")
    assert refusal("03-08", "03-07 10:00").data["previous"] is None


def test_it_reaches_thirty_working_days_ahead_and_further_with_approval() -> None:
    last, after = CHINA.nth_after(day("03-02"), 30), CHINA.nth_after(day("03-02"), 31)

    assert promise_due(POLICY, CHINA, at=MONDAY_MORNING, day=last).n == 30
    assert refusal(str(after)).data["latest"] == last
    assert refusal(str(after)).code == "too_far"
    assert promise_due(POLICY, CHINA, at=MONDAY_MORNING, day=after, approved=True).n == 31


def test_it_is_not_put_off_by_an_absurd_year() -> None:
    assert refusal("9999-12-31").code == "too_far"


def test_it_is_provisional_in_a_year_that_nobody_has_published() -> None:
    assert promise_due(POLICY, CHINA, at=at("12-30 10:00"), day=date(2027, 1, 6)).provisional


# ── moving 延期 ─────────────────────────────────────────────────────────────────────────────────

DUE = at("03-09 18:00")


def test_it_can_be_moved_once_before_it_is_due() -> None:
    due = extend(POLICY, CHINA, at=DUE, due_at=DUE, new_day=day("03-12"))

    assert due.at == at("03-12 18:00")


@pytest.mark.parametrize(
    ("asked", "new_day", "extended", "code"),
    [
        ("03-09 18:00:01", "03-12", 0, "late"),
        ("03-06 10:00", "03-12", 1, "used_up"),
        ("03-06 10:00", "03-09", 0, "not_later"),
        ("03-06 10:00", "03-06", 0, "not_later"),
    ],
)
def test_it_is_not_moved_late_or_twice_or_backwards(asked: str, new_day: str, extended: int, code: str) -> None:
    with pytest.raises(BadExtension) as refused:
        extend(POLICY, CHINA, at=at(asked), due_at=DUE, new_day=day(new_day), extended=extended)
    assert refused.value.code == code
    assert refused.value.message


def test_it_can_be_moved_as_often_as_the_policy_says() -> None:
    check_extension(policy=Policy(extensions=2), asked_at=at("03-06 10:00"), due_at=DUE, extended=1)

    with pytest.raises(BadExtension):
        check_extension(policy=Policy(extensions=0), asked_at=at("03-06 10:00"), due_at=DUE, extended=0)


def test_it_is_moved_to_a_day_that_could_be_promised() -> None:
    with pytest.raises(BadPromise) as refused:
        extend(POLICY, CHINA, at=at("03-06 10:00"), due_at=DUE, new_day=day("03-14"))
    assert refused.value.code == "day_off"


# ── pausing ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "answered", "days"),
    [
        ("03-02 10:00", "03-02 17:00", 0),
        ("03-02 10:00", "03-03 08:00", 1),  # Monday's close of business passed
        ("03-02 10:00", "03-04 15:00", 2),
        ("03-02 18:30", "03-03 09:00", 0),  # asked after hours
        ("03-06 17:00", "03-07 10:00", 1),  # Friday's close passed; Saturday counts for nothing
        ("03-07 10:00", "03-08 10:00", 0),
        ("03-06 17:00", "03-09 19:00", 2),
        ("02-13 10:00", "02-24 10:00", 2),  # Friday and the make-up Saturday
    ],
)
def test_it_pauses_in_whole_working_days(asked: str, answered: str, days: int) -> None:
    assert paused_days(POLICY, CHINA, at(asked), at(answered)) == days


def test_it_is_due_later_by_what_it_paused() -> None:
    due = resume_due(POLICY, CHINA, due_at=DUE, asked_at=at("03-05 10:00"), answered_at=at("03-10 10:00"))

    assert due.at == at("03-12 18:00")  # Thursday, Friday and Monday passed


def test_it_stays_where_it_was_when_the_answer_came_the_same_day() -> None:
    assert resume_due(POLICY, CHINA, due_at=DUE, asked_at=at("03-05 10:00"), answered_at=at("03-05 17:00")).at == DUE


def test_it_is_never_missed_while_it_pauses() -> None:
    """Asked an hour before it was due, on a Friday; answered on Saturday."""
    due = resume_due(POLICY, CHINA, due_at=at("03-06 18:00"), asked_at=at("03-06 17:00"), answered_at=at("03-07 10:00"))

    assert due.at == at("03-09 18:00")


def test_it_holds_when_close_of_business_was_moved_meanwhile() -> None:
    earlier = Policy(close_of_business=at("03-06 17:00").time())

    due = resume_due(
        earlier, CHINA, due_at=at("03-06 18:00"), asked_at=at("03-06 17:30"), answered_at=at("03-06 18:30")
    )

    assert due.at == at("03-09 17:00")


def test_it_pauses_only_for_a_question_put_before_it_was_due() -> None:
    check_pause(asked_at=DUE, due_at=DUE)

    with pytest.raises(BadPause) as refused:
        check_pause(asked_at=at("03-09 18:00:01"), due_at=DUE)
    assert refused.value.message


def test_it_reminds_the_asker_after_two_days_and_proposes_to_close_after_ten() -> None:
    assert question_reminder_due(POLICY, CHINA, at("03-05 10:00")).at == at("03-09 18:00")
    assert question_close_due(POLICY, CHINA, at("03-05 10:00")).at == at("03-19 18:00")


# ── breaking ────────────────────────────────────────────────────────────────────────────────────


def test_it_owes_a_new_plan_within_a_working_day_when_broken() -> None:
    assert replan_due(POLICY, CHINA, at("03-06 18:00")).at == at("03-09 18:00")
    assert replan_due(POLICY, CHINA, at("02-14 18:00")).at == at("02-24 18:00")
