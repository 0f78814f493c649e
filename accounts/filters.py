"""Filters of the lists of people and units. Labels are our own: django-filter's Chinese is not loaded for zh-hans."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import locks, organisation
from accounts.models import Unit, User
from channelportal.core.clock import now

STATES = [
    ("active", _("in use")),
    ("locked", _("sign-in locked")),
    ("frozen", _("frozen")),
    ("never", _("never signed in")),
    ("away", _("deactivated")),
]


def offered(request: Any) -> QuerySet[Unit]:
    """The units among whose people he looks."""
    units = Unit.objects.filter(people__in=organisation.visible_people(request.user)).distinct()
    return units.order_by("pinyin")


def matching(text: str) -> Q:
    """Name, pinyin or its initials, phone, e-mail, account: what people type to find somebody."""
    word = text.strip()
    return (
        Q(name__icontains=word)
        | Q(pinyin__contains=word.lower().replace(" ", ""))
        | Q(phone__contains=word)
        | Q(email__icontains=word)
        | Q(username__icontains=word)
    )


class PeopleFilter(filters.FilterSet):
    q = filters.CharFilter(
        label=_("Name, initials, phone"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "maxlength": 60}),
    )
    unit = filters.ModelChoiceFilter(queryset=offered, label=_("unit"), empty_label=_("all"))
    kind = filters.ChoiceFilter(
        field_name="unit__kind", choices=Unit.Kind.choices, label=_("kind"), empty_label=_("all")
    )
    role = filters.ChoiceFilter(choices=User.Role.choices, label=_("role"), empty_label=_("all"))
    state = filters.ChoiceFilter(choices=STATES, label=_("state"), method="in_state", empty_label=_("all"))

    class Meta:
        model = User
        fields: list[str] = []

    def search(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return queryset.filter(matching(value))

    def in_state(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        if value == "locked":
            return queryset.filter(is_active=True, pk__in=locks.locked_ids(now()))
        wanted = {
            "active": Q(is_active=True, frozen_at=None),
            "frozen": Q(is_active=True, frozen_at__isnull=False),
            "never": Q(is_active=True, password_changed_at=None),
            "away": Q(is_active=False),
        }
        return queryset.filter(wanted[value])


class UnitFilter(filters.FilterSet):
    q = filters.CharFilter(
        label=_("Name or initials"), method="search", widget=forms.TextInput(attrs={"type": "search", "maxlength": 60})
    )
    kind = filters.ChoiceFilter(choices=Unit.Kind.choices, label=_("kind"), empty_label=_("all"))

    class Meta:
        model = Unit
        fields: list[str] = []

    def search(self, queryset: QuerySet[Unit], name: str, value: str) -> QuerySet[Unit]:
        word = value.strip()
        plain = word.lower().replace(" ", "")
        return queryset.filter(
            Q(name__icontains=word) | Q(pinyin__contains=plain) | Q(code__icontains=word) | Q(handles__icontains=word)
        )


class OfficerFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Unit.Kind.choices, label=_("kind"), empty_label=_("all"))
    gap = filters.ChoiceFilter(
        choices=[("without", _("without an information officer"))],
        label=_("Show"),
        method="without",
        empty_label=_("all"),
    )

    class Meta:
        model = Unit
        fields: list[str] = []

    def without(self, queryset: QuerySet[Unit], name: str, value: str) -> QuerySet[Unit]:
        officers = User.objects.filter(role=User.Role.OFFICER, is_active=True, unit__isnull=False)
        return queryset.exclude(pk__in=officers.values("unit"))
