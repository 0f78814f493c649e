"""Meetings by month, and who holds the meetings that must be held (001 五; 004 二(三)1)."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import access
from accounts.models import User
from channelportal.core import audit, calendar, clock
from channelportal.core.lists import Column, workbook
from channelportal.lib.workdays import SHANGHAI, Day, local_date
from notices import frequency_watch
from notices.frequency import State
from notices.frequency_watch import Row
from notices.models import Invitation, Meeting

FIRST, LAST = date(2000, 1, 1), date(2100, 12, 1)
TONES: Final = {State.OVERDUE: "late", State.SOON: "due", State.OK: "done"}
WORDS: Final = {State.OVERDUE: _("Overdue"), State.SOON: _("Due soon"), State.OK: _("On schedule")}
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Cell:
    """A day of the month's sheet with its meetings."""

    day: Day
    inside: bool
    meetings: list[Meeting]


@require_safe
def by_month(request: HttpRequest) -> HttpResponse:
    """`?month=2026-05`; the present one otherwise. Two statements."""
    user = access.signed_in(request)
    first = _month(request.GET.get("month", ""))
    begin = first - timedelta(days=first.weekday())
    after = (first + timedelta(days=31)).replace(day=1)
    end = after + timedelta(days=-after.weekday() % 7)
    meetings = _between(user, begin, end)
    days = calendar.current(unit_id=user.unit_id).days(begin, end - timedelta(days=1))
    cells = [Cell(day, first <= day.date < after, meetings.get(day.date, [])) for day in days]
    context = {
        "first": first,
        "earlier": (first - timedelta(days=1)).replace(day=1) if first > FIRST else None,
        "later": after if first < LAST else None,
        "weeks": [cells[number : number + 7] for number in range(0, len(cells), 7)],
        "weekdays": [begin + timedelta(days=number) for number in range(7)],
        "none": not any(cell.meetings for cell in cells if cell.inside),
        "today": local_date(clock.now()),
        "calls": access.may(user, "meeting.call", user.unit_id),
    }
    return render(request, "meetings/calendar.html", context)


def _month(asked: str) -> date:
    if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", asked):
        return date.fromisoformat(f"{asked}-01")
    return local_date(clock.now()).replace(day=1)


def _between(user: User, begin: date, end: date) -> dict[date, list[Meeting]]:
    """The meetings he may see, by each day on which they are."""
    since, until = (datetime.combine(day, datetime.min.time(), SHANGHAI) for day in (begin, end))
    mine = Invitation.objects.filter(user=user, dropped_at=None)
    found = Meeting.objects.visible_to(user).exclude(state=Meeting.State.DRAFT)
    found = found.filter(starts_at__lt=until, ends_at__gte=since).select_related("kind", "unit")
    sheet: dict[date, list[Meeting]] = defaultdict(list)
    for meeting in found.prefetch_related(Prefetch("invitations", mine, to_attr="mine")).order_by("starts_at", "pk"):
        day, last = max(local_date(meeting.starts_at), begin), local_date(meeting.ends_at)
        while day <= last and day < end:
            sheet[day].append(meeting)
            day += timedelta(days=1)
    return sheet


# ── the required frequency ──────────────────────────────────────────────────────────────────────

COLUMNS: Final = [
    Column(_("Kind"), lambda row: row.kind.name),
    Column(_("With"), lambda row: row.party.name if row.party else str(_("The whole company"))),
    Column(_("Held by"), lambda row: row.responsible.name if row.responsible else ""),
    Column(_("State"), lambda row: str(WORDS[row.standing.state])),
    Column(_("Required in this period"), lambda row: row.standing.required),
    Column(_("Held"), lambda row: row.standing.held),
    Column(_("Held last"), lambda row: row.standing.last),
    Column(_("Next by"), lambda row: row.standing.due),
]


@require_safe
def frequency(request: HttpRequest) -> HttpResponse:
    """All for 企发部 and management; for a managing department what it has to hold. `?kind=`, `?state=`, `?format=xlsx`."""
    user = access.signed_in(request)
    rows = _seen(user, frequency_watch.standings(local_date(clock.now())))
    kinds = {row.kind.pk: row.kind for row in rows}
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    shown = [
        row
        for row in rows
        if (not kind or str(row.kind.pk) == kind) and (state not in TONES or row.standing.state == state)
    ]
    if request.GET.get("format") == "xlsx":
        return _export(user, shown)
    context: dict[str, Any] = {
        "lines": [(row, TONES[row.standing.state], WORDS[row.standing.state]) for row in shown],
        "kinds": list(kinds.values()),
        "kind": kind,
        "state": state,
        "states": [(str(code), word) for code, word in WORDS.items()],
        "counts": [(TONES[code], WORDS[code], sum(row.standing.state == code for row in rows)) for code in TONES],
        "edits": access.may(user, "rules.edit"),
        "any": bool(rows),
    }
    return render(request, "meetings/frequency.html", context)


def _seen(user: User, rows: list[Row]) -> list[Row]:
    if access.may(user, "notice.supervise") or access.may(user, "supervision.see"):
        return rows
    return [row for row in rows if row.responsible and row.responsible.pk == user.unit_id]


def _export(user: User, rows: list[Row]) -> HttpResponse:
    audit.record("list.exported", user, by=user, at=clock.now(), data={"list": "meeting-frequency", "rows": len(rows)})
    response = HttpResponse(workbook(rows, COLUMNS), content_type=XLSX)
    response["Content-Disposition"] = 'attachment; filename="meeting-frequency.xlsx"'
    return response
