"""A confidential meeting is known to those invited, its unit and the head of 企发部; nowhere to others (001 七)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from PIL import Image

from channelportal.core import clock, files, outbox
from channelportal.core.errors import Invalid
from channelportal.core.models import Alert, AuditEntry, OutboxMessage, SearchDocument, StoredFile
from notices import meeting_sweep
from notices.meeting_clashes import clashes
from notices.models import Action, Invitation, Meeting, Minutes, Picture
from notices.workflow import meetings
from notices.workflow.meetings import ActionRow, AgendaRow, content
from tests.notices.meetings.conftest import AFTER, CALLED_AT, Make, may, of
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast

SECRET, TOPIC, TASK, WHERE = "并购名单核对", "收购价格", "联系目标公司", "密室九号"
WORDS = (SECRET, TOPIC, TASK, WHERE)


def png(cast: Cast) -> StoredFile:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(out, "PNG")
    return files.keep_bytes(f"{SECRET}.png", out.getvalue(), "image/png", by=cast.market_officer, at=CALLED_AT)


@pytest.fixture
def secret(cast: Cast, called: Make, settings: Any, tmp_path: Any) -> Meeting:
    settings.UPLOAD_ROOT = tmp_path
    agenda = [AgendaRow(TOPIC, 30, "钱企市", [png(cast)])]
    return called(title=SECRET, purpose=f"{SECRET}准备", place=WHERE, agenda=agenda, level="confidential")


@pytest.fixture
def minuted(cast: Cast, secret: Meeting) -> Callable[..., Meeting]:
    """Held: 李代理 was there, 张代理 not; minutes sent, 李代理 has something to do."""

    def done(**said: Any) -> Meeting:
        there = {of(secret, cast.ludong_head).pk: "present", of(secret, cast.chuannan_head).pk: "absent"}
        meetings.hold(secret, by=cast.market_officer, attendance=there, at=AFTER)
        rows = [ActionRow(TASK, cast.ludong_head, may(28).date())]
        meetings.write_minutes(secret, by=cast.market_officer, body=f"<p>{SECRET}</p>", actions=rows, at=AFTER, **said)
        meetings.submit_minutes(secret, by=cast.market_officer, at=AFTER)
        meetings.approve_minutes(secret, by=cast.market_head, at=AFTER)
        return secret

    return done


def leaks(text: str) -> list[str]:
    return [word for word in WORDS if word in text]


# ── whose it is ─────────────────────────────────────────────────────────────────────────────────

INSIDE = {"market_head", "market_officer", "ludong_head", "chuannan_head", "qifa_head"}


def test_it_is_seen_by_those_invited_the_unit_and_the_head_of_qifa(cast: Cast, secret: Meeting) -> None:
    seeing = {key for key, user in cast.people.items() if Meeting.objects.visible_to(user).exists()}

    assert seeing == INSIDE


@pytest.mark.parametrize(
    "key", ["ludong_officer", "ludong_member", "shenyang_head", "qifa_officer", "qifa_member", "office_head", "market_member"]
)  # fmt: skip
@pytest.mark.parametrize(
    "door", ["", "invitation.ics", "files/{file}/", "reply/", "minutes/", "change/", "approve-minutes/"]
)
def test_every_door_is_shut_to_others(cast: Cast, window: Window, secret: Meeting, key: str, door: str) -> None:
    address = f"/meetings/{secret.pk}/" + door.format(file=secret.papers.get().file_id)

    answer = window(cast.people[key]).get(address)

    assert answer.status_code == 404
    assert not leaks(answer.content.decode())


@pytest.mark.parametrize("key", ["ludong_officer", "shenyang_head", "qifa_officer", "office_head"])
@pytest.mark.parametrize(
    "page", ["/", "/search/?q=%E5%B9%B6%E8%B4%AD", "/meetings/?view=all", "/meetings/?view=all&q=%E5%B9%B6%E8%B4%AD",
             "/meetings/calendar/?month=2026-05", "/meetings/frequency/", "/meetings/?view=all&format=xlsx"],
)  # fmt: skip
def test_no_list_names_it_to_others(cast: Cast, window: Window, secret: Meeting, key: str, page: str) -> None:
    answer = window(cast.people[key]).get(page)
    shown = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]

    assert answer.status_code == 200
    assert secret.number.encode() not in shown
    assert not leaks(shown.decode(errors="ignore"))


def test_who_was_invited_finds_and_reads_it(cast: Cast, window: Window, secret: Meeting) -> None:
    browser = window(cast.ludong_head)

    assert SECRET in browser.get("/search/?q=%E5%B9%B6%E8%B4%AD").content.decode()
    page = browser.get(f"/meetings/{secret.pk}/").content.decode()
    assert TOPIC in page
    assert WHERE in page


def test_a_clash_names_it_to_nobody_else(cast: Cast, secret: Meeting) -> None:
    found = clashes(secret.starts_at, secret.ends_at, [cast.ludong_head], viewer=cast.qifa_officer, place=WHERE)

    assert [one.seen for one in found] == [False, False]


# ── what goes out ───────────────────────────────────────────────────────────────────────────────


def everything_told() -> str:
    alerts = [(row.kind, row.data) for row in Alert.objects.all()]
    return str([*alerts, *(row.data for row in OutboxMessage.objects.all())])


def test_nothing_that_is_told_says_what_it_is_about(
    cast: Cast, secret: Meeting, minuted: Callable[..., Meeting]
) -> None:
    meetings.change(secret, by=cast.market_officer, place=f"{WHERE}之二", reason=SECRET, at=may(12))
    meetings.reply(secret, by=cast.ludong_head, answer="deputy", deputy=cast.ludong_officer, reason=SECRET, at=may(13))
    meetings.reply(secret, by=cast.ludong_head, answer="attend", at=may(13, 11))
    meeting_sweep.sweep(may(20, 9, 30))
    minuted()
    meeting_sweep.sweep(may(28, 9, 30))
    meeting_sweep.sweep(may(28) + timedelta(days=14))

    kinds = set(Alert.objects.values_list("kind", flat=True))
    assert {"meeting-invited", "meeting-changed", "meeting-deputy", "meeting-replied", "meeting-minutes_sent"} <= kinds
    assert {"meeting-action_assigned", "meeting-action_late", "meeting-action_late_above"} <= kinds
    assert not leaks(everything_told())


def test_nor_does_the_trail(cast: Cast, secret: Meeting, minuted: Callable[..., Meeting]) -> None:
    meetings.change(secret, by=cast.market_officer, place=f"{WHERE}之二", reason=SECRET, at=may(12))
    meetings.reply(secret, by=cast.chuannan_head, answer="decline", reason=SECRET, at=may(13))
    minuted()
    meeting_sweep.sweep(may(28) + timedelta(days=14))
    action = Action.objects.get()
    meetings.move_action(
        action, by=cast.market_head, day=may(28).date() + timedelta(days=21), reason=SECRET, at=may(29)
    )
    meetings.finish_action(action, by=cast.ludong_head, text=SECRET, at=may(30))

    trail = str(list(AuditEntry.objects.values_list("action", "object_name", "data")))
    assert secret.number in trail
    assert not leaks(trail)


def test_the_lines_say_that_there_is_one_with_its_number_and_time(cast: Cast, window: Window, secret: Meeting) -> None:
    page = window(cast.ludong_head).get("/alerts/").content.decode()

    assert f"机密会议 {secret.number}" in page
    assert not leaks(page)


def test_the_mail_carries_number_time_and_the_portals_address(cast: Cast, secret: Meeting) -> None:
    outbox.deliver(may(12))

    sent = next(one for one in mail.outbox if cast.ludong_head.email in one.to)
    assert f"机密会议 {secret.number}" in str(sent.subject)
    assert "14:00" in str(sent.body)
    assert f"/meetings/{secret.pk}/" in str(sent.body)
    assert not leaks(str(sent.message()) + str(sent.subject) + str(sent.body))
    assert cast.market.name not in str(sent.body)


@pytest.mark.parametrize("source", ["mail", "page"])
def test_the_calendar_gets_number_and_time(cast: Cast, window: Window, secret: Meeting, source: str) -> None:
    letter = OutboxMessage.objects.get(kind="meeting-invitation", user=cast.ludong_head)
    page = window(cast.ludong_head).get(f"/meetings/{secret.pk}/invitation.ics").content.decode()

    text = (letter.data["attachments"][0]["text"] if source == "mail" else page).replace("\r\n ", "")

    assert not leaks(text)
    assert "LOCATION" not in text
    assert f"机密会议 {secret.number}" in text
    assert "DTSTART" in text


# ── papers, minutes, actions ────────────────────────────────────────────────────────────────────


def test_its_papers_lie_encrypted_and_carry_the_readers_name(cast: Cast, window: Window, secret: Meeting) -> None:
    paper = secret.papers.get().file

    answer = window(cast.ludong_head).get(f"/meetings/{secret.pk}/files/{paper.pk}/")

    assert paper.key_id
    assert b"".join(answer.streaming_content)[:4] == b"\x89PNG"  # type: ignore[arg-type]
    entry = AuditEntry.objects.get(action="file.downloaded")
    assert (entry.actor, entry.object_name, entry.data["marked"]) == (cast.ludong_head, "", True)


def test_a_paper_is_encrypted_when_the_level_of_the_draft_is_raised(
    cast: Cast, drafted: Make, settings: Any, tmp_path: Any
) -> None:
    settings.UPLOAD_ROOT = tmp_path
    meeting = drafted(agenda=[AgendaRow("库存", None, "", [png(cast)])])

    meetings.edit(meeting, by=cast.market_officer, level="confidential", at=CALLED_AT)

    assert meeting.papers.get().file.key_id


def test_a_picture_of_its_minutes_is_encrypted_and_marked(
    cast: Cast, window: Window, secret: Meeting, minuted: Callable[..., Meeting]
) -> None:
    minuted()
    kept = png(cast)
    Picture.objects.create(file=kept, meeting=secret, by=cast.market_officer, at=clock.now())
    content.protect(secret, by=cast.market_officer, at=AFTER)

    answer = window(cast.ludong_head, AFTER).get(f"/notices/pictures/{kept.pk}/")

    assert answer.status_code == 200
    assert StoredFile.objects.get(pk=kept.pk).key_id
    assert AuditEntry.objects.get(action="file.downloaded").data["marked"] is True
    assert window(cast.qifa_officer, AFTER).get(f"/notices/pictures/{kept.pk}/").status_code == 404


@pytest.mark.parametrize(("readers", "status"), [("invited", True), ("present", False)])
def test_minutes_are_for_those_named_as_their_readers(
    cast: Cast, window: Window, minuted: Callable[..., Meeting], readers: str, status: bool
) -> None:
    meeting = minuted(readers=readers)

    absent = window(cast.chuannan_head, AFTER).get(f"/meetings/{meeting.pk}/").content.decode()
    there = window(cast.ludong_head, AFTER).get(f"/meetings/{meeting.pk}/").content.decode()

    assert (TASK in absent) is status
    assert TASK in there
    told = Alert.objects.filter(kind="meeting-minutes_sent").values_list("user", flat=True)
    assert (cast.chuannan_head.pk in told, cast.ludong_head.pk in told) == (status, True)


def test_the_words_of_minutes_for_some_are_found_by_nobody(cast: Cast, minuted: Callable[..., Meeting]) -> None:
    meeting = minuted(readers="present")
    text = SearchDocument.objects.get(kind="meeting", object_id=meeting.pk).text

    assert text.count(SECRET) == 2  # title and purpose, not the minutes


def test_the_head_of_a_late_owner_is_told_no_more_than_that(
    cast: Cast, window: Window, called: Make, secret: Meeting
) -> None:
    meetings.invite_more(secret, by=cast.market_officer, people=[cast.dev_officer], at=may(12))
    meetings.hold(secret, by=cast.market_officer, at=AFTER)
    rows = [ActionRow(TASK, cast.dev_officer, may(28).date())]
    meetings.write_minutes(secret, by=cast.market_officer, body="<p>一</p>", actions=rows, at=AFTER)
    meetings.submit_minutes(secret, by=cast.market_officer, at=AFTER)
    meetings.approve_minutes(secret, by=cast.market_head, at=AFTER)

    meeting_sweep.sweep(may(28, 23))

    line = Alert.objects.get(user=cast.dev_head, kind="meeting-action_late")
    assert line.url == "/meetings/"
    assert window(cast.dev_head, may(29)).get(f"/meetings/{secret.pk}/").status_code == 404
    assert Alert.objects.get(user=cast.dev_officer, kind="meeting-action_late").url == f"/meetings/{secret.pk}/"


def test_nobody_gets_an_action_of_it_who_does_not_see_it(cast: Cast, secret: Meeting) -> None:
    meetings.hold(secret, by=cast.market_officer, at=AFTER)
    rows = [ActionRow(TASK, cast.market_member, may(28).date())]

    with pytest.raises(Invalid, match="actions"):
        meetings.write_minutes(secret, by=cast.market_officer, body="<p>一</p>", actions=rows, at=AFTER)


def test_the_form_sends_the_level_and_encrypts_what_comes_with_it(
    cast: Cast, window: Window, sheet: Callable[..., dict[str, Any]], settings: Any, tmp_path: Any
) -> None:
    settings.UPLOAD_ROOT = tmp_path
    paper = io.BytesIO(b"abc")
    paper.name = "表.txt"

    window(cast.market_officer).post("/meetings/new/", sheet(level="confidential", save="1", papers=paper))

    meeting = Meeting.objects.get()
    assert meeting.confidential
    assert meeting.papers.get().file.key_id


def test_an_unknown_level_is_an_error_of_the_form(
    cast: Cast, window: Window, sheet: Callable[..., dict[str, Any]]
) -> None:
    answer = window(cast.market_officer).post("/meetings/new/", sheet(level="top", save="1"))

    assert answer.status_code == 422
    assert not Meeting.objects.exists()


def test_the_level_is_kept_when_an_older_form_does_not_send_it(
    cast: Cast, window: Window, drafted: Make, sheet: Callable[..., dict[str, Any]]
) -> None:
    meeting = drafted(level="confidential")

    window(cast.market_officer).post(f"/meetings/{meeting.pk}/edit/", sheet(save="1"))

    meeting.refresh_from_db()
    assert (meeting.title, meeting.level) == ("六月渠道工作会", "confidential")
    assert not Invitation.objects.exists()
    assert not Minutes.objects.exists()
