"""Who decides has read what he decides: sent anew meanwhile, the page comes again with what changed, and what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from notices.models import AgendaItem, Meeting, Minutes
from notices.workflow import meetings
from notices.workflow.meetings import AgendaRow
from tests.notices.meetings.conftest import AFTER, CALLED_AT, Make, may
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast


def seen_on(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found is not None
    return found[1]


@pytest.fixture
def pending(cast: Cast, drafted: Make) -> Meeting:
    return meetings.send(drafted(agenda=[AgendaRow("库存")]), by=cast.market_officer, at=CALLED_AT)


def sent_anew(cast: Cast, meeting: Meeting) -> None:
    meetings.recall(meeting, by=cast.market_officer, at=CALLED_AT)
    said = {"place": "十号会议室", "agenda": [AgendaRow("人事")]}
    meetings.edit(meeting, by=cast.market_officer, at=CALLED_AT, **said)  # type: ignore[arg-type]
    meetings.send(meeting, by=cast.market_officer, at=CALLED_AT)


def test_it_is_not_approved_as_it_was_read(cast: Cast, window: Window, pending: Meeting) -> None:
    browser, address = window(cast.market_head), f"/meetings/{pending.pk}/approve/"
    seen = seen_on(browser.get(f"/meetings/{pending.pk}/").content.decode())
    sent_anew(cast, pending)

    answer = browser.post(address, {"seen": seen})

    page = answer.content.decode()
    pending.refresh_from_db()
    assert (answer.status_code, pending.state) == (409, Meeting.State.PENDING)
    assert [words for words in ("一号会议室", "十号会议室", "库存", "人事") if words not in page] == []
    assert browser.post(address, {"seen": seen_on(page)}).status_code == 302
    pending.refresh_from_db()
    assert pending.state == Meeting.State.CALLED


def test_it_is_not_given_back_for_what_it_was_and_the_remark_stays(
    cast: Cast, window: Window, pending: Meeting
) -> None:
    browser, address = window(cast.market_head), f"/meetings/{pending.pk}/give-back/"
    seen = seen_on(browser.get(address).content.decode())
    sent_anew(cast, pending)

    answer = browser.post(address, {"seen": seen, "text": "请换到一号楼"})

    assert answer.status_code == 409
    assert "请换到一号楼" in answer.content.decode()
    assert browser.post(address, {"seen": seen_on(answer.content.decode()), "text": "请换到一号楼"}).status_code == 302


def test_as_it_was_read_it_is_approved(cast: Cast, window: Window, pending: Meeting) -> None:
    browser = window(cast.market_head)
    seen = seen_on(browser.get(f"/meetings/{pending.pk}/").content.decode())

    assert browser.post(f"/meetings/{pending.pk}/approve/", {"seen": seen}).status_code == 302


@pytest.mark.parametrize("seen", ["0", "99999999999999999999", "' OR 1=1", "x" * 40])
def test_a_sending_that_there_is_not_approves_nothing(cast: Cast, window: Window, pending: Meeting, seen: str) -> None:
    answer = window(cast.market_head).post(f"/meetings/{pending.pk}/approve/", {"seen": seen})

    assert answer.status_code == 409


def test_the_second_time_the_page_shows_what_changed(cast: Cast, window: Window, pending: Meeting) -> None:
    browser, address = window(cast.market_head), f"/meetings/{pending.pk}/"
    assert "一号会议室</del>" not in browser.get(address).content.decode()

    sent_anew(cast, pending)

    assert "一号会议室</del>" in browser.get(address).content.decode()
    assert AgendaItem.objects.get().topic == "人事"


def test_minutes_that_came_anew_are_read_again(cast: Cast, window: Window, recorded: Callable[..., Meeting]) -> None:
    meeting = recorded("pending")
    browser, address = window(cast.market_head, AFTER), f"/meetings/{meeting.pk}/approve-minutes/"
    seen = seen_on(browser.get(address).content.decode())
    meetings.return_minutes(meeting, by=cast.market_head, text="改", at=AFTER)
    meetings.write_minutes(meeting, by=cast.market_officer, body="<p>另一份</p>", at=may(22))
    meetings.submit_minutes(meeting, by=cast.market_officer, at=may(22))

    answer = browser.post(address, {"seen": seen})

    assert answer.status_code == 409
    assert Minutes.objects.get().state == Minutes.State.PENDING
    assert browser.post(address, {"seen": seen_on(answer.content.decode())}).status_code == 302
