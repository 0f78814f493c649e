"""What waits for a person among the meetings: rows for the desk, and how many there are for the navigation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.access import scope
from accounts.models import User
from channelportal.core import calendar
from channelportal.lib.workdays import WorkCalendar
from notices import meeting_hours, meeting_times
from notices.desk import Waiting, tone
from notices.models import Action, Invitation, Meeting, Minutes

MOST: Final = 50  # rows of each sort


# ── the conditions ──────────────────────────────────────────────────────────────────────────────


def to_approve(user: User) -> QuerySet[Meeting]:
    """Calls of his unit that he decides; never his own (000 5.10)."""
    pending = Meeting.objects.filter(state=Meeting.State.PENDING, unit=user.unit_id).exclude(called_by=user)
    if scope(user).may("meeting.approve", user.unit_id):
        return pending
    return pending.filter(called_by__role=User.Role.HEAD) if user.leads else pending.none()


def to_answer(user: User, at: datetime) -> QuerySet[Invitation]:
    """Invitations without an answer to meetings that have not begun."""
    asked = Invitation.objects.standing().of(user).filter(user=user, reply=Invitation.Reply.NONE)
    return asked.filter(meeting__state=Meeting.State.CALLED, meeting__starts_at__gt=at)


def to_record(user: User, at: datetime) -> QuerySet[Meeting]:
    """Over, and nobody said whether it took place."""
    return _kept_by(user).filter(state=Meeting.State.CALLED, ends_at__lte=at)


def to_write(user: User) -> QuerySet[Meeting]:
    """Held, and the minutes are not with the chair."""
    written = Q(record=None) | Q(record__state__in=[Minutes.State.DRAFT, Minutes.State.RETURNED])
    return _kept_by(user).filter(written, state=Meeting.State.HELD)


def minutes_to_approve(user: User) -> QuerySet[Meeting]:
    return Meeting.objects.filter(chair=user, state=Meeting.State.HELD, record__state=Minutes.State.PENDING)


def actions(user: User) -> QuerySet[Action]:
    """What he owes."""
    return Action.objects.open().filter(owner=user)


def given_back(user: User) -> QuerySet[Meeting]:
    """Drafts that the head returned with a remark."""
    return Meeting.objects.filter(called_by=user, state=Meeting.State.DRAFT).exclude(answer_text="")


def today(user: User, at: datetime) -> QuerySet[Meeting]:
    """Meetings of today that are not over and to which he comes, himself or for somebody."""
    end = localtime(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    mine = Q(user=user, reply__in=[Invitation.Reply.NONE, Invitation.Reply.ATTEND]) | Q(deputy=user)
    coming = Invitation.objects.standing().of(user).filter(mine).values("meeting")
    return Meeting.objects.filter(state=Meeting.State.CALLED, pk__in=coming, starts_at__lt=end, ends_at__gt=at)


def _kept_by(user: User) -> QuerySet[Meeting]:
    """He keeps the minutes: named for it, or he called it and named nobody; another's where he chairs."""
    return Meeting.objects.filter(Q(recorder=user) | Q(recorder=None, called_by=user))


# ── the rows ────────────────────────────────────────────────────────────────────────────────────


def waiting(user: User, at: datetime) -> list[Waiting]:
    """Everything of meetings that waits for this person. Eight queries, whatever there is."""
    if user.unit_id is None:
        return []
    return [*_meetings(user, at), *_invitations(user, at), *_records(user, at), *_actions(user, at)]


def counted(user: User, at: datetime) -> int:
    """How many of them ask for a deed: the number beside "Meetings" in the navigation."""
    if user.unit_id is None:
        return 0
    parts: tuple[QuerySet[Meeting] | QuerySet[Invitation] | QuerySet[Action], ...] = (
        to_approve(user), given_back(user), to_answer(user, at), to_record(user, at), to_write(user),
        minutes_to_approve(user), actions(user),
    )  # fmt: skip
    return sum(part.count() for part in parts)


def _meetings(user: User, at: datetime) -> Iterator[Waiting]:
    for meeting in _shown(to_approve(user)):
        yield _row(meeting, at, _("Approve the call"), due_at=meeting.starts_at, shade="hand")
    for meeting in _shown(given_back(user)):
        yield _row(meeting, at, _("Correct and send again"), due_at=meeting.starts_at, shade="hand")
    for meeting in _shown(today(user, at)):
        yield _row(meeting, at, _when(meeting, at), due_at=meeting.starts_at, shade="due")


def _when(meeting: Meeting, at: datetime) -> str:
    if meeting.starts_at <= at:
        return _("Meeting now")
    return _("Meeting today at %(time)s") % {"time": f"{localtime(meeting.starts_at):%H:%M}"}


def _invitations(user: User, at: datetime) -> Iterator[Waiting]:
    asked = to_answer(user, at).select_related("meeting__kind", "meeting__unit").order_by("meeting__starts_at")
    for one in asked[:MOST]:
        urgent = one.meeting.kind.any_time
        yield _row(one.meeting, at, _("Answer the invitation"), due_at=one.meeting.answer_by, urgent=urgent)


def _records(user: User, at: datetime) -> Iterator[Waiting]:
    days = calendar.current()
    for meeting in _shown(to_record(user, at)):
        yield _row(meeting, at, _("Record who was there"), due_at=_minutes_due(meeting, days))
    for meeting in _shown(to_write(user)):
        yield _row(meeting, at, _("Write the minutes"), due_at=_minutes_due(meeting, days))
    for meeting in _shown(minutes_to_approve(user)):
        yield _row(meeting, at, _("Approve the minutes"), due_at=_minutes_due(meeting, days))


def _minutes_due(meeting: Meeting, days: WorkCalendar) -> datetime:
    return meeting_times.minutes_due(meeting.ends_at, meeting.kind.minutes_days, days, meeting_hours.in_force())


def _actions(user: User, at: datetime) -> Iterator[Waiting]:
    for action in actions(user).select_related("meeting__unit").order_by("due_at")[:MOST]:
        yield Waiting(
            url=_action_url(action), title=action.task, about=str(action.meeting), who=action.meeting.unit.name,
            todo=_("Do and report"), due_at=action.due_at, tone=tone(action.due_at, at),
        )  # fmt: skip


def _action_url(action: Action) -> str:
    return f"{reverse('meeting', args=[action.meeting_id])}#action-{action.pk}"


def _shown(rows: QuerySet[Meeting]) -> QuerySet[Meeting]:
    return rows.select_related("kind", "unit").order_by("starts_at")[:MOST]


def _row(
    meeting: Meeting, at: datetime, todo: str, *, due_at: datetime | None, shade: str = "", urgent: bool = False
) -> Waiting:
    return Waiting(
        url=meeting.get_absolute_url(), title=meeting.title, about=f"{meeting.number} · {meeting.kind}", who=meeting.unit.name,
        todo=todo, due_at=due_at, tone=shade or tone(due_at, at), urgent=urgent,
    )  # fmt: skip
