"""Delivered, opened, acknowledged are three facts; who has not is reminded, once a working day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.access import Refused
from accounts.models import User
from channelportal.core.errors import WrongState
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from notices import receipts, workflow
from notices.models import Notice, Receipt, UnitAnswer
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = making.AT + timedelta(hours=5)
"""Friday 8 May 2026, 15:00 in Shanghai; Saturday is worked, Sunday is free."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def out(cast: Cast, **values: Any) -> Notice:
    """With receipts of 鲁东代理商's three people and of 张代理; to be acknowledged by Monday."""
    people = [cast.ludong_head, cast.ludong_officer, cast.ludong_member, cast.chuannan_head]
    return making.published(cast, **({"to": people, "acknowledge": True, "acknowledge_days": 2} | values))


def mine(notice: Notice, user: User) -> Receipt:
    return Receipt.objects.get(notice=notice, user=user)


def counted(notice: Notice) -> tuple[int, int]:
    notice.refresh_from_db()
    return notice.opened, notice.acknowledged


# ── opened ──────────────────────────────────────────────────────────────────────────────────────


def test_it_keeps_the_first_opening(cast: Cast) -> None:
    notice = out(cast)

    receipts.open_(notice, cast.ludong_head, AT)
    receipts.open_(notice, cast.ludong_head, AT + HOUR)

    assert (mine(notice, cast.ludong_head).opened_at, mine(notice, cast.ludong_head).opened_version) == (AT, 1)
    assert counted(notice) == (1, 0)


def test_it_writes_nothing_when_nothing_changes(cast: Cast) -> None:
    notice = out(cast)
    receipts.open_(notice, cast.ludong_head, AT)

    with CaptureQueriesContext(connection) as queries:
        found = receipts.open_(notice, cast.ludong_head, AT + HOUR)

    assert found is not None
    assert [query["sql"][:6] for query in queries] == ["SELECT"]


def test_it_counts_nobody_who_is_no_recipient(cast: Cast) -> None:
    notice = out(cast)

    assert receipts.open_(notice, cast.kefu_officer, AT) is None
    assert counted(notice) == (0, 0)


def test_who_left_the_unit_opens_it_no_more(cast: Cast) -> None:
    notice = out(cast)
    User.objects.filter(pk=cast.ludong_member.pk).update(unit=cast.dev)
    mover = User.objects.get(pk=cast.ludong_member.pk)

    assert receipts.open_(notice, mover, AT) is None


def test_opening_reads_its_line_under_the_bell(cast: Cast) -> None:
    notice = out(cast)
    line = {"kind": "notice-published", "key": "k", "url": notice.get_absolute_url()}
    Alert.objects.create(user=cast.ludong_head, **line)
    Alert.objects.create(user=cast.ludong_officer, **line)

    receipts.open_(notice, cast.ludong_head, AT)

    assert list(Alert.objects.filter(key="k", read_at=None).values_list("user", flat=True)) == [cast.ludong_officer.pk]


# ── acknowledged ────────────────────────────────────────────────────────────────────────────────


def test_who_acknowledges_has_opened_it_and_owes_nothing(cast: Cast) -> None:
    notice = out(cast)

    assert receipts.acknowledge(notice, by=cast.ludong_member, at=AT)

    row = mine(notice, cast.ludong_member)
    assert (row.opened_at, row.acknowledged_at, row.settled_at) == (AT, AT, AT)
    assert counted(notice) == (1, 1)
    entry = AuditEntry.objects.get(action="notice.acknowledge")
    assert (entry.actor, entry.data) == (
        cast.ludong_member, {"unit": cast.ludong.pk, "for_unit": False, "settled": 1},
    )  # fmt: skip


def test_it_counts_once(cast: Cast) -> None:
    notice = out(cast)
    receipts.acknowledge(notice, by=cast.ludong_member, at=AT)

    assert not receipts.acknowledge(notice, by=cast.ludong_member, at=AT + HOUR)

    assert mine(notice, cast.ludong_member).acknowledged_at == AT
    assert counted(notice) == (1, 1)
    assert AuditEntry.objects.filter(action="notice.acknowledge").count() == 1


def test_a_stranger_acknowledges_nothing(cast: Cast) -> None:
    with pytest.raises(Refused):
        receipts.acknowledge(out(cast), by=cast.dev_head, at=AT)


def test_nothing_is_acknowledged_that_asks_for_nothing(cast: Cast) -> None:
    with pytest.raises(WrongState):
        receipts.acknowledge(out(cast, acknowledge=False), by=cast.ludong_head, at=AT)


def test_nothing_is_acknowledged_that_was_withdrawn(cast: Cast) -> None:
    notice = out(cast)
    workflow.withdraw(notice, by=cast.kefu_officer, reason="内容有误", at=AT)

    with pytest.raises(WrongState):
        receipts.acknowledge(notice, by=cast.ludong_head, at=AT)


@pytest.mark.parametrize("who", ["ludong_head", "ludong_officer"])
def test_one_answers_for_the_unit(cast: Cast, who: str) -> None:
    notice = out(cast, unit_answers=True)
    by = cast.people[who]

    receipts.acknowledge(notice, by=by, at=AT)

    of_unit = Receipt.objects.filter(notice=notice, unit=cast.ludong)
    assert set(of_unit.values_list("settled_at", flat=True)) == {AT}
    assert list(of_unit.filter(acknowledged_at=AT).values_list("user", flat=True)) == [by.pk]
    assert mine(notice, cast.chuannan_head).settled_at is None
    answer = UnitAnswer.objects.get()
    assert (answer.unit, answer.by, answer.at) == (cast.ludong, by, AT)
    assert counted(notice) == (1, 3)


def test_a_member_answers_for_himself_alone(cast: Cast) -> None:
    notice = out(cast, unit_answers=True)

    receipts.acknowledge(notice, by=cast.ludong_member, at=AT)
    receipts.acknowledge(notice, by=cast.ludong_officer, at=AT + HOUR)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT + 2 * HOUR)

    assert (mine(notice, cast.ludong_member).settled_at, mine(notice, cast.ludong_head).settled_at) == (AT, AT + HOUR)
    assert mine(notice, cast.ludong_head).acknowledged_at == AT + 2 * HOUR
    assert UnitAnswer.objects.get().by == cast.ludong_officer
    assert counted(notice) == (3, 3)


# ── reminded ────────────────────────────────────────────────────────────────────────────────────


def reminded() -> set[int]:
    return set(Alert.objects.filter(kind="notice-remind").values_list("user", flat=True))


def test_it_reminds_who_has_not(cast: Cast) -> None:
    notice = out(cast)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)

    count = receipts.remind(notice, by=cast.kefu_officer, at=AT)

    assert count == 3
    assert reminded() == {cast.ludong_officer.pk, cast.ludong_member.pk, cast.chuannan_head.pk}
    assert OutboxMessage.objects.filter(data__event="notice-remind").count() == 3
    assert (mine(notice, cast.chuannan_head).reminded_at, mine(notice, cast.chuannan_head).reminders) == (AT, 1)
    assert AuditEntry.objects.get(action="notice.remind").data == {"count": 3, "units": "all"}


def test_it_reminds_only_the_units_asked_for(cast: Cast) -> None:
    notice = out(cast)

    assert receipts.remind(notice, by=cast.qifa_officer, units=[cast.chuannan.pk], at=AT) == 1

    assert reminded() == {cast.chuannan_head.pk}


def test_it_reminds_once_a_working_day(cast: Cast) -> None:
    notice = out(cast)
    counts = [
        receipts.remind(notice, by=cast.kefu_officer, at=at)
        for at in (AT, AT + HOUR, AT + DAY, AT + 2 * DAY, AT + 3 * DAY)  # Friday twice, Saturday, Sunday, Monday
    ]

    assert counts == [4, 0, 4, 0, 4]
    assert Alert.objects.filter(kind="notice-remind", user=cast.ludong_head).count() == 3


def test_where_nothing_is_acknowledged_it_reminds_of_reading(cast: Cast) -> None:
    notice = out(cast, acknowledge=False)
    receipts.open_(notice, cast.ludong_head, AT)

    assert receipts.remind(notice, by=cast.kefu_officer, at=AT) == 3


@pytest.mark.parametrize("who", ["ludong_head", "dev_head", "kefu_member", "office_head"])
def test_others_remind_nobody(cast: Cast, who: str) -> None:
    with pytest.raises(Refused):
        receipts.remind(out(cast), by=cast.people[who], at=AT)


def test_of_what_was_withdrawn_nobody_is_reminded(cast: Cast) -> None:
    notice = out(cast)
    workflow.withdraw(notice, by=cast.kefu_officer, reason="内容有误", at=AT)

    with pytest.raises(WrongState):
        receipts.remind(notice, by=cast.kefu_officer, at=AT)


# ── by unit ─────────────────────────────────────────────────────────────────────────────────────


def test_it_says_how_each_unit_stands(cast: Cast) -> None:
    notice = out(cast, unit_answers=True)
    receipts.open_(notice, cast.chuannan_head, AT)
    receipts.acknowledge(notice, by=cast.ludong_officer, at=AT + 7 * DAY)

    with CaptureQueriesContext(connection) as queries:
        found = {one.unit.pk: one for one in receipts.by_unit(notice, AT + 8 * DAY)}

    assert len(queries) == 3
    own, other = found[cast.ludong.pk], found[cast.chuannan.pk]
    assert (own.recipients, own.opened, own.acknowledged, own.in_time, own.late) == (3, 1, 3, 0, 3)
    assert own.answered is not None and own.answered.by == cast.ludong_officer
    assert (other.recipients, other.opened, other.acknowledged, other.late, other.outstanding) == (1, 1, 0, 1, 1)


def test_due_itself_is_in_time(cast: Cast) -> None:
    notice = out(cast)
    assert notice.acknowledge_due_at is not None
    receipts.acknowledge(notice, by=cast.ludong_head, at=notice.acknowledge_due_at)

    (ludong,) = [one for one in receipts.by_unit(notice, notice.acknowledge_due_at) if one.unit == cast.ludong]

    assert (ludong.in_time, ludong.late, ludong.outstanding) == (1, 0, 2)
