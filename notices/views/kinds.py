"""Kinds of notices: edited by the supervising department."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import access
from channelportal.core import audit, clock
from channelportal.core.pages import show_form
from notices.forms.kinds import KindForm
from notices.models import NoticeKind


@require_safe
def kinds(request: HttpRequest) -> HttpResponse:
    _require(request)
    found = NoticeKind.objects.select_related("owner").order_by("-active", "order", "pk")
    return render(request, "notices/kinds.html", {"kinds": list(found)})


def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    _require(request)
    kind = get_object_or_404(NoticeKind, pk=pk) if pk else None
    form = KindForm(request.POST or None, instance=kind)
    if request.method == "POST" and form.is_valid():
        _save(request, form)
        messages.success(request, _("Saved."))
        return redirect("notice-kinds")
    context = {"form": form, "kind": kind}
    return show_form(request, "notices/kind.html", context)


def _require(request: HttpRequest) -> None:
    access.require(request.user, "rules.edit", None, _("Only the supervising department changes the rules."))


def _save(request: HttpRequest, form: KindForm) -> None:
    with transaction.atomic():
        saved = form.save()
        changed = {name: str(form.cleaned_data[name]) for name in form.changed_data}
        audit.record("noticekind.saved", saved, by=request.user, at=clock.now(), data=changed)
