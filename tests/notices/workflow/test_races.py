"""Two at the same moment, with real threads on PostgreSQL: exactly one wins, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from channelportal.core.errors import WrongState
from channelportal.core.models import AuditEntry, Job
from notices import workflow
from notices.models import Notice, Sending, Step, Version
from tests.notices import making
from tests.notices.making import AT, TICKED
from tests.notices.workflow.test_correcting import NEW

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LATER = AT + timedelta(hours=1)


def at_once(*deeds: Callable[[], Any]) -> list[str]:
    """Do them in threads that start together: "done" or the name of the refusal, sorted."""
    gate, results = threading.Barrier(len(deeds)), []

    def run(deed: Callable[[], Any]) -> None:
        try:
            gate.wait()
            deed()
            results.append("done")
        except WrongState:
            results.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(deeds)
    return sorted(results)


def test_it_is_approved_by_one_of_four(cast: Any) -> None:
    notice = making.sent(cast)
    step = making.step_of(notice)

    results = at_once(*[lambda: workflow.approve(step, by=cast.kefu_head, at=LATER)] * 4)

    assert results == ["done", "late", "late", "late"]
    assert Step.objects.filter(state="open").count() == 1
    assert AuditEntry.objects.filter(action="notice.approve").count() == 1


def test_it_is_approved_or_returned_and_never_both(cast: Any) -> None:
    step = making.step_of(making.sent(cast))

    results = at_once(
        lambda: workflow.approve(step, by=cast.kefu_head, at=LATER),
        lambda: workflow.send_back(step, by=cast.kefu_head, text="请改", at=LATER),
    )

    assert results == ["done", "late"]


def test_it_is_approved_last_or_taken_back(cast: Any) -> None:
    notice = making.sent(cast)
    workflow.approve(making.step_of(notice), by=cast.kefu_head, at=LATER)
    step = making.step_of(notice)

    results = at_once(
        lambda: workflow.approve(step, by=cast.center_head, checks=TICKED, at=LATER),
        lambda: workflow.recall(notice, by=cast.kefu_officer, at=LATER),
    )

    notice.refresh_from_db()
    assert results == ["done", "late"]
    assert (notice.state == "publishing") == (Job.objects.count() == 1)


def test_it_is_sent_once(cast: Any) -> None:
    notice = making.a_notice(cast)

    results = at_once(*[lambda: workflow.send(notice, by=cast.kefu_officer, at=LATER)] * 3)

    assert results == ["done", "late", "late"]
    assert Sending.objects.count() == 1


def test_it_goes_out_once_by_the_clock_and_by_hand(cast: Any) -> None:
    notice = making.approved(cast, publish_at=AT + timedelta(days=1))

    results = at_once(
        lambda: workflow.publish(notice, at=AT + timedelta(days=1)),
        lambda: workflow.publish(notice, by=cast.kefu_officer, at=AT + timedelta(days=1)),
        lambda: workflow.cancel(notice, by=cast.kefu_officer, reason="x", at=AT + timedelta(days=1)),
    )

    assert results == ["done", "late", "late"]
    assert Job.objects.count() == (0 if Notice.objects.get().state == "cancelled" else 1)


def test_it_has_one_correction_in_hand(cast: Any) -> None:
    notice = making.published(cast)

    results = at_once(*[lambda: workflow.correct(notice, by=cast.kefu_officer, at=LATER, **NEW)] * 3)

    assert results == ["done", "late", "late"]
    assert Version.objects.count() == 2


def test_it_gives_every_draft_a_number_of_its_own(cast: Any) -> None:
    making.a_kind()

    at_once(*[lambda: making.a_notice(cast)] * 6)

    numbers = sorted(Notice.objects.values_list("number", flat=True))
    assert numbers == [f"TZ-2026-0508-{n:03}" for n in range(1, 7)]
