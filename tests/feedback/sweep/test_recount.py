"""The calendar changes while tickets are open."""

from __future__ import annotations

from datetime import datetime

from channelportal.core import calendar
from channelportal.core.models import Alert
from channelportal.lib.workdays import Reason, Row
from feedback.models import Entry, Obligation, Recount, Ticket
from feedback.recount import catch_up, preview
from feedback.sweep import sweep
from tests.feedback.workflow.moments import may
from tests.people import Cast


def declare(cast: Cast, day: int, working: bool, at: datetime) -> None:
    calendar.set_day(may(day).date(), working, name="厂休", by=cast.qifa_head, at=at)


def duty_of(ticket: Ticket) -> Obligation:
    return Obligation.objects.get(ticket=ticket, kind="reply")


def test_it_moves_a_due_later_when_its_day_becomes_a_day_off(ticket: Ticket, cast: Cast) -> None:
    declare(cast, 12, False, may(11, 16))

    sweep(may(12, 18, 1))

    duty = duty_of(ticket)
    assert (duty.due_at, duty.due_version, duty.missed_at) == (may(13, 18), 2, None)
    assert Ticket.objects.get(pk=ticket.pk).due_at == may(13, 18)
    assert Entry.objects.get(kind="recounted").data["was"].startswith("2026-05-12")
    assert Alert.objects.filter(kind="ticket-recounted", user=cast.ludong_head).exists()


def test_it_never_moves_a_due_earlier_than_what_people_were_told(ticket: Ticket, cast: Cast) -> None:
    declare(cast, 12, False, may(11, 16))
    catch_up(may(11, 16))

    declare(cast, 12, True, may(11, 17))
    catch_up(may(11, 17))

    assert duty_of(ticket).due_at == may(13, 18)


def test_it_leaves_what_was_missed_missed(ticket: Ticket, cast: Cast) -> None:
    sweep(may(12, 18, 1))

    declare(cast, 12, False, may(12, 19))
    sweep(may(12, 19, 1))

    assert duty_of(ticket).missed_at == may(12, 18)


def test_it_is_a_fixed_point(ticket: Ticket, cast: Cast) -> None:
    declare(cast, 12, False, may(11, 16))
    assert catch_up(may(11, 16)) == 1

    Recount.objects.all().delete()

    assert catch_up(may(11, 16)) == 0
    assert duty_of(ticket).due_version == 2


def test_it_shows_beforehand_what_would_move(ticket: Ticket) -> None:
    holiday = Row(working=False, reason=Reason.COMPANY, name="厂休", paper="", notice=None)

    found = preview(calendar.current().with_overrides({may(12).date(): holiday}), may(11, 16))

    assert [(one.obligation.ticket, one.due.at) for one in found] == [(ticket, may(13, 18))]
    assert duty_of(ticket).due_at == may(12, 18)


def test_it_shows_beforehand_exactly_what_a_day_set_by_hand_moves(ticket: Ticket, cast: Cast) -> None:
    row = Row(working=False, reason=Reason.COMPANY, name="厂休", paper="", notice=None)
    found = preview(calendar.proposed(may(12).date(), row), may(11, 16))

    declare(cast, 12, False, may(11, 16))
    moved = catch_up(may(11, 16))

    assert len(found) == moved == 1
    assert found[0].due.at == duty_of(ticket).due_at


def test_it_shows_that_another_units_day_moves_nothing(ticket: Ticket, cast: Cast) -> None:
    row = Row(working=False, reason=Reason.COMPANY, name="盘点", paper="", notice=None)

    assert preview(calendar.proposed(may(12).date(), row, unit_id=cast.dev.pk), may(11, 16)) == []
    assert len(preview(calendar.proposed(may(12).date(), row, unit_id=cast.kefu.pk), may(11, 16))) == 1


def test_it_shows_that_the_units_own_day_wins_over_the_companys(ticket: Ticket, cast: Cast) -> None:
    calendar.set_day(may(12).date(), True, name="值班", by=cast.qifa_head, at=may(11, 15), unit_id=cast.kefu.pk)
    row = Row(working=False, reason=Reason.COMPANY, name="厂休", paper="", notice=None)

    assert preview(calendar.proposed(may(12).date(), row), may(11, 16)) == []


def test_it_shows_what_taking_a_day_back_moves(ticket: Ticket, cast: Cast) -> None:
    declare(cast, 13, True, may(11, 15))
    calendar.set_day(may(12).date(), True, name="加班", by=cast.qifa_head, at=may(11, 15))
    wanted = calendar.proposed(may(12).date(), None)

    assert wanted(None).day(may(12).date()).reason is not Reason.COMPANY
    assert wanted(None).day(may(13).date()).reason is Reason.COMPANY
