"""What the responsible unit does until the matter is resolved. Only a formal reply stops the reply clock (rule 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from channelportal.core import parameters
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import StoredFile
from feedback import deadlines, rights
from feedback.ladder import Target
from feedback.models import Assist, Entry, Obligation, Question, Ticket
from feedback.workflow import base, figures

Kind = Obligation.Kind


def take(ticket: Ticket, *, by: User, at: datetime | None = None) -> Ticket:
    """An officer or the head of the responsible unit takes it on himself; from a colleague only the head or a deputy. Of two
    at once the second finds it taken."""
    with base.handling("take", ticket, by=by, at=at) as matter:
        if matter.ticket.assignee_id == by.pk:
            raise WrongState(_("You have taken this already."))
        if matter.ticket.assignee_id and rights.refusal("assign", matter.ticket, by):
            raise WrongState(_("Somebody else has taken it. The head can give it to you."))
        matter.set(assignee=by)
        matter.write(Entry.Kind.TAKEN)
        matter.tell("taken", Target.ASKER)
    return matter.ticket


def assign(ticket: Ticket, *, by: User, to: User, at: datetime | None = None) -> Ticket:
    """The head gives it to somebody of his unit, an employee too, who may then answer it."""
    with base.handling("assign", ticket, by=by, at=at) as matter:
        if to.unit_id != matter.ticket.responsible_id or not to.is_active:
            raise Invalid("to", _("Choose somebody of the responsible unit."))
        if to.pk == matter.ticket.accused_id:
            raise Invalid("to", _("The complaint is about this person."))
        if to.pk == matter.ticket.assignee_id:
            raise Invalid("to", _("It is assigned to this person already."))
        matter.set(assignee=to)
        matter.write(Entry.Kind.ASSIGNED, data={"to": to.pk})
        matter.facts |= {"to": to.pk}
        matter.tell("assigned", people=[to])
    return matter.ticket


def pass_on(ticket: Ticket, *, by: User, to: Unit, reason: str, at: datetime | None = None) -> Ticket:
    """To the unit that should answer (rule 9): it owes a REPLY from today. The old unit's is voided if this is before its due,
    else it stays missed. A second time only 企发部 may."""
    reason = base.reason_of(reason)
    with base.handling("pass_on", ticket, by=by, at=at) as matter:
        old = matter.ticket.responsible
        _check_target(matter.ticket, to)
        matter.settle()
        reply = matter.one(Kind.REPLY)
        outcome = deadlines.pass_on(
            matter.policy,
            matter.calendar,
            at=matter.at,
            severity=matter.ticket.severity,
            old_due_at=reply.due_at if reply else matter.at,
            passed_before=matter.ticket.passed_on,
        )
        matter.void_all("passed_on")
        matter.drop_requests()
        matter.drop_question()
        matter.set(responsible=to, assignee=None, passed_on=matter.ticket.passed_on + 1, level=0)
        duty = matter.owe(Kind.REPLY, outcome.due)
        matter.write(
            Entry.Kind.PASSED_ON, reason, data={"from": old.pk, "to": to.pk, "due": duty.due_at.isoformat()}
        )  # fmt: skip
        matter.refresh_due()
        matter.counts.add(to.pk, matter.today, received=1)
        matter.facts |= {"from": old.pk, "to": to.pk}
        matter.tell("passed_on", Target.ASSIGNEE, text=reason)
        matter.tell("passed_on_asker", Target.ASKER, text=reason)
    return matter.ticket


def _check_target(ticket: Ticket, to: Unit) -> None:
    if not to.active:
        raise Invalid("to", _("This unit is no longer active."))
    if to.pk == ticket.responsible_id:
        raise Invalid("to", _("This unit has it already."))
    if to.pk == ticket.asker_id:
        raise Invalid("to", _("A unit cannot ask itself."))
    if ticket.restricted:
        raise Invalid("to", _("A complaint kept to named people is not passed on."))


# ── questions ───────────────────────────────────────────────────────────────────────────────────


def ask(
    ticket: Ticket,
    *,
    by: User,
    text: str,
    files: Sequence[StoredFile] = (),
    pause: bool = False,
    at: datetime | None = None,
) -> Ticket:
    """Ask the asker back. The reply clock never pauses (rule 10); `pause`: a promise does, if its due has not passed, until the
    answer comes."""
    text = base.words("text", text)
    with base.handling("ask", ticket, by=by, at=at) as matter:
        if matter.ticket.question_open:
            raise WrongState(_("A question is open already."))
        promise = _to_pause(matter) if pause else None
        entry = matter.write(Entry.Kind.QUESTION, text, files=files, data={"pause": promise is not None})
        question = Question.objects.create(
            ticket=matter.ticket, round=matter.ticket.round, entry=entry, asked_at=matter.at, paused=promise,
            paused_from=matter.today if promise else None,
        )  # fmt: skip
        matter.set(question_open=True)
        matter.hold_question(question)
        if promise:
            matter.sleep(promise)
            matter.write(Entry.Kind.PAUSED, data=base.duty_data(promise))
        matter.tell("question", Target.ASKER, text=text)
    return matter.ticket


def _to_pause(matter: base.Matter) -> Obligation:
    promise = matter.one(Kind.PROMISE)
    if promise is None:
        raise Invalid("pause", _("Only a promised day can be paused. The time to the formal reply never is."))
    try:
        deadlines.check_pause(asked_at=matter.at, due_at=promise.due_at)
    except deadlines.BadPause as bad:
        raise Invalid("pause", bad.message) from bad
    if promise.missed_at is not None:
        raise Invalid("pause", deadlines.BadPause("late").message)
    return promise


def answer_question(
    ticket: Ticket, *, by: User, text: str, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Ticket:
    """The asker answers; a promise that was paused goes on, later by the whole working days that the question was open."""
    text = base.words("text", text)
    with base.handling("answer_question", ticket, by=by, at=at) as matter:
        question = matter.question
        if question is None:
            raise WrongState(_("No question is open."))
        matter.write(Entry.Kind.ANSWER, text, files=files, data={"question": question.entry_id})
        figures.index_more(matter.ticket, text)
        resume(matter, question)
        matter.tell("question_answered", Target.ASSIGNEE, text=text)
    return matter.ticket


def resume(matter: base.Matter, question: Question) -> None:
    """Close the question, and give the paused promise its days back."""
    promise = next((duty for duty in matter.duties if duty.pk == question.paused_id and duty.running), None)
    if promise:
        answered = {"due_at": promise.due_at, "asked_at": question.asked_at, "answered_at": matter.at}
        days = deadlines.paused_days(matter.policy, matter.calendar, question.asked_at, matter.at)
        due = deadlines.resume_due(matter.policy, matter.calendar, **answered)
        question.paused_days = max(0, days)
        matter.drop_question()
        question.save(update_fields=["paused_days"])
        matter.move(promise, due) if due.at != promise.due_at else matter.wake(promise)
        matter.write(Entry.Kind.RESUMED, data={**base.duty_data(promise), "days": question.paused_days})
        return
    matter.drop_question()


def note(
    ticket: Ticket,
    *,
    by: User,
    text: str,
    side: str = "responsible",
    files: Sequence[StoredFile] = (),
    at: datetime | None = None,
) -> Ticket:
    """A line for the people of one side (`Entry.Side`): no answer, and no clock minds it."""
    text = base.words("text", text)
    if side not in Entry.Side.values:
        raise Invalid("side", _("There is no such side."))
    with base.handling("note", ticket, by=by, at=at) as matter:
        if side == Entry.Side.RESPONSIBLE and by.unit_id == matter.ticket.asker_id:
            raise Invalid("side", _("Write a note for your own side, or for everyone concerned."))
        if side == Entry.Side.ASKER and by.unit_id == matter.ticket.responsible_id:
            raise Invalid("side", _("Write a note for your own side, or for everyone concerned."))
        matter.write(Entry.Kind.NOTE, text, files=files, side=side)
        matter.facts |= {"side": side}
        if side in (Entry.Side.ALL, Entry.Side.RESPONSIBLE):
            matter.tell("noted", people=[matter.ticket.assignee_id])
    return matter.ticket


# ── the formal reply that ends it ───────────────────────────────────────────────────────────────


def resolve(
    ticket: Ticket, *, by: User, text: str, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Ticket:
    """解决: the formal reply that meets everything owed. The asker has some days to confirm it or to reopen."""
    text = base.words("text", text)
    with base.handling("resolve", ticket, by=by, at=at) as matter:
        matter.settle()
        if question := matter.question:  # nobody waits for the asker any more
            resume(matter, question)
        reply_given(matter)
        for duty in matter.running(*base.RESPONSIBLE):
            matter.meet(duty)
        matter.drop_requests()
        matter.write(Entry.Kind.RESOLUTION, text, files=files)
        figures.index_more(matter.ticket, text)
        matter.set(resolved_at=matter.at)
        matter.counts.add(matter.ticket.responsible_id, matter.today, resolved=1)
        confirmation = deadlines.confirm_due(matter.policy, matter.calendar, matter.at)
        matter.owe(Kind.CONFIRM, confirmation, unit=matter.ticket.asker_id)
        matter.tell("resolved", Target.ASKER, text=text, by_day=confirmation.day.isoformat())
    return matter.ticket


def reply_given(matter: base.Matter) -> None:
    """The first formal reply of the round: its moment on the ticket, and how long it took in office hours."""
    ticket = matter.ticket
    if ticket.answered_at is not None:
        return
    matter.set(answered_at=matter.at)
    reply = matter.one(Kind.REPLY)
    if reply is None:
        return
    close = matter.policy.close_of_business
    opens = min(parameters.current().delivery_from, close)
    minutes = figures.working_minutes(matter.calendar, reply.created_at, matter.at, opens=opens, closes=close)
    matter.counts.add(ticket.responsible_id, matter.today, answers=1, answer_minutes=minutes)


# ── assisting units ─────────────────────────────────────────────────────────────────────────────


def ask_assist(
    ticket: Ticket, *, by: User, unit: Unit, task: str, day: date | None, at: datetime | None = None
) -> Assist:
    """An inner sub-task for another unit, due before the leader's own (rule 11); `day` None: some hours before."""
    task = base.words("task", task, most=300)
    with base.handling("ask_assist", ticket, by=by, at=at) as matter:
        if unit.pk in (matter.ticket.responsible_id, matter.ticket.asker_id) or not unit.active:
            raise Invalid("unit", _("Choose another unit."))
        if Assist.objects.filter(ticket=matter.ticket, unit=unit, done_at=None).exists():
            raise Invalid("unit", _("This unit was asked already."))
        if matter.ticket.restricted:
            raise Invalid("unit", _("Other units do not see a complaint kept to named people."))
        due_at = _assist_due(matter, day)
        assist = Assist.objects.create(
            ticket=matter.ticket, unit=unit, task=task, due_at=due_at, asked_by=by, asked_at=matter.at
        )
        data = {"assist": assist.pk, "unit": unit.pk, "due": due_at.isoformat()}
        matter.write(Entry.Kind.ASSIST_ASKED, task, data=data, side=Entry.Side.RESPONSIBLE)
        matter.facts |= data
        matter.tell("assist_asked", Target.ASSIGNEE, unit=unit, text=task, assist_due=due_at.isoformat())
    return assist


def _assist_due(matter: base.Matter, day: date | None) -> datetime:
    lead = base.earliest(matter.ticket, matter.running())
    if lead is None:
        raise WrongState(_("Nothing is owed at the moment."))
    close: time = matter.policy.close_of_business
    wanted = matter.calendar.close_of_business(day, close) if day else None
    if wanted and wanted == lead.due_at:  # the leader's own day: shortly before him
        wanted = None
    try:
        return deadlines.assist_due(
            matter.policy, matter.calendar, at=matter.at, lead_due_at=lead.due_at, wanted=wanted
        )
    except deadlines.BadAssist as bad:
        raise Invalid("day", bad.message) from bad


def deliver_assist(
    assist: Assist, *, by: User, text: str, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Assist:
    """The assisting unit delivers to the leading one."""
    text = base.words("text", text)
    with base.handling("deliver_assist", assist.ticket, by=by, at=at) as matter:
        fresh = Assist.objects.get(pk=assist.pk)
        if fresh.done_at is not None or fresh.unit_id != by.unit_id:
            raise WrongState(_("This was delivered already."))
        fresh.done_at, fresh.done_by = matter.at, by
        fresh.save(update_fields=["done_at", "done_by"])
        data = {"assist": fresh.pk, "unit": fresh.unit_id, "late": matter.at > fresh.due_at}
        matter.write(Entry.Kind.ASSIST_DONE, text, files=files, data=data, side=Entry.Side.RESPONSIBLE)
        matter.tell("assist_done", Target.ASSIGNEE, text=text, unit_name=fresh.unit.name)
    return fresh
