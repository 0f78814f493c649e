"""What a person is typing, kept while he types: the form's fields as they were sent, by the form's name.

workflow view:  DraftForm(initial=drafts.initial(user, "ticket.new"))  …  drafts.forget(user, "ticket.new") once it is sent
template:       {% include "parts/_form.html" with draft=… %}, the address being {% url 'draft' 'ticket.new' %}
"""

from __future__ import annotations

import re
from typing import Any, Final

from django.http import QueryDict

from channelportal.core.models import Draft

NAME: Final = re.compile(r"[a-z][a-z0-9._:-]{2,59}")
RESERVED: Final = frozenset({"kept"})  # the gate's own
LEFT_OUT: Final = ("csrfmiddlewaretoken", "password", "once", "captcha")
MOST: Final = 60_000  # characters of one draft
MOST_DRAFTS: Final = 50  # of one person


def keep(user: Any, form: str, sent: QueryDict) -> bool:
    """Keep what was sent; False where it is too much or the form's name is none."""
    fields = {name: values for name, values in sent.lists() if not name.startswith(LEFT_OUT)}
    size = sum(len(name) + sum(len(str(value)) for value in values) for name, values in fields.items())
    if not NAME.fullmatch(form) or form in RESERVED or size > MOST:
        return False
    mine = Draft.objects.filter(user=user)
    if not mine.filter(form=form).exists() and mine.count() >= MOST_DRAFTS:
        return False
    Draft.objects.update_or_create(user=user, form=form, defaults={"data": fields})
    return True


def initial(user: Any, form: str) -> dict[str, Any]:
    """The kept fields, for a form's `initial`: one value as itself, several as a list. Empty when nothing was kept."""
    draft = Draft.objects.filter(user=user, form=form).first()
    return {name: values[0] if len(values) == 1 else values for name, values in (draft.data if draft else {}).items()}


def forget(user: Any, form: str) -> None:
    Draft.objects.filter(user=user, form=form).delete()
