"""Who edited a text does not decide it, whoever drafted and sent it (000 5.10; docs/decisions/13)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.access import Refused
from accounts.models import User
from channelportal.core.models import Alert, OutboxMessage
from notices import deciders, desk, rights, workflow
from notices.models import Notice, Step, VersionEditor
from notices.sweep import sweep
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = making.AT
HOUR = timedelta(hours=1)


def edited(notice: Notice, by: User, hours: int = 1) -> None:
    workflow.edit(notice, by=by, title="改过的题目", body=making.BODY, audience=making.CHANNELS, at=AT + hours * HOUR)


def sent(notice: Notice, by: User, hours: int = 2) -> Step:
    workflow.send(notice, by=by, at=AT + hours * HOUR)
    return making.step_of(notice)


def names(people: list[User]) -> set[str]:
    return {user.username for user in people}


def test_a_head_who_edited_it_leaves_the_decision_to_the_superior(cast: Cast) -> None:
    notice = making.a_notice(cast)
    edited(notice, cast.kefu_head)
    step = sent(notice, cast.kefu_officer)

    assert (step.unit, step.reasons) == (cast.office, ["own_unit", "author_is_head"])
    assert names(deciders.of_step(step, AT.date())) == {"office.head"}
    assert not Alert.objects.filter(user=cast.kefu_head, kind="notice-to_approve").exists()


def test_he_sees_that_before_sending(cast: Cast) -> None:
    notice = making.a_notice(cast)
    edited(notice, cast.kefu_head)

    shown = deciders.shown(notice, by=cast.kefu_officer, day=AT.date())

    assert [(one.unit, names(one.people)) for one in shown] == [
        (cast.office, {"office.head"}), (cast.center, {"center.head"}),
    ]  # fmt: skip


def test_who_edited_it_and_became_head_since_is_refused(cast: Cast) -> None:
    notice = making.a_notice(cast, by=cast.kefu_member)
    edited(notice, cast.kefu_officer)
    step = sent(notice, cast.kefu_member)
    User.objects.filter(pk=cast.kefu_officer.pk).update(role="head")
    new = User.objects.get(pk=cast.kefu_officer.pk)

    assert names(deciders.of_step(step, AT.date())) == {"kefu.head"}
    assert not desk.to_approve(new).exists()
    assert desk.to_approve(cast.kefu_head).get() == step
    assert "approve" not in rights.possible(notice, new)
    with pytest.raises(Refused, match="本人起草、修改或送审的"):
        workflow.approve(step, by=new, at=AT + 3 * HOUR)


def test_his_page_says_why_it_is_not_his(cast: Cast) -> None:
    notice = making.a_notice(cast, by=cast.kefu_member)
    edited(notice, cast.kefu_officer)
    sent(notice, cast.kefu_member)
    User.objects.filter(pk=cast.kefu_officer.pk).update(role="head")
    client = Client()
    client.force_login(User.objects.get(pk=cast.kefu_officer.pk))

    assert "本人起草、修改或送审的" in client.get(f"/notices/{notice.pk}/approve/").content.decode()


def test_where_nobody_else_is_left_it_goes_up(cast: Cast) -> None:
    notice = making.a_notice(cast, by=cast.kefu_member)
    edited(notice, cast.kefu_officer)
    step = sent(notice, cast.kefu_member)
    User.objects.filter(pk__in=[cast.kefu_head.pk, cast.kefu_deputy.pk]).update(is_active=False)
    User.objects.filter(pk=cast.kefu_officer.pk).update(role="head")
    OutboxMessage.objects.all().delete()

    sweep(AT + 3 * HOUR)

    step.refresh_from_db()
    assert step.unit == cast.office
    assert {row.user_id for row in OutboxMessage.objects.all()} == {cast.office_head.pk}


def test_a_deputy_who_edited_it_does_not_stand_in(cast: Cast) -> None:
    notice = making.a_notice(cast)
    edited(notice, cast.kefu_deputy)
    step = sent(notice, cast.kefu_officer)
    User.objects.filter(pk=cast.kefu_head.pk).update(is_active=False)

    assert deciders.of_step(step, AT.date()) == []
    assert not desk.to_approve(cast.kefu_deputy).exists()


def test_a_head_who_sent_his_own_words_answers_for_them_and_the_next_step_follows(cast: Cast) -> None:
    notice = making.a_notice(cast)
    edited(notice, cast.kefu_head)

    assert sent(notice, cast.kefu_head).unit == cast.center


def test_who_returned_it_and_then_edited_it_himself_decides_no_more(cast: Cast) -> None:
    notice = making.a_notice(cast)
    workflow.send_back(sent(notice, cast.kefu_officer), by=cast.kefu_head, text="请改题目", at=AT + 3 * HOUR)
    edited(notice, cast.kefu_head, hours=4)

    assert sent(notice, cast.kefu_officer, hours=5).unit == cast.office


def test_it_is_so_of_a_correction_and_of_that_version_alone(cast: Cast) -> None:
    notice = making.a_notice(cast)
    edited(notice, cast.kefu_deputy)
    sent(notice, cast.kefu_officer)
    making.approve_all(notice)
    making.deliver(notice, [cast.ludong_head])
    Notice.objects.filter(pk=notice.pk).update(state="published")
    words = {"title": "更正", "body": "<p>改后</p>", "change": "数量", "change_reason": "漏写"}
    version = workflow.correct(notice, by=cast.kefu_officer, **words, at=AT + 30 * HOUR)
    workflow.edit_correction(version, by=cast.kefu_head, **words, at=AT + 31 * HOUR)
    step = sent(notice, cast.kefu_officer, hours=32)

    assert deciders.barred(step) == {cast.kefu_officer.pk, cast.kefu_head.pk}
    assert step.unit == cast.office


def test_each_editor_is_kept_once(cast: Cast) -> None:
    notice = making.a_notice(cast)
    for hours in (1, 2):
        edited(notice, cast.kefu_deputy, hours)

    rows = VersionEditor.objects.filter(version__notice=notice).order_by("pk").values_list("user", "at")
    assert list(rows) == [(cast.kefu_officer.pk, AT), (cast.kefu_deputy.pk, AT + HOUR)]
