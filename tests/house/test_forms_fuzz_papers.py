"""Every form of notices, meetings, regulations, robots and subscriptions, found by looking at the pages: filled with hostile words
nothing fails and nothing comes back as markup; fields that a form does not have change nothing."""

# ruff: noqa: E501  (tables)
from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client

from channelportal.core import stamps
from tests.house.test_forms_fuzz import PIECES, browser, raw_html_of, smuggled
from tests.house.test_walk import places, world
from tests.people import Cast

__all__ = ["world"]
PERSONS = ("kefu_head", "kefu_officer", "market_head", "market_officer", "ludong_head", "qifa_head", "qifa_officer")
# one line of every sort, and one with the marks that belong in several
ALPHABET = ["".join(PIECES[:7]), "".join(PIECES[7:20]), "".join(PIECES[20:]), "字" * 3_000]
TYPED = {"text", "textarea", "search", "url", "email", "tel", "number", "date", "datetime-local", "time"}


@dataclass
class Form:
    action: str
    method: str = "get"
    values: dict[str, list[str]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    """Names of the fields that are typed into."""
    names: set[str] = field(default_factory=set)
    """All that it has."""


class Forms(HTMLParser):
    """The forms of a page with the values they have when it opens."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.form: Form | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.found.append(self.form)
        elif self.form is None or (not name and tag != "option"):
            return
        self.form.names.add(name)
        if tag == "input":
            self._input(self.form, name, given)
        elif tag == "textarea":
            self.form.words.add(name)
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.form.values.setdefault(self.select, []).append(given.get("value", ""))

    def _input(self, form: Form, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in {"checkbox", "radio"} and "checked" not in given:
            return
        if kind in TYPED:
            form.words.add(name)
        if kind not in {"file", "submit"}:
            form.values.setdefault(name, []).append(given.get("value", "on" if kind == "checkbox" else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""


def pages(world: dict[str, Any]) -> list[tuple[str, str]]:
    ours = ("notices/", "meetings/", "rules/")
    return [(one.row, one.path(world)) for one in places() if one.route.startswith(ours) and "files/" not in one.route]


def forms(client: Client, world: dict[str, Any]) -> Iterator[tuple[str, str, Form]]:
    """(row of the walk, address, form) of what this person can post, each action once."""
    seen = {"/sign-out/", "/language/", "/alerts/read/"}
    for row, path in pages(world):
        answer = client.get(path)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        parser = Forms()
        parser.feed(answer.text)
        for form in parser.found:
            action = form.action or path
            if form.method == "post" and action not in seen:
                seen.add(action)
                yield row, action, form


def post(client: Client, action: str, values: dict[str, Any]) -> Any:
    """Post, and undo whatever it did."""
    with transaction.atomic():
        answer = client.post(action, values)
        transaction.set_rollback(True)
    stamps.forget_all()
    return answer


def fresh(form: Form) -> dict[str, Any]:
    """As it stood, with a key of its own."""
    return {name: str(uuid.uuid4()) if name == "once" else value for name, value in form.values.items()}


@pytest.mark.parametrize("person", PERSONS)
def test_no_form_fails_on_hostile_words(person: str, cast: Cast, world: dict[str, Any]) -> None:
    client, tried, wrong = browser(cast.people[person]), 0, []
    for row, action, form in forms(client, world):
        for words in ALPHABET:
            values = fresh(form) | dict.fromkeys(form.words, words)
            answer = post(client, action, values)
            tried += 1
            if answer.status_code >= 500 or raw_html_of(words, answer.text):
                wrong.append((row, action, words[:20], answer.status_code))

    assert tried > 20
    assert wrong == []


# ── fields that a form does not have ────────────────────────────────────────────────────────────

MODELS = ("notices.notice", "notices.version", "notices.step", "notices.receipt", "notices.meeting", "notices.invitation", "notices.minutes",
          "notices.action", "notices.rule", "notices.ruleversion", "notices.subscription", "notices.robot", "notices.noticekind",
          "notices.meetingkind", "notices.answer", "accounts.user", "accounts.unit")  # fmt: skip
MOVING = {
    "id",
    "edited_at",
    "touched_at",
    "created_at",
    "drafted_at",
    "address",
    "secret",
    "password",
    "last_login",
    "written_at",
    "job_id",
}
OWN = {  # what is of the papers, beside what tickets and people have
    "author": "{person}", "version": 9, "published_at": "2000-01-01T00:00", "recipients": 9, "acknowledged": 9, "called_by": "{person}",
    "approved_at": "2000-01-01T00:00", "drafted_by": "{person}", "decided_by": "{person}", "decided_at": "2000-01-01T00:00", "written_by": "{person}",
    "sequence": 9, "failing_since": "2000-01-01T00:00", "reviewed_on": "2000-01-01", "settled_at": "2000-01-01T00:00", "watched_on": "2000-01-01",
}  # fmt: skip


# fields of a view that another form of its page has
ELSEWHERE = {"notice-receipts": {"unit"}}


def _day(value: Any) -> Any:
    """Two posts are a moment apart: of a time the day is compared."""
    return value.date() if isinstance(value, datetime) else value


def state() -> dict[str, list[str]]:
    """The rows of the house, without what moves by itself."""
    found = {}
    for label in MODELS:
        model = apps.get_model(label)
        names = [one.attname for one in model._meta.concrete_fields if one.attname not in MOVING]
        rows = model._default_manager.values_list(*names)
        found[label] = sorted(repr([_day(value) for value in row]) for row in rows)
    return found


def after(client: Client, action: str, values: dict[str, Any]) -> dict[str, Any]:
    """What stands in the tables once this was posted; then undone."""
    with transaction.atomic():
        client.post(action, values)
        found = state()
        transaction.set_rollback(True)
    stamps.forget_all()
    return found


@pytest.mark.parametrize("person", ["kefu_officer", "market_officer", "qifa_head"])
def test_no_form_takes_a_field_that_it_does_not_have(person: str, cast: Cast, world: dict[str, Any]) -> None:
    client, tried, taken = browser(cast.people[person]), 0, []
    more = smuggled(cast) | {name: str(value).format(person=cast.quality_head.pk) for name, value in OWN.items()}
    for row, action, form in forms(client, world):
        form.names |= ELSEWHERE.get(row.partition("@")[0], set())
        values = {name: value or ["甲"] for name, value in fresh(form).items()}
        values |= {name: ["文字"] for name in form.words if not any(form.values.get(name, []))}
        undeclared = {name: value for name, value in more.items() if name not in form.names}
        tried += 1
        plain, smuggling = after(client, action, values), after(client, action, undeclared | values)
        taken += [(row, label) for label in MODELS if plain[label] != smuggling[label]]

    assert tried > 5
    assert taken == []
