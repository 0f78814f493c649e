"""The list, the calendar, the frequency, the kinds, the search: for whom they show what, and with how many statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from accounts.models import Unit
from notices.models import Meeting, MeetingKind
from notices.workflow import meetings
from tests.notices.meetings.conftest import AFTER, Make, may
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast

Most = Any


def titles(answer: Any) -> list[str]:
    return [line["meeting"].title for line in answer.context["lines"]]


@pytest.mark.parametrize(
    ("key", "view", "shown"),
    [
        ("ludong_head", "coming", True), ("ludong_head", "todo", True), ("ludong_head", "past", False),
        ("ludong_head", "all", True), ("ludong_member", "all", False), ("qifa_head", "coming", False),
        ("qifa_head", "all", True), ("market_officer", "unit", True), ("hr_head", "all", False), ("hr_head", "unit", False),
        ("market_member", "todo", False),
    ],
)  # fmt: skip
def test_each_tab_shows_what_it_says(  # noqa: PLR0917
    cast: Cast, window: Window, meeting: Meeting, key: str, view: str, shown: bool
) -> None:
    answer = window(cast.people[key]).get(f"/meetings/?view={view}")

    assert (titles(answer) == ["五月渠道工作会"]) is shown
    assert ("五月渠道工作会" in answer.content.decode()) is shown


def test_the_list_says_what_to_do(cast: Cast, window: Window, meeting: Meeting) -> None:
    assert "回复会议邀请" in window(cast.ludong_head).get("/meetings/?view=todo").content.decode()


def test_the_list_is_searched_and_filtered(cast: Cast, window: Window, called: Make) -> None:
    called(title="回款专题会", starts_at=may(22, 9), ends_at=may(22, 10))
    called()
    browser = window(cast.market_officer)

    assert titles(browser.get("/meetings/?view=all&q=回款")) == ["回款专题会"]
    assert titles(browser.get("/meetings/?view=all&until_day=2026-05-21")) == ["五月渠道工作会"]
    assert "没有符合" in browser.get("/meetings/?view=all&q=没有的").content.decode()


def test_the_list_goes_into_a_workbook(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.ludong_head).get("/meetings/?format=xlsx")

    rows = list(load_workbook(BytesIO(answer.content)).active.values)
    assert [row[0] for row in rows][-1] == meeting.number
    assert len(rows) == 2


def test_the_calendar_shows_the_days_of_the_month(cast: Cast, window: Window, meeting: Meeting) -> None:
    browser = window(cast.ludong_head)
    may_sheet = browser.get("/meetings/calendar/?month=2026-05")
    june = browser.get("/meetings/calendar/?month=2026-06").content.decode()
    stranger = window(cast.hr_head).get("/meetings/calendar/?month=2026-05").content.decode()

    days = {cell.day.date.day for week in may_sheet.context["weeks"] for cell in week if cell.meetings}
    assert days == {21}
    assert "五月渠道工作会" not in june
    assert "五月渠道工作会" not in stranger
    assert browser.get("/meetings/calendar/?month=9999-99").status_code == 200


def test_a_draft_is_on_nobodys_calendar(cast: Cast, window: Window, drafted: Make) -> None:
    drafted()

    assert "五月渠道工作会" not in window(cast.market_officer).get("/meetings/calendar/?month=2026-05").content.decode()


@pytest.fixture
def long_there(cast: Cast) -> None:
    Unit.objects.update(created_at=may(1) - timedelta(days=300))


def test_the_frequency_is_the_supervisors_and_each_departments_own(
    cast: Cast, window: Window, long_there: None
) -> None:
    everything = window(cast.qifa_head).get("/meetings/frequency/").context["lines"]
    own = window(cast.market_head).get("/meetings/frequency/").context["lines"]
    none = window(cast.ludong_head).get("/meetings/frequency/").context["lines"]

    assert {row.responsible for row, *_words in own} == {cast.market}
    assert 0 < len(own) < len(everything)
    assert none == []


def test_the_frequency_goes_into_a_workbook(cast: Cast, window: Window, long_there: None) -> None:
    browser = window(cast.qifa_head)
    shown = len(browser.get("/meetings/frequency/").context["lines"])

    rows = list(load_workbook(BytesIO(browser.get("/meetings/frequency/?format=xlsx").content)).active.values)

    assert len(rows) == shown + 1 > 1


KIND = {
    "name_zh": "月度例会", "name_en": "Monthly", "period": "month", "times": "2", "per": "manager", "notice_days": "2",
    "minutes_days": "2", "order": "30", "active": "on", "channels": "none", "reach": "all",
}  # fmt: skip


def test_supervisors_edit_a_kind(cast: Cast, window: Window, kind: Callable[[str], MeetingKind]) -> None:
    address = f"/meetings/kinds/{kind('monthly').pk}/"
    browser = window(cast.qifa_head)
    wrong = browser.post(address, KIND | {"times": "99"})
    browser.post(address, KIND)

    saved = kind("monthly")
    assert wrong.status_code == 422
    assert wrong.context["form"]["name_zh"].value() == "月度例会"
    assert (saved.name_zh, saved.times, saved.notice_days) == ("月度例会", 2, 2)


def test_nobody_else_edits_kinds(cast: Cast, window: Window, kind: Callable[[str], MeetingKind]) -> None:
    browser = window(cast.market_head)

    assert browser.get("/meetings/kinds/").status_code == 403
    assert browser.post(f"/meetings/kinds/{kind('monthly').pk}/", KIND).status_code == 403
    assert kind("monthly").times == 1


# ── the search ──────────────────────────────────────────────────────────────────────────────────


def test_its_number_leads_straight_to_it(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.ludong_head).get("/search/", {"q": meeting.number.lower()})

    assert answer.status_code == 302
    assert answer["Location"] == f"/meetings/{meeting.pk}/"


@pytest.mark.parametrize(("key", "hits"), [("ludong_head", 1), ("qifa_head", 1), ("hr_head", 0), ("ludong_member", 0)])
@pytest.mark.parametrize("by", ["words", "number", "beginning"])
def test_it_is_found_by_those_who_see_it(  # noqa: PLR0917
    cast: Cast, window: Window, meeting: Meeting, key: str, hits: int, by: str
) -> None:
    words = {"words": "渠道工作会", "number": meeting.number, "beginning": meeting.number[:10]}[by]

    page = window(cast.people[key]).get("/search/", {"q": words}, follow=True).content.decode()

    assert ("五月渠道工作会" in page) is bool(hits)


# ── statements ──────────────────────────────────────────────────────────────────────────────────


def test_pages_ask_no_more_for_many_meetings(
    cast: Cast, window: Window, called: Make, django_assert_max_num_queries: Most
) -> None:
    for day in (18, 19, 20, 25, 26):
        called(starts_at=may(day, 9), ends_at=may(day, 10), title=f"{day} 日会")
    browser = window(cast.ludong_head)
    browser.get("/meetings/")
    counts = {}
    for name, address in {
        "coming": "/meetings/",
        "all": "/meetings/?view=all",
        "calendar": "/meetings/calendar/",
    }.items():
        with django_assert_max_num_queries(60) as counted:
            browser.get(address)
        counts[name] = len(counted)

    assert all(count <= LIST for count in counts.values())


LIST, PAGE, FORM = 12, 18, 22


def test_one_meeting_and_the_form_ask_little(
    cast: Cast, window: Window, full: Meeting, django_assert_max_num_queries: Most
) -> None:
    meetings.hold(full, by=cast.market_officer, at=AFTER)
    meetings.write_minutes(full, by=cast.market_officer, body="<p>一致同意</p>", at=AFTER)
    meetings.submit_minutes(full, by=cast.market_officer, at=AFTER)
    browser = window(cast.market_head, AFTER)
    browser.get("/meetings/")
    with django_assert_max_num_queries(60) as page:
        browser.get(f"/meetings/{full.pk}/")
    with django_assert_max_num_queries(60) as form:
        browser.get("/meetings/new/")

    assert len(page) <= PAGE
    assert len(form) <= FORM
