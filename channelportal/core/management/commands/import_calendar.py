"""manage.py import_calendar FILE [--yes]: show what a year's arrangement would change, and with --yes put it in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channelportal.core import calendar
from channelportal.core.clock import now
from channelportal.lib import yearplan


class Command(BaseCommand):
    help = "Import the arrangement of holidays of a year (holiday-cn .json, .csv, .xlsx); shows the difference first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="put it in force")

    def handle(self, *args: Any, file: Path, yes: bool, **options: Any) -> None:
        try:
            plan = yearplan.parse(file.name, file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except yearplan.BadPlan as bad:
            raise CommandError("\n".join(bad.messages)) from bad
        changes = yearplan.difference(calendar.current(fresh=True), plan.rows, plan.year)
        for change in changes:
            mark = "*" if change.turns else " "
            self.stdout.write(f"{mark} {change.date}  {_said(change.before)}  →  {_said(change.after)}")
        self.stdout.write(
            f"{plan.year}: {len(changes)} days differ, {sum(c.turns for c in changes)} between work and rest (*)."
        )
        if not yes:
            self.stdout.write("Nothing was changed. Repeat with --yes to put it in force.")
            return
        calendar.publish(plan.rows, plan.year, papers=plan.papers, at=now())
        self.stdout.write(f"{plan.year} is in force. Open deadlines are counted anew by the next upkeep.")


def _said(day: Any) -> str:
    return f"{day.reason.label} {day.name}".strip()
