"""What 企发部 types about a regulation. The names are those of the verbs' arguments."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Unit
from channelportal.core.fields import LineField, MultiFileField
from notices.forms.drafting import body_field


def _day() -> forms.DateField:
    return forms.DateField(label=_("in force from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class VersionForm(forms.Form):
    """The words of a version; `first`: nothing was before, so nothing changed."""

    change = LineField(label=_("what changed"), max_length=300, help_text=_("One sentence that every reader sees."))
    body = body_field(label=_("text"), max_length=40_000)
    in_force_from = _day()
    files: Any = MultiFileField(label=_("Files"), help_text=_("The signed document as a PDF, for example."))

    def __init__(self, *args: Any, first: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if first:
            del self.fields["change"]


class RuleForm(forms.Form):
    """What a regulation is called and who reads it."""

    name = LineField(label=pgettext_lazy("regulation", "name"), max_length=80)
    unit = forms.ModelChoiceField(
        Unit.objects.none(), label=_("interpreted by"), required=False, empty_label=_("The supervising department"),
        widget=forms.Select(attrs={"data-typeahead": ""}), help_text=_("Questions about it go there."),
    )  # fmt: skip
    public = forms.BooleanField(
        label=_("may be read without signing in"), required=False, help_text=_("Then it stands on the public site too.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].queryset = Unit.objects.active().headquarters()  # type: ignore[attr-defined]


class SettingsForm(RuleForm):
    active = forms.BooleanField(
        label=_("in force"), required=False, help_text=_("Without it the regulation is kept, but shown to nobody else.")
    )


class NewRuleForm(RuleForm, VersionForm):
    """A regulation that the portal does not have yet."""

    code = LineField(label=_("code"), max_length=30, help_text=_("As on the document, for example QY-QD-2026-01."))
    field_order = ["code", "name", "body", "in_force_from", "files", "unit", "public"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, first=True, **options)


class RemarkForm(forms.Form):
    text = LineField(label=_("Remark"), max_length=300, required=False)
