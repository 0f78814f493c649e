"""Each verb by its page: it works, and whom and when it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from notices.models import Action, Invitation, Meeting, Minutes
from notices.workflow import meetings
from tests.notices.meetings.conftest import AFTER, CALLED_AT, Make, may, of
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast

DURING = may(12)


def test_it_answers_an_invitation(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.ludong_head).post(
        f"/meetings/{meeting.pk}/reply/", {"answer": "decline", "reason": "在外地投标"}, follow=True
    )

    row = of(meeting, cast.ludong_head)
    assert (row.reply, row.reason) == ("decline", "在外地投标")
    assert "已记录您的回复" in answer.content.decode()


def test_it_sends_a_deputy_of_the_own_unit(cast: Cast, window: Window, meeting: Meeting) -> None:
    browser, other = window(cast.ludong_head), {"answer": "deputy", "deputy": cast.chuannan_member.pk, "reason": "出差"}
    refused = browser.post(f"/meetings/{meeting.pk}/reply/", other)
    browser.post(f"/meetings/{meeting.pk}/reply/", other | {"deputy": cast.ludong_member.pk})

    assert refused.status_code == 422
    assert of(meeting, cast.ludong_head).deputy == cast.ludong_member


def test_it_keeps_the_answer_that_was_incomplete(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.ludong_head).post(f"/meetings/{meeting.pk}/reply/", {"answer": "decline", "reason": ""})

    assert answer.status_code == 422
    assert answer.context["form"]["answer"].value() == "decline"
    assert answer.context["form"].errors["reason"]
    assert of(meeting, cast.ludong_head).reply == Invitation.Reply.NONE


def test_it_goes_from_draft_to_invitations(cast: Cast, window: Window, drafted: Make) -> None:
    meeting = drafted()
    window(cast.market_officer, CALLED_AT).post(f"/meetings/{meeting.pk}/send/")
    waiting = Meeting.objects.get().state
    window(cast.market_head, CALLED_AT).post(f"/meetings/{meeting.pk}/approve/")

    assert waiting == Meeting.State.PENDING
    assert Meeting.objects.get().state == Meeting.State.CALLED
    assert of(meeting, cast.ludong_head)


def test_a_head_gives_it_back_only_with_words(cast: Cast, window: Window, drafted: Make) -> None:
    meeting = drafted()
    window(cast.market_officer, CALLED_AT).post(f"/meetings/{meeting.pk}/send/")
    browser = window(cast.market_head, CALLED_AT)
    empty = browser.post(f"/meetings/{meeting.pk}/give-back/", {"text": ""})
    browser.post(f"/meetings/{meeting.pk}/give-back/", {"text": "加上开发部"})
    page = window(cast.market_officer, CALLED_AT).get(f"/meetings/{meeting.pk}/").content.decode()

    assert empty.status_code == 422
    assert Meeting.objects.get().state == Meeting.State.DRAFT
    assert "加上开发部" in page


def test_it_is_taken_back_from_the_head(cast: Cast, window: Window, drafted: Make) -> None:
    meeting = drafted()
    browser = window(cast.market_officer, CALLED_AT)
    browser.post(f"/meetings/{meeting.pk}/send/")
    browser.post(f"/meetings/{meeting.pk}/recall/")

    assert Meeting.objects.get().state == Meeting.State.DRAFT


CHANGE = {
    "title": "五月渠道工作会", "starts_at": "2026-05-22T14:00", "ends_at": "2026-05-22T16:00", "mode": "place",
    "place": "二号会议室", "link": "", "off_hours_reason": "",
}  # fmt: skip


def test_it_moves_and_says_why(cast: Cast, window: Window, meeting: Meeting) -> None:
    browser = window(cast.market_officer)
    unsaid = browser.post(f"/meetings/{meeting.pk}/change/", CHANGE | {"reason": ""})
    browser.post(f"/meetings/{meeting.pk}/change/", CHANGE | {"reason": "会议室占用"})

    meeting.refresh_from_db()
    assert unsaid.status_code == 422
    assert unsaid.context["form"]["place"].value() == "二号会议室"
    assert (meeting.place, meeting.starts_at, meeting.moved_reason) == ("二号会议室", may(22, 14), "会议室占用")


def test_it_invites_more(cast: Cast, window: Window, meeting: Meeting) -> None:
    sent = {"channels": "none", "people": [cast.dev_head.pk], "reach": "all", "must": "on"}
    window(cast.market_officer).post(f"/meetings/{meeting.pk}/invite/", sent)

    assert of(meeting, cast.dev_head).required


def test_it_takes_somebody_off_the_list(cast: Cast, window: Window, meeting: Meeting) -> None:
    row = of(meeting, cast.ludong_head)
    window(cast.market_officer).post(f"/meetings/{meeting.pk}/people/{row.pk}/drop/", {"reason": ""})

    row.refresh_from_db()
    assert row.dropped_at is not None


def test_it_names_another_recorder(cast: Cast, window: Window, meeting: Meeting) -> None:
    window(cast.market_officer).post(
        f"/meetings/{meeting.pk}/appoint/", {"chair_text": "", "recorder_text": "企市员工", "recorder_id": ""}
    )

    meeting.refresh_from_db()
    assert meeting.recorder == cast.market_member


def test_it_is_cancelled_with_a_reason(cast: Cast, window: Window, meeting: Meeting) -> None:
    browser = window(cast.market_officer)
    asked = browser.get(f"/meetings/{meeting.pk}/cancel/").content.decode()
    browser.post(f"/meetings/{meeting.pk}/cancel/", {"reason": "改期另行通知"})

    meeting.refresh_from_db()
    assert "所有受邀人会收到取消原因" in asked
    assert (meeting.state, meeting.cancellation) == ("cancelled", "改期另行通知")


def hold_data(meeting: Meeting, **said: str) -> dict[str, Any]:
    people = {f"person_{row.pk}": "present" for row in meeting.invitations.all()}
    return {"began_at": "2026-05-21T14:00", "ended_at": "2026-05-21T16:00"} | people | said


def test_it_records_that_it_took_place(cast: Cast, window: Window, meeting: Meeting) -> None:
    row = of(meeting, cast.ludong_head)
    sent = hold_data(meeting, **{f"person_{row.pk}": "absent"})
    window(cast.market_officer, AFTER).post(f"/meetings/{meeting.pk}/hold/", sent)

    meeting.refresh_from_db()
    assert meeting.state == Meeting.State.HELD
    assert of(meeting, cast.ludong_head).attendance == "absent"
    assert of(meeting, cast.chuannan_head).attendance == "present"


def test_everybody_is_present_without_a_script(cast: Cast, window: Window, meeting: Meeting) -> None:
    answer = window(cast.market_officer, AFTER).post(
        f"/meetings/{meeting.pk}/hold/", {"began_at": "2026-05-21T14:00", "all": "present"}
    )

    values = [field.value() for _row, field in answer.context["form"].lines()]
    assert set(values) == {"present"}
    assert Meeting.objects.get().state == Meeting.State.CALLED


def test_it_corrects_the_attendance(cast: Cast, window: Window, held: Make) -> None:
    meeting = held()
    row = of(meeting, cast.ludong_head)
    sent = {f"person_{one.pk}": "present" for one in meeting.invitations.all()} | {f"person_{row.pk}": "unknown"}
    window(cast.market_officer, AFTER).post(f"/meetings/{meeting.pk}/attendance/", sent)

    assert of(meeting, cast.ludong_head).attendance == "unknown"


MINUTES = {
    "body": "<h3>库存</h3><p>月底报数</p>", "actions-TOTAL_FORMS": "1", "actions-INITIAL_FORMS": "0",
    "actions-0-task": "报库存", "actions-0-day": "2026-05-28",
}  # fmt: skip


def test_minutes_begin_with_the_agenda(cast: Cast, window: Window, full: Meeting) -> None:
    window(cast.market_officer, AFTER).post(f"/meetings/{full.pk}/hold/", hold_data(full))

    page = window(cast.market_officer, AFTER).get(f"/meetings/{full.pk}/minutes/")

    assert page.context["form"]["body"].value() == "<h3>库存</h3><p></p>"


def test_minutes_are_written_sent_and_approved(cast: Cast, window: Window, held: Make) -> None:
    meeting = held()
    sent = MINUTES | {"actions-0-owner": cast.chuannan_head.pk, "send": "1"}
    window(cast.market_officer, AFTER).post(f"/meetings/{meeting.pk}/minutes/", sent)
    waiting = Minutes.objects.get().state
    window(cast.market_head, AFTER).post(f"/meetings/{meeting.pk}/approve-minutes/")

    assert waiting == Minutes.State.PENDING
    assert Minutes.objects.get().state == Minutes.State.SENT
    assert Action.objects.get().state == Action.State.OPEN


def test_an_action_without_an_owner_keeps_the_minutes_as_typed(cast: Cast, window: Window, held: Make) -> None:
    meeting = held()

    answer = window(cast.market_officer, AFTER).post(f"/meetings/{meeting.pk}/minutes/", MINUTES | {"send": "1"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "月底报数" in page
    assert "报库存" in page
    assert not Minutes.objects.exists()


def test_more_rows_without_a_script_save_nothing(cast: Cast, window: Window, held: Make) -> None:
    meeting = held()

    answer = window(cast.market_officer, AFTER).post(f"/meetings/{meeting.pk}/minutes/", MINUTES | {"more": "1"})

    assert answer.status_code == 200
    assert len(answer.context["rows"].forms) == 4
    assert not Minutes.objects.exists()


def test_the_chair_returns_minutes_with_a_remark(cast: Cast, window: Window, recorded: Callable[..., Meeting]) -> None:
    meeting = recorded("pending")
    window(cast.market_head, AFTER).post(f"/meetings/{meeting.pk}/return-minutes/", {"text": "补充发言"})

    page = window(cast.market_officer, AFTER).get(f"/meetings/{meeting.pk}/minutes/").content.decode()

    assert Minutes.objects.get().state == Minutes.State.RETURNED
    assert "补充发言" in page


def test_an_action_is_done_moved_and_dropped(cast: Cast, window: Window, recorded: Callable[..., Meeting]) -> None:
    meeting = recorded()
    action = Action.objects.get()
    at = f"/meetings/{meeting.pk}/actions/{action.pk}"
    chair = window(cast.market_head, AFTER)
    weekend = chair.post(f"{at}/move/", {"day": "2026-05-30", "reason": "盘点延后"})
    chair.post(f"{at}/move/", {"day": "2026-05-29", "reason": "盘点延后"})
    moved = Action.objects.get().day
    window(cast.chuannan_head, AFTER).post(f"{at}/done/", {"text": "已报"})
    again = window(cast.market_head, AFTER).post(f"{at}/drop/", {"reason": "不需要了"})

    assert weekend.status_code == 422
    assert weekend.context["form"]["reason"].value() == "盘点延后"
    assert moved == may(29).date()
    assert Action.objects.get().state == Action.State.DONE
    assert again.status_code == 409


# ── who may not, and when not ───────────────────────────────────────────────────────────────────

CALLED = ["reply", "change", "invite", "appoint", "cancel", "hold", "attendance"]
OTHERS = [
    "send",
    "approve",
    "give-back",
    "recall",
    "submit-minutes",
    "approve-minutes",
    "return-minutes",
    "minutes",
    "edit",
]


@pytest.mark.parametrize("verb", [*CALLED, *OTHERS])
def test_a_stranger_finds_nothing(cast: Cast, window: Window, meeting: Meeting, verb: str) -> None:
    stranger = window(cast.hr_head, AFTER)

    assert stranger.get(f"/meetings/{meeting.pk}/{verb}/").status_code == 404
    assert stranger.post(f"/meetings/{meeting.pk}/{verb}/", {"reason": "因为"}).status_code == 404
    assert Meeting.objects.get().state == Meeting.State.CALLED


@pytest.mark.parametrize("verb", [verb for verb in [*CALLED, *OTHERS] if verb != "reply"])
def test_who_is_only_invited_does_no_more_than_answer(cast: Cast, window: Window, meeting: Meeting, verb: str) -> None:
    answer = window(cast.ludong_head, AFTER).post(f"/meetings/{meeting.pk}/{verb}/", {"reason": "因为", "text": "因为"})

    assert answer.status_code == 403
    assert Meeting.objects.get().state == Meeting.State.CALLED


@pytest.mark.parametrize(
    ("key", "verb", "at"),
    [
        ("market_head", "approve", DURING), ("market_officer", "send", DURING), ("market_officer", "edit", DURING),
        ("market_officer", "recall", DURING), ("market_officer", "hold", DURING), ("market_officer", "attendance", DURING),
        ("market_officer", "minutes", AFTER), ("market_head", "approve-minutes", AFTER), ("ludong_head", "reply", AFTER),
    ],
)  # fmt: skip
def test_it_says_when_it_is_not_the_time(  # noqa: PLR0917
    cast: Cast, window: Window, meeting: Meeting, key: str, verb: str, at: datetime
) -> None:
    answer = window(cast.people[key], at).post(f"/meetings/{meeting.pk}/{verb}/", {"answer": "attend"})

    assert answer.status_code == 409
    assert Meeting.objects.get().state == Meeting.State.CALLED


def test_nobody_approves_his_own(cast: Cast, window: Window, drafted: Make) -> None:
    meeting = drafted()
    browser = window(cast.market_officer, CALLED_AT)
    browser.post(f"/meetings/{meeting.pk}/send/")

    assert browser.post(f"/meetings/{meeting.pk}/approve/").status_code == 403
    assert Meeting.objects.get().state == Meeting.State.PENDING


def test_a_deed_needs_a_post(cast: Cast, window: Window, drafted: Make) -> None:
    meeting = drafted()

    assert window(cast.market_officer, CALLED_AT).get(f"/meetings/{meeting.pk}/send/").status_code == 200
    assert Meeting.objects.get().state == Meeting.State.DRAFT


def test_the_page_says_what_comes_next_where_nothing_is_to_do(cast: Cast, window: Window, drafted: Make) -> None:
    pending = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)
    address = f"/meetings/{pending.pk}/"
    assert "正等待负责人审批" in window(cast.market_officer).get(address).content.decode()

    meetings.approve(pending, by=cast.market_head, at=CALLED_AT)

    assert "人未回复" in window(cast.market_officer).get(address).content.decode()
    assert "您的回复已登记" not in window(cast.ludong_head).get(address).content.decode()  # his answer is asked for
    meetings.reply(pending, by=cast.ludong_head, answer="attend", at=may(12))
    assert "您的回复已登记" in window(cast.ludong_head).get(address).content.decode()
    meetings.reply(pending, by=cast.ludong_head, answer="decline", reason="出差", at=may(12))
    assert "您已请假" in window(cast.ludong_head).get(address).content.decode()
