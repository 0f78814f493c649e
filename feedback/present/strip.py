"""The large clock and 为什么是这一天?: an obligation as `{% clock %}` and `{% daystrip %}` want it. No query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from channelportal.lib import wording
from channelportal.lib.workdays import Day, Explained, Reason, WorkCalendar, local_date
from feedback.models import Obligation, Severity, Ticket

LONGEST_STRIP = 70  # days; beyond, the sentence alone says it


@dataclass(frozen=True, slots=True)
class Explanation:
    """The days on the way, the rule in a sentence, and the word under the first day."""

    days: tuple[Explained, ...]
    sentence: str
    start: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """The argument of `{% clock %}`."""

    what: str
    due_at: datetime
    started_at: datetime | None
    met_at: datetime | None = None
    paused: bool = False
    late_days: int | None = None
    left_days: int | None = None
    provisional: bool = False
    note: str = ""
    explanation: Explanation | None = None
    open: bool = True


def clock_of(
    obligation: Obligation, ticket: Ticket, calendar: WorkCalendar, now: datetime, *, paused: bool = False
) -> Clock:
    """The clock of one obligation that still runs."""
    today, due_day = local_date(now), wording.due_day(obligation.due_at)[0]
    late = now > obligation.due_at
    return Clock(
        what=what_is_owed(obligation.kind),
        due_at=obligation.due_at,
        started_at=obligation.created_at,
        paused=paused,
        late_days=max(0, calendar.between(due_day, today)) if late else None,
        left_days=None if late else max(0, calendar.between(today, due_day)),
        provisional=obligation.provisional,
        note=_note(obligation, paused),
        explanation=explain(obligation, ticket, calendar),
    )


def what_is_owed(kind: str) -> str:
    """What must be there by the due moment, as the clock says it."""
    return {
        "reply": _("formal reply"),
        "promise": _("what was promised"),
        "replan": _("new plan"),
        "confirm": _("confirmation by the asker"),
        "urge_answer": _("answer to the urging"),
    }[kind]


def explain(obligation: Obligation, ticket: Ticket, calendar: WorkCalendar) -> Explanation | None:
    """The days from the anchor to the due day, each with its reason; None where the way is too long to draw."""
    start, end = obligation.anchor, wording.due_day(obligation.due_at)[0]
    if not 0 <= (end - start).days <= LONGEST_STRIP:
        return None
    days = calendar.explain_until(start, end)
    return Explanation(days, " ".join([_rule_words(obligation, ticket), *_specials(days)]), _start(obligation, ticket))


def preview(days: tuple[Explained, ...], severity: str) -> Explanation:
    """The same for a ticket that is still being written."""
    count = max((day.ordinal or 0 for day in days), default=0)
    return Explanation(days, " ".join([_reply_rule(severity, count), *_specials(days)]))


def _start(obligation: Obligation, ticket: Ticket) -> str:
    """The word under the first day of the strip: what happened on it."""
    if obligation.kind == Obligation.Kind.REPLY and obligation.round > 1:
        return pgettext("day strip", "reopened")
    if obligation.kind == Obligation.Kind.REPLY and ticket.passed_on:
        return pgettext("day strip", "passed on")
    if obligation.kind == Obligation.Kind.REPLY:
        return (
            pgettext("day strip", "reached")
            if ticket.approved_by_id or ticket.entered_by_id
            else pgettext("day strip", "filed")
        )
    return {
        "promise": pgettext("day strip", "promised"),
        "replan": pgettext("day strip", "missed"),
        "confirm": pgettext("day strip", "resolved"),
        "urge_answer": pgettext("day strip", "urged"),
    }[obligation.kind]


def reason_of(day: Day) -> str:
    """国庆节, 调休上班（国庆节）, 周末 …"""
    label = day.reason.label
    if day.name and day.reason == Reason.MAKEUP:
        label = _("%(label)s (%(name)s)") % {"label": label, "name": day.name}
    elif day.name:
        label = day.name
    return _("%(label)s, estimated") % {"label": label} if day.provisional and day.name else label


def _rule_words(obligation: Obligation, ticket: Ticket) -> str:
    if obligation.late_entry:
        return _("Entered later: the time limit had passed already, so it is due on the next working day.")
    if obligation.kind == Obligation.Kind.REPLY:
        return _reply_rule(ticket.severity, obligation.days)
    return {
        "promise": _("The day that the responsible unit promised; it ends at the close of business."),
        "replan": _("The promised day has passed without a resolution: a new plan is owed within one working day."),
        "confirm": ngettext(
            "The asker confirms within %(count)d working day; silence closes the ticket by default.",
            "The asker confirms within %(count)d working days; silence closes the ticket by default.",
            obligation.days,
        )
        % {"count": obligation.days},
        "urge_answer": _("An urging is answered by the close of the next working day."),
    }[obligation.kind]


def _reply_rule(severity: str, count: int) -> str:
    if severity == Severity.MAJOR:
        return ngettext(
            "Major matter: working day %(count)d after the day it reached the responsible unit.",
            "Major matter: working day %(count)d after the day it reached the responsible unit.",
            count,
        ) % {"count": count}
    return ngettext(
        "Normal matter: working day %(count)d after the day it reached the responsible unit.",
        "Normal matter: working day %(count)d after the day it reached the responsible unit.",
        count,
    ) % {"count": count}


def _specials(days: tuple[Explained, ...]) -> Iterator[str]:
    """What is not Monday to Friday on the way, said once for each reason."""
    makeup = [day for day in days if day.reason == Reason.MAKEUP and day.ordinal]
    for day in makeup[:2]:
        names = {"day": wording.plain_day(day.date), "paper": day.paper}
        if day.paper:
            yield _("%(day)s is a make-up working day (%(paper)s).") % names
        else:
            yield _("%(day)s is a make-up working day.") % names
    off = list(dict.fromkeys(day.name for day in days if not day.working and day.name and day.ordinal is None))
    if off:
        yield _("%(names)s: days off do not count.") % {"names": _(", ").join(off)}


def _note(obligation: Obligation, paused: bool) -> str:
    if paused:
        return _("The promise is paused while the question to the asker is open.")
    if obligation.missed_at:
        return _("Missed; it stays on record, and the duty stays until it is met.")
    if obligation.extended:
        return _("Moved once; first promised for %(day)s.") % {
            "day": wording.full_day(local_date(obligation.first_due_at))
        }
    return ""
