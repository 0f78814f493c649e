"""企发部 sees how notices arrive and meetings are held: each figure as counted by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from channelportal.core import clock
from notices import receipts
from notices.models import Receipt
from tests.notices.making import published

pytestmark = pytest.mark.django_db
ADDRESS = "/supervision/notices/"


@pytest.fixture
def told(cast: Any) -> Any:
    """Two readers: one acknowledged in time, one is late."""
    at = clock.now()
    notice = published(cast, to=[cast.ludong_head, cast.chuannan_head], at=at, acknowledge=True)
    receipts.acknowledge(notice, by=cast.ludong_head, at=at)
    Receipt.objects.filter(user=cast.chuannan_head).update(due_at=at)
    return notice


def test_it_counts_by_unit(client: Client, cast: Any, told: Any) -> None:
    client.force_login(cast.qifa_member)

    page = client.get(ADDRESS)

    rates = {row.unit.name: row.now.in_time for row in page.context["receiving"]}
    assert rates == {"川南代理商": 0, "鲁东代理商": 100}
    assert [(row.unit.pk, row.now.published, row.now.accuracy) for row in page.context["publishing"]] == [
        (told.unit_id, 1, 100)
    ]
    assert page.context["company"].in_time == 50
    assert page.context["late"] == {"people": 1, "notices": 1}


def test_another_month_has_its_own_figures(client: Client, cast: Any, told: Any) -> None:
    client.force_login(cast.qifa_member)
    earlier = (clock.now() - timedelta(days=70)).strftime("%Y-%m")

    page = client.get(ADDRESS, {"month": earlier})

    assert page.context["company"].published == 0


@pytest.mark.parametrize("month", ["", "2026-13", "9999-01", "x", "2000-01", "二〇二六"])
def test_any_month_is_understood(client: Client, cast: Any, month: str) -> None:
    client.force_login(cast.office_head)

    assert client.get(ADDRESS, {"month": month}).status_code == 200


def test_it_is_exported(client: Client, cast: Any, told: Any) -> None:
    client.force_login(cast.qifa_member)

    answer = client.get(ADDRESS, {"format": "xlsx"})

    assert answer.content[:2] == b"PK"


def test_it_is_for_supervisors_and_management_alone(client: Client, cast: Any) -> None:
    for person in (cast.kefu_head, cast.ludong_head, cast.audit_admin):
        client.force_login(person)
        assert client.get(ADDRESS).status_code == 403


def test_it_asks_few_questions(client: Client, cast: Any, told: Any, django_assert_max_num_queries: Any) -> None:
    client.force_login(cast.qifa_member)
    client.get(ADDRESS)

    with django_assert_max_num_queries(24):
        client.get(ADDRESS)
