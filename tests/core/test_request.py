"""Every request: named, addressed, cached by nobody; what no page can handle is 400, refusals are 403 and on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import include, path

from channelportal import errors
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.middleware import client_address
from channelportal.core.models import AuditEntry

pytestmark = pytest.mark.django_db

HOSTILE = ["a\x00b", "\x00", "x" * 10 + "\x00"]


class Refused(PermissionDenied):
    reason = "只有负责人可以批准。"


def raising(request: HttpRequest, what: str) -> HttpResponse:
    request.session.get("x")
    raise {
        "wrong": WrongState("已被别人处理。"),
        "refused": Refused(),
        "denied": PermissionDenied("secret detail"),
        "missing": Http404("Ticket 7 of unit 3"),
        "invalid": Invalid("title", "不能为空。"),
        "broken": RuntimeError("a traceback"),
    }[what]


def echo(request: HttpRequest, text: str = "") -> HttpResponse:
    request.session.get("x")
    return render(request, "404.html")


handler400, handler403 = errors.bad_request, errors.forbidden
handler404, handler500 = errors.not_found, errors.failure
urlpatterns = [
    path("raise/<str:what>/", raising),
    path("echo/", echo),
    path("echo/<str:text>/", echo),
    path("", include("channelportal.urls")),
]


@pytest.fixture(autouse=True)
def addresses(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def kefu(client: Client, cast: Any) -> Client:
    client.force_login(cast.kefu_head)
    client.raise_request_exception = False
    return client


def test_it_is_kept_by_no_cache_when_it_saw_a_session(kefu: Client) -> None:
    response = kefu.get("/echo/")

    assert {part.strip() for part in response["Cache-Control"].split(",")} == {"no-store", "private"}
    assert len(response["X-Request-ID"]) == 32
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("what", ["wrong", "refused", "missing", "invalid", "broken"])
def test_it_is_guarded_on_error_pages_too(kefu: Client, what: str) -> None:
    response = kefu.get(f"/raise/{what}/")

    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("text", HOSTILE)
def test_it_refuses_what_no_database_takes(kefu: Client, text: str) -> None:
    answers = [
        kefu.get("/echo/", {"q": text}),
        kefu.get("/echo/", {text: "q"}),
        kefu.post("/echo/", {"q": text}),
        kefu.post("/echo/", {text: "q"}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4


def test_it_refuses_a_null_in_the_path(kefu: Client) -> None:
    assert kefu.get("/echo/a%00b/").status_code == 400


@pytest.mark.parametrize(
    "path", ["/echo/%ff%fe/", "/echo/%ed%a0%80/", "/tickets/%00/", "/%00", "/echo/?q=%ff&page=" + "9" * 4000]
)
def test_it_never_answers_500(kefu: Client, path: str) -> None:
    assert kefu.get(path).status_code < 500


def test_it_drops_a_cookie_that_no_database_takes(client: Client, cast: Any) -> None:
    client.cookies["session"] = "a\x00b"

    assert client.get("/echo/").status_code in (200, 302)


def test_it_refuses_too_many_fields(kefu: Client) -> None:
    assert kefu.post("/echo/", {f"f{number}": "x" for number in range(501)}).status_code == 400


def test_it_says_why_the_step_is_no_longer_possible(kefu: Client) -> None:
    answer = kefu.post("/raise/wrong/")

    assert answer.status_code == 409
    assert "已被别人处理。" in answer.content.decode()


def test_it_says_why_it_is_refused_and_records_it(kefu: Client, cast: Any) -> None:
    answer = kefu.get("/raise/refused/")

    assert answer.status_code == 403
    assert "只有负责人可以批准。" in answer.content.decode()
    entry = AuditEntry.objects.get(result="refused")
    assert (entry.action, entry.actor, entry.data["path"]) == ("request.refused", cast.kefu_head, "/raise/refused/")
    assert entry.request_id == answer["X-Request-ID"]


def test_it_betrays_nothing_in_a_404_and_a_500(kefu: Client) -> None:
    missing, unknown = kefu.get("/raise/missing/"), kefu.get("/nowhere-at-all/")
    broken = kefu.get("/raise/broken/")

    assert [missing.status_code, unknown.status_code, broken.status_code] == [404, 404, 500]
    assert "Ticket 7" not in missing.content.decode()
    assert "traceback" not in broken.content.decode()
    assert "secret detail" not in kefu.get("/raise/denied/").content.decode()


def test_it_says_what_is_wrong_with_what_was_sent(kefu: Client) -> None:
    answer = kefu.post("/raise/invalid/")

    assert answer.status_code == 400
    assert "不能为空。" in answer.content.decode()


@pytest.mark.parametrize(
    ("forwarded", "trusted", "address"),
    [
        ("", 0, "10.0.0.1"),
        ("6.6.6.6", 0, "10.0.0.1"),
        ("1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.9.9.9", 2, "1.2.3.4"),
        ("1.2.3.4", 2, "10.0.0.1"),
        ("x" * 500, 1, "x" * 45),
    ],
)
def test_it_believes_only_its_own_proxies(settings: Any, forwarded: str, trusted: int, address: str) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}

    assert client_address(request) == address
