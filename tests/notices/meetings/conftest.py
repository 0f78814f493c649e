"""A monthly meeting of 企业市场部 with its two agents, on Thursday 2026-05-21 from 14:00 to 16:00, called on Monday the 11th."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.apps import apps

from channelportal.core import calendar, stamps
from channelportal.lib.workdays import SHANGHAI
from notices.audience import Audience
from notices.models import Invitation, Meeting, MeetingKind
from notices.supplied import meetings as supplied
from notices.workflow import meetings
from tests.people import Cast

Make = Callable[..., Meeting]


def may(day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=SHANGHAI)


CALLED_AT = may(11)
STARTS, ENDS = may(21, 14), may(21, 16)
AFTER = may(21, 17)
AGENTS = Audience(channels="some", kinds=("agent",), roles=("head",))


@pytest.fixture(autouse=True)
def fresh_copies(db: None) -> Iterator[None]:
    """No test reads another's calendar or tree; an emptied database gets its rows again."""
    stamps.forget_all()
    calendar.ship()
    supplied.supply(apps)
    yield
    stamps.forget_all()


@pytest.fixture
def kind() -> Callable[[str], MeetingKind]:
    return lambda code: MeetingKind.objects.get(code=code)


@pytest.fixture
def drafted(cast: Cast, kind: Callable[[str], MeetingKind]) -> Make:
    """企市员 drafts it; 钱企市 chairs; the heads of the agents are invited."""

    def draft(**values: Any) -> Meeting:
        said = {
            "by": cast.market_officer, "kind": kind("monthly"), "title": "五月渠道工作会", "chair": cast.market_head,
            "place": "一号会议室", "starts_at": STARTS, "ends_at": ENDS, "audience": AGENTS, "at": CALLED_AT,
        }  # fmt: skip
        return meetings.draft(**(said | values))

    return draft


@pytest.fixture
def called(cast: Cast, drafted: Make) -> Make:
    """The same, sent and approved at `at`."""

    def call(at: datetime = CALLED_AT, **values: Any) -> Meeting:
        meeting = meetings.send(drafted(at=at, **values), by=values.get("by", cast.market_officer), at=at)
        if meeting.state == Meeting.State.PENDING:
            meeting = meetings.approve(meeting, by=cast.market_head, at=at)
        return meeting

    return call


@pytest.fixture
def meeting(called: Make) -> Meeting:
    return called()


@pytest.fixture
def held(cast: Cast, called: Make) -> Make:
    """Held as planned, 李代理 there and 张代理 not; recorded at 17:00."""

    def hold(**values: Any) -> Meeting:
        meeting = called(**values)
        there = {
            of(meeting, cast.ludong_head).pk: Invitation.Attendance.PRESENT,
            of(meeting, cast.chuannan_head).pk: Invitation.Attendance.ABSENT,
        }
        return meetings.hold(meeting, by=cast.market_officer, attendance=there, at=AFTER)

    return hold


def of(meeting: Meeting, user: Any) -> Invitation:
    return Invitation.objects.get(meeting=meeting, user=user)
