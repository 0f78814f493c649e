"""When a level is raised, a file that lay in the clear is encrypted; whenever that is interrupted, it is there all the same."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channelportal.core import files, tidying
from channelportal.core.errors import Unreadable
from channelportal.core.models import AuditEntry, StoredFile
from tests.threads import results

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
LATER = datetime(2099, 1, 1, tzinfo=UTC)
SECRET = "降价方案，只给三个人看。".encode()


@pytest.fixture
def shelf(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOAD_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def stored(shelf: Path, db: None) -> StoredFile:
    return files.keep_bytes("方案.txt", SECRET, "text/plain", by=None, at=AT)


def got(response: Any) -> bytes:
    return b"".join(response)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.django_db
def test_it_encrypts_what_lay_in_the_clear(
    shelf: Path, stored: StoredFile, cast: Any, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    read_before, at_first = StoredFile.objects.get(), files.location(stored)

    with django_capture_on_commit_callbacks(execute=True):
        done = files.protect(stored, by=cast.kefu_head, at=AT)

    assert done
    assert not at_first.exists()
    assert SECRET[:9] not in everything(shelf)
    assert stat.S_IMODE(files.location(stored).stat().st_mode) == 0o600
    assert got(files.serve(stored)) == got(files.serve(read_before)) == SECRET
    assert AuditEntry.objects.get(action="file.protected").actor == cast.kefu_head
    assert not files.protect(stored, at=AT)


@pytest.mark.django_db(transaction=True)
def test_it_loses_nothing_when_it_is_interrupted(
    shelf: Path, stored: StoredFile, monkeypatch: pytest.MonkeyPatch
) -> None:

    with monkeypatch.context() as patch:
        patch.setattr(StoredFile, "save", lambda *args, **more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            files.protect(stored, at=AT)
    assert len(list(shelf.rglob("*.sealed"))) == 1  # written, and no row of it
    assert files.content(StoredFile.objects.get()) == SECRET

    tidying.tidy(LATER)
    assert files.content(StoredFile.objects.get()) == SECRET
    assert not list(shelf.rglob("*.sealed"))


@pytest.mark.django_db(transaction=True)
def test_it_sweeps_the_plain_one_when_the_end_was_missed(
    shelf: Path, stored: StoredFile, monkeypatch: pytest.MonkeyPatch
) -> None:

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *args, **more: None)  # power went between the commit and this
        files.protect(stored, at=AT)
    assert SECRET[:9] in everything(shelf)

    tidying.tidy(LATER)
    assert SECRET[:9] not in everything(shelf)
    assert files.content(StoredFile.objects.get()) == SECRET


@pytest.mark.django_db
@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"another"), lambda path: path.unlink()])
def test_it_encrypts_nothing_that_was_not_uploaded(
    shelf: Path, stored: StoredFile, damage: Callable[[Path], None]
) -> None:
    damage(files.location(stored))

    with pytest.raises(Unreadable):
        files.protect(stored, at=AT)

    assert StoredFile.objects.get().key_id == ""


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_encrypts_once_by_four_at_a_time(shelf: Path, stored: StoredFile) -> None:
    done = results([lambda: files.protect(StoredFile.objects.get(pk=stored.pk), at=AT)] * 4)

    assert sorted(done) == [False, False, False, True]
    assert files.content(StoredFile.objects.get()) == SECRET
    assert len([path for path in shelf.rglob("*") if path.is_file()]) == 1
