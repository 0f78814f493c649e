"""Tickets and what is owed on them. Every write of a status stands in `workflow`; every rule about time in `deadlines.py`.

tickets   kinds, the ticket, who shares in it, its timeline and files
owed      replies, promises, confirmations and their due moments; extensions, plans, questions, assistance, ratings
figures   the ladder, its events, the counters
"""

from feedback.models.figures import FilingHour, LadderEvent, LadderStep, NumberLine, Recount, Tally
from feedback.models.owed import (
    Assist,
    Extension,
    LongPlan,
    Obligation,
    ObligationQuerySet,
    Question,
    Rating,
    SeverityRequest,
)
from feedback.models.tickets import Entry, Means, Severity, Share, Ticket, TicketFile, TicketKind, TicketQuerySet

__all__ = [
    "Assist",
    "Entry",
    "Extension",
    "FilingHour",
    "LadderEvent",
    "LadderStep",
    "LongPlan",
    "Means",
    "NumberLine",
    "Obligation",
    "ObligationQuerySet",
    "Question",
    "Rating",
    "Recount",
    "Severity",
    "SeverityRequest",
    "Share",
    "Tally",
    "Ticket",
    "TicketFile",
    "TicketKind",
    "TicketQuerySet",
]
