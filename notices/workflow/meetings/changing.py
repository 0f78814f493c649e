"""A called meeting changes: time, place, agenda, who is invited, who chairs; or it is cancelled (001 五(三)1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Unpack, cast

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core.errors import Invalid, WrongState
from notices import meeting_notify, meeting_times
from notices.models import Invitation, Meeting, Minutes
from notices.workflow.meetings import base, calling, content
from notices.workflow.meetings.content import Content, Said

TOLD: Final = ("title", "starts_at", "ends_at", "mode", "place", "link")
WHY_NEEDED: Final = frozenset({"starts_at", "ends_at", "mode", "place"})


def change(
    meeting: Meeting, *, by: User, reason: str = "", at: datetime | None = None, **said: Unpack[Said]
) -> Meeting:
    """Another time, place or agenda after the call: everyone invited is told what changed, with a new calendar file. A `reason`
    is needed where time or place move. When the time moves, the answers begin anew. WrongState if nothing changed."""
    with base.handling("change", meeting, by=by, at=at) as sitting:
        before = {name: getattr(sitting.meeting, name) for name in TOLD}
        values = content.values(said)
        moves = any(name in values and values[name] != before[name] for name in ("starts_at", "ends_at"))
        if moves and not values.get("answer_by"):
            values["answer_by"] = None
        sitting.forget_mails()
        sitting.set(**values)
        papers = content.write_papers(sitting.meeting, said)
        sitting.reindex |= papers
        changed = [name for name in TOLD if getattr(sitting.meeting, name) != before[name]]
        changed += _other(said, papers)
        if not changed:
            raise Invalid("", _("Nothing was changed. Change what should be different, or go back."))
        _apply(sitting, changed, reason, moves=moves)
        sitting.facts = {"changed": changed, "reason": sitting.meeting.moved_reason} | _stored(before, changed)
        if moves:
            _ask_again(sitting)
        sitting.tell(
            "changed", meeting_notify.invited(sitting.meeting), mark=str(sitting.meeting.sequence), changed=changed,
            reason=sitting.meeting.moved_reason, before=_stored(before, changed),
        )  # fmt: skip
    return sitting.meeting


def _other(said: Said, papers: bool) -> list[str]:
    found = ["agenda"] if papers else []
    return [*found, *(["purpose"] if "purpose" in said else []), *(["answer_by"] if said.get("answer_by") else [])]


def _apply(sitting: base.Sitting, changed: list[str], reason: str, *, moves: bool) -> None:
    meeting = sitting.meeting
    why = base.reason_of(reason, needed=bool(WHY_NEEDED & set(changed)))
    sitting.set(moved_reason=why, sequence=meeting.sequence + 1)
    if moves:
        content.check_ready(meeting, sitting.at)
        sitting.set(reminded_at=None, record_asked_at=None)
    else:
        content.check_where(meeting)
    if meeting.answer_by is None:
        sitting.set(answer_by=calling.answer_by(meeting, sitting.at))


def _ask_again(sitting: base.Sitting) -> None:
    """Another time: everybody answers again, but who called it; deputies come only if they are named again."""
    rows = Invitation.objects.filter(meeting=sitting.meeting, dropped_at=None).exclude(
        user=sitting.meeting.called_by_id
    )
    for row in rows.filter(deputy__isnull=False).select_related("user", "deputy"):
        sitting.tell("deputy_ended", [row.deputy], mark=f"{row.pk}:{sitting.meeting.sequence}", person=row.user.name)
    rows.update(**base.unanswered())


def _stored(before: dict[str, Any], changed: list[str]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in before.items()
        if name in changed
    }


def cancel(meeting: Meeting, *, by: User, reason: str, at: datetime | None = None) -> Meeting:
    """It does not take place. Everyone who was invited is told; a draft just ends."""
    with base.handling("cancel", meeting, by=by, at=at) as sitting:
        why, called = base.reason_of(reason), sitting.was == Meeting.State.CALLED
        sitting.forget_mails()
        sitting.set(state=Meeting.State.CANCELLED, cancelled_at=sitting.at, cancellation=why)
        sitting.facts = {"reason": why}
        if called:
            sitting.set(sequence=sitting.meeting.sequence + 1)
            sitting.tell("cancelled", meeting_notify.invited(sitting.meeting), reason=why)
    return sitting.meeting


def invite_more(
    meeting: Meeting, *, by: User, people: Sequence[User], required: bool = False, at: datetime | None = None
) -> list[Invitation]:
    """Others come too; `required`: they must take part. Who is on the list already stays as he is; who was taken off, or has
    changed units since, comes back. Returns the new invitations."""
    with base.handling("invite_more", meeting, by=by, at=at) as sitting:
        wanted = [one for one in dict.fromkeys(people) if one.is_active and one.unit_id]
        _check_wanted(sitting.meeting, wanted)
        rows = Invitation.objects.filter(meeting=sitting.meeting, user__in=wanted).select_related("user")
        known = {row.user_id: row for row in rows}
        again = [row for row in known.values() if row.dropped_at or row.unit_id != row.user.unit_id]
        new = [one for one in wanted if one.pk not in known]
        if not new and not again:
            raise Invalid("people", _("All of them are invited already."))
        for row in again:
            Invitation.objects.filter(pk=row.pk).update(dropped_at=None, unit=row.user.unit_id, **base.unanswered())
        told = sitting.at if _reminding(sitting) else None  # the invitation itself is reminder enough
        Invitation.objects.bulk_create(
            Invitation(meeting=sitting.meeting, user=one, unit=one.unit, required=required, reminded_at=told)
            for one in new
        )
        back = [one for one in wanted if one.pk in {row.user_id for row in again}]
        sitting.facts = {"people": [one.pk for one in [*new, *back]], "required": required}
        sitting.tell("invited", [*new, *back])
    return list(Invitation.objects.filter(meeting=sitting.meeting, user__in=[*new, *back]))


def _check_wanted(meeting: Meeting, wanted: list[User]) -> None:
    if not wanted:
        raise Invalid("people", _("This would invite nobody. Choose who should come."))
    standing = Invitation.objects.standing().filter(meeting=meeting).count()
    if len(wanted) + standing > calling.MOST_INVITED:
        raise Invalid("people", _("At most %(count)s people can be invited.") % {"count": calling.MOST_INVITED})
    calling.check_near(meeting, User.objects.filter(pk__in=[one.pk for one in wanted]))


def _reminding(sitting: base.Sitting) -> bool:
    """Those who have not answered are being reminded already."""
    due = sitting.meeting.answer_by or sitting.meeting.starts_at
    return sitting.at >= meeting_times.answer_reminder_from(due, sitting.calendar)


def drop_invitee(invitation: Invitation, *, by: User, reason: str = "", at: datetime | None = None) -> Invitation:
    """Take somebody off the list; chair and recorder stay on it. He and his deputy are told."""
    with base.handling("drop_invitee", invitation.meeting, by=by, at=at) as sitting:
        row = Invitation.objects.select_for_update(of=("self",)).select_related("user", "deputy").get(pk=invitation.pk)
        why = base.reason_of(reason, needed=False)
        if row.user_id in (sitting.meeting.chair_id, base.recorder_of(sitting.meeting).pk):
            raise Invalid("", _("Chair and recorder cannot be taken off the list; name another first."))
        if not Invitation.objects.filter(pk=row.pk, dropped_at=None).update(dropped_at=sitting.at):
            raise WrongState(_("This person is off the list already."))
        row.dropped_at = sitting.at
        sitting.facts = {"person": row.user_id, "reason": why}
        sitting.tell("uninvited", [row.user, row.deputy], mark=f"{row.pk}:{int(sitting.at.timestamp())}", reason=why)
    return row


def appoint(
    meeting: Meeting, *, by: User, chair: User | None = None, recorder: User | None = None, at: datetime | None = None
) -> Meeting:
    """Another chair, another recorder (None: stays), also after the meeting while the minutes are not sent. They are invited."""
    with base.handling("appoint", meeting, by=by, at=at) as sitting:
        posts = {"chair": sitting.meeting.chair, "recorder": base.recorder_of(sitting.meeting)}
        named = {
            name: user for name, user in (("chair", chair), ("recorder", recorder)) if user not in (None, posts[name])
        }
        if not named:
            raise Invalid("chair", _("Name another chair or another recorder, or go back."))
        values = content.values(cast("Content", named))
        if sent(sitting.meeting):
            raise WrongState(_("The minutes have been sent."))
        sitting.set(**values)
        content.check_posts(sitting.meeting)
        _check_writer(sitting.meeting)
        calling.check_near(sitting.meeting, User.objects.filter(pk__in=[user.pk for user in values.values()]))
        new = list(values.values())
        known = set(Invitation.objects.filter(meeting=sitting.meeting, dropped_at=None).values_list("user", flat=True))
        for user in new:
            Invitation.objects.update_or_create(
                meeting=sitting.meeting,
                user=user,
                defaults={"dropped_at": None, "unit_id": user.unit_id},
            )
        sitting.facts = {name: user.pk for name, user in named.items()}
        sitting.tell("appointed", new)
        if sitting.was == Meeting.State.CALLED:
            sitting.tell("invited", [user for user in new if user.pk not in known])
    return sitting.meeting


def sent(meeting: Meeting) -> bool:
    return Minutes.objects.filter(meeting=meeting, state=Minutes.State.SENT).exists()


def _check_writer(meeting: Meeting) -> None:
    if Minutes.objects.filter(meeting=meeting, written_by=meeting.chair_id).exists():
        raise Invalid("chair", _("Who wrote the minutes does not approve them."))
