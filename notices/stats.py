"""Figures about notices, for scorecards and dashboard (N7; 001 四(三)4): how accurate a unit informs, how promptly it confirms.

A notice belongs to the month in which it was published, in Shanghai; so do its receipts, whenever they were acknowledged. What is
not due yet and not acknowledged is not judged, nor what was not due yet when its recipient left. What was asked anew by a
correction counts beside what was asked before it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q

from channelportal.lib.workdays import SHANGHAI
from notices import asking
from notices.models import FormerReceipt, Notice, Receipt, Version


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a unit, or of the whole company, over a span. Rates are 0 to 100; None: nothing to judge."""

    # what the unit published
    published: int = 0
    corrected: int = 0
    """Of these, notices with a correction of an error in force, or withdrawn because what they said was wrong."""
    sent: int = 0
    """Receipts of these: people whom they reached."""
    sent_opened: int = 0
    sent_asked: int = 0
    """Acknowledgements that were asked for and are due or given."""
    sent_in_time: int = 0

    # what reached the unit's people
    received: int = 0
    received_opened: int = 0
    received_asked: int = 0
    received_in_time: int = 0

    @property
    def accuracy(self) -> float | None:
        """信息传递准确率: published notices that neither were corrected for an error nor withdrawn as wrong."""
        return _share(self.published - self.corrected, self.published)

    @property
    def in_time(self) -> float | None:
        """接收及时率: acknowledgements that the unit's people gave in time."""
        return _share(self.received_in_time, self.received_asked)

    @property
    def sent_in_time_rate(self) -> float | None:
        """The same over the notices that the unit published: how promptly others confirmed them."""
        return _share(self.sent_in_time, self.sent_asked)

    @property
    def opened(self) -> float | None:
        """Of what reached the unit's people, what they opened."""
        return _share(self.received_opened, self.received)

    @property
    def sent_opened_rate(self) -> float | None:
        """Of those whom the unit's notices reached, who opened them."""
        return _share(self.sent_opened, self.sent)


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def by_unit(first: date, last: date, at: datetime) -> dict[int, Figures]:
    """Every unit that published or received anything, notices of the days `first` to `last`, as it stands at `at`. Three
    queries."""
    sums: dict[int, dict[str, int]] = {}
    for row in _published(first, last):
        _add(sums, row["unit"], published=row["published"], corrected=row["corrected"])
    for row in _receipts(first, last, at):
        _add_both(sums, row, reached=row["reached"], opened=row["opened"])
    for row in _former(first, last):
        _add_both(sums, row, reached=0, opened=0)
    return {unit: Figures(**found) for unit, found in sums.items()}


def month(first: date, at: datetime) -> dict[int, Figures]:
    """`by_unit` of the month that begins at `first`."""
    return by_unit(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1), at)


def company(units: dict[int, Figures]) -> Figures:
    """The sum over all units; what was sent and what was received are then the same."""
    names = [one.name for one in fields(Figures)]
    return Figures(**{name: sum(getattr(one, name) for one in units.values()) for name in names})


def _add(sums: dict[int, dict[str, int]], unit: int, **more: int) -> None:
    found = sums.setdefault(unit, {})
    for name, number in more.items():
        found[name] = found.get(name, 0) + number


def _add_both(sums: dict[int, dict[str, int]], row: Any, *, reached: int, opened: int) -> None:
    """To the unit that published and to the one that received."""
    asked, in_time = row["asked"], row["in_time"]
    _add(sums, row["publisher"], sent=reached, sent_opened=opened, sent_asked=asked, sent_in_time=in_time)
    _add(sums, row["reader"], received=reached, received_opened=opened, received_asked=asked, received_in_time=in_time)


# ── read ────────────────────────────────────────────────────────────────────────────────────────


def _span(first: date, last: date, prefix: str = "") -> dict[str, datetime]:
    start, end = (datetime.combine(day, time(0), SHANGHAI) for day in (first, last + timedelta(days=1)))
    return {f"{prefix}published_at__gte": start, f"{prefix}published_at__lt": end}


def _published(first: date, last: date) -> Any:
    errors = Version.objects.filter(notice=OuterRef("pk"), number__gt=1, error=True, published_at__isnull=False)
    rows = Notice.objects.filter(state__in=Notice.OUT, **_span(first, last)).annotate(wrong=Exists(errors))
    wrong = Q(wrong=True) | Q(withdrawn_wrong=True)
    return rows.values("unit").order_by().annotate(published=Count("pk"), corrected=Count("pk", filter=wrong))


def _receipts(first: date, last: date, at: datetime) -> Any:
    rows = Receipt.objects.filter(delivered_at__isnull=False, **_span(first, last, "notice__"))
    judged = Q(due_at__isnull=False) & (Q(settled_at__isnull=False) | Q(due_at__lt=at) & asking.OWED)
    return (
        rows.values(publisher=F("notice__unit"), reader=F("unit"))
        .order_by()
        .annotate(
            reached=Count("pk"),
            opened=Count("pk", filter=Q(opened_at__isnull=False)),
            asked=Count("pk", filter=judged),
            in_time=Count("pk", filter=Q(settled_at__lte=F("due_at"))),
        )
    )


def _former(first: date, last: date) -> Any:
    rows = FormerReceipt.objects.filter(**_span(first, last, "receipt__notice__"))
    return (
        rows.values(publisher=F("receipt__notice__unit"), reader=F("receipt__unit"))
        .order_by()
        .annotate(asked=Count("pk"), in_time=Count("pk", filter=Q(settled_at__lte=F("due_at"))))
    )
