"""Attempts to get at what is not one's own, in ways that no page offers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps

from channelportal.core import calendar, stamps
from notices.supplied import kinds, meetings


@pytest.fixture(autouse=True)
def fresh_copies(db: None) -> Iterator[None]:
    """No test reads another's calendar or tree; an emptied database gets its rows again."""
    stamps.forget_all()
    calendar.ship()
    kinds.supply(apps)
    meetings.supply(apps)
    yield
    stamps.forget_all()
