"""What a reviewer should know of an application before he decides: the same person twice, a unit of a similar name, a
taken address. Said to him and to nobody else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Registration, Unit, User
from channelportal.lib.names import sort_key

ALIKE = 0.8
# what every unit's name has and so says nothing
COMMON_PARTS = re.compile(
    "股份|有限|责任|公司|分公司|集团|代理商|经销商|代理|经销|科技|商贸|贸易|实业|（.*?）|\\(.*?\\)|\\s"
)


@dataclass(frozen=True)
class Hint:
    """One thing to look at. `blocks`: the application cannot be approved as it stands."""

    words: str
    url: str = ""
    blocks: bool = False


def warnings_about(registration: Registration) -> list[Hint]:
    """Everything suspicious about an application, the gravest first."""
    return [*_taken(registration), *_same_person(registration), *_similar_units(registration)]


def _taken(one: Registration) -> list[Hint]:
    owner = User.objects.filter(email__iexact=one.email).exclude(registration=one).select_related("unit").first()
    if owner is None:
        return []
    names: dict[str, Any] = {"name": owner.name, "unit": owner.unit or owner.get_admin_role_display()}
    words = (
        _("The e-mail address belongs to the account of %(name)s (%(unit)s). One address serves one account.") % names
    )
    return [Hint(words, f"/people/{owner.pk}/", blocks=True)]


def _same_person(one: Registration) -> list[Hint]:
    same = Q(phone=one.phone) | Q(name=one.name)
    people = (
        User.objects.filter(same).exclude(email__iexact=one.email).exclude(registration=one).select_related("unit")[:5]
    )
    found = [
        Hint(
            _("%(name)s of %(unit)s has an account and the same %(what)s.")
            % {
                "name": user.name,
                "unit": user.unit or user.get_admin_role_display(),
                "what": _same_what(one, user.name, user.phone, user.email),
            },
            f"/people/{user.pk}/",
        )
        for user in people
    ]
    running = (Registration.State.UNCONFIRMED, Registration.State.SUBMITTED)
    others = (
        Registration.objects.filter(same | Q(email__iexact=one.email), state__in=running)
        .exclude(pk=one.pk)
        .select_related("unit")[:5]
    )
    return found + [
        Hint(
            _("Application %(number)s by %(name)s for %(unit)s is open too, with the same %(what)s.")
            % {
                "number": other.number,
                "name": other.name,
                "unit": other.unit_name,
                "what": _same_what(one, other.name, other.phone, other.email),
            },
            f"/registrations/{other.pk}/",
        )
        for other in others
    ]


def _same_what(one: Registration, name: str, phone: str, email: str) -> str:
    same = [
        word
        for word, equal in (
            (_("name"), one.name == name),
            (_("phone number"), one.phone == phone),
            (_("e-mail address"), one.email.lower() == email.lower()),
        )
        if equal
    ]
    return _(", ").join(same)


def _similar_units(one: Registration) -> list[Hint]:
    if one.unit_id:
        return []
    found = []
    for unit in similar_units(one.new_unit_name):
        names = {"unit": unit.name, "manager": unit.manager or "–"}
        words = (
            _("A unit named %(unit)s exists already (managed by %(manager)s).")
            if _core(unit.name) == _core(one.new_unit_name)
            else _("There is a unit of a similar name: %(unit)s (managed by %(manager)s).")
        )
        found.append(Hint(words % names, f"/units/{unit.pk}/", blocks=unit.name.lower() == one.new_unit_name.lower()))
    return found


def similar_units(name: str) -> list[Unit]:
    """Up to five units whose name reads or sounds like this one, the likest first."""
    scored = [(likeness(name, unit.name), unit) for unit in Unit.objects.select_related("manager")]
    near = sorted((pair for pair in scored if pair[0] >= ALIKE), key=lambda pair: -pair[0])
    return [unit for _score, unit in near[:5]]


def likeness(one: str, other: str) -> float:
    """0 to 1: by characters and by sound (济南鲁东 and 济南鲁冬), without what every unit's name has."""
    a, b = _core(one), _core(other)
    if not a or not b:
        return float(one == other)
    if a == b:
        return 1.0
    spoken = SequenceMatcher(None, sort_key(a).split()[0], sort_key(b).split()[0], autojunk=False).ratio()
    written = SequenceMatcher(None, a, b, autojunk=False).ratio()
    return max(
        written,
        spoken if len(a) > 1 and len(b) > 1 else 0.0,
        0.9 if len(min(a, b, key=len)) > 1 and (a in b or b in a) else 0.0,
    )


def _core(name: str) -> str:
    return COMMON_PARTS.sub("", name.lower())
