"""What the responsible unit does, and what of it counts as an answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.access import Refused
from channelportal.core import search
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, OutboxMessage
from feedback import rights, workflow
from feedback.models import Tally, Ticket
from tests.feedback.workflow.moments import FRI, MON_14, TUE_9, TUE_DUE, TUE_LATE, WED_10, may
from tests.people import Cast

File = Callable[..., Ticket]


def test_it_is_on_time_at_the_due_moment_itself(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.resolve(ticket, by=cast.kefu_officer, text="已更换密封圈", at=TUE_DUE)

    reply = ticket.obligations.get(kind="reply")
    tally = Tally.objects.get(unit=cast.kefu, day=TUE_DUE.date())
    assert (reply.met_at, reply.missed_at, ticket.missed) == (TUE_DUE, None, False)
    assert (tally.replies_on_time, tally.replies_late, tally.resolved, tally.answers) == (1, 0, 1, 1)


def test_it_is_missed_a_second_later_whether_or_not_the_sweep_has_come(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.resolve(ticket, by=cast.kefu_officer, text="已更换密封圈", at=TUE_LATE)

    reply = ticket.obligations.get(kind="reply")
    tally = Tally.objects.get(unit=cast.kefu, day=TUE_DUE.date())
    assert (reply.met_at, reply.missed_at, ticket.missed) == (TUE_LATE, TUE_DUE, True)
    assert (tally.replies_on_time, tally.replies_late) == (0, 1)
    assert ticket.entries.get(kind="missed").at == TUE_DUE
    assert ticket.entries.get(kind="missed").by is None


def test_it_asks_the_asker_to_confirm(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.resolve(ticket, by=cast.kefu_officer, text="已更换密封圈", at=TUE_9)

    confirmation = ticket.obligations.get(kind="confirm")
    assert (confirmation.unit, confirmation.due_at) == (cast.ludong, may(19, 18))
    assert (ticket.state, ticket.due_at, ticket.due_kind) == ("resolved", None, "")
    assert rights.todo(ticket, cast.ludong_head, TUE_9) == "confirm"
    assert list(Ticket.objects.filter(pk__in=search.find("ticket", "密封圈"))) == [ticket]


def test_it_needs_words(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(Invalid, match="text"):
        workflow.resolve(ticket, by=cast.kefu_officer, text=" \u200b ", at=TUE_9)


@pytest.mark.parametrize("verb", ["take", "ask", "note"])
def test_it_counts_nothing_else_as_an_answer(cast: Cast, ticket: Ticket, verb: str) -> None:
    text = {} if verb == "take" else {"text": "收到，正在了解"}

    ticket = getattr(workflow, verb)(ticket, by=cast.kefu_officer, at=TUE_9, **text)

    reply = ticket.obligations.get()
    assert (reply.met_at, reply.due_at, ticket.answered_at, ticket.due_at) == (None, TUE_DUE, None, TUE_DUE)
    assert rights.todo(ticket, cast.kefu_officer, TUE_9) == "reply"


def test_it_is_answered_by_an_employee_to_whom_it_was_assigned(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.assign(ticket, by=cast.kefu_head, to=cast.kefu_member, at=MON_14)
    assert rights.todo(ticket, cast.kefu_member, TUE_9) == "reply"
    assert rights.todo(ticket, cast.kefu_officer, TUE_9) is None

    assert workflow.resolve(ticket, by=cast.kefu_member, text="已处理", at=TUE_9).state == "resolved"


def test_it_is_assigned_within_the_unit_only(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(Invalid, match="to"):
        workflow.assign(ticket, by=cast.kefu_head, to=cast.dev_officer, at=MON_14)


def test_it_is_taken_once(cast: Cast, ticket: Ticket) -> None:
    workflow.take(ticket, by=cast.kefu_deputy, at=MON_14)

    with pytest.raises(WrongState):
        workflow.take(ticket, by=cast.kefu_officer, at=MON_14)

    assert workflow.take(ticket, by=cast.kefu_head, at=MON_14).assignee == cast.kefu_head


def test_it_is_told_to_who_took_it(cast: Cast, ticket: Ticket) -> None:
    workflow.take(ticket, by=cast.kefu_deputy, at=MON_14)
    Alert.objects.all().delete()

    workflow.urge(ticket, by=cast.qifa_officer, text="请抓紧", at=TUE_9)

    assert set(Alert.objects.values_list("user", flat=True)) == {cast.kefu_deputy.pk, cast.kefu_head.pk}


# ── passing on (rule 9) ─────────────────────────────────────────────────────────────────────────


def test_it_gives_the_next_unit_its_own_time(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.pass_on(ticket, by=cast.kefu_officer, to=cast.quality, reason="质量问题", at=TUE_9)

    old, new = ticket.obligations.order_by("pk")
    assert (old.voided_at, old.void_reason, old.missed_at) == (TUE_9, "passed_on", None)
    assert (new.unit, new.due_at, ticket.due_at) == (cast.quality, may(13, 18), may(13, 18))
    assert ticket.anchor == may(11).date()  # the asker's time never resets
    assert ticket in Ticket.objects.visible_to(cast.kefu_officer)


def test_it_leaves_what_was_missed_with_the_old_unit(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.pass_on(ticket, by=cast.kefu_officer, to=cast.quality, reason="质量问题", at=WED_10)

    old, new = ticket.obligations.order_by("pk")
    assert (old.missed_at, old.met_at, old.running) == (TUE_DUE, None, False)
    assert (new.missed_at, new.due_at) == (None, may(14, 18))
    assert Tally.objects.get(unit=cast.kefu, day=TUE_DUE.date()).replies_late == 1


def test_it_needs_the_supervisors_the_second_time(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.pass_on(ticket, by=cast.kefu_officer, to=cast.quality, reason="质量问题", at=MON_14)

    with pytest.raises(Refused, match="企发部"):
        workflow.pass_on(ticket, by=cast.quality_head, to=cast.dev, reason="设计问题", at=TUE_9)

    assert (
        workflow.pass_on(ticket, by=cast.qifa_officer, to=cast.dev, reason="设计问题", at=TUE_9).responsible == cast.dev
    )


@pytest.mark.parametrize("unit", ["kefu", "ludong"])
def test_it_is_not_passed_to_either_side(cast: Cast, ticket: Ticket, unit: str) -> None:
    with pytest.raises(Invalid, match="to"):
        workflow.pass_on(ticket, by=cast.kefu_officer, to=getattr(cast, unit), reason="不清楚", at=MON_14)


def test_it_is_not_passed_on_once_it_was_answered(cast: Cast, ticket: Ticket) -> None:
    planned = workflow.plan(ticket, by=cast.kefu_officer, text="派人", day=FRI, at=MON_14)

    with pytest.raises(WrongState):
        workflow.pass_on(planned, by=cast.kefu_officer, to=cast.quality, reason="质量问题", at=TUE_9)


# ── questions (rule 10) ─────────────────────────────────────────────────────────────────────────


def test_it_asks_one_question_at_a_time(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.ask(ticket, by=cast.kefu_officer, text="哪一批?", at=MON_14)

    with pytest.raises(WrongState):
        workflow.ask(ticket, by=cast.kefu_officer, text="几台?", at=TUE_9)

    assert rights.todo(ticket, cast.ludong_officer, TUE_9) == "answer_question"
    assert not workflow.answer_question(ticket, by=cast.ludong_head, text="三月批次", at=TUE_9).question_open


def test_it_never_pauses_the_reply(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(Invalid, match="pause"):
        workflow.ask(ticket, by=cast.kefu_officer, text="哪一批?", pause=True, at=MON_14)


def test_it_drops_the_question_when_it_answers(cast: Cast, ticket: Ticket) -> None:
    ticket = workflow.ask(ticket, by=cast.kefu_officer, text="哪一批?", at=MON_14)

    ticket = workflow.resolve(ticket, by=cast.kefu_officer, text="已全部更换", at=TUE_9)

    assert not ticket.question_open
    assert ticket.questions.get().answered_at == TUE_9


# ── notes and their readers ─────────────────────────────────────────────────────────────────────


def test_it_shows_inner_notes_to_one_side(cast: Cast, ticket: Ticket) -> None:
    workflow.note(ticket, by=cast.kefu_officer, text="库房没有备件", side="responsible", at=MON_14)

    assert "responsible" in rights.sides_seen(ticket, cast.kefu_head)
    assert "responsible" not in rights.sides_seen(ticket, cast.ludong_head)
    assert not search.find("ticket", "备件")


def test_it_writes_no_note_into_the_other_side(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(Invalid, match="side"):
        workflow.note(ticket, by=cast.ludong_officer, text="催一催", side="responsible", at=MON_14)


# ── assisting units (rule 11) ───────────────────────────────────────────────────────────────────


def test_it_asks_for_help_before_its_own_due(cast: Cast, ticket: Ticket) -> None:
    assist = workflow.ask_assist(ticket, by=cast.kefu_officer, unit=cast.dev, task="核对图纸", day=None, at=MON_14)

    assert MON_14 < assist.due_at < TUE_DUE
    assert rights.todo(ticket, cast.dev_officer, TUE_9) == "deliver_assist"
    done = workflow.deliver_assist(assist, by=cast.dev_officer, text="图纸无误", at=TUE_9)
    assert (done.done_at, done.done_by) == (TUE_9, cast.dev_officer)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.due_at) == ("open", TUE_DUE)  # the leading unit still owes


def test_it_gives_no_help_after_its_own_due(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(Invalid, match="day"):
        workflow.ask_assist(ticket, by=cast.kefu_officer, unit=cast.dev, task="核对图纸", day=FRI, at=MON_14)


def test_it_asks_a_unit_once(cast: Cast, ticket: Ticket) -> None:
    assist = workflow.ask_assist(ticket, by=cast.kefu_officer, unit=cast.dev, task="核对图纸", day=None, at=MON_14)

    with pytest.raises(Invalid, match="unit"):
        workflow.ask_assist(ticket, by=cast.kefu_officer, unit=cast.dev, task="再核对", day=None, at=MON_14)

    workflow.deliver_assist(assist, by=cast.dev_officer, text="图纸无误", at=TUE_9)
    with pytest.raises(Refused):
        workflow.deliver_assist(assist, by=cast.dev_officer, text="又一次", at=TUE_9)


# ── mails that no longer say the truth ──────────────────────────────────────────────────────────


def test_it_cancels_waiting_mails_about_a_due_that_is_gone(cast: Cast, ticket: Ticket) -> None:
    duty = ticket.obligations.get()
    waiting = OutboxMessage.objects.create(
        key="x", kind="ticket-reminder", user=cast.kefu_officer, subject_key=f"obligation:{duty.pk}:1"
    )

    workflow.resolve(ticket, by=cast.kefu_officer, text="已处理", at=TUE_9)

    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
