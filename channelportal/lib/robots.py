"""Robots of group chats, as their makers document them: addresses, signatures, bodies, limits, and what their answers mean.

WeCom 企业微信 · DingTalk 钉钉 · Feishu 飞书. Pure: no network, no clock, no settings; `core.outward` carries it out.
The key of a robot is its address: whoever knows it can post. So only `masked` addresses are ever shown.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

MARK: Final = "……"  # where a text was cut


@dataclass(frozen=True)
class Maker:
    """What a maker documents. `before_key` and `secret` say how his addresses look; `most` is bytes of text, `a_minute` posts."""

    host: str
    before_key: str  # path and query up to the key
    most: int
    a_minute: int
    apart: float  # seconds from one post to the next
    pause: int  # seconds of silence after "too fast"
    signs: bool


MAKERS: Final[dict[str, Maker]] = {
    "wecom": Maker("qyapi.weixin.qq.com", "/cgi-bin/webhook/send?key=", 2_048, 20, 0, 60, signs=False),
    "dingtalk": Maker("oapi.dingtalk.com", "/robot/send?access_token=", 20_000, 20, 0, 600, signs=True),
    "feishu": Maker("open.feishu.cn", "/open-apis/bot/v2/hook/", 20_000, 100, 0.2, 60, signs=True),
}
HOSTS: Final = frozenset(maker.host for maker in MAKERS.values())
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")
LONGEST_ADDRESS: Final = 300
LONGEST_SECRET: Final = 120
LARGEST_NUMBER: Final = 10**9  # that a maker answers with


# ── addresses ───────────────────────────────────────────────────────────────────────────────────


def problem(maker: str, address: str) -> str:
    """Why this cannot be a robot's address: "scheme", "host" (another maker's, or nobody's), "form"; "" when it can. Stricter
    than an address needs to be: exactly what the makers hand out, so that nothing else can hide in it."""
    known = MAKERS[maker]
    if not address.startswith("https://"):
        return "scheme"
    if not address.startswith(f"https://{known.host}/"):
        return "host"
    start = f"https://{known.host}{known.before_key}"
    fits = address.startswith(start) and _KEY.fullmatch(address[len(start) :])
    return "" if fits and len(address) <= LONGEST_ADDRESS else "form"


def maker_of(address: str) -> str:
    """The maker whose address this is; "" if nobody's."""
    return next((name for name in MAKERS if not problem(name, address)), "")


def masked(address: str) -> str:
    """The address with its key hidden but for the last four characters: for pages."""
    maker = MAKERS.get(maker_of(address))
    if maker is None:
        return "••••"
    return f"{maker.host}/…{address[-4:]}"


# ── posts ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, repr=False)
class Post:
    """What is sent where. Its representation says neither: both carry keys."""

    address: str
    body: bytes


def post(maker: str, address: str, secret: str, text: str, at: datetime) -> Post:
    """`text` for the robot at `address`, signed for the moment `at` where there is a secret; cut to what the maker takes."""
    words = cut(text, MAKERS[maker].most)
    if maker == "wecom":
        return Post(address, _json({"msgtype": "text", "text": {"content": words}}))
    if maker == "dingtalk":
        return Post(_signed_address(address, secret, at), _json({"msgtype": "text", "text": {"content": words}}))
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": words}}
    if secret:
        seconds = int(at.timestamp())
        body = {"timestamp": str(seconds), "sign": feishu_sign(secret, seconds), **body}
    return Post(address, _json(body))


def _signed_address(address: str, secret: str, at: datetime) -> str:
    if not secret:
        return address
    milliseconds = int(at.timestamp() * 1000)
    return f"{address}&timestamp={milliseconds}&sign={quote_plus(dingtalk_sign(secret, milliseconds))}"


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def dingtalk_sign(secret: str, milliseconds: int) -> str:
    """The secret signs the moment and itself."""
    return _hmac(secret.encode(), f"{milliseconds}\n{secret}".encode())


def feishu_sign(secret: str, seconds: int) -> str:
    """The moment and the secret are the key; nothing is signed."""
    return _hmac(f"{seconds}\n{secret}".encode(), b"")


def _hmac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def cut(text: str, most: int) -> str:
    """The text in at most `most` bytes of UTF-8, with a mark where it was cut; never in the middle of a character, nor of
    several that look like one (an emoji with its colour, letters with their accents). The last line, which is the link, stays."""
    if len(text.encode()) <= most:
        return text
    head, _line, link = text.rpartition("\n")
    tail = f"\n{link}" if head else ""
    room = most - len((MARK + tail).encode())
    if room <= 0:  # a link longer than all: nothing sensible is left
        head, tail, room = text, "", most - len(MARK.encode())
    kept = _whole((head or text).encode()[: max(room, 0)].decode(errors="ignore"), head or text)
    return f"{kept.rstrip()}{MARK}{tail}"


_JOINS: Final = re.compile("[\u0300-\u036f\u200d\u20e3\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


def _whole(kept: str, text: str) -> str:
    """`kept` is the beginning of `text`: shortened until what follows is no part of its last character."""
    end = len(kept)
    while 0 < end < len(text) and (_JOINS.match(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end]


# ── answers ─────────────────────────────────────────────────────────────────────────────────────

# What the makers' numbers mean to the person who entered the robot. All of them come inside HTTP 200.
_MEANING: Final[dict[str, dict[int, str]]] = {
    "wecom": {93000: "key", 93008: "key", 40035: "key", 45009: "fast", 45033: "fast", 40058: "text", 44004: "text", -1: "away"},
    "dingtalk": {
        300001: "key", 300005: "key", 400101: "key", 40035: "key", 400013: "gone", 400102: "gone", 130101: "fast", 130102: "fast",
        90030: "fast", 88: "fast", -1: "away", 410100: "fast", 400105: "text", 40078: "text",
    },
    "feishu": {
        19001: "key", 19002: "text", 19021: "signature", 19022: "network", 19024: "keyword", 9499: "fast", 11232: "fast",
        11233: "fast", 11246: "text", 10003: "key",
    },
}  # fmt: skip
# DingTalk gives one number to all its safety settings; which one stands in the words
_DINGTALK_SAFETY: Final = 310000
_SAFETY: Final = (("keyword", "keyword"), ("sign", "signature"), ("timestamp", "signature"), ("ip", "network"))
_PERMANENT: Final = frozenset({"key", "gone", "signature", "network", "keyword", "text", "address", "sealed"})


@dataclass(frozen=True)
class Answer:
    """What became of a post. `problem`: "" it stands in the group · "key" no such robot · "gone" the robot or its group was
    switched off · "signature" · "keyword" · "network" (the maker admits other addresses only) · "text" · "fast" · "away" (the
    maker is not in order, or something else answered) · "other". Who posts adds those of `core.outward` and "sealed" (the key of
    the row's secret is gone) and "wording" (the portal has no text for it). `number` is the maker's, None where there was none."""

    problem: str
    number: int | None = None

    @property
    def permanent(self) -> bool:
        """To try again would not help: somebody must do something first."""
        return self.problem in _PERMANENT

    @property
    def code(self) -> str:
        """For a row: `keyword 310000`."""
        return self.problem if self.number is None else f"{self.problem} {self.number}"


def answer(maker: str, status: int, body: bytes) -> Answer:
    """Read what the maker said. Nothing of his words is kept: they may hold what was sent."""
    if status == 429:
        return Answer("fast", status)
    if status in (401, 403, 404):
        return Answer("key", status)
    said = _object(body)
    number = _number(said, "errcode" if maker != "feishu" else "code", "StatusCode" if maker == "feishu" else "")
    if number is None:
        return Answer("away", status)
    if number == 0 and status == 200:
        return Answer("")
    if maker == "dingtalk" and number == _DINGTALK_SAFETY:
        words = str(said.get("errmsg", "")).lower()
        return Answer(next((code for mark, code in _SAFETY if mark in words), "signature"), number)
    return Answer(_MEANING[maker].get(number, "other" if status < 500 else "away"), number)


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(said: dict[str, Any], *names: str) -> int | None:
    found = next((said[name] for name in names if name in said), None)
    if not isinstance(found, int) or isinstance(found, bool):
        return None
    return found if abs(found) <= LARGEST_NUMBER else None  # it is kept with the post: nothing of any length
