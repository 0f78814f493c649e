"""Everything that is told or recorded of meetings has its words, in Chinese."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import translation

from channelportal.core import alerts, outbox
from channelportal.core.models import Alert, OutboxMessage
from channelportal.office.actions import ACTIONS
from notices import meeting_notify
from notices.models import Meeting
from notices.workflow.meetings.base import TRAIL
from tests.notices.meetings.conftest import CALLED_AT, may
from tests.people import Cast

MORE: dict[str, Any] = {
    "text": "请补充", "person": "李代理", "deputy": "小李", "answer": "decline", "reason": "出差", "task": "盘点",
    "owner": "李代理",
    "due": may(28, 18).isoformat(), "day": "2026-05-28",
}  # fmt: skip
EVENTS = sorted(meeting_notify.EVENTS)


def test_the_trail_has_words() -> None:
    recorded = {f"meeting.{name}" for name in TRAIL.values()} | {"meeting.action_late", "meetingkind.saved"}

    assert recorded <= ACTIONS.keys()


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_one_chinese_line(cast: Cast, meeting: Meeting, event: str) -> None:
    Alert.objects.all().delete()
    meeting_notify.tell(meeting, event, [cast.gov_head], at=CALLED_AT, data=MORE)

    with translation.override("zh-hans"):
        line = alerts.wording(Alert.objects.get(user=cast.gov_head))

    assert re.search("[\u4e00-\u9fff]", line)
    assert not re.search(r"[{}%]|meeting-|[a-z]{4,}", line)


@pytest.mark.parametrize("event", sorted(set(EVENTS) - meeting_notify.SILENT))
def test_its_mail_can_be_written(cast: Cast, meeting: Meeting, event: str) -> None:
    OutboxMessage.objects.all().delete()
    meeting_notify.tell(meeting, event, [cast.gov_head], at=CALLED_AT, data=MORE)
    row = OutboxMessage.objects.select_related("user").get()

    mail = outbox.compose(outbox.Letter(row, [row]))

    assert mail.subject
    assert meeting.get_absolute_url() in mail.body
    assert "{" not in mail.body
    assert len(mail.attachments) == (event in meeting_notify.WITH_FILE)


@pytest.mark.parametrize("state", ["soon", "overdue"])
@pytest.mark.parametrize("parties", [[], ["鲁东代理商", "川南代理商"]])
def test_the_frequency_is_one_line(state: str, parties: list[str]) -> None:
    data = {"name_zh": "季度沟通会", "name_en": "Quarterly", "due": "2026-06-30", "count": 3, "parties": parties}

    with translation.override("zh-hans"):
        line = alerts.line(f"alerts/meeting-frequency-{state}.txt", data)

    assert line.startswith("季度沟通会：应于")
    assert "6 月 30 日" in line
    assert ("（鲁东代理商、川南代理商 …）" in line) == bool(parties)
