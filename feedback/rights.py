"""Who may do what on a ticket: role, unit and relation to it; and what is possible now.

refusal(verb, ticket, user)          why not, as a sentence; None: he may
require(verb, ticket, user)          raises accounts.access.Refused(reason)
possible(ticket, user, at)           verbs that are possible now, for the ticket page
todo(ticket, user, at)               the one that is due from the reader
asker_shown_to(ticket, user)         may he know who filed it? (002B 13)
name_shown(entry, viewer)            whose name stands beside an entry of the timeline
sides_seen(ticket, user)             which entries he sees
"""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from feedback.models import Entry, Ticket


def refusal(verb: str, ticket: Ticket, user: User) -> str | None:
    raise NotImplementedError


def require(verb: str, ticket: Ticket, user: User) -> None:
    raise NotImplementedError


def possible(ticket: Ticket, user: User, at: datetime) -> list[str]:
    raise NotImplementedError


def todo(ticket: Ticket, user: User, at: datetime | None = None) -> str | None:
    raise NotImplementedError


def asker_shown_to(ticket: Ticket, user: User) -> bool:
    raise NotImplementedError


def name_shown(entry: Entry, viewer: User) -> str:
    raise NotImplementedError


def sides_seen(ticket: Ticket, user: User) -> list[str]:
    raise NotImplementedError
