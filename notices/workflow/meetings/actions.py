"""What a meeting decided that somebody does: done by the owner, moved or dropped by the chair."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import audit, clock
from channelportal.core.errors import Invalid, WrongState
from notices import meeting_notify, meeting_rights
from notices.models import Action
from notices.workflow.meetings import base, minutes


@dataclass
class _Matter:
    action: Action
    by: User
    at: datetime
    facts: dict[str, Any] = field(default_factory=dict)

    def save(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.action, name, value)
        if not Action.objects.filter(pk=self.action.pk, state=Action.State.OPEN).update(**values):
            raise WrongState(_("This action is done or dropped already."))

    def tell(self, event: str, person: User, **data: Any) -> None:
        meeting_notify.tell(
            self.action.meeting, event, [person], at=self.at, by=self.by, mark=f"{self.action.pk}:{int(self.at.timestamp())}",
            data=meeting_notify.action_facts(self.action) | data,
        )  # fmt: skip


@contextmanager
def _handling(verb: str, action: Action, *, by: User, at: datetime | None) -> Iterator[_Matter]:
    with transaction.atomic():
        rows = Action.objects.select_for_update(of=("self",))
        related = ("meeting__kind", "meeting__unit", "meeting__chair", "meeting__called_by", "owner")
        locked = rows.select_related(*related).get(pk=action.pk)
        meeting_rights.require_action(verb, locked, by)
        if locked.state != Action.State.OPEN:
            raise WrongState(_("This action is done or dropped already."))
        matter = _Matter(locked, by, at or clock.now())
        yield matter
        facts = {"action": locked.pk, "task": locked.task} | matter.facts
        facts = base.trailed(locked.meeting, facts)
        audit.record(f"meeting.{base.TRAIL[verb]}", locked.meeting, by=by, data=facts, at=matter.at)


def finish_action(action: Action, *, by: User, text: str, at: datetime | None = None) -> Action:
    """Done, with what was done; by the owner or the head of his unit. The chair is told. After the due moment it was late,
    whether or not the sweep has seen it."""
    with _handling("finish_action", action, by=by, at=at) as matter:
        done = base.words("text", text, most=500, line=False)
        late = matter.at > matter.action.due_at
        missed = matter.action.missed_at or (matter.action.due_at if late else None)
        matter.save(state=Action.State.DONE, done_at=matter.at, done_text=done, missed_at=missed)
        matter.facts = {"text": done, "late": late}
        matter.tell("action_done", matter.action.meeting.chair, text=done)
    return matter.action


def move_action(action: Action, *, by: User, day: date, reason: str, at: datetime | None = None) -> Action:
    """The chair grants another day; what was missed stays missed, and the reminders begin anew."""
    with _handling("move_action", action, by=by, at=at) as matter:
        why, before = base.reason_of(reason), matter.action.day
        if day == before:
            raise Invalid("day", _("This is the day it has already."))
        sitting = base.Sitting(matter.action.meeting, "move_action", by, matter.at, was=matter.action.meeting.state)
        due = minutes.due_of(sitting, day, field="day")
        matter.save(day=day, due_at=due, moved=matter.action.moved + 1, reminded_at=None, level=0)
        matter.facts = {"from": before.isoformat(), "to": day.isoformat(), "reason": why}
        matter.tell("action_moved", matter.action.owner, before=before.isoformat(), reason=why)
    return matter.action


def drop_action(action: Action, *, by: User, reason: str, at: datetime | None = None) -> Action:
    """The chair drops it."""
    with _handling("drop_action", action, by=by, at=at) as matter:
        why = base.reason_of(reason)
        matter.save(state=Action.State.DROPPED, drop_reason=why)
        matter.facts = {"reason": why}
        matter.tell("action_dropped", matter.action.owner, reason=why)
    return matter.action
