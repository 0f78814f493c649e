"""manage.py rotate_file_keys [--check]

After a new key was put in front of FILE_KEYS and all processes were restarted: wraps the data key of each confidential file
with the new key. The files are not rewritten and stay readable all the while. May be interrupted and run again; it goes on with
what is left.
--check changes nothing and lists how many files need which key. Ends with 1 when a key is missing or a row cannot be unwrapped.

A former key may be taken out of FILE_KEYS when no file needs it, but keep it as long as a backup that was made with it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channelportal.core import audit, clock, files, vault


class Command(BaseCommand):
    help = (
        "Wrap the keys of all confidential files with the first key of FILE_KEYS; --check lists what needs which key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only list how many files need which key")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        try:
            vault.keys()
        except vault.BadKeys as why:
            raise CommandError(f"FILE_KEYS cannot be used. {why}") from why
        failed = {} if check else self._rotate()
        self._list()
        if failed:
            raise CommandError(f"{len(failed)} rows could not be unwrapped.")

    def _rotate(self) -> dict[UUID, str]:
        """What could not be unwrapped, with the reason."""
        after: UUID | None = None
        total, failed = 0, dict[UUID, str]()
        while (batch := files.rewrap(after=after)).last:
            after = batch.last
            total += batch.rows
            failed |= batch.failed
            self.stdout.write(f"{total} files have the key {vault.current()} now.")
        if total:
            data = {"name": vault.current(), "files": total, "failed": len(failed)}
            audit.record("file.keys_rotated", at=clock.now(), data=data)
        for pk, why in failed.items():
            self.stderr.write(f"{pk}: {why}")
        return failed

    def _list(self) -> None:
        known, used = vault.keys(), files.keys_in_use()
        for name in known:
            note = "current" if name == vault.current() else ("still needed" if used.get(name) else "not needed")
            self.stdout.write(f"{name}: {used.get(name, 0)} files, {note}")
        missing = [name for name in used if name not in known]
        if missing:
            told = ", ".join(f"{name} ({used[name]} files)" for name in missing)
            raise CommandError(f"Missing in FILE_KEYS: {told}. Nobody can open these files.")
