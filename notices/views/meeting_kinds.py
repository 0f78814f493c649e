"""Kinds of meetings and how often they must be held: edited by the supervising department."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import access
from accounts.models import User
from channelportal.core.errors import Invalid
from channelportal.core.pages import show_form
from notices.audience import Audience
from notices.forms import audience as audiences
from notices.forms.meeting_kinds import MeetingKindForm
from notices.models import MeetingKind
from notices.workflow import meetings as workflow


def _editor(request: HttpRequest) -> User:
    user = access.signed_in(request)
    access.require(user, "rules.edit", None, _("Only the supervising department changes the rules."))
    return user


@require_safe
def kinds(request: HttpRequest) -> HttpResponse:
    _editor(request)
    return render(
        request, "meetings/kinds.html", {"kinds": list(MeetingKind.objects.order_by("-active", "order", "pk"))}
    )


def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    user = _editor(request)
    kind = get_object_or_404(MeetingKind, pk=pk) if pk else None
    form = MeetingKindForm(
        request.POST if request.method == "POST" else None, user=user, kind=kind, initial=_initial(kind, user)
    )
    if request.method == "POST" and form.is_valid() and _save(form, kind, user):
        messages.success(request, _("Saved."))
        return redirect("meeting-kinds")
    context = {"form": form, "kind": kind, "picks": form.picks()}
    return show_form(request, "meetings/kind.html", context)


def _initial(kind: MeetingKind | None, user: User) -> dict[str, Any]:
    if kind is None:
        return {}
    own = {name: getattr(kind, name) for name in MeetingKindForm.OWN}
    return own | audiences.initial(Audience.read(kind.audience), user)


def _save(form: MeetingKindForm, kind: MeetingKind | None, user: User) -> bool:
    try:
        workflow.save_kind(kind, by=user, **form.values())
    except Invalid as wrong:
        wrong.show_in(form)
        return False
    return True
