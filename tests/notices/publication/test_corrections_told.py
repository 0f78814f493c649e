"""Readers of the words of before hear of the new ones; a correction that matters is acknowledged anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channelportal.core import alerts
from channelportal.core.models import Alert, OutboxMessage
from notices import publication, receipts, workflow
from notices.models import FormerReceipt, Notice, Receipt, UnitAnswer
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = making.AT + timedelta(hours=5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def out(cast: Cast, **values: Any) -> Notice:
    """Published through the job, with mail, to 鲁东代理商 and 张代理."""
    people = [cast.ludong_head, cast.ludong_officer, cast.ludong_member, cast.chuannan_head]
    audience = making.Audience(people=tuple(user.pk for user in people))
    notice = making.approved(cast, audience=audience, **({"means": ["portal", "mail"]} | values))
    publication.run(notice.job_id, AT)
    notice.refresh_from_db()
    return notice


def corrected(cast: Cast, notice: Notice, *, at: Any = AT + DAY, **values: Any) -> Notice:
    """A correction, approved by everybody."""
    given = {"title": "更正后的标题", "body": making.BODY, "change": "标题", "change_reason": "笔误"} | values
    version = workflow.correct(notice, by=cast.kefu_officer, at=at, **given)
    workflow.send(version.notice, by=cast.kefu_officer, at=at)
    making.approve_all(notice, at=at)
    notice.refresh_from_db()
    return notice


def told(kind: str = "notice-corrected") -> set[int]:
    return set(Alert.objects.filter(kind=kind).values_list("user", flat=True))


def test_who_opened_the_words_of_before_is_told(cast: Cast) -> None:
    notice = out(cast)
    receipts.open_(notice, cast.ludong_head, AT)

    corrected(cast, notice)

    assert told() == {cast.ludong_head.pk}
    mails = OutboxMessage.objects.filter(data__event="notice-corrected")
    assert list(mails.values_list("user", flat=True)) == [cast.ludong_head.pk]
    said = alerts.wording(Alert.objects.get(kind="notice-corrected"))
    assert "更正后的标题" in said and "更正内容：标题" in said


def test_who_has_not_opened_it_finds_the_new_title(cast: Cast) -> None:
    notice = out(cast)

    corrected(cast, notice)

    alert = Alert.objects.get(kind="notice-published", user=cast.chuannan_head)
    mail = OutboxMessage.objects.get(kind="notice-published", user=cast.chuannan_head)
    assert (alert.data["title"], mail.data["title"]) == ("更正后的标题", "更正后的标题")


def test_it_shows_who_read_which_version(cast: Cast) -> None:
    notice = out(cast)
    receipts.open_(notice, cast.ludong_head, AT)
    receipts.open_(notice, cast.ludong_officer, AT)
    corrected(cast, notice)

    receipts.open_(notice, cast.ludong_head, AT + 2 * DAY)

    rows = Receipt.objects.filter(notice=notice, opened_at=AT).values_list("user", "opened_version")
    assert dict(rows) == {cast.ludong_head.pk: 2, cast.ludong_officer.pk: 1}
    notice.refresh_from_db()
    assert notice.opened == 2


def test_a_small_correction_asks_for_nothing_anew(cast: Cast) -> None:
    notice = out(cast, acknowledge=True)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)
    due = notice.acknowledge_due_at

    corrected(cast, notice)

    assert Receipt.objects.get(notice=notice, user=cast.ludong_head).settled_at == AT
    assert (notice.acknowledge_due_at, notice.acknowledged) == (due, 1)
    assert not FormerReceipt.objects.exists()


def test_the_correction_of_an_error_is_acknowledged_anew(cast: Cast) -> None:
    notice = out(cast, acknowledge=True, acknowledge_days=2)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)
    first_due = notice.acknowledge_due_at

    corrected(cast, notice, error=True)

    assert notice.acknowledge_due_at is not None and first_due is not None
    assert notice.acknowledge_due_at > first_due
    rows = Receipt.objects.filter(notice=notice)
    assert set(rows.values_list("settled_at", "acknowledged_at", "due_at")) == {(None, None, notice.acknowledge_due_at)}
    assert notice.acknowledged == 0
    former = FormerReceipt.objects.get()
    assert (former.receipt.user, former.acknowledged_at, former.due_at) == (cast.ludong_head, AT, first_due)
    assert told() == set(rows.values_list("user", flat=True))
    assert "重新确认" in alerts.wording(Alert.objects.filter(kind="notice-corrected")[0])
    assert receipts.acknowledge(notice, by=cast.ludong_head, at=AT + 2 * DAY)


def test_who_was_late_with_the_first_stays_late_with_it(cast: Cast) -> None:
    notice = out(cast, acknowledge=True, acknowledge_days=1)

    corrected(cast, notice, error=True, at=AT + 5 * DAY)

    assert FormerReceipt.objects.filter(settled_at=None).count() == 4


def test_a_unit_answers_anew_too(cast: Cast) -> None:
    notice = out(cast, acknowledge=True, unit_answers=True)
    receipts.acknowledge(notice, by=cast.ludong_officer, at=AT)

    corrected(cast, notice, error=True)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT + 2 * DAY)

    answers = UnitAnswer.objects.filter(notice=notice).order_by("pk")
    assert [(one.by, one.superseded_at is None) for one in answers] == [
        (cast.ludong_officer, False), (cast.ludong_head, True),
    ]  # fmt: skip
    notice.refresh_from_db()
    assert notice.acknowledged == 3


# ── withdrawn ───────────────────────────────────────────────────────────────────────────────────


def test_a_withdrawal_is_told_to_everybody_who_has_it(cast: Cast) -> None:
    notice = out(cast, acknowledge=True)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)
    OutboxMessage.objects.filter(kind="notice-published", user=cast.ludong_head).update(state="sent", sent_at=AT)

    workflow.withdraw(notice, by=cast.kefu_officer, reason="价格有误", at=AT + HOUR)

    assert told("notice-withdrawn") == {
        cast.ludong_head.pk, cast.ludong_officer.pk, cast.ludong_member.pk, cast.chuannan_head.pk,
    }  # fmt: skip
    states = OutboxMessage.objects.filter(kind="notice-published").values_list("state", flat=True)
    assert sorted(states) == ["cancelled", "cancelled", "cancelled", "sent"]
    assert OutboxMessage.objects.filter(data__event="notice-withdrawn", state="waiting").count() == 4
    assert "价格有误" in alerts.wording(Alert.objects.filter(kind="notice-withdrawn")[0])


def test_nothing_more_is_asked_of_anybody(cast: Cast) -> None:
    notice = out(cast, acknowledge=True)

    workflow.withdraw(notice, by=cast.kefu_officer, reason="价格有误", at=AT + HOUR)

    assert not Receipt.objects.filter(notice=notice, settled_at=None).exists()
    assert not Receipt.objects.filter(notice=notice, due_at__isnull=False).exists()


def test_what_was_late_stays_late(cast: Cast) -> None:
    notice = out(cast, acknowledge=True)
    due = notice.acknowledge_due_at

    workflow.withdraw(notice, by=cast.kefu_officer, reason="价格有误", at=AT + 30 * DAY)

    assert set(Receipt.objects.filter(notice=notice).values_list("due_at", "settled_at")) == {(due, AT + 30 * DAY)}


def test_its_statements_do_not_grow_with_the_readers(cast: Cast) -> None:
    counts = []
    for people in ([cast.ludong_head], [cast.ludong_head, cast.ludong_officer, cast.ludong_member, cast.chuannan_head]):
        notice = making.published(cast, to=people, acknowledge=True)
        with CaptureQueriesContext(connection) as queries:
            workflow.withdraw(notice, by=cast.kefu_officer, reason="价格有误", at=AT + HOUR)
        counts.append(len(queries))

    assert counts[0] == counts[1]
