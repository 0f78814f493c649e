"""The people behind an audience, as the organisation stands now (001 四(三)1; 000 5.4). Frozen as receipts at publication."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from accounts.models import Unit, User
from channelportal.core.among import Among
from notices import chain
from notices.audience import Audience
from notices.models import Level, Notice, NoticeKind, Step, Subscription


def units(audience: Audience, kind: NoticeKind | None = None) -> QuerySet[Unit]:
    """The active units that are meant as units (not those of people named one by one): chosen, named, or subscribed to `kind`."""
    chosen = Q(pk__in=audience.units) | _channels(audience)
    if audience.hq:
        chosen |= Q(kind=Unit.Kind.HQ)
    if kind is not None:
        chosen |= Q(Among("pk", _subscribed(kind)))
    return Unit.objects.active().filter(chosen).exclude(pk__in=audience.without)


def people(audience: Audience, kind: NoticeKind | None = None) -> QuerySet[User]:
    """Everybody a notice would reach now: active people of those units with a chosen role, and the people named. Who has not set a
    password of his own yet is reached too; who is frozen finds it when he is let in again."""
    of_units = Q(Among("unit", units(audience, kind).order_by().values("pk")))
    if audience.roles:
        of_units &= Q(role__in=audience.roles)
    named = Q(pk__in=audience.people, unit__active=True)
    return User.objects.active().filter(of_units | named).filter(unit__isnull=False)


def subscribed_kind(kind: NoticeKind | None, level: str) -> NoticeKind | None:
    """The kind whose subscribers are reached too: none for a confidential notice, whose readers are named by its author alone."""
    return None if level == Level.CONFIDENTIAL else kind


def of(notice: Notice) -> QuerySet[User]:
    """Everybody that this notice would reach now. What was to stay in its unit when it was approved, and so was checked by nobody
    else, stays there: since then a subscription may have been granted, a person named may have moved (001 四(一)1)."""
    found = people(Audience.read(notice.audience), subscribed_kind(notice.kind, notice.level))
    return found if _checked(notice) else found.filter(unit=notice.unit_id)


def _checked(notice: Notice) -> bool:
    """Whether a step with the check list let it out of its unit."""
    steps = Step.objects.filter(version__notice=notice, state=Step.State.APPROVED)
    return any(chain.asks_checks(reasons) for reasons in steps.values_list("reasons", flat=True))


def counted(audience: Audience, kind: NoticeKind | None = None) -> tuple[int, int]:
    """How many people in how many units: said before sending. One query."""
    found = people(audience, kind).order_by().aggregate(people=Count("pk"), units=Count("unit", distinct=True))
    return found["people"], found["units"]


def leaves_unit(audience: Audience, kind: NoticeKind | None, unit_id: int) -> bool:
    """Whether anybody outside this unit is reached: then channel management checks (001 四(一)1)."""
    return people(audience, kind).exclude(unit=unit_id).exists()


def _channels(audience: Audience) -> Q:
    if audience.channels == "none":
        return Q(pk__in=[])
    found = ~Q(kind=Unit.Kind.HQ)
    if audience.channels == "all":
        return found
    for name, values in (
        ("kind__in", audience.kinds),
        ("region__in", audience.regions),
        ("grade__in", audience.grades),
        ("manager__in", audience.managers),
    ):
        if values:
            found &= Q(**{name: values})
    return found


def _subscribed(kind: NoticeKind) -> QuerySet[Subscription, int]:
    return Subscription.objects.filter(kind=kind, state=Subscription.State.GRANTED).values_list("unit", flat=True)
