"""The working-day calendar: a year to look at for everybody; import, single days and units' own days for 企发部."""

from __future__ import annotations

import calendar as months_of
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from accounts.models import Unit
from channelportal.core import calendar
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.fields import LineField
from channelportal.core.models import CalendarDay, CalendarVersion, Stamp
from channelportal.core.pages import show_form
from channelportal.lib import yearplan
from channelportal.lib.workdays import Day, Reason, Row, WorkCalendar
from feedback import recount

SALT: Final = "calendar.plan"
DAY_SALT: Final = "calendar.day"
PREVIEW_LASTS: Final = 7200  # seconds between preview and confirmation
FIRST, LAST = 2001, 2099
MOST_MOVED: Final = 100  # obligations that the preview names


def _required(request: HttpRequest) -> None:
    access.require(request.user, "rules.edit", None, _("The calendar is kept by the supervising department."))


# ── looking ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Month:
    first: date
    weeks: list[list[Day | None]]
    working: int


@require_GET
def year(request: HttpRequest) -> HttpResponse:
    """Twelve months, each day with its reason."""
    today = localdate()
    shown = _year(request.GET.get("year", ""), today.year)
    unit = Unit.objects.filter(pk=_whole(request.GET.get("unit", ""))).first()
    plan = calendar.current(unit_id=unit.pk if unit else None)
    months = [_month(plan, shown, number) for number in range(1, 13)]
    context = {
        "year": shown,
        "earlier": shown - 1 if shown > FIRST else None,
        "later": shown + 1 if shown < LAST else None,
        "months": months,
        "weekdays": _weekdays(),
        "working": sum(month.working for month in months),
        "provisional": shown not in plan.published_years,
        "missing": plan.missing_years(today),
        "today": today,
        "unit": unit,
        "own_days": _own_days(shown, unit),
        "versions": CalendarVersion.objects.select_related("by").order_by("-at", "-pk")[:8],
        "may_edit": access.may(request.user, "rules.edit"),
        "units": Unit.objects.active().order_by("pinyin"),
    }
    return render(request, "core/calendar.html", context)


def _year(text: str, otherwise: int) -> int:
    return min(max(_whole(text) or otherwise, FIRST), LAST)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _weekdays() -> list[str]:
    """The heads of a month's columns, Monday first, as short as they are written."""
    return _("Mo Tu We Th Fr Sa Su").split()


def _month(plan: WorkCalendar, year_: int, month: int) -> Month:
    weeks = [[plan.day(day) if day.month == month else None for day in week] for week in _weeks(year_, month)]
    return Month(date(year_, month, 1), weeks, sum(1 for week in weeks for day in week if day and day.working))


def _weeks(year_: int, month: int) -> Iterator[list[date]]:
    yield from months_of.Calendar(firstweekday=0).monthdatescalendar(year_, month)


def _own_days(year_: int, unit: Unit | None) -> Any:
    """What was set by hand: the company's days, or this unit's."""
    rows = CalendarDay.objects.filter(
        superseded_by=None, reason=CalendarDay.Reason.COMPANY, date__year=year_, unit=unit
    )
    return rows.select_related("version__by").order_by("date")


# ── publishing a year ───────────────────────────────────────────────────────────────────────────


class ImportForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Calendar file"),
        help_text=gettext_lazy(".json (holiday-cn), .csv or .xlsx with the columns 日期, 是否工作日, 名称, 文号"),
        widget=forms.ClearableFileInput(attrs={"accept": ".json,.csv,.xlsx"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        upload = data.get("file")
        if upload is not None:
            try:
                data["plan"] = yearplan.parse(upload.name, upload.read(yearplan.MOST_BYTES + 1))
            except yearplan.BadPlan as bad:
                self.add_error("file", bad.messages)
        return data


@require_http_methods(["GET", "POST"])
def import_plan(request: HttpRequest) -> HttpResponse:
    """A year's arrangement from a file; first only shown, day by day, with what it changes."""
    _required(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return show_form(request, "core/calendar_import.html", {"form": form, "submit": _("Show what would change")})
    plan: yearplan.YearPlan = form.cleaned_data["plan"]
    before = calendar.current(fresh=True)
    changes = yearplan.difference(before, plan.rows, plan.year)
    context = {
        "plan": plan,
        "changes": changes,
        "turning": sum(change.turns for change in changes),
        "new_year": plan.year not in before.published_years,
        "moved": recount.preview(before.with_year(plan.year, plan.rows), now(), most=MOST_MOVED),
        "most_moved": MOST_MOVED,
        "token": _pack(plan),
    }
    return render(request, "core/calendar_preview.html", context)


@require_POST
@transaction.atomic
def publish(request: HttpRequest) -> HttpResponse:
    """What the preview showed is put in force."""
    _required(request)
    year_, rows, papers = _unpack(request.POST.get("token", ""))
    calendar.publish(rows, year_, papers=papers, by=request.user, at=now())
    messages.success(
        request, _("The calendar of %(year)s is in force. Open deadlines are counted anew.") % {"year": year_}
    )
    return redirect(f"{reverse('calendar')}?year={year_}")


def _stamp() -> int:
    return Stamp.objects.filter(name=calendar.STAMP).values_list("number", flat=True).first() or 0


def _pack(plan: yearplan.YearPlan) -> str:
    """The plan, signed, to come back with the confirmation; it also says what the calendar was when it was shown."""
    rows = [[day.isoformat(), row.working, row.reason.value, row.name, row.paper] for day, row in plan.rows.items()]
    return signing.dumps([plan.year, list(plan.papers), rows, _stamp()], salt=SALT, compress=True)


def _unpack(token: str) -> tuple[int, dict[date, Row], list[str]]:
    try:
        year_, papers, packed, stamp = signing.loads(token, salt=SALT, max_age=PREVIEW_LASTS)
    except signing.BadSignature:
        raise WrongState(_("The preview is too old. Choose the file again.")) from None
    if stamp != _stamp():
        raise WrongState(
            _("The calendar was changed since the preview. Choose the file again to see what would change now.")
        )
    rows = {
        date.fromisoformat(day): Row(working, Reason(reason), name, paper, year_)
        for day, working, reason, name, paper in packed
    }
    return year_, rows, papers


# ── single days ─────────────────────────────────────────────────────────────────────────────────


class DayForm(forms.Form):
    date = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    working = forms.TypedChoiceField(
        label=gettext_lazy("That day is"),
        choices=[("no", gettext_lazy("a day off")), ("yes", gettext_lazy("a working day"))],
        coerce=lambda value: value == "yes",
    )
    name = LineField(
        label=gettext_lazy("Reason"), max_length=60, help_text=gettext_lazy("for example: stocktaking, founding day")
    )
    paper = LineField(label=gettext_lazy("Number of the notice"), max_length=120, required=False)
    unit = forms.ModelChoiceField(
        Unit.objects.active(),
        label=gettext_lazy("Only for"),
        required=False,
        empty_label=gettext_lazy("everybody"),
        widget=forms.Select(attrs={"data-typeahead": ""}),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A single day to be set (`working`) or, with None, to be taken back; `row`: what is taken back."""

    day: date
    working: bool | None
    name: str
    paper: str
    unit: Unit | None

    @property
    def row(self) -> Row | None:
        return None if self.working is None else Row(self.working, Reason.COMPANY, self.name, self.paper)

    @property
    def unit_id(self) -> int | None:
        return self.unit.pk if self.unit else None


@require_http_methods(["GET", "POST"])
def set_day(request: HttpRequest) -> HttpResponse:
    """One day by hand, for everybody or for one unit; first only shown, with the tickets that it moves."""
    _required(request)
    form = DayForm(
        request.POST or None, initial={"date": request.GET.get("date", ""), "unit": _whole(request.GET.get("unit", ""))}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            return _preview(request, Change(data["date"], data["working"], data["name"], data["paper"], data["unit"]))
        except Invalid as error:
            error.show_in(form)
    return show_form(
        request,
        "core/calendar_day.html",
        {"form": form, "submit": _("Show what would change"), "cancel": reverse("calendar")},
    )


@require_POST
def clear_day(request: HttpRequest) -> HttpResponse:
    """What was set by hand is to be taken back, so that the general rule holds again; first only shown."""
    _required(request)
    found = CalendarDay.objects.filter(pk=_whole(request.POST.get("row", "")), superseded_by=None)
    row = found.filter(reason=CalendarDay.Reason.COMPANY).select_related("unit").first()
    if row is None:
        raise WrongState(_("That day was changed meanwhile."))
    return _preview(request, Change(row.date, None, row.name, row.paper, row.unit))


def _preview(request: HttpRequest, change: Change) -> HttpResponse:
    """Before and after of the day, and the open deadlines that would move."""
    wanted = calendar.proposed(change.day, change.row, unit_id=change.unit_id)
    before = calendar.current(fresh=True, unit_id=change.unit_id).day(change.day)
    after = wanted(change.unit_id).day(change.day)
    context = {
        "change": change,
        "before": before,
        "after": after,
        "turns": before.working != after.working,
        "moved": recount.preview(wanted, now(), most=MOST_MOVED),
        "most_moved": MOST_MOVED,
        "back": _back(change.day, change.unit_id),
        "token": signing.dumps(
            [change.day.isoformat(), change.working, change.name, change.paper, change.unit_id, _stamp()], salt=DAY_SALT
        ),
    }
    return render(request, "core/calendar_day_preview.html", context)


@require_POST
@transaction.atomic
def confirm_day(request: HttpRequest) -> HttpResponse:
    """What the preview of a day showed is put in force."""
    _required(request)
    try:
        day_, working, name, paper, unit_id, stamp = signing.loads(
            request.POST.get("token", ""), salt=DAY_SALT, max_age=PREVIEW_LASTS
        )
    except signing.BadSignature:
        raise WrongState(_("The preview is too old. Choose the day again.")) from None
    day = date.fromisoformat(day_)
    if stamp != _stamp():
        raise WrongState(
            _("The calendar was changed since the preview. Choose the day again to see what would change now.")
        )
    if working is None:
        calendar.clear_day(day, by=request.user, at=now(), unit_id=unit_id)
        messages.success(request, _("Taken back. Open deadlines are counted anew."))
    else:
        calendar.set_day(day, working, name=name, paper=paper, by=request.user, at=now(), unit_id=unit_id)
        messages.success(request, _("The day is set. Open deadlines are counted anew."))
    return redirect(_back(day, unit_id))


def _back(day: date, unit_id: int | None) -> str:
    return f"{reverse('calendar')}?year={day.year}" + (f"&unit={unit_id}" if unit_id else "")
