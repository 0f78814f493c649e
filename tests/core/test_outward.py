"""The way out by HTTP leads to where it was meant to lead, or nowhere."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from channelportal.core import outward
from channelportal.core.outward import Unreachable, public

HOST = "robot.example.com"
URL = f"https://{HOST}/robot/send?access_token=KEY-OF-THE-ROBOT"
HOSTS = frozenset({HOST})


def refusal(url: str = URL) -> str:
    with pytest.raises(Unreachable) as caught:
        outward.post(url, b"{}", hosts=HOSTS)
    assert "KEY-OF" not in str(caught.value)
    return caught.value.code


# ── addresses that are refused before anything is sent ──────────────────────────────────────────


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever resolves or connects fails the test."""

    def never(*_args: Any, **_kwargs: Any) -> Any:
        raise AssertionError("something was looked up")

    monkeypatch.setattr(outward.socket, "getaddrinfo", never)
    monkeypatch.setattr(outward.socket, "create_connection", never)


@pytest.mark.usefixtures("deaf")
@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "robot.example.com/send", f"http://{HOST}/send", f"ftp://{HOST}/send", f"//{HOST}/send",
        "https://other.example.com/send", f"https://{HOST}.example.org/send", f"https://x{HOST}/send", f"https://{HOST}./send",
        f"https://{HOST}:443/send", f"https://{HOST}:8443/send", f"https://{HOST}:/send", f"https://{HOST}:99999/send",
        f"https://{HOST}:x/send", f"https://me@{HOST}/send", f"https://me:word@{HOST}/send", f"https://{HOST}@other.example.com/send",
        f"https://other.example.com\\@{HOST}/send", f"https://{HOST}\\.other.example.com/", f"https://{HOST}/send#there",
        f"https://{HOST}/se nd", f"https://{HOST}/send\r\nHost: other", f"https://{HOST}/send\x00", f"https://{HOST.upper()}/send",
        "https://ｒobot.example.com/send", "https://robot。example。com/send", "https://127.0.0.1/send", "https://2130706433/send",
        "https://0x7f.1/send", "https://0177.0.0.1/send", "https://[::1]/send", "https://[::ffff:127.0.0.1]/send", "https://[::1/send",
        "https://localhost/send", "https://10.0.0.1/send", "https://169.254.169.254/latest/meta-data/",
    ],
)  # fmt: skip
def test_it_refuses_an_address_that_is_not_a_known_hosts(url: str) -> None:
    assert refusal(url) == "address"


# ── names that lead inside ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "192.88.99.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1",
        "2001:db8::1", "2001:0:53aa:64c::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "::ffff:a9fe:a9fe",
        "::127.0.0.1", "::7f00:1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "2002:7f00:1::", "2002:a00:1::1",
        "2002:6440:1::1", "2002:c0a8:101::", "100::1", "not an address", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "",
    ],
)  # fmt: skip
def test_it_knows_what_is_not_the_internet(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8", "119.147.3.1", "100.63.255.255", "100.128.0.1", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)  # fmt: skip
def test_it_knows_the_internet(address: str) -> None:
    assert public(address)


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[tuple[str, int]]:
    """The name means these addresses; connecting is noted and fails."""
    tried: list[tuple[str, int]] = []
    family = {4: socket.AF_INET, 6: socket.AF_INET6}

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        assert (host, port) == (HOST, 443)
        return [
            (family[ipaddress.ip_address(one).version], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses
        ]

    def connect(where: tuple[str, int], **_: Any) -> Any:
        tried.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(outward.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(outward.socket, "create_connection", connect)
    return tried


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("10.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("10.0.0.1", "8.8.8.8"), ("8.8.8.8", "::1"), ("::ffff:127.0.0.1",)],
)  # fmt: skip
def test_it_goes_nowhere_when_a_name_leads_inside(monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]) -> None:
    tried = names(monkeypatch, *addresses)

    assert refusal() == "private"
    assert tried == []


def test_it_connects_to_the_very_addresses_it_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = names(monkeypatch, "8.8.8.8", "2400:3200::1")

    assert refusal() == "connection"
    assert tried == [("8.8.8.8", 443), ("2400:3200::1", 443)]


def test_it_says_when_a_name_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(outward.socket, "getaddrinfo", unknown)

    assert refusal() == "name"


# ── a real server, by TLS ───────────────────────────────────────────────────────────────────────


class Server:
    """Listens on a free port of this machine. `behave(handler)` answers."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.seen: list[Any] = []
        self.names: list[str | None] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.seen.append((self.path, dict(self.headers), body))
                server.behave(self)

            def log_message(self, *_: Any) -> None: ...

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        if certificate:
            trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trust.load_cert_chain(certificate)
            trust.sni_callback = lambda _sock, name, _trust: self.names.append(name)
            self.http.socket = trust.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=[0.05], daemon=True).start()

    def behave(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        say(handler, 200, b'{"errcode":0}')


def say(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def certificate_for(name: str, folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


def lead_to(monkeypatch: pytest.MonkeyPatch, server: Server, trusted: Path) -> None:
    """The name means 8.8.8.8, where for once this machine answers; its certificate is believed."""
    names(monkeypatch, "8.8.8.8")
    connect = socket.socket

    def to_server(where: tuple[str, int], timeout: float) -> socket.socket:
        assert where == ("8.8.8.8", 443)
        line = connect()
        line.settimeout(timeout)
        line.connect(("127.0.0.1", server.port))
        return line

    monkeypatch.setattr(outward.socket, "create_connection", to_server)
    monkeypatch.setattr(outward, "context", lambda: ssl.create_default_context(cafile=str(trusted)))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Server]:
    certificate = certificate_for(HOST, folder)
    found = Server(certificate)
    lead_to(monkeypatch, found, certificate)
    yield found
    found.http.shutdown()
    found.http.server_close()


def test_it_posts_and_brings_the_answer_back(server: Server) -> None:
    answer = outward.post(URL, b'{"a":1}', hosts=HOSTS)

    assert (answer.status, answer.body) == (200, b'{"errcode":0}')
    ((path, headers, body),) = server.seen
    assert (path, body) == ("/robot/send?access_token=KEY-OF-THE-ROBOT", b'{"a":1}')
    assert headers["Host"] == HOST
    assert server.names == [HOST]


def test_it_believes_no_certificate_of_another_name(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    certificate = certificate_for("other.example.com", folder)
    other = Server(certificate)
    lead_to(monkeypatch, other, certificate)

    assert refusal() == "tls"
    assert other.seen == []
    other.http.shutdown()
    other.http.server_close()


def test_it_believes_no_unknown_certificate(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward, "context", ssl.create_default_context)

    assert refusal() == "tls"
    assert server.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_follows_no_redirect(server: Server, status: int) -> None:
    server.behave = lambda handler: say(handler, status, b"", Location=f"https://{HOST}/elsewhere")  # type: ignore[method-assign]

    assert outward.post(URL, b"{}", hosts=HOSTS).status == status
    assert len(server.seen) == 1


def test_it_reads_no_endless_answer(server: Server) -> None:
    server.behave = lambda handler: say(handler, 200, b"x" * (outward.MOST + 1))  # type: ignore[method-assign]

    assert refusal() == "large"


def test_it_reads_an_answer_of_just_the_size(server: Server) -> None:
    server.behave = lambda handler: say(handler, 200, b"x" * outward.MOST)  # type: ignore[method-assign]

    assert len(outward.post(URL, b"{}", hosts=HOSTS).body) == outward.MOST


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    try:
        for _ in range(60):
            handler.wfile.write(b"x")
            time.sleep(0.05)
    except OSError:
        return


def test_it_waits_for_nobody_who_answers_byte_by_byte(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward, "SECONDS", 0.5)
    server.behave = drip  # type: ignore[method-assign]
    started = time.monotonic()

    assert refusal() == "time"
    assert time.monotonic() - started < 1.5


def test_it_waits_for_nobody_who_says_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward, "SECONDS", 0.3)
    server.behave = lambda _handler: time.sleep(1)  # type: ignore[method-assign]

    assert refusal() == "time"


def test_it_waits_for_no_handshake_that_never_ends(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(outward, "SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = Server()
        server.http.server_close()
        server.port = silent.getsockname()[1]
        lead_to(monkeypatch, server, certificate_for(HOST, folder))

        assert refusal() == "time"


def test_it_uses_no_proxy_of_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")

    assert outward.post(URL, b"{}", hosts=HOSTS).status == 200
    assert len(server.seen) == 1


def test_it_logs_no_key(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    outward.post(URL, b"{}", hosts=HOSTS)
    server.behave = lambda handler: handler.wfile.write(b"nonsense\r\n\r\n")  # type: ignore[method-assign, assignment]
    refusal()

    assert "KEY-OF" not in caplog.text


# ── a gateway of the house ──────────────────────────────────────────────────────────────────────


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Server]:
    found = Server()
    settings.ROBOT_RELAYS = f"{HOST}=http://127.0.0.1:{found.port}/out/"
    yield found
    found.http.shutdown()
    found.http.server_close()


def test_it_posts_to_the_gateway_where_one_is_named(gateway: Server) -> None:
    answer = outward.post(URL, b"{}", hosts=HOSTS)

    assert answer.status == 200
    ((path, headers, _body),) = gateway.seen
    assert path == "/out/robot/send?access_token=KEY-OF-THE-ROBOT"
    assert headers["X-Forwarded-Host"] == HOST


@pytest.mark.usefixtures("gateway")
def test_it_checks_the_address_all_the_same() -> None:
    assert refusal(f"https://{HOST}:22/send") == "address"
    assert refusal("https://other.example.com/send") == "address"


def test_it_goes_directly_to_hosts_without_a_gateway(gateway: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.0.0.1", 443))])

    with pytest.raises(Unreachable, match="private"):
        outward.post("https://two.example.com/send", b"{}", hosts={HOST, "two.example.com"})
    assert gateway.seen == []


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:9900", "robot.example.com=", "robot.example.com=127.0.0.1:9900", "robot.example.com=ftp://127.0.0.1",
        "robot.example.com=http://", "robot.example.com=http://me:word@127.0.0.1", "robot.example.com=http://127.0.0.1:0",
        "robot.example.com=http://127.0.0.1:99999", "robot.example.com=http://127.0.0.1/?to=", "https://x=http://127.0.0.1",
    ],
)  # fmt: skip
def test_it_says_when_the_gateways_cannot_be_used(text: str) -> None:
    with pytest.raises(outward.BadRelays):
        outward.relays(text)


def test_it_reads_several_gateways() -> None:
    found = outward.relays("a.example.com=http://10.0.0.5:9900, b.example.com=https://gate.example.com/b ,")

    assert {host: base.geturl() for host, base in found.items()} == {
        "a.example.com": "http://10.0.0.5:9900", "b.example.com": "https://gate.example.com/b",
    }  # fmt: skip
