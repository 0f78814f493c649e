"""manage.py verify_audit [--head NUMBER:HASH]: read the whole chain; exit 1 and name the first row that does not fit."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channelportal.core import audit

WHAT = {
    "altered": "was altered after it was sealed",
    "removed": "is missing",
    "inserted": "was slipped in afterwards",
    "seal": "has a seal that does not follow the one before",
    "head": "is not the row whose hash was noted",
}


class Command(BaseCommand):
    help = "Verify the audit trail's hash chain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", help="NUMBER:HASH from a daily message; it must still be in the chain")

    def handle(self, *args: Any, head: str | None = None, **options: Any) -> None:
        found = audit.verify(_noted(head) if head else None)
        if found.broken:
            row = f", audit row {found.broken.entry_id}" if found.broken.entry_id else ""
            raise CommandError(f"BROKEN: number {found.broken.number}{row} {WHAT[found.broken.what]}.")
        self.stdout.write(
            f"The chain is whole: {found.sealed} rows, head {found.head}; {found.unsealed} wait for their seal."
        )


def _noted(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise CommandError("--head is NUMBER:HASH, as in the daily message.")
    return int(number), digest
