"""Severity, copies, urging, the ladder: what keeps a matter moving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from accounts.models import Unit, User
from channelportal.core.models import StoredFile
from feedback.models import Assist, Entry, Extension, LongPlan, Obligation, SeverityRequest, Ticket, TicketKind


def ask_severity(ticket: Ticket, *, by: User, to: str, reason: str, at: datetime | None = None) -> SeverityRequest:
    """Signature only, for the moment."""
    raise NotImplementedError


def confirm_severity(request: SeverityRequest, *, by: User, at: datetime | None = None) -> SeverityRequest:
    """Signature only, for the moment."""
    raise NotImplementedError


def keep_severity(request: SeverityRequest, *, by: User, reason: str, at: datetime | None = None) -> SeverityRequest:
    """Signature only, for the moment."""
    raise NotImplementedError


def copy(ticket: Ticket, *, by: User, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def share(ticket: Ticket, *, by: User, to: User, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def urge(ticket: Ticket, *, by: User, text: str, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def remind(ticket: Ticket, *, by: User, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def answer_urge(ticket: Ticket, *, by: User, text: str, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def report(ticket: Ticket, *, by: User, text: str, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def hold(obligation: Obligation, *, by: User, reason: str, at: datetime | None = None) -> Obligation:
    """Signature only, for the moment."""
    raise NotImplementedError


def advance(obligation: Obligation, *, by: User, reason: str, at: datetime | None = None) -> Obligation:
    """Signature only, for the moment."""
    raise NotImplementedError
