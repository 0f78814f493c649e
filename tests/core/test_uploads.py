"""A file is what it says, or the person is told in words what is wrong."""

from __future__ import annotations

import io
import stat
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from channelportal.core import files, tidying
from channelportal.core.errors import Invalid
from channelportal.core.fields import MultiFileField
from channelportal.core.models import AuditEntry, StoredFile
from channelportal.lib import uploads

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
MOST = 1_000_000


def packed(*names: str, content: bytes = b"x", **more: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def picture(form: str, size: tuple[int, int] = (4, 4)) -> bytes:
    out = io.BytesIO()
    Image.new("1", size).save(out, form)
    return out.getvalue()


def verdict(name: str, content: bytes) -> str:
    try:
        return uploads.check(name, len(content), io.BytesIO(content), MOST).media_type
    except uploads.Unfit as unfit:
        return unfit.code


WORD = packed("[Content_Types].xml", "word/document.xml")
SHEET = packed("[Content_Types].xml", "xl/workbook.xml")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", b"%PDF-1.7 ...", "application/pdf"),
        ("报价单.DOCX", WORD, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xlsx", SHEET, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.doc", uploads.OLE + b"rest", "application/msword"),
        ("a.wps", uploads.OLE + b"rest", "application/vnd.ms-works"),
        ("a.et", SHEET, "application/vnd.ms-excel"),
        ("a.ofd", packed("OFD.xml"), "application/ofd"),
        ("a.jpg", picture("JPEG"), "image/jpeg"),
        ("a.png", picture("PNG"), "image/png"),
        ("a.txt", "渠道".encode(), "text/plain"),
        ("a.txt", "渠道".encode("gbk"), "text/plain"),
        ("a.zip", packed("x.txt"), "application/zip"),
        ("a.pdf", b"", "empty"),
        ("a.pdf", b"MZ\x90\x00", "content"),
        ("a.pdf", b"<script>alert(1)</script>%PDF-", "content"),
        ("a.exe", b"MZ", "type"),
        ("a.pdf.exe", b"%PDF-", "type"),
        ("a.html", b"<html>", "type"),
        ("a.svg", b"<svg>", "type"),
        ("a.docm", WORD, "type"),
        ("a", b"x", "type"),
        ("a.docx", SHEET, "content"),
        ("a.docx", packed("x.txt"), "content"),
        ("a.docx", packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "macros"),
        ("a.zip", b"PK\x03\x04nonsense", "damaged"),
        ("a.zip", packed("x", content=bytes(5_000_000)), "packed"),
        ("a.zip", packed(*(str(number) for number in range(1_001))), "packed"),
        ("a.zip", packed("../../etc/passwd"), "packed"),
        ("a.zip", packed("/etc/passwd"), "packed"),
        ("a.png", picture("JPEG"), "content"),
        ("a.png", picture("PNG")[:30], "content"),
        ("a.png", picture("PNG", (9_000, 9_000)), "pixels"),
        ("a.txt", b"a\0b", "content"),
        ("a.txt", bytes(range(128, 256)), "content"),
        ("a.txt", b"x" * (MOST + 1), "large"),
    ],
)
def test_it_judges_a_file_by_all_it_is(name: str, content: bytes, expected: str) -> None:
    assert verdict(name, content) == expected


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("报价单.pdf", "报价单.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\x00.pdf", "a.pdf"),
        ("a\r\nX: y.pdf", "a X_ y.pdf"),
        ('a"b<c>.pdf', "a_b_c_.pdf"),
        ("con.pdf", "_con.pdf"),
        (".htaccess", "file.htaccess"),
        ("...", "file"),
        ("", "file"),
        ("x" * 500 + ".pdf", "x" * 116 + ".pdf"),
        ("\ud800.pdf", "file.pdf"),
        ("e\u0301.pdf", "é.pdf"),
    ],
)
def test_it_makes_a_name_harmless(name: str, clean: str) -> None:
    assert uploads.clean_name(name) == clean


class Attach(forms.Form):
    files = MultiFileField(most=3)


def test_it_tells_each_problem_of_several_files() -> None:
    bad, worse = SimpleUploadedFile("a.pdf", b"MZ"), SimpleUploadedFile("b.exe", b"MZ")

    form = Attach({}, {"files": [bad, SimpleUploadedFile("c.txt", b"ok"), worse]})  # type: ignore[arg-type]

    assert not form.is_valid()
    assert ["a.pdf" in form.errors["files"][0], "b.exe" in form.errors["files"][1]] == [True, True]


def test_it_takes_none_and_counts_many() -> None:
    assert Attach({}, {}).is_valid()
    assert not Attach({}, {"files": [SimpleUploadedFile("c.txt", b"ok")] * 4}).is_valid()  # type: ignore[arg-type]


@pytest.fixture
def shelf(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOAD_ROOT = tmp_path
    return tmp_path


@pytest.mark.django_db
def test_it_keeps_a_file_under_a_random_name_for_this_process_alone(shelf: Path, cast: Any) -> None:
    stored = files.keep(SimpleUploadedFile("../报价.txt", b"hello"), by=cast.kefu_head, at=AT)

    path = files.location(stored)
    assert stored.name == "报价.txt"
    assert "报价" not in str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files.digest_matches(stored)
    assert stored.size == 5


@pytest.mark.django_db
def test_it_serves_as_a_download_and_says_so_in_the_trail(shelf: Path, cast: Any) -> None:
    stored = files.keep(SimpleUploadedFile("报价.txt", b"hello"), by=cast.kefu_head, at=AT)

    response = files.serve(stored, by=cast.kefu_head)

    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert b"".join(response) == b"hello"  # type: ignore[arg-type]
    assert AuditEntry.objects.get(action="file.downloaded").object_id == str(stored.pk)


@pytest.mark.django_db
def test_it_refuses_at_the_store_too(shelf: Path, cast: Any) -> None:
    with pytest.raises(Invalid):
        files.keep_all([SimpleUploadedFile("a.exe", b"MZ")], by=cast.kefu_head, at=AT)

    assert not StoredFile.objects.exists()


@pytest.mark.django_db
def test_it_has_a_quota_of_a_day(shelf: Path, cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "QUOTA_FILES", 2)
    two = [SimpleUploadedFile("a.txt", b"x"), SimpleUploadedFile("b.txt", b"x")]
    files.keep_all(two, by=cast.kefu_head, at=AT)

    with pytest.raises(Invalid):
        files.keep_all([SimpleUploadedFile("c.txt", b"x")], by=cast.kefu_head, at=AT + timedelta(hours=23))
    files.keep_all([SimpleUploadedFile("c.txt", b"x")], by=cast.kefu_head, at=AT + timedelta(hours=25))


@pytest.mark.django_db
def test_it_removes_what_no_row_wanted(shelf: Path, cast: Any) -> None:
    kept = files.keep(SimpleUploadedFile("a.txt", b"x"), by=cast.kefu_head, at=AT)
    orphan = files.keep(SimpleUploadedFile("b.txt", b"x"), by=cast.kefu_head, at=AT)
    StoredFile.objects.filter(pk=orphan.pk).delete()

    tidying.tidy(datetime.now(UTC) + timedelta(hours=1))
    assert files.location(orphan).exists()  # its transaction may still be open
    tidying.tidy(datetime.now(UTC) + timedelta(days=2))

    assert not files.location(orphan).exists()
    assert files.location(kept).exists()
