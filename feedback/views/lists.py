"""The list of tickets: saved views as tabs, filters, sort, page, .xlsx; at most eight queries at any size."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import statements
from accounts.access import scope
from accounts.models import User
from channelportal.core import calendar as calendars
from channelportal.core import tabs
from channelportal.core.lists import Address, Column, ListPage, page_of, usual
from channelportal.lib.workdays import WorkCalendar
from feedback import deadlines
from feedback.filters import SORTS, TicketFilter, View, views_for
from feedback.models import Ticket, TicketQuerySet
from feedback.views import person

# filters whose statements are the same for everybody
USUAL = frozenset({"view", "state", "kind", "severity", "level", "asker", "responsible"})
COLUMNS = [
    Column(_("Number"), attrgetter("number")),
    Column(_("Title"), attrgetter("title"), 40),
    Column(_("State"), lambda ticket: ticket.get_state_display()),
    Column(_("Kind"), lambda ticket: ticket.kind.name),
    Column(_("Severity"), lambda ticket: ticket.get_severity_display(), 10),
    Column(_("Asker"), lambda ticket: ticket.asker.name),
    Column(_("Responsible unit"), lambda ticket: ticket.responsible.name),
    Column(_("Working on it"), lambda ticket: ticket.assignee.name if ticket.assignee else ""),
    Column(_("Filed"), attrgetter("created_at")),
    Column(_("Reached the responsible unit"), attrgetter("reached_at")),
    Column(_("First formal reply"), attrgetter("answered_at")),
    Column(_("Due"), attrgetter("due_at")),
    Column(_("Something was missed"), attrgetter("missed"), 10),
    Column(_("Level"), attrgetter("level"), 8),
    Column(_("Ended"), attrgetter("ended_at")),
    Column(_("Rating of the answer"), attrgetter("rating_answer"), 10),
    Column(_("Rating of the speed"), attrgetter("rating_speed"), 10),
]


@require_safe
def tickets(request: HttpRequest) -> HttpResponse:
    user = person(request)
    views = views_for(user)
    view, now = tabs.chosen(request, views), timezone.now()
    if (query := usual(request.GET, USUAL)) is not None:
        page = page_of(request, Ticket.objects.none(), TicketFilter, SORTS, default=view.sort)
        asked: dict[str, Any] = {"code": view.code, "query": query, "at": now}
        page.fill(statements.rows(_shown, user, **asked))
        said = tabs.said(page, views, view, statements.one(_counts, user, **asked))
    else:
        page = _page(request, user, view, now)
        if page.exporting:
            return page.xlsx("tickets", COLUMNS)
        said = tabs.said(page, views, view, _counting(user, page, now).get())
    context = page.context() | {
        "now": now,
        "views": said,
        "view": view,
        "lines": [_line(ticket, calendars.current(), now) for ticket in page],
        "may_file": scope(user).may("ticket.file", user.unit_id),
        "may_enter": scope(user).may("ticket.enter"),
        "picks": view.code == "approve",
    }
    return render(request, "feedback/tickets.html", context)


def _page(request: HttpRequest | Address, user: User, view: View, at: datetime) -> ListPage:
    rows = _of(user, view, at).select_related("kind", "asker", "responsible", "assignee")
    return page_of(request, rows, TicketFilter, SORTS, default=view.sort)


def _of(user: User, view: View, at: datetime) -> TicketQuerySet:
    return Ticket.objects.visible_to(user).filter(view.chosen(user, scope(user), at))


def _counting(user: User, page: ListPage, at: datetime) -> QuerySet[Any, Any]:
    base = Ticket.objects.visible_to(user)
    return tabs.counting(
        user, views_for(user), lambda one: base.filter(one.chosen(user, scope(user), at)), page.queryset
    )


def _addressed(user: User, code: str, query: str, at: datetime) -> ListPage:
    view = next(one for one in views_for(user) if one.code == code)
    return _page(Address(QueryDict(query)), user, view, at)


def _shown(user: User, code: str, query: str, at: datetime) -> QuerySet[Any, Any]:
    page = _addressed(user, code, query, at)
    return page.queryset[slice(*page.span)]


def _counts(user: User, code: str, query: str, at: datetime) -> QuerySet[Any, Any]:
    return _counting(user, _addressed(user, code, query, at), at)


def _line(ticket: Ticket, calendar: WorkCalendar, now: Any) -> dict[str, Any]:
    """A row with its working days: late ones, and those left when more than one is."""
    due = ticket.due_at
    days = deadlines.days_said(calendar, due_at=due, at=now) if due else None
    return {"ticket": ticket, "days": days, "late": bool(due and due < now and ticket.state in ("open", "planned"))}
