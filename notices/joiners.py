"""Who joins later gets what is still valid, where the notice says so (N3): people new in a unit that it is for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Case, DateTimeField, Exists, F, OuterRef, QuerySet, Subquery, Value, When

from accounts.models import User
from channelportal.core import audit, bulk, clock, heartbeat
from channelportal.lib.workdays import local_date
from notices import asking, leavers, publication, recipients
from notices.models import Notice, Receipt, UnitAnswer

log = logging.getLogger(__name__)


def catch_up(at: datetime | None = None) -> int:
    """Every ten minutes: a receipt of his own, with its own due moment, for everybody who belongs to an audience by now. Then
    alert and mail as at the publication, also for what a publication had to leave. Then those who left. Returns how many joined."""
    moment = at or clock.now()
    open_to_all = Notice.objects.valid(local_date(moment)).filter(late_joiners=True)
    joined = sum(_guarded(_join, pk, moment) for pk in open_to_all.values_list("pk", flat=True))
    left = Receipt.objects.filter(delivered_at=None, notice__state=Notice.State.PUBLISHED)
    for pk in left.order_by().values_list("notice", flat=True).distinct():
        _guarded(_deliver, pk, moment)
    left_units = leavers.mark(moment)
    heartbeat.beat("joiners", clock.now(), {"joined": joined, "left": left_units})
    return joined


def _guarded(deed: Callable[[int, datetime], int], notice_id: int, at: datetime) -> int:
    """One notice that cannot be handled does not hold up the others."""
    try:
        return deed(notice_id, at)
    except Exception:
        log.exception("the joiners of notice %s wait for the next round", notice_id)
        return 0


def _deliver(notice_id: int, at: datetime) -> int:
    return len(publication.deliver(notice_id, at))


@transaction.atomic
def _join(notice_id: int, at: datetime) -> int:
    notice = publication.held(notice_id)
    if notice.state != Notice.State.PUBLISHED:
        return 0
    found = recipients.of(notice)
    _move(notice, found, at)
    rows = found.exclude(Exists(Receipt.objects.filter(notice=notice, user=OuterRef("pk"))))
    joined = bulk.insert_from(
        rows, Receipt, notice_id=notice.pk, user_id=F("pk"), unit_id=F("unit_id"), joined=True, due_at=asking.due(notice, at)
    )  # fmt: skip
    settled = _settled_by_their_units(notice, at)
    if joined or settled:
        changed = {"recipients": F("recipients") + joined, "acknowledged": F("acknowledged") + settled}
        Notice.objects.filter(pk=notice.pk).update(**changed)
    if joined:
        audit.record("notice.joined", notice, at=at, data={"count": joined})
    return joined


def _move(notice: Notice, found: QuerySet[User], at: datetime) -> None:
    """Who changed from one unit of the audience to another takes his receipt along: the notice is shown in the unit to which he
    belongs, and that unit answers for him. What he did stays done; what is still asked of him gets a new due moment."""
    now_in = User.objects.filter(pk=OuterRef("user")).values("unit")[:1]
    elsewhere = Receipt.objects.filter(notice=notice, user__in=found.order_by().values("pk"))
    elsewhere.exclude(unit=F("user__unit")).update(
        unit=Subquery(now_in), joined=True, overdue_told=False, left_at=None,
        due_at=Case(When(settled_at=None, then=Value(asking.due(notice, at), DateTimeField())), default=F("due_at")),
    )  # fmt: skip


def _settled_by_their_units(notice: Notice, at: datetime) -> int:
    """Whose unit has answered as one owes nothing: who is new, and who came from another unit with his receipt."""
    if not notice.unit_answers:
        return 0
    answers = UnitAnswer.objects.filter(notice=notice, unit=OuterRef("unit"), superseded_at=None)
    new = Receipt.objects.filter(notice=notice, joined=True, settled_at=None)
    return new.filter(Exists(answers)).update(settled_at=at)
