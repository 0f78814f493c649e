"""Every number of the rules, on one page, with its bounds and its default; each change is on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Layout
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts import access
from channelportal.core import parameters as rules
from channelportal.core.clock import now
from channelportal.core.errors import Invalid
from channelportal.core.pages import show_form
from channelportal.core.parameters import Parameters

GROUPS: Final = [  # as the page shows them; what is in none comes last
    (gettext_lazy("Formal replies"), ["normal_days", "major_days", "close_of_business", "entry_back_days"]),
    (gettext_lazy("Promises"), ["promise_max_days", "replan_days", "extensions"]),
    (
        gettext_lazy("Closing the loop"),
        ["confirm_days", "urge_answer_days", "question_reminder_days", "question_close_days", "watch_late_days"],
    ),
    (gettext_lazy("Notices"), ["approval_days"]),
    (gettext_lazy("Messages"), ["delivery_from", "delivery_until"]),
]


class ParametersForm(forms.Form):
    """One field for each parameter, its bounds and default beside it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in fields(Parameters):
            self.fields[one.name] = _field(one)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout(*_layout())


def _layout() -> Iterator[Any]:
    """A heading and two fields in a line, group by group."""
    grouped = {name for _title, names in GROUPS for name in names}
    rest = [one.name for one in fields(Parameters) if one.name not in grouped]
    for title, names in [*GROUPS, (gettext_lazy("Passwords"), rest)]:
        yield HTML(format_html('<h2 class="form-group-title">{}</h2>', title))
        for first in range(0, len(names), 2):
            yield Div(*names[first : first + 2], css_class="inline-fields")


def _field(one: Any) -> forms.Field:
    facts = one.metadata
    if facts["unit"] == "time":
        return forms.TimeField(
            label=facts["label"],
            widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            help_text=_hint(facts, f"{one.default:%H:%M}"),
        )
    return forms.IntegerField(
        label=facts["label"],
        min_value=facts["low"],
        max_value=facts["high"],
        help_text=_hint(facts, one.default),
    )


def _hint(facts: Any, default: Any) -> str:
    """Default, bounds, source clause."""
    parts = [_("Default: %(value)s") % {"value": default}]
    if "low" in facts:
        parts.append(_("%(low)s to %(high)s") % {"low": facts["low"], "high": facts["high"]})
    if facts.get("source"):
        parts.append(_("Source: %(clause)s") % {"clause": facts["source"]})
    return " · ".join(parts)


@require_http_methods(["GET", "POST"])
def parameters(request: HttpRequest) -> HttpResponse:
    access.require(
        request.user, "rules.edit", None, gettext_lazy("The parameters are kept by the supervising department.")
    )
    before = rules.current(fresh=True)
    form = ParametersForm(
        request.POST or None, initial={one.name: getattr(before, one.name) for one in fields(Parameters)}
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = rules.change(form.cleaned_data, by=request.user, at=now())
        except Invalid as error:
            error.show_in(form)
        else:
            messages.success(request, _said(changed))
            return redirect("parameters")
    context = {"form": form, "submit": _("Save"), "history": _history()}
    return show_form(request, "core/parameters.html", context)


def _said(changed: int) -> str:
    if not changed:
        return _("Nothing was changed.")
    return ngettext(
        "One parameter changed; it holds from now on.", "%(count)d parameters changed; they hold from now on.", changed
    ) % {"count": changed}


def _history() -> list[dict[str, Any]]:
    """The latest changes as the page words them."""
    labels = {one.name: one.metadata["label"] for one in fields(Parameters)}
    return [
        {
            "label": labels.get(entry.object_id, entry.object_id),
            "before": entry.data.get("from"),
            "after": entry.data.get("to"),
            "by": entry.actor_name,
            "at": entry.at,
        }
        for entry in rules.history()
    ]
