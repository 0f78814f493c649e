"""What stands on the desk of company management (总裁办, 公司领导) before everything else: what reached level 3, with whom it lies
and since when; notices to approve; the month's figures. Each leads to exactly the rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Max, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from accounts.access import scope
from accounts.models import Unit, User
from channelportal.core import calendar
from feedback import deadlines, stats
from feedback.models import LadderEvent, Ticket
from notices import desk as notice_desk
from notices.models import Step

LEVEL: Final = 3
MOST: Final = 10
WORST: Final = 3


@dataclass(frozen=True, slots=True)
class Reached:
    """A ticket that reached company management. `people`: whose move it is (the asker's when it is resolved), by name and id."""

    ticket: Ticket
    unit: Unit
    people: list[User]
    since: datetime | None
    days: int | None


@dataclass(frozen=True, slots=True)
class Approval:
    """A notice whose step waits for this person."""

    step: Step
    title: str
    days: int | None


@dataclass(frozen=True, slots=True)
class Department:
    """One of those that answer late most often."""

    unit: Unit
    figures: stats.Compared


@dataclass(frozen=True)
class Board:
    """The part of the desk that is company management's. `urls`: what it names, and the rest of the desk need not."""

    reached: list[Reached]
    reached_count: int
    approvals: list[Approval]
    standing: stats.Standing
    company: stats.Compared
    worst: list[Department]
    month: str
    code: str

    @property
    def urls(self) -> set[str]:
        return {one.step.version.notice.get_absolute_url() for one in self.approvals}


def board(user: User, now: datetime) -> Board | None:
    """None: the person does not manage the company. Eight queries, whatever there is."""
    if not scope(user).manages_company:
        return None
    today = localdate(now)
    found = reached(user)
    compared = stats.by_unit(today)
    return Board(
        reached=_rows(found[:MOST], now),
        reached_count=found.count(),
        approvals=_approvals(user, now),
        standing=stats.standing(now),
        company=stats.Compared(
            stats.total([one.now for one in compared.values()]), stats.total([one.before for one in compared.values()])
        ),
        worst=_worst(compared),
        month=date_format(today, _("F Y")),
        code=f"{today:%Y-%m}",
    )


def reached(user: User) -> QuerySet[Ticket]:
    """What reached level 3 and is not over: the same as the list's view "escalated" from level 3."""
    found = Ticket.objects.visible_to(user).filter(level__gte=LEVEL, ended_at=None)
    return found.select_related("kind", "asker", "responsible", "assignee").order_by("due_at", "pk")


def _rows(tickets: QuerySet[Ticket], now: datetime) -> list[Reached]:
    found = list(tickets)
    events = LadderEvent.objects.filter(obligation__ticket__in=found, level__gte=LEVEL).order_by()
    since = dict(events.values_list("obligation__ticket").annotate(Max("at")))
    heads = _heads({_whose(ticket).pk for ticket in found})
    days = calendar.current()
    rows = []
    for ticket in found:
        unit = _whose(ticket)
        taker = ticket.assignee if unit == ticket.responsible else None
        people = [taker] if taker and taker.is_active else heads.get(unit.pk, [])
        said = deadlines.days_said(days, due_at=ticket.due_at, at=now) if ticket.due_at else None
        rows.append(Reached(ticket, unit, people, since.get(ticket.pk), said))
    return rows


def _whose(ticket: Ticket) -> Unit:
    """The unit whose move it is: the asker's when it is resolved or was asked back."""
    owed = ticket.state in stats.OWED and not ticket.question_open
    return ticket.responsible if owed else ticket.asker


def _heads(units: set[int]) -> dict[int, list[User]]:
    found: dict[int, list[User]] = {}
    people = User.objects.filter(unit__in=units, role=User.Role.HEAD, is_active=True, frozen_at=None)
    for head in people.order_by("pinyin", "pk"):
        found.setdefault(head.unit_id or 0, []).append(head)
    return found


def _approvals(user: User, now: datetime) -> list[Approval]:
    steps = notice_desk.to_approve(user).select_related("version__notice__kind", "version__notice__unit")
    days = calendar.current()
    return [
        Approval(
            step,
            step.version.title,
            deadlines.days_said(days, due_at=step.due_at, at=now) if step.due_at else None,
        )
        for step in steps.order_by("opened_at", "pk")[: notice_desk.MOST]
    ]


def _worst(compared: dict[int, stats.Compared]) -> list[Department]:
    """The departments of headquarters with the lowest rate this month; one that answered everything in time is none of them."""
    rates = {pk: one.now.on_time for pk, one in compared.items()}
    low = {pk: rate for pk, rate in rates.items() if rate is not None and rate < 100}
    units = Unit.objects.filter(pk__in=low, kind=Unit.Kind.HQ)
    found = sorted(units, key=lambda unit: (low[unit.pk], unit.pinyin))
    return [Department(unit, compared[unit.pk]) for unit in found[:WORST]]
