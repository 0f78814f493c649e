"""Any history of a ticket, with a sweep at any moment: what must hold holds, and what may not be done changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.access import Refused
from accounts.models import User
from channelportal.core import calendar
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib.workdays import local_date
from feedback import deadlines, in_force, rights, workflow
from feedback.models import Entry, Extension, LongPlan, Obligation, SeverityRequest, Tally, Ticket, TicketKind
from feedback.moves import MOVES
from feedback.workflow import base
from tests.feedback.workflow.moments import MON_10
from tests.people import Cast

MAIN = ("reply", "promise", "replan", "urge_answer")
PEOPLE = (
    "ludong_head",
    "ludong_officer",
    "kefu_head",
    "kefu_officer",
    "qifa_head",
    "qifa_officer",
    "quality_officer",
    "chuannan_head",
)
people = st.sampled_from(PEOPLE)


class Histories(RuleBasedStateMachine):
    """One ticket, whatever its people do to it in whatever order."""

    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime = MON_10
        self.missed: dict[int, datetime] = {}
        self.frozen: dict[int, tuple[Any, ...]] = {}

    @initialize(severity=st.sampled_from(["normal", "major"]), head=st.booleans())
    def file(self, severity: str, head: bool) -> None:
        self.id = workflow.file(
            by=self.cast.ludong_head if head else self.cast.ludong_officer, kind=TicketKind.objects.get(code="problem"),
            title="水泵漏水", body="三台", responsible=self.cast.kefu, severity=severity, at=self.at,
        ).pk  # fmt: skip

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.get(pk=self.id)

    def person(self, key: str) -> User:
        return User.objects.get(pk=self.cast.people[key].pk)

    def attempt(self, verb: str, by: str, deed: Callable[[User], Any]) -> None:
        """The verb does what `MOVES` and `rights` promise, or raises one of its three errors and changes nothing."""
        ticket, user = self.ticket, self.person(by)
        before = self.everything()
        offered = verb in rights.possible(ticket, user, self.at)
        try:
            with transaction.atomic():
                deed(user)
        except Refused:
            assert not offered
            assert self.everything() == before
        except WrongState:
            assert not offered
            assert self.everything() == before
        except Invalid:
            assert self.everything() == before
        else:
            assert ticket.state in MOVES[verb].states
            if to := MOVES[verb].to:
                assert self.ticket.state == to

    def everything(self) -> tuple[Any, ...]:
        duties = list(Obligation.objects.filter(ticket=self.id).order_by("pk").values_list())
        return (Ticket.objects.filter(pk=self.id).values_list().get(), duties, Entry.objects.count())

    # ── time ────────────────────────────────────────────────────────────────────────────────────

    @rule(minutes=st.sampled_from([1, 60, 8 * 60, 24 * 60, 3 * 24 * 60]))
    def wait(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def until_due_and_a_second(self) -> None:
        if due_at := self.ticket.due_at:
            self.at = max(self.at, due_at + timedelta(seconds=1))

    @rule()
    def sweep(self) -> None:
        """What the sweep finds missed, through the helper that it shares."""
        with transaction.atomic():
            ticket = base.lock(self.ticket)
            paused = set(ticket.questions.filter(answered_at=None).values_list("paused", flat=True))
            late = Obligation.objects.running().filter(ticket=ticket, missed_at=None, due_at__lt=self.at, kind__in=MAIN)
            for duty in late.exclude(pk__in=[pk for pk in paused if pk]).select_related("ticket"):
                base.miss(duty)

    # ── what keeps a history going ──────────────────────────────────────────────────────────────

    @rule(by=st.sampled_from(PEOPLE[:6]), pick=st.integers(0, 99))
    def go_on(self, by: str, pick: int) -> None:
        """One of the verbs that are possible for him now, those left out that end it all."""
        verbs = [verb for verb in rights.possible(self.ticket, self.person(by), self.at) if verb in DEEDS]
        if verbs:
            verb = verbs[pick % len(verbs)]
            self.attempt(verb, by, lambda user: DEEDS[verb](self, user))

    @rule(by=st.sampled_from(["kefu_officer", "kefu_head"]), ahead=st.integers(0, 3))
    def answer(self, by: str, ahead: int) -> None:
        """The responsible unit plans where it may, else resolves."""
        verb = "plan" if "plan" in rights.possible(self.ticket, self.person(by), self.at) else "resolve"
        day = self.day(ahead)
        deeds: dict[str, Callable[[User], Any]] = {
            "plan": lambda user: workflow.plan(self.ticket, by=user, text="派人", day=day, at=self.at),
            "resolve": lambda user: workflow.resolve(self.ticket, by=user, text="已处理", at=self.at),
        }
        self.attempt(verb, by, deeds[verb])

    @precondition(lambda self: self.ticket.state in ("open", "planned"))
    @rule(by=st.sampled_from(["kefu_officer", "kefu_head"]), often=st.integers(1, 3))
    def break_promises(self, by: str, often: int) -> None:
        """Plan, let the day pass without a sweep, plan again."""
        for _time in range(often):
            self.answer_now(by)
            self.until_due_and_a_second()
        self.answer_now(by)

    def answer_now(self, by: str) -> None:
        day = self.day(1)
        self.attempt("plan", by, lambda user: workflow.plan(self.ticket, by=user, text="派人", day=day, at=self.at))

    # ── verbs ───────────────────────────────────────────────────────────────────────────────────

    @rule(by=people, verb=st.sampled_from(["take", "copy", "remind"]))
    def plainly(self, by: str, verb: str) -> None:
        self.attempt(verb, by, lambda user: getattr(workflow, verb)(self.ticket, by=user, at=self.at))

    @rule(
        by=people,
        verb=st.sampled_from(
            ["resolve", "note", "urge", "answer_urge", "report", "answer_question", "send_back", "approve"]
        ),
    )
    def with_words(self, by: str, verb: str) -> None:
        self.attempt(verb, by, lambda user: getattr(workflow, verb)(self.ticket, by=user, text="说明", at=self.at))

    @rule(by=people, verb=st.sampled_from(["reopen", "withdraw", "close"]))
    def with_reason(self, by: str, verb: str) -> None:
        self.attempt(verb, by, lambda user: getattr(workflow, verb)(self.ticket, by=user, reason="原因", at=self.at))

    @rule(by=people)
    def resend(self, by: str) -> None:
        self.attempt(
            "resend", by, lambda user: workflow.resend(self.ticket, by=user, title="水泵", body="四台", at=self.at)
        )

    @rule(by=people, pause=st.booleans())
    def ask(self, by: str, pause: bool) -> None:
        self.attempt("ask", by, lambda user: workflow.ask(self.ticket, by=user, text="哪批?", pause=pause, at=self.at))

    @rule(by=people, unit=st.sampled_from(["quality", "dev", "kefu"]))
    def pass_on(self, by: str, unit: str) -> None:
        to = self.cast.units[unit]
        self.attempt(
            "pass_on", by, lambda user: workflow.pass_on(self.ticket, by=user, to=to, reason="归口", at=self.at)
        )

    @rule(by=people, ahead=st.integers(0, 40))
    def plan(self, by: str, ahead: int) -> None:
        day = self.day(ahead)
        self.attempt("plan", by, lambda user: workflow.plan(self.ticket, by=user, text="派人", day=day, at=self.at))

    def day(self, ahead: int) -> date:
        return calendar.current().shift(calendar.current().next_working(local_date(self.at)), ahead)

    @rule(by=people, ahead=st.integers(1, 10))
    def ask_extension(self, by: str, ahead: int) -> None:
        day = self.day(ahead)
        self.attempt(
            "ask_extension",
            by,
            lambda user: workflow.ask_extension(self.ticket, by=user, day=day, reason="缺件", at=self.at),
        )

    @rule(by=people, grant=st.booleans())
    def decide_extension(self, by: str, grant: bool) -> None:
        asked = Extension.objects.filter(obligation__ticket=self.id).last()
        if asked and grant:
            self.attempt("grant_extension", by, lambda user: workflow.grant_extension(asked, by=user, at=self.at))
        elif asked:
            self.attempt(
                "refuse_extension",
                by,
                lambda user: workflow.refuse_extension(asked, by=user, reason="不行", at=self.at),
            )

    @rule(by=people, verb=st.sampled_from(["agree_long_plan", "grant_long_plan"]))
    def decide_long_plan(self, by: str, verb: str) -> None:
        if asked := LongPlan.objects.filter(ticket=self.id).last():
            self.attempt(verb, by, lambda user: getattr(workflow, verb)(asked, by=user, at=self.at))

    @rule(by=people, to=st.sampled_from(["normal", "major"]))
    def ask_severity(self, by: str, to: str) -> None:
        self.attempt(
            "ask_severity",
            by,
            lambda user: workflow.ask_severity(self.ticket, by=user, to=to, reason="原因", at=self.at),
        )

    @rule(by=people)
    def confirm_severity(self, by: str) -> None:
        if asked := SeverityRequest.objects.filter(ticket=self.id).last():
            self.attempt("confirm_severity", by, lambda user: workflow.confirm_severity(asked, by=user, at=self.at))

    @rule(by=people, verb=st.sampled_from(["hold", "advance"]))
    def level_two(self, by: str, verb: str) -> None:
        duty = Obligation.objects.filter(ticket=self.id, kind__in=MAIN).last()
        if duty and duty.running:
            with_reason = getattr(workflow, verb)
            before = self.everything()
            try:
                with transaction.atomic():
                    with_reason(duty, by=self.person(by), reason="原因", at=self.at)
            except (Refused, WrongState):
                assert self.everything() == before

    @rule(by=people)
    def confirm(self, by: str) -> None:
        self.attempt("confirm", by, lambda user: workflow.confirm(self.ticket, by=user, answer=4, speed=4, at=self.at))

    @precondition(lambda self: self.ticket.state == "resolved")
    @rule()
    def close_silent(self) -> None:
        try:
            with transaction.atomic():
                workflow.close_silent(self.ticket, at=self.at)
        except WrongState:
            assert self.at <= Obligation.objects.running().get(ticket=self.id, kind="confirm").due_at

    # ── what must hold ──────────────────────────────────────────────────────────────────────────

    def duties(self) -> list[Obligation]:
        return list(Obligation.objects.filter(ticket=self.id).order_by("pk"))

    @invariant()
    def an_open_round_has_an_open_reply_or_a_formal_reply(self) -> None:
        ticket = self.ticket
        replies = [
            duty for duty in self.duties() if duty.round == ticket.round and duty.kind == "reply" and duty.running
        ]
        formal = ticket.entries.filter(round=ticket.round, kind__in=Entry.FORMAL).exists()
        assert formal == (ticket.answered_at is not None)
        if ticket.live:
            assert (len(replies) == 1) != formal, (ticket.state, replies, formal)
        else:
            assert not replies

    @invariant()
    def nothing_missed_is_unmissed(self) -> None:
        now = {duty.pk: duty.missed_at for duty in self.duties() if duty.missed_at}
        assert now.items() >= self.missed.items()
        self.missed = now
        for duty in self.duties():
            if duty.missed_at:
                assert duty.missed_at == duty.due_at
            if duty.met_at and duty.kind != "confirm":
                assert (duty.met_at > duty.due_at) == (duty.missed_at is not None)

    @invariant()
    def old_rounds_never_change(self) -> None:
        current = self.ticket.round
        rows = {row[0]: row for row in Obligation.objects.filter(ticket=self.id, round__lt=current).values_list()}
        assert rows.items() >= self.frozen.items()
        self.frozen = rows

    @invariant()
    def the_ticket_says_what_is_owed(self) -> None:
        ticket = self.ticket
        paused = set(ticket.questions.filter(answered_at=None).values_list("paused", flat=True))
        owed = [duty for duty in self.duties() if duty.running and duty.kind in MAIN and duty.pk not in paused]
        first = min(owed, key=lambda duty: duty.due_at, default=None)
        assert ticket.due_at == (first.due_at if first else None)
        assert ticket.missed == any(duty.missed_at and duty.kind in MAIN for duty in self.duties())
        assert ticket.question_open == ticket.questions.filter(answered_at=None).exists()
        assert all(duty.unit_id == ticket.responsible_id for duty in owed)

    @invariant()
    def an_ended_loop_owes_nothing(self) -> None:
        ticket = self.ticket
        running = [duty for duty in self.duties() if duty.running]
        if ticket.state in Ticket.ENDED:
            assert ticket.ended_at
            assert not running
            assert not Extension.objects.filter(obligation__ticket=ticket, state="asked").exists()
        if ticket.state == "planned":
            assert [duty for duty in running if duty.kind == "promise"]
        if ticket.state == "resolved":
            assert [duty.kind for duty in running] == ["confirm"]
        assert all(duty.next_step_at is None for duty in self.duties() if not duty.running)

    @invariant()
    def every_due_is_a_working_moment(self) -> None:
        days, policy = calendar.current(), in_force.policy()
        for duty in self.duties():
            assert days.is_working(duty.due_day)
            assert duty.due_at == days.close_of_business(duty.due_day, policy.close_of_business)
            assert duty.due_at >= duty.first_due_at
            assert duty.kind != "reply" or duty.due_day > duty.anchor

    @invariant()
    def the_counters_agree(self) -> None:
        """Over everything in this database, not only this ticket."""
        counters = ("replies_on_time", "replies_late", "promises_kept", "promises_broken", "received")
        sums = Tally.objects.aggregate(*map(Sum, counters))
        replies, promises = Obligation.objects.filter(kind="reply"), Obligation.objects.filter(kind="promise")
        in_time = Q(met_at__isnull=False, missed_at=None)
        assert (sums["replies_on_time__sum"] or 0) == replies.filter(in_time).count()
        assert (sums["replies_late__sum"] or 0) == replies.filter(missed_at__isnull=False).count()
        assert (sums["promises_kept__sum"] or 0) == promises.filter(in_time).count()
        assert (sums["promises_broken__sum"] or 0) == promises.filter(missed_at__isnull=False).count()

    @invariant()
    def nothing_late_is_left_after_a_reply(self) -> None:
        for duty in self.duties():
            if duty.met_at and duty.kind in MAIN:
                assert deadlines.on_time(duty.met_at, duty.due_at) == (duty.missed_at is None)


DEEDS: dict[str, Callable[[Histories, User], Any]] = {
    "approve": lambda one, by: workflow.approve(one.ticket, by=by, at=one.at),
    "take": lambda one, by: workflow.take(one.ticket, by=by, at=one.at),
    "ask": lambda one, by: workflow.ask(one.ticket, by=by, text="哪批?", pause=True, at=one.at),
    "answer_question": lambda one, by: workflow.answer_question(one.ticket, by=by, text="三月", at=one.at),
    "plan": lambda one, by: workflow.plan(one.ticket, by=by, text="派人", day=one.day(2), at=one.at),
    "reopen": lambda one, by: workflow.reopen(one.ticket, by=by, reason="还在漏", at=one.at),
    "urge": lambda one, by: workflow.urge(one.ticket, by=by, text="请抓紧", at=one.at),
    "answer_urge": lambda one, by: workflow.answer_urge(one.ticket, by=by, text="明天", at=one.at),
}


def test_it_holds_in_every_history(cast: Cast) -> None:
    class Here(Histories):
        pass

    Here.cast = cast
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=int(os.environ.get("HISTORIES", "12")), stateful_step_count=30, deadline=None,
            derandomize="HISTORIES" not in os.environ,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
        ),
    )  # fmt: skip
