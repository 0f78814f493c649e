"""What is measured inside a process of the portal: python -m scripts.bench.inside facts|statements|processor|sweep|outbox|publish …, says JSON.

The sweep's floor records the same number of events and moves the same obligations on by two statements; the outbox' floor
hands ready mails to the same server over one connection; the publication's floor writes the same rows by one INSERT … SELECT a table.
"""

# ruff: noqa: E501 (SQL reads best whole)
from __future__ import annotations

import json
import os
import resource
import smtplib
import sys
import time
import uuid
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import django
from aiosmtpd.controller import Controller

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channelportal.settings")
django.setup()

from django.conf import settings  # noqa: E402 (after setup)
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.models import Unit, User  # noqa: E402
from channelportal.core import clock, outbox  # noqa: E402
from channelportal.core.models import OutboxMessage, SearchDocument  # noqa: E402
from channelportal.demo.company import PASSWORD  # noqa: E402
from channelportal.demo.scale import STRIDE  # noqa: E402
from channelportal.lib.workdays import local_date  # noqa: E402
from feedback.models import Ticket, TicketKind  # noqa: E402
from feedback.sweep import sweep  # noqa: E402
from notices import deciders, publication  # noqa: E402
from notices import workflow as drafting  # noqa: E402
from notices.audience import Audience  # noqa: E402
from notices.chain import CHECKS  # noqa: E402
from notices.models import Notice, NoticeKind, Step  # noqa: E402
from notices.sweep import sweep as sweep_notices  # noqa: E402
from scripts.bench.load import Request  # noqa: E402
from scripts.bench.operations import OFFICER, PEOPLE, Facts, few, operations  # noqa: E402

WORDS = (
    "客户",
    "产品",
    "质量",
    "合同",
    "发货",
    "维修",
    "安装",
    "价格",
    "报价",
    "水泵",
    "证书",
    "培训",
    "退货",
    "漏水",
    "配件",
)
MAILS = 600
ASKED = 5  # times a round
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", 'SELECT "core_stamp"')


def facts() -> dict[str, Any]:
    """Who there is, which tickets the addresses name, how rare which word is."""
    people = {
        code: User.objects.filter(unit__name=unit, role=role, is_active=True).order_by("pk")[0]
        for code, (unit, role) in PEOPLE.items()
    }
    department = Unit.objects.get(name=PEOPLE[OFFICER][0])
    answerable = Ticket.objects.filter(responsible=department, state="open", question_open=False, restricted=False)
    counts = sorted((_hits(word), word) for word in WORDS)
    found = [word for hits, word in counts if hits]
    return asdict(
        Facts(
            people={code: user.username for code, user in people.items()},
            ticket=answerable.order_by("pk").values_list("pk", flat=True)[0],
            own=Ticket.objects.filter(asker=people["head"].unit, state__in=["open", "planned", "resolved"]).order_by("-pk").values_list("pk", flat=True)[0],
            open=list(answerable.filter(pk__gt=STRIDE).order_by("pk").values_list("pk", flat=True)[1:4_001]),
            kind=TicketKind.objects.filter(active=True, complaint=False, fixed_route=False, way__in=["up", "both"])[0].pk,
            unit=department.pk,
            rare=quote(found[0]),
            common=quote(found[-1]),
        )
    ) | {"tickets": Ticket.objects.count(), "documents": SearchDocument.objects.count(), "words": counts}  # fmt: skip


def _hits(word: str) -> int:
    return SearchDocument.objects.filter(kind="ticket", text__contains=word).count()


def statements() -> dict[str, int]:
    """SQL statements of each operation in a warm process: without BEGIN, COMMIT and savepoints, and without the look at the
    stamps that a process takes once in two seconds."""
    settings.ALLOWED_HOSTS = ["*"]
    known = Facts(**{name: value for name, value in facts().items() if name in Facts.__dataclass_fields__})
    known.open.reverse()
    signing_in: Request = ("/sign-in/", {"username": known.people[OFFICER], "password": PASSWORD})
    _ask(Client(), signing_in)
    counts = {"sign-in": _count(Client(), signing_in)}
    for operation in operations(known):
        client = Client()
        client.force_login(User.objects.get(username=known.people[operation.who]))
        asked = few(operation.portal, 3)
        for request in asked[:2]:
            _ask(client, request)
        counts[operation.name] = _count(client, asked[2])
    return counts


def processor() -> dict[str, float]:
    """Milliseconds of processor time of each page in a warm process, the best of five rounds: what other programs do at the same
    time hardly shows in it."""
    settings.ALLOWED_HOSTS = ["*"]
    known = Facts(**{name: value for name, value in facts().items() if name in Facts.__dataclass_fields__})
    found = {}
    for operation in operations(known):
        (address, form), *_more = few(operation.portal, 1)
        if form is not None:
            continue
        client = Client()
        client.force_login(User.objects.get(username=known.people[operation.who]))
        found[operation.name] = round(min(_spent(client, address) for _round in range(4)), 1)
    return found | {"memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def _spent(client: Client, address: str) -> float:
    begun = time.process_time()
    for _time in range(ASKED):
        client.get(address)
    return 1000 * (time.process_time() - begun) / ASKED


def _ask(client: Client, request: Request) -> Any:
    address, form = request
    return client.get(address) if form is None else client.post(address, form)


def _count(client: Client, request: Request) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = _ask(client, request)
    if answer.status_code >= 400:
        raise RuntimeError(f"{request}: {answer.status_code}")
    return sum(not query["sql"].startswith(CONTROL) for query in queries.captured_queries)


# ── the sweep ───────────────────────────────────────────────────────────────────────────────────

DUE = """UPDATE feedback_obligation o SET due_at = d.at, first_due_at = d.at, next_step_at = d.at, missed_at = NULL, parked_until = NULL
FROM (SELECT DISTINCT ON (o.ticket_id) o.id, now() - interval '1 second' * (60 + o.id %% 60) AS at FROM feedback_obligation o
      JOIN feedback_ticket t ON t.id = o.ticket_id
      WHERE o.met_at IS NULL AND o.voided_at IS NULL AND o.id > %s AND t.state IN ('open', 'planned', 'resolved')
      ORDER BY o.ticket_id, o.id DESC LIMIT %s) d WHERE o.id = d.id"""
FLOOR_EVENTS = """INSERT INTO feedback_ladderevent (obligation_id, step_id, due_version, level, at, recorded_at, told, skipped)
SELECT id, (SELECT min(id) FROM feedback_ladderstep), 32000, 0, now(), now(), true, '[]' FROM feedback_obligation
WHERE next_step_at <= now() AND met_at IS NULL AND voided_at IS NULL"""
FLOOR_ON = """UPDATE feedback_obligation SET next_step_at = now() + interval '1 day'
WHERE next_step_at <= now() AND met_at IS NULL AND voided_at IS NULL"""
QUIET = "UPDATE feedback_obligation SET next_step_at = now() + interval '30 days' WHERE next_step_at IS NOT NULL"


def sweeping(wanted: int) -> dict[str, Any]:
    """Rows a second of the sweep and of its floor, over the same number of due obligations; then with nothing due."""
    sweep(batches=1)
    _run(QUIET)
    due = _run(DUE, STRIDE, wanted)
    begun = time.perf_counter()
    _run(FLOOR_EVENTS)
    _run(FLOOR_ON)
    floor = time.perf_counter() - begun
    _run(QUIET)
    _run(DUE, STRIDE, wanted)
    begun = time.perf_counter()
    handled = sweep()
    took = time.perf_counter() - begun
    with CaptureQueriesContext(connection) as queries:
        sweep()
    return {
        "due": due, "handled": handled, "rate": handled / took, "floor_rate": due / floor,
        "nothing_sql": _kept(queries), "nothing_ms": 1000 * sum(float(query["time"]) for query in queries.captured_queries),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def _run(sql: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return int(cursor.rowcount)


# ── the outbox ──────────────────────────────────────────────────────────────────────────────────


class Swallow:
    """A mail server's hands that keep nothing."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        return "250 OK"


def sending() -> dict[str, Any]:
    """Mails a second of one worker to a mail server on this machine, and of a bare smtplib with ready mails."""
    server = Controller(Swallow(), hostname="127.0.0.1", port=0)
    server.port = _free_port()
    server.start()
    try:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        rate, ready = _send_by_outbox()
        return {"mails": MAILS, "rate": rate, "floor_rate": _send_bare(server.port, ready)}
    finally:
        server.stop()


def _send_by_outbox() -> tuple[float, bytes]:
    now = clock.now()
    OutboxMessage.objects.filter(state="waiting").update(next_attempt_at=now + timedelta(days=30))
    person = User.objects.filter(unit__name=PEOPLE[OFFICER][0], is_active=True)[0]
    one = OutboxMessage.objects.filter(kind="ticket-news").order_by("-pk")[0]
    rows = [
        outbox.prepare(one.kind, key=f"bench:{uuid.uuid4()}", to=person, data=one.data, at=now - timedelta(seconds=1))
        for _mail in range(MAILS)
    ]
    outbox.put_all(rows)
    begun = time.perf_counter()
    sent = outbox.deliver(clock.now())
    rate = sent / (time.perf_counter() - begun)
    return rate, outbox.compose(outbox.Letter(rows[0], [rows[0]])).message().as_bytes().replace(b"\n", b"\r\n")


def _send_bare(port: int, ready: bytes) -> float:
    begun = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as connected:
        for _mail in range(MAILS):
            connected.sendmail("portal@localhost", ["somebody@localhost"], ready)
    return MAILS / (time.perf_counter() - begun)


# ── a publication ───────────────────────────────────────────────────────────────────────────────

FLOOR_PUBLICATION = (
    "INSERT INTO notices_receipt (notice_id, user_id, unit_id, joined, delivered_at, opened_version, due_at, reminders, overdue_told) SELECT %s, id, unit_id, false, now(), 0, now(), 0, false FROM accounts_user WHERE username LIKE 'reader.%%'",
    "INSERT INTO core_alert (user_id, key, kind, data, url, created_at) SELECT id, 'floor', 'floor', '{}', '', now() FROM accounts_user WHERE username LIKE 'reader.%%'",
    "INSERT INTO core_outboxmessage (key, kind, bundle, user_id, address, data, subject_key, state, attempts, created_at, next_attempt_at, last_error) SELECT 'floor:' || id, 'floor', '', id, '', '{}', '', 'waiting', 0, now(), now(), '' FROM accounts_user WHERE username LIKE 'reader.%%'",
)


def publishing(wanted: int) -> dict[str, Any]:
    """A notice to `wanted` people, by portal and mail: the last approval, which publishes, as a request's work; then the job, its
    floor in the same run, and the sweep with nothing due."""
    unit = _readers(wanted)
    author = User.objects.filter(unit__name=PEOPLE[OFFICER][0], role="officer", is_active=True)[0]
    kind = NoticeKind.objects.create(code="bench", name_zh="测速", name_en="Bench", writers="all")
    _notice(author, kind, unit)  # a first one, which pays for what a warm process has
    notice, request_sql, request_ms = _notice(author, kind, unit)
    with connection.cursor() as cursor, transaction.atomic():
        begun = time.perf_counter()
        for sql in FLOOR_PUBLICATION:
            cursor.execute(sql, [notice.pk] if "receipt" in sql else [])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what a commit would check
        floor = time.perf_counter() - begun
        transaction.set_rollback(True)
    with CaptureQueriesContext(connection) as queries:
        begun = time.perf_counter()
        publication.run(notice.job_id or 0)
        took = time.perf_counter() - begun
    notice.refresh_from_db()
    sweep_notices()
    with CaptureQueriesContext(connection) as quiet:
        sweep_notices()
    return {
        "recipients": notice.recipients, "state": notice.state, "request_ms": 1000 * request_ms, "request_sql": request_sql,
        "job_s": took, "job_sql": _kept(queries), "floor_s": floor, "nothing_sql": _kept(quiet),
    }  # fmt: skip


def _readers(wanted: int) -> Unit:
    """So many people of one channel that nothing else measures."""
    unit = Unit.objects.channels().filter(active=True).order_by("-pk")[0]
    have = User.objects.filter(unit=unit, is_active=True).count()
    User.objects.bulk_create(
        (
            User(username=f"reader.{n}", email=f"reader.{n}@localhost", name=f"读者{n}", unit=unit, role="member")
            for n in range(wanted - have)
        ),
        batch_size=2_000,
    )
    _run("ANALYZE accounts_user")
    return unit


def _notice(author: User, kind: NoticeKind, unit: Unit) -> tuple[Notice, int, float]:
    """One that everybody approved; statements and seconds of the last approval."""
    notice = drafting.draft(
        by=author,
        kind=kind,
        title="测速",
        body="<p>测速</p>",
        audience=Audience(units=(unit.pk,)),
        means=["portal", "mail"],
    )
    drafting.send(notice, by=author)
    while True:
        step = Step.objects.get(version__notice=notice, state=Step.State.OPEN)
        by = deciders.of_step(step, local_date(clock.now()))[0]
        with CaptureQueriesContext(connection) as queries:
            begun = time.perf_counter()
            drafting.approve(step, by=by, checks=dict.fromkeys(CHECKS, True))
            took = time.perf_counter() - begun
        notice.refresh_from_db()
        if notice.state != Notice.State.PENDING:
            return notice, _kept(queries), took


def _kept(queries: CaptureQueriesContext) -> int:
    return sum(not query["sql"].startswith(CONTROL) for query in queries.captured_queries)


def _free_port() -> int:
    from scripts.children import free_port  # noqa: PLC0415 (needed here alone)

    return free_port()


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    deeds: dict[str, Any] = {
        "facts": facts,
        "statements": statements,
        "processor": processor,
        "sweep": sweeping,
        "outbox": sending,
        "publish": publishing,
    }
    print(json.dumps(deeds[what](*map(int, numbers)), ensure_ascii=False))
