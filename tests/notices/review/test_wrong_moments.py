"""Verbs that come at the wrong moment: an old page, an absence that ended, a unit that is gone, an audience that grew."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from accounts.access import Refused
from accounts.models import Absence, Unit, User
from channelportal.core.errors import WrongState
from notices import joiners, publication, receipts, workflow
from notices.audience import Audience
from notices.models import Notice, Receipt, Step, Subscription
from notices.sweep import sweep
from notices.workflow import approving
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = making.AT
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = {"title": "更正", "body": "<p>改后</p>", "change": "价格", "change_reason": "漏写"}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def corrected(cast: Cast, notice: Notice) -> None:
    workflow.correct(notice, by=cast.kefu_officer, **WORDS, at=AT + DAY)
    workflow.send(notice, by=cast.kefu_officer, at=AT + DAY)
    making.approve_all(notice, at=AT + DAY)


# ── acknowledging ───────────────────────────────────────────────────────────────────────────────


def test_who_has_the_old_words_before_his_eyes_does_not_acknowledge_the_new_ones(cast: Cast) -> None:
    notice = making.published(cast, acknowledge=True, acknowledge_days=9)
    client = browser(cast.ludong_head)
    shown = client.get(f"/notices/{notice.pk}/").content.decode()
    assert 'name="version" value="1"' in shown
    corrected(cast, notice)

    refused = client.post(f"/notices/{notice.pk}/acknowledge/", {"version": 1})

    assert refused.status_code == 409
    assert "已经不是现行内容" in refused.content.decode()
    assert Receipt.objects.get(notice=notice, user=cast.ludong_head).opened_version == 1
    assert client.post(f"/notices/{notice.pk}/acknowledge/", {"version": 2}).status_code == 302
    assert Receipt.objects.get(notice=notice, user=cast.ludong_head).settled_at


@pytest.mark.parametrize("version", ["x", "0", "99999999"])
def test_a_version_that_is_no_number_acknowledges_nothing(cast: Cast, version: str) -> None:
    notice = making.published(cast, acknowledge=True)

    answer = browser(cast.ludong_head).post(f"/notices/{notice.pk}/acknowledge/", {"version": version})

    assert answer.status_code == 400
    assert not Receipt.objects.filter(settled_at__isnull=False).exists()


def test_nobody_is_reminded_of_what_was_withdrawn(cast: Cast) -> None:
    notice = making.published(cast, acknowledge=True)
    workflow.withdraw(notice, by=cast.kefu_officer, reason="作废", at=AT + DAY)

    with pytest.raises(WrongState):
        receipts.remind(notice, by=cast.kefu_officer, at=AT + 2 * DAY)
    with pytest.raises(WrongState):
        receipts.acknowledge(notice, by=cast.ludong_head, at=AT + 2 * DAY)
    with pytest.raises(WrongState):
        workflow.correct(notice, by=cast.kefu_officer, **WORDS, at=AT + 2 * DAY)


# ── deciding ────────────────────────────────────────────────────────────────────────────────────


def test_a_deputy_whose_heads_absence_ended_decides_no_more(cast: Cast) -> None:
    away = Absence.objects.create(
        user=cast.kefu_head, first_day=AT.date(), last_day=AT.date() + timedelta(days=9), created_by=cast.kefu_head
    )
    step = making.step_of(making.sent(cast))
    Absence.objects.filter(pk=away.pk).update(ended_at=AT + HOUR)

    with pytest.raises(Refused):
        workflow.approve(step, by=cast.kefu_deputy, at=AT + 2 * HOUR)


def test_nor_on_the_day_after_its_last(cast: Cast) -> None:
    Absence.objects.create(
        user=cast.kefu_head, first_day=AT.date(), last_day=date(2026, 5, 11), created_by=cast.kefu_head
    )
    step = making.step_of(making.sent(cast))

    with pytest.raises(Refused):
        workflow.approve(step, by=cast.kefu_deputy, at=AT + 4 * DAY)
    workflow.approve(step, by=cast.kefu_deputy, at=AT + 3 * DAY)


def test_a_step_that_was_handed_up_is_not_decided_by_the_page_of_before(cast: Cast) -> None:
    step = making.step_of(making.sent(cast))
    User.objects.filter(pk__in=[cast.kefu_head.pk, cast.kefu_deputy.pk]).update(is_active=False)
    approving.hand_up(step, at=AT + HOUR)
    User.objects.filter(pk=cast.kefu_head.pk).update(is_active=True)
    step.unit_id = cast.kefu.pk  # as the page knew it

    with pytest.raises(Refused):
        workflow.approve(step, by=cast.kefu_head, at=AT + 2 * HOUR)


def test_the_chain_goes_on_where_the_units_of_its_steps_were_closed(cast: Cast) -> None:
    notice = making.sent(cast)
    people = User.objects.filter(unit=cast.kefu)
    people.exclude(pk=cast.kefu_officer.pk).update(is_active=False)
    people.update(unit=cast.dev)
    Unit.objects.filter(pk=cast.kefu.pk).update(active=False)

    sweep(AT + HOUR)
    making.approve_all(notice)

    notice.refresh_from_db()
    assert notice.state == "publishing"
    with pytest.raises(Refused):
        workflow.withdraw(notice, by=User.objects.get(pk=cast.kefu_officer.pk), reason="作废", at=AT + DAY)
    workflow.withdraw(notice, by=cast.qifa_head, reason="作废", at=AT + DAY)


# ── an audience that grew beyond what was checked ───────────────────────────────────────────────


def own(cast: Cast, **values: object) -> Notice:
    """For 客户服务部 alone: its head approves it, and nobody else looks at it."""
    return making.approved(cast, audience=Audience(units=(cast.kefu.pk,)), **values)


def reached(notice: Notice, at: object = AT + 9 * HOUR) -> set[str]:
    publication.run(Notice.objects.get(pk=notice.pk).job_id or 0, at)  # type: ignore[arg-type]
    return set(Receipt.objects.filter(notice=notice).values_list("unit__code", flat=True))


def test_a_subscription_granted_since_lets_it_out_to_nobody(cast: Cast) -> None:
    notice = own(cast, late_joiners=True)
    assert list(Step.objects.values_list("duty", flat=True)) == ["head"]
    Subscription.objects.create(
        kind=notice.kind, unit=cast.ludong, state="granted", applied_by=cast.ludong_head, applied_at=AT, reason="x"
    )

    assert reached(notice) == {"KFB"}
    joiners.catch_up(AT + DAY)
    assert set(Receipt.objects.values_list("unit__code", flat=True)) == {"KFB"}


def test_a_person_named_who_moved_since_is_not_reached(cast: Cast) -> None:
    notice = making.approved(cast, audience=Audience(people=(cast.kefu_member.pk, cast.kefu_deputy.pk)))
    User.objects.filter(pk=cast.kefu_member.pk).update(unit=cast.ludong)

    assert reached(notice) == {"KFB"}
    assert Receipt.objects.get(notice=notice).user == cast.kefu_deputy


def test_what_was_checked_reaches_who_subscribed_since(cast: Cast) -> None:
    notice = making.approved(cast, audience=Audience(units=(cast.ludong.pk,)))
    Subscription.objects.create(
        kind=notice.kind, unit=cast.chuannan, state="granted", applied_by=cast.chuannan_head, applied_at=AT, reason="x"
    )

    assert reached(notice) == {"LD", "CN"}
