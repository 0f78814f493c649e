"""The database is away: a page that says so, and gives back what was typed."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from feedback.models import Ticket, TicketKind
from tests.people import Cast

pytestmark = pytest.mark.django_db
TYPED = "三台水泵\r\n漏水 <b>“急”</b>"


@pytest.fixture
def browser(cast: Cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.ludong_head)
    return client


@pytest.fixture
def away() -> Any:
    """As long as it is open, no statement reaches the database."""

    def refuse(*_: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    return lambda: connection.execute_wrapper(refuse)


def hidden(answer: Any) -> list[tuple[str, str]]:
    """What the page would send again."""
    found: list[tuple[str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            one = dict(attrs)
            if tag == "input" and one.get("type") == "hidden":
                found.append((str(one["name"]), one["value"] or ""))

    Reader().feed(answer.text)
    return found


def test_it_says_so_to_a_reader(browser: Client, away: Any) -> None:
    with away():
        answer = browser.get("/tickets/?view=late")

    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "系统暂时无法使用" in answer.text
    assert 'href="/tickets/?view=late"' in answer.text
    assert "<form" not in answer.text
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "error", [OperationalError("terminating connection"), InterfaceError("connection already closed")]
)
def test_it_takes_either_for_an_absent_database(
    browser: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(user: Any) -> None:
        raise error

    monkeypatch.setattr("feedback.views.lists.views_for", fail)

    assert browser.get("/tickets/").status_code == 503


def test_it_gives_back_what_was_typed_and_takes_it_when_the_database_is_there(
    cast: Cast, browser: Client, away: Any
) -> None:
    kind = TicketKind.objects.get(code="problem")
    typed = {
        "once": "7c0c4f7e-5f0b-4a35-9a2a-0f5b5f6f7a10", "kind": kind.pk, "responsible": cast.kefu.pk, "title": "水泵漏水",
        "body": TYPED, "severity": "normal",
    }  # fmt: skip
    with away():
        answer = browser.post("/tickets/new/", typed)
    again = hidden(answer)

    assert answer.status_code == 503
    assert 'action="/tickets/new/"' in answer.text
    assert again == [(name, str(value)) for name, value in typed.items()]
    assert not Ticket.objects.exists()
    assert browser.post("/tickets/new/", dict(again)).status_code == 302
    assert "三台水泵" in Ticket.objects.get().body


def test_it_keeps_no_password_and_no_file_and_says_so(client: Client, browser: Client, away: Any) -> None:
    client.raise_request_exception = False

    with away():
        signing_in = client.post("/sign-in/", {"username": "ludong.head", "password": "Geheim-2026-x"})
        filing = browser.post("/tickets/new/", {"title": "水泵", "files": SimpleUploadedFile("a.txt", b"x")})

    assert (signing_in.status_code, filing.status_code) == (503, 503)
    assert "Geheim" not in signing_in.text
    assert hidden(signing_in) == [("username", "ludong.head")]
    assert "附件和密码未保留" in signing_in.text
    assert "不带附件再次提交" in filing.text
    assert "不带附件" not in signing_in.text
