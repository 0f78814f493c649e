"""He comes, sends a deputy, or cannot."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.access import Refused
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry
from notices.models import Meeting
from notices.workflow import meetings
from tests.notices.meetings.conftest import ENDS, Make, may, of
from tests.notices.meetings.test_calling import told
from tests.people import Cast


def test_he_comes(cast: Cast, meeting: Meeting) -> None:
    row = meetings.reply(meeting, by=cast.ludong_head, answer="attend", reason="无需原因", at=may(12))

    assert (row.reply, row.replied_at, row.reason) == ("attend", may(12), "")
    assert told("replied") == set()
    assert AuditEntry.objects.get(action="meeting.replied").data["answer"] == "attend"


def test_he_declines_with_a_reason_and_the_caller_knows(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(Invalid, match="reason"):
        meetings.reply(meeting, by=cast.ludong_head, answer="decline", at=may(12))

    row = meetings.reply(meeting, by=cast.ludong_head, answer="decline", reason="出差", at=may(12))

    assert (row.reply, row.reason) == ("decline", "出差")
    assert told("replied") == {"企市员"}


def test_his_deputy_is_invited_and_sees_it(cast: Cast, meeting: Meeting) -> None:
    row = meetings.reply(meeting, by=cast.ludong_head, answer="deputy", deputy=cast.ludong_officer, at=may(12))

    assert (row.deputy, told("deputy"), told("replied")) == (cast.ludong_officer, {"代理信息员"}, {"企市员"})
    assert Meeting.objects.visible_to(cast.ludong_officer).get() == meeting
    row = meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(13))
    assert (row.deputy, told("deputy_ended")) == (None, {"代理信息员"})
    assert not Meeting.objects.visible_to(cast.ludong_officer).exists()


def test_a_deputy_without_account_is_a_name(cast: Cast, meeting: Meeting) -> None:
    row = meetings.reply(meeting, by=cast.ludong_head, answer="deputy", deputy_name=" 小李 ", at=may(12))

    assert (row.deputy, row.deputy_name) == (None, "小李")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("answer", {"answer": "none"}),
        ("deputy", {"answer": "deputy"}),
        ("deputy", {"answer": "deputy", "deputy": "ludong_head"}),
        ("deputy", {"answer": "deputy", "deputy": "chuannan_officer"}),
    ],
)
def test_it_refuses(cast: Cast, meeting: Meeting, field: str, values: dict[str, Any]) -> None:
    values = values | ({"deputy": cast.people[values["deputy"]]} if "deputy" in values else {})

    with pytest.raises(Invalid) as refused:
        meetings.reply(meeting, by=cast.ludong_head, at=may(12), **values)

    assert (refused.value.field, of(meeting, cast.ludong_head).reply) == (field, "none")


def test_a_deputy_who_comes_himself_is_refused(cast: Cast, meeting: Meeting) -> None:
    meetings.invite_more(meeting, by=cast.market_officer, people=[cast.ludong_officer], at=may(12))

    with pytest.raises(Invalid, match="deputy"):
        meetings.reply(meeting, by=cast.ludong_head, answer="deputy", deputy=cast.ludong_officer, at=may(12))


def test_others_do_not_answer(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(Refused):
        meetings.reply(meeting, by=cast.ludong_officer, answer="attend", at=may(12))


def test_nobody_answers_when_it_is_over(cast: Cast, called: Make) -> None:
    with pytest.raises(WrongState):
        meetings.reply(called(), by=cast.ludong_head, answer="attend", at=ENDS)
