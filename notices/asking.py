"""By when readers acknowledge (001 四(三)4), and what a correction asks of them anew (docs/decisions/12)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from channelportal.core import bulk, calendar, parameters
from notices import clockwork
from notices.models import FormerReceipt, Notice, Receipt, UnitAnswer, Version


def due(notice: Notice, at: datetime) -> datetime | None:
    """When those who receive it at `at` are to have acknowledged; None: it is not asked for."""
    if not notice.acknowledge:
        return None
    close, days = parameters.current(fresh=True).close_of_business, notice.acknowledge_days
    return clockwork.acknowledge_due(close, calendar.current(), at, days=days, by_day=notice.acknowledge_by)


def asks_again(notice: Notice, old: Version, new: Version) -> bool:
    """Who acknowledged wrong words, or another day in force, has not acknowledged this."""
    return notice.acknowledge and (new.error or new.effective_on != old.effective_on)


@transaction.atomic
def ask_again(notice: Notice, new: Version, at: datetime) -> None:
    """The correction `new` is to be acknowledged anew, by everybody, at a due moment of its own. What was acknowledged or late by
    then is kept as a fact about the version of before. Five statements."""
    moment = due(notice, at)
    asked = Receipt.objects.filter(notice=notice, due_at__isnull=False)
    bulk.insert_from(
        asked.filter(Q(settled_at__isnull=False) | Q(due_at__lt=at)), FormerReceipt, receipt_id=F("pk"), version=new.number,
        due_at=F("due_at"), acknowledged_at=F("acknowledged_at"), settled_at=F("settled_at"),
    )  # fmt: skip
    asked.update(due_at=moment, acknowledged_at=None, settled_at=None, reminded_at=None, overdue_told=False)
    UnitAnswer.objects.filter(notice=notice, superseded_at=None).update(superseded_at=at)
    Notice.objects.filter(pk=notice.pk).update(acknowledge_due_at=moment, acknowledged=0)
    notice.acknowledge_due_at, notice.acknowledged = moment, 0
