"""The calendar of the database: what ships, what a notice changes, what 企发部 sets by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from channelportal.core import calendar, stamps
from channelportal.core.errors import Invalid
from channelportal.core.models import AuditEntry, CalendarDay, CalendarVersion
from channelportal.lib.workdays import Reason, Row

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shipped() -> None:
    """A database that a transactional test emptied has its years again."""
    stamps.forget_all()
    calendar.ship()


def plan(year: int, *days: date) -> dict[date, Row]:
    off = [date(year, 1, 1), *(date(year, 10, day) for day in range(1, 8)), *days]
    return {day: Row(False, Reason.HOLIDAY, "假", "国办发明电〔2026〕9号", year) for day in off}


def test_it_ships_the_published_years() -> None:
    plan_2026 = calendar.current()

    assert plan_2026.is_working(date(2026, 2, 14))
    assert not plan_2026.is_working(date(2026, 10, 1))
    assert {2024, 2025, 2026} <= plan_2026.published_years
    assert plan_2026.missing_years(date(2026, 11, 1)) == (2027,)


def test_it_ships_only_once() -> None:
    before = CalendarDay.objects.count()

    calendar.ship()

    assert CalendarDay.objects.count() == before


def test_it_puts_a_year_in_force() -> None:
    calendar.publish(plan(2027), 2027, papers=["国办发明电〔2026〕9号"], at=AT)

    now = calendar.current(fresh=True)
    assert 2027 in now.published_years
    assert not now.is_working(date(2027, 10, 4))
    assert not now.day(date(2027, 3, 3)).provisional
    assert AuditEntry.objects.get(action="calendar.published").data["year"] == 2027


def test_it_replaces_what_an_earlier_notice_said_and_keeps_the_old_rows() -> None:
    first = calendar.publish(plan(2027, date(2026, 12, 31)), 2027, at=AT)
    second = calendar.publish(plan(2027), 2027, at=AT)

    now = calendar.current(fresh=True)
    assert now.is_working(date(2026, 12, 31))
    assert first.days.filter(superseded_by=second).count() == first.days.count()
    assert not now.is_working(date(2026, 10, 1))  # the notice for 2026 stands


def test_it_lets_the_company_and_a_unit_differ(cast: object) -> None:
    branch = cast.shenyang  # type: ignore[attr-defined]
    head = cast.qifa_head  # type: ignore[attr-defined]
    calendar.set_day(date(2026, 12, 25), False, name="盘点", by=head, at=AT)
    calendar.set_day(date(2026, 12, 25), True, name="值班", by=head, at=AT, unit_id=branch.pk)

    assert not calendar.current(fresh=True).is_working(date(2026, 12, 25))
    assert calendar.current(unit_id=branch.pk).is_working(date(2026, 12, 25))
    assert not calendar.current(unit_id=cast.ludong.pk).is_working(date(2026, 12, 25))  # type: ignore[attr-defined]


def test_it_takes_a_day_back(cast: object) -> None:
    head = cast.qifa_head  # type: ignore[attr-defined]
    calendar.set_day(date(2026, 12, 25), False, name="盘点", by=head, at=AT)

    assert calendar.clear_day(date(2026, 12, 25), by=head, at=AT) is not None

    assert calendar.current(fresh=True).is_working(date(2026, 12, 25))
    assert calendar.clear_day(date(2026, 12, 25), by=head, at=AT) is None


def test_it_keeps_a_company_day_when_the_year_is_published_again(cast: object) -> None:
    calendar.set_day(date(2027, 5, 20), False, name="司庆", by=cast.qifa_head, at=AT)  # type: ignore[attr-defined]

    calendar.publish(plan(2027), 2027, at=AT)

    assert not calendar.current(fresh=True).is_working(date(2027, 5, 20))


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2101, 1, 1), date.min, date.max])
def test_it_refuses_days_out_of_reach(day: date) -> None:
    with pytest.raises(Invalid):
        calendar.set_day(day, False, name="x", by=None, at=AT)

    assert not CalendarVersion.objects.filter(source="hand").exists()
