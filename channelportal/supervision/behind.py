"""What a figure of the dashboard is made of: as many rows as it counts, for everybody who sees the figure.

The counters (`Tally`) count for the whole company; who looks may not see every ticket. A row that is not his to read stands here
all the same, with its dates and without its title; one kept to named people, or not yet approved in its own unit, without anything
that names it: so the number on the dashboard is the number of rows behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import require, signed_in
from accounts.models import Unit, User
from channelportal.core import clock
from channelportal.core.lists import Column, ListPage, page_of
from channelportal.lib import wording
from channelportal.supervision.spans import Span, asked_span
from feedback import stats
from feedback.models import Obligation, Ticket

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SUNDAY_FIRST: Final = (2, 3, 4, 5, 6, 7, 1)  # Django's number of each weekday, Monday to Sunday
HOURS: Final = 24
UNSENT: Final = (Ticket.State.PENDING, Ticket.State.RETURNED)


@dataclass(frozen=True, slots=True)
class Asked:
    """One cell: which figure, of whom, of when. `which`: only the replies that were `kept` or `late`."""

    what: str
    unit: Unit | None
    span: Span
    weekday: int | None
    hour: int | None
    which: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """One sort of figure. `of_now`: how things stand at this moment, so without a month. `by`: key and field of the order."""

    title: StrOrPromise
    rows: Callable[[Asked], QuerySet[Any]]
    by: tuple[str, str]
    of_now: bool = False


def _duties(kind: str) -> Callable[[Asked], QuerySet[Any]]:
    """What was kept on the days of the span, and what fell due in it and was missed (`Tally`)."""

    def rows(asked: Asked) -> QuerySet[Any]:
        kept = Q(missed_at=None, met_at__gte=asked.span.starts, met_at__lt=asked.span.ends)
        late = Q(missed_at__gte=asked.span.starts, missed_at__lt=asked.span.ends)
        found = Obligation.objects.filter({"kept": kept, "late": late}.get(asked.which, kept | late), kind=kind)
        found = found.filter(unit=asked.unit) if asked.unit else found
        return found.select_related("unit", "ticket__kind", "ticket__asker", "ticket__responsible")

    return rows


def _filed(asked: Asked) -> QuerySet[Any]:
    """Sent in the span, whatever became of it: what `FilingHour` counts."""
    found = _tickets().filter(created_at__gte=asked.span.starts, created_at__lt=asked.span.ends)
    if asked.weekday is not None:
        found = found.filter(created_at__week_day=SUNDAY_FIRST[asked.weekday])
    return found if asked.hour is None else found.filter(created_at__hour=asked.hour)


def _asked_by(asked: Asked) -> QuerySet[Any]:
    """Reached its department in the span: what a unit "filed" (`Tally.asked`)."""
    found = _tickets().filter(reached_at__gte=asked.span.starts, reached_at__lt=asked.span.ends)
    return found.filter(asker=asked.unit) if asked.unit else found


def _standing(name: str) -> Callable[[Asked], QuerySet[Any]]:
    def rows(asked: Asked) -> QuerySet[Any]:
        found = _tickets().filter(stats.owed_now(asked.now)[name], state__in=stats.OWED)
        return found.filter(responsible=asked.unit) if asked.unit else found

    return rows


def _tickets() -> QuerySet[Ticket]:
    return Ticket.objects.select_related("kind", "asker", "responsible")


DUE: Final = ("due", "due_at")
FIGURES: Final[dict[str, Figure]] = {
    "replies": Figure(gettext_lazy("Replies"), _duties(Obligation.Kind.REPLY), DUE),
    "promises": Figure(gettext_lazy("Promises"), _duties(Obligation.Kind.PROMISE), DUE),
    "asked": Figure(gettext_lazy("Tickets filed"), _asked_by, ("filed", "created_at")),
    "filed": Figure(gettext_lazy("Tickets by the hour of filing"), _filed, ("filed", "created_at")),
    "late": Figure(gettext_lazy("Late now"), _standing("late"), DUE, of_now=True),
    "today": Figure(gettext_lazy("Due today"), _standing("today"), DUE, of_now=True),
    "promised": Figure(gettext_lazy("Promised for today"), _standing("promised_today"), DUE, of_now=True),
    "escalated": Figure(gettext_lazy("Escalated to superiors"), _standing("escalated"), DUE, of_now=True),
    "open": Figure(gettext_lazy("Open loops"), _standing("open"), DUE, of_now=True),
}


# ── the page ────────────────────────────────────────────────────────────────────────────────────


@require_safe
def behind(request: HttpRequest) -> HttpResponse:
    """`?what=replies&unit=7&month=2026-05`, `?what=filed&weekday=0&hour=9&from=…&until=…`, `?what=late`. Six queries."""
    user = signed_in(request)
    require(user, "supervision.see", None, _("The dashboard is for the supervising department and company management."))
    asked = _asked(request, clock.now())
    figure = FIGURES[asked.what]
    page = page_of(request, _with_sight(figure.rows(asked), user), None, dict([figure.by]), default=figure.by[0])
    if page.exporting:
        return page.xlsx("behind", COLUMNS)
    return render(request, "supervision/behind.html", page.context() | _context(asked, figure, page))


def _asked(request: HttpRequest, now: datetime) -> Asked:
    """What is not understood counts as not said."""
    said = request.GET
    what = said.get("what", "")
    return Asked(
        what=what if what in FIGURES else "replies",
        unit=Unit.objects.filter(pk=_number(said.get("unit", ""), 10**9) or 0).first(),
        span=asked_span(said.get("month", ""), said.get("from", ""), said.get("until", ""), localdate(now)),
        weekday=_number(said.get("weekday", ""), len(SUNDAY_FIRST)),
        hour=_number(said.get("hour", ""), HOURS),
        which=said.get("which", ""),
        now=now,
    )


def _number(text: str, below: int) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) < below else None


def _with_sight(rows: QuerySet[Any], user: User) -> QuerySet[Any]:
    """Each row says whether its ticket is this person's to read."""
    link = "ticket" if rows.model is Obligation else "pk"
    found: QuerySet[Any] = rows.annotate(seen=Exists(Ticket.objects.visible_to(user).filter(pk=OuterRef(link))))
    return found


def _context(asked: Asked, figure: Figure, page: ListPage) -> dict[str, Any]:
    judged = asked.what in ("replies", "promises")
    lines = [_line(row) for row in page]
    return {
        "lines": lines,
        "some_hidden": not all(line["seen"] for line in lines),
        "asked": asked,
        "title": figure.title,
        "judged": judged,
        "rate": _rate(asked, figure) if judged else None,
        "when": "" if figure.of_now else _when(asked),
        "sort_key": figure.by[0],
        "month": f"{asked.span.first:%Y-%m}",
        "now": asked.now,
    }


def _rate(asked: Asked, figure: Figure) -> stats.Figures:
    """The same rate as on the dashboard, counted from the rows."""
    found = figure.rows(Asked(asked.what, asked.unit, asked.span, None, None, "", asked.now)).aggregate(
        kept=Count("pk", filter=Q(missed_at=None)), late=Count("pk", filter=Q(missed_at__isnull=False))
    )
    return stats.Figures(replies_on_time=found["kept"], replies_late=found["late"])


def _when(asked: Asked) -> str:
    span = asked.span
    if span.first.day == 1 and span == asked_span(f"{span.first:%Y-%m}", "", "", localdate(asked.now)):
        words = [date_format(span.first, _("F Y"))]
    else:
        today = localdate(asked.now)
        words = [f"{wording.plain_day(span.first, today)} – {wording.plain_day(span.last, today)}"]
    if asked.weekday is not None:
        words.append(wording.weekday_of(asked.weekday))
    if asked.hour is not None:
        words.append(f"{asked.hour}:00–{asked.hour + 1}:00")
    return " · ".join(words)


def _line(row: Any) -> dict[str, Any]:
    """A row as the table shows it. `ticket`: None where nothing may name it; `seen`: may be read; `duty`: what is counted."""
    duty = row if isinstance(row, Obligation) else None
    ticket = row.ticket if duty else row
    return {
        "ticket": None if _unnamed(row) else ticket,
        "kept": ticket.restricted,
        "seen": row.seen,
        "asker": _named(row, lambda one: one.asker.name),
        "unit": _answering(row),
        "duty": duty,
        "at": row.due_at if duty else None,
        "filed_at": ticket.created_at,
        "due_at": ticket.due_at,
    }


# ── what of a row may be said ───────────────────────────────────────────────────────────────────


def _ticket(row: Any) -> Ticket:
    found: Ticket = row.ticket if isinstance(row, Obligation) else row
    return found


def _unnamed(row: Any) -> bool:
    """A complaint kept to named people, unless he is one of them; and what has not left its own unit yet."""
    ticket = _ticket(row)
    return not row.seen and (ticket.restricted or ticket.state in UNSENT)


def _named(row: Any, value: Callable[[Ticket], str]) -> str:
    return "" if _unnamed(row) else value(_ticket(row))


def _answering(row: Any) -> str:
    return _named(row, lambda one: row.unit.name if isinstance(row, Obligation) else one.responsible.name)


def _outcome(row: Any) -> str:
    if isinstance(row, Obligation):
        return _("late") if row.missed_at else _("on time")
    return str(row.get_state_display()) if row.seen else ""


COLUMNS: Final = [
    Column(gettext_lazy("Number"), lambda row: _named(row, lambda one: one.number)),
    Column(gettext_lazy("Title"), lambda row: _ticket(row).title if row.seen else "", 40),
    Column(gettext_lazy("Asker"), lambda row: _named(row, lambda one: one.asker.name)),
    Column(gettext_lazy("Responsible unit"), _answering),
    Column(gettext_lazy("Filed"), lambda row: _ticket(row).created_at),
    Column(gettext_lazy("Due"), lambda row: row.due_at),
    Column(gettext_lazy("Done"), lambda row: row.met_at if isinstance(row, Obligation) else None),
    Column(gettext_lazy("State"), _outcome),
]
