"""The screen of 企发部 (000 4.1.5, 5.6): what is late, due today, escalated; how each department does against last month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import Unit, User
from channelportal.core import calendar
from channelportal.lib import wording
from channelportal.lib.workdays import WorkCalendar
from channelportal.supervision import spans
from feedback import stats
from feedback.models import Ticket

WORST = 10
FEW = 8
HOURS = range(8, 20)
GOAL = 90  # per cent: under it a bar is amber


@dataclass(frozen=True)
class UnitRate:
    """One department's or channel's month beside its last."""

    unit: Unit
    now: stats.Figures
    before: stats.Figures

    @property
    def tone(self) -> str:
        rate = self.now.on_time
        return "due" if rate is not None and rate < GOAL else "hand"


@dataclass(frozen=True)
class Worst:
    """An open ticket that is late, with how late."""

    ticket: Ticket
    days: int


def board(user: User, now: datetime, month: str = "") -> dict[str, Any]:
    """Everything on the dashboard, in seven queries: counts now, by unit too, figures by unit, weeks, heat, the worst, units.

    `month` ("2026-05"): whose figures; how things stand and what needs attention is always of this moment."""
    today = localtime(now).date()
    cal = calendar.current()
    first = spans.asked_month(month, today)
    day = min(today, spans.month_of(first).last)
    compared = stats.by_unit(day)
    owing = stats.standing_by_unit(now)
    known = Unit.objects.filter(pk__in={*compared, *owing}).only("pk", "name", "kind", "pinyin")
    units = {unit.pk: unit for unit in known}
    rates = [UnitRate(units[pk], both.now, both.before) for pk, both in compared.items() if pk in units]
    weeks = stats.weeks(day)
    heat = spans.Span(day - timedelta(weeks=4), day)
    return {
        "now": now,
        "today": today,
        "first": first,
        "earlier": spans.previous(first),
        "later": spans.following(first) if day < today else None,
        "month": date_format(first, _("F Y")),
        "working_days": cal.between(first - timedelta(days=1), day),
        "standing": stats.standing(now),
        "owing": _owing([(units[pk], one) for pk, one in owing.items() if pk in units]),
        "company": stats.total([rate.now for rate in rates]),
        "company_before": stats.total([rate.before for rate in rates]),
        "departments": _sorted([rate for rate in rates if not rate.unit.is_channel and _judged(rate)]),
        "channels": _sorted([rate for rate in rates if rate.unit.is_channel and rate.now.on_time is not None])[:FEW],
        "askers": sorted(
            (r for r in rates if r.now.asked or r.before.asked), key=lambda r: (-r.now.asked, r.unit.pinyin)
        )[:FEW],
        "weeks": weeks,
        "trend": _trend(weeks),
        "heat": _heat(stats.heat(heat.first, heat.last), heat),
        "worst": worst(user, now, cal),
    }


def _owing(rows: list[tuple[Unit, stats.Standing]]) -> list[tuple[Unit, stats.Standing]]:
    """The most late first, then who has the most open."""
    return sorted(rows, key=lambda row: (-row[1].late, -row[1].escalated, -row[1].open, row[0].pinyin))


def _judged(rate: UnitRate) -> bool:
    return rate.now.on_time is not None or rate.before.on_time is not None


def _sorted(rates: list[UnitRate]) -> list[UnitRate]:
    return sorted(rates, key=lambda rate: (rate.now.on_time is None, rate.now.on_time, rate.unit.pinyin))


def worst(user: User, now: datetime, cal: WorkCalendar) -> list[Worst]:
    """The ten that most need attention: highest level first, then the longest late. One query."""
    late = (
        Ticket.objects.visible_to(user)
        .overdue(now)
        .select_related("asker", "responsible")
        .order_by("-level", "due_at")[:WORST]
    )
    today = localtime(now).date()
    return [
        Worst(ticket, cal.between(localtime(ticket.due_at).date(), today) if ticket.due_at else 0) for ticket in late
    ]


def _trend(weeks: list[tuple[date, stats.Figures]]) -> dict[str, Any]:
    """What the chart draws: labels and the on-time rate of each week (None: nothing was due); from a floor below the lowest."""
    lowest = min((figures.on_time for _monday, figures in weeks if figures.on_time is not None), default=0)
    return {
        "title": _("Share of replies on time, by week"),
        "kind": "line",
        "labels": [_("week {number}").format(number=monday.isocalendar().week) for monday, _figures in weeks],
        "links": [_of_week(monday) for monday, _figures in weeks],
        "unit": "%",
        "min": max(0, 10 * int(lowest // 10) - 10),
        "max": 100,
        "series": [
            {
                "name": _("Replies on time"),
                "data": [None if f.on_time is None else round(f.on_time, 1) for _monday, f in weeks],
            },
        ],
    }


def _of_week(monday: date) -> str:
    """The address of the replies of a week."""
    return f"{reverse('supervision-behind')}?what=replies&from={monday}&until={monday + timedelta(days=6)}"


def _heat(cells: dict[tuple[int, int], int], span: spans.Span) -> dict[str, Any]:
    """Rows Monday to Sunday (a weekend day without any is left out), (hour, count) for each hour, the largest count, the days."""
    rows = []
    for number in range(7):
        counts = [(hour, cells.get((number, hour), 0)) for hour in HOURS]
        if number < 5 or any(count for _hour, count in counts):
            rows.append({"number": number, "weekday": wording.weekday_of(number), "cells": counts})
    return {"hours": list(HOURS), "rows": rows, "most": max(cells.values(), default=0), "span": span}
