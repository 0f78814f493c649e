"""manage.py backup DIR

DIR must be new or empty (a folder of the day: `manage.py backup /srv/backup/2026-05-08`). The portal goes on working meanwhile.
Rows, files, and a manifest with sha256 and counts; see core/backup.py. Keep apart, and keep too: the secret key (SECRET_KEY or
DATA_DIR/secret), the keys of confidential files (FILE_KEYS or DATA_DIR/file-keys) and .env.
Ends with 1 when a file of the store is missing or altered; the rest is saved all the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channelportal.core import backup, clock


class Command(BaseCommand):
    help = "Save the database and the files into a new folder, with a manifest of hashes and counts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            done = backup.save(folder, clock.now())
        except backup.Unfit as why:
            raise CommandError(str(why)) from why
        self.stdout.write(f"Saved {done.rows} rows of {done.tables} tables and {done.files} files to {folder}.")
        self.stdout.write("The secret key is not in it: keep it apart.")
        if done.keys:
            told = ", ".join(f"{name} ({count} files)" for name, count in done.keys.items())
            self.stdout.write(
                f"Confidential files can be read with these keys of FILE_KEYS only; keep them apart: {told}."
            )
        if done.lacking:
            self.stderr.write(f"Not proven, for FILE_KEYS does not have their key: files of {', '.join(done.lacking)}.")
        if done.missing:
            raise CommandError(f"Missing or altered in the store: {', '.join(done.missing)}")
