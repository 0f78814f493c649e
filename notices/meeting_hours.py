"""Working hours by the rules in force, as `meeting_times` takes them."""

from __future__ import annotations

from datetime import time

from channelportal.core import parameters
from channelportal.lib.workdays import END_OF_DAY
from notices.meeting_times import Hours


def in_force(*, fresh: bool = False) -> Hours:
    """`fresh`: for a verb; else at most two seconds behind. 00:00 as close of business is 24:00."""
    close = parameters.current(fresh=fresh).close_of_business
    return Hours(END_OF_DAY if close == time(0) else close)
