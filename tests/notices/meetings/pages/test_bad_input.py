"""What cannot be is an error that says what to do, with everything typed still there; and nothing is done."""

from __future__ import annotations

from typing import Any

import pytest

from channelportal.core.errors import Invalid
from channelportal.core.models import Alert
from notices.audience import Audience
from notices.models import Invitation, Meeting, MeetingKind
from notices.workflow import meetings
from tests.notices.meetings.conftest import AFTER, CALLED_AT, ENDS, STARTS, Make, may
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast


def test_naming_nobody_names_nobody(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.market_officer).post(f"/meetings/{meeting.pk}/appoint/", {})

    assert answer.status_code == 422
    assert "请指定另一位主持人" in answer.content.decode()
    assert not Alert.objects.filter(kind="meeting-appointed").exists()


def test_naming_who_is_named_already_is_no_change(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(Invalid, match="chair"):
        meetings.appoint(
            meeting, by=cast.market_officer, chair=cast.market_head, recorder=cast.market_officer, at=may(12)
        )


def test_one_who_is_not_there_keeps_what_was_typed(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.market_officer).post(
        f"/meetings/{meeting.pk}/appoint/", {"chair_text": "无此人", "chair_id": ""}
    )

    assert answer.status_code == 422
    assert "无此人" in answer.content.decode()


def test_changing_nothing_is_an_error_of_the_form(cast: Cast, window: Window, meeting: Meeting) -> None:
    same = {
        "title": meeting.title, "starts_at": f"{STARTS:%Y-%m-%dT%H:%M}", "ends_at": f"{ENDS:%Y-%m-%dT%H:%M}", "mode": "place",
        "place": meeting.place, "reason": "没有理由的理由",
    }  # fmt: skip

    answer = window(cast.market_officer).post(f"/meetings/{meeting.pk}/change/", same)

    assert answer.status_code == 422
    assert "没有理由的理由" in answer.content.decode()
    meeting.refresh_from_db()
    assert meeting.sequence == 0


@pytest.mark.parametrize("people", [[], ["kefu_head"]])
def test_nobody_is_invited_to_a_meeting_by_an_empty_choice(cast: Cast, meeting: Meeting, people: list[str]) -> None:
    chosen = [cast.people[key] for key in people]
    for one in chosen:
        one.is_active = False

    with pytest.raises(Invalid, match="people"):
        meetings.invite_more(meeting, by=cast.market_officer, people=chosen, at=may(12))


@pytest.fixture
def of_a_channel(cast: Cast, called: Make) -> Meeting:
    near = Audience(units=(cast.ludong.pk,), people=(cast.dev_head.pk,))
    said: dict[str, Any] = {"by": cast.ludong_head, "chair": cast.ludong_officer, "audience": near}
    meeting = called(**said)
    if meeting.state == Meeting.State.PENDING:
        meeting = meetings.approve(meeting, by=cast.ludong_deputy, at=CALLED_AT)
    return meeting


def test_a_channel_invites_no_other_channel_later_either(cast: Cast, of_a_channel: Meeting) -> None:
    with pytest.raises(Invalid, match="audience"):
        meetings.invite_more(of_a_channel, by=cast.ludong_head, people=[cast.chuannan_head], at=may(12))
    with pytest.raises(Invalid, match="audience"):
        meetings.appoint(of_a_channel, by=cast.ludong_head, recorder=cast.chuannan_head, at=may(12))

    assert not Invitation.objects.filter(user=cast.chuannan_head).exists()


def test_nor_has_it_one_of_another_in_the_chair(cast: Cast, drafted: Make) -> None:
    near = Audience(units=(cast.ludong.pk,))
    meeting = drafted(by=cast.ludong_officer, chair=cast.chuannan_head, audience=near)

    with pytest.raises(Invalid, match="audience"):
        meetings.send(meeting, by=cast.ludong_officer, at=CALLED_AT)


@pytest.mark.parametrize(("began", "ended"), [("0001-01-02T10:00", "0001-01-02T11:00"), ("2026-05-10T10:00", "2026-05-21T16:00"),
                                              ("2026-05-01T10:00", "2026-05-01T11:00")])  # fmt: skip
def test_it_did_not_take_place_at_quite_another_time(
    cast: Cast, window: Window, meeting: Meeting, began: str, ended: str
) -> None:
    rows = {f"person_{row.pk}": "present" for row in Invitation.objects.all()}

    answer = window(cast.market_officer, AFTER).post(
        f"/meetings/{meeting.pk}/hold/", rows | {"began_at": began, "ended_at": ended}
    )

    assert answer.status_code == 422
    meeting.refresh_from_db()
    assert meeting.state == Meeting.State.CALLED


def test_an_empty_kind_says_what_is_missing(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.qifa_head).post(f"/meetings/kinds/{meeting.kind_id}/", {})

    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    assert MeetingKind.objects.get(pk=meeting.kind_id).name_zh


def test_a_draft_that_cannot_be_sent_leads_to_its_form(cast: Cast, window: Window, drafted: Make) -> None:
    meeting = drafted(place="")

    answer = window(cast.market_officer).post(f"/meetings/{meeting.pk}/send/")

    assert answer.status_code == 422
    assert f'href="/meetings/{meeting.pk}/edit/"' in answer.content.decode()
