"""Chips of a ticket, the same wherever it is named."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from channelportal.core.templatetags.portal import chip
from channelportal.lib import wording
from feedback.models import Severity, Ticket

register = template.Library()

TONES = {
    "pending": "wait",
    "returned": "due",
    "open": "hand",
    "planned": "hand",
    "resolved": "done",
    "closed": "done",
    "withdrawn": "wait",
    "merged": "wait",
}


@register.simple_tag(takes_context=True)
def ticket_chip(context: Context, ticket: Ticket) -> SafeString:
    """{% ticket_chip ticket %}: its state with its colour; red with the words when what is owed now is late."""
    now = context.get("now") or timezone.now()
    owes = ticket.state in (Ticket.State.OPEN, Ticket.State.PLANNED)
    if owes and ticket.due_at and ticket.due_at < now:
        return chip("late", _("Late: {state}").format(state=ticket.get_state_display()))
    return chip(TONES[ticket.state], ticket.get_state_display())


@register.simple_tag
def level_chip(level: int) -> SafeString | str:
    """{% level_chip ticket.level %}: how high the ladder was climbed; a dash at nought."""
    if not level:
        return "–"
    return chip("late" if level > 1 else "due", _("Level {number}").format(number=wording.numeral(level)))


@register.filter
def percent(value: float | None) -> str:
    """92.4 → "92.4%", 100 → "100%", None → a dash."""
    return "–" if value is None else f"{round(value, 1):g}%"


@register.filter
def rate_tone(value: float | None) -> str:
    """Under 90 a bar is amber."""
    return "due" if value is not None and value < 90 else "hand"


@register.filter
def of_five(value: float | None) -> float | None:
    """A rating of 1 to 5 as a share of 100, for a bar."""
    return None if value is None else 20 * value


@register.filter
def change(value: float | None, before: float | None) -> str:
    """The difference with its arrow, "" when there is nothing to compare."""
    if value is None or before is None:
        return ""
    difference = round(value - before, 1)
    return f"{'▲' if difference > 0 else '▼' if difference < 0 else '='} {abs(difference):g}"


@register.filter
def better(value: float | None, before: float | None) -> Any:
    """True when higher than before, False when lower, None when there is nothing to say."""
    if value is None or before is None or round(value - before, 1) == 0:
        return None
    return value > before


@register.filter
def severity_name(code: str) -> str:
    """{{ severity|severity_name }}, of a line's data."""
    return str(Severity(code).label) if code in Severity.values else code
