"""Backup and restore: everything is there again, proven, or nothing changed. On both databases."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from channelportal.core import audit, backup, calendar, clock, files, outbox, stamps
from channelportal.core.models import AuditEntry, CalendarDay, OutboxMessage, Parameter, Stamp, StoredFile
from feedback import supplied, workflow
from feedback.models import LadderStep, Ticket, TicketKind
from tests.people import PASSWORD, Cast, cast

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOAD_ROOT = tmp_path / "store"
    return Path(settings.UPLOAD_ROOT)


@pytest.fixture
def company() -> Cast:
    """A company with a ticket, a file, a mail that waits, an audit trail in its chain, and a person who is signed in."""
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    people = cast()
    at = clock.now()
    note = files.keep_bytes("现场.txt", "三台漏水".encode(), "text/plain", by=people.ludong_head, at=at)
    workflow.file(
        by=people.ludong_head, kind=TicketKind.objects.get(code="problem"), title="水泵漏水“=1+1”", body="三台。\n\t", files=[note],
        responsible=people.kefu, severity="normal",
    )  # fmt: skip
    outbox.put("ticket-news", key="k", to=people.kefu_head, data={"n": 1.5, "x": None, "l": [1, {"a": "é"}]}, at=at)
    audit.seal_all(at)
    return people


@pytest.fixture
def saved(company: Cast, tmp_path: Path) -> Path:
    call_command("backup", str(tmp_path / "saved"))
    return tmp_path / "saved"


def emptied() -> None:
    """A new installation, as `migrate` leaves it."""
    call_command("flush", interactive=False, verbosity=0)
    stamps.forget_all()
    calendar.ship()
    supplied.supply()


def rows() -> dict[str, list[Any]]:
    """Every row of every table, but what a restore itself writes."""
    later = {"core.auditentry", "core.parameter"}
    return {
        label: list(model._base_manager.order_by("pk").values())
        for label, model in backup._models().items()
        if label not in later
    }


def test_it_brings_every_row_and_file_back(saved: Path, store: Path) -> None:
    before, trail = rows(), list(AuditEntry.objects.order_by("pk").values())
    emptied()
    for one in store.rglob("*"):
        if one.is_file():
            one.unlink()

    call_command("restore", str(saved), "--into-empty")

    assert rows() == before
    assert list(AuditEntry.objects.order_by("pk").values())[:-1] == trail
    assert files.location(StoredFile.objects.get()).read_bytes() == "三台漏水".encode()
    assert audit.verify().broken is None


def test_it_goes_on_where_it_stopped(saved: Path) -> None:
    """New numbers follow the restored ones, search finds, the trail's next row is of the restore."""
    emptied()
    call_command("restore", str(saved), "--into-empty")

    head = User.objects.get(username="ludong.head")
    ticket = workflow.file(
        by=head, kind=TicketKind.objects.get(code="problem"), title="又漏了", body="又。",
        responsible=User.objects.get(username="kefu.head").unit,
    )  # fmt: skip

    assert Ticket.objects.exclude(pk=ticket.pk).get().number != ticket.number
    assert AuditEntry.objects.filter(action="backup.restored").exists()
    browser = Client()
    browser.force_login(head)
    assert "水泵漏水" in browser.get("/search/?q=水泵").text


def test_it_signs_everyone_out(company: Cast, tmp_path: Path) -> None:
    browser = Client()
    browser.force_login(company.kefu_head)
    assert browser.get("/account/").status_code == 200
    call_command("backup", str(tmp_path / "saved"))
    emptied()

    call_command("restore", str(tmp_path / "saved"), "--into-empty")

    assert browser.get("/account/").status_code == 302
    assert User.objects.get(username="kefu.head").check_password(PASSWORD)


def test_it_holds_the_mail_back_until_it_is_released(saved: Path, mailoutbox: list[Any]) -> None:
    emptied()
    call_command("restore", str(saved), "--into-empty")
    OutboxMessage.objects.filter(state="waiting").update(next_attempt_at=clock.now())

    assert outbox.deliver(clock.now()) == 0
    call_command("restore", "--release")

    assert outbox.deliver(clock.now()) >= 1
    assert AuditEntry.objects.filter(action="outbox.released").exists()
    assert not Parameter.objects.exists()


def test_it_changes_no_database_that_is_in_use(saved: Path) -> None:
    before = rows()

    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(saved), "--into-empty")

    assert rows() == before


def test_it_wants_to_be_told_that_the_database_is_new(saved: Path) -> None:
    with pytest.raises(CommandError, match="--into-empty"):
        call_command("restore", str(saved))


def damage_rows(folder: Path) -> None:
    (folder / "data" / "feedback.ticket.jsonl.gz").write_bytes(b"x")


def damage_file(folder: Path) -> None:
    next(one for one in (folder / "files").rglob("*") if one.is_file()).write_bytes(b"x")


def lose_table(folder: Path) -> None:
    (folder / "data" / "feedback.ticket.jsonl.gz").unlink()


def lose_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def another_version(folder: Path) -> None:
    rewrite(folder, lambda manifest: manifest["migrations"].append("feedback.0099_later"))


def fewer_rows(folder: Path) -> None:
    rewrite(folder, lambda manifest: manifest["tables"]["feedback.ticket"].update(rows=7))


def another_head(folder: Path) -> None:
    rewrite(folder, lambda manifest: manifest["audit"].update(hash="f" * 64))


def rewrite(folder: Path, change: Callable[[Any], Any]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (damage_rows, "damaged or altered"),
        (damage_file, "damaged or altered"),
        (lose_table, "missing from the backup"),
        (lose_manifest, "no finished backup"),
        (another_version, "another version"),
        (fewer_rows, "7 rows were saved, 1 read"),
        (another_head, "audit trail does not verify"),
    ],
)
def test_it_restores_nothing_of_a_damaged_backup(
    damage: Callable[[Path], None], why: str, saved: Path, store: Path
) -> None:
    emptied()
    kept = [one for one in store.rglob("*") if one.is_file()]
    before = rows()
    damage(saved)

    with pytest.raises(CommandError, match=why):
        call_command("restore", str(saved), "--into-empty")

    assert rows() == before
    assert not User.objects.exists()
    assert LadderStep.objects.exists()
    assert CalendarDay.objects.exists()
    assert [one for one in store.rglob("*") if one.is_file()] == kept


def test_it_says_which_files_the_store_has_lost(company: Cast, tmp_path: Path, store: Path) -> None:
    path = StoredFile.objects.get().path
    (store / path).unlink()

    with pytest.raises(CommandError, match=path):
        call_command("backup", str(tmp_path / "saved"))

    emptied()
    call_command("restore", str(tmp_path / "saved"), "--into-empty")
    assert Ticket.objects.count() == 1


def test_it_overwrites_no_earlier_backup(saved: Path) -> None:
    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", str(saved))


def test_it_keeps_no_key_and_lets_nobody_else_read(saved: Path, settings: Any) -> None:
    found = [one for one in saved.rglob("*") if one.is_file()]

    assert {oct(one.stat().st_mode & 0o777) for one in found} == {"0o600"}
    assert oct(saved.stat().st_mode & 0o777) == "0o700"
    assert not (saved / "data" / "sessions.session.jsonl.gz").exists()
    assert not [one for one in found if settings.SECRET_KEY.encode() in one.read_bytes()]


def test_it_stops_nobody_who_writes_meanwhile(company: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another connection writes in the middle: it waits for nothing, and its row is not in the backup."""
    other = connection.copy()
    as_it_was, seen = backup._save_table, []

    def in_the_middle(folder: Path, model: Any) -> Any:
        if len(seen) == 1:
            with other.cursor() as cursor:
                cursor.execute("INSERT INTO core_stamp (name, number) VALUES ('meanwhile', 1)")
        seen.append(model)
        return as_it_was(folder, model)

    monkeypatch.setattr(backup, "_save_table", in_the_middle)
    try:
        backup.save(tmp_path / "saved", clock.now())
    finally:
        other.close()

    assert Stamp.objects.filter(name="meanwhile").exists()
    assert b"meanwhile" not in gzip.decompress((tmp_path / "saved" / "data" / "core.stamp.jsonl.gz").read_bytes())
