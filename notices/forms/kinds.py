"""What 企发部 says about a kind of notice."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from notices.models import NoticeKind


class KindForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = NoticeKind
        fields = (
            "code", "name_zh", "name_en", "hint_zh", "hint_en", "sort", "owner", "writers", "policy", "lead_days",
            "acknowledge", "acknowledge_days", "valid_days", "subscribable", "order", "active",
        )  # fmt: skip
        help_texts: ClassVar = {
            "code": _("Letters, digits, hyphens; never changed afterwards."),
            "owner": _("Grants subscriptions to it. Empty: the supervising department."),
            "policy": _("The form asks for the reason, the effect and the day, and counts the days ahead."),
            "lead_days": _("0: none. A shorter time needs a reason, and an approver who accepts it."),
            "acknowledge": _("Ticked beforehand in the form; the author may decide otherwise."),
            "valid_days": _("Empty: until further notice. The author may decide otherwise."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = Unit.objects.active()  # type: ignore[attr-defined]
        self.fields["owner"].empty_label = _("The supervising department")  # type: ignore[attr-defined]
        self.fields["owner"].widget.attrs["data-typeahead"] = ""
        if self.instance.pk:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("writers") == NoticeKind.Writers.OWNER and not data.get("owner") and "owner" not in self.errors:
            self.add_error("owner", _("Name the unit that alone may write it."))
        if not data.get("policy") and "lead_days" in data:
            data["lead_days"] = 0  # only a policy has a day from which it holds
        return data

    def clean_acknowledge_days(self) -> int:
        days = int(self.cleaned_data["acknowledge_days"])
        if not 1 <= days <= 30:
            raise forms.ValidationError(_("Between 1 and 30 working days."))
        return days

    def clean_valid_days(self) -> int | None:
        days: int | None = self.cleaned_data["valid_days"]
        if days is not None and not 1 <= days <= 3650:
            raise forms.ValidationError(_("Between 1 and 3650 days."))
        return days
