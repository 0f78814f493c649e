"""What the pages of units and people share: one form, one verb, one message, one way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from channelportal.core.errors import Invalid
from channelportal.core.pages import show_form


def person_of(request: HttpRequest) -> User:
    """Who is signed in; the gate lets nobody else come here."""
    return cast(User, request.user)


def form_page(
    request: HttpRequest, form: Any, act: Callable[[dict[str, Any]], object], *, done: str, back: str, **context: Any
) -> HttpResponse:
    """The page of one verb: shown, or carried out by `act(cleaned_data)`, with the message `done` and on to `back` (or to
    the address that `act` returns). What the verb does not accept becomes an error of the form's field.

    `context` for templates/organisation/form.html: title, intro, submit, danger, confirm, notes (sentences at the side)."""
    if request.method == "POST" and form.is_valid():
        try:
            further = act(form.cleaned_data)
        except Invalid as error:
            error.show_in(form)
        else:
            messages.success(request, done)
            return redirect(further if isinstance(further, str) else back)
    return show_form(request, "organisation/form.html", {"form": form, "cancel": back, **context})
