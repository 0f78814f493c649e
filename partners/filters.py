"""Filters of the channel directory."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from partners.access import known_channels

KINDS = [(value, label) for value, label in Unit.Kind.choices if value != Unit.Kind.HQ]


def managers(request: Any) -> QuerySet[Unit]:
    return Unit.objects.filter(managed__in=known_channels(request.user)).distinct().order_by("pinyin")


def contacts(request: Any) -> QuerySet[User]:
    return User.objects.filter(contact_of__in=known_channels(request.user)).distinct().order_by("pinyin")


class ChannelFilter(filters.FilterSet):
    q = filters.CharFilter(
        label=_("Name or initials"), method="search", widget=forms.TextInput(attrs={"type": "search", "maxlength": 60})
    )
    kind = filters.ChoiceFilter(choices=KINDS, label=_("kind"), empty_label=_("all"))
    region = filters.CharFilter(
        label=_("region"), lookup_expr="icontains", widget=forms.TextInput(attrs={"maxlength": 30})
    )
    manager = filters.ModelChoiceFilter(queryset=managers, label=_("managing department"), empty_label=_("all"))
    contact = filters.ModelChoiceFilter(
        queryset=contacts,
        label=_("contact person at HQ"),
        empty_label=_("all"),
        null_label=_("none named"),
        null_value="none",
    )

    class Meta:
        model = Unit
        fields: list[str] = []

    def search(self, queryset: QuerySet[Unit], name: str, value: str) -> QuerySet[Unit]:
        word = value.strip()
        plain = word.lower().replace(" ", "")
        return queryset.filter(Q(name__icontains=word) | Q(pinyin__contains=plain) | Q(code__icontains=word))


class GradedFilter(ChannelFilter):
    """For those who see the whole profile."""

    grade = filters.ChoiceFilter(choices=Unit.Grade.choices, label=_("grade"), empty_label=_("all"))
