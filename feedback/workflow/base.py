"""The locked ticket and what is owed on it: what every verb does before and after its own few lines.

    with base.handling("take", ticket, by=by, at=at) as matter:
        matter.set(assignee=by)
        matter.write(Entry.Kind.TAKEN)
        matter.tell("taken", Target.ASKER)
    return matter.ticket

The sweep and the upkeep use the functions at the end (`lock`, `owe`, `meet`, `miss`, `void`, `refresh_due`). Whoever locks an
obligation locks its ticket first (or both in one statement): verbs do, and two orders would be a deadlock.
A status is written in this package only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from channelportal.core import audit, calendar, clock, outbox
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import OutboxMessage, StoredFile
from channelportal.lib.text import clean_line, clean_text
from channelportal.lib.workdays import WorkCalendar, local_date
from feedback import deadlines, in_force, ladder, notify, rights
from feedback.deadlines import Due, Duty, Policy
from feedback.models import Entry, Extension, LongPlan, Obligation, Question, SeverityRequest, Ticket, TicketFile
from feedback.moves import MOVES
from feedback.workflow import figures

__all__ = ["MOVES", "Matter", "handling", "lock", "meet", "miss", "move", "owe", "refresh_due", "void"]

LONGEST: Final = 20_000  # characters of one text
LONGEST_REASON: Final = 300
RESPONSIBLE: Final = (
    Obligation.Kind.REPLY,
    Obligation.Kind.PROMISE,
    Obligation.Kind.REPLAN,
    Obligation.Kind.URGE_ANSWER,
)
"""What the responsible unit owes; CONFIRM is the asker's."""


@dataclass
class Matter:
    """A ticket in hand: its locked row, its obligations, the rules in force, and what the verb leaves to be written."""

    ticket: Ticket
    verb: str
    by: User | None
    at: datetime
    policy: Policy
    duties: list[Obligation]
    """All obligations of the ticket, old rounds too, oldest first."""
    before: tuple[str, int]
    """State and round when the row was locked; written back only over these."""
    counts: figures.Counts = field(default_factory=figures.Counts)
    facts: dict[str, Any] = field(default_factory=dict)
    """What the audit trail says of the deed: codes, ids, ISO times."""
    entry: Entry | None = None
    """The verb's own line of the timeline."""
    _changed: set[str] = field(default_factory=set)
    _touched: dict[int, Obligation] = field(default_factory=dict)
    _stale: set[str] = field(default_factory=set)
    _news: notify.News | None = None
    _questions: list[Question] | None = None

    # ── the rules in force ──────────────────────────────────────────────────────────────────────

    @property
    def calendar(self) -> WorkCalendar:
        """The working days of the responsible unit's people."""
        return calendar.current(unit_id=self.ticket.responsible_id)

    @property
    def today(self) -> date:
        return local_date(self.at)

    @property
    def news(self) -> notify.News:
        if self._news is None:
            self._news = notify.News(self.ticket, self.at, by=self.by)
        return self._news

    # ── the ticket ──────────────────────────────────────────────────────────────────────────────

    def set(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.ticket, name, value)
        self._changed |= values.keys()

    def write(
        self,
        kind: str,
        text: str = "",
        *,
        files: Sequence[StoredFile] = (),
        data: dict[str, Any] | None = None,
        side: str = Entry.Side.ALL,
        at: datetime | None = None,
        engine: bool = False,
        author: User | None = None,
    ) -> Entry:
        """A line of the timeline, with its files. The first one written is the verb's own. `engine`: nobody's deed; `author`:
        somebody else's words, which this verb puts in force."""
        by = None if engine else author or self.by
        entry = Entry.objects.create(
            ticket=self.ticket, round=self.ticket.round, at=at or self.at, kind=kind, by=by,
            unit_id=by.unit_id if by else None, text=text, data=data or {}, side=side,
        )  # fmt: skip
        if files:
            TicketFile.objects.bulk_create(TicketFile(ticket=self.ticket, entry=entry, file=file) for file in files)
        if not engine and self.entry is None:
            self.entry = entry
        return entry

    def tell(
        self,
        event: str,
        *targets: ladder.Target,
        people: Sequence[User | int | None] = (),
        unit: Unit | int | None = None,
        **data: Any,
    ) -> None:
        """Who is told of `event` (a template ticket-<event>); see `notify.News.tell`."""
        self.news.tell(event, targets, people=people, unit=unit, data=data)

    # ── what is owed ────────────────────────────────────────────────────────────────────────────

    def running(self, *kinds: str) -> list[Obligation]:
        """Owed now, missed or not, of these kinds (all)."""
        return [duty for duty in self.duties if duty.running and (not kinds or duty.kind in kinds)]

    def one(self, kind: str) -> Obligation | None:
        """The running obligation of this kind that is not missed; else one that is; None: nothing of the kind is owed."""
        return min(self.running(kind), key=lambda duty: (duty.missed_at is not None, -duty.pk), default=None)

    def owe(
        self,
        kind: str,
        due: Due,
        *,
        unit: Unit | int | None = None,
        breach: int = 0,
        created_at: datetime | None = None,
    ) -> Obligation:
        """A new obligation of this round (of the responsible unit unless another is named)."""
        unit_id = unit.pk if isinstance(unit, Unit) else unit or self.ticket.responsible_id
        began = created_at or self.at
        duty = Obligation(
            ticket=self.ticket, kind=kind, round=self.ticket.round, unit_id=unit_id, anchor=due.start, days=due.n,
            due_at=due.at, first_due_at=due.at, provisional=due.provisional, late_entry=due.late_entry, created_at=began,
            breach=breach,
        )  # fmt: skip
        duty.next_step_at = next_step(duty, after=began)
        if kind == Obligation.Kind.REPLY:
            self.save_duties()  # one open REPLY per round: the old one first
        duty.save(force_insert=True)
        self.duties.append(duty)
        return duty

    def meet(self, duty: Obligation) -> None:
        """Done at this moment. Late: it was missed at its due moment, whether or not the sweep has seen it (rule 6)."""
        if duty.kind in RESPONSIBLE and not deadlines.on_time(self.at, duty.due_at):
            self.miss(duty)
        duty.met_at, duty.next_step_at = self.at, None
        self._touch(duty)
        if duty.missed_at is None:
            self._count_kept(duty)

    def miss(self, duty: Obligation) -> None:
        """Found missed: a fact for ever, at the moment it was due."""
        if duty.missed_at is not None:
            return
        duty.missed_at = duty.due_at
        self._touch(duty, stale=False)
        self.write(Entry.Kind.MISSED, data=duty_data(duty), at=duty.due_at, engine=True)
        if duty.kind in RESPONSIBLE:
            self.set(missed=True)
        name = {Obligation.Kind.REPLY: "replies_late", Obligation.Kind.PROMISE: "promises_broken"}.get(
            Obligation.Kind(duty.kind)
        )
        if name:
            self.counts.add(duty.unit_id, duty.due_day, **{name: 1})

    def void(self, duty: Obligation, reason: str) -> None:
        """No longer owed, and not met. What was missed stays missed."""
        duty.voided_at, duty.void_reason, duty.next_step_at = self.at, reason, None
        self._touch(duty)

    def void_all(self, reason: str) -> None:
        for duty in self.running():
            self.void(duty, reason)

    def move(self, duty: Obligation, due: Due, *, first: bool = False) -> None:
        """Another due moment: a new version, whose ladder begins anew. `first`: earlier than what was told (merge, rule 8)."""
        self._forget_mails(duty)
        duty.due_at, duty.provisional = due.at, due.provisional
        duty.anchor, duty.days = due.start, due.n
        duty.due_version += 1
        if first or duty.kind == Obligation.Kind.REPLY:
            duty.first_due_at = min(duty.first_due_at, due.at)
        duty.next_step_at = next_step(duty, after=self.at)
        self._touch(duty, stale=False)

    def sleep(self, duty: Obligation) -> None:
        """Paused: the ladder does not look at it until the question is answered."""
        duty.next_step_at = None
        self._forget_mails(duty)
        self._touch(duty, stale=False)

    def reschedule(self, duty: Obligation, recorded: Sequence[int | str]) -> None:
        """Its next step, now that level 2 is held back or told."""
        duty.next_step_at = next_step(duty, after=self.at, already=recorded)
        self._touch(duty, stale=False)

    def wake(self, duty: Obligation) -> None:
        """The pause ended on the day it began: the same due, and the ladder goes on."""
        duty.next_step_at = next_step(duty, after=self.at)
        self._touch(duty, stale=False)

    def hold_question(self, question: Question) -> None:
        """A question was put in this verb."""
        self._questions = [question]

    def paused(self, duty: Obligation) -> bool:
        question = self.question
        return question is not None and question.paused_id == duty.pk

    def settle(self) -> None:
        """Find what was missed before this moment, as the sweep would: a broken promise owes a new plan."""
        for duty in list(self.running()):
            self._settle(duty)

    def _settle(self, duty: Obligation) -> None:
        if duty.kind == Obligation.Kind.CONFIRM or duty.missed_at is not None or self.paused(duty):
            return
        if deadlines.on_time(self.at, duty.due_at):
            return
        self.miss(duty)
        if duty.kind == Obligation.Kind.PROMISE:
            replan = self.owe_replan(duty)
            self._settle(replan)

    def owe_replan(self, broken: Obligation) -> Obligation:
        due = deadlines.replan_due(self.policy, self.calendar, broken.due_at)
        return self.owe(Obligation.Kind.REPLAN, due, breach=broken.breach + 1, created_at=broken.due_at)

    @property
    def breach(self) -> int:
        """How many promises of this ticket were broken."""
        return sum(duty.kind == Obligation.Kind.PROMISE and duty.missed_at is not None for duty in self.duties)

    @property
    def question(self) -> Question | None:
        """The open question to the asker; asked of the database once, and only where there is one."""
        if not self.ticket.question_open:
            return None
        if self._questions is None:
            self._questions = list(Question.objects.filter(ticket=self.ticket, answered_at=None))
        return next(iter(self._questions), None)

    def drop_requests(self) -> None:
        """What still waited for an answer or a decision on a ticket that ends or is answered: lapsed. One look at each table
        only where the locked row said there is something."""
        waiting = self.ticket.__dict__
        if waiting.get("has_extension"):
            asked = Extension.objects.filter(obligation__ticket=self.ticket, state=Extension.State.ASKED)
            asked.update(state=Extension.State.LAPSED)
        if waiting.get("has_long_plan"):
            open_plans = LongPlan.objects.filter(ticket=self.ticket, state__in=OPEN_PLANS)
            open_plans.update(state=LongPlan.State.REFUSED)
        if waiting.get("has_severity"):
            requests = SeverityRequest.objects.filter(ticket=self.ticket, state=SeverityRequest.State.ASKED)
            requests.update(state=SeverityRequest.State.LAPSED)

    def drop_question(self) -> None:
        """Nobody waits for the asker any more."""
        if question := self.question:
            question.answered_at = self.at
            question.save(update_fields=["answered_at"])
            self._questions = []
            self.set(question_open=False)

    # ── the end of the verb ─────────────────────────────────────────────────────────────────────

    def finish(self) -> None:
        """Write what the verb changed: obligations, ticket, figures, trail, messages. A fixed number of statements."""
        move = MOVES.get(self.verb)
        if move and move.to and "state" not in self._changed:
            self.set(state=move.to)
        self.save_duties()
        self.refresh_due()
        if self.at > self.ticket.touched_at:
            self.set(touched_at=self.at)
        self._save_ticket()
        self.counts.save()
        self._audit()
        if self._news:
            self._news.send(self.entry)

    def save_duties(self) -> None:
        touched = list(self._touched.values())
        self._touched.clear()
        if len(touched) == 1:
            touched[0].save(update_fields=DUTY_FIELDS)
        elif touched:
            Obligation.objects.bulk_update(touched, DUTY_FIELDS)
        if self._stale:
            waiting = OutboxMessage.objects.filter(subject_key__in=self._stale, state=OutboxMessage.State.WAITING)
            waiting.update(state=OutboxMessage.State.CANCELLED)
            self._stale.clear()

    def refresh_due(self) -> None:
        """The ticket's due by what is owed now; done at the end of every verb, and before a verb's messages say it."""
        first = earliest(self.ticket, [duty for duty in self.running() if not self.paused(duty)])
        due_at, due_kind = (first.due_at, first.kind) if first else (None, "")
        if (self.ticket.due_at, self.ticket.due_kind) != (due_at, due_kind):
            self.set(due_at=due_at, due_kind=due_kind)

    def _save_ticket(self) -> None:
        """Conditional: SQLite has no row locks, and no two verbs may both find the state they want."""
        if not self._changed:
            return
        state, number = self.before
        values = {name: getattr(self.ticket, name) for name in self._changed}
        if Ticket.objects.filter(pk=self.ticket.pk, state=state, round=number).update(**values) != 1:
            raise wrong_state(self.ticket)

    def _audit(self) -> None:
        facts = {"state": self.ticket.state, "round": self.ticket.round, **self.facts}
        if self.before[0] != self.ticket.state:
            facts["was"] = self.before[0]
        record(self.verb, self.ticket, by=self.by, at=self.at, data=facts)

    def _touch(self, duty: Obligation, *, stale: bool = True) -> None:
        self._touched[duty.pk] = duty
        if stale and duty.missed_at is None:
            self._forget_mails(duty)

    def _forget_mails(self, duty: Obligation) -> None:
        """Mails about this due moment that still wait for the delivery window are not sent."""
        if duty.__dict__.get("mails_wait", False):
            self._stale.add(subject_key(duty))

    def _count_kept(self, duty: Obligation) -> None:
        name = {Obligation.Kind.REPLY: "replies_on_time", Obligation.Kind.PROMISE: "promises_kept"}.get(
            Obligation.Kind(duty.kind)
        )
        if name:
            self.counts.add(duty.unit_id, self.today, **{name: 1})


DUTY_FIELDS: Final = [
    "anchor", "days", "due_at", "due_version", "provisional", "met_at", "missed_at", "voided_at", "void_reason", "extended",
    "first_due_at", "next_step_at", "held",
]  # fmt: skip
OPEN_PLANS: Final = (LongPlan.State.ASKED, LongPlan.State.HEAD_AGREED)


@contextmanager
def handling(
    verb: str, ticket: Ticket, *, by: User | None, at: datetime | None = None, permit: bool = True
) -> Iterator[Matter]:
    """One verb on one ticket, in one transaction: locked, the moment read, the right and the state asked; at the end
    everything is written. `permit=False`: the verb asks for the right itself."""
    with transaction.atomic():
        matter = take_up(verb, ticket, by=by, at=at)
        if by is not None and permit:
            rights.require(verb, matter.ticket, by)
        check_state(verb, matter.ticket)
        yield matter
        matter.finish()


def take_up(verb: str, ticket: Ticket, *, by: User | None, at: datetime | None) -> Matter:
    """The ticket locked, with its obligations. The moment is read after the lock: what the sweep did before it counts."""
    locked = lock(ticket)
    moment = at or clock.now()
    policy = in_force.policy(fresh=True)
    duties = list(_with_waiting_mails().filter(ticket=locked).order_by("pk"))
    return Matter(locked, verb, by, moment, policy, duties, (locked.state, locked.round))


def lock(ticket: Ticket) -> Ticket:
    """The ticket's row, read anew and locked to the end of the transaction (SQLite: the transaction is the lock)."""
    waiting = {
        "has_extension": Extension.objects.filter(obligation__ticket=OuterRef("pk"), state=Extension.State.ASKED),
        "has_long_plan": LongPlan.objects.filter(ticket=OuterRef("pk"), state__in=OPEN_PLANS),
        "has_severity": SeverityRequest.objects.filter(ticket=OuterRef("pk"), state=SeverityRequest.State.ASKED),
    }
    rows = Ticket.objects.select_for_update(of=("self",)).select_related("asker", "responsible", "kind")
    return rows.annotate(**{name: Exists(query) for name, query in waiting.items()}).get(pk=ticket.pk)


def _with_waiting_mails() -> Any:
    key = Concat(
        Value("obligation:"), Cast(OuterRef("pk"), CharField()), Value(":"), Cast(OuterRef("due_version"), CharField())
    )
    mails = OutboxMessage.objects.filter(subject_key=key, state=OutboxMessage.State.WAITING)
    return Obligation.objects.annotate(mails_wait=Exists(mails))


def check_state(verb: str, ticket: Ticket) -> None:
    if ticket.state not in MOVES[verb].states:
        raise wrong_state(ticket)


def wrong_state(ticket: Ticket) -> WrongState:
    sentence = _("This is no longer possible: the ticket is now in the state “%(state)s”.")
    return WrongState(sentence % {"state": Ticket.State(ticket.state).label})


def record(verb: str, ticket: Ticket, *, by: User | None, at: datetime, data: dict[str, Any]) -> None:
    """The row of the audit trail. Of a ticket kept to named people the trail knows the number only."""
    row = audit.prepare(f"ticket.{verb}", ticket, at=at, by=by, data=data)
    if ticket.restricted:
        row.object_name = ticket.number
    row.save(force_insert=True)


# ── what people enter ───────────────────────────────────────────────────────────────────────────


def words(field_name: str, text: str, *, most: int = LONGEST, needed: bool = True, line: bool = False) -> str:
    """The text as it is kept: clean, not empty, not too long; Invalid else."""
    clean = clean_line(text) if line else clean_text(text)
    if needed and not clean:
        raise Invalid(field_name, _("This must not be empty."))
    if len(clean) > most:
        raise Invalid(field_name, _("At most %(count)s characters.") % {"count": most})
    return clean


def reason_of(reason: str, *, needed: bool = True) -> str:
    return words("reason", reason, most=LONGEST_REASON, needed=needed)


# ── obligations, for this package and the sweep ─────────────────────────────────────────────────


def subject_key(duty: Obligation) -> str:
    """`OutboxMessage.subject_key` of messages about this due moment; they are cancelled when it moves."""
    return f"obligation:{duty.pk}:{duty.due_version}"


def duty_data(duty: Obligation) -> dict[str, Any]:
    """An obligation, in an entry's data."""
    return {"obligation": duty.pk, "kind": duty.kind, "due": duty.due_at.isoformat(), "unit": duty.unit_id}


def as_duty(duty: Obligation) -> Duty:
    """The row as the rules take it."""
    return Duty(
        duty.kind,
        duty.anchor,
        duty.days,
        duty.due_at,
        duty.provisional,
        duty.missed_at,
        duty.met_at,
        duty.voided_at,
        duty.pk,
    )


def steps_of(duty: Obligation) -> tuple[ladder.Step, ...]:
    """This obligation's steps of the ladder."""
    return ladder.steps_for(in_force.steps(), duty.kind, breach=duty.breach)


def moved_steps(duty: Obligation) -> dict[int | str, datetime | None]:
    """`moved` of the ladder's functions: level 2, while 企发部 holds it back."""
    return {step.id: None for step in steps_of(duty) if step.level == HELD_LEVEL} if duty.held else {}


HELD_LEVEL: Final = 2


def next_step(duty: Obligation, *, after: datetime, already: Sequence[int | str] = ()) -> datetime | None:
    """When the sweep must look at it next; None: nothing more comes."""
    days = calendar.current(unit_id=duty.unit_id)
    found = ladder.next_moment(steps_of(duty), duty.due_at, days, after, already, moved=moved_steps(duty))
    return found.at if found else None


def earliest(ticket: Ticket, duties: Sequence[Obligation]) -> Obligation | None:
    """What lists sort the ticket by: the earliest due of what the responsible unit owes."""
    owed = [
        duty for duty in duties if duty.running and duty.kind in RESPONSIBLE and duty.unit_id == ticket.responsible_id
    ]
    return min(owed, key=lambda duty: duty.due_at, default=None)


def owe(
    ticket: Ticket, kind: str, due: Due, *, at: datetime, unit: Unit | int | None = None, breach: int = 0
) -> Obligation:
    """A new obligation on a locked ticket outside a verb (sweep, upkeep), and the ticket's due refreshed."""
    matter = _in_hand(ticket, at)
    duty = matter.owe(kind, due, unit=unit, breach=breach)
    refresh_due(ticket)
    return duty


def meet(duty: Obligation, *, at: datetime) -> None:
    """Met at `at`; late is missed first. The ticket must be locked."""
    _do(duty, at, lambda matter: matter.meet(duty))


def miss(duty: Obligation) -> None:
    """Missed at its due moment, with its line of the timeline and its count; a broken promise owes a new plan. Idempotent.
    The ticket must be locked."""
    if duty.missed_at is not None:
        return
    at = clock.now()

    def do(matter: Matter) -> None:
        matter.miss(duty)
        if duty.kind == Obligation.Kind.PROMISE:
            matter.owe_replan(duty)

    _do(duty, at, do)


def void(duty: Obligation, reason: str, *, at: datetime) -> None:
    """No longer owed. The ticket must be locked."""
    _do(duty, at, lambda matter: matter.void(duty, reason))


def move(duty: Obligation, due: Due, *, at: datetime) -> None:
    """Another due moment; where only 暂定 changes the version stays. The ticket must be locked."""
    if due.at == duty.due_at:
        duty.provisional = due.provisional
        duty.save(update_fields=["provisional"])
        return
    cancel_mails(duty)
    _do(duty, at, lambda matter: matter.move(duty, due))


def refresh_due(ticket: Ticket) -> None:
    """`due_at` and `due_kind` from the earliest running obligation of the responsible unit, a paused one left out."""
    running = Obligation.objects.running().filter(ticket=ticket)
    if ticket.question_open:
        paused = Question.objects.filter(ticket=ticket, answered_at=None, paused__isnull=False).values("paused")
        running = running.exclude(pk__in=paused)
    first = earliest(ticket, list(running))
    ticket.due_at, ticket.due_kind = (first.due_at, first.kind) if first else (None, "")
    ticket.save(update_fields=["due_at", "due_kind"])


def _in_hand(ticket: Ticket, at: datetime) -> Matter:
    return Matter(ticket, "", None, at, in_force.policy(), [], (ticket.state, ticket.round))


def _do(duty: Obligation, at: datetime, deed: Any) -> None:
    matter = _in_hand(duty.ticket, at)
    matter.duties = [duty]
    deed(matter)
    if duty.missed_at and not matter.ticket.missed:
        matter.ticket.missed = True
    matter.ticket.save(update_fields=["missed"])
    matter.save_duties()
    matter.counts.save()
    refresh_due(matter.ticket)


def cancel_mails(duty: Obligation) -> None:
    """Mails about this due moment that still wait are not sent."""
    outbox.cancel(subject_key(duty))
