"""到期之后: what the ladder will do if nothing is done, step by step, with the persons whom it would tell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from channelportal.lib.workdays import WorkCalendar
from feedback import in_force, ladder, notify
from feedback.models import Obligation, Ticket


@dataclass(frozen=True, slots=True)
class Coming:
    """One step that is still to come. `people`: whom it would tell today."""

    at: datetime
    level: int
    what: str
    people: list[str]
    held: bool = False


def coming(
    obligation: Obligation,
    ticket: Ticket,
    calendar: WorkCalendar,
    now: datetime,
    *,
    hides: int | None = None,
    named: frozenset[int] = frozenset(),
) -> list[Coming]:
    """The steps after `now`, in order; none where nothing runs. `hides`: the person whose name is protected; `named`: who
    may see a ticket kept to named people (the sweep tells nobody else of it)."""
    steps = ladder.steps_for(in_force.steps(), obligation.kind, breach=obligation.breach)
    due_at = obligation.due_at
    moments = [one for one in ladder.moments(steps, due_at, calendar) if not ladder.has_come(one, due_at, now)]
    if not moments:
        return []
    case = notify.case_of(ticket, unit=obligation.unit_id if obligation.unit_id != ticket.responsible_id else None)
    also = [pk for pk in (ticket.assignee_id, ticket.filed_by_id) if pk]
    known = in_force.organisation(now, [obligation.unit_id, ticket.asker_id], also)

    def name(pk: int) -> str:
        return known.people[pk].name if pk != hides else _("Name withheld")

    return [
        Coming(
            at=one.at,
            level=one.step.level,
            what=_what(one.step.level),
            people=[name(pk) for pk in _told(one.step.tells, known.org, case, ticket, named)],
            held=obligation.held and one.step.level == 2,
        )
        for one in moments
    ]


def _told(
    tells: Collection[ladder.Target], org: ladder.Org, case: ladder.Case, ticket: Ticket, named: frozenset[int]
) -> tuple[int, ...]:
    try:
        found = org.recipients(tuple(tells), case).people
    except ladder.NobodyLeft:
        return ()
    if not ticket.restricted:
        return found
    heads = [person.id for person in org.holders(org.supervising, "head") if person.active]
    seeing = named | {*heads, ticket.filed_by_id, ticket.assignee_id or 0}
    return tuple(pk for pk in found if pk in seeing) or tuple(pk for pk in heads if pk != ticket.accused_id)


def _what(level: int) -> str:
    return (_("Reminder"), _("Level 1"), _("Level 2"), _("Level 3"))[min(level, 3)]
