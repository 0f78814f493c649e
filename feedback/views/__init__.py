"""Pages of tickets. Each view: the ticket this person may see (404), may he (403 with the reason), form, verb, redirect."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from accounts.models import User
from feedback import in_force


def person(request: HttpRequest) -> User:
    """Who asks, his unit out of the process-wide copy of the tree. The gate lets nobody in who is not signed in."""
    user = cast("User", request.user)
    if user.unit_id and not User.unit.is_cached(user):
        user.unit = in_force.units().by_id.get(user.unit_id)
    return user
