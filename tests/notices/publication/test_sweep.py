"""As time passes: what is scheduled goes out, what lies is reminded of, what is late is told; each once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Absence
from channelportal.core import alerts
from channelportal.core.models import Alert, AuditEntry, Heartbeat, OutboxMessage
from notices import receipts, workflow
from notices import sweep as sweeping
from notices.models import Notice, Receipt, Step
from notices.sweep import sweep
from tests.engine.almanac import at as moment
from tests.notices import making
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]
FRIDAY = moment("05-08 10:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def out(cast: Cast, **values: Any) -> Notice:
    people = [cast.ludong_head, cast.ludong_officer, cast.ludong_member, cast.chuannan_head]
    return making.published(cast, **({"to": people, "acknowledge": True, "acknowledge_days": 3} | values))


def told(kind: str) -> set[int]:
    return set(Alert.objects.filter(kind=kind).values_list("user", flat=True))


# ── scheduled ───────────────────────────────────────────────────────────────────────────────────


def test_it_publishes_what_is_scheduled_when_its_time_has_come(cast: Cast) -> None:
    notice = making.approved(cast, publish_at=moment("05-12 09:00"))

    early = sweep(moment("05-12 08:59"))
    done = sweep(moment("05-12 09:00"))

    notice.refresh_from_db()
    assert (early.get("published"), done["published"]) == (None, 1)
    assert (notice.state, notice.published_at) == ("publishing", moment("05-12 09:00"))
    assert notice.job is not None
    assert sweep(moment("05-12 09:01")).get("published") is None


def test_one_that_cannot_go_out_holds_up_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    first = making.approved(cast, publish_at=moment("05-12 09:00"))
    second = making.approved(cast, publish_at=moment("05-12 09:00"))
    whole = workflow.publish

    def refuses(notice: Notice, **values: Any) -> Any:
        if notice.pk == first.pk:
            raise ValueError("this one")
        return whole(notice, **values)

    monkeypatch.setattr(sweeping.workflow, "publish", refuses)
    done = sweep(moment("05-12 09:00"))

    assert done["published"] == 1
    assert list(Notice.objects.filter(state="publishing")) == [second]


# ── approvals that lie ──────────────────────────────────────────────────────────────────────────


def test_a_step_that_lies_is_reminded_of_once_a_working_day(cast: Cast) -> None:
    notice = making.sent(cast)
    step = making.step_of(notice)
    assert step.due_at == moment("05-09 18:00")

    counts = [
        sweep(at).get("approvals", 0)
        for at in (
            moment("05-09 17:00"), moment("05-09 18:30"), moment("05-10 10:00"),  # not due; at night; on Sunday
            moment("05-11 08:30"), moment("05-11 16:00"), moment("05-12 08:30"),
        )
    ]  # fmt: skip

    assert counts == [0, 0, 0, 1, 0, 1]
    assert told("notice-step-lies") == {making.decider(notice).pk}
    assert told("notice-step-lies-author") == {notice.author_id}
    assert Alert.objects.filter(kind="notice-step-lies").count() == 2
    assert OutboxMessage.objects.filter(data__event="notice-step-lies").count() == 2
    assert AuditEntry.objects.filter(action="notice.approval_reminded").count() == 2


def test_what_is_decided_is_reminded_of_no_more(cast: Cast) -> None:
    notice = making.approve_all(making.sent(cast))

    sweep(moment("05-20 09:00"))

    assert not told("notice-step-lies")
    assert not Step.objects.filter(version__notice=notice).exclude(reminded_at=None).exists()


# ── acknowledgements ────────────────────────────────────────────────────────────────────────────


def reminders(cast: Cast, *moments: datetime) -> list[int]:
    return [sweep(at).get("reminded", 0) for at in moments]


def test_it_reminds_on_the_working_day_before_the_due_moment(cast: Cast) -> None:
    notice = out(cast)
    assert notice.acknowledge_due_at == moment("05-12 18:00")
    receipts.acknowledge(notice, by=cast.ludong_head, at=FRIDAY + 6 * HOUR)

    counts = reminders(
        cast, moment("05-09 10:00"), moment("05-11 08:29"), moment("05-11 08:30"), moment("05-11 12:00"), moment("05-12 09:00")
    )  # fmt: skip

    assert counts == [0, 0, 3, 0, 0]
    assert told("notice-remind") == {cast.ludong_officer.pk, cast.ludong_member.pk, cast.chuannan_head.pk}
    assert AuditEntry.objects.get(action="notice.due_reminded").data == {"count": 3}


def test_it_reminds_of_a_short_time_on_the_due_day_itself(cast: Cast) -> None:
    out(cast, acknowledge_days=1)

    counts = reminders(cast, moment("05-08 16:00"), moment("05-09 08:30"), moment("05-09 09:00"))

    assert counts == [0, 4, 0]


def test_whom_somebody_reminded_today_is_not_reminded_again(cast: Cast) -> None:
    notice = out(cast)
    receipts.remind(notice, by=cast.kefu_officer, units=[cast.ludong.pk], at=moment("05-11 08:00"))

    assert reminders(cast, moment("05-11 08:30")) == [1]


def test_where_one_answers_for_the_unit_it_reminds_those_who_can(cast: Cast) -> None:
    out(cast, unit_answers=True)

    done = [sweep(moment("05-11 10:00")), sweep(moment("05-11 10:01")), sweep(moment("05-14 10:00"))]

    asked = {cast.ludong_head.pk, cast.ludong_officer.pk, cast.chuannan_head.pk}
    assert [one.get("reminded") for one in done] == [3, None, None]
    assert told("notice-remind") == asked
    assert told("notice-late") == asked


def test_what_is_late_is_told_once_to_reader_and_head(cast: Cast) -> None:
    notice = out(cast)
    receipts.acknowledge(notice, by=cast.ludong_head, at=FRIDAY + 6 * HOUR)

    counts = [sweep(moment(at)).get("late", 0) for at in ("05-12 18:00", "05-12 18:01", "05-12 18:02", "05-20 10:00")]

    assert counts == [0, 3, 0, 0]
    assert told("notice-late") == {cast.ludong_officer.pk, cast.ludong_member.pk, cast.chuannan_head.pk}
    assert told("notice-late-unit") == {cast.ludong_head.pk, cast.chuannan_head.pk}
    to_head = Alert.objects.get(kind="notice-late-unit", user=cast.ludong_head)
    assert "鲁东代理商 有 2 人" in alerts.wording(to_head)
    assert set(Receipt.objects.filter(settled_at=None).values_list("overdue_told", flat=True)) == {True}
    assert OutboxMessage.objects.filter(data__event="notice-late").count() == 3


def test_while_the_head_is_away_his_deputy_hears_of_it(cast: Cast) -> None:
    making.published(cast, by=cast.dev_officer, to=[cast.kefu_member], acknowledge=True, acknowledge_days=1)
    away = {"first_day": moment("05-01 00:00").date(), "last_day": moment("05-31 00:00").date()}
    Absence.objects.create(user=cast.kefu_head, created_by=cast.kefu_head, **away)

    sweep(moment("05-09 18:01"))

    assert told("notice-late-unit") == {cast.kefu_deputy.pk}


def test_of_what_was_withdrawn_nobody_is_late(cast: Cast) -> None:
    notice = out(cast)
    workflow.withdraw(notice, by=cast.kefu_officer, reason="内容有误", at=FRIDAY + 6 * HOUR)

    done = sweep(moment("05-20 10:00"))

    assert done == {}


# ── nothing due ─────────────────────────────────────────────────────────────────────────────────


def test_with_nothing_due_it_asks_one_question(cast: Cast) -> None:
    out(cast)
    sweep(moment("05-08 16:00"))

    with CaptureQueriesContext(connection) as queries:
        assert sweep(moment("05-08 16:01")) == {}

    asked = [
        query["sql"] for query in queries if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
    ]
    assert len(asked) <= 5, asked
    assert Heartbeat.objects.filter(name="notices").exists()


def test_its_statements_do_not_grow_with_the_readers(cast: Cast) -> None:
    counts = []
    for people in ([cast.ludong_member], [cast.ludong_head, cast.ludong_officer, cast.ludong_member]):
        out(cast, to=people)
        sweep(moment("05-08 16:00"))
        with CaptureQueriesContext(connection) as queries:
            assert sweep(moment("05-12 18:01"))["late"] == len(people)
        counts.append(len(queries))

    assert counts[0] == counts[1]
