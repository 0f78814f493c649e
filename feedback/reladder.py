"""After a change of the ladder: what is open learns of its new next step (deadlines.md, As time passes: the ladder).

An obligation carries the moment at which the sweep must look at it. 企发部 adds a step, moves one, or takes one away: that moment
is worked out anew for everything still owed. Steps already recorded are not told again; one that has come by the new ladder and
was not recorded is found by the same round of the sweep.

The sweep asks before it looks at anything. For which change this was done last stands in the heartbeat "ladder".
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet, Subquery

from channelportal.core import heartbeat, stamps
from channelportal.core.models import Heartbeat, Stamp
from feedback import in_force
from feedback.models import LadderEvent, Obligation, Question
from feedback.workflow import base

log = logging.getLogger(__name__)
BATCH: Final = 200
BEAT: Final = "ladder"


def catch_up(at: datetime) -> int:
    """Renew where the ladder changed since the last time, and what another hand held then; returns how many moments changed.
    One query when nothing did."""
    number, seen = _numbers()
    left: list[int] = seen.get("left", [])
    changed = seen.get("number", 0) != number
    if not changed and not left:
        return 0
    stamps.forget()
    renewed, held = renew(None if changed else left)
    heartbeat.beat(BEAT, at, {"number": number, "left": held})
    log.info("the ladder changed: %s next steps renewed, %s obligations were held by others", renewed, len(held))
    return renewed


def _numbers() -> tuple[int, dict[str, Any]]:
    """Of the last change, and what the heartbeat says of the last renewal; neither need be there, so any row carries the two."""
    number = Stamp.objects.filter(name=in_force.LADDER).values("number")
    data = Heartbeat.objects.filter(name=BEAT).values("data")
    found = Heartbeat.objects.values_list(Subquery(number[:1]), Subquery(data[:1])).first()
    if found is None:  # the first round of all
        return number.values_list("number", flat=True).first() or 0, {}
    return found[0] or 0, found[1] or {}


def renew(only: Iterable[int] | None = None) -> tuple[int, list[int]]:
    """Work `next_step_at` out anew for all that is owed (`only`: for these ids). Returns how many changed, and the ids that
    another transaction held: they are for the next round. A crash loses and repeats nothing (a fixed point)."""
    renewed, held = 0, []
    for ids in _batches(only):
        with transaction.atomic():
            duties = list(_locked(ids))
            renewed += _renew(duties)
        held += sorted(set(ids) - {duty.pk for duty in duties})
    return renewed, held if not held else list(_open().filter(pk__in=held).values_list("pk", flat=True))


def _open() -> QuerySet[Obligation]:
    """Running and not paused (a paused promise gets its step when it goes on)."""
    paused = Question.objects.filter(answered_at=None, paused__isnull=False).values("paused")
    return Obligation.objects.running().exclude(pk__in=paused)


def _batches(only: Iterable[int] | None) -> Iterator[list[int]]:
    rows = _open() if only is None else _open().filter(pk__in=list(only))
    last = 0
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _locked(ids: list[int]) -> QuerySet[Obligation]:
    """With their tickets, as the sweep locks them; what a verb has in hand is left out."""
    skip = connection.features.has_select_for_update_skip_locked
    rows = _open().filter(pk__in=ids).select_related("ticket").order_by("pk")
    return rows.select_for_update(of=("self", "ticket"), skip_locked=skip)


def _renew(duties: list[Obligation]) -> int:
    recorded = _recorded(duties)
    changed = []
    for duty in duties:
        moment = base.next_step(duty, after=duty.created_at, already=recorded[duty.pk])
        if moment != duty.next_step_at:
            duty.next_step_at = moment
            changed.append(duty)
    Obligation.objects.bulk_update(changed, ["next_step_at"])
    return len(changed)


def _recorded(duties: list[Obligation]) -> dict[int, list[int | str]]:
    """Steps recorded for each one's present due version."""
    versions = {duty.pk: duty.due_version for duty in duties}
    found: dict[int, list[int | str]] = defaultdict(list)
    rows = LadderEvent.objects.filter(obligation__in=versions).values_list("obligation_id", "step_id", "due_version")
    for pk, step, version in rows:
        if versions[pk] == version:
            found[pk].append(step)
    return found
