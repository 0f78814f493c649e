"""The fixtures that many tests stand on: they must be real, and as unkind as they claim."""

from __future__ import annotations

import smtplib

import pytest
import redis
from django.core.mail import EmailMessage, get_connection
from django.db import connection

from channelportal.celery import app
from tests.services.launcher import Redis
from tests.services.mail import MailServer
from tests.services.processes import Child, StartChild, StartWorker, Worker, eventually


def test_it_runs_a_worker_on_the_database_of_the_test(worker: Worker) -> None:
    environment = worker.environment

    assert str(connection.settings_dict["NAME"]) in environment["DATABASE_URL"]
    assert set(app.control.inspect([worker.name]).active_queues()[worker.name][0]) >= {"name", "routing_key"}


def test_it_brings_a_killed_worker_back(worker: Worker) -> None:
    worker.kill()
    worker.start()

    worker.wait_until_ready()


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_it_starts_the_kind_of_worker_that_is_asked_for(start_worker: StartWorker, pool: str) -> None:
    worker = start_worker(pool=pool, queues="critical", concurrency=1)

    queues = app.control.inspect([worker.name]).active_queues()[worker.name]

    assert [queue["name"] for queue in queues] == ["critical"]


def test_it_runs_a_worker_on_a_redis_of_the_tests_own(start_worker: StartWorker, own_redis: Redis) -> None:
    worker = start_worker(env={"REDIS_URL": own_redis.url})

    client = redis.Redis.from_url(own_redis.url)

    assert worker.environment["REDIS_URL"] == own_redis.url
    assert client.exists("_kombu.binding.critical")


def test_it_runs_the_beat(beat_process: Child, broker: redis.Redis) -> None:
    eventually(lambda: "beat: Starting" in beat_process.log, otherwise=lambda: beat_process.log)


def test_it_runs_a_command_on_the_database_of_the_test(start_child: StartChild) -> None:
    child = start_child("-c", "import os; print(os.environ['DATABASE_URL'])")

    child.process.wait(10)

    assert str(connection.settings_dict["NAME"]) in child.log


def test_it_keeps_what_it_is_sent(smtp: MailServer) -> None:
    EmailMessage("催办", "请于今天答复。", "portal@example.com", ["a@example.com"], bcc=["b@example.com"]).send()

    received = smtp.wait_for(1)[0]

    assert (received.subject, received.text.strip()) == ("催办", "请于今天答复。")
    assert smtp.to("b@example.com") == [received]


def test_it_refuses_one_address(smtp: MailServer) -> None:
    smtp.refuse("gone@example.com")

    with pytest.raises(smtplib.SMTPRecipientsRefused):
        EmailMessage("s", "t", "portal@example.com", ["gone@example.com"]).send()


def test_it_is_slow_when_told_to(smtp: MailServer) -> None:
    smtp.delay = 2

    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        EmailMessage("s", "t", "portal@example.com", ["a@example.com"], connection=get_connection(timeout=0.2)).send()


def test_it_comes_back_at_the_same_address(smtp: MailServer) -> None:
    smtp.stop()
    with pytest.raises(ConnectionRefusedError):
        EmailMessage("s", "t", "portal@example.com", ["a@example.com"]).send()

    smtp.start()
    EmailMessage("s", "t", "portal@example.com", ["a@example.com"]).send()

    assert len(smtp.received) == 1
