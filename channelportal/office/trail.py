"""The audit trail, for the audit administrator alone; and the messages that could not be sent."""

from __future__ import annotations

import json
from typing import Any, Final

import django_filters
from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import access
from accounts.models import User
from channelportal.core import audit, outbox
from channelportal.core.clock import now
from channelportal.core.lists import Column, page_of
from channelportal.core.models import AuditEntry, AuditSeal, OutboxMessage
from channelportal.office.actions import ACTIONS, in_words

RESULTS: Final = {"ok": gettext_lazy("Done"), "refused": gettext_lazy("Turned away"), "failed": gettext_lazy("Failed")}
ROLES: Final = dict([*User.Role.choices, *User.AdminRole.choices])


class AuditFilter(django_filters.FilterSet):
    """By time, person, action and object."""

    start = django_filters.DateFilter(
        "at", lookup_expr="date__gte", label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"})
    )
    end = django_filters.DateFilter(
        "at", lookup_expr="date__lte", label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"})
    )
    actor = django_filters.CharFilter("actor_name", lookup_expr="contains", label=gettext_lazy("Person"))
    action = django_filters.CharFilter(label=gettext_lazy("Action"), method="by_action")
    object = django_filters.CharFilter("object_name", lookup_expr="contains", label=gettext_lazy("Object"))
    result = django_filters.ChoiceFilter(
        choices=list(RESULTS.items()), label=gettext_lazy("Result"), empty_label=gettext_lazy("all")
    )

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def by_action(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        """By the beginning of the code, or by a part of its words."""
        worded = [code for code in ACTIONS if value in in_words(code)]
        return rows.filter(Q(action__startswith=value) | Q(action__in=worded))


SORTS: Final = {"at": "at"}
COLUMNS: Final = [
    Column(gettext_lazy("Time"), lambda e: e.at),
    Column(gettext_lazy("Person"), lambda e: e.actor_name),
    Column(gettext_lazy("Role"), lambda e: ROLES.get(e.role, e.role)),
    Column(gettext_lazy("Unit (number)"), lambda e: e.unit_id),
    Column(gettext_lazy("Address"), lambda e: e.address),
    Column(gettext_lazy("Action"), lambda e: in_words(e.action) or e.action),
    Column(gettext_lazy("Result"), lambda e: RESULTS[e.result]),
    Column(gettext_lazy("Object"), lambda e: e.object_name, 30),
    Column(gettext_lazy("Kind of object"), lambda e: e.object_type),
    Column(gettext_lazy("Number of the object"), lambda e: e.object_id),
    Column(gettext_lazy("Details"), lambda e: json.dumps(e.data, ensure_ascii=False) if e.data else "", 60),
    Column(gettext_lazy("Request"), lambda e: e.request_id, 34),
    Column(gettext_lazy("Code of the action"), lambda e: e.action),
]


@require_GET
def audit_list(request: HttpRequest) -> HttpResponse:
    """Every look is itself on record."""
    access.require(request.user, "audit.see", None, _("The audit trail is open to the audit administrator alone."))
    page = page_of(request, AuditEntry.objects.order_by("-at", "-pk"), AuditFilter, SORTS, default="-at")
    if page.exporting:
        return page.xlsx("audit", COLUMNS)
    audit.record("audit.seen", by=request.user, data={"query": request.GET.urlencode()[:500]})
    lines = [_line(entry) for entry in page]
    context = page.context() | {"lines": lines, "seal": AuditSeal.objects.order_by("-number").first()}
    return render(request, "core/audit.html", context)


def _line(entry: AuditEntry) -> dict[str, Any]:
    return {
        "entry": entry,
        "action": in_words(entry.action),
        "role": ROLES.get(entry.role, entry.role),
        "result": RESULTS[entry.result],
        "data": json.dumps(entry.data, ensure_ascii=False, indent=1) if entry.data else "",
    }


# ── parked messages ─────────────────────────────────────────────────────────────────────────────


def _required(request: HttpRequest) -> None:
    access.require(
        request.user, "outbox.see", None, _("Parked messages are looked after by the supervising department.")
    )


def recipient(message: OutboxMessage) -> str:
    """Name and address."""
    person: Any = message.user
    return f"{person.name} <{message.address or person.email}>" if person else message.address


PARKED_COLUMNS: Final = [
    Column(gettext_lazy("Kind"), lambda m: m.kind),
    Column(gettext_lazy("To"), recipient, 30),
    Column(gettext_lazy("Written"), lambda m: m.created_at),
    Column(gettext_lazy("Attempts"), lambda m: m.attempts),
    Column(gettext_lazy("What the mail server said"), lambda m: m.last_error, 60),
]
TROUBLED: Final = 3  # failed attempts after which a waiting message is shown


@require_GET
def parked(request: HttpRequest) -> HttpResponse:
    """Given up; or `?show=waiting`: failed so far, and tried again."""
    _required(request)
    waiting = request.GET.get("show") == "waiting"
    state = OutboxMessage.State.WAITING if waiting else OutboxMessage.State.PARKED
    rows = OutboxMessage.objects.filter(state=state, lead=None, attempts__gte=TROUBLED if waiting else 0)
    page = page_of(request, rows.select_related("user").order_by("-created_at", "-pk"))
    if page.exporting:
        return page.xlsx("parked", PARKED_COLUMNS)
    lines = [{"message": one, "to": recipient(one)} for one in page]
    return render(request, "core/parked.html", page.context() | {"lines": lines, "waiting": waiting})


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    _required(request)
    return _acted(request, pk, "outbox.resent")


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    _required(request)
    return _acted(request, pk, "outbox.cancelled")


def _acted(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    message = get_object_or_404(OutboxMessage, pk=pk)
    at = now()
    done = outbox.resend(message, at) if action == "outbox.resent" else outbox.cancel_parked(message)
    if not done:
        messages.warning(request, _("This message is parked no more."))
        return redirect("outbox-parked")
    audit.record(action, message, by=request.user, at=at)
    again = _("It goes out within a minute.") if action == "outbox.resent" else _("The message was given up.")
    messages.success(request, again)
    return redirect("outbox-parked")
