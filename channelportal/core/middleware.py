"""Every request: an id, the client's address, input that no page could handle refused, nothing cached that saw a session."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from channelportal.core.context import RequestFacts, facts


def client_address(request: HttpRequest) -> str:
    """The client's address; X-Forwarded-For counts only as far as `TRUSTED_PROXIES` proxies stand in front."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return str(hops[-trusted])
    return str(request.META.get("REMOTE_ADDR", ""))


class RequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = facts.set(RequestFacts(request_id=uuid.uuid4().hex, address=client_address(request)))
        try:
            return self.get_response(request)
        finally:
            facts.reset(token)
