"""Several senders and several sealers at once, with real threads on PostgreSQL: each row is one's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from channelportal.core import audit, outbox
from channelportal.core.models import AuditEntry, AuditSeal, OutboxMessage

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(number: int, work: Callable[[], Any]) -> list[Any]:
    """Run `work` in so many threads that start together; their results."""
    gate, results = threading.Barrier(number), []

    def run() -> None:
        try:
            gate.wait()
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == number
    return results


def test_it_sends_each_mail_once_by_eight_senders(cast: Any) -> None:
    data = {"day": "2026-05-08", "number": 1, "hash": "x"}
    outbox.put_all(
        outbox.prepare("audit-head", key=str(n), address=f"a{n}@example.com", data=data, at=AT) for n in range(120)
    )

    sent = at_once(8, lambda: outbox.deliver(AT, limit=10))

    assert sum(sent) == 120
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == len(mail.outbox) == 120
    assert OutboxMessage.objects.filter(state="sent", attempts=1).count() == 120


def test_it_makes_one_chain_by_eight_sealers() -> None:
    AuditEntry.objects.bulk_create(AuditEntry(at=AT, action="probe") for _ in range(300))

    at_once(8, lambda: audit.seal(40, at=AT))
    audit.seal_all(AT)

    assert list(AuditSeal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 301))
    assert audit.verify().broken is None


def test_it_lets_no_writer_wait_for_the_sealer() -> None:
    AuditEntry.objects.bulk_create(AuditEntry(at=AT, action="probe") for _ in range(50))

    def both() -> int:
        audit.record("probe", at=AT)
        return audit.seal(at=AT)

    at_once(8, both)
    audit.seal_all(AT)

    assert AuditSeal.objects.count() == AuditEntry.objects.count() == 58
    assert audit.verify().broken is None
