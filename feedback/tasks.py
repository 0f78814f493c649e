"""Celery's hands: each task calls one function, and each may run twice or never."""

from celery import shared_task

from feedback import sweep as sweeping
from feedback import upkeep as upkeeping


@shared_task(name="feedback.tasks.sweep")
def sweep() -> None:
    """What has come due; every minute."""
    sweeping.sweep()


@shared_task(name="feedback.tasks.upkeep")
def upkeep() -> None:
    """Silence, questions, lapsed requests, the watch list; every ten minutes."""
    upkeeping.upkeep()
