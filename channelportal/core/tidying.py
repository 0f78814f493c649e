"""What lapsed is removed at night: nothing here is a record of the business."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.sessions.models import Session

from channelportal.core.models import Draft, Job, OutboxMessage, StoredFile, Submission

DRAFTS_KEPT: Final = timedelta(days=60)
SUBMISSIONS_KEPT: Final = timedelta(days=30)
EXPORTS_KEPT: Final = timedelta(days=7)
SECRETS_KEPT: Final = timedelta(days=10)  # the longest life of an issued password


def tidy(at: datetime) -> None:
    Session.objects.filter(expire_date__lt=at).delete()
    Draft.objects.filter(at__lt=at - DRAFTS_KEPT).delete()
    Submission.objects.filter(at__lt=at - SUBMISSIONS_KEPT).delete()
    _old_exports(at)
    _secrets(at)
    _orphans(at)


def _old_exports(at: datetime) -> None:
    """The files of exports; the jobs stay, without them."""
    for job in Job.objects.filter(kind="export", ended_at__lt=at - EXPORTS_KEPT, file__isnull=False).select_related(
        "file"
    ):
        stored, job.file = job.file, None
        job.save(update_fields=["file"])
        if stored is not None:
            stored.delete()


def _secrets(at: datetime) -> None:
    """Issued passwords that never went out."""
    for message in OutboxMessage.objects.filter(created_at__lt=at - SECRETS_KEPT, data__has_key="secret"):
        message.data.pop("secret")
        message.save(update_fields=["data"])


def _orphans(at: datetime) -> None:
    """Files without a row: the transaction that wanted them failed. And what `files.protect` left when it was interrupted."""
    root = Path(settings.UPLOAD_ROOT)
    if not root.exists():
        return
    known = {row.path for row in StoredFile.objects.only("id", "key_id").iterator()}
    yesterday = (at - timedelta(days=1)).timestamp()
    for path in root.glob("[0-9a-f][0-9a-f]/*"):
        if path.relative_to(root).as_posix() not in known and path.stat().st_mtime < yesterday:
            path.unlink(missing_ok=True)
