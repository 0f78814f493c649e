"""What 企发部 says about a kind of meeting."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core.fields import LineField
from notices.forms.audience import AudienceForm
from notices.models import MeetingKind


class MeetingKindForm(AudienceForm):
    """The names of the fields are those of `workflow.meetings.Kind`; the audience is who must take part."""

    code = forms.SlugField(
        label=_("code"), max_length=30, help_text=_("Letters, digits, hyphens; never changed afterwards.")
    )
    name_zh = LineField(label=_("Chinese name"), max_length=30)
    name_en = LineField(label=_("English name"), max_length=50)
    period = forms.ChoiceField(label=_("Must be held"), choices=MeetingKind.Period.choices)
    times = forms.IntegerField(label=_("How often in that time"), min_value=1, max_value=50, initial=1)
    per = forms.ChoiceField(label=_("Counted"), choices=MeetingKind.Per.choices)
    notice_days = forms.IntegerField(label=_("invited ahead by (working days)"), min_value=0, max_value=60, initial=3)
    minutes_days = forms.IntegerField(label=_("minutes within (working days)"), min_value=1, max_value=30, initial=3)
    any_time = forms.BooleanField(
        label=_("may be held outside working hours, and at once"), required=False, help_text=_("For urgent meetings.")
    )
    order = forms.IntegerField(label=_("order"), min_value=0, max_value=10_000, initial=100)
    active = forms.BooleanField(label=_("active"), required=False, initial=True)

    OWN = (
        "code",
        "name_zh",
        "name_en",
        "period",
        "times",
        "per",
        "notice_days",
        "minutes_days",
        "any_time",
        "order",
        "active",
    )
    sending = False  # who must take part may be left to each meeting

    def __init__(self, *args: Any, user: User, kind: MeetingKind | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if kind is not None:
            del self.fields["code"]
        self.offer(user)

    def values(self) -> dict[str, Any]:
        """For `save_kind`."""
        own = {name: self.cleaned_data[name] for name in self.OWN if name in self.cleaned_data}
        return own | {"audience": self.cleaned_data["audience"]}
