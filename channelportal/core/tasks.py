"""The jobs of the foundations. Each fetches by id or sweeps, calls one function, and may run twice or never."""

from __future__ import annotations

from celery import shared_task

from channelportal.core import audit, exports, jobs, outbox, tidying
from channelportal.core.clock import now
from channelportal.core.heartbeat import beat


@shared_task
def deliver() -> None:
    """What waits in the outbox goes out."""
    at = now()
    sent = outbox.deliver(at)
    beat("deliver", at, {"sent": sent})


@shared_task
def seal() -> None:
    """Audit rows get their place in the chain."""
    at = now()
    sealed = audit.seal_all(at)
    beat("seal", at, {"sealed": sealed})


@shared_task
def send_seal_head() -> None:
    """The chain's head goes to the audit administrators, so that no later rewriting goes unseen."""
    audit.send_head(now())


@shared_task
def tidy() -> None:
    """What lapsed is removed: sessions, old drafts, submissions, captchas."""
    tidying.tidy(now())


@shared_task
def pick_up_jobs() -> None:
    """Jobs that a dead worker or broker left behind are started again."""
    jobs.pick_up(now())


@shared_task
def run_export(job_id: int) -> None:
    """An export too large for a request."""
    exports.run(job_id, now())
