"""What a verb adds to the counters, and the words that search finds a ticket by. One statement each."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat

from channelportal.core import search
from channelportal.core.models import SearchDocument
from channelportal.lib.text import fold, grams
from channelportal.lib.workdays import SHANGHAI, WorkCalendar, local_date
from feedback import stats
from feedback.models import FilingHour, Tally, Ticket

COUNTERS = stats.COUNTERS
DOCUMENT = "ticket"
"""`SearchDocument.kind` of a ticket."""


class Counts:
    """What to add to which unit's day; written by `save` in one statement, in order of unit and day (no deadlocks)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, date], dict[str, int]] = defaultdict(dict)

    def add(self, unit_id: int, day: date, **numbers: int) -> None:
        row = self.rows[(unit_id, day)]
        for name, number in numbers.items():
            row[name] = row.get(name, 0) + number

    def save(self) -> None:
        if self.rows:
            add_to_tallies(self.rows)
            self.rows.clear()


def add_to_tallies(rows: dict[tuple[int, date], dict[str, int]]) -> None:
    """Raise the counters of (unit id, day) by these numbers; rows that are not there yet are made. One statement."""
    quote = connection.ops.quote_name
    table = quote(Tally._meta.db_table)
    columns = ", ".join(quote(name) for name in ("unit_id", "day", *COUNTERS))
    line = f"({', '.join(['%s'] * (2 + len(COUNTERS)))})"
    raised = ", ".join(f"{quote(name)} = {table}.{quote(name)} + excluded.{quote(name)}" for name in COUNTERS)
    values: list[Any] = []
    for (unit_id, day), numbers in sorted(rows.items()):
        values += [unit_id, connection.ops.adapt_datefield_value(day), *(numbers.get(name, 0) for name in COUNTERS)]
    statement = (
        f"INSERT INTO {table} ({columns}) VALUES {', '.join([line] * len(rows))} "  # noqa: S608  (own names only)
        f"ON CONFLICT (unit_id, day) DO UPDATE SET {raised}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def count_filing(at: datetime) -> None:
    """One more filed in this hour of this day (the heat of the week)."""
    table = connection.ops.quote_name(FilingHour._meta.db_table)
    here = at.astimezone(SHANGHAI)
    statement = (
        f"INSERT INTO {table} (day, hour, filed) VALUES (%s, %s, 1) "  # noqa: S608  (the table's own name)
        f"ON CONFLICT (day, hour) DO UPDATE SET filed = {table}.filed + 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [connection.ops.adapt_datefield_value(here.date()), here.hour])


def working_minutes(calendar: WorkCalendar, since: datetime, until: datetime, *, opens: time, closes: time) -> int:
    """Minutes between two moments that lie in office hours of working days."""
    if until <= since:
        return 0
    first, last = local_date(since), local_date(until)
    length = _minutes(closes) - _minutes(opens)
    whole = calendar.between(first, last) * length
    return max(0, whole + _left(calendar, since, opens, closes) - _left(calendar, until, opens, closes))


def _left(calendar: WorkCalendar, moment: datetime, opens: time, closes: time) -> int:
    """Office minutes still to come on the moment's own day."""
    here = moment.astimezone(SHANGHAI)
    if not calendar.is_working(here.date()):
        return 0
    return _minutes(closes) - min(max(_minutes(here.time()), _minutes(opens)), _minutes(closes))


def _minutes(at: time) -> int:
    return (
        int(timedelta(hours=at.hour, minutes=at.minute, seconds=at.second + (at.microsecond > 0)).total_seconds()) // 60
    )


# ── search ──────────────────────────────────────────────────────────────────────────────────────


def index(ticket: Ticket, *names: str) -> None:
    """Number, title, text and the units' names, so that the ticket is found; replaces what was there. One statement."""
    search.index(DOCUMENT, ticket.pk, ticket.number, ticket.title, ticket.body, ticket.document_number, *names)


def index_more(ticket: Ticket, text: str) -> None:
    """Add what was said to everyone concerned. One statement, without reading the text that is there."""
    more = fold(text)
    SearchDocument.objects.filter(kind=DOCUMENT, object_id=ticket.pk).update(
        text=Concat(F("text"), Value(" " + more)), grams=Concat(F("grams"), Value(" " + " ".join(grams(more))))
    )
