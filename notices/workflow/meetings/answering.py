"""What the person invited says: he comes, sends a deputy, or cannot (001 五(三)1)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core.errors import Invalid
from notices.models import Invitation, Meeting
from notices.workflow.meetings import base

Reply = Invitation.Reply


def reply(
    meeting: Meeting,
    *,
    by: User,
    answer: str,
    deputy: User | None = None,
    deputy_name: str = "",
    reason: str = "",
    at: datetime | None = None,
) -> Invitation:
    """`answer`: attend, deputy (a person of the portal from his own unit, or the name of somebody without account) or decline
    (with a reason). May be said anew until the meeting is over. Invalid names deputy or reason; Refused if not invited."""
    with base.handling("reply", meeting, by=by, at=at) as sitting:
        rows = Invitation.objects.select_for_update(of=("self",)).select_related("deputy")
        row = rows.standing().get(meeting=sitting.meeting, user=by)
        name = base.words("deputy_name", deputy_name, most=40, needed=False)
        _check(sitting.meeting, by, answer, deputy, name)
        sends = answer == Reply.DEPUTY
        before, was = row.deputy, row.reply
        row.reply, row.replied_at = answer, sitting.at
        row.deputy, row.deputy_name = (deputy, "" if deputy else name) if sends else (None, "")
        row.reason = base.reason_of(reason, needed=answer == Reply.DECLINE) if answer != Reply.ATTEND else ""
        row.save(update_fields=["reply", "replied_at", "deputy", "deputy_name", "reason"])
        sitting.facts = {"answer": answer, "deputy": row.deputy_id, "reason": row.reason}
        _tell(sitting, row, before, was)
    return row


def _check(meeting: Meeting, by: User, answer: str, deputy: User | None, name: str) -> None:
    if answer not in (Reply.ATTEND, Reply.DEPUTY, Reply.DECLINE):
        raise Invalid("answer", _("There is no such answer."))
    if answer != Reply.DEPUTY:
        return
    if deputy is None and not name:
        raise Invalid("deputy", _("Say who comes in your place."))
    if deputy is None:
        return
    if deputy.pk == by.pk or not deputy.is_active or deputy.unit_id != by.unit_id:
        raise Invalid("deputy", _("A deputy is somebody else of your own unit."))
    on_list = Invitation.objects.filter(meeting=meeting, user=deputy, dropped_at=None)
    if on_list.exclude(reply=Reply.DECLINE).exists():
        raise Invalid("deputy", _("%(name)s is invited already.") % {"name": deputy.name})


def _tell(sitting: base.Sitting, row: Invitation, before: User | None, was: str) -> None:
    """The deputy and who was one; who called it hears of whoever does not come himself, and of one who comes after all."""
    mark = f"{row.pk}:{int(sitting.at.timestamp())}"
    if before is not None and before.pk != row.deputy_id:
        sitting.tell("deputy_ended", [before], mark=mark, person=sitting.by.name)
    if row.deputy is not None and (before is None or before.pk != row.deputy_id):
        sitting.tell("deputy", [row.deputy], mark=mark, person=sitting.by.name)
    if row.reply != Reply.ATTEND or was in (Reply.DEPUTY, Reply.DECLINE):
        deputy = row.deputy.name if row.deputy else row.deputy_name
        sitting.tell(
            "replied", [sitting.meeting.called_by], mark=mark, person=sitting.by.name, answer=row.reply, deputy=deputy,
            reason=row.reason,
        )  # fmt: skip
