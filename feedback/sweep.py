"""As time passes: what has come due is found, recorded and told. The reason the product exists (000 5.6, 5.8).

Every minute, with any number of beats and workers. A batch is one transaction: it locks obligations together with their
tickets (what another hand holds is left for the next round), records each step of the ladder that has come, once for
(obligation, step, due version), and writes the messages beside it. The number of statements does not grow with the batch.
No deadline depends on a message in a broker; whatever crashes, repeats or runs twice finds the rows that are there.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Case, DateTimeField, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from channelportal.core import audit, bulk, calendar, clock, delivery, heartbeat, stamps
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from channelportal.lib.workdays import local_date
from feedback import deadlines, in_force, ladder, notify, recount, reladder
from feedback.models import Entry, LadderEvent, Obligation, Share, Ticket
from feedback.workflow import base, figures

log = logging.getLogger(__name__)

PARKED_FOR: Final = timedelta(hours=1)
REMINDER: Final = 0
# what is read: a batch is some thousand rows, and texts are long
READ: Final = (
    "kind", "round", "unit_id", "due_at", "due_version", "created_at", "breach", "missed_at", "held",
    *(
        f"ticket__{name}"
        for name in (
            "number", "title", "severity", "asker_id", "responsible_id", "assignee_id", "filed_by_id", "entered_by_id",
            "accused_id", "due_at", "restricted",
        )
    ),
)  # fmt: skip
# the columns that differ from row to row; what is the same for all stands in `Batch._write`
EVENT: Final = ("obligation_id", "step_id", "due_version", "level", "at", "told", "skipped")
ENTRY: Final = ("ticket_id", "round", "at", "kind", "side", "data")
TRAIL: Final = ("action", "object_id", "object_name", "data")
ALERT: Final = ("user_id", "key", "kind", "url", "data")
MAIL: Final = ("user_id", "key", "subject_key", "data")
COUNTED: Final = {Obligation.Kind.REPLY: "replies_late", Obligation.Kind.PROMISE: "promises_broken"}


def sweep(at: datetime | None = None, *, batches: int | None = None) -> int:
    """Handle everything that has come by `at` (now), batch after batch; returns how many obligations. `batches`: at most so
    many. A row that cannot be handled is parked for an hour, with an alarm in the log, and the others go on."""
    stamps.forget()  # a job's process may have slept: rules and calendar as they are now
    left: set[int] = set()
    moment = at or clock.now()
    recount.catch_up(moment, left)
    reladder.catch_up(moment)
    handled = rounds = 0
    while batches is None or rounds < batches:
        moment = at or (clock.now() if rounds else moment)
        found = _one_batch(moment, left)
        handled += found
        rounds += 1
        if found < settings.SWEEP_BATCH:
            break
    heartbeat.beat("sweep", clock.now() if at or handled else moment, {"handled": handled})
    return handled


def _one_batch(at: datetime, left: set[int]) -> int:
    duties: list[Obligation] = []
    try:
        with transaction.atomic():
            duties += _due(at).exclude(pk__in=left)[: settings.SWEEP_BATCH]
            if duties:
                Batch(duties, at).handle()
    except Exception:
        if not duties:
            raise  # not a row's fault: the database is away
        log.exception("a batch of the sweep failed; its rows are tried one by one")
        _one_by_one([duty.pk for duty in duties], at)
    return len(duties)


def _one_by_one(ids: Sequence[int], at: datetime) -> None:
    """After a failed batch: each of its rows in a transaction of its own; the one that fails is parked."""
    for pk in ids:
        try:
            with transaction.atomic():
                duties = list(_due(at).filter(pk=pk))
                if duties:
                    Batch(duties, at).handle()
        except Exception:
            log.exception("obligation %s cannot be handled and is parked until %s", pk, at + PARKED_FOR)
            _park(pk, at + PARKED_FOR)


def _park(pk: int, until: datetime) -> None:
    try:
        Obligation.objects.filter(pk=pk).update(parked_until=until)
    except DatabaseError:  # somebody has it in hand; the next sweep looks again
        log.exception("obligation %s could not be parked", pk)


def _due(at: datetime) -> QuerySet[Obligation]:
    """Obligations with a step that has come, with their tickets, locked (whoever locks an obligation locks its ticket)."""
    rows = Obligation.objects.awaiting_step(at).filter(Q(parked_until=None) | Q(parked_until__lte=at))
    rows = rows.order_by("next_step_at", "pk").select_related("ticket").only(*READ)
    return rows.select_for_update(
        of=("self", "ticket"), skip_locked=connection.features.has_select_for_update_skip_locked
    )


@dataclass
class Batch:
    """Some due obligations in hand, and the rows they give rise to."""

    duties: Sequence[Obligation]
    at: datetime
    events: list[bulk.Row] = field(default_factory=list)
    entries: list[bulk.Row] = field(default_factory=list)
    trail: list[bulk.Row] = field(default_factory=list)
    alerts: list[bulk.Row] = field(default_factory=list)
    mails: list[bulk.Row] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    replans: list[Obligation] = field(default_factory=list)
    counts: figures.Counts = field(default_factory=figures.Counts)
    missed: list[Obligation] = field(default_factory=list)
    levels: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    next_steps: dict[datetime | None, list[int]] = field(default_factory=lambda: defaultdict(list))

    def handle(self) -> None:
        self.policy = in_force.policy()
        self.opens = delivery.opens(self.at)
        self.recorded = self._recorded()
        self.organisation = self._organisation()
        self.named = self._named()
        for duty in self.duties:
            self._handle(duty)
        self._write()

    # ── read, once for the batch ────────────────────────────────────────────────────────────────

    def _recorded(self) -> dict[int, set[int | str]]:
        """Steps already recorded for each obligation's present due version."""
        found: dict[int, set[int | str]] = defaultdict(set)
        versions = {duty.pk: duty.due_version for duty in self.duties}
        rows = LadderEvent.objects.filter(obligation__in=versions).values_list(
            "obligation_id", "step_id", "due_version"
        )
        for pk, step, version in rows:
            if versions[pk] == version:
                found[pk].add(step)
        return found

    def _organisation(self) -> in_force.Organisation:
        tickets = [duty.ticket for duty in self.duties]
        units = {duty.unit_id for duty in self.duties} | {ticket.asker_id for ticket in tickets}
        also = {pk for ticket in tickets for pk in (ticket.assignee_id, ticket.filed_by_id) if pk}
        return in_force.organisation(self.at, units, also)

    def _named(self) -> dict[int, set[int]]:
        """Of tickets kept to named people: who is named."""
        kept = [duty.ticket_id for duty in self.duties if duty.ticket.restricted]
        found: dict[int, set[int]] = defaultdict(set)
        if kept:
            for ticket, user in Share.objects.filter(ticket__in=kept).values_list("ticket_id", "user_id"):
                found[ticket].add(user)
        return found

    # ── one obligation ──────────────────────────────────────────────────────────────────────────

    def _handle(self, duty: Obligation) -> None:
        days = calendar.current(unit_id=duty.unit_id)
        steps, moved = base.steps_of(duty), base.moved_steps(duty)
        already = self.recorded[duty.pk]
        come = ladder.passed(steps, duty.due_at, days, self.at, already, since=duty.created_at, moved=moved)
        if not deadlines.on_time(self.at, duty.due_at):
            self._miss(duty)
        for moment in come.record:
            self._record(duty, moment, told=moment is come.message)
        after = ladder.next_moment(
            steps, duty.due_at, days, self.at, [*already, *(moment.step.id for moment in come.record)], moved=moved
        )
        self.next_steps[after.at if after else None].append(duty.pk)

    def _miss(self, duty: Obligation) -> None:
        if duty.missed_at is not None or duty.kind not in base.RESPONSIBLE:
            return
        duty.missed_at = duty.due_at
        self.missed.append(duty)
        self._enter(duty, Entry.Kind.MISSED, duty.due_at, bulk.as_json(base.duty_data(duty)))
        if name := COUNTED.get(Obligation.Kind(duty.kind)):
            self.counts.add(duty.unit_id, duty.due_day, **{name: 1})
        if duty.kind == Obligation.Kind.PROMISE:
            self._owe_replan(duty)

    def _owe_replan(self, broken: Obligation) -> None:
        """A broken promise owes a new plan within a working day, and its ladder stands one level up."""
        due = deadlines.replan_due(self.policy, calendar.current(unit_id=broken.unit_id), broken.due_at)
        duty = Obligation(
            ticket=broken.ticket, kind=Obligation.Kind.REPLAN, round=broken.round, unit_id=broken.unit_id, anchor=due.start,
            days=due.n, due_at=due.at, first_due_at=due.at, provisional=due.provisional, created_at=broken.due_at,
            breach=broken.breach + 1,
        )  # fmt: skip
        duty.next_step_at = base.next_step(duty, after=broken.due_at)
        self.replans.append(duty)

    def _record(self, duty: Obligation, moment: ladder.Moment, *, told: bool) -> None:
        """One step that has come, at its true moment; `told`: this is the one that people hear of."""
        step = moment.step
        found = self._recipients(duty, step) if told else ladder.Recipients(())
        skipped = bulk.as_json([skip.as_data() for skip in found.skipped]) if found.skipped else "[]"
        self.events.append((duty.pk, step.id, duty.due_version, step.level, moment.at, told, skipped))
        facts = bulk.as_json(base.duty_data(duty) | {"level": step.level, "told": found.people})
        kind, side = Entry.Kind.ESCALATED, Entry.Side.ALL
        if step.level == REMINDER:
            kind, side = Entry.Kind.DUE_REMINDER, Entry.Side.RESPONSIBLE
            if duty.kind == Obligation.Kind.CONFIRM:
                side = Entry.Side.ASKER
        self._enter(duty, kind, moment.at, facts, side)
        if step.escalates:
            self.levels[step.level].add(duty.ticket_id)
            self.counts.add(duty.unit_id, local_date(moment.at), escalated=1)
        if told:
            self._tell(duty, step, found.people)
        self._audit(duty, "ticket.escalated" if step.escalates else "ticket.due_reminded", facts)

    def _recipients(self, duty: Obligation, step: ladder.Step) -> ladder.Recipients:
        """Whose ids; of a ticket kept to named people only those who may see it, and 企发部's head where none may."""
        org = self.organisation.org
        found = org.recipients(step.tells, notify.case_of(duty.ticket, unit=self._other_unit(duty)))
        if not duty.ticket.restricted:
            return found
        heads = [person.id for person in org.holders(org.supervising, "head") if person.active]
        seeing = self.named[duty.ticket_id] | {*heads, duty.ticket.filed_by_id, duty.ticket.assignee_id or 0}
        people = tuple(pk for pk in found.people if pk in seeing) or tuple(heads)
        return ladder.Recipients(
            tuple(pk for pk in people if pk != duty.ticket.accused_id), found.skipped, found.fell_back
        )

    def _other_unit(self, duty: Obligation) -> int | None:
        """A unit that passed the ticket on still answers for what it missed; None: the responsible unit of now."""
        return duty.unit_id if duty.unit_id != duty.ticket.responsible_id else None

    def _tell(self, duty: Obligation, step: ladder.Step, people: Iterable[int]) -> None:
        ticket = duty.ticket
        event = f"ticket-late-{min(step.level, 3)}" if step.escalates else "ticket-due"
        more = {"kind": duty.kind, "level": step.level, "due": duty.due_at.isoformat()}
        key = f"obligation:{duty.pk}:{step.id}:{duty.due_version}"
        url = ticket.get_absolute_url()
        facts = notify.facts(ticket, more)
        shown, mailed = (
            bulk.as_json(facts),
            bulk.as_json(notify.kept_back(ticket, facts) | {"event": event, "url": url}),
        )
        about = base.subject_key(duty)
        for pk in people:
            self.alerts.append((pk, key, event, url, shown))
            self.mails.append((pk, f"{key}:{pk}", about, mailed))
            if step.level > 1 and not ticket.restricted and not self._sees_all(pk):
                self.shares.append(Share(ticket=ticket, user_id=pk, at=self.at))

    def _sees_all(self, pk: int) -> bool:
        return self.organisation.people[pk].unit_id == self.organisation.org.supervising

    def _enter(self, duty: Obligation, kind: str, at: datetime, data: str, side: str = Entry.Side.ALL) -> None:
        self.entries.append((duty.ticket_id, duty.round, at, kind, side, data))

    def _audit(self, duty: Obligation, action: str, data: str) -> None:
        name = duty.ticket.number if duty.ticket.restricted else str(duty.ticket)
        self.trail.append((action, duty.ticket_id, name[: audit.LONGEST_NAME], data))

    # ── write, once for the batch ───────────────────────────────────────────────────────────────

    def _write(self) -> None:
        """Events first: a row that is there already (UNIQUE) ends the batch before any message is written."""
        bulk.insert(LadderEvent, EVENT, self.events, recorded_at=self.at)
        bulk.insert(Entry, ENTRY, self.entries)
        bulk.insert(AuditEntry, TRAIL, self.trail, at=self.at, object_type=Ticket._meta.label_lower)
        bulk.insert(Alert, ALERT, self.alerts, created_at=self.at)
        mail = {"kind": notify.MAIL, "bundle": notify.BUNDLE, "created_at": self.at, "next_attempt_at": self.opens}
        bulk.insert(OutboxMessage, MAIL, self.mails, **mail)
        if self.shares:
            Share.objects.bulk_create(self.shares, ignore_conflicts=True)
        if self.replans:
            Obligation.objects.bulk_create(self.replans)
        self._update_duties()
        self._update_tickets()
        self.counts.save()

    def _update_duties(self) -> None:
        steps = [When(pk__in=pks, then=Value(at)) for at, pks in self.next_steps.items() if at is not None]
        ids = [duty.pk for duty in self.duties]
        missed = [duty.pk for duty in self.missed]
        moment = DateTimeField()
        Obligation.objects.filter(pk__in=ids).update(
            next_step_at=Case(*steps, default=None, output_field=moment),
            missed_at=Case(When(pk__in=missed, then="due_at"), default="missed_at", output_field=moment),
            parked_until=None,
        )

    def _update_tickets(self) -> None:
        """Level and missed. What is due first stays: the broken promise is still owed beside the new plan."""
        levels = [When(pk__in=pks, then=Value(level)) for level, pks in sorted(self.levels.items(), reverse=True)]
        missed = {duty.ticket_id for duty in self.missed}
        touched = missed | {pk for pks in self.levels.values() for pk in pks}
        if touched:
            number = Ticket._meta.get_field("level")
            Ticket.objects.filter(pk__in=touched).update(
                level=Greatest("level", Case(*levels, default=0, output_field=number)),
                missed=Case(When(pk__in=missed, then=True), default="missed"),
                touched_at=Greatest("touched_at", Value(self.at)),
            )
