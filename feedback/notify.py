"""Who is told of what. Alerts and mails are rows, written in the verb's transaction in one statement each.

An event is a template templates/alerts/ticket-<event>.txt, one line; its data are codes, names of units and ISO times.
Those in `MAILED` also go out by mail (emails/ticket-news-…, whose subject is that line), in the delivery window; what
waits for the window together goes out as one mail (emails/ticket-digest-…).

Nobody is told of his own deed. Of a ticket kept to named people only those hear who may see it, and mails name its number
only. Who filed it is never in the data: only units are named, so a protected filer cannot be betrayed here (002B 13).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from accounts.models import Unit, User
from channelportal.core import delivery
from channelportal.core.models import Alert, OutboxMessage
from feedback import in_force, ladder
from feedback.ladder import Target
from feedback.models import Entry, Share, Ticket

log = logging.getLogger(__name__)

MAIL: Final = "ticket-news"
BUNDLE: Final = "ticket-digest"
LONGEST_TEXT: Final = 600
MAILED: Final = frozenset(
    {
        "to_approve", "returned", "reached", "entered_for_you", "named", "assigned", "passed_on", "question",
        "question_answered", "resolved", "planned", "long_plan_asked", "long_plan_agreed", "long_plan_refused",
        "extension_asked", "extension_granted", "extension_refused", "severity_asked", "severity_changed", "severity_kept",
        "assist_asked", "assist_done", "shared", "urged", "reminded", "reported", "advanced", "reopened",
        "reopened_again", "closed", "merged", "question_reminder", "close_proposed", "recounted",
    }
)  # fmt: skip
SILENT: Final = frozenset(
    {
        "approved", "taken", "passed_on_asker", "extension_moved", "urge_answered", "confirmed", "withdrawn", "closed_silent",
        "noted",
    }
)  # fmt: skip
EVENTS: Final = MAILED | SILENT


@dataclass(frozen=True, slots=True)
class _Wish:
    event: str
    targets: tuple[Target, ...]
    people: tuple[int, ...]
    unit: int | None
    data: dict[str, Any]


@dataclass
class News:
    """What one verb tells of one ticket: collected, then written by `send`."""

    ticket: Ticket
    at: datetime
    by: User | None
    wishes: list[_Wish] = field(default_factory=list)

    def tell(
        self,
        event: str,
        targets: Iterable[Target] = (),
        *,
        people: Sequence[User | int | None] = (),
        unit: Unit | int | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        """`targets` are posts as the ladder knows them, seen from `unit` (None: the responsible one): who is away, gone or
        complained of is passed over upwards. `people` are told by name."""
        if event not in EVENTS:
            raise ValueError(event)
        ids = tuple(one.pk if isinstance(one, User) else one for one in people if one)
        unit_id = unit.pk if isinstance(unit, Unit) else unit
        self.wishes.append(_Wish(event, tuple(targets), ids, unit_id, data or {}))

    def send(self, entry: Entry | None) -> None:
        """Three statements at most: the people, their alerts, their mails."""
        if not self.wishes:
            return
        found = self._organisation()
        seeing = seers(self.ticket, found) if self.ticket.restricted else None
        mark = entry.pk if entry else int(self.at.timestamp())
        alerts, mails = [], []
        told: set[tuple[int, str]] = set()
        opens = delivery.opens(self.at)
        for wish in self.wishes:
            for user in self._users(wish, found, seeing):
                if (user.pk, wish.event) in told:
                    continue
                told.add((user.pk, wish.event))
                alerts.append(self._alert(wish, user, mark))
                if wish.event in MAILED:
                    mails.append(self._mail(wish, user, mark, opens))
        if alerts:
            Alert.objects.bulk_create(alerts, ignore_conflicts=True)
        if mails:
            OutboxMessage.objects.bulk_create(mails, ignore_conflicts=True)

    # ── whom ────────────────────────────────────────────────────────────────────────────────────

    def _organisation(self) -> in_force.Organisation:
        units = {self.ticket.responsible_id, self.ticket.asker_id} | {wish.unit for wish in self.wishes if wish.unit}
        named = {pk for wish in self.wishes for pk in wish.people}
        also = named | {pk for pk in (self.ticket.assignee_id, self.ticket.filed_by_id) if pk}
        return in_force.organisation(self.at, units, also)

    def _users(self, wish: _Wish, found: in_force.Organisation, seeing: set[int] | None) -> list[User]:
        ids = dict.fromkeys([*wish.people, *self._resolved(wish, found)])
        own = self.by.pk if self.by else None
        users = [found.people[pk] for pk in ids if pk in found.people and pk != own]
        users = [user for user in users if user.is_active and user.pk != self.ticket.accused_id]
        if seeing is None:
            return users
        may = [user for user in users if user.pk in seeing]
        if may or not wish.targets:
            return may
        heads = [found.people[person.id] for person in found.org.holders(found.org.supervising, "head")]
        return [user for user in heads if user.is_active and user.pk not in (own, self.ticket.accused_id)]

    def _resolved(self, wish: _Wish, found: in_force.Organisation) -> tuple[int, ...]:
        if not wish.targets:
            return ()
        targets: Iterable[Target] = wish.targets
        if self.ticket.restricted and self.ticket.assignee_id is None:  # the officers do not see it, the head was named
            targets = [Target.HEAD if target is Target.ASSIGNEE else target for target in targets]
        try:
            return ladder.resolve(targets, found.org, case_of(self.ticket, unit=wish.unit)).people
        except ladder.NobodyLeft:
            log.warning("nobody to tell of %s on ticket %s", wish.event, self.ticket.pk)
            return ()

    # ── what ────────────────────────────────────────────────────────────────────────────────────

    def _alert(self, wish: _Wish, user: User, mark: int) -> Alert:
        return Alert(
            user_id=user.pk, key=f"ticket:{self.ticket.pk}:{wish.event}:{mark}", kind=f"ticket-{wish.event}",
            url=self.ticket.get_absolute_url(), data=facts(self.ticket, wish.data), created_at=self.at,
        )  # fmt: skip

    def _mail(self, wish: _Wish, user: User, mark: int, opens: datetime) -> OutboxMessage:
        data = mail_facts(self.ticket, wish.data) | {
            "event": f"ticket-{wish.event}",
            "url": self.ticket.get_absolute_url(),
        }
        return OutboxMessage(
            key=f"ticket:{self.ticket.pk}:{wish.event}:{mark}:{user.pk}", kind=MAIL, bundle=BUNDLE, user_id=user.pk,
            data=data, subject_key=f"ticket:{self.ticket.pk}", created_at=self.at, next_attempt_at=opens,
        )  # fmt: skip


def facts(ticket: Ticket, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a line about a ticket may say: units, never the filer. Texts are cut; times are ISO."""
    names = in_force.units().by_id
    data: dict[str, Any] = {
        "ticket": f"{ticket.number} {ticket.title}",
        "number": ticket.number,
        "title": ticket.title,
        "asker": names[ticket.asker_id].name if ticket.asker_id in names else "",
        "responsible": names[ticket.responsible_id].name if ticket.responsible_id in names else "",
        "severity": ticket.severity,
        "due": ticket.due_at.isoformat() if ticket.due_at else "",
        "restricted": ticket.restricted,
    }
    more = dict(more or {})
    if text := more.get("text"):
        more["text"] = text[:LONGEST_TEXT]
    return data | more


def mail_facts(ticket: Ticket, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """The same for a mail: of a ticket kept to named people the number and the due moment only."""
    return kept_back(ticket, facts(ticket, more))


def kept_back(ticket: Ticket, data: dict[str, Any]) -> dict[str, Any]:
    """`facts` without what a mail about a ticket kept to named people does not carry."""
    if not ticket.restricted:
        return data
    kept = {name: value for name, value in data.items() if name not in HIDDEN}
    return kept | {"ticket": ticket.number}


HIDDEN: Final = frozenset({"title", "text", "asker", "responsible", "unit_name"})
"""What a mail about a ticket kept to named people does not carry."""


def case_of(ticket: Ticket, *, unit: int | None = None) -> ladder.Case:
    """Of whom and to whom the ticket speaks, for `ladder.resolve`."""
    filer = ticket.filed_by_id if ticket.entered_by_id is None else None
    accused = frozenset([ticket.accused_id]) if ticket.accused_id else frozenset()
    assignee = ticket.assignee_id if unit is None else None
    return ladder.Case(unit or ticket.responsible_id, assignee, ticket.asker_id, filer, accused)


def seers(ticket: Ticket, found: in_force.Organisation) -> set[int]:
    """Who may see a ticket kept to named people: those named, filer, assignee, and the head of 企发部."""
    named = set(Share.objects.filter(ticket=ticket).values_list("user", flat=True))
    heads = {person.id for person in found.org.holders(found.org.supervising, "head")}
    return named | heads | {pk for pk in (ticket.filed_by_id, ticket.assignee_id) if pk}


def let_see(ticket: Ticket, user_ids: Iterable[int], *, by: User | None, at: datetime) -> None:
    """Superiors and others who are told of a ticket may open it. Nobody is added to one that is kept to named people."""
    if not ticket.restricted:
        rows = [Share(ticket=ticket, user_id=pk, by=by, at=at) for pk in dict.fromkeys(user_ids)]
        Share.objects.bulk_create(rows, ignore_conflicts=True)


def approvers(found: in_force.Organisation, unit: int, filer: User) -> list[int]:
    """Who approves what `filer` sends: the unit's head or who acts for him; what a head sends, another head or deputy
    (000 5.10). Where the unit has nobody else: the superior unit's head."""
    org = found.org
    roles = ("head", "deputy") if filer.leads else ("head",)
    own = [
        person for person in org.holders(unit, *roles) if person.id != filer.pk and person.active and not person.away
    ]
    if not own and not filer.leads:
        own = [
            person
            for person in org.holders(unit, "deputy")
            if person.id != filer.pk and person.active and not person.away
        ]
    if own:
        return [person.id for person in own]
    above = org.superiors.get(unit)
    if above is None:
        return []
    case = ladder.Case(unit=above, accused=frozenset({filer.pk}))
    try:
        return list(ladder.resolve((Target.HEAD,), org, case).people)
    except ladder.NobodyLeft:
        return []
