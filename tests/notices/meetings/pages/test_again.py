"""The next meeting like this one: one button, everything taken over but papers and time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from channelportal.core.models import StoredFile
from notices.models import Meeting
from notices.workflow.meetings import AgendaRow
from tests.notices.meetings.conftest import AFTER, Make
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast


def offered(browser: Client, meeting: Meeting) -> str:
    return browser.get(f"/meetings/new/?like={meeting.pk}").content.decode()


def test_it_takes_over_what_stays_the_same(cast: Cast, window: Window, called: Make, paper: StoredFile) -> None:
    meeting = called(agenda=[AgendaRow("库存", 30, "钱企市", [paper])], purpose="带上库存表", level="internal")
    browser = window(cast.market_officer)
    assert f'/meetings/new/?like={meeting.pk}"' in browser.get(f"/meetings/{meeting.pk}/").content.decode()

    page = offered(browser, meeting)

    wanted = (
        "五月渠道工作会",
        "带上库存表",
        "库存",
        "一号会议室",
        meeting.number,
        'value="2026-06-22T14:00"',
        'value="2026-06-22T16:00"',
    )
    assert [words for words in wanted if words not in page] == []
    assert "议题材料" not in page
    assert Meeting.objects.count() == 1


def test_a_day_on_which_the_room_is_taken_is_passed_over(cast: Cast, window: Window, called: Make) -> None:
    meeting = called()
    taken = meeting.starts_at + timedelta(days=32)  # the 22nd of June
    called(title="另一个会", starts_at=taken, ends_at=taken + timedelta(hours=1))

    assert 'value="2026-06-23T14:00"' in offered(window(cast.market_officer), meeting)


def test_sent_it_is_a_meeting_of_its_own(cast: Cast, window: Window, held: Make, sheet: Make) -> None:
    first = held()

    answer = window(cast.market_officer, AFTER).post(
        f"/meetings/new/?like={first.pk}", sheet(starts_at="2026-06-22T14:00", ends_at="2026-06-22T16:00", send="1")
    )

    assert answer.status_code == 302
    assert Meeting.objects.exclude(pk=first.pk).get().state == Meeting.State.PENDING


@pytest.mark.parametrize("key", ["ludong_head", "qifa_head", "gov_officer"])
def test_others_have_no_model_in_it(cast: Cast, window: Window, meeting: Meeting, key: str) -> None:
    browser = window(cast.people[key])

    assert browser.get(f"/meetings/new/?like={meeting.pk}").status_code == 404
    assert "?like=" not in browser.get(f"/meetings/{meeting.pk}/").content.decode()


@pytest.mark.parametrize("asked", ["x", "-1", "²", "9" * 30, "0"])
def test_what_is_no_meeting_is_not_found(cast: Cast, window: Window, asked: str) -> None:
    assert window(cast.market_officer).get("/meetings/new/", {"like": asked}).status_code == 404


def test_a_draft_is_no_model(cast: Cast, window: Window, drafted: Make) -> None:
    assert window(cast.market_officer).get(f"/meetings/new/?like={drafted().pk}").status_code == 404
