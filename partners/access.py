"""Who sees which channel, and how much of it: asked here only, of `accounts.access` and the organisation."""

from __future__ import annotations

from django.db.models import Q

from accounts.access import may, scope
from accounts.models import Unit, UnitFunction, UnitQuerySet, User


def known_channels(user: User) -> UnitQuerySet:
    """The channels he may know of: all for headquarters, its own for a channel, none for administrators."""
    if user.unit is None:
        return Unit.objects.none()
    channels = Unit.objects.channels()
    return channels.filter(pk=user.unit.pk) if user.unit.is_channel else channels


def open_channels(user: User) -> UnitQuerySet:
    """Those whose whole profile opens: its own for a channel; those it manages for a market department (for 营销中心 those of
    the departments below it); all for 企发部 and management. Of the rest headquarters sees name and contact."""
    known = known_channels(user)
    who = scope(user)
    if user.unit is None or user.unit.is_channel or who.supervises or who.manages_company:
        return known
    reached = Q(pk__in=who.granted_ids) | Q(manager=user.unit)
    if user.unit.functions.filter(function=UnitFunction.Function.CHANNEL_MANAGEMENT).exists():
        reached |= Q(manager__parent=user.unit)
    return known.filter(reached)


def sets_contact(user: User, channel: Unit) -> bool:
    """Names the channel's contact person: 企发部 and the market department that manages it (004 二(三)1)."""
    return may(user, "organisation.edit") or channel.pk in scope(user).granted_ids
