"""`Among("pk", ids)`: a condition like `pk__in=ids` that an OR does not spoil.

Within an OR, PostgreSQL looks at every row of the table for `id IN (SELECT …)`. As an array the same few ids are taken
first, and each part of the OR finds its rows by its own index.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import BooleanField, Func, QuerySet, Subquery

EMPTY: Final = ("ARRAYNULL)", " IN NULL")


class Among(Func):
    """True where `field` is one of `ids` (a queryset of one column, that does not depend on the row)."""

    template = "%(expressions)s"
    arg_joiner = " IN "
    output_field = BooleanField()

    def __init__(self, field: str, ids: QuerySet[Any, Any]) -> None:
        super().__init__(field, Subquery(ids))

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **context: Any) -> Any:
        sql, params = super().as_sql(compiler, connection, *names, **context)
        if sql.endswith(EMPTY):  # Django knows that there are no ids, and writes NULL for them
            return "(1 = 0)", ()
        return sql, params

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s)", arg_joiner=" = ANY(ARRAY", **context)
