"""The desk, the list "waiting for me" and the ticket page say the same about whose turn it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from channelportal import home
from channelportal.core import calendar, clock
from channelportal.lib.workdays import local_date
from feedback import desk, rights, workflow
from feedback.models import Ticket
from tests.people import Cast

pytestmark = pytest.mark.django_db

Filed = Callable[..., Ticket]


def _pending(cast: Cast, filed: Filed) -> Ticket:
    return filed(by=cast.ludong_member)


def _returned(cast: Cast, filed: Filed) -> Ticket:
    ticket = filed(by=cast.ludong_member)
    workflow.send_back(ticket, by=cast.ludong_head, text="请补充型号")
    return ticket


def _taken(cast: Cast, filed: Filed) -> Ticket:
    ticket = filed()
    workflow.take(ticket, by=cast.kefu_officer)
    return ticket


def _urged(cast: Cast, filed: Filed) -> Ticket:
    ticket = _taken(cast, filed)
    workflow.urge(ticket, by=cast.qifa_head, text="请尽快")
    return ticket


def _asked(cast: Cast, filed: Filed) -> Ticket:
    ticket = filed()
    workflow.ask(ticket, by=cast.kefu_officer, text="哪个型号？")
    return ticket


def _planned(cast: Cast, filed: Filed) -> Ticket:
    ticket = filed()
    days = calendar.current()
    workflow.plan(ticket, by=cast.kefu_officer, text="换件", day=days.nth_after(local_date(clock.now()), 3))
    return ticket


def _later(cast: Cast, filed: Filed) -> Ticket:
    ticket = _planned(cast, filed)
    day = calendar.current().nth_after(local_date(clock.now()), 6)
    workflow.ask_extension(ticket, by=cast.kefu_officer, day=day, reason="备件未到")
    return ticket


def _severity(cast: Cast, filed: Filed) -> Ticket:
    ticket = filed(severity="normal")
    workflow.ask_severity(ticket, by=cast.kefu_head, to="major", reason="涉及多家客户")
    return ticket


def _assisted(cast: Cast, filed: Filed) -> Ticket:
    ticket = filed()
    day = calendar.current().nth_after(local_date(clock.now()), 1)
    workflow.ask_assist(ticket, by=cast.kefu_officer, unit=cast.lab, task="化验", day=day)
    return ticket


def _resolved(cast: Cast, filed: Filed) -> Ticket:
    ticket = _assisted(cast, filed)
    workflow.resolve(ticket, by=cast.kefu_officer, text="已更换")
    return ticket


def _late(cast: Cast, filed: Filed) -> Ticket:
    return filed(at=clock.now() - timedelta(days=40))


STATES = [
    _pending, _returned, _taken, _urged, _asked, _planned, _later, _severity, _assisted, _resolved, _late,
]  # fmt: skip
READERS = [
    "ludong_head", "ludong_officer", "ludong_member", "kefu_head", "kefu_officer", "kefu_member", "lab_head", "qifa_head",
    "office_head", "market_head",
]  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_it_waits_on_the_desk_and_in_the_list_exactly_for_whom_the_page_names(
    cast: Cast, filed: Filed, state: Callable[[Cast, Filed], Ticket]
) -> None:
    ticket = state(cast, filed)
    ticket.refresh_from_db()
    now = clock.now()
    for name in READERS:
        reader: User = getattr(cast, name)
        seen = Ticket.objects.visible_to(reader).filter(pk=ticket.pk)

        listed = seen.filter(desk.waiting(reader, now)).exists()
        on_desk = ticket.get_absolute_url() in {row.url for row in home.waiting(reader, now)}

        due = seen.exists() and rights.todo(ticket, reader, now) is not None
        assert (listed, on_desk) == (due, due), f"{name}: {rights.todo(ticket, reader, now)}"


def test_it_shows_what_a_colleague_has_taken_apart(cast: Cast, filed: Filed, window: Callable[[User], Client]) -> None:
    _taken(cast, filed)

    page = window(cast.kefu_head).get("/").content.decode()

    assert "同事在办" in page
    assert cast.kefu_officer.name in page
    assert "同事在办" not in window(cast.kefu_officer).get("/").content.decode()
