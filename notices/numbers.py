"""Numbers of papers, counted within the day: TZ-2026-0508-003 notices, SQ communication requests, HY meetings."""

from __future__ import annotations

from datetime import date

from django.db import connection

from notices.models import NumberLine


def next_number(prefix: str, day: date) -> str:
    """The day's next number. The row stays locked until the transaction ends, so numbers have no gaps: ask late."""
    table = connection.ops.quote_name(NumberLine._meta.db_table)
    statement = (
        f"INSERT INTO {table} (prefix, day, last) VALUES (%s, %s, 1) "  # noqa: S608  (the table's own name)
        f"ON CONFLICT (prefix, day) DO UPDATE SET last = {table}.last + 1 RETURNING last"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [prefix, connection.ops.adapt_datefield_value(day)])
        last: int = cursor.fetchone()[0]
    return f"{prefix}-{day:%Y}-{day:%m%d}-{last:03}"
