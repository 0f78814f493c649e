"""Who may do what with a meeting: role, unit and part in it; and what is possible in which state.

possible(meeting, user, at)   verbs that are possible now, for the page of the meeting
require(verb, meeting, user)  raises accounts.access.Refused(reason): the part, not the state
check(verb, meeting, at)      raises WrongState: the state, not the part
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from accounts.access import Refused, scope
from accounts.models import User
from channelportal.core import clock
from channelportal.core.errors import WrongState
from notices.models import Action, Invitation, Meeting, Minutes
from notices.models.meetings import InvitationQuerySet

DRAFT, PENDING, CALLED = Meeting.State.DRAFT, Meeting.State.PENDING, Meeting.State.CALLED
HELD, CANCELLED = Meeting.State.HELD, Meeting.State.CANCELLED

MOVES: Final[dict[str, frozenset[str]]] = {
    "edit": frozenset({DRAFT}),
    "send": frozenset({DRAFT}),
    "recall": frozenset({PENDING}),
    "approve": frozenset({PENDING}),
    "give_back": frozenset({PENDING}),
    "change": frozenset({CALLED}),
    "cancel": frozenset({DRAFT, PENDING, CALLED}),
    "invite_more": frozenset({CALLED}),
    "drop_invitee": frozenset({CALLED}),
    "appoint": frozenset({CALLED, HELD}),
    "reply": frozenset({CALLED}),
    "record_attendance": frozenset({CALLED, HELD}),
    "hold": frozenset({CALLED}),
    "write_minutes": frozenset({HELD}),
    "submit_minutes": frozenset({HELD}),
    "return_minutes": frozenset({HELD}),
    "approve_minutes": frozenset({HELD}),
}
"""A verb not named for a meeting's state raises `WrongState`. Actions have states of their own (`ACTION_MOVES`)."""

ONCE_BEGUN: Final = frozenset({"record_attendance", "hold"})
"""Possible from the moment it begins."""
SHUT: Final = frozenset(
    {"write_minutes", "submit_minutes", "return_minutes", "approve_minutes", "record_attendance", "appoint"}
)
"""Not possible any more once the minutes are sent."""
WRITABLE: Final = frozenset({Minutes.State.DRAFT, Minutes.State.RETURNED})


@dataclass
class Part:
    """A person's part in a meeting."""

    meeting: Meeting
    user: User

    @property
    def called(self) -> bool:
        return self.user.pk == self.meeting.called_by_id and self.user.unit_id == self.meeting.unit_id

    @property
    def organises(self) -> bool:
        """Who called it, and the officers and heads of his unit."""
        return self.called or scope(self.user).may("meeting.call", self.meeting.unit_id)

    @property
    def heads(self) -> bool:
        """May decide what this unit calls; never what he called himself (000 5.10)."""
        if self.called_it:
            return False
        if self.meeting.called_by.role == User.Role.HEAD and self.user.leads:
            return self.user.unit_id == self.meeting.unit_id  # a head's own: another head, or a deputy
        return scope(self.user).may("meeting.approve", self.meeting.unit_id)

    @property
    def called_it(self) -> bool:
        return self.user.pk == self.meeting.called_by_id

    @property
    def chairs(self) -> bool:
        return self.user.pk == self.meeting.chair_id

    @property
    def records(self) -> bool:
        """Keeps the minutes: the recorder, or who called it where none was named; never the chair, who approves them."""
        return not self.chairs and self.user.pk == (self.meeting.recorder_id or self.meeting.called_by_id)

    @property
    def notes(self) -> bool:
        return self.organises or self.records or self.chairs

    @property
    def writes(self) -> bool:
        return not self.chairs and (self.records or self.organises)

    @cached_property
    def invitation(self) -> Invitation | None:
        return Invitation.objects.standing().of(self.user).filter(meeting=self.meeting, user=self.user).first()


_ORGANISERS: Final = _("Only who called the meeting, and officers and heads of that unit, may do this.")
_CHAIR: Final = _("Only the chair may do this.")
_WRITERS: Final = _("The minutes are kept by the recorder or the unit that called the meeting, not by the chair.")
_WHO: Final[dict[str, tuple[Callable[[Part], Any], Any]]] = {
    "approve": (lambda part: part.heads, _("Only the head of the unit approves the meeting, and nobody his own.")),
    "give_back": (lambda part: part.heads, _("Only the head of the unit approves the meeting, and nobody his own.")),
    "reply": (lambda part: part.invitation, _("You are not invited to this meeting.")),
    "record_attendance": (
        lambda part: part.notes,
        _("Only the organisers, the recorder and the chair record who was there."),
    ),
    "hold": (lambda part: part.notes, _("Only the organisers, the recorder and the chair record who was there.")),
    "write_minutes": (lambda part: part.writes, _WRITERS),
    "submit_minutes": (lambda part: part.writes, _WRITERS),
    "return_minutes": (lambda part: part.chairs, _CHAIR),
    "approve_minutes": (lambda part: part.chairs, _CHAIR),
}


def require(verb: str, meeting: Meeting, user: User) -> None:
    holds, reason = _WHO.get(verb, (lambda part: part.organises, _ORGANISERS))
    if not user.is_active or not holds(Part(meeting, user)):
        raise Refused(reason)


def check(verb: str, meeting: Meeting, at: datetime) -> None:
    if meeting.state not in MOVES[verb]:
        raise WrongState(_("The meeting is no longer in a state in which this is possible. Please look at it again."))
    if verb in ONCE_BEGUN and at < meeting.starts_at:
        raise WrongState(_("The meeting has not begun yet."))
    if verb == "reply" and at >= meeting.ends_at:
        raise WrongState(_("The meeting is over."))


def possible(meeting: Meeting, user: User, at: datetime | None = None) -> set[str]:
    """The verbs of `MOVES` that this person may do with this meeting now. At most three queries."""
    moment, part = at or clock.now(), Part(meeting, user)
    found = {verb for verb in MOVES if _is_possible(verb, meeting, user, moment, part)}
    if found & SHUT:
        found -= _not_with(Minutes.objects.filter(meeting=meeting).values_list("state", flat=True).first())
    return found


def _is_possible(verb: str, meeting: Meeting, user: User, at: datetime, part: Part) -> bool:
    holds, _reason = _WHO.get(verb, (lambda part: part.organises, _ORGANISERS))
    try:
        check(verb, meeting, at)
    except WrongState:
        return False
    return bool(user.is_active and holds(part))


def _not_with(record: str | None) -> set[str]:
    """What the state of the minutes (None: not begun) rules out."""
    if record is None:
        return {"submit_minutes", "return_minutes", "approve_minutes"}
    if record in WRITABLE:
        return {"return_minutes", "approve_minutes"}
    if record == Minutes.State.PENDING:
        return {"write_minutes", "submit_minutes"}
    return set(SHUT)


def reads_minutes(meeting: Meeting, record: Minutes, user: User) -> bool:
    """Once sent all who were invited, the unit and 企发部; before that those who write and approve them."""
    part = Part(meeting, user)
    if record.state != Minutes.State.SENT:
        return part.writes or part.chairs
    if part.notes or supervises(meeting, user):
        return True
    invited = Invitation.objects.standing().of(user).filter(meeting=meeting)
    return readers(record, invited).exists()


def readers(record: Minutes, invited: InvitationQuerySet) -> InvitationQuerySet:
    """Those of them for whom the minutes are: all, or who was there."""
    if record.readers == Minutes.Readers.INVITED:
        return invited
    return invited.filter(attendance__in=[Invitation.Attendance.PRESENT, Invitation.Attendance.DEPUTY])


def supervises(meeting: Meeting, user: User) -> bool:
    """企发部 sees what is called; of a confidential meeting its head alone."""
    who = scope(user)
    return who.may("notice.supervise") and (not meeting.confidential or who.heads_supervisors)


def reads_minutes_of(meeting_id: int, user: User) -> bool:
    """The same of a meeting that he may not even see."""
    seen = Meeting.objects.visible_to(user).select_related("called_by").filter(pk=meeting_id).first()
    record = Minutes.objects.filter(meeting=meeting_id).first()
    return bool(seen and record and reads_minutes(seen, record, user))


# ── actions ─────────────────────────────────────────────────────────────────────────────────────


def possible_with(action: Action, user: User) -> set[str]:
    """Of `finish_action` (owner or his head), `move_action` and `drop_action` (the chair), those possible now.
    `action.meeting` is read."""
    if action.state != Action.State.OPEN or not user.is_active:
        return set()
    found = {"finish_action"} if _owns(action, user) else set()
    return found | ({"move_action", "drop_action"} if user.pk == action.meeting.chair_id else set())


def require_action(verb: str, action: Action, user: User) -> None:
    if verb == "finish_action" and not (user.is_active and _owns(action, user)):
        raise Refused(_("Only the owner and the head of the owner's unit report an action as done."))
    if verb != "finish_action" and not (user.is_active and user.pk == action.meeting.chair_id):
        raise Refused(_CHAIR)


def _owns(action: Action, user: User) -> bool:
    if user.pk == action.owner_id:
        return True
    return not action.meeting.confidential and scope(user).may("meeting.approve", action.unit_id)
