"""How the loop is closed, and opened again (000 5.6, 001 四(四))."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import outbox
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import StoredFile
from channelportal.lib.workdays import local_date
from feedback import deadlines, ladder
from feedback.deadlines import Due, Duty
from feedback.ladder import Target
from feedback.models import Entry, Obligation, Rating, Ticket
from feedback.moves import OWED
from feedback.workflow import base, figures

Kind = Obligation.Kind


def confirm(ticket: Ticket, *, by: User, answer: int, speed: int, text: str = "", at: datetime | None = None) -> Ticket:
    """闭环: the asker confirms the result and rates the answer and the speed, 1 to 5."""
    text = base.words("text", text, needed=False)
    for name, stars in (("answer", answer), ("speed", speed)):
        if not 1 <= stars <= 5:
            raise Invalid(name, _("Choose 1 to 5."))
    with base.handling("confirm", ticket, by=by, at=at) as matter:
        for duty in matter.running(Kind.CONFIRM):
            matter.meet(duty)
        Rating.objects.create(
            ticket=matter.ticket, round=matter.ticket.round, unit=matter.ticket.responsible, answer=answer, speed=speed,
            by=by, at=matter.at,
        )  # fmt: skip
        matter.set(rating_answer=answer, rating_speed=speed)
        _end(matter, Ticket.Ending.CONFIRMED)
        matter.write(Entry.Kind.CONFIRMED, text, data={"answer": answer, "speed": speed})
        rated = {"ratings": 1, "rating_answer_sum": answer, "rating_speed_sum": speed}
        matter.counts.add(matter.ticket.responsible_id, matter.today, **rated)
        matter.facts |= {"answer": answer, "speed": speed}
        matter.tell("confirmed", Target.ASSIGNEE, answer=answer, speed=speed)
    return matter.ticket


def _end(matter: base.Matter, ending: Ticket.Ending | None = None) -> None:
    """What a closed loop leaves behind: nothing owed, nothing asked."""
    matter.void_all("ended")
    matter.drop_requests()
    matter.drop_question()
    matter.set(ended_at=matter.at, ending=ending or "")


def reopen(
    ticket: Ticket, *, by: User, reason: str, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Ticket:
    """Not solved: a new round with a REPLY of its own; old rounds never change. The second time the head is told, the third
    企发部 too."""
    reason = base.words("reason", reason)
    with base.handling("reopen", ticket, by=by, at=at) as matter:
        reopenings = matter.ticket.round
        for duty in matter.running(Kind.CONFIRM):
            matter.void(duty, "reopened")
        matter.set(
            round=reopenings + 1, state=Ticket.State.OPEN, answered_at=None, resolved_at=None, level=0
        )  # fmt: skip
        due = deadlines.reply_due(
            matter.policy, matter.calendar, deadlines.anchor_of(matter.at), matter.ticket.severity
        )  # fmt: skip
        duty = matter.owe(Kind.REPLY, due)
        matter.refresh_due()
        matter.write(Entry.Kind.REOPENED, reason, files=files, data={"due": duty.due_at.isoformat()})
        figures.index_more(matter.ticket, reason)
        matter.counts.add(matter.ticket.responsible_id, matter.today, reopened=1)
        matter.tell("reopened", Target.ASSIGNEE, text=reason)
        if told := ladder.reopening_tells(matter.policy, reopenings):
            matter.tell("reopened_again", *told, text=reason, times=reopenings)
    return matter.ticket


def withdraw(ticket: Ticket, *, by: User, reason: str = "", at: datetime | None = None) -> Ticket:
    """The asker takes it back before the first formal reply: what was owed is voided, not met."""
    reason = base.reason_of(reason, needed=False)
    with base.handling("withdraw", ticket, by=by, at=at) as matter:
        if matter.ticket.round > 1 or matter.ticket.answered_at is not None:
            raise WrongState(_("It was answered already. Confirm the result or reopen it."))
        matter.settle()
        for duty in matter.running():
            matter.void(duty, "withdrawn")
        _end(matter)
        matter.write(Entry.Kind.WITHDRAWN, reason)
        outbox.cancel(f"ticket:{matter.ticket.pk}")
        if matter.ticket.reached_at:
            matter.tell("withdrawn", Target.ASSIGNEE)
    return matter.ticket


def close(ticket: Ticket, *, by: User, reason: str, at: datetime | None = None) -> Ticket:
    """企发部 closes it with a reason that both sides read."""
    reason = base.words("reason", reason)
    with base.handling("close", ticket, by=by, at=at) as matter:
        matter.settle()
        for duty in matter.running():
            matter.void(duty, "closed")
        _end(matter, Ticket.Ending.REASON)
        matter.write(Entry.Kind.CLOSED, reason)
        matter.tell("closed", Target.ASKER, Target.ASSIGNEE, text=reason)
    return matter.ticket


def close_silent(ticket: Ticket, *, at: datetime) -> Ticket:
    """默认关闭: the asker was silent until the CONFIRM was due. Unrated, counted apart. For the upkeep; idempotent by state."""
    with base.handling("close_silent", ticket, by=None, at=at) as matter:
        confirmation = matter.one(Kind.CONFIRM)
        if confirmation is None or deadlines.on_time(matter.at, confirmation.due_at):
            raise WrongState(_("The asker still has time to confirm."))
        matter.void(confirmation, "silent")
        _end(matter, Ticket.Ending.SILENT)
        matter.write(Entry.Kind.CLOSED, data={"silent": True})
        matter.counts.add(matter.ticket.responsible_id, matter.today, closed_silent=1)
        matter.tell("closed_silent", Target.ASKER, Target.ASSIGNEE)
    return matter.ticket


# ── duplicates ──────────────────────────────────────────────────────────────────────────────────


def merge(ticket: Ticket, *, by: User, into: Ticket, reason: str, at: datetime | None = None) -> Ticket:
    """A duplicate goes into the earlier ticket, which then owes by the strictest due that is open on either."""
    reason = base.reason_of(reason)
    with transaction.atomic():
        for one in sorted(
            (ticket, into), key=lambda one: one.pk
        ):  # always in this order: two merges never wait for each other
            base.lock(one)
        with base.handling("merge", ticket, by=by, at=at) as matter:
            other = base.take_up("merge_into", into, by=by, at=matter.at)
            _check_pair(matter.ticket, other.ticket)
            matter.settle()
            other.settle()
            _take_strictest(matter, other)
            for duty in matter.running():
                matter.void(duty, "merged")
            _end(matter)
            matter.set(merged_into=other.ticket)
            matter.write(Entry.Kind.MERGED, reason, data={"into": other.ticket.pk})
            matter.facts |= {"into": other.ticket.pk}
            outbox.cancel(f"ticket:{matter.ticket.pk}")
            matter.tell("merged", Target.ASKER, into=other.ticket.number, text=reason)
            due_at = other.ticket.due_at.isoformat() if other.ticket.due_at else ""
            other.write(Entry.Kind.MERGED, reason, data={"from": matter.ticket.pk, "due": due_at})
            other.facts |= {"from": matter.ticket.pk}
            other.tell("merged", Target.ASSIGNEE, merged=matter.ticket.number, into=other.ticket.number, text=reason)
            other.finish()
    return matter.ticket


def _check_pair(ticket: Ticket, into: Ticket) -> None:
    if ticket.pk == into.pk:
        raise Invalid("into", _("Choose another ticket."))
    if into.state not in OWED:
        raise Invalid("into", _("Duplicates are merged into a ticket that is still open."))
    if (into.created_at, into.pk) > (ticket.created_at, ticket.pk):
        raise Invalid("into", _("Duplicates are merged into the earliest."))
    if into.responsible_id != ticket.responsible_id:
        raise Invalid("into", _("Both must be with the same unit. Pass one on first."))
    if into.restricted or ticket.restricted:
        raise Invalid("into", _("A complaint kept to named people is not merged."))


def _take_strictest(matter: base.Matter, other: base.Matter) -> None:
    main = other.one(Kind.REPLY) or other.one(Kind.PROMISE)
    if main is None or main.missed_at is not None or other.paused(main):
        return
    owed = [*matter.running(Kind.REPLY, Kind.PROMISE, Kind.REPLAN), main]
    strictest = deadlines.strictest(base.as_duty(duty) for duty in owed)
    if strictest is None or strictest.id == main.pk or strictest.due_at >= main.due_at:
        return
    other.move(main, _due_of(strictest), first=True)


def _due_of(duty: Duty) -> Due:
    day = local_date(duty.due_at)
    return Due(duty.due_at, day, duty.start, duty.start, duty.days, duty.provisional, ())
