"""What comes with time, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from notices import meeting_notify, meeting_sweep
from notices.models import Action, Meeting, MeetingKind
from notices.workflow import meetings
from notices.workflow.meetings import ActionRow
from tests.notices.meetings.conftest import AFTER, ENDS, STARTS, Make, may, of
from tests.notices.meetings.test_calling import told
from tests.people import Cast


@pytest.fixture(autouse=True)
def nothing_required(fresh_copies: None) -> None:
    """The frequency has its own tests."""
    MeetingKind.objects.update(period="none")


@pytest.fixture
def action(cast: Cast, held: Make) -> Action:
    """Of 李代理, due on Thursday the 28th at 18:00."""
    meeting = held()
    rows = [ActionRow("盘点库存", cast.ludong_head, date(2026, 5, 28))]
    meetings.write_minutes(meeting, by=cast.market_officer, body="<p>纪要</p>", actions=rows, at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)
    meetings.approve_minutes(meeting, by=cast.market_head, at=may(22))
    return Action.objects.get()


def sweep(at: datetime) -> dict[str, int]:
    """Twice: the second round finds nothing more to do."""
    first = meeting_sweep.sweep(at)
    assert meeting_sweep.sweep(at) == {}
    return first


def test_who_has_not_answered_is_reminded_the_working_day_before(cast: Cast, meeting: Meeting) -> None:
    meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(12))
    assert sweep(may(19, 8, 59)) == {}  # answers are due on the 20th at 18:00

    assert sweep(may(19, 9)) == {"answers": 1}

    assert told("answer_reminder") == {"张代理", "钱企市"}
    assert OutboxMessage.objects.filter(kind="meeting-news", data__event="meeting-answer_reminder").count() == 2


def test_who_was_invited_after_that_is_not_reminded_of_what_he_just_read(cast: Cast, called: Make) -> None:
    called(at=may(19, 10), short_notice_reason="x")

    assert sweep(may(19, 10)) == {}
    assert told("answer_reminder") == set()


def test_who_comes_is_reminded_at_nine_the_working_day_before(cast: Cast, meeting: Meeting) -> None:
    meetings.reply(meeting, by=cast.ludong_head, answer="decline", reason="出差", at=may(12))
    meetings.reply(meeting, by=cast.chuannan_head, answer="deputy", deputy=cast.chuannan_officer, at=may(12))
    meeting_sweep.sweep(may(19, 9))

    assert sweep(may(20, 9)) == {"reminders": 1}

    assert told("attend_reminder") == {"钱企市", "企市员", "川南信息员"}


def test_a_meeting_that_moved_is_reminded_of_again(cast: Cast, meeting: Meeting) -> None:
    sweep(may(20, 9))
    meetings.change(
        meeting, by=cast.market_officer, reason="x", starts_at=may(26, 9), ends_at=may(26, 11), at=may(20, 10)
    )

    assert sweep(may(22, 9)) == {"answers": 1}
    assert sweep(may(25, 9)) == {"reminders": 1}
    assert Alert.objects.filter(kind="meeting-attend_reminder", user=cast.ludong_head).count() == 2


def test_a_cancelled_meeting_is_not_reminded_of(cast: Cast, meeting: Meeting) -> None:
    meetings.cancel(meeting, by=cast.market_officer, reason="x", at=may(13))

    assert sweep(may(20, 9)) == {}
    assert sweep(AFTER) == {}


def test_attendance_is_asked_for_when_it_is_over(cast: Cast, meeting: Meeting) -> None:
    meeting_sweep.sweep(STARTS)

    assert sweep(ENDS) == {"to_record": 1}
    assert told("to_record") == {"企市员"}


def test_missing_minutes_are_chased_twice(cast: Cast, held: Make) -> None:
    held()  # on Thursday; three working days are over on Tuesday the 26th at 18:00
    assert sweep(may(26, 18)) == {}

    assert sweep(may(26, 18, 1)) == {"minutes": 1}
    assert (told("minutes_due"), told("minutes_late")) == ({"企市员"}, set())
    assert sweep(may(28, 18)) == {}
    assert sweep(may(28, 18, 1)) == {"minutes": 1}
    assert told("minutes_late") == {"企市员", "钱企市"}
    assert sweep(may(29, 18)) == {}


def test_minutes_that_wait_for_the_chair_are_the_chairs(cast: Cast, held: Make) -> None:
    meeting = held()
    meetings.write_minutes(meeting, by=cast.market_officer, body="<p>纪要</p>", at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)

    sweep(may(27))

    assert told("minutes_due") == {"钱企市"}


def test_sent_minutes_are_not_chased(action: Action) -> None:
    assert sweep(may(27)) == {}


def test_an_action_is_reminded_of_on_its_day(action: Action) -> None:
    assert sweep(may(28, 8, 59)) == {}

    assert sweep(may(28, 9)) == {"actions_due": 1}

    assert told("action_due") == {"李代理"}


def test_a_late_action_goes_up_the_ladder(cast: Cast, action: Action) -> None:
    meeting_sweep.sweep(may(28, 9))
    assert sweep(may(28, 18)) == {}  # due itself is in time

    assert sweep(may(28, 18, 1)) == {"actions_late": 1}
    action.refresh_from_db()
    assert (action.level, action.missed_at) == (1, may(28, 18))
    assert told("action_late") == {"李代理", "钱企市"}  # he is the head himself: his superior
    assert told("action_late_above") == set()
    assert sweep(datetime.fromisoformat("2026-06-01T18:00+08:00")) == {}

    assert sweep(datetime.fromisoformat("2026-06-01T18:01+08:00")) == {"actions_late": 1}
    assert told("action_late_above") == {"钱企市"}
    assert AuditEntry.objects.filter(action="meeting.action_late").count() == 2
    assert Meeting.objects.visible_to(cast.market_head).exists()


def test_after_downtime_it_is_told_once_at_its_height(action: Action) -> None:
    late = datetime.fromisoformat("2026-06-10T10:00+08:00")

    assert sweep(late) == {"actions_late": 1}

    action.refresh_from_db()
    assert (action.level, Alert.objects.filter(kind="meeting-action_late").count()) == (2, 2)
    assert told("action_late_above") == {"钱企市"}


def test_a_moved_action_is_chased_anew(cast: Cast, action: Action) -> None:
    sweep(may(28, 18, 1))
    meetings.move_action(action, by=cast.market_head, day=date(2026, 6, 2), reason="等设备", at=may(29))

    assert sweep(may(29, 19)) == {}
    assert sweep(datetime.fromisoformat("2026-06-02T09:00+08:00")) == {"actions_due": 1}
    assert sweep(datetime.fromisoformat("2026-06-02T18:01+08:00")) == {"actions_late": 1}
    assert Alert.objects.filter(kind="meeting-action_late", user=cast.ludong_head).count() == 2


def test_what_is_done_is_not_chased(cast: Cast, action: Action) -> None:
    meetings.finish_action(action, by=cast.ludong_head, text="已盘点", at=may(25))

    assert sweep(may(28, 9)) == {}
    assert sweep(may(29)) == {}


def test_a_crash_in_the_middle_leaves_nothing_behind(
    cast: Cast, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: Callable[..., Any] = meeting_notify.tell

    def dies(*values: Any, **more: Any) -> Any:
        whole(*values, **more)
        raise ConnectionError

    monkeypatch.setattr(meeting_notify, "tell", dies)
    assert meeting_sweep.sweep(may(20, 9)) == {}  # logged, and the others went on
    assert (told("attend_reminder"), of(meeting, cast.ludong_head).reminded_at) == (set(), None)
    monkeypatch.setattr(meeting_notify, "tell", whole)

    assert sweep(may(20, 9)) == {"answers": 1, "reminders": 1}
    assert told("attend_reminder") == {"李代理", "张代理", "钱企市", "企市员"}
