"""Statements that are asked on every page, put into SQL once instead of each time: half of a page's time went into that.

    found = statements.rows(_shown, user, view="todo", at=now)      # what `_shown(user, view="todo", at=now)` would fetch

`build(user, **values)` gives the queryset (of objects, or of `.values()`). What is kept is the text of the statement, never a
row and never an answer: who asks, his unit, moments and numbers are put in anew each time. So that no text can be kept that
says more than this person may see, nothing is taken on trust:

- It belongs to everything that rights are made of (role, functions of the unit, whether he acts as head, administrator), to the
  day, the language, and the stamps of rules, calendar and units: whatever of it changes asks for another text.
- Before it is kept it is built three times: for the person, and for two strangers like him with made-up ids and moments. The
  texts must be equal, and the parameters in which the three differ must be the ids and moments that were handed in. A `now()`
  inside, a name, a moment that was reckoned from another shows itself there.
- The strangers' statements must be built without asking the database.

What does not pass is built each time, as before.
"""

from __future__ import annotations

import copy
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.expressions import Col
from django.db.models.query import ModelIterable, ValuesIterable
from django.utils.timezone import localdate, localtime
from django.utils.translation import get_language

from accounts.access import Scope, scope
from accounts.models import User
from channelportal.core import stamps

log = logging.getLogger(__name__)

MOST: Final = 192  # texts kept by a process
TRIES: Final = 3  # a copy that is just being renewed asks the database: no reason to give up at once
# of the two strangers: user, unit, then whatever numbers are handed in; moments of the same day
NUMBERS: Final = ((2_003_000_017, 10_007), (1_907_000_003, 30_011))
HOURS: Final = ((3, 7, 11, 123_457), (15, 48, 29, 654_321))

Build = Callable[..., "QuerySet[Any, Any]"]
_kept: OrderedDict[Hashable, Kept | int] = OrderedDict()


class NotAlike(Exception):
    """The statement depends on something that was not handed in."""


def rows(build: Build, user: User, **values: Any) -> list[Any]:
    """What `build(user, **values)` fetches. Moments and numbers among the values may differ from call to call; of everything else
    each value has a text of its own."""
    key = _key(build, user, values)
    known = _kept.get(key)
    if isinstance(known, Kept):
        _kept.move_to_end(key)
        return known.rows(_handed_in(user, values))
    queryset = build(user, **values)
    if known is None or known < TRIES:
        _keep(key, known or 0, build, user, values)
    return list(queryset)


def one(build: Build, user: User, **values: Any) -> dict[str, Any]:
    """The only row of a `.values()`."""
    found: dict[str, Any] = rows(build, user, **values)[0]
    return found


def forget() -> None:
    """For tests."""
    _kept.clear()


# ── whose text it is ────────────────────────────────────────────────────────────────────────────


def _key(build: Build, user: User, values: dict[str, Any]) -> Hashable:
    who = scope(user)
    person = (user.role, user.admin_role, user.is_active, who.unit_id is None, who.functions, who.acts_as_head)
    days = tuple(localtime(value).date() for value in values.values() if isinstance(value, datetime))
    fixed = tuple((name, None if _moves(value) else value, _moves(value)) for name, value in values.items())
    database = (connection.vendor, connection.settings_dict["NAME"])
    return build, person, fixed, localdate(), days, get_language(), stamps.numbers(), database


def _moves(value: Any) -> bool:
    """May differ from call to call."""
    return isinstance(value, datetime) or (isinstance(value, int) and not isinstance(value, bool))


def _handed_in(user: User, values: dict[str, Any]) -> list[Any]:
    """What is put in anew, as the database takes it."""
    return [user.pk, user.unit_id, *(_plain(value) for value in values.values() if _moves(value))]


def _plain(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


# ── the trial ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Text:
    """A statement as Django has put it: `sql` None, that nothing can be found."""

    sql: str | None
    params: tuple[Any, ...]
    compiler: Any
    queryset: QuerySet[Any, Any]


def _text(queryset: QuerySet[Any, Any]) -> Text:
    compiler = queryset.query.get_compiler(connection=connection)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return Text(None, (), None, queryset)
    return Text(sql, tuple(params), compiler, queryset)


def _keep(key: Hashable, tried: int, build: Build, user: User, values: dict[str, Any]) -> None:
    try:
        _kept[key] = _tried(build, user, values)
    except Exception as problem:  # noqa: BLE001 (whatever it is: then this statement is built each time)
        log.debug("%s is built each time: %s", getattr(build, "__qualname__", build), problem)
        _kept[key] = tried + 1
    while len(_kept) > MOST:
        _kept.popitem(last=False)


def _tried(build: Build, user: User, values: dict[str, Any]) -> Kept:
    own = _text(build(user, **values))
    if own.queryset._iterable_class not in (ModelIterable, ValuesIterable) or own.queryset._prefetch_related_lookups:  # type: ignore[attr-defined]  # noqa: SLF001
        raise NotAlike("rows of another form")
    given = [_handed_in(user, values)]
    texts = [own]
    for place in (0, 1):
        stranger, theirs = _stranger(user, values, place)
        with _without_asking():
            texts.append(_text(build(stranger, **theirs)))
        given.append(_handed_in(stranger, theirs))
    if len({text.sql for text in texts}) > 1 or len({len(text.params) for text in texts}) > 1:
        raise NotAlike("another text for a stranger")
    return Kept(own, [_slot(list(at), given) for at in zip(*(text.params for text in texts), strict=True)])


def _slot(params: list[Any], given: list[list[Any]]) -> tuple[int | None, Any]:
    """Which of the things handed in stands in this place; None: always the same, which is the second."""
    for number, handed in enumerate(zip(*given, strict=True)):
        if handed[1] is not None and all(type(a) is type(b) and a == b for a, b in zip(params, handed, strict=True)):
            return number, None
    first = params[0]
    if all(type(other) is type(first) and other == first for other in params[1:]):
        return None, first
    raise NotAlike(f"a parameter that was not handed in: {params}")


def _stranger(user: User, values: dict[str, Any], place: int) -> tuple[User, dict[str, Any]]:
    """Like him as far as rights go, and in nothing else."""
    start, step = NUMBERS[place]
    hour, minute, second, fraction = HOURS[place]
    who = scope(user)
    unit_id = None if who.unit_id is None else start + step
    stranger = User(pk=start, unit_id=unit_id, role=user.role, admin_role=user.admin_role, is_active=user.is_active)
    stranger._state.adding = False  # noqa: SLF001 (a saved one: else Django takes it for no value of a condition)
    stranger._scope = Scope(stranger, unit_id, user.role, who.functions, who.acts_as_head)  # type: ignore[attr-defined]  # noqa: SLF001
    theirs = dict(values)
    for number, (name, value) in enumerate(values.items(), start=2):
        if isinstance(value, datetime):
            day = localtime(value)
            theirs[name] = day.replace(
                hour=hour, minute=minute, second=second, microsecond=fraction - number
            ).astimezone(value.tzinfo)
        elif _moves(value):
            theirs[name] = start + step * number
    return stranger, theirs


@contextmanager
def _without_asking() -> Iterator[None]:
    def refuse(*_call: Any) -> Any:
        raise NotAlike("it asks the database while it is built")

    with connection.execute_wrapper(refuse):
        yield


# ── the kept one ────────────────────────────────────────────────────────────────────────────────


class Kept:
    """A statement ready to be asked."""

    def __init__(self, text: Text, slots: list[tuple[int | None, Any]]) -> None:
        self.sql, self.slots = text.sql, slots
        self.model = text.queryset.model
        self.names = _names(text.queryset) if text.queryset._iterable_class is ValuesIterable else None  # noqa: SLF001
        if text.sql is not None:
            self.compiler = _light(text.compiler)

    def rows(self, handed_in: list[Any]) -> list[Any]:
        if self.sql is None:
            return []
        params = tuple(value if number is None else handed_in[number] for number, value in self.slots)
        compiler = copy.copy(self.compiler)
        compiler.connection = connection
        compiler.quote_cache = {"*": "*"}
        compiler.as_sql = lambda *_args, **_named: (self.sql, params)
        if self.names is not None:
            return [dict(zip(self.names, row, strict=False)) for row in compiler.results_iter()]
        return list(ModelIterable(_Asked(self.model, compiler)))  # type: ignore[arg-type]


class _Asked:
    """As much of a queryset as Django's iterator looks at."""

    def __init__(self, model: Any, compiler: Any) -> None:
        self.model, self.compiler, self.query = model, compiler, self
        self.db = connection.alias
        self._known_related_objects: dict[Any, Any] = {}

    def get_compiler(self, using: str) -> Any:
        return self.compiler


def _names(queryset: QuerySet[Any, Any]) -> list[str]:
    query = queryset.query
    if query.selected:
        return list(query.selected)
    return [*query.extra_select, *query.values_select, *query.annotation_select]


def _light(compiler: Any) -> Any:
    """Without the tree it was made from: of each column, what turns the database's value into ours."""
    compiler.query = None
    compiler.select = [
        (column if isinstance(column, Col) else Value(None, output_field=column.output_field), *rest)
        for column, *rest in compiler.select
    ]
    return compiler
