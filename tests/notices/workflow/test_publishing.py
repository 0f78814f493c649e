"""Out, or not: at its time, called off before, withdrawn after, carried out otherwise (N4, N7; 001 四(三)(四))."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.access import Refused
from channelportal.core import search
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, AuditEntry, Job, OutboxMessage
from notices import rights, workflow
from notices.models import Notice, Version
from tests.notices import making
from tests.notices.making import AT
from tests.notices.workflow.test_approving import told

LATER = AT + timedelta(days=4)
AT_SIX = AT + timedelta(days=5)


def scheduled(cast: Any) -> Notice:
    return making.approved(cast, publish_at=AT_SIX)


def carried_out_by_phone(cast: Any) -> Notice:
    return making.approve_all(_sent_request(cast))


def _sent_request(cast: Any, **values: Any) -> Notice:
    notice = making.a_request(cast, **values)
    workflow.send(notice, by=cast.kefu_officer, at=AT)
    return notice


def test_it_waits_for_its_time(cast: Any) -> None:
    notice = scheduled(cast)

    assert (notice.state, making.in_hand(notice).state, notice.published_at) == ("scheduled", "approved", None)
    assert told("notice-approved") == ["客服员"]


def test_it_goes_out_when_its_time_has_come(cast: Any) -> None:
    notice = scheduled(cast)

    workflow.publish(notice, at=AT_SIX)

    notice.refresh_from_db()
    assert (notice.state, notice.published_at) == ("publishing", AT_SIX)
    assert AuditEntry.objects.get(action="notice.publish").actor is None


def test_it_goes_out_at_once_where_its_time_passed_during_approval(cast: Any) -> None:
    notice = making.sent(cast, publish_at=AT + timedelta(minutes=5))

    assert making.approve_all(notice).state == "publishing"


def test_it_goes_out_earlier_if_its_author_wants(cast: Any) -> None:
    notice = scheduled(cast)

    workflow.publish(notice, by=cast.kefu_officer, at=LATER)

    notice.refresh_from_db()
    assert notice.published_at == LATER


def test_it_goes_out_once(cast: Any) -> None:
    notice = scheduled(cast)
    workflow.publish(notice, at=AT_SIX)

    with pytest.raises(WrongState):
        workflow.publish(notice, at=AT_SIX)

    assert Job.objects.count() == 1


@pytest.mark.parametrize("who", ["kefu_member", "center_head", "ludong_head"])
def test_it_is_put_out_by_nobody_else(cast: Any, who: str) -> None:
    with pytest.raises(Refused):
        workflow.publish(scheduled(cast), by=cast.people[who], at=LATER)


def test_it_is_found_by_its_words_from_then_on(cast: Any) -> None:
    notice = making.sent(cast)
    before = list(search.find("notice", "核对库存"))

    making.approve_all(notice)

    assert before == []
    assert list(search.find("notice", "核对库存")) == [notice.pk]
    assert list(search.find("notice", notice.number)) == [notice.pk]


# ── called off ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", [making.a_notice, scheduled, carried_out_by_phone])
def test_it_is_called_off_before_publication(cast: Any, make: Any) -> None:
    notice = make(cast)

    workflow.cancel(notice, by=cast.kefu_officer, reason="不再需要", at=LATER)

    notice.refresh_from_db()
    assert notice.state == "cancelled"
    assert Version.objects.get(notice=notice).state == "dropped"
    assert AuditEntry.objects.get(action="notice.cancel").data["reason"] == "不再需要"


def test_it_tells_who_approved_it_that_it_is_off(cast: Any) -> None:
    workflow.cancel(scheduled(cast), by=cast.kefu_officer, reason="不再需要", at=LATER)

    assert told("notice-cancelled") == ["周主管", "郑中心"]


def test_it_is_not_called_off_without_a_reason_once_it_was_approved(cast: Any) -> None:
    notice = scheduled(cast)

    with pytest.raises(Invalid) as wrong:
        workflow.cancel(notice, by=cast.kefu_officer, reason=" ", at=LATER)

    assert wrong.value.field == "reason"
    workflow.cancel(making.a_notice(cast), by=cast.kefu_officer, at=LATER)


@pytest.mark.parametrize("make", [making.sent, making.published])
def test_it_is_not_called_off_in_approval_or_when_it_is_out(cast: Any, make: Any) -> None:
    with pytest.raises(WrongState):
        workflow.cancel(make(cast), by=cast.kefu_officer, reason="x", at=LATER)


def test_it_is_called_off_by_nobody_else(cast: Any) -> None:
    with pytest.raises(Refused):
        workflow.cancel(scheduled(cast), by=cast.center_head, reason="x", at=LATER)


# ── withdrawn ───────────────────────────────────────────────────────────────────────────────────


def test_the_head_of_the_supervising_department_takes_any_back(cast: Any) -> None:
    notice = making.published(cast)
    with pytest.raises(Refused):
        workflow.withdraw(notice, by=cast.qifa_officer, reason="错误", at=LATER)

    workflow.withdraw(notice, by=cast.qifa_head, reason="单位已撤销，内容过时", at=LATER)

    notice.refresh_from_db()
    assert (notice.state, notice.withdrawn_by) == ("withdrawn", cast.qifa_head)
    assert "withdraw" not in rights.possible(notice, cast.qifa_head)


def test_it_is_withdrawn_with_a_reason_and_readers_are_told(cast: Any) -> None:
    notice = making.published(cast)

    workflow.withdraw(notice, by=cast.kefu_officer, reason="数据有误", at=LATER)

    notice.refresh_from_db()
    assert (notice.state, notice.withdrawal, notice.withdrawn_by, notice.withdrawn_at) == (
        "withdrawn",
        "数据有误",
        cast.kefu_officer,
        LATER,
    )
    assert told("notice-withdrawn") == ["代理信息员", "李代理"]
    assert told("notice-taken_back") == ["周主管", "郑中心"]
    assert Notice.objects.visible_to(cast.ludong_head).get() == notice
    assert list(search.find("notice", notice.number)) == [notice.pk]


def test_it_is_withdrawn_while_it_is_still_going_out(cast: Any) -> None:
    notice = making.approved(cast)

    workflow.withdraw(notice, by=cast.kefu_officer, reason="数据有误", at=LATER)

    notice.refresh_from_db()
    assert notice.state == "withdrawn"


def test_it_drops_the_correction_in_hand(cast: Any) -> None:
    notice = making.published(cast)
    workflow.correct(notice, by=cast.kefu_officer, title="新", body="<p>新</p>", change="改", change_reason="错", at=AT)
    workflow.send(notice, by=cast.kefu_officer, at=AT)
    step = making.step_of(notice)

    workflow.withdraw(notice, by=cast.kefu_officer, reason="数据有误", at=LATER)

    step.refresh_from_db()
    assert (Version.objects.get(notice=notice, number=2).state, step.state) == ("dropped", "void")
    assert Alert.objects.filter(kind="notice-recalled", user=cast.kefu_head).exists()
    assert OutboxMessage.objects.get(subject_key=f"notice-step:{step.pk}").state == "cancelled"


@pytest.mark.parametrize("reason", ["", " ", "长" * 301])
def test_it_is_not_withdrawn_without_a_reason(cast: Any, reason: str) -> None:
    with pytest.raises(Invalid) as wrong:
        workflow.withdraw(making.published(cast), by=cast.kefu_officer, reason=reason, at=LATER)

    assert wrong.value.field == "reason"


@pytest.mark.parametrize("who", ["ludong_head", "kefu_member", "center_head", "qifa_officer"])
def test_it_is_withdrawn_by_nobody_else(cast: Any, who: str) -> None:
    with pytest.raises(Refused):
        workflow.withdraw(making.published(cast), by=cast.people[who], reason="x", at=LATER)


@pytest.mark.parametrize("make", [making.a_notice, making.sent, scheduled])
def test_it_is_not_withdrawn_before_it_is_out(cast: Any, make: Any) -> None:
    with pytest.raises(WrongState):
        workflow.withdraw(make(cast), by=cast.kefu_officer, reason="x", at=LATER)


def test_it_is_withdrawn_once(cast: Any) -> None:
    notice = making.published(cast)
    workflow.withdraw(notice, by=cast.kefu_officer, reason="x", at=LATER)

    with pytest.raises(WrongState):
        workflow.withdraw(notice, by=cast.kefu_officer, reason="y", at=LATER)


# ── carried out ─────────────────────────────────────────────────────────────────────────────────


def test_it_is_carried_out_where_the_means_is_not_the_portal(cast: Any) -> None:
    notice = carried_out_by_phone(cast)

    workflow.record_outcome(notice, by=cast.kefu_officer, text="已逐一电话核实", on=date(2026, 5, 12), at=LATER)

    notice.refresh_from_db()
    assert (notice.state, notice.outcome, notice.outcome_on) == ("done", "已逐一电话核实", date(2026, 5, 12))
    assert notice.outcome_by == cast.kefu_officer
    assert told("notice-carry_out") == ["客服员"]
    assert told("notice-carried_out") == ["周主管", "郑中心"]


def test_it_asks_for_the_outcome_of_other_means_beside_the_portal(cast: Any) -> None:
    notice = making.approve_all(_sent_request(cast, means=["portal", "visit"]))
    Notice.objects.filter(pk=notice.pk).update(state="published")

    workflow.record_outcome(notice, by=cast.kefu_officer, text="已拜访", at=LATER)

    notice.refresh_from_db()
    assert (notice.state, notice.outcome_on) == ("published", date(2026, 5, 12))
    with pytest.raises(WrongState):
        workflow.record_outcome(notice, by=cast.kefu_officer, text="再次", at=LATER)


@pytest.mark.parametrize("make", [making.a_notice, making.published])
def test_it_asks_for_no_outcome_where_the_portal_was_all(cast: Any, make: Any) -> None:
    with pytest.raises(WrongState):
        workflow.record_outcome(make(cast), by=cast.kefu_officer, text="x", at=LATER)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("text", {"text": ""}),
        ("on", {"on": date(2026, 5, 13)}),
        ("on", {"on": date(2026, 5, 7)}),
    ],
)
def test_it_takes_no_outcome_that_cannot_be(cast: Any, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as wrong:
        workflow.record_outcome(carried_out_by_phone(cast), by=cast.kefu_officer, **({"text": "x"} | values), at=LATER)

    assert wrong.value.field == field


def test_it_is_carried_out_by_the_authors_side(cast: Any) -> None:
    with pytest.raises(Refused):
        workflow.record_outcome(carried_out_by_phone(cast), by=cast.center_head, text="x", at=LATER)
