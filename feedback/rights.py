"""Who may do what on a ticket: role, unit and relation to it; and what is possible now.

refusal(verb, ticket, user)          why not, as a sentence; None: he may
require(verb, ticket, user)          raises accounts.access.Refused(reason)
possible(ticket, user, at)           verbs that are possible now, for the ticket page (one query)
todo(ticket, user, at)               the one that is due from the reader
asker_shown_to(ticket, user)         may he know who filed it? (002B 13)
name_shown(entry, viewer)            whose name stands beside an entry of the timeline
sides_seen(ticket, user)             which entries he sees
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Refused, scope
from accounts.models import User
from accounts.roles import AS_ASSIGNEE, AS_FILER
from channelportal.core import calendar, clock
from feedback import deadlines, in_force
from feedback.models import Assist, Entry, Extension, LongPlan, Obligation, SeverityRequest, Share, Ticket
from feedback.moves import MOVES, OPEN


@dataclass
class Relation:
    """A person and a ticket: on which side he stands, and what his role lets him do there."""

    ticket: Ticket
    user: User

    @cached_property
    def may_see_it(self) -> bool:
        """Of a ticket kept to named people: is he one of them?"""
        ticket, user = self.ticket, self.user
        if (
            not ticket.restricted
            or user.pk in (ticket.filed_by_id, ticket.assignee_id)
            or scope(user).heads_supervisors
        ):
            return True
        return Share.objects.filter(ticket=ticket, user=user).exists()

    @property
    def filed(self) -> bool:
        """He filed it himself; who entered it for someone did not."""
        return self.user.pk == self.ticket.filed_by_id and self.ticket.entered_by_id is None

    @property
    def at_asker(self) -> bool:
        return self.user.unit_id == self.ticket.asker_id

    @property
    def at_responsible(self) -> bool:
        return self.user.unit_id == self.ticket.responsible_id

    @property
    def supervises(self) -> bool:
        return scope(self.user).supervises

    @cached_property
    def assists(self) -> bool:
        """His unit was asked to assist and has not delivered."""
        return bool(self.user.unit_id) and Assist.objects.filter(
            ticket=self.ticket, unit=self.user.unit_id, done_at=None
        ).exists()  # fmt: skip

    def answers(self, verb: str) -> bool:
        """For the responsible unit: by role there, or because it was assigned to him."""
        if verb in AS_ASSIGNEE and self.user.pk == self.ticket.assignee_id and self.at_responsible:
            return True
        return self.at_responsible and verb in scope(self.user).own_verbs

    def concludes(self) -> bool:
        """For the asking unit: by role there, or because he filed it."""
        if self.filed and "ticket.conclude" in AS_FILER and self.at_asker:
            return True
        return self.at_asker and "ticket.conclude" in scope(self.user).own_verbs

    def oversees(self, verb: str) -> bool:
        return self.supervises and scope(self.user).may(verb, self.ticket.responsible_id)

    def approves(self) -> bool:
        """The head of the filer's unit, or who acts for him; of a head's own, another head or deputy (000 5.10). Where the
        unit has nobody else, the superior who was asked (he has it as a share)."""
        ticket, user = self.ticket, self.user
        if user.pk in (ticket.filed_by_id, ticket.accused_id):
            return False
        if self.at_asker:
            filer_leads = ticket.filed_by.leads
            return scope(user).acts_as_head or (filer_leads and user.leads)
        return scope(user).acts_as_head and Share.objects.filter(ticket=ticket, user=user).exists()


def _responsible(verb: str) -> Callable[[Relation], bool]:
    return lambda who: who.answers(verb)


def _oversees(verb: str) -> Callable[[Relation], bool]:
    return lambda who: who.oversees(verb)


def _passes_on(who: Relation) -> bool:
    return who.oversees("ticket.grant") if who.ticket.passed_on else who.answers("ticket.pass_on")


def _notes(who: Relation) -> bool:
    if "ticket.note" not in scope(who.user).own_verbs and not who.answers("ticket.note") and not who.supervises:
        return False
    return who.at_asker or who.at_responsible or who.supervises or who.assists


def _asks_severity(who: Relation) -> bool:
    return who.answers("ticket.change_severity") or who.concludes()


def _shares(who: Relation) -> bool:
    if who.ticket.restricted:
        return who.filed or scope(who.user).heads_supervisors
    party = who.at_asker or who.at_responsible
    return who.filed or who.supervises or (party and "ticket.assign" in scope(who.user).own_verbs)


def _answers_question(who: Relation) -> bool:
    return who.concludes() or who.user.pk == who.ticket.entered_by_id


def _grants_extension(who: Relation) -> bool:
    """企发部 or the asker; never the unit that asked."""
    return not who.at_responsible and (who.oversees("ticket.grant") or who.concludes())


def _holds(who: Relation) -> bool:
    """企发部, but not an escalation against itself."""
    return not who.at_responsible and who.oversees("ticket.supervise")


def _resends(who: Relation) -> bool:
    return who.user.pk == who.ticket.filed_by_id


RULES: Final[dict[str, Callable[[Relation], bool]]] = {
    "approve": Relation.approves,
    "send_back": Relation.approves,
    "resend": _resends,
    "take": _responsible("ticket.take"),
    "assign": _responsible("ticket.assign"),
    "pass_on": _passes_on,
    "ask": _responsible("ticket.ask"),
    "answer_question": _answers_question,
    "note": _notes,
    "resolve": _responsible("ticket.reply"),
    "plan": _responsible("ticket.reply"),
    "agree_long_plan": _responsible("ticket.agree_long_plan"),
    "grant_long_plan": _oversees("ticket.grant"),
    "refuse_long_plan": lambda who: who.answers("ticket.agree_long_plan") or who.oversees("ticket.grant"),
    "ask_extension": _responsible("ticket.extend"),
    "grant_extension": _grants_extension,
    "refuse_extension": _grants_extension,
    "ask_severity": _asks_severity,
    "confirm_severity": _oversees("ticket.grant"),
    "keep_severity": _oversees("ticket.grant"),
    "ask_assist": _responsible("ticket.assist"),
    "deliver_assist": lambda who: who.assists and "ticket.reply" in scope(who.user).own_verbs,
    "answer_urge": _responsible("ticket.answer_urge"),
    "copy": lambda who: who.concludes() or who.supervises,
    "share": _shares,
    "urge": _oversees("ticket.supervise"),
    "remind": Relation.concludes,
    "report": _oversees("ticket.supervise"),
    "hold": _holds,
    "advance": _oversees("ticket.supervise"),
    "confirm": Relation.concludes,
    "reopen": Relation.concludes,
    "withdraw": Relation.concludes,
    "close": _oversees("ticket.supervise"),
    "merge": _oversees("ticket.supervise"),
}

_HEAD = gettext_lazy("Only the head of the responsible unit may do this.")
_ASKER = gettext_lazy("Only the asker may do this.")
_SUPERVISORS = gettext_lazy("Only the supervising department may do this.")
_PART = gettext_lazy("Your part in this ticket does not allow this.")
_APPROVER = gettext_lazy("Only the head of the unit that sends it may approve it.")
_DECIDER = gettext_lazy("Only the asker or the supervising department may decide this.")
REASONS: Final = {
    **dict.fromkeys(["answer_question", "remind", "confirm", "reopen", "withdraw"], _ASKER),
    **dict.fromkeys(["grant_long_plan", "confirm_severity", "keep_severity", "urge", "report"], _SUPERVISORS),
    **dict.fromkeys(["hold", "advance", "close", "merge"], _SUPERVISORS),
    **dict.fromkeys(["note", "copy", "share", "ask_severity", "refuse_long_plan"], _PART),
    **dict.fromkeys(["approve", "send_back"], _APPROVER),
    **dict.fromkeys(["grant_extension", "refuse_extension"], _DECIDER),
    **dict.fromkeys(["assign", "agree_long_plan"], _HEAD),
    "resend": gettext_lazy("Only who filed it may correct it."),
    "deliver_assist": gettext_lazy("Only the unit that was asked to assist may do this."),
}


def _reason(verb: str, who: Relation) -> str:
    if verb in {"approve", "send_back"} and who.user.pk == who.ticket.filed_by_id:
        return _("Nobody approves what he sent himself.")
    if verb == "pass_on" and who.ticket.passed_on:
        return _("It was passed on once already. A second time only the supervising department may do it.")
    if verb == "hold" and who.at_responsible:
        return _("Nobody holds back an escalation against his own unit.")
    if verb in REASONS:
        return str(REASONS[verb])
    if who.at_responsible:
        return _("Only an information officer, the head, or the person it was assigned to may do this.")
    return _("Only the responsible unit may do this.")


def _refusal(verb: str, who: Relation) -> str | None:
    if not who.user.is_active:
        return _("This account is not active.")
    if not who.may_see_it:
        return _("This ticket is kept to named people.")
    return None if RULES[verb](who) else _reason(verb, who)


def refusal(verb: str, ticket: Ticket, user: User) -> str | None:
    """Why this person may not do `verb` on this ticket, a translated sentence; None: he may. State is another question."""
    return _refusal(verb, Relation(ticket, user))


def require(verb: str, ticket: Ticket, user: User) -> None:
    """Raise `Refused` with the reason unless he may."""
    if reason := refusal(verb, ticket, user):
        raise Refused(reason)


# ── now ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits on a ticket, as far as it decides which verbs are possible. One query (`waiting`)."""

    reply_due: datetime | None
    """Of the REPLY that is open, missed or not."""
    promise_due: datetime | None
    """Of the promise that stands; None: none, or broken."""
    promise_extended: int
    urged: bool
    extension_by: int | None
    """Who asked to move the promised day; None: nobody."""
    long_plan: str
    long_plan_by: int | None
    severity_by: int | None
    assist: bool
    """The reader's unit was asked to assist."""
    reminded_at: datetime | None
    held: bool


def waiting(ticket: Ticket, user: User) -> Waiting:
    running = Obligation.objects.running().filter(ticket=OuterRef("pk"))
    promise = running.filter(kind=Obligation.Kind.PROMISE, missed_at=None)
    extension = Extension.objects.filter(obligation__ticket=OuterRef("pk"), state=Extension.State.ASKED)
    plans = LongPlan.objects.filter(
        ticket=OuterRef("pk"), state__in=[LongPlan.State.ASKED, LongPlan.State.HEAD_AGREED]
    )  # fmt: skip
    severity = SeverityRequest.objects.filter(ticket=OuterRef("pk"), state=SeverityRequest.State.ASKED)
    reminders = Entry.objects.filter(ticket=OuterRef("pk"), kind=Entry.Kind.REMINDED).order_by("-at")
    found: Any = Ticket.objects.values(
        reply_due=Subquery(running.filter(kind=Obligation.Kind.REPLY).values("due_at")[:1]),
        promise_due=Subquery(promise.values("due_at")[:1]),
        promise_extended=Subquery(promise.values("extended")[:1]),
        urged=Exists(running.filter(kind=Obligation.Kind.URGE_ANSWER)),
        extension_by=Subquery(extension.values("asked_by")[:1]),
        long_plan=Subquery(plans.values("state")[:1]),
        long_plan_by=Subquery(plans.values("asked_by")[:1]),
        severity_by=Subquery(severity.values("asked_by")[:1]),
        assist=Exists(Assist.objects.filter(ticket=OuterRef("pk"), unit=user.unit_id or 0, done_at=None)),
        reminded_at=Subquery(reminders.values("at")[:1]),
        held=Exists(running.filter(held=True)),
    )
    row = found.get(pk=ticket.pk)
    row["promise_extended"] = row["promise_extended"] or 0
    row["long_plan"] = row["long_plan"] or ""
    return Waiting(**row)


def possible(ticket: Ticket, user: User, at: datetime, facts: Waiting | None = None) -> list[str]:
    """Verbs that this person may do in this state, in the order of `MOVES`. `facts`: what `waiting` gave, if at hand."""
    facts = facts or waiting(ticket, user)
    who = Relation(ticket, user)
    who.__dict__["assists"] = facts.assist  # known: no further query
    fitting = [verb for verb, move in MOVES.items() if verb in RULES and ticket.state in move.states]
    return [verb for verb in fitting if _now(verb, who, facts, at) and _refusal(verb, who) is None]


def _now(verb: str, who: Relation, facts: Waiting, at: datetime) -> bool:
    condition = CONDITIONS.get(verb)
    return condition is None or condition(who, facts, at)


def _promise_runs(facts: Waiting, at: datetime, who: Relation) -> bool:
    return facts.promise_due is not None and (who.ticket.question_open or deadlines.on_time(at, facts.promise_due))


def _reminder_possible(who: Relation, facts: Waiting, at: datetime) -> bool:
    due_at = who.ticket.due_at
    if due_at is None:
        return False
    try:
        deadlines.check_reminder(calendar.current(), at=at, due_at=due_at, last_at=facts.reminded_at)
    except deadlines.BadReminder:
        return False
    return True


def _extension_possible(who: Relation, facts: Waiting, at: datetime) -> bool:
    runs = facts.promise_due is not None and deadlines.on_time(at, facts.promise_due)
    return runs and facts.extension_by is None and facts.promise_extended < in_force.policy().extensions


def _decides(asked_by: int | None, who: Relation) -> bool:
    return asked_by is not None and asked_by != who.user.pk


Condition = Callable[[Relation, Waiting, datetime], bool]
CONDITIONS: Final[dict[str, Condition]] = {
    "take": lambda who, facts, at: (
        who.ticket.assignee_id is None or (who.ticket.assignee_id != who.user.pk and RULES["assign"](who))
    ),
    "ask": lambda who, facts, at: not who.ticket.question_open,
    "answer_question": lambda who, facts, at: who.ticket.question_open,
    "plan": lambda who, facts, at: not _promise_runs(facts, at, who) and not facts.long_plan,
    "agree_long_plan": lambda who, facts, at: facts.long_plan == LongPlan.State.ASKED,
    "grant_long_plan": lambda who, facts, at: facts.long_plan == LongPlan.State.HEAD_AGREED,
    "refuse_long_plan": lambda who, facts, at: bool(facts.long_plan),
    "ask_extension": _extension_possible,
    "grant_extension": lambda who, facts, at: _decides(facts.extension_by, who) and _promise_runs(facts, at, who),
    "refuse_extension": lambda who, facts, at: _decides(facts.extension_by, who),
    "ask_severity": lambda who, facts, at: (
        facts.severity_by is None and facts.reply_due is not None and deadlines.on_time(at, facts.reply_due)
    ),
    "confirm_severity": lambda who, facts, at: (
        _decides(facts.severity_by, who) and facts.reply_due is not None and deadlines.on_time(at, facts.reply_due)
    ),
    "keep_severity": lambda who, facts, at: _decides(facts.severity_by, who),
    "deliver_assist": lambda who, facts, at: facts.assist,
    "answer_urge": lambda who, facts, at: facts.urged,
    "copy": lambda who, facts, at: not who.ticket.copied,
    "remind": _reminder_possible,
    "hold": lambda who, facts, at: not facts.held and who.ticket.level < 2 and who.ticket.due_at is not None,
    "advance": lambda who, facts, at: who.ticket.level < 2 and who.ticket.due_at is not None,
    "withdraw": lambda who, facts, at: who.ticket.answered_at is None and who.ticket.round == 1,
}

# ── the one that is due ─────────────────────────────────────────────────────────────────────────

DUTIES: Final = (
    "approve", "resend", "answer_question", "deliver_assist", "answer_urge", "agree_long_plan", "grant_long_plan",
    "grant_extension", "confirm_severity", "confirm",
)  # fmt: skip


def todo(ticket: Ticket, user: User, at: datetime | None = None, facts: Waiting | None = None) -> str | None:
    """The one thing due from this reader: a verb of `possible`, or "reply" (resolve or plan), "replan" (a promise was broken),
    "keep_promise" (resolve by the promised day). None: nothing is.

    What is assigned to somebody waits for him alone."""
    at = at or clock.now()
    facts = facts or waiting(ticket, user)
    verbs = possible(ticket, user, at, facts)
    for verb in DUTIES:
        if verb in verbs:
            return verb
    if "resolve" not in verbs or (ticket.assignee_id and ticket.assignee_id != user.pk):
        return None
    if ticket.state == OPEN:
        return "reply"
    return "keep_promise" if _promise_runs(facts, at, Relation(ticket, user)) else "replan"


# ── what is shown ───────────────────────────────────────────────────────────────────────────────


def asker_shown_to(ticket: Ticket, user: User) -> bool:
    """May this reader know who filed it? Always, unless the filer is protected: then only he himself, who approved it, the
    head of 企发部, and his own unit where the complaint is about another (002B 13)."""
    if not ticket.shielded or user.pk in (ticket.filed_by_id, ticket.approved_by_id):
        return True
    if user.pk == ticket.accused_id:
        return False
    who = scope(user)
    if who.heads_supervisors:
        return True
    if user.unit_id != ticket.asker_id:
        return False
    accused = ticket.accused
    return accused is None or accused.unit_id != ticket.asker_id


def name_shown(entry: Entry, viewer: User) -> str:
    """The name beside an entry: the person's, "Name withheld" for a protected filer, "" for the engine. Fetch entries with
    `select_related("by")` and give them the ticket at hand."""
    if entry.by is None:
        return ""
    if entry.by_id == entry.ticket.filed_by_id and not asker_shown_to(entry.ticket, viewer):
        return _("Name withheld")
    return entry.by.name


def sides_seen(ticket: Ticket, user: User) -> list[str]:
    """`Entry.side` values this reader sees. A protected ticket's approver or superior sees no more than the asker's side."""
    side = Entry.Side
    if scope(user).supervises:
        return [side.ALL, side.RESPONSIBLE, side.ASKER, side.SUPERVISORS]
    seen = [str(side.ALL)]
    if user.unit_id == ticket.asker_id or user.pk == ticket.filed_by_id:
        seen.append(side.ASKER)
    if user.unit_id != ticket.asker_id:
        inside = user.unit_id == ticket.responsible_id or user.pk == ticket.assignee_id
        if inside or Assist.objects.filter(ticket=ticket, unit=user.unit_id or 0).exists():
            seen.append(side.RESPONSIBLE)
    return seen
