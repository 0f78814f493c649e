"""What waits in the outbox goes out: once, in order, whatever breaks in between."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail

from accounts.models import User
from channelportal.core import outbox
from channelportal.core.models import OutboxMessage

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
State = OutboxMessage.State
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worded(settings: Any, tmp_path: Any) -> None:
    """Templates of two kinds, so that the tests need no other app's."""
    folder = tmp_path / "emails"
    folder.mkdir()
    (folder / "probe-subject.txt").write_text("Hello {{ name }}")
    (folder / "probe-body.txt").write_text("Ticket <{{ name }}> {{ secret }}")
    (folder / "digest-subject.txt").write_text("{{ count }} things")
    (folder / "digest-body.txt").write_text("{% for item in items %}- {{ item.name }}\n{% endfor %}")
    (folder / "mixed-subject.txt").write_text("{{ count }} things")
    (folder / "mixed-body.txt").write_text("{% for item in items %}{% include item.line %}{% endfor %}")
    (folder / "broken-subject.txt").write_text("{% load nothing_there %}")
    templates = [dict(settings.TEMPLATES[0])]
    templates[0]["DIRS"] = [tmp_path, *templates[0]["DIRS"]]
    settings.TEMPLATES = templates


@pytest.fixture
def person() -> User:
    return User.objects.create(username="zhou", name="周主管", email="zhou@example.com")


def put(person: User | None, key: str, **options: Any) -> OutboxMessage:
    outbox.put("probe", key=key, to=person, at=AT, **{"data": {"name": key}, **options})
    return OutboxMessage.objects.get(key=key)


def test_it_takes_a_short_text_along(person: User) -> None:
    file = {"name": "一.ics", "type": "text/calendar; method=REQUEST", "text": "BEGIN:VCALENDAR\r\n会议"}
    put(person, "with-file", data={"name": "x", "attachments": [file]})

    outbox.deliver(AT)

    sent: Any = mail.outbox[0].message()
    (part,) = [part for part in sent.walk() if part.get_content_disposition() == "attachment"]
    assert (part.get_content_type(), part.get_param("method")) == ("text/calendar", "REQUEST")
    assert part.get_payload(decode=True).decode(part.get_content_charset()) == file["text"]
    assert part.get_filename() == "一.ics"
    assert "Ticket <x>" in mail.outbox[0].body


class Broken:
    """A mail backend that fails as told."""

    def __init__(self, error: Exception, address: str = "") -> None:
        self.error, self.address, self.tried = error, address, 0

    def open(self) -> None: ...
    def close(self) -> None: ...
    def send_messages(self, messages: list[Any]) -> int:
        self.tried += 1
        if self.address in messages[0].to[0]:
            raise self.error
        mail.outbox.extend(messages)
        return 1


def test_it_sends_text_and_html_with_one_message_id(person: User) -> None:
    put(person, "a")

    assert outbox.deliver(AT) == 1

    (sent,) = mail.outbox
    assert sent.to == ["zhou@example.com"]
    assert sent.subject == "Hello a"
    assert sent.body == "Ticket <a>\n"
    assert "Ticket &lt;a&gt;" in sent.alternatives[0][0]
    assert sent.extra_headers["Message-ID"] == outbox.message_id("a")
    assert OutboxMessage.objects.get().sent_at == AT


def test_it_ignores_the_same_key(person: User) -> None:
    put(person, "a")
    put(person, "a")

    assert outbox.deliver(AT) == 1
    assert outbox.deliver(AT + timedelta(days=1)) == 0


def test_it_keeps_what_is_not_due(person: User) -> None:
    put(person, "a", not_before=AT + timedelta(hours=1))

    assert outbox.deliver(AT) == 0
    assert outbox.deliver(AT + timedelta(hours=1)) == 1


def test_it_joins_what_has_the_same_person_and_bundle(person: User) -> None:
    other = User.objects.create(username="wang", name="王分", email="wang@example.com")
    for key in ("a", "b", "c"):
        put(person, key, bundle="digest")
    put(other, "d", bundle="digest")

    assert outbox.deliver(AT) == 2

    assert [(one.to[0], one.subject) for one in mail.outbox] == [
        ("zhou@example.com", "3 things"),
        ("wang@example.com", "Hello d"),
    ]
    assert mail.outbox[0].body == "- a\n- b\n- c\n"
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {State.SENT}


def test_it_joins_beyond_the_limit_of_a_batch(person: User) -> None:
    for number in range(5):
        put(person, str(number), bundle="digest")

    assert outbox.deliver(AT, limit=2) == 1


def test_it_sends_again_with_the_same_id_after_a_crash_between_claim_and_mark(person: User) -> None:
    put(person, "a", bundle="digest")
    put(person, "b", bundle="digest")
    first = outbox.compose(outbox.claim(AT, 10)[0])  # and then the worker dies
    put(person, "c", bundle="digest")

    assert outbox.deliver(AT + timedelta(seconds=1)) == 1  # the new one, on its own
    assert outbox.deliver(AT + timedelta(minutes=6)) == 1

    again = mail.outbox[1]
    assert again.extra_headers["Message-ID"] == first.extra_headers["Message-ID"]
    assert again.body == first.body == "- a\n- b\n"
    assert again.extra_headers["X-Attempt"] == "2"


def test_it_gives_a_row_to_one_sender_only(person: User) -> None:
    put(person, "a")

    assert len(outbox.claim(AT, 10)) == 1
    assert outbox.claim(AT, 10) == []


def test_it_backs_off_and_parks_at_last(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = smtplib.SMTPRecipientsRefused({"zhou@example.com": (550, b"no such user")})
    monkeypatch.setattr(outbox, "get_connection", lambda: Broken(refused))
    row, at, waits = put(person, "a"), AT, []

    while row.state != State.PARKED:
        outbox.deliver(at)
        row.refresh_from_db()
        waits.append(round((row.next_attempt_at - at).total_seconds() / 60))
        at = max(at, row.next_attempt_at)

    assert waits == [1, 2, 5, 15, 60, 180, 480, 1440, 0]
    assert "550" in row.last_error
    assert outbox.deliver(at + timedelta(days=30)) == 0


def test_it_lets_one_bad_address_hold_up_nobody(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = smtplib.SMTPRecipientsRefused({"zhou@example.com": (550, b"no")})
    monkeypatch.setattr(outbox, "get_connection", lambda: Broken(refused, "zhou@"))
    put(person, "bad")
    for number in range(20):
        put(None, str(number), address=f"someone{number}@example.com")

    assert outbox.deliver(AT) == 20


def test_it_asks_a_dead_server_once_a_batch(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = Broken(OSError("refused"))
    monkeypatch.setattr(outbox, "get_connection", lambda: dead)
    for number in range(10):
        put(person, str(number))

    assert outbox.deliver(AT) == 0

    assert dead.tried == 1
    assert OutboxMessage.objects.filter(state=State.WAITING, next_attempt_at=AT + timedelta(minutes=1)).count() == 10


def test_it_opens_a_new_connection_when_the_kept_one_was_ended(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended(Broken):
        def send_messages(self, messages: list[Any]) -> int:
            if self.tried == 1:
                self.tried = 2
                raise smtplib.SMTPServerDisconnected("idle")
            return super().send_messages(messages)

    monkeypatch.setattr(outbox, "get_connection", lambda: Ended(OSError(), "nobody@"))
    put(person, "a")
    put(person, "b")

    assert outbox.deliver(AT) == 2


def test_it_leaves_a_message_that_cannot_be_worded_and_goes_on(person: User) -> None:
    outbox.put("broken", key="x", to=person, at=AT)
    outbox.put("never-written", key="y", to=person, at=AT)
    put(person, "good")

    assert outbox.deliver(AT) == 1
    assert OutboxMessage.objects.filter(state=State.WAITING, last_error__startswith="wording").count() == 2


@pytest.mark.parametrize(
    "address", ["wang@example..com", "wang@" + "例" * 70 + ".cn", "wang@", "wang@example.com, li@example.com"]
)
def test_an_address_that_is_none_holds_up_nobody(person: User, settings: Any, address: str) -> None:
    """Some only show when the mail is put together: the server is never asked."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    wrong = User.objects.create(username="wang", name="王分", email=address)
    put(wrong, "a")
    put(person, "b")
    taken = []

    with (
        mock.patch("smtplib.SMTP.connect", return_value=(220, b"")),
        mock.patch("smtplib.SMTP.sendmail", side_effect=lambda *args: taken.append(args[1])),
    ):
        assert outbox.deliver(AT) == 1

    assert taken == [["zhou@example.com"]]
    left = OutboxMessage.objects.get(key="a")
    assert (left.state, left.attempts) == (State.WAITING, 1)
    assert left.last_error


def test_one_that_cannot_be_worded_spoils_no_mail_for_several(person: User) -> None:
    for key in ("a", "b"):
        put(person, key, bundle="mixed", data={"name": key, "line": "emails/probe-body.txt"})
    outbox.put("broken", key="x", to=person, at=AT, bundle="mixed", data={"line": "emails/nowhere.txt"})

    sent = [outbox.deliver(AT + timedelta(minutes=minutes)) for minutes in (0, 1)]

    assert sent == [0, 2]
    assert {one.subject for one in mail.outbox} == {"Hello a", "Hello b"}
    left = OutboxMessage.objects.get(key="x")
    assert (left.state, left.attempts) == (State.WAITING, 1)


def test_it_sends_nothing_to_who_left_or_is_frozen(person: User) -> None:
    left = User.objects.create(username="left", name="走", email="left@example.com", is_active=False)
    frozen = User.objects.create(username="ice", name="冻", email="ice@example.com", frozen_at=AT)
    put(left, "a")
    put(frozen, "b")

    assert outbox.deliver(AT) == 0
    assert OutboxMessage.objects.filter(state=State.CANCELLED).count() == 2


def test_it_erases_an_issued_password_once_it_is_sent(person: User) -> None:
    row = put(person, "a", data={"name": "x", "secret": "Tr0ub4dor&3xyz"})

    outbox.deliver(AT)

    row.refresh_from_db()
    assert "Tr0ub4dor&3xyz" in mail.outbox[0].body
    assert row.data == {"name": "x"}


def test_it_cancels_what_waits_about_a_subject(person: User) -> None:
    put(person, "a", subject_key="obligation:17:1")
    put(person, "b", subject_key="obligation:18:1")

    assert outbox.cancel("obligation:17:1") == 1
    assert outbox.deliver(AT) == 1


@pytest.mark.parametrize(("fails", "state"), [(True, State.CANCELLED), (False, State.SENT)])
def test_what_was_cancelled_while_it_was_sent_is_not_tried_again(
    person: User, monkeypatch: pytest.MonkeyPatch, fails: bool, state: str
) -> None:
    put(person, "a", subject_key="ticket:7")
    really = outbox._Batch._try

    def cancelled_meanwhile(batch: Any, letter: Any) -> str:
        assert outbox.cancel("ticket:7") == 1
        return "421 come again" if fails else really(batch, letter)

    monkeypatch.setattr(outbox._Batch, "_try", cancelled_meanwhile)
    outbox.deliver(AT)
    monkeypatch.setattr(outbox._Batch, "_try", really)

    assert outbox.deliver(AT + timedelta(days=1)) == 0
    assert OutboxMessage.objects.get().state == state
    assert len(mail.outbox) == (not fails)


def test_a_mail_about_more_goes_on_when_one_part_is_cancelled_while_it_is_sent(person: User) -> None:
    put(person, "a", subject_key="ticket:7", bundle="digest")
    put(person, "b", subject_key="ticket:8", bundle="digest")
    claimed = outbox.claim(AT, 10)

    outbox.cancel("ticket:7")
    outbox.cancel("ticket:8")

    assert len(claimed) == 1
    assert outbox.deliver(AT + timedelta(hours=1)) == 1


def test_it_frees_the_rest_of_a_mail_whose_lead_was_cancelled(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    put(person, "a", bundle="digest", subject_key="s")
    put(person, "b", bundle="digest")
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "get_connection", lambda: Broken(OSError("away")))
        outbox.deliver(AT)

    outbox.cancel("s")

    assert outbox.deliver(AT + timedelta(minutes=2)) == 1
    assert mail.outbox[0].subject == "Hello b"


def test_it_sends_a_parked_message_when_asked(person: User) -> None:
    lead = put(person, "a", bundle="digest")
    follower = put(person, "b", bundle="digest")
    OutboxMessage.objects.filter(pk=follower.pk).update(lead=lead)
    OutboxMessage.objects.update(state=State.PARKED, attempts=9)

    assert outbox.resend(lead, AT)
    assert not outbox.resend(lead, AT)

    assert outbox.deliver(AT) == 1
    assert mail.outbox[0].subject == "2 things"


def test_it_speaks_the_readers_language(person: User) -> None:
    person.language = "en"
    person.save()
    put(person, "a")
    put(None, "b", address="applicant@example.com")

    outbox.deliver(AT)

    assert 'lang="en"' in mail.outbox[0].alternatives[0][0]
    assert 'lang="zh-hans"' in mail.outbox[1].alternatives[0][0]


def test_it_makes_no_header_of_a_name(person: User) -> None:
    put(person, "a", data={"name": "x\r\nBcc: evil@example.com"})

    outbox.deliver(AT)

    assert mail.outbox[0].subject == "Hello x Bcc: evil@example.com"
