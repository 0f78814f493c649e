"""Requests from four connections at once, for some seconds; standard library only."""

from __future__ import annotations

import http.client
import re
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

CONNECTIONS = 4
Request = tuple[str, dict[str, str] | None]  # address; the form of a POST


@dataclass
class Timing:
    """What was measured of one operation: seconds of each request, and over how long."""

    seconds: list[float] = field(default_factory=list)
    span: float = 0.0
    failed: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.span if self.span else 0.0

    @property
    def p50(self) -> float:
        """Milliseconds."""
        return 1000 * statistics.median(self.seconds) if self.seconds else 0.0

    @property
    def p95(self) -> float:
        return 1000 * sorted(self.seconds)[int(0.95 * len(self.seconds))] if self.seconds else 0.0


class Browser:
    """A person at a server: keeps the cookies, sends the token."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def ask(self, address: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, where it leads, text. GET, or POST when there is a form."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form | {"csrfmiddlewaretoken": self.cookies.get("csrf", "")})
        try:
            connection.request("GET" if form is None else "POST", address, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            for line in answer.headers.get_all("Set-Cookie") or ():
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            return answer.status, answer.headers.get("Location", ""), text
        finally:
            connection.close()

    def sign_in(self, username: str, password: str) -> None:
        self.ask("/sign-in/")
        status, _where, text = self.ask("/sign-in/", {"username": username, "password": password})
        if status != 302:
            raise RuntimeError(f"{username} cannot sign in: {status} {_plain(text)}")


def measure(browser: Browser, requests: Callable[[], Request | None], expected: int, seconds: float) -> Timing:
    """Ask for `seconds`, or until `requests` has none left. Each worker is warmed first."""
    timing = Timing()
    lock = threading.Lock()
    for _warming in range(CONNECTIONS):
        if request := requests():
            browser.ask(*request)
    end = time.perf_counter() + seconds

    def ask() -> None:
        while time.perf_counter() < end:
            with lock:
                request = requests()
            if request is None:
                return
            begun = time.perf_counter()
            status, where, text = browser.ask(*request)
            took = time.perf_counter() - begun
            with lock:
                timing.seconds.append(took)
                if status != expected:
                    timing.failed.append(f"{request[0]}: {status} {where} {_plain(text)}")

    threads = [threading.Thread(target=ask) for _connection in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timing.span = time.perf_counter() - begun
    return timing


def _plain(markup: str) -> str:
    """The end of what a page says: where it says why it refused."""
    return " ".join(re.sub("<[^>]+>", " ", markup).split())[-300:]
