"""/metrics: for a watcher on this machine, or with the token; for everybody else there is no such page."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.test import Client

pytestmark = pytest.mark.django_db
FAR = "203.0.113.9"


def body(answer: Any) -> str:
    """But for the token against forged requests, new each time."""
    return re.sub(r"[A-Za-z0-9]{64}", "", answer.text)


def test_it_answers_a_watcher_on_this_machine() -> None:
    answer = Client().get("/metrics")

    assert answer.status_code == 200
    assert "django_http_requests_total_by_method_total" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_ADDR": FAR},
        {"HTTP_X_FORWARDED_FOR": FAR},  # a proxy of this machine speaks for him
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": f"for={FAR}"},
        {"REMOTE_ADDR": FAR, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": FAR, "HTTP_AUTHORIZATION": "Bearer wrong"},
        {"REMOTE_ADDR": FAR, "HTTP_AUTHORIZATION": "Bearer "},
    ],
)
@pytest.mark.parametrize("token", ["", "right"])
def test_it_is_not_there_for_others(headers: dict[str, Any], token: str, settings: Any) -> None:
    settings.METRICS_TOKEN = token

    with time_machine.travel("2026-05-08 10:00:00+08:00", tick=False):  # the page says when it was made
        answer = Client().get("/metrics", **headers)
        nothing = Client(REMOTE_ADDR=FAR).get("/no-such-page")

    assert answer.status_code == 404
    assert body(answer) == body(nothing)


def test_it_answers_who_brings_the_token(settings: Any) -> None:
    settings.METRICS_TOKEN = "right"

    assert Client().get("/metrics", REMOTE_ADDR=FAR, headers={"Authorization": "Bearer right"}).status_code == 200
