"""What must hold for every history: a ticket on paper, played by hypothesis, with downtime, calendar changes and leave.

The model below does with plain objects what `workflow` does with rows; the rules it asks are the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from channelportal.lib.workdays import SHANGHAI, Reason, Row, WorkCalendar, local_date
from feedback.deadlines import (
    Due,
    Duty,
    Kind,
    anchor_of,
    confirm_due,
    extend,
    on_time,
    pass_on,
    promise_due,
    recount,
    replan_due,
    reply_due,
    resume_due,
    to_major,
    to_normal,
    urge_due,
)
from feedback.ladder import DEFAULT_STEPS, Case, Org, Person, next_moment, passed, steps_for
from tests.engine.almanac import CHINA, POLICY

RESPONSIBLE, SUPERIOR, QIFA, MANAGEMENT, ASKER = 1, 2, 3, 4, 5
ORG = Org(
    {
        person.id: person
        for person in [
            Person(11, RESPONSIBLE, "head", away=True),
            Person(12, RESPONSIBLE, "officer"),
            Person(21, SUPERIOR, "head"),
            Person(31, QIFA, "head"),
            Person(41, MANAGEMENT, "head"),
            Person(51, ASKER, "officer"),
        ]
    },
    {RESPONSIBLE: SUPERIOR, SUPERIOR: QIFA},
    supervising=QIFA,
    management=MANAGEMENT,
)
CASE = Case(RESPONSIBLE, asker=ASKER)


@dataclass
class Owed:
    """A row of the table of obligations."""

    id: int
    kind: Kind
    round: int
    start: date
    days: int
    due_at: datetime
    provisional: bool
    created_at: datetime
    breach: int = 0
    version: int = 1
    extended: int = 0
    met_at: datetime | None = None
    missed_at: datetime | None = None
    voided_at: datetime | None = None
    recorded: dict[int, list[int | str]] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        return self.met_at is None and self.voided_at is None

    @property
    def duty(self) -> Duty:
        return Duty(
            self.kind, self.start, self.days, self.due_at, self.provisional, self.missed_at, self.met_at, self.voided_at
        )

    def move(self, due: Due) -> None:
        self.version += due.at != self.due_at
        self.due_at, self.provisional = due.at, due.provisional


class Histories(RuleBasedStateMachine):
    """One ticket from filing to closing and over again."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 12, 21, 10, tzinfo=SHANGHAI)
        self.calendar: WorkCalendar = CHINA
        self.state = "open"
        self.round = 1
        self.severity = "normal"
        self.anchor = anchor_of(self.now)
        self.formal = False  # a formal reply of this round stands
        self.breach = 0
        self.passed_on = 0
        self.question: datetime | None = None
        self.owed: list[Owed] = []
        self.messages: list[tuple[int, int | str, int, int]] = []
        self.misses: dict[int, datetime] = {}

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    def owe(self, kind: Kind, due: Due, created_at: datetime | None = None) -> None:
        number = len(self.owed) + 1
        breach = self.breach if kind is Kind.PROMISE else 0
        self.owed.append(
            Owed(number, kind, self.round, due.start, due.n, due.at, due.provisional, created_at or self.now, breach)
        )

    def running(self, *kinds: Kind) -> Iterator[Owed]:
        return (owed for owed in self.owed if owed.running and (not kinds or owed.kind in kinds))

    def settle(self) -> None:
        """Mark what has passed, at its true moment; every verb and the sweep begin with it."""
        while late := [owed for owed in self.running() if self.is_late(owed)]:
            for owed in late:
                self.miss(owed)

    def is_late(self, owed: Owed) -> bool:
        paused = owed.kind is Kind.PROMISE and self.question is not None
        return owed.missed_at is None and not paused and not on_time(self.now, owed.due_at)

    def miss(self, owed: Owed) -> None:
        if owed.kind is Kind.CONFIRM:  # silence: closed by default
            owed.voided_at, self.state = owed.due_at, "closed"
            return
        owed.missed_at = owed.due_at
        if owed.kind is Kind.PROMISE:
            self.formal, self.breach = False, self.breach + 1
            self.owe(Kind.REPLAN, replan_due(POLICY, self.calendar, owed.due_at), owed.due_at)

    def meet(self, *kinds: Kind) -> None:
        for owed in self.running(*kinds):
            owed.met_at = self.now

    def promise(self) -> Owed | None:
        """The promise that can still be kept."""
        return next((owed for owed in self.running(Kind.PROMISE) if owed.missed_at is None), None)

    # ── verbs ───────────────────────────────────────────────────────────────────────────────────

    @initialize(hours=st.integers(0, 400), severity=st.sampled_from(["normal", "major"]))
    def file(self, hours: int, severity: str) -> None:
        self.now += timedelta(hours=hours)
        self.severity, self.anchor = severity, anchor_of(self.now)
        self.owe(Kind.REPLY, reply_due(POLICY, self.calendar, self.anchor, severity))

    @rule(minutes=st.integers(1, 600) | st.integers(1, 20_000))
    def time_passes_without_a_sweep(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: any(self.running()))
    @rule(data=st.data(), microseconds=st.sampled_from([0, 1]))
    def time_passes_to_a_due(self, data: st.DataObject, microseconds: int) -> None:
        due_at = data.draw(st.sampled_from([owed.due_at for owed in self.running()]))
        self.now = max(self.now, due_at + timedelta(microseconds=microseconds))

    @rule()
    def sweep(self) -> None:
        self.sweep_once()
        messages, owed = list(self.messages), [replace(each) for each in self.owed]

        self.sweep_once()

        assert (self.messages, self.owed) == (messages, owed)

    def sweep_once(self) -> None:
        self.settle()
        for owed in self.running():
            if owed.kind is Kind.PROMISE and self.question is not None:
                continue
            steps = steps_for(DEFAULT_STEPS, owed.kind, breach=owed.breach)
            already = owed.recorded.setdefault(owed.version, [])
            found = passed(steps, owed.due_at, self.calendar, self.now, already, since=owed.created_at)
            already += [moment.step.id for moment in found.record]
            if found.message:
                told = ORG.recipients(found.message.step.tells, CASE).people
                self.messages += [(owed.id, found.message.step.id, owed.version, person) for person in told]
            following = next_moment(steps, owed.due_at, self.calendar, self.now, already)
            assert following is None or following.at >= self.now

    @precondition(lambda self: self.state in ("open", "planned"))
    @rule()
    def resolve(self) -> None:
        self.settle()
        self.meet(Kind.REPLY, Kind.REPLAN, Kind.PROMISE)
        self.formal, self.state, self.question = True, "resolved", None
        self.owe(Kind.CONFIRM, confirm_due(POLICY, self.calendar, self.now))

    @precondition(lambda self: self.state in ("open", "planned"))
    @rule(days=st.integers(1, 8))
    def plan(self, days: int) -> None:
        self.settle()
        if self.formal:
            return
        day = self.calendar.nth_after(local_date(self.now), days)
        self.meet(Kind.REPLY, Kind.REPLAN)
        for broken in self.running(Kind.PROMISE):
            broken.voided_at = self.now  # replaced by the new plan; its miss stays on record
        self.formal, self.state = True, "planned"
        self.owe(Kind.PROMISE, promise_due(POLICY, self.calendar, at=self.now, day=day))

    @precondition(lambda self: self.state == "planned" and self.question is None)
    @rule(days=st.integers(1, 5))
    def move_the_promise(self, days: int) -> None:
        self.settle()
        promise = self.promise()
        if promise is None or promise.extended:
            return
        day = self.calendar.nth_after(max(local_date(promise.due_at), local_date(self.now)), days)
        promise.move(extend(POLICY, self.calendar, at=self.now, due_at=promise.due_at, new_day=day))
        promise.extended += 1

    @precondition(lambda self: self.state == "planned" and self.question is None)
    @rule()
    def ask_back(self) -> None:
        self.settle()
        if self.promise() is not None:
            self.question = self.now

    @precondition(lambda self: self.question is not None and self.state == "planned")
    @rule()
    def answer_the_question(self) -> None:
        promise, asked_at = self.promise(), self.question
        assert promise is not None
        assert asked_at is not None
        promise.move(resume_due(POLICY, self.calendar, due_at=promise.due_at, asked_at=asked_at, answered_at=self.now))
        self.question = None
        assert on_time(self.now, promise.due_at)

    @precondition(lambda self: self.state == "open")
    @rule()
    def pass_on(self) -> None:
        self.settle()
        old = next(self.running(Kind.REPLY), None)
        if old is None:
            return
        turn = pass_on(
            POLICY,
            self.calendar,
            at=self.now,
            severity=self.severity,
            old_due_at=old.due_at,
            passed_before=self.passed_on,
        )
        assert turn.old_missed == (old.missed_at is not None)
        old.voided_at, self.anchor, self.passed_on = self.now, anchor_of(self.now), self.passed_on + 1
        self.owe(Kind.REPLY, turn.due)

    @precondition(lambda self: self.state == "open")
    @rule()
    def change_the_severity(self) -> None:
        self.settle()
        reply = next((owed for owed in self.running(Kind.REPLY) if owed.missed_at is None), None)
        if reply is None:
            return
        change = to_major if self.severity == "normal" else to_normal
        self.severity = "major" if self.severity == "normal" else "normal"
        due = change(POLICY, self.calendar, at=self.now, anchor=self.anchor, due_at=reply.due_at)
        reply.move(due)
        reply.start, reply.days = due.start, due.n

    @precondition(lambda self: self.state in ("open", "planned"))
    @rule()
    def urge(self) -> None:
        self.owe(Kind.URGE_ANSWER, urge_due(POLICY, self.calendar, self.now))

    @rule()
    def answer_the_urging(self) -> None:
        self.settle()
        self.meet(Kind.URGE_ANSWER)

    @precondition(lambda self: self.state == "resolved")
    @rule()
    def confirm(self) -> None:
        self.settle()
        if self.state == "resolved":
            self.meet(Kind.CONFIRM)
            self.state = "closed"

    @precondition(lambda self: self.state in ("resolved", "closed"))
    @rule()
    def reopen(self) -> None:
        self.settle()
        for owed in self.running():
            owed.voided_at = self.now
        self.round, self.state, self.formal, self.breach = self.round + 1, "open", False, 0
        self.anchor = anchor_of(self.now)
        self.owe(Kind.REPLY, reply_due(POLICY, self.calendar, self.anchor, self.severity))

    @precondition(lambda self: self.state == "open" and not self.formal)
    @rule()
    def withdraw(self) -> None:
        self.settle()
        if self.breach:
            return  # there was a formal reply
        for owed in self.running():
            owed.voided_at = self.now
        self.state = "withdrawn"

    @rule(days=st.integers(-3, 12), working=st.booleans())
    def change_the_calendar(self, days: int, working: bool) -> None:
        self.settle()
        changed = local_date(self.now) + timedelta(days=days)
        self.calendar = self.calendar.with_overrides({changed: Row(working, Reason.COMPANY)})
        for owed in self.running():
            told = owed.due_at
            if due := recount(POLICY, self.calendar, owed.duty, at=self.now):
                owed.move(due)
            assert owed.due_at >= told
            assert recount(POLICY, self.calendar, owed.duty, at=self.now) is None

    # ── what holds at every moment ──────────────────────────────────────────────────────────────

    @invariant()
    def an_open_round_has_a_reply_owed_or_given(self) -> None:
        owing = [owed for owed in self.running(Kind.REPLY, Kind.REPLAN) if owed.round == self.round]
        if self.state in ("open", "planned"):
            assert len(owing) + self.formal == 1
        else:
            assert not owing

    @invariant()
    def nothing_missed_is_ever_unmissed(self) -> None:
        now_missed = {owed.id: owed.missed_at for owed in self.owed if owed.missed_at}
        assert now_missed.items() >= self.misses.items()
        self.misses = now_missed

    @invariant()
    def nobody_is_told_the_same_twice(self) -> None:
        assert len(set(self.messages)) == len(self.messages)

    @invariant()
    def everything_owed_is_due_on_a_working_day_after_it_began(self) -> None:
        for owed in self.running():
            assert owed.due_at > owed.created_at
            ahead = owed.missed_at is None and on_time(self.now, owed.due_at)
            assert not ahead or self.calendar.is_working(local_date(owed.due_at))

    @invariant()
    def what_was_told_is_not_told_to_nobody(self) -> None:
        assert all(ORG.people[person].active and not ORG.people[person].away for *_, person in self.messages)


def test_it_holds_for_every_history() -> None:
    run_state_machine_as_test(Histories, settings=settings(max_examples=60, stateful_step_count=40))
