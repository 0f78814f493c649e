"""What many readers of a published notice hear at once (000 4.1.4; 001 四(三)(四)): a correction, a reminder, a withdrawal.
To few in the request that decides it, to many by a job in batches, so that nobody waits for it.

    begin(notice, kind, …)   by the verb, in its transaction, with the notice locked
    run(job_id)              the job

Readers come in order of their ids. What a batch writes and how far it came are one transaction, so a job that is killed goes on
where it was, with nothing double and nothing missing; two workers stand behind each other at the notice's row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from channelportal.core import clock, jobs, outbox
from channelportal.core.models import Job
from notices import asking, publication, telling
from notices.models import Notice, Receipt, Version

TASK: Final = "notices.tasks.tell"
CORRECT, REMIND, WITHDRAW = (
    "notice.correct",
    "notice.remind",
    "notice.withdraw",
)  # of jobs; their words: templates/jobs/
AT_ONCE: Final = 500  # people; a tenth of a second
BATCH: Final = 2_500
LEASE: Final = timedelta(seconds=20)
Facts = dict[str, Any]


def begin(notice: Notice, kind: str, *, at: datetime, by: User | None, facts: Facts | None = None) -> int:
    """Tell those whom it concerns, or start the job that does. `facts`: what the batches need, as JSON. Returns
    how many they are."""
    known = {"notice": notice.pk, "at": at.isoformat(), "upto": 0} | (facts or {})
    count = _whom(kind, notice, known).count()
    if count > AT_ONCE:
        shown = {"number": notice.number, "title": "" if notice.confidential else notice.title}
        notice.job = jobs.start(kind, TASK, by=by or notice.author, data=known | shown, total=count)
        notice.save(update_fields=["job"])
    else:
        _tell(kind, notice, known, count)
    return count


def under_way(notice: Notice, kind: str) -> bool:
    """A job of this kind has not come to its end."""
    job = notice.job
    return job is not None and job.kind == kind and job.state in (Job.State.WAITING, Job.State.RUNNING)


def run(job_id: int) -> None:
    """Do the job, from the beginning or from where another worker was killed."""
    job = jobs.claim(job_id, clock.now(), lease=LEASE)
    if job is None:
        return
    done = 0
    while found := _next(job):
        done += found
        jobs.progress(job, min(done, job.total), lease=LEASE)
    url = Notice.objects.get(pk=job.data["notice"]).get_absolute_url()
    jobs.finish(job, clock.now(), result={"url": url, "count": job.total})


@transaction.atomic
def _next(job: Job) -> int:
    """The next batch; how many. 0: all are told, or the notice stands no more."""
    notice = publication.held(job.data["notice"])
    job.refresh_from_db(fields=["data"])
    if notice.state != (Notice.State.WITHDRAWN if job.kind == WITHDRAW else Notice.State.PUBLISHED):
        return 0
    found = _tell(job.kind, notice, job.data, BATCH)
    job.save(update_fields=["data"])
    return found


def _tell(kind: str, notice: Notice, facts: Facts, most: int) -> int:
    """Tell the next `most` people and note how far it came; how many they were. At first what waits unsent is put right."""
    if not facts["upto"] and kind == CORRECT:
        telling.freshen(notice)
    if not facts["upto"] and kind == WITHDRAW:
        outbox.cancel(f"notice:{notice.pk}")
    waiting = _whom(kind, notice, facts).filter(user__gt=facts["upto"])
    ids = list(waiting.order_by("user").values_list("user", flat=True)[:most])
    if ids:
        rows = _whom(kind, notice, facts).filter(user__gt=facts["upto"], user__lte=ids[-1])
        _DEEDS[kind](notice, rows, facts, datetime.fromisoformat(facts["at"]))
        facts["upto"] = ids[-1]
    return len(ids)


# ── whom, and what ──────────────────────────────────────────────────────────────────────────────


def _whom(kind: str, notice: Notice, facts: Facts) -> QuerySet[Receipt]:
    """The receipts that it concerns."""
    if kind != REMIND:
        return Receipt.objects.filter(notice=notice)
    rows = asking.who_can(notice, asking.outstanding(notice)).filter(
        Q(reminded_at=None) | Q(reminded_at__lt=facts["since"])
    )
    return rows if facts["units"] is None else rows.filter(unit__in=facts["units"])


def _corrected(notice: Notice, rows: QuerySet[Receipt], facts: Facts, at: datetime) -> None:
    new = Version.objects.get(pk=facts["version"])
    if facts["again"]:
        asking.ask_again(notice, rows, new, at)
    telling.corrected(notice, rows, new, at, again=facts["again"])


def _reminded(notice: Notice, rows: QuerySet[Receipt], facts: Facts, at: datetime) -> None:
    telling.remind(notice, rows, at)


def _withdrawn(notice: Notice, rows: QuerySet[Receipt], facts: Facts, at: datetime) -> None:
    asking.ask_no_more(rows, at)
    telling.withdrawn(notice, rows, at)


_DEEDS: Final[dict[str, Callable[[Notice, QuerySet[Receipt], Facts, datetime], None]]] = {
    CORRECT: _corrected,
    REMIND: _reminded,
    WITHDRAW: _withdrawn,
}
