"""Calendars and moments for the engine's tests."""

from __future__ import annotations

from datetime import date, datetime, time

from hypothesis import strategies as st

from channelportal.lib.workdays import SHANGHAI, Reason, Row, WorkCalendar, statutory_rows
from feedback.deadlines import Policy

YEARS = (2024, 2025, 2026)
CHINA = WorkCalendar({day: row for year in YEARS for day, row in statutory_rows(year).items()}, YEARS)
POLICY = Policy()


def day(text: str) -> date:
    """ "03-02" is 2026-03-02."""
    return date.fromisoformat(text if len(text) == 10 else f"2026-{text}")


def at(text: str) -> datetime:
    """ "03-02 10:00" in Shanghai, 2026 unless said."""
    when, _, clock = text.partition(" ")
    return datetime.combine(day(when), time.fromisoformat(clock), SHANGHAI)


# ── for properties: seven weeks around a New Year, so that days and moments meet often ──────────

FIRST, LAST = date(2026, 12, 14), date(2027, 1, 31)
days_between = st.dates(FIRST, LAST)
clocks = st.sampled_from([time(0), time(8, 30), time(10), time(18), time(18, 0, 0, 1), time.max]) | st.times()
any_moment = st.builds(lambda day, clock: datetime.combine(day, clock, SHANGHAI), days_between, clocks)


@st.composite
def calendars(draw: st.DrawFn) -> WorkCalendar:
    """Monday to Friday with any days off and any make-up days; years published or not."""
    changed = draw(st.dictionaries(st.dates(date(2026, 12, 1), date(2027, 3, 15)), st.booleans(), max_size=40))
    rows = {when: Row(works, Reason.MAKEUP if works else Reason.HOLIDAY, "节") for when, works in changed.items()}
    return WorkCalendar(rows, draw(st.sampled_from([(2026,), (2026, 2027), ()])))
