"""A notice goes out to everybody it is for (001 四(三)1; N4): begun in the request, done by a job in batches.

    begin(notice, at)   by `workflow.publish`, in its transaction: from now on it is being published
    run(job_id)         the job: freezes who receives it, delivers by the thousand, and at last the notice is published
    deliver(notice_id)  receipts that wait undelivered: of those who joined later, and what a run had to leave

Who receives it stands frozen in the job, in order of id. Receipt, alert and mail of a batch are written in one transaction by three
statements; the last receipt says how far it is. So a job that is killed at any point goes on where it was, with nothing double and
nothing missing, and a receipt is written once. Batches of one notice stand behind each other (its row is locked), so two workers
at once do no harm either. What the database refuses is left for the sweep, with an alarm in the log; the others go on.
"""

from __future__ import annotations

import bisect
import logging
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from sys import maxsize
from typing import Final

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet

from accounts.models import User
from channelportal.core import audit, bulk, clock, jobs
from channelportal.core.models import Job
from channelportal.lib.workdays import SHANGHAI, local_date
from notices import asking, recipients, robots, telling
from notices.models import Notice, Receipt, UnitAnswer

log = logging.getLogger(__name__)

KIND: Final = "notice.publish"  # of the job; its words: templates/jobs/
TASK: Final = "notices.tasks.publish"
BATCH: Final = 2_500
LEASE: Final = timedelta(
    seconds=20
)  # a batch takes a quarter of a second; after a kill another goes on within about a minute
LEFT: Final = (InterfaceError, OperationalError)  # the database is away: no row's fault
State = Notice.State
People = list[tuple[int, int]]  # ids of people with the units they belong to, in order


def begin(notice: Notice, at: datetime, by: User | None = None) -> Job:
    """Start the job of a notice that `workflow` has just set to being published from `at` on; the caller holds it locked. What
    depends on the number of recipients is the job's. `by`: on whose page of long jobs it stands; None: the author's, by its number
    only, for he may have left since."""
    facts = {
        "notice": notice.pk,
        "number": notice.number,
        "title": "" if notice.confidential or by is None else notice.title,
    }
    job = jobs.start(KIND, TASK, by=by or notice.author, data=facts)
    notice.acknowledge_due_at, notice.job = asking.due(notice, at), job
    notice.save(update_fields=["acknowledge_due_at", "job"])
    return job


def run(job_id: int, at: datetime | None = None) -> None:
    """Do the publication of this job, from the beginning or from where another worker was killed."""
    job = jobs.claim(job_id, at or clock.now(), lease=LEASE)
    if job is None:
        return
    notice_id: int = job.data["notice"]
    people = _freeze(notice_id, job)
    begin = bisect.bisect(people, (_last(notice_id), maxsize))
    jobs.progress(job, begin, len(people), lease=LEASE)
    for batch in (people[place : place + BATCH] for place in range(begin, len(people), BATCH)):
        if not _reach(notice_id, batch, at or clock.now()):
            break
        jobs.progress(job, job.done + len(batch), lease=LEASE)
    _finish(notice_id, job, at or clock.now())


# ── who receives it ─────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def _freeze(notice_id: int, job: Job) -> People:
    """The people of the audience with their units: once, however often the job begins."""
    notice = held(notice_id)
    job.refresh_from_db(fields=["data"])
    if "people" not in job.data:
        found = recipients.of(notice).order_by("pk").values_list("pk", "unit_id")
        job.data["people"] = list(found)
        job.save(update_fields=["data"])
        notice.recipients = len(job.data["people"])
        notice.save(update_fields=["recipients"])
    return [(user, unit) for user, unit in job.data["people"]]


def _last(notice_id: int) -> int:
    """Who was written last; 0: nobody yet. The end of an index."""
    return Receipt.objects.filter(notice=notice_id).aggregate(last=Max("user"))["last"] or 0


def held(notice_id: int) -> Notice:
    """The notice, locked. Foreign keys to it can still be written meanwhile."""
    rows = Notice.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("kind", "unit", "author").get(pk=notice_id)


def _reach(notice_id: int, batch: People, at: datetime) -> bool:
    """Write a batch; one by one where the database refuses it. False: the notice is out no more."""
    try:
        return _write(notice_id, batch, at)
    except LEFT:
        raise
    except Exception:
        log.exception("a batch of notice %s failed; its receipts are tried one by one", notice_id)
    return all(_reach_one(notice_id, one, at) for one in batch)


def _reach_one(notice_id: int, one: tuple[int, int], at: datetime) -> bool:
    """Where the database refuses, a receipt that waits undelivered."""
    for moment in (at, None):
        try:
            return _write(notice_id, [one], moment)
        except LEFT:
            raise
        except Exception:
            log.exception("person %s cannot have notice %s now", one[0], notice_id)
    return True


@transaction.atomic
def _write(notice_id: int, batch: People, at: datetime | None) -> bool:
    """Receipts of these, as far as nobody else wrote them meanwhile, with alert and mail; `at=None`: undelivered, without them.
    False: the notice is out no more."""
    notice = held(notice_id)
    if notice.state != State.PUBLISHING:
        return False
    begin = _last(notice_id)
    fresh = [one for one in batch if one[0] > begin]
    if not fresh:
        return True
    due = asking.due(notice, at) if at and _ran_short(notice.acknowledge_due_at, at) else notice.acknowledge_due_at
    bulk.insert(Receipt, ("user_id", "unit_id"), fresh, notice_id=notice.pk, delivered_at=at, due_at=due)
    rows = Receipt.objects.filter(notice=notice, user__gt=begin, user__lte=fresh[-1][0])
    _settle_answered(notice, rows, at or clock.now())
    if at:
        telling.published(notice, rows, at)
    return True


def _ran_short(due: datetime | None, at: datetime) -> bool:
    """Delivered only on the day on which it is due, or after it (the worker was away): then it is due as for who joins now."""
    return due is not None and local_date(due) <= local_date(at)


def _settle_answered(notice: Notice, rows: QuerySet[Receipt], at: datetime) -> None:
    """Somebody of an earlier batch may have answered for the unit by now: of the others of his unit nothing more is asked."""
    if not notice.unit_answers:
        return
    answers = UnitAnswer.objects.filter(notice=notice, unit=OuterRef("unit"), superseded_at=None)
    if settled := rows.filter(Exists(answers), settled_at=None).update(settled_at=at):
        Notice.objects.filter(pk=notice.pk).update(acknowledged=F("acknowledged") + settled)


# ── what waited ─────────────────────────────────────────────────────────────────────────────────


def deliver(notice_id: int, at: datetime | None = None) -> frozenset[int]:
    """Deliver receipts that wait, batch after batch. Returns the ids of those that the database refused. A notice withdrawn
    meanwhile goes to nobody else."""
    left: set[int] = set()
    while ids := _next(notice_id, left):
        try:
            found = _batch(notice_id, ids, at or clock.now())
        except LEFT:
            raise
        except Exception:
            log.exception("a batch of notice %s failed; its receipts are tried one by one", notice_id)
            found = _one_by_one(notice_id, ids, at or clock.now(), left)
        if found is None:
            break
    return frozenset(left)


def _next(notice_id: int, left: set[int]) -> list[int]:
    waiting = Receipt.objects.filter(notice=notice_id, delivered_at=None).exclude(pk__in=left)
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _one_by_one(notice_id: int, ids: Sequence[int], at: datetime, left: set[int]) -> int | None:
    done = 0
    for pk in ids:
        try:
            found = _batch(notice_id, [pk], at)
        except LEFT:
            raise
        except Exception:
            log.exception("receipt %s cannot be delivered and is left for later", pk)
            left.add(pk)
        else:
            if found is None:
                return None
            done += found
    return done


@transaction.atomic
def _batch(notice_id: int, ids: Sequence[int], at: datetime) -> int | None:
    """Deliver these, as far as nobody else did meanwhile; returns how many. None: the notice is out no more."""
    notice = held(notice_id)
    if notice.state not in (State.PUBLISHING, State.PUBLISHED):
        return None
    rows = Receipt.objects.filter(pk__in=ids, delivered_at=None)
    rows = rows.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    taken = list(rows.values_list("pk", flat=True))
    if taken:
        mine = Receipt.objects.filter(pk__in=taken)
        mine.update(delivered_at=at)
        if _ran_short(notice.acknowledge_due_at, at):
            mine.filter(settled_at=None, due_at__lt=_tomorrow(at)).update(due_at=asking.due(notice, at))
        telling.published(notice, mine, at)
    return len(taken)


def _tomorrow(at: datetime) -> datetime:
    return datetime.combine(local_date(at) + timedelta(days=1), time(0), SHANGHAI)


@transaction.atomic
def _finish(notice_id: int, job: Job, at: datetime) -> None:
    """Once: the notice is published, the groups' robots have their posts, its author hears of it."""
    notice = held(notice_id)
    left = Receipt.objects.filter(notice=notice, delivered_at=None).count()
    if notice.state == State.PUBLISHING:
        notice.state, notice.touched_at = State.PUBLISHED, at
        notice.save(update_fields=["state", "touched_at"])
        audit.record("notice.delivered", notice, at=at, data={"recipients": notice.recipients, "left": left})
        robots.queue_for(notice, at)
        telling.out(notice, at)
    job.data["people"] = []  # they have their receipts
    job.save(update_fields=["data"])
    jobs.finish(job, at, result={"url": notice.get_absolute_url(), "recipients": notice.recipients, "left": left})
