"""欲接收信息的申请 (000 5.4): a unit applies to receive a kind of notice; its owner grants, refuses, revokes; the unit ends it.

From the grant on `recipients.people` has the unit's people in every notice of the kind. The owner is the kind's owning unit, by its
head or who acts for him; where a kind has none, or nobody is left there to decide, it is the supervising department. Never the
applicant himself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import access
from accounts.access import scope
from accounts.models import Unit, UnitFunction, User
from channelportal.core import alerts, audit, clock, delivery, outbox
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib.text import clean_line
from channelportal.lib.workdays import local_date
from notices import deciders
from notices.models import NoticeKind, Subscription

State = Subscription.State
LIVE = (State.APPLIED, State.GRANTED)
MAIL = "subscription-news"


# ── who ─────────────────────────────────────────────────────────────────────────────────────────


def decided_by(user: User) -> Q:
    """Which subscriptions this person decides, whatever their state: the one place that says so."""
    who, mine = scope(user), Q(pk__in=[])
    own = Q(kind__owner=user.unit_id, kind__owner__active=True)
    if who.acts_as_head:
        mine |= own
    elif user.role == User.Role.DEPUTY:  # what his own head applied for
        mine |= own & Q(applied_by__unit=user.unit_id, applied_by__role=User.Role.HEAD)
    if who.supervises and who.may("subscription.decide"):
        leaders = User.objects.filter(
            unit=OuterRef("kind__owner"), is_active=True, frozen_at=None, role__in=[User.Role.HEAD, User.Role.DEPUTY]
        ).exclude(pk=OuterRef("applied_by"))
        mine |= Q(kind__owner=None) | Q(kind__owner__active=False) | ~Q(Exists(leaders))
    return mine & ~Q(applied_by=user)


def seen_by(user: User) -> QuerySet[Subscription]:
    """His unit's own, those of kinds that his unit owns (by officers, deputies, heads), and all for 企发部."""
    if not user.is_active or user.unit_id is None:
        return Subscription.objects.none()
    who = scope(user)
    if who.may("notice.supervise"):
        return Subscription.objects.all()
    seen = Q(unit=user.unit_id)
    if who.may("subscription.apply", user.unit_id):
        seen |= Q(kind__owner=user.unit_id)
    return Subscription.objects.filter(seen)


def looks_after(user: User) -> bool:
    """Whether there are applications to others that he sees: an owner's people, 企发部."""
    who = scope(user)
    if who.may("notice.supervise"):
        return True
    owns = NoticeKind.objects.filter(owner=user.unit_id).exists
    return user.unit_id is not None and who.may("subscription.apply", user.unit_id) and owns()


def keeper_of_the_rest() -> str:
    """The name of the unit that decides about kinds without an owner."""
    unit = Unit.objects.with_function(UnitFunction.Function.SUPERVISING).first()
    return unit.name if unit else ""


def require(verb: str, subscription: Subscription, by: User) -> None:
    """`Refused` unless this verb is his: asked before a form is shown again, and by the verb itself."""
    if verb == "end":
        _speaks(by, subscription.unit_id)
    else:
        _decides(by, subscription)


# ── verbs of the unit ───────────────────────────────────────────────────────────────────────────


@transaction.atomic
def apply(kind: NoticeKind, *, by: User, reason: str, at: datetime | None = None) -> Subscription:
    """For the person's own unit. `Invalid` without a reason; `WrongState` where one is live, or nobody may apply for the kind."""
    _speaks(by, by.unit_id)
    moment, said = at or clock.now(), _reason(reason, _("Say why your unit needs it."))
    if not (kind.active and kind.subscribable):
        raise WrongState(_("This kind of notice cannot be applied for."))
    try:
        with transaction.atomic():
            made = Subscription.objects.create(
                unit_id=by.unit_id or 0, kind=kind, reason=said, applied_by=by, applied_at=moment
            )
    except IntegrityError:
        raise WrongState(_("Your unit has already applied for it, or receives it.")) from None
    _record("applied", made, by, moment, reason=said)
    _tell(_deciding(made, moment), "subscription-applied", made, moment)
    return made


@transaction.atomic
def end(subscription: Subscription, *, by: User, reason: str = "", at: datetime | None = None) -> Subscription:
    """The unit takes its application back, or wants to receive it no longer."""
    _speaks(by, subscription.unit_id)
    moment, said = at or clock.now(), clean_line(reason)[:300]
    _move(subscription, LIVE, State.ENDED, ended_by=by, ended_at=moment, ending=said)
    _record("ended", subscription, by, moment, reason=said)
    return subscription


# ── verbs of the owner ──────────────────────────────────────────────────────────────────────────


@transaction.atomic
def grant(subscription: Subscription, *, by: User, text: str = "", at: datetime | None = None) -> Subscription:
    """From now on the unit is in the audience of the kind."""
    _decides(by, subscription)
    moment, said = at or clock.now(), clean_line(text)[:300]
    if not Unit.objects.select_for_update().filter(pk=subscription.unit_id, active=True).exists():
        raise WrongState(_("The unit has been closed."))
    if not NoticeKind.objects.filter(pk=subscription.kind_id, active=True, subscribable=True).exists():
        raise WrongState(_("This kind of notice cannot be applied for."))
    _move(subscription, [State.APPLIED], State.GRANTED, decided_by=by, decided_at=moment, answer=said)
    _record("granted", subscription, by, moment, reason=said)
    _tell_unit("subscription-granted", subscription, by, moment)
    return subscription


@transaction.atomic
def refuse(subscription: Subscription, *, by: User, reason: str, at: datetime | None = None) -> Subscription:
    """`Invalid` without a reason."""
    _decides(by, subscription)
    moment, said = at or clock.now(), _reason(reason, _("Say why not."))
    _move(subscription, [State.APPLIED], State.REFUSED, decided_by=by, decided_at=moment, answer=said)
    _record("refused", subscription, by, moment, reason=said)
    _tell_unit("subscription-refused", subscription, by, moment, reason=said)
    return subscription


@transaction.atomic
def revoke(subscription: Subscription, *, by: User, reason: str, at: datetime | None = None) -> Subscription:
    """What was granted ends, with a reason. Notices that the unit has already received stay with it."""
    _decides(by, subscription)
    moment, said = at or clock.now(), _reason(reason, _("Say why it ends."))
    _move(subscription, [State.GRANTED], State.REVOKED, ended_by=by, ended_at=moment, ending=said)
    _record("revoked", subscription, by, moment, reason=said)
    _tell_unit("subscription-revoked", subscription, by, moment, reason=said)
    return subscription


# ── by itself ───────────────────────────────────────────────────────────────────────────────────


def end_for_unit(unit: Unit, at: datetime) -> int:
    """Everything live of a unit that was closed. Returns how many."""
    return _ended(Subscription.objects.filter(unit=unit), at)


def end_of_closed_units(at: datetime) -> int:
    """The same for all units that are closed: the upkeep asks it. (They are out of every audience from their closing on.)"""
    return _ended(Subscription.objects.filter(unit__active=False), at)


@transaction.atomic
def _ended(rows: QuerySet[Subscription], at: datetime) -> int:
    count = 0
    for subscription in rows.filter(state__in=LIVE).select_related("unit", "kind"):
        left = Subscription.objects.filter(pk=subscription.pk, state__in=LIVE).update(state=State.ENDED, ended_at=at)
        if left:
            _record("ended", subscription, None, at, unit_closed=True)
        count += left
    return count


# ── what they share ─────────────────────────────────────────────────────────────────────────────


def _speaks(by: User, unit_id: int | None) -> None:
    if unit_id is None or unit_id != by.unit_id:
        raise access.Refused(_("Only the unit's own people apply for it."))
    reason = _("Only information officers, deputies and heads apply for their unit.")
    access.require(by, "subscription.apply", unit_id, reason)


def _decides(by: User, subscription: Subscription) -> None:
    if subscription.applied_by_id == by.pk:
        raise access.Refused(_("Nobody decides his own application."))
    if not Subscription.objects.filter(decided_by(by), pk=subscription.pk).exists():
        raise access.Refused(
            _("The head of the unit that owns this kind decides; where none does, the supervising department.")
        )


def _reason(text: str, missing: str) -> str:
    said = clean_line(text)[:300]
    if not said:
        raise Invalid("reason", missing)
    return said


def _move(subscription: Subscription, before: Iterable[str], after: str, **values: Any) -> None:
    """A conditional update: of two at once one finds it changed already."""
    rows = Subscription.objects.filter(pk=subscription.pk, state__in=list(before))
    if not rows.update(state=after, **values):
        subscription.refresh_from_db()
        state = subscription.get_state_display()
        raise WrongState(_("This is no longer possible: the application is “%(state)s”.") % {"state": state})
    subscription.refresh_from_db()


def _record(action: str, subscription: Subscription, by: User | None, at: datetime, **data: Any) -> None:
    facts = {"unit": subscription.unit_id, "kind": subscription.kind.code}
    audit.record(
        f"subscription.{action}", subscription, by=by, at=at, data=facts | {k: v for k, v in data.items() if v}
    )


# ── telling ─────────────────────────────────────────────────────────────────────────────────────


def _deciding(subscription: Subscription, at: datetime) -> list[User]:
    owner = subscription.kind.owner
    if owner is not None and owner.active:
        found = deciders.to_tell(owner.pk, {subscription.applied_by_id}, local_date(at))
        if found:
            return found
    unit = UnitFunction.objects.filter(function=UnitFunction.Function.SUPERVISING).values("unit")
    people = User.objects.filter(unit__in=unit, is_active=True).exclude(role=User.Role.MEMBER)
    return list(people.exclude(pk=subscription.applied_by_id))


def _tell_unit(event: str, subscription: Subscription, by: User, at: datetime, reason: str = "") -> None:
    """The applicant, and those who speak for the unit."""
    speaks = [User.Role.HEAD, User.Role.DEPUTY, User.Role.OFFICER]
    mine = Q(pk=subscription.applied_by_id) | Q(role__in=speaks)
    people = User.objects.filter(mine, unit=subscription.unit_id, is_active=True).exclude(pk=by.pk)
    _tell(people, event, subscription, at, reason=reason)


def _tell(people: Iterable[User], event: str, subscription: Subscription, at: datetime, reason: str = "") -> None:
    """An alert, and a mail in the delivery window."""
    told, key = list(people), f"subscription:{subscription.pk}:{event}"
    kind, url = subscription.kind, reverse("subscription", args=[subscription.pk])
    data = {"unit": subscription.unit.name, "kind_zh": kind.name_zh, "kind_en": kind.name_en}
    data |= {"reason": reason or (subscription.reason if event == "subscription-applied" else "")}
    alerts.tell(told, event, key=key, url=url, at=at, data=data)
    opens = delivery.opens(at)
    mailed = data | {"event": event, "url": url}
    outbox.put_all(
        outbox.prepare(MAIL, key=f"{key}:{user.pk}", to=user, data=mailed, subject_key=key, at=at, not_before=opens)
        for user in told
    )
