"""The edges of days: validity, the end of a year, the night before publication, two sweeps at once."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from channelportal.core import calendar
from channelportal.core.models import Alert, OutboxMessage
from channelportal.lib.workdays import SHANGHAI, local_date
from notices import clockwork, desk, sweep
from notices.models import Notice, Receipt
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db
AT = making.AT
CLOSE = time(18, 0)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("published", "days", "due"),
    [
        ("2026-05-08 23:59", 1, "2026-05-09"),  # Friday; Saturday is worked in place of a holiday
        ("2026-05-08 23:59", 2, "2026-05-11"),
        ("2026-05-09 00:00", 1, "2026-05-11"),
        ("2026-04-30 10:00", 1, "2026-05-06"),  # over the holiday
        ("2026-02-14 10:00", 1, "2026-02-24"),  # over the spring festival, which a worked Saturday precedes
        ("2026-12-31 23:59", 1, "2027-01-04"),
    ],
)
def test_an_acknowledgement_is_due_on_a_working_day(published: str, days: int, due: str) -> None:
    found = clockwork.acknowledge_due(CLOSE, calendar.current(), moment(published), days=days)

    assert local_date(found) == date.fromisoformat(due)


def valid_until(cast: Cast, day: date) -> Notice:
    notice = making.published(cast, to=[cast.ludong_head], acknowledge=True, acknowledge_days=3)
    Notice.objects.filter(pk=notice.pk).update(valid_until=day)
    return Notice.objects.get(pk=notice.pk)


def test_the_last_day_of_validity_belongs_to_it(cast: Cast) -> None:
    notice = valid_until(cast, date(2026, 5, 11))

    assert desk.news(cast.ludong_head, date(2026, 5, 11)).exists()
    assert not desk.news(cast.ludong_head, date(2026, 5, 12)).exists()
    assert (notice.expired(date(2026, 5, 11)), notice.expired(date(2026, 5, 12))) == (False, True)


def test_what_has_expired_is_chased_no_more(cast: Cast) -> None:
    notice = valid_until(cast, date(2026, 5, 10))  # before it is due

    for day in range(11, 18):
        for hour in (10, 19):
            sweep.sweep(moment(f"2026-05-{day} {hour}:00"))

    row = Receipt.objects.get(notice=notice)
    assert (row.reminders, row.overdue_told) == (0, False)
    assert not Alert.objects.filter(kind__in=["notice-remind", "notice-late", "notice-late-unit"]).exists()


def test_a_set_moment_at_night_publishes_once_and_mails_in_the_morning(cast: Cast) -> None:
    at = moment("2026-05-12 23:59")
    notice = making.approved(cast, publish_at=at, means=["portal", "mail"], audience=making.CHANNELS)
    assert notice.state == Notice.State.SCHEDULED

    done = [sweep.sweep(at + timedelta(seconds=seconds)).get("published") for seconds in (-1, 0, 0, 60)]

    assert done == [None, 1, None, None]
    notice.refresh_from_db()
    assert notice.published_at == at
    waiting = OutboxMessage.objects.filter(kind="notice-published")
    assert {local_date(one.next_attempt_at) for one in waiting} <= {date(2026, 5, 13)}
