"""Reading the organisation: its tree, who is whose superior, who reviews whom, what is missing. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.apps import apps
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.access import may, scope
from accounts.models import Absence, Unit, UnitFunction, User

Function = UnitFunction.Function


def unit_with(function: str) -> Unit | None:
    """The active unit that holds a function of which there is only one (企发部, 总裁办); None when nobody holds it."""
    return Unit.objects.active().with_function(function).first()


def superior(unit: Unit) -> Unit | None:
    """The unit whose head answers for this one (deadlines.md, rule 13): a channel's managing department; an HQ department's
    parent, at last company management. None: nobody stands above."""
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
    """Who reviews this unit's people (000 5.9.3): a channel's market department, for HQ the unit with that function."""
    return unit.manager if unit.is_channel else unit_with(Function.REGISTRAR_HQ)


def visible_units(user: User) -> QuerySet[Unit]:
    """The units whose page this person may open: all for headquarters and the administrators; for a channel its own and the
    departments it can turn to, never another channel."""
    if user.unit is None or not user.unit.is_channel:
        return Unit.objects.all()
    return Unit.objects.filter(Q(pk=user.unit_id) | Q(kind=Unit.Kind.HQ, active=True))


def visible_people(user: User) -> QuerySet[User]:
    """The people whose page he may open: all for 企发部, personnel, management and the administrators; for a registrar those
    he reviews; for everyone his own unit's."""
    who = scope(user)
    everyone = User.objects.filter(is_superuser=False)
    if user.admin_role or who.functions & {Function.SUPERVISING, Function.PERSONNEL, Function.MANAGEMENT}:
        return everyone
    return everyone.filter(Q(unit=who.unit_id) | Q(unit__in=who.granted_ids)) if who.unit_id else everyone.none()


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
    """How many time limits each of these units still owes ({unit id: number}). Asked of the tickets by name: they live a
    floor above, and a unit is not to be closed or left without a head unawares."""
    obligations = apps.get_model("feedback", "Obligation").objects
    running = obligations.filter(met_at=None, voided_at=None, unit__in=list(units))
    return dict(running.values_list("unit").annotate(number=Count("pk")))


def losing_head(user: User) -> str:
    """What follows when this person is no longer head of his unit, as a sentence; "" when nothing does.

    The last head of a unit that owes something cannot vanish silently."""
    if user.role != User.Role.HEAD or user.unit is None or heads(user.unit).exclude(pk=user.pk).exists():
        return ""
    owed = duties([user.unit.pk]).get(user.unit.pk, 0)
    if not owed:
        return ""
    above = superior(user.unit)
    names = {"name": user.name, "unit": user.unit.name, "owed": owed, "above": above.name if above else _("nobody")}
    return (
        _(
            "%(name)s is the last head of %(unit)s, which still owes %(owed)s answers or promises: what escalates will go to "
            "%(above)s at once, and nobody approves what the unit sends, until it has a head again."
        )
        % names
    )


def away_on(day: date, users: Iterable[User]) -> dict[int, Absence]:
    """The absence of each person who is away on that day."""
    rows = Absence.objects.filter(user__in=list(users), first_day__lte=day, last_day__gte=day, ended_at=None)
    return {row.user_id: row for row in rows.select_related("deputy")}


# ── who may change what ─────────────────────────────────────────────────────────────────────────


def edits_unit(user: User, unit: Unit) -> str:
    """What he may change of it: `all` for 企发部 and the department that reviews the unit; `own` (phone, address, what it
    handles) for its head; nothing: "" for everybody else."""
    if may(user, "organisation.edit") or unit.pk in scope(user).granted_ids:
        return "all"
    return "own" if may(user, "unit.edit", unit) else ""


def edits_people(user: User, unit: Unit | None) -> bool:
    """Whether he adds and changes the people of this unit (None: of any unit at all)."""
    return may(user, "organisation.edit") or may(user, "people.edit", unit)


def editable_units(user: User) -> QuerySet[Unit]:
    """The active units whose people he adds and changes."""
    units = Unit.objects.active()
    return units if may(user, "organisation.edit") else units.filter(pk__in=scope(user).granted_ids)


# ── the tree ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Node:
    """A unit as the tree shows it."""

    unit: Unit
    heads: list[User] = field(default_factory=list)
    officers: int = 0
    people: int = 0
    below: list[Node] = field(default_factory=list)
    channels: list[Node] = field(default_factory=list)  # those it manages

    @property
    def gaps(self) -> list[str]:
        """What is missing here, in words."""
        return gaps(self.unit, heads=len(self.heads), officers=self.officers)


def gaps(unit: Unit, *, heads: int, officers: int) -> list[str]:
    """What a unit lacks: a head, an officer, a managing department, a contact person."""
    missing = []
    if not heads:
        missing.append(_("no head"))
    if not officers:
        missing.append(_("no information officer"))
    if unit.is_channel and unit.manager_id is None:
        missing.append(_("no managing department"))
    if unit.is_channel and unit.contact_id is None:
        missing.append(_("no contact person"))
    return missing


def nodes(units: Iterable[Unit]) -> dict[int, Node]:
    """Each unit with its heads and the numbers of its people. Two queries whatever their number."""
    found = {unit.pk: Node(unit) for unit in units}
    active = User.objects.filter(is_active=True, unit__in=found)
    for unit_id, role, number in active.values_list("unit", "role").order_by().annotate(number=Count("pk")):
        found[unit_id].people += number
        found[unit_id].officers += number if role == User.Role.OFFICER else 0
    for head in active.filter(role=User.Role.HEAD, frozen_at=None):
        found[head.unit_id or 0].heads.append(head)
    return found


def tree(units: Iterable[Unit]) -> list[Node]:
    """The roots. Headquarters by parent; channels under the department that manages them, or under their parent channel."""
    found = nodes(units)
    roots = []
    for node in found.values():
        unit = node.unit
        above = found.get(unit.parent_id or 0)
        manager = found.get(unit.manager_id or 0)
        if above is not None and (above.unit.is_channel or not unit.is_channel):
            above.below.append(node)
        elif manager is not None:
            manager.channels.append(node)
        else:
            roots.append(node)
    return roots
