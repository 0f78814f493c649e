"""From the filer to the responsible unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from accounts.models import Unit, User
from channelportal.core.models import StoredFile
from feedback.models import Assist, Entry, Extension, LongPlan, Obligation, SeverityRequest, Ticket, TicketKind


def file(
    *,
    by: User,
    kind: TicketKind,
    title: str,
    body: str,
    responsible: Unit | None = None,
    severity: str = "normal",
    copied: bool = False,
    restricted: bool = False,
    shielded: bool = False,
    accused: User | None = None,
    complained_unit: Unit | None = None,
    about: Ticket | None = None,
    named: Sequence[User] = (),
    files: Sequence[StoredFile] = (),
    means: str = "portal",
    received_on: date | None = None,
    asker: Unit | None = None,
    asker_name: str = "",
    document_number: str = "",
    key: UUID | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def approve(ticket: Ticket, *, by: User, text: str = "", at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def send_back(ticket: Ticket, *, by: User, text: str, at: datetime | None = None) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError


def resend(
    ticket: Ticket,
    *,
    by: User,
    title: str,
    body: str,
    severity: str | None = None,
    files: Sequence[StoredFile] = (),
    at: datetime | None = None,
) -> Ticket:
    """Signature only, for the moment."""
    raise NotImplementedError
