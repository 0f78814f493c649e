"""Verbs on the people of a unit (000 5.9.3(3)): add, change of role, transfer, leaving; absences.

Whatever a person held ends in the same transaction as his right to it (`revoke_everything`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from accounts import organisation
from accounts.access import Refused
from accounts.models import Absence, Unit, UnitUserPermission, User
from accounts.workflow import passwords, units
from channelportal.core import audit, stamps
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry
from channelportal.lib.names import sort_key

PLAIN = frozenset({"name", "email", "phone", "position", "officer_full_time"})


@transaction.atomic
def add(
    *, name: str, email: str, unit: Unit, role: str = User.Role.MEMBER, username: str = "", by: User | None,
    at: datetime | None = None, **plain: Any,
) -> User:  # fmt: skip
    """A person of `unit`, without a password until one is issued. `plain`: phone, position, officer_full_time.

    `username` "": made from the name's pinyin. Raises `Invalid` naming the field."""
    at = at or now()
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    if not unit.active:
        raise Invalid("unit", _("%(unit)s is closed.") % {"unit": unit.name})
    _check_role(role)
    user = User(
        username=username or free_username(name), unit=unit, role=role, created_at=at, password=make_password(None)
    )
    _write(user, {"name": name, "email": email, **plain})
    _save_new(user)
    _join(user, unit)
    audit.record("user.added", user, by=by, at=at, data={"unit": unit.name, "role": role})
    return user


@transaction.atomic
def add_many(new: Sequence[dict[str, Any]], *, by: User | None, at: datetime) -> None:
    """`add` for an import whose comparison has checked everything: each with unit, role, username, name, email and plain
    values. A handful of statements for any number; an address that somebody took meanwhile raises `Invalid`."""
    users = []
    for values in new:
        plain = dict(values)
        user = User(
            created_at=at, password=make_password(None), **{key: plain.pop(key) for key in ("unit", "role", "username")}
        )
        _write(user, plain)
        users.append(user)
    try:
        with transaction.atomic():
            users = User.objects.bulk_create(users, batch_size=500)
    except IntegrityError as error:
        raise Invalid("email", _("Another account uses this e-mail address.")) from error
    membership = User.groups.through
    membership.objects.bulk_create(
        [membership(user_id=one.pk, group_id=one.unit.group_id) for one in users if one.unit and one.unit.group_id],
        batch_size=1000,
    )
    entries = [_added(one, by, at) for one in users]
    AuditEntry.objects.bulk_create(entries, batch_size=500)


def _added(user: User, by: User | None, at: datetime) -> AuditEntry:
    data = {"unit": user.unit.name if user.unit else "", "role": user.role}
    return audit.prepare("user.added", user, at=at, data=data, by=by)


@transaction.atomic
def add_administrator(*, name: str, email: str, admin_role: str, by: User | None, at: datetime | None = None) -> User:
    """One of the three administrators (系统, 安全, 审计): belongs to no unit and has no business right. Each has one person,
    and no person is two of them: the address may be used once."""
    at = at or now()
    if admin_role not in User.AdminRole.values:
        raise Invalid("admin_role", _("There is no such administrator."))
    if User.objects.filter(admin_role=admin_role, is_active=True).exists():
        raise Invalid("admin_role", _("There is one already: deactivate that account first."))
    user = User(username=free_username(name), admin_role=admin_role, created_at=at, password=make_password(None))
    _write(user, {"name": name, "email": email})
    _save_new(user)
    audit.record("user.added", user, by=by, at=at, data={"admin_role": admin_role})
    return user


@transaction.atomic
def change(user: User, *, by: User | None, at: datetime | None = None, **values: Any) -> User:
    """Write some of `PLAIN`. Nothing different: nothing happens."""
    at = at or now()
    user = _locked(user)
    old = {name: getattr(user, name) for name in values}
    _write(user, values)
    changed = {name: [old[name], getattr(user, name)] for name in values if old[name] != getattr(user, name)}
    if not changed:
        return user
    _check_unique(user)
    user.save(update_fields=[*changed, "pinyin"])
    audit.record("user.changed", user, by=by, at=at, data={"changes": changed})
    return user


@transaction.atomic
def change_role(user: User, role: str, *, by: User | None, knowing: bool = False, at: datetime | None = None) -> User:
    """Give the person another role in his unit; what he held ends, and he signs in anew.

    `knowing`: the consequence for a unit that loses its last head was read (`organisation.losing_head`)."""
    at = at or now()
    user = _locked(user)
    _check_other(user, by)
    _check_here(user)
    _check_role(role)
    if user.role == role:
        return user
    _check_head(user, leaves=role != User.Role.HEAD, knowing=knowing)
    old, user.role = user.role, role
    user.save(update_fields=["role"])
    revoke_everything(user, by=by, at=at, leaves_unit=False)
    audit.record("user.role_changed", user, by=by, at=at, data={"changes": {"role": [old, role]}})
    stamps.bump("units")
    return user


@transaction.atomic
def transfer(
    user: User, unit: Unit, role: str, *, by: User | None, knowing: bool = False, at: datetime | None = None
) -> User:
    """Move the person to another unit (人员变动); everything that came with the old one ends."""
    at = at or now()
    user = _locked(user)
    _check_other(user, by)
    _check_here(user)
    _check_role(role)
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    if not unit.active:
        raise Invalid("unit", _("%(unit)s is closed.") % {"unit": unit.name})
    if user.unit_id == unit.pk:
        raise Invalid("unit", _("%(name)s belongs to this unit already.") % {"name": user.name})
    _check_head(user, leaves=True, knowing=knowing)
    old = [user.unit.name if user.unit else "", user.role]
    user.unit, user.role = unit, role
    user.save(update_fields=["unit", "role"])
    revoke_everything(user, by=by, at=at, leaves_unit=True)
    _join(user, unit)
    data = {"changes": {"unit": [old[0], unit.name], "role": [old[1], role]}}
    audit.record("user.transferred", user, by=by, at=at, data=data)
    stamps.bump("units")
    return user


@transaction.atomic
def deactivate(
    user: User, *, by: User | None, reason: str = "", knowing: bool = False, at: datetime | None = None
) -> User:
    """The person leaves: no sign-in, no right, no message from now on."""
    at = at or now()
    user = _locked(user)
    _check_other(user, by)
    if not user.is_active:
        raise WrongState(_("This account is deactivated already."))
    _check_head(user, leaves=True, knowing=knowing)
    user.is_active = False
    user.left_at = at
    user.save(update_fields=["is_active", "left_at"])
    revoke_everything(user, by=by, at=at, leaves_unit=True)
    audit.record("user.deactivated", user, by=by, at=at, data={"reason": reason})
    stamps.bump("units")
    return user


@transaction.atomic
def reactivate(user: User, *, by: User | None, at: datetime | None = None) -> User:
    """Take the account into use again. The old password is gone: a new one must be issued. No old cookie comes back to life."""
    at = at or now()
    user = _locked(user)
    _check_other(user, by)
    if user.is_active:
        raise WrongState(_("This account is in use."))
    if user.unit and not user.unit.active:
        raise WrongState(_("%(unit)s is closed.") % {"unit": user.unit.name})
    user.is_active = True
    user.left_at = None
    user.password = make_password(None)
    user.password_changed_at = None
    user.session_epoch += 1
    user.save(update_fields=["is_active", "left_at", "password", "password_changed_at", "session_epoch"])
    if user.unit:
        _join(user, user.unit)
    audit.record("user.reactivated", user, by=by, at=at)
    stamps.bump("units")
    return user


def revoke_everything(user: User, *, by: User | None, at: datetime, leaves_unit: bool = True) -> None:
    """End what the person holds: sessions, issued passwords, grants of his own, standing in for others; and, when he leaves his
    unit, its group, what was shared with him and being somebody's contact person. Call it inside the verb's transaction."""
    user.session_epoch += 1
    user.save(update_fields=["session_epoch"])
    ended = passwords.end_sessions(user)
    voided = user.one_time_passwords.filter(used_at=None, voided_at=None).update(voided_at=at)
    UnitUserPermission.objects.filter(user=user).delete()
    Absence.objects.filter(deputy=user, ended_at=None, last_day__gte=localdate(at)).update(deputy=None)
    if leaves_unit:
        user.groups.clear()
        Absence.objects.filter(user=user, ended_at=None, last_day__gte=localdate(at)).update(ended_at=at)
        apps.get_model("feedback", "Share").objects.filter(user=user).delete()  # by name: tickets live a floor above
        for channel in user.contact_of.all():
            units.set_contact(channel, None, by=by, at=at)
    audit.record(
        "user.revoked", user, by=by, at=at, data={"sessions": ended, "issued": voided, "leaves_unit": leaves_unit}
    )


# ── absences (000 5.10) ─────────────────────────────────────────────────────────────────────────


@transaction.atomic
def set_absence(
    user: User, *, first_day: date, last_day: date, deputy: User | None = None, note: str = "", by: User,
    at: datetime | None = None,
) -> Absence:  # fmt: skip
    """The person is away from one day to another, both included; `deputy` acts for a head (None: the unit's deputies)."""
    at = at or now()
    user = _locked(user)
    _check_here(user)
    if last_day < first_day:
        raise Invalid("last_day", _("The last day comes before the first."))
    if last_day < localdate(at):
        raise Invalid("last_day", _("These days are over."))
    if last_day.year > first_day.year + 1 or not 2000 <= first_day.year <= 2100:
        raise Invalid("last_day", _("An absence ends within the next calendar year at the latest."))
    standing = user.absences.filter(ended_at=None, first_day__lte=last_day, last_day__gte=first_day).first()
    if standing:
        days = {"first": standing.first_day.isoformat(), "last": standing.last_day.isoformat()}
        raise Invalid("first_day", _("An absence from %(first)s to %(last)s is entered already.") % days)
    _check_deputy(user, deputy)
    absence = Absence.objects.create(
        user=user, first_day=first_day, last_day=last_day, deputy=deputy, note=note, created_by=by
    )
    data = {
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "deputy": deputy.name if deputy else "",
    }
    audit.record("absence.set", user, by=by, at=at, data=data)
    return absence


@transaction.atomic
def end_absence(absence: Absence, *, by: User, at: datetime | None = None) -> None:
    """Call the absence off, or end it early: the person is back."""
    at = at or now()
    ended = Absence.objects.filter(pk=absence.pk, ended_at=None, last_day__gte=localdate(at)).update(ended_at=at)
    if not ended:
        raise WrongState(_("This absence is over."))
    audit.record("absence.ended", absence.user, by=by, at=at)


def free_username(name: str) -> str:
    """An account name nobody has: the name's pinyin in full, with a number when it is taken."""
    taken = User.objects.filter(username__istartswith=_base(name)).values_list("username", flat=True)
    return Usernames(taken).free(name)


class Usernames:
    """Gives out account names that nobody has, many in a row without asking the database again."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {one.lower() for one in taken}
        self._last: dict[str, int] = {}

    def free(self, name: str) -> str:
        base = _base(name)
        number = self._last.get(base, 0) + 1
        while (found := base if number == 1 else f"{base}{number}") in self._taken:
            number += 1
        self._taken.add(found)
        self._last[base] = number
        return found


def _base(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", sort_key(name).split(" ")[0])[:50] or "user"


# ── what must hold ──────────────────────────────────────────────────────────────────────────────


def _locked(user: User) -> User:
    return User.objects.select_for_update(of=("self",)).select_related("unit").get(pk=user.pk)


def _join(user: User, unit: Unit) -> None:
    if unit.group:
        user.groups.set([unit.group])


def _write(user: User, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name not in PLAIN:
            raise TypeError(f"{name} is not a plain value of a person")
        setattr(user, name, value)
    user.pinyin = sort_key(user.name, 120)
    if not user.name.strip():
        raise Invalid("name", _("This must not be empty."))
    if not user.email.strip():
        raise Invalid("email", _("This must not be empty."))


def _save_new(user: User) -> None:
    """Checked, and checked again by the database: somebody may add the same address at this moment."""
    _check_unique(user)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        _check_unique(user)
        raise Invalid("email", _("Another account uses this e-mail address.")) from error


def _check_unique(user: User) -> None:
    others = User.objects.exclude(pk=user.pk)
    if others.filter(email__iexact=user.email).exists():
        raise Invalid("email", _("Another account uses this e-mail address."))
    if others.filter(username__iexact=user.username).exists():
        raise Invalid("username", _("Another account has this name."))


def _check_role(role: str) -> None:
    if role not in User.Role.values:
        raise Invalid("role", _("There is no such role."))


def _check_other(user: User, by: User | None) -> None:
    if by is not None and by.pk == user.pk:
        raise Refused(_("Nobody changes his own role, unit or access: ask a colleague of the reviewing department."))


def _check_here(user: User) -> None:
    if not user.is_active:
        raise WrongState(_("This account is deactivated."))
    if user.unit_id is None:
        raise WrongState(_("Administrators belong to no unit."))


def _check_head(user: User, *, leaves: bool, knowing: bool) -> None:
    consequence = organisation.losing_head(user) if leaves else ""
    if consequence and not knowing:
        raise Invalid("knowing", consequence)


def _check_deputy(user: User, deputy: User | None) -> None:
    if deputy is None:
        return
    if deputy.pk == user.pk:
        raise Invalid("deputy", _("Nobody stands in for himself."))
    if deputy.unit_id != user.unit_id or not deputy.is_active or deputy.role != User.Role.DEPUTY:
        raise Invalid("deputy", _("Only a deputy of the same unit can stand in for its head."))
