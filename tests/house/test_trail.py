"""What leaves its row in the audit trail, whoever does it; and that nobody can change the trail by any door. (Each verb on a
ticket: tests/feedback/workflow/test_every_verb.py; the chain and the trigger: tests/core/test_audit_chain.py.)"""

# ruff: noqa: E501  (a table)
from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from channelportal.core import audit, clock
from channelportal.core.models import AuditEntry, AuditSeal
from feedback.models import TicketFile, TicketKind
from tests.house.test_walk import signed_in, world
from tests.people import PASSWORD, Cast

__all__ = ["world"]
Deed = Callable[[Client, Cast, dict[str, Any]], Any]


def enter(password: str) -> Deed:
    return lambda c, cast, w: c.post("/sign-in/", {"username": "kefu.head", "password": password})


def download(client: Client, cast: Cast, world: dict[str, Any]) -> Any:
    kept = TicketFile.objects.get()
    answer = client.get(f"/tickets/{kept.ticket_id}/files/{kept.file_id}/")
    assert b"".join(answer.streaming_content)
    return answer


def file(client: Client, cast: Cast, world: dict[str, Any]) -> Any:
    kind = TicketKind.objects.get(code="problem")
    return client.post(
        "/tickets/new/",
        {
            "once": uuid.uuid4(),
            "kind": kind.pk,
            "responsible": cast.kefu.pk,
            "title": "又漏了",
            "body": "又漏了。",
            "severity": "normal",
        },
    )


# what is done, by whom, its status, and (action, result, who, object's type) of its row
DEEDS: list[tuple[str, str, Deed, int, tuple[str, str, str, str]]] = [
    ("signs in", "", enter(PASSWORD), 302, ("user.signed_in", "ok", "kefu_head", "accounts.user")),
    ("fails to", "", enter("wrong"), 422, ("user.sign_in_failed", "failed", "", "accounts.user")),
    ("signs out", "kefu_head", lambda c, cast, w: c.post("/sign-out/"), 302, ("user.signed_out", "ok", "kefu_head", "accounts.user")),
    ("is refused a page", "kefu_head", lambda c, cast, w: c.get("/audit/"), 403, ("request.refused", "refused", "kefu_head", "")),
    ("is refused a deed", "ludong_member", lambda c, cast, w: c.post(f"/units/{cast.kefu.pk}/close/", {}), 403, ("request.refused", "refused", "ludong_member", "")),
    ("takes a file", "kefu_head", download, 200, ("file.downloaded", "ok", "kefu_head", "core.storedfile")),
    ("takes a list away", "kefu_head", lambda c, cast, w: c.get("/tickets/?format=xlsx"), 200, ("list.exported", "ok", "kefu_head", "")),
    ("takes the figures away", "qifa_head", lambda c, cast, w: c.get("/supervision/?format=xlsx"), 200, ("supervision.exported", "ok", "qifa_head", "")),
    ("reads the trail", "audit_admin", lambda c, cast, w: c.get("/audit/"), 200, ("audit.seen", "ok", "audit_admin", "")),
    ("files", "ludong_head", file, 302, ("ticket.file", "ok", "ludong_head", "feedback.ticket")),
    ("takes on", "kefu_officer", lambda c, cast, w: c.post(f"/tickets/{w['tickets/']}/take/", {}), 302, ("ticket.take", "ok", "kefu_officer", "feedback.ticket")),
    ("changes a rule", "qifa_head", lambda c, cast, w: c.post(f"/ladder/{w['ladder/']}/", {"kind": "confirm", "level": 0, "days": 1, "tells": ["asker"], "active": "on"}), 302, ("ladderstep.saved", "ok", "qifa_head", "feedback.ladderstep")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "person", "deed", "status", "row"), DEEDS, ids=[one[0] for one in DEEDS])
def test_it_is_on_record_who(  # noqa: PLR0917
    what: str, person: str, deed: Deed, status: int, row: tuple[str, str, str, str], cast: Cast, world: dict[str, Any]
) -> None:
    client = Client(REMOTE_ADDR="203.0.113.7")
    if person:
        client.cookies["session"] = signed_in(cast.people[person])
    before = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    answer = deed(client, cast, world)

    rows = list(AuditEntry.objects.filter(pk__gt=before))
    assert (answer.status_code, [one.action for one in rows]) == (status, [row[0]])
    entry = rows[0]
    who = cast.people[row[2]] if row[2] else None
    assert (entry.result, entry.actor_id, entry.object_type) == (row[1], who.pk if who else None, row[3])
    assert entry.address == "203.0.113.7"
    assert entry.request_id == answer["X-Request-ID"]
    if who:
        assert (entry.actor_name, entry.role, entry.unit_id) == (who.name, who.admin_role or who.role, who.unit_id)
    assert PASSWORD not in f"{entry.data}"
    assert "wrong" not in f"{entry.data}"


def test_no_page_offers_a_change_of_the_trail(cast: Cast, world: dict[str, Any]) -> None:
    root = User.objects.create(
        username="root",
        name="root",
        email="root@example.com",
        is_staff=True,
        is_superuser=True,
        password_changed_at=cast.kefu_head.password_changed_at,
    )
    client = Client()
    client.force_login(root)
    entry = AuditEntry.objects.first()
    assert entry is not None
    before = list(AuditEntry.objects.filter(pk=entry.pk).values())

    for path in (
        reverse("admin:core_auditentry_changelist"), reverse("admin:core_auditentry_add"), reverse("admin:core_auditentry_change", args=[entry.pk]),
        reverse("admin:core_auditentry_delete", args=[entry.pk]),
    ):  # fmt: skip
        client.post(path, {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"})

    assert list(AuditEntry.objects.filter(pk=entry.pk).values()) == before


def test_the_machine_room_changes_nothing_that_a_verb_should() -> None:
    """Whatever is registered there: no adding, changing, deleting, except a new agreement and Django's second factors."""
    request: Any = type("R", (), {"user": type("U", (), {"is_active": True, "has_perm": lambda self, *a: True})()})()
    open_doors = set()
    for model, site in admin.site._registry.items():
        if model._meta.app_label not in {"core", "accounts", "feedback", "partners"}:
            continue
        rights = (
            site.has_add_permission(request),
            site.has_change_permission(request),
            site.has_delete_permission(request),
        )
        if any(rights):
            open_doors.add((model._meta.label_lower, rights))

    assert open_doors <= {("accounts.agreement", (True, False, False))}


@pytest.mark.postgres
@pytest.mark.parametrize("model", [AuditEntry, AuditSeal])
def test_the_database_itself_refuses(model: Any, cast: Cast, world: dict[str, Any]) -> None:
    audit.seal_all(clock.now())
    assert model.objects.exists()
    table = model._meta.db_table
    for sql in (f"UPDATE {table} SET at = at", f"DELETE FROM {table}"):
        with (
            pytest.raises(DatabaseError, match="only ever inserted"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
