"""Error pages of the product: 400, 403 with its reason, 404, 500, 503, CSRF failure. (409: core/middleware.py.)

Not visible and not existing give the same 404: nothing of the exception is shown.
"""

from __future__ import annotations

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from channelportal.core import audit
from channelportal.core.models import AuditEntry


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Without context processors: a wrong host or an oversized body is refused before there is a session."""
    return HttpResponse(render_to_string("400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Refused: the reason in words, and a row in the audit trail."""
    reason = getattr(exception, "reason", "")
    user: Any = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        data = {"path": request.path[:200], "method": request.method, "reason": type(exception).__name__}
        audit.record("request.refused", by=user, result=AuditEntry.Result.REFUSED, data=data)
    return render(request, "403.html", {"reason": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def failure(request: HttpRequest) -> HttpResponse:
    """Rendered without context processors: whatever failed may fail in them again."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return unavailable(request)
    return HttpResponse(render_to_string("500.html"), status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The database is away or takes too long. What was sent comes back with the page, to be sent again: nobody types twice.
    The form's own token and key are among it, so that a stranger's form stays one and nothing is created twice."""
    sent = [(name, value) for name, values in request.POST.lists() for value in values]
    facts = {
        "address": request.get_full_path(),
        "post": request.method == "POST",
        "fields": [(name, value) for name, value in sent if "password" not in name],
        "password": any("password" in name for name, _value in sent),
        "files": bool(request.FILES),
    }
    return HttpResponse(render_to_string("503.html", facts), status=503, headers={"Retry-After": "30"})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere: say so, and what to do."""
    return render(request, "403_csrf.html", status=403)
