"""What the responsible unit does until the matter is resolved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from accounts.models import Unit, User
from channelportal.core.models import StoredFile
from feedback.models import Assist, Entry, Extension, LongPlan, Obligation, SeverityRequest, Ticket, TicketKind


def take(ticket: Ticket, *, by: User, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def assign(ticket: Ticket, *, by: User, to: User, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def pass_on(ticket: Ticket, *, by: User, to: Unit, reason: str, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def ask(
    ticket: Ticket,
    *,
    by: User,
    text: str,
    files: Sequence[StoredFile] = (),
    pause: bool = False,
    at: datetime | None = None,
) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def answer_question(
    ticket: Ticket, *, by: User, text: str, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def note(
    ticket: Ticket,
    *,
    by: User,
    text: str,
    side: str = "responsible",
    files: Sequence[StoredFile] = (),
    at: datetime | None = None,
) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def resolve(
    ticket: Ticket, *, by: User, text: str, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def ask_assist(
    ticket: Ticket, *, by: User, unit: Unit, task: str, day: date | None, at: datetime | None = None
) -> Assist:
    """Signature only, for the moment."""
    raise NotImplementedError


def deliver_assist(
    assist: Assist, *, by: User, text: str, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Assist:
    """Signature only, for the moment."""
    raise NotImplementedError
