"""Drafted, sent, approved, called."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from accounts.access import Refused
from channelportal.core import search
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from notices import meeting_rights
from notices.audience import Audience
from notices.models import Invitation, Meeting
from notices.workflow import meetings
from notices.workflow.meetings import AgendaRow
from tests.notices.meetings.conftest import CALLED_AT, STARTS, Make, may
from tests.people import Cast


def told(event: str) -> set[str]:
    return set(Alert.objects.filter(kind=f"meeting-{event}").values_list("user__name", flat=True))


def test_it_is_drafted_with_a_number_and_an_agenda(cast: Cast, drafted: Make) -> None:
    rows = [AgendaRow("上月总结", 30, "钱企市"), AgendaRow("下月安排")]

    meeting = drafted(agenda=rows, purpose="  汇报月度工作\n")

    assert (meeting.state, meeting.number, meeting.unit) == ("draft", "HY-2026-0511-001", cast.market)
    assert meeting.purpose == "汇报月度工作"
    assert list(meeting.agenda.values_list("topic", "minutes", "speaker")) == [
        ("上月总结", 30, "钱企市"),
        ("下月安排", None, ""),
    ]
    assert AuditEntry.objects.get(action="meeting.drafted").object_id == str(meeting.pk)
    assert list(search.find("meeting", "上月总结")) == [meeting.pk]
    assert not Alert.objects.exists()


def test_it_is_drafted_once_by_a_key(drafted: Make) -> None:
    key = uuid4()

    assert drafted(key=key) == drafted(key=key, title="别的")

    assert Meeting.objects.count() == 1


def test_it_is_not_called_by_employees(cast: Cast, drafted: Make) -> None:
    with pytest.raises(Refused):
        drafted(by=cast.market_member)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("title", {"title": " \u200b"}),
        ("ends_at", {"ends_at": STARTS}),
        ("link", {"link": "javascript:alert(1)"}),
        ("mode", {"mode": "dream"}),
        ("agenda", {"agenda": [AgendaRow("题", 0)]}),
    ],
)
def test_it_refuses_what_no_draft_may_say(drafted: Make, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        drafted(**values)

    assert refused.value.field == field
    assert not Meeting.objects.exists()


def test_it_needs_another_recorder_where_the_caller_chairs(cast: Cast, drafted: Make) -> None:
    with pytest.raises(Invalid, match="recorder"):
        drafted(by=cast.market_head)

    assert drafted(by=cast.market_head, recorder=cast.market_officer).recorder == cast.market_officer


def test_it_is_edited_while_a_draft(cast: Cast, drafted: Make) -> None:
    meeting = drafted(agenda=[AgendaRow("旧题")])

    meeting = meetings.edit(meeting, by=cast.market_officer, title="改题", agenda=[AgendaRow("新题")], at=CALLED_AT)

    assert (meeting.title, meeting.place) == ("改题", "一号会议室")
    assert list(meeting.agenda.values_list("topic", flat=True)) == ["新题"]
    assert list(search.find("meeting", "新题")) == [meeting.pk]
    assert list(search.find("meeting", "旧题")) == []


def test_it_is_edited_by_the_unit_alone(cast: Cast, drafted: Make) -> None:
    with pytest.raises(Refused):
        meetings.edit(drafted(), by=cast.gov_officer, title="x", at=CALLED_AT)


def test_an_officers_call_waits_for_the_head(cast: Cast, drafted: Make) -> None:
    meeting = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)

    assert meeting.state == "pending"
    assert told("to_approve") == {"钱企市"}
    assert not Invitation.objects.exists()
    assert AuditEntry.objects.filter(action="meeting.sent").count() == 1
    with pytest.raises(Refused):
        meetings.approve(meeting, by=cast.market_officer, at=CALLED_AT)
    with pytest.raises(WrongState):
        meetings.edit(meeting, by=cast.market_officer, title="x", at=CALLED_AT)


def test_the_head_gives_it_back_with_a_remark(cast: Cast, drafted: Make) -> None:
    meeting = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)

    meeting = meetings.give_back(meeting, by=cast.market_head, text="换个时间", at=CALLED_AT)

    assert (meeting.state, meeting.answer_text) == ("draft", "换个时间")
    assert told("given_back") == {"企市员"}
    with pytest.raises(WrongState):
        meetings.give_back(meeting, by=cast.market_head, text="再换", at=CALLED_AT)


def test_it_is_taken_back_by_its_unit(cast: Cast, drafted: Make) -> None:
    meeting = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)

    assert meetings.recall(meeting, by=cast.market_officer, at=CALLED_AT).state == "draft"
    assert not OutboxMessage.objects.filter(kind="meeting-news", state="waiting").exists()


def test_approval_invites_everybody(cast: Cast, drafted: Make) -> None:
    meeting = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)

    meeting = meetings.approve(meeting, by=cast.market_head, at=CALLED_AT)

    assert (meeting.state, meeting.approved_by, meeting.invited_at) == ("called", cast.market_head, CALLED_AT)
    assert meeting.answer_by == may(20, 18)
    replies = dict(Invitation.objects.filter(meeting=meeting).values_list("user__name", "reply"))
    assert replies == {"李代理": "none", "张代理": "none", "钱企市": "none", "企市员": "attend"}
    assert told("invited") == {"李代理", "张代理", "企市员"}  # the head knows what he approved
    assert told("approved") == {"企市员"}
    mail = OutboxMessage.objects.get(kind="meeting-invitation", user=cast.ludong_head)
    assert mail.data["attachments"][0]["name"] == "invitation.ics"


def test_a_heads_own_goes_out_at_once(cast: Cast, drafted: Make) -> None:
    meeting = drafted(by=cast.market_head, recorder=cast.market_officer)

    meeting = meetings.send(meeting, by=cast.market_head, at=CALLED_AT)

    assert (meeting.state, meeting.approved_by) == ("called", None)


def test_a_heads_own_is_approved_where_the_unit_wants_it_so(cast: Cast, drafted: Make) -> None:
    cast.kefu.heads_need_approval = True
    cast.kefu.save()
    meeting = drafted(by=cast.kefu_head, chair=cast.kefu_deputy)

    meeting = meetings.send(meeting, by=cast.kefu_head, at=CALLED_AT)

    assert (meeting.state, told("to_approve")) == ("pending", {"客服副"})
    assert "approve" in meeting_rights.possible(meeting, cast.kefu_deputy, CALLED_AT)
    assert meetings.approve(meeting, by=cast.kefu_deputy, at=CALLED_AT).state == "called"


def test_a_deputy_does_not_approve_while_the_head_is_there(cast: Cast, drafted: Make) -> None:
    meeting = meetings.send(drafted(by=cast.kefu_officer, chair=cast.kefu_head), by=cast.kefu_officer, at=CALLED_AT)

    with pytest.raises(Refused):
        meetings.approve(meeting, by=cast.kefu_deputy, at=CALLED_AT)


def test_an_officers_call_goes_out_at_once_where_the_unit_wants_it_so(cast: Cast, drafted: Make) -> None:
    cast.market.members_need_approval = False
    cast.market.save()

    assert meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT).state == "called"


def test_it_cannot_be_approved_twice(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(WrongState):
        meetings.approve(meeting, by=cast.market_head, at=CALLED_AT)

    assert Invitation.objects.filter(meeting=meeting).count() == 4


def test_it_cannot_be_approved_once_its_time_has_passed(cast: Cast, drafted: Make) -> None:
    meeting = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)

    with pytest.raises(WrongState):
        meetings.approve(meeting, by=cast.market_head, at=STARTS)


def test_nobody_is_left_to_approve(cast: Cast, drafted: Make) -> None:
    cast.market_head.is_active = False
    cast.market_head.save()
    meeting = drafted(chair=cast.center_head)

    with pytest.raises(WrongState):
        meetings.send(meeting, by=cast.market_officer, at=CALLED_AT)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("place", {"place": ""}),
        ("link", {"mode": "video"}),
        ("starts_at", {"starts_at": may(9, 14), "ends_at": may(9, 15)}),
        ("ends_at", {"ends_at": may(28)}),
        ("off_hours_reason", {"starts_at": may(21, 19), "ends_at": may(21, 20)}),
        ("off_hours_reason", {"starts_at": may(23, 9), "ends_at": may(23, 10)}),
        ("short_notice_reason", {"starts_at": may(13, 9), "ends_at": may(13, 10)}),
        ("answer_by", {"answer_by": may(22)}),
        ("audience", {"audience": Audience()}),
        ("audience", {"audience": Audience(units=(1,), roles=("deputy",), without=(1,))}),
    ],
)
def test_it_is_not_sent_with(cast: Cast, drafted: Make, field: str, values: dict[str, Any]) -> None:
    meeting = drafted(**values)

    with pytest.raises(Invalid) as refused:
        meetings.send(meeting, by=cast.market_officer, at=CALLED_AT)

    assert refused.value.field == field


@pytest.mark.parametrize(
    "values",
    [
        {"starts_at": may(21, 19), "ends_at": may(21, 20), "off_hours_reason": "代理商白天营业"},
        {"starts_at": may(13, 9), "ends_at": may(13, 10), "short_notice_reason": "政策周四生效"},
        {"mode": "video", "place": "", "link": "https://meet.example.com/1"},
    ],
)
def test_it_is_sent_with_a_reason(cast: Cast, called: Make, values: dict[str, Any]) -> None:
    assert called(**values).state == "called"


def test_an_urgent_meeting_may_be_tonight(cast: Cast, called: Make, kind: Any) -> None:
    meeting = called(kind=kind("urgent"), starts_at=may(11, 21), ends_at=may(11, 22))

    assert meeting.answer_by == may(11, 21)
    mail = OutboxMessage.objects.get(kind="meeting-invitation", user=cast.ludong_head)
    assert mail.next_attempt_at == CALLED_AT


def test_it_says_what_is_possible(cast: Cast, meeting: Meeting) -> None:
    possible = meeting_rights.possible

    assert possible(meeting, cast.market_officer, CALLED_AT) == {
        "change", "cancel", "invite_more", "drop_invitee", "appoint", "reply",
    }  # fmt: skip
    assert possible(meeting, cast.ludong_head, CALLED_AT) == {"reply"}
    assert possible(meeting, cast.ludong_officer, CALLED_AT) == set()
    assert {"hold", "record_attendance"} <= possible(meeting, cast.market_officer, STARTS)
