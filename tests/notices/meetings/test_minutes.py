"""Held, minutes written, returned, approved and sent; actions in force, done, moved, dropped."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db.models import Q

from accounts.access import Refused
from channelportal.core import search
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry
from notices import meeting_rights
from notices.models import Action, Meeting, Minutes
from notices.workflow import meetings
from notices.workflow.meetings import ActionRow
from tests.notices.meetings.conftest import AFTER, STARTS, Make, may, of
from tests.notices.meetings.test_calling import told
from tests.people import Cast

BODY = "<h2>决议</h2><p>加强库存盘点</p><script>alert(1)</script>"


@pytest.fixture
def sent(cast: Cast, held: Make) -> Meeting:
    """With an action of 李代理 by Thursday the 28th."""
    meeting = held()
    rows = [ActionRow("盘点库存", cast.ludong_head, date(2026, 5, 28))]
    meetings.write_minutes(meeting, by=cast.market_officer, body=BODY, actions=rows, at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)
    meetings.approve_minutes(meeting, by=cast.market_head, at=may(22))
    return meeting


def test_it_is_held_with_attendance(cast: Cast, held: Make) -> None:
    meeting = held()

    assert (meeting.state, meeting.held_at) == ("held", AFTER)
    assert (of(meeting, cast.ludong_head).attendance, of(meeting, cast.chuannan_head).attendance) == (
        "present",
        "absent",
    )
    assert AuditEntry.objects.get(action="meeting.held").data["attendance"][str(cast.ludong_head.pk)] == "present"
    with pytest.raises(WrongState):
        meetings.hold(meeting, by=cast.market_officer, at=AFTER)


def test_it_is_not_held_before_it_began(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(WrongState):
        meetings.hold(meeting, by=cast.market_officer, at=may(21, 13))
    with pytest.raises(Invalid, match="ended_at"):
        meetings.hold(meeting, by=cast.market_officer, began_at=STARTS, ended_at=may(21, 18), at=AFTER)


def test_attendance_is_recorded_by_the_organisers_of_those_invited(cast: Cast, meeting: Meeting, called: Make) -> None:
    mine, other = of(meeting, cast.ludong_head), of(called(title="另一个"), cast.ludong_head)

    meetings.record_attendance(meeting, by=cast.market_head, attendance={mine.pk: "deputy"}, at=STARTS)

    assert of(meeting, cast.ludong_head).attendance == "deputy"
    for wrong in ({other.pk: "present"}, {mine.pk: "asleep"}):
        with pytest.raises(Invalid, match="attendance"):
            meetings.record_attendance(meeting, by=cast.market_head, attendance=wrong, at=STARTS)
    with pytest.raises(Refused):
        meetings.record_attendance(meeting, by=cast.ludong_head, attendance={mine.pk: "present"}, at=STARTS)


def test_minutes_are_cleaned_and_go_to_the_chair(cast: Cast, held: Make) -> None:
    meeting = held()

    record = meetings.write_minutes(meeting, by=cast.market_officer, body=BODY, at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)

    record.refresh_from_db()
    assert (record.state, "script" in record.body, "加强库存盘点" in record.body) == ("pending", False, True)
    assert told("minutes_to_approve") == {"钱企市"}
    with pytest.raises(WrongState):
        meetings.write_minutes(meeting, by=cast.market_officer, body=BODY, at=AFTER)
    assert list(search.find("meeting", "库存盘点")) == []  # not before they are sent


def test_the_chair_returns_them(cast: Cast, held: Make) -> None:
    meeting = held()
    meetings.write_minutes(meeting, by=cast.market_officer, body=BODY, at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)

    record = meetings.return_minutes(meeting, by=cast.market_head, text="补充议题二", at=AFTER)

    assert (record.state, told("minutes_returned")) == ("returned", {"企市员"})
    assert "submit_minutes" in meeting_rights.possible(meeting, cast.market_officer, AFTER)
    with pytest.raises(WrongState):
        meetings.approve_minutes(meeting, by=cast.market_head, at=AFTER)


def test_the_chair_does_not_write_what_he_approves(cast: Cast, held: Make) -> None:
    meeting = held()

    with pytest.raises(Refused):
        meetings.write_minutes(meeting, by=cast.market_head, body=BODY, at=AFTER)
    meetings.write_minutes(meeting, by=cast.market_officer, body=BODY, at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)
    with pytest.raises(Refused):
        meetings.approve_minutes(meeting, by=cast.market_officer, at=AFTER)


def test_nobody_writes_minutes_of_what_was_not_held(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(WrongState):
        meetings.write_minutes(meeting, by=cast.market_officer, body=BODY, at=AFTER)


def test_approved_minutes_reach_everybody_and_are_found(cast: Cast, sent: Meeting) -> None:
    assert Minutes.objects.get(meeting=sent).state == "sent"
    assert told("minutes_sent") == {"李代理", "张代理", "企市员"}
    assert told("action_assigned") == {"李代理"}
    action = Action.objects.get()
    assert (action.state, action.due_at, action.unit) == ("open", may(28, 18), cast.ludong)
    assert list(search.find("meeting", "库存盘点")) == [sent.pk]
    with pytest.raises(WrongState):
        meetings.approve_minutes(sent, by=cast.market_head, at=may(22))
    with pytest.raises(WrongState):
        meetings.record_attendance(sent, by=cast.market_head, attendance={}, at=may(22))


@pytest.mark.parametrize(
    ("owner", "day"),
    [("kefu_head", date(2026, 5, 28)), ("ludong_head", date(2026, 5, 30)), ("ludong_head", date(2026, 5, 20))],
)
def test_it_refuses_actions_of_strangers_and_on_days_off_or_past(cast: Cast, held: Make, owner: str, day: date) -> None:
    rows = [ActionRow("盘点", cast.people[owner], day)]

    with pytest.raises(Invalid, match="actions"):
        meetings.write_minutes(held(), by=cast.market_officer, body=BODY, actions=rows, at=AFTER)

    assert not Minutes.objects.exists()


def test_proposed_actions_are_replaced(cast: Cast, held: Make) -> None:
    meeting, day = held(), date(2026, 5, 28)
    for task in ("一", "二"):
        rows = [ActionRow(task, cast.ludong_head, day)]
        meetings.write_minutes(meeting, by=cast.market_officer, body=BODY, actions=rows, at=AFTER)
    meetings.write_minutes(meeting, by=cast.market_officer, body="<p>改</p>", at=AFTER)

    assert list(Action.objects.values_list("task", "state")) == [("二", "proposed")]


def test_an_action_whose_day_passed_in_approval_is_due_on_the_next(cast: Cast, held: Make) -> None:
    meeting = held()
    rows = [ActionRow("盘点", cast.ludong_head, date(2026, 5, 22))]
    meetings.write_minutes(meeting, by=cast.market_officer, body=BODY, actions=rows, at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)

    meetings.approve_minutes(meeting, by=cast.market_head, at=may(25))

    assert Action.objects.get().due_at == may(26, 18)


def test_the_owner_or_his_head_reports_it_done(cast: Cast, sent: Meeting) -> None:
    action = Action.objects.get()
    for stranger in (cast.market_officer, cast.ludong_officer, cast.chuannan_head):
        with pytest.raises(Refused):
            meetings.finish_action(action, by=stranger, text="x", at=may(25))
    with pytest.raises(Invalid, match="text"):
        meetings.finish_action(action, by=cast.ludong_head, text="", at=may(25))

    action = meetings.finish_action(action, by=cast.ludong_head, text="已盘点", at=may(25))

    assert (action.state, action.done_at, action.missed_at) == ("done", may(25), None)
    assert told("action_done") == {"钱企市"}
    with pytest.raises(WrongState):
        meetings.finish_action(action, by=cast.ludong_head, text="再次", at=may(25))


def test_it_was_late_whether_or_not_the_sweep_has_seen_it(cast: Cast, sent: Meeting) -> None:
    action = meetings.finish_action(Action.objects.get(), by=cast.ludong_head, text="已盘点", at=may(29))

    assert action.missed_at == may(28, 18)


def test_the_chair_moves_and_drops_it(cast: Cast, sent: Meeting) -> None:
    action = Action.objects.get()
    values: dict[str, Any] = {"day": date(2026, 6, 2), "reason": "等设备"}
    with pytest.raises(Refused):
        meetings.move_action(action, by=cast.ludong_head, at=may(25), **values)

    action = meetings.move_action(action, by=cast.market_head, at=may(25), **values)

    assert (action.day, action.moved, action.due_at.month) == (date(2026, 6, 2), 1, 6)
    assert told("action_moved") == {"李代理"}
    with pytest.raises(Invalid, match="day"):
        meetings.move_action(action, by=cast.market_head, at=may(25), **values)
    action = meetings.drop_action(action, by=cast.market_head, reason="不再需要", at=may(26))
    assert (action.state, told("action_dropped")) == ("dropped", {"李代理"})
    assert meeting_rights.possible_with(action, cast.market_head) == set()


def test_the_trail_tells_the_whole_story(sent: Meeting) -> None:
    rows = AuditEntry.objects.filter(Q(object_type="notices.meeting"), object_id=str(sent.pk)).order_by("pk")

    assert list(rows.values_list("action", flat=True)) == [
        "meeting.drafted", "meeting.sent", "meeting.approved", "meeting.held", "meeting.minutes_written",
        "meeting.minutes_submitted", "meeting.minutes_sent",
    ]  # fmt: skip
