"""Thirty-two at once: one wins, the others are told. Real threads on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from channelportal.core import calendar, clock, stamps
from channelportal.core.errors import Invalid, WrongState
from feedback import supplied, workflow
from feedback.models import Entry, Extension, Obligation, Rating, Tally, Ticket, TicketKind
from tests import threads
from tests.people import Cast, cast

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 32


@pytest.fixture
def fresh_copies(transactional_db: None) -> Any:
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    yield
    stamps.forget_all()


@pytest.fixture
def company(transactional_db: None, fresh_copies: None) -> Cast:
    return cast()


def file(company: Cast, **values: Any) -> Ticket:
    given = {
        "by": company.ludong_head, "kind": TicketKind.objects.get(code="problem"), "title": "水泵漏水", "body": "三台",
        "responsible": company.kefu,
    }  # fmt: skip
    return workflow.file(**(given | values))


def at_once(deed: Callable[[int], Any], many: int = MANY) -> Counter[str]:
    """What became of `many` calls of `deed`, each with its number, that start together."""
    return threads.at_once(*[partial(deed, number) for number in range(many)])


def again(person: User) -> User:
    return User.objects.get(pk=person.pk)


def test_it_is_resolved_once(company: Cast) -> None:
    ticket = file(company)

    outcomes = at_once(
        lambda n: workflow.resolve(Ticket.objects.get(pk=ticket.pk), by=again(company.kefu_officer), text=f"答复{n}")
    )

    assert outcomes == {"done": 1, "WrongState": MANY - 1}
    assert Entry.objects.filter(kind="resolution").count() == 1
    assert sum(Tally.objects.values_list("resolved", flat=True)) == 1


def test_it_is_taken_once(company: Cast) -> None:
    ticket = file(company)
    officers = [
        User.objects.create(
            username=f"o{n}", email=f"o{n}@example.com", name=f"员{n}", unit=company.kefu, role="officer"
        )
        for n in range(MANY)
    ]

    outcomes = at_once(lambda n: workflow.take(Ticket.objects.get(pk=ticket.pk), by=again(officers[n])))

    assert outcomes == {"done": 1, "WrongState": MANY - 1}
    assert Entry.objects.filter(kind="taken").count() == 1


def test_it_is_approved_once(company: Cast) -> None:
    ticket = file(company, by=company.ludong_member)

    outcomes = at_once(lambda _: workflow.approve(Ticket.objects.get(pk=ticket.pk), by=again(company.ludong_head)))

    assert outcomes == {"done": 1, "WrongState": MANY - 1}
    assert Obligation.objects.filter(kind="reply").count() == 1


def test_it_is_confirmed_or_reopened_but_not_both(company: Cast) -> None:
    ticket = workflow.resolve(file(company), by=company.kefu_officer, text="已处理")

    def conclude(number: int) -> None:
        found, by = Ticket.objects.get(pk=ticket.pk), again(company.ludong_head)
        if number % 2:
            workflow.confirm(found, by=by, answer=5, speed=5)
        else:
            workflow.reopen(found, by=by, reason="还在漏")

    outcomes = at_once(conclude)

    ticket.refresh_from_db()
    assert outcomes == {"done": 1, "WrongState": MANY - 1}
    assert (ticket.state == "closed", ticket.round == 2) in {(True, False), (False, True)}
    assert Rating.objects.count() == (ticket.state == "closed")


def test_it_is_filed_once_by_one_form(company: Cast) -> None:
    key = uuid4()

    outcomes = at_once(lambda _: file(company, by=again(company.ludong_head), key=key), many=8)

    assert outcomes == {"done": 8}
    assert Ticket.objects.count() == 1


def test_it_numbers_without_gap_or_double(company: Cast) -> None:
    outcomes = at_once(lambda _: file(company, by=again(company.ludong_head)))

    last = sorted(int(number[-3:]) for number in Ticket.objects.values_list("number", flat=True))
    assert outcomes == {"done": MANY}
    assert last == list(range(1, MANY + 1))
    assert sum(Tally.objects.values_list("received", flat=True)) == MANY


def test_it_grants_a_later_day_once(company: Cast) -> None:
    ticket = file(company)
    days = calendar.current()
    first = days.nth_after(clock.now().date() + timedelta(days=1), 3)
    workflow.plan(ticket, by=company.kefu_officer, text="派人", day=first)
    asked = workflow.ask_extension(ticket, by=company.kefu_officer, day=days.nth_after(first, 2), reason="缺件")

    def decide(number: int) -> None:
        found, by = Extension.objects.get(pk=asked.pk), again(company.qifa_officer)
        if number % 2:
            workflow.grant_extension(found, by=by)
        else:
            workflow.refuse_extension(found, by=by, reason="不能再拖")

    outcomes = at_once(decide)

    asked.refresh_from_db()
    promise = Obligation.objects.get(kind="promise")
    assert outcomes == {"done": 1, "WrongState": MANY - 1}
    assert (promise.due_version == 2) == (asked.state == "granted")


def test_it_merges_both_ways_without_waiting_for_ever(company: Cast) -> None:
    first, second = file(company), file(company)

    def merge(number: int) -> None:
        one, other = (first, second) if number % 2 else (second, first)
        workflow.merge(
            Ticket.objects.get(pk=one.pk),
            by=again(company.qifa_officer),
            into=Ticket.objects.get(pk=other.pk),
            reason="重复",
        )

    outcomes = at_once(merge, many=8)

    assert outcomes["done"] == 1
    assert set(outcomes) <= {"done", WrongState.__name__, Invalid.__name__}
