"""Encryption of confidential files: AES-256-GCM in chunks, one data key for each file, wrapped by a key of the installation.

    header   "CPV1" · 8 bytes that tell the data key without giving it away · 7 random bytes, the beginning of each nonce
    chunk    64 KiB of the file encrypted, and 16 bytes that prove it; the last one may be shorter, or empty
    nonce    those 7 bytes · the chunk's number (4) · 1 for the last chunk, else 0

Each chunk is bound to the header and to the file's id, by its nonce to its place and to being the last: an altered, missing, moved
or foreign chunk is `Altered`, and nothing of it is given out. The wrapped data key stands on the row, bound to the file's id and
to the name of its key, so a new key of the installation needs new rows and leaves the files as they are (docs/decisions/11).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

CHUNK: Final = 64 * 1024
TAG: Final = 16
MAGIC: Final = b"CPV1"
HEADER: Final = len(MAGIC) + 8 + 7
KEY_BYTES: Final = 32
_NONCE: Final = 12
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,20}")


class BadKeys(Exception):
    """`FILE_KEYS` cannot be used; the sentence says why (English: for the log, the check and the command)."""


class KeyMissing(Exception):
    """The key that the file was encrypted with is not among `FILE_KEYS`."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"FILE_KEYS has no key {key_id}")
        self.key_id = key_id


class Altered(Exception):
    """What lies on the disk, or on the row, is not what was written for this file; or the key of that name is another one."""


@dataclass(frozen=True)
class Wrapped:
    """A data key as the row keeps it: the name of the installation's key, and the data key encrypted with that (base64)."""

    key_id: str
    text: str


# ── keys ────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=8)
def parse(text: str) -> dict[str, bytes]:
    """`NAME:BASE64,NAME:BASE64` as names and keys of 32 bytes, the current one first; `BadKeys`. No key is ever in a message."""
    found: dict[str, bytes] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _colon, encoded = part.partition(":")
        if not _NAME.fullmatch(name):
            raise BadKeys(
                "A key is NAME:BASE64; the name has at most 20 letters, digits, dots, dashes and underscores."
            )
        if name in found:
            raise BadKeys(f"The name {name} is there twice.")
        found[name] = _decoded(name, encoded.strip())
    if not found:
        raise BadKeys("There is no key.")
    return found


def _decoded(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise BadKeys(f"The key {name} is not base64.") from None
    if len(key) != KEY_BYTES:
        raise BadKeys(f"The key {name} has {len(key)} bytes; it must have {KEY_BYTES}.")
    if len(set(key)) < KEY_BYTES // 4:
        raise BadKeys(f"The key {name} is not random.")
    return key


def keys() -> dict[str, bytes]:
    return parse(settings.FILE_KEYS)


def current() -> str:
    """The name of the key that new files get."""
    return next(iter(keys()))


def new_data_key() -> bytes:
    return AESGCM.generate_key(KEY_BYTES * 8)


def wrap(data_key: bytes, file_id: UUID) -> Wrapped:
    """With the current key."""
    key_id = current()
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(keys()[key_id]).encrypt(nonce, data_key, _owner(file_id, key_id))
    return Wrapped(key_id, base64.b64encode(nonce + sealed).decode())


def unwrap(wrapped: Wrapped, file_id: UUID) -> bytes:
    """The data key; `KeyMissing`, `Altered`, `BadKeys`."""
    key = keys().get(wrapped.key_id)
    if key is None:
        raise KeyMissing(wrapped.key_id)
    try:
        sealed = base64.b64decode(wrapped.text, validate=True)
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _owner(file_id, wrapped.key_id))
    except (InvalidTag, ValueError):
        reason = f"the data key on the row was not wrapped by the key {wrapped.key_id} for this file"
        raise Altered(reason) from None


def _owner(file_id: UUID, key_id: str) -> bytes:
    return b"channelportal data key\0" + file_id.bytes + key_id.encode()


# ── content ─────────────────────────────────────────────────────────────────────────────────────


def seal(plain: Iterable[bytes], data_key: bytes, file_id: UUID) -> Iterator[bytes]:
    """The encrypted file, piece by piece. A data key is for one file and used once."""
    header = MAGIC + _mark(data_key) + os.urandom(7)
    yield header
    cipher, number = AESGCM(data_key), 0
    waiting = bytearray()
    for piece in plain:
        waiting += piece
        while len(waiting) > CHUNK:  # a full one may still be the last
            yield cipher.encrypt(_nonce(header, number, last=False), bytes(waiting[:CHUNK]), header + file_id.bytes)
            del waiting[:CHUNK]
            number += 1
    yield cipher.encrypt(_nonce(header, number, last=True), bytes(waiting), header + file_id.bytes)


class Opened(io.RawIOBase):
    """The plain content of an encrypted file, to be read from beginning to end; each chunk is proven before it is given out.
    `Altered` on opening or reading. Closing closes the file beneath."""

    def __init__(self, sealed: IO[bytes], data_key: bytes, file_id: UUID) -> None:
        super().__init__()
        self._sealed, self._cipher, self._id = sealed, AESGCM(data_key), file_id.bytes
        self._header = sealed.read(HEADER)
        if len(self._header) != HEADER or not self._header.startswith(MAGIC):
            raise Altered("the file does not begin as an encrypted one")
        if self._header[len(MAGIC) : -7] != _mark(data_key):
            raise Altered("the file was encrypted with another data key than its row has")
        self._next = sealed.read(CHUNK + TAG)
        self._number, self._ended = 0, False
        self._plain = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain and not self._ended:
            self._plain = memoryview(self._chunk())
        count = min(len(buffer), len(self._plain))
        buffer[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def _chunk(self) -> bytes:
        this, self._next = self._next, self._sealed.read(CHUNK + TAG)
        self._ended = not self._next
        nonce = _nonce(self._header, self._number, last=self._ended)
        try:
            plain = self._cipher.decrypt(nonce, this, self._header + self._id)
        except InvalidTag:
            raise Altered(f"chunk {self._number} is not the one that was written there") from None
        self._number += 1
        return plain

    def close(self) -> None:
        self._sealed.close()
        super().close()


def _mark(data_key: bytes) -> bytes:
    return hashlib.sha256(b"channelportal which data key\0" + data_key).digest()[:8]


def _nonce(header: bytes, number: int, *, last: bool) -> bytes:
    return header[-7:] + struct.pack(">IB", number, last)


# ── short texts ─────────────────────────────────────────────────────────────────────────────────

_TEXT: Final = "CPT1"


def seal_text(text: str, context: str) -> str:
    """A short secret for a row (the address of a robot), with the current key: `CPT1:<name of the key>:<base64>`. Only the same
    `context` opens it again, so that what stands on one row is worth nothing on another."""
    key_id, nonce = current(), os.urandom(_NONCE)
    sealed = AESGCM(keys()[key_id]).encrypt(nonce, text.encode(), _meant(context, key_id))
    return f"{_TEXT}:{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def open_text(sealed: str, context: str) -> str:
    """The text; `KeyMissing`, `Altered`, `BadKeys`."""
    mark, _colon, rest = sealed.partition(":")
    key_id, _colon, encoded = rest.partition(":")
    if mark != _TEXT:
        raise Altered("the text does not begin as a sealed one")
    key = keys().get(key_id)
    if key is None:
        raise KeyMissing(key_id)
    try:
        content = base64.b64decode(encoded, validate=True)
        return AESGCM(key).decrypt(content[:_NONCE], content[_NONCE:], _meant(context, key_id)).decode()
    except (InvalidTag, ValueError):
        raise Altered(f"the text was not sealed by the key {key_id} for this place") from None


def sealed_with(sealed: str) -> str:
    """The name of the key that `open_text` will ask for; "" if it is no sealed text."""
    mark, _colon, rest = sealed.partition(":")
    return rest.partition(":")[0] if mark == _TEXT else ""


def _meant(context: str, key_id: str) -> bytes:
    return f"channelportal text\0{key_id}\0{context}".encode()
