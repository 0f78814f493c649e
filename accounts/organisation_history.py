"""What happened to a unit or a person, from the audit trail, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Unit, UnitFunction, User
from channelportal.core.models import AuditEntry

ACTIONS: Final = {
    "unit.created": gettext_lazy("Unit added"),
    "unit.changed": gettext_lazy("Details changed"),
    "unit.moved": gettext_lazy("Moved in the tree"),
    "unit.manager_set": gettext_lazy("Managing department named"),
    "unit.functions_set": gettext_lazy("Functions set"),
    "unit.function_left": gettext_lazy("Function went to another unit"),
    "unit.contact_set": gettext_lazy("Contact person named"),
    "unit.closed": gettext_lazy("Unit closed"),
    "unit.reopened": gettext_lazy("Unit taken into use again"),
    "user.added": gettext_lazy("Person added"),
    "user.changed": gettext_lazy("Details changed"),
    "user.role_changed": gettext_lazy("Role changed"),
    "user.transferred": gettext_lazy("Transferred"),
    "user.deactivated": gettext_lazy("Account deactivated"),
    "user.reactivated": gettext_lazy("Account in use again"),
    "user.revoked": gettext_lazy("Sessions and issued passwords ended"),
    "absence.set": gettext_lazy("Absence entered"),
    "absence.ended": gettext_lazy("Absence ended"),
}
LABELS: Final = {
    "code": pgettext_lazy("unit", "code"),
    "name": pgettext_lazy("unit", "name"),
    "kind": gettext_lazy("kind"),
    "region": gettext_lazy("region"),
    "handles": gettext_lazy("what this unit handles"),
    "phone": gettext_lazy("phone"),
    "address": gettext_lazy("address"),
    "parent": gettext_lazy("superior unit"),
    "manager": gettext_lazy("managing department"),
    "contact": gettext_lazy("contact person at HQ"),
    "functions": gettext_lazy("functions"),
    "email": gettext_lazy("e-mail"),
    "position": gettext_lazy("position"),
    "role": gettext_lazy("role"),
    "unit": gettext_lazy("unit"),
    "officer_full_time": gettext_lazy("full-time information officer"),
    "members_need_approval": gettext_lazy("what officers and employees send is approved by the head"),
    "heads_need_approval": gettext_lazy("what a head sends is approved by another head or deputy"),
}


@dataclass(frozen=True)
class Line:
    """One entry: when, who, what; and what changed, as (label, old, new)."""

    at: datetime
    who: str
    what: str
    changes: list[tuple[str, str, str]]
    note: str


def history(thing: Unit | User, most: int = 30, *, only: Iterable[str] = ACTIONS) -> list[Line]:
    """The newest entries about a unit or a person, all of them or `only` these actions. One query."""
    rows = AuditEntry.objects.filter(
        object_type=thing._meta.label_lower,
        object_id=str(thing.pk),
        action__in=list(only),
        result=AuditEntry.Result.OK,
    )
    return [_line(row) for row in rows.order_by("-at", "-pk")[:most]]


def _line(row: AuditEntry) -> Line:
    changes = [
        (str(LABELS.get(name, name)), word(name, old), word(name, new)) for name, (old, new) in _changes(row.data)
    ]
    note = str(row.data.get("reason", ""))
    if "first_day" in row.data:
        note = _("%(first)s to %(last)s") % {"first": row.data["first_day"], "last": row.data["last_day"]}
    return Line(row.at, row.actor_name or _("the portal"), str(ACTIONS[row.action]), changes, note)


def _changes(data: dict[str, Any]) -> list[tuple[str, tuple[Any, Any]]]:
    changes = data.get("changes", {})
    return [(name, tuple(pair)) for name, pair in changes.items() if isinstance(pair, list) and len(pair) == 2]


def word(name: str, value: Any) -> str:
    """A value of the trail or of an import in the reader's words."""
    if value in ("", None, []):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    choices: dict[str, Any] = {
        "kind": dict(Unit.Kind.choices),
        "role": dict(User.Role.choices),
        "functions": dict(UnitFunction.Function.choices),
    }.get(name, {})
    if isinstance(value, list):
        return "、".join(str(choices.get(one, one)) for one in value)
    return str(choices.get(value, value))
