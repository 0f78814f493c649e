"""The audit trail is the third administrator's alone; parked messages are sent again by a button."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from channelportal.core import audit, outbox
from channelportal.core.models import AuditEntry, OutboxMessage

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "who", ["qifa_head", "kefu_head", "ludong_head", "office_head", "system_admin", "security_admin"]
)
def test_it_is_closed_to_everybody_else(client: Client, cast: Any, who: str) -> None:
    client.force_login(cast.people[who])

    assert client.get("/audit/").status_code == 403
    assert client.get("/audit/?format=xlsx").status_code == 403


def test_it_shows_and_records_each_look(client: Client, cast: Any) -> None:
    audit.record("ticket.replied", cast.kefu, by=cast.kefu_head, data={"from": "open", "to": "planned"}, at=AT)
    client.force_login(cast.audit_admin)

    page = client.get("/audit/?action=ticket").content.decode()

    assert "周主管" in page
    assert "planned" in page
    look = AuditEntry.objects.get(action="audit.seen")
    assert (look.actor, look.data) == (cast.audit_admin, {"query": "action=ticket"})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=ticket.", 1),
        ("action=nothing", 0),
        ("actor=周", 1),
        ("object=客户", 1),
        ("start=2026-05-08&end=2026-05-08&action=ticket", 1),
        ("start=2026-05-09&action=ticket", 0),
        ("result=refused", 0),
        ("result=evil", None),
        ("start=x", None),
        ("start=0001-01-01&end=9999-12-31&action=ticket", 1),
        ("sort=pk&action=ticket", 1),
        ("sort=--at&page=0&size=7&action=ticket", 1),
        ("page=99999999999&action=ticket", 1),
        ("page=999999&action=ticket", 0),
    ],
)
def test_it_filters(client: Client, cast: Any, query: str, found: int | None) -> None:
    audit.record("ticket.replied", cast.kefu, by=cast.kefu_head, at=AT)
    client.force_login(cast.audit_admin)

    answer = client.get(f"/audit/?{query}")

    assert answer.status_code == 200
    if found is not None:
        assert len(answer.context["lines"]) == found


def test_it_goes_out_as_a_workbook_without_live_formulas(client: Client, cast: Any) -> None:
    audit.record("probe", by=cast.kefu_head, data={"title": "=1+1"}, at=AT)
    cast.kefu.name = "=HYPERLINK(1)\x01"
    audit.record("probe", cast.kefu, by=cast.kefu_head, at=AT)
    client.force_login(cast.audit_admin)

    answer = client.get("/audit/?format=xlsx&action=probe&sort=at")

    rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows())  # type: ignore[union-attr]
    assert [cell.data_type for cell in rows[2]].count("f") == 0
    assert [row[7].value for row in rows[1:]] == ["=HYPERLINK(1)", None]
    assert rows[1][0].value == datetime(2026, 5, 8, 10, 0)
    assert AuditEntry.objects.get(action="list.exported").actor == cast.audit_admin


@pytest.fixture
def parked(cast: Any) -> OutboxMessage:
    outbox.put("probe", key="a", to=cast.kefu_head, at=AT)
    OutboxMessage.objects.update(state="parked", attempts=9, last_error="550 no such user")
    return OutboxMessage.objects.get()


@pytest.mark.parametrize("who", ["qifa_head", "system_admin"])
def test_it_sends_again_on_demand(client: Client, cast: Any, parked: OutboxMessage, who: str) -> None:
    client.force_login(cast.people[who])
    assert "550 no such user" in client.get("/outbox/parked/").content.decode()

    client.post(f"/outbox/{parked.pk}/resend/")
    client.post(f"/outbox/{parked.pk}/resend/")

    parked.refresh_from_db()
    assert (parked.state, parked.attempts) == ("waiting", 0)
    assert AuditEntry.objects.filter(action="outbox.resent").count() == 1


def test_it_gives_a_message_up(client: Client, cast: Any, parked: OutboxMessage) -> None:
    client.force_login(cast.qifa_head)

    client.post(f"/outbox/{parked.pk}/cancel/")

    parked.refresh_from_db()
    assert parked.state == "cancelled"


@pytest.mark.parametrize("who", ["kefu_head", "ludong_head", "audit_admin"])
def test_it_is_not_for_others(client: Client, cast: Any, parked: OutboxMessage, who: str) -> None:
    client.force_login(cast.people[who])

    assert client.get("/outbox/parked/").status_code == 403
    assert client.post(f"/outbox/{parked.pk}/resend/").status_code == 403
    parked.refresh_from_db()
    assert parked.state == "parked"
