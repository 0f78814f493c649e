"""manage.py doctor [--json]: what this installation lacks, with the remedy of each."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from channelportal.core.clock import now
from channelportal.doctor import FAULT, Gap, examine


class Command(BaseCommand):
    help = "Names every gap of this installation with its remedy; ends with 1 when something is at fault."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one list of objects, for monitoring")
        parser.add_argument("--language", default=settings.LANGUAGE_CODE, help="zh-hans (default) or en")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            gaps = examine(now())
            if options["json"]:
                self.stdout.write(json.dumps([gap.as_data() for gap in gaps], ensure_ascii=False, indent=1))
            else:
                self._tell(gaps)
        if any(gap.grade == FAULT for gap in gaps):
            raise SystemExit(1)

    def _tell(self, gaps: list[Gap]) -> None:
        if not gaps:
            self.stdout.write(self.style.SUCCESS(_("Nothing is missing.")))
        for gap in gaps:
            mark, style = (_("fault"), self.style.ERROR) if gap.grade == FAULT else (_("warning"), self.style.WARNING)
            self.stdout.write(f"{style(f'[{mark}]')} {gap.what}")
            address = f"  {settings.SITE_URL}{gap.url}" if gap.url else ""
            self.stdout.write(f"    → {gap.remedy}{address}")
