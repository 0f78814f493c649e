"""Why a unit needs a kind of notice, and why not."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Unit
from channelportal.core.fields import LineField
from notices.models import NoticeKind, Subscription


class ApplyForm(forms.Form):
    reason = LineField(
        label=_("why the unit needs it"),
        max_length=300,
        widget=forms.TextInput,
        help_text=_("The owner reads it and decides."),
    )


class GrantForm(forms.Form):
    text = LineField(label=_("a word to the unit"), max_length=300, required=False)


class ReasonForm(forms.Form):
    """For refusing, revoking, ending."""

    reason = LineField(label=_("reason"), max_length=300)

    def __init__(self, *args: Any, required: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = required


class SubscriptionFilter(filters.FilterSet):
    q = filters.CharFilter(
        label=_("Unit: name or initials"),
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "maxlength": 60}),
    )
    state = filters.ChoiceFilter(choices=Subscription.State.choices, label=_("state"), empty_label=_("all"))
    kind = filters.ModelChoiceFilter(
        queryset=NoticeKind.objects.all(), label=pgettext_lazy("notice", "Kind"), empty_label=_("all")
    )
    unit_kind = filters.ChoiceFilter(
        field_name="unit__kind", choices=Unit.Kind.choices, label=_("kind of unit"), empty_label=_("all")
    )

    class Meta:
        model = Subscription
        fields: list[str] = []

    def search(self, queryset: QuerySet[Subscription], name: str, value: str) -> QuerySet[Subscription]:
        word = value.strip()
        plain = word.lower().replace(" ", "")
        return queryset.filter(Q(unit__name__icontains=word) | Q(unit__pinyin__contains=plain))
