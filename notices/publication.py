"""A notice goes out to everybody it is for (001 四(三)1; N4): begun in the request, done by a job in batches.

    begin(notice, at)   by `workflow.publish`, in its transaction: from now on it is being published
    run(job_id)         the job: freezes who receives it, delivers by the thousand, and at last the notice is published
    deliver(notice_id)  what is frozen and not delivered yet: also of those who joined later, and what an earlier run left

Receipt, alert and mail of a recipient are written in one transaction, so a job that is killed at any point goes on where it was,
with nothing double and nothing missing. Batches of one notice stand behind each other (its row is locked), so two workers at
once do no harm either. A receipt that the database refuses is left for the sweep, with an alarm in the log; the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from accounts.models import User
from channelportal.core import audit, bulk, clock, jobs
from channelportal.core.models import Job
from notices import asking, recipients, robots, telling
from notices.models import Notice, Receipt

log = logging.getLogger(__name__)

KIND: Final = "notice.publish"  # of the job; its words: templates/jobs/
TASK: Final = "notices.tasks.publish"
BATCH: Final = 1_000
LEASE: Final = timedelta(
    seconds=20
)  # a batch takes a tenth of a second; after a kill another goes on within about a minute
LEFT: Final = (InterfaceError, OperationalError)  # the database is away: no row's fault
State = Notice.State


def begin(notice: Notice, at: datetime, by: User | None = None) -> Job:
    """Start the job of a notice that `workflow` has just set to being published from `at` on; the caller holds it locked. What
    depends on the number of recipients is the job's. `by`: on whose page of long jobs it stands; None: the author's."""
    facts = {"notice": notice.pk, "number": notice.number, "title": notice.title}
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
    total = _freeze(notice_id, job)
    jobs.progress(job, total - _waiting(notice_id), total, lease=LEASE)
    left = deliver(notice_id, at, after=lambda delivered: jobs.progress(job, job.done + delivered, lease=LEASE))
    _finish(notice_id, job, at or clock.now(), left)


# ── who receives it ─────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def _freeze(notice_id: int, job: Job) -> int:
    """The people of the audience become receipts: once, however often the job begins. Returns how many there are."""
    notice = held(notice_id)
    job.refresh_from_db(fields=["data"])
    if not job.data.get("frozen"):
        found = recipients.of(notice)
        bulk.insert_from(
            found, Receipt, notice_id=notice.pk, user_id=F("pk"), unit_id=F("unit_id"), due_at=notice.acknowledge_due_at
        )
        notice.recipients = notice.receipts.count()
        notice.save(update_fields=["recipients"])
        job.data["frozen"] = True
        job.save(update_fields=["data"])
    return notice.recipients


def held(notice_id: int) -> Notice:
    """The notice, locked. Foreign keys to it can still be written meanwhile."""
    rows = Notice.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("kind", "unit", "author").get(pk=notice_id)


def _waiting(notice_id: int) -> int:
    return Receipt.objects.filter(notice=notice_id, delivered_at=None).count()


# ── delivering ──────────────────────────────────────────────────────────────────────────────────


def deliver(
    notice_id: int, at: datetime | None = None, *, after: Callable[[int], None] | None = None
) -> frozenset[int]:
    """Deliver what is not delivered yet, batch after batch; `after` hears how many each time. Returns the ids of the receipts that
    the database refused. A notice withdrawn meanwhile goes to nobody else."""
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
        if after:
            after(found)
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
        telling.published(notice, mine, at)
    return len(taken)


@transaction.atomic
def _finish(notice_id: int, job: Job, at: datetime, left: frozenset[int]) -> None:
    """Once: the notice is published, the groups' robots have their posts, its author hears of it."""
    notice = held(notice_id)
    if notice.state == State.PUBLISHING:
        notice.state, notice.touched_at = State.PUBLISHED, at
        notice.save(update_fields=["state", "touched_at"])
        audit.record("notice.delivered", notice, at=at, data={"recipients": notice.recipients, "left": len(left)})
        robots.queue_for(notice, at)
        telling.out(notice, at)
    facts = {"url": notice.get_absolute_url(), "recipients": notice.recipients, "left": len(left)}
    jobs.finish(job, at, result=facts)
