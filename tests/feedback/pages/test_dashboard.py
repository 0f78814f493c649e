"""Every figure of the dashboard leads to exactly the tickets that it counts."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from accounts.models import User
from channelportal.core import calendar, clock
from channelportal.lib.workdays import END_OF_DAY, SHANGHAI, local_date
from feedback import workflow
from feedback.models import Ticket
from feedback.sweep import sweep
from tests.people import Cast

pytestmark = pytest.mark.django_db

TILE = re.compile(r'<a class="box tile[^"]*" href="([^"]+)">.*?tile-value">\s*(\d+)', re.DOTALL)


ROLES = ["qifa_head", "qifa_member", "office_head"]
RATE = re.compile(
    r'<a href="(/supervision/behind/\?what=replies&amp;unit=[^"]+)">[^<]+</a>.*?<b>([\d.]+)%</b>', re.DOTALL
)
NUMBER = re.compile(r'<a href="(/supervision/behind/\?what=(?:filed|asked)[^"]+)">(?:[^<]+</a></td><td [^>]+>)?(\d+)<')


def _rows(client: Client, link: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = client.get(unescape(link)).context["lines"]
    return lines


@pytest.fixture
def standing(filed: Callable[..., Ticket]) -> None:
    now = clock.now()
    tonight = calendar.current().close_of_business(local_date(now), END_OF_DAY)
    filed(title="明天到期")
    for title, values in {
        "今天到期": {"due_at": tonight},
        "承诺今天": {"due_at": tonight, "state": "planned", "due_kind": "promise"},
        "超期": {"due_at": now - timedelta(days=1), "level": 1},
        "升到上级": {"due_at": now - timedelta(days=9), "level": 2},
        "点名投诉": {"due_at": now - timedelta(days=9), "level": 3, "restricted": True},
        "已解决": {"due_at": None, "state": "resolved", "level": 3},
    }.items():
        Ticket.objects.filter(pk=filed(title=title).pk).update(**values)


@pytest.mark.parametrize("role", ROLES)
def test_it_leads_to_as_many_tickets_as_it_counts(
    cast: Cast, standing: None, window: Callable[[User], Client], role: str
) -> None:
    client = window(cast.people[role])

    tiles = [one for one in TILE.findall(client.get("/supervision/").content.decode()) if "what=replies" not in one[0]]

    assert [int(value) for _link, value in tiles] == [3, 2, 1, 2]
    for link, value in tiles:
        assert len(_rows(client, link)) == int(value), link


@pytest.mark.parametrize("role", ROLES)
def test_it_says_who_owes_what_and_leads_there(
    cast: Cast, standing: None, filed: Callable[..., Ticket], window: Callable[[User], Client], role: str
) -> None:
    filed(title="开发部的", responsible=cast.dev)
    client = window(cast.people[role])

    page = client.get("/supervision/")

    assert [(unit, one.open, one.late) for unit, one in page.context["owing"]] == [(cast.kefu, 6, 3), (cast.dev, 1, 0)]
    numbers = re.findall(r'<a href="(/supervision/behind/\?what=\w+&amp;unit=\d+)">(\d+)</a>', page.content.decode())
    assert [int(number) for _link, number in numbers] == [6, 2, 3, 2, 1]
    for link, number in numbers:
        assert len(_rows(client, link)) == int(number), link


@pytest.fixture
def replied(cast: Cast, filed: Callable[..., Ticket]) -> None:
    """Of 客户服务部: answered in time twice, late once, one missed and still owed, one passed on unanswered, one reopened."""
    began = datetime(2025, 4, 8, 10, tzinfo=SHANGHAI)  # a Tuesday
    for days, hours in ((0, 1), (0, 2), (30, 0)):
        ticket = filed(title=f"第 {days} 天", at=began)
        workflow.resolve(ticket, by=cast.kefu_head, text="已更换。", at=began + timedelta(days=days, hours=hours))
    workflow.reopen(ticket, by=cast.ludong_head, reason="又漏了。", at=began + timedelta(days=30, hours=1))
    workflow.resolve(ticket, by=cast.kefu_head, text="换了密封。", at=began + timedelta(days=30, hours=2))
    filed(title="没有答复", at=began + timedelta(hours=3))
    passed = filed(title="不归我们", at=began + timedelta(hours=3))
    workflow.pass_on(passed, by=cast.kefu_head, to=cast.dev, reason="属于开发部。", at=began + timedelta(hours=4))
    filed(title="留给点名的人", at=began, code="complaint", restricted=True)
    sweep(began + timedelta(days=40))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("month", ["2025-04", "2025-05"])
def test_it_leads_from_a_rate_to_the_replies_it_is_made_of(
    cast: Cast, replied: None, window: Callable[[User], Client], role: str, month: str
) -> None:
    client = window(cast.people[role])

    page = client.get(f"/supervision/?month={month}")
    rates = RATE.findall(page.content.decode())

    assert {f"month={month}" in link for link, _rate in rates} == {True}
    for link, rate in rates:
        verdicts = [line["duty"].missed_at is None for line in _rows(client, link)]
        assert round(100 * sum(verdicts) / len(verdicts), 1) == float(rate), link
    company = page.context["company"]
    lines = _rows(client, f"/supervision/behind/?what=replies&month={month}")
    assert len(lines) == company.replies_on_time + company.replies_late
    assert sum(line["duty"].missed_at is not None for line in lines) == company.replies_late


@pytest.mark.parametrize("role", ROLES)
def test_it_leads_from_a_cell_of_the_heat_and_from_who_asks_to_as_many_tickets(
    cast: Cast, replied: None, window: Callable[[User], Client], role: str
) -> None:
    client = window(cast.people[role])

    numbers = NUMBER.findall(client.get("/supervision/?month=2025-04").content.decode())

    assert sorted(int(number) for _link, number in numbers) == [2, 4, 6]
    for link, number in numbers:
        assert len(_rows(client, link)) == int(number), link


def test_it_says_nothing_of_what_the_reader_may_not_read(
    cast: Cast, filed: Callable[..., Ticket], window: Callable[[User], Client]
) -> None:
    kept = filed(title="留给点名的人", code="complaint", restricted=True)
    plain = filed(title="还没有升级")

    html = window(cast.office_head).get("/supervision/behind/?what=open").content.decode()

    assert kept.title not in html
    assert kept.number not in html
    assert plain.title not in html
    assert plain.number in html
    assert f"/tickets/{plain.pk}/" not in html


def test_it_names_nothing_that_has_not_left_its_unit(
    cast: Cast, filed: Callable[..., Ticket], window: Callable[[User], Client]
) -> None:
    pending = filed(by=cast.ludong_member, title="还没有批准")
    assert pending.state == "pending"

    page = window(cast.qifa_head).get("/supervision/behind/?what=filed")

    assert [line["asker"] for line in page.context["lines"]] == [""]
    for word in (pending.title, pending.number, cast.ludong.name):
        assert word not in page.content.decode()


def test_it_says_no_more_in_the_workbook(
    cast: Cast, filed: Callable[..., Ticket], window: Callable[[User], Client]
) -> None:
    kept = filed(title="留给点名的人", code="complaint", restricted=True)

    book = window(cast.qifa_member).get("/supervision/behind/?what=open&format=xlsx")

    words = "".join(str(cell.value) for row in load_workbook(io.BytesIO(book.content)).active.rows for cell in row)
    assert kept.number not in words
    assert kept.title not in words


def test_it_is_closed_to_who_does_not_supervise(cast: Cast, window: Callable[[User], Client]) -> None:
    assert window(cast.kefu_head).get("/supervision/behind/?what=open").status_code == 403


@pytest.mark.parametrize("query", ["", "what=x", "what=filed&weekday=9&hour=99", "month=2026-13", "from=2026-02-31&until=x",
                                   "unit=999999999999", "unit=²", "what=replies&which=x&month=2999-01"])  # fmt: skip
def test_it_takes_any_address(cast: Cast, ticket: Ticket, window: Callable[[User], Client], query: str) -> None:
    assert window(cast.qifa_head).get(f"/supervision/behind/?{query}").status_code == 200


def test_it_stays_on_its_tab_when_it_is_filtered(cast: Cast, ticket: Ticket, window: Callable[[User], Client]) -> None:
    html = window(cast.qifa_head).get("/tickets/?view=all").content.decode()

    assert '<input type="hidden" name="view" value="all">' in html
