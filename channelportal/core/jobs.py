"""Long jobs that a person starts and may leave: the row is the truth, the task only the quick way to begin.

    job = jobs.start("unit.import", "accounts.tasks.import_units", by=user, data={"file": str(file.pk)}, total=120)

The task fetches by id: `if job := jobs.claim(job_id, at): …`, says `progress`, and ends with `finish` or `fail`.
`pick_up`, called every minute, starts again what a dead broker or a killed worker left behind.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db.models import Q
from django.utils.module_loading import import_string

from channelportal.celery import start_after_commit
from channelportal.core.clock import now
from channelportal.core.models import Job, StoredFile

log = logging.getLogger(__name__)
T = TypeVar("T")
LEASE: Final = timedelta(minutes=5)  # renewed by `progress`
PATIENCE: Final = timedelta(minutes=1)  # how long a waiting job may wait before it is started again
OFTEN: Final = 500  # rows between two marks of progress


def start(kind: str, task: str, *, by: Any, data: dict[str, Any], total: int = 0) -> Job:
    """A new job of `kind`, done by the Celery task of that name with the job's id as its only argument."""
    job = Job.objects.create(kind=kind, by=by, data={**data, "task": task}, total=total)
    start_after_commit(import_string(task), job.pk)
    return job


def claim(job_id: int, at: datetime, *, lease: timedelta = LEASE) -> Job | None:
    """Take the job for this worker; None when it is done, or another is at it. A shorter `lease` is for work that must go on
    soon after its worker died; `progress` renews it and is told the same."""
    free = Q(state=Job.State.WAITING) | Q(state=Job.State.RUNNING, lease_until__lt=at)
    taken = Job.objects.filter(free, pk=job_id).update(state=Job.State.RUNNING, lease_until=at + lease, done=0)
    return Job.objects.select_related("by").get(pk=job_id) if taken else None


def progress(job: Job, done: int, total: int | None = None, *, lease: timedelta = LEASE) -> None:
    """So many are done; renews the lease. Before it ends: at the latest every five minutes. A job that another worker has ended
    meanwhile stays ended."""
    job.total = max(done, job.total if total is None else total)
    job.done = done
    job.lease_until = now() + lease
    running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    running.update(done=job.done, total=job.total, lease_until=job.lease_until)


def counted(job: Job, rows: Iterable[T]) -> Iterator[T]:
    """The same rows, with a mark of progress now and then."""
    for number, row in enumerate(rows, start=1):
        if number % OFTEN == 0:
            progress(job, number)
        yield row


def finish(job: Job, at: datetime, *, result: dict[str, Any] | None = None, file: StoredFile | None = None) -> None:
    _end(job, Job.State.DONE, at, result or {}, file)


def fail(job: Job, at: datetime, reason: str) -> None:
    """`reason` is a code or a short sentence for the person who started it."""
    _end(job, Job.State.FAILED, at, {"reason": reason[:300]}, None)


def _end(job: Job, state: str, at: datetime, result: dict[str, Any], file: StoredFile | None) -> None:
    """What was done stays done: of two workers at one job (the first was slow, its lease over) the later one changes nothing."""
    done = job.total if state == Job.State.DONE else job.done
    ended = {"state": state, "ended_at": at, "lease_until": None, "result": result, "file": file, "done": done}
    if Job.objects.filter(pk=job.pk).exclude(state=Job.State.DONE).update(**ended, total=job.total):
        for name, value in ended.items():
            setattr(job, name, value)


def left_behind(at: datetime) -> list[Job]:
    """Jobs that nobody works on: the broker lost the message, or the worker died."""
    waiting = Q(state=Job.State.WAITING, created_at__lt=at - PATIENCE)
    dead = Q(state=Job.State.RUNNING, lease_until__lt=at)
    return list(Job.objects.filter(waiting | dead).order_by("pk")[:20])


def pick_up(at: datetime) -> int:
    """Start again what was left behind. Returns how many."""
    jobs = left_behind(at)
    for job in jobs:
        start_after_commit(
            import_string(job.data["task"]), job.pk
        )  # the name was written by `start`, never by a person
    return len(jobs)
