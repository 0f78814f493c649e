"""Papers, minutes, the people and the calendar file: whose they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notices.models import Meeting
from notices.workflow import meetings
from tests.notices.meetings.conftest import AFTER, CALLED_AT, Make, of
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("ludong_head", 200), ("market_head", 200), ("market_officer", 200), ("qifa_member", 200),
        ("ludong_member", 404), ("market_member", 404), ("hr_head", 404), ("office_head", 404), ("shenyang_head", 404),
    ],
)  # fmt: skip
def test_papers_and_calendar_are_for_those_invited(
    cast: Cast, window: Window, full: Meeting, key: str, status: int
) -> None:
    browser, paper = window(cast.people[key]), full.papers.get()

    assert browser.get(f"/meetings/{full.pk}/files/{paper.file_id}/").status_code == status
    assert browser.get(f"/meetings/{full.pk}/invitation.ics").status_code == status
    assert browser.get(f"/meetings/{full.pk}/").status_code == status


def test_a_paper_is_not_had_by_another_meetings_address(
    cast: Cast, window: Window, full: Meeting, called: Make
) -> None:
    other = called(title="另一个会", place="二号会议室")

    answer = window(cast.ludong_head).get(f"/meetings/{other.pk}/files/{full.papers.get().file_id}/")

    assert answer.status_code == 404


def test_the_paper_is_what_was_uploaded(cast: Cast, window: Window, full: Meeting) -> None:
    answer = window(cast.ludong_head).get(f"/meetings/{full.pk}/files/{full.papers.get().file_id}/")

    assert b"".join(answer.streaming_content).decode() == "保密的数字"  # type: ignore[arg-type]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_who_is_off_the_list_has_no_paper(cast: Cast, window: Window, full: Meeting) -> None:
    meetings.drop_invitee(of(full, cast.ludong_head), by=cast.market_officer, reason="", at=AFTER)

    answer = window(cast.ludong_head).get(f"/meetings/{full.pk}/files/{full.papers.get().file_id}/")

    assert answer.status_code == 404


@pytest.fixture
def assigned(cast: Cast, full: Meeting) -> Meeting:
    """企市员工 was not invited and is no officer of the unit that called it, but owns an action."""
    meetings.hold(full, by=cast.market_officer, at=AFTER)
    row = meetings.ActionRow("整理台账", cast.market_member, AFTER.date().replace(day=28))
    other = meetings.ActionRow("给各家打电话", cast.ludong_head, AFTER.date().replace(day=28))
    meetings.write_minutes(full, by=cast.market_officer, body="<p>内部结论</p>", actions=[row, other], at=AFTER)
    meetings.submit_minutes(full, by=cast.market_officer, at=AFTER)
    meetings.approve_minutes(full, by=cast.market_head, at=AFTER)
    return full


def test_who_only_has_something_to_do_sees_that_and_no_more(cast: Cast, window: Window, assigned: Meeting) -> None:
    browser = window(cast.market_member, AFTER)

    page = browser.get(f"/meetings/{assigned.pk}/").content.decode()

    assert "整理台账" in page
    assert not [words for words in ("给各家打电话", "内部结论", "带上库存表", "议题材料", "李代理") if words in page]
    assert browser.get(f"/meetings/{assigned.pk}/files/{assigned.papers.get().file_id}/").status_code == 404
    assert browser.get(f"/meetings/{assigned.pk}/invitation.ics").status_code == 404


def test_minutes_sent_are_read_by_all_invited(cast: Cast, window: Window, assigned: Meeting) -> None:
    page = window(cast.chuannan_head, AFTER).get(f"/meetings/{assigned.pk}/").content.decode()

    assert "内部结论" in page
    assert "给各家打电话" in page


@pytest.mark.parametrize("state", ["draft", "pending"])
@pytest.mark.parametrize(("key", "reads"), [("market_officer", True), ("ludong_head", False), ("qifa_head", False)])
def test_minutes_are_not_read_before_they_are_sent(  # noqa: PLR0917
    cast: Cast, window: Window, recorded: Callable[..., Meeting], state: str, key: str, reads: bool
) -> None:
    meeting = recorded(state)

    page = window(cast.people[key], AFTER).get(f"/meetings/{meeting.pk}/").content.decode()

    assert ("一致同意" in page) is reads
    assert ("报库存" in page) is reads


def test_reasons_of_those_who_cannot_come_are_the_organisers(cast: Cast, window: Window, meeting: Meeting) -> None:
    meetings.reply(meeting, by=cast.chuannan_head, answer="decline", reason="家中有事", at=meeting.invited_at)
    address = f"/meetings/{meeting.pk}/"

    assert "家中有事" in window(cast.market_officer).get(address).content.decode()
    assert "家中有事" not in window(cast.ludong_head).get(address).content.decode()


def test_the_calendar_file_says_what_and_when(cast: Cast, window: Window, full: Meeting) -> None:
    answer = window(cast.ludong_head).get(f"/meetings/{full.pk}/invitation.ics")

    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/calendar; charset=utf-8")
    assert answer["Content-Disposition"] == f'attachment; filename="{full.number}.ics"'
    assert "BEGIN:VEVENT" in text
    assert "METHOD:PUBLISH" in text
    assert "SUMMARY:" in text


def test_the_head_sees_whom_the_call_reaches_and_who_is_taken(
    cast: Cast, window: Window, called: Make, drafted: Make
) -> None:
    called(title="先定的会")
    draft = meetings.send(drafted(title="后定的会", place="二号会议室"), by=cast.market_officer, at=CALLED_AT)

    answer = window(cast.market_head).get(f"/meetings/{draft.pk}/")

    page = answer.content.decode()
    assert answer.context["outlook"].people == 2
    assert "先定的会" in page
    assert "时间冲突" in page


def test_who_owes_an_action_finds_it_in_front(cast: Cast, window: Window, assigned: Meeting) -> None:
    answer = window(cast.ludong_head, AFTER).get(f"/meetings/{assigned.pk}/")

    assert [action.task for action in answer.context["owed"]] == ["给各家打电话"]
