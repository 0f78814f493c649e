"""Every figure of the dashboard leads to exactly the tickets that it counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from channelportal.core import calendar, clock
from channelportal.lib.workdays import END_OF_DAY, local_date
from feedback.models import Ticket
from tests.people import Cast

pytestmark = pytest.mark.django_db

TILE = re.compile(r'<a class="box tile[^"]*" href="([^"]+)">.*?tile-value">\s*(\d+)', re.DOTALL)


def test_it_leads_to_as_many_tickets_as_it_counts(
    cast: Cast, filed: Callable[..., Ticket], window: Callable[[User], Client]
) -> None:
    now = clock.now()
    tonight = calendar.current().close_of_business(local_date(now), END_OF_DAY)
    filed(title="明天到期")
    for title, values in {
        "今天到期": {"due_at": tonight},
        "承诺今天": {"due_at": tonight, "state": "planned", "due_kind": "promise"},
        "超期": {"due_at": now - timedelta(days=1), "level": 1},
        "升到上级": {"due_at": now - timedelta(days=9), "level": 2},
        "已解决": {"due_at": None, "state": "resolved", "level": 3},
    }.items():
        Ticket.objects.filter(pk=filed(title=title).pk).update(**values)
    client = window(cast.qifa_head)

    tiles = TILE.findall(client.get("/supervision/").content.decode())

    assert [int(value) for _link, value in tiles] == [2, 2, 1, 1]
    for link, value in tiles:
        assert len(client.get(unescape(link)).context["lines"]) == int(value), link


def test_it_stays_on_its_tab_when_it_is_filtered(cast: Cast, ticket: Ticket, window: Callable[[User], Client]) -> None:
    html = window(cast.qifa_head).get("/tickets/?view=all").content.decode()

    assert '<input type="hidden" name="view" value="all">' in html
