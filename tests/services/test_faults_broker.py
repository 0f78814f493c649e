"""The broker is absent or frozen: people notice nothing, and the work is done without it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from channelportal.core import clock
from channelportal.core.models import Alert, AuditEntry, AuditSeal, Heartbeat, OutboxMessage
from feedback.models import LadderEvent, Obligation, Ticket
from tests.people import Cast
from tests.services import backlog
from tests.services.launcher import Redis
from tests.services.mail import MailServer
from tests.services.processes import StartChild, eventually

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
# a web process of its own, whose broker is the one that fails: files a ticket, then starts a job as an export would
WEB = """
import time, uuid, django
django.setup()
from django.test import Client
from accounts.models import User
from channelportal.celery import start_after_commit
from channelportal.core.tasks import deliver
from feedback.models import TicketKind
person, browser = User.objects.get(pk={person}), Client()
browser.force_login(person)
browser.get("/tickets/new/")
typed = dict(once=uuid.uuid4(), kind=TicketKind.objects.get(code="problem").pk, responsible={unit}, title="水泵漏水",
             body="三台漏水。", severity="normal")
began = time.monotonic()
answer = browser.post("/tickets/new/", typed)
print("answer", answer.status_code, "after", round(time.monotonic() - began, 2))
began = time.monotonic()
start_after_commit(deliver)
print("started after", round(time.monotonic() - began, 2))
"""


@pytest.fixture(params=["absent", "frozen"])
def bad_redis(request: pytest.FixtureRequest, own_redis: Redis) -> Iterator[Redis]:
    if request.param == "absent":
        own_redis.kill()
        yield own_redis
        return
    assert own_redis.process
    os.kill(own_redis.process.pid, signal.SIGSTOP)
    yield own_redis
    os.kill(own_redis.process.pid, signal.SIGCONT)


def test_it_files_a_ticket_at_once_and_delivers_later(
    company: Cast, bad_redis: Redis, start_child: StartChild, smtp: MailServer
) -> None:
    script = WEB.format(person=company.ludong_head.pk, unit=company.kefu.pk)
    web = start_child(
        "-c", script, env={"REDIS_URL": bad_redis.url, "DJANGO_SETTINGS_MODULE": "channelportal.settings"}
    )
    eventually(lambda: web.process.poll() is not None, within=60, otherwise=lambda: web.log)

    assert (answer := re.search(r"answer (\d+) after ([\d.]+)", web.log)), web.log
    assert (started := re.search(r"started after ([\d.]+)", web.log)), web.log
    assert answer[1] == "302"
    assert float(answer[2]) < 3
    assert float(started[1]) < 3
    assert Ticket.objects.get().state == "open"

    call_command("run_jobs", stdout=StringIO())
    assert smtp.to(company.kefu_officer.email)


def test_it_does_everything_without_a_broker(
    company: Cast, bad_redis: Redis, start_child: StartChild, smtp: MailServer
) -> None:
    duties = backlog.fall_due(company, [clock.now() - timedelta(minutes=1)] * 100)

    jobs = start_child("manage.py", "run_jobs", env={"REDIS_URL": bad_redis.url})
    eventually(lambda: jobs.process.poll() is not None, within=60, otherwise=lambda: jobs.log)

    assert "All jobs ran." in jobs.log
    assert LadderEvent.objects.count() == Obligation.objects.filter(missed_at__isnull=False).count() == len(duties)
    assert Alert.objects.count() == OutboxMessage.objects.filter(state="sent").count() == 2 * len(duties)
    assert len(smtp.received) == 2  # 周主管's and 客服员's, each with a hundred lines
    assert AuditSeal.objects.count() == AuditEntry.objects.count()
    assert set(Heartbeat.objects.values_list("name", flat=True)) >= {"sweep", "deliver", "seal", "upkeep", "passwords"}
