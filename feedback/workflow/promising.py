"""Plans with a promised day, and what becomes of the promise (000 5.7). A promise is met by a resolution only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from accounts.access import Refused, scope
from accounts.models import User
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import StoredFile
from feedback import deadlines
from feedback.deadlines import Due
from feedback.ladder import Target
from feedback.models import Entry, Extension, LongPlan, Obligation, Ticket
from feedback.workflow import base, figures
from feedback.workflow.answering import reply_given

Kind = Obligation.Kind


class BadDay(Invalid):
    """A day off: `previous` (None: already over) and `next` are the working days around it, for the form to offer."""

    def __init__(self, bad: deadlines.BadPromise) -> None:
        super().__init__("day", bad.message)
        self.previous: date | None = bad.data.get("previous")
        self.next: date | None = bad.data.get("next")


def plan(
    ticket: Ticket, *, by: User, text: str, day: date, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Ticket | LongPlan:
    """方案: the formal reply that promises a day; after a broken promise, the new plan that is owed.

    A day off raises `BadDay` (an Invalid on "day") with the working days around it. A day more than 30 working days ahead
    makes a `LongPlan` that waits for the head and 企发部, while the clock goes on."""
    text = base.words("text", text)
    with base.handling("plan", ticket, by=by, at=at) as matter:
        matter.settle()
        _check_free(matter)
        try:
            due = deadlines.promise_due(matter.policy, matter.calendar, at=matter.at, day=day)
        except deadlines.BadPromise as bad:
            if bad.code != "too_far":
                raise BadDay(bad) from bad
            _check_working(matter, day)
            return _ask_long_plan(matter, by, day, text)
        _promise(matter, due, text, files=files)
    return matter.ticket


def _check_free(matter: base.Matter) -> None:
    promise = matter.one(Kind.PROMISE)
    if promise is not None and promise.missed_at is None:
        raise WrongState(_("A day is promised already. Ask to move it."))
    if matter.ticket.__dict__.get("has_long_plan"):
        raise WrongState(_("A plan is waiting for approval already."))


def _check_working(matter: base.Matter, day: date) -> None:
    """A far day must be a working day too."""
    try:
        deadlines.promise_due(matter.policy, matter.calendar, at=matter.at, day=day, approved=True)
    except deadlines.BadPromise as bad:
        raise BadDay(bad) from bad


def _promise(
    matter: base.Matter, due: Due, text: str, *, files: Sequence[StoredFile] = (), author: User | None = None
) -> None:
    reply_given(matter)
    for duty in matter.running(Kind.REPLY, Kind.REPLAN, Kind.URGE_ANSWER):
        matter.meet(duty)
    for broken in matter.running(Kind.PROMISE):
        matter.void(broken, "replanned")
    promise = matter.owe(Kind.PROMISE, due, breach=matter.breach)
    data = {"day": due.day.isoformat(), "obligation": promise.pk}
    matter.write(Entry.Kind.PLAN, text, files=files, data=data, author=author)
    matter.set(state=Ticket.State.PLANNED)
    figures.index_more(matter.ticket, text)
    matter.facts |= data
    matter.tell("planned", Target.ASKER, text=text, day=due.day.isoformat())


# ── more than thirty working days ahead ─────────────────────────────────────────────────────────


def _ask_long_plan(matter: base.Matter, by: User, day: date, text: str) -> LongPlan:
    agreed = scope(by).acts_as_head
    asked = LongPlan.objects.create(
        ticket=matter.ticket, round=matter.ticket.round, day=day, text=text, asked_by=by, asked_at=matter.at,
        state=LongPlan.State.HEAD_AGREED if agreed else LongPlan.State.ASKED, head=by if agreed else None,
    )  # fmt: skip
    data = {"long_plan": asked.pk, "day": day.isoformat()}
    matter.write(Entry.Kind.LONG_PLAN_ASKED, text, data=data, side=Entry.Side.RESPONSIBLE)
    matter.facts |= data
    _tell_of_long_plan(matter, asked)
    return asked


def _tell_of_long_plan(matter: base.Matter, asked: LongPlan) -> None:
    if asked.state == LongPlan.State.HEAD_AGREED:
        matter.tell("long_plan_agreed", Target.SUPERVISORS, day=asked.day.isoformat(), text=asked.text)
    else:
        matter.tell("long_plan_asked", Target.HEAD, day=asked.day.isoformat(), text=asked.text)


def _fresh_plan(matter: base.Matter, asked: LongPlan, *states: LongPlan.State) -> LongPlan:
    fresh = LongPlan.objects.get(pk=asked.pk)
    if fresh.state not in states or fresh.round != matter.ticket.round:
        raise WrongState(_("This was decided already."))
    return fresh


def agree_long_plan(plan: LongPlan, *, by: User, at: datetime | None = None) -> LongPlan:
    """The head of the responsible unit agrees; now it waits for 企发部."""
    with base.handling("agree_long_plan", plan.ticket, by=by, at=at) as matter:
        asked = _fresh_plan(matter, plan, LongPlan.State.ASKED)
        asked.state, asked.head = LongPlan.State.HEAD_AGREED, by
        asked.save(update_fields=["state", "head"])
        data = {"long_plan": asked.pk, "day": asked.day.isoformat()}
        matter.write(Entry.Kind.LONG_PLAN_AGREED, data=data, side=Entry.Side.RESPONSIBLE)
        _tell_of_long_plan(matter, asked)
    return asked


def grant_long_plan(plan: LongPlan, *, by: User, at: datetime | None = None) -> LongPlan:
    """企发部 grants it: this is the moment of the formal reply."""
    with base.handling("grant_long_plan", plan.ticket, by=by, at=at) as matter:
        asked = _fresh_plan(matter, plan, LongPlan.State.HEAD_AGREED)
        if asked.asked_by_id == by.pk:
            raise Refused(_("Nobody decides on what he asked for himself."))
        matter.settle()
        try:
            due = deadlines.promise_due(matter.policy, matter.calendar, at=matter.at, day=asked.day, approved=True)
        except deadlines.BadPromise as bad:
            raise BadDay(bad) from bad
        asked.state, asked.supervisor = LongPlan.State.GRANTED, by
        asked.save(update_fields=["state", "supervisor"])
        _promise(matter, due, asked.text, author=asked.asked_by)
        matter.facts |= {"long_plan": asked.pk}
    return asked


def refuse_long_plan(plan: LongPlan, *, by: User, reason: str, at: datetime | None = None) -> LongPlan:
    """The head or 企发部 refuses; the reply is owed as before."""
    reason = base.reason_of(reason)
    with base.handling("refuse_long_plan", plan.ticket, by=by, at=at) as matter:
        asked = _fresh_plan(matter, plan, *base.OPEN_PLANS)
        asked.state = LongPlan.State.REFUSED
        asked.save(update_fields=["state"])
        data = {"long_plan": asked.pk, "day": asked.day.isoformat()}
        matter.write(Entry.Kind.LONG_PLAN_REFUSED, reason, data=data, side=Entry.Side.RESPONSIBLE)
        matter.tell("long_plan_refused", people=[asked.asked_by_id], text=reason, day=asked.day.isoformat())
    return asked


# ── moving a promised day ───────────────────────────────────────────────────────────────────────


def ask_extension(ticket: Ticket, *, by: User, day: date, reason: str, at: datetime | None = None) -> Extension:
    """延期: asked before it is due, once by default; until it is granted the old day stands."""
    reason = base.reason_of(reason)
    with base.handling("ask_extension", ticket, by=by, at=at) as matter:
        promise = _promise_in_force(matter)
        if matter.ticket.__dict__.get("has_extension"):
            raise WrongState(_("Another day was asked for already."))
        _extended_due(matter, promise, day)
        asked = Extension.objects.create(
            obligation=promise, new_day=day, reason=reason, asked_by=by, asked_at=matter.at
        )
        data = {"extension": asked.pk, "from": promise.due_day.isoformat(), "day": day.isoformat()}
        matter.write(Entry.Kind.EXTENSION_ASKED, reason, data=data)
        matter.facts |= data
        matter.tell("extension_asked", Target.SUPERVISORS, Target.ASKER, text=reason, day=day.isoformat())
    return asked


def _promise_in_force(matter: base.Matter) -> Obligation:
    promise = matter.one(Kind.PROMISE)
    if promise is None:
        raise WrongState(_("No day is promised at the moment."))
    if promise.missed_at is not None:
        raise Invalid("day", deadlines.BadExtension("late").message)
    return promise


def _extended_due(matter: base.Matter, promise: Obligation, day: date) -> Due:
    try:
        return deadlines.extend(
            matter.policy, matter.calendar, at=matter.at, due_at=promise.due_at, new_day=day, extended=promise.extended
        )
    except deadlines.BadPromise as bad:
        raise BadDay(bad) from bad
    except deadlines.BadExtension as bad:
        raise Invalid("day", bad.message) from bad


def _fresh_extension(matter: base.Matter, extension: Extension, by: User) -> Extension:
    fresh = Extension.objects.get(pk=extension.pk)
    if fresh.state != Extension.State.ASKED:
        raise WrongState(_("This was decided already."))
    if fresh.asked_by_id == by.pk:
        raise Refused(_("Nobody decides on what he asked for himself."))
    return fresh


def _decide(matter: base.Matter, extension: Extension, state: Extension.State, by: User) -> None:
    extension.state, extension.decided_by, extension.decided_at = state, by, matter.at
    extension.save(update_fields=["state", "decided_by", "decided_at"])


def grant_extension(extension: Extension, *, by: User, at: datetime | None = None) -> Extension:
    """企发部 or the asker grants the later day, before the old one is over; after it the promise is broken for ever."""
    with base.handling("grant_extension", extension.obligation.ticket, by=by, at=at) as matter:
        asked = _fresh_extension(matter, extension, by)
        promise = _promise_in_force(matter)
        due = _extended_due(matter, promise, asked.new_day)
        _decide(matter, asked, Extension.State.GRANTED, by)
        was = promise.due_day
        promise.extended += 1
        matter.move(promise, due)
        data = {"extension": asked.pk, "from": was.isoformat(), "day": due.day.isoformat()}
        matter.write(Entry.Kind.EXTENSION_GRANTED, data=data)
        matter.facts |= data
        matter.tell("extension_granted", people=[asked.asked_by_id, matter.ticket.assignee_id], day=due.day.isoformat())
        matter.tell("extension_moved", Target.ASKER, day=due.day.isoformat())
    return asked


def refuse_extension(extension: Extension, *, by: User, reason: str, at: datetime | None = None) -> Extension:
    """The old day stands."""
    reason = base.reason_of(reason)
    with base.handling("refuse_extension", extension.obligation.ticket, by=by, at=at) as matter:
        asked = _fresh_extension(matter, extension, by)
        _decide(matter, asked, Extension.State.REFUSED, by)
        data = {"extension": asked.pk, "day": asked.new_day.isoformat()}
        matter.write(Entry.Kind.EXTENSION_REFUSED, reason, data=data)
        matter.facts |= data
        people = [asked.asked_by_id, matter.ticket.assignee_id]
        matter.tell("extension_refused", people=people, text=reason, day=asked.new_day.isoformat())
    return asked
