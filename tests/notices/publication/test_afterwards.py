"""Corrections, reminders and withdrawals of many readers are told by a job: in batches, once, wherever it was killed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from channelportal.core import clock
from channelportal.core.models import Alert, Job, OutboxMessage
from notices import afterwards, receipts, workflow
from notices.models import FormerReceipt, Notice, Receipt
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are many, and a batch."""
    monkeypatch.setattr(afterwards, "AT_ONCE", 1)
    monkeypatch.setattr(afterwards, "BATCH", 2)


def readers(cast: Cast) -> list[User]:
    return [cast.ludong_head, cast.ludong_officer, cast.ludong_member, cast.chuannan_head]


def out(cast: Cast, **values: Any) -> Notice:
    return making.published(cast, **({"to": readers(cast), "acknowledge": True, "means": ["portal", "mail"]} | values))


def correct(cast: Cast, notice: Notice) -> Notice:
    """An error corrected, approved by everybody; the job has not run."""
    at = clock.now()
    given = {"title": "更正", "body": making.BODY, "change": "标题", "change_reason": "笔误", "error": True}
    version = workflow.correct(notice, by=cast.kefu_officer, at=at, **given)
    workflow.send(version.notice, by=cast.kefu_officer, at=at)
    making.approve_all(notice, at=at)
    notice.refresh_from_db()
    return notice


def told(kind: str) -> list[int]:
    """Whoever is told twice stands here twice."""
    mails = OutboxMessage.objects.filter(data__event=kind).order_by("user").values_list("user", flat=True)
    alerts = list(Alert.objects.filter(kind=kind).order_by("user").values_list("user", flat=True))
    assert alerts == list(mails)
    return alerts


def everybody(cast: Cast) -> list[int]:
    return sorted(user.pk for user in readers(cast))


def test_the_request_tells_nobody_and_shows_the_job(cast: Cast, client: Any) -> None:
    notice = correct(cast, out(cast))

    assert told("notice-corrected") == []
    assert notice.job is not None and (notice.job.kind, notice.job.total) == ("notice.correct", 4)
    client.force_login(cast.kefu_officer)
    assert "正在向接收人通知更正" in client.get(notice.get_absolute_url()).content.decode()


def test_the_job_tells_everybody_of_the_correction_and_asks_anew(cast: Cast) -> None:
    notice = out(cast)
    receipts.acknowledge(notice, by=cast.ludong_head, at=clock.now() - HOUR)
    correct(cast, notice)

    afterwards.run(notice.job_id or 0)

    assert told("notice-corrected") == everybody(cast)
    assert set(Receipt.objects.values_list("settled_at", "due_at")) == {(None, notice.acknowledge_due_at)}
    former = FormerReceipt.objects.get(acknowledged_at__isnull=False)
    assert former.receipt.user == cast.ludong_head
    job = Job.objects.get(pk=notice.job_id)
    assert (job.state, job.done) == ("done", 4)


def test_who_answers_before_the_job_comes_to_him_has_answered_the_new_words(cast: Cast) -> None:
    notice = correct(cast, out(cast, unit_answers=True))
    receipts.acknowledge(notice, by=cast.ludong_officer, at=clock.now() + 5 * HOUR)

    afterwards.run(notice.job_id or 0)

    settled = Receipt.objects.filter(settled_at__isnull=False).values_list("user", "due_at")
    ludong = [cast.ludong_head, cast.ludong_officer, cast.ludong_member]
    assert dict(settled) == dict.fromkeys((user.pk for user in ludong), notice.acknowledge_due_at)
    notice.refresh_from_db()
    assert notice.acknowledged == 3


def test_a_unit_that_answered_both_owes_nothing(cast: Cast) -> None:
    notice = out(cast, unit_answers=True)
    receipts.acknowledge(notice, by=cast.ludong_officer, at=clock.now() - HOUR)
    correct(cast, notice)
    receipts.acknowledge(notice, by=cast.ludong_head, at=clock.now() + 5 * HOUR)

    afterwards.run(notice.job_id or 0)

    owing = Receipt.objects.filter(settled_at=None).values_list("user", flat=True)
    assert list(owing) == [cast.chuannan_head.pk]
    notice.refresh_from_db()
    assert notice.acknowledged == 3


@pytest.mark.parametrize("deed", ["correct", "remind", "withdraw"])
def test_a_killed_job_goes_on_where_it_was(cast: Cast, monkeypatch: pytest.MonkeyPatch, deed: str) -> None:
    notice = out(cast)
    if deed == "correct":
        correct(cast, notice)
    elif deed == "remind":
        assert receipts.remind(notice, by=cast.kefu_officer) == 4
    else:
        workflow.withdraw(notice, by=cast.kefu_officer, reason="价格有误")
    notice.refresh_from_db()
    kind = {"correct": "notice-corrected", "remind": "notice-remind", "withdraw": "notice-withdrawn"}[deed]

    def dies(*args: Any, **named: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(afterwards.jobs, "progress", dies)
        with pytest.raises(SystemExit):
            afterwards.run(notice.job_id or 0)
    half = told(kind)
    Job.objects.filter(pk=notice.job_id).update(lease_until=clock.now() - HOUR)
    afterwards.run(notice.job_id or 0)
    afterwards.run(notice.job_id or 0)

    assert len(half) == 2
    assert told(kind) == everybody(cast)
    if deed == "remind":
        assert set(Receipt.objects.values_list("reminders", flat=True)) == {1}


def test_who_clicks_twice_reminds_once(cast: Cast) -> None:
    notice = out(cast)
    receipts.remind(notice, by=cast.kefu_officer)

    assert receipts.remind(notice, by=cast.kefu_officer) == 0
    assert Job.objects.filter(kind="notice.remind").count() == 1


def test_it_stops_when_the_notice_is_withdrawn(cast: Cast) -> None:
    notice = out(cast)
    receipts.remind(notice, by=cast.kefu_officer)
    job = Notice.objects.get(pk=notice.pk).job_id or 0
    workflow.withdraw(notice, by=cast.kefu_officer, reason="价格有误")

    afterwards.run(job)

    assert told("notice-remind") == []


def test_the_request_costs_the_same_whoever_reads(cast: Cast) -> None:
    costs = []
    for people in (readers(cast)[:2], readers(cast)):
        notice = out(cast, to=people)
        with CaptureQueriesContext(connection) as queries:
            receipts.remind(notice, by=cast.kefu_officer)
        costs.append(len(queries))

    assert costs[0] == costs[1]
