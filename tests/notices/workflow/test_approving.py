"""Decisions about a notice: agreed, returned with remarks, taken over, taken back (000 5.10; 001 四(二))."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.access import Refused
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from notices import rights, workflow
from notices.models import Notice, Remark, Step
from tests.notices import making
from tests.notices.making import AT, TICKED
from tests.notices.workflow.test_sending import POLICY, away, states

LATER = AT + timedelta(hours=2)


def told(kind: str) -> list[str]:
    return sorted(Alert.objects.filter(kind=kind).values_list("user__name", flat=True))


def test_it_opens_the_next_step(cast: Any) -> None:
    notice = making.sent(cast)
    first = making.step_of(notice)

    workflow.approve(first, by=cast.kefu_head, text="同意", at=LATER)

    first.refresh_from_db()
    assert (first.state, first.decided_by, first.decided_at, first.stood_in) == (
        "approved",
        cast.kefu_head,
        LATER,
        False,
    )
    assert states(notice) == [("head", "客户服务部", "approved"), ("check", "营销中心", "open")]
    assert told("notice-to_approve") == ["周主管", "郑中心"]
    assert told("notice-step_approved") == ["客服员"]
    assert AuditEntry.objects.get(action="notice.approve").data["step"] == "head"


def test_it_sends_no_mail_about_a_step_that_is_decided(cast: Any) -> None:
    notice = making.sent(cast)
    step = making.step_of(notice)

    workflow.approve(step, by=cast.kefu_head, at=LATER)

    assert OutboxMessage.objects.get(subject_key=f"notice-step:{step.pk}").state == "cancelled"


def test_it_publishes_after_the_last_one(cast: Any) -> None:
    notice = making.approved(cast)

    version = notice.version
    assert version is not None
    assert (notice.state, version.state, version.number) == ("publishing", "published", 1)
    assert notice.published_at == AT + timedelta(hours=2)
    assert notice.job is not None
    assert told("notice-passed") == ["周主管", "客服员"]  # 郑中心 did it himself


def test_it_asks_management_about_a_major_matter(cast: Any) -> None:
    notice = making.approved(cast, major=True)

    assert [duty for duty, _unit, _state in states(notice)] == ["head", "check", "management"]
    assert list(Step.objects.order_by("order").values_list("decided_by__name", flat=True)) == [
        "周主管",
        "郑中心",
        "赵总办",
    ]


@pytest.mark.parametrize("missing", ["policy", "law", "sensitive"])
def test_it_asks_for_the_whole_check_list(cast: Any, missing: str) -> None:
    notice = making.sent(cast, by=cast.kefu_head)
    ticked = TICKED | {missing: False}

    with pytest.raises(Invalid) as wrong:
        workflow.approve(making.step_of(notice), by=cast.center_head, checks=ticked, at=LATER)

    assert wrong.value.field == "checks"
    assert making.step_of(notice).decided_by is None


def test_it_keeps_the_check_list(cast: Any) -> None:
    notice = making.approved(cast)

    assert Step.objects.get(version__notice=notice, duty="check").checks == TICKED
    assert Step.objects.get(version__notice=notice, duty="head").checks == {}


@pytest.mark.parametrize("who", ["kefu_officer", "kefu_member", "kefu_deputy", "dev_head", "center_head", "qifa_head"])
def test_it_is_decided_by_nobody_else(cast: Any, who: str) -> None:
    step = making.step_of(making.sent(cast))

    with pytest.raises(Refused):
        workflow.approve(step, by=cast.people[who], at=LATER)
    with pytest.raises(Refused):
        workflow.send_back(step, by=cast.people[who], text="不", at=LATER)


def test_it_is_decided_by_the_deputy_while_the_head_is_away(cast: Any) -> None:
    notice = making.sent(cast)
    step = making.step_of(notice)
    away(cast.kefu_head, by=cast.kefu_head)

    workflow.approve(step, by=cast.kefu_deputy, at=LATER)

    step.refresh_from_db()
    assert (step.decided_by, step.stood_in) == (cast.kefu_deputy, True)


def test_it_is_not_decided_by_another_deputy_than_the_one_named(cast: Any) -> None:
    step = making.step_of(making.sent(cast))
    cast.kefu_head.absences.create(
        first_day=AT.date(), last_day=AT.date(), created_by=cast.kefu_head, deputy=cast.kefu_officer
    )

    with pytest.raises(Refused):
        workflow.approve(step, by=cast.kefu_deputy, at=LATER)


def test_it_is_never_decided_by_who_sent_it(cast: Any) -> None:
    """He wrote it as an officer and was made head since."""
    notice = making.sent(cast)
    cast.kefu_officer.role = "head"
    cast.kefu_officer.save(update_fields=["role"])

    with pytest.raises(Refused, match=str(rights.REASONS["own"])):
        workflow.approve(making.step_of(notice), by=cast.kefu_officer, at=LATER)


def test_it_is_decided_once(cast: Any) -> None:
    step = making.step_of(making.sent(cast))
    workflow.approve(step, by=cast.kefu_head, at=LATER)

    with pytest.raises(WrongState):
        workflow.approve(step, by=cast.kefu_head, at=LATER)
    with pytest.raises(WrongState):
        workflow.send_back(step, by=cast.kefu_head, text="不", at=LATER)


def test_it_is_not_decided_before_its_turn(cast: Any) -> None:
    making.sent(cast)
    waiting = Step.objects.get(state="waiting")

    with pytest.raises(WrongState):
        workflow.approve(waiting, by=cast.center_head, checks=TICKED, at=LATER)


# ── returned ────────────────────────────────────────────────────────────────────────────────────


def test_it_comes_back_with_remarks_at_their_places(cast: Any) -> None:
    notice = making.sent(cast)
    step = making.step_of(notice)

    workflow.send_back(
        step,
        by=cast.kefu_head,
        text="请补充时间",
        remarks=[(2, "请于本周内", "写明日期"), (None, "", "标题太长")],
        at=LATER,
    )

    notice.refresh_from_db()
    assert (notice.state, making.in_hand(notice).state) == ("returned", "returned")
    assert [state for *_rest, state in states(notice)] == ["returned", "void"]
    assert set(Remark.objects.values_list("place", "quote", "text")) == {
        (2, "请于本周内", "写明日期"),
        (None, "", "标题太长"),
    }
    assert told("notice-returned") == ["客服员"]
    assert AuditEntry.objects.get(action="notice.send_back").data["remarks"] == 2


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("text", {"text": " "}),
        ("remarks", {"remarks": [(1, "", " ")]}),
        ("remarks", {"remarks": [(1, "", "字" * 501)]}),
        ("remarks", {"remarks": [(3, "", "没有这一段")]}),
        ("remarks", {"remarks": [(1, "", "字")] * 101}),
    ],
)
def test_it_does_not_come_back_without_a_word(cast: Any, field: str, values: dict[str, Any]) -> None:
    notice = making.sent(cast)

    with pytest.raises(Invalid) as wrong:
        workflow.send_back(making.step_of(notice), by=cast.kefu_head, **({"text": "请改"} | values), at=LATER)

    assert wrong.value.field == field
    notice.refresh_from_db()
    assert notice.state == "pending"
    assert not Remark.objects.exists()


def test_it_goes_the_whole_chain_again(cast: Any) -> None:
    notice = making.sent(cast)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, at=LATER)
    workflow.send_back(making.step_of(notice), by=cast.center_head, text="请改", at=LATER)

    workflow.edit(notice, by=cast.kefu_officer, title="改后", body="<p>改后</p>", audience=making.CHANNELS, at=LATER)
    workflow.send(notice, by=cast.kefu_officer, at=LATER)

    assert [state for *_rest, state in states(notice)] == ["approved", "returned", "open", "waiting"]


def test_it_is_compared_with_what_the_approver_saw_last(cast: Any) -> None:
    notice = making.sent(cast)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, at=LATER)
    workflow.send_back(making.step_of(notice), by=cast.center_head, text="请改", at=LATER)
    for round_ in (2, 3):
        workflow.edit(
            notice, by=cast.kefu_officer, title=f"第{round_}稿", body="<p>改</p>", audience=making.CHANNELS, at=LATER
        )
        workflow.send(notice, by=cast.kefu_officer, at=LATER)
        if round_ == 2:
            workflow.recall(notice, by=cast.kefu_officer, at=LATER)
    step = making.step_of(notice)

    assert step.sending.round == 3
    seen_by_head = workflow.changed_since(step, cast.kefu_head)
    seen_by_other = workflow.changed_since(step, cast.office_head)
    assert seen_by_head is not None
    assert seen_by_other is not None
    assert (seen_by_head.round, seen_by_other.round) == (1, 2)
    first = Step.objects.get(sending__round=1, order=1)
    assert workflow.changed_since(first, cast.kefu_head) is None


def test_it_tells_the_head_where_the_author_has_left(cast: Any) -> None:
    notice = making.sent(cast)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, at=LATER)
    cast.kefu_officer.is_active = False
    cast.kefu_officer.save(update_fields=["is_active"])

    workflow.send_back(making.step_of(notice), by=cast.center_head, text="请改", at=LATER)

    assert told("notice-returned") == ["周主管"]


def test_it_is_not_approved_after_its_validity(cast: Any) -> None:
    notice = making.sent(cast, by=cast.kefu_head, valid_until=AT.date())

    with pytest.raises(Invalid):
        workflow.approve(making.step_of(notice), by=cast.center_head, checks=TICKED, at=AT + timedelta(days=1))

    notice.refresh_from_db()
    assert notice.state == "pending"


def test_it_is_not_approved_after_the_day_it_speaks_of(cast: Any) -> None:
    notice = hurried(cast)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, lead_reason="同意提前", at=LATER)

    with pytest.raises(Invalid):
        workflow.approve(making.step_of(notice), by=cast.center_head, checks=TICKED, at=AT + timedelta(days=6))

    notice.refresh_from_db()
    assert notice.state == "pending"


# ── a short lead time ───────────────────────────────────────────────────────────────────────────


def hurried(cast: Any) -> Notice:
    values = POLICY | {"effective_on": date(2026, 5, 13)}
    return making.sent(cast, kind=making.a_policy(), lead_note="上级要求", **values)


def test_it_asks_the_first_approver_why_he_accepts_a_short_lead_time(cast: Any) -> None:
    step = making.step_of(hurried(cast))

    with pytest.raises(Invalid) as wrong:
        workflow.approve(step, by=cast.kefu_head, at=LATER)
    workflow.approve(step, by=cast.kefu_head, lead_reason="同意提前", at=LATER)

    step.refresh_from_db()
    assert (wrong.value.field, step.lead_reason) == ("lead_reason", "同意提前")


def test_it_asks_the_next_one_no_more(cast: Any) -> None:
    notice = hurried(cast)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, lead_reason="同意提前", at=LATER)

    workflow.approve(making.step_of(notice), by=cast.center_head, checks=TICKED, at=LATER)

    notice.refresh_from_db()
    assert notice.state == "publishing"


def test_it_asks_who_decides_too_late_for_the_lead_time(cast: Any) -> None:
    values = POLICY | {"effective_on": date(2026, 5, 14)}
    notice = making.sent(cast, kind=making.a_policy(), **values)

    with pytest.raises(Invalid) as wrong:
        workflow.approve(making.step_of(notice), by=cast.kefu_head, at=AT + timedelta(days=1))

    assert wrong.value.field == "lead_reason"


# ── taken back ──────────────────────────────────────────────────────────────────────────────────


def test_it_is_taken_back_by_its_author(cast: Any) -> None:
    notice = making.sent(cast)
    step = making.step_of(notice)

    workflow.recall(notice, by=cast.kefu_officer, at=LATER)

    notice.refresh_from_db()
    assert (notice.state, making.in_hand(notice).state) == ("draft", "draft")
    assert [state for *_rest, state in states(notice)] == ["void", "void"]
    assert told("notice-recalled") == ["周主管"]
    assert OutboxMessage.objects.get(subject_key=f"notice-step:{step.pk}").state == "cancelled"
    with pytest.raises(WrongState):
        workflow.approve(step, by=cast.kefu_head, at=LATER)


def test_it_is_not_taken_back_by_who_decides(cast: Any) -> None:
    notice = making.sent(cast)

    with pytest.raises(Refused):
        workflow.recall(notice, by=cast.center_head, at=LATER)


@pytest.mark.parametrize("make", [making.a_notice, making.approved])
def test_it_is_taken_back_only_from_approval(cast: Any, make: Any) -> None:
    notice = make(cast)

    with pytest.raises(WrongState):
        workflow.recall(notice, by=cast.kefu_officer, at=LATER)
