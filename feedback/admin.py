"""For superusers, to look only: tickets change by the verbs of `workflow`, and kinds and ladder on 企发部's own pages,
because a change there has to be told to every process."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from feedback.models import Entry, LadderEvent, LadderStep, Obligation, Ticket, TicketKind


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(TicketKind)
class TicketKindAdmin(ReadOnly):
    list_display = ["code", "name_zh", "name_en", "way", "complaint", "route", "fixed_route", "order", "active"]


@admin.register(LadderStep)
class LadderStepAdmin(ReadOnly):
    list_display = ["kind", "level", "days", "time", "tells", "active"]


TICKET_FIELDS = ("number", "kind", "severity", "state", "round", "asker", "responsible", "due_at", "level")
DUTY_FIELDS = ("ticket_id", "kind", "round", "unit", "due_at", "due_version", "met_at", "missed_at", "voided_at")
ENTRY_FIELDS = ("ticket_id", "round", "at", "kind", "side")


@admin.register(Ticket)
class TicketAdmin(ReadOnly):
    """Neither title nor text: who may read those is decided by the portal's pages."""

    list_display = [*TICKET_FIELDS]
    list_select_related = ["kind", "asker", "responsible"]
    list_filter = ["state", "severity", "level"]
    search_fields = ["number"]
    fields = [*TICKET_FIELDS, "ending", "created_at"]


@admin.register(Obligation)
class ObligationAdmin(ReadOnly):
    list_display = [*DUTY_FIELDS]
    list_select_related = ["unit"]
    list_filter = ["kind"]
    fields = [*DUTY_FIELDS]


@admin.register(LadderEvent)
class LadderEventAdmin(ReadOnly):
    list_display = ["obligation_id", "step", "due_version", "level", "at", "recorded_at", "told"]
    list_select_related = ["step"]


@admin.register(Entry)
class EntryAdmin(ReadOnly):
    list_display = [*ENTRY_FIELDS]
    fields = [*ENTRY_FIELDS]
    list_filter = ["kind"]
