"""Uploaded files: kept under a random name outside static, served only by the view of the app that owns them.

A file is written before its row; should the transaction fail, `tidying` removes the orphan a day later. Confidential ones lie there
encrypted (vault.py) and are decrypted while they go out; `Unreadable` tells the reader when that cannot be, the log says why.
"""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Sum
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _

from channelportal.core import audit, vault
from channelportal.core import watermark as marking
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, Unreadable
from channelportal.core.fields import refusal
from channelportal.core.models import StoredFile
from channelportal.lib import uploads

CHUNK: Final = 256 * 1024
QUOTA_BYTES: Final = 500 * 1024 * 1024  # of one person in a day
QUOTA_FILES: Final = 300
REWRAPPED_AT_ONCE: Final = 500
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the disk, or what this account may have of it
log = logging.getLogger(__name__)


# ── keeping ─────────────────────────────────────────────────────────────────────────────────────


def keep_all(
    chosen: Iterable[UploadedFile[Any]], *, by: Any, at: datetime, confidential: bool = False
) -> list[StoredFile]:
    """Keep the uploads of a form (`MultiFileField`); `Invalid("files", …)` where one is refused or the day's quota is used up."""
    wanted = list(chosen)
    if wanted and by is not None:
        _check_quota(wanted, by, at)
    return [keep(upload, by=by, at=at, confidential=confidential) for upload in wanted]


def keep(upload: UploadedFile[Any], *, by: Any, at: datetime, confidential: bool = False) -> StoredFile:
    """Check and keep one upload. Asked again here, at the door of the store, whoever calls. Confidential: encrypted, and refused
    where the readers' names could not be laid over it; `Unreadable` where the portal has no key."""
    content = cast(IO[bytes], upload.file)
    try:
        checked = uploads.check(upload.name or "", upload.size or 0, content, settings.UPLOAD_MAX_BYTES)
    except uploads.Unfit as unfit:
        raise Invalid("files", " ".join(refusal(unfit).messages)) from unfit
    if confidential:
        _check_markable(checked, content)
    try:
        return _store(checked.name, checked.media_type, _chunks(content), by, at, confidential=confidential)
    except OSError as error:
        if error.errno not in FULL:
            raise
        log.exception("no room for an upload under %s", settings.UPLOAD_ROOT)
        raise Invalid(
            "files",
            _(
                "The portal has no room for files at the moment. "
                "Send it without files, or later, and tell the system administrator."
            ),
        ) from error


def keep_bytes(
    name: str, content: bytes, media_type: str, *, by: Any, at: datetime, confidential: bool = False
) -> StoredFile:
    """Keep what the portal itself made (an export). Not checked."""
    return _store(uploads.clean_name(name), media_type, iter([content]), by, at, confidential=confidential)


def protect(stored: StoredFile, *, by: Any = None, at: datetime) -> bool:
    """Encrypt a file that was kept in the clear, when its level is raised; audited. False: it is encrypted already. `Unreadable`
    where it is gone or not what was uploaded.

    The encrypted file is written and read back beside the plain one, then the row changes; the plain one goes when that is
    committed. Whenever this is interrupted, row and file agree; what is left over is swept by `tidying`."""
    with transaction.atomic():
        row = StoredFile.objects.select_for_update().get(pk=stored.pk)
        in_the_clear = not row.key_id
        if in_the_clear:
            plain = location(row)
            _encrypt_beside(row)
            row.save(update_fields=["key_id", "wrapped_key"])
            entry = audit.prepare("file.protected", row, by=by, at=at)
            entry.object_name = ""  # a name may say too much: the trail gets its id
            entry.save(force_insert=True)
            transaction.on_commit(partial(plain.unlink, missing_ok=True), robust=True)
    stored.key_id, stored.wrapped_key = row.key_id, row.wrapped_key
    return in_the_clear


def _encrypt_beside(row: StoredFile) -> None:
    try:
        with location(row).open("rb") as plain:
            row.key_id, row.wrapped_key, data_key = _new_key(row)
            _write(location(row), vault.seal(_chunks(plain), data_key, row.pk))
        if digest_matches(row):
            return
        log.error("file %s: on the disk is not what was uploaded", row.pk)
    except FileNotFoundError:
        log.exception("file %s is not on the disk", row.pk)
    raise Unreadable(_("This file is missing or was altered on the disk. Tell the system administrator."))


def _new_key(row: StoredFile) -> tuple[str, str, bytes]:
    data_key = vault.new_data_key()
    with _explained(row):
        wrapped = vault.wrap(data_key, row.pk)
    return wrapped.key_id, wrapped.text, data_key


def _check_markable(checked: uploads.Checked, content: IO[bytes]) -> None:
    """So that what is taken can be given out."""
    if not marking.possible(checked.media_type):
        return
    content.seek(0)
    try:
        marking.check(content.read(), checked.media_type)
    except marking.Unmarkable as unfit:
        told = {"name": checked.name, "reason": unfit.message}
        raise Invalid("files", _("%(name)s: %(reason)s") % told) from unfit


def _check_quota(wanted: list[UploadedFile[Any]], by: Any, at: datetime) -> None:
    today = StoredFile.objects.filter(uploaded_by=by, at__gt=at - timedelta(days=1))
    used = today.aggregate(bytes=Sum("size", default=0), files=Count("pk"))
    size = sum(upload.size or 0 for upload in wanted)
    if used["bytes"] + size > QUOTA_BYTES or used["files"] + len(wanted) > QUOTA_FILES:
        raise Invalid(
            "files", _("You have uploaded too much in the last 24 hours. Try again tomorrow, or send fewer files.")
        )


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    stream.seek(0)
    while chunk := stream.read(CHUNK):
        yield chunk


def _store(
    name: str, media_type: str, chunks: Iterator[bytes], by: Any, at: datetime, *, confidential: bool
) -> StoredFile:
    stored = StoredFile(id=uuid.uuid4(), name=name, media_type=media_type, uploaded_by=by, at=at)
    tally = _Tally()
    pieces = tally.counting(chunks)
    if confidential:
        stored.key_id, stored.wrapped_key, data_key = _new_key(stored)
        pieces = vault.seal(pieces, data_key, stored.pk)
    _write(location(stored), pieces)
    stored.size, stored.sha256 = tally.size, tally.digest.hexdigest()
    stored.save(force_insert=True)
    return stored


class _Tally:
    """Size and sha256 of what passes."""

    def __init__(self) -> None:
        self.digest, self.size = hashlib.sha256(), 0

    def counting(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.digest.update(chunk)
            self.size += len(chunk)
            yield chunk


def _write(target: Path, pieces: Iterable[bytes]) -> None:
    """All of it is on the disk under its name, or nothing is."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as out:
            for piece in pieces:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).rename(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def location(stored: StoredFile) -> Path:
    return Path(settings.UPLOAD_ROOT) / stored.path


def opened(stored: StoredFile) -> IO[bytes]:
    """What was uploaded, to be read once from the beginning; `OSError` where it is gone, `Unreadable`. Of an encrypted file each
    chunk is proven when it is read, which may raise `vault.Altered`."""
    try:
        raw = location(stored).open("rb")
    except FileNotFoundError:
        stored.refresh_from_db(fields=["key_id", "wrapped_key"])  # encrypted since this row was read
        raw = location(stored).open("rb")
    return _plain(stored, raw)


def content(stored: StoredFile) -> bytes:
    """All of it, proven; the same errors, none later."""
    with opened(stored) as stream, _explained(stored):
        return stream.read()


def serve(stored: StoredFile, *, by: Any = None, unnamed: bool = False, watermark: str = "") -> FileResponse:
    """The file as a download, never shown inside the portal; audited. The caller has asked whether this person may have it.
    `unnamed`: the trail gets its id and not its name, which may say too much (a complaint kept to named people).
    `watermark`: laid over pictures and the pages of a PDF (watermark.py: `possible`, `words`); `Unreadable` where it cannot be."""
    marked = bool(watermark) and marking.possible(stored.media_type)
    try:
        stream = io.BytesIO(_marked(stored, watermark)) if marked else _proven(stored)
    except (OSError, StoredFile.DoesNotExist):
        raise Http404 from None
    _record_download(stored, by, unnamed, marked)
    response = FileResponse(stream, as_attachment=True, filename=stored.name, content_type=stored.media_type)
    response.block_size = vault.CHUNK
    response["Content-Length"] = len(stream.getbuffer()) if isinstance(stream, io.BytesIO) else stored.size
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store, private"
    return response


def _proven(stored: StoredFile) -> IO[bytes]:
    """Opened, and an encrypted one read through before its first byte goes out: all of it comes, or a page that says why not."""
    stream = opened(stored)
    if not stored.key_id:
        return stream
    with stream, _explained(stored):
        size = sum(len(piece) for piece in iter(lambda: stream.read(vault.CHUNK), b""))
        if size != stored.size:
            raise vault.Altered(f"{size} bytes where the row has {stored.size}")
    return opened(stored)


def _marked(stored: StoredFile, words: str) -> bytes:
    try:
        return marking.marked(content(stored), stored.media_type, words)
    except marking.Unmarkable as unfit:
        log.warning("file %s cannot be marked: %s", stored.pk, unfit)
        raise Unreadable(unfit.message) from unfit


def _plain(stored: StoredFile, raw: IO[bytes]) -> IO[bytes]:
    if not stored.key_id:
        return raw
    try:
        with _explained(stored):
            data_key = vault.unwrap(vault.Wrapped(stored.key_id, stored.wrapped_key), stored.pk)
            return cast(IO[bytes], vault.Opened(raw, data_key, stored.pk))
    except Unreadable:
        raw.close()
        raise


@contextmanager
def _explained(stored: StoredFile) -> Iterator[None]:
    """What is wrong with key or file: the cause into the log, a sentence for the person."""
    try:
        yield
    except (vault.KeyMissing, vault.BadKeys) as why:
        log.error("file %s: %s", stored.pk, why)
        raise Unreadable(
            _(
                "The key of confidential files is not set rightly, so this cannot be done now. Tell the system administrator."
            )
        ) from why
    except vault.Altered as why:
        log.error("file %s: %s", stored.pk, why)
        raise Unreadable(
            _("This confidential file was altered or damaged on the disk. Tell the system administrator.")
        ) from why


def _record_download(stored: StoredFile, by: Any, unnamed: bool, marked: bool) -> None:
    facts: dict[str, Any] = {"size": stored.size} if unnamed else {"name": stored.name, "size": stored.size}
    row = audit.prepare("file.downloaded", stored, by=by, at=now(), data=facts | ({"marked": True} if marked else {}))
    if unnamed:
        row.object_name = ""
    row.save(force_insert=True)


def digest_matches(stored: StoredFile, path: Path | None = None) -> bool:
    """Whether the file on the disk (or its copy at `path`) is still the one that was uploaded. `vault.KeyMissing`,
    `vault.BadKeys` where an encrypted one cannot be read."""
    try:
        with (path or location(stored)).open("rb") as raw:
            stream: Any = raw
            if stored.key_id:
                data_key = vault.unwrap(vault.Wrapped(stored.key_id, stored.wrapped_key), stored.pk)
                stream = vault.Opened(raw, data_key, stored.pk)
            return hashlib.file_digest(stream, "sha256").hexdigest() == stored.sha256
    except vault.Altered:
        return False


# ── another key ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Rewrapped:
    """One batch: how many rows, the last of them (None: there are no more), and what cannot be unwrapped, with the reason."""

    rows: int
    last: uuid.UUID | None
    failed: dict[uuid.UUID, str]


def rewrap(*, after: uuid.UUID | None = None) -> Rewrapped:
    """Wrap the data keys of the next rows, in order of id, with the current key; the files stay as they are. Three statements, one
    transaction: whenever this is interrupted, each row has the one key or the other. `vault.BadKeys`."""
    old = StoredFile.objects.exclude(key_id__in=["", vault.current()]).order_by("pk")
    if after:
        old = old.filter(pk__gt=after)
    failed: dict[uuid.UUID, str] = {}
    with transaction.atomic():
        rows = list(old.select_for_update()[:REWRAPPED_AT_ONCE])
        for row in rows:
            try:
                data_key = vault.unwrap(vault.Wrapped(row.key_id, row.wrapped_key), row.pk)
            except (vault.KeyMissing, vault.Altered) as why:
                failed[row.pk] = str(why)
                continue
            wrapped = vault.wrap(data_key, row.pk)
            row.key_id, row.wrapped_key = wrapped.key_id, wrapped.text
        StoredFile.objects.bulk_update([row for row in rows if row.pk not in failed], ["key_id", "wrapped_key"])
    return Rewrapped(len(rows) - len(failed), rows[-1].pk if rows else None, failed)


def keys_in_use() -> dict[str, int]:
    """How many files each key of the installation wraps."""
    sealed = StoredFile.objects.exclude(key_id="").order_by("key_id")
    return dict(sealed.values_list("key_id").annotate(files=Count("pk")))
