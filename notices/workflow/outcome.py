"""What was done where the means is not the portal: the loop closes (001 四(四)2)."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core.errors import Invalid
from channelportal.lib.workdays import local_date
from notices.models import Notice
from notices.workflow import base


def record_outcome(
    notice: Notice, *, by: User, text: str, on: date | None = None, at: datetime | None = None
) -> Notice:
    """What was done and when (None: today). A request that is to be carried out is then done; a published one stays published.
    Raises Refused, WrongState, Invalid."""
    with base.handling("record_outcome", notice, by=by, at=at) as matter:
        day = on or matter.today
        if day > matter.today:
            raise Invalid("on", _("This day has not come yet."))
        if day < local_date(matter.notice.created_at):
            raise Invalid("on", _("This is before the request was written."))
        matter.set(outcome=base.words("text", text), outcome_on=day, outcome_by=by)
        matter.facts["on"] = day.isoformat()
        if matter.notice.state == Notice.State.APPROVED:
            matter.move(Notice.State.DONE)
        matter.news.carried_out()
    return matter.notice
