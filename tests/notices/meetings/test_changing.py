"""Another time or place, more or fewer people, another chair, cancelled."""

from __future__ import annotations

import pytest

from accounts.access import Refused
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from notices.models import Invitation, Meeting
from notices.workflow import meetings
from notices.workflow.meetings import AgendaRow
from tests.notices.meetings.conftest import AFTER, CALLED_AT, Make, may, of
from tests.notices.meetings.test_calling import told
from tests.people import Cast


def test_another_time_asks_everybody_again(cast: Cast, meeting: Meeting) -> None:
    meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(12))
    meetings.reply(meeting, by=cast.chuannan_head, answer="deputy", deputy=cast.chuannan_officer, at=may(12))

    meeting = meetings.change(
        meeting, by=cast.market_officer, reason="场地冲突", starts_at=may(22, 9), ends_at=may(22, 11), at=may(13)
    )

    assert (meeting.sequence, meeting.moved_reason, meeting.answer_by) == (1, "场地冲突", may(21, 18))
    assert (of(meeting, cast.ludong_head).reply, of(meeting, cast.market_officer).reply) == ("none", "attend")
    assert of(meeting, cast.chuannan_head).deputy is None
    assert told("changed") == {"李代理", "张代理", "钱企市"}
    assert told("deputy_ended") == {"川南信息员"}
    alert = Alert.objects.get(kind="meeting-changed", user=cast.ludong_head)
    assert alert.data["changed"] == ["starts_at", "ends_at"]
    assert AuditEntry.objects.get(action="meeting.changed").data["reason"] == "场地冲突"


def test_another_place_keeps_the_answers(cast: Cast, meeting: Meeting) -> None:
    meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(12))

    meeting = meetings.change(meeting, by=cast.market_head, reason="场地冲突", place="二号会议室", at=may(13))

    assert (meeting.place, meeting.sequence, of(meeting, cast.ludong_head).reply) == ("二号会议室", 1, "attend")


def test_a_new_agenda_needs_no_reason(cast: Cast, meeting: Meeting) -> None:
    meeting = meetings.change(meeting, by=cast.market_officer, agenda=[AgendaRow("新题")], at=may(13))

    assert told("changed") == {"李代理", "张代理", "钱企市"}
    assert (meeting.sequence, meeting.moved_reason) == (1, "")


def test_a_new_place_or_time_needs_a_reason(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(Invalid, match="reason"):
        meetings.change(meeting, by=cast.market_officer, place="二号会议室", at=may(13))

    meeting.refresh_from_db()
    assert (meeting.place, meeting.sequence) == ("一号会议室", 0)


def test_it_is_not_moved_into_the_night_or_the_past(cast: Cast, meeting: Meeting) -> None:
    for starts, ends, field in ((may(22, 20), may(22, 21), "off_hours_reason"), (may(12, 9), may(12, 10), "starts_at")):
        with pytest.raises(Invalid, match=field):
            meetings.change(meeting, by=cast.market_officer, reason="x", starts_at=starts, ends_at=ends, at=may(13))


def test_nothing_changed_tells_nobody(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(Invalid):
        meetings.change(meeting, by=cast.market_officer, place="一号会议室", at=may(13))

    assert told("changed") == set()


def test_those_invited_do_not_change_it(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(Refused):
        meetings.change(meeting, by=cast.ludong_head, reason="x", place="鲁东", at=may(13))
    with pytest.raises(Refused):
        meetings.cancel(meeting, by=cast.ludong_head, reason="x", at=may(13))


def test_mails_about_the_old_time_are_not_sent_any_more(cast: Cast, called: Make) -> None:
    meeting = called(at=may(11, 20))  # they wait for the morning

    meetings.change(
        meeting, by=cast.market_officer, reason="x", starts_at=may(22, 9), ends_at=may(22, 11), at=may(11, 21)
    )

    mails = OutboxMessage.objects.filter(kind="meeting-invitation", user=cast.ludong_head)
    assert dict(mails.values_list("data__event", "state")) == {
        "meeting-invited": "cancelled",
        "meeting-changed": "waiting",
    }


def test_it_is_cancelled_and_everybody_knows(cast: Cast, meeting: Meeting) -> None:
    meetings.reply(meeting, by=cast.chuannan_head, answer="deputy", deputy=cast.chuannan_officer, at=may(12))

    meeting = meetings.cancel(meeting, by=cast.market_officer, reason="改为书面", at=may(13))

    assert (meeting.state, meeting.cancellation, meeting.sequence) == ("cancelled", "改为书面", 1)
    assert told("cancelled") == {"李代理", "张代理", "川南信息员", "钱企市"}
    with pytest.raises(WrongState):
        meetings.cancel(meeting, by=cast.market_officer, reason="x", at=may(13))
    with pytest.raises(WrongState):
        meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(13))


def test_a_draft_ends_in_silence(cast: Cast, drafted: Make) -> None:
    assert meetings.cancel(drafted(), by=cast.market_officer, reason="不开了", at=CALLED_AT).state == "cancelled"

    assert told("cancelled") == set()


def test_it_needs_a_reason_to_be_cancelled(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(Invalid, match="reason"):
        meetings.cancel(meeting, by=cast.market_officer, reason=" ", at=may(13))


def test_others_are_invited_later(cast: Cast, meeting: Meeting) -> None:
    new = meetings.invite_more(meeting, by=cast.market_officer, people=[cast.gov_head, cast.ludong_head], at=may(13))

    assert [(row.user, row.required, row.reminded_at) for row in new] == [(cast.gov_head, False, None)]
    assert "孙政市" in told("invited")
    with pytest.raises(Invalid, match="people"):
        meetings.invite_more(meeting, by=cast.market_officer, people=[cast.gov_head], at=may(13))


def test_one_is_taken_off_and_comes_back(cast: Cast, meeting: Meeting) -> None:
    meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(12))
    row = of(meeting, cast.ludong_head)

    meetings.drop_invitee(row, by=cast.market_officer, reason="名额", at=may(13))

    assert told("uninvited") == {"李代理"}
    assert not Meeting.objects.visible_to(cast.ludong_head).exists()
    with pytest.raises(WrongState):
        meetings.drop_invitee(row, by=cast.market_officer, at=may(13))
    with pytest.raises(Refused):
        meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(13))
    (back,) = meetings.invite_more(meeting, by=cast.market_officer, people=[cast.ludong_head], at=may(14))
    assert (back.pk, back.dropped_at, back.reply) == (row.pk, None, "none")


def test_the_chair_cannot_be_taken_off(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(Invalid):
        meetings.drop_invitee(of(meeting, cast.market_head), by=cast.market_officer, at=may(13))


def test_another_chairs(cast: Cast, meeting: Meeting) -> None:
    meeting = meetings.appoint(meeting, by=cast.market_officer, chair=cast.center_head, at=may(13))

    assert meeting.chair == cast.center_head
    assert Invitation.objects.filter(meeting=meeting, user=cast.center_head).exists()
    assert (told("appointed"), "郑中心" in told("invited")) == ({"郑中心"}, True)
    with pytest.raises(Invalid, match="recorder"):
        meetings.appoint(meeting, by=cast.market_officer, recorder=cast.center_head, at=may(13))


def test_who_wrote_the_minutes_does_not_become_chair(cast: Cast, held: Make) -> None:
    meeting = held()
    meetings.write_minutes(meeting, by=cast.market_officer, body="<p>纪要</p>", at=AFTER)

    with pytest.raises(Invalid, match="chair"):
        meetings.appoint(meeting, by=cast.market_head, chair=cast.market_officer, recorder=cast.market_head, at=AFTER)
