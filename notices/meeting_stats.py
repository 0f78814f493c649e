"""What meetings come to, for 企发部 and the scorecards: held, attended, minutes in time, actions in time. A statement each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Q

from channelportal.lib.workdays import SHANGHAI
from notices.models import Action, Invitation, Meeting, Minutes


@dataclass(frozen=True, slots=True)
class Figures:
    """Of meetings that began, and actions that were due, between two days, both included."""

    held: int
    cancelled: int
    invited: int
    present: int
    """Himself or his deputy, of those of whom it was recorded or who did not come."""
    minutes_sent: int
    actions: int
    actions_in_time: int

    @property
    def attendance(self) -> float | None:
        """0…1; None: nobody was invited."""
        return self.present / self.invited if self.invited else None

    @property
    def kept(self) -> float | None:
        """Actions done in time, 0…1; None: none was due."""
        return self.actions_in_time / self.actions if self.actions else None


def figures(first: date, last: date, *, unit: int | None = None, of: int | None = None) -> Figures:
    """`unit`: of the meetings that this unit called; `of`: of the invitations and actions of this unit's people. None: all."""
    began, ended = _moments(first, last)
    inside = Q(starts_at__gte=began, starts_at__lt=ended)
    meetings = Meeting.objects.filter(inside, **({"unit": unit} if unit else {}))
    counts = meetings.aggregate(
        held=Count("pk", filter=Q(state=Meeting.State.HELD)),
        cancelled=Count("pk", filter=Q(state=Meeting.State.CANCELLED, invited_at__isnull=False)),
        minutes_sent=Count("pk", filter=Q(record__state=Minutes.State.SENT)),
    )
    return Figures(**counts, **_attendance(meetings, of), **_actions(began, ended, unit, of))


def _attendance(meetings: Any, of: int | None) -> dict[str, int]:
    rows = Invitation.objects.filter(
        meeting__in=meetings.filter(state=Meeting.State.HELD), dropped_at=None, required=True
    )
    if of:
        rows = rows.filter(unit=of)
    there = Q(attendance__in=[Invitation.Attendance.PRESENT, Invitation.Attendance.DEPUTY])
    return rows.aggregate(invited=Count("pk"), present=Count("pk", filter=there))


def _actions(began: datetime, ended: datetime, unit: int | None, of: int | None) -> dict[str, int]:
    rows = Action.objects.in_force().exclude(state=Action.State.DROPPED).filter(due_at__gte=began, due_at__lt=ended)
    if unit:
        rows = rows.filter(meeting__unit=unit)
    if of:
        rows = rows.filter(unit=of)
    in_time = Q(state=Action.State.DONE, missed_at=None, done_at__lte=F("due_at"))
    return rows.aggregate(actions=Count("pk"), actions_in_time=Count("pk", filter=in_time))


def _moments(first: date, last: date) -> tuple[datetime, datetime]:
    return (
        datetime.combine(first, time(0), SHANGHAI),
        datetime.combine(last + timedelta(days=1), time(0), SHANGHAI),
    )
