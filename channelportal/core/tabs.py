"""The tabs over a list: its saved views, each with how many rows stand in it as far as that is said.

    view = tabs.chosen(request, views)
    page = page_of(request, rows_of(view), TicketFilter, SORTS, default=view.sort)
    said = tabs.tabs(page, user, views, view, rows_of)  # first: it says the page's total too
    context = page.context() | {"view": view, "views": said}

The template writes them with parts/_views.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from channelportal.core.lists import COUNTED, ListPage

MOST: Final = 99  # beyond, a tab says "99+"


class View(Protocol):
    """What a tab must say of itself; `counted`: small enough a set that its number is shown."""

    @property
    def code(self) -> str: ...
    @property
    def label(self) -> Any: ...
    @property
    def counted(self) -> bool: ...


V = TypeVar("V", bound=View)


def chosen(request: HttpRequest, views: Sequence[V]) -> V:
    """The view of `?view=`; else the first."""
    return next((one for one in views if one.code == request.GET.get("view")), views[0])


def tabs(
    page: ListPage, user: AbstractBaseUser, views: Sequence[V], view: V, rows: Callable[[V], QuerySet[Any]]
) -> list[dict[str, Any]]:
    """For each view: code, label, on, count (0 when it is not said), more. The numbers on the tabs and that of the list shown
    (`page.total`) are one statement."""
    return said(page, views, view, counting(user, views, rows, page.queryset).get())


def counting(
    user: AbstractBaseUser, views: Sequence[V], rows: Callable[[V], QuerySet[Any]], shown: QuerySet[Any]
) -> QuerySet[Any, Any]:
    """The statement behind `tabs`, for who asks it in another way and hands its row to `said`."""
    wanted = {one.code: _count(rows(one), MOST) for one in views if one.counted}
    people: Any = get_user_model().objects
    wanted["_shown"] = _count(shown, COUNTED)
    found: QuerySet[Any, Any] = people.filter(pk=user.pk).values(**wanted)
    return found


def said(page: ListPage, views: Sequence[V], view: V, row: Mapping[str, int]) -> list[dict[str, Any]]:
    """The tabs out of the row of `counting`; sets `page.total`."""
    counts = dict(row)
    shown = counts.pop("_shown")
    page.total = shown if shown <= COUNTED else None
    return [
        {
            "code": one.code,
            "label": one.label,
            "on": one == view,
            "count": counts.get(one.code, 0),
            "more": counts.get(one.code, 0) > MOST,
        }
        for one in views
    ]


def _count(rows: QuerySet[Any], most: int) -> Coalesce:
    """How many, counted no further than is said."""
    model: Any = rows.model
    few = model.objects.filter(pk__in=rows.order_by().values("pk")[: most + 1])
    one = few.annotate(all=Value(1)).values("all").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(one, output_field=IntegerField()), 0)
