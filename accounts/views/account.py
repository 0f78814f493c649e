"""One's own account: data, the monthly password, the agreement, sessions, second factor, and what was kept while the
gate was shut."""

from __future__ import annotations

from base64 import b32encode
from binascii import unhexlify
from typing import Any, cast

import django_otp
import segno
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import get_random_string
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import gate, passwords
from accounts.access import Refused
from accounts.forms import AgreementForm, CodeForm, PasswordForm
from accounts.models import SignIn, User
from accounts.passwords import State
from accounts.workflow import passwords as password_verbs
from accounts.workflow import sessions
from channelportal.core import audit, parameters
from channelportal.core.clock import now
from channelportal.core.errors import Invalid
from channelportal.core.middleware import client_address
from channelportal.core.pages import show_form

BACKUP_CODES = 8
BACKUP_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Who I am here, when my password is due, what I can set."""
    user = cast(User, request.user)
    rules = parameters.current()
    changed_at = user.password_changed_at
    context = {
        "person": user,
        "due_at": passwords.due_at(changed_at, rules.password_months) if changed_at else None,
        "days_left": passwords.days_left(user, rules, now()),
        "sessions": SignIn.objects.filter(user=user).count(),
        "devices": list(TOTPDevice.objects.filter(user=user, confirmed=True)),
        "signature": user.signatures.select_related("agreement").order_by("-at").first(),
    }
    return render(request, "accounts/account.html", context)


# ── password ────────────────────────────────────────────────────────────────────────────────────


@gate.step("password")
@sensitive_post_parameters("current", "new", "again")
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """The change. While it is due nothing else answers."""
    user = cast(User, request.user)
    at = now()
    form = PasswordForm(request.POST or None, has_own=user.has_usable_password())
    if request.method == "POST" and form.is_valid() and _changed(request, user, form):
        messages.success(request, _("Your password is changed. It is good for a month."))
        return redirect(gate.onward(request, user))
    state = password_verbs.state(user, at)
    context = {"form": form, "state": state.value, "must": state != State.FRESH, "kept": gate.kept(user)}
    return show_form(request, "accounts/password.html", context)


def _changed(request: HttpRequest, user: User, form: PasswordForm) -> bool:
    own_key = request.session.session_key or ""
    row = SignIn.objects.filter(session_key=own_key).first()
    try:
        password_verbs.change(user, new=form.cleaned_data["new"], current=form.cleaned_data.get("current", ""))
    except Invalid as error:
        error.show_in(form)
        return False
    _renew(request, user, row)
    return True


def _renew(request: HttpRequest, user: User, row: SignIn | None) -> None:
    """All sessions ended with the old password; this one goes on under a new key, as old as it was."""
    update_session_auth_hash(request, user)
    if row is not None:
        row.pk, row.session_key, row.seen_at = None, request.session.session_key or "", now()
        row.save(force_insert=True)


def kept(request: HttpRequest) -> HttpResponse:
    """What the person was sending when the gate was shut: send it now, or drop it."""
    user = cast(User, request.user)
    if request.method == "POST":
        gate.forget(user)
        return redirect(gate.onward(request, user))
    found = gate.kept(user)
    if found is None:
        return redirect(gate.onward(request, user))
    request.session[gate.KEPT] = found["path"].partition("?")[0]
    shown = [(name, value) for name, value in found["fields"] if value and not name.startswith("once")]
    return render(request, "accounts/kept.html", {"kept": found, "shown": shown})


# ── agreement ───────────────────────────────────────────────────────────────────────────────────


@gate.step("agreement")
@require_http_methods(["GET", "POST"])
def agreement(request: HttpRequest) -> HttpResponse:
    """Read and sign; afterwards: read again what one signed."""
    user = cast(User, request.user)
    text = sessions.agreement_in_force()
    if text is None:
        return redirect("home")
    signed = user.signatures.filter(agreement=text).first()
    form = AgreementForm(request.POST or None)
    if request.method == "POST" and not signed and form.is_valid():
        try:
            sessions.sign(user, text, name=form.cleaned_data["name"], address=client_address(request))
        except Invalid as error:
            error.show_in(form)
        else:
            return redirect(gate.onward(request, user))
    context = {"form": form, "agreement": text, "agreement_text": wording(text), "signed": signed}
    return show_form(request, "accounts/agreement.html", context)


def wording(text: Any) -> str:
    """The agreement in the reader's language; the Chinese text where there is no other."""
    return str(text.text_en if get_language() == "en" and text.text_en else text.text_zh)


# ── sessions ────────────────────────────────────────────────────────────────────────────────────


@require_safe
def sessions_list(request: HttpRequest) -> HttpResponse:
    """Where I am signed in."""
    rows = SignIn.objects.filter(user=cast(User, request.user)).order_by("-seen_at")[:50]
    key = request.session.session_key
    devices = [{"row": row, "here": row.session_key == key, "device": device_words(row.device)} for row in rows]
    return render(request, "accounts/sessions.html", {"devices": devices, "now": now()})


def device_words(agent: str) -> str:
    """ "Chrome, Windows" out of a User-Agent; what is not known stays out."""
    programs = (
        ("MicroMessenger", "WeChat"),
        ("Edg", "Edge"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    )
    systems = (
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    found = [next((word for mark, word in names if mark in agent), "") for names in (programs, systems)]
    return " · ".join(word for word in found if word) or _("Unknown device")


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    sessions.end_one(cast(User, request.user), pk)
    messages.success(request, _("That session is ended."))
    return redirect("sessions")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    count = sessions.end_others(cast(User, request.user), request.session.session_key or "")
    told = ngettext("%(count)d other session is ended.", "%(count)d other sessions are ended.", count)
    messages.success(request, told % {"count": count})
    return redirect("sessions")


# ── second factor ───────────────────────────────────────────────────────────────────────────────


@gate.step("setup")
@require_http_methods(["GET", "POST"])
def second_factor_setup(request: HttpRequest) -> HttpResponse:
    """Connect an authenticator app: scan, then prove it with a code. Backup codes are shown once."""
    user = cast(User, request.user)
    if TOTPDevice.objects.filter(user=user, confirmed=True).exists():
        return redirect("account")
    device, _made = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "app"})
    form = CodeForm(request.POST or None)
    form.fields["code"].label = _("The code of six digits that the app shows")
    if request.method == "POST" and form.is_valid():
        if codes := _confirm(request, user, device, form.cleaned_data["code"]):
            return render(request, "accounts/backup_codes.html", {"codes": codes, "onward": gate.onward(request, user)})
        form.add_error(
            "code", _("This code is not right. Check the phone's clock and enter the code that is shown now.")
        )
    picture = segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=2)
    key = b32encode(unhexlify(device.key)).decode().rstrip("=")
    context = {"form": form, "picture": picture, "key": " ".join(key[i : i + 4] for i in range(0, len(key), 4))}
    return show_form(request, "accounts/second_factor_setup.html", context)


@transaction.atomic
def _confirm(request: HttpRequest, user: User, device: TOTPDevice, code: str) -> list[str]:
    """The backup codes; empty when the code is wrong."""
    device = TOTPDevice.objects.select_for_update().get(pk=device.pk)
    if not device.verify_token(code):
        return []
    device.confirmed = True
    device.save()
    StaticDevice.objects.filter(user=user).delete()
    backup = StaticDevice.objects.create(user=user, name="backup")
    codes = [get_random_string(10, BACKUP_ALPHABET) for _n in range(BACKUP_CODES)]
    for one in codes:
        backup.token_set.create(token=one)
    django_otp.login(request, device)
    request.session["second"] = True
    audit.record("user.second_factor_set", user, by=user)
    return [f"{one[:5]}-{one[5:]}" for one in codes]


@require_POST
def second_factor_remove(request: HttpRequest) -> HttpResponse:
    """By choice it came, by choice it goes; the three administrators keep theirs."""
    user = cast(User, request.user)
    if user.admin_role:
        raise Refused(_("Administrators sign in with a second factor; it cannot be removed."))
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
        request.session["second"] = False
        audit.record("user.second_factor_removed", user, by=user)
    messages.success(request, _("The second factor is removed."))
    return redirect("account")
