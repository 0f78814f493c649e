"""How the loop is closed, and opened again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from accounts.models import Unit, User
from channelportal.core.models import StoredFile
from feedback.models import Assist, Entry, Extension, LongPlan, Obligation, SeverityRequest, Ticket, TicketKind


def confirm(ticket: Ticket, *, by: User, answer: int, speed: int, text: str = "", at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def reopen(
    ticket: Ticket, *, by: User, reason: str, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def withdraw(ticket: Ticket, *, by: User, reason: str = "", at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def close(ticket: Ticket, *, by: User, reason: str, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def merge(ticket: Ticket, *, by: User, into: Ticket, reason: str, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def close_silent(ticket: Ticket, *, at: datetime) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError
