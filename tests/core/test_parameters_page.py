"""The numbers of the rules are changed on a page, within bounds, on record."""

from __future__ import annotations

from dataclasses import asdict
from datetime import time
from typing import Any

import pytest
from django.test import Client

from channelportal.core import parameters, stamps
from channelportal.core.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh() -> None:
    stamps.forget_all()


def sent(**changed: Any) -> dict[str, Any]:
    values = asdict(parameters.current(fresh=True)) | changed
    return {name: f"{value:%H:%M}" if isinstance(value, time) else value for name, value in values.items()}


def test_it_changes_what_differs_and_records_the_old_value(client: Client, cast: Any) -> None:
    client.force_login(cast.qifa_head)

    client.post("/parameters/", sent(major_days=4, close_of_business="17:30"))

    now = parameters.current(fresh=True)
    assert (now.major_days, now.close_of_business) == (4, time(17, 30))
    entries = AuditEntry.objects.filter(action="parameter.changed").order_by("object_id")
    assert [(one.object_id, one.data) for one in entries] == [
        ("close_of_business", {"from": "18:00", "to": "17:30"}),
        ("major_days", {"from": 3, "to": 4}),
    ]
    assert "17:30" in client.get("/parameters/").content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("major_days", 0),
        ("major_days", 21),
        ("major_days", "9" * 5000),
        ("close_of_business", "25:00"),
        ("delivery_until", "08:00"),
    ],
)
def test_it_refuses_what_is_out_of_bounds(client: Client, cast: Any, field: str, value: Any) -> None:
    client.force_login(cast.qifa_head)

    page = client.post("/parameters/", sent(**{field: value}))

    assert page.status_code == 422
    assert page.context["form"].errors[field]
    assert parameters.current(fresh=True) == parameters.Parameters()


@pytest.mark.parametrize("who", ["kefu_head", "ludong_head", "office_head", "audit_admin"])
def test_it_is_the_supervising_departments(client: Client, cast: Any, who: str) -> None:
    client.force_login(cast.people[who])

    assert client.get("/parameters/").status_code == 403
    assert client.post("/parameters/", sent(major_days=4)).status_code == 403
    assert parameters.current(fresh=True).major_days == 3
