"""The page of what is missing, for 企发部 and the system administrator."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import Refused, may
from channelportal import doctor as examination
from channelportal.core.clock import now


@require_safe
def doctor(request: HttpRequest) -> HttpResponse:
    """Every gap with its remedy, faults first."""
    if not (may(request.user, "rules.edit") or may(request.user, "system.see")):
        raise Refused(_("Only the supervising department and the system administrator see the health check."))
    at = now()
    gaps = examination.examine(at)
    context = {
        "groups": examination.grouped(gaps),
        "faults": sum(gap.grade == examination.FAULT for gap in gaps),
        "warnings": sum(gap.grade == examination.WARNING for gap in gaps),
        "may_mend": may(request.user, "rules.edit"),
        "now": at,
    }
    return render(request, "supervision/doctor.html", context)
