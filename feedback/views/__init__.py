"""Pages of tickets. Each view: the ticket this person may see (404), may he (403 with the reason), form, verb, redirect."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> User:
    """Who asks. The gate lets nobody in who is not signed in."""
    return cast("User", request.user)
