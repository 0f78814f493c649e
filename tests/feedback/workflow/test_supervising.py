"""Severity, copies, urging, reminding, reporting, and level 2 of the ladder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.access import Refused
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert
from feedback import rights, workflow
from feedback.models import LadderEvent, Obligation, Tally, Ticket
from tests.feedback.workflow.moments import FRI, MON_10, MON_14, THU_10, TUE_9, TUE_DUE, TUE_LATE, WED_10, may
from tests.people import Cast

File = Callable[..., Ticket]


def reply(ticket: Ticket) -> Obligation:
    return ticket.obligations.filter(kind="reply").latest("pk")


# ── severity (rules 7, 8) ───────────────────────────────────────────────────────────────────────


def change(cast: Cast, ticket: Ticket, to: str, *, asked: Any = MON_14, confirmed: Any = TUE_9) -> Ticket:
    request = workflow.ask_severity(ticket, by=cast.kefu_head, to=to, reason="要拆机检查", at=asked)
    workflow.confirm_severity(request, by=cast.qifa_officer, at=confirmed)
    return Ticket.objects.get(pk=ticket.pk)


def test_it_gives_three_days_from_the_same_anchor(cast: Cast, ticket: Ticket) -> None:
    ticket = change(cast, ticket, "major")

    assert (ticket.severity, ticket.due_at, reply(ticket).due_version) == ("major", may(14, 18), 2)
    assert (reply(ticket).anchor, reply(ticket).days, reply(ticket).first_due_at) == (MON_10.date(), 3, TUE_DUE)


def test_it_leaves_the_old_due_while_nobody_has_confirmed(cast: Cast, ticket: Ticket) -> None:
    request = workflow.ask_severity(ticket, by=cast.ludong_head, to="major", reason="停产了", at=MON_14)
    assert reply(ticket).due_at == TUE_DUE

    with pytest.raises(WrongState):
        workflow.confirm_severity(request, by=cast.qifa_officer, at=TUE_LATE)

    assert reply(ticket).due_at == TUE_DUE


def test_it_is_too_late_to_ask_after_the_due(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(Invalid, match="to"):
        workflow.ask_severity(ticket, by=cast.kefu_head, to="major", reason="要拆机", at=TUE_LATE)


def test_it_leaves_a_working_day_when_lowered(cast: Cast, filed: File) -> None:
    ticket = change(cast, filed(severity="major"), "normal", asked=TUE_9, confirmed=WED_10)

    assert (ticket.severity, ticket.due_at) == ("normal", may(14, 18))  # never before the close of the next working day


def test_it_counts_from_the_day_of_transfer_after_a_pass_on(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.pass_on(ticket, by=cast.kefu_officer, to=cast.quality, reason="质量问题", at=TUE_9)
    request = workflow.ask_severity(ticket, by=cast.quality_head, to="major", reason="要化验", at=TUE_9)

    workflow.confirm_severity(request, by=cast.qifa_officer, at=TUE_9)

    assert reply(ticket).due_at == may(15, 18)


@pytest.mark.parametrize("to", ["normal", "huge"])
def test_it_asks_for_another_severity(cast: Cast, ticket: Ticket, to: str) -> None:
    with pytest.raises(Invalid, match="to"):
        workflow.ask_severity(ticket, by=cast.kefu_head, to=to, reason="原因", at=MON_14)


def test_it_keeps_the_severity_and_the_due(cast: Cast, ticket: Ticket) -> None:
    request = workflow.ask_severity(ticket, by=cast.kefu_head, to="major", reason="要拆机", at=MON_14)

    workflow.keep_severity(request, by=cast.qifa_head, reason="一天足够", at=TUE_9)

    ticket.refresh_from_db()
    assert (ticket.severity, ticket.due_at) == ("normal", TUE_DUE)
    with pytest.raises(WrongState):
        workflow.confirm_severity(request, by=cast.qifa_head, at=TUE_9)


# ── copies and readers ──────────────────────────────────────────────────────────────────────────


def test_it_comes_onto_the_watch_list(cast: Cast, ticket: Ticket, filed: File) -> None:
    copied = workflow.copy(ticket, by=cast.ludong_head, at=MON_14)

    assert (copied.copied, copied.watched) == (True, True)
    assert filed(copied=True).watched
    with pytest.raises(WrongState):
        workflow.copy(copied, by=cast.ludong_head, at=MON_14)


def test_it_is_shared_with_a_person(cast: Cast, ticket: Ticket) -> None:
    assert ticket not in Ticket.objects.visible_to(cast.lab_officer)

    workflow.share(ticket, by=cast.kefu_head, to=cast.lab_officer, at=MON_14)

    assert ticket in Ticket.objects.visible_to(cast.lab_officer)
    assert rights.possible(ticket, cast.lab_officer, MON_14) == []
    with pytest.raises(Invalid, match="to"):
        workflow.share(ticket, by=cast.kefu_head, to=cast.lab_officer, at=MON_14)


# ── urging (000 5.8) ────────────────────────────────────────────────────────────────────────────


def test_it_owes_an_answer_to_the_urging(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.urge(ticket, by=cast.qifa_officer, text="请抓紧", at=MON_14)

    owed = ticket.obligations.get(kind="urge_answer")
    assert (owed.due_at, owed.unit) == (TUE_DUE, cast.kefu)
    assert rights.todo(ticket, cast.kefu_officer, TUE_9) == "answer_urge"
    ticket = workflow.answer_urge(ticket, by=cast.kefu_officer, text="明天派人", at=TUE_9)
    assert ticket.obligations.get(kind="urge_answer").met_at == TUE_9
    assert reply(ticket).met_at is None  # it is no formal reply


def test_it_owes_one_answer_to_several_urgings(cast: Cast, ticket: Ticket) -> None:
    workflow.urge(ticket, by=cast.qifa_officer, text="请抓紧", at=MON_14)
    workflow.urge(ticket, by=cast.qifa_head, text="再次督促", at=TUE_9)

    assert ticket.obligations.filter(kind="urge_answer").count() == 1


def test_it_answers_the_urging_with_the_formal_reply(cast: Cast, ticket: Ticket) -> None:
    workflow.urge(ticket, by=cast.qifa_officer, text="请抓紧", at=MON_14)

    workflow.plan(ticket, by=cast.kefu_officer, text="周五前", day=FRI, at=TUE_9)

    assert ticket.obligations.get(kind="urge_answer").met_at == TUE_9


def test_it_misses_the_answer_to_the_urging(cast: Cast, ticket: Ticket) -> None:
    workflow.urge(ticket, by=cast.qifa_officer, text="请抓紧", at=MON_14)

    ticket = workflow.answer_urge(ticket, by=cast.kefu_officer, text="来不及", at=WED_10)

    assert ticket.obligations.get(kind="urge_answer").missed_at == TUE_DUE
    assert reply(ticket).missed_at == TUE_DUE
    assert ticket.missed


def test_it_is_reminded_of_once_a_working_day_after_the_due(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(WrongState):
        workflow.remind(ticket, by=cast.ludong_head, at=TUE_DUE)

    workflow.remind(ticket, by=cast.ludong_head, at=WED_10)
    with pytest.raises(WrongState):
        workflow.remind(ticket, by=cast.ludong_officer, at=may(13, 17))
    workflow.remind(ticket, by=cast.ludong_officer, at=THU_10)

    assert ticket.entries.filter(kind="reminded").count() == 2


def test_it_is_reported_to_a_superior_who_may_open_it(cast: Cast, filed: File) -> None:
    ticket = filed(by=cast.kefu_head, responsible=cast.ludong)
    assert ticket not in Ticket.objects.visible_to(cast.market_head)

    workflow.report(ticket, by=cast.qifa_officer, text="长期不答复", at=WED_10)

    assert ticket in Ticket.objects.visible_to(cast.market_head)  # above an agent: its managing department
    assert Alert.objects.filter(user=cast.market_head, kind="ticket-reported").exists()


# ── level 2 ─────────────────────────────────────────────────────────────────────────────────────


def test_it_leaves_out_level_two_while_held(cast: Cast, ticket: Ticket) -> None:
    duty = workflow.hold(reply(ticket), by=cast.qifa_officer, reason="责任方已在现场", at=TUE_LATE)

    assert duty.held
    assert duty.next_step_at == may(15, 18)  # level 3, three working days after
    with pytest.raises(WrongState):
        workflow.hold(duty, by=cast.qifa_officer, reason="再次", at=WED_10)


def test_it_is_told_at_once_when_advanced(cast: Cast, ticket: Ticket) -> None:
    held = workflow.hold(reply(ticket), by=cast.qifa_officer, reason="等现场", at=TUE_LATE)

    duty = workflow.advance(held, by=cast.qifa_officer, reason="客户停产", at=TUE_LATE)

    event = LadderEvent.objects.get()
    ticket.refresh_from_db()
    assert (event.level, event.at, event.due_version, ticket.level, duty.held) == (2, TUE_LATE, 1, 2, False)
    assert Tally.objects.get(unit=cast.kefu, day=TUE_LATE.date()).escalated == 1
    assert ticket in Ticket.objects.visible_to(cast.office_head)
    for verb in (workflow.advance, workflow.hold):
        with pytest.raises(WrongState):
            verb(duty, by=cast.qifa_officer, reason="再次", at=WED_10)


def test_it_holds_nothing_back_against_the_supervisors_themselves(cast: Cast, filed: File) -> None:
    ticket = filed(responsible=cast.qifa)

    with pytest.raises(Refused):
        workflow.hold(reply(ticket), by=cast.qifa_head, reason="自己的事", at=TUE_LATE)


def test_it_holds_nothing_that_is_no_longer_owed(cast: Cast, ticket: Ticket) -> None:
    duty = reply(ticket)
    workflow.plan(ticket, by=cast.kefu_officer, text="周五前", day=FRI, at=TUE_9)

    with pytest.raises(WrongState):
        workflow.hold(duty, by=cast.qifa_officer, reason="原因", at=WED_10)
