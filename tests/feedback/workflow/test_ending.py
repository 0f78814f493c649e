"""How the loop is closed, opened again, withdrawn, merged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, OutboxMessage
from feedback import workflow
from feedback.models import Obligation, Rating, Tally, Ticket
from tests.feedback.workflow.moments import FRI, MON_10, MON_14, NEXT_MON, TUE_9, TUE_DUE, TUE_LATE, WED_10, may
from tests.people import Cast

File = Callable[..., Ticket]


@pytest.fixture
def resolved(cast: Cast, ticket: Ticket) -> Ticket:
    return workflow.resolve(ticket, by=cast.kefu_officer, text="已更换密封圈", at=TUE_9)


def running(ticket: Ticket) -> list[str]:
    return list(Obligation.objects.running().filter(ticket=ticket).values_list("kind", flat=True))


def test_it_is_confirmed_and_rated(cast: Cast, resolved: Ticket) -> None:
    ticket = workflow.confirm(resolved, by=cast.ludong_officer, answer=5, speed=3, text="很好", at=WED_10)

    tally = Tally.objects.get(unit=cast.kefu, day=WED_10.date())
    assert (ticket.state, ticket.ending, ticket.ended_at) == ("closed", "confirmed", WED_10)
    assert (ticket.rating_answer, ticket.rating_speed, Rating.objects.get().unit) == (5, 3, cast.kefu)
    assert (tally.ratings, tally.rating_answer_sum, tally.rating_speed_sum) == (1, 5, 3)
    assert ticket.obligations.get(kind="confirm").met_at == WED_10
    assert not running(ticket)


@pytest.mark.parametrize(("answer", "speed", "field"), [(0, 5, "answer"), (6, 5, "answer"), (5, 0, "speed")])
def test_it_is_rated_from_one_to_five(cast: Cast, resolved: Ticket, answer: int, speed: int, field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        workflow.confirm(resolved, by=cast.ludong_head, answer=answer, speed=speed, at=WED_10)

    assert wrong.value.field == field


def test_it_is_confirmed_late_without_being_missed(cast: Cast, resolved: Ticket) -> None:
    ticket = workflow.confirm(resolved, by=cast.ludong_head, answer=5, speed=5, at=may(20))

    assert not ticket.missed
    assert not ticket.obligations.filter(missed_at__isnull=False).exists()


# ── reopening ───────────────────────────────────────────────────────────────────────────────────


def test_it_begins_a_new_round(cast: Cast, resolved: Ticket) -> None:
    ticket = workflow.reopen(resolved, by=cast.ludong_head, reason="还在漏", at=WED_10)

    old = ticket.obligations.filter(round=1).values_list("kind", "met_at", "void_reason").order_by("pk")
    assert (ticket.state, ticket.round, ticket.answered_at, ticket.resolved_at, ticket.level) == (
        "open",
        2,
        None,
        None,
        0,
    )
    assert list(old) == [("reply", TUE_9, ""), ("confirm", None, "reopened")]
    assert (ticket.obligations.get(round=2).due_at, ticket.due_at) == (may(14, 18), may(14, 18))
    assert ticket.entries.get(kind="reopened").round == 2
    assert Tally.objects.get(unit=cast.kefu, day=WED_10.date()).reopened == 1


def test_it_tells_the_head_the_second_time_and_the_supervisors_the_third(cast: Cast, resolved: Ticket) -> None:
    ticket = resolved
    told: list[set[str]] = []
    for day in (13, 14, 15):
        Alert.objects.all().delete()
        ticket = workflow.reopen(ticket, by=cast.ludong_head, reason="还在漏", at=may(day, 10))
        told.append(set(Alert.objects.values_list("user__username", flat=True)))
        ticket = workflow.resolve(ticket, by=cast.kefu_officer, text="再次更换", at=may(day, 11))

    assert told == [
        {"kefu.officer"},
        {"kefu.officer", "kefu.head"},
        {"kefu.officer", "kefu.head", "qifa.head", "qifa.officer"},
    ]


def test_it_rates_each_round(cast: Cast, resolved: Ticket) -> None:
    ticket = workflow.reopen(resolved, by=cast.ludong_head, reason="还在漏", at=WED_10)
    ticket = workflow.resolve(ticket, by=cast.kefu_officer, text="再次更换", at=WED_10)

    workflow.confirm(ticket, by=cast.ludong_head, answer=2, speed=2, at=WED_10)

    assert Rating.objects.get().round == 2


# ── withdrawing ─────────────────────────────────────────────────────────────────────────────────


def test_it_voids_what_was_owed(cast: Cast, ticket: Ticket) -> None:
    waiting = OutboxMessage.objects.get()

    ticket = workflow.withdraw(ticket, by=cast.ludong_head, reason="已自行解决", at=MON_14)

    duty = ticket.obligations.get()
    waiting.refresh_from_db()
    assert (ticket.state, ticket.ended_at, ticket.due_at) == ("withdrawn", MON_14, None)
    assert (duty.voided_at, duty.void_reason, duty.met_at, duty.next_step_at) == (MON_14, "withdrawn", None, None)
    assert waiting.state == "cancelled"


def test_it_stays_missed_when_withdrawn_late(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.withdraw(ticket, by=cast.ludong_head, at=TUE_LATE)

    assert (ticket.obligations.get().missed_at, ticket.missed) == (TUE_DUE, True)
    assert Tally.objects.get(unit=cast.kefu, day=TUE_DUE.date()).replies_late == 1


def test_it_is_not_withdrawn_after_the_first_answer(cast: Cast, resolved: Ticket) -> None:
    with pytest.raises(WrongState):
        workflow.withdraw(resolved, by=cast.ludong_head, at=WED_10)
    again = workflow.reopen(resolved, by=cast.ludong_head, reason="还在漏", at=WED_10)

    with pytest.raises(WrongState):
        workflow.withdraw(again, by=cast.ludong_head, at=WED_10)


# ── closing ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("answered", [False, True])
def test_it_is_closed_by_the_supervisors_with_a_reason(cast: Cast, ticket: Ticket, answered: bool) -> None:
    if answered:
        workflow.resolve(ticket, by=cast.kefu_officer, text="已更换", at=MON_14)

    ticket = workflow.close(ticket, by=cast.qifa_officer, reason="双方已面谈解决", at=TUE_9)

    assert (ticket.state, ticket.ending) == ("closed", "reason")
    assert not running(ticket)
    assert not Rating.objects.exists()


def test_it_is_closed_by_silence_after_five_working_days(cast: Cast, resolved: Ticket) -> None:
    with pytest.raises(WrongState):
        workflow.close_silent(resolved, at=may(19, 18))

    ticket = workflow.close_silent(resolved, at=may(19, 18, 0, 1))

    assert (ticket.state, ticket.ending, ticket.rating_answer) == ("closed", "silent", None)
    assert ticket.obligations.get(kind="confirm").void_reason == "silent"
    assert ticket.entries.get(kind="closed").by is None
    assert Tally.objects.get(unit=cast.kefu, day=may(19).date()).closed_silent == 1
    with pytest.raises(WrongState):
        workflow.close_silent(ticket, at=may(20))


# ── duplicates ──────────────────────────────────────────────────────────────────────────────────


def merge(cast: Cast, ticket: Ticket, into: Ticket, **values: Any) -> Ticket:
    return workflow.merge(
        ticket, **({"by": cast.qifa_officer, "into": into, "reason": "同一批水泵", "at": TUE_9} | values)
    )


def test_it_gives_the_earlier_ticket_the_strictest_due(cast: Cast, filed: File) -> None:
    first = filed(severity="major")
    second = filed(by=cast.chuannan_head, at=MON_14)

    merged = merge(cast, second, first)

    first.refresh_from_db()
    duty = first.obligations.get()
    assert (merged.state, merged.merged_into, merged.ended_at, merged.due_at) == ("merged", first, TUE_9, None)
    assert merged.obligations.get().void_reason == "merged"
    assert (duty.due_at, duty.due_version, first.due_at) == (TUE_DUE, 2, TUE_DUE)
    assert first.entries.get(kind="merged").data["from"] == second.pk


def test_it_keeps_the_earlier_due_where_it_is_the_strictest(cast: Cast, filed: File) -> None:
    first, second = filed(), filed(severity="major", at=MON_14)

    merge(cast, second, first)

    assert (first.obligations.get().due_at, first.obligations.get().due_version) == (TUE_DUE, 1)


def test_it_moves_a_promise_forward_too(cast: Cast, filed: File) -> None:
    first, second = filed(), filed(at=MON_14)
    workflow.plan(first, by=cast.kefu_officer, text="下周", day=NEXT_MON, at=MON_14)
    workflow.plan(second, by=cast.kefu_officer, text="本周", day=FRI, at=MON_14)

    merge(cast, second, first)

    first.refresh_from_db()
    assert (first.state, first.due_at) == ("planned", may(15, 18))


def test_it_merges_what_is_late_without_making_the_other_late(cast: Cast, filed: File) -> None:
    first, second = filed(severity="major"), filed(at=MON_14)

    merged = merge(cast, second, first, at=WED_10)

    assert merged.obligations.get().missed_at == TUE_DUE
    assert first.obligations.get().due_at == may(14, 18)


def test_it_merges_only_what_belongs_together(cast: Cast, filed: File) -> None:
    first, second, elsewhere = filed(), filed(at=MON_14), filed(at=MON_14, responsible=cast.dev)
    for ticket, into in ((first, second), (first, first), (elsewhere, first)):
        with pytest.raises(Invalid, match="into"):
            merge(cast, ticket, into)
    workflow.resolve(first, by=cast.kefu_officer, text="已更换", at=MON_14)

    with pytest.raises(Invalid, match="into"):
        merge(cast, second, first)

    assert set(Ticket.objects.values_list("state", flat=True)) == {"open", "resolved"}


def test_it_dates_from_the_first_day(cast: Cast, filed: File) -> None:
    assert filed().created_at == MON_10
