"""The unit's robots of group chats: the list with their last posts, and one address for each verb. Nobody else's are seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, signed_in
from accounts.models import User
from channelportal.core.errors import Invalid
from channelportal.core.pages import show_form
from notices import robots as posting
from notices.forms.robots import RobotForm
from notices.models import Robot, RobotPost
from notices.workflow import robots as verbs

LAST: Final = 30  # posts on the page
TONES: Final = {"waiting": "wait", "sending": "hand", "sent": "done", "parked": "late", "cancelled": "plain"}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    user = _keeper(request)
    rows = list(Robot.objects.filter(unit=user.unit_id).order_by("-active", "name"))
    posts = RobotPost.objects.filter(robot__unit=user.unit_id).select_related("robot", "notice").order_by("-pk")[:LAST]
    context = {
        "robots": [_shown(robot) for robot in rows],
        "posts": [_post(post) for post in posts],
        "full": sum(robot.active for robot in rows) >= verbs.MOST,
    }
    return render(request, "notices/robots.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = _keeper(request)
    form = RobotForm(request.POST or None)
    done = _("The robot is added. Test it now.")
    return _entered(request, form, lambda: verbs.add(by=user, **form.values()), done)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = _keeper(request)
    robot = _own(user, pk)
    form = RobotForm(request.POST or None, robot=robot)
    return _entered(request, form, lambda: verbs.change(robot, by=user, **form.values()), _("Saved."), robot)


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Posts at once and says what came of it; takes up to ten seconds."""
    user = _keeper(request)
    robot = _own(user, pk)
    if problem := verbs.try_out(robot, by=user):
        words = {"robot": robot.name, "problem": posting.in_words(problem)}
        messages.error(request, _("“%(robot)s”: the test did not arrive. %(problem)s") % words)
    else:
        messages.success(request, _("“%(robot)s”: the test stands in the group.") % {"robot": robot.name})
    return redirect("robots")


@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    user = _keeper(request)
    robot = verbs.switch(_own(user, pk), on=request.POST.get("on") == "1", by=user)
    messages.success(request, _("The robot is switched on.") if robot.active else _("The robot is switched off."))
    return redirect("robots")


@require_POST
def post_again(request: HttpRequest, pk: int) -> HttpResponse:
    user = _keeper(request)
    post = get_object_or_404(RobotPost.objects.select_related("robot", "notice"), pk=pk, robot__unit=user.unit_id)
    verbs.post_again(post, by=user)
    messages.success(request, _("The post goes out within a minute."))
    return redirect("robots")


# ── what they share ─────────────────────────────────────────────────────────────────────────────


def _keeper(request: HttpRequest) -> User:
    """Who looks after the robots of his unit."""
    user = signed_in(request)
    reason = _("Only information officers, deputies and heads look after the robots of their unit.")
    require(user, "robot.edit", user.unit_id or 0, reason)
    return user


def _own(user: User, pk: int) -> Robot:
    return get_object_or_404(Robot.objects.select_related("unit"), pk=pk, unit=user.unit_id)


def _entered(
    request: HttpRequest, form: RobotForm, act: Callable[[], object], done: str, robot: Robot | None = None
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            act()
        except Invalid as error:
            error.show_in(form)
        else:
            messages.success(request, done)
            return redirect("robots")
    context = {"form": form, "robot": robot, "address": posting.shown(robot) if robot else ""}
    return show_form(request, "notices/robot.html", context)


def _shown(robot: Robot) -> dict[str, Any]:
    """A robot with its masked address, and how it is."""
    if not robot.active:
        state = ("plain", _("Switched off"))
    elif robot.failing_since or robot.last_error:
        state = ("late", _("Failing"))
    elif robot.tested_at:
        state = ("done", _("Works"))
    else:
        state = ("wait", _("Not tested yet"))
    shown = {"robot": robot, "address": posting.shown(robot), "problem": posting.in_words(robot.last_error)}
    return shown | {"tone": state[0], "state": state[1]}


def _post(post: RobotPost) -> dict[str, Any]:
    failed_test = post.kind == posting.TEST and post.state == RobotPost.State.CANCELLED
    return {
        "post": post,
        "about": _("Test") if post.kind == posting.TEST else (post.notice.title if post.notice else post.data.get("title", "")),
        "tone": "late" if failed_test else TONES[post.state],
        "state": _("Did not arrive") if failed_test else post.get_state_display(),
        "problem": posting.in_words(post.last_error),
        "parked": post.state == RobotPost.State.PARKED,
    }  # fmt: skip
