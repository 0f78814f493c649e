"""Whoever downloads finds his name over the picture and over every page; what cannot be marked is not given out."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, ImageChops, ImageStat
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
)

from channelportal.core import files, watermark
from channelportal.core.errors import Invalid, Unreadable
from channelportal.core.models import AuditEntry, Job, StoredFile

AT = datetime(2026, 5, 8, 18, 30, tzinfo=UTC)  # the ninth in Shanghai
TEXT = "陈企发 chen.qifa\n企发部 2026-05-09 02:30"
PDF, PNG, JPG = "application/pdf", "image/png", "image/jpeg"


def picture(form: str, mode: str, size: tuple[int, int], colour: Any = 0, **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, form, **more)
    return out.getvalue()


def marked(content: bytes, media_type: str, text: str = TEXT) -> Image.Image:
    found = Image.open(io.BytesIO(watermark.marked(content, media_type, text)))
    found.load()
    return found


def pages(count: int, change: Callable[[PdfWriter, Any], None] = lambda writer, page: None, **more: Any) -> bytes:
    """A PDF of A4 pages that say "Original page 0" and so on; each changed as wanted."""
    writer = PdfWriter()
    font = DictionaryObject({NameObject(f"/{name}"): NameObject(f"/{value}") for name, value in FONT.items()})
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    for number in range(count):
        page = writer.add_blank_page(595, 842)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        put(writer, page, f"BT /F1 24 Tf 72 700 Td (Original page {number}) Tj ET".encode())
        change(writer, page)
    if password := more.get("password"):
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


FONT = {"Type": "Font", "Subtype": "Type1", "BaseFont": "Helvetica"}


def put(writer: PdfWriter, page: Any, data: bytes) -> None:
    stream = DecodedStreamObject()
    stream.set_data(data)
    page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())


# ── the words ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_it_names_person_account_unit_and_time(cast: Any) -> None:
    assert watermark.words(cast.qifa_head, AT) == f"陈企发 {cast.qifa_head.username}\n企发部 2026-05-09 02:30"


def test_it_draws_each_letter_and_spells_out_what_the_font_lacks() -> None:
    font = watermark._font()

    assert watermark._drawable("陈喆堃 li-4", font) == "陈喆堃 li-4"
    assert watermark._drawable("䶮\U0001f600", font) == "U+4DAEU+1F600"
    assert len({bytes(font.getmask(letter)) for letter in "陈企发喆堃"}) == 5


def test_it_brings_its_own_font() -> None:
    assert watermark.FONT.is_relative_to(Path(watermark.__file__).parent)
    assert (watermark.FONT.parent / "LICENSE").read_text().count("SIL Open Font License") > 0
    assert watermark.FONT.stat().st_size < 3_000_000


# ── pictures ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("form", "media_type"), [("PNG", PNG), ("JPEG", JPG)])
@pytest.mark.parametrize("ground", [0, 90, 128, 200, 255])
def test_it_can_be_read_on_light_and_dark(form: str, media_type: str, ground: int) -> None:
    content = picture(form, "RGB", (1200, 900), (ground, ground, ground))

    found = marked(content, media_type).convert("L")

    assert found.size == (1200, 900)
    for left in (0, 400, 800):
        for top in (0, 300, 600):
            low, high = found.crop((left, top, left + 400, top + 300)).getextrema()
            assert max(abs(low - ground), abs(high - ground)) > 40, (left, top)
    changed = ImageStat.Stat(ImageChops.difference(found, Image.new("L", found.size, ground))).mean[0]
    assert 0.5 < changed < 12  # what is beneath stays what it was


def test_it_is_this_readers_and_no_other_text() -> None:
    """The middle of a white picture holds the letters themselves."""
    white = picture("PNG", "RGB", (1200, 900), "white")
    wide = picture("PNG", "RGB", (2400, 300), "white")  # so flat that the text is not slanted

    assert ImageChops.difference(marked(white, PNG), marked(white, PNG, "王分 wang\n沈阳")).getbbox()
    stamp = watermark._stamp(TEXT)
    layout = watermark._layout(stamp, 2400, 300, least=14)
    size = tuple(round(side * layout.factor) for side in stamp.cover.size)
    expected = stamp.cover.resize(size, Image.Resampling.LANCZOS)
    left, top = 1200 - round(size[0] / 2), 150 - round(size[1] / 2)
    dark = marked(wide, PNG).convert("L").crop((left, top, left + size[0], top + size[1]))
    letters = stamp.grey.resize(size, Image.Resampling.LANCZOS).point(lambda one: 255 if one < 60 else 0)
    assert ImageStat.Stat(dark, letters).mean[0] < 190
    assert ImageStat.Stat(dark, expected.point(lambda one: 255 if one == 0 else 0)).mean[0] > 245


@pytest.mark.parametrize(
    ("form", "mode", "colour"),
    [
        ("PNG", "1", 1), ("PNG", "L", 200), ("PNG", "LA", (200, 255)), ("PNG", "P", 3), ("PNG", "RGBA", (9, 9, 9, 0)),
        ("PNG", "I;16", 60_000), ("JPEG", "L", 200), ("JPEG", "CMYK", (0, 0, 0, 10)),
    ],
)  # fmt: skip
def test_it_marks_pictures_of_every_make(form: str, mode: str, colour: Any) -> None:
    content = picture(form, mode, (400, 300), colour)

    found = marked(content, PNG if form == "PNG" else JPG)

    before = Image.open(io.BytesIO(content)).convert("RGBA")
    if mode == "I;16":
        before = Image.new("RGBA", (400, 300), (234, 234, 234, 255))
    assert ImageChops.difference(before, found.convert("RGBA")).getbbox(alpha_only=False)
    assert abs(found.convert("RGBA").getpixel((0, 0))[0] - before.getpixel((0, 0))[0]) < 8


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (40, 30)])
def test_it_takes_the_smallest_pictures(size: tuple[int, int]) -> None:
    assert marked(picture("PNG", "RGB", size, "white"), PNG).size == size


def test_it_turns_the_picture_as_the_camera_held_it_and_leaves_out_the_rest() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "unmarked thumbnail and place"
    content = picture("JPEG", "RGB", (400, 300), "white", exif=exif, comment="who made it")

    found = marked(content, JPG)

    assert found.size == (300, 400)
    assert not found.getexif()
    assert "comment" not in found.info


@pytest.mark.parametrize(("form", "media_type"), [("PNG", PNG), ("JPEG", JPG)])
def test_it_reduces_what_is_very_large(form: str, media_type: str) -> None:
    found = marked(picture(form, "L", (7_000, 5_000), 255), media_type)

    assert 4_000_000 < found.width * found.height <= watermark.MOST_PIXELS
    assert abs(found.width / found.height - 1.4) < 0.01


@pytest.mark.parametrize(
    ("content", "media_type", "why"),
    [
        (picture("PNG", "1", (8_000, 7_000)), PNG, "太大"),
        (picture("PNG", "RGB", (400, 300))[:200], PNG, "已损坏"),
        (picture("JPEG", "RGB", (400, 300)), PNG, "已损坏"),
        (b"", JPG, "已损坏"),
        (pages(1, password="x"), PDF, "密码"),
        (b"%PDF-1.7 nothing else", PDF, "已损坏"),
        (pages(0), PDF, "已损坏"),
        (b"", PDF, "已损坏"),
        (pages(2_001), PDF, "页数太多"),
        (pages(3)[:700], PDF, "已损坏"),
    ],
)
def test_it_refuses_what_it_cannot_mark(content: bytes, media_type: str, why: str) -> None:
    with pytest.raises(watermark.Unmarkable) as refused:
        watermark.marked(content, media_type, TEXT)

    assert why in str(refused.value.message)


# ── PDF ─────────────────────────────────────────────────────────────────────────────────────────


def with_pin(writer: PdfWriter, page: Any) -> None:
    pin = DictionaryObject(
        {NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/FileAttachment")}
    )
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(pin)])


def with_collection(writer: PdfWriter, page: Any) -> None:
    writer.root_object[NameObject("/Collection")] = DictionaryObject()


@pytest.mark.parametrize(
    "carry", [lambda writer, page: writer.add_attachment("价格.xlsx", b"prices"), with_pin, with_collection]
)
def test_it_gives_out_no_file_inside_a_pdf_unmarked(carry: Callable[[PdfWriter, Any], None]) -> None:
    with pytest.raises(watermark.Unmarkable, match="其他文件"):
        watermark.marked(pages(1, carry), PDF, TEXT)


@pytest.mark.parametrize(
    "own",
    [
        b"<" * 300_000,
        b"BI " * 300_000,
        b"(" * 300_000,
        b"(\\" * 300_000,
        b"[" * 300_000,
        b"%" * 300_000,
        b"/BI q " * 30_000,
    ],
    ids=["hex", "picture", "string", "escape", "list", "remark", "name"],
)
def test_it_takes_its_time_in_proportion_to_a_page(own: bytes) -> None:
    content = pages(1, lambda writer, page: put(writer, page, own))
    begun = time.perf_counter()

    watermark.marked(content, PDF, TEXT)

    assert time.perf_counter() - begun < 3  # the square of it were minutes


def test_it_unpacks_no_more_than_it_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watermark, "MOST_CONTENT", 5_000)
    content = pages(3, lambda writer, page: put(writer, page, b" " * 2_000))

    with pytest.raises(watermark.Unmarkable):
        watermark.marked(content, PDF, TEXT)


@pytest.mark.parametrize("size", [(1e7, 1), (1, 1e7), (1e30, 2), (14_400, 3)])
def test_it_does_not_fill_an_endless_page_with_marks(size: tuple[float, float]) -> None:
    content = pages(1, lambda _writer, page: page.mediabox.__init__((0, 0, *size)))  # type: ignore[misc]

    assert len(watermark.marked(content, PDF, TEXT)) < 100_000


@pytest.mark.parametrize("size", [(1_000_000, 1), (1, 1_000_000)])
def test_it_does_not_fill_an_endless_picture_with_marks(size: tuple[int, int]) -> None:
    stamp = watermark._stamp(TEXT)

    assert len(watermark._layout(stamp, *size, least=14).centres) < 2_000
    assert marked(picture("PNG", "L", size), PNG).size == size


def test_it_marks_every_page_and_leaves_what_stands_there() -> None:
    content = pages(12)

    found = PdfReader(io.BytesIO(watermark.marked(content, PDF, TEXT)))

    assert len(found.pages) == 12
    forms, images = set(), set()
    for number, page in enumerate(found.pages):
        assert f"Original page {number}" in page.extract_text()
        form = page["/Resources"]["/XObject"].raw_get("/ReadersMark")
        image = form.get_object()["/Resources"]["/XObject"].raw_get("/Mark")
        forms.add(form.idnum)
        images.add(image.idnum)
        assert form.get_object().get_data().count(b"/Mark Do") > 10
        cover = image.get_object()["/SMask"]
        drawn = Image.frombytes("L", (cover["/Width"], cover["/Height"]), cover.get_data())
        assert drawn.tobytes() == watermark._stamp(TEXT).cover.tobytes()
        assert b"/ReadersMark Do" in page.get_contents().get_data()
    assert (len(forms), len(images)) == (1, 1)
    assert max(found.pdf_header, "%PDF-1.4") == found.pdf_header


def test_it_cannot_be_cut_off_again() -> None:
    content = pages(1)

    found = watermark.marked(content, PDF, TEXT)

    assert found.count(b"%%EOF") == 1
    assert content[20:200] not in found


Matrix = tuple[float, ...]


def times(first: Matrix, second: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def where_drawn(page: Any) -> Matrix:
    """What a viewer has as its matrix when it comes to the mark: a page's streams are one program."""
    now: Matrix = (1, 0, 0, 1, 0, 0)
    saved: list[Matrix] = []
    for operands, operator in ContentStream(page.get_contents(), None).operations:
        if operator == b"q":
            saved.append(now)
        elif operator == b"Q" and saved:
            now = saved.pop()
        elif operator == b"cm":
            now = times(tuple(float(one) for one in operands), now)
        elif operator == b"Do" and operands == ["/ReadersMark"]:
            return now
    raise AssertionError("not drawn")


@pytest.mark.parametrize(
    ("turned", "crop", "matrix", "size"),
    [
        (0, None, (1, 0, 0, 1, 0, 0), (595, 842)),
        (90, None, (0, 1, -1, 0, 595, 0), (842, 595)),
        (180, None, (-1, 0, 0, -1, 595, 842), (595, 842)),
        (270, None, (0, -1, 1, 0, 0, 842), (842, 595)),
        (-90, None, (0, -1, 1, 0, 0, 842), (842, 595)),
        (0, (100, 200, 500, 800), (1, 0, 0, 1, 100, 200), (400, 600)),
        (90, (100, 200, 500, 800), (0, 1, -1, 0, 500, 200), (600, 400)),
        (270, (500, 800, 100, 200), (0, -1, 1, 0, 100, 800), (600, 400)),
        (0, (-50, -50, 9_000, 9_000), (1, 0, 0, 1, 0, 0), (595, 842)),
        (0, (900, 900, 950, 950), (1, 0, 0, 1, 0, 0), (595, 842)),
    ],
)
def test_it_stands_upright_on_what_is_shown(turned: int, crop: Any, matrix: Matrix, size: tuple[int, int]) -> None:
    def change(writer: PdfWriter, page: Any) -> None:
        page[NameObject("/Rotate")] = NumberObject(turned)
        if crop:
            page[NameObject("/CropBox")] = ArrayObject([FloatObject(one) for one in crop])

    page = PdfReader(io.BytesIO(watermark.marked(pages(1, change), PDF, TEXT))).pages[0]

    assert where_drawn(page) == matrix
    assert tuple(page["/Resources"]["/XObject"]["/ReadersMark"]["/BBox"][2:]) == size


@pytest.mark.parametrize(
    "own",
    [
        b"", b"q 1 0 0 1 9 9 cm Q", b"3 0 0 3 500 500 cm", b"q 3 0 0 3 500 500 cm q", b"Q Q 3 0 0 3 500 500 cm",
        b"q Q Q 3 0 0 3 500 500 cm q", b"BT (q q ( Q ) \\) q) Tj ET 2 0 0 2 7 7 cm % q q\n", b"q[1]0 d 3 0 0 3 9 9 cm",
        b"q BI /W 1 /H 1 /BPC 8 /CS /G ID q EI 3 0 0 3 9 9 cm",
    ],
)  # fmt: skip
def test_it_stands_where_it_should_whatever_the_page_leaves_behind(own: bytes) -> None:
    content = pages(1, lambda writer, page: put(writer, page, own))

    page = PdfReader(io.BytesIO(watermark.marked(content, PDF, TEXT))).pages[0]

    assert where_drawn(page) == (1, 0, 0, 1, 0, 0)


def without_contents(writer: PdfWriter, page: Any) -> None:
    del page["/Contents"]


def without_resources(writer: PdfWriter, page: Any) -> None:
    """The page has them from its parent, as many programs write them."""
    page["/Parent"][NameObject("/Resources")] = page["/Resources"]
    del page["/Resources"]


def many_streams(writer: PdfWriter, page: Any) -> None:
    page[NameObject("/Contents")] = writer._add_object(ArrayObject([page.raw_get("/Contents")]))


@pytest.mark.parametrize("change", [without_contents, without_resources, many_streams])
def test_it_marks_pages_of_every_make(change: Callable[[PdfWriter, Any], None]) -> None:
    found = PdfReader(io.BytesIO(watermark.marked(pages(2, change), PDF, TEXT)))

    for number, page in enumerate(found.pages):
        where_drawn(page)
        assert "/ReadersMark" in page["/Resources"]["/XObject"]
        if change is not without_contents:
            assert f"Original page {number}" in page.extract_text()


def test_it_keeps_the_pages_own_pictures() -> None:
    out = io.BytesIO()
    Image.new("RGB", (50, 50), "red").save(out, "PDF")

    page = PdfReader(io.BytesIO(watermark.marked(out.getvalue(), PDF, TEXT))).pages[0]

    assert len(page["/Resources"]["/XObject"]) == 2


# ── the store ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shelf(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOAD_ROOT = tmp_path
    return tmp_path


@pytest.mark.django_db
@pytest.mark.parametrize("confidential", [False, True])
def test_it_serves_marked_and_says_so(shelf: Path, cast: Any, confidential: bool) -> None:
    white = picture("PNG", "RGB", (400, 300), "white")
    stored = files.keep_bytes("图.png", white, PNG, by=None, at=AT, confidential=confidential)

    response = files.serve(stored, by=cast.kefu_head, watermark=TEXT)

    body = b"".join(response)  # type: ignore[arg-type]
    assert response["Content-Length"] == str(len(body))
    assert response["Content-Type"] == PNG
    assert Image.open(io.BytesIO(body)).convert("L").getextrema()[0] < 200
    assert AuditEntry.objects.get(action="file.downloaded").data["marked"] is True
    assert b"".join(files.serve(stored)) == white  # type: ignore[arg-type]


@pytest.mark.django_db
def test_it_serves_other_files_as_they_are(shelf: Path, cast: Any) -> None:
    stored = files.keep_bytes("a.txt", b"text", "text/plain", by=None, at=AT, confidential=True)

    assert not watermark.possible("text/plain")
    assert b"".join(files.serve(stored, by=cast.kefu_head, watermark=TEXT)) == b"text"  # type: ignore[arg-type]
    assert "marked" not in AuditEntry.objects.get(action="file.downloaded").data


@pytest.mark.django_db
def test_it_gives_out_nothing_unmarked(shelf: Path, cast: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = files.keep_bytes("a.pdf", pages(1, password="x"), PDF, by=None, at=AT, confidential=True)
    with pytest.raises(Unreadable):
        files.serve(stored, by=cast.kefu_head, watermark=TEXT)
    assert not AuditEntry.objects.filter(action="file.downloaded").exists()

    job = Job.objects.create(kind="export", by=cast.kefu_head, state="done", file=stored)
    real = files.serve
    monkeypatch.setattr(files, "serve", lambda stored, by: real(stored, by=by, watermark=TEXT))
    client.force_login(cast.kefu_head)
    answer = client.get(f"/jobs/{job.pk}/file/")
    assert answer.status_code == 409
    assert "密码保护" in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize("confidential", [False, True])
def test_it_asks_for_what_can_be_marked_when_it_is_uploaded(shelf: Path, cast: Any, confidential: bool) -> None:
    upload = SimpleUploadedFile("价格.pdf", pages(1, password="x"))

    if confidential:
        with pytest.raises(Invalid) as refused:
            files.keep(upload, by=cast.kefu_head, at=AT, confidential=True)
        assert refused.value.field == "files"
        assert "价格.pdf" in str(refused.value.message)
        assert "密码" in str(refused.value.message)
    else:
        files.keep(upload, by=cast.kefu_head, at=AT)

    assert StoredFile.objects.exists() is not confidential
