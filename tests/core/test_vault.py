"""A confidential file lies encrypted; it comes out as it went in, or not at all."""

from __future__ import annotations

import base64
import io
import os
import random
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channelportal.core import files, vault
from channelportal.core.errors import Unreadable
from channelportal.core.models import AuditEntry, Job, StoredFile

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
ID = UUID("12345678-1234-4234-8234-123456789abc")
C = vault.CHUNK
SECRET = "降价方案，只给三个人看。".encode()


def spelled(**keys: bytes) -> str:
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys.items())


@pytest.fixture
def shelf(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOAD_ROOT = tmp_path / "files"
    settings.FILE_KEYS = spelled(now=KEY)
    return Path(settings.UPLOAD_ROOT)


def sealed(content: bytes, data_key: bytes = OTHER, file_id: UUID = ID, piece: int = 100_000) -> bytes:
    pieces = (content[start : start + piece] for start in range(0, len(content), piece))
    return b"".join(vault.seal(pieces, data_key, file_id))


def plain(content: bytes, data_key: bytes = OTHER, file_id: UUID = ID, at_once: int = 70_000) -> bytes:
    with vault.Opened(io.BytesIO(content), data_key, file_id) as opened:
        return b"".join(iter(lambda: opened.read(at_once), b""))


def got(response: Any) -> bytes:
    return b"".join(response)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


# ── the format ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("piece", [1_000, C, 3 * C])
@pytest.mark.parametrize("size", [0, 1, C - 1, C, C + 1, 2 * C - 1, 2 * C, 2 * C + 1, 5 * C + 17])
def test_it_comes_out_as_it_went_in(size: int, piece: int) -> None:
    content = random.Random(size).randbytes(size)

    encrypted = sealed(content, piece=piece)

    assert plain(encrypted) == content
    assert plain(encrypted, at_once=333) == content
    assert len(encrypted) == vault.HEADER + size + vault.TAG * max(-(-size // C), 1)


def test_it_reads_no_further_than_it_is_asked() -> None:
    beneath = io.BytesIO(sealed(bytes(50 * C)))

    with vault.Opened(beneath, OTHER, ID) as opened:
        opened.read(10)
        read = beneath.tell()

    assert read < 3 * (C + vault.TAG)


def test_it_gives_the_same_content_another_look_each_time() -> None:
    first, second = sealed(SECRET), sealed(SECRET)

    assert first[vault.HEADER :] != second[vault.HEADER :]
    assert SECRET[:6] not in first


WHOLE = sealed(bytes(range(256)) * (3 * C // 256))
PARTS = [WHOLE[: vault.HEADER]] + [
    WHOLE[start : start + C + vault.TAG] for start in range(vault.HEADER, len(WHOLE), C + vault.TAG)
]


@pytest.mark.parametrize("at", [*range(vault.HEADER), 500, vault.HEADER + C, vault.HEADER + C + 16, -17, -1])
def test_it_notices_one_altered_bit(at: int) -> None:
    altered = bytearray(WHOLE)
    altered[at] ^= 1

    with pytest.raises(vault.Altered):
        plain(bytes(altered))


@pytest.mark.parametrize(
    "kept",
    [[0, 1, 2], [0, 1], [0], [], [0, 2, 1, 3], [0, 2, 3], [0, 1, 1, 2, 3], [0, 1, 2, 3, 3], [0, 3], [1, 2, 3]],
)
def test_it_notices_chunks_that_are_missing_or_moved(kept: list[int]) -> None:
    assert plain(b"".join(PARTS)) == bytes(range(256)) * (3 * C // 256)

    with pytest.raises(vault.Altered):
        plain(b"".join(PARTS[number] for number in kept))


@pytest.mark.parametrize("cut", [1, 16, 17, C, C + 15, len(WHOLE) - vault.HEADER, len(WHOLE) - 3])
def test_it_notices_where_it_was_cut_off(cut: int) -> None:
    with pytest.raises(vault.Altered):
        plain(WHOLE[:-cut])


def test_it_notices_what_was_added() -> None:
    with pytest.raises(vault.Altered):
        plain(WHOLE + b"x")


def test_it_belongs_to_one_file() -> None:
    encrypted = sealed(SECRET)

    assert plain(encrypted) == SECRET
    with pytest.raises(vault.Altered):
        plain(encrypted, file_id=uuid4())
    with pytest.raises(vault.Altered):
        plain(encrypted, data_key=KEY)


def test_it_unwraps_for_the_same_file_and_key_alone(settings: Any) -> None:
    settings.FILE_KEYS = spelled(now=KEY, old=OTHER)
    wrapped = vault.wrap(OTHER, ID)

    assert wrapped.key_id == "now"
    assert vault.unwrap(wrapped, ID) == OTHER
    with pytest.raises(vault.Altered):
        vault.unwrap(wrapped, uuid4())
    with pytest.raises(vault.Altered):
        vault.unwrap(vault.Wrapped("old", wrapped.text), ID)
    with pytest.raises(vault.KeyMissing):
        vault.unwrap(vault.Wrapped("older", wrapped.text), ID)
    settings.FILE_KEYS = spelled(now=OTHER)
    with pytest.raises(vault.Altered):
        vault.unwrap(wrapped, ID)
    settings.FILE_KEYS = spelled(renamed=KEY)
    with pytest.raises(vault.Altered):
        vault.unwrap(vault.Wrapped("renamed", wrapped.text), ID)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " , ",
        "no colon",
        ":AAEC",
        "2026:",
        "2026:AAEC",
        "2026:!!!",
        "a b:" + spelled(x=KEY)[2:],
        "x" * 21 + spelled(x=KEY)[1:],
        spelled(x=bytes(32)),
        f"{spelled(x=KEY)},{spelled(x=OTHER)}",
    ],
)
def test_it_takes_no_keys_that_are_none(text: str) -> None:
    with pytest.raises(vault.BadKeys) as refused:
        vault.parse(text)

    assert "AAEC" not in str(refused.value)


def test_it_reads_keys_in_order_and_both_alphabets() -> None:
    odd = b"\xfb\xff" * 4 + os.urandom(24)
    text = f" new:{base64.urlsafe_b64encode(odd).decode()} ,{spelled(old=KEY)},"

    assert list(vault.parse(text).items()) == [("new", odd), ("old", KEY)]


# ── the store ───────────────────────────────────────────────────────────────────────────────────


def kept(content: bytes = SECRET, *, name: str = "方案.txt", confidential: bool = True) -> StoredFile:
    return files.keep_bytes(name, content, "text/plain", by=None, at=AT, confidential=confidential)


@pytest.mark.django_db
def test_it_leaves_nothing_readable_on_the_disk(shelf: Path, cast: Any) -> None:
    content = SECRET * 20_000  # more than one chunk
    upload = SimpleUploadedFile("方案.txt", content)

    stored = files.keep_all([upload], by=cast.kefu_head, at=AT, confidential=True)[0]

    path = files.location(stored)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name.endswith(".sealed")
    assert SECRET[:9] not in everything(shelf)
    assert OTHER not in everything(shelf)
    assert (stored.size, stored.key_id) == (len(content), "now")
    stored.refresh_from_db()
    assert files.digest_matches(stored)
    assert files.content(stored) == content


@pytest.mark.django_db
@pytest.mark.parametrize("size", [0, 1, C, C + 1, 3 * C + 5])
def test_it_serves_what_was_kept(shelf: Path, cast: Any, size: int, django_assert_max_num_queries: Any) -> None:
    content = random.Random(size).randbytes(size)
    stored = kept(content)
    before = sorted(shelf.rglob("*"))

    with django_assert_max_num_queries(2):  # the database's clock, the row of the trail
        response = files.serve(stored, by=cast.kefu_head)

    assert response["Content-Length"] == str(size)
    assert got(response) == content
    assert sorted(shelf.rglob("*")) == before
    assert AuditEntry.objects.get(action="file.downloaded").object_id == str(stored.pk)


@pytest.mark.django_db
def test_it_closes_the_file_when_the_reader_goes_away(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, left = kept(bytes(3 * C)), list[Any]()
    real = Path.open

    def opened(path: Path, *args: Any, **more: Any) -> Any:
        left.append(real(path, *args, **more))
        return left[-1]

    monkeypatch.setattr(Path, "open", opened)
    response = files.serve(stored)
    next(iter(response))
    response.close()

    assert left
    assert all(one.closed for one in left)


@pytest.mark.django_db
def test_it_still_serves_what_was_kept_before(shelf: Path, cast: Any) -> None:
    stored = kept(b"as ever", confidential=False)

    assert (stored.key_id, stored.wrapped_key) == ("", "")
    assert files.location(stored).read_bytes() == b"as ever"
    assert files.location(stored).name == stored.pk.hex
    assert got(files.serve(stored, by=cast.kefu_head)) == b"as ever"


def no_key(settings: Any, path: Path) -> None:
    settings.FILE_KEYS = spelled(another=KEY)


def wrong_key(settings: Any, path: Path) -> None:
    settings.FILE_KEYS = spelled(now=OTHER)


def bad_keys(settings: Any, path: Path) -> None:
    settings.FILE_KEYS = ""


def last_bit(settings: Any, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]))


def another_size(settings: Any, path: Path) -> None:
    StoredFile.objects.update(size=7)


def cut_off(settings: Any, path: Path) -> None:
    path.write_bytes(path.read_bytes()[: vault.HEADER + C + vault.TAG])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("damage", "said", "logged"),
    [
        (no_key, "密钥", "no key now"),
        (wrong_key, "改动", "was not wrapped by the key now"),
        (bad_keys, "密钥", "There is no key"),
        (last_bit, "改动", "chunk 2"),
        (cut_off, "改动", "chunk 0"),
        (another_size, "改动", "where the row has 7"),
    ],
)
def test_it_says_why_and_gives_out_no_part(
    shelf: Path,
    cast: Any,
    client: Client,
    *,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Any, Path], None],
    said: str,
    logged: str,
) -> None:
    stored = kept(bytes(2 * C) + SECRET)
    job = Job.objects.create(kind="export", by=cast.kefu_head, state="done", file=stored)
    client.force_login(cast.kefu_head)
    damage(settings, files.location(stored))

    answer = client.get(f"/jobs/{job.pk}/file/")

    assert answer.status_code == 409
    assert "这个文件无法打开" in answer.text
    assert said in answer.text
    assert [one.levelname for one in caplog.records if logged in one.message and str(stored.pk) in one.message] == [
        "ERROR"
    ]
    assert not AuditEntry.objects.filter(action="file.downloaded").exists()


@pytest.mark.django_db
def test_it_notices_files_that_changed_places(shelf: Path) -> None:
    one, two = kept(b"one"), kept(b"two")
    first, second = (files.location(stored).read_bytes() for stored in (one, two))
    files.location(one).write_bytes(second)
    files.location(two).write_bytes(first)

    for stored in (one, two):
        assert not files.digest_matches(stored)
        with pytest.raises(Unreadable):
            files.serve(stored)

    one.wrapped_key, two.wrapped_key = two.wrapped_key, one.wrapped_key  # with the rows' keys
    with pytest.raises(Unreadable):
        files.serve(one)


@pytest.mark.django_db
def test_it_keeps_nothing_in_the_clear_where_there_is_no_key(shelf: Path, settings: Any) -> None:
    settings.FILE_KEYS = ""

    with pytest.raises(Unreadable):
        kept()

    assert not StoredFile.objects.exists()
    assert everything(shelf.parent) == b""
