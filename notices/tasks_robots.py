"""Celery's hands for the robots of group chats."""

from __future__ import annotations

from celery import shared_task

from channelportal.core.clock import now
from channelportal.core.heartbeat import beat
from notices import robots


@shared_task(name="notices.tasks_robots.deliver")
def deliver() -> None:
    """What waits for robots goes out; what a former key sealed gets the current one."""
    at = now()
    beat("robots", at, {"sent": robots.deliver(at), "resealed": robots.reseal()})
