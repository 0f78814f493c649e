"""The way in and out: sign-in, second factor, forgotten password, sign-out, language."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import django_otp
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import backends, gate, throttle
from accounts.backends import Outcome
from accounts.forms import CodeForm, ForgottenForm, SignInForm
from accounts.models import User
from accounts.workflow import passwords, sessions
from channelportal.core import audit
from channelportal.core.clock import now
from channelportal.core.middleware import client_address
from channelportal.core.models import AuditEntry
from channelportal.core.pages import show_form

FORGOTTEN = throttle.Limit(10, timedelta(hours=1))  # from one address
FORGOTTEN_ACCOUNT = throttle.Limit(3, timedelta(hours=1))  # for one account, from wherever


@gate.public
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Account and password."""
    wanted = gate.safe_path(request.POST.get("next", request.GET.get("next", "")))
    if isinstance(request.user, User):
        return redirect(wanted or "home")
    form = SignInForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return show_form(request, "accounts/sign_in.html", {"form": form, "next": wanted})
    typed, at = form.cleaned_data["username"], now()
    outcome = backends.attempt(request, typed, form.cleaned_data["password"], at)
    if outcome == Outcome.OPEN:
        return _opened(request, wanted)
    if outcome == Outcome.LOCKED:
        context = {"until": backends.lock_ends(request, typed, at)}
        return render(request, "accounts/locked.html", context, status=429)
    form.add_error(None, _refusal(outcome))
    return show_form(request, "accounts/sign_in.html", {"form": form, "next": wanted})


def _refusal(outcome: Outcome) -> str:
    if outcome == Outcome.FROZEN:
        return _(
            "Your account is frozen because the password was not changed. "
            "The department that reviewed your registration issues a new one."
        )
    return _("Account or password is not right, or the account is closed.")


def _opened(request: HttpRequest, wanted: str) -> HttpResponse:
    user = cast(User, request.user)
    request.session["next"] = wanted
    response = redirect(gate.onward(request, user))
    backends.remember_device(request, response, user)
    return response


@gate.step("second")
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """The code after the password. django-otp slows down guessing by itself and locks the row while it compares."""
    user = cast(User, request.user)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = django_otp.match_token(user, form.cleaned_data["code"])
        if device is not None:
            django_otp.login(request, device)
            audit.record("user.second_factor", user, by=user)
            return redirect(gate.onward(request, user))
        audit.record("user.second_factor", user, by=user, result=AuditEntry.Result.FAILED)
        form.add_error(
            "code", _("This code is not right, or was used already. After several wrong ones wait a little.")
        )
    return show_form(request, "accounts/second_factor.html", {"form": form})


@gate.step("any")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    sessions.closed(user, request.session.session_key or "", "signed_out")
    logout(request)
    messages.success(request, _("You are signed out."))
    return redirect("sign-in")


@gate.public
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """The same answer for every account, known or not."""
    form = ForgottenForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return show_form(request, "accounts/forgotten.html", {"form": form})
    at, typed = now(), form.cleaned_data["username"]
    if not throttle.reserve(f"forgotten:{client_address(request)}", FORGOTTEN, at):
        return render(request, "accounts/locked.html", {"until": None}, status=429)
    if throttle.reserve(f"forgotten:account:{typed.strip().lower()}", FORGOTTEN_ACCOUNT, at):
        passwords.issue_forgotten(typed, at=at)
    return render(request, "accounts/forgotten_done.html", {"sign_in_url": reverse("sign-in")})


@gate.public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """The other language, for this browser and, when signed in, for mails too."""
    language = request.POST.get("language", "")
    response = redirect(gate.safe_path(request.POST.get("next", "")) or "home")
    if language not in dict(settings.LANGUAGES):
        return response
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(language=language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=timedelta(days=365), samesite="Lax", secure=request.is_secure()
    )
    return response
