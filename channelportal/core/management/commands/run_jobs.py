"""manage.py run_jobs [--forever]: everything that beat and the workers do, in this process, without a broker."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any

from celery.schedules import crontab, maybe_schedule
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connection

from channelportal.celery import JOB_STATEMENT_MS, app, give_time

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run all scheduled jobs once, or for ever at their intervals (celery.py), without broker and workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--forever", action="store_true", help="go on at the intervals of the schedule, until interrupted"
        )
        parser.add_argument("--nightly", action="store_true", help="once: the nightly jobs too")

    def handle(self, *args: Any, forever: bool, nightly: bool, **options: Any) -> None:
        of_the_web = dict(connection.settings_dict["OPTIONS"] or {})
        app.conf.task_always_eager = True  # what a job starts is done here too
        try:
            self._run(forever, nightly)
        finally:  # whoever called this in his own process has workers again, and the web's time
            app.conf.task_always_eager = False
            connection.settings_dict["OPTIONS"] = of_the_web

    def _run(self, forever: bool, nightly: bool) -> None:
        app.loader.import_default_modules()  # so that `app.tasks` knows all of them
        give_time()
        _give_time_at_once()
        loops = [_Loop(name, entry) for name, entry in app.conf.beat_schedule.items()]
        if not forever:
            failed = [loop.name for loop in loops if (nightly or not loop.nightly) and not loop.run()]
            self.stdout.write(f"Failed: {', '.join(failed)}." if failed else "All jobs ran.")
            return
        try:
            while True:
                for loop in loops:
                    loop.run_if_due()
                close_old_connections()
                time.sleep(1)
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")


def _give_time_at_once() -> None:
    """The connection that the system's checks have opened keeps the web's five seconds otherwise."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [JOB_STATEMENT_MS])


class _Loop:
    """One line of the schedule."""

    def __init__(self, name: str, entry: dict[str, Any]) -> None:
        self.name = name
        self.task = entry["task"]
        self.nightly = isinstance(entry["schedule"], crontab)
        self.schedule: Any = maybe_schedule(entry["schedule"], app=app)
        self.last = datetime.now(UTC) if self.nightly else datetime(2000, 1, 1, tzinfo=UTC)  # the others at once

    def run_if_due(self) -> None:
        if self.schedule.is_due(self.last).is_due:
            self.last = datetime.now(UTC)
            self.run()

    def run(self) -> bool:
        """One round; a failure is logged and stops nobody else."""
        try:
            app.tasks[self.task]()
        except Exception:  # whatever it was, the other loops go on
            log.exception("%s failed", self.name)
            return False
        return True
