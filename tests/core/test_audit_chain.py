"""The audit trail cannot be rewritten unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from channelportal.core import audit
from channelportal.core.models import AuditEntry, AuditSeal

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed() -> list[AuditEntry]:
    entries = [audit.record("ticket.replied", data={"number": number, "句": "测试"}, at=AT) for number in range(6)]
    audit.seal(at=AT)
    return entries


def tamper(sql: str, *values: object) -> None:
    """As somebody with the database's own password would, triggers switched off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET session_replication_role = replica")
        else:
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute(sql, values)
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")


def test_it_gives_each_row_one_place_in_order(sealed: list[AuditEntry]) -> None:
    assert list(AuditSeal.objects.order_by("number").values_list("number", "entry_id")) == [
        (place, entry.pk) for place, entry in enumerate(sealed, start=1)
    ]
    assert audit.seal(at=AT) == 0
    assert audit.verify().broken is None


def test_it_takes_a_row_that_was_committed_late(sealed: list[AuditEntry]) -> None:
    free = sealed[0].pk - 1 if sealed[0].pk > 1 else 10_000_000
    AuditEntry.objects.create(pk=free, at=AT, action="late.commit")

    assert audit.seal(at=AT + timedelta(seconds=40)) == 1
    assert audit.verify().broken is None


def test_it_finds_an_altered_row(sealed: list[AuditEntry]) -> None:
    tamper("UPDATE core_auditentry SET action = 'ticket.closed' WHERE id = %s", sealed[3].pk)

    found = audit.verify().broken

    assert found == audit.Broken("altered", 4, sealed[3].pk)
    with pytest.raises(CommandError, match=f"number 4, audit row {sealed[3].pk} was altered"):
        call_command("verify_audit")


def test_it_finds_a_removed_row(sealed: list[AuditEntry]) -> None:
    tamper("DELETE FROM core_auditseal WHERE number = %s", 3)
    tamper("DELETE FROM core_auditentry WHERE id = %s", sealed[2].pk)

    assert audit.verify().broken == audit.Broken("removed", 3, None)


def test_it_finds_a_removed_end_by_the_noted_head(sealed: list[AuditEntry]) -> None:
    head = AuditSeal.objects.get(number=6).hash
    tamper("DELETE FROM core_auditseal WHERE number > %s", 4)

    assert audit.verify().broken is None
    assert audit.verify((6, head)).broken == audit.Broken("removed", 5, None)


def test_it_finds_a_chain_that_was_made_anew(sealed: list[AuditEntry]) -> None:
    head = AuditSeal.objects.get(number=6).hash
    tamper("DELETE FROM core_auditseal")
    tamper("UPDATE core_auditentry SET actor_name = 'x' WHERE id = %s", sealed[1].pk)
    audit.seal(at=AT)

    assert audit.verify().broken is None
    assert audit.verify((6, head)).broken == audit.Broken("head", 6, sealed[5].pk)


def test_it_finds_a_row_slipped_in_afterwards(sealed: list[AuditEntry]) -> None:
    high = AuditEntry.objects.create(pk=sealed[5].pk + 100, at=AT, action="ticket.filed")
    audit.seal(at=AT)
    AuditEntry.objects.create(pk=sealed[5].pk + 50, at=AT, action="user.signed_in")
    audit.seal(at=AT + timedelta(hours=3))

    assert high.pk > sealed[5].pk
    assert audit.verify().broken == audit.Broken("inserted", 8, sealed[5].pk + 50)


def test_it_finds_a_changed_seal(sealed: list[AuditEntry]) -> None:
    tamper("UPDATE core_auditseal SET previous = %s WHERE number = 5", "f" * 64)

    assert audit.verify().broken == audit.Broken("seal", 5, sealed[4].pk)


@pytest.mark.postgres
@pytest.mark.parametrize("table", ["core_auditentry", "core_auditseal"])
def test_it_lets_nobody_change_or_delete_a_row_on_postgresql(sealed: list[AuditEntry], table: str) -> None:
    for sql in (f"UPDATE {table} SET at = now()", f"DELETE FROM {table}"):
        with (
            pytest.raises(DatabaseError, match="only ever inserted"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_it_masks_secrets_at_any_depth() -> None:
    entry = audit.record("user.changed", data={"after": {"password": "geheim", "name": "x"}}, at=AT)

    assert entry.data == {"after": {"password": "***", "name": "x"}}
