"""The one place that says for which units a person may do a thing: `scope(user)` (who he is) and `may(user, verb, unit)`.

Three layers: the role says what (`roles.py`), the grant says for which units (guardian, on `Unit` only), the workflow says
whether it is possible now. A scope costs two queries and is kept on the user object, so once a request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest
from django.utils.timezone import localdate
from guardian.shortcuts import get_objects_for_user

from accounts import roles
from accounts.models import Absence, Unit, UnitFunction, User


@dataclass
class Scope:
    """Who this person is, as far as rights go."""

    user: User
    unit_id: int | None
    role: str
    functions: frozenset[str]
    acts_as_head: bool
    _cache: dict[str, Any] = field(default_factory=dict)

    @property
    def supervises(self) -> bool:
        return "supervising" in self.functions

    @property
    def heads_supervisors(self) -> bool:
        """Head of 企发部 (or acting): the only one there who sees complaints kept to named people."""
        return self.supervises and self.acts_as_head

    @property
    def manages_company(self) -> bool:
        return "management" in self.functions

    @cached_property
    def granted_ids(self) -> frozenset[int]:
        """Units whose people this person's unit reviews."""
        if not self.functions & roles.GRANTED_ONLY:
            return frozenset()
        units = get_objects_for_user(
            self.user, "accounts.review_unit", Unit, accept_global_perms=False, with_superuser=False
        )
        return frozenset(units.values_list("pk", flat=True))

    @cached_property
    def own_verbs(self) -> roles.Verbs:
        if self.user.admin_role:
            return roles.BY_ADMIN_ROLE[self.user.admin_role]
        if self.unit_id is None:
            return frozenset()
        return roles.HEAD if self.acts_as_head else roles.BY_ROLE[self.role]

    def may(self, verb: str, unit_id: int | None = None) -> bool:
        """May he do `verb` for the unit (None: for any unit at all, which is what navigation asks)?"""
        if verb in self.own_verbs and (unit_id is None or unit_id == self.unit_id or self.unit_id is None):
            return True
        for function in self.functions:
            if verb not in roles.BY_FUNCTION.get(function, frozenset()):
                continue
            if function not in roles.GRANTED_ONLY or unit_id is None or unit_id in self.granted_ids:
                return True
        return False


def scope(user: User) -> Scope:
    """The person's scope, worked out once per user object."""
    known: Scope | None = getattr(user, "_scope", None)
    if known is None:
        known = _scope(user)
        user._scope = known  # type: ignore[attr-defined]  # noqa: SLF001 (kept with its owner, so once a request)
    return known


def _scope(user: User) -> Scope:
    functions: frozenset[str] = frozenset()
    if user.is_active and user.unit_id:
        held = UnitFunction.objects.filter(unit_id=user.unit_id).values_list("function", flat=True)
        functions = frozenset(f for f in held if user.role in roles.FUNCTION_ROLES.get(f, frozenset()))
    return Scope(user=user, unit_id=user.unit_id, role=user.role, functions=functions, acts_as_head=acts_as_head(user))


def acts_as_head(user: User, today: date | None = None) -> bool:
    """The head; or a deputy while every head of the unit is away or there is none (000 5.10)."""
    if user.role == User.Role.HEAD:
        return True
    if user.role != User.Role.DEPUTY or not user.unit_id:
        return False
    day = today or localdate()
    away = Absence.objects.filter(first_day__lte=day, last_day__gte=day, ended_at=None).filter(
        Q(deputy=None) | Q(deputy=user)
    )
    heads = User.objects.filter(unit_id=user.unit_id, role=User.Role.HEAD, is_active=True, frozen_at=None)
    return not heads.exclude(pk__in=away.values("user")).exists()


def may(user: Any, verb: str, unit: Unit | int | None = None) -> bool:
    """May this person do `verb`, for this unit? Strangers and the inactive may nothing."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return False
    unit_id = unit.pk if isinstance(unit, Unit) else unit
    return scope(user).may(verb, unit_id)


def signed_in(request: HttpRequest) -> User:
    """Who asks. The gate lets nobody through to a page who is not signed in."""
    return cast(User, request.user)


class Refused(PermissionDenied):
    """403 with its reason, a translated sentence that the page shows."""

    def __init__(self, reason: Any) -> None:
        super().__init__(str(reason))
        self.reason = reason


def require(user: Any, verb: str, unit: Unit | int | None, reason: Any) -> None:
    """Raise `Refused(reason)` unless `may(user, verb, unit)`."""
    if not may(user, verb, unit):
        raise Refused(reason)
