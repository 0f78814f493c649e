"""The canary: a word of its own in every confidential field; whatever each person can reach is searched for all of them.

Pages, fragments, lists, exports, search, alerts, mails as they would be worded, the log. A word that reaches somebody outside
its readers is a leak, and the test names the door.
"""

# ruff: noqa: E501  (tables)
from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Agreement, User
from accounts.passwords import Issued
from accounts.workflow import passwords, registration
from channelportal.core import alerts, audit, calendar, clock, files, outbox, stamps
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from feedback import supplied, workflow
from feedback.models import Obligation, Ticket, TicketKind
from feedback.sweep import sweep
from feedback.views.catalogue import VERBS
from tests.people import Cast

SUPERVISORS = {"qifa_head", "qifa_officer", "qifa_member"}
# what is confidential, and who may meet it
READERS: dict[str, set[str]] = {
    "KEPTTITLE": {"ludong_head", "kefu_head", "qifa_head"},
    "KEPTBODY": {"ludong_head", "kefu_head", "qifa_head"},
    "KEPTFILE": {"ludong_head", "kefu_head", "qifa_head"},
    "KEPTWORDS": {"ludong_head", "kefu_head", "qifa_head"},
    "NOTEINSIDE": {"kefu_head", "kefu_officer", "dev_head", *SUPERVISORS},
    "TASKINSIDE": {"kefu_head", "kefu_officer", "dev_head", "dev_officer", *SUPERVISORS},
    "NOTEFILE": {
        "kefu_head",
        "kefu_officer",
        "dev_head",
        "audit_admin",
        *SUPERVISORS,
    },  # the trail says what was taken away
    "NOTEASKER": {"ludong_head", "ludong_officer", *SUPERVISORS},
    "HELDBACK": SUPERVISORS,
    "HIDDENFILER": {"ludong_head", "ludong_officer", "ludong_member", "qifa_head"},
    "REGREASON": {"market_head", "market_officer"},
    "REGREFUSAL": {"market_head", "market_officer", "audit_admin"},
}
PEOPLE = [
    "ludong_head", "ludong_officer", "ludong_member", "chuannan_head", "kefu_head", "kefu_officer", "kefu_member", "dev_head",
    "market_head", "office_head", "qifa_head", "qifa_officer", "hr_officer", "system_admin", "audit_admin",
]  # fmt: skip
# whose name it is may be read where people are listed; not beside the complaint
WHERE_PEOPLE_ARE_NAMED = re.compile(
    r"^/(people|officers|units|channels|audit|account|tickets/new|tickets/\d+/(share|assign))/"
)


@dataclass(frozen=True)
class World:
    kept: Ticket
    plain: Ticket
    shielded: Ticket
    registrations: list[int]
    password: Issued


@pytest.fixture
def world(cast: Cast, settings: Any, tmp_path: Any) -> Iterator[World]:
    settings.UPLOAD_ROOT = tmp_path
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    User.objects.filter(pk=cast.ludong_member.pk).update(name="HIDDENFILER")
    cast.ludong_member.refresh_from_db()
    kept, plain, shielded = _kept(cast), _plain(cast), _shielded(cast)
    issued = passwords.issue(cast.chuannan_member, by=cast.market_head, means="mail")
    world = World(kept, plain, shielded, _registrations(cast), issued)
    for _pass in range(2):
        sweep()
    audit.seal_all(clock.now())
    stamps.forget_all()
    yield world
    stamps.forget_all()


def kind(code: str) -> TicketKind:
    return TicketKind.objects.get(code=code)


def paper(name: str, by: User) -> Any:
    return files.keep_bytes(f"{name}.txt", name.encode(), "text/plain", by=by, at=clock.now())


def _kept(cast: Cast) -> Ticket:
    """A complaint kept to named people, through most of a life, late and escalated."""
    at = clock.now() - timedelta(days=20)
    ticket = workflow.file(
        by=cast.ludong_head, kind=kind("complaint"), title="KEPTTITLE", body="KEPTBODY", responsible=cast.kefu, restricted=True, at=at,
        files=[paper("KEPTFILE", cast.ludong_head)],
    )  # fmt: skip
    at += timedelta(hours=1)
    workflow.ask(ticket, by=cast.kefu_head, text="KEPTWORDS?", at=at)
    workflow.answer_question(
        ticket, by=cast.ludong_head, text="KEPTWORDS.", files=[paper("KEPTFILE2", cast.ludong_head)], at=at
    )
    workflow.urge(ticket, by=cast.qifa_head, text="KEPTWORDS!", at=at)
    workflow.note(ticket, by=cast.kefu_head, text="KEPTWORDS;", at=at)
    sweep(at + timedelta(days=8))
    workflow.resolve(ticket, by=cast.kefu_head, text="KEPTWORDS", at=at + timedelta(days=9))
    return workflow.reopen(ticket, by=cast.ludong_head, reason="KEPTWORDS", at=at + timedelta(days=10))


def _plain(cast: Cast) -> Ticket:
    """An ordinary one with notes of each side, an assisting unit, and a step held back."""
    at = clock.now() - timedelta(days=9)
    ticket = workflow.file(
        by=cast.ludong_head, kind=kind("problem"), title="水泵漏水", body="三台。", responsible=cast.kefu, at=at
    )
    workflow.note(
        ticket, by=cast.kefu_officer, text="NOTEINSIDE", side="responsible", files=[paper("NOTEFILE", cast.kefu_officer)],
        at=at + timedelta(minutes=5),
    )  # fmt: skip
    workflow.ask_assist(
        ticket, by=cast.kefu_head, unit=cast.dev, task="TASKINSIDE", day=None, at=at + timedelta(minutes=6)
    )
    workflow.note(ticket, by=cast.ludong_officer, text="NOTEASKER", side="asker", at=at + timedelta(minutes=7))
    duty = Obligation.objects.get(ticket=ticket, kind="reply")
    workflow.hold(duty, by=cast.qifa_head, reason="HELDBACK", at=at + timedelta(minutes=8))
    return ticket


def _shielded(cast: Cast) -> Ticket:
    at = clock.now() - timedelta(days=9)
    ticket = workflow.file(
        by=cast.ludong_member,
        kind=kind("complaint"),
        title="答复太慢",
        body="一直没有人理。",
        responsible=cast.kefu,
        shielded=True,
        at=at,
    )
    workflow.approve(ticket, by=cast.ludong_head, at=at + timedelta(hours=1))
    workflow.ask(ticket, by=cast.kefu_head, text="哪一次？", at=at + timedelta(hours=2))
    workflow.ask_severity(ticket, by=cast.ludong_member, to="major", reason="影响交货。", at=at + timedelta(hours=3))
    return workflow.answer_question(ticket, by=cast.ludong_member, text="上周。", at=at + timedelta(hours=3))


def _registrations(cast: Cast) -> list[int]:
    found = []
    for number in (1, 2):
        one = registration.submit(
            agreement=Agreement.objects.latest("version"), signed_name="新人", name="新人", email=f"new{number}@example.com",
            phone=f"1390000000{number}", position="内勤", reason="REGREASON", role="member", unit=cast.ludong,
        )  # fmt: skip
        registration.confirm(one)
        found.append(one.pk)
    registration.refuse(one, by=cast.market_head, reason="REGREFUSAL")
    return found


# ── the crawl ───────────────────────────────────────────────────────────────────────────────────


def doors(world: World, cast: Cast) -> Iterator[str]:
    """Where anything of the kind could come out, whether or not the person is shown a link there."""
    yield from (
        "/",
        "/alerts/",
        "/alerts/bell/",
        "/people/",
        "/officers/",
        "/units/",
        "/channels/",
        "/supervision/",
        "/outbox/parked/",
    )
    yield from (
        "/tickets/",
        "/registrations/",
        "/registrations/?state=refused",
        "/audit/",
        "/doctor/",
        "/ladder/",
        "/jobs/1/",
    )
    for path in ("/tickets/", "/registrations/", "/audit/", "/people/", "/channels/", "/outbox/parked/", "/officers/"):
        yield f"{path}?format=xlsx"
    for view in ("all", "mine", "owed", "late", "confirm", "approve", "watched", "filed", "escalated"):
        yield f"/tickets/?view={view}"
    for word in ("KEPT", "NOTE", "HELD", "水泵", "答复太慢", world.kept.number):
        yield f"/search/?q={word}"
        yield f"/tickets/?q={word}"
        yield f"/tickets/?q={word}&format=xlsx"
    for ticket in (world.kept, world.plain, world.shielded):
        yield f"/tickets/{ticket.pk}/"
        yield f"/tickets/{ticket.pk}/related/"
        for file in ticket.files.all():
            yield f"/tickets/{ticket.pk}/files/{file.file_id}/"
            yield f"/tickets/{world.plain.pk}/files/{file.file_id}/"
    for verb in VERBS:
        yield f"/tickets/{world.kept.pk}/{verb.path}/"
    for verb in ("note", "reply", "assign", "share", "merge", "ask", "urge"):
        yield f"/tickets/{world.shielded.pk}/{verb}/"
    yield f"/tickets/new/?about={world.kept.pk}"
    for pk in world.registrations:
        yield f"/registrations/{pk}/"
    yield from (f"/units/{cast.kefu.pk}/", f"/units/{cast.ludong.pk}/")
    for tab in ("", "people/", "tickets/", "contact/"):
        yield f"/channels/{cast.ludong.pk}/{tab}"
    yield f"/people/{cast.ludong_head.pk}/"
    yield f"/people/{cast.chuannan_member.pk}/"


def text_of(answer: Any) -> str:
    """Headers too: a file's name stands there."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    return content.decode("utf-8", "replace") + str(dict(answer.headers))


def echo_free(path: str, text: str) -> str:
    """What the person typed comes back to him, in the search box and in links of the list: no leak."""
    typed = path.partition("q=")[2].partition("&")[0]
    return re.sub(rf"(?<![A-Z]){re.escape(typed)}(?![A-Z])", "", text) if typed else text


def leaks(person: str, where: str, text: str, world: World) -> list[tuple[str, str, str]]:
    found = [word for word, readers in READERS.items() if word in text and person not in readers]
    if WHERE_PEOPLE_ARE_NAMED.match(where) and "HIDDENFILER" in found:
        found.remove("HIDDENFILER")
    if world.password.plain in text or world.password.shown in text:
        found.append("one-time password")
    return [(word, person, where) for word in found]


def test_nothing_confidential_is_behind_any_door(cast: Cast, world: World) -> None:
    paths, found = list(dict.fromkeys(doors(world, cast))), []
    for person in PEOPLE:
        browser = Client()
        browser.force_login(cast.people[person])
        reached = 0
        for path in paths:
            answer = browser.get(path)
            assert answer.status_code < 500, (person, path)
            reached += answer.status_code == 200
            found += leaks(person, path, echo_free(path, text_of(answer)), world)
        assert reached > 5, person

    assert found == []


def test_the_words_are_there_for_their_readers(cast: Cast, world: World) -> None:
    """Else the crawl proves nothing."""
    for person, path, words in (
        ("qifa_head", f"/tickets/{world.kept.pk}/", ["KEPTTITLE", "KEPTBODY", "KEPTFILE", "KEPTWORDS"]),
        ("kefu_head", f"/tickets/{world.plain.pk}/", ["NOTEINSIDE", "NOTEFILE"]),
        ("ludong_officer", f"/tickets/{world.plain.pk}/", ["NOTEASKER"]),
        ("qifa_officer", f"/tickets/{world.plain.pk}/", ["HELDBACK"]),
        ("ludong_head", f"/tickets/{world.shielded.pk}/", ["HIDDENFILER"]),
        ("market_head", f"/registrations/{world.registrations[0]}/", ["REGREASON"]),
        ("market_head", f"/registrations/{world.registrations[1]}/", ["REGREFUSAL"]),
    ):
        browser = Client()
        browser.force_login(cast.people[person])
        text = browser.get(path).text
        assert [word for word in words if word not in text] == []


def test_no_mail_and_no_alert_carries_them(cast: Cast, world: World) -> None:
    by_id = {user.pk: key for key, user in cast.people.items()}
    found = []
    for alert in Alert.objects.all():
        found += leaks(by_id[alert.user_id], f"alert {alert.kind}", alerts.wording(alert), world)
    for row in OutboxMessage.objects.select_related("user"):
        mail = outbox.compose(outbox.Letter(row, [row]))
        said = f"{mail.subject}\n{mail.body}\n{mail.alternatives}"
        person = by_id.get(row.user_id or 0, "applicant")
        if person == "applicant":
            said = said.replace("REGREFUSAL", "")  # his own answer
        if row.kind == "password-issued":
            said = said.replace(world.password.shown, "")
        found += leaks(person, f"mail {row.kind}", said, world)
        if any(word in said for word in READERS if word.startswith("KEPT")):
            found.append(("kept", person, f"mail {row.kind}"))

    assert OutboxMessage.objects.count() > 10
    assert found == []


def test_an_issued_password_is_gone_from_the_outbox_once_it_was_sent(world: World, mailoutbox: list[Any]) -> None:
    OutboxMessage.objects.filter(state="waiting").update(next_attempt_at=clock.now())

    outbox.deliver(clock.now())

    assert [mail for mail in mailoutbox if world.password.shown in mail.body]
    assert not [row for row in OutboxMessage.objects.all() if world.password.shown in str(row.data)]


def test_the_trail_knows_what_was_done_and_not_what_was_said(world: World) -> None:
    for entry in AuditEntry.objects.all():
        said = f"{entry.object_name}{entry.data}"
        assert world.password.shown not in said
        assert world.password.plain not in said
        assert not [word for word in READERS if word.startswith("KEPT") and word in said], entry


def test_the_log_is_silent_about_them(cast: Cast, world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser = Client()
    browser.force_login(cast.qifa_head)
    browser.get(f"/tickets/{world.kept.pk}/")
    browser.post(f"/tickets/{world.kept.pk}/note/", {"text": "KEPTWORDS again", "side": "responsible"})
    sweep()
    outbox.deliver(clock.now())

    said = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert not [word for word in [*READERS, world.password.shown, world.password.plain] if word in said]
