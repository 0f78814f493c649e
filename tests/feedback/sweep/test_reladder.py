"""企发部 changes the ladder while tickets are open: within a minute it holds for all of them."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from channelportal.core import stamps
from channelportal.core.models import Alert, Heartbeat
from feedback import in_force, reladder, workflow
from feedback.models import LadderEvent, LadderStep, Obligation, Ticket
from feedback.sweep import sweep
from tests.feedback.workflow.moments import MON_10, TUE_DUE, TUE_LATE, WED_10, may
from tests.people import Cast


def change(level: int, kind: str = "reply", **values: Any) -> LadderStep:
    """As the page of the ladder does it."""
    step = LadderStep.objects.get(kind=kind, level=level, active=True)
    LadderStep.objects.filter(pk=step.pk).update(**values)
    stamps.bump(in_force.LADDER)
    return step


def next_step(ticket: Ticket) -> datetime | None:
    return Obligation.objects.get(ticket=ticket, kind="reply").next_step_at


def test_it_looks_earlier_when_the_reminder_comes_earlier(ticket: Ticket, cast: Cast) -> None:
    assert next_step(ticket) == may(12, 9)
    change(0, time=time(8, 15))

    sweep(may(11, 11))

    assert next_step(ticket) == may(12, 8, 15)
    sweep(may(12, 8, 15))
    assert Alert.objects.filter(kind="ticket-due", user=cast.kefu_officer).count() == 1


def test_it_looks_at_the_next_step_when_the_reminder_is_given_up(ticket: Ticket) -> None:
    change(0, active=False)

    sweep(may(11, 11))

    assert next_step(ticket) == TUE_DUE


def test_it_finds_a_new_step_for_what_had_none_left(ticket: Ticket) -> None:
    LadderStep.objects.filter(kind="reply", level__gt=1).update(active=False)
    stamps.bump(in_force.LADDER)
    sweep(TUE_LATE)
    assert next_step(ticket) is None
    LadderStep.objects.filter(kind="reply", level=2).update(active=True, days=1)
    stamps.bump(in_force.LADDER)

    sweep(WED_10)

    assert next_step(ticket) == may(13, 18)


def test_it_tells_at_once_what_has_come_by_the_new_ladder(ticket: Ticket) -> None:
    sweep(TUE_LATE)
    change(2, days=0, time=time(18, 30))

    sweep(WED_10)

    event = LadderEvent.objects.get(level=2)
    assert (event.at, event.told) == (may(12, 18, 30), True)


def test_it_records_no_step_a_second_time(ticket: Ticket) -> None:
    sweep(TUE_LATE)
    change(1, days=1)

    sweep(WED_10)
    sweep(may(13, 18, 1))

    assert LadderEvent.objects.filter(level=1).count() == 1


def test_it_leaves_a_paused_promise_asleep(ticket: Ticket, cast: Cast) -> None:
    workflow.plan(ticket, by=cast.kefu_head, text="周五前换好", day=may(15).date(), at=may(11, 14))
    workflow.ask(ticket, by=cast.kefu_head, text="型号？", pause=True, at=may(11, 15))
    promise = Obligation.objects.get(kind="promise")
    assert promise.next_step_at is None
    change(0, kind="promise", time=time(8, 15))

    sweep(may(11, 16))

    promise.refresh_from_db()
    assert promise.next_step_at is None


def test_it_asks_one_short_question_when_nothing_changed(ticket: Ticket) -> None:
    change(0, time=time(8, 15))
    reladder.catch_up(may(11, 11))

    with CaptureQueriesContext(connection) as asked:
        assert reladder.catch_up(may(11, 12)) == 0

    assert len(asked) == 1


def test_it_is_a_fixed_point(ticket: Ticket) -> None:
    change(0, time=time(8, 15))

    assert reladder.renew()[0] == 1
    assert reladder.renew()[0] == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_comes_back_for_what_another_hand_held(ticket: Ticket) -> None:
    """A verb has the ticket in hand at that moment: the others go on, this one follows a minute later."""
    duty = Obligation.objects.get(ticket=ticket)
    change(0, time=time(8, 15))
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM feedback_ticket WHERE id = %s FOR UPDATE", [ticket.pk])
        assert reladder.catch_up(MON_10) == 0
        assert Heartbeat.objects.get(name="ladder").data["left"] == [duty.pk]
        other.rollback()
    finally:
        other.close()

    assert reladder.catch_up(MON_10) == 1
    assert next_step(ticket) == may(12, 8, 15)
    assert Heartbeat.objects.get(name="ladder").data["left"] == []


def test_it_keeps_the_due_version_and_the_due_itself(ticket: Ticket) -> None:
    before = Obligation.objects.values_list("due_at", "due_version").get(ticket=ticket)
    change(1, days=F("days") + 1)

    sweep(may(11, 11))

    assert Obligation.objects.values_list("due_at", "due_version").get(ticket=ticket) == before
