"""Who joins later gets what is still valid, where the notice says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from notices import joiners, publication, receipts
from notices.audience import Audience
from notices.models import Notice, Receipt
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = making.AT + timedelta(hours=5)
LATER = AT + timedelta(days=5)


def out(cast: Cast, **values: Any) -> Notice:
    given = {
        "audience": Audience(units=(cast.ludong.pk,)),
        "late_joiners": True,
        "acknowledge": True,
        "means": ["portal", "mail"],
    }
    notice = making.approved(cast, **(given | values))
    publication.run(notice.job_id, AT)
    notice.refresh_from_db()
    return notice


def newcomer(cast: Cast) -> User:
    return User.objects.create(
        username="new.one", email="new.one@example.com", name="新人", unit=cast.ludong, role="member"
    )


def test_a_newcomer_gets_it_with_a_due_moment_of_his_own(cast: Cast) -> None:
    notice = out(cast)
    user = newcomer(cast)

    assert joiners.catch_up(LATER) == 1

    row = Receipt.objects.get(notice=notice, user=user)
    assert (row.joined, row.delivered_at, row.settled_at) == (True, LATER, None)
    assert row.due_at is not None and notice.acknowledge_due_at is not None
    assert row.due_at > LATER > notice.acknowledge_due_at
    notice.refresh_from_db()
    assert notice.recipients == 4
    assert Alert.objects.filter(kind="notice-published", user=user).count() == 1
    mail = OutboxMessage.objects.get(kind="notice-published", user=user)
    alert = Alert.objects.get(kind="notice-published", user=user)
    assert {alert.data["due"], mail.data["due"]} == {row.due_at.isoformat()}
    assert AuditEntry.objects.get(action="notice.joined").data == {"count": 1}


def test_he_gets_it_once_and_the_others_nothing_new(cast: Cast) -> None:
    out(cast)
    newcomer(cast)
    joiners.catch_up(LATER)
    before = Alert.objects.count(), OutboxMessage.objects.count(), Receipt.objects.count()

    assert joiners.catch_up(LATER + timedelta(minutes=10)) == 0

    assert (Alert.objects.count(), OutboxMessage.objects.count(), Receipt.objects.count()) == before


@pytest.mark.parametrize("values", [{"late_joiners": False}, {"valid_until": (LATER - timedelta(days=1)).date()}])
def test_he_gets_nothing_else(cast: Cast, values: dict[str, Any]) -> None:
    out(cast, **values)
    newcomer(cast)

    assert joiners.catch_up(LATER) == 0


def test_a_unit_that_answered_has_answered_for_him(cast: Cast) -> None:
    notice = out(cast, unit_answers=True)
    receipts.acknowledge(notice, by=cast.ludong_officer, at=AT)
    user = newcomer(cast)

    joiners.catch_up(LATER)

    assert Receipt.objects.get(notice=notice, user=user).settled_at == LATER
    notice.refresh_from_db()
    assert (notice.recipients, notice.acknowledged) == (4, 4)


def test_who_changes_between_two_units_of_the_audience_takes_it_along(cast: Cast) -> None:
    notice = out(cast, audience=Audience(units=(cast.ludong.pk, cast.chuannan.pk)))
    receipts.open_(notice, cast.ludong_member, AT)
    User.objects.filter(pk=cast.ludong_member.pk).update(unit=cast.chuannan)

    joiners.catch_up(LATER)

    row = Receipt.objects.get(notice=notice, user=cast.ludong_member)
    assert (row.unit, row.joined, row.opened_at) == (cast.chuannan, True, AT)
    assert row.due_at is not None and row.due_at > LATER
    mover = User.objects.get(pk=cast.ludong_member.pk)
    assert Notice.objects.visible_to(mover).filter(pk=notice.pk).exists()


def test_who_comes_to_a_unit_that_has_answered_owes_nothing(cast: Cast) -> None:
    notice = out(cast, audience=Audience(units=(cast.ludong.pk, cast.chuannan.pk)), unit_answers=True)
    receipts.acknowledge(notice, by=cast.chuannan_head, at=AT)
    User.objects.filter(pk=cast.ludong_member.pk).update(unit=cast.chuannan)
    notice.refresh_from_db()
    before = notice.acknowledged

    assert joiners.catch_up(LATER) == 0
    assert joiners.catch_up(LATER + timedelta(minutes=10)) == 0

    assert Receipt.objects.get(notice=notice, user=cast.ludong_member).settled_at == LATER
    notice.refresh_from_db()
    assert notice.acknowledged == before + 1


def test_who_leaves_the_audience_keeps_his_receipt_where_it_was(cast: Cast) -> None:
    notice = out(cast)
    User.objects.filter(pk=cast.ludong_member.pk).update(unit=cast.dev)

    joiners.catch_up(LATER)

    assert Receipt.objects.get(notice=notice, user=cast.ludong_member).unit == cast.ludong


def test_it_delivers_what_a_publication_had_to_leave(cast: Cast) -> None:
    notice = out(cast, late_joiners=False)
    Receipt.objects.filter(notice=notice, user=cast.ludong_head).update(delivered_at=None)
    Alert.objects.filter(kind="notice-published", user=cast.ludong_head).delete()

    joiners.catch_up(LATER)

    row = Receipt.objects.get(notice=notice, user=cast.ludong_head)
    assert row.delivered_at == LATER
    assert row.due_at is not None and row.due_at > LATER  # nobody is late with what he did not have
    assert Alert.objects.filter(kind="notice-published", user=cast.ludong_head).count() == 1
