"""What changed in a call between two sendings: for the head who decides it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from channelportal.core import clock
from channelportal.lib import wording
from notices.models import Level, Meeting, MeetingKind, MeetingSending

NAMES: Final[dict[str, Any]] = {
    "kind": _("Kind"), "title": _("title"), "purpose": _("purpose and preparation"), "level": _("confidentiality level"),
    "starts_at": _("begins"), "ends_at": _("ends"), "mode": _("How it is held"), "place": _("place"), "link": _("link"),
    "chair": _("chair"), "recorder": _("keeps the minutes"), "audience": _("Who takes part"), "agenda": _("Agenda"),
    "papers": _("Papers"), "answer_by": _("answer by"), "off_hours_reason": _("why outside working hours"),
    "short_notice_reason": _("why at such short notice"),
}  # fmt: skip
"""What a sending keeps, by its name there, in the order of the form."""
MOMENTS: Final = frozenset({"starts_at", "ends_at", "answer_by"})
LONGEST: Final = 200
NOTHING: Final = pgettext_lazy("value", "nothing")


@dataclass(frozen=True, slots=True)
class Changes:
    """`since`: when it was sent before; `lines`: name, what it was, what it is ("" where that is seen below)."""

    since: datetime
    lines: list[tuple[Any, str, str]]


def changes(meeting: Meeting, seen: str = "") -> Changes | None:
    """Between the sending that was read (its id; "": the one before the last) and the last. None: there is none to compare."""
    sendings = list(MeetingSending.objects.filter(meeting=meeting).order_by("-pk"))
    earlier = [one for one in sendings[1:] if not seen or str(one.pk) == seen]
    if not earlier:
        return None
    old, new = earlier[0], sendings[0]
    different = [name for name in NAMES if old.facts.get(name) != new.facts.get(name)]
    return Changes(old.at, [(NAMES[name], _said(name, old.facts), _said(name, new.facts)) for name in different])


def _said(name: str, facts: dict[str, Any]) -> str:
    value = facts.get(name)
    if name in ("audience", "papers"):
        return ""
    if not value:
        return str(NOTHING)
    return _words(name, value)[:LONGEST]


def _words(name: str, value: Any) -> str:
    if name in MOMENTS:
        return wording.when(datetime.fromisoformat(value), clock.now())
    if name in ("chair", "recorder"):
        return str(User.objects.filter(pk=value).values_list("name", flat=True).first() or "")
    if name == "kind":
        kind = MeetingKind.objects.filter(pk=value).first()
        return kind.name if kind else ""
    if name == "agenda":
        return "、".join(topic for topic, _minutes, _speaker in value)
    choices: Any = {"level": Level, "mode": Meeting.Mode}.get(name)
    return str(choices(value).label) if choices else str(value)
