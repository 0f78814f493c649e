"""How a channel stands with its tickets, as annotations of the directory. Kept complaints are not counted: a number may tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import Unit
from feedback.models import Ticket


def with_standing(channels: QuerySet[Unit], at: datetime) -> QuerySet[Unit]:
    """Adds `asked_open` and `asked_late` (what it asked, and is kept waiting for), `owed_open` and `owed_late` (what it was
    asked), `open_all` and `late_all` (both)."""
    tickets = Ticket.objects.filter(restricted=False)
    annotated = channels.annotate(
        asked_open=_count(tickets.live(), "asker"),
        asked_late=_count(tickets.overdue(at), "asker"),
        owed_open=_count(tickets.live(), "responsible"),
        owed_late=_count(tickets.overdue(at), "responsible"),
    )
    return annotated.annotate(open_all=F("asked_open") + F("owed_open"), late_all=F("asked_late") + F("owed_late"))


def _count(tickets: Any, side: str) -> Coalesce:
    mine = tickets.filter(**{side: OuterRef("pk")}).order_by().annotate(one=Value(1)).values("one")
    return Coalesce(Subquery(mine.annotate(number=Count("pk")).values("number"), output_field=IntegerField()), 0)
