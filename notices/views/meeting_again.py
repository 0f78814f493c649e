"""Calling the next meeting like one that was: what it takes over, and the day it suggests (001 五(一))."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts import access
from accounts.models import User
from channelportal.core import calendar, clock
from channelportal.lib.workdays import SHANGHAI, local_date
from notices import meeting_clashes
from notices.audience import Audience
from notices.forms import audience as audiences
from notices.forms.meetings import agenda_rows
from notices.frequency import Period, Rule
from notices.meeting_next import next_day
from notices.models import AgendaItem, Meeting

STAYS: Final = ("title", "purpose", "level", "mode", "place", "link")
MODELS: Final = (Meeting.State.CALLED, Meeting.State.HELD)
TRIED: Final = 5
"""Working days that are looked at for one on which place, chair and recorder are free."""


def model(asked: str, user: User) -> Meeting | None:
    """The meeting that `?like=` names; None: none was asked for. 404 unless his unit called it."""
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
        raise Http404
    found = Meeting.objects.visible_to(user).select_related("kind", "chair", "recorder")
    meeting: Meeting = get_object_or_404(found, pk=int(asked), unit=user.unit_id, state__in=MODELS)
    return meeting


def may_be_model(meeting: Meeting, user: User) -> bool:
    """Whether this person can call the next one like it."""
    own = meeting.unit_id == user.unit_id and meeting.state in MODELS
    return own and meeting.kind.active and access.may(user, "meeting.call", user.unit_id)


def initial(meeting: Meeting, user: User) -> dict[str, Any]:
    """What the form begins with. Papers belong to the meeting that was; who left is named anew."""
    starts, ends = _moments(meeting, user)
    posts = {name: getattr(meeting, name) for name in ("chair", "recorder")}
    here = {name: one for name, one in posts.items() if one is not None and one.is_active and one.unit_id}
    begun = {name: getattr(meeting, name) for name in STAYS} | {
        "kind": meeting.kind if meeting.kind.active else None, "begun": meeting.kind_id, "starts_at": starts, "ends_at": ends,
        "audience": meeting.audience,
    }  # fmt: skip
    return begun | here | audiences.initial(Audience.read(meeting.audience), user)


def agenda(meeting: Meeting) -> list[dict[str, Any]]:
    items = AgendaItem.objects.filter(meeting=meeting).prefetch_related("papers")
    return [row | {"keep": ""} for row in agenda_rows(items)]


def _moments(meeting: Meeting, user: User) -> tuple[datetime, datetime]:
    """By the kind's frequency, as many working days ahead as it wants; a few days later where the place or its people are taken."""
    days, kind = calendar.current(unit_id=user.unit_id), meeting.kind
    earliest = days.shift(local_date(clock.now()), kind.notice_days + 1)
    first = next_day(Rule(kind.times, Period(kind.period)), local_date(meeting.starts_at), earliest, days)
    posts = [meeting.chair, meeting.recorder or meeting.called_by]
    for number in range(TRIED):
        starts, ends = _on(meeting, days.shift(first, number))
        if not meeting_clashes.clashes(starts, ends, posts, viewer=user, place=meeting.place):
            return starts, ends
    return _on(meeting, first)


def _on(meeting: Meeting, day: date) -> tuple[datetime, datetime]:
    """The same hours on that day."""
    starts = datetime.combine(day, meeting.starts_at.astimezone(SHANGHAI).timetz())
    return starts, starts + (meeting.ends_at - meeting.starts_at)
