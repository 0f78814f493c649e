"""From the draft to the invitations: drafted, sent, approved by the head of the unit (000 5.10), called (001 五(三)1)."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import Unit, User
from channelportal.core import audit, bulk, calendar, clock
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.once import once
from channelportal.lib.workdays import local_date
from notices import meeting_hours, meeting_notify, meeting_times, recipients
from notices.audience import Audience
from notices.models import Invitation, Meeting, MeetingKind
from notices.numbers import next_number
from notices.workflow.meetings import base, content, sendings
from notices.workflow.meetings.content import Content

PREFIX = "HY"
MOST_INVITED = 3_000


def draft(
    *, by: User, kind: MeetingKind, key: UUID | None = None, at: datetime | None = None, **said: Unpack[Content]
) -> Meeting:
    """A meeting that `by`'s unit wants to call. Needed: title, starts_at, ends_at, chair. No `audience`: the kind's. Called
    by `send`. The same `key` by the same person a second time gives the first meeting. Raises Refused, Invalid."""
    access.require(by, "meeting.call", by.unit_id, _("Only information officers and heads call meetings."))
    if key is None:
        with transaction.atomic():
            return _draft(by, kind, said, at or clock.now())
    return once(by, key, lambda: _draft(by, kind, said, at or clock.now()))[0]


def _draft(by: User, kind: MeetingKind, said: Content, at: datetime) -> Meeting:
    if not kind.active:
        raise Invalid("kind", _("This kind is no longer in use."))
    for needed in ("title", "starts_at", "ends_at", "chair"):
        if not said.get(needed):
            raise Invalid(needed, _("This must not be empty."))
    values = {"audience": kind.audience} | content.values(said)
    meeting = Meeting(kind=kind, unit=by.unit, called_by=by, created_at=at, **values)
    content.check_order(meeting)
    content.check_posts(meeting)
    meeting.number = next_number(PREFIX, local_date(at))
    meeting.save(force_insert=True)
    content.write_papers(meeting, said)
    content.protect(meeting, by=by, at=at)
    base.index(meeting)
    audit.record("meeting.drafted", meeting, by=by, data={"kind": kind.code}, at=at)
    return meeting


def edit(
    meeting: Meeting, *, by: User, kind: MeetingKind | None = None, at: datetime | None = None, **said: Unpack[Content]
) -> Meeting:
    """Change a draft; what is not named stays."""
    with base.handling("edit", meeting, by=by, at=at) as sitting:
        values = content.values(said)
        if kind is not None:
            values["kind"] = kind
        sitting.set(**values)
        content.check_order(sitting.meeting)
        content.check_posts(sitting.meeting)
        sitting.reindex |= content.write_papers(sitting.meeting, said)
        content.protect(sitting.meeting, by=by, at=sitting.at)
        sitting.facts = {"fields": sorted(said)}
    return sitting.meeting


def send(meeting: Meeting, *, by: User, at: datetime | None = None) -> Meeting:
    """Call the meeting: a head's own at once; what an officer or an employee calls waits for the head (000 5.10). Everything
    is checked now. Invalid names the field; WrongState where the unit has nobody who could approve."""
    with base.handling("send", meeting, by=by, at=at) as sitting:
        content.check_ready(sitting.meeting, sitting.at)
        content.check_notice(sitting.meeting, sitting.at)
        _check_audience(sitting.meeting)
        if not needs_approval(by, sitting.meeting.unit):
            _call(sitting)
            return sitting.meeting
        approving = meeting_notify.approvers(sitting.meeting, sitting.at)
        approving = [one for one in approving if one.pk != by.pk]
        if not approving:
            raise WrongState(_("Nobody in your unit could approve this: its head is away or not named yet."))
        sitting.set(state=Meeting.State.PENDING, answer_text="")
        sendings.record(sitting)
        sitting.tell("to_approve", approving)
    return sitting.meeting


def needs_approval(by: User, unit: Unit) -> bool:
    """Whether somebody else approves what this person calls: by the unit's own settings (000 5.10)."""
    if access.scope(by).acts_as_head:
        return unit.heads_need_approval and by.role == User.Role.HEAD
    return unit.members_need_approval


def recall(meeting: Meeting, *, by: User, at: datetime | None = None) -> Meeting:
    """Take it back from the head's desk to change it."""
    with base.handling("recall", meeting, by=by, at=at) as sitting:
        sitting.set(state=Meeting.State.DRAFT)
        sitting.forget_mails()
    return sitting.meeting


def approve(meeting: Meeting, *, by: User, seen: str = "", at: datetime | None = None) -> Meeting:
    """The head lets it go out: people are invited at once. `seen`: the sending that he read (`sendings.seen_of`); SentAnew where it
    is another by now. WrongState when it would have begun already."""
    with base.handling("approve", meeting, by=by, at=at) as sitting:
        sendings.check_seen(sitting.meeting, seen)
        if sitting.meeting.starts_at <= sitting.at:
            raise WrongState(_("The time of this meeting has passed. Give it back, so that another is chosen."))
        sitting.set(approved_by=by)
        _call(sitting)
        sitting.tell("approved", [sitting.meeting.called_by])
    return sitting.meeting


def give_back(meeting: Meeting, *, by: User, text: str, seen: str = "", at: datetime | None = None) -> Meeting:
    """The head returns it with a remark. `seen` as for `approve`."""
    with base.handling("give_back", meeting, by=by, at=at) as sitting:
        sendings.check_seen(sitting.meeting, seen)
        sitting.set(state=Meeting.State.DRAFT, answer_text=base.words("text", text, most=300))
        sitting.facts = {"text": sitting.meeting.answer_text}
        sitting.tell("given_back", [sitting.meeting.called_by], text=sitting.meeting.answer_text)
    return sitting.meeting


def _check_audience(meeting: Meeting) -> None:
    audience = Audience.read(meeting.audience)
    if audience.problem():
        raise Invalid("audience", _("Say who is invited."))
    found = people(meeting).count()
    if not found:
        raise Invalid("audience", _("This would invite nobody."))
    if found > MOST_INVITED:
        raise Invalid("audience", _("At most %(count)s people can be invited.") % {"count": MOST_INVITED})
    check_near(meeting, people(meeting))
    check_near(meeting, User.objects.filter(pk__in=[meeting.chair_id, base.recorder_of(meeting).pk]))


def check_near(meeting: Meeting, invited: QuerySet[User]) -> None:
    """A channel learns nothing of other channels through its meetings."""
    near = Q(unit=meeting.unit_id) | Q(unit__kind=Unit.Kind.HQ)
    if meeting.unit.is_channel and invited.exclude(near).exists():
        wider = _(
            "A channel invites headquarters and its own people. Ask your managing department to call a wider meeting."
        )
        raise Invalid("audience", wider)


def people(meeting: Meeting) -> QuerySet[User]:
    """Whom the call would reach now, chair and recorder besides: shown before sending."""
    return recipients.people(Audience.read(meeting.audience))


def _call(sitting: base.Sitting) -> None:
    """Freeze who is invited, and tell them."""
    meeting = sitting.meeting
    invited = list(people(meeting))
    posts = [meeting.chair, base.recorder_of(meeting)]
    everybody = list(dict.fromkeys([*invited, *posts]))
    answers = {} if meeting.answer_by and meeting.answer_by > sitting.at else {"answer_by": _answer_by(sitting)}
    sitting.set(state=Meeting.State.CALLED, invited_at=sitting.at, **answers)
    _invite(sitting, everybody)
    sitting.facts |= {"invited": len(everybody), "starts_at": meeting.starts_at.isoformat()}
    if meeting.short_notice_reason:
        sitting.facts["short_notice_reason"] = meeting.short_notice_reason
    sitting.tell("invited", everybody, mark="0")


def _answer_by(sitting: base.Sitting) -> datetime:
    return answer_by(sitting.meeting, sitting.at)


def answer_by(meeting: Meeting, at: datetime) -> datetime:
    """The day before, close of business; or until it begins."""
    days = calendar.current(unit_id=meeting.unit_id)
    return meeting_times.answer_by(at, meeting.starts_at, days, meeting_hours.in_force(fresh=True))


def _invite(sitting: base.Sitting, people: list[User]) -> None:
    """Who calls it comes, unless he says otherwise."""
    meeting = sitting.meeting
    rows = User.objects.filter(pk__in=[user.pk for user in people])
    bulk.insert_from(rows, Invitation, meeting_id=meeting.pk, user_id=F("pk"), unit_id=F("unit_id"))
    own = Invitation.objects.filter(meeting=meeting, user=meeting.called_by_id)
    own.update(reply=Invitation.Reply.ATTEND, replied_at=sitting.at)
