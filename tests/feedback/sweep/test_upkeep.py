"""Silence, unanswered questions, lapsed requests, the watch list."""

from __future__ import annotations

from channelportal.core.models import Alert
from feedback import workflow
from feedback.models import Extension, SeverityRequest, Tally, Ticket
from feedback.upkeep import upkeep
from tests.feedback.workflow.moments import may
from tests.people import Cast


def again(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_it_closes_after_five_working_days_of_silence_unrated(ticket: Ticket, cast: Cast) -> None:
    workflow.resolve(ticket, by=cast.kefu_officer, text="已更换。", at=may(12))  # due Tue 19 18:00

    upkeep(may(19, 18))
    assert again(ticket).state == "resolved"
    upkeep(may(19, 18, 1))

    closed = again(ticket)
    assert (closed.state, closed.ending, closed.rating_answer) == ("closed", "silent", None)
    assert Tally.objects.get(unit=cast.kefu, day="2026-05-19").closed_silent == 1


def test_it_reminds_of_a_question_after_two_working_days_and_proposes_closing_after_ten(
    ticket: Ticket, cast: Cast
) -> None:
    workflow.ask(ticket, by=cast.kefu_officer, text="是哪个型号？", at=may(11, 15))

    upkeep(may(13, 18))
    assert not Alert.objects.filter(kind="ticket-question_reminder").exists()
    upkeep(may(13, 18, 1))
    upkeep(may(13, 18, 30))
    assert Alert.objects.filter(kind="ticket-question_reminder", user=cast.ludong_head).count() == 1

    upkeep(may(25, 18, 1))
    upkeep(may(26, 9))
    assert Alert.objects.filter(kind="ticket-close_proposed", user=cast.qifa_head).count() == 1


def test_it_lapses_what_nobody_decided_before_it_was_due(ticket: Ticket, cast: Cast) -> None:
    workflow.ask_severity(ticket, by=cast.kefu_head, to="major", reason="涉及两家重点客户。", at=may(12, 9))

    upkeep(may(12, 18, 1))

    assert SeverityRequest.objects.get().state == "lapsed"


def test_it_lapses_an_extension_that_nobody_granted_in_time(ticket: Ticket, cast: Cast) -> None:
    workflow.plan(ticket, by=cast.kefu_officer, text="周四更换。", day=may(14).date(), at=may(12))
    workflow.ask_extension(ticket, by=cast.kefu_officer, day=may(18).date(), reason="配件未到。", at=may(14, 9))

    upkeep(may(14, 18, 1))

    assert Extension.objects.get().state == "lapsed"


def test_it_puts_a_ticket_on_the_watch_list_when_it_is_three_working_days_late(ticket: Ticket) -> None:
    upkeep(may(15, 18))
    assert not again(ticket).watched

    upkeep(may(15, 18, 1))

    assert again(ticket).watched
