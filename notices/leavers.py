"""Who left the unit, or the portal, before he had done what a notice asks (N4; docs/decisions/15). His receipt stays on record with
the moment at which he left, and asks for nothing more: he is in no list of those who have not, and in no rate, unless it was
overdue when he left.

    mark(at)                every ten minutes, after those who joined
    leave(notice, at)       the same for one notice, held locked
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Case, DateTimeField, Exists, F, Max, OuterRef, Q, QuerySet, Value, When

from accounts.models import User
from channelportal.core import outbox
from channelportal.core.models import AuditEntry
from notices import asking, publication
from notices.models import Notice, Receipt, UnitAnswer

UNDONE: Final = Q(settled_at=None) & (Q(due_at__isnull=False) | Q(opened_at=None))
HERE: Final = Q(user__is_active=True, user__unit=F("unit"))


def mark(at: datetime) -> int:
    """Note who left, and who is back in the same unit. Returns how many receipts ask no more."""
    gone, back = (
        list(rows.order_by("notice").values_list("notice", flat=True).distinct()) for rows in (_gone(), _back())
    )
    for pk in back:
        _come_back(pk, at)
    return sum(_leave(pk, at) for pk in gone)


def leave(notice: Notice, at: datetime) -> int:
    """Of this notice, which the caller holds locked. How many."""
    rows = list(_gone().filter(notice=notice).select_related("user"))
    moments = _moments({row.user for row in rows}, at)
    for row in rows:
        row.left_at = max(row.delivered_at or at, moments[row.user_id])
    Receipt.objects.bulk_update(rows, ["left_at"], batch_size=500)
    if rows:
        outbox.cancel(f"notice:{notice.pk}", [row.user_id for row in rows])
    return len(rows)


def _gone() -> QuerySet[Receipt]:
    rows = Receipt.objects.filter(UNDONE, ~HERE, left_at=None, delivered_at__isnull=False)
    return rows.filter(notice__state=Notice.State.PUBLISHED)


def _back() -> QuerySet[Receipt]:
    return Receipt.objects.filter(HERE, left_at__isnull=False, notice__state=Notice.State.PUBLISHED)


@transaction.atomic
def _leave(notice_id: int, at: datetime) -> int:
    return leave(publication.held(notice_id), at)


@transaction.atomic
def _come_back(notice_id: int, at: datetime) -> None:
    """What was not overdue when he left is asked again, with a due moment of its own; unless his unit has answered since."""
    notice = publication.held(notice_id)
    rows = Receipt.objects.filter(pk__in=list(_back().filter(notice=notice).values_list("pk", flat=True)))
    answers = UnitAnswer.objects.filter(notice=notice, unit=OuterRef("unit"), superseded_at=None)
    asked = Q(settled_at=None, due_at__gte=F("left_at"))
    settled = rows.filter(asked, Exists(answers)).update(settled_at=at, left_at=None)
    due = Case(When(asked, then=Value(asking.due(notice, at), DateTimeField())), default=F("due_at"))
    rows.filter(left_at__isnull=False).update(due_at=due, left_at=None)
    Notice.objects.filter(pk=notice.pk).update(acknowledged=F("acknowledged") + settled)


def _moments(people: Iterable[User], at: datetime) -> dict[int, datetime]:
    """When each left: deactivated, or transferred by the trail; where neither is known, now."""
    known = {user.pk: user for user in people}
    moved = AuditEntry.objects.filter(
        action="user.transferred", object_type="accounts.user", object_id__in=[str(pk) for pk in known]
    )
    newest = {int(pk): moment for pk, moment in moved.values_list("object_id").annotate(Max("at"))} if known else {}
    return {pk: min(at, newest.get(pk) or at if user.is_active else user.left_at or at) for pk, user in known.items()}
