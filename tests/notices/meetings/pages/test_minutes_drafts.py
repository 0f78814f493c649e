"""Minutes in the writing: kept while they are typed, never lost to a colleague who writes them too."""

from __future__ import annotations

import re
from typing import Any

import pytest

from channelportal.core.models import Draft
from notices.models import Meeting, Minutes
from notices.workflow import meetings
from tests.notices.meetings.conftest import AFTER, Make, may
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast


@pytest.fixture
def meeting(held: Make) -> Meeting:  # held, without minutes
    return held()


def typed(body: str, **more: Any) -> dict[str, Any]:
    said = {"body": f"<p>{body}</p>", "readers": "invited", "actions-TOTAL_FORMS": "1", "actions-INITIAL_FORMS": "0"}
    return said | {"actions-0-task": "", "actions-0-owner": "", "actions-0-day": ""} | more


def address(meeting: Meeting) -> str:
    return f"/meetings/{meeting.pk}/minutes/"


def test_what_is_typed_stands_there_the_next_time(cast: Cast, window: Window, meeting: Meeting) -> None:
    browser = window(cast.market_officer, AFTER)
    page = browser.get(address(meeting)).content.decode()
    kept = re.search(r'data-draft="([^"]+)"', page)
    assert kept is not None

    browser.post(kept[1], typed("写到一半", **{"actions-0-task": "报库存"}))

    again = browser.get(address(meeting))
    assert again.status_code == 200
    assert [
        words for words in ("写到一半", "报库存", "这是您上次未提交的草稿") if words not in again.content.decode()
    ] == []
    assert "invalid-feedback" not in again.content.decode()
    assert not Minutes.objects.exists()


def test_saved_it_is_forgotten(cast: Cast, window: Window, meeting: Meeting) -> None:
    browser = window(cast.market_officer, AFTER)
    browser.post(f"/drafts/meeting.minutes.{meeting.pk}/", typed("写到一半"))

    assert browser.post(address(meeting), typed("写完了", seen="")).status_code == 302

    assert not Draft.objects.exists()
    assert "写完了" in browser.get(address(meeting)).content.decode()


def test_what_one_types_is_his_alone(cast: Cast, window: Window, meeting: Meeting) -> None:
    window(cast.market_officer, AFTER).post(f"/drafts/meeting.minutes.{meeting.pk}/", typed("只给自己"))

    assert cast.market_officer.pk == Draft.objects.get().user_id
    meetings.appoint(meeting, by=cast.market_officer, recorder=cast.gov_officer, at=AFTER)
    assert "只给自己" not in window(cast.gov_officer, AFTER).get(address(meeting)).content.decode()


def test_a_colleagues_words_are_not_replaced_unread(cast: Cast, window: Window, meeting: Meeting) -> None:
    meetings.appoint(meeting, by=cast.market_officer, recorder=cast.gov_officer, at=AFTER)
    meetings.write_minutes(meeting, by=cast.gov_officer, body="<p>同事写的</p>", at=may(22))
    browser = window(cast.market_officer, may(22))

    answer = browser.post(address(meeting), typed("我写的", seen=""))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert [words for words in ("同事写的", "我写的", cast.gov_officer.name) if words not in page] == []
    assert "同事写的" in Minutes.objects.get().body
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    assert seen is not None
    assert browser.post(address(meeting), typed("合起来的", seen=seen[1])).status_code == 302
    assert "合起来的" in Minutes.objects.get().body


def test_with_the_chair_there_is_nothing_to_write(cast: Cast, window: Window, meeting: Meeting) -> None:
    meetings.write_minutes(meeting, by=cast.market_officer, body="<p>完</p>", at=AFTER)
    meetings.submit_minutes(meeting, by=cast.market_officer, at=AFTER)
    browser = window(cast.market_officer, AFTER)

    assert browser.get(address(meeting)).status_code == 409
    assert browser.post(address(meeting), typed("改")).status_code == 409


def test_an_unknown_circle_of_readers_is_an_error(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.market_officer, AFTER).post(address(meeting), typed("完", readers="world"))

    assert answer.status_code == 422
    assert not Minutes.objects.exists()
