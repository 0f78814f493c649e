"""The escalation ladder: its steps, whom they would tell of one unit today, and where they would find nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import access
from accounts.models import Unit
from channelportal.core import audit, clock, stamps
from channelportal.core.pages import show_form
from feedback import in_force
from feedback import ladder as rules
from feedback.forms import StepForm
from feedback.models import LadderStep, Obligation


@dataclass(frozen=True, slots=True)
class Rung:
    """A step with whom it would tell today, of the chosen unit."""

    row: LadderStep
    tells: list[str]
    people: list[str]
    skipped: list[str]


@dataclass(frozen=True, slots=True)
class Flight:
    """All steps of one kind of obligation."""

    kind: str
    label: str
    rungs: list[Rung]


@require_safe
def ladder(request: HttpRequest) -> HttpResponse:
    """The table, the picture, the preview for one unit, the gaps."""
    access.require(request.user, "rules.edit", None, _("Only the supervising department changes the rules."))
    now = clock.now()
    units = sorted((one for one in in_force.units().by_id.values() if one.active), key=lambda unit: unit.pinyin)
    chosen = _chosen(units, request.GET.get("unit", ""))
    known = in_force.organisation(now)
    context = {
        "now": now,
        "units": units,
        "chosen": chosen,
        "flights": _flights(chosen, known) if chosen else [],
        "gaps": _gaps(known, [unit.pk for unit in units]),
    }
    return render(request, "feedback/ladder.html", context)


def _chosen(units: list[Unit], pk: str) -> Unit | None:
    """The unit of the address; else the first that is neither 企发部 nor management."""
    tree = in_force.units()
    named = next((unit for unit in units if str(unit.pk) == pk), None)
    return named or next((unit for unit in units if unit.pk not in (tree.supervising, tree.management)), None)


def _flights(unit: Unit, known: in_force.Organisation) -> list[Flight]:
    rows = list(LadderStep.objects.order_by("kind", "level", "-active"))
    case = rules.Case(unit.pk, asker=unit.pk)
    found = []
    for kind, label in Obligation.Kind.choices:
        rungs = [_rung(row, case, known) for row in rows if row.kind == kind]
        if rungs:
            found.append(Flight(kind, str(label), rungs))
    return found


def _rung(row: LadderStep, case: rules.Case, known: in_force.Organisation) -> Rung:
    targets = tuple(rules.Target(code) for code in row.tells)
    labels = [str(LadderStep.Target(code).label) for code in row.tells]
    try:
        found = known.org.recipients(targets, case)
    except rules.NobodyLeft as nobody:
        return Rung(row, labels, [], _skips(nobody.skipped, known))
    people = [_with_unit(known.people[pk]) for pk in found.people]
    return Rung(row, labels, people, _skips(found.skipped, known))


def _with_unit(user: Any) -> str:
    unit = in_force.units().by_id.get(user.unit_id)
    return f"{user.name}（{unit.name}）" if unit else user.name


def _skips(skipped: Iterable[rules.Skip], known: in_force.Organisation) -> list[str]:
    reasons = {
        rules.Why.MISSING: _("nobody holds this post"),
        rules.Why.INACTIVE: _("deactivated"),
        rules.Why.AWAY: _("on leave"),
        rules.Why.ACCUSED: _("complained of"),
    }
    return [
        _("%(who)s: %(why)s")
        % {
            "who": _whom(one, known),
            "why": reasons[one.why],
        }
        for one in skipped
    ]


def _whom(skip: rules.Skip, known: in_force.Organisation) -> str:
    if skip.person:
        return known.people[skip.person].name
    unit = in_force.units().by_id.get(skip.unit or 0)
    return unit.name if unit else "–"


def _gaps(known: in_force.Organisation, units: list[int]) -> list[dict[str, Any]]:
    by_id = in_force.units().by_id
    return [
        {"unit": by_id[gap.unit], "target": LadderStep.Target(str(gap.target)).label, "nobody": gap.nobody}
        for gap in rules.gaps(known.org, units, in_force.steps())
    ]


def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Change a step, or add one; what was recorded under it stays as it was."""
    access.require(request.user, "rules.edit", None, _("Only the supervising department changes the rules."))
    step = get_object_or_404(LadderStep, pk=pk) if pk else None
    form = StepForm(request.POST or None, instance=step)
    if request.method == "POST" and form.is_valid() and _save(request, form, clock.now()):
        messages.success(request, _("Saved. The ladder applies to everything that is open now."))
        return redirect("ladder")
    return show_form(request, "feedback/step.html", {"form": form, "step": step})


def _save(request: HttpRequest, form: StepForm, at: datetime) -> bool:
    try:
        with transaction.atomic():
            saved = form.save()
            stamps.bump(in_force.LADDER)
            changed = {name: str(form.cleaned_data[name]) for name in form.changed_data}
            audit.record("ladderstep.saved", saved, by=request.user, at=at, data=changed)
    except IntegrityError:
        form.add_error("level", _("There is an active step of this level already."))
        return False
    return True
