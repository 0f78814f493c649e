"""Jobs of accounts. Each may run twice or never: the verbs claim what they do."""

from __future__ import annotations

from celery import shared_task

from accounts import importing
from accounts.workflow import passwords, registration
from channelportal.core.clock import now
from channelportal.core.heartbeat import beat


@shared_task(name="accounts.tasks.passwords")
def passwords_round() -> dict[str, int]:
    """Reminders, freezing, issued passwords and applications that lapsed."""
    at = now()
    done = {**passwords.daily(at), "registrations": registration.lapse(at)}
    beat("passwords", at, done)
    return done


@shared_task
def import_organisation(job_id: int) -> None:
    """The import of units and people that somebody confirmed."""
    importing.run(job_id, now())
