"""Between sign-in and every page: the person's language, the session's limits, the second factor, the monthly
password, the agreement. What it demands holds for every address alike — page, fragment, file, export, admin — and
without any worker running.

The time is this machine's clock: one minute more or less of a session is nobody's loss, and it saves a query on every
request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_otp import user_has_device

from accounts import gate
from accounts.models import SignIn, User
from accounts.passwords import State
from accounts.workflow import passwords, sessions
from channelportal.core.middleware import client_address

Handler = Callable[[HttpRequest], HttpResponse]
# what is missing: the name of the page that supplies it, in this order
PAGES: Final = {
    "second": "second-factor",
    "password": "password",
    "agreement": "agreement",
    "setup": "second-factor-setup",
}
LANGUAGES: Final = frozenset(code for code, _name in settings.LANGUAGES)


class LanguageMiddleware:
    """The person's own language, else the cookie's, else Chinese. The browser's wish is not asked: Chinese comes
    first."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        speak(request, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


def speak(request: HttpRequest, language: str) -> None:
    """Use this language for the rest of the request."""
    translation.activate(language if language in LANGUAGES else settings.LANGUAGE_CODE)
    request.LANGUAGE_CODE = translation.get_language()


class GateMiddleware:
    """See the module. It judges when the address has its view, so a page that does not exist is a plain 404 to
    everybody."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        user = request.user
        if isinstance(user, User) and user.language:
            speak(request, user.language)
        if gate.is_public(view):
            return None
        if not isinstance(user, User):
            return _go(request, _sign_in(request))
        at = timezone.now()
        sign_in = _session(request, user, at)
        if out := _out(request, user, sign_in, at):
            return out
        if not gate.is_poll(request):
            sessions.seen(sign_in, at)
        missing = _missing(request, user, at)
        if missing and gate.step_of(view) not in (missing, "any"):
            gate.keep(request, user)
            return _go(request, reverse(PAGES[missing]))
        if request.method == "POST" and request.session.get(gate.KEPT) == request.path:
            del request.session[gate.KEPT]  # what was kept is being sent
            gate.forget(user)
        return None


def _session(request: HttpRequest, user: User, at: datetime) -> SignIn:
    """The row of this session; a session opened in another way than by the sign-in page gets one here."""
    key = request.session.session_key or ""
    row = SignIn.objects.filter(session_key=key).first()
    if row is None or row.user_id != user.pk:
        device = request.headers.get("User-Agent", "")
        row = sessions.opened(user, key, address=client_address(request), device=device, at=at)
        request.session["second"] = user_has_device(user)
    return row


def _out(request: HttpRequest, user: User, sign_in: SignIn, at: datetime) -> HttpResponse | None:
    """End the session: too long idle, too old, or the account is frozen."""
    if sessions.lapsed(sign_in, at):
        gate.keep(request, user)
        address = _sign_in(request)
        sessions.closed(user, sign_in.session_key, "session_lapsed", at=at)
        logout(request)
        messages.info(
            request,
            _("You were signed out because nothing happened for a while. What you were about to send was kept."),
        )
        return _go(request, address)
    if passwords.freeze_if_due(user, at):
        logout(request)
        messages.error(
            request,
            _(
                "Your account is frozen because the password was not changed. "
                "The department that reviewed your registration issues a new one."
            ),
        )
        return _go(request, reverse("sign-in"))
    return None


def _missing(request: HttpRequest, user: User, at: datetime) -> str:
    """The first thing that stands between this person and the page; "": nothing."""
    second = bool(request.session.get("second"))
    if second and not user.is_verified():  # type: ignore[attr-defined]
        return "second"
    if passwords.state(user, at) != State.FRESH:
        return "password"
    version = sessions.required_version(at)
    if version and request.session.get("agreement") != version:
        if not sessions.has_signed(user, version):
            return "agreement"
        request.session["agreement"] = version
    if user.admin_role and settings.SECOND_FACTOR and not second:
        return "setup"
    return ""


def _sign_in(request: HttpRequest) -> str:
    """The sign-in page, with the way back."""
    wanted = gate.safe_path(gate.page_of(request)) if request.method == "GET" and not gate.is_poll(request) else ""
    query = f"?{urlencode({'next': wanted})}" if wanted not in ("", "/") else ""
    return reverse("sign-in") + query


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """A page is sent there; a fragment takes its whole page there."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address)
