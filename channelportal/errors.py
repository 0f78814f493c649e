"""Error pages of the product: 400, 403 with its reason, 404, 409, 500, CSRF failure."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere: say so, and what to do."""
    return render(request, "403_csrf.html", status=403)
