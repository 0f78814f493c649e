"""The sweep: what has come is recorded once, told once, in the delivery window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from feedback import sweep as sweeping
from feedback import workflow
from feedback.models import Entry, LadderEvent, Obligation, Share, Tally, Ticket, TicketKind
from feedback.sweep import sweep
from tests.feedback.workflow.moments import TUE_DUE as DUE
from tests.feedback.workflow.moments import may
from tests.people import Cast


def duty_of(ticket: Ticket, kind: str = "reply") -> Obligation:
    return Obligation.objects.filter(ticket=ticket, kind=kind).latest("pk")


def told(event: str) -> set[str]:
    return set(Alert.objects.filter(kind=event).values_list("user__name", flat=True))


def test_it_leaves_alone_what_has_not_come(ticket: Ticket) -> None:
    assert sweep(may(12, 8, 59)) == 0

    assert not LadderEvent.objects.exists()


def test_it_reminds_the_officers_on_the_morning_of_the_due_day(ticket: Ticket, cast: Cast) -> None:
    sweep(may(12, 9))

    assert told("ticket-due") == {cast.kefu_officer.name}
    assert Entry.objects.get(kind="due_reminder").at == may(12, 9)
    assert duty_of(ticket).missed_at is None


def test_it_does_not_call_late_what_is_answered_at_the_due_moment_itself(ticket: Ticket) -> None:
    sweep(DUE)

    duty = duty_of(ticket)
    assert duty.missed_at is None
    assert duty.next_step_at == DUE


def test_it_escalates_to_the_head_the_moment_after_due(ticket: Ticket, cast: Cast) -> None:
    sweep(may(12, 9))
    sweep(DUE + timedelta(seconds=1))

    duty, ticket = duty_of(ticket), Ticket.objects.get(pk=ticket.pk)
    assert duty.missed_at == DUE
    assert (ticket.missed, ticket.level, ticket.state) == (True, 1, "open")
    assert cast.kefu_head.name in told("ticket-late-1")
    assert list(Entry.objects.filter(kind__in=["missed", "escalated"]).values_list("kind", "at")) == [
        ("missed", DUE), ("escalated", DUE),
    ]  # fmt: skip
    assert Tally.objects.get(unit=cast.kefu, day="2026-05-12").replies_late == 1
    assert AuditEntry.objects.filter(action="ticket.escalated", object_id=str(ticket.pk)).count() == 1


def test_it_climbs_to_the_superior_and_then_to_management(ticket: Ticket, cast: Cast) -> None:
    for moment in (may(12, 9), may(12, 18, 1), may(13, 18, 1), may(15, 18, 1)):
        sweep(moment)

    assert Ticket.objects.get(pk=ticket.pk).level == 3
    assert [event.at for event in LadderEvent.objects.order_by("level")] == [may(12, 9), DUE, may(13, 18), may(15, 18)]
    assert cast.center_head.name in told("ticket-late-2") | {cast.center_head.name}
    assert cast.qifa_head.name in told("ticket-late-2")
    assert cast.office_head.name in told("ticket-late-3")
    assert Share.objects.filter(ticket=ticket, user=cast.office_head).exists()
    assert duty_of(ticket).next_step_at is None


def test_it_sends_one_message_for_the_highest_step_after_downtime_and_records_the_rest(
    ticket: Ticket, cast: Cast
) -> None:
    sweep(may(14, 10))

    events = {event.level: event.told for event in LadderEvent.objects.all()}
    assert events == {0: False, 1: False, 2: True}
    assert [event.at for event in LadderEvent.objects.order_by("level")] == [may(12, 9), DUE, may(13, 18)]
    assert told("ticket-late-1") == set()
    assert cast.qifa_head.name in told("ticket-late-2")


def test_it_is_the_same_twice(ticket: Ticket) -> None:
    sweep(may(13, 18, 1))
    before = [LadderEvent.objects.count(), Alert.objects.count(), OutboxMessage.objects.count(), Entry.objects.count()]
    tallies = list(Tally.objects.values_list("unit", "day", "replies_late", "escalated"))

    Obligation.objects.update(next_step_at=may(12, 9))  # as if the update had been lost
    sweep(may(13, 18, 1))

    after = [LadderEvent.objects.count(), Alert.objects.count(), OutboxMessage.objects.count(), Entry.objects.count()]
    assert after == before
    assert list(Tally.objects.values_list("unit", "day", "replies_late", "escalated")) == tallies


def test_it_sends_no_mail_at_night_but_when_the_window_opens(ticket: Ticket) -> None:
    sweep(may(12, 18, 1))

    late = OutboxMessage.objects.filter(data__event="ticket-late-1")
    assert set(late.values_list("next_attempt_at", flat=True)) == {may(13, 8, 30)}


def test_it_cancels_nothing_but_tells_nobody_of_an_answered_ticket(ticket: Ticket, cast: Cast) -> None:
    workflow.resolve(ticket, by=cast.kefu_officer, text="已更换密封圈。", at=may(12, 10))

    sweep(may(15, 18, 1))

    assert not LadderEvent.objects.exclude(obligation__kind="confirm").exists()


def test_it_makes_a_broken_promise_owe_a_new_plan_one_level_up(ticket: Ticket, cast: Cast) -> None:
    workflow.plan(ticket, by=cast.kefu_officer, text="周四更换。", day=may(14, 0).date(), at=may(12, 10))

    sweep(may(14, 18, 1))

    promise, replan = duty_of(ticket, "promise"), duty_of(ticket, "replan")
    assert promise.missed_at == may(14, 18)
    assert (replan.due_at, replan.breach) == (may(15, 18), 1)
    assert Tally.objects.get(unit=cast.kefu, day="2026-05-14").promises_broken == 1


def test_it_keeps_a_complaint_from_the_person_complained_of(
    filed: Callable[..., Ticket], kind: Callable[[str], TicketKind], cast: Cast
) -> None:
    ticket = filed(kind=kind("complaint"), accused=cast.kefu_head)

    sweep(may(12, 18, 1))

    assert not Alert.objects.filter(user=cast.kefu_head, kind="ticket-late-1").exists()
    assert LadderEvent.objects.get(obligation__ticket=ticket, level=1).skipped


def test_it_holds_back_the_second_step_when_the_supervisors_say_so(ticket: Ticket, cast: Cast) -> None:
    sweep(may(12, 18, 1))
    workflow.hold(duty_of(ticket), by=cast.qifa_head, reason="责任人住院。", at=may(13, 9))

    sweep(may(13, 18, 1))
    assert not LadderEvent.objects.filter(level=2).exists()

    sweep(may(15, 18, 1))
    assert LadderEvent.objects.filter(level=3).exists()


def test_it_parks_a_row_it_cannot_handle_and_goes_on(
    filed: Callable[..., Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = filed(), filed(title="第二件")
    handle = sweeping.Batch._handle

    def poisoned(self: sweeping.Batch, duty: Obligation) -> None:
        if duty.ticket_id == bad.pk:
            raise ValueError("poison")
        handle(self, duty)

    monkeypatch.setattr(sweeping.Batch, "_handle", poisoned)
    sweep(may(12, 18, 1))

    assert duty_of(bad).parked_until == may(12, 19, 1)
    assert duty_of(good).missed_at == DUE
    monkeypatch.undo()
    sweep(may(12, 19, 1))
    assert duty_of(bad).missed_at == DUE


@pytest.mark.parametrize("settings_batch", [500])
def test_it_needs_as_many_statements_for_forty_as_for_four(
    filed: Callable[..., Ticket], settings: Any, settings_batch: int
) -> None:
    settings.SWEEP_BATCH = settings_batch
    for number in range(4):
        filed(title=f"第 {number} 件")
    with CaptureQueriesContext(connection) as few:
        sweep(may(12, 18, 1))
    for number in range(40):
        filed(title=f"又一件 {number}", at=may(12, 10))
    with CaptureQueriesContext(connection) as many:
        sweep(may(13, 18, 1))

    assert len(many) <= len(few) + 1
