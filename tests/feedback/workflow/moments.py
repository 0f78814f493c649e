"""Moments of May 2026 in Shanghai. What is filed on Monday the 11th at 10:00 is due on Tuesday, a major matter on Thursday."""

from __future__ import annotations

from datetime import date, datetime

from channelportal.lib.workdays import SHANGHAI


def may(day: int, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, second, tzinfo=SHANGHAI)


MON_10 = may(11)
MON_14 = may(11, 14)
TUE_9 = may(12, 9)
TUE_DUE = may(12, 18)
TUE_LATE = may(12, 18, 0, 1)
WED_10 = may(13)
WED_DUE = may(13, 18)
THU_10 = may(14)
FRI_10 = may(15)
FRI = date(2026, 5, 15)
SAT = date(2026, 5, 16)
NEXT_MON = date(2026, 5, 18)
