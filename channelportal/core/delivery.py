"""The delivery window in force: hours by the parameters, days by the calendar."""

from __future__ import annotations

from datetime import datetime

from channelportal.core import calendar, parameters
from channelportal.lib import delivery
from channelportal.lib.delivery import Window


def window() -> Window:
    """When messages go out."""
    values = parameters.current()
    return Window(values.delivery_from, values.delivery_until)


def opens(at: datetime) -> datetime:
    """When a mail written at `at` that does not hurry may go out: `outbox.put(…, not_before=…)`."""
    return delivery.delivery_time(at, calendar.current(), window())
