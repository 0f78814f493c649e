"""Two at the same moment, with real threads on PostgreSQL: exactly one wins, the other is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channelportal.core.models import AuditEntry, Job
from notices import receipts, workflow
from notices.models import Notice, Receipt, Sending, Step, Version
from tests.notices import making
from tests.notices.making import AT, TICKED
from tests.notices.workflow.test_correcting import NEW
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LATER = AT + timedelta(hours=1)
NEXT_DAY = AT + timedelta(days=1)


def test_it_is_approved_by_one_of_four(cast: Any) -> None:
    notice = making.sent(cast)
    step = making.step_of(notice)

    results = at_once(*[lambda: workflow.approve(step, by=cast.kefu_head, at=LATER)] * 4)

    assert results == {"done": 1, "WrongState": 3}
    assert Step.objects.filter(state="open").count() == 1
    assert AuditEntry.objects.filter(action="notice.approve").count() == 1


def test_it_is_approved_or_returned_and_never_both(cast: Any) -> None:
    step = making.step_of(making.sent(cast))

    results = at_once(
        lambda: workflow.approve(step, by=cast.kefu_head, at=LATER),
        lambda: workflow.send_back(step, by=cast.kefu_head, text="请改", at=LATER),
    )

    assert results == {"done": 1, "WrongState": 1}


def test_it_is_approved_last_or_taken_back(cast: Any) -> None:
    notice = making.sent(cast)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, at=LATER)
    step = making.step_of(notice)

    results = at_once(
        lambda: workflow.approve(step, by=cast.center_head, checks=TICKED, at=LATER),
        lambda: workflow.recall(notice, by=cast.kefu_officer, at=LATER),
    )

    notice.refresh_from_db()
    assert results == {"done": 1, "WrongState": 1}
    assert (notice.state == "publishing") == (Job.objects.count() == 1)


def test_it_is_sent_once(cast: Any) -> None:
    notice = making.a_notice(cast)

    results = at_once(*[lambda: workflow.send(notice, by=cast.kefu_officer, at=LATER)] * 3)

    assert results == {"done": 1, "WrongState": 2}
    assert Sending.objects.count() == 1


def test_it_goes_out_once_by_the_clock_and_by_hand(cast: Any) -> None:
    notice = making.approved(cast, publish_at=AT + timedelta(days=1))

    results = at_once(
        lambda: workflow.publish(notice, at=AT + timedelta(days=1)),
        lambda: workflow.publish(notice, by=cast.kefu_officer, at=AT + timedelta(days=1)),
        lambda: workflow.cancel(notice, by=cast.kefu_officer, reason="x", at=AT + timedelta(days=1)),
    )

    assert results == {"done": 1, "WrongState": 2}
    assert Job.objects.count() == (0 if Notice.objects.get().state == "cancelled" else 1)


def test_it_has_one_correction_in_hand(cast: Any) -> None:
    notice = making.published(cast)

    results = at_once(*[lambda: workflow.correct(notice, by=cast.kefu_officer, at=LATER, **NEW)] * 3)

    assert results == {"done": 1, "WrongState": 2}
    assert Version.objects.count() == 2


def test_a_draft_whose_kind_changes_while_another_waits_for_it_is_there_all_the_same(cast: Any) -> None:
    notice = making.a_notice(cast)
    kind = making.a_kind("other_info")
    words = {"title": "改", "body": making.BODY, "audience": making.CHANNELS}

    results = at_once(
        *[lambda: workflow.edit(notice, by=cast.kefu_officer, kind=kind, at=LATER, **words)] * 2,
        *[lambda: workflow.edit(notice, by=cast.kefu_officer, kind=making.a_kind(), at=LATER, **words)] * 2,
    )

    assert results == {"done": 4}


def test_a_correction_that_is_approved_while_the_notice_is_withdrawn_leaves_nothing_in_hand(cast: Any) -> None:
    notice = making.published(cast)
    workflow.correct(notice, by=cast.kefu_officer, at=LATER, **NEW)
    workflow.send(notice, by=cast.kefu_officer, at=LATER)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, at=LATER)
    step = making.step_of(notice)

    results = at_once(
        lambda: workflow.approve(step, by=cast.center_head, checks=TICKED, at=LATER),
        lambda: workflow.withdraw(notice, by=cast.kefu_officer, reason="作废", at=LATER),
    )

    assert results in ({"done": 1, "WrongState": 1}, {"done": 2})
    assert Notice.objects.get().state == "withdrawn"
    assert not Version.objects.filter(state__in=Version.OPEN).exists()
    assert not Step.objects.filter(state__in=["open", "waiting"]).exists()


def test_it_is_acknowledged_as_it_was_read_or_not_at_all(cast: Any) -> None:
    notice = making.published(cast, acknowledge=True)
    workflow.correct(notice, by=cast.kefu_officer, at=NEXT_DAY, **(NEW | {"error": True}))
    workflow.send(notice, by=cast.kefu_officer, at=NEXT_DAY)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, at=NEXT_DAY)
    step = making.step_of(notice)

    at_once(
        lambda: workflow.approve(step, by=cast.center_head, checks=TICKED, at=NEXT_DAY),
        lambda: receipts.acknowledge(notice, by=cast.ludong_head, read=1, at=NEXT_DAY),
    )

    mine = Receipt.objects.get(user=cast.ludong_head)
    assert (mine.settled_at, mine.acknowledged_at) == (None, None)
    assert Notice.objects.get().acknowledged == 0


def test_it_gives_every_draft_a_number_of_its_own(cast: Any) -> None:
    making.a_kind()

    at_once(*[lambda: making.a_notice(cast)] * 6)

    numbers = sorted(Notice.objects.values_list("number", flat=True))
    assert numbers == [f"TZ-2026-0508-{n:03}" for n in range(1, 7)]
