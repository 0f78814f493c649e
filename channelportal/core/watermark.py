"""The reader's name over what he downloads: slanting and half transparent, again and again over a picture and each page of a PDF.

    if watermark.possible(stored.media_type): …
    files.serve(stored, by=user, watermark=watermark.words(user, at))

Dark letters with a light edge, so that they can be read on any ground. Drawn with the font that lies beside this file: a bare
machine has none for Chinese. What cannot be marked is `Unmarkable` with a sentence for the reader, and is not given out.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageDraw, ImageFont, ImageOps
from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
)

from channelportal.lib import uploads
from channelportal.lib.text import clean_line

FONT: Final = Path(__file__).parent / "fonts" / "noto-sans-sc-5.3.0" / "noto-sans-sc.woff2"
LETTER: Final = 48  # pixels, of the one mark that is scaled to each picture and page
LINE: Final = 62
EDGE: Final = 4  # around each letter
DARK: Final = 80  # of 255: how far the letters cover the ground
LIGHT: Final = 92  # and their edge
MOST_PIXELS: Final = 24_000_000  # a larger picture is reduced
MOST_PAGES: Final = 2_000  # half a second
MOST_CONTENT: Final = 80_000_000  # bytes of all its pages, unpacked
MOST_MARKS: Final = 400  # side by side: more stand only on a strip that nobody can read
_FORMS: Final = {"image/jpeg": "JPEG", "image/png": "PNG"}
_PDF: Final = "application/pdf"
_NAME: Final = "/ReadersMark"
# saving and restoring in a page's stream, past strings, comments and pictures within it; each of them is passed once, closed or
# not, so that the time is in proportion to the length
_SAVES: Final = re.compile(
    rb"\((?:\\.|[^()\\])*+\)?|<[^>]*+>?|%[^\r\n]*|(?<![/\w])BI\s.*?(?:\sEI\b|\Z)|(?<![^\s\]>)])([qQ])(?![^\s\[<(/])",
    re.DOTALL,
)
_drawing = Lock()  # a face of FreeType is for one thread at a time
log = logging.getLogger(__name__)


class Unmarkable(Exception):
    """`message`: what the reader, or the one who attaches it, should do."""

    def __init__(self, message: Any) -> None:
        super().__init__(str(message))
        self.message = message


def possible(media_type: str) -> bool:
    return media_type == _PDF or media_type in _FORMS


def words(by: Any, at: datetime) -> str:
    """What is laid over the file for this person: name, account, unit, and when; two lines."""
    unit = by.unit.name if by.unit_id else ""
    return f"{by.name} {by.username}\n{unit} {localtime(at):%Y-%m-%d %H:%M}"


def marked(content: bytes, media_type: str, text: str) -> bytes:
    """The same file with the text (one or more lines) over it, or `Unmarkable`."""
    stamp = _stamp(text)
    return _pdf(content, stamp) if media_type == _PDF else _picture(content, _FORMS[media_type], stamp)


def check(content: bytes, media_type: str) -> None:
    """`Unmarkable` if `marked` would be, before the file is kept."""
    marked(content, media_type, "0")


# ── the mark ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Stamp:
    """The text once, upright: grey letters with their edge, and how far they cover the ground. Both "L" and of one size."""

    grey: Image.Image
    cover: Image.Image


def _stamp(text: str) -> Stamp:
    with _drawing:
        font = _font()
        lines = [_drawable(line, font) for line in text.splitlines()]
        width = math.ceil(max((font.getlength(line) for line in lines), default=1)) + 2 * EDGE
        size = (width, LINE * max(len(lines), 1) + 2 * EDGE)
        letters, whole = Image.new("L", size), Image.new("L", size)
        for number, line in enumerate(lines):
            place = (width / 2, EDGE + LINE * (number + 0.5))
            ImageDraw.Draw(letters).text(place, line, 255, font, "mm")
            ImageDraw.Draw(whole).text(place, line, 255, font, "mm", stroke_width=EDGE)
    cover = Image.composite(Image.new("L", size, DARK), whole.point(lambda one: one * LIGHT // 255), letters)
    return Stamp(ImageOps.invert(letters), cover)


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, LETTER, layout_engine=ImageFont.Layout.BASIC)


def _drawable(line: str, font: ImageFont.FreeTypeFont) -> str:
    """A rare letter that the font lacks is written as its number: a mark with a box in it would name nobody."""
    none = bytes(font.getmask("\U0010fffd"))
    return "".join(
        letter if letter.isspace() or bytes(font.getmask(letter)) != none else f"U+{ord(letter):04X}"
        for letter in clean_line(line)
    )


@dataclass(frozen=True)
class Layout:
    """Where the marks stand on a ground, in its units: factor from the stamp's pixels, slant in degrees, their centres."""

    factor: float
    slant: int
    centres: list[tuple[float, float]]


def _layout(stamp: Stamp, width: float, height: float, least: float) -> Layout:
    """One whole mark in the middle, others around it up to every border. `least`: letters are not smaller if it can be helped."""
    slant = 0 if width > 3 * height else 90 if height > 3 * width else 28
    sine, cosine = math.sin(math.radians(slant)), math.cos(math.radians(slant))
    wide, high = (
        stamp.grey.width * cosine + stamp.grey.height * sine,
        stamp.grey.width * sine + stamp.grey.height * cosine,
    )
    factor = min(max(min(width, height) / 36, least) / LETTER, 0.94 * width / wide, 0.94 * height / high)
    across, down = max(wide * factor * 1.1, width / MOST_MARKS), max(high * factor * 0.8, height / MOST_MARKS)
    return Layout(factor, slant, list(_centres(width, height, across, down)))


def _centres(width: float, height: float, across: float, down: float) -> Iterator[tuple[float, float]]:
    rows, columns = math.ceil(height / 2 / down), math.ceil(width / 2 / across) + 1
    for row in range(-rows, rows + 1):
        for column in range(-columns, columns + 1):
            x, y = width / 2 + (column + row % 2 / 2) * across, height / 2 + row * down
            if -across < 2 * x < 2 * width + across and -down < 2 * y < 2 * height + down:
                yield x, y


# ── pictures ────────────────────────────────────────────────────────────────────────────────────


def _picture(content: bytes, form: str, stamp: Stamp) -> bytes:
    try:
        with Image.open(io.BytesIO(content), formats=[form]) as found:
            profile = found.info.get("icc_profile") if found.mode in {"RGB", "RGBA", "P"} else None
            picture = _upright(found)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Unmarkable(
            _("This picture is damaged, so the reader's name cannot be laid over it. Ask for it to be saved anew.")
        ) from None
    layout = _layout(stamp, picture.width, picture.height, least=14)
    size = [max(round(side * layout.factor), 1) for side in stamp.grey.size]
    grey, cover = (
        one.resize((size[0], size[1]), Image.Resampling.LANCZOS).rotate(
            layout.slant, Image.Resampling.BICUBIC, expand=True
        )
        for one in (stamp.grey, stamp.cover)
    )
    ink = grey.convert(picture.mode)
    for x, y in layout.centres:
        picture.paste(ink, (round(x - ink.width / 2), round(y - ink.height / 2)), cover)
    out = io.BytesIO()
    if form == "JPEG":
        picture.save(out, form, quality=88, icc_profile=profile)
    else:
        picture.save(out, form, compress_level=1, icc_profile=profile)
    return out.getvalue()


def _upright(found: Image.Image) -> Image.Image:
    """As it is looked at: turned as the camera held it, in RGB, not too large, without what stands beside the picture (a thumbnail
    in the Exif data shows the unmarked one)."""
    if found.width * found.height > uploads.MOST_PIXELS:
        raise Unmarkable(
            _("This picture is too large for the reader's name to be laid over it. Ask for a smaller one.")
        )
    ratio = math.sqrt(MOST_PIXELS / (found.width * found.height))
    if ratio < 1:
        limit = (max(int(found.width * ratio), 1), max(int(found.height * ratio), 1))
        found.draft(None, limit)  # a JPEG is read in a half or a quarter at once
        found.thumbnail(limit)
    picture = ImageOps.exif_transpose(found)
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda one: one / 256, "L")
    picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.info = {}
    return picture


# ── PDF ─────────────────────────────────────────────────────────────────────────────────────────


def _pdf(content: bytes, stamp: Stamp) -> bytes:
    """Written anew as a whole: what is only appended could be cut off again."""
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise Unmarkable(
                _(
                    "This PDF is protected by a password, so the reader's name cannot be laid over it. Ask for a copy without one."
                )
            )
        if len(reader.pages) > MOST_PAGES:
            raise Unmarkable(
                _(
                    "This PDF has too many pages for the reader's name to be laid over each of them. Ask for it in parts."
                )
            )
        if _carries_files(reader):
            raise Unmarkable(
                _(
                    "This PDF holds other files, over which the reader's name cannot be laid. "
                    "Ask for a copy without them, and for those files beside it."
                )
            )
        writer = PdfWriter(clone_from=reader)
        _mark_pages(writer, stamp)
        out = io.BytesIO()
        writer.write(out)
    except Unmarkable:
        raise
    except Exception as why:  # whatever a damaged file does to the reader of it: nothing goes out unmarked
        log.info("a PDF cannot be read: %r", why)
        raise Unmarkable(
            _(
                "This PDF is damaged, so the reader's name cannot be laid over it. Ask for it to be printed to a PDF anew."
            )
        ) from why
    return out.getvalue()


def _carries_files(reader: PdfReader) -> bool:
    """A portfolio, files attached to the document, to a page or by a pin on it: whoever opens it takes them out with a click."""
    catalog: Any = reader.trailer["/Root"].get_object()
    names = catalog.get("/Names", DictionaryObject()).get_object()
    attached = names.get("/EmbeddedFiles", DictionaryObject()).get_object()
    if "/Collection" in catalog or any(attached.get(key) for key in ("/Names", "/Kids")):
        return True
    return any(_has_file(page) for page in [catalog, *reader.pages])


def _has_file(page: DictionaryObject) -> bool:
    if page.get("/AF"):
        return True
    pins = page.get("/Annots", ArrayObject()).get_object() or ()
    return any(pin.get_object().get("/Subtype") == "/FileAttachment" for pin in pins)


def _mark_pages(writer: PdfWriter, stamp: Stamp) -> None:
    """One image and, for each size of page, one form that repeats it; a page gets two more streams around its own. The page's own
    streams stay as they are."""
    if not writer.pages:
        raise ValueError("a PDF without pages")
    writer.pdf_header = max(writer.pdf_header, "%PDF-1.4")  # transparency
    image = _added(writer, _image(writer, stamp))
    save, restore = (_added(writer, _stream(one)) for one in (b"q\n", b"\nQ\n"))
    forms: dict[Any, tuple[Any, Any]] = {}
    room = MOST_CONTENT
    for page in writer.pages:
        where = _Where.of(page)
        if where not in forms:
            after = f"q {where.matrix} cm {_NAME} Do Q\n".encode()
            forms[where] = _added(writer, _form(stamp, where, image)), _added(writer, _stream(after))
        form, after_page = forms[where]
        content = _unpacked(page)
        room -= len(content)
        if room < 0:
            raise ValueError("pages that unpack to too much")
        saves, restores = _saves_missing(content)
        own = [*[save] * saves, *_contents(page), *[restore] * restores, after_page]
        page[NameObject("/Contents")] = ArrayObject(own)
        page[NameObject("/Resources")] = _with_form(page, form)


@dataclass(frozen=True)
class _Where:
    """The part of a page that is shown, in its own units, and by how many degrees it is turned clockwise."""

    left: float
    bottom: float
    right: float
    top: float
    turned: int

    @classmethod
    def of(cls, page: PageObject) -> _Where:
        media, crop = page.mediabox, page.cropbox
        pairs = [(float(one[0]), float(one[2]), float(one[1]), float(one[3])) for one in (media, crop)]
        boxes = [(min(a, b), min(c, d), max(a, b), max(c, d)) for a, b, c, d in pairs]
        left, bottom = max(box[0] for box in boxes), max(box[1] for box in boxes)
        right, top = min(box[2] for box in boxes), min(box[3] for box in boxes)
        if right <= left or top <= bottom:
            left, bottom, right, top = boxes[0]
        if not (right > left and top > bottom and math.isfinite(right - left + top - bottom)):
            raise ValueError("a page without a size")
        return cls(left, bottom, right, top, round(page.rotation / 90) * 90 % 360)

    @property
    def size(self) -> tuple[float, float]:
        """As it is looked at."""
        size = self.right - self.left, self.top - self.bottom
        return size if self.turned % 180 == 0 else (size[1], size[0])

    @property
    def matrix(self) -> str:
        """From what is looked at to the page's own units."""
        turn, x, y = {
            0: ("1 0 0 1", self.left, self.bottom),
            90: ("0 1 -1 0", self.right, self.bottom),
            180: ("-1 0 0 -1", self.right, self.top),
            270: ("0 -1 1 0", self.left, self.top),
        }[self.turned]
        return f"{turn} {x:.4f} {y:.4f}"


def _form(stamp: Stamp, where: _Where, image: Any) -> StreamObject:
    width, height = where.size
    layout = _layout(stamp, width, height, least=9)
    wide, high = stamp.grey.width * layout.factor, stamp.grey.height * layout.factor
    sine, cosine = math.sin(math.radians(layout.slant)), math.cos(math.radians(layout.slant))
    drawn = "".join(
        f"q {cosine:.5f} {sine:.5f} {-sine:.5f} {cosine:.5f} {x:.3f} {y:.3f} cm "
        f"{wide:.3f} 0 0 {high:.3f} {-wide / 2:.3f} {-high / 2:.3f} cm /Mark Do Q\n"
        for x, y in layout.centres
    )
    form = _stream(drawn.encode())
    form[NameObject("/Type")], form[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
    form[NameObject("/BBox")] = ArrayObject([NumberObject(0), NumberObject(0), _whole(width), _whole(height)])
    form[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/XObject"): DictionaryObject({NameObject("/Mark"): image})}
    )
    return form


def _added(writer: PdfWriter, one: StreamObject) -> Any:
    """The reference to it. pypdf has no other way to add an object of one's own."""
    return writer._add_object(one)  # noqa: SLF001


def _image(writer: PdfWriter, stamp: Stamp) -> StreamObject:
    grey, cover = _bitmap(stamp.grey), _bitmap(stamp.cover)
    grey[NameObject("/SMask")] = _added(writer, cover)
    return grey


def _bitmap(picture: Image.Image) -> StreamObject:
    found = _stream(picture.tobytes())
    found.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(picture.width),
            NameObject("/Height"): NumberObject(picture.height),
            NameObject("/ColorSpace"): NameObject("/DeviceGray"),
            NameObject("/BitsPerComponent"): NumberObject(8),
        }
    )
    return found


def _stream(data: bytes) -> StreamObject:
    found = DecodedStreamObject()
    found.set_data(data)
    return found.flate_encode() if len(data) > 100 else found


def _whole(side: float) -> NumberObject:
    return NumberObject(math.ceil(side))


def _contents(page: PageObject) -> list[Any]:
    """The page's own streams, by reference."""
    if "/Contents" not in page:
        return []
    own = page.raw_get("/Contents")
    found = own.get_object()
    if isinstance(found, ArrayObject):
        return list(found)
    return [own] if isinstance(found, StreamObject) else []


def _unpacked(page: PageObject) -> bytes:
    try:
        own = page.get_contents()
        return b"" if own is None else own.get_data()
    except PyPdfError as why:
        log.info("a page's streams cannot be unpacked: %r", why)
        return b""


def _saves_missing(content: bytes) -> tuple[int, int]:
    """How often the graphics state must be saved before the page's own streams and restored after them, so that the mark stands
    where it should: once each, and more where a page does not restore what it saved, or the other way round."""
    depth = lowest = 0
    for found in _SAVES.finditer(content):
        depth += {b"q": 1, b"Q": -1}.get(found[1], 0)
        lowest = min(lowest, depth)
    return 1 - lowest, 1 - lowest + depth


def _with_form(page: PageObject, form: Any) -> DictionaryObject:
    """The page's resources (pypdf has put those of its parents on it; it may share them with others) and the form."""
    resources = DictionaryObject(page.get("/Resources", DictionaryObject()).get_object())
    objects = DictionaryObject(resources.get("/XObject", DictionaryObject()).get_object())
    objects[NameObject(_NAME)] = form
    resources[NameObject("/XObject")] = objects
    return resources
