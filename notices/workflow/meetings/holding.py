"""That it took place, and who was there (001 五(三); 签到)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core.errors import Invalid, WrongState
from notices import meeting_times
from notices.models import Invitation, Meeting
from notices.workflow.meetings import base, changing

FARTHEST: Final = timedelta(days=7)
"""How far from its time a meeting can have begun."""


def record_attendance(
    meeting: Meeting, *, by: User, attendance: Mapping[int, str], at: datetime | None = None
) -> Meeting:
    """Who was there: {id of the invitation: present, deputy, absent or unknown}. Possible from the beginning until the minutes
    are sent, as often as needed. Invalid for an invitation of another meeting."""
    with base.handling("record_attendance", meeting, by=by, at=at) as sitting:
        if changing.sent(sitting.meeting):
            raise WrongState(_("The minutes have been sent."))
        _write(sitting, attendance)
    return sitting.meeting


def hold(
    meeting: Meeting,
    *,
    by: User,
    began_at: datetime | None = None,
    ended_at: datetime | None = None,
    attendance: Mapping[int, str] | None = None,
    at: datetime | None = None,
) -> Meeting:
    """It took place; `began_at`, `ended_at` where that was not as planned. From now on minutes are due."""
    with base.handling("hold", meeting, by=by, at=at) as sitting:
        starts, ends = began_at or sitting.meeting.starts_at, ended_at or sitting.meeting.ends_at
        if ends > sitting.at:
            ends = sitting.at if ended_at is None else ends
        if not starts < ends <= sitting.at:
            raise Invalid("ended_at", _("It must end after it began, and not later than now."))
        if abs(starts - sitting.meeting.starts_at) > FARTHEST or ends - starts > meeting_times.LONGEST:
            raise Invalid(
                "began_at", _("This is too far from the time it was called for. Change the meeting's time instead.")
            )
        if attendance:
            _write(sitting, attendance)
        sitting.facts |= {"starts_at": starts.isoformat(), "ends_at": ends.isoformat()}
        sitting.set(state=Meeting.State.HELD, held_at=sitting.at, starts_at=starts, ends_at=ends)
        sitting.forget_mails()
    return sitting.meeting


def _write(sitting: base.Sitting, attendance: Mapping[int, str]) -> None:
    if unknown := set(attendance.values()) - set(Invitation.Attendance.values):
        raise Invalid("attendance", _("There is no such entry: %(entry)s.") % {"entry": min(unknown)})
    rows = {row.pk: row for row in Invitation.objects.filter(meeting=sitting.meeting, dropped_at=None)}
    if not attendance.keys() <= rows.keys():
        raise Invalid("attendance", _("Somebody of these is not on the list."))
    changed = [rows[pk] for pk, value in attendance.items() if rows[pk].attendance != value]
    for row in changed:
        row.attendance = attendance[row.pk]
    Invitation.objects.bulk_update(changed, ["attendance"], batch_size=500)
    sitting.facts["attendance"] = {str(row.user_id): row.attendance for row in changed}
