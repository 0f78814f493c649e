"""What a line or mail calls a meeting whose title it does not carry."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def or_number(title: str, number: str) -> str:
    """The title; of a confidential meeting, which comes without, that it is one, and its number."""
    return title or _("confidential meeting %(number)s") % {"number": number}


@register.filter
def or_action(task: str, number: str) -> str:
    """The task; of a confidential meeting, which comes without, that it is one, and the meeting's number."""
    return task or _("an action of confidential meeting %(number)s") % {"number": number}
