"""Tickets by the hundred thousand for measuring: the demo's own, copied in bulk inside PostgreSQL, so of the same shape.

What has ended is spread over two years; what is open stays open, with its due moments as they are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.core.management.base import CommandError
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from channelportal.core.models import SearchDocument
from feedback.models import Entry, Obligation, Ticket

STRIDE: Final = 1_000_000  # the copies of row 17 have the ids 1,000,017, 2,000,017 …
DAYS: Final = 730
# of each table: what points at something that is copied too, and so moves with it
MOVING: Final[dict[type[models.Model], tuple[str, ...]]] = {
    Ticket: ("id",),
    Entry: ("id", "ticket_id"),
    Obligation: ("id", "ticket_id"),
    SearchDocument: ("id", "object_id"),
}


def fill(wanted: int, now: datetime) -> None:
    """Copies until there are about `wanted` tickets. PostgreSQL only; the copies may not be played with."""
    if connection.vendor != "postgresql":
        raise CommandError(_("Filling in bulk needs PostgreSQL: set DATABASE_URL."))
    own = Ticket.objects.filter(pk__lt=STRIDE)
    copies = -(-(wanted - Ticket.objects.count()) // max(1, own.count()))
    if copies <= 0:
        return
    first = (Ticket.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) // STRIDE + 1
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        for model in MOVING:
            cursor.execute(_statement(model), {"first": first, "last": first + copies - 1})
        for model in MOVING:
            cursor.execute(f"ANALYZE {model._meta.db_table}")


def _statement(model: type[models.Model]) -> str:
    table = model._meta.db_table
    columns = [str(field.column) for field in model._meta.concrete_fields]
    values = ", ".join(_value(model, field) for field in model._meta.concrete_fields)
    join = (
        ""
        if model is Ticket
        else f"JOIN feedback_ticket t ON t.id = r.{'object_id' if model is SearchDocument else 'ticket_id'}"
    )
    ended = "r.ended_at" if model is Ticket else "t.ended_at"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} r {join} "
        f"CROSS JOIN LATERAL (SELECT g, CASE WHEN {ended} IS NULL THEN 0 ELSE g %% {DAYS} END AS back "
        f"FROM generate_series(%(first)s, %(last)s) g) s WHERE {'r' if model is Ticket else 't'}.id < {STRIDE} AND r.id < {STRIDE}"
    )


def _value(model: type[models.Model], field: models.Field[Any, Any]) -> str:
    column = str(field.column)
    if column in MOVING[model]:
        return f"r.{column} + s.g * {STRIDE}"
    if column == "number":
        return "'S' || s.g || '-' || r.id"
    if column == "created_at":  # no two at the same moment: a list that is sorted by it would have to read them all
        return f"r.{column} - s.back * interval '1 day' - s.g * interval '7 seconds'"
    if isinstance(field, models.DateTimeField):
        return f"r.{column} - s.back * interval '1 day'"
    if isinstance(field, models.DateField):
        return f"r.{column} - s.back"
    return f"r.{column}"
