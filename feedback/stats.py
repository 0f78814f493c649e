"""Figures out of the counters (`Tally`), for the desk, the dashboard and the scorecards. No page counts tickets for these."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncWeek
from django.utils.timezone import localtime

from feedback.models import FilingHour, Tally, Ticket

COUNTERS = (
    "asked", "received", "replies_on_time", "replies_late", "promises_kept", "promises_broken", "escalated", "resolved",
    "reopened", "closed_silent", "ratings", "rating_answer_sum", "rating_speed_sum", "answer_minutes", "answers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of the counters over a span, and the rates made of them (None: nothing to judge)."""

    asked: int = 0
    received: int = 0
    replies_on_time: int = 0
    replies_late: int = 0
    promises_kept: int = 0
    promises_broken: int = 0
    escalated: int = 0
    resolved: int = 0
    reopened: int = 0
    closed_silent: int = 0
    ratings: int = 0
    rating_answer_sum: int = 0
    rating_speed_sum: int = 0
    answer_minutes: int = 0
    answers: int = 0

    @property
    def on_time(self) -> float | None:
        """Share of replies given on time, 0 to 100; what was missed counts, answered later or not."""
        return _share(self.replies_on_time, self.replies_on_time + self.replies_late)

    @property
    def kept(self) -> float | None:
        """Share of promises kept, 0 to 100."""
        return _share(self.promises_kept, self.promises_kept + self.promises_broken)

    @property
    def satisfaction(self) -> float | None:
        """Mean of both ratings, 1 to 5."""
        return (self.rating_answer_sum + self.rating_speed_sum) / (2 * self.ratings) if self.ratings else None

    @property
    def answer_hours(self) -> float | None:
        """Mean working hours from reaching the unit to its formal reply."""
        return self.answer_minutes / 60 / self.answers if self.answers else None


@dataclass(frozen=True, slots=True)
class Compared:
    """A span beside the one before it."""

    now: Figures
    before: Figures


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def month_span(day: date) -> tuple[date, date]:
    """First day of the month and the day itself."""
    return day.replace(day=1), day


def last_month_span(day: date) -> tuple[date, date]:
    """The whole month before."""
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def month_of(unit_id: int, day: date) -> Compared:
    """One unit's month so far beside its last month. One query."""
    return by_unit(day, unit_id=unit_id).get(unit_id, Compared(Figures(), Figures()))


def by_unit(day: date, *, unit_id: int | None = None) -> dict[int, Compared]:
    """Every unit's month so far beside its last month. One query over the counters of at most 62 days."""
    first, last = month_span(day)
    before, _end = last_month_span(day)
    rows = Tally.objects.filter(day__gte=before, day__lte=last)
    if unit_id is not None:
        rows = rows.filter(unit=unit_id)
    sums: dict[str, Any] = {}
    for name in COUNTERS:
        sums[f"now_{name}"] = Sum(name, filter=Q(day__gte=first), default=0)
        sums[f"before_{name}"] = Sum(name, filter=Q(day__lt=first), default=0)
    found = rows.values("unit").order_by().annotate(**sums)
    return {row["unit"]: Compared(_figures(dict(row), "now_"), _figures(dict(row), "before_")) for row in found}


def _figures(row: dict[str, Any], prefix: str = "") -> Figures:
    return Figures(**{name: row[prefix + name] for name in COUNTERS})


def total(parts: list[Figures]) -> Figures:
    """The sum of several units' figures."""
    return Figures(**{name: sum(getattr(part, name) for part in parts) for name in COUNTERS})


def weeks(day: date, count: int = 12, *, unit_ids: list[int] | None = None) -> list[tuple[date, Figures]]:
    """(Monday, figures) of the last `count` weeks, oldest first, weeks without anything included. One query."""
    monday = day - timedelta(days=day.weekday())
    first = monday - timedelta(weeks=count - 1)
    rows = Tally.objects.filter(day__gte=first, day__lte=day)
    if unit_ids is not None:
        rows = rows.filter(unit__in=unit_ids)
    found = (
        rows.annotate(week=TruncWeek("day")).values("week").order_by().annotate(**{f"s_{n}": Sum(n) for n in COUNTERS})
    )
    known = {row["week"]: _figures(dict(row), "s_") for row in found}
    return [(first + timedelta(weeks=n), known.get(first + timedelta(weeks=n), Figures())) for n in range(count)]


def heat(first: date, last: date) -> dict[tuple[int, int], int]:
    """(weekday 0–6, hour 0–23) → how many were filed. One query."""
    cells: dict[tuple[int, int], int] = {}
    for day, hour, filed in FilingHour.objects.filter(day__gte=first, day__lte=last).values_list(
        "day", "hour", "filed"
    ):
        cells[(day.weekday(), hour)] = cells.get((day.weekday(), hour), 0) + filed
    return cells


@dataclass(frozen=True, slots=True)
class Standing:
    """How the open loops stand at a moment."""

    late: int
    today: int
    today_untaken: int
    promised_today: int
    promised_again: int
    level_2: int
    level_3: int
    open: int

    @property
    def escalated(self) -> int:
        """Reached the superior or management."""
        return self.level_2 + self.level_3


OWED = ("open", "planned")


def owed_now(now: datetime) -> dict[str, Q]:
    """The counts of `standing` as conditions on tickets that still owe something (`OWED`): the rows behind the numbers."""
    day = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    today = Q(due_at__gte=now, due_at__lt=day + timedelta(days=1))
    promise = today & Q(due_kind="promise")
    return {
        "late": Q(due_at__lt=now),
        "today": today,
        "today_untaken": today & Q(assignee=None),
        "promised_today": promise,
        "promised_again": promise & Q(missed=True),
        "escalated": Q(level__gte=2),
        "level_2": Q(level=2),
        "level_3": Q(level__gte=3),
        "open": Q(pk__isnull=False),
    }


def standing(now: datetime) -> Standing:
    """Counts over the tickets that still owe something (partial index `ticket_due`). One query."""
    return Standing(**Ticket.objects.owed().aggregate(**_counts(now)))


def standing_by_unit(now: datetime) -> dict[int, Standing]:
    """The same for each unit that owes something. One query."""
    rows: Any = Ticket.objects.owed().order_by().values("responsible").annotate(**_counts(now))
    return {row["responsible"]: Standing(**{name: row[name] for name in _names()}) for row in rows}


def _names() -> list[str]:
    return [field.name for field in fields(Standing)]


def _counts(now: datetime) -> dict[str, Count]:
    conditions = owed_now(now)
    return {name: Count("pk", filter=conditions[name]) for name in _names()}
