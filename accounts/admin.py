"""Django admin, for superusers on the inside: a look at accounts and a new version of the agreement. Passwords, roles
and units change by the portal's own pages, which check, record and tell; here they are only read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as _auth_admin  # noqa: F401 (registers Group, which is taken out again below)
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.translation import gettext_lazy as _

from accounts import gate
from accounts.models import Agreement, User
from accounts.workflow import sessions

admin.site.site_header = admin.site.site_title = _("Channel Communication Portal")
admin.site.unregister(Group)  # a group is a unit's people; its grants are written by workflow/units.py only


@gate.public
def to_the_portals_sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The admin's own login page knows no counting of attempts and no second factor, so it is not used."""
    return HttpResponseRedirect(resolve_url("home" if request.user.is_authenticated else "sign-in"))


admin.site.login = to_the_portals_sign_in  # type: ignore[method-assign]


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("username", "name", "unit", "role", "admin_role", "is_active", "frozen_at", "password_changed_at")
    list_filter = ("is_active", "role", "admin_role")
    search_fields = ("username", "name", "email", "pinyin")
    list_select_related = ("unit",)
    fields = (
        "username", "name", "email", "phone", "unit", "role", "admin_role", "position", "language", "is_active",
        "is_staff", "is_superuser", "frozen_at", "password_changed_at", "last_login", "created_at", "left_at",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Agreement)
class AgreementAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A new version is added; a published one is never changed."""

    list_display = ("version", "in_force_from", "by")
    fields = ("text_zh", "text_en")

    def save_model(self, request: HttpRequest, obj: Agreement, form: Any, change: bool) -> None:
        by = request.user
        made = sessions.publish_agreement(
            text_zh=obj.text_zh, text_en=obj.text_en, by=by if isinstance(by, User) else None
        )
        obj.pk, obj.version, obj.in_force_from = made.pk, made.version, made.in_force_from

    def has_change_permission(self, request: HttpRequest, obj: Agreement | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Agreement | None = None) -> bool:
        return False
