"""Ticket numbers: FB-2026-0508-017, counted within the day."""

from __future__ import annotations

from datetime import date

from django.db import connection

from feedback.models import NumberLine


def next_number(day: date) -> str:
    """The day's next number. The row stays locked until the transaction ends, so numbers have no gaps: ask late."""
    table = connection.ops.quote_name(NumberLine._meta.db_table)
    statement = (
        f"INSERT INTO {table} (day, last) VALUES (%s, 1) "  # noqa: S608  (the table's own name)
        f"ON CONFLICT (day) DO UPDATE SET last = {table}.last + 1 RETURNING last"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [connection.ops.adapt_datefield_value(day)])
        last: int = cursor.fetchone()[0]
    return f"FB-{day:%Y}-{day:%m%d}-{last:03}"
