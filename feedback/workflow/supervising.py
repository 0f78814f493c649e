"""Severity, copies, urging, the ladder: what keeps a matter moving (000 5.6, 5.8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from accounts.access import Refused
from accounts.models import User
from channelportal.core import calendar
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib.workdays import local_date
from feedback import deadlines, in_force, ladder, notify
from feedback.ladder import Target
from feedback.models import Entry, LadderEvent, Obligation, Severity, SeverityRequest, Share, Ticket
from feedback.workflow import base

Kind = Obligation.Kind

# ── severity ────────────────────────────────────────────────────────────────────────────────────


def ask_severity(ticket: Ticket, *, by: User, to: str, reason: str, at: datetime | None = None) -> SeverityRequest:
    """一般 ↔ 重大: the responsible unit or the asker asks before the present due; 企发部 confirms (rules 7, 8)."""
    reason = base.reason_of(reason)
    with base.handling("ask_severity", ticket, by=by, at=at) as matter:
        if to not in Severity.values or to == matter.ticket.severity:
            raise Invalid("to", _("Choose the other severity."))
        if matter.ticket.__dict__.get("has_severity"):
            raise WrongState(_("This was asked already."))
        reply = _open_reply(matter)
        try:
            deadlines.check_severity(at=matter.at, due_at=reply.due_at)
        except deadlines.BadSeverity as bad:
            raise Invalid("to", bad.message) from bad
        request = SeverityRequest.objects.create(
            ticket=matter.ticket, to=to, reason=reason, asked_by=by, asked_at=matter.at
        )
        data = {"request": request.pk, "to": to}
        matter.write(Entry.Kind.SEVERITY_ASKED, reason, data=data)
        matter.facts |= data
        matter.tell("severity_asked", Target.SUPERVISORS, text=reason, to=to)
    return request


def _open_reply(matter: base.Matter) -> Obligation:
    reply = matter.one(Kind.REPLY)
    if reply is None or reply.missed_at is not None:
        raise WrongState(deadlines.BadSeverity("too_late").message)
    return reply


def _fresh_request(request: SeverityRequest, by: User) -> SeverityRequest:
    fresh = SeverityRequest.objects.get(pk=request.pk)
    if fresh.state != SeverityRequest.State.ASKED:
        raise WrongState(_("This was decided already."))
    if fresh.asked_by_id == by.pk:
        raise Refused(_("Nobody decides on what he asked for himself."))
    return fresh


def _decide(matter: base.Matter, request: SeverityRequest, state: SeverityRequest.State, by: User) -> None:
    request.state, request.decided_by, request.decided_at = state, by, matter.at
    request.save(update_fields=["state", "decided_by", "decided_at"])


def confirm_severity(request: SeverityRequest, *, by: User, at: datetime | None = None) -> SeverityRequest:
    """企发部 confirms, before the present due: same anchor, the other number of days; to normal never earlier than the
    close of the next working day."""
    with base.handling("confirm_severity", request.ticket, by=by, at=at) as matter:
        fresh = _fresh_request(request, by)
        reply = _open_reply(matter)
        change = deadlines.to_major if fresh.to == Severity.MAJOR else deadlines.to_normal
        anchor, entered_at = _counted_from(matter.ticket, reply)
        try:
            due = change(
                matter.policy, matter.calendar, at=matter.at, anchor=anchor, due_at=reply.due_at, entered_at=entered_at
            )
        except deadlines.BadSeverity as bad:
            raise WrongState(bad.message) from bad
        _decide(matter, fresh, SeverityRequest.State.CONFIRMED, by)
        was = reply.due_at
        matter.set(severity=fresh.to)
        if due.at != was:
            matter.move(reply, due)
        matter.refresh_due()
        data = {"request": fresh.pk, "to": fresh.to, "from_due": was.isoformat(), "due": due.at.isoformat()}
        matter.write(Entry.Kind.SEVERITY_CHANGED, data=data)
        matter.facts |= data
        matter.tell("severity_changed", Target.ASSIGNEE, Target.ASKER, to=fresh.to)
    return fresh


def _counted_from(ticket: Ticket, reply: Obligation) -> tuple[date, datetime | None]:
    """The anchor of this REPLY, and for one entered for somebody the moment of entry."""
    if ticket.passed_on or ticket.round > 1 or ticket.anchor is None:
        return local_date(reply.created_at), None
    return ticket.anchor, ticket.created_at if ticket.entered_by_id else None


def keep_severity(request: SeverityRequest, *, by: User, reason: str, at: datetime | None = None) -> SeverityRequest:
    """企发部 leaves it as it is; the old due stands."""
    reason = base.reason_of(reason)
    with base.handling("keep_severity", request.ticket, by=by, at=at) as matter:
        fresh = _fresh_request(request, by)
        _decide(matter, fresh, SeverityRequest.State.REFUSED, by)
        data = {"request": fresh.pk, "to": fresh.to}
        matter.write(Entry.Kind.SEVERITY_KEPT, reason, data=data)
        matter.facts |= data
        matter.tell("severity_kept", people=[fresh.asked_by_id], text=reason, to=fresh.to)
    return fresh


# ── who sees it ─────────────────────────────────────────────────────────────────────────────────


def copy(ticket: Ticket, *, by: User, at: datetime | None = None) -> Ticket:
    """抄送 to 企发部: onto its watch list (000 5.6)."""
    with base.handling("copy", ticket, by=by, at=at) as matter:
        if matter.ticket.copied:
            raise WrongState(_("The supervising department has a copy already."))
        matter.set(copied=True, watched=True)
        matter.write(Entry.Kind.COPIED)
    return matter.ticket


def share(ticket: Ticket, *, by: User, to: User, at: datetime | None = None) -> Ticket:
    """Let somebody outside the units concerned see it; a kept complaint only by its filer or 企发部's head."""
    with base.handling("share", ticket, by=by, at=at) as matter:
        if not to.is_active or to.pk == matter.ticket.accused_id:
            raise Invalid("to", _("This person cannot be chosen."))
        if Share.objects.filter(ticket=matter.ticket, user=to).exists():
            raise Invalid("to", _("This person sees it already."))
        Share.objects.create(ticket=matter.ticket, user=to, by=by, at=matter.at)
        matter.write(Entry.Kind.SHARED, data={"to": to.pk})
        matter.facts |= {"to": to.pk}
        matter.tell("shared", people=[to])
    return matter.ticket


# ── urging ──────────────────────────────────────────────────────────────────────────────────────


def urge(ticket: Ticket, *, by: User, text: str, at: datetime | None = None) -> Ticket:
    """督促 by 企发部, at any time: an answer is owed on the next working day. While one is owed already, no second."""
    text = base.words("text", text)
    with base.handling("urge", ticket, by=by, at=at) as matter:
        owed = matter.one(Kind.URGE_ANSWER)
        if owed is None or owed.missed_at is not None:
            due = deadlines.urge_due(matter.policy, matter.calendar, matter.at)
            owed = matter.owe(Kind.URGE_ANSWER, due)
        matter.write(Entry.Kind.URGED, text, data=base.duty_data(owed))
        matter.facts |= {"due": owed.due_at.isoformat()}
        matter.tell("urged", Target.ASSIGNEE, Target.HEAD, text=text, answer_by=owed.due_at.isoformat())
    return matter.ticket


def remind(ticket: Ticket, *, by: User, at: datetime | None = None) -> Ticket:
    """催办 by the asker, once a working day after the due moment."""
    with base.handling("remind", ticket, by=by, at=at) as matter:
        late = base.earliest(matter.ticket, [duty for duty in matter.running() if not matter.paused(duty)])
        if late is None:
            raise WrongState(_("Nothing is owed at the moment."))
        last = Entry.objects.filter(ticket=matter.ticket, kind=Entry.Kind.REMINDED).order_by("-at").first()
        days = calendar.current(unit_id=matter.ticket.asker_id)
        try:
            deadlines.check_reminder(days, at=matter.at, due_at=late.due_at, last_at=last.at if last else None)
        except deadlines.BadReminder as bad:
            raise WrongState(bad.message) from bad
        matter.write(Entry.Kind.REMINDED, data=base.duty_data(late))
        matter.tell("reminded", Target.ASSIGNEE, Target.HEAD)
    return matter.ticket


def answer_urge(ticket: Ticket, *, by: User, text: str, at: datetime | None = None) -> Ticket:
    """The responsible unit answers the urging. It is no formal reply."""
    text = base.words("text", text)
    with base.handling("answer_urge", ticket, by=by, at=at) as matter:
        matter.settle()
        owed = matter.running(Kind.URGE_ANSWER)
        if not owed:
            raise WrongState(_("No urging waits for an answer."))
        for duty in owed:
            matter.meet(duty)
        matter.write(Entry.Kind.URGE_ANSWERED, text)
        matter.tell("urge_answered", Target.SUPERVISORS, text=text)
    return matter.ticket


def report(ticket: Ticket, *, by: User, text: str, at: datetime | None = None) -> Ticket:
    """向责任方主管汇报: 企发部 tells the responsible unit's superior, who may open the ticket from now on (000 5.8). A
    complaint kept to named people stays with them."""
    text = base.words("text", text)
    with base.handling("report", ticket, by=by, at=at) as matter:
        told = _superiors(matter, (Target.PARENT_HEAD,))
        if matter.ticket.restricted:
            raise Invalid(
                "", _("A complaint kept to named people is not reported to others. Share it with the superior.")
            )
        notify.let_see(matter.ticket, told.people, by=by, at=matter.at)
        matter.write(Entry.Kind.REPORTED, text, data={"to": list(told.people)})
        matter.facts |= {"to": list(told.people)}
        matter.tell("reported", Target.PARENT_HEAD, Target.HEAD, text=text)
    return matter.ticket


def _superiors(matter: base.Matter, targets: Iterable[Target]) -> ladder.Recipients:
    also = [pk for pk in (matter.ticket.assignee_id, matter.ticket.filed_by_id) if pk]
    found = in_force.organisation(matter.at, [matter.ticket.responsible_id, matter.ticket.asker_id], also)
    try:
        return ladder.resolve(targets, found.org, notify.case_of(matter.ticket))
    except ladder.NobodyLeft as nobody:
        raise WrongState(_("There is nobody to tell. The organisation has a gap.")) from nobody


# ── level 2 of the ladder ───────────────────────────────────────────────────────────────────────


def hold(obligation: Obligation, *, by: User, reason: str, at: datetime | None = None) -> Obligation:
    """企发部 holds back the step to the superior; the others come as they would."""
    reason = base.reason_of(reason)
    with base.handling("hold", obligation.ticket, by=by, at=at) as matter:
        duty, _step, recorded = _second_step(matter, obligation)
        if duty.held:
            raise WrongState(_("It is held back already."))
        duty.held = True
        matter.reschedule(duty, recorded)
        matter.write(Entry.Kind.HELD, reason, data=base.duty_data(duty), side=Entry.Side.SUPERVISORS)
        matter.facts |= base.duty_data(duty)
    return duty


def advance(obligation: Obligation, *, by: User, reason: str, at: datetime | None = None) -> Obligation:
    """企发部 brings the step to the superior forward to this moment: recorded and told here, the sweep finds it done."""
    reason = base.reason_of(reason)
    with base.handling("advance", obligation.ticket, by=by, at=at) as matter:
        duty, step, recorded = _second_step(matter, obligation)
        told = _superiors(matter, step.tells)
        LadderEvent.objects.create(
            obligation=duty, step_id=int(step.id), due_version=duty.due_version, level=step.level, at=matter.at,
            skipped=[skip.as_data() for skip in told.skipped],
        )  # fmt: skip
        notify.let_see(matter.ticket, told.people, by=by, at=matter.at)
        duty.held = False
        matter.reschedule(duty, [*recorded, step.id])
        matter.set(level=max(matter.ticket.level, step.level))
        matter.counts.add(duty.unit_id, matter.today, escalated=1)
        matter.write(Entry.Kind.ADVANCED, reason, data={**base.duty_data(duty), "level": step.level})
        matter.facts |= base.duty_data(duty)
        matter.tell("advanced", *step.tells, text=reason, level=step.level)
    return duty


def _second_step(matter: base.Matter, obligation: Obligation) -> tuple[Obligation, ladder.Step, list[int | str]]:
    """The obligation in hand, its step to the superior, and the steps recorded for its present due."""
    duty = next((duty for duty in matter.running(*base.RESPONSIBLE) if duty.pk == obligation.pk), None)
    if duty is None:
        raise WrongState(_("This is no longer owed."))
    step = next((step for step in base.steps_of(duty) if step.level == base.HELD_LEVEL), None)
    if step is None:
        raise WrongState(_("The ladder has no such step."))
    events = LadderEvent.objects.filter(obligation=duty, due_version=duty.due_version)
    recorded: list[int | str] = list(events.values_list("step_id", flat=True))
    if step.id in recorded:
        raise WrongState(_("The superior was told already."))
    return duty, step, recorded
