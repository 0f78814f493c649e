"""What everybody has of his own: alerts, long jobs, drafts. Nothing here is anybody else's, so no right is asked."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channelportal.core import alerts, drafts, files
from channelportal.core.clock import now
from channelportal.core.lists import page_of
from channelportal.core.models import Alert, Job


def _me(request: HttpRequest) -> Any:
    """The signed-in person; the gate lets nobody else in."""
    return request.user


@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    mine = Alert.objects.filter(user=_me(request)).order_by("-created_at", "-pk")
    only_new = request.GET.get("show") == "new"
    page = page_of(request, mine.filter(read_at=None) if only_new else mine)
    rows = [{"alert": alert, "words": alerts.wording(alert)} for alert in page]
    context = page.context() | {
        "lines": rows,
        "only_new": only_new,
        "unread": alerts.unread(request.user),
        "export_url": "",
    }
    return render(request, "core/alerts.html", context)


@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The bell with its number, asked for every minute."""
    shown = {"unread": alerts.unread(request.user), "alerts_url": reverse("alerts"), "bell_url": reverse("alerts-bell")}
    return render(request, "parts/_bell.html", {"shell": shown})


@require_POST
def alert_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Read, and on to what it is about."""
    alert = get_object_or_404(Alert, pk=pk, user=_me(request))
    alerts.read(request.user, now(), alert.pk)
    ours = alert.url.startswith("/") and not alert.url.startswith("//")
    return redirect(alert.url if ours else reverse("alerts"))


@require_POST
def alerts_read(request: HttpRequest) -> HttpResponse:
    alerts.read(request.user, now())
    return redirect("alerts")


@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; the part alone for htmx."""
    found = get_object_or_404(Job.objects.select_related("file"), pk=pk, by=_me(request))
    whole = "core/job.html" if not request.headers.get("HX-Request") else "parts/_progress.html"
    return render(request, whole, _job_context(found))


def _job_context(found: Job) -> dict[str, Any]:
    result_url = reverse("job-file", args=[found.pk]) if found.file_id else found.result.get("url", "")
    failed = found.state == Job.State.FAILED
    return {
        "url": reverse("job", args=[found.pk]),
        "title": alerts.line(f"jobs/{found.kind}.txt", found.data) or _("Long job"),
        "done": found.done,
        "total": found.total,
        "finished": found.state == Job.State.DONE,
        "failed": _("It could not be finished. Try again; if it happens again, tell the system administrator.")
        if failed
        else "",
        "text": alerts.line(f"jobs/{found.kind}-done.txt", found.result) if found.state == Job.State.DONE else "",
        "result_url": result_url,
        "result": _("Download") if found.file_id else "",
    }


@require_GET
def job_file(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Job.objects.select_related("file"), pk=pk, by=_me(request))
    if found.file is None:
        raise Http404
    return files.serve(found.file, by=request.user)  # type: ignore[return-value]


@require_POST
def draft(request: HttpRequest, form: str) -> HttpResponse:
    """The autosave of a form: 204, or 400 where it is too much."""
    kept = drafts.keep(request.user, form, request.POST)
    return HttpResponse(status=204 if kept else 400)


@require_POST
def draft_forget(request: HttpRequest, form: str) -> HttpResponse:
    """Thrown away by its writer."""
    drafts.forget(request.user, form)
    return HttpResponse(status=204)
