"""A company, its tickets, and moments of the working week of May 2026 (Sat 05-09 is a make-up day)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from channelportal.core import calendar, stamps
from feedback import supplied, workflow
from feedback.models import Ticket, TicketKind
from tests.feedback.workflow.moments import MON_10
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
def kind(db: None) -> Callable[[str], TicketKind]:
    return lambda code: TicketKind.objects.get(code=code)


@pytest.fixture
def filed(cast: Cast, kind: Callable[[str], TicketKind]) -> Callable[..., Ticket]:
    """李代理 asks 客户服务部, on Monday 2026-05-11 at 10:00; a head's own goes straight out."""

    def file(**values: Any) -> Ticket:
        asked = {
            "by": cast.ludong_head, "kind": kind("problem"), "title": "水泵漏水", "body": "三台水泵一周内漏水。",
            "responsible": cast.kefu, "at": MON_10,
        }  # fmt: skip
        return workflow.file(**(asked | values))

    return file


@pytest.fixture
def ticket(filed: Callable[..., Ticket]) -> Ticket:
    return filed()
