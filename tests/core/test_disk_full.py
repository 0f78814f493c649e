"""The disk is full: the form says so and keeps what was typed; no half file, no row that points at nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from channelportal.core import exports, files, jobs
from channelportal.core.clock import now
from channelportal.core.errors import Invalid
from channelportal.core.models import Job, StoredFile
from feedback.models import Ticket, TicketKind
from tests.people import Cast

pytestmark = pytest.mark.django_db
WORDS = "平台存储空间不足"


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> Path:
    settings.UPLOAD_ROOT = tmp_path / "files"
    return tmp_path


@pytest.fixture(params=[errno.ENOSPC, errno.EDQUOT])
def full(request: pytest.FixtureRequest, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written cannot be brought to the disk."""

    def refuse(_descriptor: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(os, "fsync", refuse)


def left_on(disk: Path) -> list[Path]:
    return [one for one in disk.rglob("*") if one.is_file()]


def upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("照片.txt", "三台水泵".encode())


def typed(cast: Cast, **more: Any) -> dict[str, Any]:
    return {
        "once": "0d3ab2d4-6f6c-49a3-8f0a-1f4f0e3c9d55", "kind": TicketKind.objects.get(code="problem").pk,
        "responsible": cast.kefu.pk, "title": "水泵漏水", "body": "三台水泵一周内漏水。", "severity": "normal", **more,
    }  # fmt: skip


def test_it_says_so_at_the_form_and_keeps_what_was_typed(cast: Cast, client: Client, full: None, store: Path) -> None:
    client.force_login(cast.ludong_head)

    answer = client.post("/tickets/new/", typed(cast, files=upload()))
    without = client.post("/tickets/new/", typed(cast))

    assert answer.status_code in (200, 422)
    assert WORDS in answer.text
    assert "三台水泵一周内漏水。" in answer.text
    assert without.status_code == 302
    assert Ticket.objects.count() == 1
    assert not StoredFile.objects.exists()
    assert left_on(store) == []


@pytest.mark.parametrize("confidential", [False, True])
def test_it_leaves_no_half_file_and_no_row(cast: Cast, full: None, store: Path, confidential: bool) -> None:
    with pytest.raises(Invalid, match=WORDS):
        files.keep(upload(), by=cast.kefu_officer, at=now(), confidential=confidential)

    assert not StoredFile.objects.exists()
    assert left_on(store) == []


def test_it_keeps_the_plain_file_when_there_is_no_room_for_the_encrypted(
    cast: Cast, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = files.keep(upload(), by=cast.kefu_officer, at=now())
    monkeypatch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))

    with pytest.raises(OSError, match="full"):
        files.protect(stored, by=cast.kefu_officer, at=now())

    assert files.content(StoredFile.objects.get()) == "三台水泵".encode()
    assert left_on(store) == [files.location(stored)]


def test_it_tells_who_waits_for_an_export(cast: Cast, full: None, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"path": "/tickets/", "query": "", "list": "tickets", "task": "channelportal.core.tasks.run_export"}
    job = Job.objects.create(kind="export", by=cast.kefu_head, data=data)
    monkeypatch.setattr("feedback.views.lists.tickets", lambda request: HttpResponse(b"xlsx"), raising=False)

    exports.run(job.pk, now())

    job.refresh_from_db()
    assert (job.state, job.result, job.file) == (Job.State.FAILED, {"reason": "error"}, None)
    assert left_on(store) == []
    assert jobs.left_behind(now()) == []
