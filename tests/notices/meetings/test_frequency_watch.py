"""Who holds the meetings that must be held; who is told when not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Unit
from channelportal.core.models import Alert, OutboxMessage
from notices import frequency_watch
from notices.frequency import State
from notices.models import MeetingKind
from tests.notices.meetings.conftest import Make, may
from tests.people import Cast

TODAY = date(2026, 5, 22)


@pytest.fixture(autouse=True)
def there_since_2020(cast: Cast) -> None:
    Unit.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))


def found(code: str, today: date = TODAY) -> dict[str, State]:
    rows = frequency_watch.standings(today, MeetingKind.objects.filter(code=code))
    return {row.party.name if row.party else "": row.standing.state for row in rows}


def test_each_kind_has_its_parties(cast: Cast) -> None:
    assert found("annual").keys() == {""}
    assert found("monthly").keys() == {"企业市场部", "政府市场部"}
    assert found("quarterly").keys() == {"沈阳分公司", "鲁东代理商", "川南代理商"}
    assert found("urgent") == {}


def test_a_meeting_counts_for_the_department_that_held_it(held: Make) -> None:
    held()

    assert found("monthly") == {"企业市场部": State.OK, "政府市场部": State.OVERDUE}


def test_a_meeting_counts_for_the_channels_that_were_there(held: Make, kind: object) -> None:
    meeting = held()
    type(meeting).objects.update(kind=MeetingKind.objects.get(code="quarterly"))

    assert found("quarterly") == {
        "鲁东代理商": State.OK,
        "川南代理商": State.OVERDUE,  # invited, and was not there
        "沈阳分公司": State.OVERDUE,
    }


def test_only_what_took_place_counts(called: Make) -> None:
    called()

    assert found("monthly")["企业市场部"] is State.OVERDUE


def test_a_closed_channel_owes_nothing(cast: Cast) -> None:
    Unit.objects.filter(pk=cast.chuannan.pk).update(active=False)

    assert "川南代理商" not in found("quarterly")


def test_it_takes_the_same_statements_for_many(held: Make) -> None:
    held()

    with CaptureQueriesContext(connection) as queries:
        frequency_watch.standings(TODAY)

    assert len(queries) <= 5


def test_the_department_and_the_supervisors_are_told_once(cast: Cast) -> None:
    first = frequency_watch.watch(may(22, 9))
    again = frequency_watch.watch(may(22, 9, 1))
    next_day = frequency_watch.watch(may(25, 9))

    assert (first > 0, again) == (True, 0)
    told = Alert.objects.filter(kind="meeting-frequency-overdue", data__name_zh="月度工作会")
    names = sorted(set(told.values_list("user__name", flat=True)))
    assert names == sorted(["钱企市", "企市员", "孙政市", "政市员", "陈企发", "吴督办"])
    assert told.filter(user=cast.qifa_head).count() == 2  # of two departments
    assert told.filter(user=cast.market_head).count() == 1
    assert next_day == first  # looked at again, and nothing new is written
    assert Alert.objects.filter(kind__startswith="meeting-frequency").count() == first
    assert OutboxMessage.objects.filter(kind="meeting-news").count() == first


def test_nobody_is_told_at_night_or_on_a_day_off(cast: Cast) -> None:
    assert frequency_watch.watch(may(22, 8)) == 0
    assert frequency_watch.watch(may(23, 10)) == 0

    assert not Alert.objects.exists()


def test_who_held_it_is_not_told(cast: Cast, held: Make) -> None:
    held()

    frequency_watch.watch(may(22, 9))

    assert not Alert.objects.filter(
        kind="meeting-frequency-overdue", user=cast.market_head, data__name_zh="月度工作会"
    ).exists()
