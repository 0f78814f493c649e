"""The page of a notice, its versions side by side, how far its publication is, and its files."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import scope, signed_in
from channelportal.core import clock, files, watermark
from channelportal.core.models import Job
from channelportal.lib import wording
from notices import present, publication, receipts, rights
from notices.models import Notice, NoticeFile, Version
from notices.present import NoticePage


def visible(request: HttpRequest, pk: int) -> Notice:
    """The notice, if this person may see it; else 404, the same as for one that is not there."""
    found: Notice = get_object_or_404(
        Notice.objects.visible_to(signed_in(request)).select_related(*present.RELATED), pk=pk
    )
    return found


@require_safe
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """What it says, what changed since he read it, and the one thing to do. That he opened it is kept, once for each version."""
    user, found = signed_in(request), visible(request, pk)
    page = NoticePage(found, user, timezone.now(), _number(request.GET.get("version")))
    if page.version is None:
        raise Http404
    possible = rights.possible(found, user) if page.inside else set()
    deeds = present.deeds(found, possible)
    context = {
        "now": page.now,
        "notice": found,
        "view": page,
        "main": [deed for deed in deeds if deed.main],
        "deeds": [deed for deed in deeds if not deed.main],
        "answers": list(found.answers.filter(removed_at=None).select_related("by")),
        "publishes": page.own and scope(user).may("notice.see", user.unit_id),
        "ask_url": reverse("notice-ask", args=[found.pk]) if page.may_ask else "",
        "questions_url": reverse("notice-questions", args=[found.pk])
        if page.may_ask or (page.own and found.published_at)
        else "",
        "job": _job_context(found) if page.inside and found.job and not _done(found) else None,
    }
    answer = render(request, "notices/notice.html", context)
    if page.unread and _reads(request):
        receipts.open_(found, user, clock.now())
    return answer


def _reads(request: HttpRequest) -> bool:
    """A person looks at the whole page: no look ahead by his browser, no fragment."""
    ahead = (
        request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "") + request.headers.get("X-Moz", "")
    )
    return request.method == "GET" and "prefetch" not in ahead and not request.headers.get("HX-Request")


def _number(text: str | None) -> int | None:
    """A version asked for; None: none. What is no number is one that there is not."""
    if not text:
        return None
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 5 else 0


# ── how far the publication is ──────────────────────────────────────────────────────────────────


def _done(found: Notice) -> bool:
    """The publication, or what its readers were told since, is over."""
    if found.job is None or found.job.kind == publication.KIND:
        return found.state != Notice.State.PUBLISHING
    return found.job.state in (Job.State.DONE, Job.State.FAILED)


def _job_context(found: Notice) -> dict[str, Any]:
    job = found.job
    ended = job is None or job.state == Job.State.DONE or _done(found)
    return {
        "url": reverse("notice-progress", args=[found.pk]),
        "done": job.done if job else 0,
        "kind": job.kind if job else "",
        "total": (job.total if job else 0) or found.recipients,
        "finished": ended,
        "failed": bool(job and job.state == Job.State.FAILED),
        "result_url": found.get_absolute_url() if ended else "",
    }


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress of a publication, for who stands inside; asked every two seconds, which is no activity."""
    user, found = signed_in(request), visible(request, pk)
    if found.job is None or not NoticePage(found, user, timezone.now()).inside:
        raise Http404
    return render(request, "notices/notice_progress.html", {"notice": found, "job": _job_context(found)})


# ── versions side by side ───────────────────────────────────────────────────────────────────────


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """`?from=1&to=2`: two versions that he may see; by default the one shown with the one before."""
    user, found = signed_in(request), visible(request, pk)
    page = NoticePage(found, user, timezone.now(), _number(request.GET.get("to")))
    by_number = {version.number: version for version in page.versions}
    new, wanted = page.version, _number(request.GET.get("from"))
    old = page.before if wanted is None else by_number.get(wanted)
    if old is None or new is None or old.pk == new.pk or not page.shows_text:
        raise Http404
    context = {
        "now": page.now,
        "notice": found,
        "view": page,
        "old": old,
        "new": new,
        "before": _head(old),
        "after": _head(new),
        "facts": _facts(old, new),
    }
    return render(request, "notices/compare.html", context)


def _head(version: Version) -> str:
    day = version.published_at or version.edited_at
    return _("Version {n} of {day}").format(n=version.number, day=wording.full_day(localdate(day)))


def _facts(old: Version, new: Version) -> list[tuple[Any, Any, Any]]:
    """What differs beside the text: its name, the old value, the new one."""
    names = ("title", "reason", "impact", "effective_on")
    fields = [(Version._meta.get_field(name), name) for name in names]
    values = [(getattr(field, "verbose_name", name), getattr(old, name), getattr(new, name)) for field, name in fields]
    return [row for row in values if row[1] != row[2]]


# ── files ───────────────────────────────────────────────────────────────────────────────────────


@require_safe
def file(request: HttpRequest, pk: int, file_id: UUID) -> FileResponse:
    """A file of a version that he may see, asked anew at this moment. A confidential one carries who took it and when."""
    user, found = signed_in(request), visible(request, pk)
    page = NoticePage(found, user, timezone.now())
    seen = [version.pk for version in page.versions] if page.shows_text else []
    row = NoticeFile.objects.filter(version__in=seen, file=file_id).select_related("file").first()
    if row is None:
        raise Http404
    mark = watermark.words(user, clock.now()) if found.confidential else ""
    return files.serve(row.file, by=user, unnamed=found.confidential, watermark=mark)
