"""The list of notices with its saved views, and the archive by kind, unit and year."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Count
from django.db.models.functions import ExtractYear
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import scope, signed_in
from accounts.models import User
from channelportal.core import calendar as calendars
from channelportal.core import tabs
from channelportal.core.lists import Column, ListPage, page_of
from notices import inbox
from notices.desk import days_said
from notices.filters import SORTS, NoticeFilter, View, views_for, with_receipt, with_step
from notices.models import Notice, NoticeKind, NoticeQuerySet, Step

COLUMNS = [
    Column(_("Number"), attrgetter("number")),
    Column(_("Title"), attrgetter("title"), 40),
    Column(pgettext_lazy("notice", "Kind"), lambda notice: notice.kind.name),
    Column(_("Issued by"), lambda notice: notice.unit.name),
    Column(_("State"), lambda notice: notice.get_state_display()),
    Column(_("Confidentiality level"), lambda notice: notice.get_level_display(), 10),
    Column(_("Importance"), lambda notice: notice.get_importance_display(), 10),
    Column(_("Urgency"), lambda notice: notice.get_urgency_display(), 10),
    Column(_("Published on"), attrgetter("published_at")),
    Column(_("Valid until"), attrgetter("valid_until")),
]
READING = [
    Column(_("Delivered to me"), attrgetter("delivered")),
    Column(_("Opened by me"), attrgetter("read_at")),
    Column(_("Acknowledge by"), attrgetter("ack_due")),
    Column(_("Acknowledged by me"), attrgetter("acknowledged_at")),
]


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    user, today = signed_in(request), localdate()
    views = views_for(user)
    view = tabs.chosen(request, views)
    rows = with_receipt(view.chosen(user, today), user).select_related("kind", "unit", "author")
    page = page_of(
        request, with_step(rows) if view.rows == "approve" else rows, NoticeFilter, _sorts(view), default=view.sort
    )
    if page.exporting:
        return page.xlsx("notices", _columns(view, user))
    now = timezone.now()
    said = tabs.tabs(page, user, views, view, lambda one: one.chosen(user, today))
    if view.code == "inbox" and page.sort == "front" and not page.filtered:
        page.queryset = inbox.first(page.queryset, user, today, page.number * page.size + 1)
    context = page.context() | {
        "now": now,
        "views": said,
        "view": view,
        "lines": _lines(page, user, now),
        "may_write": scope(user).may("notice.draft", user.unit_id),
    }
    return render(request, "notices/list.html", context)


def _sorts(view: View) -> dict[str, str | list[str]]:
    return {key: value for key, value in SORTS.items() if key != "step" or view.rows == "approve"}


def _shows_figures(notice: Notice, user: User) -> bool:
    """How many opened and acknowledged is for the author, his head, and 企发部."""
    return notice.author_id == user.pk or scope(user).may("notice.receipts", notice.unit_id)


def _columns(view: View, user: User) -> list[Column]:
    if view.rows != "written":
        return COLUMNS + READING

    def figure(name: str) -> Any:
        return lambda notice: getattr(notice, name) if _shows_figures(notice, user) else None

    return [
        *COLUMNS,
        Column(_("Author"), lambda notice: notice.author.name),
        Column(_("Recipients"), figure("recipients"), 10),
        Column(_("Opened"), figure("opened"), 10),
        Column(_("Acknowledged"), figure("acknowledged"), 10),
    ]


def _lines(page: ListPage, user: User, now: datetime) -> list[dict[str, Any]]:
    return [_line(notice, user, now) for notice in page]


def _line(notice: Any, user: User, now: datetime) -> dict[str, Any]:
    live = notice.state in Notice.OUT and notice.state != Notice.State.WITHDRAWN
    asked = live and notice.ack_due is not None and notice.settled is None
    return {
        "notice": notice,
        "unread": live and notice.delivered is not None and notice.read_at is None,
        "due": notice.ack_due if asked else None,
        "late": bool(asked and notice.ack_due < now),
        "days": days_said(calendars.current(), notice.ack_due, now) if asked else None,
        "urgent": notice.urgency == Notice.Urgency.URGENT,
        "important": notice.importance == Notice.Importance.IMPORTANT,
        "figures": notice.published_at is not None and _shows_figures(notice, user),
        "pick": getattr(notice, "step_duty", None) not in (None, Step.Duty.CHECK),
        "duty": Step.Duty(notice.step_duty).label if getattr(notice, "step_duty", None) else "",
    }


# ── the archive ─────────────────────────────────────────────────────────────────────────────────


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """What was published and he may see, counted by year, kind and unit; each figure leads to its list. `?year=` narrows."""
    user = signed_in(request)
    out = Notice.objects.visible_to(user).filter(state__in=Notice.OUT)
    years = list(_by(out.annotate(year=ExtractYear("published_at")), "year").order_by("-year"))
    year = next((row["year"] for row in years if str(row["year"]) == request.GET.get("year")), None)
    chosen = out.filter(published_at__year=year) if year else out
    context = {
        "years": years,
        "year": year,
        "kinds": _by_kind(chosen),
        "units": list(_by(chosen, "unit", "unit__name", "unit__pinyin").order_by("-n", "unit__pinyin")),
        "span": f"&from_day={year}-01-01&until_day={year}-12-31" if year else "",
        "total": sum(row["n"] for row in years if year in (None, row["year"])),
    }
    return render(request, "notices/archive.html", context)


def _by_kind(rows: NoticeQuerySet) -> list[tuple[NoticeKind, int]]:
    counted = dict(_by(rows, "kind").values_list("kind", "n"))
    return [(kind, counted[kind.pk]) for kind in NoticeKind.objects.filter(pk__in=counted)]


def _by(rows: NoticeQuerySet, *fields: str) -> Any:
    return rows.order_by().values(*fields).annotate(n=Count("pk"))
