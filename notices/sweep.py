"""As time passes (001 四(二)(三)): notices whose time has come are published, approvals and acknowledgements are reminded of, and
what is late is told. Every minute, with any number of beats and workers; with nothing due it asks one question.

Who joined later, and what a publication had to leave, is found by `joiners.catch_up` every ten minutes; a publication whose worker
died is started again by `core.jobs.pick_up`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from channelportal.core import audit, calendar, clock, delivery, heartbeat, stamps
from channelportal.core.errors import WrongState
from channelportal.lib.workdays import local_date
from notices import asking, clockwork, deciders, leavers, publication, telling, workflow
from notices.models import Notice, Receipt, Step
from notices.workflow import approving

log = logging.getLogger(__name__)

MOST: Final = 200  # notices or steps in one round; the next goes on


def sweep(at: datetime | None = None) -> dict[str, int]:
    """Do everything that has come by `at` (now). Returns how many of what; nothing for what there was none of."""
    stamps.forget()  # a job's process may have slept: rules and calendar as they are now
    moment = at or clock.now()
    waiting = {
        "published": (_scheduled(moment), _publish),
        "stuck": (deciders.stuck(), _hand_up),
        "approvals": (_lying(moment), _remind_of_step),
        "reminded": (_to_remind(moment), _remind),
        "late": (_late(moment), _tell_late),
    }
    found = _any([rows for rows, _deed in waiting.values()])
    done = {
        name: sum(_guarded(deed, pk, moment) for pk in _ids(rows))
        for (name, (rows, deed)), there in zip(waiting.items(), found, strict=True)
        if there
    }
    heartbeat.beat("notices", clock.now(), done)
    return done


def _any(questions: list[QuerySet[Any]]) -> list[bool]:
    """Whether there is a row for each: one statement, because mostly there is none."""
    asked = [_exists(rows) for rows in questions]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(sql for sql, _given in asked), [one for _sql, given in asked for one in given]
        )
        return [bool(one) for one in cursor.fetchone()]


def _exists(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    try:
        sql, given = rows.order_by().values("pk")[:1].query.sql_with_params()
    except EmptyResultSet:  # outside the window nothing is asked for
        return "1 = 0", ()
    return f"EXISTS({sql})", given


def _ids(rows: QuerySet[Any]) -> list[int]:
    """Of the notices (or steps) in hand: receipts are handled a notice at a time."""
    of = "notice" if rows.model is Receipt else "pk"
    return list(rows.order_by(of).values_list(of, flat=True).distinct()[:MOST])


def _guarded(deed: Callable[[int, datetime], int], pk: int, at: datetime) -> int:
    """One that cannot be handled does not hold up the others; it is tried again in a minute, with an alarm in the log."""
    try:
        return deed(pk, at)
    except Exception:
        log.exception("%s %s could not be handled", deed.__name__.strip("_"), pk)
        return 0


# ── what waits ──────────────────────────────────────────────────────────────────────────────────


def _scheduled(at: datetime) -> QuerySet[Notice]:
    return Notice.objects.filter(state=Notice.State.SCHEDULED, publish_at__lte=at)


def _lying(at: datetime) -> QuerySet[Step]:
    """Open steps past their due moment that nobody was reminded of on this working day."""
    days, window = calendar.current(), delivery.window()
    if not clockwork.in_window(at, days, window):
        return Step.objects.none()
    fresh = Q(reminded_at=None) | Q(reminded_at__lt=clockwork.day_began(days, at))
    return Step.objects.filter(fresh, state=Step.State.OPEN, due_at__lt=at)


def _to_remind(at: datetime) -> QuerySet[Receipt]:
    """Acknowledgements that are missing on the working day before they are due; see `clockwork.Reminding`."""
    when = clockwork.reminding(delivery.window(), calendar.current(), at)
    if when is None:
        return Receipt.objects.none()
    due_today = Q(due_at__lt=when.tonight) & (Q(reminded_at=None) | Q(reminded_at__lt=when.before))
    due_next = Q(due_at__gte=when.tonight) & (Q(reminded_at=None) | Q(reminded_at__lt=when.today))
    rows = _asked(at).filter(asking.can(), due_at__gte=at, due_at__lt=when.until, delivered_at__lt=when.today)
    return rows.filter(due_today | due_next)


def _late(at: datetime) -> QuerySet[Receipt]:
    """Acknowledgements that are missing after their due moment, and nobody was told. Due itself is still in time."""
    return _asked(at).filter(due_at__lt=at)


def _asked(at: datetime) -> QuerySet[Receipt]:
    """Of what is still valid: what has expired is chased no more."""
    today = local_date(at)
    valid = Q(notice__valid_until=None) | Q(notice__valid_until__gte=today)
    rows = Receipt.objects.filter(settled_at=None, overdue_told=False, due_at__isnull=False, delivered_at__isnull=False)
    rows = rows.filter(left_at=None)
    return rows.filter(valid, notice__state=Notice.State.PUBLISHED)


def _alone(rows: QuerySet[Receipt]) -> QuerySet[Receipt]:
    """The same rows by their ids: what is written joins nothing, whatever the database believes of the tables' sizes."""
    return Receipt.objects.filter(pk__in=list(rows.order_by().values_list("pk", flat=True)))


# ── what is done ────────────────────────────────────────────────────────────────────────────────


def _publish(pk: int, at: datetime) -> int:
    notice = Notice.objects.get(pk=pk)
    try:
        workflow.publish(notice, at=at)
    except WrongState:  # cancelled or published by another hand meanwhile
        return 0
    return 1


def _hand_up(pk: int, at: datetime) -> int:
    return int(approving.hand_up(Step.objects.select_related("version__notice").get(pk=pk), at=at))


@transaction.atomic
def _remind_of_step(pk: int, at: datetime) -> int:
    """Those who decide, and the author. Once a working day until it is decided."""
    if not _lying(at).filter(pk=pk).update(reminded_at=at):
        return 0
    step = Step.objects.select_related("unit", "version__notice__unit", "version__notice__author").get(pk=pk)
    telling.step_lies(step, step.version.notice, at)
    audit.record("notice.approval_reminded", step.version.notice, at=at, data={"unit": step.unit_id, "duty": step.duty})
    return 1


@transaction.atomic
def _remind(notice_id: int, at: datetime) -> int:
    notice = publication.held(notice_id)
    count = telling.remind(notice, _alone(_to_remind(at).filter(notice=notice)), at)
    if count:
        audit.record("notice.due_reminded", notice, at=at, data={"count": count})
    return count


@transaction.atomic
def _tell_late(notice_id: int, at: datetime) -> int:
    """The readers again, and the heads of their units; once."""
    notice = publication.held(notice_id)
    leavers.leave(notice, at)
    rows = _alone(_late(at).filter(notice=notice))
    counts = dict(rows.order_by().values_list("unit").annotate(count=Count("pk")))
    if not counts:
        return 0
    telling.late(notice, asking.who_can(notice, rows), at)
    telling.late_units(notice, counts, at)
    audit.record("notice.overdue", notice, at=at, data={"count": sum(counts.values()), "units": len(counts)})
    return rows.update(overdue_told=True)
