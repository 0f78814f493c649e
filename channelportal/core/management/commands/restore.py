"""manage.py restore DIR --into-empty, then manage.py restore --release

Stop web, worker and beat first. The database (DATABASE_URL) must be new: without tables, or migrated and never used; it may be of
the other kind than the one that was saved. Everything is checked (hashes, counts, files, the audit chain) before it is committed;
on any doubt nothing is changed and the command ends with 1. Everyone signs in anew. No mail goes out until `restore --release`:
look at the outbox first, for what was sent between backup and restore would be sent again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channelportal.core import backup, clock, outbox
from channelportal.core.models import OutboxMessage


class Command(BaseCommand):
    help = "Fill an empty database and store from a backup; --release lets the mail go out afterwards."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="what manage.py backup wrote")
        parser.add_argument("--into-empty", action="store_true", help="say that the database is a new one")
        parser.add_argument(
            "--without-keys",
            action="store_true",
            help="also when a key of confidential files is missing: these stay closed",
        )
        parser.add_argument("--release", action="store_true", help="let the mail go out again")

    def handle(self, *args: Any, folder: Path | None, into_empty: bool, release: bool, **options: Any) -> None:
        if folder and into_empty:
            self._restore(folder, options["without_keys"])
        elif folder:
            raise CommandError("Say --into-empty: a restore fills a new database and changes no other.")
        elif not release:
            raise CommandError("Name the folder of the backup, or --release.")
        if release:
            released = backup.release(clock.now())
            self.stdout.write("The mail goes out again." if released else "The mail was not held back.")

    def _restore(self, folder: Path, without_keys: bool) -> None:
        try:
            done = backup.load(folder, clock.now(), without_keys=without_keys)
        except backup.Unfit as why:
            raise CommandError(str(why)) from why
        self.stdout.write(
            f"Restored {done.rows} rows of {done.tables} tables and {done.files} files. The audit trail verifies."
        )
        if done.missing:
            self.stdout.write(f"Were missing already when the backup was made: {', '.join(done.missing)}")
        if done.lacking:
            self.stdout.write(f"Closed until FILE_KEYS has their key: confidential files of {', '.join(done.lacking)}.")
        if outbox.paused():
            waiting = OutboxMessage.objects.filter(state=OutboxMessage.State.WAITING).count()
            self.stdout.write(f"{waiting} messages wait and are held back until: manage.py restore --release")
