"""The cast of the tests is what the brief of every test says it is."""

from __future__ import annotations

import pytest

from accounts.access import may, scope
from tests.people import Cast
from tests.people import cast as build


def test_it_is_reviewed_by_the_right_departments(cast: Cast) -> None:
    assert may(cast.market_officer, "registration.review", cast.ludong)
    assert not may(cast.market_officer, "registration.review", cast.shenyang)
    assert may(cast.gov_head, "registration.review", cast.shenyang)
    assert may(cast.qifa_head, "registration.review", cast.kefu)
    assert not may(cast.qifa_head, "registration.review", cast.ludong)
    assert not may(cast.market_member, "registration.review", cast.ludong)


def test_it_has_supervisors_management_and_administrators(cast: Cast) -> None:
    assert scope(cast.qifa_member).supervises
    assert scope(cast.qifa_head).heads_supervisors
    assert scope(cast.office_head).manages_company
    assert may(cast.audit_admin, "audit.see")
    assert not may(cast.audit_admin, "organisation.edit")


@pytest.mark.django_db
def test_it_is_built_in_few_queries(django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(32):  # type: ignore[operator]
        build()
