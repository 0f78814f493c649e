"""Nothing is lost and nothing happens twice, whatever is killed: real workers, two beats, real Redis, real SMTP."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db.models import Count, F

from channelportal.core import audit, clock, outbox
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from feedback.models import Entry, LadderEvent, Obligation, Tally, Ticket
from tests.people import Cast
from tests.services import backlog
from tests.services.launcher import Redis
from tests.services.mail import MailServer
from tests.services.processes import StartChild, StartWorker, Worker, eventually

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 1000
CHAOS = 24  # seconds during which they fall due, and the killing goes on
State = OutboxMessage.State


def test_it_loses_and_doubles_nothing_when_everything_is_killed(  # noqa: PLR0917  (fixtures)
    company: Cast,
    smtp: MailServer,
    own_redis: Redis,
    start_worker: StartWorker,
    start_child: StartChild,
    tmp_path: Path,
) -> None:
    env = {"REDIS_URL": own_redis.url, "SWEEP_SECONDS": "1", "SWEEP_BATCH": "20"}
    workers = [start_worker(concurrency=1, queues="critical,default", env=env, ready=False) for _ in range(3)]
    for number in range(2):
        options = ["--schedule", str(tmp_path / f"beat{number}"), "--pidfile", ""]
        start_child("-m", "celery", "-A", "channelportal", "beat", *options, env=env)
    for worker in workers:
        worker.wait_until_ready(within=60)
    smtp.delay = 0.01  # so that some are killed while they send
    began = clock.now()
    people = backlog.employees(company, MANY // 2)
    moments = [began + timedelta(seconds=CHAOS * number / MANY) for number in range(MANY)]
    backlog.fall_due(company, moments, assignees=people)

    kills = _kill(workers, own_redis, until=time.monotonic() + CHAOS)
    eventually(lambda: not _unhandled(), within=60, otherwise=lambda: f"{_unhandled()} left\n{workers[0].log[-3000:]}")
    _die_and_wait_for_the_leases(workers)
    eventually(lambda: not _unsent(), within=60, otherwise=lambda: f"{_unsent()} left\n{workers[0].log[-3000:]}")
    for worker in workers:
        worker.kill()
    audit.seal_all(clock.now())

    assert kills >= CHAOS / 4
    _each_happened_once(people)
    _every_message_came(smtp)
    assert audit.verify().broken is None


def _kill(workers: list[Worker], broker: Redis, *, until: float) -> int:
    """kill -9 every two seconds, in turn, and bring it back at once; the broker is emptied, later killed, in between."""
    kills = 0
    deeds = {3: lambda: _flush(broker), 6: lambda: (broker.kill(), broker.start())}
    while time.monotonic() < until:
        worker = workers[kills % len(workers)]
        worker.kill()
        worker.start()
        kills += 1
        deeds.pop(kills, lambda: None)()
        time.sleep(2)
    assert not deeds
    return kills


def _flush(broker: Redis) -> None:
    with redis.Redis.from_url(broker.url) as client:
        client.flushall()


def _unhandled() -> int:
    return Obligation.objects.filter(missed_at=None).count()


def _unsent() -> int:
    return OutboxMessage.objects.exclude(state=State.SENT).count()


def _die_and_wait_for_the_leases(workers: list[Worker]) -> None:
    """What killed senders had in hand waits for its lease: all are dead now, and five minutes pass."""
    for worker in workers:
        worker.kill()
    OutboxMessage.objects.filter(state=State.SENDING).update(lease_until=clock.now() - timedelta(seconds=1))
    for worker in workers:
        worker.start()


def _each_happened_once(people: list[Any]) -> None:
    assert LadderEvent.objects.values_list("level").annotate(Count("pk")).get() == (1, MANY)
    assert LadderEvent.objects.values("obligation").distinct().count() == MANY
    assert LadderEvent.objects.filter(at=F("obligation__due_at"), told=True).count() == MANY
    assert (
        Obligation.objects.filter(missed_at=F("due_at"), next_step_at__gt=F("due_at"), parked_until=None).count()
        == MANY
    )
    assert Counter(Entry.objects.values_list("kind", flat=True)) == {"missed": MANY, "escalated": MANY}
    assert AuditEntry.objects.filter(action="ticket.escalated").count() == MANY
    assert Ticket.objects.filter(missed=True, level=1).count() == MANY
    assert Counter(Tally.objects.values_list("replies_late", "escalated")) == {(MANY, MANY): 1}
    told = Counter(Alert.objects.filter(kind="ticket-late-1").values_list("user_id", flat=True))
    assert sum(told.values()) == Alert.objects.count() == OutboxMessage.objects.count() == 2 * MANY  # head and assignee
    assert all(told[person.pk] == MANY / len(people) for person in people)


def _every_message_came(smtp: MailServer) -> None:
    """Each mail at least once, and each ticket in the mail that its row joined; doubles only of what was being sent at a kill."""
    came = Counter(mail.message["Message-ID"] for mail in smtp.received)
    due = {outbox.message_id(key) for key in OutboxMessage.objects.filter(lead=None).values_list("key", flat=True)}
    assert came.keys() == due
    words = {mail.message["Message-ID"]: mail.subject + mail.text for mail in smtp.received}
    for row in OutboxMessage.objects.select_related("lead"):
        assert row.data["number"] in words[outbox.message_id((row.lead or row).key)]
    doubles = [mail for mail in smtp.received if came[mail.message["Message-ID"]] > 1]
    attempts = Counter((mail.message["Message-ID"], mail.message["X-Attempt"]) for mail in doubles)
    assert set(attempts.values()) <= {1}, "the same attempt came twice"
    print(f"{len(came)} mails, {len(smtp.received) - len(came)} double")
