"""The clocks of two machines with workers are ten minutes off, one ahead, one behind: the database's clock decides."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from channelportal.core import clock, outbox
from channelportal.core.models import Alert, AuditEntry, Heartbeat, OutboxMessage
from feedback.models import LadderEvent, Obligation
from notices.audience import Audience
from notices.models import Notice
from tests.notices import making
from tests.people import Cast
from tests.services import backlog

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
OFF = timedelta(minutes=10)
SOON = timedelta(minutes=8)  # has come by the clock that is ahead, and by no other within the time this test takes


def all_jobs_of_a_machine(off: timedelta) -> None:
    with time_machine.travel(timezone.now() + off):
        assert abs(timezone.now() - clock.now() - off) < OFF / 2  # its clock is wrong, and nobody asked it
        call_command("run_jobs", stdout=(said := StringIO()))
    assert "All jobs ran." in said.getvalue()


@pytest.mark.parametrize("machines", [(OFF, -OFF), (-OFF, OFF)], ids=["ahead first", "behind first"])
def test_it_does_nothing_before_its_time_and_nothing_twice(company: Cast, machines: tuple[timedelta, ...]) -> None:
    now = clock.now()
    due = [now - timedelta(minutes=1)] * 6
    backlog.fall_due(company, due + [now + SOON] * 6)
    audience = Audience(units=(company.ludong.pk,))
    waiting = making.approved(
        company, at=now - timedelta(hours=6), audience=audience, publish_at=now + SOON, means=["portal"]
    )
    outbox.put("ticket-late-1", key="later", to=company.kefu_head, data={}, at=now, not_before=now + SOON)

    for off in machines:
        all_jobs_of_a_machine(off)

    handled = Obligation.objects.filter(missed_at__isnull=False)
    assert sorted(handled.values_list("due_at", flat=True)) == due
    assert LadderEvent.objects.count() == AuditEntry.objects.filter(action="ticket.escalated").count() == len(due)
    assert Alert.objects.filter(kind="ticket-late-1").count() == 2 * len(due)  # 周主管 and 客服员
    assert Notice.objects.get(pk=waiting.pk).state == Notice.State.SCHEDULED
    assert OutboxMessage.objects.get(key="later").attempts == 0
    others = OutboxMessage.objects.exclude(key="later")
    assert set(others.values_list("state", flat=True)) <= {"sent", "cancelled"}  # cancelled: the approver has approved
    assert all(abs(at - now) < OFF / 2 for at in Heartbeat.objects.values_list("at", flat=True))
