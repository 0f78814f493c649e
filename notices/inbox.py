"""The first pages of somebody's inbox, out of indexes: who received thousands of notices waits no longer than a newcomer.

The inbox is in order of what it wants of its reader, and no index holds that order: sorted in full it is as slow as it is long. But
the first n of it are among the first n that want something (few; partial indexes hold them) and the first n of the rest in the
order in which they came (an index walk, `receipt_newest`). So only these are looked at and sorted.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db.models import Case, F, Q, QuerySet, When

from accounts.models import User
from channelportal.core.among import Among
from notices import desk
from notices.models import Notice

DEEPEST: Final = 500  # rows from the top: further down the list is sorted in full
ASKED: Final = Q(due_at__isnull=False, settled_at=None)
WANTS: Final = Q(opened_at=None) | ASKED


def first(rows: QuerySet[Any], user: User, today: date, count: int) -> QuerySet[Any]:
    """Of the inbox `rows` (unfiltered, with `filters.with_receipt`, in whatever order) those among which its first `count` in the
    order of `filters.SORTS["front"]` are; at most twice as many."""
    if count > DEEPEST:
        return rows
    mine = desk.received(user, today).order_by("-delivered_at", "-notice")
    urgent = Case(When(notice__urgency=Notice.Urgency.URGENT, then=0), When(ASKED, then=1), default=2)
    asked_by = Case(When(ASKED, then=F("due_at")))
    # no moment: first or last, as the database has it in SORTS too
    wants = mine.filter(WANTS).order_by(urgent, asked_by.asc(), "-delivered_at", "-notice")
    rest = mine.exclude(opened_at=None).exclude(ASKED)
    return rows.filter(Among("pk", wants.values("notice")[:count]) | Among("pk", rest.values("notice")[:count]))
