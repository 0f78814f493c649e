"""Notices of this very moment: the pages ask the database's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.test import Client

from accounts.models import User
from channelportal.core import calendar, stamps
from notices.supplied import kinds


@pytest.fixture(autouse=True)
def fresh_copies(db: None) -> Iterator[None]:
    """No test reads another's calendar; an emptied database gets its rows again."""
    stamps.forget_all()
    calendar.ship()
    kinds.supply(apps)
    yield
    stamps.forget_all()


@pytest.fixture
def window() -> Callable[[User], Client]:
    """A browser of this person's."""

    def opened(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return opened
