"""Pages of the organisation: the tree, one unit, and one address per verb on it."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import forms_organisation as forms
from accounts import organisation
from accounts.access import Refused, may, require
from accounts.filters import UnitFilter
from accounts.models import Absence, Unit, User
from accounts.organisation_history import history
from accounts.views.organising import form_page, person_of
from accounts.workflow import people as people_verbs
from accounts.workflow import units as verbs
from channelportal.core.lists import Column, page_of
from channelportal.core.once import once

SORTS = {"name": "pinyin", "code": "code", "kind": ("kind", "pinyin"), "region": ("region", "pinyin")}
COLUMNS = [
    Column(pgettext_lazy("unit", "code"), attrgetter("code"), 12),
    Column(pgettext_lazy("unit", "name"), attrgetter("name"), 24),
    Column(gettext_lazy("kind"), lambda unit: unit.get_kind_display(), 14),
    Column(gettext_lazy("superior unit"), lambda unit: unit.parent.name if unit.parent else ""),
    Column(gettext_lazy("managing department"), lambda unit: unit.manager.name if unit.manager else ""),
    Column(gettext_lazy("region"), attrgetter("region"), 12),
    Column(gettext_lazy("Head"), lambda unit: "、".join(head.name for head in unit.heads), 16),
    Column(gettext_lazy("contact person at HQ"), lambda unit: unit.contact.name if unit.contact else "", 16),
    Column(gettext_lazy("phone"), attrgetter("phone"), 16),
    Column(gettext_lazy("address"), attrgetter("address"), 30),
    Column(gettext_lazy("what this unit handles"), attrgetter("handles"), 40),
]


@require_safe
def units(request: HttpRequest) -> HttpResponse:
    """The tree; with a filter, the units found as a list; ?format=xlsx both as a workbook."""
    user = person_of(request)
    closed = "closed" in request.GET and may(user, "organisation.edit")
    seen = organisation.visible_units(user).filter(active=not closed).select_related("parent", "manager", "contact")
    page = page_of(request, seen, UnitFilter, SORTS, default="name")
    if page.exporting:
        active_heads = User.objects.filter(role=User.Role.HEAD, is_active=True)
        page.queryset = page.queryset.prefetch_related(Prefetch("people", active_heads, to_attr="heads"))
        return page.xlsx("units", COLUMNS)
    context: dict[str, Any] = {
        **page.context(),
        "may_add": _may_add(user),
        "may_import": may(user, "organisation.edit"),
        "closed": closed,
    }
    if page.filtered or closed:
        found = organisation.nodes(page)
        context["found"] = [found[unit.pk] for unit in page]
    else:
        context["roots"] = organisation.tree(seen.order_by("pinyin"))
    return render(request, "organisation/units.html", context)


@require_safe
def unit(request: HttpRequest, pk: int) -> HttpResponse:
    """One unit: its people by role, its place, what it handles, what is missing."""
    user = person_of(request)
    this = _seen(user, pk)
    people = list(this.people.filter(is_active=True).order_by("pinyin"))
    whole = organisation.visible_people(user).filter(unit=this).exists() or may(user, "unit.see", this)
    node = organisation.Node(this, [one for one in people if one.role == User.Role.HEAD])
    node.officers = sum(one.role == User.Role.OFFICER for one in people)
    edits = organisation.edits_unit(user, this)
    context = {
        "unit": this,
        "node": node,
        "roles": _by_role(people if whole else [one for one in people if one.role != User.Role.MEMBER], user),
        "whole": whole,
        "edits": edits,
        "edits_people": organisation.edits_people(user, this),
        "may_organise": may(user, "organisation.edit"),
        "may_absence": _may_absence(user, this),
        "superiors": organisation.superiors(this),
        "reviewer": organisation.reviewer_of(this),
        "absences": _absences(this),
        "below": this.children.filter(active=True),
        "managed": this.managed.filter(active=True).count(),
        "history": history(this) if edits == "all" else [],
    }
    return render(request, "organisation/unit.html", context)


def unit_new(request: HttpRequest) -> HttpResponse:
    """Add a unit: 企发部 any, a market department channels of its own."""
    user = person_of(request)
    if not _may_add(user):
        raise Refused(_("Only the supervising department adds units; a market department adds channels it manages."))
    form = forms.UnitNew(request.POST or None, user=user)

    def act(values: dict[str, Any]) -> str:
        made, _new = once(user, values.pop("once"), lambda: verbs.create(**values, by=user))
        return reverse("unit", args=[made.pk])

    reviewed = _(
        "A channel's people are reviewed by its managing department, those of headquarters by the supervising department."
    )
    return form_page(
        request,
        form,
        act,
        done=_("The unit is added."),
        back=reverse("units"),
        title=_("Add a unit"),
        notes=[reviewed],
    )


def unit_edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = person_of(request)
    this = _seen(user, pk)
    edits = organisation.edits_unit(user, this)
    if not edits:
        raise Refused(_("Only its head, the department that manages it and the supervising department change a unit."))
    kind = forms.UnitEdit if edits == "all" else forms.UnitText
    form = kind(request.POST or None, instance=this)
    name = Unit.objects.values_list("name", flat=True).get(pk=pk)
    return form_page(
        request,
        form,
        lambda values: verbs.change(this, by=user, **values),
        done=_("Saved."),
        back=reverse("unit", args=[pk]),
        title=_("Change %(unit)s") % {"unit": name},
        unit=this,
    )


def unit_place(request: HttpRequest, pk: int) -> HttpResponse:
    """Move the unit in the tree and name its managing department; both only by 企发部."""
    user = person_of(request)
    this = _organised(user, pk)
    form = forms.UnitPlace(request.POST or None, unit=this)

    def act(values: dict[str, Any]) -> None:
        verbs.move(this, values["parent"], by=user)
        if this.is_channel:
            verbs.set_manager(this, values["manager"], by=user)

    return form_page(
        request,
        form,
        act,
        done=_("Saved."),
        back=reverse("unit", args=[pk]),
        title=_("Place of %(unit)s") % {"unit": this.name},
        notes=[_("What escalates goes up this way: to the head of the superior unit, then to company management.")],
        unit=this,
    )


def unit_functions(request: HttpRequest, pk: int) -> HttpResponse:
    user = person_of(request)
    this = _organised(user, pk)
    held = list(this.functions.values_list("function", flat=True))
    form = forms.UnitFunctions(request.POST or None, initial={"functions": held})
    return form_page(
        request,
        form,
        lambda values: verbs.set_functions(this, values["functions"], by=user),
        done=_("Saved."),
        back=reverse("unit", args=[pk]),
        title=_("Functions of %(unit)s") % {"unit": this.name},
        unit=this,
    )


def unit_approval(request: HttpRequest, pk: int) -> HttpResponse:
    """Whose tickets the head approves before they go out (000 5.10)."""
    user = person_of(request)
    this = _all_edited(user, pk)
    form = forms.UnitApproval(request.POST or None, instance=this)
    return form_page(
        request,
        form,
        lambda values: verbs.change(this, by=user, **values),
        done=_("Saved."),
        back=reverse("unit", args=[pk]),
        title=_("Approval in %(unit)s") % {"unit": this.name},
        notes=[_("The rules want the head's approval for what officers and employees send (000 5.10).")],
        unit=this,
    )


def unit_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a unit, or say what hinders."""
    user = person_of(request)
    this = _organised(user, pk)
    if request.method == "POST":
        verbs.close(this, by=user)
        messages.success(request, _("%(unit)s is closed.") % {"unit": this.name})
        return redirect("unit", pk)
    return render(request, "organisation/unit_close.html", {"unit": this, "hindrances": verbs.hindrances(this)})


@require_POST
def unit_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    user = person_of(request)
    this = _organised(user, pk)
    verbs.reopen(this, by=user)
    messages.success(request, _("%(unit)s is in use again.") % {"unit": this.name})
    return redirect("unit", pk)


def absence_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody of the unit will be away; entered by its head, or by who looks after the unit."""
    user = person_of(request)
    this = _seen(user, pk)
    if not _may_absence(user, this):
        raise Refused(_("Only the unit's head and the department that looks after it enter absences."))
    form = forms.AbsenceNew(request.POST or None, unit=this, user=user)
    return form_page(
        request,
        form,
        lambda values: people_verbs.set_absence(values.pop("user"), by=user, **values),
        done=_("The absence is entered."),
        back=reverse("unit", args=[pk]),
        title=_("Absence in %(unit)s") % {"unit": this.name},
        notes=[] if this.people.filter(role=User.Role.DEPUTY, is_active=True).exists() else [_no_deputy()],
        unit=this,
    )


@require_POST
def absence_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Back early, or not gone at all."""
    user = person_of(request)
    absence = get_object_or_404(
        Absence.objects.select_related("user__unit"), pk=pk, user__unit__in=organisation.visible_units(user)
    )
    if absence.user.unit is None or not _may_absence(user, absence.user.unit):
        raise Refused(_("Only the unit's head and the department that looks after it enter absences."))
    people_verbs.end_absence(absence, by=user)
    messages.success(request, _("The absence is ended."))
    return redirect("unit", absence.user.unit_id)


# ── who may ─────────────────────────────────────────────────────────────────────────────────────


def _seen(user: User, pk: int) -> Unit:
    units = organisation.visible_units(user).select_related("parent", "manager", "contact__unit")
    return get_object_or_404(units.prefetch_related("functions"), pk=pk)


def _organised(user: User, pk: int) -> Unit:
    this = _seen(user, pk)
    require(user, "organisation.edit", this, _("Only the supervising department changes the organisation."))
    return this


def _all_edited(user: User, pk: int) -> Unit:
    this = _seen(user, pk)
    if organisation.edits_unit(user, this) != "all":
        raise Refused(_("Only the department that manages the unit and the supervising department change this."))
    return this


def _may_add(user: User) -> bool:
    return may(user, "organisation.edit") or may(user, "channel.add")


def _may_absence(user: User, this: Unit) -> bool:
    return may(user, "absence.set", this) or organisation.edits_unit(user, this) == "all"


# ── what the page shows ─────────────────────────────────────────────────────────────────────────


def _by_role(people: list[User], user: User) -> list[tuple[str, list[tuple[User, Absence | None, bool]]]]:
    """(role in words, [(person, his absence today, whether his page opens)]), heads first."""
    away = organisation.away_on(localdate(), people)
    opens = set(
        organisation.visible_people(user).filter(pk__in=[one.pk for one in people]).values_list("pk", flat=True)
    )
    groups = []
    for role, label in User.Role.choices:
        group = [(one, away.get(one.pk), one.pk in opens) for one in people if one.role == role]
        if group:
            groups.append((str(label), group))
    return groups


def _absences(this: Unit) -> list[Absence]:
    rows = Absence.objects.filter(user__unit=this, ended_at=None, last_day__gte=localdate())
    return list(rows.select_related("user", "deputy").order_by("first_day"))


def _no_deputy() -> str:
    return _(
        "This unit has no deputy: while its head is away nobody approves, and what escalates goes on to the superior."
    )
