"""When the steps of the ladder come, and what is told after downtime (000 5.8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from channelportal.lib.delivery import Window, delivery_time
from feedback.deadlines import Kind
from feedback.ladder import (
    DEFAULT_STEPS,
    Moment,
    Target,
    moments,
    next_moment,
    passed,
    reopening_tells,
    steps_for,
)
from tests.engine.almanac import CHINA, POLICY, at

STEPS = steps_for(DEFAULT_STEPS, "reply")
DUE = at("03-06 18:00")  # a Friday
REMINDER, LEVEL_1, LEVEL_2, LEVEL_3 = (step.id for step in STEPS)


def levels(found: tuple[Moment, ...]) -> list[tuple[int, datetime]]:
    return [(moment.step.level, moment.at) for moment in found]


def test_it_reminds_at_nine_and_climbs_at_due_after_one_and_after_three_working_days() -> None:
    assert levels(moments(STEPS, DUE, CHINA)) == [
        (0, at("03-06 09:00")),
        (1, at("03-06 18:00")),
        (2, at("03-09 18:00")),
        (3, at("03-11 18:00")),
    ]


def test_it_climbs_on_working_days_only() -> None:
    assert levels(moments(STEPS, at("02-14 18:00"), CHINA))[2:] == [(2, at("02-24 18:00")), (3, at("02-26 18:00"))]


def test_it_has_the_same_steps_for_every_duty_of_the_responsible_unit() -> None:
    for kind in (Kind.PROMISE, Kind.REPLAN, Kind.URGE_ANSWER):
        assert [step.level for step in steps_for(DEFAULT_STEPS, kind)] == [0, 1, 2, 3]


def test_it_only_reminds_the_asker_of_a_confirmation() -> None:
    assert [(step.level, step.tells) for step in steps_for(DEFAULT_STEPS, "confirm")] == [(0, (Target.ASKER,))]


def test_it_reminds_from_nine_on_and_is_not_late_before_due_has_passed() -> None:
    def told(now: str) -> int | None:
        message = passed(STEPS, DUE, CHINA, at(now)).message
        return message.step.level if message else None

    assert told("03-06 08:59:59") is None
    assert told("03-06 09:00") == 0
    assert told("03-06 18:00") == 0
    assert told("03-06 18:00:00.000001") == 1
    assert told("03-09 17:59") == 1
    assert told("03-09 18:00") == 2
    assert told("03-11 18:00") == 3


def test_it_sends_one_message_after_downtime_and_records_the_rest_at_their_true_moments() -> None:
    found = passed(STEPS, DUE, CHINA, at("03-10 10:00"))

    assert levels(found.record) == [(0, at("03-06 09:00")), (1, at("03-06 18:00")), (2, at("03-09 18:00"))]
    assert found.message == found.record[-1]


def test_it_finds_nothing_the_second_time() -> None:
    once = passed(STEPS, DUE, CHINA, at("03-10 10:00"))

    twice = passed(STEPS, DUE, CHINA, at("03-10 10:00"), {moment.step.id for moment in once.record})

    assert (twice.record, twice.message) == ((), None)


def test_it_names_the_next_moment() -> None:
    def following(after: str, *already: int | str) -> datetime | None:
        moment = next_moment(STEPS, DUE, CHINA, at(after), already)
        return moment.at if moment else None

    assert following("03-05 10:00") == at("03-06 09:00")
    assert following("03-06 09:00") == at("03-06 18:00")
    assert following("03-06 18:00") == at("03-06 18:00")
    assert following("03-06 18:01") == at("03-09 18:00")
    assert following("03-06 18:01", LEVEL_2) == at("03-11 18:00")
    assert following("03-11 18:00") is None


def test_it_needs_no_reminder_of_what_was_promised_after_nine_on_the_same_day() -> None:
    found = passed(STEPS, DUE, CHINA, at("03-06 10:01"), since=at("03-06 10:00"))

    assert (found.record, found.message) == ((), None)


def test_it_holds_a_step_back_and_goes_on_with_the_next() -> None:
    held = {LEVEL_2: None}

    assert levels(passed(STEPS, DUE, CHINA, at("03-10 10:00"), moved=held).record)[-1][0] == 1
    assert levels(passed(STEPS, DUE, CHINA, at("03-12 10:00"), moved=held).record)[-1][0] == 3


def test_it_brings_a_step_forward() -> None:
    advanced = {LEVEL_2: at("03-07 09:00")}

    assert passed(STEPS, DUE, CHINA, at("03-07 08:59"), moved=advanced).message == Moment(DUE, STEPS[1])
    assert passed(STEPS, DUE, CHINA, at("03-07 09:00"), moved=advanced).message == Moment(at("03-07 09:00"), STEPS[2])


def test_it_tells_nobody_again_of_a_lower_level_than_was_told() -> None:
    found = passed(STEPS, DUE, CHINA, at("03-12 10:00"), {REMINDER, LEVEL_1, LEVEL_3})

    assert [moment.step.id for moment in found.record] == [LEVEL_2]
    assert found.message is None


def test_it_never_escalates_before_due_whatever_time_the_row_says() -> None:
    early = [replace(step, at=time(9)) if step.level == 1 else step for step in STEPS]

    assert levels(moments(early, DUE, CHINA))[1] == (1, DUE)


def test_it_goes_one_level_up_with_each_further_broken_promise() -> None:
    second = steps_for(DEFAULT_STEPS, "promise", breach=1)
    third = steps_for(DEFAULT_STEPS, "promise", breach=2)
    many = steps_for(DEFAULT_STEPS, "promise", breach=9)
    just_after = DUE + timedelta(minutes=1)

    found = passed(second, DUE, CHINA, just_after, since=at("03-06 10:00"))
    assert found.message is not None
    assert found.message.step.level == 2
    assert found.message.step.tells == (Target.HEAD, Target.ASSIGNEE, Target.PARENT_HEAD, Target.SUPERVISORS)
    assert levels(moments(second, DUE, CHINA))[-1] == (3, at("03-09 18:00"))
    for steps in (third, many):
        highest = passed(steps, DUE, CHINA, just_after).message
        assert highest is not None
        assert highest.step.level == 3
        assert highest.step.tells[-1] == Target.MANAGEMENT
        assert Target.HEAD in highest.step.tells


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("03-06 10:00", "03-06 10:00"),  # in the window: at once
        ("03-06 08:30", "03-06 08:30"),
        ("03-06 17:30", "03-06 17:30"),
        ("03-06 17:31", "03-09 08:30"),  # Friday evening: Monday
        ("03-06 03:00", "03-06 08:30"),  # the small hours
        ("03-07 10:00", "03-09 08:30"),  # Saturday
        ("02-14 10:00", "02-14 10:00"),  # a Saturday that is worked
        ("02-14 18:00", "02-24 08:30"),  # not in 春节
        ("10-01 00:00", "10-08 08:30"),
    ],
)
def test_it_sends_messages_in_the_delivery_window_only(written: str, sent: str) -> None:
    assert delivery_time(at(written), CHINA, Window()) == at(sent)


def test_it_delivers_when_the_company_says_so() -> None:
    assert delivery_time(at("03-06 18:00"), CHINA, Window(time(7), time(20))) == at("03-06 18:00")


def test_it_tells_the_head_of_a_second_reopening_and_the_supervisors_of_a_third() -> None:
    assert reopening_tells(POLICY, 1) == ()
    assert reopening_tells(POLICY, 2) == (Target.HEAD,)
    assert reopening_tells(POLICY, 3) == (Target.HEAD, Target.SUPERVISORS)
