"""The key of confidential files: made once, changed without rewriting a file, kept apart from backups."""

from __future__ import annotations

import base64
import json
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channelportal import settings as settings_module
from channelportal.core import backup, calendar, checks, files, stamps, vault
from channelportal.core.models import AuditEntry, StoredFile
from feedback import supplied

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
OLD, NEW, THIRD = (bytes(range(start, start + 32)) for start in (0, 50, 100))
SECRET = "降价方案，只给三个人看。".encode()


def spelled(**keys: bytes) -> str:
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys.items())


@pytest.fixture
def shelf(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOAD_ROOT = tmp_path / "files"
    settings.FILE_KEYS = spelled(old=OLD)
    return Path(settings.UPLOAD_ROOT)


def kept(number: int = 0, *, confidential: bool = True) -> StoredFile:
    content = SECRET + str(number).encode()
    return files.keep_bytes("方案.txt", content, "text/plain", by=None, at=AT, confidential=confidential)


def said(command: str, *args: str) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, stderr=out)
    return out.getvalue()


def on_disk(shelf: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shelf.rglob("*") if path.is_file()}


# ── another key ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_it_changes_the_key_and_no_file(shelf: Path, settings: Any) -> None:
    stored = [kept(number) for number in range(3)]
    plain, before = kept(confidential=False), on_disk(shelf)
    settings.FILE_KEYS = spelled(new=NEW, old=OLD)
    fourth = kept(3)

    told = said("rotate_file_keys")

    assert "new: 4 files, current" in told
    assert "old: 0 files, not needed" in told
    settings.FILE_KEYS = spelled(new=NEW)
    for number, one in enumerate([*stored, fourth]):
        one.refresh_from_db()
        assert files.content(one) == SECRET + str(number).encode()
    plain.refresh_from_db()
    assert plain.key_id == ""
    assert before.items() <= on_disk(shelf).items()
    assert AuditEntry.objects.get(action="file.keys_rotated").data == {"name": "new", "files": 3, "failed": 0}


@pytest.mark.django_db
def test_it_only_lists_when_asked_to(shelf: Path, settings: Any) -> None:
    stored = kept()
    settings.FILE_KEYS = spelled(new=NEW, old=OLD)

    told = said("rotate_file_keys", "--check")

    assert "old: 1 files, still needed" in told
    stored.refresh_from_db()
    assert stored.key_id == "old"


@pytest.mark.django_db(transaction=True)
def test_it_goes_on_after_it_was_killed(shelf: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [kept(number) for number in range(5)]
    settings.FILE_KEYS = spelled(new=NEW, old=OLD)
    monkeypatch.setattr(files, "REWRAPPED_AT_ONCE", 2)
    real, wrapped = vault.wrap, list[Any]()

    def killed_at_the_fourth(*args: Any) -> Any:
        wrapped.append(args)
        if len(wrapped) == 4:
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(vault, "wrap", killed_at_the_fourth)
        with pytest.raises(KeyboardInterrupt):
            call_command("rotate_file_keys", stdout=StringIO())
    assert files.keys_in_use() == {"new": 2, "old": 3}
    for one in StoredFile.objects.all():
        assert files.content(one).startswith(SECRET)

    call_command("rotate_file_keys", stdout=StringIO())

    settings.FILE_KEYS = spelled(new=NEW)
    assert sorted(files.content(one) for one in StoredFile.objects.all()) == sorted(
        SECRET + str(number).encode() for number in range(len(stored))
    )


@pytest.mark.django_db
def test_it_asks_as_little_for_many_as_for_few(shelf: Path, settings: Any, django_assert_num_queries: Any) -> None:
    for number in range(20):
        kept(number)
    settings.FILE_KEYS = spelled(new=NEW, old=OLD)

    with django_assert_num_queries(4):  # read, write, a savepoint around them
        batch = files.rewrap()

    assert batch.rows == 20


@pytest.mark.django_db
def test_it_leaves_alone_what_it_cannot_unwrap(shelf: Path, settings: Any) -> None:
    lost, altered, good = kept(0), kept(1), kept(2)
    StoredFile.objects.filter(pk=altered.pk).update(wrapped_key=good.wrapped_key)
    settings.FILE_KEYS = spelled(third=THIRD)
    other = kept(3)
    StoredFile.objects.filter(pk=lost.pk).update(key_id="gone")
    settings.FILE_KEYS = spelled(new=NEW, old=OLD, third=THIRD)

    with pytest.raises(CommandError, match=r"gone \(1 files\)"):
        call_command("rotate_file_keys", stdout=StringIO(), stderr=StringIO())
    StoredFile.objects.filter(pk=lost.pk).delete()
    with pytest.raises(CommandError, match="1 rows could not be unwrapped"):
        call_command("rotate_file_keys", stdout=StringIO(), stderr=StringIO())

    assert files.keys_in_use() == {"new": 2, "old": 1}
    for one in (good, other):
        one.refresh_from_db()
        assert files.content(one).startswith(SECRET)


# ── where the key comes from ────────────────────────────────────────────────────────────────────


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("FILE_KEYS", "FILE_KEYS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(settings_module, "DATA_DIR", tmp_path)
    return tmp_path


def test_it_is_made_once_on_the_first_start(bare: Path) -> None:
    gate, found = threading.Barrier(16), list[str]()

    def start() -> None:
        gate.wait()
        found.append(settings_module._file_keys())

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 16
    assert len(set(found)) == 1
    assert len(vault.parse(found[0])) == 1
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in bare.iterdir()] == [("file-keys", 0o600)]


def test_it_is_taken_from_where_it_was_put(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = bare / "given"
    given.write_text(spelled(a=OLD) + "\n")

    monkeypatch.setenv("FILE_KEYS_FILE", str(given))
    assert settings_module._file_keys() == spelled(a=OLD)
    monkeypatch.setenv("FILE_KEYS_FILE", str(bare / "nowhere"))
    assert settings_module._file_keys() == ""
    monkeypatch.setenv("FILE_KEYS", spelled(b=NEW))
    assert settings_module._file_keys() == spelled(b=NEW)
    assert [path.name for path in bare.iterdir()] == ["given"]


@pytest.mark.django_db
def test_it_warns_of_files_that_nobody_can_open(shelf: Path, settings: Any) -> None:
    kept()
    assert checks.file_keys_complete(None) == []

    settings.FILE_KEYS = spelled(new=NEW)

    assert [one.id for one in checks.file_keys_complete(None)] == ["portal.W006"]


# ── backup ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def saved(shelf: Path, tmp_path: Path) -> Path:
    """A backup with one confidential file of the key `old` and a plain one; the installation is a new one now."""
    kept()
    kept(1, confidential=False)
    told = said("backup", str(tmp_path / "saved"))
    assert "old (1 files)" in told
    emptied(shelf)
    return tmp_path / "saved"


def emptied(shelf: Path) -> None:
    call_command("flush", interactive=False, verbosity=0)
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    for path in shelf.rglob("*"):
        if path.is_file():
            path.unlink()


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_it_saves_them_encrypted_and_names_their_key(saved: Path, shelf: Path) -> None:
    manifest = json.loads((saved / "manifest.json").read_text())
    assert (manifest["keys"], manifest["missing"]) == ({"old": 1}, [])
    texts = b"".join(path.read_bytes() for path in saved.rglob("*.sealed"))
    assert texts
    assert SECRET[:9] not in texts

    call_command("restore", str(saved), "--into-empty")

    assert sorted(files.content(one) for one in StoredFile.objects.all()) == [SECRET + b"0", SECRET + b"1"]
    assert stat.S_IMODE(next(shelf.rglob("*.sealed")).stat().st_mode) == 0o600


@pytest.mark.django_db(transaction=True)
def test_it_restores_nothing_before_the_key_is_there(saved: Path, shelf: Path, settings: Any) -> None:
    settings.FILE_KEYS = spelled(new=NEW)
    with pytest.raises(CommandError, match=r"need keys that FILE_KEYS does not have: old \(1 files\)"):
        call_command("restore", str(saved), "--into-empty")

    settings.FILE_KEYS = spelled(old=NEW)
    with pytest.raises(CommandError, match="or the key old is another one than then"):
        call_command("restore", str(saved), "--into-empty")

    assert not StoredFile.objects.exists()
    assert on_disk(shelf) == {}


@pytest.mark.django_db(transaction=True)
def test_it_restores_the_rest_when_told_to(saved: Path, settings: Any) -> None:
    settings.FILE_KEYS = spelled(new=NEW)

    told = said("restore", str(saved), "--into-empty", "--without-keys")

    assert "Closed until FILE_KEYS has their key: confidential files of old." in told
    settings.FILE_KEYS = spelled(new=NEW, old=OLD)
    assert sorted(files.content(one) for one in StoredFile.objects.all()) == [SECRET + b"0", SECRET + b"1"]


def break_bit(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("damage", [break_bit, Path.unlink])
def test_it_says_which_ones_the_store_has_lost(shelf: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    stored = kept()
    damage(files.location(stored))

    with pytest.raises(CommandError, match=stored.path):
        call_command("backup", str(tmp_path / "saved"), stdout=StringIO())


@pytest.mark.django_db(transaction=True)
def test_it_saves_what_it_cannot_prove_and_says_so(shelf: Path, tmp_path: Path, settings: Any) -> None:
    stored = kept()
    settings.FILE_KEYS = spelled(new=NEW)

    told = said("backup", str(tmp_path / "saved"))

    assert "Not proven, for FILE_KEYS does not have their key: files of old." in told
    assert (tmp_path / "saved" / "files" / stored.path).read_bytes() == files.location(stored).read_bytes()


@pytest.mark.django_db(transaction=True)
def test_it_saves_what_is_encrypted_while_it_copies(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = kept(confidential=False)
    real = backup._save_file

    def meanwhile(folder: Path, one: StoredFile) -> str:
        files.protect(stored, at=AT)
        return real(folder, one)

    monkeypatch.setattr(backup, "_save_file", meanwhile)
    call_command("backup", str(tmp_path / "saved"), stdout=StringIO())
    emptied(shelf)
    call_command("restore", str(tmp_path / "saved"), "--into-empty", stdout=StringIO())

    assert files.content(StoredFile.objects.get()) == SECRET + b"0"
