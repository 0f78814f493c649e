"""The pages of the supervising department and of management."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import require, signed_in
from channelportal.core import clock
from channelportal.supervision import dashboard, exports


@require_safe
def supervision(request: HttpRequest) -> HttpResponse:
    """The dashboard, `?month=2026-05`; with `format=xlsx` its figures as a workbook."""
    require(
        request.user,
        "supervision.see",
        None,
        _("The dashboard is for the supervising department and company management."),
    )
    board = dashboard.board(signed_in(request), clock.now(), request.GET.get("month", ""))
    if request.GET.get("format") == "xlsx":
        return exports.workbook(request, board)
    return render(request, "supervision/dashboard.html", board)
