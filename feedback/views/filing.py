"""A new ticket, and entering one for somebody who phoned, wrote or came."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.models import Unit, User
from channelportal.core import clock, files
from channelportal.core.errors import Invalid
from channelportal.core.models import Draft
from feedback import workflow
from feedback.forms import EntryForm, FilingForm
from feedback.models import Severity, Ticket
from feedback.present.filing import Outlook, outlook
from feedback.views import person

NEW, ENTER = "ticket.new", "ticket.enter"
DRAFT_FIELDS, DRAFT_LENGTH = 30, 12_000
NOT_IN_DRAFT = frozenset({"once", "csrfmiddlewaretoken", "preview"})


def new(request: HttpRequest) -> HttpResponse:
    """File a ticket for one's own unit."""
    access.require(
        person(request), "ticket.file", person(request).unit_id, _("Only people of a unit can file a ticket.")
    )
    return _page(request, person(request), FilingForm, NEW, "feedback/new.html")


def enter(request: HttpRequest) -> HttpResponse:
    """Enter what came by phone, fax, letter, document, e-mail, message or visit (000 5.3, 5.6)."""
    access.require(
        person(request), "ticket.enter", None, _("Only information officers and heads can enter a ticket for somebody.")
    )
    return _page(request, person(request), EntryForm, ENTER, "feedback/enter.html")


def _page(request: HttpRequest, user: User, form_class: type[FilingForm], draft: str, template: str) -> HttpResponse:
    if request.method == "POST":
        form = form_class(request.POST, request.FILES, user=user)
        valid = form.is_valid()
        if valid and "preview" not in request.POST and (ticket := _send(user, form, draft)):
            messages.success(request, _sent(ticket))
            return redirect(ticket)
        status = 200 if "preview" in request.POST else 422
        return _show(request, user, form, draft, template, status)
    return _show(request, user, form_class(user=user, initial=_begin(request, user, draft)), draft, template)


def _send(user: User, form: FilingForm, draft: str) -> Ticket | None:
    data = dict(form.cleaned_data)
    key, chosen = data.pop("once"), data.pop("files")
    try:
        with transaction.atomic():
            kept = files.keep_all(chosen, by=user, at=clock.now()) if chosen else []
            ticket = workflow.file(by=user, key=key, files=kept, **data)
            Draft.objects.filter(user=user, form=draft).delete()
    except Invalid as wrong:
        wrong.show_in(form)
        return None
    return ticket


def _sent(ticket: Ticket) -> str:
    if ticket.state == Ticket.State.PENDING:
        return _("%(number)s waits for your head's approval.") % {"number": ticket.number}
    return _("%(number)s has reached %(unit)s.") % {"number": ticket.number, "unit": ticket.responsible.name}


def _begin(request: HttpRequest, user: User, draft: str) -> dict[str, Any]:
    """What the address names, over what was being typed."""
    kept = Draft.objects.filter(user=user, form=draft).first()
    named = {
        name: request.GET[name]
        for name in ("kind", "responsible", "about", "title", "severity")
        if request.GET.get(name)
    }
    return {**(kept.data if kept else {}), **named}


def _show(  # noqa: PLR0917
    request: HttpRequest, user: User, form: FilingForm, draft: str, template: str, status: int = 200
) -> HttpResponse:
    chosen = (
        form.data
        if form.is_bound
        else {"severity": Severity.NORMAL, **{name: str(value) for name, value in form.initial.items()}}
    )
    context = {
        "form": form,
        "outlook": _outlook(user, form, chosen, entering=draft == ENTER),
        "now": clock.now(),
        "units": list(form.fields["responsible"].queryset),  # type: ignore[attr-defined]
        "entering": draft == ENTER,
        "draft_kept": not form.is_bound and bool(form.initial.get("body")),
        "draft_url": "/tickets/new/draft/" if draft == NEW else "/tickets/enter/draft/",
        "may_enter": access.may(user, "ticket.enter"),
    }
    return render(request, template, context, status=status)


@require_safe
def due(request: HttpRequest) -> HttpResponse:
    """The fragment beside the form: due when, why on that day, who approves first, whom it reaches."""
    entering = "asker" in request.GET
    form = (EntryForm if entering else FilingForm)(user=person(request))
    context = {
        "outlook": _outlook(person(request), form, request.GET, entering=entering),
        "now": clock.now(),
        "entering": entering,
    }
    return render(request, "feedback/_outlook.html", context)


def _outlook(user: User, form: FilingForm, chosen: Any, *, entering: bool) -> Outlook:
    kind = next((one for one in form.kinds if str(one.pk) == str(chosen.get("kind", ""))), None)
    severity = str(chosen.get("severity", ""))
    return outlook(
        user,
        clock.now(),
        kind=kind,
        responsible=_unit(form, str(chosen.get("responsible", ""))),
        severity=severity if severity in Severity.values else Severity.NORMAL,
        received_on=_day(str(chosen.get("received_on", ""))),
        entering=entering,
    )


def _unit(form: FilingForm, pk: str) -> Unit | None:
    found = form.fields["responsible"].queryset  # type: ignore[attr-defined]
    return found.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 19 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@require_POST
def draft(request: HttpRequest, form: str) -> HttpResponse:
    """Keep what is being typed; files and keys are not kept."""
    typed = {name: value for name, value in request.POST.items() if name not in NOT_IN_DRAFT}
    if len(typed) > DRAFT_FIELDS or sum(len(str(value)) for value in typed.values()) > DRAFT_LENGTH:
        return HttpResponse(status=413)
    Draft.objects.update_or_create(user=person(request), form=form, defaults={"data": typed})
    return HttpResponse(status=204)
