"""Pictures inside formatted texts: taken from the editor, shown to whoever may see the text."""

from __future__ import annotations

from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.models import User
from channelportal.core import clock, files, watermark
from channelportal.core.errors import Invalid
from channelportal.core.models import StoredFile
from notices import meeting_rights, rule_rights
from notices.models import Notice, Picture

MOST_BYTES: Final = 8 * 1024 * 1024
ENDINGS: Final = (".png", ".jpg", ".jpeg")


@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    """One picture from the editor: {"url"}, or {"error"} in words (422)."""
    user = access.signed_in(request)
    if not rule_rights.edits(user):
        access.require(user, "notice.draft", user.unit_id, _("Only people of a unit write texts."))
    chosen: Any = next(iter(request.FILES.values()), None)
    if problem := _problem(chosen):
        return JsonResponse({"error": problem}, status=422)
    try:
        kept = _keep(chosen, user)
    except Invalid as wrong:
        return JsonResponse({"error": str(wrong.message)}, status=422)
    return JsonResponse({"url": reverse("notice-picture", args=[kept.file_id])})


def _problem(chosen: Any) -> str:
    if chosen is None:
        return _("No picture was chosen.")
    if not str(chosen.name).lower().endswith(ENDINGS):
        return _("Only PNG and JPEG pictures can stand in a text.")
    if chosen.size > MOST_BYTES:
        return _("The picture is larger than 8 MB. Make it smaller, or add it as a file.")
    return ""


def _keep(chosen: UploadedFile[Any], user: User) -> Picture:
    at = clock.now()
    with transaction.atomic():
        stored = files.keep_all([chosen], by=user, at=at)[0]
        return Picture.objects.create(file=stored, by=user, at=at)


@require_safe
def picture(request: HttpRequest, file_id: str) -> FileResponse:
    """The picture, for `<img>`. A confidential one carries the reader's name and is on record as a download."""
    user = access.signed_in(request)
    found = get_object_or_404(Picture.objects.select_related("file", "notice", "meeting"), file=file_id)
    if not _may_see(found, user):
        raise Http404
    home = found.notice or found.meeting
    if home and home.confidential:
        return files.serve(found.file, by=user, unnamed=True, watermark=watermark.words(user, clock.now()))
    return shown(found.file)


def shown(stored: StoredFile) -> FileResponse:
    """The file for `<img>`, of whoever may see it."""
    try:
        stream = files.opened(stored)
    except OSError:
        raise Http404 from None
    response = FileResponse(stream, content_type=stored.media_type)
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _may_see(found: Picture, user: User) -> bool:
    """One that stands in no text yet is its uploader's alone."""
    if found.by_id == user.pk:
        return True
    if rule_rights.reads_file(found.file_id, user):
        return True
    if found.meeting_id:
        return meeting_rights.reads_minutes_of(found.meeting_id, user)
    return Notice.objects.visible_to(user).filter(pk=found.notice_id or 0).exists()
