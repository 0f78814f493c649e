"""Every request: an id, the client's address, input that no page could handle refused, nothing cached that saw a session."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from channelportal.core.context import RequestFacts, facts
from channelportal.core.errors import Invalid, Unreadable, WrongState

# no database and no file system takes these, and no person types them
UNUSABLE: Final = re.compile("[\x00\ud800-\udfff]")


def client_address(request: HttpRequest) -> str:
    """The client's address; X-Forwarded-For counts only as far as `TRUSTED_PROXIES` proxies stand in front."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return str(hops[-trusted])[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


class RequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        token = facts.set(RequestFacts(request_id=request_id, address=client_address(request)))
        if any(UNUSABLE.search(value) for value in request.COOKIES.values()):
            request.COOKIES = {name: value for name, value in request.COOKIES.items() if not UNUSABLE.search(value)}
        try:
            response = self.get_response(request)
        finally:
            facts.reset(token)
        response["X-Request-ID"] = request_id
        if _saw_session(request) and response.get("Cache-Control") != "no-store, private":
            del response["Cache-Control"]
            patch_cache_control(response, no_store=True, private=True)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
        """400 for what would break the database; reading the body here raises 400 by itself when it is too large."""
        if any(UNUSABLE.search(text) for text in _texts(request, kwargs)):
            return render(
                request,
                "400.html",
                {"reason": _("What was sent contains characters that no text can have.")},
                status=400,
            )
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page was older than the thing (409), or data that no form caught (400). Both say why. (403: errors.py.)"""
        if isinstance(exception, WrongState):
            page = "409-file.html" if isinstance(exception, Unreadable) else "409.html"
            return render(request, page, {"reason": exception.message, "back": _back(request)}, status=409)
        if isinstance(exception, Invalid):
            return render(request, "400.html", {"reason": exception.message}, status=400)
        return None


def _saw_session(request: HttpRequest) -> bool:
    session = getattr(request, "session", None)
    return bool(session is not None and (session.accessed or session.modified))


def _texts(request: HttpRequest, kwargs: dict[str, Any]) -> Iterable[str]:
    """Everything textual that a view could read: path, query, body fields and the names of files' fields."""
    yield request.path
    yield from (value for value in kwargs.values() if isinstance(value, str))
    for name, values in request.GET.lists():
        yield from (name, *values)
    if request.method == "POST":
        for name, values in request.POST.lists():
            yield from (name, *values)
        yield from request.FILES


def _back(request: HttpRequest) -> str:
    """Where the thing itself is shown: the page the person came from, if it is ours; for a verb's URL, the page above."""
    if request.method == "GET":
        return request.path
    return request.path.rstrip("/").rpartition("/")[0] + "/"
