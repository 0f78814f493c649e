"""What waits for a person among the meetings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from notices import meeting_desk
from notices.models import Meeting
from notices.workflow import meetings
from notices.workflow.meetings import ActionRow
from tests.notices.meetings.conftest import AFTER, CALLED_AT, ENDS, Make, may
from tests.people import Cast


def todo(user: Any, at: datetime) -> list[str]:
    return [row.todo for row in meeting_desk.waiting(user, at)]


def test_the_head_approves(cast: Cast, drafted: Make) -> None:
    meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)

    assert todo(cast.market_head, CALLED_AT) == ["审批会议通知"]
    assert todo(cast.market_officer, CALLED_AT) == todo(cast.gov_head, CALLED_AT) == []


def test_what_was_given_back_is_corrected(cast: Cast, drafted: Make) -> None:
    meeting = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)
    meetings.give_back(meeting, by=cast.market_head, text="换时间", at=CALLED_AT)

    assert todo(cast.market_officer, CALLED_AT) == ["修改后重报"]
    assert todo(cast.market_head, CALLED_AT) == []


def test_an_invitation_is_answered_until_it_begins(cast: Cast, meeting: Meeting) -> None:
    (row,) = meeting_desk.waiting(cast.ludong_head, may(12))
    assert (row.todo, row.due_at, row.url, row.urgent) == (
        "回复会议邀请",
        may(20, 18),
        meeting.get_absolute_url(),
        False,
    )

    meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(12))

    assert todo(cast.ludong_head, may(12)) == []
    assert todo(cast.ludong_head, may(21, 9)) == ["今天 14:00 开会"]
    assert todo(cast.chuannan_head, may(21, 15)) == ["会议进行中"]
    assert todo(cast.ludong_head, ENDS) == []


def test_an_urgent_one_stands_in_front(cast: Cast, called: Make, kind: Any) -> None:
    called(kind=kind("urgent"), starts_at=may(11, 21), ends_at=may(11, 22))

    assert next(row.urgent for row in meeting_desk.waiting(cast.ludong_head, CALLED_AT) if row.todo == "回复会议邀请")


def test_after_it_the_recorder_writes_and_the_chair_approves(cast: Cast, meeting: Meeting) -> None:
    officer, head = cast.market_officer, cast.market_head
    assert (todo(officer, AFTER), todo(head, AFTER)) == (["登记签到"], [])
    meetings.hold(meeting, by=officer, at=AFTER)
    assert todo(officer, AFTER) == ["编写会议纪要"]
    rows = [ActionRow("盘点", cast.ludong_head, date(2026, 5, 28))]
    meetings.write_minutes(meeting, by=officer, body="<p>纪要</p>", actions=rows, at=AFTER)
    assert todo(officer, AFTER) == ["编写会议纪要"]
    meetings.submit_minutes(meeting, by=officer, at=AFTER)
    assert (todo(officer, AFTER), todo(head, AFTER), todo(cast.ludong_head, AFTER)) == ([], ["审批会议纪要"], [])
    meetings.approve_minutes(meeting, by=head, at=AFTER)

    (row,) = meeting_desk.waiting(cast.ludong_head, may(29))

    assert todo(head, AFTER) == []
    assert (row.title, row.todo, row.due_at, row.tone) == ("盘点", "完成并反馈", may(28, 18), "late")
    assert meeting_desk.counted(cast.ludong_head, may(29)) == 1


def test_it_takes_the_same_statements_for_many(cast: Cast, called: Make) -> None:
    counts = []
    for _round in range(2):
        for _one in range(3):
            called()
        with CaptureQueriesContext(connection) as queries:
            assert meeting_desk.waiting(cast.ludong_head, may(21, 9))
        counts.append(len(queries))

    assert counts[1] <= counts[0] <= 10


def test_administrators_have_none(cast: Cast, meeting: Meeting) -> None:
    assert meeting_desk.waiting(cast.system_admin, AFTER) == []
    assert meeting_desk.counted(cast.system_admin, AFTER) == 0
