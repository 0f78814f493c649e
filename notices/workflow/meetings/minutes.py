"""The minutes: written by the recorder, approved by the chair, sent to all who were invited; then their actions are in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from accounts.access import scope
from accounts.models import User
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib import rich
from channelportal.lib.workdays import local_date
from notices import meeting_hours, meeting_notify, meeting_times
from notices.meeting_rights import WRITABLE
from notices.models import Action, Invitation, Meeting, Minutes, Picture
from notices.workflow.meetings import base, content, sendings

MOST_ACTIONS: Final = 60
FARTHEST: Final = timedelta(days=400)


class ActionRow(NamedTuple):
    """What somebody does by a working day."""

    task: str
    owner: User
    day: date


def write_minutes(
    meeting: Meeting,
    *,
    by: User,
    body: str,
    actions: Sequence[ActionRow] | None = None,
    readers: str | None = None,
    seen: str | None = None,
    at: datetime | None = None,
) -> Minutes:
    """Write or change the draft; `body` is formatted text, cleaned here. `actions`: all that the minutes propose (None: as they
    are). Owners are people invited, their deputies, or of the unit that called it (of a confidential meeting only its officers
    and heads). `readers`: of `Minutes.Readers` (None: as it is). `seen`: the draft that was gone on from (`draft_seen_of`; None:
    not asked). Invalid names body, actions, readers, or seen where somebody else wrote meanwhile."""
    with base.handling("write_minutes", meeting, by=by, at=at) as sitting:
        body = rich.clean(body)
        if rich.is_empty(body):
            raise Invalid("body", _("This must not be empty."))
        record = _locked(sitting.meeting)
        if record is None:
            record = Minutes(meeting=sitting.meeting)
        elif record.state not in WRITABLE:
            raise WrongState(_("The minutes are with the chair or were sent."))
        elif seen is not None and seen != draft_seen_of(record):
            raise Invalid("seen", _elsewhere(record))
        record.body, record.written_by, record.written_at = body, by, sitting.at
        if readers is not None:
            if readers not in Minutes.Readers.values:
                raise Invalid("readers", _("This choice is not known."))
            record.readers = readers
        record.save()
        Picture.objects.filter(file__in=rich.pictures(body), by=by, notice=None, meeting=None).update(meeting=meeting)
        content.protect(sitting.meeting, by=by, at=sitting.at)
        if actions is not None:
            _propose(sitting, actions)
    return record


def draft_seen_of(record: Minutes | None) -> str:
    """What a page that writes on carries, so that nobody's words are replaced unread."""
    return record.written_at.isoformat() if record else ""


def _elsewhere(record: Minutes) -> Any:
    words = _(
        "%(name)s saved the minutes since you opened this page. Yours stand below, the saved ones beside them. "
        "Take over what is missing and save again: then yours count."
    )
    return words % {"name": record.written_by.name}


def _propose(sitting: base.Sitting, rows: Sequence[ActionRow]) -> None:
    """Proposed ones are replaced: nothing of them is in force yet."""
    if len(rows) > MOST_ACTIONS:
        raise Invalid("actions", _("At most %(count)s items.") % {"count": MOST_ACTIONS})
    allowed = _owners(sitting.meeting)
    new = [_action(sitting, row, allowed) for row in rows]
    Action.objects.filter(meeting=sitting.meeting, state=Action.State.PROPOSED).delete()
    Action.objects.bulk_create(new)
    sitting.facts["actions"] = len(new)


def _action(sitting: base.Sitting, row: ActionRow, allowed: set[int]) -> Action:
    owner = row.owner
    if not owner.is_active or owner.unit_id is None:
        raise Invalid("actions", _("%(name)s is no longer here.") % {"name": owner.name})
    if owner.pk not in allowed and not _near(sitting.meeting, owner):
        raise Invalid("actions", _("%(name)s was not invited: invite him, or name another.") % {"name": owner.name})
    return Action(
        meeting=sitting.meeting, task=base.words("actions", row.task, most=300), owner=owner, unit_id=owner.unit_id, day=row.day,
        due_at=due_of(sitting, row.day, field="actions"),
    )  # fmt: skip


def _near(meeting: Meeting, owner: User) -> bool:
    """Of the unit that called it; of a confidential meeting one there who sees it."""
    if owner.unit_id != meeting.unit_id:
        return False
    return not meeting.confidential or scope(owner).may("meeting.see", meeting.unit_id)


def due_of(sitting: base.Sitting, day: date, *, field: str) -> datetime:
    """Close of business of that day, which is a working day, not over, and not more than 400 days ahead."""
    today = local_date(sitting.at)
    if not today <= day <= today + FARTHEST:
        raise Invalid(field, _("The day lies between today and 400 days from now."))
    days = sitting.calendar
    if not days.is_working(day):
        raise Invalid(field, _("%(day)s is no working day.") % {"day": day.isoformat()})
    due = meeting_times.action_due(day, days, meeting_hours.in_force(fresh=True))
    if due <= sitting.at:
        raise Invalid(field, _("Today's close of business has passed; name a later day."))
    return due


def _owners(meeting: Meeting) -> set[int]:
    rows = Invitation.objects.filter(meeting=meeting, dropped_at=None).values_list("user", "deputy")
    return {pk for row in rows for pk in row if pk}


@contextmanager
def _record(
    verb: str, meeting: Meeting, *, by: User, states: frozenset[str], at: datetime | None
) -> Iterator[tuple[base.Sitting, Minutes]]:
    with base.handling(verb, meeting, by=by, at=at) as sitting:
        record = _locked(sitting.meeting)
        if record is None or record.state not in states:
            raise WrongState(_("The minutes are no longer in a state in which this is possible."))
        yield sitting, record


def _locked(meeting: Meeting) -> Minutes | None:
    return Minutes.objects.select_for_update(of=("self",)).select_related("written_by").filter(meeting=meeting).first()


def submit_minutes(meeting: Meeting, *, by: User, at: datetime | None = None) -> Minutes:
    """To the chair, who approves them."""
    with _record("submit_minutes", meeting, by=by, states=WRITABLE, at=at) as (sitting, record):
        if record.written_by_id == sitting.meeting.chair_id:
            raise WrongState(
                _("Who wrote the minutes does not approve them: name another chair, or let another write.")
            )
        record.state, record.submitted_at, record.answer = Minutes.State.PENDING, sitting.at, ""
        record.save(update_fields=["state", "submitted_at", "answer"])
        sitting.tell("minutes_to_approve", [sitting.meeting.chair])
    return record


def seen_of(record: Minutes | None) -> str:
    """What a page of the minutes carries, so that the verb knows which sending to the chair was read."""
    return record.submitted_at.isoformat() if record and record.submitted_at else ""


def _check_seen(record: Minutes, seen: str) -> None:
    if seen and seen != seen_of(record):
        raise sendings.SentAnew(
            _("The minutes were sent to you anew since you opened this page. Please read them again.")
        )


def return_minutes(meeting: Meeting, *, by: User, text: str, seen: str = "", at: datetime | None = None) -> Minutes:
    """The chair wants them changed. `seen`: what he read (`seen_of`); SentAnew where other minutes lie there by now."""
    pending = frozenset({Minutes.State.PENDING})
    with _record("return_minutes", meeting, by=by, states=pending, at=at) as (sitting, record):
        _check_seen(record, seen)
        record.state, record.answer = Minutes.State.RETURNED, base.words("text", text, most=300)
        record.save(update_fields=["state", "answer"])
        sitting.facts = {"text": record.answer}
        sitting.tell("minutes_returned", [record.written_by], text=record.answer)
    return record


def approve_minutes(meeting: Meeting, *, by: User, seen: str = "", at: datetime | None = None) -> Minutes:
    """Approved and sent: to everybody for whom they are, and to the owners of actions, which are in force from now on. An action
    whose day passed meanwhile is due on the next working day. `seen` as for `return_minutes`."""
    pending = frozenset({Minutes.State.PENDING})
    with _record("approve_minutes", meeting, by=by, states=pending, at=at) as (sitting, record):
        _check_seen(record, seen)
        record.state, record.approved_by, record.approved_at = Minutes.State.SENT, by, sitting.at
        record.save(update_fields=["state", "approved_by", "approved_at"])
        sitting.reindex = True
        actions = _put_in_force(sitting)
        sitting.facts = {"actions": [action.pk for action in actions]}
        sitting.tell("minutes_sent", meeting_notify.readers(sitting.meeting, record), mark="0")
        for action in actions:
            sitting.tell("action_assigned", [action.owner], mark=str(action.pk), **meeting_notify.action_facts(action))
    return record


def _put_in_force(sitting: base.Sitting) -> list[Action]:
    rows = Action.objects.filter(meeting=sitting.meeting, state=Action.State.PROPOSED)
    days, today = sitting.calendar, local_date(sitting.at)
    actions = list(rows.select_related("owner"))
    for action in actions:
        action.state, action.unit_id = Action.State.OPEN, action.owner.unit_id or action.unit_id
        if action.due_at <= sitting.at:
            action.day = days.nth_after(today, 1)
            action.due_at = meeting_times.action_due(action.day, days, meeting_hours.in_force(fresh=True))
    Action.objects.bulk_update(actions, ["state", "unit", "day", "due_at"])
    return actions
