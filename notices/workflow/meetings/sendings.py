"""The call as it went to the head each time: who decides has read that, and not what was sent anew meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from channelportal.core.errors import WrongState
from notices.models import AgendaItem, AgendaPaper, Meeting, MeetingSending
from notices.workflow.meetings import base

PLAIN: Final = (
    "title", "purpose", "level", "mode", "place", "link", "starts_at", "ends_at", "answer_by", "off_hours_reason",
    "short_notice_reason", "audience",
)  # fmt: skip


class SentAnew(WrongState):
    """It is still to be decided, but not as it was read: it was taken back, changed and sent again. Pages show what changed."""


def record(sitting: base.Sitting) -> None:
    MeetingSending.objects.create(
        meeting=sitting.meeting, facts=facts_of(sitting.meeting), by=sitting.by, at=sitting.at
    )


def facts_of(meeting: Meeting) -> dict[str, Any]:
    """What the head decides on: codes, ids, ISO times."""
    values = {name: getattr(meeting, name) for name in PLAIN}
    items = AgendaItem.objects.filter(meeting=meeting)
    papers = AgendaPaper.objects.filter(meeting=meeting).order_by("pk")
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()} | {
        "kind": meeting.kind_id,
        "chair": meeting.chair_id,
        "recorder": meeting.recorder_id or meeting.called_by_id,
        "agenda": [[item.topic, item.minutes, item.speaker] for item in items],
        "papers": [str(pk) for pk in papers.values_list("file", flat=True)],
    }


def last(meeting: Meeting) -> MeetingSending | None:
    """None: never sent to a head."""
    return MeetingSending.objects.filter(meeting=meeting).last()


def seen_of(meeting: Meeting) -> str:
    """What a page of the call carries, so that the verb knows which sending was read."""
    sending = last(meeting)
    return str(sending.pk) if sending else ""


def check_seen(meeting: Meeting, seen: str) -> None:
    """`seen`: as `seen_of` gave it ("": it is not asked). `SentAnew` where another is to be decided now."""
    if seen and seen != seen_of(meeting):
        raise SentAnew(_("It was sent anew since you opened this page. Please look at what changed, then decide."))
