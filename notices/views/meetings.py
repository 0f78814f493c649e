"""The list of meetings: saved views as tabs, filters, sort, page, .xlsx; with each what this person does about it."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.access import scope, signed_in
from channelportal.core import clock, tabs
from channelportal.core.lists import Column, page_of
from notices import meeting_desk
from notices.meeting_filters import SORTS, MeetingFilter, views_for
from notices.models import Invitation

COLUMNS: Final = [
    Column(_("Number"), attrgetter("number")),
    Column(_("Title"), attrgetter("title"), 40),
    Column(_("Kind"), lambda meeting: meeting.kind.name),
    Column(_("Called by"), lambda meeting: meeting.unit.name),
    Column(_("State"), lambda meeting: meeting.get_state_display()),
    Column(_("Begins"), attrgetter("starts_at")),
    Column(_("Ends"), attrgetter("ends_at")),
    Column(_("Venue"), attrgetter("place"), 30),
    Column(_("Chair"), lambda meeting: meeting.chair.name),
    Column(_("My answer"), lambda meeting: meeting.mine[0].get_reply_display() if meeting.mine else ""),
]


@require_safe
def meetings(request: HttpRequest) -> HttpResponse:
    user, now = signed_in(request), clock.now()
    views = views_for(user)
    view = tabs.chosen(request, views)
    mine = Prefetch("invitations", Invitation.objects.filter(user=user, dropped_at=None), to_attr="mine")
    rows = view.chosen(user, now).select_related("kind", "unit", "chair").prefetch_related(mine)
    page = page_of(request, rows, MeetingFilter, SORTS, default=view.sort)
    if page.exporting:
        return page.xlsx("meetings", COLUMNS)
    said = tabs.tabs(page, user, views, view, lambda one: one.chosen(user, now))
    context = page.context() | {
        "now": now,
        "views": said,
        "view": view,
        "todo": {row.url.partition("#")[0]: row for row in meeting_desk.waiting(user, now)}
        if view.code == "todo"
        else {},
        "lines": [{"meeting": meeting, "mine": meeting.mine[0] if meeting.mine else None} for meeting in page],
        "calls": scope(user).may("meeting.call", user.unit_id),
    }
    for line in context["lines"]:
        line["todo"] = context["todo"].get(line["meeting"].get_absolute_url())
    return render(request, "meetings/list.html", context)
