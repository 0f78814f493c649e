"""What a ticket can be about, and where it goes when nobody is named: edited by the supervising department."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import access
from channelportal.core import audit, clock, stamps
from channelportal.core.pages import show_form
from feedback.forms import KindForm
from feedback.in_force import KINDS
from feedback.models import TicketKind


@require_safe
def kinds(request: HttpRequest) -> HttpResponse:
    access.require(request.user, "rules.edit", None, _("Only the supervising department changes the rules."))
    found = TicketKind.objects.select_related("route").order_by("-active", "order", "pk")
    return render(request, "feedback/kinds.html", {"kinds": list(found)})


def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    access.require(request.user, "rules.edit", None, _("Only the supervising department changes the rules."))
    kind = get_object_or_404(TicketKind, pk=pk) if pk else None
    form = KindForm(request.POST or None, instance=kind)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        stamps.bump(KINDS)
        changed = {name: str(form.cleaned_data[name]) for name in form.changed_data}
        audit.record("ticketkind.saved", saved, by=request.user, at=clock.now(), data=changed)
        messages.success(request, _("Saved."))
        return redirect("kinds")
    return show_form(request, "feedback/kind.html", {"form": form, "kind": kind})
