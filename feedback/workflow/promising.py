"""Plans with a promised day, and what becomes of the promise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from accounts.models import Unit, User
from channelportal.core.models import StoredFile
from feedback.models import Assist, Entry, Extension, LongPlan, Obligation, SeverityRequest, Ticket, TicketKind


def plan(
    ticket: Ticket, *, by: User, text: str, day: date, files: Sequence[StoredFile] = (), at: datetime | None = None
) -> Ticket | LongPlan:
    """Signature only, for the moment."""
    raise NotImplementedError


def agree_long_plan(plan: LongPlan, *, by: User, at: datetime | None = None) -> LongPlan:
    """Signature only, for the moment."""
    raise NotImplementedError


def grant_long_plan(plan: LongPlan, *, by: User, at: datetime | None = None) -> LongPlan:
    """Signature only, for the moment."""
    raise NotImplementedError


def refuse_long_plan(plan: LongPlan, *, by: User, reason: str, at: datetime | None = None) -> LongPlan:
    """Signature only, for the moment."""
    raise NotImplementedError


def ask_extension(ticket: Ticket, *, by: User, day: date, reason: str, at: datetime | None = None) -> Extension:
    """Signature only, for the moment."""
    raise NotImplementedError


def grant_extension(extension: Extension, *, by: User, at: datetime | None = None) -> Extension:
    """Signature only, for the moment."""
    raise NotImplementedError


def refuse_extension(extension: Extension, *, by: User, reason: str, at: datetime | None = None) -> Extension:
    """Signature only, for the moment."""
    raise NotImplementedError
