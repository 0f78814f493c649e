"""Deciding about a notice: the text by its places, what changed, the check list, remarks; and why one may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Absence, User
from channelportal.core import calendar, clock
from channelportal.core.models import Alert
from channelportal.lib.workdays import local_date
from notices import workflow
from notices.models import Notice, Remark, Step
from tests.notices import making
from tests.people import Cast

Window = Callable[[User], Client]
CHECKS = {"check_policy": "on", "check_law": "on", "check_sensitive": "on"}


@pytest.fixture
def pending(cast: Cast) -> Notice:
    return making.sent(cast, at=clock.now())


def test_it_numbers_the_places_and_gives_each_a_remark(cast: Cast, window: Window, pending: Notice) -> None:
    answer = window(cast.kefu_head).get(f"/notices/{pending.pk}/approve/")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert [place.block.text for place in answer.context["places"]] == ["各渠道：", "请于本周内核对库存并反馈。"]
    assert 'name="remark_2"' in page
    assert "11 人" in page or f"{answer.context['reach'].people} 人" in page
    assert "check_policy" not in page


def test_it_passes_from_step_to_step(cast: Cast, window: Window, pending: Notice) -> None:
    first = window(cast.kefu_head).post(f"/notices/{pending.pk}/approve/", {"text": "同意"}, follow=True)
    second = window(cast.center_head).post(f"/notices/{pending.pk}/approve/", {"text": "", **CHECKS}, follow=True)

    pending.refresh_from_db()
    assert "下一步由营销中心审批" in first.content.decode()
    assert "正在发布" in second.content.decode()
    assert pending.state in ("publishing", "published")
    assert [step.decided_by for step in Step.objects.order_by("order")] == [cast.kefu_head, cast.center_head]


def test_it_asks_for_all_of_the_check_list_and_keeps_what_was_ticked(
    cast: Cast, window: Window, pending: Notice
) -> None:
    workflow.approve(making.step_of(pending), by=cast.kefu_head)

    answer = window(cast.center_head).post(f"/notices/{pending.pk}/approve/", {"text": "可以", "check_law": "on"})

    assert answer.status_code == 422
    assert answer.context["form"]["check_law"].value() is True
    assert answer.context["form"]["text"].value() == "可以"
    assert Step.objects.filter(state="open", unit=cast.center).exists()


def test_it_returns_it_with_remarks_at_their_places(cast: Cast, window: Window, pending: Notice) -> None:
    answer = window(cast.kefu_head).post(
        f"/notices/{pending.pk}/return/", {"text": "请补充", "remark_1": "", "remark_2": "写明几号"}, follow=True
    )

    pending.refresh_from_db()
    remark = Remark.objects.get()
    assert pending.state == "returned"
    assert (remark.place, remark.quote, remark.text, remark.by) == (
        2,
        "请于本周内核对库存并反馈。",
        "写明几号",
        cast.kefu_head,
    )
    assert "退回起草人" in answer.content.decode()
    assert Alert.objects.filter(user=cast.kefu_officer).exists()


def test_it_does_not_return_without_a_word_and_keeps_the_remarks(cast: Cast, window: Window, pending: Notice) -> None:
    answer = window(cast.kefu_head).post(f"/notices/{pending.pk}/return/", {"text": "", "remark_2": "写明几号"})

    assert answer.status_code == 422
    assert "text" in answer.context["form"].errors
    assert "写明几号" in answer.content.decode()
    assert not Remark.objects.exists()


def test_it_does_not_approve_what_has_remarks(cast: Cast, window: Window, pending: Notice) -> None:
    answer = window(cast.kefu_head).post(f"/notices/{pending.pk}/approve/", {"text": "", "remark_1": "改"})

    assert answer.status_code == 422
    assert "您在正文中写了批注" in answer.content.decode()
    assert making.step_of(pending).unit == cast.kefu


def test_it_shows_what_changed_since_the_last_look(cast: Cast, window: Window, pending: Notice) -> None:
    workflow.send_back(making.step_of(pending), by=cast.kefu_head, text="写明几号")
    facts = {"kind": pending.kind, "title": pending.title, "body": "<p>各渠道：</p><p>请于 15 日前反馈。</p>"}
    workflow.edit(pending, by=cast.kefu_officer, audience=making.CHANNELS, urgency="urgent", **facts)
    workflow.send(pending, by=cast.kefu_officer)

    answer = window(cast.kefu_head).get(f"/notices/{pending.pk}/approve/")

    changed, page = answer.context["changed"], answer.content.decode()
    assert changed.own
    assert "请于本周内" in changed.body
    assert [(str(name), before) for name, before in changed.facts] == [("紧急程度", "不紧急")]
    assert "第 1 次提交" in page
    assert "写明几号" in page


def test_it_asks_the_first_approver_why_a_shorter_time_is_accepted(cast: Cast, window: Window) -> None:
    soon = calendar.current().nth_after(local_date(clock.now()), 2)
    given = {"kind": making.a_policy(), "reason": "回款", "impact": "全部", "effective_on": soon}
    notice = making.sent(cast, at=clock.now(), lead_note="厂家突然调价", **given)
    client = window(cast.kefu_head)

    page = client.get(f"/notices/{notice.pk}/approve/").content.decode()
    refused = client.post(f"/notices/{notice.pk}/approve/", {"text": ""})
    taken = client.post(f"/notices/{notice.pk}/approve/", {"text": "", "lead_reason": "情况属实"})

    assert "厂家突然调价" in page
    assert "回款" in page
    assert "只提前 2 个工作日" in page
    assert "lead_reason" in refused.context["form"].errors
    assert taken.status_code == 302


# ── who ─────────────────────────────────────────────────────────────────────────────────────────


def test_it_says_why_one_cannot_decide(cast: Cast, window: Window, pending: Notice) -> None:
    own = window(cast.kefu_officer).get(f"/notices/{pending.pk}/approve/").content.decode()
    workflow.approve(making.step_of(pending), by=cast.kefu_head)
    later = window(cast.kefu_head).get(f"/notices/{pending.pk}/approve/").content.decode()

    assert "remark_1" not in own + later
    assert "自己" in own or "本人" in own
    assert "现在由营销中心审批" in later


def test_it_refuses_who_may_not_decide(cast: Cast, window: Window, pending: Notice) -> None:
    address = f"/notices/{pending.pk}/approve/"

    assert window(cast.kefu_officer).post(address, {"text": ""}).status_code == 403
    assert window(cast.kefu_deputy).post(address, {"text": ""}).status_code == 403
    assert window(cast.ludong_head).post(address, {"text": ""}).status_code == 404
    assert window(cast.center_head).get(address).status_code == 404
    assert making.step_of(pending).unit == cast.kefu


def test_it_is_too_late_once_it_was_decided(cast: Cast, window: Window, pending: Notice) -> None:
    client = window(cast.kefu_head)
    client.post(f"/notices/{pending.pk}/return/", {"text": "请改"})

    again = client.post(f"/notices/{pending.pk}/approve/", {"text": ""})
    back = client.post(f"/notices/{pending.pk}/return/", {"text": "再改"})

    assert (again.status_code, back.status_code) == (409, 409)


def test_it_lets_the_deputy_stand_in_and_says_so(cast: Cast, window: Window, pending: Notice) -> None:
    today = local_date(clock.now())
    Absence.objects.create(
        user=cast.kefu_head, first_day=today, last_day=today, deputy=cast.kefu_deputy, created_by=cast.kefu_head
    )
    client = window(cast.kefu_deputy)

    page = client.get(f"/notices/{pending.pk}/approve/").content.decode()
    client.post(f"/notices/{pending.pk}/approve/", {"text": ""})

    step = Step.objects.get(unit=cast.kefu)
    assert "代负责人审批" in page
    assert (step.decided_by, step.stood_in) == (cast.kefu_deputy, True)


# ── many at once ────────────────────────────────────────────────────────────────────────────────


def test_it_approves_many_and_names_what_it_could_not(cast: Cast, window: Window, pending: Notice) -> None:
    other = making.sent(cast, at=clock.now(), title="第二件")
    foreign = making.sent(cast, by=cast.kefu_head, at=clock.now(), title="负责人写的")
    steps = [making.step_of(one).pk for one in (pending, other, foreign)]

    answer = window(cast.kefu_head).post("/notices/approve/", {"step": [*steps, "x", "9" * 30]}, follow=True)

    page = answer.content.decode()
    assert "已批准 2 件通知" in page
    assert making.step_of(pending).unit == cast.center
    assert making.step_of(foreign).unit == cast.center
    assert window(cast.kefu_head).get("/notices/approve/").status_code == 405


def test_it_leaves_what_has_a_check_list_for_its_own_page(cast: Cast, window: Window, pending: Notice) -> None:
    workflow.approve(making.step_of(pending), by=cast.kefu_head)

    answer = window(cast.center_head).post("/notices/approve/", {"step": making.step_of(pending).pk}, follow=True)

    assert f"{pending.number}:" in answer.content.decode()
    assert making.step_of(pending).unit == cast.center


def test_it_costs_few_statements(
    cast: Cast, window: Window, pending: Notice, django_assert_max_num_queries: Any
) -> None:
    client = window(cast.kefu_head)
    client.get(f"/notices/{pending.pk}/approve/")

    with django_assert_max_num_queries(15):
        client.get(f"/notices/{pending.pk}/approve/")
