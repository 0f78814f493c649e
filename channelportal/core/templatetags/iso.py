"""Filters for lines and mails, whose data are codes and ISO times."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.utils.translation import gettext as _

from channelportal.core import alerts
from channelportal.lib import wording

register = template.Library()


@register.filter
def iso_day(value: str) -> str:
    """ "2026-05-15" as 5 月 15 日 周五; "" for nothing."""
    return wording.full_day(date.fromisoformat(value)) if value else ""


@register.filter
def iso_moment(value: str) -> str:
    """An ISO moment as 5 月 15 日 周五 18:00; "" for nothing. No "today": the line is read later than it was written."""
    if not value:
        return ""
    due_day, at = wording.due_day(datetime.fromisoformat(value))
    return _("%(day)s %(time)s") % {"day": wording.full_day(due_day), "time": at}


@register.simple_tag
def news_line(item: dict[str, Any]) -> str:
    """{% news_line item %}: one of several messages in a mail, worded as its alert; `item["event"]` names the template."""
    return alerts.line(f"alerts/{item['event']}.txt", item)
