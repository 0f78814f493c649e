"""The calendar file, read back as a mail program reads it."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from django.core import mail
from icalendar import Calendar

from channelportal.core import outbox
from channelportal.core.models import OutboxMessage
from channelportal.lib.workdays import SHANGHAI
from notices import invitation
from notices.models import Meeting
from notices.workflow import meetings
from notices.workflow.meetings import AgendaRow
from tests.notices.meetings.conftest import CALLED_AT, ENDS, STARTS, Make, may
from tests.people import Cast


@pytest.fixture
def meeting(called: Make) -> Meeting:
    return called(
        mode="both", link="https://meet.example.com/1?a=b;c,d", title="五月会；议价, 返利",
        purpose="带上\n月报", agenda=[AgendaRow("上月总结", 30, "钱企市")],
    )  # fmt: skip


def read(text: str) -> tuple[Calendar, Any]:
    calendar: Any = Calendar.from_ical(text)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def file_of(user: Any, event: str) -> tuple[Calendar, Any]:
    row = OutboxMessage.objects.get(kind="meeting-invitation", user=user, data__event=f"meeting-{event}")
    return read(outbox.filled(row.data["attachments"][0]["text"], user, user.email))


def test_it_says_when_where_what_and_who(cast: Cast, meeting: Meeting) -> None:
    calendar, event = file_of(cast.ludong_head, "invited")

    assert calendar["METHOD"] == "REQUEST"
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (invitation.uid(meeting), 0, "CONFIRMED")
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (STARTS, ENDS)
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert event.decoded("DTSTAMP") == CALLED_AT.astimezone(UTC)
    assert event["SUMMARY"] == "五月会；议价, 返利"
    assert event["LOCATION"] == "一号会议室 · https://meet.example.com/1?a=b;c,d"
    assert event["ORGANIZER"] == "mailto:market.officer@example.com"
    assert (event["ATTENDEE"], event["ATTENDEE"].params["CN"]) == ("mailto:ludong.head@example.com", "李代理")
    description = str(event["DESCRIPTION"])
    for part in ("企业市场部", "钱企市", "带上\n月报", "1. 上月总结 · 钱企市 · 30 分钟", f"/meetings/{meeting.pk}/"):
        assert part in description


def test_its_time_zone_stands_in_it(meeting: Meeting, cast: Cast) -> None:
    calendar, _event = file_of(cast.ludong_head, "invited")

    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == "Asia/Shanghai"
    assert zone.to_tz().utcoffset(STARTS.replace(tzinfo=None)) == timedelta(hours=8)


def test_lines_are_short_and_end_as_the_standard_says(meeting: Meeting, cast: Cast) -> None:
    text = invitation.text(invitation.Sheet.of(meeting), cast.ludong_head.language, at=CALLED_AT)

    lines = text.encode().split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line for line in lines)


def test_a_change_replaces_it_and_a_cancellation_takes_it_out(cast: Cast, meeting: Meeting) -> None:
    meetings.change(meeting, by=cast.market_officer, reason="x", place="二号会议室", at=may(12))
    meetings.cancel(meeting, by=cast.market_officer, reason="y", at=may(13))

    _calendar, changed = file_of(cast.ludong_head, "changed")
    calendar, cancelled = file_of(cast.ludong_head, "cancelled")
    assert changed["UID"] == cancelled["UID"] == invitation.uid(meeting)
    assert (changed["SEQUENCE"], cancelled["SEQUENCE"]) == (1, 2)
    assert str(changed["LOCATION"]).startswith("二号会议室")
    assert (calendar["METHOD"], cancelled["STATUS"]) == ("CANCEL", "CANCELLED")


def test_it_goes_with_the_mail(cast: Cast, meeting: Meeting) -> None:
    outbox.deliver(CALLED_AT)

    (sent,) = [one for one in mail.outbox if one.to == ["ludong.head@example.com"]]
    assert sent.subject == "会议邀请：五月会；议价, 返利（5 月 21 日 周四 14:00）"
    assert "1. 上月总结 · 钱企市 · 30 分钟" in sent.body
    message: Any = sent.message()
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert (part.get_param("method"), part.get_filename()) == ("REQUEST", "invitation.ics")
    _calendar, event = read(part.get_payload(decode=True).decode())
    assert event.decoded("DTSTART").astimezone(SHANGHAI) == STARTS


def test_a_title_cannot_add_lines_of_its_own(cast: Cast, called: Make) -> None:
    meeting = called(title="会议\r\nATTENDEE:mailto:x@example.com", purpose="a\r\nBEGIN:VALARM")

    _calendar, event = file_of(cast.ludong_head, "invited")

    assert event["ATTENDEE"] == "mailto:ludong.head@example.com"
    assert not event.walk("VALARM")
    assert "\n" not in meeting.title


def test_what_is_downloaded_invites_nobody(cast: Cast, meeting: Meeting) -> None:
    calendar, event = read(
        invitation.text(invitation.Sheet.of(meeting), cast.ludong_head.language, at=CALLED_AT, method="PUBLISH")
    )

    assert (calendar["METHOD"], "ATTENDEE" in event) == ("PUBLISH", False)
