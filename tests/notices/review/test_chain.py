"""Nobody approves his own words, and nobody approves words that he has not seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.access import Refused
from accounts.models import User
from channelportal.core import calendar, clock
from channelportal.lib.workdays import local_date
from notices import workflow
from notices.audience import Audience
from notices.models import Notice, Step, Version
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db
AT = making.AT
CORRECTED = {"title": "更正", "body": "<p>改后</p>", "change": "数量", "change_reason": "写错"}


def correction_by(cast: Cast, drafter: User, sender: User, notice: Notice) -> None:
    workflow.correct(notice, by=drafter, **CORRECTED, at=AT + timedelta(days=1))
    workflow.send(notice, by=sender, at=AT + timedelta(days=1))


def test_who_drafted_a_correction_does_not_decide_it_when_another_sends_it(cast: Cast) -> None:
    notice = making.published(cast, to=[cast.ludong_head])
    correction_by(cast, cast.kefu_head, cast.kefu_officer, notice)

    deciding = {step.unit_id for step in Step.objects.filter(version__notice=notice, version__number=2)}
    assert cast.kefu.pk not in deciding or making.decider(notice) != cast.kefu_head


def test_the_head_of_channel_management_does_not_check_his_own_correction(cast: Cast) -> None:
    User.objects.filter(pk=cast.market_officer.pk).update(unit=cast.center)
    officer = User.objects.get(pk=cast.market_officer.pk)
    notice = making.published(cast, to=[cast.ludong_head], by=officer)
    correction_by(cast, cast.center_head, officer, notice)
    step = making.step_of(notice)

    assert step.unit_id == cast.office.pk
    with pytest.raises(Refused):
        workflow.approve(step, by=cast.center_head, checks=making.TICKED, at=AT + timedelta(days=1))


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_what_was_taken_back_and_sent_anew_is_not_approved_by_the_page_of_before(cast: Cast) -> None:
    notice = making.sent(cast, at=clock.now())
    seen = browser(cast.kefu_head).get(f"/notices/{notice.pk}/approve/")
    old = making.step_of(notice)
    assert f'name="step" value="{old.pk}"' in seen.content.decode()
    workflow.recall(notice, by=cast.kefu_officer)
    workflow.edit(notice, by=cast.kefu_officer, title="别的", body="<p>别的内容</p>", audience=Audience(channels="all"))
    workflow.send(notice, by=cast.kefu_officer)

    for verb in ("approve", "return"):
        given = {"step": old.pk, "text": "同意"}
        answer = browser(cast.kefu_head).post(f"/notices/{notice.pk}/{verb}/", given)

        assert answer.status_code == 409, verb
    assert making.step_of(notice).state == Step.State.OPEN


def test_a_lead_time_that_ran_short_while_it_lay_can_be_accepted_on_the_page(cast: Cast) -> None:
    now = clock.now()
    day = calendar.current().nth_after(local_date(now), 5)
    notice = making.sent(
        cast,
        kind=making.a_policy(),
        reason="因",
        impact="响",
        effective_on=day,
        at=now,
        audience=Audience(units=(cast.kefu.pk,)),
    )
    Version.objects.filter(notice=notice).update(effective_on=calendar.current().nth_after(local_date(now), 3))
    approver = browser(cast.kefu_head)

    page = approver.get(f"/notices/{notice.pk}/approve/").content.decode()
    refused = approver.post(f"/notices/{notice.pk}/approve/", {})
    accepted = approver.post(f"/notices/{notice.pk}/approve/", {"lead_reason": "审批期间已缩短，同意"})

    assert 'name="lead_reason"' in page
    assert (refused.status_code, accepted.status_code) == (422, 302)
