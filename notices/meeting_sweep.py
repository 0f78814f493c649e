"""What comes with time: reminders to answer and to come, attendance and minutes that are missing, actions due and late.

    sweep(at) -> {"answers": 3, …}        every minute; what was found, by name

Each row is claimed by a conditional update in the transaction that writes its messages, so that two sweeps, or one that died in
the middle, tell nobody twice and miss nobody. With nothing due it costs one statement for each sort.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import User
from channelportal.core import audit, calendar, clock, heartbeat, stamps
from channelportal.lib.workdays import SHANGHAI, WorkCalendar, local_date
from notices import frequency_watch, meeting_hours, meeting_notify, meeting_times
from notices.models import Action, Invitation, Meeting, Minutes

log = logging.getLogger(__name__)

BATCH: Final = 200
FAR: Final = timedelta(days=30)  # no gap between two working days is longer
LADDER: Final = ((1, 0), (2, 2))
"""Of a late action: level and working days after it was due. 1: owner and his head, 2: the superior."""
ASKED: Final = ((1, 0), (2, meeting_times.WRITE_DAYS))
"""Of missing minutes: how often told, and working days after they were due. 1: the recorder, 2: the chair and the head."""


def sweep(at: datetime | None = None) -> dict[str, int]:
    """Everything that has come by `at` (now). What fails is logged and left for the next round; the others go on."""
    stamps.forget()  # a job's process may have slept: rules and calendar as they are now
    moment = at or clock.now()
    steps: dict[str, Callable[[datetime], int]] = {
        "answers": remind_to_answer,
        "reminders": remind_to_come,
        "to_record": ask_to_record,
        "minutes": chase_minutes,
        "actions_due": remind_of_actions,
        "actions_late": tell_late_actions,
        "frequency": frequency_watch.watch,
    }
    found = {name: _guarded(name, step, moment) for name, step in steps.items()}
    done = {name: count for name, count in found.items() if count}
    heartbeat.beat("meetings", clock.now(), done)
    return done


def _guarded(name: str, step: Callable[[datetime], int], at: datetime) -> int:
    try:
        return step(at)
    except Exception:  # one sort must not stop the others
        log.exception("the sweep of meetings failed at %s", name)
        return 0


def _each(rows: QuerySet[Any], deed: Callable[[Any], bool]) -> int:
    """`deed` for each in a transaction of its own; how many it did."""
    done = 0
    for row in rows[:BATCH]:
        with transaction.atomic():
            done += deed(row)
    return done


def _meetings(*conditions: Q, **values: Any) -> QuerySet[Meeting]:
    rows = Meeting.objects.filter(*conditions, **values).select_related(
        "kind", "unit", "chair", "called_by", "recorder"
    )
    return rows.order_by("starts_at", "pk")


# ── before ──────────────────────────────────────────────────────────────────────────────────────


def remind_to_answer(at: datetime) -> int:
    """Who has not answered, from 09:00 of the working day before the answer is due. Who was invited after that is not."""
    days = calendar.current()
    asked = Invitation.objects.filter(reply=Invitation.Reply.NONE, dropped_at=None, reminded_at=None)
    soon = Q(answer_by__gt=at, answer_by__lt=at + FAR, invited_at__lt=_today_at(at))
    rows = _meetings(soon, state=Meeting.State.CALLED, pk__in=asked.values("meeting"))
    return _each(rows, lambda meeting: _remind_to_answer(meeting, at, days))


def _today_at(at: datetime) -> datetime:
    """09:00 of this day; nothing is reminded of before."""
    local = at.astimezone(SHANGHAI)
    return datetime.combine(local.date(), meeting_times.REMINDED_AT, SHANGHAI)


def _remind_to_answer(meeting: Meeting, at: datetime, days: WorkCalendar) -> bool:
    begins = meeting_times.answer_reminder_from(meeting.answer_by or meeting.starts_at, days)
    if at < begins:
        return False
    waiting = Invitation.objects.filter(meeting=meeting, reply=Invitation.Reply.NONE, dropped_at=None, reminded_at=None)
    rows = list(waiting.select_for_update(of=("self",)).select_related("user"))
    claimed = waiting.filter(pk__in=[row.pk for row in rows]).update(reminded_at=at)
    if claimed != len(rows) or (meeting.invited_at and meeting.invited_at > begins):  # they were told a moment ago
        return False
    meeting_notify.tell(meeting, "answer_reminder", [row.user for row in rows], at=at, mark=str(meeting.sequence))
    return bool(rows)


def remind_to_come(at: datetime) -> int:
    """Who comes, at 09:00 of the working day before."""
    days = calendar.current()
    rows = _meetings(Q(starts_at__gt=at, starts_at__lt=at + FAR), state=Meeting.State.CALLED, reminded_at=None)
    return _each(rows, lambda meeting: _remind_to_come(meeting, at, days))


def _remind_to_come(meeting: Meeting, at: datetime, days: WorkCalendar) -> bool:
    begins = meeting_times.remind_from(meeting.starts_at, days)
    if at < begins or not _claim(meeting, reminded_at=at):
        return False
    if meeting.invited_at and meeting.invited_at > begins:  # they were told a moment ago
        return False
    meeting_notify.tell(meeting, "attend_reminder", meeting_notify.coming(meeting), at=at, mark=str(meeting.sequence))
    return True


def _claim(meeting: Meeting, **values: Any) -> bool:
    """Whether this sweep is the one that does it: the columns were null, and nobody moved or ended the meeting."""
    still = {f"{name}__isnull": True for name in values}
    same = {"pk": meeting.pk, "state": meeting.state, "sequence": meeting.sequence}
    return bool(Meeting.objects.filter(**same, **still).update(**values))


# ── after ───────────────────────────────────────────────────────────────────────────────────────


def ask_to_record(at: datetime) -> int:
    """It is over: the recorder says who was there."""
    rows = _meetings(state=Meeting.State.CALLED, ends_at__lte=at, record_asked_at=None)
    return _each(rows, lambda meeting: _ask_to_record(meeting, at))


def _ask_to_record(meeting: Meeting, at: datetime) -> bool:
    if not _claim(meeting, record_asked_at=at):
        return False
    recorder = meeting.recorder or meeting.called_by
    meeting_notify.tell(meeting, "to_record", {recorder, meeting.called_by}, at=at, mark=str(meeting.sequence))
    return True


def chase_minutes(at: datetime) -> int:
    """Minutes that are not sent when they are due: the recorder (the chair, where they wait for him), then chair and head."""
    days = calendar.current()
    missing = ~Q(record__state=Minutes.State.SENT) | Q(record=None)
    over = Q(state__in=[Meeting.State.CALLED, Meeting.State.HELD], ends_at__lt=at, minutes_told__lt=len(ASKED))
    return _each(_meetings(missing, over), lambda meeting: _chase_minutes(meeting, at, days))


def _chase_minutes(meeting: Meeting, at: datetime, days: WorkCalendar) -> bool:
    hours = meeting_hours.in_force()
    due = meeting_times.minutes_due(meeting.ends_at, meeting.kind.minutes_days, days, hours)
    level = _level(ASKED, due, at, days)
    if level <= meeting.minutes_told:
        return False
    same = Meeting.objects.filter(pk=meeting.pk, state=meeting.state, minutes_told=meeting.minutes_told)
    if not same.update(minutes_told=level):
        return False
    recorder = meeting.recorder or meeting.called_by
    waits = Minutes.objects.filter(meeting=meeting, state=Minutes.State.PENDING).exists()
    people = [meeting.chair] if waits else [recorder]
    if level > 1:
        people += [meeting.chair, *meeting_notify.heads(meeting.unit, at)]
    event = "minutes_due" if level == 1 else "minutes_late"
    meeting_notify.tell(meeting, event, people, at=at, mark=str(level), data={"due": due.isoformat()})
    return True


def _level(steps: Iterable[tuple[int, int]], due: datetime, at: datetime, days: WorkCalendar) -> int:
    """The highest level whose moment has passed; 0: not due yet. Each is so many working days after the due day, at its hour."""
    local = due.astimezone(SHANGHAI)
    moments = ((level, datetime.combine(days.shift(local.date(), n), local.time(), SHANGHAI)) for level, n in steps)
    return max((level for level, moment in moments if at > moment), default=0)


# ── actions ─────────────────────────────────────────────────────────────────────────────────────


def remind_of_actions(at: datetime) -> int:
    """On the day an action is due, at 09:00."""
    if at < _today_at(at):
        return 0
    end = _today_at(at).replace(hour=0) + timedelta(days=1)
    rows = _open_actions().filter(due_at__gte=at, due_at__lt=end, reminded_at=None)
    return _each(rows, lambda action: _remind_of(action, at))


def _open_actions() -> QuerySet[Action]:
    related = ("meeting__kind", "meeting__unit", "meeting__chair", "meeting__called_by", "owner", "unit")
    return Action.objects.open().select_related(*related).order_by("due_at", "pk")


def _remind_of(action: Action, at: datetime) -> bool:
    if not _claim_action(action, reminded_at=at):
        return False
    _tell(action, "action_due", [action.owner], at)
    return True


def tell_late_actions(at: datetime) -> int:
    """What is late: at the due moment owner and head, two working days later the superior."""
    days = calendar.current()
    level, after = LADDER[-1]
    long_ago = datetime.combine(days.shift(local_date(at), -after) + timedelta(days=1), time(0), SHANGHAI)
    rows = _open_actions().filter(Q(level=0, due_at__lt=at) | Q(level__lt=level, due_at__lt=long_ago))
    return _each(rows, lambda action: _tell_late(action, at, days))


def _tell_late(action: Action, at: datetime, days: WorkCalendar) -> bool:
    level = _level(LADDER, action.due_at, at, days)
    if level <= action.level:
        return False
    missed = action.missed_at or action.due_at
    if not _claim_action(action, level=level, missed_at=missed):
        return False
    heads = meeting_notify.heads(action.unit, at, but=action.owner_id)
    _tell(action, "action_late", [action.owner], at)
    _tell(action, "action_late", heads, at)
    if level > 1:
        _tell(action, "action_late_above", meeting_notify.above(action.unit, at, but=action.owner_id), at)
    data: dict[str, Any] = {"action": action.pk, "level": level, "due": action.due_at.isoformat()}
    if not action.meeting.confidential:
        data["task"] = action.task
    audit.record("meeting.action_late", action.meeting, data=data, at=at)
    return True


def _claim_action(action: Action, **values: Any) -> bool:
    """Whether this sweep is the one that does it: as it was read, still open."""
    same = {"pk": action.pk, "due_at": action.due_at, "level": action.level, "reminded_at": action.reminded_at}
    return bool(Action.objects.open().filter(**same).update(**values))


def _tell(action: Action, event: str, people: list[User], at: datetime) -> None:
    mark = f"{action.pk}:{local_date(action.due_at)}"
    data = meeting_notify.action_facts(action)
    outside = action.meeting.confidential and action.owner not in people  # his heads do not see a confidential meeting
    url = reverse("meetings") if outside else ""
    meeting_notify.tell(action.meeting, event, people, at=at, mark=mark, data=data, url=url)
