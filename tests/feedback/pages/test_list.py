"""The list of tickets: saved views, filters, sort, export, and what it costs."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from accounts.models import User
from feedback import workflow
from feedback.models import Ticket
from tests.people import Cast

Window = Callable[[User], Client]


def listed(client: Client, query: str) -> str:
    return client.get(f"/tickets/?{query}").content.decode()


@pytest.mark.parametrize(
    ("who", "view", "seen"),
    [
        ("kefu_officer", "todo", True),
        ("kefu_officer", "owed", True),
        ("kefu_officer", "asked", False),
        ("ludong_head", "todo", False),
        ("ludong_head", "asked", True),
        ("ludong_head", "mine", True),
        ("ludong_officer", "mine", False),
        ("ludong_officer", "all", True),
        ("qifa_head", "all", True),
        ("qifa_head", "watched", False),
        ("chuannan_head", "all", False),
        ("kefu_member", "all", False),
    ],
)
def test_it_shows_each_view_its_tickets(  # noqa: PLR0917
    cast: Cast, ticket: Ticket, window: Window, who: str, view: str, seen: bool
) -> None:
    assert (ticket.number in listed(window(cast.people[who]), f"view={view}")) == seen


def test_it_offers_approval_and_confirmation_to_whom_they_wait_for(
    cast: Cast, filed: Callable[..., Ticket], window: Window
) -> None:
    waiting = filed(by=cast.ludong_member)
    answered = workflow.resolve(filed(), by=cast.kefu_officer, text="已更换")
    client = window(cast.ludong_head)

    assert waiting.number in listed(client, "view=approve")
    assert "data-check-all" in listed(client, "view=approve")
    assert answered.number in listed(client, "view=confirm")
    assert waiting.number in listed(client, "view=todo")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=水泵", 2),
        ("text=FB-", 2),
        ("text=没有这个词", 0),
        ("state=open", 1),
        ("state=resolved", 1),
        ("severity=major", 2),
        ("severity=normal", 0),
        ("due=late", 0),
        ("due=missed", 0),
        ("due=three", 1),
        ("due=owed", 1),
        ("level=2", 0),
        ("kind=x", None),
        ("responsible=99999999999999999999", None),
        ("filed_from=0001-01-01", 2),
        ("filed_until=2001-01-01", 0),
        ("filed_from=yesterday", None),
        ("sort=--due&page=-1", 2),
        ("sort=filed_by__password", 2),
        ("view=nothing", None),
        ("text=%00%F0", None),
    ],
)
def test_it_filters(cast: Cast, filed: Callable[..., Ticket], window: Window, query: str, found: int | None) -> None:
    filed()
    workflow.resolve(filed(title="水泵又漏"), by=cast.kefu_officer, text="已更换")

    answer = window(cast.ludong_head).get(f"/tickets/?view=all&{query}")

    assert answer.status_code in {200, 400}
    if found is not None:
        assert len(answer.context["lines"]) == found


def test_it_filters_by_unit(cast: Cast, filed: Callable[..., Ticket], window: Window) -> None:
    filed()
    foreign = filed(by=cast.chuannan_head, responsible=cast.dev)

    html = listed(window(cast.qifa_head), f"view=all&responsible={cast.dev.pk}&asker={cast.chuannan.pk}")

    assert foreign.number in html
    assert len(window(cast.qifa_head).get(f"/tickets/?view=all&asker={cast.ludong.pk}").context["lines"]) == 1


def test_it_marks_what_is_late_in_working_days(cast: Cast, late: Ticket, window: Window) -> None:
    html = listed(window(cast.kefu_officer), "view=owed")

    assert "row-late" in html
    assert "个工作日" in html


def test_it_costs_the_same_for_one_ticket_and_for_many(
    cast: Cast, filed: Callable[..., Ticket], window: Window, django_assert_max_num_queries: Any
) -> None:
    client = window(cast.kefu_officer)
    for number in range(12):
        filed(title=f"第 {number} 台")
    listed(client, "view=owed")

    with django_assert_max_num_queries(9):
        listed(client, "view=owed&text=第")


def test_it_exports_what_is_shown_and_no_more(cast: Cast, filed: Callable[..., Ticket], window: Window) -> None:
    ours = filed(title="=1+1")
    foreign = filed(by=cast.chuannan_head)

    answer = window(cast.ludong_head).get("/tickets/?view=all&format=xlsx")

    sheet = load_workbook(io.BytesIO(answer.content)).active
    cells = [cell.value for row in sheet.rows for cell in row]
    assert ours.number in cells
    assert "=1+1" in cells
    assert foreign.number not in cells


def test_it_tells_an_empty_list_why(cast: Cast, window: Window) -> None:
    assert "没有等您处理的反馈单" in listed(window(cast.ludong_head), "view=todo")
