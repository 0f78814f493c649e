"""A notice goes out: frozen, delivered in batches, told, once, however often it is begun."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from channelportal.core import alerts, outbox, parameters
from channelportal.core.models import Alert, AuditEntry, Job, OutboxMessage
from notices import publication, receipts, workflow
from notices.audience import Audience
from notices.models import Notice, Receipt
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = making.AT + timedelta(hours=5)
"""Friday 8 May 2026, 15:00 in Shanghai."""


def going_out(cast: Cast, **values: Any) -> Notice:
    """Approved by everybody; its job has not begun."""
    return making.approved(cast, **({"means": ["portal", "mail"]} | values))


def run(notice: Notice) -> Notice:
    publication.run(notice.job_id, AT)
    notice.refresh_from_db()
    return notice


def channel_people() -> set[int]:
    return set(
        User.objects.filter(is_active=True).exclude(unit__kind="hq").exclude(unit=None).values_list("pk", flat=True)
    )


def test_it_reaches_everybody_of_the_audience(cast: Cast) -> None:
    notice = going_out(cast, acknowledge=True, acknowledge_days=2)
    wanted = channel_people()

    run(notice)

    receipts = list(notice.receipts.select_related("user"))
    assert {one.user_id for one in receipts} == wanted
    assert {(one.delivered_at, one.unit_id == one.user.unit_id, one.due_at) for one in receipts} == {
        (AT, True, notice.acknowledge_due_at)
    }
    assert (notice.state, notice.recipients) == ("published", len(wanted))
    told = Alert.objects.filter(kind="notice-published")
    assert set(told.values_list("user", flat=True)) == wanted
    assert OutboxMessage.objects.filter(kind="notice-published").count() == len(wanted)
    assert Job.objects.get(pk=notice.job_id).state == "done"
    assert Alert.objects.filter(kind="notice-out", user=notice.author).count() == 1
    assert AuditEntry.objects.get(action="notice.delivered").data == {"recipients": len(wanted), "left": 0}


def test_the_request_does_not_deliver(cast: Cast) -> None:
    notice = going_out(cast)

    assert (notice.state, notice.job.state, notice.receipts.count()) == ("publishing", "waiting", 0)


def test_it_works_in_the_request_whatever_the_audience(cast: Cast) -> None:
    few = making.sent(cast, audience=Audience(people=(cast.ludong_head.pk,)))
    many = making.sent(cast)
    counts = []
    for notice in (few, many):
        while notice.state == "pending":
            step, by = making.step_of(notice), making.decider(notice)
            with CaptureQueriesContext(connection) as queries:
                workflow.approve(step, by=by, checks=making.TICKED, at=making.AT)
            notice.refresh_from_db()
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_it_goes_on_where_another_stopped(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publication, "BATCH", 2)
    notice = going_out(cast)
    batches = []

    def dies(*args: Any, **named: Any) -> Any:
        batches.append(args)
        if len(batches) == 3:
            raise SystemExit
        return whole(*args, **named)

    whole = publication._write
    monkeypatch.setattr(publication, "_write", dies)
    with pytest.raises(SystemExit):
        publication.run(notice.job_id, AT)
    monkeypatch.setattr(publication, "_write", whole)
    half = notice.receipts.exclude(delivered_at=None).count()
    publication.run(notice.job_id, AT + publication.LEASE / 2)  # its lease is not over
    unchanged = notice.receipts.exclude(delivered_at=None).count()
    publication.run(notice.job_id, AT + timedelta(days=365))
    notice.refresh_from_db()

    assert (half, unchanged) == (4, 4)
    assert notice.state == "published"
    assert notice.receipts.exclude(delivered_at=None).count() == len(channel_people())
    assert Alert.objects.filter(kind="notice-published").count() == len(channel_people())
    assert OutboxMessage.objects.filter(kind="notice-published").count() == len(channel_people())


def test_it_is_frozen_once(cast: Cast) -> None:
    notice = going_out(cast)
    job = Job.objects.get(pk=notice.job_id)
    publication._freeze(notice.pk, job)
    User.objects.filter(pk=cast.kefu_member.pk).update(unit=cast.ludong)

    run(notice)

    assert not notice.receipts.filter(user=cast.kefu_member).exists()


def test_a_second_run_changes_nothing(cast: Cast) -> None:
    notice = run(going_out(cast))
    before = Alert.objects.count(), OutboxMessage.objects.count(), AuditEntry.objects.count()

    publication.run(notice.job_id, AT + timedelta(hours=1))

    assert (Alert.objects.count(), OutboxMessage.objects.count(), AuditEntry.objects.count()) == before


def test_it_stops_where_it_was_withdrawn_meanwhile(cast: Cast) -> None:
    notice = going_out(cast)
    publication._freeze(notice.pk, Job.objects.get(pk=notice.job_id))
    workflow.withdraw(notice, by=cast.kefu_officer, reason="内容有误", at=AT)

    run(notice)

    assert notice.state == "withdrawn"
    assert not notice.receipts.exclude(delivered_at=None).exists()
    assert not Alert.objects.filter(kind="notice-published").exists()


def test_who_comes_after_his_unit_has_answered_owes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """李代理 has it with the first batch and answers for 鲁东 before the others of his unit have theirs."""
    monkeypatch.setattr(publication, "BATCH", 1)
    people = sorted([cast.ludong_head, cast.ludong_officer, cast.ludong_member], key=lambda one: one.pk)
    audience = Audience(people=tuple(one.pk for one in people))
    notice = going_out(cast, acknowledge=True, unit_answers=True, audience=audience)
    whole = publication._write

    def then_he_answers(*args: Any) -> bool:
        found = whole(*args)
        if notice.receipts.count() == 2:
            receipts.acknowledge(notice, by=cast.ludong_officer, at=AT)
        return found

    assert cast.ludong_officer in people[:2]
    monkeypatch.setattr(publication, "_write", then_he_answers)
    run(notice)

    assert not notice.receipts.filter(settled_at=None).exists()
    assert (notice.recipients, notice.acknowledged) == (3, 3)


@pytest.mark.parametrize(("days", "own"), [(0, False), (3, True), (5, True)])  # it is due on Monday, three days later
def test_a_worker_that_was_away_makes_nobody_late(cast: Cast, days: int, own: bool) -> None:
    notice = going_out(cast, acknowledge=True, acknowledge_days=1)
    late = AT + timedelta(days=days)

    publication.run(notice.job_id, late)

    (due,) = notice.receipts.values_list("due_at", flat=True).distinct()
    assert due is not None and due > late + timedelta(hours=12)
    assert (due > notice.acknowledge_due_at) == own
    assert set(Alert.objects.filter(kind="notice-published").values_list("data__due", flat=True)) == {due.isoformat()}


def test_it_leaves_what_cannot_be_written_and_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = going_out(cast)
    whole = publication.telling.published

    def refuses(notice: Notice, receipts: Any, at: Any) -> None:
        if receipts.filter(user=cast.ludong_head).exists():
            raise ValueError("this row")
        whole(notice, receipts, at)

    with monkeypatch.context() as patch:
        patch.setattr(publication.telling, "published", refuses)
        run(notice)
    left = set(Receipt.objects.filter(delivered_at=None).values_list("user", flat=True))
    publication.deliver(notice.pk, AT)

    assert left == {cast.ludong_head.pk}
    assert notice.state == "published"
    assert Job.objects.get(pk=notice.job_id).result["left"] == 1
    assert not Receipt.objects.filter(delivered_at=None).exists()


# ── mail ────────────────────────────────────────────────────────────────────────────────────────


def mail_to(user: User) -> Any:
    row = OutboxMessage.objects.select_related("user").get(kind="notice-published", user=user)
    return row, outbox.compose(outbox.Letter(row, [row]))


def test_its_mail_names_number_and_title_but_not_the_text(cast: Cast) -> None:
    notice = run(going_out(cast, title="关于调整价格的通知", body="<p>秘密正文</p>"))

    row, mail = mail_to(cast.ludong_head)

    assert notice.number in mail.subject and "关于调整价格的通知" in mail.subject
    assert notice.get_absolute_url() in mail.body
    assert "秘密正文" not in mail.body
    assert (row.bundle, row.subject_key) == ("notice-news", f"notice:{notice.pk}")


def test_the_mail_of_a_confidential_one_says_nothing(cast: Cast) -> None:
    notice = run(going_out(cast, title="关于并购的通知", level="confidential"))

    row, mail = mail_to(cast.ludong_head)
    news = outbox.compose(outbox.Letter(row, [row, row]))

    for said in (mail.subject + mail.body + str(row.data), news.subject + news.body):
        assert "并购" not in said and notice.number not in said and cast.kefu.name not in said
    assert notice.get_absolute_url() in mail.body and notice.get_absolute_url() in news.body
    assert "机密" in mail.subject


def test_it_sends_no_mail_where_none_is_wished(cast: Cast) -> None:
    run(going_out(cast, means=["portal"]))

    assert not OutboxMessage.objects.filter(kind="notice-published").exists()
    assert Alert.objects.filter(kind="notice-published").exists()


@pytest.mark.parametrize(("urgency", "waits"), [("normal", True), ("urgent", False)])
def test_only_what_is_urgent_goes_out_at_night(cast: Cast, urgency: str, waits: bool) -> None:
    notice = going_out(cast, urgency=urgency)
    night = AT + timedelta(hours=9)

    publication.run(notice.job_id, night)

    moments = set(OutboxMessage.objects.filter(kind="notice-published").values_list("next_attempt_at", flat=True))
    opens = AT.replace(hour=0, minute=30) + timedelta(days=1)  # Saturday 9 May is worked: 8:30 in Shanghai
    assert moments == ({opens} if waits else {night})
    assert parameters.current().delivery_from.hour == 8


def test_it_is_worded(cast: Cast) -> None:
    notice = run(going_out(cast, acknowledge=True, urgency="urgent"))

    said = alerts.wording(Alert.objects.filter(kind="notice-published")[0])

    assert notice.number in said and notice.title in said and "紧急" in said and "5 月 11 日" in said


# ── statements ──────────────────────────────────────────────────────────────────────────────────


def test_its_statements_do_not_grow_with_the_batch(cast: Cast) -> None:
    few = going_out(cast, audience=Audience(people=(cast.ludong_head.pk,)))
    many = going_out(cast)
    counts = []
    for notice in (few, many):
        with CaptureQueriesContext(connection) as queries:
            run(notice)
        counts.append(len(queries))

    assert counts[0] == counts[1]
