"""The sweep between other hands, broken rows and crashes: nothing half-done, nothing held up, nothing twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, models
from pytest_django import Settings

from accounts.models import User
from channelportal.core import bulk, calendar, clock
from channelportal.core.models import Alert, AuditEntry, OutboxMessage, SearchDocument
from feedback import workflow
from feedback.models import Entry, LadderEvent, Obligation, Tally, Ticket, TicketKind
from feedback.sweep import sweep
from tests import threads
from tests.feedback.workflow.moments import MON_10, TUE_DUE, TUE_LATE, may
from tests.people import Cast
from tests.services import backlog

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WRITTEN: tuple[type[models.Model], ...] = (
    Ticket, Obligation, Entry, LadderEvent, AuditEntry, Alert, OutboxMessage, SearchDocument, Tally,
)  # fmt: skip


def missed() -> set[int]:
    return set(Obligation.objects.filter(missed_at__isnull=False).values_list("pk", flat=True))


def ids(duties: list[Obligation]) -> set[int]:
    return {duty.pk for duty in duties}


# ── other hands ─────────────────────────────────────────────────────────────────────────────────


def test_it_leaves_what_another_hand_holds_for_the_next_sweep(company: Cast) -> None:
    taken, *others = backlog.fall_due(company, [TUE_DUE] * 5)

    with backlog.held(taken.ticket_id):
        sweep(TUE_LATE)
        handled = missed()
    sweep(TUE_LATE)

    assert handled == ids(others)
    assert missed() == ids([taken, *others])
    assert LadderEvent.objects.count() == 5


def test_it_judges_nothing_that_it_could_not_count_by_the_new_calendar(company: Cast) -> None:
    taken, _moved = backlog.fall_due(company, [TUE_DUE] * 2)
    (late,) = backlog.fall_due(company, [may(11, 18)], first=2)
    calendar.set_day(may(12).date(), False, name="厂休", by=company.qifa_head, at=may(11, 19))

    with backlog.held(taken.ticket_id):
        sweep(TUE_LATE)
    handled = missed()
    held_back = Obligation.objects.get(pk=taken.pk)
    sweep(TUE_LATE)

    assert handled == {late.pk}
    assert (held_back.due_at, held_back.missed_at) == (TUE_DUE, None)
    assert set(Obligation.objects.exclude(pk=late.pk).values_list("due_at", flat=True)) == {may(13, 18)}
    assert missed() == {late.pk}


def test_it_does_each_once_when_eight_sweep_at_once(company: Cast, settings: Settings) -> None:
    settings.SWEEP_BATCH = 10
    duties = backlog.fall_due(company, [TUE_DUE] * 160)

    failures = threads.failures([lambda: sweep(TUE_LATE)] * 8)

    assert failures == []
    assert missed() == ids(duties)
    assert sorted(LadderEvent.objects.values_list("obligation_id", flat=True)) == sorted(ids(duties))
    assert Entry.objects.count() == 2 * len(duties)
    assert Tally.objects.get(unit=company.kefu).replies_late == len(duties)


def test_it_is_on_time_or_late_but_never_both_when_answered_at_the_due_moment(company: Cast) -> None:
    due = clock.now() + timedelta(seconds=1.5)
    early, close, tardy = [-1.0] * 4, [number / 100 for number in range(-12, 12)], [0.5] * 4
    offsets = [*early, *close, *tardy]
    duties = backlog.fall_due(company, [due] * len(offsets))

    def answer(duty: Obligation, offset: float) -> None:
        ticket, by = Ticket.objects.get(pk=duty.ticket_id), User.objects.get(pk=company.kefu_officer.pk)
        threading.Event().wait((due - clock.now()).total_seconds() + offset)
        workflow.resolve(ticket, by=by, text="已更换密封圈。")

    def keep_sweeping() -> None:
        while clock.now() < due + timedelta(seconds=1):
            sweep()

    answers = [
        lambda duty=duty, offset=offset: answer(duty, offset) for duty, offset in zip(duties, offsets, strict=True)
    ]
    failures = threads.failures([*answers, keep_sweeping, keep_sweeping])

    assert failures == []
    late = missed()
    for duty in Obligation.objects.filter(kind="reply"):
        on_time = duty.met_at is not None and duty.met_at <= due
        lines = Entry.objects.filter(ticket=duty.ticket_id, kind="missed").count()
        assert (duty.pk in late, lines) == ((False, 0) if on_time else (True, 1)), duty.met_at
        assert LadderEvent.objects.filter(obligation=duty).count() <= (not on_time)
    tally = Tally.objects.get(unit=company.kefu)
    assert (tally.replies_on_time, tally.replies_late) == (len(offsets) - len(late), len(late))
    assert len(tardy) <= len(late) <= len(offsets)


# ── broken rows ─────────────────────────────────────────────────────────────────────────────────


@contextmanager
def poisoned(ticket_id: int) -> Iterator[None]:
    """The database itself refuses every line of this ticket's timeline."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF NEW.ticket_id = {int(ticket_id)} THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$"
        )
        cursor.execute("CREATE TRIGGER poison BEFORE INSERT ON feedback_entry FOR EACH ROW EXECUTE FUNCTION poison()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER poison ON feedback_entry")
            cursor.execute("DROP FUNCTION poison")


def test_it_parks_for_an_hour_what_the_database_refuses(company: Cast, caplog: pytest.LogCaptureFixture) -> None:
    bad, *others = backlog.fall_due(company, [TUE_DUE] * 5)

    with poisoned(bad.ticket_id):
        sweep(TUE_LATE)
        handled = missed()
        sweep(TUE_LATE + timedelta(minutes=59))
    parked = Obligation.objects.get(pk=bad.pk)
    sweep(TUE_LATE + timedelta(hours=1))

    assert handled == ids(others)
    assert f"obligation {bad.pk} cannot be handled" in caplog.text
    assert parked.parked_until == TUE_LATE + timedelta(hours=1)
    assert (missed(), LadderEvent.objects.count()) == (ids([bad, *others]), 5)


def test_it_parks_nothing_when_the_database_is_away(company: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    backlog.fall_due(company, [TUE_DUE] * 2)

    with (
        crash_at(1, "feedback_obligation", error=connection.Database.OperationalError),
        pytest.raises(Exception, match="crash"),
    ):
        sweep(TUE_LATE)

    assert not Obligation.objects.filter(parked_until__isnull=False).exists()


# ── crashes ─────────────────────────────────────────────────────────────────────────────────────


class Crash(BaseException):
    """As if the process ended here: nothing may catch it, and the transaction is never committed."""


@contextmanager
def crash_at(point: int, table: str = "", *, error: type[BaseException] = Crash) -> Iterator[list[str]]:
    """Ends at the `point`th statement (that names `table`) before it runs; yields the statements that ran."""
    ran: list[str] = []

    def look(sql: str) -> None:
        if table in sql:
            ran.append(sql)
            if len(ran) == point:
                raise error("crash")

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        look(sql)
        return execute(sql, params, many, context)

    copy = bulk._copy

    def copied(model: Any, *args: Any) -> None:
        look(f"COPY {model._meta.db_table}")
        copy(model, *args)

    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(statement):
        patch.setattr(bulk, "_copy", copied)
        yield ran


def everything() -> dict[str, Any]:
    """What a verb or the sweep may have left."""
    counts: dict[str, Any] = {model.__name__: model.objects.count() for model in WRITTEN}
    counts["tickets"] = sorted(Ticket.objects.values_list("pk", "state", "level", "missed", "due_at"))
    counts["tallies"] = sorted(
        Tally.objects.values_list("unit", "received", "replies_late", "replies_on_time", "resolved")
    )
    return counts


def crash_everywhere(deed: Callable[[], Any]) -> int:
    """Crash at every statement in turn; each time all must be as before. Returns how many points there were."""
    before = everything()
    for point in range(1, 200):
        with crash_at(point) as ran:
            try:
                deed()
            except Crash:
                assert everything() == before, ran[-1]
                continue
        return point - 1
    raise AssertionError("it never ended")


def test_it_leaves_no_half_ticket_wherever_filing_ends(company: Cast) -> None:
    kind = TicketKind.objects.get(code="problem")

    points = crash_everywhere(
        lambda: workflow.file(
            by=company.ludong_head, kind=kind, title="水泵漏水", body="三台", responsible=company.kefu, at=MON_10
        )
    )

    assert points >= 10
    assert Ticket.objects.count() == Obligation.objects.count() == SearchDocument.objects.count() == 1


def test_it_leaves_no_half_answer_wherever_resolving_ends(company: Cast) -> None:
    (duty,) = backlog.fall_due(company, [TUE_DUE])

    points = crash_everywhere(
        lambda: workflow.resolve(duty.ticket, by=company.kefu_officer, text="已更换密封圈。", at=may(12, 10))
    )

    assert points >= 10
    assert Ticket.objects.get().state == "resolved"
    assert Counter(Obligation.objects.values_list("kind", flat=True)) == {"reply": 1, "confirm": 1}


def test_it_leaves_whole_batches_wherever_the_sweep_ends(company: Cast, settings: Settings) -> None:
    settings.SWEEP_BATCH = 2
    backlog.fall_due(company, [TUE_DUE] * 4)
    point, handled, finished = 0, 0, False

    while not finished:
        point += 1
        with crash_at(point):
            finished = _swept(TUE_LATE)
        handled = _whole()

    assert point > 10
    assert handled == 4


def _swept(at: datetime) -> bool:
    try:
        sweep(at)
    except Crash:
        return False
    return True


def _whole() -> int:
    """How many are handled; each of them wholly."""
    handled = len(missed())
    assert LadderEvent.objects.count() == handled
    assert Counter(Entry.objects.values_list("kind", flat=True)) == (
        {"missed": handled, "escalated": handled} if handled else {}
    )
    assert AuditEntry.objects.filter(action="ticket.escalated").count() == handled
    assert Ticket.objects.filter(level=1, missed=True).count() == handled
    assert Alert.objects.count() == OutboxMessage.objects.count() == handled * 2  # 周主管 and 客服员
    assert sum(Tally.objects.values_list("replies_late", flat=True)) == handled
    assert Obligation.objects.filter(next_step_at=may(13, 18)).count() == handled
    return handled
