"""Marks on views for the gate (middleware.py), and what it keeps for a person whom it stopped in the middle of
something.

@public                 anybody, signed in or not: a short list, see `tests/accounts/test_gate.py`
@step("password")       the page of one of the gate's own steps: reachable while that step is what is missing
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from channelportal.core.models import Draft

View = Callable[..., HttpResponse]
KEPT: Final = "kept"  # the draft's name and the session's note of its address
MOST_KEPT = 100_000  # characters
SECRET_FIELDS = ("password", "csrf", "current", "new", "again", "code", "captcha")


def public(view: Any) -> View:
    """Nobody need be signed in."""

    @wraps(view)
    def open_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)  # type: ignore[no-any-return]

    open_view.public = True  # type: ignore[attr-defined]
    return open_view


def step(name: str) -> Callable[[View], View]:
    """This view answers while the step `name` ("second", "password", "agreement", "setup") is missing; "any":
    always."""

    def mark(view: View) -> View:
        view.gate_step = name  # type: ignore[attr-defined]
        return view

    return mark


def is_public(view: Any) -> bool:
    return bool(getattr(view, "public", False))


def step_of(view: Any) -> str:
    return str(getattr(view, "gate_step", ""))


# ── what the person was about to do ─────────────────────────────────────────────────────────────


def safe_path(path: str) -> str:
    """The path, if it leads to this site; else ""."""
    ok = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if ok and path.isprintable() and len(path) <= 1000 else ""


def keep(request: HttpRequest, user: User) -> None:
    """Keep what he sent (GET: its address), to be offered again by `onward`. Passwords and files are not kept."""
    if request.method != "POST":
        if not is_poll(request):
            request.session["next"] = safe_path(page_of(request))
        return
    if request.headers.get("HX-Request") == "true" and "HX-Current-URL" not in request.headers:
        return  # a draft that saves itself: it is kept in the browser's form and in its own row
    fields = [
        [name, value]
        for name, values in request.POST.lists()
        for value in values
        if not any(word in name.lower() for word in SECRET_FIELDS)
    ]
    if sum(len(name) + len(str(value)) for name, value in fields) > MOST_KEPT:
        return
    data = {"path": request.get_full_path(), "fields": fields, "files": bool(request.FILES)}
    Draft.objects.update_or_create(user=user, form=KEPT, defaults={"data": data})


def page_of(request: HttpRequest) -> str:
    """The page's address: of a fragment, that of the page it belongs to."""
    if request.headers.get("HX-Request") != "true":
        return request.get_full_path()
    current = request.headers.get("HX-Current-URL", "")
    _host, _, rest = current.partition("://")[2].partition("/")
    return f"/{rest}" if current else "/"


def is_poll(request: HttpRequest) -> bool:
    return any(request.headers.get(name) == "1" for name in ("X-Poll", "X-Portal-Poll"))


def kept(user: User) -> dict[str, Any] | None:
    """What was kept of his last POST; None: nothing."""
    draft = Draft.objects.filter(user=user, form=KEPT).first()
    return draft.data if draft else None


def forget(user: User) -> None:
    Draft.objects.filter(user=user, form=KEPT).delete()


def onward(request: HttpRequest, user: User) -> str:
    """Where to go after a step: what was kept, else the page he wanted, else his desk."""
    if Draft.objects.filter(user=user, form=KEPT).exists():
        return reverse("kept")
    return safe_path(str(request.session.pop("next", ""))) or reverse("home")
