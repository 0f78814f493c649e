"""Is this file what it says? Name, leading bytes and, for packed formats, the directory inside must agree. Pure."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Final

from PIL import Image

from channelportal.lib.text import clean_line

LONGEST_NAME: Final = 120
MOST_PIXELS: Final = 50_000_000
MOST_ENTRIES: Final = 1_000
MOST_UNPACKED: Final = 100 * 1024 * 1024
MOST_RATIO: Final = 100
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\\/%\x00-\x1f]+')
_RESERVED: Final = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
ZIP: Final = b"PK\x03\x04"


class Unfit(Exception):
    """The file is refused; `code` says why: empty, large, type, content, packed, pixels, macros, damaged."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(f"{code} {name}")
        self.code, self.name = code, name


@dataclass(frozen=True)
class Checked:
    name: str
    media_type: str


def clean_name(name: str) -> str:
    """A file name that is harmless on any disk: no path, no control or reserved characters, at most 120 characters with its
    ending kept. Never empty."""
    last = clean_line(name.replace("\\", "/").rpartition("/")[2])
    last = _FORBIDDEN.sub("_", last).rstrip(". ")
    stem, dot, ending = last.rpartition(".")
    if not dot:
        stem, ending = last, ""
    stem, ending = stem.strip(". ") or "file", ending.strip()[:10]
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    room = LONGEST_NAME - len(ending) - 1
    return f"{stem[:room]}.{ending}" if ending else stem[:LONGEST_NAME]


def check(name: str, size: int, stream: IO[bytes], most_bytes: int) -> Checked:
    """The cleaned name and the media type, or `Unfit`. `size` in bytes; the stream is left at its beginning."""
    clean = clean_name(name)
    if size <= 0:
        raise Unfit("empty", clean)
    if size > most_bytes:
        raise Unfit("large", clean)
    kind = KINDS.get(clean.rpartition(".")[2].lower())
    if kind is None:
        raise Unfit("type", clean)
    stream.seek(0)
    head = stream.read(4096)
    stream.seek(0)
    try:
        kind.agrees(stream, head)
    except Unfit as unfit:
        raise Unfit(unfit.code, clean) from None
    finally:
        stream.seek(0)
    return Checked(clean, kind.media_type)


# ── each kind of file ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Kind:
    media_type: str
    agrees: Callable[[IO[bytes], bytes], None]


def _pdf(stream: IO[bytes], head: bytes) -> None:
    if not head.startswith(b"%PDF-"):
        raise Unfit("content")


def _old_office(stream: IO[bytes], head: bytes) -> None:
    if not head.startswith(OLE):
        raise Unfit("content")


def _packed(*needed: str) -> Callable[[IO[bytes], bytes], None]:
    """A zip that holds an entry beginning with each of `needed`; without any for a plain .zip."""

    def agrees(stream: IO[bytes], head: bytes) -> None:
        names = _directory(stream, head)
        if not all(any(name.startswith(wanted) for name in names) for wanted in needed):
            raise Unfit("content")
        if needed and any(name.lower().endswith("vbaproject.bin") for name in names):
            raise Unfit("macros")

    return agrees


def _directory(stream: IO[bytes], head: bytes) -> list[str]:
    if not head.startswith(ZIP):
        raise Unfit("content")
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError):
        raise Unfit("damaged") from None
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(packed, 1):
        raise Unfit("packed")
    names = [entry.filename for entry in entries]
    if any(name.startswith(("/", "\\")) or ".." in re.split(r"[\\/]", name) or ":" in name for name in names):
        raise Unfit("packed")
    return names


def _wps(packed: Callable[[IO[bytes], bytes], None]) -> Callable[[IO[bytes], bytes], None]:
    """WPS writes both the old container and the new one under the same ending."""

    def agrees(stream: IO[bytes], head: bytes) -> None:
        if not head.startswith(OLE):
            packed(stream, head)

    return agrees


def _picture(form: str) -> Callable[[IO[bytes], bytes], None]:
    def agrees(stream: IO[bytes], head: bytes) -> None:
        try:
            with Image.open(stream, formats=[form]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Unfit("pixels")
                picture.verify()
        except Image.DecompressionBombError:
            raise Unfit("pixels") from None
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning):
            raise Unfit("content") from None

    return agrees


def _plain(stream: IO[bytes], head: bytes) -> None:
    content = stream.read()
    if b"\0" in content:
        raise Unfit("content")
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return
    raise Unfit("content")


_OPEN = "application/vnd.openxmlformats-officedocument."
_WORD, _SHEET, _SLIDES = (_packed("[Content_Types].xml", folder) for folder in ("word/", "xl/", "ppt/"))
KINDS: Final[dict[str, _Kind]] = {
    "pdf": _Kind("application/pdf", _pdf),
    "docx": _Kind(f"{_OPEN}wordprocessingml.document", _WORD),
    "xlsx": _Kind(f"{_OPEN}spreadsheetml.sheet", _SHEET),
    "pptx": _Kind(f"{_OPEN}presentationml.presentation", _SLIDES),
    "doc": _Kind("application/msword", _old_office),
    "xls": _Kind("application/vnd.ms-excel", _old_office),
    "ppt": _Kind("application/vnd.ms-powerpoint", _old_office),
    "wps": _Kind("application/vnd.ms-works", _wps(_WORD)),
    "et": _Kind("application/vnd.ms-excel", _wps(_SHEET)),
    "dps": _Kind("application/vnd.ms-powerpoint", _wps(_SLIDES)),
    "ofd": _Kind("application/ofd", _packed("OFD.xml")),
    "jpg": _Kind("image/jpeg", _picture("JPEG")),
    "jpeg": _Kind("image/jpeg", _picture("JPEG")),
    "png": _Kind("image/png", _picture("PNG")),
    "txt": _Kind("text/plain", _plain),
    "zip": _Kind("application/zip", _packed()),
}
ENDINGS: Final = tuple(KINDS)
