"""Who is told what of meetings: lines under the bell and mails, written in the verb's transaction, a statement each.

An event is a template templates/alerts/meeting-<event>.txt. What changes a person's calendar (`WITH_FILE`) goes out as a mail of
its own with the calendar file; other mails wait for the delivery window and join `notice-news`. Nobody is told of his own deed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.models import Unit, UnitFunction, User
from accounts.organisation import superior, superiors
from channelportal.core import bulk, delivery
from channelportal.core.models import Alert, OutboxMessage
from channelportal.lib.workdays import local_date
from notices import deciders, invitation, meeting_rights
from notices.models import Action, Invitation, Meeting, Minutes
from notices.models.meetings import InvitationQuerySet

NEWS, INVITATION, BUNDLE = "meeting-news", "meeting-invitation", "notice-news"
WITH_FILE: Final[dict[str, invitation.Method]] = {
    "invited": "REQUEST",
    "deputy": "REQUEST",
    "changed": "REQUEST",
    "uninvited": "CANCEL",
    "deputy_ended": "CANCEL",
    "cancelled": "CANCEL",
}
SILENT: Final = frozenset({"replied", "action_done"})
"""Told under the bell alone."""
LEAVES: Final = frozenset(
    {"number", "starts", "ends", "answer_by", "due", "day", "person", "answer", "deputy", "owner"}
)
"""What is told of a confidential meeting."""
EVENTS: Final = SILENT | {
    *WITH_FILE, "to_approve", "given_back", "approved", "appointed", "answer_reminder", "attend_reminder", "to_record",
    "minutes_due", "minutes_late", "minutes_to_approve", "minutes_returned", "minutes_sent", "action_assigned", "action_due",
    "action_late", "action_late_above", "action_moved", "action_dropped",
}  # fmt: skip


def tell(
    meeting: Meeting,
    event: str,
    people: Iterable[User | None],
    *,
    at: datetime,
    by: User | None = None,
    mark: str = "",
    data: dict[str, Any] | None = None,
    url: str = "",
) -> list[User]:
    """Tell these people (active, each once, not `by`) of `event`. `mark` tells one such event of a meeting from the next; the
    same mark is told once. `url`: where the line leads, if not to the meeting. Returns whom."""
    if event not in EVENTS:
        raise ValueError(event)
    own = by.pk if by else None
    told = [user for user in dict.fromkeys(people) if user is not None and user.is_active and user.pk != own]
    if told:
        _Round(meeting, event, at, mark or str(int(at.timestamp())), data or {}, url).write(told)
    return told


@dataclass
class _Round:
    meeting: Meeting
    event: str
    at: datetime
    mark: str
    data: dict[str, Any]
    url: str

    def write(self, people: list[User]) -> None:
        """One INSERT … SELECT for the alerts, and one a language for the mails: thousands may be invited."""
        url = self.url or self.meeting.get_absolute_url()
        known = _told(self.meeting, facts(self.meeting) | self.data)
        rows = User.objects.filter(pk__in=[user.pk for user in people])
        bulk.insert_from(
            rows, Alert, user_id=F("pk"), key=self._key(), kind=f"meeting-{self.event}", url=url, data=known, created_at=self.at
        )  # fmt: skip
        if self.event in SILENT:
            return
        known |= {"event": f"meeting-{self.event}", "url": url}
        if self.event not in WITH_FILE:
            self._mail(rows, NEWS, known, BUNDLE)
            return
        sheet = invitation.Sheet.of(self.meeting)
        for language in sorted({user.language for user in people}):
            self._mail(rows.filter(language=language), INVITATION, known | self._file(sheet, language), "")

    def _key(self) -> str:
        return f"meeting:{self.meeting.pk}:{self.event}:{self.mark}"

    def _mail(self, rows: QuerySet[User], kind: str, data: dict[str, Any], bundle: str) -> None:
        opens = self.at if self.meeting.kind.any_time else delivery.opens(self.at)
        bulk.insert_from(
            rows, OutboxMessage, user_id=F("pk"), key=Concat(Value(f"{self._key()}:"), Cast("pk", CharField())), kind=kind,
            data=data, bundle=bundle, subject_key=subject_key(self.meeting), created_at=self.at, next_attempt_at=opens,
        )  # fmt: skip

    def _file(self, sheet: invitation.Sheet, language: str) -> dict[str, Any]:
        attachment = invitation.attachment(sheet, language, at=self.at, method=WITH_FILE[self.event])
        if self.meeting.confidential:
            return {"attachments": [attachment]}
        lines = [{"topic": item.topic, "speaker": item.speaker, "minutes": item.minutes} for item in sheet.agenda]
        return {"agenda": lines, "purpose": self.meeting.purpose[:600], "attachments": [attachment]}


def subject_key(meeting: Meeting) -> str:
    """Of mails about the meeting as it stood; what still waits is cancelled when it changes."""
    return f"meeting:{meeting.pk}:{meeting.sequence}"


def _told(meeting: Meeting, data: dict[str, Any]) -> dict[str, Any]:
    """Of a confidential meeting neither bell nor mail says more than its number, when it is, and who is meant (001 七)."""
    return {name: value for name, value in data.items() if name in LEAVES} if meeting.confidential else data


def facts(meeting: Meeting) -> dict[str, Any]:
    """What a line about a meeting may say. Times are ISO."""
    return {
        "meeting": f"{meeting.number} {meeting.title}",
        "number": meeting.number,
        "title": meeting.title,
        "unit": meeting.unit.name,
        "chair": meeting.chair.name,
        "starts": meeting.starts_at.isoformat(),
        "ends": meeting.ends_at.isoformat(),
        "place": meeting.place,
        "link": meeting.link,
        "answer_by": meeting.answer_by.isoformat() if meeting.answer_by else "",
    }


def action_facts(action: Action) -> dict[str, Any]:
    """The same of an action."""
    return {
        "task": action.task,
        "owner": action.owner.name,
        "day": action.day.isoformat(),
        "due": action.due_at.isoformat(),
    }


# ── whom ────────────────────────────────────────────────────────────────────────────────────────


def invited(meeting: Meeting) -> list[User]:
    """Everybody on the list, and the deputies who come in somebody's place."""
    rows = _standing(meeting)
    return [person for row in rows for person in (row.user, row.deputy) if person is not None]


def readers(meeting: Meeting, record: Minutes) -> list[User]:
    """Those for whom the minutes are."""
    rows = meeting_rights.readers(record, _standing(meeting))
    return [person for row in rows for person in (row.user, row.deputy) if person is not None]


def _standing(meeting: Meeting) -> InvitationQuerySet:
    """Of people who are still in the unit they were invited for."""
    rows = Invitation.objects.standing().filter(meeting=meeting, user__unit=F("unit"))
    return rows.select_related("user", "deputy")


def coming(meeting: Meeting) -> list[User]:
    """Who said that he comes or has not answered, and the deputies instead of those whom they stand for."""
    rows = _standing(meeting)
    found = []
    for row in rows:
        if row.reply in (Invitation.Reply.NONE, Invitation.Reply.ATTEND):
            found.append(row.user)
        elif row.deputy is not None:
            found.append(row.deputy)
    return found


def approvers(meeting: Meeting, at: datetime) -> list[User]:
    """The heads of the unit that are here, else its deputies (000 5.10); never who called it."""
    return deciders.to_tell(meeting.unit_id, {meeting.called_by_id}, local_date(at))


def heads(unit: Unit, at: datetime, *, but: int | None = None) -> list[User]:
    """The unit's heads that are here, else its deputies; where there is none, the superior unit's, and so on; at last the
    supervising department's."""
    barred = {but} if but else set()
    for one in (unit, *superiors(unit)):
        if found := deciders.to_tell(one.pk, barred, local_date(at)):
            return found
    return supervisors()


def above(unit: Unit, at: datetime, *, but: int | None = None) -> list[User]:
    """The superior's heads (rule 13: a channel's managing department, a department's parent, at last management)."""
    upper = superior(unit)
    return heads(upper, at, but=but) if upper is not None else supervisors()


def supervisors() -> list[User]:
    """Head, deputies and officers of 企发部."""
    functions = UnitFunction.objects.filter(function=UnitFunction.Function.SUPERVISING).values("unit")
    roles = (User.Role.HEAD, User.Role.DEPUTY, User.Role.OFFICER)
    return list(User.objects.active().filter(unit__in=functions, role__in=roles, frozen_at=None))
