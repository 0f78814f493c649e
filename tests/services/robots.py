"""A real HTTP receiver in the place of the makers of group robots: keeps what it is sent, checks key and signature, answers."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channelportal.lib.robots import HOSTS, MAKERS, dingtalk_sign, feishu_sign

OK = {
    "wecom": {"errcode": 0, "errmsg": "ok"},
    "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "feishu": {"code": 0, "msg": "success"},
}
NO_SUCH = {
    "wecom": {"errcode": 93000, "errmsg": "invalid webhook url"},
    "dingtalk": {"errcode": 300005, "errmsg": "token is not exist"},
    "feishu": {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"},
}
UNSIGNED = {
    "dingtalk": {"errcode": 310000, "errmsg": "sign not match, more: [https://example.com]"},
    "feishu": {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"},
}
WITHOUT_KEYWORD = {
    "dingtalk": {"errcode": 310000, "errmsg": "keywords not in content, more: [https://example.com]"},
    "feishu": {"code": 19024, "msg": "Key Words Not Found"},
}


@dataclass
class Group:
    """A group with a robot, as its owner set it up."""

    maker: str
    key: str
    secret: str = ""
    keyword: str = ""
    received: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"https://{MAKERS[self.maker].host}{MAKERS[self.maker].before_key}{self.key}"


class RobotServer:
    """`groups` by key; `answer(maker, group) -> (status, body)` may be set to be unkind, `delay` seconds before each answer."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.asked = 0
        self.delay = 0.0
        self.answer: Callable[[str, Group], tuple[int, bytes]] | None = None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, said = receiver.take(self.headers["X-Forwarded-Host"], self.path, body)
                time.sleep(receiver.delay)
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: Any) -> None: ...

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=[0.05], daemon=True).start()

    @property
    def relays(self) -> str:
        """For the setting ROBOT_RELAYS."""
        return ",".join(f"{host}=http://127.0.0.1:{self._http.server_address[1]}" for host in sorted(HOSTS))

    def group(self, maker: str, key: str = "", *, secret: str = "", keyword: str = "") -> Group:
        """A new group with its robot."""
        found = Group(maker, key or f"key-of-{maker}-{len(self.groups):08}", secret, keyword)
        self.groups[found.key] = found
        return found

    def take(self, host: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        maker = next(name for name, one in MAKERS.items() if one.host == host)
        said = json.loads(body)
        asked = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        key = query.get("key") or query.get("access_token") or asked.path.rpartition("/")[2]
        group = self.groups.get(key)
        if group is None or group.maker != maker:
            return 200, json.dumps(NO_SUCH[maker]).encode()
        if self.answer is not None:
            return self.answer(maker, group)
        words = (said.get("text") or said["content"]).get("content") or said["content"]["text"]
        if group.secret and not _signed(maker, group.secret, query, said):
            return 200, json.dumps(UNSIGNED[maker]).encode()
        if group.keyword and group.keyword not in words:
            return 200, json.dumps(WITHOUT_KEYWORD[maker]).encode()
        group.received.append(words)
        group.times.append(time.monotonic())
        return 200, json.dumps(OK[maker]).encode()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def _signed(maker: str, secret: str, query: dict[str, str], said: dict[str, Any]) -> bool:
    if maker == "dingtalk":
        return query.get("sign") == dingtalk_sign(secret, int(query.get("timestamp", "0")))
    return bool(said.get("sign") == feishu_sign(secret, int(said.get("timestamp", "0"))))
