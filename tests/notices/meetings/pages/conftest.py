"""The real addresses, and a clock that the test sets: the pages ask `core.clock`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from channelportal.core import clock, files
from channelportal.core.models import StoredFile
from notices.models import Meeting, MeetingKind
from notices.workflow import meetings
from notices.workflow.meetings import ActionRow, AgendaRow
from tests.notices.meetings.conftest import AFTER, CALLED_AT, Make, may
from tests.people import Cast

Window = Callable[..., Client]


@pytest.fixture(autouse=True)
def addresses() -> None:
    """Those of the product, not the parent's."""


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Window:
    """A browser of this person's, at that moment (by default the day after the call)."""

    def opened(user: User, at: datetime = CALLED_AT + timedelta(days=1)) -> Client:
        monkeypatch.setattr(clock, "now", lambda: at)
        client = Client()
        client.force_login(user)
        return client

    return opened


@pytest.fixture
def paper(cast: Cast) -> StoredFile:
    return files.keep_bytes("议题材料.txt", "保密的数字".encode(), "text/plain", by=cast.market_officer, at=CALLED_AT)


@pytest.fixture
def full(cast: Cast, called: Make, paper: StoredFile) -> Meeting:
    """Called, with an agenda and a paper."""
    return called(agenda=[AgendaRow("库存", 30, "钱企市", [paper])], purpose="带上库存表")


@pytest.fixture
def recorded(cast: Cast, held: Make) -> Callable[..., Meeting]:
    """Held, with minutes: as a draft, with the chair, or sent; 张代理 has something to do."""

    def record(state: str = "sent") -> Meeting:
        meeting = held()
        row = ActionRow("报库存", cast.chuannan_head, may(28).date())
        meetings.write_minutes(meeting, by=cast.market_officer, body="<p>一致同意</p>", actions=[row], at=AFTER)
        if state != "draft":
            meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)
        if state == "sent":
            meetings.approve_minutes(meeting, by=cast.market_head, at=AFTER)
        return meeting

    return record


@pytest.fixture
def sheet(kind: Callable[[str], MeetingKind]) -> Callable[..., dict[str, Any]]:
    """What the form of the call sends."""

    def filled(**values: Any) -> dict[str, Any]:
        said = {
            "once": "5f0c7c9e-2a8f-4e6b-9c57-0d8f7f3f1a11", "kind": kind("monthly").pk, "begun": kind("monthly").pk,
            "title": "六月渠道工作会", "purpose": "总结", "starts_at": "2026-06-04T14:00", "ends_at": "2026-06-04T16:00",
            "mode": "place", "place": "一号会议室", "chair_text": "钱企市", "chair_id": "", "channels": "some", "kinds": ["agent"],
            "reach": "leaders", "agenda-TOTAL_FORMS": "1", "agenda-INITIAL_FORMS": "0", "agenda-0-topic": "库存",
            "agenda-0-minutes": "30",
        }  # fmt: skip
        return said | values

    return filled
