"""Calendars and moments for the engine's tests."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

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


# ── for properties: any calendar around these months, any history within them ───────────────────

FIRST, LAST = date(2026, 11, 1), date(2027, 3, 1)
days_between = st.dates(FIRST, LAST)
moments = st.builds(
    lambda when, seconds: datetime.combine(when, time(), SHANGHAI) + timedelta(seconds=seconds),
    days_between,
    st.integers(0, 86_399),
)


@st.composite
def calendars(draw: st.DrawFn) -> WorkCalendar:
    """Monday to Friday with any days off and any make-up days, 2026 published, 2027 by chance."""
    changed = draw(st.dictionaries(st.dates(date(2026, 10, 1), date(2027, 6, 1)), st.booleans(), max_size=40))
    rows = {when: Row(works, Reason.MAKEUP if works else Reason.HOLIDAY, "节") for when, works in changed.items()}
    return WorkCalendar(rows, draw(st.sampled_from([(2026,), (2026, 2027), ()])))
