"""Django admin: the trail can be read there, by nobody changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from channelportal.core.models import AuditEntry


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Looks only: no adding, changing, deleting, no actions."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("at", "actor_name", "action", "object_name", "result", "address")
    list_filter = ("result",)
    search_fields = ("actor_name", "action", "object_name")
    show_full_result_count = False
