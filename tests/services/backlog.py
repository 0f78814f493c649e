"""Tickets by the thousand that fall due when a test wants it: made in bulk, in the shape that the verbs leave them in."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import cycle
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from channelportal.core import calendar, clock, parameters, stamps
from channelportal.lib.workdays import local_date
from feedback import recount, supplied
from feedback.models import Obligation, Ticket, TicketKind
from tests.people import Cast, cast

BEGAN = timedelta(seconds=1)  # filed so shortly before it is due that no reminder of the morning comes


@pytest.fixture
def company(transactional_db: None) -> Iterator[Cast]:
    """The cast in an emptied database, whose window for messages is open day and night."""
    yield founded()
    stamps.forget_all()


def founded() -> Cast:
    """The same, in whatever database is open."""
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    company = cast()
    round_the_clock(company, clock.now())
    return company


@contextmanager
def held(ticket_id: int) -> Iterator[None]:
    """Another connection has the ticket's row locked, and does not let go before the end."""
    locked, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Ticket.objects.select_for_update().get(pk=ticket_id)
                locked.set()
                over.wait(30)
        finally:
            connection.close()

    hand = threading.Thread(target=hold)
    hand.start()
    assert locked.wait(10)
    try:
        yield
    finally:
        over.set()
        hand.join()


def round_the_clock(company: Any, at: datetime) -> None:
    """Today and tomorrow are working days whose delivery window is open day and night: a test may run at any hour."""
    for ahead in range(3):
        calendar.set_day(local_date(at) + timedelta(days=ahead), True, name="值班", by=company.qifa_head, at=at)
    window = {"delivery_from": time(0), "delivery_until": time(23, 59)}
    parameters.change(window, by=company.qifa_head, at=at)
    recount.catch_up(at)  # before there is anything whose due moment the new days could move


def employees(company: Any, count: int) -> list[User]:
    """`count` more members of 客户服务部, to take what is filed."""
    made_at = company.kefu_head.password_changed_at
    return User.objects.bulk_create(
        User(
            username=f"member.{number}", email=f"member.{number}@example.com", name=f"员工{number}", unit=company.kefu,
            role=User.Role.MEMBER, password_changed_at=made_at, created_at=made_at,
        )
        for number in range(count)
    )  # fmt: skip


def fall_due(
    company: Any,
    moments: Sequence[datetime],
    *,
    units: Sequence[Any] = (),
    assignees: Sequence[User] = (),
    first: int = 0,
) -> list[Obligation]:
    """A ticket for each moment, filed by 李代理, whose reply is due then. Filed just before, so that level 1 is the first step
    that comes. `units` (客户服务部) and `assignees` (nobody) take turns."""
    kind = TicketKind.objects.get(code="problem")
    unit, assignee = cycle(units or [company.kefu]), cycle(assignees or [None])
    tickets = Ticket.objects.bulk_create(
        (
            _ticket(company, kind, number, due_at, responsible=next(unit), assignee=next(assignee))
            for number, due_at in enumerate(moments, first)
        ),
        batch_size=1000,
    )
    return Obligation.objects.bulk_create(
        (
            Obligation(
                ticket=ticket, kind=Obligation.Kind.REPLY, round=1, unit_id=ticket.responsible_id, anchor=_anchor(due_at),
                days=1, due_at=due_at, first_due_at=due_at, created_at=ticket.created_at,
                next_step_at=due_at,
            )
            for ticket, due_at in zip(tickets, moments, strict=True)
        ),
        batch_size=1000,
    )  # fmt: skip


def _anchor(due_at: datetime) -> date:
    """Such that a recount finds the due moment where it is, if the day before was a working day."""
    return local_date(due_at) - timedelta(days=1)


def _ticket(company: Any, kind: TicketKind, number: int, due_at: datetime, **who: Any) -> Ticket:
    filed = due_at - BEGAN
    day = local_date(filed)
    return Ticket(
        number=f"FB-{day:%Y-%m%d}-{number:05}", kind=kind, title=f"第{number}台水泵漏水", body="三台水泵漏水，请派人。",
        state=Ticket.State.OPEN, asker=company.ludong, filed_by=company.ludong_head, **who, created_at=filed,
        reached_at=filed, touched_at=filed, anchor=_anchor(due_at), due_at=due_at, due_kind=Obligation.Kind.REPLY,
    )  # fmt: skip
