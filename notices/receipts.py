"""What readers do with a notice, and those who wait for them (001 四(三)(四)): opened, acknowledged, reminded; who has not.

    open_(notice, user, at)           the first opening counts; without a change nothing is written
    acknowledge(notice, by=)          for himself; by an officer, deputy or head for the whole unit where the notice says so
    remind(notice, by=, units=None)   who has not, once a working day each
    by_unit(notice)                   who has, who has not

The counters of the notice are kept in the same transaction. `acknowledged` counts receipts of which nothing more is asked.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, Count, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from accounts.access import Refused, scope
from accounts.models import Unit, User
from channelportal.core import audit, calendar, clock
from channelportal.core.errors import WrongState
from channelportal.core.models import Alert
from notices import afterwards, asking, clockwork, rights
from notices.models import Notice, Receipt, UnitAnswer

State = Notice.State
STANDS: Final = (State.PUBLISHING, State.PUBLISHED)


def of(notice: Notice, user: User) -> Receipt | None:
    """His receipt, delivered to him in the unit to which he belongs."""
    rows = Receipt.objects.filter(notice=notice, user=user, unit=user.unit_id, delivered_at__isnull=False)
    return rows.first()


def open_(notice: Notice, user: User, at: datetime | None = None) -> Receipt | None:
    """He looks at the notice. The first time is kept; a corrected version that he had not seen is noted. None: he is no recipient.
    One query where nothing changes."""
    mine = of(notice, user)
    number = notice.version.number if notice.version else 0
    if mine is None or (mine.opened_at and mine.opened_version >= number):
        return mine
    moment = at or clock.now()
    with transaction.atomic():
        _lock(notice)
        first = Receipt.objects.filter(pk=mine.pk, opened_at=None).update(
            opened_at=Greatest("delivered_at", Value(moment)), opened_version=number
        )
        if first:
            Notice.objects.filter(pk=notice.pk).update(opened=F("opened") + 1)
        else:
            Receipt.objects.filter(pk=mine.pk, opened_version__lt=number).update(opened_version=number)
        url = notice.get_absolute_url()
        Alert.objects.filter(user=user, read_at=None, url=url).update(read_at=moment)
    mine.refresh_from_db()
    return mine


def _lock(notice: Notice) -> Notice:
    """Whoever writes receipts locks their notice first, as the publication does: so nobody waits for each other in a circle. It is
    read after that: who waited would be given the new row without the version and the job that are new to it."""
    Notice.objects.select_for_update(no_key=True).only("pk").get(pk=notice.pk)
    return Notice.objects.select_related("version", "unit", "author", "job").get(pk=notice.pk)


# ── acknowledging ───────────────────────────────────────────────────────────────────────────────


def answers_for_unit(notice: Notice, user: User) -> bool:
    """His acknowledgement is that of his unit: its head, deputy or information officer, where the notice says so."""
    return notice.unit_answers and scope(user).may("notice.acknowledge_for_unit", user.unit_id)


@transaction.atomic
def acknowledge(notice: Notice, *, by: User, read: int | None = None, at: datetime | None = None) -> bool:
    """He confirms that he received and understood it. False: it was so already (asked twice, it counts once). `read`: the number of
    the version before his eyes; None: the present one. `WrongState` where that is another by now, nothing is asked for or it was
    withdrawn; `Refused` for who is no recipient. Who acknowledges has opened it."""
    moment = at or clock.now()
    held = _lock(notice)
    if held.state not in STANDS:
        raise WrongState(_("This notice has been withdrawn; nothing is to be acknowledged any more."))
    if not held.acknowledge:
        raise WrongState(_("This notice asks for no acknowledgement."))
    if read is not None and held.version is not None and held.version.number != read:
        raise WrongState(
            _("These are no longer the words in force. Please read the present version, then acknowledge it.")
        )
    mine = open_(held, by, moment)
    if mine is None:
        raise Refused(_("Only those who received the notice acknowledge it."))
    moment = max(moment, mine.delivered_at or moment)
    for_unit = answers_for_unit(held, by)
    settled = _settle_unit(held, mine, moment) if for_unit else 0
    own = Receipt.objects.filter(pk=mine.pk, acknowledged_at=None)
    newly = own.filter(settled_at=None).update(acknowledged_at=moment, settled_at=moment)
    again = 0 if newly else own.update(acknowledged_at=moment)
    if not (settled or newly or again):
        return False
    Notice.objects.filter(pk=held.pk).update(acknowledged=F("acknowledged") + settled + newly)
    data = {"unit": by.unit_id, "for_unit": bool(settled), "settled": settled + newly}
    audit.record("notice.acknowledge", held, by=by, at=moment, data=data)
    return True


def _settle_unit(notice: Notice, mine: Receipt, at: datetime) -> int:
    """Nothing more is asked of anybody of the unit; he himself has acknowledged. Returns for how many that is new. One statement,
    and the answer's own row."""
    rows = Receipt.objects.filter(notice=notice, unit=mine.unit_id, settled_at=None, left_at=None)
    settled = rows.update(
        settled_at=at, acknowledged_at=Case(When(pk=mine.pk, then=Value(at)), default=F("acknowledged_at"))
    )
    if not UnitAnswer.objects.filter(notice=notice, unit=mine.unit_id, superseded_at=None).exists():
        UnitAnswer.objects.create(notice=notice, unit_id=mine.unit_id, by_id=mine.user_id, at=at)
    return settled


# ── who has not ─────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def remind(notice: Notice, *, by: User, units: Collection[int] | None = None, at: datetime | None = None) -> int:
    """Remind those who have not, of these units or of all; who was reminded today (on a free day: on the last working day or
    since) is spared. Returns how many are told, at once or by a job. `Refused` unless he sees the receipts, `WrongState` if it does
    not stand."""
    moment = at or clock.now()
    rights.require("remind", notice, by)
    held = _lock(notice)
    if held.state != State.PUBLISHED:
        raise WrongState(_("Only of a published notice readers are reminded."))
    since = clockwork.day_began(calendar.current(), moment)
    if afterwards.under_way(held, afterwards.REMIND):
        return 0
    chosen = sorted(units) if units is not None else None
    facts = {"since": since.isoformat(), "units": chosen}
    count = afterwards.begin(held, afterwards.REMIND, at=moment, by=by, facts=facts)
    if count:
        audit.record("notice.remind", held, by=by, at=moment, data={"count": count, "units": chosen or "all"})
    return count


# ── lists ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OfUnit:
    """How a unit stands to a notice: numbers of people."""

    unit: Unit
    recipients: int
    opened: int
    acknowledged: int
    """Of whom nothing more is asked, by themselves or by their unit."""
    in_time: int
    """Of these, before the due moment or at it."""
    late: int
    """Asked, due, and not acknowledged yet or after it."""
    left: int
    """Who left before they had done it; nothing is asked of them any more."""
    answered: UnitAnswer | None
    """Who acknowledged for the unit; None: nobody."""

    @property
    def outstanding(self) -> int:
        return self.recipients - self.acknowledged - self.left


def by_unit(notice: Notice, at: datetime | None = None) -> list[OfUnit]:
    """Every unit that received it, in order of name. Three queries, whatever the number of receipts."""
    moment = at or clock.now()
    in_time = Q(settled_at__lte=F("due_at"))
    rows = (
        Receipt.objects.filter(notice=notice, delivered_at__isnull=False)
        .values("unit")
        .order_by()
        .annotate(
            recipients=Count("pk"),
            opened=Count("pk", filter=Q(opened_at__isnull=False)),
            acknowledged=Count("pk", filter=Q(settled_at__isnull=False)),
            in_time=Count("pk", filter=in_time),
            late=Count("pk", filter=asking.OWED & Q(due_at__lt=Coalesce("settled_at", Value(moment)))),
            left=Count("pk", filter=Q(left_at__isnull=False, settled_at=None)),
        )
    )
    counts: dict[int, Any] = {row.pop("unit"): row for row in map(dict[str, Any], rows)}
    answers = UnitAnswer.objects.filter(notice=notice, superseded_at=None).select_related("by")
    answered = {one.unit_id: one for one in answers}
    units = Unit.objects.filter(pk__in=counts).order_by("pinyin", "pk")
    return [OfUnit(unit=unit, answered=answered.get(unit.pk), **counts[unit.pk]) for unit in units]
