"""What a page costs the database: bounded (the goals of the design), and the same with ten tickets and with two hundred."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from channelportal.core import calendar, clock, search, stamps
from feedback import supplied, workflow
from feedback.models import Entry, Obligation, Ticket, TicketKind
from feedback.sweep import sweep
from tests.people import PASSWORD, Cast

pytestmark = pytest.mark.both
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", 'SELECT "core_stamp"', "SELECT clock_timestamp()")
# address, who, statements at most: without the stamps' look (once in two seconds) and the clock's
PAGES = [
    ("/tickets/?view=all", "kefu_officer", 7),
    ("/tickets/?view=all&state=open&sort=due", "qifa_head", 7),
    ("/tickets/?view=all&text=水泵", "ludong_head", 8),
    ("/tickets/", "ludong_member", 7),
    ("/", "kefu_officer", 12),
    ("/", "kefu_head", 12),
    ("/", "qifa_head", 12),
    ("/", "ludong_head", 12),
    ("/supervision/", "qifa_head", 12),
    ("/supervision/", "office_head", 12),
    ("/search/?q=水泵", "kefu_officer", 9),
    ("/search/?q=水泵", "qifa_head", 10),
    ("/search/?q=没有", "ludong_member", 8),
    ("/alerts/bell/", "kefu_officer", 4),
    ("/alerts/", "kefu_officer", 8),
]


@pytest.fixture(autouse=True)
def fresh_copies(db: None) -> Iterator[None]:
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    yield
    stamps.forget_all()


def copies(ticket: Ticket, count: int) -> None:
    """`count` more like it: a row each of the ticket, what is owed on it, its first line and its words."""
    duty = ticket.obligations.get()
    entry = ticket.entries.order_by("pk")[0]
    start = Ticket.objects.count()
    rows = Ticket.objects.bulk_create(_like(ticket, number=f"C-{start + number}") for number in range(count))
    Obligation.objects.bulk_create(_like(duty, ticket=row) for row in rows)
    Entry.objects.bulk_create(_like(entry, ticket=row) for row in rows)
    search.index_many("ticket", [(row.pk, (row.title, row.body)) for row in rows])


def _like(row: Any, **values: Any) -> Any:
    names = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
    made = type(row)(**{name: getattr(row, name) for name in names})
    for name, value in values.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def tickets(cast: Cast) -> list[Ticket]:
    """Ten of every sort that a page shows: to answer, late, to confirm."""
    facts = {"kind": TicketKind.objects.get(code="problem"), "responsible": cast.kefu, "body": "水泵漏水。"}
    now = clock.now()
    made = [
        workflow.file(by=cast.ludong_head, title="水泵漏水", severity="major", **facts),
        workflow.file(by=cast.ludong_head, title="水泵异响", severity="normal", at=now - timedelta(days=9), **facts),
        workflow.file(by=cast.ludong_member, title="水泵不转", severity="normal", **facts),
    ]
    workflow.resolve(made[1], by=cast.kefu_officer, text="已处理")
    copies(made[0], 9)
    return made


def cost(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200, answer
    return [query["sql"] for query in queries.captured_queries if not query["sql"].startswith(CONTROL)]


@pytest.mark.parametrize(("address", "who", "most"), PAGES)
def test_it_costs_the_same_with_many_tickets(
    cast: Cast, tickets: list[Ticket], address: str, who: str, most: int
) -> None:
    client = Client()
    client.force_login(User.objects.get(pk=getattr(cast, who).pk))
    client.get(address)
    few = cost(client, address)

    copies(tickets[0], 190)

    many = cost(client, address)
    assert len(many) == len(few), "\n".join(many)
    assert len(many) <= most, "\n".join(many)


# ── without a page ──────────────────────────────────────────────────────────────────────────────


def test_signing_in_takes_eight(cast: Cast) -> None:
    """Besides the clock: who, two counts, their end, last sign-in, audit, what was kept, session."""
    known = {"username": cast.kefu_officer.username, "password": PASSWORD}
    Client().post("/sign-in/", known)

    with CaptureQueriesContext(connection) as queries:
        answer = Client().post("/sign-in/", known)

    asked = [query["sql"][:90] for query in queries.captured_queries if not query["sql"].startswith(CONTROL)]
    assert answer.status_code == 302
    assert len(asked) <= 8, asked


def test_a_sweep_with_nothing_due_takes_five(cast: Cast) -> None:
    """The clock, calendars not yet counted, the ladder, what is due, the heartbeat."""
    sweep()

    with CaptureQueriesContext(connection) as queries:
        assert sweep() == 0

    asked = [query["sql"][:90] for query in queries.captured_queries]
    assert sum(not sql.startswith(CONTROL[:-1]) for sql in asked) <= 5, asked
