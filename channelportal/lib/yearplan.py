"""A year's arrangement of holidays and make-up days, read from a file: holiday-cn .json, .csv or .xlsx. Pure: bytes in.

    plan = parse("2027.json", content)              # or parse(name, content, year=2027) to insist on the year
    changes = difference(calendar, plan.rows, plan.year)
    calendar = calendar.with_year(plan.year, plan.rows)

The .json is `{"year", "papers": […], "days": [{"name", "date", "isOffDay"}]}`. Tables have a head line that names, in
any order, date 日期 and working 是否工作日, and if they like reason 名称 and paper 文号. Dates are 2027-01-01,
2027/1/1, 2027年1月1日 or date cells; working is 是/否, yes/no, 1/0, 上班/休息. A notice for a year may name days of
the December before and of the January after. Everything wrong with a file is found at once and raised as `BadPlan`,
each problem a code, data and the row.
"""

from __future__ import annotations

import csv
import io
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import PurePath
from typing import Any
from xml.etree.ElementTree import ParseError

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from channelportal.lib.workdays import FIRST_YEAR, LAST_YEAR, Day, Reason, Row, WorkCalendar

FEWEST_DAYS_OFF, MOST_DAYS_OFF = 11, 40  # eleven are statutory since 2014; no year has had more than 33
MOST_BYTES, MOST_UNPACKED, MOST_ROWS = 2_000_000, 20_000_000, 400
NAME_LENGTH, PAPER_LENGTH = 60, 120


@dataclass(frozen=True, slots=True)
class YearPlan:
    year: int
    rows: Mapping[date, Row]
    papers: tuple[str, ...] = ()
    """Numbers or addresses of the notices, as the file gives them."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an import would change on one day."""

    before: Day
    after: Day

    @property
    def date(self) -> date:
        return self.after.date

    @property
    def turns(self) -> bool:
        """A working day becomes a day off or the other way round; else only its reason, name or paper changes."""
        return self.before.working != self.after.working


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    row: int | None = None
    """Line of the table as the spreadsheet numbers it, place in the .json's list from 1; None: the file as a whole."""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """One sentence in the active language."""
        sentence = str(_SENTENCES[self.code]) % dict(self.data)
        return (
            sentence
            if self.row is None
            else str(_("Row %(row)s: %(problem)s")) % {"row": self.row, "problem": sentence}
        )


_SENTENCES: Mapping[str, str | Promise] = {
    "kind": _("Only .json, .csv and .xlsx files can be read."),
    "too_big": _("The file is too big for a calendar of one year."),
    "unreadable": _("The file cannot be read. It may be damaged, or of another kind than its name says."),
    "shape": _("The file is not built as expected: year, papers and days, each day with name, date and isOffDay."),
    "head": _("The first line must name the columns 日期 (date) and 是否工作日 (working)."),
    "no_year": _("The year cannot be told from the file."),
    "wrong_year": _("The file is for %(found)s, not for %(wanted)s."),
    "empty": _("The file names no days."),
    "too_many_rows": _("The file has more than %(most)s rows."),
    "too_few_off": _("Only %(count)s days off: a year has at least %(fewest)s. Part of the file may be missing."),
    "too_many_off": _("%(count)s days off are too many: at most %(most)s are plausible."),
    "bad_date": _("“%(text)s” is not a date."),
    "bad_working": _("“%(text)s” does not say whether the day is worked: write 是 or 否."),
    "outside": _("%(date)s is not in %(year)s, nor in the December before or the January after."),
    "not_a_weekend": _("%(date)s is a make-up working day but no Saturday or Sunday."),
    "twice": _("%(date)s is named twice."),
}


class BadPlan(ValueError):
    """The file is refused; `problems` says why, at most 50 of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems[:50])
        super().__init__(", ".join(problem.code for problem in self.problems))

    @property
    def messages(self) -> list[str]:
        return [problem.message for problem in self.problems]


@dataclass(frozen=True, slots=True)
class _Line:
    """One day as the file has it."""

    row: int
    date: Any
    working: bool | None
    shown: str
    """What stood where `working` should be."""
    name: str
    paper: str


def parse(filename: str, content: bytes, year: int | None = None) -> YearPlan:
    """Read and check a file. `year`: insist on that year; None: the .json's own, or that of most rows of a table."""
    read = _READERS.get(PurePath(filename.lower()).suffix)
    if read is None:
        raise _refused("kind")
    if len(content) > MOST_BYTES:
        raise _refused("too_big")
    found, papers, lines = read(content)
    if not lines:
        raise _refused("empty")
    if len(lines) > MOST_ROWS:
        raise _refused("too_many_rows", most=MOST_ROWS)
    return _checked(lines, papers, _settled_year(found, lines, year))


def difference(calendar: WorkCalendar, rows: Mapping[date, Row], year: int) -> tuple[Change, ...]:
    """Day by day what publishing `rows` as the arrangement of `year` would change, over both years it may touch.

    A day that only stops being provisional is no change."""
    new = calendar.with_year(year, rows)
    first, last = date(year - 1, 12, 1), date(year + 1, 1, 31)
    pairs = zip(calendar.days(first, last), new.days(first, last), strict=True)
    return tuple(Change(before, after) for before, after in pairs if _told(before) != _told(after))


def _told(day: Day) -> tuple[bool, Reason, str, str]:
    return day.working, day.reason, day.name, day.paper


# ── checking ────────────────────────────────────────────────────────────────────────────────────


def _settled_year(found: int | None, lines: Iterable[_Line], wanted: int | None) -> int:
    if found is None:
        years = Counter(day.year for line in lines if (day := _date(line.date)))
        found = years.most_common(1)[0][0] if years else wanted
    if found is None or not FIRST_YEAR < found < LAST_YEAR:
        raise _refused("no_year")
    if wanted is not None and found != wanted:
        raise _refused("wrong_year", found=found, wanted=wanted)
    return found


def _checked(lines: Sequence[_Line], papers: tuple[str, ...], year: int) -> YearPlan:
    problems: list[Problem] = []
    rows: dict[date, Row] = {}
    for line in lines:
        day = _date(line.date)
        problem = _problem(line, day, year, rows)
        if problem:
            problems.append(problem)
        elif day:
            reason = Reason.MAKEUP if line.working else Reason.HOLIDAY
            rows[day] = Row(bool(line.working), reason, line.name, line.paper, notice=year)
    if not problems:
        problems = _implausible(rows)
    if problems:
        raise BadPlan(problems)
    named = dict.fromkeys(row.paper for row in rows.values() if row.paper)
    return YearPlan(year, dict(sorted(rows.items())), papers or tuple(named))


def _problem(line: _Line, day: date | None, year: int, rows: Mapping[date, Row]) -> Problem | None:
    if day is None:
        return Problem("bad_date", line.row, {"text": _short(line.date)})
    if line.working is None:
        return Problem("bad_working", line.row, {"text": line.shown})
    if not date(year - 1, 12, 1) <= day <= date(year + 1, 1, 31):
        return Problem("outside", line.row, {"date": day, "year": year})
    if line.working and day.weekday() < 5:
        return Problem("not_a_weekend", line.row, {"date": day})
    return Problem("twice", line.row, {"date": day}) if day in rows else None


def _implausible(rows: Mapping[date, Row]) -> list[Problem]:
    count = sum(not row.working for row in rows.values())
    if count < FEWEST_DAYS_OFF:
        return [Problem("too_few_off", data={"count": count, "fewest": FEWEST_DAYS_OFF})]
    if count > MOST_DAYS_OFF:
        return [Problem("too_many_off", data={"count": count, "most": MOST_DAYS_OFF})]
    return []


def _refused(code: str, **data: Any) -> BadPlan:
    return BadPlan([Problem(code, data=data)])


# ── reading ─────────────────────────────────────────────────────────────────────────────────────

_Read = tuple[int | None, tuple[str, ...], list[_Line]]


def _read_json(content: bytes) -> _Read:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _refused("unreadable") from None
    if not isinstance(document, dict) or not isinstance(document.get("days"), list):
        raise _refused("shape")
    year, papers = document.get("year"), document.get("papers", [])
    if type(year) is not int or not isinstance(papers, list):
        raise _refused("shape")
    papers = tuple(_short(paper, 200) for paper in papers)
    paper = papers[0][:PAPER_LENGTH] if papers else ""
    return year, papers, [_json_line(place, day, paper) for place, day in enumerate(document["days"], start=1)]


def _json_line(place: int, day: Any, paper: str) -> _Line:
    if not isinstance(day, dict) or not {"name", "date", "isOffDay"} <= day.keys():
        raise BadPlan([Problem("shape", place)])
    off = day["isOffDay"]
    working = not off if isinstance(off, bool) else None
    return _Line(place, day["date"], working, _short(off), _short(day["name"], NAME_LENGTH), paper)


def _read_csv(content: bytes) -> _Read:
    text = _decoded(content)
    if "\0" in text:
        raise _refused("unreadable")
    head = text.partition("\n")[0]
    delimiter = max(",;\t，", key=head.count)
    try:
        cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise _refused("unreadable") from None
    return None, (), list(_table(cells))


def _decoded(content: bytes) -> str:
    """UTF-8, with a mark or without, or what Excel writes on a Chinese Windows."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("unreadable")


# what zipfile, its unpackers, the XML parser and openpyxl raise on damaged or forged files
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ParseError, InvalidFileException,
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError, OSError, EOFError, RuntimeError,
    AssertionError,
)  # fmt: skip


def _read_xlsx(content: bytes) -> _Read:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
                raise _refused("too_big")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            cells = list(sheet.iter_rows(max_row=MOST_ROWS + 50, max_col=20, values_only=True))
        finally:
            book.close()
    except BadPlan:
        raise
    except _BROKEN:
        raise _refused("unreadable") from None
    return None, (), list(_table(cells))


_READERS = {".json": _read_json, ".csv": _read_csv, ".xlsx": _read_xlsx}

_COLUMNS = {
    "date": {"date", "日期"},
    "working": {"working", "是否工作日", "工作日", "是否上班", "workday"},
    "name": {"reason", "name", "名称", "节日", "原因", "事由"},
    "paper": {"paper", "文号", "通知文号", "依据"},
}
_YES = {"是", "yes", "y", "true", "1", "上班", "班", "工作", "工作日", "调休上班", "√"}
_NO = {"否", "no", "n", "false", "0", "休息", "休", "放假", "假", "×"}


def _table(rows: Iterable[Sequence[Any]]) -> Iterator[_Line]:
    """The days of a table whose first line that is not empty names its columns."""
    numbered = ((number, row) for number, row in enumerate(rows, start=1) if any(_text(cell) for cell in row))
    _number, head = next(numbered, (0, ()))
    places = _places(head)
    if "date" not in places or "working" not in places:
        raise _refused("head" if head else "empty")
    for number, row in numbered:
        cells = {column: row[place] if place < len(row) else None for column, place in places.items()}
        shown = _text(cells["working"])
        yield _Line(
            number,
            cells["date"],
            _working(cells["working"]),
            shown[:40],
            _short(cells.get("name"), NAME_LENGTH),
            _short(cells.get("paper"), PAPER_LENGTH),
        )


def _places(head: Sequence[Any]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, cell in enumerate(head):
        for column, titles in _COLUMNS.items():
            if _text(cell).lower() in titles:
                places.setdefault(column, place)
    return places


def _working(cell: Any) -> bool | None:
    text = _text(cell).lower()
    return True if text in _YES else False if text in _NO else None


_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]00:00(?::00)?)?|(\d{4})(\d\d)(\d\d)"
)


def _date(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    match = _DATE.fullmatch(_text(cell))
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups() if part))
    except ValueError:
        return None


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip().strip("\ufeff")


def _short(cell: Any, length: int = 40) -> str:
    """A cell's text on one line, without control characters."""
    return "".join(char for char in " ".join(_text(cell).split()) if char.isprintable())[:length]
