"""After the first approval: corrections, and the small verbs that say what will happen and ask once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from channelportal.core import clock
from channelportal.lib.workdays import local_date
from notices import workflow
from notices.models import Notice, Version
from tests.notices import making
from tests.people import Cast

Window = Callable[[User], Client]


def correction(**values: Any) -> dict[str, Any]:
    given = {
        "title": "关于核对库存的通知", "body": "<p>请于 5 月 15 日前核对。</p>",
        "change": "期限改为 5 月 15 日", "change_reason": "原期限写错", "error": "on",
    }  # fmt: skip
    return given | values


@pytest.fixture
def out(cast: Cast) -> Notice:
    return making.published(cast, at=clock.now() - timedelta(hours=9))


# ── corrections ─────────────────────────────────────────────────────────────────────────────────


def test_it_is_corrected_by_a_version_that_goes_the_chain_again(cast: Cast, window: Window, out: Notice) -> None:
    client = window(cast.kefu_officer)

    begin = client.get(f"/notices/{out.pk}/correct/")
    answer = client.post(f"/notices/{out.pk}/correct/", correction(send="1"), follow=True)

    version = Version.objects.get(notice=out, number=2)
    assert begin.context["form"]["body"].value() == making.BODY
    assert begin.context["form"]["change"].value() == ""
    assert (version.state, version.error, version.change) == ("pending", True, "期限改为 5 月 15 日")
    assert "更正已提交审批" in answer.content.decode()
    assert Notice.objects.get(pk=out.pk).version.number == 1  # type: ignore[union-attr]


def test_it_shows_the_approver_of_a_correction_what_changes_for_readers(
    cast: Cast, window: Window, out: Notice
) -> None:
    window(cast.kefu_officer).post(f"/notices/{out.pk}/correct/", correction(send="1"))

    answer = window(cast.kefu_head).get(f"/notices/{out.pk}/approve/")

    page = answer.content.decode()
    assert answer.context["changed"].body == making.BODY
    assert "读者将看到的变化" in page
    assert "原期限写错" in page


def test_it_hides_a_correction_in_approval_from_those_who_received_the_notice(
    cast: Cast, window: Window, out: Notice
) -> None:
    window(cast.kefu_officer).post(f"/notices/{out.pk}/correct/", correction(send="1"))
    seen, not_yet = [cast.kefu_officer, cast.kefu_head, cast.qifa_officer], [cast.center_head, cast.ludong_head]

    answers = {user.name: window(user).get(f"/notices/{out.pk}/approve/").status_code for user in [*seen, *not_yet]}

    assert answers == {user.name: 200 for user in seen} | {user.name: 403 for user in not_yet}
    assert window(cast.ludong_head).get(f"/notices/{out.pk}/correct/").status_code == 403
    assert window(cast.ludong_head).post(f"/notices/{out.pk}/return/", {"text": "x"}).status_code == 403


def test_it_goes_on_with_a_correction_in_hand_and_gives_it_up(cast: Cast, window: Window, out: Notice) -> None:
    client = window(cast.kefu_officer)
    client.post(f"/notices/{out.pk}/correct/", correction(save="1"))

    again = client.get(f"/notices/{out.pk}/edit/")
    form = client.get(f"/notices/{out.pk}/correct/").context["form"]
    client.post(f"/notices/{out.pk}/correct/", correction(save="1", change="期限改为 5 月 20 日"))
    kept = Version.objects.get(notice=out, number=2).change
    client.post(f"/notices/{out.pk}/drop/")

    assert (again.status_code, again["Location"]) == (302, f"/notices/{out.pk}/correct/")
    assert form["change"].value() == "期限改为 5 月 15 日"
    assert kept == "期限改为 5 月 20 日"
    assert Version.objects.get(notice=out, number=2).state == "dropped"


def test_it_says_what_changed_and_why_or_is_no_correction(cast: Cast, window: Window, out: Notice) -> None:
    answer = window(cast.kefu_officer).post(f"/notices/{out.pk}/correct/", correction(change="", send="1"))

    assert answer.status_code == 422
    assert "change" in answer.context["form"].errors
    assert "5 月 15 日前核对" in answer.content.decode()
    assert Version.objects.filter(notice=out).count() == 1


def test_it_keeps_a_correction_while_it_is_typed(cast: Cast, window: Window, out: Notice) -> None:
    client = window(cast.kefu_officer)
    client.post(f"/drafts/notice.correct.{out.pk}/", correction(change="写到一半", error=""))

    answer = client.get(f"/notices/{out.pk}/correct/")

    assert answer.context["form"]["change"].value() == "写到一半"
    assert "上次" in answer.content.decode()


# ── small verbs ─────────────────────────────────────────────────────────────────────────────────


def test_it_is_taken_back_from_approval(cast: Cast, window: Window) -> None:
    notice = making.sent(cast)

    asked = window(cast.kefu_officer).get(f"/notices/{notice.pk}/recall/").content.decode()
    answer = window(cast.kefu_officer).post(f"/notices/{notice.pk}/recall/")

    notice.refresh_from_db()
    assert "恢复为草稿" in asked
    assert (notice.state, answer["Location"]) == ("draft", f"/notices/{notice.pk}/edit/")


def test_it_is_withdrawn_with_a_reason_naming_how_many_have_it(cast: Cast, window: Window, out: Notice) -> None:
    client = window(cast.kefu_officer)

    asked = client.get(f"/notices/{out.pk}/withdraw/").content.decode()
    refused = client.post(f"/notices/{out.pk}/withdraw/", {"reason": ""})
    client.post(f"/notices/{out.pk}/withdraw/", {"reason": "政策取消", "wrong": "no"})

    out.refresh_from_db()
    assert "2 人收到" in asked
    assert refused.status_code == 422
    assert (out.state, out.withdrawal) == ("withdrawn", "政策取消")


def test_a_withdrawal_says_whether_the_words_were_wrong_and_nothing_is_chosen_beforehand(
    cast: Cast, window: Window, out: Notice
) -> None:
    client = window(cast.kefu_officer)
    path = f"/notices/{out.pk}/withdraw/"

    asked = client.get(path).content.decode()
    silent = client.post(path, {"reason": "价格写错"})
    strange = client.post(path, {"reason": "价格写错", "wrong": "maybe"})
    out.refresh_from_db()
    assert (silent.status_code, strange.status_code, out.state) == (422, 422, "published")
    client.post(path, {"reason": "价格写错", "wrong": "yes"})

    out.refresh_from_db()
    assert 'name="wrong"' in asked
    assert "checked" not in asked
    assert (out.state, out.withdrawn_wrong) == ("withdrawn", True)
    assert "原文内容有误" in window(cast.ludong_head).get(f"/notices/{out.pk}/").content.decode()


def test_it_is_cancelled_without_a_reason_only_while_it_is_a_draft(cast: Cast, window: Window) -> None:
    later = clock.now() + timedelta(days=9)
    draft, scheduled = making.a_notice(cast), making.approved(cast, at=clock.now(), publish_at=later)
    client = window(cast.kefu_officer)

    client.post(f"/notices/{draft.pk}/cancel/", {"reason": ""})
    refused = client.post(f"/notices/{scheduled.pk}/cancel/", {"reason": ""})
    client.post(f"/notices/{scheduled.pk}/cancel/", {"reason": "改期"})

    assert refused.status_code == 422
    assert set(Notice.objects.values_list("state", flat=True)) == {"cancelled"}


def test_it_is_published_before_its_time(cast: Cast, window: Window) -> None:
    notice = making.approved(cast, at=clock.now(), publish_at=clock.now() + timedelta(days=9))

    window(cast.kefu_officer).post(f"/notices/{notice.pk}/publish/")

    notice.refresh_from_db()
    assert notice.state in ("publishing", "published")


def test_it_records_what_was_done_and_closes_the_loop(cast: Cast, window: Window) -> None:
    notice = workflow_request(cast)
    client, today = window(cast.kefu_officer), local_date(clock.now())

    ahead = client.post(
        f"/notices/{notice.pk}/outcome/", {"text": "已通电话", "on": (today + timedelta(days=1)).isoformat()}
    )
    client.post(f"/notices/{notice.pk}/outcome/", {"text": "已通电话", "on": today.isoformat()})

    notice.refresh_from_db()
    assert "on" in ahead.context["form"].errors
    assert (notice.state, notice.outcome, notice.outcome_on) == ("done", "已通电话", today)


def workflow_request(cast: Cast) -> Notice:
    now = clock.now()
    notice = making.a_request(cast, at=now)
    workflow.send(notice, by=cast.kefu_officer, at=now)
    return making.approve_all(notice, at=now - timedelta(hours=3))


@pytest.mark.parametrize("path", ["recall", "cancel", "publish", "withdraw", "drop", "outcome", "correct"])
def test_it_is_hidden_from_strangers_refused_to_others_and_too_late_in_the_wrong_state(
    cast: Cast, window: Window, path: str
) -> None:
    draft = making.a_notice(cast)
    pending = making.sent(cast, title="审批中")
    wrong = {"cancel": pending}.get(path, draft)
    sent = correction() | {"reason": "因故", "text": "办了", "on": "2026-05-08"}

    assert window(cast.ludong_head).post(f"/notices/{draft.pk}/{path}/", sent).status_code == 404
    assert window(cast.qifa_officer).post(f"/notices/{pending.pk}/{path}/", sent).status_code == 403
    assert window(cast.kefu_officer).post(f"/notices/{wrong.pk}/{path}/", sent).status_code == 409
    assert window(cast.kefu_officer).get(f"/notices/{wrong.pk}/{path}/").status_code == 409
