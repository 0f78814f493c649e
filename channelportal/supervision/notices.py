"""How notices arrive and meetings are held, for 企发部 and management (001 六(一); 000 5.11): accuracy and receipts in time by unit
and month, and what is late now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import require, signed_in
from accounts.models import Unit, User
from channelportal.core import audit, clock
from channelportal.core.lists import Column, workbook
from channelportal.supervision.exports import XLSX
from notices import frequency_watch, meeting_stats, stats
from notices.models import Action, Notice, Receipt
from notices.stats import Figures

FIRST: Final = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """One unit's month beside its last."""

    unit: Unit
    now: Figures
    before: Figures


COLUMNS: Final = [
    Column(gettext_lazy("Unit"), lambda row: row.unit.name, 22),
    Column(gettext_lazy("Published"), lambda row: row.now.published),
    Column(gettext_lazy("Corrected or withdrawn as wrong"), lambda row: row.now.corrected),
    Column(gettext_lazy("Accuracy, %"), lambda row: _rounded(row.now.accuracy)),
    Column(gettext_lazy("Others confirmed its notices in time, %"), lambda row: _rounded(row.now.sent_in_time_rate)),
    Column(gettext_lazy("Received"), lambda row: row.now.received),
    Column(gettext_lazy("Opened, %"), lambda row: _rounded(row.now.opened)),
    Column(gettext_lazy("To acknowledge"), lambda row: row.now.received_asked),
    Column(gettext_lazy("Receipts in time, %"), lambda row: _rounded(row.now.in_time)),
    Column(gettext_lazy("Last month, %"), lambda row: _rounded(row.before.in_time)),
]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """`?month=2026-05`; `?format=xlsx`. About fourteen queries, whatever the number of units."""
    user = signed_in(request)
    require(user, "supervision.see", None, _("The dashboard is for the supervising department and company management."))
    now, first = clock.now(), _month(request.GET.get("month", ""))
    rows = _rows(first, now)
    if request.GET.get("format") == "xlsx":
        return _export(user, first, rows)
    return render(request, "supervision/notices.html", _context(first, now, rows))


def _month(asked: str) -> date:
    today = localdate().replace(day=1)
    found = date.fromisoformat(f"{asked}-01") if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", asked) else today
    return min(max(found, FIRST), today)


def _rows(first: date, now: datetime) -> list[Row]:
    this, before = stats.month(first, now), stats.month((first - timedelta(days=1)).replace(day=1), now)
    units = Unit.objects.filter(pk__in={*this, *before}).only("pk", "name", "kind", "pinyin").order_by("pinyin")
    return [Row(unit, this.get(unit.pk, Figures()), before.get(unit.pk, Figures())) for unit in units]


def _context(first: date, now: datetime, rows: list[Row]) -> dict[str, Any]:
    after = (first + timedelta(days=31)).replace(day=1)
    due = frequency_watch.standings(localdate())
    return {
        "first": first,
        "earlier": (first - timedelta(days=1)).replace(day=1),
        "later": after if after <= localdate() else None,
        "company": stats.company({row.unit.pk: row.now for row in rows}),
        "company_before": stats.company({row.unit.pk: row.before for row in rows}),
        "publishing": sorted((row for row in rows if row.now.published), key=_by_accuracy),
        "receiving": sorted((row for row in rows if row.now.received_asked), key=_by_receipts),
        "late": _late(now),
        "overdue": sum(row.late for row in due),
        "required": len(due),
        "meetings": meeting_stats.figures(first, after - timedelta(days=1)),
        "actions_late": Action.objects.open().filter(due_at__lt=now).count(),
        "now": now,
    }


def _by_accuracy(row: Row) -> Any:
    return row.now.accuracy if row.now.accuracy is not None else 101, row.unit.pinyin


def _by_receipts(row: Row) -> Any:
    return row.now.in_time if row.now.in_time is not None else 101, row.unit.pinyin


def _late(now: datetime) -> dict[str, int]:
    """Notices of which acknowledgements are late now, and how many these are."""
    missing = Receipt.objects.filter(
        settled_at=None, due_at__lt=now, left_at=None, notice__state=Notice.State.PUBLISHED
    )
    return missing.aggregate(people=Count("pk"), notices=Count("notice", distinct=True))


def _export(user: User, first: date, rows: list[Row]) -> HttpResponse:
    audit.record("supervision.exported", by=user, data={"list": "notices", "month": f"{first:%Y-%m}"})
    response = HttpResponse(workbook(rows, COLUMNS), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="notices-{first:%Y%m}.xlsx"'
    return response
