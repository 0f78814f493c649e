"""Reading the organisation: its tree, who is whose superior, who reviews whom, what is missing. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.apps import apps
from django.db.models import Count, QuerySet

from accounts.models import Absence, Unit, UnitFunction, User

Function = UnitFunction.Function


def unit_with(function: str) -> Unit | None:
    """The active unit that holds a function of which there is only one (企发部, 总裁办); None when nobody holds it."""
    return Unit.objects.active().with_function(function).first()


def superior(unit: Unit) -> Unit | None:
    """The unit whose head answers for this one: a channel's managing department; an HQ department's parent, at last company
    management (deadlines.md, rule 13). None: nobody stands above."""
    above = unit.manager if unit.is_channel else unit.parent
    if above is None:
        above = unit_with(Function.MANAGEMENT)
    return above if above is not None and above.pk != unit.pk else None


def superiors(unit: Unit) -> list[Unit]:
    """All units above, the nearest first; a loop in the data ends the list instead of the program."""
    chain: list[Unit] = []
    seen = {unit.pk}
    above = superior(unit)
    while above is not None and above.pk not in seen:
        chain.append(above)
        seen.add(above.pk)
        above = superior(above)
    return chain


def reviewer_of(unit: Unit) -> Unit | None:
    """Who reviews this unit's people (000 5.9.3): the market department of a channel, for HQ the unit with that function."""
    return unit.manager if unit.is_channel else unit_with(Function.REGISTRAR_HQ)


def heads(unit: Unit) -> QuerySet[User]:
    """The unit's heads who can sign in."""
    return User.objects.filter(unit=unit, role=User.Role.HEAD, is_active=True, frozen_at=None)


def is_below(unit: Unit, ancestor: Unit) -> bool:
    """Whether `unit` stands somewhere under `ancestor` in the tree (or is it)."""
    seen: set[int] = set()
    node: Unit | None = unit
    while node is not None and node.pk not in seen:
        if node.pk == ancestor.pk:
            return True
        seen.add(node.pk)
        node = node.parent
    return False


def duties(units: Iterable[int]) -> dict[int, int]:
    """How many time limits each of these units still owes ({unit id: number}). Asked of the tickets by name: they live a floor
    above, and a unit is not to be closed or left without a head unawares."""
    running = apps.get_model("feedback", "Obligation")._default_manager.filter(met_at=None, voided_at=None, unit__in=list(units))
    return dict(running.values_list("unit").annotate(number=Count("pk")))


def away_on(day: date, users: Iterable[User]) -> dict[int, Absence]:
    """The absence of each person who is away on that day."""
    rows = Absence.objects.filter(user__in=list(users), first_day__lte=day, last_day__gte=day, ended_at=None)
    return {row.user_id: row for row in rows.select_related("deputy")}
