"""The working-day calendar: which day is worked, and what is the N-th working day after a day. Pure and immutable.

    calendar = WorkCalendar(statutory_rows(2026), published_years={2026})
    calendar.is_working(date(2026, 2, 14))              # True: 春节 make-up day
    calendar.nth_after(date(2026, 5, 8), 1)             # 2026-05-09, strictly after, whatever the day itself is
    calendar.between(date(2026, 9, 30), date(2026, 10, 8))   # 1: working days in (a, b]
    calendar.explain(date(2026, 9, 30), 1)              # from 09-30, seven days off, ① 10-08
    for_branch = calendar.with_overrides(unit_rows)     # later layers win: statutory, company, unit

A year that nobody has published is never an exception and never silent: Monday to Friday work, less the statutory days
as the `holidays` package estimates them, and each of its days says `provisional`. All days are days in Asia/Shanghai.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from zoneinfo import ZoneInfo

from chinese_calendar import constants as arrangement
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from holidays import country_holidays

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPEN, CLOSE = time(8, 30), time(18, 0)
END_OF_DAY = time.max  # 24:00. The last microsecond of the day, so that `local_date(due)` is still that day
FIRST_YEAR, LAST_YEAR = 2000, 2100  # beyond, statutory days are not estimated: Monday to Friday


class Reason(StrEnum):
    """Why a day is worked or not. The values are those of `core.CalendarDay.reason`, and three that need no row."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"
    COMPANY = "company"
    ESTIMATED_HOLIDAY = "estimated_holiday"

    @property
    def label(self) -> str:
        """In the active language."""
        return str(_LABELS[self])


_LABELS: Mapping[Reason, str | Promise] = {
    Reason.WEEKDAY: _("Working day"),
    Reason.WEEKEND: _("Weekend"),
    Reason.HOLIDAY: _("Statutory holiday"),
    Reason.MAKEUP: _("Make-up working day"),
    Reason.COMPANY: _("Company arrangement"),
    Reason.ESTIMATED_HOLIDAY: _("Statutory holiday, estimated"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What the calendar's table says of a day that differs from Monday to Friday, or is confirmed to be as it is."""

    working: bool
    reason: Reason
    name: str = ""
    """春节, 国庆节, 盘点 …"""
    paper: str = ""
    """Number of the notice that says so."""
    notice: int | None = None
    """The year whose arrangement the row belongs to, where that is not the year of its day: 2018-12-29 was of 2019."""


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    working: bool
    reason: Reason
    name: str = ""
    paper: str = ""
    provisional: bool = False
    """Nobody has published this year yet."""


@dataclass(frozen=True, slots=True)
class Explained(Day):
    """A day on the way to a deadline. `ordinal`: 0 is the day counted from, 1…n are working days, None days off."""

    ordinal: int | None = None


class YearUnknown(LookupError):
    """The `chinese_calendar` package has no arrangement for this year."""

    def __init__(self, year: int, known: range) -> None:
        super().__init__(f"no arrangement shipped for {year}, only for {known.start} to {known.stop - 1}")
        self.year, self.known = year, known


class _Year:
    """One year as arrays: whether day i is worked, how many are worked up to and including it, and which."""

    __slots__ = ("days", "first", "upto", "worked")

    def __init__(self, year: int, rows: Mapping[date, Row]) -> None:
        january, next_january = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1
        days = [date.fromordinal(ordinal) for ordinal in range(january, next_january)]
        self.first = january
        self.worked = bytearray(row.working if (row := rows.get(day)) else day.weekday() < 5 for day in days)
        self.upto = tuple(accumulate(self.worked))
        self.days = tuple(day for day, worked in zip(days, self.worked, strict=True) if worked)


class WorkCalendar:
    """Answers about working days, from rows over Monday to Friday. Immutable; a year's table is made when first asked.

    `rows`: the statutory rows in force. `published_years`: the years whose arrangement is known; elsewhere days without
    a row are estimated and provisional. `above`: company and unit layers; the last wins. Never raises for any year that
    `date` can hold and that is followed by others.
    """

    __slots__ = ("_layers", "_rows", "_years", "published_years")

    def __init__(
        self,
        rows: Mapping[date, Row] = MappingProxyType({}),
        published_years: Iterable[int] = (),
        above: Iterable[Mapping[date, Row]] = (),
        *,
        _tables: Mapping[int, _Year] = MappingProxyType({}),
    ) -> None:
        self._layers: tuple[Mapping[date, Row], ...] = (dict(rows), *map(dict, above))
        self._rows = {day: row for layer in self._layers for day, row in layer.items()}
        self._years = dict(_tables)
        self.published_years = frozenset(published_years)

    def with_overrides(self, rows: Mapping[date, Row]) -> WorkCalendar:
        """The same calendar under one more layer, whose rows win over all before. Cheap: untouched years are shared."""
        base, *above = self._layers
        tables = self._tables_except({day.year for day in rows})
        return WorkCalendar(base, self.published_years, (*above, rows), _tables=tables)

    def with_year(self, year: int, rows: Mapping[date, Row]) -> WorkCalendar:
        """The calendar once `year` is published as `rows`, which may reach into the neighbouring December and January.

        Replaces the statutory rows that belong to that year; company and unit layers stay on top."""
        base, *above = self._layers
        kept = {day: row for day, row in base.items() if (row.notice or day.year) != year}
        touched = {day.year for day in (base.keys() - kept.keys()) | rows.keys()}
        tables = self._tables_except(touched | {year})
        return WorkCalendar({**kept, **rows}, self.published_years | {year}, above, _tables=tables)

    def _tables_except(self, touched: set[int]) -> dict[int, _Year]:
        return {year: table for year, table in self._years.items() if year not in touched}

    # ── questions ───────────────────────────────────────────────────────────────────────────────

    def is_working(self, day: date) -> bool:
        table = self._years.get(day.year) or self._table(day.year)
        return bool(table.worked[day.toordinal() - table.first])

    def nth_after(self, day: date, n: int) -> date:
        """The n-th working day strictly after `day`; n ≥ 1."""
        if n < 1:
            raise ValueError(f"n is {n}; the first working day after a day has n = 1")
        table = self._years.get(day.year) or self._table(day.year)
        place = table.upto[day.toordinal() - table.first] + n
        year = day.year
        while place > len(table.days):
            place -= len(table.days)
            year += 1
            table = self._table(year)
        return table.days[place - 1]

    def nth_before(self, day: date, n: int) -> date:
        """The n-th working day strictly before `day`; n ≥ 1."""
        if n < 1:
            raise ValueError(f"n is {n}; the last working day before a day has n = 1")
        table = self._table(day.year)
        index = day.toordinal() - table.first
        place = table.upto[index] - table.worked[index] - n
        year = day.year
        while place < 0:
            year -= 1
            table = self._table(year)
            place += len(table.days)
        return table.days[place]

    def shift(self, day: date, n: int) -> date:
        """`day` itself for n = 0, else the n-th working day after (n > 0) or before (n < 0) it."""
        if n == 0:
            return day
        return self.nth_after(day, n) if n > 0 else self.nth_before(day, -n)

    def between(self, a: date, b: date) -> int:
        """Working days in (a, b]; for b < a minus those in (b, a]. `between(d, nth_after(d, n)) == n`."""
        return self._count(min(a, b), max(a, b)) * (1 if a <= b else -1)

    def next_working(self, day: date) -> date:
        """`day` if it is worked, else the first working day after it."""
        return day if self.is_working(day) else self.nth_after(day, 1)

    def previous_working(self, day: date) -> date:
        """`day` if it is worked, else the last working day before it."""
        return day if self.is_working(day) else self.nth_before(day, 1)

    def close_of_business(self, day: date, at: time = CLOSE) -> datetime:
        """The moment in Shanghai at which `day` ends; `END_OF_DAY` for 24:00. Does not ask whether it is worked."""
        return datetime.combine(day, at, SHANGHAI)

    def working_minutes(self, start: datetime, end: datetime, opens: time = OPEN, closes: time = CLOSE) -> int:
        """Whole minutes of office hours on working days between two moments; 0 if `end` is not after `start`.

        How long an answer took, for averages; no deadline is counted so."""
        begun, ended = self._minutes_into(start, opens, closes), self._minutes_into(end, opens, closes)
        first, last = local_date(start), local_date(end)
        days = self.between(first, last) + self.is_working(first) - self.is_working(last)  # in [first, last)
        return max(0, int(days * _minutes(opens, closes) - begun + ended))

    def _minutes_into(self, moment: datetime, opens: time, closes: time) -> float:
        local = moment.astimezone(SHANGHAI)
        if not self.is_working(local.date()):
            return 0
        return _minutes(opens, min(max(local.time(), opens), closes))

    def is_published(self, day: date) -> bool:
        return day.year in self.published_years or day in self._rows

    def missing_years(self, today: date) -> tuple[int, ...]:
        """Years whose arrangement ought to be in the table: this one, and from 1 November the next."""
        wanted = (today.year, today.year + 1) if today.month >= 11 else (today.year,)
        return tuple(year for year in wanted if year not in self.published_years)

    # ── reasons ─────────────────────────────────────────────────────────────────────────────────

    def day(self, day: date) -> Day:
        row = self._row(day)
        return Day(day, row.working, row.reason, row.name, row.paper, not self.is_published(day))

    def days(self, first: date, last: date) -> tuple[Day, ...]:
        """Every day from `first` to `last`, both included."""
        return tuple(self.day(first + timedelta(days=n)) for n in range((last - first).days + 1))

    def explain(self, start: date, n: int) -> tuple[Explained, ...]:
        """The days from `start` to the n-th working day after it: 为什么是这一天?"""
        return self.explain_until(start, self.shift(start, n))

    def explain_until(self, start: date, end: date) -> tuple[Explained, ...]:
        """The days from `start` (ordinal 0) to `end`, working days counted 1, 2, 3 …"""
        counted = 0
        days = []
        for day in self.days(start, end):
            ordinal: int | None = 0
            if day.date != start:
                counted += day.working
                ordinal = counted if day.working else None
            days.append(Explained(day.date, day.working, day.reason, day.name, day.paper, day.provisional, ordinal))
        return tuple(days)

    def is_provisional(self, start: date, end: date) -> bool:
        """Whether a count from `start` to `end` passes over a day that nobody has published: (start, end]."""
        if self.published_years.issuperset(range(start.year, end.year + 1)):
            return False
        return any(not self.is_published(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _table(self, year: int) -> _Year:
        table = self._years.get(year)
        if table is None:
            rows = self._rows if year in self.published_years else {**_estimate(year), **self._rows}
            table = self._years[year] = _Year(year, rows)
        return table

    def _count(self, a: date, b: date) -> int:
        first, last = self._table(a.year), self._table(b.year)
        total = last.upto[b.toordinal() - last.first] - first.upto[a.toordinal() - first.first]
        return total + sum(len(self._table(year).days) for year in range(a.year, b.year))

    def _row(self, day: date) -> Row:
        if row := self._rows.get(day):
            return row
        if day.year not in self.published_years and (row := _estimate(day.year).get(day)):
            return row
        return _PLAIN_WEEKDAY if day.weekday() < 5 else _PLAIN_WEEKEND


_PLAIN_WEEKDAY = Row(working=True, reason=Reason.WEEKDAY)
_PLAIN_WEEKEND = Row(working=False, reason=Reason.WEEKEND)


@cache
def _estimate(year: int) -> Mapping[date, Row]:
    """The statutory days of a year that nobody has published, as `holidays` works them out (observed days included)."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return {}
    estimated = country_holidays("CN", years=year, expand=False, language="zh_CN")
    rows = {day: Row(working=True, reason=Reason.MAKEUP) for day in estimated.weekend_workdays if day.year == year}
    for day, name in estimated.items():
        if day.year == year:
            plain = name.partition("（")[0].replace("; ", "、")  # 春节（补假） and 春节 are one to the reader
            rows[day] = Row(working=False, reason=Reason.ESTIMATED_HOLIDAY, name=plain)
    return MappingProxyType(rows)


def _minutes(a: time, b: time) -> float:
    return (datetime.combine(date.min, b) - datetime.combine(date.min, a)) / timedelta(minutes=1)


# ── the arrangement as shipped ──────────────────────────────────────────────────────────────────

KNOWN_YEARS = range(min(arrangement.holidays).year, max(arrangement.holidays).year + 1)
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利70周年纪念日",
}
_NOTICES = {2024: "国办发明电〔2023〕7号", 2025: "国办发明电〔2024〕12号", 2026: "国办发明电〔2025〕7号"}


def statutory_rows(year: int) -> dict[date, Row]:
    """The State Council's arrangement for the days of `year` as `chinese_calendar` has it; `YearUnknown` beyond."""
    if year not in KNOWN_YEARS:
        raise YearUnknown(year, KNOWN_YEARS)
    off = {day: name for day, name in arrangement.holidays.items() if day.year == year}
    makeup = {day: name for day, name in arrangement.workdays.items() if day.year == year}
    return {day: _statutory(day, name, working=day in makeup) for day, name in sorted({**off, **makeup}.items())}


def _statutory(day: date, name: str, *, working: bool) -> Row:
    notice = day.year + 1 if day.month == 12 else day.year  # December has no holidays but those bridging to 元旦
    reason = Reason.MAKEUP if working else Reason.HOLIDAY
    return Row(working, reason, _NAMES.get(name, name), _NOTICES.get(notice, ""), notice)


# ── days and clocks ─────────────────────────────────────────────────────────────────────────────


def local_date(moment: datetime) -> date:
    """The day in Shanghai on which a moment falls. A naive moment is an error, never guessed at."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(SHANGHAI).date()


def clock(text: str) -> time:
    """ "18:00" as a time of day; "24:00" is `END_OF_DAY`. ValueError for anything else."""
    return END_OF_DAY if text.strip() == "24:00" else time.fromisoformat(text.strip())


def clock_text(at: time) -> str:
    return "24:00" if at == END_OF_DAY else at.strftime("%H:%M")
