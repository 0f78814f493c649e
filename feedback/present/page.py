"""The ticket page in a fixed number of queries: head, clock, timeline, dates promised and kept, people, what is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, DateField, DateTimeField, F, QuerySet, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from channelportal.core import calendar as calendars
from channelportal.lib import wording
from channelportal.lib.workdays import WorkCalendar, local_date
from feedback import deadlines, in_force, rights
from feedback.models import (
    Assist,
    Entry,
    Extension,
    LongPlan,
    Obligation,
    Question,
    SeverityRequest,
    Share,
    Ticket,
)
from feedback.present.after import Coming, coming
from feedback.present.strip import Clock, clock_of, what_is_owed
from feedback.present.timeline import Reader, Timeline, timeline, with_files

RELATED = (
    "kind", "asker", "asker__manager", "responsible", "filed_by", "entered_by", "approved_by", "assignee", "accused",
    "complained_unit", "about", "merged_into",
)  # fmt: skip
# which of several running obligations the large clock shows
URGENT_FIRST = {"reply": 0, "replan": 1, "promise": 2, "urge_answer": 3, "confirm": 4}


@dataclass(frozen=True, slots=True)
class Duty:
    """One row of 承诺与兑现."""

    what: str
    unit: str
    due_at: datetime
    tone: str
    state: str
    detail: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Open:
    """Something that hangs on the ticket: an open request, an assisting unit, a watcher."""

    what: str
    pk: int
    name: str
    text: str
    at: datetime
    moment: datetime | None
    done: datetime | None
    day: date | None
    by: int | None
    """Who asked; of an assisting unit its own id, of a share the person's."""
    state: str


@dataclass(frozen=True, slots=True)
class TicketPage:
    ticket: Ticket
    chips: list[tuple[str, str]]
    asker_line: str
    asker_hq: bool
    responsible_hq: bool
    responsible_line: str
    clock: Clock | None
    summary: Summary
    coming: list[Coming]
    timeline: Timeline
    duties: list[Duty]
    open: dict[str, list[Open]]
    facts: rights.Waiting
    files: list[Any]
    filer: str
    waited: int
    would_be_due: datetime | None
    """Of a ticket that waits for approval: when the reply would be due, approved today."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Where it stands, in a sentence: shown where no clock runs, and above the folded actions."""

    icon: str
    tone: str
    title: str
    text: str


def of(ticket: Ticket, user: User, now: datetime) -> TicketPage:
    """Everything that the page shows of a ticket that this person may see."""
    calendar = calendars.current(unit_id=ticket.responsible_id)
    sides = rights.sides_seen(ticket, user)
    entries, files = with_files(ticket.entries.filter(side__in=sides))
    duties = list(ticket.obligations.select_related("unit").order_by("created_at", "id"))
    open_now = _open(ticket)
    filer_shown = rights.asker_shown_to(ticket, user)
    hides = None if filer_shown else ticket.filed_by_id
    units = {pk: unit.name for pk, unit in in_force.units().by_id.items()}
    reader = Reader(hides=hides, ticket=ticket, names=_named(entries), units=units)
    current = _current(duties, ticket)
    paused = bool(current and current.kind == Obligation.Kind.PROMISE and _pauses(open_now))
    lines = timeline(entries, files, reader)
    return TicketPage(
        ticket=ticket,
        chips=_chips(ticket),
        asker_line=_asker_line(ticket),
        asker_hq=not ticket.asker.is_channel,
        responsible_hq=not ticket.responsible.is_channel,
        responsible_line=_responsible_line(ticket),
        clock=clock_of(current, ticket, calendar, now, paused=paused) if current else None,
        summary=summary(ticket, current, now),
        coming=coming(current, ticket, calendar, now, hides=hides, named=_shown_to(open_now)) if current else [],
        timeline=lines,
        duties=[_duty(one, calendar, now) for one in duties],
        open=_readable(open_now, sides, reader),
        facts=_facts(user, duties, open_now, entries),
        files=[one for entry in entries for one in files.get(entry.pk, [])],
        filer=_filer(ticket, filer_shown),
        waited=_waited(ticket, calendar, now),
        would_be_due=_would_be_due(ticket, calendar, now),
    )


def _current(duties: Iterable[Obligation], ticket: Ticket) -> Obligation | None:
    """What the clock is about: the most pressing of what runs."""
    running = [one for one in duties if one.running and one.round == ticket.round]
    return min(running, key=lambda one: (URGENT_FIRST[one.kind], one.due_at), default=None)


def _shown_to(open_now: dict[str, list[Open]]) -> frozenset[int]:
    return frozenset(one.by for one in open_now["share"] if one.by)


def _pauses(open_now: dict[str, list[Open]]) -> bool:
    return any(one.done for one in open_now["question"])


def _named(entries: Iterable[Entry]) -> dict[int, str]:
    """Names of the persons whom entries carry as numbers: one query, none when there are none."""
    people: set[int] = set()
    for entry in entries:
        keys = PEOPLE_KEYS | {"to"} if entry.kind in NAMES_TO else PEOPLE_KEYS
        for key in keys & entry.data.keys():
            value = entry.data[key]
            people |= {one for one in (value if isinstance(value, list) else [value]) if isinstance(one, int)}
    return dict(User.objects.filter(pk__in=people).values_list("pk", "name")) if people else {}


NAMES_TO = frozenset({Entry.Kind.ASSIGNED, Entry.Kind.SHARED, Entry.Kind.REPORTED})  # their "to" is a person
PEOPLE_KEYS = frozenset({"people", "users", "user", "told", "assignee"})


# ── the open things, in one query ───────────────────────────────────────────────────────────────


def _open(ticket: Ticket) -> dict[str, list[Open]]:
    """Requests, the open question, assisting units, watchers: six small tables as one UNION."""
    asked = ("asked", "head_agreed")
    extensions = Extension.objects.filter(obligation__ticket=ticket, state="asked")
    plans = LongPlan.objects.filter(ticket=ticket, state__in=asked)
    severities = SeverityRequest.objects.filter(ticket=ticket, state="asked")
    questions = Question.objects.filter(ticket=ticket, answered_at=None)
    assists = Assist.objects.filter(ticket=ticket)
    shares = Share.objects.filter(ticket=ticket)
    by = {"name": "asked_by__name", "at": "asked_at", "by": "asked_by", "state": "state"}
    rows = _columns(
        assists, "assist", name="unit__name", text="task", at="asked_at", moment="due_at", done="done_at", by="unit"
    ).union(
        _columns(extensions, "extension", text="reason", day="new_day", **by),
        _columns(plans, "long_plan", text="text", day="day", **by),
        _columns(severities, "severity", text="reason", **by),
        _columns(
            questions, "question", name="entry__by__name", text="entry__text", at="asked_at", done="paused__created_at"
        ),
        _columns(shares, "share", name="user__name", text="user__unit__name", at="at", by="user"),
        all=True,
    )
    found: dict[str, list[Open]] = {
        what: [] for what in ("assist", "extension", "long_plan", "severity", "question", "share")
    }
    for row in rows:
        found[row[0]].append(Open(*row))
    return found


def _readable(open_now: dict[str, list[Open]], sides: list[str], reader: Reader) -> dict[str, list[Open]]:
    """What is said inside the responsible side (an assistant's task, a plan that waits) and a protected filer's name are taken
    out for whom they are not meant."""
    inside = Entry.Side.RESPONSIBLE in sides

    def shown(one: Open) -> Open:
        if one.what in {"assist", "long_plan"} and not inside:
            return replace(one, text="")
        asked = one.what in {"extension", "long_plan", "severity"}
        return replace(one, name=reader.name_of(one.by, one.name)) if asked else one

    return {what: [shown(one) for one in rows] for what, rows in open_now.items()}


def _columns(queryset: QuerySet[Any], what: str, *, name: str, text: str, at: str, **more: str) -> Any:
    empty: dict[str, Any] = {
        "moment": DateTimeField(),
        "done": DateTimeField(),
        "day": DateField(),
        "by": BigIntegerField(),
        "state": CharField(),
    }
    rest = {f"c_{key}": F(more[key]) if key in more else Value(None, field) for key, field in empty.items()}
    columns = {"c_what": Value(what, CharField()), "c_pk": F("pk"), "c_name": F(name), "c_text": F(text), "c_at": F(at)}
    return queryset.annotate(**columns, **rest).values_list(*columns, *rest)


def _facts(
    user: User, duties: Iterable[Obligation], open_now: dict[str, list[Open]], entries: Iterable[Entry]
) -> rights.Waiting:
    """What `rights.waiting` would ask the database, out of what the page has read anyway (a test holds them together)."""
    running = [duty for duty in duties if duty.running]
    reply = next((duty for duty in running if duty.kind == Obligation.Kind.REPLY), None)
    promise = next((duty for duty in running if duty.kind == Obligation.Kind.PROMISE and not duty.missed_at), None)
    plan = next(iter(open_now["long_plan"]), None)
    return rights.Waiting(
        reply_due=reply.due_at if reply else None,
        promise_due=promise.due_at if promise else None,
        promise_extended=promise.extended if promise else 0,
        urged=any(duty.kind == Obligation.Kind.URGE_ANSWER for duty in running),
        extension_by=next((one.by for one in open_now["extension"]), None),
        long_plan=plan.state if plan else "",
        long_plan_by=plan.by if plan else None,
        severity_by=next((one.by for one in open_now["severity"]), None),
        assist=any(one.by == user.unit_id and not one.done for one in open_now["assist"]),
        reminded_at=max((one.at for one in entries if one.kind == Entry.Kind.REMINDED), default=None),
        held=any(duty.held for duty in running),
    )


# ── the head ────────────────────────────────────────────────────────────────────────────────────


def _chips(ticket: Ticket) -> list[tuple[str, str]]:
    """Kind, severity and whatever is special, as (tone, words); the state has its own tag."""
    chips = [("plain", ticket.kind.name)]
    if ticket.severity == "major":
        chips.append(("late no-dot", ticket.get_severity_display()))
    if ticket.level:
        chips.append(("late", _("Escalated to level %(level)s") % {"level": wording.numeral(ticket.level)}))
    if ticket.question_open:
        chips.append(("due", _("Waiting for the asker")))
    marks = [
        (ticket.copied, _("Copied to the supervising department")),
        (ticket.restricted, _("Kept to named people")),
        (ticket.shielded, _("Name protected")),
        (bool(ticket.ending), ticket.get_ending_display()),
    ]
    return chips + [("plain", words) for shown, words in marks if shown]


def _asker_line(ticket: Ticket) -> str:
    unit = ticket.asker
    manager = _("managed by %(unit)s") % {"unit": unit.manager.name} if unit.manager else ""
    return " · ".join(part for part in (unit.region, str(unit.get_kind_display()), manager) if part)


def _responsible_line(ticket: Ticket) -> str:
    if ticket.assignee:
        return _("%(name)s is working on it") % {"name": ticket.assignee.name}
    waits = ticket.state == Ticket.State.OPEN  # once it was answered, nobody asks any more who takes it
    return _("Nobody has taken it yet") if waits else str(ticket.responsible.get_kind_display())


def _filer(ticket: Ticket, shown: bool) -> str:
    if not shown:
        return _("Name withheld")
    return ticket.asker_name or ticket.filed_by.name


def _waited(ticket: Ticket, calendar: WorkCalendar, now: datetime) -> int:
    """Working days that the asker has waited, from the first day; passing on never resets it (rule 9)."""
    since = ticket.reached_at or ticket.created_at
    return max(0, calendar.between(local_date(since), local_date(ticket.ended_at or now)))


def _would_be_due(ticket: Ticket, calendar: WorkCalendar, now: datetime) -> datetime | None:
    if ticket.state != Ticket.State.PENDING:
        return None
    return deadlines.reply_due(in_force.policy(), calendar, local_date(now), ticket.severity).at


# ── where it stands ─────────────────────────────────────────────────────────────────────────────


def summary(ticket: Ticket, current: Obligation | None, now: datetime) -> Summary:
    names = {
        "unit": ticket.responsible.name,
        "asker": ticket.asker.name,
        "by": wording.by(current.due_at, now) if current else "",
        "number": ticket.merged_into.number if ticket.merged_into else "",
        "what": what_is_owed(current.kind) if current else _("formal reply"),
    }
    state = Ticket.State(ticket.state)
    if state in QUIET:
        icon, tone, title, sentence = QUIET[state]
        return Summary(icon, tone, str(title), str(sentence) % names)
    if state == Ticket.State.CLOSED:
        return Summary("check", "done", _("The loop is closed"), _closing(ticket, now))
    if state == Ticket.State.RESOLVED:
        text = _("%(asker)s confirms and rates, or reopens, %(by)s; silence closes it.")
        return Summary("user-check", "hand", _("Waiting for %(asker)s") % names, text % names)
    if ticket.question_open:
        text = _("%(unit)s has asked a question. The reply clock goes on.")
        return Summary("question", "due", _("Waiting for %(asker)s") % names, text % names)
    promised = current is not None and current.kind == Obligation.Kind.PROMISE
    text = _("%(unit)s has promised to resolve it %(by)s.") if promised else _("%(unit)s owes: %(what)s, %(by)s.")
    if current is not None and current.due_at < now:
        text = _("%(unit)s owed: %(what)s, %(by)s, and is late.")
        return Summary("alert", "late", _("%(unit)s is late") % names, text % names)
    return Summary("wait", "hand", _("Waiting for %(unit)s") % names, text % names)


# states in which nobody's clock runs: icon, colour, title, sentence
QUIET = {
    Ticket.State.PENDING: (
        "wait",
        "wait",
        gettext_lazy("Waiting for the head's approval"),
        gettext_lazy("The time limit of %(unit)s starts once the head of %(asker)s has approved it."),
    ),
    Ticket.State.RETURNED: (
        "arrow-left",
        "due",
        gettext_lazy("Returned to the filer"),
        gettext_lazy("It can be corrected and sent again; nothing is owed until then."),
    ),
    Ticket.State.WITHDRAWN: (
        "minus",
        "wait",
        gettext_lazy("Withdrawn by the asker"),
        gettext_lazy("Nothing is owed any more."),
    ),
    Ticket.State.MERGED: ("merge", "wait", gettext_lazy("Merged"), gettext_lazy("It goes on as %(number)s.")),
}


def _closing(ticket: Ticket, now: datetime) -> str:
    when = wording.when(ticket.ended_at, now) if ticket.ended_at else ""
    if ticket.rating_answer:
        return _("Confirmed %(when)s; the answer was rated %(answer)s, the speed %(speed)s of 5.") % {
            "when": when, "answer": ticket.rating_answer, "speed": ticket.rating_speed,
        }  # fmt: skip
    return _("%(ending)s, %(when)s") % {"ending": ticket.get_ending_display(), "when": when}


# ── dates promised and kept ─────────────────────────────────────────────────────────────────────


def _duty(obligation: Obligation, calendar: WorkCalendar, now: datetime) -> Duty:
    tone, state, detail = _fate(obligation, calendar, now)
    return Duty(
        str(obligation.get_kind_display()),
        obligation.unit.name,
        obligation.due_at,
        tone,
        state,
        detail,
        obligation.provisional,
    )


def _fate(obligation: Obligation, calendar: WorkCalendar, now: datetime) -> tuple[str, str, str]:
    """Colour, word, and what more is to say: met, missed, both, voided or running."""
    late = max(0, calendar.between(local_date(obligation.due_at), local_date(obligation.met_at or now)))
    if obligation.voided_at:
        return "wait", _("Voided"), obligation.void_reason and void_reason(obligation.void_reason)
    if obligation.met_at and (obligation.missed_at or obligation.met_at > obligation.due_at):
        return "late", _("Met late"), _late_by(late, wording.when(obligation.met_at, now))
    if obligation.met_at:
        return "done", _("Kept"), wording.when(obligation.met_at, now)
    if now > obligation.due_at:
        return "late", _("Missed"), _late_by(late, "")
    return str(wording.tone(obligation.due_at, now)), _("Running"), wording.left(obligation.due_at, now)


def _late_by(days: int, when: str) -> str:
    words = _("%(days)s late") % {"days": wording.working_days(days)} if days else _("late on the same day")
    return f"{when} · {words}" if when else words


def void_reason(code: str) -> str:
    """withdrawn, passed_on … in words; a code that has none is shown as it is."""
    return {
        "withdrawn": _("withdrawn"),
        "passed_on": _("passed on"),
        "merged": _("merged"),
        "superseded": _("superseded"),
        "reopened": _("reopened"),
        "closed": _("closed"),
    }.get(code, code)
