"""What a unit does with its robots of group chats: add, change, switch off and on, try, post again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.models import User
from channelportal.core import audit, clock
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib import robots as makers
from channelportal.lib.text import clean_line
from notices import robots
from notices.models import Notice, Robot, RobotPost

MOST: Final = 10  # robots of one unit
State = RobotPost.State


@transaction.atomic
def add(*, by: User, maker: str, name: str, address: str, secret: str = "", at: datetime | None = None) -> Robot:
    """A robot of the person's own unit; address and secret are sealed. `Invalid` for "maker", "name", "address", "secret"."""
    _may(by, by.unit_id)
    moment = at or clock.now()
    if maker not in makers.MAKERS:
        raise Invalid("maker", _("Choose whose group chat it is."))
    if Robot.objects.filter(unit=by.unit_id, active=True).count() >= MOST:
        raise Invalid("", _("A unit has at most %(most)d robots. Switch one off first.") % {"most": MOST})
    unit_id = by.unit_id or 0
    robot = Robot(
        unit_id=unit_id, maker=maker, name=_name(name), created_by=by, created_at=moment,
        address=robots.seal(_address(maker, address), unit_id, "address"),
        secret=robots.seal(_secret(maker, secret), unit_id, "secret"),
    )  # fmt: skip
    _save(robot)
    audit.record("robot.added", robot, by=by, at=moment, data={"maker": maker, "name": robot.name})
    return robot


@transaction.atomic
def change(
    robot: Robot,
    *,
    by: User,
    maker: str,
    name: str,
    address: str = "",
    secret: str | None = "",
    at: datetime | None = None,
) -> Robot:
    """An empty address or secret stays as it was; `secret=None` takes it away. What was wrong before counts as mended."""
    _may(by, robot.unit_id)
    moment = at or clock.now()
    held = Robot.objects.select_for_update().get(pk=robot.pk)
    if maker not in makers.MAKERS:
        raise Invalid("maker", _("Choose whose group chat it is."))
    changed = [field for field, new in (("maker", maker), ("name", _name(name))) if getattr(held, field) != new]
    if "maker" in changed and not address:
        raise Invalid("address", _("Another maker has other addresses: enter the new one."))
    held.maker, held.name = maker, _name(name)
    if address:
        held.address = robots.seal(_address(maker, address), held.unit_id, "address")
        changed.append("address")
    if secret or (held.secret and (secret is None or not makers.MAKERS[maker].signs)):
        held.secret = robots.seal(_secret(maker, secret or ""), held.unit_id, "secret")
        changed.append("secret")
    if {"maker", "address", "secret"} & set(changed):
        held.failing_since, held.last_error, held.tested_at = None, "", None
    _save(held)
    if changed:
        audit.record("robot.changed", held, by=by, at=moment, data={"changed": changed})
    return held


@transaction.atomic
def switch(robot: Robot, *, on: bool, by: User, at: datetime | None = None) -> Robot:
    """Off: it gets nothing any more, and what waits for it is given up."""
    _may(by, robot.unit_id)
    held = Robot.objects.select_for_update().get(pk=robot.pk)
    if held.active == on:
        raise WrongState(_("The robot is already switched on.") if on else _("The robot is already switched off."))
    if on and Robot.objects.filter(unit=held.unit_id, active=True).count() >= MOST:
        raise WrongState(_("A unit has at most %(most)d robots. Switch one off first.") % {"most": MOST})
    held.active = on
    held.save(update_fields=["active"])
    if not on:
        RobotPost.objects.filter(robot=held, state__in=[State.WAITING, State.PARKED]).update(state=State.CANCELLED)
    audit.record("robot.switched_on" if on else "robot.switched_off", held, by=by, at=at or clock.now())
    return held


def try_out(robot: Robot, *, by: User, at: datetime | None = None) -> str:
    """Post a test text at once and say what came of it: "" it stands in the group, else a code for `robots.in_words`. Takes up to
    ten seconds, outside any transaction. It counts among the posts of the minute."""
    _may(by, robot.unit_id)
    moment = at or clock.now()
    post = _test_post(robot, by, moment)
    answer = robots.attempt(post, moment)
    if answer.problem:
        _ended(post, State.CANCELLED, last_error=answer.code)
        Robot.objects.filter(pk=robot.pk).update(last_error=answer.code)
    else:
        robots.succeeded(post, moment)
        Robot.objects.filter(pk=robot.pk).update(tested_at=moment)
    audit.record("robot.tested", robot, by=by, at=moment, data={"problem": answer.code})
    return answer.code


@transaction.atomic
def _test_post(robot: Robot, by: User, at: datetime) -> RobotPost:
    held = Robot.objects.select_for_update().get(pk=robot.pk)
    if not held.active:
        raise WrongState(_("The robot is switched off."))
    if robots.used_up([held.pk], at).get(held.pk, 0) >= makers.MAKERS[held.maker].a_minute:
        raise WrongState(_("The robot has had all it may get in a minute. Try again in a minute."))
    data = {"unit": held.unit.name, "by": by.name, "robot": held.name, "url": reverse("home")}
    return RobotPost.objects.create(
        key=f"test:{held.pk}:{uuid.uuid4().hex}", robot=held, kind=robots.TEST, data=data, state=State.SENDING, attempts=1,
        created_at=at, next_attempt_at=at, lease_until=at + robots.LEASE,
    )  # fmt: skip


def _ended(post: RobotPost, state: str, **values: Any) -> None:
    RobotPost.objects.filter(pk=post.pk, state=State.SENDING).update(state=state, lease_until=None, **values)


@transaction.atomic
def post_again(post: RobotPost, *, by: User, at: datetime | None = None) -> None:
    """A parked post, from its first try, at once."""
    _may(by, post.robot.unit_id)
    moment = at or clock.now()
    if not post.robot.active:
        raise WrongState(_("The robot is switched off."))
    if post.notice is not None and post.notice.state not in (Notice.State.PUBLISHING, Notice.State.PUBLISHED):
        raise WrongState(_("The notice is not published any more."))
    waiting = RobotPost.objects.filter(pk=post.pk, state=State.PARKED).update(
        state=State.WAITING, attempts=0, next_attempt_at=moment, last_error=""
    )
    if not waiting:
        raise WrongState(_("This post is not parked any more."))
    audit.record("robot.post_again", post.robot, by=by, at=moment, data={"post": post.key})


# ── what is asked of all ────────────────────────────────────────────────────────────────────────


def _may(by: User, unit_id: int | None) -> None:
    if unit_id is None or unit_id != by.unit_id:
        raise access.Refused(_("Only the unit's own people look after its robots."))
    reason = _("Only information officers, deputies and heads look after the robots of their unit.")
    access.require(by, "robot.edit", unit_id, reason)


def _name(name: str) -> str:
    found = clean_line(name)[:40]
    if not found:
        raise Invalid("name", _("This field is required."))
    return found


WRONG: Final = {
    "scheme": gettext_lazy("The address begins with https://. Copy it whole from the robot's settings."),
    "host": gettext_lazy("This is not an address of the maker you chose."),
    "form": gettext_lazy("This is not the address of a robot. Copy it whole from the robot's settings."),
}


def _address(maker: str, address: str) -> str:
    found = address.strip()
    if not found:
        raise Invalid("address", _("This field is required."))
    if problem := makers.problem(maker, found):
        raise Invalid("address", WRONG[problem])
    return found


def _secret(maker: str, secret: str) -> str:
    """WeCom's robots know none: one that was entered all the same is left out."""
    found = secret.strip()
    if not makers.MAKERS[maker].signs:
        return ""
    if len(found) > makers.LONGEST_SECRET or not found.isascii() or not (found.isprintable()):
        raise Invalid("secret", _("This is not the secret of a robot."))
    return found


def _save(robot: Robot) -> None:
    try:
        with transaction.atomic():
            robot.save()
    except IntegrityError:
        raise Invalid("name", _("Your unit already has a robot of this name.")) from None
