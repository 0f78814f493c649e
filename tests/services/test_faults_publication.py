"""A publication to 10,000 whose worker is killed in the middle: nobody is missing, nobody hears it twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import User
from channelportal.core import clock, jobs
from channelportal.core.models import Alert, AuditEntry, Job, OutboxMessage
from notices import publication, receipts
from notices.audience import Audience
from notices.models import Notice, Receipt, UnitAnswer
from tests import threads
from tests.notices import making
from tests.people import Cast
from tests.services.processes import StartWorker, Worker, eventually

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 10_000
GATE = 20_261  # an advisory lock of PostgreSQL's


def readers(company: Cast, count: int) -> None:
    """So many more people of 鲁东代理商 and 川南代理商."""
    made_at = clock.now()
    User.objects.bulk_create(
        (
            User(
                username=f"reader.{number}", email=f"reader.{number}@example.com", name=f"读者{number}", role=User.Role.MEMBER,
                unit=(company.ludong, company.chuannan)[number % 2], password_changed_at=made_at, created_at=made_at,
            )
            for number in range(count)
        ),
        batch_size=2_000,
    )  # fmt: skip


@contextmanager
def stuck_in_the_middle(seconds: float) -> Iterator[Callable[[], None]]:
    """Each batch takes so long, and none after the first ends before the function that comes with it is called: there is a
    middle to be killed in, however busy this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        cursor.execute(
            "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"PERFORM pg_sleep({seconds}); "
            f"IF (SELECT count(*) FROM core_alert) > {publication.BATCH * 3 // 2} THEN PERFORM pg_advisory_xact_lock({GATE}); "
            "END IF; RETURN NULL; END $$"
        )
        cursor.execute("CREATE TRIGGER stuck AFTER INSERT ON core_alert FOR EACH STATEMENT EXECUTE FUNCTION stuck()")

    def go_on() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")

    try:
        yield go_on
    finally:
        go_on()
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER stuck ON core_alert")
            cursor.execute("DROP FUNCTION stuck")


def delivered(notice: Notice) -> int:
    return Receipt.objects.filter(notice=notice, delivered_at__isnull=False).count()


def lease_ends(notice: Notice) -> None:
    """As if the seconds had passed for which a dead worker keeps its job; then the loop that picks jobs up comes round."""
    Job.objects.filter(pk=notice.job_id, state=Job.State.RUNNING).update(lease_until=clock.now() - timedelta(seconds=1))
    jobs.pick_up(clock.now())


def plight(notice: Notice, *workers: Worker) -> str:
    """What to look at when it does not go on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, state, wait_event, pg_blocking_pids(pid), left(query, 150) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        sessions = "\n".join(map(str, cursor.fetchall()))
    job = Job.objects.filter(pk=notice.job_id).values("state", "done", "total", "lease_until", "ended_at")
    logs = "\n".join(worker.log_since_start[-1500:] for worker in workers)
    return f"{delivered(notice)} delivered; job {list(job)}\n{sessions}\n{logs}"


def exactly_once(notice: Notice) -> None:
    """Receipts, alerts and mails of everybody, and of nobody two."""
    for rows in (
        Receipt.objects.filter(notice=notice, delivered_at__isnull=False),
        Alert.objects.filter(key=f"notice:{notice.pk}", kind="notice-published"),
        OutboxMessage.objects.filter(subject_key=f"notice:{notice.pk}", kind="notice-published"),
    ):
        assert (rows.count(), rows.values("user").distinct().count()) == (MANY, MANY), rows.model
    assert OutboxMessage.objects.values("key").distinct().count() == OutboxMessage.objects.count()
    assert Alert.objects.filter(kind="notice-out").count() == 1
    assert AuditEntry.objects.filter(action="notice.delivered").count() == 1


def test_it_loses_and_doubles_nobody_when_the_worker_is_killed(company: Cast, start_worker: StartWorker) -> None:
    workers = [start_worker(concurrency=1, ready=False) for _ in range(2)]
    readers(company, MANY - 6)
    audience = Audience(units=(company.ludong.pk, company.chuannan.pk))
    workers[0].wait_until_ready(within=60)
    workers[1].kill()

    with stuck_in_the_middle(0.3) as go_on:
        begun = time.monotonic()
        notice = making.approved(company, at=clock.now(), audience=audience, means=["portal", "mail"])
        eventually(lambda: delivered(notice), within=60, otherwise=lambda: plight(notice, *workers))
        workers[0].kill()
        half = delivered(notice)
        assert half == publication.BATCH, plight(notice)
        lease = Job.objects.get(pk=notice.job_id).lease_until
        took = time.monotonic() - begun
        go_on()
        for worker in workers:
            worker.start()
        lease_ends(notice)
        eventually(lambda: delivered(notice) > half, within=60, otherwise=lambda: plight(notice, *workers))
        lease_ends(notice)  # now two are at it
        eventually(
            lambda: Notice.objects.get(pk=notice.pk).state == "published",
            within=60,
            otherwise=lambda: plight(notice, *workers),
        )

    assert lease is not None and lease <= clock.now() + publication.LEASE
    exactly_once(notice)
    eventually(
        lambda: Job.objects.filter(pk=notice.job_id, state="done", done=MANY, total=MANY).exists()
    )  # both have ended
    assert Notice.objects.get(pk=notice.pk).recipients == MANY
    print(f"killed after {half} of {MANY}, {took:.1f} s")


def test_it_counts_each_once_when_many_read_at_once(company: Cast) -> None:
    people = [company.ludong_head, company.ludong_officer, company.ludong_member, company.chuannan_head]
    notice = making.published(company, to=people, acknowledge=True, unit_answers=True)
    deeds = [lambda user=user: receipts.acknowledge(notice, by=User.objects.get(pk=user.pk)) for user in people * 4]
    deeds += [lambda user=user: receipts.open_(notice, User.objects.get(pk=user.pk)) for user in people * 4]
    deeds += [lambda: receipts.remind(notice, by=User.objects.get(pk=company.kefu_officer.pk))] * 3

    failures = threads.failures(deeds)

    notice.refresh_from_db()
    assert failures == []
    assert (notice.opened, notice.acknowledged) == (4, 4)
    assert UnitAnswer.objects.filter(notice=notice).count() == 2
    assert set(Receipt.objects.values_list("reminders", flat=True)) <= {0, 1}
    assert AuditEntry.objects.filter(action="notice.acknowledge").count() <= 4
