"""The list of information officers with their contact details, compiled to 企发部 (000 5.5)."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import may, scope
from accounts.filters import OfficerFilter
from accounts.models import Unit, User
from accounts.views.organising import person_of
from channelportal.core.lists import Column, page_of

SORTS = {"unit": "pinyin", "kind": ("kind", "pinyin"), "region": ("region", "pinyin")}


def _each(value: str) -> Any:
    return lambda unit: "；".join(str(getattr(one, value)) for one in unit.officers)


COLUMNS = [
    Column(gettext_lazy("unit"), lambda unit: unit.name, 24),
    Column(gettext_lazy("kind"), lambda unit: unit.get_kind_display(), 14),
    Column(gettext_lazy("region"), lambda unit: unit.region, 12),
    Column(gettext_lazy("Information officer"), lambda unit: _each("name")(unit) or _("none named"), 18),
    Column(gettext_lazy("position"), _each("position")),
    Column(gettext_lazy("phone"), _each("phone"), 20),
    Column(gettext_lazy("e-mail"), _each("email"), 30),
    Column(
        gettext_lazy("full-time"),
        lambda unit: "；".join(_("yes") if one.officer_full_time else _("no") for one in unit.officers),
        10,
    ),
    Column(gettext_lazy("Head"), lambda unit: "、".join(one.name for one in unit.heads), 14),
    Column(gettext_lazy("phone of the unit"), lambda unit: unit.phone, 16),
]


@require_safe
def officers(request: HttpRequest) -> HttpResponse:
    """Every unit with its officers: all for 企发部 and management, for a registrar the units it manages too, else one's own."""
    user = person_of(request)
    units = Unit.objects.active()
    who = scope(user)
    everything = may(user, "officers.list") or who.manages_company
    if not everything:
        units = units.filter(pk__in=who.granted_ids | {who.unit_id or 0})
    active = User.objects.filter(is_active=True).order_by("pinyin")
    units = units.prefetch_related(
        Prefetch("people", active.filter(role=User.Role.OFFICER), to_attr="officers"),
        Prefetch("people", active.filter(role=User.Role.HEAD), to_attr="heads"),
    )
    page = page_of(request, units, OfficerFilter, SORTS, default="unit")
    if page.exporting:
        return page.xlsx("officers", COLUMNS)
    named = User.objects.filter(role=User.Role.OFFICER, is_active=True, unit__isnull=False)
    context = {
        **page.context(),
        "everything": everything,
        "without": units.exclude(pk__in=named.values("unit")).count(),
    }
    return render(request, "organisation/officers.html", context)
