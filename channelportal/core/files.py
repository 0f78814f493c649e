"""Uploaded files: kept under a random name outside static, served only by the view of the app that owns them.

A file is written before its row; should the transaction fail, `tidying` removes the orphan a day later.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Sum
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _

from channelportal.core import audit
from channelportal.core.clock import now
from channelportal.core.errors import Invalid
from channelportal.core.fields import refusal
from channelportal.core.models import StoredFile
from channelportal.lib import uploads

CHUNK: Final = 256 * 1024
QUOTA_BYTES: Final = 500 * 1024 * 1024  # of one person in a day
QUOTA_FILES: Final = 300


def keep_all(chosen: Iterable[UploadedFile[Any]], *, by: Any, at: datetime) -> list[StoredFile]:
    """Keep the uploads of a form (`MultiFileField`); `Invalid("files", …)` where one is refused or the day's quota is used up."""
    wanted = list(chosen)
    if wanted and by is not None:
        _check_quota(wanted, by, at)
    return [keep(upload, by=by, at=at) for upload in wanted]


def keep(upload: UploadedFile[Any], *, by: Any, at: datetime) -> StoredFile:
    """Check and keep one upload. Asked again here, at the door of the store, whoever calls."""
    try:
        checked = uploads.check(
            upload.name or "", upload.size or 0, cast(IO[bytes], upload.file), settings.UPLOAD_MAX_BYTES
        )
    except uploads.Unfit as unfit:
        raise Invalid("files", " ".join(refusal(unfit).messages)) from unfit
    return _store(checked.name, checked.media_type, _chunks(cast(IO[bytes], upload.file)), by, at)


def keep_bytes(name: str, content: bytes, media_type: str, *, by: Any, at: datetime) -> StoredFile:
    """Keep what the portal itself made (an export). Not checked."""
    return _store(uploads.clean_name(name), media_type, iter([content]), by, at)


def location(stored: StoredFile) -> Path:
    return Path(settings.UPLOAD_ROOT) / stored.path


def serve(stored: StoredFile, *, by: Any = None, unnamed: bool = False) -> FileResponse:
    """The file as a download, never shown inside the portal; audited. The caller has asked whether this person may have it.
    `unnamed`: the trail gets its id and not its name, which may say too much (a complaint kept to named people)."""
    try:
        opened = location(stored).open("rb")
    except OSError:
        raise Http404 from None
    _record_download(stored, by, unnamed)
    response = FileResponse(opened, as_attachment=True, filename=stored.name, content_type=stored.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store, private"
    return response


def _record_download(stored: StoredFile, by: Any, unnamed: bool) -> None:
    facts = {"size": stored.size} if unnamed else {"name": stored.name, "size": stored.size}
    row = audit.prepare("file.downloaded", stored, by=by, at=now(), data=facts)
    if unnamed:
        row.object_name = ""
    row.save(force_insert=True)


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


def _store(name: str, media_type: str, chunks: Iterator[bytes], by: Any, at: datetime) -> StoredFile:
    stored = StoredFile(id=uuid.uuid4(), name=name, media_type=media_type, uploaded_by=by, at=at)
    target = location(stored)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as out:
            for chunk in chunks:
                out.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).rename(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    stored.size, stored.sha256 = size, digest.hexdigest()
    stored.save(force_insert=True)
    return stored


def digest_matches(stored: StoredFile) -> bool:
    """Whether the file on the disk is still the one that was uploaded."""
    with location(stored).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == stored.sha256
