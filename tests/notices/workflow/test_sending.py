"""Sent into approval: what must be there, the words as they were, who is asked first (000 5.10; 001 三(一)2, 四(一))."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from accounts.access import Refused
from accounts.models import User
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from channelportal.lib.workdays import SHANGHAI
from notices import deciders, workflow
from notices.audience import Audience
from notices.models import Sending, Step
from tests.notices import making
from tests.notices.making import AT

POLICY = {"reason": "市场变化", "impact": "全部代理商", "effective_on": date(2026, 5, 18)}


def states(notice: Any) -> list[tuple[str, str, str]]:
    steps = Step.objects.filter(version__notice=notice).order_by("sending__round", "order")
    return [(step.duty, step.unit.name, step.state) for step in steps.select_related("unit")]


def test_it_asks_the_head_first_then_channel_management(cast: Any) -> None:
    notice = making.sent(cast)

    assert notice.state == "pending"
    assert states(notice) == [("head", "客户服务部", "open"), ("check", "营销中心", "waiting")]
    step = making.step_of(notice)
    assert step.due_at is not None
    assert step.due_at == datetime(2026, 5, 9, 18, tzinfo=SHANGHAI)  # the Saturday is worked
    assert list(Alert.objects.filter(kind="notice-to_approve").values_list("user__name", flat=True)) == ["周主管"]
    assert OutboxMessage.objects.get(user=cast.kefu_head).subject_key == f"notice-step:{step.pk}"
    assert AuditEntry.objects.get(action="notice.send").data["steps"] == ["head", "check"]


def test_it_shows_the_chain_before(cast: Any) -> None:
    notice = making.a_notice(cast, major=True)

    shown = deciders.shown(notice, by=cast.kefu_officer, day=AT.date())

    assert [(one.unit, one.people, one.planned.reasons) for one in shown] == [
        (cast.kefu, [cast.kefu_head], ("own_unit",)),
        (cast.center, [cast.center_head], ("leaves_unit",)),
        (cast.office, [cast.office_head], ("major",)),
    ]


def test_it_keeps_the_words_as_sent(cast: Any) -> None:
    notice = making.sent(cast, level="internal")

    sending = Sending.objects.get(version__notice=notice)
    assert (sending.round, sending.title, sending.body) == (1, notice.title, making.BODY)
    assert sending.facts["level"] == "internal"
    assert sending.facts["audience"] == {"channels": "all"}


def test_it_goes_out_at_once_where_a_head_writes_to_his_own_unit(cast: Any) -> None:
    notice = making.sent(cast, by=cast.kefu_head, audience=Audience(units=(cast.kefu.pk,)))
    workflow_steps = states(notice)

    assert notice.state == "publishing"
    assert workflow_steps == []


def test_it_asks_the_superior_where_the_only_one_who_decides_wrote_it(cast: Any) -> None:
    notice = making.a_notice(cast, by=cast.center_head)

    workflow.send(notice, by=cast.center_head, at=AT)

    assert states(notice) == [("check", "总裁办", "open")]
    assert making.decider(notice) == cast.office_head


def test_it_is_not_approved_by_the_deputy_of_the_head_who_sent_it(cast: Any) -> None:
    notice = making.a_notice(cast, by=cast.kefu_member)

    workflow.send(notice, by=cast.kefu_head, at=AT)

    assert states(notice) == [("check", "营销中心", "open")]


def test_it_names_the_unit_where_nobody_decides(cast: Any) -> None:
    notice = making.a_notice(cast, by=cast.office_head, major=True)

    with pytest.raises(Invalid, match="总裁办"):
        workflow.send(notice, by=cast.office_head, at=AT)

    notice.refresh_from_db()
    assert notice.state == "draft"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("body", {"body": "<p> </p>"}),
        ("audience", {"audience": Audience()}),
        ("audience", {"audience": Audience(channels="some")}),
        ("purpose", {"request": True, "means": ["phone"]}),
        ("means", {"request": True, "purpose": "p", "means": []}),
    ],
)
def test_it_asks_for_what_is_missing(cast: Any, field: str, values: dict[str, Any]) -> None:
    notice = making.a_notice(cast, **values)

    with pytest.raises(Invalid) as wrong:
        workflow.send(notice, by=cast.kefu_officer, at=AT)

    assert wrong.value.field == field


def test_it_is_not_sent_as_a_kind_that_was_given_up(cast: Any) -> None:
    notice = making.a_notice(cast)
    making.a_kind(active=False)

    with pytest.raises(Invalid) as wrong:
        workflow.send(notice, by=cast.kefu_officer, at=AT)

    assert wrong.value.field == "kind"


@pytest.mark.parametrize("field", ["reason", "impact", "effective_on"])
def test_it_asks_a_policy_why_what_and_when(cast: Any, field: str) -> None:
    given = {name: value for name, value in POLICY.items() if name != field}
    notice = making.a_notice(cast, kind=making.a_policy(), **given)

    with pytest.raises(Invalid) as wrong:
        workflow.send(notice, by=cast.kefu_officer, at=AT)

    assert wrong.value.field == field


def test_it_finds_a_day_that_passed_while_the_draft_lay(cast: Any) -> None:
    notice = making.a_notice(cast, kind=making.a_policy(), **POLICY)

    with pytest.raises(Invalid) as wrong:
        workflow.send(notice, by=cast.kefu_officer, at=AT + timedelta(days=20))

    assert wrong.value.field == "effective_on"


@pytest.mark.parametrize(
    ("effective_on", "short"),
    [
        (date(2026, 5, 14), 5),  # four working days after Friday 8 May, but Saturday 9 May is worked
        (date(2026, 5, 13), 4),
        (date(2026, 5, 15), 6),
    ],
)
def test_it_counts_working_days_ahead(cast: Any, effective_on: date, short: int) -> None:
    notice = making.a_notice(cast, kind=making.a_policy(lead_days=10), **POLICY | {"effective_on": effective_on})

    assert workflow.short_lead(notice, making.in_hand(notice), at=AT) == short


def test_it_takes_exactly_the_lead_time_that_is_asked(cast: Any) -> None:
    notice = making.sent(cast, kind=making.a_policy(lead_days=5), **POLICY | {"effective_on": date(2026, 5, 14)})

    assert notice.state == "pending"


def test_it_counts_from_the_day_set_for_the_publication(cast: Any) -> None:
    values = POLICY | {"effective_on": date(2026, 5, 14), "publish_at": AT + timedelta(days=3)}
    notice = making.a_notice(cast, kind=making.a_policy(lead_days=5), **values)

    with pytest.raises(Invalid) as wrong:
        workflow.send(notice, by=cast.kefu_officer, at=AT)

    assert wrong.value.field == "lead_note"


def test_it_refuses_a_short_lead_time_unless_asked_to_accept_it(cast: Any) -> None:
    values = POLICY | {"effective_on": date(2026, 5, 13)}
    notice = making.a_notice(cast, kind=making.a_policy(), **values)

    with pytest.raises(Invalid) as wrong:
        workflow.send(notice, by=cast.kefu_officer, at=AT)
    sending = workflow.send(notice, by=cast.kefu_officer, lead_note="主管部门要求", at=AT)

    assert wrong.value.field == "lead_note"
    assert sending.facts["lead_note"] == "主管部门要求"


def test_it_is_sent_by_the_authors_side_only(cast: Any) -> None:
    notice = making.a_notice(cast)

    for who in (cast.kefu_member, cast.dev_head, cast.qifa_head):
        with pytest.raises(Refused):
            workflow.send(notice, by=who, at=AT)


def test_it_is_sent_once(cast: Any) -> None:
    notice = making.sent(cast)

    with pytest.raises(WrongState):
        workflow.send(notice, by=cast.kefu_officer, at=AT)

    assert Sending.objects.count() == 1


def test_it_tells_the_deputy_while_the_head_is_away(cast: Any) -> None:
    away(cast.kefu_head, by=cast.kefu_head)

    making.sent(cast)

    assert [alert.user for alert in Alert.objects.filter(kind="notice-to_approve")] == [cast.kefu_deputy]


def away(user: User, *, by: User) -> None:
    user.absences.create(first_day=AT.date(), last_day=AT.date() + timedelta(days=7), created_by=by)


def test_it_says_nothing_of_a_confidential_notice_in_a_mail(cast: Any) -> None:
    notice = making.sent(cast, level="confidential")

    mail = OutboxMessage.objects.get(user=cast.kefu_head)
    assert notice.title not in str(mail.data)
    assert notice.number not in str(mail.data)
    assert AuditEntry.objects.get(action="notice.send").object_name == notice.number
