"""Channels by the hundred, days that pass for a notice, and the receiver in the place of the makers of group robots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models import DateTimeField, F
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django import Settings

from accounts.models import Agreement, Signature, Unit, User
from channelportal.core import clock, stamps
from channelportal.lib.names import sort_key
from notices import supplied
from notices.models import Notice, Receipt, UnitAnswer
from tests.browser.company import come_in
from tests.people import Cast
from tests.services.browser import OpenPage
from tests.services.robots import RobotServer

OpenFor = Callable[..., Page]


@pytest.fixture
def makers(settings: Settings) -> Iterator[RobotServer]:
    """For this process; a worker gets its address by `env={"ROBOT_RELAYS": makers.relays}`."""
    server = RobotServer()
    settings.ROBOT_RELAYS = server.relays
    yield server
    server.close()


@pytest.fixture
def kinds(company: Cast) -> None:
    """The kinds of notices and meetings, and the rules, which an emptied database has lost."""
    supplied.supply(apps)


@pytest.fixture
def window_of(open_page: OpenPage, live_url: str) -> OpenFor:
    """A person's window; an error in its console ends the test. (htmx says two when a newer question overtakes an older.)"""

    def heard(message: ConsoleMessage) -> None:
        overtaken = message.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
        assert message.type != "error" or overtaken, message.text

    def opened(user: User, **size: int) -> Page:
        page = come_in(open_page(**size), user, live_url)
        page.context.on("console", heard)
        return page

    return opened


def channels(company: Cast, count: int) -> list[User]:
    """So many more agents of 企业市场部, each with a head and an officer. Returns the heads."""
    at = clock.now()
    groups = Group.objects.bulk_create(Group(name=f"unit-of-channel-{number}") for number in range(count))
    units = Unit.objects.bulk_create(
        Unit(
            code=f"DL{number:03}", name=f"第{number:03}代理商", pinyin=sort_key(f"第{number:03}代理商"), kind="agent",
            region="华北", manager=company.market, group=group, created_at=at,
        )
        for number, group in enumerate(groups)
    )  # fmt: skip
    roles = (("head", "经理"), ("officer", "信息员"))
    users = User.objects.bulk_create(
        User(
            username=f"{unit.code}.{role}".lower(), name=f"{unit.code}{word}", email=f"{unit.code}.{role}@example.com".lower(),
            unit=unit, role=role, password_changed_at=at, created_at=at,
        )
        for unit in units
        for role, word in roles
    )  # fmt: skip
    agreement = Agreement.objects.latest("version")
    Signature.objects.bulk_create(Signature(agreement=agreement, user=user, name=user.name, at=at) for user in users)
    stamps.bump("units")
    return users[::2]


def let_pass(notice: Notice, days: int) -> None:
    """Let `days` days pass for this notice and its readers: all their moments move back, as for tickets (company.py)."""
    earlier = timedelta(days=days)
    rows: Any
    for rows in (
        Notice.objects.filter(pk=notice.pk),
        Receipt.objects.filter(notice=notice),
        UnitAnswer.objects.filter(notice=notice),
    ):
        moments = [field.name for field in rows.model._meta.fields if isinstance(field, DateTimeField)]
        rows.update(**{name: F(name) - earlier for name in moments})


def done(page: Page) -> None:
    """What was sent is done, and the next page says so."""
    expect(page.locator("#messages .note-done").first).to_be_visible()
