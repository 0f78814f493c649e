"""Who has it, who has not (001 四(三)2): acknowledging, the receipts of a notice by unit and by person, reminding."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from channelportal.core.lists import Column, ListPage, page_of
from notices import afterwards, asking, rights
from notices import receipts as verbs
from notices.filters import RECEIPTS, ReceiptFilter
from notices.forms.reading import AcknowledgeForm, RemindForm
from notices.models import Notice, Receipt, UnitAnswer
from notices.views.page import visible

UNITS_A_PAGE = 50

COLUMNS = [
    Column(gettext_lazy("Unit"), lambda row: row.unit.name, 24),
    Column(gettext_lazy("Name"), lambda row: row.user.name),
    Column(gettext_lazy("Role"), lambda row: row.user.get_role_display(), 12),
    Column(gettext_lazy("Delivered"), attrgetter("delivered_at")),
    Column(gettext_lazy("Opened"), attrgetter("opened_at")),
    Column(gettext_lazy("Version opened"), lambda row: row.opened_version or None, 10),
    Column(gettext_lazy("Acknowledge by"), attrgetter("due_at")),
    Column(gettext_lazy("Acknowledged"), attrgetter("acknowledged_at")),
    Column(gettext_lazy("Settled, by him or for his unit"), attrgetter("settled_at")),
    Column(gettext_lazy("Reminders"), attrgetter("reminders"), 10),
    Column(pgettext_lazy("receipts", "Left"), attrgetter("left_at")),
]
SORTS = {
    "unit": ["unit__pinyin", "user__pinyin"],
    "name": "user__pinyin",
    "opened": "opened_at",
    "settled": "settled_at",
}


@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """For himself; for the unit where the notice asks for one answer."""
    found = visible(request, pk)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        raise BadRequest
    verbs.acknowledge(found, by=signed_in(request), read=form.cleaned_data["version"])
    if found.unit_answers:
        messages.success(request, _("Acknowledged for your unit. The author sees it at once."))
    else:
        messages.success(request, _("Acknowledged. The author sees it at once."))
    return redirect(found)


@require_safe
def receipts(request: HttpRequest, pk: int) -> HttpResponse:
    """Figures, then by unit, or (`?view=people`) by person with filters and .xlsx."""
    found = visible(request, pk)
    rights.require("receipts", found, signed_in(request))
    rows = Receipt.objects.filter(notice=found)
    by_person = request.GET.get("view") == "people"
    page = _people(request, rows) if by_person else None
    if page is not None and page.exporting:
        return page.xlsx(f"receipts-{found.number}", COLUMNS)
    now = timezone.now()
    context: dict[str, Any] = {
        "now": now,
        "notice": found,
        "figures": figures(rows, now),
        "may_remind": "remind" in rights.possible(found, signed_in(request)),
        "reminding": afterwards.under_way(found, afterwards.REMIND),
        "by_person": by_person,
        "export_url": "?view=people&format=xlsx",
    }
    context |= page.context() | _answers(found, page) if page is not None else _units(request, rows, now)
    return render(request, "notices/receipts.html", context)


def _people(request: HttpRequest, rows: Any) -> ListPage:
    return page_of(request, rows.select_related("user", "unit"), ReceiptFilter, SORTS, default="unit")


def _answers(found: Notice, page: ListPage) -> dict[str, Any]:
    """Who acknowledged for the units shown."""
    if not found.unit_answers:
        return {"answers": {}}
    units = {row.unit_id for row in page}
    answers = UnitAnswer.objects.filter(notice=found, unit__in=units, superseded_at=None).select_related("by")
    return {"answers": {answer.unit_id: answer.by.name for answer in answers}}


def _units(request: HttpRequest, rows: Any, now: datetime) -> dict[str, Any]:
    """By unit, those with the most missing first."""
    grouped = rows.order_by().values("unit", "unit__name", "unit__pinyin").annotate(**_counted(now))
    ordered = sorted(grouped, key=lambda row: (-row["missing"], -row["unread"], row["unit__pinyin"]))
    page: Page[Any] = Paginator(ordered, UNITS_A_PAGE).get_page(request.GET.get("page"))
    return {"rows": page, "total": len(ordered)}


def _counted(now: datetime) -> dict[str, Any]:
    in_time = Q(settled_at__isnull=False, due_at__isnull=False, settled_at__lte=F("due_at"))
    return {
        "all": Count("pk"),
        "delivered": Count("pk", filter=Q(delivered_at__isnull=False)),
        "opened": Count("pk", filter=Q(opened_at__isnull=False)),
        "unread": Count("pk", filter=RECEIPTS["unread"](now)),
        "asked": Count("pk", filter=Q(due_at__isnull=False) & (Q(settled_at__isnull=False) | asking.OWED)),
        "settled": Count("pk", filter=RECEIPTS["settled"](now)),
        "in_time": Count("pk", filter=in_time),
        "missing": Count("pk", filter=RECEIPTS["missing"](now)),
        "late": Count("pk", filter=RECEIPTS["late"](now)),
        "left": Count("pk", filter=RECEIPTS["left"](now)),
    }


def figures(rows: Any, now: datetime) -> dict[str, int]:
    """Delivered, opened, acknowledged, in time, late, missing, left of all recipients: one statement."""
    found: dict[str, int] = rows.order_by().aggregate(**_counted(now))
    return found


@require_POST
def remind(request: HttpRequest, pk: int) -> HttpResponse:
    """All who have not, or those of one unit."""
    found = visible(request, pk)
    rights.require("remind", found, signed_in(request))
    form = RemindForm(request.POST)
    if not form.is_valid():
        raise BadRequest  # else a slip of the pen would remind everybody
    unit = form.cleaned_data["unit"]
    told = verbs.remind(found, by=signed_in(request), units=[unit] if unit else None)
    if told > afterwards.AT_ONCE:
        messages.success(request, _("Reminders are going out to %(n)s people.") % {"n": told})
    elif told:
        messages.success(
            request, ngettext("%(n)s person was reminded.", "%(n)s people were reminded.", told) % {"n": told}
        )
    else:
        messages.info(request, _("Nobody needed reminding: all have done it, or were reminded a short while ago."))
    return redirect(reverse("notice-receipts", args=[pk]))
