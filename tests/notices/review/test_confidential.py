"""The words of a confidential notice stay with its readers: no trail, job, file name or message tells them to others."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from channelportal.core import clock, files
from channelportal.core.models import AuditEntry, Job, OutboxMessage
from notices import joiners, publication, receipts, sweep
from notices.audience import Audience
from notices.models import Notice, Picture, RobotPost, Step
from notices.workflow import answers
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db
SECRET = "并购名单核对"
AT = making.AT


def trail() -> str:
    return str(list(AuditEntry.objects.values_list("action", "object_name", "data")))


def test_no_row_of_the_trail_names_it_whatever_is_done_to_it(cast: Cast) -> None:
    notice = making.published(cast, title=SECRET, level="confidential", acknowledge=True, late_joiners=True)
    receipts.remind(notice, by=cast.kefu_officer, at=AT + timedelta(hours=9))
    receipts.acknowledge(notice, by=cast.ludong_officer, at=AT + timedelta(hours=10))
    answers.publish(notice, by=cast.kefu_officer, question="问", answer="答", at=AT + timedelta(hours=10))
    sweep.sweep(AT + timedelta(days=10))
    Notice.objects.filter(pk=notice.pk).update(audience=Audience(channels="all").stored())
    joiners.catch_up(AT + timedelta(days=10))

    done = set(AuditEntry.objects.filter(object_type="notices.notice").values_list("action", flat=True))
    assert {"notice.remind", "notice.acknowledge", "notice.overdue", "notice.joined"} <= done
    assert SECRET not in trail()


def test_the_reminder_of_an_approval_names_it_not(cast: Cast) -> None:
    notice = making.sent(cast, title=SECRET, level="confidential")

    sweep.sweep(AT + timedelta(days=4))

    assert Step.objects.filter(version__notice=notice, reminded_at__isnull=False).exists()
    assert SECRET not in trail()


def test_its_publication_names_it_neither_in_the_trail_nor_in_the_job(cast: Cast) -> None:
    notice = making.approved(
        cast, title=SECRET, level="confidential", means=["portal", "mail", "robot"],
        audience=Audience(people=(cast.ludong_head.pk,)),
    )  # fmt: skip
    job = Notice.objects.get(pk=notice.pk).job
    assert job is not None

    publication.run(job.pk, AT + timedelta(hours=9))

    assert AuditEntry.objects.filter(action="notice.delivered").exists()
    assert SECRET not in trail()
    assert SECRET not in str(list(Job.objects.values_list("data", "result")))
    assert SECRET not in str(list(OutboxMessage.objects.values_list("data")))
    assert SECRET not in str(list(RobotPost.objects.values_list("data")))


def test_the_name_of_its_picture_is_not_in_the_trail(cast: Cast) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    kept = files.keep_bytes(f"{SECRET}.png", out.getvalue(), "image/png", by=cast.kefu_officer, at=clock.now())
    Picture.objects.create(file=kept, by=cast.kefu_officer, at=clock.now())
    body = f'<p>一</p><p><img src="/notices/pictures/{kept.pk}/" alt="图"></p>'
    making.published(cast, title="另一个", level="confidential", body=body)

    answer = _get(cast.ludong_head, f"/notices/pictures/{kept.pk}/")

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert AuditEntry.objects.filter(action="file.downloaded", data__marked=True).exists()
    assert SECRET not in str(
        list(AuditEntry.objects.filter(action="file.downloaded").values_list("object_name", "data"))
    )


def _get(user: Any, path: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(path)
