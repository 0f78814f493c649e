"""Twice at the same moment: one of them wins, and the organisation stays whole. Real threads on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts import organisation
from accounts.models import Unit, UnitGroupPermission, User
from accounts.workflow import people, units
from tests.people import Cast
from tests.people import cast as build
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(name="company")
def company_fixture() -> Cast:
    return build()


def test_it_never_makes_a_circle(company: Cast) -> None:
    kefu, dev = company.kefu, company.dev

    outcomes = at_once(
        lambda: units.move(kefu, dev, by=company.qifa_head), lambda: units.move(dev, kefu, by=company.qifa_head)
    )

    assert outcomes == {"done": 1, "Invalid": 1}
    assert len(organisation.superiors(Unit.objects.get(pk=kefu.pk))) <= 2


def test_it_adds_a_unit_and_an_address_once(company: Cast) -> None:
    def unit() -> object:
        return units.create(code="JN", name="济南代理商", kind="agent", manager=company.market, by=company.qifa_head)

    def person(where: Unit) -> Callable[[], object]:
        return lambda: people.add(name="赵六", email="zhao@example.com", unit=where, by=company.qifa_head)

    assert at_once(*[unit] * 6) == {"done": 1, "Invalid": 5}
    assert at_once(person(company.kefu), person(company.dev), person(company.lab)) == {"done": 1, "Invalid": 2}
    assert User.objects.filter(name="赵六").count() == 1


def test_it_deactivates_and_closes_once(company: Cast) -> None:
    for who in (company.ludong_head, company.ludong_officer):
        people.deactivate(who, by=company.market_head)

    gone = at_once(*[lambda: people.deactivate(company.ludong_member, by=company.market_head)] * 5)
    closed = at_once(*[lambda: units.close(company.ludong, by=company.qifa_head)] * 5)

    assert gone == closed == {"done": 1, "WrongState": 4}


def test_it_leaves_one_reviewer_whoever_is_named_last(company: Cast) -> None:
    at_once(
        *[
            lambda unit=unit: units.set_manager(company.ludong, unit, by=company.qifa_head)
            for unit in [company.gov, company.market] * 3
        ]
    )

    manager = Unit.objects.get(pk=company.ludong.pk).manager
    assert manager is not None
    assert [row.group_id for row in UnitGroupPermission.objects.filter(content_object=company.ludong)] == [
        manager.group_id
    ]
