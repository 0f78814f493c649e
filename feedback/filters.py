"""The saved views of the ticket list, and its filters; both stand in the address, so that they can be sent to a colleague."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.access import Scope, scope
from accounts.models import User
from channelportal.core import calendar as calendars
from channelportal.core import clock, search
from channelportal.lib.workdays import END_OF_DAY, local_date
from feedback import desk, in_force
from feedback.forms import HintedSelect
from feedback.models import Severity, Ticket, TicketQuerySet

OWED = Q(state__in=["open", "planned"])


@dataclass(frozen=True, slots=True)
class View:
    """One tab: whose tickets. `counted`: small enough a set that its number is shown on the tab."""

    code: str
    label: Any
    chosen: Callable[[User, Scope, datetime], Q]
    seen: Callable[[Scope], bool]
    sort: str = "due"
    counted: bool = True
    empty: Any = ""


def _todo(user: User, who: Scope, at: datetime) -> Q:
    return desk.waiting(user, at)


def _approve(user: User, who: Scope, at: datetime) -> Q:
    return desk.to_approve(user)


def _confirm(user: User, who: Scope, at: datetime) -> Q:
    own = Q(asker=who.unit_id) if who.may("ticket.conclude", who.unit_id) else Q(filed_by=user)
    return own & Q(state="resolved")


VIEWS: tuple[View, ...] = (
    View("todo", _("Waiting for me"), _todo, lambda who: True, empty=_("Nothing waits for you. Well done.")),
    View(
        "owed",
        _("To be answered by my unit"),
        lambda user, who, at: Q(responsible=who.unit_id) & OWED,
        lambda who: who.may("ticket.see", who.unit_id),
        empty=_("Your unit owes nobody an answer."),
    ),
    View(
        "approve",
        _("To be approved"),
        _approve,
        lambda who: who.may("ticket.approve", who.unit_id),
        sort="-filed",
        empty=_("Nothing waits for your approval."),
    ),
    View(
        "confirm", _("To be confirmed"), _confirm, lambda who: True, empty=_("No answer waits for your confirmation.")
    ),
    View(
        "asked",
        _("Asked by my unit"),
        lambda user, who, at: Q(asker=who.unit_id),
        lambda who: who.may("ticket.see", who.unit_id),
        sort="-filed",
        counted=False,
        empty=_("Your unit has not asked anything yet."),
    ),
    View(
        "mine",
        _("Asked by me"),
        lambda user, who, at: Q(filed_by=user),
        lambda who: True,
        sort="-filed",
        counted=False,
        empty=_("You have not filed a ticket yet."),
    ),
    View(
        "escalated",
        _("Escalated"),
        lambda user, who, at: Q(level__gt=0, ended_at=None),
        lambda who: who.may("ticket.see", who.unit_id) or who.manages_company,
        empty=_("Nothing is escalated."),
    ),
    View(
        "watched",
        _("Watch list"),
        lambda user, who, at: Q(watched=True, ended_at=None),
        lambda who: who.may("ticket.supervise"),
        sort="-touched",
        empty=_("Nothing is on the watch list: nothing was copied, and nothing is three working days late."),
    ),
    View("all", _("All"), lambda user, who, at: Q(), lambda who: True, sort="-filed", counted=False),
)

SORTS = {
    "due": "due_at",
    "filed": "created_at",
    "touched": "touched_at",
    "number": "number",
    "level": "level",
    "asker": "asker__pinyin",
    "responsible": "responsible__pinyin",
}


def views_for(user: User) -> list[View]:
    who = scope(user)
    return [view for view in VIEWS if view.seen(who)]


class DueWindow(filters.ChoiceFilter):
    """今天到期, 已超期 …: by what is owed now. The dashboard's figures lead here, so the same words mean the same tickets."""

    CHOICES = [
        ("owed", _("Still owed")),
        ("today", _("Due today")),
        ("promised", _("Promised for today")),
        ("late", _("Overdue")),
        ("three", _("Due within three working days")),
        ("missed", _("Something was missed")),
    ]

    def filter(self, qs: TicketQuerySet, value: str) -> TicketQuerySet:
        if not value:
            return qs
        at = clock.now()
        today, calendar = local_date(at), calendars.current()
        due_today = OWED & Q(due_at__gte=at, due_at__lte=calendar.close_of_business(today, END_OF_DAY))
        found = {
            "owed": OWED,
            "today": due_today,
            "promised": due_today & Q(due_kind="promise"),
            "late": Q(due_at__lt=at) & OWED,
            "three": Q(due_at__gte=at, due_at__lte=calendar.close_of_business(calendar.nth_after(today, 3))) & OWED,
            "missed": Q(missed=True),
        }
        return qs.filter(found[value])


class UnitFilter(filters.ChoiceFilter):
    """A unit, out of the process-wide copy of the tree: no query."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=_units, widget=_UnitSelect, empty_label=_("any"), **kwargs)


class _UnitSelect(HintedSelect):
    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__(attrs)
        self.choices = choices

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        """Written here: Django renders a template for each option, with some dozens a sixth of the whole page's time."""
        chosen, units = self.format_value(value), in_force.units().by_id
        keys = {str(pk): f"{unit.pinyin} {unit.code}" for pk, unit in units.items()}
        options = format_html_join(
            "", "<option{}>{}</option>",
            (
                (flatatt({"value": code, "data-key": keys.get(code), "selected": code in chosen}), label)
                for code, label in self.choices
            ),
        )  # fmt: skip
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name})), options
        )


def _units() -> list[tuple[str, str]]:
    units = sorted(in_force.units().by_id.values(), key=lambda unit: unit.pinyin)
    return [(str(unit.pk), unit.name) for unit in units]


def _kinds() -> list[tuple[str, str]]:
    return [(str(kind.pk), kind.name) for kind in in_force.kinds()]


class TicketFilter(filters.FilterSet):
    text = filters.CharFilter(label=_("Number, title, text"), method="by_text")
    state = filters.ChoiceFilter(label=_("State"), choices=Ticket.State.choices, empty_label=_("any"))
    due = DueWindow(label=_("Time limit"), choices=DueWindow.CHOICES, empty_label=_("any"))
    kind = filters.ChoiceFilter(label=_("Kind"), choices=_kinds, empty_label=_("any"))
    severity = filters.ChoiceFilter(label=_("Severity"), choices=Severity.choices, empty_label=_("any"))
    level = filters.ChoiceFilter(
        label=_("Escalated to"),
        choices=[(1, _("level 1 or higher")), (2, _("level 2 or higher")), (3, _("level 3"))],
        empty_label=_("any"),
        field_name="level",
        lookup_expr="gte",
    )
    asker = UnitFilter(label=_("Asker"))
    responsible = UnitFilter(label=_("Responsible unit"))
    filed_from = filters.DateFilter(label=_("Filed from"), field_name="created_at", lookup_expr="date__gte")
    filed_until = filters.DateFilter(label=_("Filed until"), field_name="created_at", lookup_expr="date__lte")

    class Meta:
        model = Ticket
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("filed_from", "filed_until"):
            self.form.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        for field in self.form.fields.values():
            css = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs["class"] = css

    def by_text(self, qs: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        text = value.strip()
        if text.upper().startswith("FB-"):
            return qs.filter(number__startswith=text.upper()[:20])
        return qs.filter(pk__in=search.find("ticket", text))
