"""The applicant's pages: the form, the list of units while typing, the private page with the state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import gate, throttle
from accounts.forms import RegistrationForm, find_units
from accounts.models import Agreement, Registration
from accounts.views.account import wording
from accounts.workflow import registration as verbs
from accounts.workflow import sessions
from channelportal.core.clock import now
from channelportal.core.errors import Invalid
from channelportal.core.middleware import client_address
from channelportal.core.pages import show_form

FILED = throttle.Limit(20, timedelta(hours=1))  # applications from one address: a branch registers together
TYPED = throttle.Limit(120, timedelta(minutes=1))  # look-ups of units from one address
OPENED = throttle.Limit(60, timedelta(minutes=10))  # wrong private links from one address
State = Registration.State


@gate.public
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """The form. What comes after it is the same whether anything is taken or not."""
    agreement = sessions.agreement_in_force()
    if agreement is None:
        raise Http404
    form = RegistrationForm(request.POST or None, agreement=wording(agreement))
    if request.method == "POST" and form.is_valid() and _filed(request, form, agreement):
        request.session["registered"] = form.cleaned_data["email"]
        return redirect("register-done")
    context = {"form": form, "agreement": agreement, "agreement_text": wording(agreement)}
    return show_form(request, "accounts/register.html", context)


def _filed(request: HttpRequest, form: RegistrationForm, agreement: Agreement) -> bool:
    at, address = now(), client_address(request)
    if not throttle.reserve(f"register:{address}", FILED, at):
        form.add_error(None, _("Too many applications came from your address. Please try again in an hour."))
        return False
    try:
        verbs.submit(
            **form.plain(), agreement=agreement, signed_name=form.cleaned_data["signed_name"], address=address,
            language=get_language() or "", at=at,
        )  # fmt: skip
    except Invalid as error:
        error.show_in(form)
        return False
    return True


@gate.public
@require_GET
def register_done(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/register_done.html", {"email": request.session.get("registered", "")})


@gate.public
@require_GET
def register_units(request: HttpRequest) -> HttpResponse:
    """Names of active units that fit what was typed; nothing else of them."""
    if not throttle.reserve(f"units:{client_address(request)}", TYPED, now()):
        return JsonResponse({"results": []}, status=429)
    side = request.GET.get("side", "")
    hq = {"hq": True, "channel": False}.get(side)
    names = find_units(request.GET.get("q", ""), hq=hq)
    return JsonResponse({"results": [{"id": name, "text": name} for name in names]})


# ── the private link ────────────────────────────────────────────────────────────────────────────


def _mine(request: HttpRequest, token: str) -> Registration:
    found = verbs.by_token(token)
    if found is None:
        throttle.reserve(f"links:{client_address(request)}", OPENED, now())
        raise Http404
    return found


@gate.public
@require_GET
def register_state(request: HttpRequest, token: str) -> HttpResponse:
    """How my application stands, and what I can do."""
    found = _mine(request, token)
    context = {
        "registration": found,
        "token": token,
        "steps": steps(found),
        "lapses_at": found.created_at + verbs.CONFIRM_WITHIN,
        "can_withdraw": found.state in verbs.MOVES["withdraw"][0],
    }
    return render(request, "accounts/register_state.html", context)


def steps(one: Registration) -> list[dict[str, Any]]:
    """What parts/_steps.html shows."""
    reviewing = one.reviewer_unit.name if one.reviewer_unit else ""
    failed = {
        State.REFUSED: pgettext("registration", "Refused"),
        State.WITHDRAWN: _("Withdrawn"),
        State.LAPSED: _("Lapsed"),
    }.get(State(one.state))
    place = 1 if one.confirmed_at is None else 2 if one.state != State.APPROVED else 3
    labels = [
        (pgettext("step of an application", "Send"), ""),
        (pgettext("step of an application", "Confirm the address"), ""),
        (pgettext("step of an application", "Review"), reviewing),
        (_("First sign-in"), ""),
    ]
    told = []
    for number, (label, hint) in enumerate(labels):
        state = "past" if number < place else "now" if number == place else ""
        stopped = number == place and failed
        told.append({"label": stopped or label, "state": "failed" if stopped else state, "hint": hint})
    return told


@gate.public
@require_POST
def register_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """By a button: mail scanners open links."""
    verbs.confirm(_mine(request, token))
    messages.success(request, _("Your e-mail address is confirmed. The application is with the reviewers now."))
    return redirect("register-state", token)


@gate.public
@require_POST
def register_withdraw(request: HttpRequest, token: str) -> HttpResponse:
    verbs.withdraw(_mine(request, token))
    messages.success(request, _("Your application is withdrawn."))
    return redirect("register-state", token)
