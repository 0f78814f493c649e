"""Verbs of the organisation tree (000 4.1.2). Each is atomic, on record, and tells every process by the stamp "units"."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import organisation
from accounts.models import Unit, UnitFunction, UnitGroupPermission, User
from channelportal.core import audit, stamps
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib.names import sort_key

Function = UnitFunction.Function
REVIEW = "review_unit"
# what `change` may write; place, reviewer, functions and contact person have verbs of their own
PLAIN = frozenset(
    {
        "code", "name", "kind", "region", "handles", "phone", "address", "members_need_approval", "heads_need_approval",
    }
)  # fmt: skip


@transaction.atomic
def create(
    *,
    code: str,
    name: str,
    kind: str,
    parent: Unit | None = None,
    manager: Unit | None = None,
    functions: Iterable[str] = (),
    by: User | None,
    at: datetime | None = None,
    **plain: Any,
) -> Unit:
    """A new unit with its group and grants. `plain`: region, handles, phone, address and the two approval settings.

    Raises `Invalid` naming the field. `by` None: setup or the demo."""
    at = at or now()
    _queue()
    parent, manager = _fresh(parent), _fresh(manager)
    unit = Unit(code=code, name=name, kind=kind, pinyin=sort_key(name), parent=parent, manager=manager)
    _check_kind(unit)
    _check_parent(unit, parent)
    _check_manager(unit, manager)
    _check_unique(unit)
    _write(unit, plain)
    unit.created_at = at
    unit.save()
    unit.group = Group.objects.create(name=f"unit-{unit.pk}")
    unit.save(update_fields=["group"])
    grant([unit])
    audit.record("unit.created", unit, by=by, at=at, data=_facts(unit))
    functions = list(functions)
    if functions:
        set_functions(unit, functions, by=by, at=at)
    return unit


@transaction.atomic
def change(unit: Unit, *, by: User | None, at: datetime | None = None, **values: Any) -> Unit:
    """Write some of `PLAIN`. Nothing different: nothing happens. A kind changes only within the channels."""
    at = at or now()
    _queue()
    unit = _locked(unit)
    old = {name: getattr(unit, name) for name in values}
    _write(unit, values)
    changed = {name: [old[name], getattr(unit, name)] for name in values if old[name] != getattr(unit, name)}
    if not changed:
        return unit
    if "kind" in changed and Unit.Kind.HQ in changed["kind"]:
        raise Invalid(
            "kind", _("A headquarters department does not become a channel, nor the other way round: add a new unit.")
        )
    _check_kind(unit)
    _check_unique(unit)
    unit.save(update_fields=[*changed, "pinyin"])
    audit.record("unit.changed", unit, by=by, at=at, data={"changes": changed})
    return unit


@transaction.atomic
def move(unit: Unit, parent: Unit | None, *, by: User | None, at: datetime | None = None) -> Unit:
    """Put the unit under another one (None: the top)."""
    at = at or now()
    _queue()
    unit = _locked(unit)
    if unit.parent_id == (parent.pk if parent else None):
        return unit
    parent = _fresh(parent)
    _check_parent(unit, parent)
    old, unit.parent = unit.parent, parent
    unit.save(update_fields=["parent"])
    audit.record("unit.moved", unit, by=by, at=at, data={"changes": {"parent": [_name(old), _name(parent)]}})
    return unit


@transaction.atomic
def set_manager(unit: Unit, manager: Unit | None, *, by: User | None, at: datetime | None = None) -> Unit:
    """Name the market department that looks after a channel: it reviews its people from now on, the former one no more."""
    at = at or now()
    _queue()
    unit = _locked(unit)
    if unit.manager_id == (manager.pk if manager else None):
        return unit
    manager = _fresh(manager)
    _check_manager(unit, manager)
    old, unit.manager = unit.manager, manager
    unit.save(update_fields=["manager"])
    grant([unit])
    audit.record("unit.manager_set", unit, by=by, at=at, data={"changes": {"manager": [_name(old), _name(manager)]}})
    return unit


@transaction.atomic
def set_functions(unit: Unit, functions: Iterable[str], *, by: User | None, at: datetime | None = None) -> Unit:
    """Give the unit exactly these parts of `UnitFunction.Function`; what only one unit can hold is taken from whoever had it."""
    at = at or now()
    _queue()
    unit = _locked(unit)
    wanted = frozenset(functions)
    had = frozenset(unit.functions.values_list("function", flat=True))
    if wanted == had:
        return unit
    _check_functions(unit, wanted, had)
    _take_from_others(unit, wanted - had, by, at)
    unit.functions.exclude(function__in=wanted).delete()
    UnitFunction.objects.bulk_create(UnitFunction(unit=unit, function=name) for name in sorted(wanted - had))
    audit.record(
        "unit.functions_set", unit, by=by, at=at, data={"changes": {"functions": [sorted(had), sorted(wanted)]}}
    )
    if Function.REGISTRAR_HQ in wanted ^ had:
        grant(Unit.objects.headquarters())
    return unit


@transaction.atomic
def set_contact(unit: Unit, person: User | None, *, by: User | None, at: datetime | None = None) -> Unit:
    """Name the person at headquarters who looks after a channel (004 二(三)1)."""
    at = at or now()
    _queue()
    unit = _locked(unit)
    if unit.contact_id == (person.pk if person else None):
        return unit
    if person and not unit.is_channel:
        raise Invalid("contact", _("Only channels have a contact person at headquarters."))
    if person and (not person.is_active or person.unit is None or person.unit.is_channel):
        raise Invalid("contact", _("The contact person must be an active person of a headquarters department."))
    old, unit.contact = unit.contact, person
    unit.save(update_fields=["contact"])
    audit.record("unit.contact_set", unit, by=by, at=at, data={"changes": {"contact": [_name(old), _name(person)]}})
    return unit


@transaction.atomic
def close(unit: Unit, *, by: User | None, at: datetime | None = None) -> Unit:
    """End the unit. `WrongState` says what hinders: people, units below, channels it manages, duties it owes."""
    at = at or now()
    _queue()
    unit = _locked(unit)
    if not unit.active:
        raise WrongState(_("This unit is closed already."))
    reasons = hindrances(unit)
    if reasons:
        raise WrongState(
            _("%(unit)s cannot be closed: %(reasons)s") % {"unit": unit.name, "reasons": " ".join(reasons)}
        )
    unit.active = False
    unit.save(update_fields=["active"])
    grant([unit])
    audit.record("unit.closed", unit, by=by, at=at)
    return unit


@transaction.atomic
def reopen(unit: Unit, *, by: User | None, at: datetime | None = None) -> Unit:
    """Take a closed unit into use again, with its place and its reviewers."""
    at = at or now()
    _queue()
    unit = _locked(unit)
    if unit.active:
        raise WrongState(_("This unit is in use."))
    _check_parent(unit, unit.parent)
    _check_manager(unit, unit.manager)
    unit.active = True
    unit.save(update_fields=["active"])
    grant([unit])
    audit.record("unit.reopened", unit, by=by, at=at)
    return unit


def hindrances(unit: Unit) -> list[str]:
    """Why the unit cannot be closed now, as sentences; empty: it can."""
    counts = {
        _("%(number)s people still belong to it."): unit.people.filter(is_active=True).count(),
        _("%(number)s units stand below it."): unit.children.filter(active=True).count(),
        _("It manages %(number)s channels."): unit.managed.filter(active=True).count(),
        _("It still owes %(number)s answers or promises."): organisation.duties([unit.pk]).get(unit.pk, 0),
        _("It holds %(number)s functions for the whole company."): unit.functions.count(),
    }
    return [sentence % {"number": number} for sentence, number in counts.items() if number]


def grant(units: Iterable[Unit]) -> None:
    """Give the right to review each unit's people to the group of exactly the unit that must, and take it from all others."""
    units = list(units)
    right = Permission.objects.get(content_type__app_label="accounts", content_type__model="unit", codename=REVIEW)
    registrar = organisation.unit_with(Function.REGISTRAR_HQ)
    holders = {unit.pk: (unit.manager if unit.is_channel else registrar) for unit in units if unit.active}
    rows = UnitGroupPermission.objects.filter(permission=right, content_object__in=units)
    wanted = {(pk, holder.group_id) for pk, holder in holders.items() if holder and holder.group_id}
    kept = set()
    for row in rows:
        place = (row.content_object_id, row.group_id)
        if place in wanted:
            kept.add(place)
        else:
            row.delete()
    UnitGroupPermission.objects.bulk_create(
        UnitGroupPermission(permission=right, group_id=group, content_object_id=pk)
        for pk, group in sorted(wanted - kept)
    )


# ── what must hold ──────────────────────────────────────────────────────────────────────────────


def _queue() -> None:
    """One change of the organisation at a time: the stamp's row is locked to the commit, so two moves cannot make a circle."""
    stamps.bump("units")


def _locked(unit: Unit) -> Unit:
    return Unit.objects.select_for_update(of=("self",)).select_related("parent", "manager").get(pk=unit.pk)


def _fresh(unit: Unit | None) -> Unit | None:
    """The unit as it is now that this change has its turn: what was handed in may have been moved or closed meanwhile."""
    return Unit.objects.select_related("parent").get(pk=unit.pk) if unit else None


def _write(unit: Unit, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name not in PLAIN:
            raise TypeError(f"{name} is not a plain value of a unit")
        setattr(unit, name, value)
    unit.pinyin = sort_key(unit.name)


def _check_kind(unit: Unit) -> None:
    if unit.kind not in Unit.Kind.values:
        raise Invalid("kind", _("There is no such kind of unit."))
    if not unit.code.strip() or not unit.name.strip():
        raise Invalid("name" if unit.code.strip() else "code", _("This must not be empty."))


def _check_unique(unit: Unit) -> None:
    others = Unit.objects.exclude(pk=unit.pk)
    if others.filter(code__iexact=unit.code).exists():
        raise Invalid("code", _("Another unit has the code %(code)s.") % {"code": unit.code})
    if others.filter(name__iexact=unit.name).exists():
        raise Invalid("name", _("Another unit is called %(name)s.") % {"name": unit.name})


def _check_parent(unit: Unit, parent: Unit | None) -> None:
    if parent is None:
        return
    if not parent.active:
        raise Invalid("parent", _("%(unit)s is closed.") % {"unit": parent.name})
    if unit.pk and organisation.is_below(parent, unit):
        raise Invalid("parent", _("%(unit)s stands below this unit: that would be a circle.") % {"unit": parent.name})
    if not unit.is_channel and parent.is_channel:
        raise Invalid("parent", _("A headquarters department cannot stand below a channel."))


def _check_manager(unit: Unit, manager: Unit | None) -> None:
    if not unit.is_channel:
        if manager:
            raise Invalid("manager", _("A headquarters department has no managing department."))
        return
    if manager is None:
        raise Invalid("manager", _("A channel needs a managing department: it reviews the channel's people."))
    if not manager.active:
        raise Invalid("manager", _("%(unit)s is closed.") % {"unit": manager.name})
    if not manager.functions.filter(function=Function.REGISTRAR_CHANNELS).exists():
        raise Invalid("manager", _("%(unit)s does not review people of channels.") % {"unit": manager.name})


def _check_functions(unit: Unit, wanted: frozenset[str], had: frozenset[str]) -> None:
    if unknown := wanted - set(Function.values):
        raise Invalid("functions", _("There is no function %(name)s.") % {"name": min(unknown)})
    if wanted and unit.is_channel:
        raise Invalid("functions", _("A channel plays no part for the whole company."))
    if wanted - had and not unit.active:
        raise Invalid("functions", _("%(unit)s is closed.") % {"unit": unit.name})
    lost = had - wanted
    if Function.REGISTRAR_CHANNELS in lost and unit.managed.filter(active=True).exists():
        raise WrongState(
            _("%(unit)s manages channels: give them another managing department first.") % {"unit": unit.name}
        )
    if only := lost & {Function.SUPERVISING, Function.REGISTRAR_HQ, Function.MANAGEMENT}:
        raise WrongState(
            _("The part “%(function)s” must be somebody's: give it to another unit, and it leaves this one.")
            % {"function": Function(min(only)).label}
        )


def _take_from_others(unit: Unit, gained: frozenset[str], by: User | None, at: datetime) -> None:
    single = gained & {Function.SUPERVISING, Function.REGISTRAR_HQ, Function.MANAGEMENT}
    for row in UnitFunction.objects.filter(function__in=single).exclude(unit=unit).select_related("unit"):
        audit.record("unit.function_left", row.unit, by=by, at=at, data={"function": row.function, "to": unit.name})
        row.delete()


def _name(thing: Unit | User | None) -> str:
    return thing.name if thing else ""


def _facts(unit: Unit) -> dict[str, Any]:
    return {
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "parent": _name(unit.parent),
        "manager": _name(unit.manager),
    }
