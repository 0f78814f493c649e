"""The channels: directory, and the profile of one with its people, its tickets of both directions, its contact person (P7)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from accounts import organisation
from accounts.access import Refused
from accounts.forms_organisation import UnitContact
from accounts.models import Unit, User
from accounts.organisation_history import history
from accounts.views.organising import form_page, person_of
from accounts.workflow import units as unit_verbs
from channelportal.core.clock import now
from channelportal.core.lists import Column, page_of
from feedback import stats
from feedback.models import Ticket
from partners.access import known_channels, open_channels, sets_contact
from partners.figures import with_standing
from partners.filters import ChannelFilter, GradedFilter

PLAIN_SORTS = {
    "name": "pinyin",
    "kind": ("kind", "pinyin"),
    "region": ("region", "pinyin"),
    "manager": ("manager__pinyin", "pinyin"),
}
SORTS = {**PLAIN_SORTS, "grade": ("grade", "pinyin"), "open": "open_all", "late": "late_all"}
PLAIN_COLUMNS = [
    Column(pgettext_lazy("unit", "name"), lambda one: one.name, 26),
    Column(gettext_lazy("kind"), lambda one: one.get_kind_display(), 12),
    Column(gettext_lazy("region"), lambda one: one.region, 12),
    Column(gettext_lazy("managing department"), lambda one: one.manager.name if one.manager else ""),
    Column(gettext_lazy("contact person at HQ"), lambda one: one.contact.name if one.contact else ""),
    Column(gettext_lazy("phone of the contact person"), lambda one: one.contact.phone if one.contact else ""),
    Column(gettext_lazy("phone"), lambda one: one.phone),
]
COLUMNS = [
    *PLAIN_COLUMNS,
    Column(gettext_lazy("grade"), lambda one: one.grade, 8),
    Column(gettext_lazy("open tickets"), lambda one: one.open_all, 10),
    Column(gettext_lazy("late"), lambda one: one.late_all, 8),
    Column(gettext_lazy("address"), lambda one: one.address, 30),
]
TICKETS_SHOWN = 20  # of each direction; the list of tickets has the rest


@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    """The directory; a channel is led to its own profile."""
    user = person_of(request)
    if user.unit is not None and user.unit.is_channel:
        return redirect("channel", user.unit_id)
    whole = open_channels(user).exists()
    shown = "all" if request.GET.get("view") == "all" or not whole else "mine"
    found = open_channels(user) if shown == "mine" else known_channels(user)
    found = found.active().select_related("manager", "contact")
    if shown == "mine":
        page = page_of(request, with_standing(found, now()), GradedFilter, SORTS, default="name")
    else:
        page = page_of(request, found, ChannelFilter, PLAIN_SORTS, default="name")
    if page.exporting:
        return page.xlsx("channels", COLUMNS if shown == "mine" else PLAIN_COLUMNS)
    more = whole and open_channels(user).active().count() < known_channels(user).active().count()
    return render(request, "partners/channels.html", {**page.context(), "shown": shown, "more": more})


@require_safe
def channel(request: HttpRequest, pk: int) -> HttpResponse:
    """Overview: facts, this month's figures beside last month's, what is missing; for the rest of headquarters the contact."""
    user = person_of(request)
    this = _known(user, pk)
    context = _frame(user, this, "overview")
    if context["whole"]:
        today = localdate()
        found = with_standing(Unit.objects.filter(pk=this.pk), now()).get()
        people = this.people.filter(is_active=True)
        officers = people.filter(role=User.Role.OFFICER).count()
        heads = list(organisation.heads(this))
        context |= {
            "standing": found,
            "figures": stats.month_of(this.pk, today),
            "heads": heads,
            "officers": officers,
            "people_count": people.count(),
            "gaps": organisation.gaps(this, heads=len(heads), officers=officers),
        }
    return render(request, "partners/channel.html", context)


@require_safe
def channel_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Its people by role, with how to reach them."""
    user = person_of(request)
    this = _opened(user, pk)
    people = this.people.filter(is_active=True).order_by("pinyin")
    order = list(User.Role.values)
    rows = sorted(people, key=lambda one: order.index(one.role))
    opens = set(organisation.visible_people(user).filter(unit=this).values_list("pk", flat=True))
    away = organisation.away_on(localdate(), rows)
    shown = [(one, away.get(one.pk), one.pk in opens) for one in rows]
    return render(request, "partners/people.html", {**_frame(user, this, "people"), "people": shown})


@require_safe
def channel_tickets(request: HttpRequest, pk: int) -> HttpResponse:
    """What it asked and what it was asked, as far as this person may see the tickets themselves."""
    user = person_of(request)
    this = _opened(user, pk)
    seen = Ticket.objects.visible_to(user).select_related("asker", "responsible", "kind").newest_first()
    context = {
        **_frame(user, this, "tickets"),
        "asked": seen.filter(asker=this)[:TICKETS_SHOWN],
        "received": seen.filter(responsible=this)[:TICKETS_SHOWN],
        "shown": TICKETS_SHOWN,
    }
    return render(request, "partners/tickets.html", context)


@require_safe
def channel_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Who at headquarters looks after it, and who did before."""
    user = person_of(request)
    this = _known(user, pk)
    context = _frame(user, this, "contact")
    if context["whole"]:
        context["history"] = history(this, only=["unit.contact_set"])
    return render(request, "partners/contact.html", context)


def channel_contact_set(request: HttpRequest, pk: int) -> HttpResponse:
    """Name the contact person (004 二(三)1)."""
    user = person_of(request)
    this = _opened(user, pk)
    if not sets_contact(user, this):
        raise Refused(
            _("Only the department that manages the channel and the supervising department name its contact person.")
        )
    form = UnitContact(request.POST or None, unit=this)
    return form_page(
        request,
        form,
        lambda values: unit_verbs.set_contact(this, values["contact"], by=user),
        done=_("The contact person is named."),
        back=reverse("channel-contact", args=[pk]),
        title=_("Contact person of %(unit)s") % {"unit": this.name},
        notes=[_("The contact person keeps in touch with the channel: at least once a quarter (004 二(三)1).")],
        unit=this,
    )


def _known(user: User, pk: int) -> Unit:
    return get_object_or_404(known_channels(user).select_related("manager", "contact__unit", "parent"), pk=pk)


def _opened(user: User, pk: int) -> Unit:
    this = _known(user, pk)
    if not open_channels(user).filter(pk=pk).exists():
        raise Refused(
            _("Only the department that manages the channel, the supervising department and management see this.")
        )
    return this


def _frame(user: User, this: Unit, tab: str) -> dict[str, Any]:
    """What every tab shows around itself."""
    whole = open_channels(user).filter(pk=this.pk).exists()
    own = user.unit_id == this.pk
    return {"channel": this, "tab": tab, "whole": whole, "own": own, "sets_contact": sets_contact(user, this)}
