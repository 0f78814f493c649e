"""The invitation as a calendar file (RFC 5545, 5546): what mail programs and phones put into the calendar.

One UID for the life of the meeting; `Meeting.sequence` rises with each change, so that a later file replaces an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, Timezone, TimezoneStandard, vCalAddress, vText

from accounts.models import User
from channelportal.core import outbox
from channelportal.lib.workdays import SHANGHAI
from notices.models import AgendaItem, Meeting

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
FILE_NAME: Final = "invitation.ics"
LONGEST_PURPOSE: Final = 2_000
_OFFSET: Final = timedelta(hours=8)
ATTENDEE: Final = (
    "ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=FALSE\r\n"
    f' ;CN="{outbox.NAME}"\r\n :mailto:{outbox.ADDRESS}\r\n'
)
"""Folded where it may be long. Answers are given in the portal: RSVP stays false, so that mail programs do not ask for another."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A meeting with its agenda in hand, so that a thousand files cost no query each."""

    meeting: Meeting
    agenda: tuple[AgendaItem, ...]

    @classmethod
    def of(cls, meeting: Meeting) -> Sheet:
        return cls(meeting, tuple(AgendaItem.objects.filter(meeting=meeting)))


def uid(meeting: Meeting) -> str:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"meeting-{meeting.pk}@{host}"


def text(sheet: Sheet, language: str, *, at: datetime, method: Method = "REQUEST") -> str:
    """The file in a person's language. `method`: REQUEST and CANCEL go by mail, with name and address of whoever is invited filled
    in at sending (`core.outbox`), so that thousands share one text; PUBLISH is downloaded and invites nobody."""
    with translation.override(language or settings.LANGUAGE_CODE):
        calendar = Calendar()
        calendar.add("prodid", "-//channelportal//meetings//EN")
        calendar.add("version", "2.0")
        calendar.add("calscale", "GREGORIAN")
        calendar.add("method", method)
        calendar.add_component(_timezone())
        calendar.add_component(_event(sheet, at, method))
    content: str = calendar.to_ical().decode()
    return content if method == "PUBLISH" else content.replace("END:VEVENT", f"{ATTENDEE}END:VEVENT")


def attachment(sheet: Sheet, language: str, *, at: datetime, method: Method) -> dict[str, str]:
    """As `core.outbox` takes it."""
    content = text(sheet, language, at=at, method=method)
    return {"name": FILE_NAME, "type": f"text/calendar; method={method}", "text": content}


def _event(sheet: Sheet, at: datetime, method: Method) -> Event:
    meeting, event = sheet.meeting, Event()
    event.add("uid", uid(meeting))
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", at)
    event.add("dtstart", meeting.starts_at.astimezone(SHANGHAI))
    event.add("dtend", meeting.ends_at.astimezone(SHANGHAI))
    event.add("summary", _summary(meeting))
    event.add("description", "\n".join(_lines(sheet)))
    if where := _where(meeting):
        event.add("location", where)
    event.add("url", f"{settings.SITE_URL}{meeting.get_absolute_url()}")
    over = method == "CANCEL" or meeting.state == Meeting.State.CANCELLED
    event.add("status", "CANCELLED" if over else "CONFIRMED")
    event.add(
        "organizer", _address(meeting.called_by, role="CHAIR" if meeting.called_by_id == meeting.chair_id else "")
    )
    return event


def _address(person: User, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.email}")
    address.params["cn"] = vText(person.name)
    for name, value in parameters.items():
        if value:
            address.params[name] = vText(value)
    return address


def _summary(meeting: Meeting) -> str:
    """A calendar is synchronised far and wide: of a confidential meeting it gets number, time and the portal's address."""
    if meeting.confidential:
        return _("Confidential meeting %(number)s") % {"number": meeting.number}
    return meeting.title


def _where(meeting: Meeting) -> str:
    if meeting.confidential:
        return ""
    return " · ".join(part for part in (meeting.place, meeting.link) if part)


def _lines(sheet: Sheet) -> Iterable[str]:
    if not sheet.meeting.confidential:
        yield from _words(sheet)
    address = f"{settings.SITE_URL}{sheet.meeting.get_absolute_url()}"
    yield _("Please answer in the portal: %(url)s") % {"url": address}


def _words(sheet: Sheet) -> Iterable[str]:
    meeting = sheet.meeting
    yield _("Called by %(unit)s; chair: %(chair)s") % {"unit": meeting.unit.name, "chair": meeting.chair.name}
    if meeting.link:
        yield _("Link: %(link)s") % {"link": meeting.link}
    if meeting.purpose:
        yield meeting.purpose[:LONGEST_PURPOSE]
    if sheet.agenda:
        yield _("Agenda:")
    for place, item in enumerate(sheet.agenda, start=1):
        yield f"{place}. " + " · ".join(_facts(item))


def _facts(item: AgendaItem) -> Iterable[str]:
    yield item.topic
    if item.speaker:
        yield item.speaker
    if item.minutes:
        yield _("%(minutes)s minutes") % {"minutes": item.minutes}


def _timezone() -> Timezone:
    """Asia/Shanghai as it has been since 1991: no summer time."""
    zone, standard = Timezone(), TimezoneStandard()
    zone.add("tzid", "Asia/Shanghai")
    standard.add("dtstart", datetime(1991, 9, 15, 1, 0))  # noqa: DTZ001 (local time, as the file wants it)
    standard.add("tzoffsetfrom", _OFFSET)
    standard.add("tzoffsetto", _OFFSET)
    standard.add("tzname", "CST")
    zone.add_component(standard)
    return zone
