"""What every verb of a meeting does before and after its own few lines.

    with base.handling("hold", meeting, by=by, at=at) as sitting:
        sitting.set(state=Meeting.State.HELD)
        sitting.tell("…", people)
    return sitting.meeting

One transaction: lock the row, may he (Refused), is it possible now (WrongState); then the row, the search document, the trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import audit, calendar, clock, outbox, search
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib import rich
from channelportal.lib.text import clean_line, clean_text
from channelportal.lib.workdays import WorkCalendar
from notices import meeting_notify, meeting_rights
from notices.models import AgendaItem, Invitation, Meeting, Minutes

LONGEST_REASON: Final = 300
SEARCH: Final = "meeting"
"""`SearchDocument.kind`: title, number, purpose, agenda, and the minutes once they were sent."""
TRAIL: Final = {
    "draft": "drafted", "edit": "edited", "send": "sent", "recall": "recalled", "approve": "approved", "give_back": "given_back",
    "change": "changed", "cancel": "cancelled", "invite_more": "invited", "drop_invitee": "uninvited", "appoint": "appointed",
    "reply": "replied", "record_attendance": "attendance_recorded", "hold": "held", "write_minutes": "minutes_written",
    "submit_minutes": "minutes_submitted", "return_minutes": "minutes_returned", "approve_minutes": "minutes_sent",
    "finish_action": "action_done", "move_action": "action_moved", "drop_action": "action_dropped",
}  # fmt: skip
"""What the audit trail calls each verb: meeting.<…>. The history of a meeting is its rows there."""
WORDS: Final = frozenset({"title", "place", "link", "task", "text", "reason", "short_notice_reason"})
"""What was typed, among the facts of the trail."""
SEARCHED: Final = frozenset({"title", "purpose"})


@dataclass
class Sitting:
    """A meeting in hand: its locked row, and what the verb leaves to be written."""

    meeting: Meeting
    verb: str
    by: User
    at: datetime
    was: str
    facts: dict[str, Any] = field(default_factory=dict)
    """What the audit trail says of the deed: codes, ids, ISO times."""
    reindex: bool = False
    _changed: set[str] = field(default_factory=set)

    @property
    def calendar(self) -> WorkCalendar:
        return calendar.current(fresh=True, unit_id=self.meeting.unit_id)

    def set(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.meeting, name, value)
        self._changed |= values.keys()
        self.reindex |= bool(SEARCHED & values.keys())

    def tell(self, event: str, people: Iterable[User | None], *, mark: str = "", **data: Any) -> list[User]:
        return meeting_notify.tell(self.meeting, event, people, at=self.at, by=self.by, mark=mark, data=data)

    def forget_mails(self) -> None:
        """What waits about the meeting as it was is not sent any more."""
        outbox.cancel(meeting_notify.subject_key(self.meeting))

    def finish(self) -> None:
        if self._changed:
            self._save()
        if self.reindex:
            index(self.meeting)
        facts = trailed(self.meeting, self.facts)
        audit.record(f"meeting.{TRAIL[self.verb]}", self.meeting, by=self.by, data=facts, at=self.at)

    def _save(self) -> None:
        """Conditional: SQLite has no row locks, and no two verbs may both find the state they want."""
        values = {name: getattr(self.meeting, name) for name in self._changed}
        if not Meeting.objects.filter(pk=self.meeting.pk, state=self.was).update(**values):
            raise WrongState(_("Somebody was faster. Please look at the meeting again."))


@contextmanager
def handling(verb: str, meeting: Meeting, *, by: User, at: datetime | None) -> Iterator[Sitting]:
    """`by` may do `verb` with the meeting now; Refused, WrongState else."""
    with transaction.atomic():
        locked = lock(meeting.pk)
        moment = at or clock.now()
        meeting_rights.require(verb, locked, by)
        meeting_rights.check(verb, locked, moment)
        sitting = Sitting(locked, verb, by, moment, was=locked.state)
        yield sitting
        sitting.finish()


def trailed(meeting: Meeting, facts: dict[str, Any]) -> dict[str, Any]:
    """What the trail says of a deed: of a confidential meeting no words, which others read there."""
    if not meeting.confidential:
        return facts
    return {name: value for name, value in facts.items() if name not in WORDS}


def lock(pk: int) -> Meeting:
    rows = Meeting.objects.select_for_update(of=("self",))
    return rows.select_related("kind", "unit", "chair", "called_by", "recorder").get(pk=pk)


def index(meeting: Meeting) -> None:
    """What the meeting is found by."""
    topics = AgendaItem.objects.filter(meeting=meeting).values_list("topic", flat=True)
    record = Minutes.objects.filter(meeting=meeting, state=Minutes.State.SENT).first()
    open_to_all = (
        record and record.readers == Minutes.Readers.INVITED
    )  # else who may not read them would find it by their words
    minutes = rich.plain(record.body) if record and open_to_all else ""
    search.index(SEARCH, meeting.pk, meeting.number, meeting.title, meeting.purpose, *topics, minutes)


def words(name: str, text: str, *, most: int, needed: bool = True, line: bool = True) -> str:
    """The text as it is kept: clean, not empty, not too long; Invalid else."""
    clean = clean_line(text) if line else clean_text(text)
    if needed and not clean:
        raise Invalid(name, _("This must not be empty."))
    if len(clean) > most:
        raise Invalid(name, _("At most %(count)s characters.") % {"count": most})
    return clean


def reason_of(reason: str, *, needed: bool = True) -> str:
    return words("reason", reason, most=LONGEST_REASON, needed=needed)


def recorder_of(meeting: Meeting) -> User:
    """Who keeps the minutes."""
    return meeting.recorder or meeting.called_by


def unanswered() -> dict[str, Any]:
    """The values of an invitation that nobody has answered."""
    return {
        "reply": Invitation.Reply.NONE, "deputy": None, "deputy_name": "", "reason": "", "replied_at": None, "reminded_at": None,
    }  # fmt: skip
