"""What must hold for every calendar: holidays and make-up days anywhere, years published or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from channelportal.lib.delivery import Window, delivery_time
from channelportal.lib.workdays import Reason, Row, WorkCalendar, local_date
from feedback.deadlines import (
    Due,
    Duty,
    Kind,
    Policy,
    anchor_of,
    confirm_due,
    on_time,
    paused_days,
    promise_due,
    recount,
    reply_due,
    resume_due,
    to_major,
    to_normal,
    urge_due,
)
from feedback.ladder import DEFAULT_STEPS, moments, next_moment, passed, steps_for
from tests.engine.almanac import FIRST, LAST, any_moment, calendars, clocks, days_between

severities = st.sampled_from(["normal", "major"])
policies = st.builds(
    Policy,
    normal_days=st.integers(1, 4),
    major_days=st.integers(1, 6),
    close_of_business=clocks,
)


def _moment_of(day: date) -> datetime:
    return WorkCalendar().close_of_business(day)


COUNTED: dict[str, Callable[[Policy, WorkCalendar, date], Due]] = {
    "normal reply": lambda policy, calendar, day: reply_due(policy, calendar, day, "normal"),
    "major reply": lambda policy, calendar, day: reply_due(policy, calendar, day, "major"),
    "urging": lambda policy, calendar, day: urge_due(policy, calendar, _moment_of(day)),
    "confirmation": lambda policy, calendar, day: confirm_due(policy, calendar, _moment_of(day)),
}
everything_counted = pytest.mark.parametrize("count", COUNTED.values(), ids=COUNTED.keys())


@everything_counted
@given(policy=policies, calendar=calendars(), anchor=days_between)
def test_it_is_due_after_its_anchor_on_a_working_day(
    count: Callable[[Policy, WorkCalendar, date], Due], policy: Policy, calendar: WorkCalendar, anchor: date
) -> None:
    due = count(policy, calendar, anchor)

    assert due.day > anchor
    assert calendar.is_working(due.day)
    assert local_date(due.at) == due.day == calendar.nth_after(due.start, due.n)
    assert due.explanation[-1].ordinal == due.n


@everything_counted
@given(policy=policies, calendar=calendars(), anchor=days_between, changed=st.dates(FIRST, LAST + timedelta(days=40)))
def test_it_is_never_earlier_for_a_holiday_more_nor_later_for_a_working_day_more(
    count: Callable[[Policy, WorkCalendar, date], Due],
    policy: Policy,
    calendar: WorkCalendar,
    anchor: date,
    changed: date,
) -> None:
    with_holiday = calendar.with_overrides({changed: Row(working=False, reason=Reason.HOLIDAY)})
    with_work = calendar.with_overrides({changed: Row(working=True, reason=Reason.MAKEUP)})

    assert (
        count(policy, with_work, anchor).at
        <= count(policy, calendar, anchor).at
        <= count(policy, with_holiday, anchor).at
    )


@everything_counted
@given(policy=policies, calendar=calendars(), earlier=days_between, later=days_between)
def test_it_is_monotone_in_the_day_of_filing(
    count: Callable[[Policy, WorkCalendar, date], Due],
    policy: Policy,
    calendar: WorkCalendar,
    earlier: date,
    later: date,
) -> None:
    earlier, later = sorted((earlier, later))

    assert count(policy, calendar, earlier).at <= count(policy, calendar, later).at


@given(policies, calendars(), days_between, st.none() | any_moment)
def test_it_never_gives_a_major_matter_less_time(
    policy: Policy, calendar: WorkCalendar, anchor: date, entered_at: datetime | None
) -> None:
    assume(entered_at is None or anchor_of(entered_at) >= anchor)

    normal = reply_due(policy, calendar, anchor, "normal", entered_at=entered_at)
    major = reply_due(policy, calendar, anchor, "major", entered_at=entered_at)

    assert normal.at <= major.at


@given(policies, calendars(), any_moment, any_moment)
def test_it_counts_from_the_day_in_shanghai_and_nothing_else(
    policy: Policy, calendar: WorkCalendar, one: datetime, other: datetime
) -> None:
    other = datetime.combine(one.date(), other.timetz())

    assert reply_due(policy, calendar, anchor_of(one), "normal") == reply_due(
        policy, calendar, anchor_of(other), "normal"
    )


@given(policies, calendars(), days_between, severities, any_moment)
def test_it_is_never_due_before_it_was_entered(
    policy: Policy, calendar: WorkCalendar, anchor: date, severity: str, entered_at: datetime
) -> None:
    assume(anchor_of(entered_at) >= anchor)

    due = reply_due(policy, calendar, anchor, severity, entered_at=entered_at)

    assert on_time(entered_at, due.at)
    assert due.anchor == anchor
    assert calendar.nth_after(due.start, due.n) == due.day
    assert due.at >= reply_due(policy, calendar, anchor, severity).at


@given(policies, calendars(), any_moment, any_moment)
def test_it_changes_severity_and_back_without_taking_time_away(
    policy: Policy, calendar: WorkCalendar, filed: datetime, changed: datetime
) -> None:
    normal = reply_due(policy, calendar, anchor_of(filed), "normal")
    assume(filed <= changed <= normal.at)

    major = to_major(policy, calendar, at=changed, anchor=normal.anchor, due_at=normal.at)
    back = to_normal(policy, calendar, at=changed, anchor=normal.anchor, due_at=major.at)

    assert major.at >= normal.at
    assert back.at >= normal.at
    assert back.day >= calendar.nth_after(local_date(changed), 1)


# ── when the calendar changes ───────────────────────────────────────────────────────────────────

obligation_kinds = st.sampled_from(list(Kind))


@given(policies, calendars(), calendars(), st.tuples(obligation_kinds, days_between, st.integers(1, 6)), any_moment)
def test_it_recounts_later_or_not_at_all_and_a_second_time_to_the_same(
    policy: Policy, before: WorkCalendar, after: WorkCalendar, drawn: tuple[Kind, date, int], now: datetime
) -> None:
    kind, start, days = drawn
    told = before.nth_after(start, days)
    duty = Duty(
        kind, start, days, before.close_of_business(told, policy.close_of_business), before.is_provisional(start, told)
    )

    due = recount(policy, after, duty, at=now)

    if not on_time(now, duty.due_at):
        assert due is None
        return
    settled = replace(duty, due_at=due.at, provisional=due.provisional) if due else duty
    assert settled.due_at >= duty.due_at
    assert after.is_working(local_date(settled.due_at))
    assert recount(policy, after, settled, at=now) is None
    if kind is not Kind.PROMISE:
        assert local_date(settled.due_at) >= after.nth_after(start, days)
    assert settled.provisional == after.is_provisional(start, local_date(settled.due_at))


# ── promises ────────────────────────────────────────────────────────────────────────────────────


@given(policies, calendars(), any_moment, st.integers(0, 20), st.tuples(any_moment, any_moment, any_moment))
def test_it_is_never_missed_while_a_question_is_open_and_loses_no_working_day(
    policy: Policy,
    calendar: WorkCalendar,
    promised_at: datetime,
    days: int,
    question: tuple[datetime, datetime, datetime],
) -> None:
    asked_at, looked_at, answered_at = sorted(question)
    day = calendar.nth_after(local_date(promised_at), days + 1)
    promise = promise_due(policy, calendar, at=promised_at, day=day)
    assume(promised_at <= asked_at and on_time(asked_at, promise.at))

    meanwhile = resume_due(policy, calendar, due_at=promise.at, asked_at=asked_at, answered_at=looked_at)
    resumed = resume_due(policy, calendar, due_at=promise.at, asked_at=asked_at, answered_at=answered_at)

    assert on_time(looked_at, meanwhile.at)
    assert on_time(answered_at, resumed.at)
    assert promise.at <= meanwhile.at <= resumed.at
    assert calendar.is_working(resumed.day)
    paused = paused_days(policy, calendar, asked_at, answered_at)
    assert calendar.between(promise.day, resumed.day) == paused
    assert 0 <= paused <= calendar.between(local_date(asked_at) - timedelta(days=1), local_date(answered_at))


# ── the ladder ──────────────────────────────────────────────────────────────────────────────────


@given(calendars(), obligation_kinds, st.integers(0, 4), days_between, st.lists(any_moment, min_size=1, max_size=6))
def test_it_records_each_step_once_however_often_and_late_the_sweep_comes(
    calendar: WorkCalendar, kind: Kind, breach: int, day: date, sweeps: list[datetime]
) -> None:
    steps, due_at = (
        steps_for(DEFAULT_STEPS, kind, breach=breach),
        calendar.close_of_business(calendar.next_working(day)),
    )
    recorded: list[int | str] = []
    told: list[int] = []

    for now in sorted(sweeps):
        found = passed(steps, due_at, calendar, now, recorded)
        recorded += [moment.step.id for moment in found.record]
        told += [found.message.step.level] if found.message else []
        assert passed(steps, due_at, calendar, now, recorded).record == ()
        assert all(moment.at <= now for moment in found.record)
        following = next_moment(steps, due_at, calendar, now, recorded)
        assert following is None or following.at >= now
        assert len(recorded) + sum(
            moment.step.id not in recorded for moment in moments(steps, due_at, calendar)
        ) == len(steps)

    assert len(set(recorded)) == len(recorded)
    assert told == sorted(set(told))
    at_once = passed(steps, due_at, calendar, max(sweeps))
    assert {moment.step.id for moment in at_once.record} == set(recorded)


@given(calendars(), obligation_kinds, st.integers(0, 4), days_between)
def test_it_escalates_in_order_on_working_days_and_not_before_due(
    calendar: WorkCalendar, kind: Kind, breach: int, day: date
) -> None:
    due_at = calendar.close_of_business(calendar.next_working(day))

    steps = steps_for(DEFAULT_STEPS, kind, breach=breach)
    placed = moments(steps, due_at, calendar)

    assert [moment.step.level for moment in placed] == sorted(moment.step.level for moment in placed)
    assert all(moment.at >= due_at for moment in placed if moment.step.escalates)
    assert all(calendar.is_working(local_date(moment.at)) for moment in placed)
    assert not any(moment.step.escalates for moment in passed(steps, due_at, calendar, due_at).record)


@given(calendars(), any_moment, st.times(), st.times())
def test_it_delivers_no_earlier_than_written_and_in_the_window_only(
    calendar: WorkCalendar, written: datetime, one: datetime, other: datetime
) -> None:
    window = Window(*sorted((one, other)))

    sent = delivery_time(written, calendar, window)

    assert sent >= written
    assert calendar.is_working(local_date(sent))
    assert window.opens <= sent.time() <= window.closes
    assert delivery_time(sent, calendar, window) == sent
