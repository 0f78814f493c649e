"""Rows by the thousand, without a model instance for each: COPY on PostgreSQL, one prepared INSERT on SQLite; or INSERT … SELECT.

For what a sweep writes; a verb creates its few rows as usual. Neither signals nor `save` are called.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

Row: TypeAlias = Sequence[Any]
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_NULL: Final = "\\N"
as_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""The text of a JSON column, for `insert`: made once where many rows share it."""


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row], **same: Any) -> None:
    """Write `rows`: values in the order of `columns`, which are names of fields ("user_id"). `same`: what all rows have; every
    other field gets the model's default. JSON comes as text (`as_json`). A broken constraint raises IntegrityError."""
    lines = list(rows)
    if not lines:
        return
    filled = _defaults(model, frozenset((*columns, *same))) | same
    if connection.vendor == "postgresql":
        _copy(model, (*columns, *filled), lines, tuple(filled.values()))
    else:
        _insert(model, (*columns, *filled), lines, tuple(filled.values()))


def insert_from(rows: models.QuerySet[Any], model: type[models.Model], **columns: Any) -> int:
    """One INSERT … SELECT: a row of `model` for each of `rows`, without carrying them through this process. `columns` are names of
    fields ("user_id") with an expression over `rows` or a value that all have; every other field gets the model's default. A row
    that is there already (UNIQUE) is left as it is. Returns how many were written."""
    known = {field.attname: field for field in model._meta.concrete_fields}
    fixed = {name: value for name, value in columns.items() if not hasattr(value, "resolve_expression")}
    filled = _plain_defaults(model, frozenset(columns)) | fixed
    values = {name: models.Value(value, output_field=known[name]) for name, value in filled.items()}
    chosen = {f"new_{name}": value for name, value in (columns | values).items()}
    picked = rows.order_by().annotate(**chosen).values_list(*chosen)
    table, names = _names(model, [name.removeprefix("new_") for name in chosen])
    select, given = picked.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) {select} ON CONFLICT DO NOTHING", given)
        return int(cursor.rowcount)


@lru_cache(maxsize=64)
def _defaults(model: type[models.Model], named: frozenset[str]) -> dict[str, Any]:
    """What the fields that nobody named begin with; the database's own defaults are left to it."""
    found = _plain_defaults(model, named)
    return {name: as_json(value) if isinstance(value, dict | list) else value for name, value in found.items()}


def _plain_defaults(model: type[models.Model], named: frozenset[str]) -> dict[str, Any]:
    found = {}
    for field in model._meta.concrete_fields:
        left_to_database = field.primary_key or getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED
        if field.attname not in named and not left_to_database:
            found[field.attname] = field.get_default()
    return found


def _names(model: type[models.Model], fields: Sequence[str]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    known = {field.attname: str(field.column) for field in model._meta.concrete_fields}
    columns = ", ".join(quote(known[name]) for name in fields)
    return quote(model._meta.db_table), columns


def _copy(model: type[models.Model], fields: Sequence[str], rows: list[Row], same: tuple[Any, ...]) -> None:
    table, columns = _names(model, fields)
    end = "".join(f"\t{_text(value)}" for value in same) + "\n"
    body = io.StringIO("".join(["\t".join(map(_text, row)) + end for row in rows]))
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", body)


def _text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return _NULL
    if isinstance(value, str):
        return value.translate(_ESCAPES) if "\\" in value or not value.isprintable() else value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _insert(model: type[models.Model], fields: Sequence[str], rows: list[Row], same: tuple[Any, ...]) -> None:
    table, columns = _names(model, fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({places})",  # noqa: S608  (own names only)
            [tuple(map(_adapted, (*row, *same))) for row in rows],
        )


def _adapted(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
