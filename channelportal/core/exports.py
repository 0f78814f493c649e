"""An export too large for a request: the worker asks the same view again, as the person who wanted it, and keeps the answer."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.urls import resolve
from django.utils import translation
from django_htmx.middleware import HtmxDetails

from channelportal.core import files, jobs
from channelportal.core.clock import now
from channelportal.core.models import Job

log = logging.getLogger(__name__)


def run(job_id: int, at: datetime) -> None:
    """Do the export of this job, unless it is done or somebody is at it."""
    job = jobs.claim(job_id, at)
    if job is None:
        return
    person: Any = job.by
    if not person.is_active:
        jobs.fail(job, at, "inactive")
        return
    with translation.override(person.language or settings.LANGUAGE_CODE):
        _run(job, person)


def _run(job: Job, person: Any) -> None:
    match = resolve(job.data["path"])
    try:
        response = match.func(_request(job, person), *match.args, **match.kwargs)
        name = f"{job.data['list']}-{job.created_at:%Y%m%d}.xlsx"
        kept = files.keep_bytes(name, response.content, response["Content-Type"], by=person, at=now())
    except (Http404, PermissionDenied):
        jobs.fail(job, now(), "refused")
        return
    except Exception:  # whatever went wrong, the person's page must not say "running" for ever
        log.exception("export %s failed", job.pk)
        jobs.fail(job, now(), "error")
        return
    jobs.finish(job, now(), file=kept)


def _request(job: Job, person: Any) -> HttpRequest:
    """The request as it was made, with today's rights of the person."""
    request: Any = HttpRequest()
    request.method, request.path, request.path_info = "GET", job.data["path"], job.data["path"]
    request.GET = QueryDict(job.data["query"])
    request.META = {"SERVER_NAME": settings.ALLOWED_HOSTS[0], "SERVER_PORT": "80"}
    request.user, request.session = person, {}
    request.htmx = HtmxDetails(request)
    request.export_job = job
    return request  # type: ignore[no-any-return]
