"""Celery's hands: each task calls one function, and each may run twice or never."""

from celery import shared_task

from channelportal.core import clock
from notices import afterwards, meeting_sweep, publication
from notices import joiners as joining
from notices import sweep as sweeping
from notices.workflow import rules, subscriptions


@shared_task(name="notices.tasks.sweep")
def sweep() -> None:
    """What has come due about notices; every minute."""
    sweeping.sweep()


@shared_task(name="notices.tasks.meetings")
def meetings() -> None:
    """What has come due about meetings; every minute."""
    meeting_sweep.sweep()


@shared_task(name="notices.tasks.joiners")
def joiners() -> None:
    """Who joined later gets what is still valid, closed units apply for nothing more; every ten minutes."""
    joining.catch_up()
    subscriptions.end_of_closed_units(clock.now())


@shared_task(name="notices.tasks.publish")
def publish(job_id: int) -> None:
    """One publication, by its job."""
    publication.run(job_id)


@shared_task(name="notices.tasks.tell")
def tell(job_id: int) -> None:
    """Many readers hear of a correction, a reminder, a withdrawal; by its job."""
    afterwards.run(job_id)


@shared_task(name="notices.tasks.review_rules")
def review_rules() -> None:
    """Regulations that were not looked at for a year; daily."""
    rules.remind_of_reviews(clock.now())
