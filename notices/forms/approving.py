"""What is done to a notice after its first words: a correction, reasons, what was done, a decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from channelportal.core import clock
from channelportal.core.fields import LineField
from channelportal.lib.workdays import local_date
from notices.forms.drafting import KeptFiles, body_field, day_field, files_field, text_field
from notices.models import Version


class CorrectionForm(forms.Form):
    """更正 (000 4.1.4): the new words, what changed and why."""

    title = LineField(label=_("Title"), max_length=100)
    body = body_field()
    files = files_field()
    keep_files = KeptFiles()
    change = text_field(_("What changed"), rows=2, most=300, required=True, hint=_("Readers see this above the text"))
    change_reason = text_field(_("Why it changed"), rows=2, most=300, required=True)
    error = forms.BooleanField(
        label=_("It corrects an error"),
        required=False,
        help_text=_("Counts against your unit's accuracy rate. Leave it open when the facts themselves changed."),
    )

    reason = text_field(_("Why"), required=True)
    impact = text_field(_("What it affects"), required=True)
    effective_on = day_field(_("In force from"))
    lead_note = LineField(label=_("Why it cannot wait"), required=False, max_length=300)

    POLICY = ("reason", "impact", "effective_on", "lead_note")

    def __init__(self, *args: Any, version: Version, policy: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = [row.file for row in version.files.select_related("file")]
        self.fields["keep_files"].choices = [(str(one.pk), one.name) for one in self.kept]  # type: ignore[attr-defined]
        self.fields["effective_on"].required = True
        if not policy:
            for name in self.POLICY:
                del self.fields[name]

    @staticmethod
    def begin(version: Version) -> dict[str, Any]:
        """What stands in it at first: the version in hand, or the published one, whose own change is told."""
        names = ("title", "body", "change", "change_reason", "error", "reason", "impact", "effective_on")
        kept = [str(pk) for pk in version.files.values_list("file", flat=True)]
        return {name: getattr(version, name) for name in names} | {"keep_files": kept}

    def verb_arguments(self) -> dict[str, Any]:
        """For `workflow.correct` and `workflow.edit_correction`; without `files`."""
        left_out = {"files", "lead_note"}
        return {name: value for name, value in self.cleaned_data.items() if name not in left_out}


class BareForm(forms.Form):
    """A button alone."""


class ReasonForm(forms.Form):
    reason = text_field(_("Reason"), rows=3, most=300, required=True)


class WithdrawForm(ReasonForm):
    """A withdrawal says whether the words were wrong; nothing is chosen beforehand."""

    wrong = forms.ChoiceField(
        label=_("Was what it said wrong?"),
        choices=[
            ("no", _("No: it was right, and is needed no more or has been overtaken")),
            ("yes", _("Yes: what it said was wrong")),
        ],
        widget=forms.RadioSelect,
        help_text=_("A wrong notice counts against your unit's accuracy rate, as the correction of an error does."),
    )


class OutcomeForm(forms.Form):
    """What was done, where the means is not the portal: the loop closes (001 四(四))."""

    text = text_field(
        _("What was done"), rows=5, most=4_000, required=True, hint=_("With whom, what was agreed, what remains")
    )
    on = day_field(_("On which day"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = local_date(clock.now())
        self.fields["on"].required = True
        self.fields["on"].widget.attrs["max"] = today.isoformat()
        self.initial.setdefault("on", today)

    def clean_on(self) -> date:
        day: date = self.cleaned_data["on"]
        if day > local_date(clock.now()):
            raise forms.ValidationError(_("This day is still to come."))
        return day


class DecisionForm(forms.Form):
    """An approver's answer: a word, the check list where the step asks for it, remarks at places of the text.

    `places`: the numbers of the text's blocks; `checks`, `lead`: what this step asks for."""

    text = text_field(_("To the author"), rows=3, most=2_000, hint=_("Needed when you return it"))

    def __init__(self, *args: Any, places: Iterable[int], checks: bool, lead: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checks = list(CHECKS) if checks else []
        for code in self.checks:
            self.fields[f"check_{code}"] = forms.BooleanField(label=CHECKS[code], required=False)
        if lead:
            label = _("Why the shorter time is accepted")
            self.fields["lead_reason"] = LineField(label=label, required=False, max_length=300)
        self.places = list(places)
        for place in self.places:
            field = text_field(_("Remark at place %(place)d") % {"place": place}, rows=2, most=500)
            field.widget.attrs["class"] = "form-control"
            self.fields[f"remark_{place}"] = field

    def remarks(self) -> dict[int, str]:
        """What was written at places, by their number."""
        written = {place: self.cleaned_data.get(f"remark_{place}", "") for place in self.places}
        return {place: text for place, text in written.items() if text}

    def ticked(self) -> dict[str, bool]:
        return {code: bool(self.cleaned_data.get(f"check_{code}")) for code in self.checks}

    def remark_field(self, place: int) -> Any:
        return self[f"remark_{place}"]

    @property
    def check_fields(self) -> list[Any]:
        return [self[f"check_{code}"] for code in self.checks]


CHECKS: Final = {  # 001 四(二)1
    "policy": _("It agrees with the policies in force"),
    "law": _("It breaks no law or regulation"),
    "sensitive": _("It holds nothing sensitive that should not be passed on"),
}
