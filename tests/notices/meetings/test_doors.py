"""Who sees a meeting, and finds it."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.access import Refused, scope
from channelportal.core import search
from notices import meeting_desk
from notices.models import Action, Meeting
from notices.workflow import meetings
from notices.workflow.meetings import ActionRow
from tests.notices.meetings.conftest import AFTER, CALLED_AT, Make, may, of
from tests.people import Cast


def seeing(cast: Cast) -> set[str]:
    return {key for key, user in cast.people.items() if Meeting.objects.visible_to(user).exists()}


UNIT = {"market_head", "market_officer"}


def test_a_draft_is_the_units(cast: Cast, drafted: Make) -> None:
    drafted(chair=cast.center_head)

    assert seeing(cast) == UNIT


def test_in_approval_the_chair_sees_it_too(cast: Cast, drafted: Make) -> None:
    meetings.send(drafted(chair=cast.center_head), by=cast.market_officer, at=CALLED_AT)

    assert seeing(cast) == UNIT | {"center_head"}


def test_called_it_is_open_to_those_invited_and_the_supervisors(cast: Cast, meeting: Meeting) -> None:
    supervisors = {"qifa_head", "qifa_officer", "qifa_member"}

    assert seeing(cast) == UNIT | {"ludong_head", "chuannan_head"} | supervisors
    meetings.cancel(meeting, by=cast.market_officer, reason="x", at=may(12))
    assert seeing(cast) == UNIT | {"ludong_head", "chuannan_head"} | supervisors


def test_the_head_of_an_owners_unit_sees_it_and_a_late_ones_superior(cast: Cast, called: Make) -> None:
    meeting = called()
    meetings.invite_more(meeting, by=cast.market_officer, people=[cast.dev_officer], at=may(12))
    meeting = meetings.hold(meeting, by=cast.market_officer, at=AFTER)
    rows = [ActionRow("改型号", cast.dev_officer, date(2026, 5, 28))]
    meetings.write_minutes(meeting, by=cast.market_officer, body="<p>纪要</p>", actions=rows, at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)
    assert not {"dev_head", "office_head"} & seeing(cast)  # only proposed

    meetings.approve_minutes(meeting, by=cast.market_head, at=may(22))

    assert {"dev_head", "office_head"} & seeing(cast) == {"dev_head"}
    Action.objects.update(level=2)
    assert {"dev_head", "office_head"} & seeing(cast) == {"dev_head", "office_head"}


def test_who_left_sees_nothing(cast: Cast, meeting: Meeting) -> None:
    cast.ludong_head.is_active = False

    assert not Meeting.objects.visible_to(cast.ludong_head).exists()


@pytest.mark.parametrize(
    ("key", "hits"), [("ludong_head", 1), ("ludong_officer", 0), ("kefu_head", 0), ("qifa_head", 1)]
)
def test_it_is_found_by_those_who_see_it(cast: Cast, meeting: Meeting, key: str, hits: int) -> None:
    found = Meeting.objects.visible_to(cast.people[key]).filter(pk__in=search.find("meeting", "五月渠道"))

    assert found.count() == hits


def test_who_changed_units_comes_for_the_new_one_only_if_asked_again(cast: Cast, meeting: Meeting) -> None:
    cast.ludong_head.unit = cast.shenyang
    cast.ludong_head.save()
    scope(cast.ludong_head).unit_id = cast.shenyang.pk  # what a new request would find

    assert "ludong_head" not in seeing(cast)
    assert meeting_desk.waiting(cast.ludong_head, may(12)) == []
    with pytest.raises(Refused):
        meetings.reply(meeting, by=cast.ludong_head, answer="attend", at=may(12))
    meetings.invite_more(meeting, by=cast.market_officer, people=[cast.ludong_head], at=may(12))
    assert of(meeting, cast.ludong_head).unit == cast.shenyang
    assert "ludong_head" in seeing(cast)


def test_taken_off_the_list_is_out_of_the_door(cast: Cast, meeting: Meeting) -> None:
    meetings.drop_invitee(of(meeting, cast.ludong_head), by=cast.market_officer, at=may(12))

    assert "ludong_head" not in seeing(cast)
