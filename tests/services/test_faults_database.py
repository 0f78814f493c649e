"""PostgreSQL is killed in the middle of a sweep, a publication and a request, and comes back: nothing lost, nothing twice."""

from __future__ import annotations

import http.client
import re
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client

from accounts.models import User
from channelportal.core import audit, clock, jobs, stamps
from channelportal.core.models import Alert, AuditEntry, Job, OutboxMessage
from feedback.models import Entry, LadderEvent, Obligation, Ticket, TicketKind
from notices import publication
from notices.audience import Audience
from notices.models import Notice, Receipt
from scripts.children import free_port
from tests.notices import making
from tests.services import backlog
from tests.services.launcher import Postgres
from tests.services.processes import Child, StartChild, StartWorker, environment_of_children, eventually
from tests.services.test_faults_publication import readers

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LATE = 60  # tickets that are late, in batches of
BATCH = 20
MANY = publication.BATCH + 500  # people
GATE = 20_262  # an advisory lock; whoever waits for it waits without end, whatever lock_timeout says
HOLD = f"""
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_TABLE_NAME = 'notices_receipt' AND (SELECT count(*) FROM notices_receipt) <= {publication.BATCH}
    OR TG_TABLE_NAME = 'feedback_ladderevent' AND (SELECT count(*) FROM feedback_ladderevent) <= {BATCH}
  THEN RETURN NULL; END IF;
  WHILE EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {GATE} AND granted) LOOP
    PERFORM pg_sleep(0.02);
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER hold AFTER INSERT ON notices_receipt FOR EACH STATEMENT EXECUTE FUNCTION hold();
CREATE TRIGGER hold AFTER INSERT ON feedback_ladderevent FOR EACH STATEMENT EXECUTE FUNCTION hold();
CREATE TRIGGER hold AFTER INSERT ON feedback_ticket FOR EACH ROW WHEN (NEW.title = '停在半路') EXECUTE FUNCTION hold();
"""


@pytest.fixture
def own_postgres(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """This process and its children work in a PostgreSQL that the test may kill; it keeps what it said it kept."""
    with Postgres(durable=True) as server:
        server.copy_of(environment_of_children()["DATABASE_URL"])
        ours, place = connection.settings_dict, urlsplit(server.url)
        usual = dict(ours)
        connection.close()
        ours |= {"HOST": place.hostname, "PORT": place.port, "USER": place.username, "PASSWORD": place.password}
        ours["NAME"] = "portal"
        monkeypatch.setenv("DATABASE_URL", server.url)
        yield server
        connection.close()
        ours |= usual
        stamps.forget_all()


@dataclass
class Answer:
    status: int
    text: str

    @property
    def typed(self) -> dict[str, str]:
        """The fields that this page would send again."""
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', self.text)
        return {unescape(name): unescape(value) for name, value in found}


class Browser:
    """A window of this person's at the real web server."""

    def __init__(self, port: int, user: User) -> None:
        client = Client()
        client.force_login(user)
        self.port, self.token = port, "a" * 32
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={self.token}"

    def ask(self, path: str, typed: dict[str, str] | None = None) -> Answer:
        channel = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        body = None if typed is None else urlencode(typed)
        channel.request("GET" if body is None else "POST", path, body, headers)
        answer = channel.getresponse()
        try:
            return Answer(answer.status, answer.read().decode())
        finally:
            channel.close()


def serves(port: int) -> bool:
    channel = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        channel.request("GET", "/sign-in/")
        return channel.getresponse().status == 200
    except OSError:
        return False
    finally:
        channel.close()


def held_up() -> Counter[str]:
    """In which statements somebody waits at the gate."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )
        return Counter(
            re.findall(r"(notices_receipt|feedback_ladderevent|feedback_ticket)", "".join(q for (q,) in cursor))
        )


def logs(*children: Child) -> str:
    return "\n".join(child.log[-3000:] for child in children)


def test_it_goes_on_by_itself_when_the_database_was_killed(
    own_postgres: Postgres, start_worker: StartWorker, start_child: StartChild
) -> None:
    company = backlog.founded()
    env = {"SWEEP_SECONDS": "1", "SWEEP_BATCH": str(BATCH), "PORT": str(free_port()), "WEB_CONCURRENCY": "1"}
    web = start_child("-m", "gunicorn", "channelportal.wsgi", env=env)
    children = [start_worker(queues=queue, concurrency=1, env=env, ready=False) for queue in ("critical", "default")]
    beat = start_child(
        "-m", "celery", "-A", "channelportal", "beat", "--schedule", f"{web.log_file}.beat", "--pidfile=", env=env
    )
    readers(company, MANY - 6)
    browser = Browser(int(env["PORT"]), company.ludong_head)
    typed = {
        "csrfmiddlewaretoken": browser.token, "once": str(uuid.uuid4()), "title": "停在半路", "body": "三台水泵\r\n漏水“急”",
        "kind": str(TicketKind.objects.get(code="problem").pk), "responsible": str(company.kefu.pk), "severity": "normal",
    }  # fmt: skip
    for worker in children:
        worker.wait_until_ready(within=90)
    eventually(lambda: serves(browser.port), within=90, otherwise=lambda: web.log)
    assert browser.ask("/tickets/").status == 200
    with connection.cursor() as cursor:
        cursor.execute(HOLD)
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])

    backlog.fall_due(company, [clock.now() - timedelta(minutes=1)] * LATE)
    audience = Audience(units=(company.ludong.pk, company.chuannan.pk))
    notice = making.approved(company, at=clock.now(), audience=audience, means=["portal", "mail"])
    middle = {"notices_receipt", "feedback_ladderevent"}
    eventually(lambda: held_up().keys() == middle, within=60, otherwise=lambda: f"{held_up()}\n{logs(beat, *children)}")
    answers: list[Answer] = []
    hand = threading.Thread(target=lambda: answers.append(browser.ask("/tickets/new/", typed)))
    hand.start()
    eventually(lambda: "feedback_ticket" in held_up(), within=60, otherwise=lambda: f"{answers}\n{logs(web)}")
    own_postgres.kill()
    hand.join(60)
    reading, health = browser.ask("/tickets/"), browser.ask("/healthz")

    with pytest.raises(OperationalError):
        Ticket.objects.count()
    assert [answers[0].status, reading.status, health.status] == [503, 503, 503]
    assert "系统暂时无法使用" in reading.text
    assert answers[0].typed == typed

    connection.close()
    own_postgres.start()
    assert not Ticket.objects.filter(title="停在半路").exists()
    assert Receipt.objects.filter(notice=notice).count() == publication.BATCH
    again = [browser.ask("/tickets/new/", answers[0].typed).status for _ in range(2)]  # twice: pressed again
    Job.objects.filter(pk=notice.job_id, state=Job.State.RUNNING).update(lease_until=clock.now() - timedelta(seconds=1))
    jobs.pick_up(clock.now())
    eventually(
        lambda: not Obligation.objects.filter(missed_at=None, ticket__title__contains="第").exists(),
        within=60,
        otherwise=lambda: logs(beat, *children),
    )
    eventually(
        lambda: Job.objects.get(pk=notice.job_id).state == Job.State.DONE, within=60, otherwise=lambda: logs(*children)
    )

    assert set(again) == {302}
    assert Ticket.objects.filter(title="停在半路", state="open").count() == 1
    each_happened_once(notice)
    assert [one.process.poll() for one in (web, beat, *children)] == [None] * 4


def each_happened_once(notice: Notice) -> None:
    assert LadderEvent.objects.count() == LadderEvent.objects.values("obligation").distinct().count() == LATE
    assert not Obligation.objects.filter(parked_until__isnull=False).exists()
    assert Entry.objects.filter(kind="escalated").count() == LATE
    assert AuditEntry.objects.filter(action="ticket.escalated").count() == LATE
    assert Alert.objects.filter(kind="ticket-late-1").count() == 2 * LATE  # 周主管 and 客服员
    for rows in (
        Receipt.objects.filter(notice=notice, delivered_at__isnull=False),
        Alert.objects.filter(key=f"notice:{notice.pk}", kind="notice-published"),
        OutboxMessage.objects.filter(subject_key=f"notice:{notice.pk}", kind="notice-published"),
    ):
        assert (rows.count(), rows.values("user").distinct().count()) == (MANY, MANY), rows.model
    assert AuditEntry.objects.filter(action="notice.delivered").count() == 1
    audit.seal_all(clock.now())
    assert audit.verify().broken is None
