"""经过: the entries of a ticket as lines for parts/_entry.html, oldest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Unit
from channelportal.lib import wording
from feedback.models import Entry, Severity, Ticket

Kind = Entry.Kind
FOLD_OVER, KEEP_FIRST, KEEP_LAST = 24, 4, 12

# what draws a round mark instead of the person's initial, and its colour
MARKS: Mapping[str, tuple[str, str]] = {
    Kind.APPROVED: ("check", "done"),
    Kind.RETURNED: ("arrow-left", "due"),
    Kind.TAKEN: ("take", "hand"),
    Kind.ASSIGNED: ("user-check", "hand"),
    Kind.PASSED_ON: ("transfer", "hand"),
    Kind.EXTENSION_ASKED: ("calendar", "due"),
    Kind.EXTENSION_GRANTED: ("check", "done"),
    Kind.EXTENSION_REFUSED: ("x", "late"),
    Kind.PAUSED: ("pause", "wait"),
    Kind.RESUMED: ("play", "hand"),
    Kind.SEVERITY_ASKED: ("flag", "due"),
    Kind.SEVERITY_CHANGED: ("flag", "hand"),
    Kind.SEVERITY_KEPT: ("flag", "wait"),
    Kind.COPIED: ("copy", "wait"),
    Kind.SHARED: ("eye", "wait"),
    Kind.URGED: ("bell-ring", "late"),
    Kind.REMINDED: ("bell-ring", "due"),
    Kind.REPORTED: ("escalate", "late"),
    Kind.HELD: ("pause", "wait"),
    Kind.ADVANCED: ("escalate", "due"),
    Kind.ESCALATED: ("escalate", "late"),
    Kind.DUE_REMINDER: ("bell-ring", "due"),
    Kind.MISSED: ("clock-late", "late"),
    Kind.RECOUNTED: ("calendar-cog", "wait"),
    Kind.CONFIRMED: ("star", "done"),
    Kind.REOPENED: ("reopen", "due"),
    Kind.WITHDRAWN: ("minus", "wait"),
    Kind.MERGED: ("merge", "wait"),
    Kind.CLOSED: ("check", "done"),
}
# said by the responsible side, and yet no formal reply (rule 5)
NO_REPLY = frozenset({Kind.QUESTION, Kind.NOTE, Kind.URGE_ANSWERED, Kind.TAKEN})


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size: int
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as parts/_entry.html wants it."""

    at: datetime
    who: str = ""
    unit: str = ""
    hq: bool = False
    did: str = ""
    text: str = ""
    formal: str = ""
    note: bool = False
    chip: dict[str, str] | None = None
    icon: str = ""
    tone: str = ""
    files: list[File] = field(default_factory=list)
    round: str = ""
    anchor: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`first` and `last` are shown, `folded` (the middle of a very long one) opens on request."""

    first: list[Line]
    folded: list[Line]
    last: list[Line]
    count: int


@dataclass(frozen=True, slots=True)
class Reader:
    """What names may be shown: `hides` is the id of a protected filer, None when the reader may know him."""

    hides: int | None
    ticket: Ticket
    names: Mapping[int, str] = field(default_factory=dict)
    """Persons named in the data of entries, by id."""
    units: Mapping[int, str] = field(default_factory=dict)

    def name_of(self, person_id: int | None, name: str) -> str:
        return _("Name withheld") if person_id and person_id == self.hides else name


def timeline(entries: Sequence[Entry], files: Mapping[int, list[File]], reader: Reader) -> Timeline:
    """All lines with a rule across wherever a new round begins; the middle folded when there are very many."""
    lines: list[Line] = []
    current = 1
    for entry in entries:
        if entry.round != current:
            current = entry.round
            lines.append(Line(at=entry.at, round=_("Round %(number)d") % {"number": current}))
        lines.append(line(entry, files.get(entry.pk, []), reader))
    if len(lines) <= FOLD_OVER:
        return Timeline(lines, [], [], len(lines))
    return Timeline(lines[:KEEP_FIRST], lines[KEEP_FIRST:-KEEP_LAST], lines[-KEEP_LAST:], len(lines))


FILE_COLUMNS = {"file_id": F("files__file"), "file_name": F("files__file__name"), "file_size": F("files__file__size")}


def with_files(entries: QuerySet[Entry]) -> tuple[list[Entry], dict[int, list[File]]]:
    """The entries, oldest first, and the files of each: one query, an entry with three files being three of its rows."""
    found: dict[int, Entry] = {}
    files: dict[int, list[File]] = {}
    rows: Any = entries.select_related("by", "unit").annotate(**FILE_COLUMNS).order_by("at", "id", "files__id")
    for row in rows:
        found.setdefault(row.pk, row)
        if row.file_id:
            url = f"/tickets/{row.ticket_id}/files/{row.file_id}/"
            files.setdefault(row.pk, []).append(File(row.file_name, row.file_size, url))
    return list(found.values()), files


def line(entry: Entry, files: list[File], reader: Reader) -> Line:
    icon, tone = MARKS.get(entry.kind, ("", ""))
    if entry.by is None and not icon:
        icon, tone = "robot", "wait"
    return Line(
        at=entry.at,
        who=reader.name_of(entry.by_id, entry.by.name) if entry.by else _("The system"),
        unit=entry.unit.name if entry.unit else "",
        hq=entry.unit is not None and entry.unit.kind == Unit.Kind.HQ,
        did=deed(entry, reader),
        text=entry.text or (reader.ticket.body if entry.kind == Kind.FILED else ""),
        formal=_formal(entry),
        note=entry.kind == Kind.NOTE or entry.side != Entry.Side.ALL,
        chip=_chip(entry),
        icon=icon,
        tone=tone,
        files=files,
        anchor=f"entry-{entry.pk}",
    )


def _formal(entry: Entry) -> str:
    if entry.kind == Kind.RESOLUTION:
        return _("Formal reply · resolved")
    if entry.kind == Kind.PLAN:
        return _("Formal reply · promised for %(day)s") % {"day": _day(entry.data)}
    return ""


def _chip(entry: Entry) -> dict[str, str] | None:
    if entry.side == Entry.Side.RESPONSIBLE:
        return {"tone": "plain", "label": _("Only for the responsible side")}
    if entry.side != Entry.Side.ALL:
        return {"tone": "plain", "label": str(Entry.Side(entry.side).label)}
    if entry.kind in NO_REPLY and entry.kind != Kind.TAKEN:
        return {"tone": "plain", "label": _("Does not count as a reply")}
    if entry.data.get("late"):
        return {"tone": "late", "label": _("Late")}
    return None


# ── what was done, in words ─────────────────────────────────────────────────────────────────────


def deed(entry: Entry, reader: Reader) -> str:
    """The words after the name: 提出, 领取, 转交研究所 …"""
    say = DEEDS.get(entry.kind)
    return say(entry.data, reader) if say else str(Entry.Kind(entry.kind).label)


Deed = Callable[[Mapping[str, Any], Reader], str]


def _day(data: Mapping[str, Any], *keys: str) -> str:
    for key in keys or ("day", "new_day", "to_day"):
        if data.get(key):
            return wording.full_day(date.fromisoformat(str(data[key])[:10]))
    return ""


def _moment(data: Mapping[str, Any], *keys: str) -> str:
    for key in keys:
        if data.get(key):
            moment = datetime.fromisoformat(str(data[key]))
            day, time = wording.due_day(moment)
            return _("%(day)s %(time)s") % {"day": wording.full_day(day), "time": time}
    return ""


def _unit(data: Mapping[str, Any], reader: Reader, *keys: str) -> str:
    for key in keys or ("unit", "to"):
        value = data.get(f"{key}_name") or data.get(key)
        if isinstance(value, int):
            return reader.units.get(value, "")
        if value:
            return str(value)
    return ""


def _people(data: Mapping[str, Any], reader: Reader, *keys: str) -> str:
    for key in keys or ("people", "users", "user", "told"):
        value = data.get(key)
        ids = value if isinstance(value, list) else [value] if value else []
        names = [reader.name_of(one, reader.names.get(one, "")) if isinstance(one, int) else str(one) for one in ids]
        if any(names):
            return _(", ").join(name for name in names if name)
    return ""


def _filed(data: Mapping[str, Any], reader: Reader) -> str:
    ticket = reader.ticket
    if ticket.entered_by_id:
        return _("entered it for %(unit)s (%(means)s)") % {
            "unit": ticket.asker.name,
            "means": ticket.get_means_display(),
        }
    return _("filed it")


def _approved(data: Mapping[str, Any], reader: Reader) -> str:
    return _("approved it; sent to %(unit)s") % {"unit": _unit(data, reader) or reader.ticket.responsible.name}


def _passed_on(data: Mapping[str, Any], reader: Reader) -> str:
    return _("passed it on to %(unit)s") % {"unit": _unit(data, reader, "to", "unit")}


def _assigned(data: Mapping[str, Any], reader: Reader) -> str:
    return _("assigned it to %(people)s") % {"people": _people(data, reader, "to", "assignee", "user", "people")}


def _severity_changed(data: Mapping[str, Any], reader: Reader) -> str:
    names = {
        "severity": Severity(data["to"]).label if data.get("to") in Severity.values else "",
        "due": _moment(data, "due", "due_at"),
    }
    if names["due"]:
        return _("changed it to %(severity)s; now due %(due)s") % names
    return _("changed it to %(severity)s") % names


def _severity_asked(data: Mapping[str, Any], reader: Reader) -> str:
    return _("asks to change it to %(severity)s") % {
        "severity": Severity(data["to"]).label if data.get("to") in Severity.values else ""
    }


def _escalated(data: Mapping[str, Any], reader: Reader) -> str:
    names = {"level": wording.numeral(data.get("level", 0)), "people": _people(data, reader)}
    if names["people"]:
        return _("Level %(level)s: told %(people)s") % names
    return _("Level %(level)s reached") % names


def _due_reminder(data: Mapping[str, Any], reader: Reader) -> str:
    people = _people(data, reader)
    return _("reminded %(people)s of the due day") % {"people": people} if people else _("reminder of the due day")


def _missed(data: Mapping[str, Any], reader: Reader) -> str:
    from_kind = {
        "reply": _("Time limit for the formal reply missed"),
        "promise": _("Promised day missed"),
        "replan": _("Time limit for the new plan missed"),
        "confirm": _("Time limit for the confirmation missed"),
        "urge_answer": _("Time limit for the answer to the urging missed"),
    }
    return from_kind.get(str(data.get("kind") or data.get("obligation_kind") or "reply"), from_kind["reply"])


def _confirmed(data: Mapping[str, Any], reader: Reader) -> str:
    answer, speed = data.get("answer"), data.get("speed")
    if answer and speed:
        return _("confirmed: answer %(answer)s of 5, speed %(speed)s of 5") % {"answer": answer, "speed": speed}
    return _("confirmed it")


def _closed(data: Mapping[str, Any], reader: Reader) -> str:
    if reader.ticket.ending == Ticket.Ending.SILENT:
        return _("closed by default: the asker did not answer; unrated")
    return _("closed it")


def _extension(words: Callable[[], str]) -> Deed:
    return lambda data, reader: words() % {"day": _day(data)}


def _recounted(data: Mapping[str, Any], reader: Reader) -> str:
    return _("The calendar changed; now due %(due)s") % {"due": _moment(data, "due", "due_at", "to", "new")}


DEEDS: Mapping[str, Deed] = {
    Kind.FILED: _filed,
    Kind.APPROVED: _approved,
    Kind.RETURNED: lambda data, reader: _("returned it"),
    Kind.RESENT: lambda data, reader: _("corrected it and sent it again"),
    Kind.TAKEN: lambda data, reader: _("took it"),
    Kind.ASSIGNED: _assigned,
    Kind.PASSED_ON: _passed_on,
    Kind.QUESTION: lambda data, reader: _("asks back"),
    Kind.ANSWER: lambda data, reader: _("answered the question"),
    Kind.NOTE: lambda data, reader: _("noted"),
    Kind.RESOLUTION: lambda data, reader: _("replied"),
    Kind.PLAN: lambda data, reader: _("replied"),
    Kind.EXTENSION_ASKED: _extension(lambda: _("asks to move the promised day to %(day)s")),
    Kind.EXTENSION_GRANTED: _extension(lambda: _("granted %(day)s as the new day")),
    Kind.EXTENSION_REFUSED: lambda data, reader: _("refused to move the promised day"),
    Kind.LONG_PLAN_ASKED: _extension(lambda: _("asks for a day far ahead: %(day)s")),
    Kind.PAUSED: lambda data, reader: _("paused the promise until the question is answered"),
    Kind.RESUMED: lambda data, reader: (
        _("The promise goes on; now due %(due)s") % {"due": _moment(data, "due", "due_at")}
    ),
    Kind.SEVERITY_ASKED: _severity_asked,
    Kind.SEVERITY_CHANGED: _severity_changed,
    Kind.SEVERITY_KEPT: lambda data, reader: _("kept the severity"),
    Kind.ASSIST_ASKED: lambda data, reader: _("asked %(unit)s to assist") % {"unit": _unit(data, reader)},
    Kind.ASSIST_DONE: lambda data, reader: _("delivered the assistance"),
    Kind.COPIED: lambda data, reader: _("copied it to the supervising department"),
    Kind.SHARED: lambda data, reader: (
        _("shared it with %(people)s") % {"people": _people(data, reader, "to", "user", "people")}
    ),
    Kind.URGED: lambda data, reader: _("urged the responsible unit"),
    Kind.REMINDED: lambda data, reader: _("sent a reminder"),
    Kind.URGE_ANSWERED: lambda data, reader: _("answered the urging"),
    Kind.REPORTED: lambda data, reader: (
        _("reported it to the superior: %(people)s") % {"people": _people(data, reader, "to", "told")}
    ),
    Kind.HELD: lambda data, reader: _("holds the escalation back"),
    Kind.ADVANCED: lambda data, reader: _("brought the escalation forward"),
    Kind.ESCALATED: _escalated,
    Kind.DUE_REMINDER: _due_reminder,
    Kind.MISSED: _missed,
    Kind.RECOUNTED: _recounted,
    Kind.CONFIRMED: _confirmed,
    Kind.REOPENED: lambda data, reader: _("reopened it"),
    Kind.WITHDRAWN: lambda data, reader: _("withdrew it"),
    Kind.MERGED: lambda data, reader: _("merged it with another ticket"),
    Kind.CLOSED: _closed,
}
