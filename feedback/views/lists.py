"""The list of tickets: saved views as tabs, filters, sort, page, .xlsx; at most eight queries at any size."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.access import scope
from channelportal.core import calendar as calendars
from channelportal.core import tabs
from channelportal.core.lists import Column, page_of
from channelportal.lib.workdays import WorkCalendar
from feedback import deadlines
from feedback.filters import SORTS, TicketFilter, View, views_for
from feedback.models import Ticket, TicketQuerySet
from feedback.views import person

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
    view = tabs.chosen(request, views)
    base = Ticket.objects.visible_to(user)

    def rows(one: View) -> TicketQuerySet:
        return base.filter(one.chosen(user, scope(user)))

    named = rows(view).select_related("kind", "asker", "responsible", "assignee")
    page = page_of(request, named, TicketFilter, SORTS, default=view.sort)
    if page.exporting:
        return page.xlsx("tickets", COLUMNS)
    now = timezone.now()
    said = tabs.tabs(page, user, views, view, rows)
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


def _line(ticket: Ticket, calendar: WorkCalendar, now: Any) -> dict[str, Any]:
    """A row with its working days: late ones, and those left when more than one is."""
    due = ticket.due_at
    days = deadlines.days_said(calendar, due_at=due, at=now) if due else None
    return {"ticket": ticket, "days": days, "late": bool(due and due < now and ticket.state in ("open", "planned"))}
