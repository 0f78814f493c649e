"""The delivery window: mails that do not hurry go out in the hours of working days. `core/delivery.py` knows those in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from channelportal.lib.workdays import SHANGHAI, WorkCalendar


@dataclass(frozen=True, slots=True)
class Window:
    """When messages go out, on working days. Both ends belong to it."""

    opens: time = time(8, 30)
    closes: time = time(17, 30)


def delivery_time(written: datetime, calendar: WorkCalendar, window: Window) -> datetime:
    """When a message written at that moment may go out: at once inside the window, else when it next opens."""
    local = written.astimezone(SHANGHAI)
    day = local.date()
    if calendar.is_working(day):
        if window.opens <= local.time() <= window.closes:
            return written
        if local.time() < window.opens:
            return datetime.combine(day, window.opens, SHANGHAI)
    return datetime.combine(calendar.nth_after(day, 1), window.opens, SHANGHAI)
