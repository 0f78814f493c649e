"""Hostile words in the main forms: nothing fails, what was accepted is shown again everywhere as text, and fields that a form does
not have change nothing."""

# ruff: noqa: E501  (tables)
from __future__ import annotations

import io
import re
import uuid
from typing import Any

import openpyxl
import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Unit, User
from channelportal.core import alerts, outbox
from channelportal.core.models import Alert, OutboxMessage
from feedback.models import Entry, Ticket, TicketKind
from tests.house.test_walk import signed_in, world
from tests.people import Cast

__all__ = ["world"]

PIECES = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'\"><svg/onload=1>", "{{ 7|add:7 }}", "{% load x %}", "%(name)s", "%s", "{0}",
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "\u202egnp.exe", "\u2066", "\u200b", "\ufeff", "\x07", "\x1b[31m", "\r\nBcc: a@example.com",
    "\n", "\u2028", "🧯", "👩‍👧", "é", "e\u0301", "ﷺ" * 20, "字" * 50, "\U000e0041", "\ufffe", "NULL", "../..", "水泵", "&amp;", "]]>", "`", "\\", "　",
]  # fmt: skip
WORDS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), min_size=1, max_size=5).map("".join)
# a company is dear, so all examples of a test share one; nothing is shrunk (each step costs a dozen pages): the pieces are short
BOUNDED = settings(
    max_examples=12, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def browser(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies["session"] = signed_in(user)
    return client


def raw_html_of(words: str, page: str) -> list[str]:
    """What of the hostile pieces stands in the page as markup."""
    return [piece for piece in PIECES if piece.startswith(("<", "'\"><")) and piece in words and piece in page]


def check_everywhere(ticket: Ticket, words: str, reader: Client) -> None:
    for path in (f"/tickets/{ticket.pk}/", "/tickets/", f"/search/?q={ticket.number}", "/", "/alerts/"):
        answer = reader.get(path, follow=True)
        assert answer.status_code == 200, path
        assert raw_html_of(words, answer.text) == [], path
    for alert in Alert.objects.filter(data__number=ticket.number):
        assert "\n" not in alerts.wording(alert)
    for row in OutboxMessage.objects.filter(data__number=ticket.number).select_related("user"):
        mail = outbox.compose(outbox.Letter(row, [row]))
        assert mail.message()["Bcc"] is None
        assert "\n" not in mail.subject
        html = mail.alternatives[0].content
        assert raw_html_of(words, str(html)) == []
    check_sheet(reader)


def check_sheet(reader: Client) -> None:
    answer = reader.get("/tickets/?format=xlsx")
    sheet: Any = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []


@pytest.fixture
def problem(cast: Cast, world: dict[str, Any]) -> TicketKind:
    return TicketKind.objects.get(code="problem")


def test_whatever_is_filed_is_shown_as_text(cast: Cast, problem: TicketKind) -> None:
    sender, reader = browser(cast.ludong_head), browser(cast.kefu_head)
    accepted = []

    @BOUNDED
    @given(title=WORDS, body=WORDS, number=WORDS)
    def file(title: str, body: str, number: str) -> None:
        known = set(Ticket.objects.values_list("pk", flat=True))
        typed = {
            "once": uuid.uuid4(),
            "kind": problem.pk,
            "responsible": cast.kefu.pk,
            "title": title,
            "body": body,
            "document_number": number,
            "severity": "normal",
        }
        answer = sender.post("/tickets/new/", typed)
        assert answer.status_code in (302, 400, 422)
        made = Ticket.objects.exclude(pk__in=known)
        assert made.count() == (answer.status_code == 302)
        for ticket in made:
            accepted.append(ticket)
            assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", ticket.title + ticket.body)
            check_everywhere(ticket, title + body, reader)

    file()
    assert len(accepted) > 3


VERBS = [
    ("note", "kefu_officer", lambda words: {"text": words, "side": "responsible"}),
    ("ask", "kefu_officer", lambda words: {"text": words}),
    ("answer", "ludong_head", lambda words: {"text": words}),
    ("urge", "qifa_head", lambda words: {"text": words}),
    ("remind", "ludong_head", lambda words: {"text": words}),
    ("reply", "kefu_officer", lambda words: {"text": words}),
    ("reopen", "ludong_head", lambda words: {"reason": words, "text": words}),
    ("report", "ludong_head", lambda words: {"text": words, "reason": words}),
    ("withdraw", "ludong_head", lambda words: {"reason": words, "text": words}),
]


def test_whatever_is_said_on_a_ticket_is_shown_as_text(cast: Cast, world: dict[str, Any]) -> None:
    ticket = Ticket.objects.get(pk=world["tickets/"])
    browsers = {key: browser(cast.people[key]) for key in {person for _verb, person, _data in VERBS}}
    accepted = []

    @BOUNDED
    @given(choice=st.sampled_from(VERBS), words=WORDS)
    def say(choice: Any, words: str) -> None:
        verb, person, data = choice
        before = Entry.objects.filter(ticket=ticket).count()
        answer = browsers[person].post(f"/tickets/{ticket.pk}/{verb}/", data(words))
        assert answer.status_code in (302, 400, 403, 404, 409, 422), (verb, answer.status_code)
        if answer.status_code == 302 and Entry.objects.filter(ticket=ticket).count() > before:
            accepted.append(verb)
            check_everywhere(ticket, words, browsers["kefu_officer"])
        else:
            assert raw_html_of(words, answer.text) == []

    say()
    assert accepted


FORMS = [
    ("ludong_head", "/register/", {}),
    ("qifa_head", "/units/new/", {"code": "X1", "kind": "hq"}),
    ("qifa_head", "/people/new/", {}),
    ("qifa_head", "/kinds/new/", {"code": "x", "way": "up", "order": 1}),
    ("kefu_head", "/account/", {}),
    ("market_head", "/registrations/{registration}/refuse/", {}),
]
TEXTS = [
    "name",
    "title",
    "reason",
    "handles",
    "region",
    "position",
    "phone",
    "email",
    "name_zh",
    "name_en",
    "hint_zh",
    "hint_en",
    "signed_name",
    "address",
]


@pytest.mark.parametrize(("person", "path", "given_values"), FORMS, ids=[path for _p, path, _v in FORMS])
def test_no_other_form_fails_on_them(
    person: str, path: str, given_values: dict[str, Any], cast: Cast, world: dict[str, Any]
) -> None:
    client = browser(cast.people[person])
    path = path.format(registration=world["registrations/"])

    @settings(BOUNDED, max_examples=4)
    @given(words=WORDS)
    def send(words: str) -> None:
        answer = client.post(path, dict.fromkeys(TEXTS, words) | given_values)
        assert answer.status_code < 500
        assert raw_html_of(words, answer.text) == []

    send()


# ── fields that a form does not have ────────────────────────────────────────────────────────────

SMUGGLED = {
    "state": "closed", "level": 0, "missed": "", "due_at": "2099-01-01T00:00", "asker": "{other}", "asker_id": "{other}", "filed_by": "{person}",
    "filed_by_id": "{person}", "approved_by": "{person}", "approved_by_id": "{person}", "rating_answer": 5, "number": "FB-1", "watched": "on",
    "is_superuser": "on", "is_staff": "on", "is_active": "on", "role": "head", "admin_role": "audit", "unit": "{other}", "unit_id": "{other}",
    "password": "x", "username": "root", "created_at": "2000-01-01", "reached_at": "2000-01-01T00:00", "round": 9, "parent": "{other}", "pk": 1,
    "id": 1, "at": "2000-01-01T00:00", "by": "{person}", "shielded": "on", "complaint": "on", "frozen_at": "", "password_changed_at": "2099-01-01",
}  # fmt: skip


def smuggled(cast: Cast) -> dict[str, str]:
    return {
        name: str(value).format(other=cast.quality.pk, person=cast.quality_head.pk) for name, value in SMUGGLED.items()
    }


def test_a_new_ticket_takes_no_field_that_the_form_does_not_have(cast: Cast, problem: TicketKind) -> None:
    known = set(Ticket.objects.values_list("pk", flat=True))
    typed = {
        "once": uuid.uuid4(),
        "kind": problem.pk,
        "responsible": cast.kefu.pk,
        "title": "又漏了",
        "body": "又。",
        "severity": "normal",
    }

    answer = browser(cast.ludong_member).post("/tickets/new/", smuggled(cast) | typed)

    assert answer.status_code == 302
    ticket = Ticket.objects.exclude(pk__in=known).get()
    assert (ticket.state, ticket.asker, ticket.filed_by, ticket.approved_by) == (
        "pending",
        cast.ludong,
        cast.ludong_member,
        None,
    )
    assert (ticket.round, ticket.reached_at, ticket.watched, ticket.shielded, ticket.rating_answer) == (
        1,
        None,
        False,
        False,
        None,
    )
    assert ticket.created_at.year > 2000
    assert ticket.number != "FB-1"


def test_a_reply_takes_no_field_that_the_form_does_not_have(cast: Cast, world: dict[str, Any]) -> None:
    ticket = Ticket.objects.get(pk=world["tickets/"])
    before = {
        name: getattr(ticket, name)
        for name in ("asker_id", "filed_by_id", "round", "number", "rating_answer", "created_at", "watched")
    }

    answer = browser(cast.kefu_officer).post(
        f"/tickets/{ticket.pk}/note/", smuggled(cast) | {"text": "看过了", "side": "responsible"}
    )

    assert answer.status_code == 302
    ticket.refresh_from_db()
    assert {name: getattr(ticket, name) for name in before} == before
    assert ticket.state == "open"
    entry = Entry.objects.get(ticket=ticket, kind="note")
    assert (entry.by, entry.unit, entry.at.year > 2000) == (cast.kefu_officer, cast.kefu, True)


def test_ones_own_account_takes_no_power(cast: Cast) -> None:
    before = (
        User.objects.filter(pk=cast.ludong_member.pk)
        .values("role", "admin_role", "unit", "is_superuser", "is_staff", "username", "password")
        .get()
    )

    browser(cast.ludong_member).post("/account/", smuggled(cast) | {"phone": "13912345678", "language": "zh-hans"})

    assert User.objects.filter(pk=cast.ludong_member.pk).values(*before).get() == before


def test_a_draft_or_a_language_takes_nothing_else(cast: Cast) -> None:
    client, before = browser(cast.ludong_member), list(Unit.objects.order_by("pk").values())

    for path in ("/language/", "/tickets/new/draft/", "/drafts/note.first/"):
        assert client.post(path, smuggled(cast)).status_code < 500

    assert list(Unit.objects.order_by("pk").values()) == before
    assert User.objects.get(pk=cast.ludong_member.pk).role == "member"
