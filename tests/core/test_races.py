"""Several senders and several sealers at once, with real threads on PostgreSQL: each row is one's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail

from channelportal.core import audit, outbox
from channelportal.core.models import AuditEntry, AuditSeal, OutboxMessage
from tests import threads

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_it_sends_each_mail_once_by_eight_senders(cast: Any) -> None:
    data = {"day": "2026-05-08", "number": 1, "hash": "x"}
    outbox.put_all(
        outbox.prepare("audit-head", key=str(n), address=f"a{n}@example.com", data=data, at=AT) for n in range(120)
    )

    sent = threads.results([lambda: outbox.deliver(AT, limit=10)] * 8)

    assert sum(sent) == 120
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == len(mail.outbox) == 120
    assert OutboxMessage.objects.filter(state="sent", attempts=1).count() == 120


def test_it_makes_one_chain_by_eight_sealers() -> None:
    AuditEntry.objects.bulk_create(AuditEntry(at=AT, action="probe") for _ in range(300))

    assert threads.failures([lambda: audit.seal(40, at=AT)] * 8) == []
    audit.seal_all(AT)

    assert list(AuditSeal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 301))
    assert audit.verify().broken is None


def test_it_lets_no_writer_wait_for_the_sealer() -> None:
    AuditEntry.objects.bulk_create(AuditEntry(at=AT, action="probe") for _ in range(50))

    def both() -> int:
        audit.record("probe", at=AT)
        return audit.seal(at=AT)

    assert threads.failures([both] * 8) == []
    audit.seal_all(AT)

    assert AuditSeal.objects.count() == AuditEntry.objects.count() == 58
    assert audit.verify().broken is None
