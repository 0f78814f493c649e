"""Error pages of the product: 400, 403 with its reason, 404, 500, CSRF failure. (409: core/middleware.py.)

Not visible and not existing give the same 404: nothing of the exception is shown.
"""

from __future__ import annotations

from typing import Any

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
    return HttpResponse(render_to_string("500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere: say so, and what to do."""
    return render(request, "403_csrf.html", status=403)
