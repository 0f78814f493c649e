"""From the filer to the responsible unit: sent, approved by the head of his own unit (000 5.10), and there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import Unit, User
from channelportal.core import clock
from channelportal.core.errors import Invalid
from channelportal.core.models import StoredFile, Submission
from channelportal.lib.workdays import local_date
from feedback import deadlines, in_force, notify, numbers
from feedback.ladder import Target
from feedback.models import Entry, Means, Obligation, Severity, Share, Ticket, TicketKind
from feedback.workflow import base, figures

OBJECT = "feedback.ticket"
"""`Submission.object_type`."""


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
    subject: Model | None = None,
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
    """File a ticket, or (with `asker`) enter one for somebody who phoned, wrote or came (rule 4).

    It goes to `responsible`; a kind with a fixed route always goes there; nobody named: the kind's route, else 企发部 holds it
    and owes (rule 12). What the filer's unit must approve waits for its head; else it reaches the responsible unit at once.
    A protected or kept complaint about the filer's own head, or about the head of the unit it would go to, goes straight to
    企发部. `subject` is a paper of another app that the filer sees (a notice he asks about).
    The same `key` by the same person a second time gives the first ticket. Raises Refused, Invalid."""
    filing = _Filing(by=by, kind=kind, responsible=responsible, accused=accused, about=about, asker=asker)
    filing.restricted, filing.shielded, filing.complained_unit = restricted, shielded, complained_unit
    texts = {
        "title": base.words("title", title, most=100, line=True),
        "body": base.words("body", body),
        "asker_name": base.words("asker_name", asker_name, most=40, needed=False, line=True),
        "document_number": base.words("document_number", document_number, most=60, needed=False, line=True),
    }
    try:
        with transaction.atomic():
            moment = at or clock.now()
            in_force.policy(fresh=True)
            filing.check(severity=severity, means=means, received_on=received_on, at=moment)
            ticket = Ticket(
                **texts, kind=kind, severity=severity, copied=copied, watched=copied, means=means, filed_by=by,
                **filing.values(), subject=subject, created_at=moment, touched_at=moment,
            )  # fmt: skip
            _send(ticket, filing, files=files, named=named, received_on=received_on, at=moment)
            if key is not None:
                Submission.objects.create(user=by, key=key, object_type=OBJECT, object_id=ticket.pk, at=moment)
    except IntegrityError:
        if key is None or (earlier := _sent_before(by, key)) is None:
            raise
        return earlier
    return ticket


def _sent_before(by: User, key: UUID) -> Ticket | None:
    found = Submission.objects.filter(user=by, key=key, object_type=OBJECT).values_list("object_id", flat=True).first()
    return Ticket.objects.get(pk=found) if found else None


class _Filing:
    """What is asked before a ticket exists: may he, is it consistent, where does it go."""

    def __init__(
        self,
        *,
        by: User,
        kind: TicketKind,
        responsible: Unit | None,
        accused: User | None,
        about: Ticket | None,
        asker: Unit | None,
    ) -> None:
        self.by, self.kind, self.wanted, self.accused, self.about = by, kind, responsible, accused, about
        self.entered = asker is not None
        self.asker = asker
        self.restricted = self.shielded = False
        self.complained_unit: Unit | None = None

    def check(self, *, severity: str, means: str, received_on: date | None, at: datetime) -> None:
        self._check_right()
        self._check_kind(severity, means)
        self._check_receipt(received_on, means, at)
        self.responsible = self._route()
        if self.responsible.pk == self.from_unit:
            raise Invalid("responsible", _("A unit cannot ask itself."))
        if not self.responsible.active:
            raise Invalid("responsible", _("This unit is no longer active."))

    @property
    def from_unit(self) -> int:
        unit_id = self.asker.pk if self.asker else self.by.unit_id
        if unit_id is None:
            raise access.Refused(_("Only people of a unit file tickets."))
        return unit_id

    def _check_right(self) -> None:
        if self.entered:
            access.require(
                self.by,
                "ticket.enter",
                self.by.unit_id,
                _("Only information officers and heads enter tickets for others."),
            )
            return
        access.require(self.by, "ticket.file", self.from_unit, _("Only people of a unit file tickets."))

    def _check_kind(self, severity: str, means: str) -> None:
        if not self.kind.active:
            raise Invalid("kind", _("This kind is no longer in use."))
        asker = in_force.units().by_id[self.from_unit]
        if self.kind.way == TicketKind.Way.UP and not asker.is_channel:
            raise Invalid("kind", _("Only channels file this kind."))
        if self.kind.way == TicketKind.Way.DOWN and asker.is_channel:
            raise Invalid("kind", _("Only headquarters files this kind."))
        if severity not in Severity.values:
            raise Invalid("severity", _("There is no such severity."))
        if means not in Means.values:
            raise Invalid("means", _("There is no such means."))
        for name in ("restricted", "shielded"):
            if getattr(self, name) and not self.kind.complaint:
                raise Invalid(name, _("Only complaints can be kept to named people or protect the filer."))
        if self.accused and not self.kind.complaint:
            raise Invalid("accused", _("Only a complaint can be about a person."))
        if self.accused and self.accused.pk == self.by.pk:
            raise Invalid("accused", _("Nobody complains of himself."))

    def _check_receipt(self, received_on: date | None, means: str, at: datetime) -> None:
        if not self.entered:
            if received_on is not None:
                raise Invalid("received_on", _("A day of receipt belongs to what is entered for somebody."))
            return
        if means == Means.PORTAL:
            raise Invalid("means", _("Say how it came."))
        if received_on is None:
            raise Invalid("received_on", _("Say on which day it was received."))
        supervisor = access.may(self.by, "ticket.supervise")
        try:
            deadlines.check_entry(in_force.policy(), received_on, at=at, by_supervisor=supervisor)
        except deadlines.BadEntry as bad:
            raise Invalid("received_on", bad.message) from bad

    def _route(self) -> Unit:
        """Rule 12, and the way round a head who is complained of."""
        tree = in_force.units()
        wanted = self.kind.route_id if self.kind.fixed_route or self.wanted is None else self.wanted.pk
        if wanted is not None and self._against_head_of(wanted):
            wanted = None
        if self.about_own_head:
            self.restricted, wanted = True, None
        unit_id = wanted or tree.supervising
        if unit_id is not None and unit_id == tree.supervising and self._against_head_of(unit_id):
            unit_id = tree.superiors.get(unit_id) or unit_id
        if unit_id is None:
            raise Invalid("responsible", _("Say which unit it goes to."))
        return tree.by_id[unit_id]

    @property
    def protected(self) -> bool:
        return self.restricted or self.shielded

    @property
    def about_own_head(self) -> bool:
        """About who would have to approve it: never shown to him."""
        accused = self.accused
        return bool(accused and accused.leads and accused.unit_id == self.from_unit and self.protected)

    def _against_head_of(self, unit_id: int) -> bool:
        return bool(self.accused and self.accused.leads and self.accused.unit_id == unit_id and self.protected)

    def values(self) -> dict[str, object]:
        complained = self.complained_unit or (self.about.responsible if self.about else None)
        return {
            "asker_id": self.from_unit, "entered_by": self.by if self.entered else None, "responsible": self.responsible,
            "restricted": self.restricted, "shielded": self.shielded, "accused": self.accused,
            "complained_unit": complained, "about": self.about,
        }  # fmt: skip

    @property
    def needs_approval(self) -> bool:
        """Per unit (000 5.10); what came in from outside, and a protected complaint about the own head, is not approved."""
        if self.entered or self.about_own_head:
            return False
        unit = in_force.units().by_id[self.from_unit]
        return unit.heads_need_approval if self.by.leads else unit.members_need_approval


def _send(
    ticket: Ticket,
    filing: _Filing,
    *,
    files: Sequence[StoredFile],
    named: Iterable[User],
    received_on: date | None,
    at: datetime,
) -> None:
    approving = _approvers(ticket, filing.by, at) if filing.needs_approval else []
    ticket.state = Ticket.State.PENDING if approving else Ticket.State.OPEN
    if not approving:
        ticket.reached_at, ticket.anchor = at, received_on or deadlines.anchor_of(at)
    matter = base.Matter(ticket, "file", filing.by, at, in_force.policy(), [], (ticket.state, ticket.round))
    if not approving:
        ticket.due_at, ticket.due_kind = _reply_due(matter).at, Obligation.Kind.REPLY
    ticket.number = numbers.next_number(local_date(at))
    ticket.save(force_insert=True)
    matter.write(Entry.Kind.FILED, files=files, data=_filed_data(ticket, received_on))
    figures.count_filing(at)
    _name(matter, named, approving)
    names = in_force.units().by_id
    figures.index(ticket, names[ticket.asker_id].name, ticket.responsible.name)
    if approving:
        matter.tell("to_approve", people=approving)
    else:
        reach(matter)
    matter.facts |= {"severity": ticket.severity, "kind": ticket.kind.code, "responsible": ticket.responsible_id}
    matter.finish()


def _filed_data(ticket: Ticket, received_on: date | None) -> dict[str, str | int]:
    data: dict[str, str | int] = {"responsible": ticket.responsible_id, "severity": ticket.severity}
    if received_on:
        data |= {"means": ticket.means, "received_on": received_on.isoformat()}
    return data


def _approvers(ticket: Ticket, filer: User, at: datetime) -> list[int]:
    found = in_force.organisation(at, [ticket.asker_id])
    return [pk for pk in notify.approvers(found, ticket.asker_id, filer) if pk != ticket.accused_id]


def _name(matter: base.Matter, named: Iterable[User], approving: Sequence[int]) -> None:
    """Who may see a ticket kept to named people: those named, who approves, and who answers for the responsible unit. A superior
    who approves what another unit sends needs it of any ticket."""
    ticket = matter.ticket
    chosen = list(dict.fromkeys(user.pk for user in named))
    seeing = dict.fromkeys(chosen)
    if ticket.restricted:
        seeing |= dict.fromkeys([*approving, *_answering(ticket, matter.at)])
    elif approving:
        units = dict(User.objects.filter(pk__in=approving).exclude(unit=ticket.asker_id).values_list("pk", "unit"))
        seeing |= dict.fromkeys(pk for pk in approving if pk in units)
    seeing = {pk: None for pk in seeing if pk not in (ticket.accused_id, ticket.filed_by_id)}
    if seeing:
        Share.objects.bulk_create(Share(ticket=ticket, user_id=pk, by=None, at=matter.at) for pk in seeing)
    if told := [pk for pk in chosen if pk in seeing]:
        matter.tell("named", people=told)


def _answering(ticket: Ticket, at: datetime) -> list[int]:
    """The head of the responsible unit, or who stands in for him."""
    found = in_force.organisation(at, [ticket.responsible_id])
    return list(found.org.recipients((Target.HEAD,), notify.case_of(ticket)).people)


def reach(matter: base.Matter) -> None:
    """It is with the responsible unit now: its reply clock runs from the anchor (rules 1–4)."""
    ticket = matter.ticket
    duty = matter.owe(Obligation.Kind.REPLY, _reply_due(matter))
    matter.refresh_due()
    matter.facts |= {"due": duty.due_at.isoformat()}
    matter.counts.add(ticket.asker_id, matter.today, asked=1)
    matter.counts.add(ticket.responsible_id, matter.today, received=1)
    told = [Target.ASSIGNEE, Target.HEAD] if ticket.severity == Severity.MAJOR else [Target.ASSIGNEE]
    matter.tell("reached", *told)
    if ticket.entered_by_id and ticket.entered_by and ticket.entered_by.unit_id != ticket.asker_id:
        matter.tell("entered_for_you", Target.ASKER, means=ticket.means)


def _reply_due(matter: base.Matter) -> deadlines.Due:
    ticket = matter.ticket
    entered_at = matter.at if ticket.entered_by_id else None
    anchor = ticket.anchor or matter.today
    return deadlines.reply_due(matter.policy, matter.calendar, anchor, ticket.severity, entered_at=entered_at)


# ── in the filer's own unit ─────────────────────────────────────────────────────────────────────


def approve(ticket: Ticket, *, by: User, text: str = "", at: datetime | None = None) -> Ticket:
    """The head of the filer's unit lets it go; today is the day that counts (rule 1)."""
    text = base.words("text", text, needed=False)
    with base.handling("approve", ticket, by=by, at=at) as matter:
        matter.set(approved_by=by, reached_at=matter.at, anchor=deadlines.anchor_of(matter.at), state=Ticket.State.OPEN)
        matter.write(Entry.Kind.APPROVED, text, side=Entry.Side.ALL if not text else Entry.Side.ASKER)
        reach(matter)
        matter.tell("approved", people=[matter.ticket.filed_by_id])
    return matter.ticket


def send_back(ticket: Ticket, *, by: User, text: str, at: datetime | None = None) -> Ticket:
    """The head of the filer's unit wants it corrected; the filer may send it again or withdraw it."""
    text = base.words("text", text)
    with base.handling("send_back", ticket, by=by, at=at) as matter:
        matter.write(Entry.Kind.RETURNED, text, side=Entry.Side.ASKER)
        matter.tell("returned", people=[matter.ticket.filed_by_id], text=text)
    return matter.ticket


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
    """The filer sends it corrected; it waits for the head again. Only the words of last change what is owed: nothing was yet."""
    title, body = base.words("title", title, most=100, line=True), base.words("body", body)
    if severity is not None and severity not in Severity.values:
        raise Invalid("severity", _("There is no such severity."))
    with base.handling("resend", ticket, by=by, at=at) as matter:
        before = {"title": matter.ticket.title, "body": matter.ticket.body}
        matter.set(title=title, body=body, severity=severity or matter.ticket.severity, state=Ticket.State.PENDING)
        matter.write(Entry.Kind.RESENT, files=files, data={"before": before}, side=Entry.Side.ASKER)
        names = in_force.units().by_id
        figures.index(matter.ticket, names[ticket.asker_id].name, matter.ticket.responsible.name)
        matter.tell("to_approve", people=_approvers(matter.ticket, by, matter.at))
    return matter.ticket
