"""Who left before he had done what was asked stays on record and is asked no more: no list, no rate, unless he was late already."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.workflow import people
from channelportal.core.models import Alert, OutboxMessage
from notices import joiners, leavers, receipts, stats, workflow
from notices.models import FormerReceipt, Notice, Receipt
from notices.sweep import sweep
from tests.engine.almanac import at as moment
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = making.AT + timedelta(hours=5)
DAY = timedelta(days=1)
MAY = date(2026, 5, 1)
END = AT + 20 * DAY


@pytest.fixture
def notice(cast: Cast) -> Notice:
    """Of Friday; three people of 鲁东 are asked by Tuesday, one of 川南."""
    to = [cast.ludong_head, cast.ludong_officer, cast.ludong_member, cast.chuannan_head]
    return making.published(cast, to=to, acknowledge=True, acknowledge_days=2)


def leaves(user: User, cast: Cast, at: datetime) -> None:
    people.transfer(User.objects.get(pk=user.pk), cast.dev, "member", by=cast.qifa_head, at=at)


def of(notice: Notice, user: User) -> Receipt:
    return Receipt.objects.get(notice=notice, user=user)


def page(user: User, path: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(path)


def test_it_notes_when_he_left_and_asks_no_more(cast: Cast, notice: Notice) -> None:
    leaves(cast.ludong_officer, cast, AT + DAY)
    people.deactivate(User.objects.get(pk=cast.ludong_member.pk), by=cast.qifa_head, at=AT + 2 * DAY)

    joiners.catch_up(AT + 2 * DAY + timedelta(minutes=9))

    assert of(notice, cast.ludong_officer).left_at == AT + DAY
    assert of(notice, cast.ludong_member).left_at == AT + 2 * DAY
    assert of(notice, cast.ludong_head).left_at is None
    (ludong,) = [one for one in receipts.by_unit(notice, END) if one.unit == cast.ludong]
    assert (ludong.recipients, ludong.outstanding, ludong.left, ludong.late) == (3, 1, 2, 1)


def test_he_weighs_on_no_rate(cast: Cast, notice: Notice) -> None:
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)
    leaves(cast.ludong_officer, cast, AT + DAY)
    leaves(cast.ludong_member, cast, AT + DAY)
    leavers.mark(AT + 5 * DAY)

    found = stats.month(MAY, END)

    ludong, kefu = found[cast.ludong.pk], found[cast.kefu.pk]
    assert (ludong.received, ludong.received_asked, ludong.received_in_time, ludong.in_time) == (3, 1, 1, 100)
    assert (kefu.sent_asked, kefu.sent_in_time) == (2, 1)


def test_what_was_overdue_when_he_left_stays_late(cast: Cast, notice: Notice) -> None:
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)
    leaves(cast.ludong_officer, cast, AT + 6 * DAY)
    leavers.mark(AT + 6 * DAY)

    ludong = stats.month(MAY, END)[cast.ludong.pk]
    (row,) = [one for one in receipts.by_unit(notice, END) if one.unit == cast.ludong]

    assert (ludong.received_asked, ludong.received_in_time) == (3, 1)
    assert (row.outstanding, row.left, row.late) == (1, 1, 2)


def test_who_acknowledged_and_left_has_acknowledged(cast: Cast, notice: Notice) -> None:
    receipts.acknowledge(notice, by=cast.ludong_officer, at=AT)
    leaves(cast.ludong_officer, cast, AT + DAY)

    assert leavers.mark(AT + 2 * DAY) == 0
    assert of(notice, cast.ludong_officer).left_at is None


def test_one_that_only_wants_to_be_read_misses_him_no_more(cast: Cast) -> None:
    notice = making.published(cast, to=[cast.ludong_head, cast.ludong_officer])
    leaves(cast.ludong_officer, cast, AT + DAY)
    leavers.mark(AT + 2 * DAY)

    assert receipts.remind(notice, by=cast.kefu_officer, at=AT + 3 * DAY) == 1
    figures = page(cast.kefu_officer, f"/notices/{notice.pk}/receipts/").context["figures"]
    assert (figures["all"], figures["unread"], figures["left"]) == (2, 1, 1)


def test_the_lists_name_him_by_himself(cast: Cast, notice: Notice) -> None:
    leaves(cast.ludong_officer, cast, AT + DAY)
    leavers.mark(AT + 2 * DAY)
    path = f"/notices/{notice.pk}/receipts/?view=people"

    missing, left = (page(cast.kefu_officer, f"{path}&state={state}") for state in ("missing", "left"))

    assert {row.user for row in missing.context["rows"]} == {cast.ludong_head, cast.ludong_member, cast.chuannan_head}
    assert [row.user for row in left.context["rows"]] == [cast.ludong_officer]
    assert "已离开" in left.content.decode()
    assert "不再要求" in left.content.decode()
    by_unit = page(cast.kefu_officer, f"/notices/{notice.pk}/receipts/").context["rows"]
    assert {row["unit"]: (row["asked"], row["missing"], row["left"]) for row in by_unit} == {
        cast.ludong.pk: (2, 2, 1), cast.chuannan.pk: (1, 1, 0),
    }  # fmt: skip


def test_his_head_is_not_told_of_him(cast: Cast, notice: Notice) -> None:
    leaves(cast.ludong_officer, cast, AT + DAY)

    sweep(moment("05-12 23:59"))
    sweep(moment("05-13 09:00"))

    told = Alert.objects.get(kind="notice-late-unit", user=cast.ludong_head)
    assert told.data["count"] == 2


def test_his_units_answer_is_not_his(cast: Cast) -> None:
    notice = making.published(
        cast, to=[cast.ludong_head, cast.ludong_officer], acknowledge=True, acknowledge_days=2, unit_answers=True
    )
    leaves(cast.ludong_officer, cast, AT + DAY)
    leavers.mark(AT + DAY)

    receipts.acknowledge(notice, by=cast.ludong_head, at=AT + 2 * DAY)

    assert of(notice, cast.ludong_officer).settled_at is None
    assert Notice.objects.get(pk=notice.pk).acknowledged == 1


def test_a_correction_that_asks_anew_asks_nothing_of_him(cast: Cast, notice: Notice) -> None:
    leaves(cast.ludong_officer, cast, AT + DAY)
    leavers.mark(AT + DAY)
    workflow.correct(
        notice, by=cast.kefu_officer, title="更正", body="<p>价</p>", change="价格", change_reason="写错", error=True,
        at=AT + 6 * DAY,
    )  # fmt: skip
    workflow.send(notice, by=cast.kefu_officer, at=AT + 6 * DAY)
    making.approve_all(notice, at=AT + 6 * DAY)

    assert not FormerReceipt.objects.filter(receipt__user=cast.ludong_officer).exists()
    assert FormerReceipt.objects.filter(receipt__user=cast.ludong_member).exists()
    ludong = stats.month(MAY, END)[cast.ludong.pk]
    assert ludong.received_asked == 4  # two people, before and after


def test_a_withdrawal_makes_him_late_in_nothing(cast: Cast, notice: Notice) -> None:
    leaves(cast.ludong_officer, cast, AT + DAY)
    leavers.mark(AT + DAY)

    workflow.withdraw(notice, by=cast.kefu_officer, reason="作废", at=AT + 8 * DAY)

    assert of(notice, cast.ludong_officer).due_at is None
    assert stats.month(MAY, END)[cast.ludong.pk].received_asked == 2


def test_who_comes_back_is_asked_again_with_a_day_of_his_own(cast: Cast, notice: Notice) -> None:
    user = User.objects.get(pk=cast.ludong_member.pk)
    people.deactivate(user, by=cast.qifa_head, at=AT + DAY)
    leavers.mark(AT + DAY)
    people.reactivate(user, by=cast.qifa_head, at=moment("05-18 09:00"))

    leavers.mark(moment("05-18 09:10"))

    mine = of(notice, user)
    assert (mine.left_at, mine.due_at) == (None, moment("05-20 18:00"))


def test_who_comes_back_after_his_unit_answered_owes_nothing(cast: Cast) -> None:
    to = [cast.ludong_head, cast.ludong_member]
    notice = making.published(cast, to=to, acknowledge=True, acknowledge_days=2, unit_answers=True)
    user = User.objects.get(pk=cast.ludong_member.pk)
    people.deactivate(user, by=cast.qifa_head, at=AT + DAY)
    leavers.mark(AT + DAY)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT + DAY)
    people.reactivate(user, by=cast.qifa_head, at=AT + 2 * DAY)

    leavers.mark(AT + 2 * DAY)

    assert of(notice, user).settled_at == AT + 2 * DAY
    assert Notice.objects.get(pk=notice.pk).acknowledged == 2


def test_who_comes_back_late_is_late_still(cast: Cast, notice: Notice) -> None:
    user = User.objects.get(pk=cast.ludong_member.pk)
    due = of(notice, user).due_at
    people.deactivate(user, by=cast.qifa_head, at=AT + 7 * DAY)
    leavers.mark(AT + 7 * DAY)
    people.reactivate(user, by=cast.qifa_head, at=AT + 9 * DAY)

    leavers.mark(AT + 9 * DAY)

    assert (of(notice, user).left_at, of(notice, user).due_at) == (None, due)


def test_who_moves_within_the_audience_takes_it_along(cast: Cast) -> None:
    notice = making.published(
        cast, to=[cast.ludong_member], audience=making.CHANNELS, acknowledge=True, acknowledge_days=2, late_joiners=True
    )
    user = User.objects.get(pk=cast.ludong_member.pk)
    people.deactivate(user, by=cast.qifa_head, at=AT + DAY)
    joiners.catch_up(AT + DAY)
    assert of(notice, user).left_at is not None
    people.reactivate(user, by=cast.qifa_head, at=AT + 2 * DAY)
    people.transfer(user, cast.chuannan, "member", by=cast.qifa_head, at=AT + 2 * DAY)

    joiners.catch_up(AT + 2 * DAY)

    mine = of(notice, user)
    assert (mine.unit, mine.left_at, mine.joined) == (cast.chuannan, None, True)


def test_a_mail_that_still_waited_for_him_is_not_sent(cast: Cast, notice: Notice) -> None:
    waiting = OutboxMessage.objects.create(
        user=cast.ludong_officer, kind="notice-published", key="x", subject_key=f"notice:{notice.pk}", created_at=AT,
        next_attempt_at=AT + DAY,
    )  # fmt: skip
    leaves(cast.ludong_officer, cast, AT + DAY)

    leavers.mark(AT + DAY)

    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
