"""Chips of a notice, the same wherever it is named."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from channelportal.core.templatetags.portal import chip
from notices.models import Notice

register = template.Library()

TONES = {
    "draft": "wait",
    "pending": "hand",
    "returned": "due",
    "scheduled": "hand",
    "publishing": "hand",
    "published": "done",
    "approved": "due",
    "done": "done",
    "withdrawn": "late",
    "cancelled": "wait",
}


@register.simple_tag(takes_context=True)
def notice_chip(context: Context, notice: Notice) -> str:
    """{% notice_chip notice %}: its state with its colour; published and past its validity: expired."""
    now = context.get("now")
    if notice.state == Notice.State.PUBLISHED and notice.expired(localdate(now)):
        return chip("wait", _("Expired"))
    return chip(TONES[notice.state], notice.get_state_display())


@register.simple_tag
def level_mark(notice: Notice) -> str:
    """Its confidentiality level, if it is not normal."""
    if notice.level == "normal":
        return ""
    return chip("late" if notice.confidential else "plain", notice.get_level_display(), "no-dot")


@register.simple_tag(takes_context=True)
def reading_chip(context: Context, notice: Any) -> str:
    """What the reader did about it (rows of `filters.with_receipt`): nothing yet, read, acknowledged; else its state."""
    if (
        notice.delivered is None
        or notice.state == Notice.State.WITHDRAWN
        or notice.expired(localdate(context.get("now")))
    ):
        return notice_chip(context, notice)
    if notice.acknowledged_at:
        return chip("done", pgettext("notice", "Acknowledged"))
    if notice.ack_due and notice.settled:
        return chip("done", _("Acknowledged for the unit"))
    if notice.ack_due:
        now = context.get("now")
        return chip("late" if now and notice.ack_due < now else "due", _("To be acknowledged"))
    return chip("wait", pgettext("notice", "Read")) if notice.read_at else chip("hand", _("Unread"))


@register.filter
def share(part: int, whole: int) -> float | None:
    """{{ part|share:whole }}: a rate for `bar`; None where there is nothing to share."""
    return round(100 * part / whole, 1) if whole else None
