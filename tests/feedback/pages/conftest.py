"""Tickets of this very moment: the pages ask the database's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from channelportal.core import calendar, clock, stamps
from feedback import supplied, workflow
from feedback.models import Ticket, TicketKind
from tests.people import Cast


@pytest.fixture(autouse=True)
def fresh_copies(db: None) -> Iterator[None]:
    """No test reads another's calendar or tree; an emptied database gets its rows again."""
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    yield
    stamps.forget_all()


@pytest.fixture
def filed(cast: Cast) -> Callable[..., Ticket]:
    """李代理 asks 客户服务部, now; a head's own goes straight out."""

    def file(**values: Any) -> Ticket:
        asked = {
            "by": cast.ludong_head,
            "kind": TicketKind.objects.get(code=values.pop("code", "problem")),
            "title": "水泵漏水",
            "body": "三台水泵一周内漏水。",
            "responsible": cast.kefu,
            "severity": "major",
        }
        return workflow.file(**(asked | values))

    return file


@pytest.fixture
def ticket(filed: Callable[..., Ticket]) -> Ticket:
    return filed()


@pytest.fixture
def late(filed: Callable[..., Ticket]) -> Ticket:
    return filed(title="返利未到账", at=clock.now() - timedelta(days=40))


@pytest.fixture
def window() -> Callable[[User], Client]:
    """A browser of this person's."""

    def opened(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return opened
