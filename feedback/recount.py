"""After a change of the calendar: what is open and not yet missed is counted anew (deadlines.md, When the calendar changes).

For those in flight the due may move later, never earlier than what people were told. Every change is on the timeline and raises
the due version; messages not yet sent for the old due are cancelled. What was missed stays missed.

The sweep asks for it before it looks at anything, so that no process calls a ticket late by a calendar that no longer holds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from channelportal.core import calendar, stamps
from channelportal.core.models import CalendarVersion
from channelportal.lib.workdays import WorkCalendar
from feedback import deadlines, in_force, notify
from feedback.ladder import Target
from feedback.models import Entry, Obligation, Question, Recount
from feedback.workflow import base

log = logging.getLogger(__name__)
BATCH: Final = 200
CalendarOf = Callable[[int | None], WorkCalendar]
"""The calendar of the people of a unit."""


@dataclass(frozen=True)
class Moved:
    """One obligation whose due moment would change."""

    obligation: Obligation
    due: deadlines.Due


def catch_up(at: datetime, left: set[int] | None = None) -> int:
    """Recount for every calendar version that was not yet; returns how many due moments moved. One query when all were.

    What could not be counted (another hand has its ticket, the row is broken) is added to `left`: the next pass tries again,
    and until then nobody may judge it."""
    waiting = list(CalendarVersion.objects.filter(recount=None).order_by("pk"))
    if not waiting:
        return 0
    stamps.forget()
    since = min(
        at, *(version.at for version in waiting)
    )  # what came due after the change, before this pass, counts as open
    left = set() if left is None else left
    moved = sum(_recount_batch(ids, since, at, left) for ids in _batches(since))
    if left:
        return moved
    for version in waiting:
        Recount.objects.get_or_create(calendar_version=version, defaults={"by": version.by, "at": at, "moved": moved})
    log.info("recounted for %s calendar version(s): %s due moments moved", len(waiting), moved)
    return moved


def preview(days: WorkCalendar | CalendarOf, at: datetime, *, most: int = 200) -> list[Moved]:
    """What would move if `days` were everybody's calendar, or that of each unit: for the page that asks before it is in force."""
    of = days if callable(days) else lambda _unit: days
    found: list[Moved] = []
    for ids in _batches(at):
        duties = _open(at).filter(pk__in=ids).select_related("ticket", "unit")
        counted = (
            (duty, deadlines.recount(in_force.policy(), of(duty.unit_id), base.as_duty(duty), at=at)) for duty in duties
        )
        found += [Moved(duty, due) for duty, due in counted if due]
        if len(found) >= most:
            break
    return found[:most]


def _open(at: datetime) -> QuerySet[Obligation]:
    """Running, not missed, not yet due, not paused (a paused promise is counted when it goes on)."""
    paused = Question.objects.filter(answered_at=None, paused__isnull=False).values("paused")
    return Obligation.objects.running().filter(missed_at=None, due_at__gte=at).exclude(pk__in=paused)


def _batches(at: datetime) -> Iterator[list[int]]:
    """Ids by the handful, in order, so that a crash in the middle loses and repeats nothing (recounting is a fixed point)."""
    last = 0
    while ids := list(_open(at).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _recount_batch(ids: list[int], since: datetime, at: datetime, left: set[int]) -> int:
    policy = in_force.policy(fresh=True)
    moved = 0
    for duty in _open(since).filter(pk__in=ids):
        days = calendar.current(unit_id=duty.unit_id)
        try:
            if deadlines.recount(policy, days, base.as_duty(duty), at=since):
                moved += _move(duty.pk, policy, since, at)
        except Exception:
            log.exception("obligation %s could not be recounted", duty.pk)
            left.add(duty.pk)
    return moved


def _move(pk: int, policy: deadlines.Policy, since: datetime, at: datetime) -> int:
    """Looked at again under the ticket's lock, as every change is."""
    with transaction.atomic():
        _wait_briefly()
        ticket = base.lock(Obligation.objects.select_related("ticket").get(pk=pk).ticket)
        duty = Obligation.objects.get(pk=pk)
        duty.ticket = ticket
        due = deadlines.recount(policy, calendar.current(unit_id=duty.unit_id), base.as_duty(duty), at=since)
        if due is None:
            return 0
        was = duty.due_at
        base.move(duty, due, at=at)
        if due.at == was:
            return 0
        _write(duty, was, at)
    return 1


def _wait_briefly() -> None:
    """The sweep stands behind this: a ticket that somebody holds is left for the next pass."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '500ms'")


def _write(duty: Obligation, was: datetime, at: datetime) -> None:
    facts: dict[str, Any] = base.duty_data(duty) | {"was": was.isoformat()}
    entry = Entry.objects.create(ticket=duty.ticket, round=duty.round, at=at, kind=Entry.Kind.RECOUNTED, data=facts)
    base.record("recounted", duty.ticket, by=None, at=at, data=facts)
    news = notify.News(duty.ticket, at, by=None)
    news.tell(
        "recounted", (Target.ASSIGNEE, Target.ASKER), data={"was": was.isoformat(), "due": duty.due_at.isoformat()}
    )
    news.send(entry)
