"""The Celery app and ALL schedules. Celery is the accelerator; the database is the truth.

Every job here may run twice or never: each claims its work in the database first, and the next sweep finds what was lost.
`manage.py run_jobs` does the same without a broker.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import worker_init
from django.conf import settings
from django.db import connections, transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channelportal.settings")
log = logging.getLogger(__name__)
JOB_STATEMENT_MS = 60_000


def _broker() -> dict[str, Any]:
    """Redis where one is set; else messages as files, which needs no server and keeps separate processes separate."""
    if settings.REDIS_URL:
        return {
            "broker_url": settings.REDIS_URL,
            "broker_transport_options": {
                "visibility_timeout": 1800,
                "socket_timeout": 5,
                "socket_connect_timeout": 3,
                "socket_keepalive": True,
                "health_check_interval": 10,
                "retry_on_timeout": True,
                "unacked_restore_interval": 5,
                "unacked_restore_throttle": 1,
            },
        }
    folders = {name: str(settings.BROKER_DIR / name) for name in ("queue", "control")}
    for folder in folders.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://localhost/",  # the host says nothing, but without one kombu warns
        "broker_transport_options": {
            "data_folder_in": folders["queue"],
            "data_folder_out": folders["queue"],
            "control_folder": folders["control"],
            "store_processed": False,
            "polling_interval": 0.1,
        },
        "worker_pool": "threads",
        "worker_concurrency": 2,
    }


app = Celery("channelportal")
app.conf.update(
    **_broker(),
    broker_connection_retry_on_startup=True,
    broker_channel_error_retry=True,
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    result_backend=None,
    task_acks_late=True,  # with the next line: a killed worker's task comes back; either alone loses it
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_time_limit=900,
    task_soft_time_limit=840,
    task_default_queue="default",
    task_create_missing_queues=True,
    task_routes={
        "feedback.tasks.sweep": {"queue": "critical"},
        "notices.tasks.sweep": {"queue": "critical"},
        "notices.tasks.meetings": {"queue": "critical"},
        "channelportal.core.tasks.deliver": {"queue": "critical"},
        "channelportal.core.tasks.run_export": {"queue": "exports"},
        "notices.tasks_robots.deliver": {"queue": "hooks"},
    },
    timezone="Asia/Shanghai",
    enable_utc=True,
    beat_schedule_filename=str(settings.DATA_DIR / "beat-schedule"),
    worker_hijack_root_logger=False,
)


def every(seconds: float) -> dict[str, Any]:
    """A schedule; what nobody took until shortly before the next stroke is dropped, so that no queue piles up."""
    return {"schedule": seconds, "options": {"expires": seconds * 0.9}}


app.conf.beat_schedule = {
    # what has come due is recorded and told: the reason the product exists
    "sweep": {"task": "feedback.tasks.sweep", **every(settings.SWEEP_SECONDS)},
    # what waits in the outbox goes out, in the delivery window
    "deliver": {"task": "channelportal.core.tasks.deliver", **every(settings.SWEEP_SECONDS / 2)},
    # what waits for the robots of group chats goes out, so many a minute as their makers take
    "robots": {"task": "notices.tasks_robots.deliver", **every(settings.SWEEP_SECONDS / 2)},
    # audit rows written since the last pass get their place in the hash chain
    "seal": {"task": "channelportal.core.tasks.seal", **every(settings.SWEEP_SECONDS / 2)},
    # passwords: reminders, expiry, freezing; one-time passwords and registrations that lapsed
    "passwords": {"task": "accounts.tasks.passwords", **every(600)},
    # silence of five working days closes; questions nobody answers are chased; holds that end
    "upkeep": {"task": "feedback.tasks.upkeep", **every(600)},
    # notices whose time has come go out; approvals and acknowledgements that lie are reminded of, late ones told
    "notices": {"task": "notices.tasks.sweep", **every(settings.SWEEP_SECONDS)},
    # invitations and meetings are reminded of, minutes and actions that are late are told, required meetings that lack
    "meetings": {"task": "notices.tasks.meetings", **every(settings.SWEEP_SECONDS)},
    # who joined a unit later gets the notices that are still valid; what a publication had to leave is tried again
    "joiners": {"task": "notices.tasks.joiners", **every(600)},
    # exports, imports and publications that a killed worker or an emptied broker left behind are started again
    "jobs": {"task": "channelportal.core.tasks.pick_up_jobs", **every(60)},
    # regulations that nobody reviewed for a year are put before 企发部 (002 六)
    "review-rules": {"task": "notices.tasks.review_rules", "schedule": crontab(hour=8, minute=40)},
    # sessions, leases, drafts and captchas that lapsed
    "tidy": {"task": "channelportal.core.tasks.tidy", "schedule": crontab(hour=3, minute=30)},
    # the day's head of the audit chain goes out, so that no later rewriting goes unseen
    "seal-head": {"task": "channelportal.core.tasks.send_seal_head", "schedule": crontab(hour=0, minute=10)},
}
app.autodiscover_tasks(["channelportal.core", "accounts", "feedback", "notices"])
app.autodiscover_tasks(["notices"], related_name="tasks_robots")


@worker_init.connect(weak=False)
def give_time(**_: Any) -> None:
    """Statements of jobs may take a minute; those of the web end sooner (settings)."""
    options = connections["default"].settings_dict.get("OPTIONS", {})
    if "statement_timeout" in options.get("options", ""):
        options["options"] = re.sub(
            r"statement_timeout=\d+", f"statement_timeout={JOB_STATEMENT_MS}", options["options"]
        )


def start_after_commit(task: Task[Any, Any], *args: Any) -> None:
    """Start `task` when the open transaction commits. A broker that is away delays the work until the next sweep; it never
    fails the request that was saved (Celery's own `delay_on_commit` would)."""
    transaction.on_commit(lambda: _start(task, args), robust=True)


IMPATIENT: Any = {
    "socket_timeout": 1, "socket_connect_timeout": 1, "retry_on_timeout": False,
    "max_retries": 1, "interval_start": 0, "interval_step": 0,
}  # fmt: skip
"""For a person's request, which must not wait: a broker that is gone or hangs costs it two seconds, not a minute."""


def _start(task: Task[Any, Any], args: tuple[Any, ...]) -> None:
    try:
        with app.connection_for_write(transport_options=IMPATIENT if settings.REDIS_URL else {}) as broker:
            task.apply_async(args, connection=broker, retry=False, ignore_result=True)  # type: ignore[call-arg]  # not in its stubs
    except Exception as error:  # noqa: BLE001 (whatever a broker can raise: the sweep does it within a minute)
        log.warning("broker away, %s waits for the sweep: %s", task.name, error)
