"""The Walk: every address of the portal × every kind of person. What is answered stands in walk.txt, row by row.

Three people meet the gate at every address that is not public: a stranger and one who left are sent to sign in, one whose
password is due to change it. For the others the table says. A page without a row fails, and so does a row without a page.
After a change of rights: `WALK=write pytest tests/house/test_walk.py` writes the rows as they are now; read the difference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from accounts import gate, importing
from accounts.models import Agreement, User
from accounts.workflow import people, registration, sessions
from channelportal.core import calendar, clock, files, heartbeat, stamps
from channelportal.core.lists import XLSX
from channelportal.core.models import Alert, Job, OutboxMessage
from channelportal.lib.workdays import local_date
from feedback import supplied, workflow
from feedback.models import LadderStep, TicketKind
from tests.house import papers
from tests.house.papers import Papers
from tests.people import Cast

FILE = Path(__file__).with_name("walk.txt")
PEOPLE = [
    "ludong_member", "ludong_head", "chuannan_head", "kefu_officer", "kefu_head", "market_officer", "qifa_head", "office_head",
    "system_admin", "security_admin", "audit_admin",
]  # fmt: skip
AT_THE_GATE = {"stranger": "/sign-in/", "kefu_deputy": "/password/", "chuannan_member": "/sign-in/"}
METHODS = ("GET", "POST")
BROWSER = Client()  # one for all: each would build the middleware anew
# where one paper does not say it all: which of tests/house/papers.py stand behind an address ("" the usual one)
PAPERS: dict[str, tuple[str, ...]] = {
    "notice": ("", "kept", "draft", "pending"), "notice-file": ("", "kept"), "notice-receipts": ("", "kept"),
    "notice-correct": ("kept",), "notice-edit": ("draft",), "notice-cancel": ("draft",), "notice-approve": ("pending",),
    "notice-return": ("pending",), "notice-recall": ("pending",), "notice-publish": ("scheduled",), "notice-outcome": ("request",),
    "meeting": ("", "draft", "recorded"), "meeting-edit": ("draft",), "meeting-send": ("draft",), "meeting-approve": ("pending",),
    "meeting-give-back": ("pending",), "meeting-recall": ("pending",), "meeting-minutes": ("held",),
    "meeting-attendance": ("held",), "meeting-submit-minutes": ("held",), "meeting-approve-minutes": ("written",),
    "meeting-return-minutes": ("written",), "meeting-action-done": ("recorded",), "meeting-action-move": ("recorded",),
    "meeting-action-drop": ("recorded",), "subscription-revoke": ("granted",),
}  # fmt: skip
# pages of other makers, mounted whole: see the last test
OTHERS = ("admin",)


# ── the world: one of each thing that an address can name ───────────────────────────────────────


def numbers(made: Papers) -> dict[str, Any]:
    """Of the papers: "notices/" for the usual one, "draft notices/" for another."""
    found: dict[str, Any] = {f"{name} notices/": one.pk for name, one in made.notices.items()}
    for name in ("kept", "named"):
        found[f"{name} notices/files/"] = made.notices[name].version.files.values_list("file_id", flat=True)[0]  # type: ignore[union-attr]
    for name, meeting in made.meetings.items():
        found |= {
            f"{name} meetings/": meeting.pk,
            f"{name} meetings/actions/": meeting.actions.values_list("pk", flat=True).first(),
        }
    found |= {f"{name} notices/subscriptions/": one.pk for name, one in made.subscriptions.items()}
    called, pending = made.meetings["called"], made.versions["pending"]
    return found | {
        "notices/": found["named notices/"],
        "notices/files/": found["named notices/files/"],
        "notices/kinds/": made.notices["named"].kind_id,
        "notices/pictures/": made.picture.pk,
        "notices/robots/": made.robot.pk,
        "notices/robots/posts/": made.post.pk,
        "notices/subscriptions/apply/": made.notices["named"].kind_id,
        "notices/subscriptions/": found["applied notices/subscriptions/"],
        "notices/questions/": made.question.pk,
        "notices/answers/": made.answer.pk,
        "meetings/": called.pk,
        "meetings/files/": called.papers.values_list("file_id", flat=True)[0],
        "meetings/people/": papers.invitation(called, made.invited).pk,
        "meetings/kinds/": called.kind_id,
        "rules/": made.rule.pk,
        "rules/number/": pending.number,
        "rules/pictures/": made.picture.pk,
        "rules/files/": pending.files.values_list("file_id", flat=True)[0],
    }


@pytest.fixture
def world(cast: Cast, settings: Settings, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What stands in the place of an argument, by (address up to it, its name)."""
    settings.UPLOAD_ROOT = tmp_path
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    at = clock.now()
    for loop in heartbeat.LONGEST:
        heartbeat.beat(loop, at)
    photo = files.keep_bytes("现场.txt", b"x", "text/plain", by=cast.ludong_head, at=at)
    ticket = workflow.file(
        by=cast.ludong_head, kind=TicketKind.objects.get(code="problem"), title="水泵漏水", body="三台漏水。",
        responsible=cast.kefu, severity="normal", files=[photo],
    )  # fmt: skip
    paper = registration.submit(
        agreement=Agreement.objects.latest("version"), signed_name="新同事", name="新同事", email="new@example.com",
        phone="13900000000", position="内勤", reason="反馈问题", role="member", unit=cast.ludong,
    )  # fmt: skip
    token = str(OutboxMessage.objects.get(kind="registration-confirm").data["secret"]).rstrip("/").rpartition("/")[2]
    registration.confirm(paper)
    today = local_date(at)
    away = people.set_absence(
        cast.kefu_head, first_day=today + timedelta(9), last_day=today + timedelta(12), by=cast.kefu_head
    )
    workbook = files.keep_bytes("units.xlsx", importing.template(filled=True), XLSX, by=cast.qifa_head, at=at)
    report = files.keep_bytes("list.xlsx", b"x", XLSX, by=cast.kefu_head, at=at)
    yield numbers(papers.papers(cast)) | {
        "tickets/": ticket.pk,
        "tickets/files/": photo.pk,
        "kinds/": ticket.kind_id,
        "ladder/": LadderStep.objects.values_list("pk", flat=True)[0],
        "units/": cast.kefu.pk,
        "units/import/": workbook.pk,
        "channels/": cast.ludong.pk,
        "people/": cast.kefu_member.pk,
        "absences/": away.pk,
        "registrations/": paper.pk,
        "register/state/": token,
        "captcha/image/": "0123abcd",
        "account/sessions/": sessions.opened(cast.ludong_head, "his-phone", address="", device="", at=at).pk,
        "alerts/": Alert.objects.create(user=cast.ludong_head, key="walk", kind="ticket-due", url="/tickets/").pk,
        "jobs/": Job.objects.create(kind="export", by=cast.kefu_head, state="done", file=report).pk,
        "drafts/": "note.first",
        "outbox/": OutboxMessage.objects.create(
            key="walk", kind="ticket-news", address="a@example.com", state="parked"
        ).pk,
    }
    stamps.forget_all()


@dataclass(frozen=True)
class Place:
    """An address of the plan."""

    name: str
    route: str
    public: bool
    of: str = ""
    """Which of several papers stands behind it: `notice@draft`."""

    @property
    def row(self) -> str:
        return f"{self.name}@{self.of}" if self.of else self.name

    def path(self, world: dict[str, Any]) -> str:
        """With the world's numbers in it: `tickets/<pk>/files/<file_id>/` asks for "tickets/" and "tickets/files/", two numbers
        side by side for "rules/" and "rules/number/"; `notice@draft` for "draft notices/" first."""
        template = get_resolver().reverse_dict.getlist(self.name)[0][0][0][0]
        *pieces, end = re.split(r"%\(\w+\)s", template)
        path, key = "/", ""
        for piece in pieces:
            key += piece.removeprefix("/") or "number/"
            path += f"{piece}{world.get(f'{self.of} {key}', world.get(key))}"
        return path + end


def places() -> list[Place]:
    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[Place]:
        for one in patterns:
            if isinstance(one, URLResolver):
                if one.app_name not in OTHERS:
                    yield from walk(one.url_patterns)
            else:
                name, public = one.name or str(one.pattern), gate.is_public(one.callback)
                yield from (Place(name, str(one.pattern), public, of) for of in PAPERS.get(name, ("",)))

    return list(walk(get_resolver().url_patterns))


# ── the table ───────────────────────────────────────────────────────────────────────────────────


def table() -> dict[tuple[str, str], list[int]]:
    """(method, name) → the expected status for each of PEOPLE."""
    lines = [line.split() for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
    return {(method, name): [int(code) for code in codes] for method, name, *codes in lines}


def test_every_address_has_its_rows() -> None:
    assert {(method, place.row) for place in places() for method in METHODS} == set(table())


def test_a_form_sent_empty_is_never_answered_as_if_it_had_been_taken() -> None:
    """422 with what is missing, a way on, a refusal; 200 only from what answers while somebody types."""
    taken = {name for (method, name), codes in table().items() if method == "POST" and 200 in codes}

    assert taken == {"notice-audience", "meeting-hints"}


@pytest.mark.parametrize("person", PEOPLE)
def test_each_sees_what_he_may_and_nothing_breaks(person: str, cast: Cast, world: dict[str, Any]) -> None:
    session = signed_in(cast.people[person])

    answers = {
        (method, place.row): answer(session, method, place.path(world)) for place in places() for method in METHODS
    }

    write(person, answers)
    column = PEOPLE.index(person)
    wanted = {key: codes[column] for key, codes in table().items()}
    wrong = {
        key: f"{code}, not {wanted.get(key)}" for key, code in answers.items() if code != wanted.get(key) or code >= 500
    }
    assert wrong == {}


@pytest.mark.parametrize("person", AT_THE_GATE)
def test_the_gate_stands_before_every_page(person: str, cast: Cast, world: dict[str, Any]) -> None:
    session = signed_in(cast.people[person]) if person in cast.people else ""
    User.objects.filter(pk=cast.kefu_deputy.pk).update(password_changed_at=clock.now() - timedelta(40))
    people.deactivate(cast.chuannan_member, by=cast.qifa_head, reason="离职")
    open_to_all = {"sign-out", "password", "set_language"}

    passed = [
        (method, place.row)
        for place in places()
        for method in METHODS
        if not place.public and place.name not in open_to_all
        if not sent_to(AT_THE_GATE[person], session, method, place.path(world))
    ]

    assert passed == []


def test_nobody_of_the_company_gets_into_the_machine_room(cast: Cast) -> None:
    admin = next(one for one in get_resolver().url_patterns if isinstance(one, URLResolver) and one.app_name == "admin")
    paths = [
        f"/admin/{one.pattern}"
        for one in admin.url_patterns
        if "<" not in str(one.pattern) and "(" not in str(one.pattern)
    ]
    paths.remove("/admin/login/")

    sessions_of = {person: signed_in(cast.people[person]) for person in ("ludong_member", "qifa_head", "system_admin")}
    answers = {
        (person, path): answer(session, "GET", path) for person, session in sessions_of.items() for path in paths
    }

    assert len(paths) > 3
    assert {key for key, code in answers.items() if code not in (302, 403, 404)} == set()


# ── doing ───────────────────────────────────────────────────────────────────────────────────────


def signed_in(user: User) -> str:
    """A session of this person's that has seen its first page."""
    client = Client()
    client.force_login(user)
    client.get("/account/")
    return client.cookies["session"].value


def ask(session: str, method: str, path: str) -> Any:
    """Ask, and undo whatever it did."""
    BROWSER.cookies.clear()
    if session:
        BROWSER.cookies["session"] = session
    with transaction.atomic():
        response = BROWSER.get(path) if method == "GET" else BROWSER.post(path, {})
        if response.streaming:
            b"".join(response)  # read to its end, which closes the file
        transaction.set_rollback(True)
    if method == "POST" and response.status_code < 400:
        stamps.forget_all()
    return response


def answer(session: str, method: str, path: str) -> int:
    return int(ask(session, method, path).status_code)


def sent_to(address: str, session: str, method: str, path: str) -> bool:
    response = ask(session, method, path)
    return bool(response.status_code == 302 and response["Location"].startswith(address))


def write(person: str, answers: dict[tuple[str, str], int]) -> None:
    """With WALK=write: this person's column as it is now."""
    if os.environ.get("WALK") != "write":
        return
    rows = table() if FILE.exists() else {}
    for key, code in answers.items():
        rows.setdefault(key, [0] * len(PEOPLE))[PEOPLE.index(person)] = code
    rows = {key: codes for key, codes in rows.items() if key in answers}
    order = [place.row for place in places()]
    keys = sorted(rows, key=lambda key: (order.index(key[1]), key[0]))
    lines = ["# " + " " * 38 + " ".join(PEOPLE)]
    for _group, members in groupby(
        keys, key=lambda key: next(p.route for p in places() if p.row == key[1]).split("/")[0]
    ):
        lines += ["", f"# {_group}/" if _group else "# desk"]
        for key in members:
            cells = (f"{code:<{len(name)}}" for code, name in zip(rows[key], PEOPLE, strict=True))
            lines.append(f"{key[0]:<5}{key[1]:<35}{' '.join(cells)}".rstrip())
    FILE.write_text("\n".join(lines) + "\n")
