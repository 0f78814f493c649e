"""Plans, promises kept and broken, days moved, pauses, days far ahead."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from accounts.access import Refused
from channelportal.core.errors import Invalid, WrongState
from feedback import rights, workflow
from feedback.models import LongPlan, Obligation, Tally, Ticket
from feedback.workflow.promising import BadDay
from tests.feedback.workflow.moments import FRI, MON_14, NEXT_MON, SAT, TUE_9, TUE_DUE, TUE_LATE, WED_10, may
from tests.people import Cast

FRI_DUE = may(15, 18)
FAR = date(2026, 7, 30)


@pytest.fixture
def planned(cast: Cast, ticket: Ticket) -> Ticket:
    return plan(cast, ticket)


def plan(cast: Cast, ticket: Ticket, day: date = FRI, at: datetime = TUE_9) -> Ticket:
    done = workflow.plan(ticket, by=cast.kefu_officer, text="周五前派人更换", day=day, at=at)
    assert isinstance(done, Ticket)
    return done


def promise(ticket: Ticket) -> Obligation:
    return ticket.obligations.filter(kind="promise").latest("pk")


def test_it_answers_with_a_day(planned: Ticket) -> None:
    assert (planned.state, planned.due_at, planned.due_kind) == ("planned", FRI_DUE, "promise")
    assert planned.obligations.get(kind="reply").met_at == planned.answered_at == TUE_9
    assert promise(planned).next_step_at == may(15, 9)


def test_it_offers_the_working_days_around_a_day_off(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(BadDay) as bad:
        plan(cast, ticket, SAT)

    assert (bad.value.field, bad.value.previous, bad.value.next) == ("day", FRI, NEXT_MON)


def test_it_promises_nothing_in_the_past(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(Invalid, match="day"):
        plan(cast, ticket, date(2026, 5, 11))


def test_it_is_kept_by_a_resolution(cast: Cast, planned: Ticket) -> None:
    ticket = workflow.resolve(planned, by=cast.kefu_officer, text="已更换", at=FRI_DUE)

    assert (promise(ticket).met_at, promise(ticket).missed_at) == (FRI_DUE, None)
    tally = Tally.objects.get(unit=cast.kefu, day=FRI)
    assert (tally.promises_kept, tally.promises_broken, tally.answers) == (1, 0, 0)


def test_it_is_not_replaced_by_another_plan(cast: Cast, planned: Ticket) -> None:
    with pytest.raises(WrongState):
        plan(cast, planned, NEXT_MON, WED_10)


def test_it_stays_broken_and_owes_a_new_plan(cast: Cast, planned: Ticket) -> None:
    late = may(18, 9)
    assert rights.todo(planned, cast.kefu_officer, late) == "replan"

    ticket = plan(cast, planned, may(20).date(), late)

    broken, kept = ticket.obligations.filter(kind="promise").order_by("pk")
    replan = ticket.obligations.get(kind="replan")
    assert (broken.missed_at, broken.void_reason, broken.met_at) == (FRI_DUE, "replanned", None)
    assert (replan.anchor, replan.due_at, replan.met_at, replan.breach) == (FRI, may(18, 18), late, 1)
    assert (kept.breach, kept.due_at, ticket.due_at) == (1, may(20, 18), may(20, 18))
    assert Tally.objects.get(unit=cast.kefu, day=FRI).promises_broken == 1


def test_it_counts_each_break(cast: Cast, planned: Ticket) -> None:
    ticket = plan(cast, planned, may(19).date(), may(18, 9))

    ticket = plan(cast, ticket, may(22).date(), may(20, 9))

    assert [duty.breach for duty in ticket.obligations.filter(kind="promise").order_by("pk")] == [0, 1, 2]
    assert [duty.breach for duty in ticket.obligations.filter(kind="replan").order_by("pk")] == [1, 2]


def test_it_misses_the_new_plan_too(cast: Cast, planned: Ticket) -> None:
    ticket = plan(cast, planned, may(22).date(), may(19, 9))

    assert ticket.obligations.get(kind="replan").missed_at == may(18, 18)
    assert ticket.entries.filter(kind="missed").count() == 2


def test_it_resolves_after_a_break(cast: Cast, planned: Ticket) -> None:
    ticket = workflow.resolve(planned, by=cast.kefu_officer, text="已更换", at=may(18, 9))

    assert (promise(ticket).missed_at, promise(ticket).met_at) == (FRI_DUE, may(18, 9))
    assert not [duty for duty in ticket.obligations.exclude(kind="confirm") if duty.running]


# ── moving the day ──────────────────────────────────────────────────────────────────────────────


def test_it_moves_the_day_when_granted(cast: Cast, planned: Ticket) -> None:
    asked = workflow.ask_extension(planned, by=cast.kefu_officer, day=NEXT_MON, reason="缺件", at=WED_10)
    assert promise(planned).due_at == FRI_DUE
    assert rights.todo(planned, cast.qifa_officer, WED_10) == "grant_extension"

    workflow.grant_extension(asked, by=cast.qifa_officer, at=may(14))

    moved = promise(planned)
    planned.refresh_from_db()
    assert (moved.due_at, moved.due_version, moved.extended, moved.first_due_at) == (may(18, 18), 2, 1, FRI_DUE)
    assert planned.due_at == may(18, 18)


def test_it_moves_once_only(cast: Cast, planned: Ticket) -> None:
    asked = workflow.ask_extension(planned, by=cast.kefu_officer, day=NEXT_MON, reason="缺件", at=WED_10)
    workflow.grant_extension(asked, by=cast.ludong_head, at=may(14))

    with pytest.raises(Invalid, match="day"):
        workflow.ask_extension(planned, by=cast.kefu_officer, day=may(20).date(), reason="又缺件", at=may(15))


def test_it_is_too_late_to_ask_or_grant_after_the_day(cast: Cast, planned: Ticket) -> None:
    asked = workflow.ask_extension(planned, by=cast.kefu_officer, day=NEXT_MON, reason="缺件", at=WED_10)

    with pytest.raises(Invalid, match="day"):
        workflow.grant_extension(asked, by=cast.qifa_officer, at=may(15, 18, 0, 1))

    assert promise(planned).due_at == FRI_DUE


@pytest.mark.parametrize("day", [FRI, may(14).date(), SAT])
def test_it_moves_to_a_later_working_day(cast: Cast, planned: Ticket, day: date) -> None:
    with pytest.raises(Invalid, match="day"):
        workflow.ask_extension(planned, by=cast.kefu_officer, day=day, reason="缺件", at=WED_10)


def test_it_is_decided_once(cast: Cast, planned: Ticket) -> None:
    asked = workflow.ask_extension(planned, by=cast.kefu_officer, day=NEXT_MON, reason="缺件", at=WED_10)
    workflow.refuse_extension(asked, by=cast.ludong_head, reason="不能再拖", at=WED_10)

    with pytest.raises(WrongState):
        workflow.grant_extension(asked, by=cast.qifa_officer, at=WED_10)

    assert promise(planned).due_at == FRI_DUE


# ── pausing ─────────────────────────────────────────────────────────────────────────────────────


def test_it_pauses_in_whole_working_days(cast: Cast, planned: Ticket) -> None:
    paused = workflow.ask(planned, by=cast.kefu_officer, text="何时停机?", pause=True, at=may(14, 10))
    assert (paused.due_at, promise(paused).next_step_at) == (None, None)

    ticket = workflow.answer_question(paused, by=cast.ludong_head, text="下周二", at=may(19, 10))

    assert ticket.questions.get().paused_days == 3  # the 14th, 15th and 18th closed while it was open
    assert (promise(ticket).due_at, promise(ticket).due_version, ticket.due_at) == (may(20, 18), 2, may(20, 18))
    assert promise(ticket).next_step_at == may(20, 9)
    assert promise(ticket).missed_at is None


def test_it_goes_on_as_before_when_answered_the_same_day(cast: Cast, planned: Ticket) -> None:
    paused = workflow.ask(planned, by=cast.kefu_officer, text="何时停机?", pause=True, at=may(14, 10))

    ticket = workflow.answer_question(paused, by=cast.ludong_head, text="今天", at=may(14, 15))

    assert (promise(ticket).due_at, promise(ticket).due_version, promise(ticket).next_step_at) == (
        FRI_DUE,
        1,
        may(15, 9),
    )


def test_it_is_kept_when_resolved_while_paused(cast: Cast, planned: Ticket) -> None:
    paused = workflow.ask(planned, by=cast.kefu_officer, text="何时停机?", pause=True, at=may(15, 17))

    ticket = workflow.resolve(paused, by=cast.kefu_officer, text="已更换", at=may(19, 10))

    assert promise(ticket).missed_at is None
    assert promise(ticket).due_at >= promise(ticket).met_at


def test_it_does_not_pause_after_the_day(cast: Cast, planned: Ticket) -> None:
    with pytest.raises(Invalid, match="pause"):
        workflow.ask(planned, by=cast.kefu_officer, text="何时停机?", pause=True, at=may(15, 18, 0, 1))


# ── far ahead ───────────────────────────────────────────────────────────────────────────────────


def test_it_waits_for_head_and_supervisors_when_the_day_is_far(cast: Cast, ticket: Ticket) -> None:
    far = workflow.plan(ticket, by=cast.kefu_officer, text="换型", day=FAR, at=MON_14)
    assert isinstance(far, LongPlan)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.answered_at, ticket.due_at) == ("open", None, TUE_DUE)
    assert rights.todo(ticket, cast.kefu_head, MON_14) == "agree_long_plan"

    with pytest.raises(WrongState):
        workflow.grant_long_plan(far, by=cast.qifa_officer, at=MON_14)
    workflow.agree_long_plan(far, by=cast.kefu_head, at=MON_14)
    workflow.grant_long_plan(far, by=cast.qifa_officer, at=TUE_LATE)

    ticket.refresh_from_db()
    reply = ticket.obligations.get(kind="reply")
    assert (ticket.state, ticket.answered_at, promise(ticket).due_day) == ("planned", TUE_LATE, FAR)
    assert reply.missed_at == TUE_DUE  # the clock went on while it waited
    assert ticket.entries.get(kind="plan").by == cast.kefu_officer


def test_it_needs_only_the_supervisors_when_the_head_plans(cast: Cast, ticket: Ticket) -> None:
    far = workflow.plan(ticket, by=cast.kefu_head, text="换型", day=FAR, at=MON_14)

    assert isinstance(far, LongPlan)
    assert far.state == "head_agreed"


def test_it_is_a_working_day_however_far(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(BadDay):
        workflow.plan(ticket, by=cast.kefu_officer, text="换型", day=date(2026, 8, 1), at=MON_14)


def test_it_lapses_when_the_matter_is_resolved(cast: Cast, ticket: Ticket) -> None:
    far = workflow.plan(ticket, by=cast.kefu_head, text="换型", day=FAR, at=MON_14)
    assert isinstance(far, LongPlan)
    workflow.resolve(ticket, by=cast.kefu_head, text="已换", at=MON_14)

    with pytest.raises(WrongState):
        workflow.grant_long_plan(far, by=cast.qifa_officer, at=TUE_9)


def test_it_is_not_granted_by_who_asked(cast: Cast, ticket: Ticket, filed: object) -> None:
    to_qifa = filed(responsible=cast.qifa)  # type: ignore[operator]
    far = workflow.plan(to_qifa, by=cast.qifa_head, text="修订办法", day=FAR, at=MON_14)
    assert isinstance(far, LongPlan)

    with pytest.raises(Refused):
        workflow.grant_long_plan(far, by=cast.qifa_head, at=MON_14)
