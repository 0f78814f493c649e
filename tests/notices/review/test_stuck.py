"""Nothing lies for ever: where nobody is left to decide, a step goes up to who can."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Absence, UnitFunction, User
from channelportal.core import clock
from channelportal.core.models import Alert, AuditEntry
from notices import deciders, sweep, workflow
from notices.models import Notice, Step
from notices.workflow import answers
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db
AT = making.AT
SOON = AT + timedelta(minutes=5)


def test_a_step_whose_only_head_left_goes_to_the_superior(cast: Cast) -> None:
    notice = making.sent(cast)
    User.objects.filter(pk__in=[cast.kefu_head.pk, cast.kefu_deputy.pk]).update(is_active=False)

    sweep.sweep(SOON)

    step = making.step_of(notice)
    assert (step.unit, "no_head" in step.reasons) == (cast.office, True)
    assert Alert.objects.filter(user=cast.office_head, kind="notice-to_approve").exists()
    assert AuditEntry.objects.filter(action="notice.step_handed_up").count() == 1
    workflow.approve(step, by=cast.office_head, at=SOON)
    assert making.step_of(notice).unit == cast.center


@pytest.mark.parametrize("who", ["deputy", "absent", "moved back"])
def test_it_stays_where_somebody_can_still_decide(cast: Cast, who: str) -> None:
    notice = making.sent(cast)
    if who == "deputy":
        User.objects.filter(pk=cast.kefu_head.pk).update(is_active=False)
    if who == "absent":
        day = AT.date()
        Absence.objects.create(user=cast.kefu_head, first_day=day, last_day=day, created_by=cast.kefu_head)

    assert "stuck" not in sweep.sweep(SOON)

    assert making.step_of(notice).unit == cast.kefu
    assert deciders.of_step(making.step_of(notice), AT.date())


def test_where_nobody_at_all_is_above_it_waits_and_the_others_go_on(cast: Cast) -> None:
    notice = making.sent(cast)
    UnitFunction.objects.all().delete()
    User.objects.filter(role__in=["head", "deputy"]).update(is_active=False)

    sweep.sweep(SOON)

    assert making.step_of(notice).unit == cast.kefu
    User.objects.filter(pk=cast.kefu_head.pk).update(is_active=True)
    assert making.decider(notice) == cast.kefu_head


def test_the_author_who_became_head_does_not_decide_and_it_goes_up(cast: Cast) -> None:
    notice = making.sent(cast)
    User.objects.filter(pk__in=[cast.kefu_head.pk, cast.kefu_deputy.pk]).update(is_active=False)
    User.objects.filter(pk=cast.kefu_officer.pk).update(role="head")

    sweep.sweep(SOON)

    assert making.step_of(notice).unit == cast.office
    assert making.decider(notice) == cast.office_head


def test_an_answer_under_a_notice_can_be_taken_down_from_its_page(cast: Cast) -> None:
    notice: Notice = making.published(cast, at=clock.now() - timedelta(days=1))
    made = answers.publish(notice, by=cast.kefu_officer, question="问", answer="答")

    def shown(user: User) -> bool:
        client = Client()
        client.force_login(user)
        return f"answers/{made.pk}/" in client.get(f"/notices/{notice.pk}/").content.decode()

    assert shown(cast.kefu_officer)
    assert not shown(cast.ludong_head)
    assert Step.objects.exists()
