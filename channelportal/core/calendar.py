"""The working-day calendar of the database: read as `lib.workdays.WorkCalendar`, changed only by `publish` and `set_day`.

Rows are never deleted: a change brings a `CalendarVersion`, and the rows that it replaces say by which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channelportal.core import audit, stamps
from channelportal.core.errors import Invalid
from channelportal.core.models import CalendarDay, CalendarVersion
from channelportal.lib.workdays import Reason, Row, WorkCalendar, statutory_rows

STAMP = "calendar"
SHIPPED_YEARS = (2024, 2025, 2026)
STATUTORY = (CalendarDay.Reason.HOLIDAY, CalendarDay.Reason.MAKEUP)
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


@dataclass
class _Copy:
    """What a process keeps: everybody's calendar, and each unit's own rows over it."""

    common: WorkCalendar
    unit_rows: dict[int, dict[date, Row]]
    of_unit: dict[int, WorkCalendar] = field(default_factory=dict)


def current(*, fresh: bool = False, unit_id: int | None = None) -> WorkCalendar:
    """The calendar in force for everybody, or for the people of one unit. `fresh`: asked by a verb, never behind (one query);
    else at most two seconds behind."""
    copy = stamps.cached(STAMP, _load, fresh=fresh)
    if unit_id is None or unit_id not in copy.unit_rows:
        return copy.common
    if unit_id not in copy.of_unit:
        copy.of_unit[unit_id] = copy.common.with_overrides(copy.unit_rows[unit_id])
    return copy.of_unit[unit_id]


def proposed(day: date, row: Row | None, *, unit_id: int | None = None) -> Callable[[int | None], WorkCalendar]:
    """Each unit's calendar if `set_day` (or, with `row` None, `clear_day`) were said of this day: for a preview."""
    check_day(day)
    copy = _load(instead=(day, unit_id, row))

    def of(unit: int | None) -> WorkCalendar:
        rows = copy.unit_rows.get(unit) if unit is not None else None
        return copy.common.with_overrides(rows) if rows else copy.common

    return of


def _load(*, instead: tuple[date, int | None, Row | None] | None = None) -> _Copy:
    statutory: dict[date, Row] = {}
    company: dict[date, Row] = {}
    units: dict[int, dict[date, Row]] = {}
    rows = CalendarDay.objects.filter(superseded_by=None).order_by("date")
    facts = rows.values_list("date", "working", "reason", "name", "paper", "version__year", "unit_id")
    for day, working, reason, name, paper, notice, unit_id in facts:
        layer = units.setdefault(unit_id, {}) if unit_id else statutory if reason in STATUTORY else company
        layer[day] = Row(working, Reason(reason), name, paper, notice)
    if instead:
        changed, of_unit, row = instead
        layer = units.setdefault(of_unit, {}) if of_unit else company
        layer.pop(changed, None)
        if row is not None:
            layer[changed] = row
    years = CalendarVersion.objects.filter(year__isnull=False).values_list("year", flat=True).distinct()
    common = WorkCalendar(statutory, published_years={year for year in years if year is not None})
    return _Copy(common.with_overrides(company) if company else common, units)


# ── changes ─────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def publish(
    rows: Mapping[date, Row],
    year: int,
    *,
    papers: Iterable[str] = (),
    by: Any = None,
    at: datetime,
    note: str = "",
    source: str = CalendarVersion.Source.IMPORT,
) -> CalendarVersion:
    """Put the State Council's arrangement for `year` in force. `rows` may reach into the neighbouring December and January.

    Statutory rows that an earlier notice for that year brought, and those of the days that `rows` names, are replaced; the
    company's and the units' rows stay on top.
    The caller recounts open obligations afterwards (feedback)."""
    version = CalendarVersion.objects.create(source=source, year=year, papers=list(papers), note=note, by=by, at=at)
    replaced = CalendarDay.objects.filter(superseded_by=None, unit=None, reason__in=STATUTORY)
    replaced.filter(Q(version__year=year) | Q(date__in=list(rows))).update(superseded_by=version)
    CalendarDay.objects.bulk_create(_days(rows, version))
    stamps.bump(STAMP)
    audit.record(
        "calendar.published", version, by=by, at=at, data={"year": year, "days": len(rows), "papers": list(papers)}
    )
    return version


@transaction.atomic
def set_day(
    day: date,
    working: bool,
    *,
    name: str,
    by: Any,
    at: datetime,
    unit_id: int | None = None,
    paper: str = "",
    note: str = "",
) -> CalendarVersion:
    """The company (or one unit) works, or does not work, on this day, whatever the State Council says."""
    check_day(day)
    version = CalendarVersion.objects.create(source=CalendarVersion.Source.HAND, note=note, by=by, at=at)
    before = _own_rows(day, unit_id)
    was = before.values_list("working", flat=True).first()
    before.update(superseded_by=version)
    CalendarDay.objects.create(
        date=day,
        working=working,
        reason=CalendarDay.Reason.COMPANY,
        name=name,
        paper=paper,
        unit_id=unit_id,
        version=version,
    )
    stamps.bump(STAMP)
    data = {"date": day.isoformat(), "working": working, "was": was, "unit": unit_id, "name": name}
    audit.record("calendar.day_set", version, by=by, at=at, data=data)
    return version


@transaction.atomic
def clear_day(day: date, *, by: Any, at: datetime, unit_id: int | None = None) -> CalendarVersion | None:
    """Take back what `set_day` said of this day. None where nothing was said."""
    before = _own_rows(day, unit_id)
    if not before.exists():
        return None
    version = CalendarVersion.objects.create(source=CalendarVersion.Source.HAND, by=by, at=at)
    before.update(superseded_by=version)
    stamps.bump(STAMP)
    audit.record("calendar.day_cleared", version, by=by, at=at, data={"date": day.isoformat(), "unit": unit_id})
    return version


def check_day(day: date) -> None:
    """`Invalid` for a day that the calendar cannot hold."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid("date", _("The day must lie between 2000 and 2100."))


def ship(years: Iterable[int] = SHIPPED_YEARS, *, versions: Any = CalendarVersion, days: Any = CalendarDay) -> None:
    """The arrangements that come with the product, where the table has none for that year. Idempotent; called by the
    migration (with its own models) and by tests whose database was emptied."""
    for year in years:
        if versions.objects.filter(year=year).exists():
            continue
        rows = statutory_rows(year)
        papers = sorted({row.paper for row in rows.values() if row.paper})
        version = versions.objects.create(source="package", year=year, papers=papers)
        days.objects.bulk_create(_days(rows, version, days))


def _own_rows(day: date, unit_id: int | None) -> Any:
    return CalendarDay.objects.filter(superseded_by=None, date=day, unit=unit_id, reason=CalendarDay.Reason.COMPANY)


def _days(rows: Mapping[date, Row], version: Any, model: Any = CalendarDay) -> list[Any]:
    return [
        model(date=day, working=row.working, reason=str(row.reason), name=row.name, paper=row.paper, version=version)
        for day, row in rows.items()
    ]
