"""The frame around every page: nothing shown that is not handed over, nothing broken by what is missing."""

from __future__ import annotations

import re

import pytest
from django.template import Context, engines
from django.template.loader import get_template, render_to_string
from django.utils import translation

from tests.look.pages import PAGES, SHELL, draw

ERRORS = ["400", "403", "403_csrf", "404", "409", "500"]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_layout_can_be_drawn(name: str, language: str) -> None:
    drawn = draw(name, language)

    assert drawn.startswith("<!doctype html>")
    assert len(re.findall(r"<h1\b", drawn)) == 1
    assert 'id="main"' in drawn
    ids = re.findall(r'\sid="([^"]+)"', drawn)
    assert ids == list(dict.fromkeys(ids))


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_needs_neither_request_nor_shell_nor_database(name: str) -> None:
    with translation.override("zh-hans"):
        drawn = render_to_string(f"{name}.html")

    assert f"<span>{name[:3]}</span>" in drawn
    assert "data-reason" in drawn


def test_a_refusal_says_its_reason_escaped() -> None:
    drawn = render_to_string("403.html", {"exception": "<i>只有责任方可以答复。</i>"})

    assert "&lt;i&gt;只有责任方可以答复。" in drawn


def test_not_found_is_the_same_whatever_was_asked_for() -> None:
    assert render_to_string("404.html", {"request_path": "/a", "exception": "Ticket"}) == render_to_string(
        "404.html", {"request_path": "/b"}
    )


def test_it_shows_the_navigation_with_its_numbers() -> None:
    drawn = draw("list")

    assert '<span class="rail-count hot">3</span>' in drawn
    assert drawn.count('aria-current="page"') == 2  # once in the rail, once in a phone's tabs


@pytest.mark.parametrize(("days", "shown"), [(None, False), (7, False), (6, True), (0, True)])
def test_it_warns_of_the_password_in_its_last_week(days: int | None, shown: bool) -> None:
    template = get_template("base.html").template  # type: ignore[attr-defined]

    drawn = template.render(Context({"shell": {**SHELL, "password_days": days}}))

    assert ("top-password" in drawn) is shown


def test_it_stands_without_any_shell() -> None:
    template = engines["django"].from_string('{% extends "base.html" %}').template  # type: ignore[attr-defined]

    assert 'class="rail"' in template.render(Context())


def test_signing_out_and_the_language_are_posted() -> None:
    drawn = draw("list")

    assert re.search(r'<form method="post" action="/out">', drawn)
    assert 'href="/out"' not in drawn
