"""Reading a year's arrangement from a file, refusing what cannot be one, and showing what it changes."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from channelportal.lib.workdays import Reason, Row, WorkCalendar, statutory_rows
from channelportal.lib.yearplan import _SENTENCES, BadPlan, Problem, YearPlan, difference, parse

Days = list[dict[str, Any]]
PAPER = "国办发明电〔2025〕7号"
ARRANGED = statutory_rows(2026)


def days_of(year: int = 2026) -> Days:
    """The arrangement in the shape of holiday-cn."""
    return [
        {"name": row.name, "date": day.isoformat(), "isOffDay": not row.working}
        for day, row in statutory_rows(year).items()
    ]


def holiday_cn(days: Days, year: int = 2026) -> bytes:
    return json.dumps({"year": year, "papers": [PAPER], "days": days}).encode()


def table(rows: dict[date, Row] = ARRANGED, head: str = "日期,是否工作日,名称,文号") -> str:
    lines = [f"{day},{'是' if row.working else '否'},{row.name},{row.paper}" for day, row in rows.items()]
    return "\n".join([head, *lines])


def workbook(*rows: list[Any]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def problems(filename: str, content: bytes, year: int | None = None) -> list[tuple[str, int | None]]:
    with pytest.raises(BadPlan) as refused:
        parse(filename, content, year)
    return [(problem.code, problem.row) for problem in refused.value.problems]


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def test_it_reads_holiday_cn() -> None:
    assert parse("2026.json", holiday_cn(days_of())) == YearPlan(2026, ARRANGED, (PAPER,))


def test_it_reads_a_notice_that_reaches_into_the_december_before() -> None:
    days = [*days_of(2019), {"name": "元旦", "date": "2018-12-29", "isOffDay": False}]

    plan = parse("2019.json", holiday_cn(days, 2019))

    assert plan.rows[date(2018, 12, 29)] == Row(True, Reason.MAKEUP, "元旦", PAPER, 2019)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_it_reads_a_table_as_spreadsheets_write_it(encoding: str, delimiter: str) -> None:
    content = table().replace(",", delimiter).replace("\n", "\r\n").encode(encoding)

    assert parse("安排.CSV", content, 2026) == YearPlan(2026, ARRANGED, (PAPER,))


def test_it_reads_english_heads_in_any_order_and_lets_the_rest_out() -> None:
    lines = [f"x,{'yes' if row.working else 'No'},{day:%Y/%m/%d}" for day, row in ARRANGED.items()]

    plan = parse("days.csv", "\n".join(["note,Working,Date", *lines]).encode())

    assert {day: row.working for day, row in plan.rows.items()} == {day: row.working for day, row in ARRANGED.items()}


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%Y-%m-%d 00:00:00"])
def test_it_reads_dates_as_people_write_them(form: str) -> None:
    lines = [f"{day.strftime(form)},{'上班' if row.working else '休息'}" for day, row in ARRANGED.items()]

    assert parse("days.csv", "\n".join(["日期,是否工作日", *lines]).encode()).rows.keys() == ARRANGED.keys()


def test_it_reads_a_workbook_with_date_cells() -> None:
    rows = [
        [datetime.combine(day, datetime.min.time()), "是" if row.working else "否", row.name, row.paper]
        for day, row in ARRANGED.items()
    ]

    plan = parse("2026.xlsx", workbook([None], ["日期", "是否工作日", "名称", "文号"], *rows))

    assert plan == YearPlan(2026, ARRANGED, (PAPER,))


def test_it_cleans_the_names_it_takes_over() -> None:
    days = days_of()
    days[0]["name"] = " 元\n旦\x07" + "长" * 200

    name = parse("2026.json", holiday_cn(days)).rows[date(2026, 1, 1)].name

    assert name.startswith("元 旦长")
    assert len(name) <= 60


# ── refusing ────────────────────────────────────────────────────────────────────────────────────


def test_it_refuses_another_year() -> None:
    assert problems("2026.json", holiday_cn(days_of()), 2027) == [("wrong_year", None)]
    assert problems("2026.csv", table().encode(), 2027) == [("wrong_year", None)]


def test_it_refuses_an_empty_list() -> None:
    assert problems("2027.json", holiday_cn([], 2027)) == [("empty", None)]
    assert problems("2027.csv", "日期,是否工作日\n".encode()) == [("empty", None)]
    assert problems("2027.csv", b"") == [("empty", None)]


def test_it_refuses_fewer_than_eleven_days_off() -> None:
    off = [day for day in days_of() if day["isOffDay"]]

    assert len(parse("2026.json", holiday_cn(off[:11])).rows) == 11
    assert problems("2026.json", holiday_cn(off[:10])) == [("too_few_off", None)]


def test_it_refuses_more_than_forty_days_off() -> None:
    many = [
        {"name": "假", "date": date.fromordinal(date(2026, 3, 1).toordinal() + n).isoformat(), "isOffDay": True}
        for n in range(41)
    ]

    assert len(parse("2026.json", holiday_cn(many[:40])).rows) == 40
    assert problems("2026.json", holiday_cn(many)) == [("too_many_off", None)]


@pytest.mark.parametrize("weekday", ["2026-05-11", "2026-05-15"])
def test_it_refuses_a_make_up_day_that_is_no_weekend_day(weekday: str) -> None:
    days = [*days_of(), {"name": "劳动节", "date": weekday, "isOffDay": False}]

    assert problems("2026.json", holiday_cn(days)) == [("not_a_weekend", len(days))]


def test_it_refuses_a_day_named_twice() -> None:
    assert problems("2026.json", holiday_cn([*days_of(), days_of()[0]])) == [("twice", len(ARRANGED) + 1)]


@pytest.mark.parametrize("outside", ["2025-11-30", "2027-02-01", "2016-01-01"])
def test_it_refuses_days_beyond_the_neighbouring_december_and_january(outside: str) -> None:
    days = [*days_of(), {"name": "元旦", "date": outside, "isOffDay": True}]

    assert problems("2026.json", holiday_cn(days)) == [("outside", len(days))]


def test_it_names_every_bad_row_at_once_by_the_number_of_the_spreadsheet() -> None:
    lines = table().splitlines()
    lines[2:4] = ["2026-02-30,否", "2026-03-09,也许"]

    assert problems("2026.csv", "\n".join(lines).encode()) == [("bad_date", 3), ("bad_working", 4)]


def test_it_says_what_is_wrong_in_a_sentence() -> None:
    with pytest.raises(BadPlan) as refused:
        parse("2026.json", holiday_cn([*days_of(), {"name": "劳动节", "date": "2026-05-11", "isOffDay": False}]))

    assert len(refused.value.messages) == 1
    assert "2026-05-11" in refused.value.messages[0]
    assert str(len(ARRANGED) + 1) in refused.value.messages[0]


@pytest.mark.parametrize("code", sorted(_SENTENCES))
def test_it_has_data_for_every_sentence(code: str) -> None:
    words = {"found": 1, "wanted": 2, "most": 3, "fewest": 4, "count": 5, "text": "x", "date": "y", "year": 6}

    assert "%(" not in Problem(code, 1, words).message


@pytest.mark.parametrize(
    ("filename", "content", "code"),
    [
        ("2026.xls", b"", "kind"),
        ("2026", b"", "kind"),
        ("2026.json", b"\xff\xfe\x00", "unreadable"),
        ("2026.json", b"[" * 100_000, "unreadable"),
        ("2026.json", b"[]", "shape"),
        ("2026.json", b'{"year": "2026", "days": []}', "shape"),
        ("2026.json", b'{"year": true, "papers": [], "days": []}', "shape"),
        ("2026.json", b'{"year": 2026, "papers": [], "days": [3]}', "shape"),
        ("2026.json", b'{"year": 99999, "papers": [], "days": [{"name": 1, "date": 1, "isOffDay": 1}]}', "no_year"),
        ("2026.json", b" " * 2_000_001, "too_big"),
        ("2026.csv", b"\x00\x01\x02", "unreadable"),
        ("2026.csv", "节日,日期\n元旦,2026-01-01".encode(), "head"),
        ("2026.csv", ("日期,是否工作日\n" + "2026-01-01,否\n" * 401).encode(), "too_many_rows"),
        ("2026.xlsx", b"PK\x03\x04 nothing", "unreadable"),
        ("2026.xlsx", workbook(), "empty"),
        ("2026.xlsx", workbook(["a", "b"]), "head"),
    ],
)
def test_it_refuses_what_is_no_arrangement(filename: str, content: bytes, code: str) -> None:
    assert [found for found, _ in problems(filename, content)] == [code]


def test_it_refuses_a_workbook_that_swells_when_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", b" " * 20_000_001)

    assert problems("2026.xlsx", file.getvalue()) == [("too_big", None)]


GOOD_WORKBOOK = workbook(
    ["日期", "是否工作日"], *[[day, "是" if row.working else "否"] for day, row in ARRANGED.items()]
)


@given(st.data())
def test_it_survives_any_damage(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["json", "csv", "xlsx"]))
    content = bytearray({"json": holiday_cn(days_of()), "csv": table().encode(), "xlsx": GOOD_WORKBOOK}[kind])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))

    with suppress(BadPlan):
        assert 11 <= sum(not row.working for row in parse(f"2026.{kind}", bytes(content)).rows.values()) <= 40


# ── what it changes ─────────────────────────────────────────────────────────────────────────────


def test_it_shows_what_changes_in_both_years() -> None:
    """The notice for 2019 made 2018-12-29 a working day."""
    before = WorkCalendar({day: row for day, row in statutory_rows(2018).items() if day.month < 12}, [2018])
    days = [
        *days_of(2019),
        {"name": "元旦", "date": "2018-12-29", "isOffDay": False},
        {"name": "元旦", "date": "2018-12-31", "isOffDay": True},
    ]
    plan = parse("2019.json", holiday_cn(days, 2019))

    changes = difference(before, plan.rows, 2019)

    turned = {change.date: change.after.working for change in changes if change.turns}
    assert turned[date(2018, 12, 29)] is True
    assert turned[date(2018, 12, 31)] is False
    assert all(change.date in plan.rows or change.before.reason == Reason.ESTIMATED_HOLIDAY for change in changes)


def test_it_shows_nothing_when_nothing_changes() -> None:
    calendar = WorkCalendar(ARRANGED, [2026])

    assert difference(calendar, parse("2026.json", holiday_cn(days_of())).rows, 2026) == ()


def test_it_shows_an_estimate_that_is_confirmed_as_no_turn() -> None:
    plan = {date(2027, 1, 1): Row(False, Reason.HOLIDAY, "元旦", notice=2027)}

    changes = {change.date: change for change in difference(WorkCalendar(ARRANGED, [2026]), plan, 2027)}

    assert not changes[date(2027, 1, 1)].turns
    assert changes[date(2027, 2, 8)].turns  # 春节, estimated, is not in this plan
    assert date(2027, 3, 1) not in changes
