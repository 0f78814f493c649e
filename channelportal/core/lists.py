"""Every list: filters and sort order from the address, a page that costs the same at any size, .xlsx of what is shown.

    SORTS = {"due": "due_at", "number": "pk"}                      # keys of ?sort=, "-due" is the other way round
    COLUMNS = [Column(_("Number"), lambda t: t.number), Column(_("Due"), attrgetter("due_at"))]

    page = page_of(request, Ticket.objects.visible_to(user), TicketFilter, SORTS, default="-due")
    if page.exporting:
        return page.xlsx("tickets", COLUMNS)
    return render(request, "feedback/tickets.html", page.context())

Above 5,000 rows the export becomes a `Job`, which asks the same view again in a worker, with the rights of that moment.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

import xlsxwriter
from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from channelportal.core import audit, jobs

SIZES: Final = (25, 50, 100)
COUNTED: Final = 1_000  # beyond, the number of hits is not worked out
DEEPEST: Final = 20_000  # rows that may be skipped: further down, a filter is the way
AT_ONCE: Final = 5_000  # rows of an export inside a request
MOST_ROWS: Final = 200_000  # rows of an export
FIRST_PAGES: Final = 3
USUAL_LENGTH: Final = 120  # characters of a query
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Sorts = Mapping[str, "str | Sequence[str]"]


@dataclass(frozen=True)
class Column:
    """One column of an export: its head (translated), the cell's value from the row, its width in characters."""

    title: Any
    value: Callable[[Any], Any]
    width: int = 18


class ListPage:
    """One page of a list. Iterating gives its rows; the pager's questions are answered like Django's `Page`."""

    def __init__(
        self, request: Any, queryset: QuerySet[Any], filterset: Any, *, sort: str, size: int, number: int
    ) -> None:
        self.request, self.queryset, self.filter = request, queryset, filterset
        self.sort, self.size = sort, size
        self.number = max(1, min(number, DEEPEST // size + 1))

    @cached_property
    def total(self) -> int | None:
        """How many there are; None above 1,000."""
        count = int(self.queryset.order_by()[: COUNTED + 1].count())
        return count if count <= COUNTED else None

    @cached_property
    def _found(self) -> list[Any]:
        return list(self.queryset[slice(*self.span)])

    @property
    def span(self) -> tuple[int, int]:
        """Which rows are fetched: one more than are shown says whether there is a next page."""
        start = (self.number - 1) * self.size
        return start, start + self.size + 1

    def fill(self, found: list[Any]) -> None:
        """The rows of `span`, fetched in another way."""
        self.__dict__["_found"] = found

    @property
    def rows(self) -> list[Any]:
        return self._found[: self.size]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def has_previous(self) -> bool:
        return self.number > 1

    def has_next(self) -> bool:
        found: list[Any] = self._found
        return len(found) > self.size

    def previous_page_number(self) -> int:
        return self.number - 1

    def next_page_number(self) -> int:
        return self.number + 1

    @property
    def exporting(self) -> bool:
        """The address asks for the .xlsx of this list."""
        return bool(self.request.GET.get("format") == "xlsx")

    @property
    def export_url(self) -> str:
        query = self.request.GET.copy()
        query.pop("page", None)
        query["format"] = "xlsx"
        return f"?{query.urlencode()}"

    @property
    def filtered(self) -> bool:
        """Whether any filter is set."""
        if self.filter is None or not self.filter.form.is_bound:
            return False
        values = getattr(self.filter.form, "cleaned_data", {}).values()
        return any(value not in (None, "", []) and not _is_empty(value) for value in values) or bool(
            self.filter.form.errors
        )

    def context(self) -> dict[str, Any]:
        """What layouts/list.html wants."""
        return {
            "rows": self,
            "filter": self.filter,
            "filtered": self.filtered,
            "total": self.total,
            "export_url": self.export_url,
            "sizes": SIZES,
        }

    def xlsx(self, name: str, columns: Sequence[Column]) -> HttpResponse:
        """All rows of the list as a workbook `<name>-<day>.xlsx`, at once or, when many, as a job whose page is answered."""
        job = getattr(self.request, "export_job", None)
        if job is None and self.queryset.order_by()[: AT_ONCE + 1].count() > AT_ONCE:
            return self._later(name)
        rows: Iterable[Any] = self.queryset[:MOST_ROWS]
        if job is None:
            audit.record("list.exported", by=self.request.user, data=_asked(self.request, name))
        else:
            rows = jobs.counted(job, self.queryset[:MOST_ROWS].iterator(chunk_size=2_000))
        response = HttpResponse(workbook(rows, columns), content_type=XLSX)
        response["Content-Disposition"] = f'attachment; filename="{name}-{localtime():%Y%m%d}.xlsx"'
        return response

    def _later(self, name: str) -> HttpResponse:
        audit.record("list.exported", by=self.request.user, data=_asked(self.request, name))
        total = int(self.queryset.order_by()[:MOST_ROWS].count())
        data = {**_asked(self.request, name), "path": self.request.path}
        job = jobs.start("export", "channelportal.core.tasks.run_export", by=self.request.user, data=data, total=total)
        return redirect("job", job.pk)


def page_of(
    request: HttpRequest | Address,
    queryset: QuerySet[Any],
    filterset: Any = None,
    sorts: Sorts | None = None,
    *,
    default: str = "",
) -> ListPage:
    """The page that the address asks for. `filterset`: a django-filter class; `sorts`: allowed keys of `?sort=` and the
    field(s) behind each; `default`: the key when the address names none. What is not understood counts as not said."""
    chosen = filterset(request.GET, queryset=queryset, request=request) if filterset is not None else None
    found = chosen.qs if chosen is not None else queryset
    sort = request.GET.get("sort", "")
    if sort.lstrip("-") not in (sorts or {}) or sort.startswith("--"):
        sort = default
    if sort:
        found = found.order_by(*_order(found, (sorts or {})[sort.lstrip("-")], sort.startswith("-")), "-pk")
    return ListPage(
        request, found, chosen, sort=sort, size=_size(request.GET), number=_whole(request.GET.get("page", ""), 1)
    )


def usual(query: QueryDict, names: Collection[str]) -> str | None:
    """The address' query in one form, when it names nothing but `names`, `sort`, `size` and the first pages: such lists are asked
    again and again (`accounts.statements`). None: it does."""
    asked = {name: str(query[name]) for name in sorted(query) if query[name]}
    if not asked.keys() <= {*names, "sort", "size", "page"} or _whole(asked.get("page", ""), 1) > FIRST_PAGES:
        return None
    text = urlencode(asked)
    return text if len(text) <= USUAL_LENGTH else None


@dataclass(frozen=True)
class Address:
    """As much of a request as a list looks at."""

    GET: QueryDict


def _order(found: QuerySet[Any], fields: str | Sequence[str], descending: bool) -> list[OrderBy]:
    """Nulls last both ways: what has no date is never first. A field may begin with "-" to run against the others."""
    names = [fields] if isinstance(fields, str) else fields
    return [_one(found, name.lstrip("-"), descending != name.startswith("-")) for name in names]


def _one(found: QuerySet[Any], name: str, descending: bool) -> OrderBy:
    """NULLS LAST is said only where there can be any: said of a field without, it keeps the database from its index."""
    column = F(name)
    last = True if name not in _filled(found) else None
    return column.desc(nulls_last=last) if descending else column.asc(nulls_last=last)


def _filled(found: QuerySet[Any]) -> set[str]:
    return {"pk"} | {field.name for field in found.model._meta.concrete_fields if not field.null}


def _size(query: QueryDict) -> int:
    size = _whole(query.get("size", ""), SIZES[0])
    return size if size in SIZES else SIZES[0]


def _whole(text: str, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else otherwise


def _is_empty(value: Any) -> bool:
    """An empty queryset of chosen objects, or a range without ends."""
    if isinstance(value, QuerySet):
        return not value
    return isinstance(value, slice) and value.start is None and value.stop is None


def _asked(request: HttpRequest, name: str) -> dict[str, Any]:
    return {"list": name, "query": request.GET.urlencode()[:1000]}


# ── the workbook ────────────────────────────────────────────────────────────────────────────────

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def workbook(rows: Iterable[Any], columns: Sequence[Column]) -> bytes:
    """An .xlsx of the rows. Text is written as text, whatever it begins with; moments in local time."""
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet()
    head = book.add_format({"bold": True, "bg_color": "#EEF2F7", "bottom": 1, "valign": "vcenter"})
    formats = {
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
        "day": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
    }
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, str(column.title), head)
    for line, row in enumerate(rows, start=1):
        for place, column in enumerate(columns):
            _write(sheet, line, place, column.value(row), formats)
    book.close()
    return out.getvalue()


def _write(sheet: Any, line: int, place: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_string(line, place, _("yes") if value else _("no"))
    elif isinstance(value, int | float | Decimal) and -(10**15) < value < 10**15:
        sheet.write_number(line, place, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, place, localtime(value).replace(tzinfo=None), formats["moment"])
    elif isinstance(value, date):
        sheet.write_datetime(line, place, datetime(value.year, value.month, value.day), formats["day"])  # noqa: DTZ001 (a day)
    else:
        sheet.write_string(line, place, _UNWRITABLE.sub("", str(value))[:32_767])
