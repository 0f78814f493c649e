"""manage.py due "2026-05-08 16:00" --severity major: when a ticket that reaches its unit then is due, and why on that day."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from channelportal.core import calendar
from channelportal.lib import wording
from channelportal.lib.workdays import SHANGHAI, local_date
from feedback import deadlines, in_force
from feedback.models import Severity
from feedback.present import strip


class Command(BaseCommand):
    help = "Prints the due moment of a ticket that reaches its unit at MOMENT (Shanghai time), with the explanation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("moment", help='"2026-05-08 16:00", or a day alone')
        parser.add_argument("--severity", choices=Severity.values, default=Severity.NORMAL)
        parser.add_argument("--unit", type=int, help="id of a unit with working days of its own")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        reached = _moment(options["moment"])
        days = calendar.current(unit_id=options["unit"])
        due = deadlines.reply_due(in_force.policy(), days, local_date(reached), options["severity"])
        if options["json"]:
            self.stdout.write(json.dumps(_facts(reached, due, options["severity"]), ensure_ascii=False, indent=1))
        else:
            self._print(due, options["severity"])

    def _print(self, due: deadlines.Due, severity: str) -> None:
        mark = _(" (provisional)") if due.provisional else ""
        self.stdout.write(f"{wording.exact(due.at)} {wording.weekday(due.day)}{mark}")
        self.stdout.write(strip.preview(due.explanation, severity).sentence)
        for day in due.explanation:
            count = {None: "–", 0: "0"}.get(day.ordinal, str(day.ordinal))
            self.stdout.write(f"  {day.date} {wording.weekday(day.date)} {count:>2}  {strip.reason_of(day)}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(_("Not a moment: {text}. Write it like 2026-05-08 16:00.").format(text=text)) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _facts(reached: datetime, due: deadlines.Due, severity: str) -> dict[str, Any]:
    return {
        "reached": reached.isoformat(),
        "severity": severity,
        "due": due.at.isoformat(),
        "provisional": due.provisional,
        "days": [
            {
                "date": day.date.isoformat(),
                "working": day.working,
                "count": day.ordinal,
                "reason": str(day.reason),
                "name": day.name,
                "paper": day.paper,
            }
            for day in due.explanation
        ],
    }
