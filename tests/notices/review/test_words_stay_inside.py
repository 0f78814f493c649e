"""Nobody outside the audience (and the author's side, who decides, 企发部) learns what a notice is called by a message about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from channelportal.core import alerts, outbox
from channelportal.core.models import Alert, AuditEntry, Job, OutboxMessage
from notices import publication, receipts, workflow
from notices.audience import Audience
from notices.models import Notice
from notices.sweep import sweep
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db
SECRET = "并购名单核对"
AT = making.AT
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def heard(user: User) -> str:
    """Everything that bell and mail say to this person, as he reads it and as it lies in the database."""
    rows = list(Alert.objects.filter(user=user))
    mails = list(OutboxMessage.objects.filter(user=user))
    worded = [outbox.compose(outbox.Letter(mail, [mail])) for mail in mails]
    said = [(alerts.wording(row), row.url, row.data) for row in rows]
    return str([said, [(mail.data, mail.kind) for mail in mails], [(one.subject, one.body) for one in worded]])


def late(cast: Cast, to: list[User], **values: Any) -> Notice:
    """Overdue at these people, and told so."""
    notice = making.published(cast, to=to, title=SECRET, acknowledge=True, acknowledge_days=2, **values)
    sweep(AT + 8 * DAY)
    return notice


def corrected(cast: Cast, notice: Notice, title: str, at: Any) -> None:
    workflow.correct(
        notice, by=cast.kefu_officer, title=title, body="<p>价</p>", change="价格", change_reason="漏写", at=at
    )
    workflow.send(notice, by=cast.kefu_officer, at=at)
    making.approve_all(notice, at=at)


# ── the head of a unit whose people are late ────────────────────────────────────────────────────


def test_a_head_whom_a_confidential_notice_is_not_for_learns_that_his_people_are_late_and_no_more(cast: Cast) -> None:
    notice = late(cast, [cast.ludong_officer, cast.ludong_member], level="confidential")

    told = Alert.objects.get(kind="notice-late-unit", user=cast.ludong_head)
    assert (told.url, told.data) == ("", {"count": 2, "reader_unit": cast.ludong.name})
    assert OutboxMessage.objects.filter(user=cast.ludong_head).exists()
    assert SECRET not in heard(cast.ludong_head)
    assert notice.number not in heard(cast.ludong_head)
    assert notice.get_absolute_url() not in heard(cast.ludong_head)


def test_of_any_other_notice_that_is_not_for_him_he_learns_the_number(cast: Cast) -> None:
    notice = late(cast, [cast.ludong_officer])

    assert SECRET not in heard(cast.ludong_head)
    assert notice.get_absolute_url() not in heard(cast.ludong_head)
    line = alerts.wording(Alert.objects.get(kind="notice-late-unit", user=cast.ludong_head))
    assert line == f"{cast.ludong.name}有 1 人逾期未确认通知 {notice.number}（发给他们，未发给您）"


def test_a_head_who_received_it_reads_its_title(cast: Cast) -> None:
    notice = late(cast, [cast.ludong_head, cast.ludong_officer], level="confidential")

    told = Alert.objects.get(kind="notice-late-unit", user=cast.ludong_head)
    assert SECRET in alerts.wording(told)
    assert told.url == notice.get_absolute_url()
    assert SECRET not in str(list(OutboxMessage.objects.values_list("data", flat=True)))


def test_the_head_of_the_authors_unit_reads_it_of_his_own_people(cast: Cast) -> None:
    late(cast, [cast.kefu_member], level="confidential")

    assert SECRET in alerts.wording(Alert.objects.get(kind="notice-late-unit", user=cast.kefu_head))


# ── who has left ────────────────────────────────────────────────────────────────────────────────


def test_an_author_who_left_is_told_neither_that_it_lies_nor_that_it_is_out(cast: Cast) -> None:
    notice = making.sent(cast, title=SECRET)
    Alert.objects.all().delete()
    OutboxMessage.objects.all().delete()
    User.objects.filter(pk=cast.kefu_officer.pk).update(unit=cast.dev)

    sweep(AT + 5 * DAY)
    making.approve_all(notice, at=AT + 5 * DAY)
    publication.run(Notice.objects.get(pk=notice.pk).job_id or 0, AT + 6 * DAY)

    assert Alert.objects.filter(kind="notice-step-lies").exists()
    assert SECRET not in heard(cast.kefu_officer)


def test_a_job_that_the_clock_began_names_it_to_nobody(cast: Cast) -> None:
    making.approved(cast, title=SECRET, publish_at=AT + 3 * DAY)

    sweep(AT + 3 * DAY)

    assert Job.objects.filter(kind=publication.KIND).exists()
    assert SECRET not in str(list(Job.objects.values_list("data", flat=True)))


def test_who_decided_it_and_left_hears_no_more_of_it(cast: Cast) -> None:
    notice = making.published(cast, title=SECRET)
    gone = cast.kefu_head
    assert gone.pk in notice.versions.get().steps.values_list("decided_by", flat=True)
    Alert.objects.all().delete()
    OutboxMessage.objects.all().delete()
    User.objects.filter(pk=gone.pk).update(unit=cast.chuannan)

    workflow.withdraw(notice, by=cast.kefu_officer, reason="作废", at=AT + DAY)

    assert heard(gone) == str([[], [], []])


def test_who_drafted_a_correction_and_is_no_officer_any_more_is_not_told_what_it_is_called(cast: Cast) -> None:
    notice = making.published(cast, by=cast.kefu_officer)
    workflow.correct(
        notice, by=cast.kefu_deputy, title=SECRET, body="<p>价</p>", change="价格", change_reason="漏写", at=AT + DAY
    )
    workflow.send(notice, by=cast.kefu_officer, at=AT + DAY)
    User.objects.filter(pk=cast.kefu_deputy.pk).update(role="member")

    making.approve_all(notice, at=AT + DAY)

    assert SECRET not in heard(cast.kefu_deputy)


def test_an_alert_that_he_never_read_is_not_renamed_for_who_has_left(cast: Cast) -> None:
    notice = making.approved(cast, title="旧题", audience=Audience(people=(cast.ludong_officer.pk,)))
    publication.run(notice.job_id or 0, AT + 9 * HOUR)
    User.objects.filter(pk=cast.ludong_officer.pk).update(unit=cast.chuannan)

    corrected(cast, Notice.objects.get(pk=notice.pk), SECRET, AT + DAY)

    assert Alert.objects.filter(user=cast.ludong_officer, kind="notice-published").exists()
    assert SECRET not in str(list(Alert.objects.filter(user=cast.ludong_officer).values_list("data", flat=True)))


# ── the trail ───────────────────────────────────────────────────────────────────────────────────


def test_a_draft_that_becomes_confidential_was_never_named_in_the_trail(cast: Cast) -> None:
    notice = making.a_notice(cast, title=SECRET)
    workflow.edit(
        notice, by=cast.kefu_officer, title=SECRET, body="<p>名单</p>", audience=Audience(people=(cast.ludong_head.pk,)),
        level="confidential", at=AT + HOUR,
    )  # fmt: skip
    workflow.send(notice, by=cast.kefu_officer, at=AT + HOUR)

    assert AuditEntry.objects.filter(action="notice.draft", object_name=notice.number).exists()
    assert SECRET not in str(list(AuditEntry.objects.values_list("object_name", "data")))


def test_the_reason_of_a_confidential_withdrawal_stays_on_its_page(cast: Cast) -> None:
    notice = making.published(cast, level="confidential")

    workflow.withdraw(notice, by=cast.kefu_officer, reason=SECRET, at=AT + DAY)

    assert Notice.objects.get(pk=notice.pk).withdrawal == SECRET
    assert SECRET not in str(list(AuditEntry.objects.values_list("object_name", "data")))


def test_nor_is_the_reason_told_to_who_may_not_see_it(cast: Cast) -> None:
    notice = making.published(cast, level="confidential")
    Alert.objects.all().delete()
    receipts.open_(notice, cast.ludong_officer, AT + HOUR)
    User.objects.filter(pk=cast.ludong_officer.pk).update(is_active=False)

    workflow.withdraw(notice, by=cast.kefu_officer, reason=SECRET, at=AT + DAY)

    assert SECRET not in heard(cast.ludong_officer)
    assert SECRET in heard(cast.ludong_head)
    assert SECRET not in str(list(OutboxMessage.objects.values_list("data", flat=True)))
