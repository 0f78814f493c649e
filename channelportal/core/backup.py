"""Backup and restore, the same on SQLite and PostgreSQL, and from the one to the other: rows as lines of JSON, files beside them.

    DIR/data/<app.model>.jsonl.gz    one table each, a row a line: the fields' values in the order that the manifest names
    DIR/files/ab/ab12…               the uploaded files, as they lie in the store: confidential ones encrypted (….sealed)
    DIR/manifest.json                written last: migrations, rows and sha256 of each table, files, the names of the keys that
                                     the encrypted ones need, head of the audit chain

`save` reads one moment of the database while everybody works on. `load` fills an empty database: it checks every hash before it
writes, all rows go in within one transaction, and counts, files and the audit chain are verified before that is committed.
Not in a backup: sessions (everyone signs in anew), the secret key (it is kept apart: SECRET_KEY, or var/secret) and the keys of
confidential files (FILE_KEYS, or var/file-keys): whoever finds a backup cannot read these, and who loses the keys neither.

After a restore no mail goes out (what was sent since the backup would go out twice) until somebody looked and released it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.sql import InsertQuery

from channelportal.core import audit, files, outbox, stamps, vault
from channelportal.core.errors import Unreadable
from channelportal.core.models import AuditEntry, StoredFile

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
ROWS: Final = 1_000  # in one statement, and in memory
CHUNK: Final = 1024 * 1024
# who is signed in just now, and pictures of sums: worth nothing later
LEFT_OUT: Final = frozenset({"sessions.session", "accounts.signin", "captcha.captchastore"})


class Unfit(Exception):
    """This backup cannot be made or restored; the sentence says why."""


@dataclass(frozen=True)
class Done:
    """What was saved or restored: tables, rows, files; ids of files that the store does not have or has altered; names of the keys
    that encrypted files need, with their number; and those that FILE_KEYS does not have, so that these files are unproven."""

    tables: int
    rows: int
    files: int
    missing: list[str]
    keys: dict[str, int]
    lacking: list[str]


# ── saving ──────────────────────────────────────────────────────────────────────────────────────


def save(folder: Path, at: datetime) -> Done:
    """Write a backup into `folder`, which must be new or empty. Other people's writes wait for nothing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise Unfit(f"{folder} is not empty.")
    (folder / "data").mkdir(mode=0o700)
    audit.record("backup.made", at=at, data={"folder": folder.name})
    audit.seal_all(at)
    with _one_moment():
        tables = {label: _save_table(folder, model) for label, model in _models().items()}
        chain = _chain_head()
        stored = list(StoredFile.objects.only("id", "sha256", "key_id", "wrapped_key").order_by("pk").iterator(ROWS))
        applied = _applied()
    digests = {one.path: _save_file(folder, one) for one in stored}
    missing = [path for path, sha256 in digests.items() if not sha256]
    keys = dict(sorted(Counter(one.key_id for one in stored if one.key_id).items()))
    manifest = {
        "format": FORMAT, "made_at": at.isoformat(), "database": connection.vendor, "migrations": applied,
        "tables": tables, "files": digests, "missing": missing, "keys": keys, "audit": chain,
    }  # fmt: skip
    _private(folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1))
    rows = sum(one["rows"] for one in tables.values())
    return Done(len(tables), rows, len(stored) - len(missing), missing, keys, _lacking(keys))


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read-only, everything as of one moment, without stopping writers."""
    was = getattr(connection, "transaction_mode", None)
    if connection.vendor == "sqlite":
        connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]  # a reader in WAL; IMMEDIATE would lock
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql" and not _nested():
                _execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            _no_limits()
            yield
    finally:
        if connection.vendor == "sqlite":
            connection.transaction_mode = was  # type: ignore[attr-defined]


def _nested() -> bool:
    return bool(connection.savepoint_ids)


def _no_limits() -> None:
    if connection.vendor == "postgresql":
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            _execute(f"SET LOCAL {name} = 0")


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _save_table(folder: Path, model: type[models.Model]) -> dict[str, Any]:
    path = _private(folder / "data" / f"{model._meta.label_lower}.jsonl.gz")
    names = [field.attname for field in _fields(model)]
    rows = _all(model).order_by("pk").values_list(*names)
    count = 0
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        for row in rows.iterator(chunk_size=ROWS):
            packed.write(json.dumps(row, default=_plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            count += 1
    return {"fields": names, "rows": count, "sha256": _digest(path)}


def _plain(value: Any) -> str:
    """Moments to the microsecond (the audit chain's hashes are over them)."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"a {type(value).__name__} has no place in a backup")


def _save_file(folder: Path, stored: StoredFile) -> str:
    """Copied and found to be what was uploaded: the sha256 of the copy. "": it is not there, or another. Of a file whose key is not
    at hand nobody can say; it is copied as it is."""
    target = folder / "files" / stored.path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sha256 = _copy(files.location(stored), target) or _copy_plain(stored, target)
    try:
        return sha256 if sha256 and files.digest_matches(stored, target) else ""
    except (vault.KeyMissing, vault.BadKeys):
        return sha256


def _copy_plain(stored: StoredFile, target: Path) -> str:
    """What was in the clear at the backup's moment and has been encrypted since, as it was."""
    if stored.key_id:
        return ""
    try:
        now_sealed = StoredFile.objects.get(pk=stored.pk)
        with files.opened(now_sealed) as read_from, _private(target).open("wb") as write_to:
            shutil.copyfileobj(read_from, write_to, CHUNK)
    except (OSError, StoredFile.DoesNotExist, Unreadable, vault.Altered):
        target.unlink(missing_ok=True)
        return ""
    return _digest(target)


def _lacking(keys: Iterable[str]) -> list[str]:
    try:
        known = vault.keys()
    except vault.BadKeys:
        known = {}
    return [name for name in keys if name not in known]


def _chain_head() -> dict[str, Any]:
    found = audit.verify()
    return {"number": found.sealed, "hash": found.head, "whole": found.broken is None}


# ── restoring ───────────────────────────────────────────────────────────────────────────────────


def load(folder: Path, at: datetime, *, without_keys: bool = False) -> Done:
    """Fill the empty database and store from a backup. Either all of it is there and proven, or nothing changed (Unfit).
    `without_keys`: also when keys of confidential files are missing; these files come back unproven and closed."""
    manifest = read(folder)
    lacking = _check_keys(manifest, without_keys)
    _check_target(manifest)
    placed: list[Path] = []
    try:
        placed += _place_files(folder, manifest)
        with transaction.atomic(durable=not connection.in_atomic_block):
            _no_limits()
            _empty_tables()
            rows = sum(_load_table(folder, label, told) for label, told in manifest["tables"].items())
            _verify(manifest, lacking)
            outbox.pause()
            audit.record("backup.restored", at=at, data={"made_at": manifest["made_at"], "rows": rows})
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    finally:
        stamps.forget_all()
        ContentType.objects.clear_cache()
    return Done(len(manifest["tables"]), rows, len(placed), manifest["missing"], manifest.get("keys", {}), lacking)


def read(folder: Path) -> dict[str, Any]:
    """The manifest, when every table and file beside it is as it says."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except OSError:
        raise Unfit(f"{folder} holds no finished backup: there is no {MANIFEST}.") from None
    except ValueError:
        raise Unfit(f"{MANIFEST} cannot be read.") from None
    if manifest.get("format") != FORMAT:
        raise Unfit(f"The backup has the format {manifest.get('format')}; this version reads {FORMAT}.")
    for label, told in manifest["tables"].items():
        _compare(folder / "data" / f"{label}.jsonl.gz", told["sha256"])
    for path, sha256 in manifest["files"].items():
        if path not in manifest["missing"]:
            _compare(folder / "files" / path, sha256)
    return manifest


def _compare(path: Path, sha256: str) -> None:
    if not path.exists():
        raise Unfit(f"{path.name} is missing from the backup.")
    if _digest(path) != sha256:
        raise Unfit(f"{path.name} is not what the manifest says: the backup was damaged or altered.")


def _check_keys(manifest: dict[str, Any], without_keys: bool) -> list[str]:
    needed: dict[str, int] = manifest.get("keys", {})
    lacking = _lacking(needed)
    if lacking and not without_keys:
        told = ", ".join(f"{name} ({needed[name]} files)" for name in lacking)
        raise Unfit(
            f"Confidential files of this backup need keys that FILE_KEYS does not have: {told}. Add them from where they are kept, "
            "or say --without-keys: then these files come back too, and stay closed until the key is there. Nothing was changed."
        )
    return lacking


def _check_target(manifest: dict[str, Any]) -> None:
    if not connection.introspection.table_names():
        call_command("migrate", verbosity=0, interactive=False)
    if _applied() != manifest["migrations"]:
        raise Unfit("The backup comes from another version. Install that version, restore, then migrate.")
    people: Any = apps.get_model(settings.AUTH_USER_MODEL)
    if people.objects.exists() or AuditEntry.objects.exists() or StoredFile.objects.exists():
        raise Unfit("The database is not empty: restore into a new one. Nothing was changed.")
    unknown = manifest["tables"].keys() ^ _models().keys()
    if unknown:
        raise Unfit(f"The backup and this version do not have the same tables: {', '.join(sorted(unknown))}.")


def _place_files(folder: Path, manifest: dict[str, Any]) -> list[Path]:
    """Into the store; what is there under this name already is left if it is the same."""
    placed = []
    for path, sha256 in manifest["files"].items():
        target = Path(settings.UPLOAD_ROOT) / path
        if path in manifest["missing"] or (target.exists() and _digest(target) == sha256):
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        placed.append(target)
        if _copy(folder / "files" / path, target) != sha256:
            raise Unfit(f"{path} could not be written to the store as it is in the backup.")
    return placed


def _empty_tables() -> None:
    """What the migrations put there (kinds, calendar, content types) comes from the backup instead."""
    tables = [model._meta.db_table for model in _models(everything=True).values()]
    for sql in connection.ops.sql_flush(no_style(), tables, reset_sequences=False, allow_cascade=False):
        _execute(sql)


def _load_table(folder: Path, label: str, told: dict[str, Any]) -> int:
    model = _models()[label]
    fields = _fields(model)
    if [field.attname for field in fields] != told["fields"]:
        raise Unfit(f"{label} has other fields in this version.")
    count = 0
    with gzip.open(folder / "data" / f"{label}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for chunk in _chunks(lines, _rows_at_once(len(fields))):
            rows = [_made(model, fields, json.loads(line)) for line in chunk]
            query = InsertQuery(model)  # as loaddata: raw, so that no field invents a value
            query.insert_values(fields, rows, raw=True)
            query.get_compiler(connection=connection).execute_sql()
            count += len(rows)
    for sql in connection.ops.sequence_reset_sql(no_style(), [model]):
        _execute(sql)
    if count != told["rows"] or _all(model).count() != count:
        raise Unfit(f"{label}: {told['rows']} rows were saved, {count} read.")
    return count


def _made(model: type[models.Model], fields: list[Any], values: list[Any]) -> models.Model:
    return model(**{field.attname: field.to_python(value) for field, value in zip(fields, values, strict=True)})


def _rows_at_once(columns: int) -> int:
    most = connection.features.max_query_params
    return min(ROWS, most // columns) if most else ROWS


def _chunks(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    chunk: list[str] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _verify(manifest: dict[str, Any], lacking: list[str]) -> None:
    connection.check_constraints()
    told = manifest["audit"]
    found = audit.verify((told["number"], told["hash"]) if told["number"] else None)
    if (found.sealed, found.head) != (told["number"], told["hash"]) or (found.broken and told["whole"]):
        raise Unfit("The audit trail does not verify: the backup was altered.")
    for stored in StoredFile.objects.iterator(ROWS):
        if stored.path in manifest["missing"] or stored.key_id in lacking:
            continue
        if not files.digest_matches(stored):
            key = f", or the key {stored.key_id} is another one than then" if stored.key_id else ""
            raise Unfit(f"{stored.path} in the store is not the file that was uploaded{key}.")


# ── both ────────────────────────────────────────────────────────────────────────────────────────


def _models(*, everything: bool = False) -> dict[str, type[models.Model]]:
    """Tables by label; those between two others (many-to-many) too."""
    found = {model._meta.label_lower: model for model in apps.get_models(include_auto_created=True)}
    return {
        label: model
        for label, model in sorted(found.items())
        if model._meta.managed and not model._meta.proxy and (everything or label not in LEFT_OUT)
    }


def _all(model: type[models.Model]) -> models.QuerySet[Any]:
    """Every row, whatever a manager of the model would hide."""
    return model._base_manager.all()  # noqa: SLF001


def _fields(model: type[models.Model]) -> list[Any]:
    return list(model._meta.local_concrete_fields)


def _applied() -> list[str]:
    if not MigrationRecorder(connection).has_table():
        return []
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def _private(path: Path) -> Path:
    path.touch(mode=0o600)
    return path


def _copy(source: Path, target: Path) -> str:
    """The sha256 of what was copied; "" where there is nothing."""
    try:
        with source.open("rb") as read_from, _private(target).open("wb") as write_to:
            shutil.copyfileobj(read_from, write_to, CHUNK)
    except FileNotFoundError:
        return ""
    return _digest(target)


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def release(at: datetime) -> bool:
    """Let the mail go out again after a restore. False: it was not paused."""
    if not outbox.go_on():
        return False
    audit.record("outbox.released", at=at)
    return True
