"""What every answer carries, and what hostile input gets: 400 or an error beside the field, never a failure of ours."""

# ruff: noqa: E501  (tables)
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from channelportal.core import stamps
from feedback.models import Ticket, TicketFile
from tests.house.papers import PIXEL
from tests.house.test_walk import places, signed_in, world
from tests.people import Cast

__all__ = ["world"]

CSP = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "connect-src 'self'",
    "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "manifest-src 'self'",
}  # fmt: skip
Answer = Callable[[Client], Any]


def policy(answer: Any) -> set[str]:
    return {part.strip() for part in answer["Content-Security-Policy"].split(";")}


def browser(cast: Cast, person: str, **options: Any) -> Client:
    client = Client(**options)
    if person:
        client.cookies["session"] = signed_in(cast.people[person])
    return client


# ── headers ─────────────────────────────────────────────────────────────────────────────────────


ANSWERS: list[tuple[str, str, int, Answer]] = [
    ("page", "kefu_head", 200, lambda c: c.get("/tickets/")),
    ("fragment", "kefu_head", 200, lambda c: c.get("/alerts/bell/", headers={"HX-Request": "true"})),
    ("not there", "kefu_head", 404, lambda c: c.get("/tickets/99999999/")),
    ("no such address", "kefu_head", 404, lambda c: c.get("/no/such/place/")),
    ("not allowed", "kefu_head", 403, lambda c: c.get("/audit/")),
    ("wrong method", "kefu_head", 405, lambda c: c.get("/tickets/approve/")),
    ("bad input", "kefu_head", 400, lambda c: c.get("/tickets/", {"q": "\x00"})),
    ("export", "kefu_head", 200, lambda c: c.get("/tickets/?format=xlsx")),
    ("sent elsewhere", "", 302, lambda c: c.get("/tickets/")),
    ("sign-in", "", 200, lambda c: c.get("/sign-in/")),
    ("registration", "", 200, lambda c: c.get("/register/")),
    ("static", "", 200, lambda c: c.get("/static/css/portal.css")),
    ("health", "", 503, lambda c: c.get("/healthz")),
]


def check(answer: Any) -> None:
    assert policy(answer) == CSP
    check_the_rest(answer)


def check_the_rest(answer: Any) -> None:
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(answer["X-Request-ID"]) == 32


@pytest.mark.parametrize(("what", "person", "status", "ask"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_it_carries_its_headers(what: str, person: str, status: int, ask: Answer, cast: Cast) -> None:
    answer = ask(browser(cast, person))

    assert answer.status_code == status
    check(answer)
    if person or what in {"sign-in", "registration", "sent elsewhere"}:
        assert answer["Cache-Control"] == "no-store, private"


def test_it_carries_them_when_a_form_is_forged(cast: Cast) -> None:
    client = browser(cast, "kefu_head", enforce_csrf_checks=True)

    answer = client.post("/tickets/new/", {"title": "x"})

    assert answer.status_code == 403
    assert not Ticket.objects.exists()
    check(answer)
    assert answer["Cache-Control"] == "no-store, private"


def test_it_carries_them_when_the_page_was_too_old(cast: Cast, world: dict[str, Any]) -> None:
    client = browser(cast, "ludong_head")
    ticket = Ticket.objects.get(pk=world["tickets/"])
    Ticket.objects.filter(pk=ticket.pk).update(state="withdrawn")

    answer = client.post(f"/tickets/{ticket.pk}/withdraw/", {"reason": "好了", "version": ""})

    assert answer.status_code == 409
    check(answer)
    assert answer["Cache-Control"] == "no-store, private"


def test_it_carries_them_when_something_fails(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser(cast, "kefu_head", raise_request_exception=False)
    monkeypatch.setattr("feedback.views.lists.views_for", lambda user: 1 / 0)

    answer = client.get("/tickets/")

    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    check(answer)


# of notices and meetings: (who, its path in the world of the walk)
PAPERS: list[tuple[str, str, str]] = [
    ("page", "ludong_head", "/notices/{kept notices/}/"),
    ("approval", "kefu_head", "/notices/{pending notices/}/approve/"),
    ("fragment", "kefu_head", "/notices/{notices/}/questions/"),
    ("comparison", "kefu_head", "/notices/{notices/}/compare/?from=1&to=2"),
    ("receipts", "kefu_head", "/notices/{notices/}/receipts/?format=xlsx"),
    ("meeting", "ludong_head", "/meetings/{meetings/}/"),
    ("calendar file", "ludong_head", "/meetings/{meetings/}/invitation.ics"),
    ("robots", "kefu_head", "/notices/robots/"),
    ("regulation", "qifa_head", "/rules/{rules/}/"),
]


def path_of(route: str, world: dict[str, Any]) -> str:
    for key, value in world.items():
        route = route.replace(f"{{{key}}}", str(value))
    return route


def test_papers_carry_their_headers(cast: Cast, world: dict[str, Any]) -> None:
    browsers = {person: browser(cast, person) for person in {person for _what, person, _path in PAPERS}}
    for what, person, route in PAPERS:
        headers = {"HX-Request": "true"} if what == "fragment" else {}
        answer = browsers[person].get(path_of(route, world), headers=headers)

        assert answer.status_code == 200, what
        assert answer["Cache-Control"] == "no-store, private", what
        check(answer)


DOWNLOADS = ("/notices/{notices/}/files/{notices/files/}/", "/notices/{kept notices/}/files/{kept notices/files/}/", "/notices/pictures/{notices/pictures/}/")  # fmt: skip


@pytest.mark.parametrize("route", DOWNLOADS)
def test_a_file_of_a_notice_is_shut_in(route: str, cast: Cast, world: dict[str, Any]) -> None:
    answer = browser(cast, "ludong_head").get(path_of(route, world))
    assert b"".join(answer.streaming_content)

    assert {"sandbox", "default-src 'none'"} <= policy(answer)
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["Content-Type"] in {"text/plain", "image/png"}
    check_the_rest(answer)


def test_the_answer_to_a_picture_carries_them(cast: Cast) -> None:
    for status, files in (
        (422, {}),
        (422, {"file": SimpleUploadedFile("x.svg", b"<svg/>")}),
        (200, {"file": SimpleUploadedFile("x.png", PIXEL)}),
    ):
        answer = browser(cast, "kefu_head").post("/notices/pictures/", files)

        assert answer.status_code == status
        assert answer["Content-Type"] == "application/json"
        assert answer["Cache-Control"] == "no-store, private"
        check(answer)


def test_a_download_is_never_shown_inside_the_portal(cast: Cast, world: dict[str, Any]) -> None:
    kept = TicketFile.objects.get()

    answer = browser(cast, "kefu_head").get(f"/tickets/{kept.ticket_id}/files/{kept.file_id}/")
    assert b"".join(answer.streaming_content)

    assert answer["Content-Disposition"].startswith("attachment")
    assert policy(answer) == {"sandbox", "default-src 'none'"}
    assert answer["Cache-Control"] == "no-store, private"
    check_the_rest(answer)


def test_a_host_that_is_not_ours_gets_nothing(db: None) -> None:
    answer = Client(headers={"host": "evil.example"}).get("/sign-in/")

    assert answer.status_code == 400
    assert "evil.example" not in answer.text
    check(answer)


def test_the_cookies_are_out_of_reach_of_scripts(cast: Cast) -> None:
    client = browser(cast, "kefu_head")
    client.get("/tickets/new/")

    session = client.cookies["session"]
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
    assert not session["domain"]


def test_behind_tls_cookies_and_links_are_of_tls_only() -> None:
    """The settings as another SITE_URL makes them, in a process of their own."""
    names = [
        "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS", "CSRF_TRUSTED_ORIGINS", "SESSION_COOKIE_PATH", "SESSION_COOKIE_DOMAIN",
    ]  # fmt: skip
    program = (
        "import json, channelportal.settings as s, django.conf.global_settings as g; "
        f"print(json.dumps({{n: getattr(s, n, getattr(g, n, None)) for n in {names!r}}}))"
    )
    environment = os.environ | {"SITE_URL": "https://portal.example.com/"}

    found = json.loads(subprocess.check_output([sys.executable, "-c", program], env=environment, cwd=settings.BASE_DIR))

    assert found == {
        "SESSION_COOKIE_NAME": "__Host-session", "CSRF_COOKIE_NAME": "__Host-csrf", "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True, "SECURE_HSTS_SECONDS": 31_536_000, "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "CSRF_TRUSTED_ORIGINS": ["https://portal.example.com"], "SESSION_COOKIE_PATH": "/", "SESSION_COOKIE_DOMAIN": None,
    }  # fmt: skip


# ── hostile input ───────────────────────────────────────────────────────────────────────────────

HOSTILE = [
    "\x00", "9" * 5_000, "0001-01-01", "9999-12-31", "9999-12-31T23:59", "99999999999999999999", "1e400", "²", "-1", "a" * 9_000,
    "x' OR 1=1 --\u202e",
]  # fmt: skip
QUERY = [
    "q", "page", "sort", "size", "view", "state", "kind", "unit", "start", "end", "severity", "year", "month", "day", "due", "asker",
    "responsible", "region", "role", "actor", "action", "object", "result", "next", "show", "field", "assignee", "weeks", "span", "level",
]  # fmt: skip
LISTS = ["tickets", "people", "officers", "registrations", "calendar", "search", "supervision", "ladder"]
FIELDS = [
    "title", "body", "text", "reason", "severity", "kind", "responsible", "unit", "to", "people", "day", "new_day", "number", "answer", "speed",
    "restricted", "accused", "about", "complained_unit", "means", "at", "asker", "asker_name", "document_number", "task", "name", "email",
    "phone", "position", "role", "code", "region", "handles", "parent", "manager", "level", "days", "time", "tells", "order", "way",
    "name_zh", "hint_zh", "route", "functions", "first_day", "last_day", "deputy", "user", "date", "note", "year", "papers", "normal_days",
    "close_of_business", "delivery_from", "password", "username", "new", "current", "language", "next", "key", "ticket", "signed_name", "data",
]  # fmt: skip


def failures(client: Client, method: str, asked: list[tuple[str, str]], values: dict[str, str]) -> dict[str, str]:
    """Which of these pages failed, and on what."""
    failed = {}
    for name, path in asked:
        with transaction.atomic():
            answer = client.get(path, values) if method == "GET" else client.post(path, values)
            if answer.status_code >= 500:
                failed[name] = repr(getattr(answer, "exc_info", None))[:300]
            transaction.set_rollback(True)
    stamps.forget()
    return failed


def addresses(world: dict[str, Any], only: list[str] | None = None) -> list[tuple[str, str]]:
    left_out = {"sign-out", "healthz", "metrics"}
    return [
        (one.name, one.path(world)) for one in places() if one.name not in left_out and (not only or one.name in only)
    ]


def test_no_page_fails_on_its_address(cast: Cast, world: dict[str, Any]) -> None:
    client = browser(cast, "qifa_head", raise_request_exception=False)

    for value in ("9" * 5_000, "0001-01-01", "\x00"):
        assert failures(client, "GET", addresses(world), dict.fromkeys(QUERY, value)) == {}


@pytest.mark.parametrize("name", LISTS)
def test_no_list_fails_on_one_field_alone(name: str, cast: Cast, world: dict[str, Any]) -> None:
    """One at a time: a refused first field hides no other."""
    client = browser(cast, "qifa_head", raise_request_exception=False)
    asked = addresses(world, [name])

    for number, key in enumerate(QUERY):
        for value in (HOSTILE[number % len(HOSTILE)], HOSTILE[(number + 4) % len(HOSTILE)]):
            assert failures(client, "GET", asked, {key: value}) == {}, (key, value[:20])


def test_the_trail_does_not_fail_on_its_filters(cast: Cast, world: dict[str, Any]) -> None:
    client = browser(cast, "audit_admin", raise_request_exception=False)

    for value in HOSTILE:
        for key in ("start", "actor", "result", "page", "sort"):
            assert failures(client, "GET", [("audit", "/audit/")], {key: value}) == {}, (key, value[:20])


@pytest.mark.parametrize("query", ["q=%ED%A0%80", "q=%FF%FE", "page=%00", "%00=1", "q[]=1&q[a]=2", "=", "sort=-"])
def test_bytes_that_are_no_text_are_refused_or_passed_over(query: str, cast: Cast) -> None:
    answer = browser(cast, "kefu_head", raise_request_exception=False).get(f"/tickets/?{query}")

    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("person", ["qifa_head", "ludong_head", "kefu_head"])
def test_no_form_fails_on_what_is_posted(person: str, cast: Cast, world: dict[str, Any]) -> None:
    client = browser(cast, person, raise_request_exception=False)

    for value in ("9" * 5_000, "9999-12-31", "\x01\u202ex\ufffe"):
        assert failures(client, "POST", addresses(world), dict.fromkeys(FIELDS, value)) == {}


def test_no_public_form_fails_on_what_is_posted(cast: Cast, world: dict[str, Any]) -> None:
    client = Client(raise_request_exception=False)
    asked = [(one.name, one.path(world)) for one in places() if one.public]

    for value in HOSTILE:
        assert failures(client, "POST", asked, dict.fromkeys(FIELDS, value)) == {}


def test_a_body_that_is_too_large_or_has_too_many_fields_is_refused(cast: Cast) -> None:
    client = browser(cast, "kefu_head", raise_request_exception=False)

    assert client.post("/tickets/new/", {f"f{n}": "1" for n in range(600)}).status_code == 400
    assert client.post(
        "/tickets/new/", {"body": "x" * 2_700_000}, content_type="application/x-www-form-urlencoded"
    ).status_code in (400, 413)
