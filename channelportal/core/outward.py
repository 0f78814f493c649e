"""The only way out by HTTP: a POST to one of a few known hosts, guarded against being sent somewhere else (SSRF).

    answer = outward.post("https://oapi.dingtalk.com/robot/send?access_token=…", body, hosts=robots.HOSTS)

The host must be on the caller's list, spoken to by https on port 443; its name is resolved once, every address of it must be a
public one, and the connection goes to that very address, with the name in SNI, certificate and Host. No redirect is followed, no
proxy of the environment is used; ten seconds in all, 64 KB of answer. Addresses carry keys, so they stand in no message and no log.

`ROBOT_RELAYS` names hosts that are reached through a gateway of the house instead (servers without the internet): then, and only
then, the POST goes to that address, which may be a private one.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

SECONDS: Final = 10.0  # for everything: resolving aside, which is the system's
MOST: Final = 64 * 1024  # bytes of an answer
_NAME: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_REFUSED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # between a provider and its customers
        "192.0.0.0/24",  # kept for protocols; not every Python knows
        "192.88.99.0/24",  # relays of 6to4
        "64:ff9b:1::/48",  # NAT64 of one's own
        "2001::/23",  # Teredo and other protocols
        "3fff::/20",  # for books
        "5f00::/16",  # inside one provider
        "fec0::/10",  # the old site-local
    )
)


class Unreachable(Exception):
    """The POST did not get through. `code`: "address" (refused before anything was sent: form, host, port), "name" (cannot be
    resolved), "private" (resolves to an address that is not public), "tls", "time", "connection", "large". Never the address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class BadRelays(Exception):
    """`ROBOT_RELAYS` cannot be used; the sentence says why (English: for the check)."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    body: bytes


def post(
    url: str, body: bytes, *, hosts: Collection[str], content_type: str = "application/json; charset=utf-8"
) -> Answer:
    """POST `body` to `url`, whose host must be one of `hosts`; `Unreachable`. Blocks for ten seconds at most."""
    parts = _checked(url, hosts)
    deadline = time.monotonic() + SECONDS
    host = parts.hostname or ""
    headers = {
        "Content-Type": content_type,
        "User-Agent": "channelportal",
        "Accept": "application/json",
        "Connection": "close",
    }
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    relay = relays(settings.ROBOT_RELAYS).get(host)
    if relay is not None:
        line = _relayed(relay, deadline)
        return _exchange(
            line, f"{relay.path.rstrip('/')}{target}", body, {**headers, "X-Forwarded-Host": host}, deadline
        )
    return _exchange(_Direct(host, deadline), target, body, headers, deadline)


def _checked(url: str, hosts: Collection[str]) -> SplitResult:
    """What can be told from the address alone."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Unreachable("address")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreachable("address") from None
    plain = parts.netloc == parts.hostname  # no userinfo, no port, no capitals, no brackets
    if parts.scheme != "https" or not plain or port is not None or parts.fragment or parts.hostname not in hosts:
        raise Unreachable("address")
    return parts


# ── where to ────────────────────────────────────────────────────────────────────────────────────


def public(address: str) -> bool:
    """Whether this IP address is one of the open internet, also when it is an IPv4 address inside an IPv6 one."""
    try:
        ip: ipaddress.IPv4Address | ipaddress.IPv6Address | None = ipaddress.ip_address(address)
    except ValueError:
        return False
    while isinstance(ip, ipaddress.IPv6Address) and (inner := _inside(ip)) is not None:
        ip = inner
    if ip is None or any(ip.version == network.version and ip in network for network in _REFUSED):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _inside(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None


def resolved(host: str) -> list[str]:
    """The addresses of a name, each a public one; `Unreachable`. One private among them is one too many: which of them is tried
    would be the resolver's choice."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("name") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise Unreachable("name")
    if not all(public(address) for address in addresses):
        raise Unreachable("private")
    return addresses


# ── the exchange ────────────────────────────────────────────────────────────────────────────────


class _Direct(http.client.HTTPSConnection):
    """A connection to an address of the host that was looked at, not to whatever the name means a moment later."""

    def __init__(self, host: str, deadline: float) -> None:
        self.trust = context()
        super().__init__(host, 443, timeout=SECONDS, context=self.trust)
        self.deadline = deadline

    def connect(self) -> None:
        raw = _first(resolved(self.host), self.deadline)
        try:
            with _watched(raw, self.deadline):
                self.sock = self.trust.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise


def context() -> ssl.SSLContext:
    """Whom we believe: what the system believes, names checked."""
    return ssl.create_default_context()


def _first(addresses: list[str], deadline: float) -> socket.socket:
    """The first address that answers."""
    for place, address in enumerate(addresses, start=1):
        try:
            return socket.create_connection((address, 443), timeout=_left(deadline) / (len(addresses) - place + 1))
        except OSError:
            if place == len(addresses):
                raise
    raise Unreachable("name")


def _relayed(relay: SplitResult, deadline: float) -> http.client.HTTPConnection:
    kind: Callable[..., http.client.HTTPConnection] = (
        http.client.HTTPSConnection if relay.scheme == "https" else http.client.HTTPConnection
    )
    return kind(relay.hostname or "", relay.port, timeout=_left(deadline))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise Unreachable("time")
    return left


def _exchange(
    line: http.client.HTTPConnection, target: str, body: bytes, headers: dict[str, str], deadline: float
) -> Answer:
    try:
        line.connect()
        with _watched(line.sock, deadline):
            line.request("POST", target, body, headers)
            answer = line.getresponse()
            content = answer.read(MOST + 1)
    except Unreachable:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(_why(error, deadline)) from None
    finally:
        line.close()
    if time.monotonic() > deadline:
        raise Unreachable("time")
    if len(content) > MOST:
        raise Unreachable("large")
    return Answer(answer.status, content)


@contextmanager
def _watched(sock: socket.socket, deadline: float) -> Iterator[None]:
    """A host that sends one byte every nine seconds never times out by itself: the line is cut when the time is over."""
    sock.settimeout(_left(deadline))
    watch = threading.Timer(_left(deadline), _cut, [sock])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # gone already
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # of the plain socket: TLS's own would forget that it encrypts


def _why(error: Exception, deadline: float) -> str:
    if isinstance(error, TimeoutError) or time.monotonic() > deadline - 0.05:
        return "time"
    return "tls" if isinstance(error, ssl.SSLError) else "connection"


# ── gateways of the house ───────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=8)
def relays(text: str) -> dict[str, SplitResult]:
    """`host=http://127.0.0.1:9900,host=…` as hosts and the address each is reached by; `BadRelays`."""
    found = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        host, _equals, address = part.partition("=")
        if not _NAME.fullmatch(host):
            raise BadRelays(f"{host[:60]} is no name of a host; write HOST=ADDRESS.")
        try:
            base = urlsplit(address)
            usable = base.scheme in ("http", "https") and base.hostname and base.port != 0
        except ValueError:
            usable = False
        if not usable or base.query or base.fragment or "@" in base.netloc:
            raise BadRelays(f"The gateway of {host} must be http://… or https://…, without account, query or fragment.")
        found[host] = base
    return found
