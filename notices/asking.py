"""By when readers acknowledge (001 四(三)4), and what a correction asks of them anew (docs/decisions/12)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When

from accounts import roles
from channelportal.core import bulk, calendar, parameters
from notices import clockwork
from notices.models import FormerReceipt, Notice, Receipt, UnitAnswer, Version

OWED: Final = Q(left_at=None) | Q(due_at__lt=F("left_at"))
"""Over receipts that were asked: not of who left before it was due."""
SPEAKERS: Final = tuple(role for role, verbs in roles.BY_ROLE.items() if "notice.acknowledge_for_unit" in verbs)


def due(notice: Notice, at: datetime) -> datetime | None:
    """When those who receive it at `at` are to have acknowledged; None: it is not asked for."""
    if not notice.acknowledge:
        return None
    close, days = parameters.current(fresh=True).close_of_business, notice.acknowledge_days
    return clockwork.acknowledge_due(close, calendar.current(), at, days=days, by_day=notice.acknowledge_by)


def asks_again(notice: Notice, old: Version, new: Version) -> bool:
    """Who acknowledged wrong words, or another day in force, has not acknowledged this."""
    return notice.acknowledge and (new.error or new.effective_on != old.effective_on)


def who_can(notice: Notice, receipts: QuerySet[Receipt]) -> QuerySet[Receipt]:
    """Of these receipts of the notice those of people who can give what is asked: where one answers for the unit, its heads,
    deputies and information officers. Only they are reminded."""
    return receipts.filter(user__role__in=SPEAKERS) if notice.unit_answers else receipts


def can() -> Q:
    """The same over receipts of many notices."""
    return Q(notice__unit_answers=False) | Q(user__role__in=SPEAKERS)


def outstanding(notice: Notice) -> QuerySet[Receipt]:
    """Those of whom something is still asked: an acknowledgement, or, where none is asked for, to open it. Nothing of who left."""
    rows = Receipt.objects.filter(notice=notice, delivered_at__isnull=False, left_at=None)
    return rows.filter(settled_at=None, due_at__isnull=False) if notice.acknowledge else rows.filter(opened_at=None)


def begin_again(notice: Notice, at: datetime) -> None:
    """From `at` on the notice asks anew, at a due moment of its own; `ask_again` asks its readers."""
    moment = due(notice, at)
    UnitAnswer.objects.filter(notice=notice, superseded_at=None).update(superseded_at=at)
    Notice.objects.filter(pk=notice.pk).update(acknowledge_due_at=moment, acknowledged=0)
    notice.acknowledge_due_at, notice.acknowledged = moment, 0


def ask_again(notice: Notice, receipts: QuerySet[Receipt], new: Version, at: datetime) -> None:
    """The correction `new`, in force since `at`, is to be acknowledged anew by these. What was acknowledged or late by then is kept
    as a fact about the version of before; who answered since has answered the new words."""
    asked = receipts.filter(due_at__isnull=False).filter(Q(delivered_at=None) | Q(delivered_at__lte=at))
    before, moment = Q(settled_at__lte=at), notice.acknowledge_due_at
    bulk.insert_from(
        asked.filter(before | Q(due_at__lt=at) & OWED), FormerReceipt, receipt_id=F("pk"), version=new.number, due_at=F("due_at"),
        acknowledged_at=Case(When(acknowledged_at__lte=at, then=F("acknowledged_at"))),
        settled_at=Case(When(before, then=F("settled_at"))),
    )  # fmt: skip
    asked.filter(settled_at__gt=at).update(due_at=moment)
    open_ = asked.filter(before | Q(settled_at=None))
    open_.update(due_at=moment, acknowledged_at=None, settled_at=None, reminded_at=None, overdue_told=False)
    answers = UnitAnswer.objects.filter(notice=notice, unit=OuterRef("unit"), superseded_at=None)
    if UnitAnswer.objects.filter(notice=notice, superseded_at=None).exists():  # given since
        theirs = receipts.filter(Exists(answers), settled_at=None, due_at__isnull=False, left_at=None)
        settled = theirs.update(settled_at=Subquery(answers.values("at")[:1]))
        Notice.objects.filter(pk=notice.pk).update(acknowledged=F("acknowledged") + settled)


def ask_no_more(receipts: QuerySet[Receipt], at: datetime) -> None:
    """Nothing more is asked of these: what was not due yet is not counted, nor what was not when its recipient left; what was late
    stays late."""
    rows = receipts.filter(settled_at=None, due_at__isnull=False)
    rows.filter(Q(due_at__gte=at) | ~OWED).update(due_at=None, settled_at=at)
    rows.update(settled_at=at)
