"""The cast in a database that the server and other processes see, with windows for its people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import models
from django.db.models import F
from django.test import Client
from playwright.sync_api import Page

from accounts.models import User
from channelportal.core import calendar, clock, stamps
from channelportal.lib.workdays import local_date
from feedback import supplied
from feedback.models import Entry, LadderEvent, Obligation, Ticket
from tests.people import Cast, cast
from tests.services import backlog

PATIENCE = 20_000  # milliseconds: the machine may be busy


@pytest.fixture
def company(transactional_db: None) -> Iterator[Cast]:
    """The cast on days that are all working days with mail going out at any hour, so that a test may run at any hour."""
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    company = cast()
    at = clock.now()
    for ago in range(1, 8):
        calendar.set_day(local_date(at) - timedelta(days=ago), True, name="值班", by=company.qifa_head, at=at)
    backlog.round_the_clock(company, at)
    yield company
    stamps.forget_all()


def let_pass(ticket: Ticket, days: int) -> None:
    """Let `days` days pass for this ticket. The product has no trick for that, so all its moments move back by whole days, in
    the database, as if everything had happened so much earlier; the clock stays the real one."""
    earlier = timedelta(days=days)
    for rows in (
        Ticket.objects.filter(pk=ticket.pk),
        Entry.objects.filter(ticket=ticket),
        Obligation.objects.filter(ticket=ticket),
        LadderEvent.objects.filter(obligation__ticket=ticket),
    ):
        moments = [f.name for f in rows.model._meta.fields if isinstance(f, models.DateField)]  # with or without a time
        rows.update(**{name: F(name) - earlier for name in moments})


def come_in(page: Page, user: User, url: str) -> Page:
    """Signed in without the sign-in page, which other tests are about. `url`: where the portal answers."""
    client = Client()
    client.force_login(user)
    page.set_default_timeout(PATIENCE)
    page.context.add_cookies([{"name": "session", "value": client.cookies["session"].value, "url": url}])
    return page
