"""The accuracy and in-time rates of a month, by unit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notices import receipts, stats, workflow
from notices.models import Notice
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = making.AT + timedelta(hours=5)
DAY = timedelta(days=1)
END = AT + 20 * DAY
MAY = date(2026, 5, 1)


def out(cast: Cast, **values: Any) -> Notice:
    people = [cast.ludong_head, cast.ludong_officer, cast.chuannan_head]
    return making.published(cast, **({"to": people, "acknowledge": True, "acknowledge_days": 2} | values))


def corrected(cast: Cast, notice: Notice, *, error: bool, at: Any = AT + DAY) -> None:
    version = workflow.correct(
        notice,
        by=cast.kefu_officer,
        title="更正",
        body=making.BODY,
        change="标题",
        change_reason="笔误",
        error=error,
        at=at,
    )
    workflow.send(version.notice, by=cast.kefu_officer, at=at)
    making.approve_all(notice, at=at)


def test_it_counts_who_acknowledged_in_time(cast: Cast) -> None:
    notice = out(cast)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)
    receipts.acknowledge(notice, by=cast.ludong_officer, at=AT + 10 * DAY)

    found = stats.month(MAY, END)

    ludong, chuannan, kefu = found[cast.ludong.pk], found[cast.chuannan.pk], found[cast.kefu.pk]
    assert (ludong.received, ludong.received_opened, ludong.received_asked, ludong.received_in_time) == (2, 2, 2, 1)
    assert (ludong.in_time, ludong.opened, ludong.accuracy) == (50, 100, None)
    assert (chuannan.in_time, chuannan.opened) == (0, 0)
    assert (kefu.published, kefu.sent, kefu.sent_asked, kefu.sent_in_time, kefu.in_time) == (1, 3, 3, 1, None)
    assert kefu.sent_in_time_rate == pytest.approx(100 / 3)
    assert kefu.sent_opened_rate == pytest.approx(200 / 3)


def test_what_is_not_due_yet_is_not_judged(cast: Cast) -> None:
    notice = out(cast)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)

    found = stats.month(MAY, AT)

    assert (found[cast.ludong.pk].received_asked, found[cast.ludong.pk].in_time) == (1, 100)
    assert found[cast.chuannan.pk].in_time is None


def test_one_answer_counts_for_the_whole_unit(cast: Cast) -> None:
    receipts.acknowledge(out(cast, unit_answers=True), by=cast.ludong_officer, at=AT)

    assert stats.month(MAY, END)[cast.ludong.pk].in_time == 100


def test_only_the_correction_of_an_error_spoils_the_accuracy(cast: Cast) -> None:
    for error in (True, False):
        corrected(cast, out(cast, acknowledge=False), error=error)
    out(cast)
    workflow.withdraw(out(cast), by=cast.kefu_officer, reason="内容有误", at=AT)

    kefu = stats.month(MAY, END)[cast.kefu.pk]

    assert (kefu.published, kefu.corrected, kefu.accuracy) == (4, 1, 75)


def test_so_does_the_withdrawal_of_what_was_wrong(cast: Cast) -> None:
    workflow.withdraw(out(cast), by=cast.kefu_officer, reason="价格写错", wrong=True, at=AT)
    both = out(cast)
    corrected(cast, both, error=True)
    workflow.withdraw(both, by=cast.kefu_officer, reason="仍有误", wrong=True, at=AT + 2 * DAY)
    workflow.withdraw(out(cast), by=cast.kefu_officer, reason="不再需要", at=AT)

    kefu = stats.month(MAY, END)[cast.kefu.pk]

    assert (kefu.published, kefu.corrected) == (3, 2)


def test_a_correction_in_hand_spoils_nothing_yet(cast: Cast) -> None:
    notice = out(cast)
    workflow.correct(
        notice,
        by=cast.kefu_officer,
        title="更正",
        body=making.BODY,
        change="标题",
        change_reason="笔误",
        error=True,
        at=AT,
    )

    assert stats.month(MAY, END)[cast.kefu.pk].accuracy == 100


def test_what_was_asked_anew_counts_beside_what_was_asked_before(cast: Cast) -> None:
    notice = out(cast)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)
    corrected(cast, notice, error=True)

    ludong = stats.month(MAY, END)[cast.ludong.pk]

    assert (ludong.received, ludong.received_asked, ludong.received_in_time) == (2, 3, 1)


def test_what_was_withdrawn_in_time_is_not_judged(cast: Cast) -> None:
    workflow.withdraw(out(cast), by=cast.kefu_officer, reason="内容有误", at=AT)

    assert stats.month(MAY, END)[cast.ludong.pk].in_time is None


def test_a_notice_belongs_to_the_month_in_shanghai(cast: Cast) -> None:
    notice = out(cast)
    late = making.AT.replace(month=5, day=31, hour=15, minute=59)  # 31 May 23:59 there
    Notice.objects.filter(pk=notice.pk).update(published_at=late)
    in_may = cast.kefu.pk in stats.month(MAY, END)
    Notice.objects.filter(pk=notice.pk).update(published_at=late + timedelta(minutes=1))

    assert in_may
    assert cast.kefu.pk not in stats.month(MAY, END)
    assert cast.kefu.pk in stats.month(date(2026, 6, 1), END)


def test_the_company_is_the_sum_of_its_units(cast: Cast) -> None:
    notice = out(cast)
    out(cast, by=cast.dev_officer)
    receipts.acknowledge(notice, by=cast.ludong_head, at=AT)

    with CaptureQueriesContext(connection) as queries:
        units = stats.month(MAY, END)

    whole = stats.company(units)
    assert len(queries) == 3
    assert (whole.published, whole.sent, whole.received, whole.received_in_time) == (2, 6, 6, 1)
    assert whole.accuracy == 100
    assert whole.in_time == whole.sent_in_time_rate == pytest.approx(100 / 6)
