"""What becomes of notices and meetings when a person changes units, leaves, or a unit closes (000 5.2, 5.8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from accounts.workflow import people, units
from channelportal.core import clock
from channelportal.core.errors import Invalid
from notices import desk, recipients
from notices.audience import Audience
from notices.models import Action, Meeting, MeetingKind, Notice
from notices.workflow import subscriptions
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db


def reached(user: User, notice: Notice) -> tuple[int, bool, int]:
    """(answer of its page, whether the lists have it, how many rows wait on the desk)."""
    user = User.objects.get(pk=user.pk)
    client = Client()
    client.force_login(user)
    listed = notice.title in client.get("/notices/").text or notice.title in client.get("/notices/archive/").text
    return client.get(f"/notices/{notice.pk}/").status_code, listed, len(desk.waiting(user, clock.now()))


def test_who_moves_leaves_the_notices_of_his_old_unit_behind(cast: Cast) -> None:
    notice = making.published(cast, to=[cast.ludong_officer], acknowledge=True, at=clock.now())
    assert reached(cast.ludong_officer, notice) == (200, True, 1)

    people.transfer(cast.ludong_officer, cast.chuannan, "officer", by=cast.market_head)

    assert reached(cast.ludong_officer, notice) == (404, False, 0)
    assert notice.receipts.filter(user=cast.ludong_officer, unit=cast.ludong).exists()


def test_who_moves_leaves_what_he_wrote_to_his_unit(cast: Cast) -> None:
    notice = making.a_notice(cast, by=cast.kefu_member, at=clock.now())

    people.transfer(cast.kefu_member, cast.dev, "member", by=cast.qifa_head)

    assert reached(cast.kefu_member, notice)[0] == 404
    assert reached(cast.kefu_officer, notice)[0] == 200


def test_the_head_sees_the_action_of_who_left(cast: Cast) -> None:
    at = clock.now()
    kind, _made = MeetingKind.objects.get_or_create(code="house", defaults={"name_zh": "例会", "name_en": "Meeting"})
    meeting = Meeting.objects.create(
        number="HY-1", kind=kind, unit=cast.market, title="例会", state="held", starts_at=at - timedelta(days=2),
        ends_at=at - timedelta(days=1), chair=cast.market_head, called_by=cast.market_officer, created_at=at,
    )  # fmt: skip
    Action.objects.create(
        meeting=meeting, task="盘点", owner=cast.ludong_member, unit=cast.ludong, day=at.date(), due_at=at, state="open"
    )

    people.deactivate(cast.ludong_member, by=cast.market_head, reason="离职")

    assert not Meeting.objects.visible_to(User.objects.get(pk=cast.ludong_member.pk)).exists()
    assert Meeting.objects.visible_to(cast.ludong_head).filter(pk=meeting.pk).exists()
    client = Client()
    client.force_login(cast.ludong_head)
    assert "盘点" in client.get(f"/meetings/{meeting.pk}/").text


def test_a_closed_unit_receives_and_applies_for_nothing_more(cast: Cast) -> None:
    kind = making.a_kind("house", subscribable=True)
    applied = subscriptions.apply(kind, by=cast.chuannan_officer, reason="要看。")
    for user in (cast.chuannan_member, cast.chuannan_officer, cast.chuannan_head):
        people.deactivate(user, by=cast.qifa_head, reason="终止合作")
    try:
        units.close(cast.chuannan, by=cast.qifa_head)
    except Invalid as why:
        pytest.fail(str(why.message))

    assert subscriptions.end_of_closed_units(clock.now()) == 1
    applied.refresh_from_db()
    assert applied.state == "ended"
    assert not recipients.units(Audience(units=(cast.chuannan.pk,))).exists()
