"""Two at the same moment, with real threads on PostgreSQL: one does it, the other hears that somebody was faster."""

from __future__ import annotations

import pytest

from channelportal.core.models import Alert, OutboxMessage
from notices import frequency_watch, meeting_sweep
from notices.models import Invitation, Meeting, MeetingKind
from notices.workflow import meetings
from tests.notices.meetings.conftest import CALLED_AT, Make, may, of
from tests.people import Cast
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_it_is_approved_once(cast: Cast, drafted: Make) -> None:
    meeting = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)

    results = at_once(*[lambda: meetings.approve(meeting, by=cast.market_head, at=CALLED_AT)] * 3)

    assert results == {"done": 1, "WrongState": 2}
    assert Invitation.objects.filter(meeting=meeting).count() == 4


def test_an_answer_and_a_cancellation_follow_each_other(cast: Cast, meeting: Meeting) -> None:
    results = at_once(
        lambda: meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(12)),
        lambda: meetings.cancel(meeting, by=cast.market_officer, reason="x", at=may(12)),
    )

    meeting.refresh_from_db()
    answered = of(meeting, cast.ludong_head).reply == "attend"
    assert meeting.state == "cancelled"
    assert results == ({"done": 2} if answered else {"done": 1, "WrongState": 1})


def test_four_sweeps_remind_once(meeting: Meeting) -> None:
    MeetingKind.objects.update(period="none")

    at_once(*[lambda: meeting_sweep.sweep(may(20, 9))] * 4)

    assert Alert.objects.filter(kind="meeting-attend_reminder").count() == 4
    assert OutboxMessage.objects.filter(data__event="meeting-attend_reminder").count() == 4
    assert Alert.objects.filter(kind="meeting-answer_reminder").count() == 3


def test_four_watches_look_once(cast: Cast) -> None:
    counts: list[int] = []

    at_once(*[lambda: counts.append(frequency_watch.watch(may(22, 9)))] * 4)

    assert sum(count > 0 for count in counts) <= 1
    assert MeetingKind.objects.filter(watched_on=None).exclude(period="none").count() == 0
