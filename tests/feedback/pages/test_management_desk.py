"""Company management's desk: what reached level 3, notices to approve, the month; each figure leads to as many rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from channelportal import management_desk
from channelportal.core import clock
from feedback import workflow
from feedback.models import LadderEvent, Ticket
from feedback.sweep import sweep
from notices import chain
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db

TILE = re.compile(r'<a class="box tile[^"]*" href="([^"]+)">.*?tile-value">\s*([\d.]+)', re.DOTALL)


@pytest.fixture
def reached(late: Ticket) -> Ticket:
    """李代理's ticket that 客户服务部 has not answered for forty days."""
    sweep(clock.now())
    late.refresh_from_db()
    assert late.level == 3
    return late


def test_it_names_who_must_act_and_since_when(cast: Cast, reached: Ticket) -> None:
    board = management_desk.board(cast.office_head, clock.now())

    assert board is not None
    [row] = board.reached
    assert (row.ticket, row.unit, row.people) == (reached, cast.kefu, [cast.kefu_head])
    assert row.since == LadderEvent.objects.filter(obligation__ticket=reached, level=3).latest("at").at


def test_it_names_the_person_who_took_it(cast: Cast, reached: Ticket) -> None:
    workflow.take(reached, by=cast.kefu_officer)

    board = management_desk.board(cast.office_head, clock.now())

    assert board is not None
    assert board.reached[0].people == [cast.kefu_officer]


def test_it_names_the_asker_once_it_is_resolved(cast: Cast, reached: Ticket) -> None:
    workflow.resolve(reached, by=cast.kefu_head, text="已到账。")

    board = management_desk.board(cast.office_head, clock.now())

    assert board is not None
    assert (board.reached[0].unit, board.reached[0].people) == (cast.ludong, [cast.ludong_head])


def test_it_forgets_what_is_over(cast: Cast, reached: Ticket) -> None:
    workflow.close(reached, by=cast.qifa_head, reason="重复。")

    board = management_desk.board(cast.office_head, clock.now())

    assert board is not None
    assert (board.reached, board.reached_count) == ([], 0)


def test_it_names_no_complaint_kept_to_named_people(cast: Cast, filed: Callable[..., Ticket]) -> None:
    kept = filed(title="留给点名的人", code="complaint", restricted=True)
    Ticket.objects.filter(pk=kept.pk).update(level=3)

    board = management_desk.board(cast.office_head, clock.now())

    assert board is not None
    assert board.reached_count == 0


def test_it_leads_from_each_figure_to_as_many_rows(
    cast: Cast, reached: Ticket, filed: Callable[..., Ticket], window: Callable[[User], Client]
) -> None:
    Ticket.objects.filter(pk=filed(title="刚超期").pk).update(due_at=clock.now() - timedelta(hours=1))
    client = window(cast.office_head)

    tiles = TILE.findall(client.get("/").content.decode())

    counted = [(link, value) for link, value in tiles if "what=replies" not in link]
    assert [value for _link, value in counted] == ["1", "0", "2"]
    for link, value in counted:
        page = client.get(unescape(link))
        assert len(page.context["lines"]) == int(value), link


def test_it_shows_a_notice_to_approve_once_and_on_top(cast: Cast, window: Callable[[User], Client]) -> None:
    notice = making.sent(cast, at=clock.now(), major=True)
    while making.step_of(notice).duty != "management":
        step = making.step_of(notice)
        making.workflow.approve(
            step, by=making.decider(notice), checks=dict.fromkeys(chain.CHECKS, True), at=clock.now()
        )

    page = window(cast.office_head).get("/")

    board = page.context["board"]
    assert [one.step.version.notice for one in board.approvals] == [notice]
    assert notice.get_absolute_url() not in [row.url for row in page.context["rows"]]
    assert page.content.decode().count(f'href="{notice.get_absolute_url()}"') == 1
    assert page.context["waiting"] == 1


def test_it_says_so_where_nothing_is_to_be_done_and_what_to_look_at(
    cast: Cast, window: Callable[[User], Client]
) -> None:
    html = window(cast.office_head).get("/").content.decode()

    assert re.search(r"Nothing has reached company management|没有升级到公司管理者的事项", html)
    assert '<a class="btn" href="/supervision/">' in html


@pytest.mark.parametrize("who", ["kefu_head", "qifa_head", "ludong_head", "hr_head"])
def test_it_stands_on_nobody_elses_desk(
    cast: Cast, reached: Ticket, window: Callable[[User], Client], who: str
) -> None:
    assert window(cast.people[who]).get("/").context["board"] is None


def test_it_asks_the_database_no_more_where_more_has_reached_them(
    cast: Cast, reached: Ticket, filed: Callable[..., Ticket], window: Callable[[User], Client]
) -> None:
    client = window(cast.office_head)
    client.get("/")
    with CaptureQueriesContext(connection) as one:
        client.get("/")
    for number in range(5):
        filed(title=f"还有 {number}", at=clock.now() - timedelta(days=40), responsible=cast.dev)
    sweep(clock.now())

    with CaptureQueriesContext(connection) as six:
        page = client.get("/")

    assert page.context["board"].reached_count == 6
    assert len(six) <= len(one)
