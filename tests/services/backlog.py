"""Tickets by the thousand that fall due when a test wants it: made in bulk, in the shape that the verbs leave them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import cycle
from typing import Any

from accounts.models import User
from channelportal.core import calendar, parameters
from channelportal.lib.workdays import local_date
from feedback import recount
from feedback.models import Obligation, Ticket, TicketKind

BEGAN = timedelta(seconds=1)  # filed so shortly before it is due that no reminder of the morning comes


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
            _ticket(company, kind, number, due_at, next(unit), next(assignee))
            for number, due_at in enumerate(moments, first)
        ),
        batch_size=1000,
    )
    return Obligation.objects.bulk_create(
        (
            Obligation(
                ticket=ticket, kind=Obligation.Kind.REPLY, round=1, unit_id=ticket.responsible_id, anchor=ticket.anchor,
                days=1, due_at=ticket.due_at, first_due_at=ticket.due_at, created_at=ticket.created_at,
                next_step_at=ticket.due_at,
            )
            for ticket in tickets
        ),
        batch_size=1000,
    )  # fmt: skip


def _ticket(company: Any, kind: TicketKind, number: int, due_at: datetime, unit: Any, assignee: User | None) -> Ticket:
    filed = due_at - BEGAN
    day = local_date(filed)
    return Ticket(
        number=f"FB-{day:%Y-%m%d}-{number:05}", kind=kind, title=f"第{number}台水泵漏水", body="三台水泵一周内漏水，请派人。",
        state=Ticket.State.OPEN, asker=company.ludong, filed_by=company.ludong_head, responsible=unit, assignee=assignee,
        created_at=filed, reached_at=filed, touched_at=filed, anchor=day - timedelta(days=1), due_at=due_at, due_kind=Obligation.Kind.REPLY,
    )  # fmt: skip
