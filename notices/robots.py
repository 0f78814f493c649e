"""Posts to the robots of group chats (001 四(三)): rows, written in the transaction of what happened, and sent by `deliver`.

As the outbox does it: claimed with a lease under SKIP LOCKED, tried again after a while, parked after the last try or at once when
trying again cannot help, sent again by a button. A robot's row is locked while its posts are claimed, so however many deliver at
once, no robot gets more a minute than its maker takes. After a kill only the one post that was on its way can come twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import alerts, audit, outbox, outward, vault
from channelportal.core.among import Among
from channelportal.core.models import Alert
from channelportal.lib import robots as makers
from channelportal.lib import wording
from channelportal.lib.robots import MAKERS, Answer
from notices import recipients
from notices.audience import Audience
from notices.models import Notice, Robot, RobotPost

log = logging.getLogger(__name__)
State = RobotPost.State
LEASE: Final = timedelta(minutes=5)
ENOUGH: Final = 200.0  # seconds that one claim may be worked on, well below the lease; the rest is given back
BACK_OFF: Final = outbox.BACK_OFF  # then parked
A_MINUTE: Final = timedelta(seconds=65)  # a little more than the maker's own: his begins when a post arrives
TOLD_AFTER: Final = 4  # tries of one post, a quarter of an hour: what passes by itself is nobody's trouble
TEST: Final = "test"  # a kind: posted while somebody watches, never again
FAST: Final = "fast"

PROBLEMS: Final[dict[str, Any]] = {
    "key": _("There is no such robot: the address is wrong, or the robot was removed from its group."),
    "gone": _("The robot was switched off, or its group was dissolved."),
    "signature": _("The signature is wrong: check the secret, and whether the robot asks for one."),
    "keyword": _("The robot admits only texts with its keyword. Set “通知” as a keyword; every post contains it."),
    "network": _("The robot admits only certain IP addresses, and the portal's is not among them."),
    "text": _("The robot does not take this text."),
    "fast": _("Too many posts within a minute. The portal waits and goes on by itself."),
    "away": _("The robot's maker answers with an error of its own. Try again later."),
    "other": _("The robot refuses the post."),
    "address": _("The address is not one that the portal may post to."),
    "name": _("Not reachable: the portal's server cannot resolve the maker's name."),
    "private": _("Not reachable: the maker's name leads to an address inside a network."),
    "tls": _("Not reachable: the certificate is not the maker's."),
    "time": _("Not reachable: no answer within ten seconds."),
    "connection": _("Not reachable: the connection fails."),
    "large": _("Not reachable: what answers is not the maker."),
    "sealed": _("The address cannot be read any more, because its key is missing. Enter it anew."),
    "wording": _("The portal cannot word this post. Tell the system administrator."),
}
OF_THE_POST: Final = frozenset({"text", "keyword", "wording"})
"""Problems of one post: they say nothing about the next one of the same robot."""


def in_words(code: str) -> str:
    """What `last_error` means, with the maker's number: it is what one asks the maker about."""
    problem, _space, number = code.partition(" ")
    if not problem:
        return ""
    words = str(PROBLEMS.get(problem, PROBLEMS["other"]))
    return f"{words} [{number}]" if number else words


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────


def seal(text: str, unit_id: int, field: str) -> str:
    """For the row: opened only as this field of a robot of this unit. "" stays ""."""
    return vault.seal_text(text, _place(unit_id, field)) if text else ""


def open_(robot: Robot, field: str) -> str:
    """`field`: address or secret. `vault.KeyMissing`, `vault.Altered`."""
    sealed = getattr(robot, field)
    return vault.open_text(sealed, _place(robot.unit_id, field)) if sealed else ""


def _place(unit_id: int, field: str) -> str:
    return f"robot of unit {unit_id}: {field}"


def shown(robot: Robot) -> str:
    """The address as a page shows it: masked."""
    try:
        return makers.masked(open_(robot, "address"))
    except (vault.KeyMissing, vault.Altered, vault.BadKeys):
        return "••••"


def reseal() -> int:
    """Secrets that a former key sealed get the current one, so that the former can go. Returns how many robots changed."""
    current = vault.current()
    count = 0
    for robot in Robot.objects.exclude(address__startswith=f"CPT1:{current}:"):
        count += _resealed(robot)
    return count


def _resealed(robot: Robot) -> int:
    try:
        fresh = {name: seal(open_(robot, name), robot.unit_id, name) for name in ("address", "secret")}
    except (vault.KeyMissing, vault.Altered):
        return 0  # the page says so
    return Robot.objects.filter(pk=robot.pk, address=robot.address, secret=robot.secret).update(**fresh)


# ── queueing ────────────────────────────────────────────────────────────────────────────────────


def queue_for(notice: Notice, at: datetime, *, version: int = 1) -> int:
    """At publication, in its transaction: a post for each active robot of the author's unit, and of the units that it reaches as a
    whole, where the notice goes out by robots too. Of a confidential one only that there is one, and only in the author's own
    groups. Once for each version, however often it is called. Returns how many."""
    if Notice.Means.ROBOT not in notice.means:
        return 0
    mark = "" if version == 1 else f":v{version}"
    robots = Robot.objects.filter(_groups(notice), active=True)
    facts = _facts(notice, version)
    posts = [
        RobotPost(
            key=f"notice:{notice.pk}:{robot.pk}{mark}", robot=robot, notice=notice, kind="notice", data=facts,
            created_at=at, next_attempt_at=at,
        )
        for robot in robots
    ]  # fmt: skip
    put(posts)
    return len(posts)


def _groups(notice: Notice) -> Q:
    """A group chat holds a whole unit: where heads or officers alone, or people by name, are meant, it is not told."""
    audience, own = Audience.read(notice.audience), Q(unit=notice.unit_id)
    if notice.confidential or audience.roles:
        return own
    return own | Q(Among("unit", recipients.units(audience, notice.kind).order_by().values("pk")))


def put(posts: Iterable[RobotPost]) -> None:
    """Queue; the same key a second time is ignored."""
    RobotPost.objects.bulk_create(posts, ignore_conflicts=True, batch_size=500)


def _facts(notice: Notice, version: int) -> dict[str, Any]:
    facts = {"unit": notice.unit.name, "url": notice.get_absolute_url(), "confidential": notice.confidential}
    if notice.confidential:
        return facts
    return facts | {
        "number": notice.number,
        "title": notice.title,
        "kind_zh": notice.kind.name_zh,
        "urgent": notice.urgency == Notice.Urgency.URGENT,
        "corrected": version > 1,
        "due": notice.acknowledge_due_at.isoformat() if notice.acknowledge_due_at else "",
    }


def cancel_for(notice: Notice) -> int:
    """What still waits about a notice that was withdrawn. Returns how many."""
    waiting = RobotPost.objects.filter(notice=notice, state__in=[State.WAITING, State.PARKED])
    return waiting.update(state=State.CANCELLED)


# ── delivery ────────────────────────────────────────────────────────────────────────────────────


def deliver(at: datetime, limit: int = 100, *, seconds: float = 45.0) -> int:
    """Post what is due until nothing is or `seconds` are over. Returns how many posts stand in their groups. Any number may run at
    once."""
    if outbox.paused():
        return 0
    started, sent = time.monotonic(), 0
    while True:
        passed = time.monotonic() - started
        posts = claim(at + timedelta(seconds=passed), limit)
        sent += _Batch(at, started).send(posts)
        if len(posts) < limit or passed > seconds:
            return sent


@transaction.atomic
def claim(at: datetime, limit: int) -> list[RobotPost]:
    """Take up to `limit` posts, of each robot as many as it may get this minute, and commit that before anything is sent."""
    robots = Robot.objects.filter(Exists(_due(at).filter(robot=OuterRef("pk")))).exclude(Exists(_resting(at)))
    robots = robots.select_related("unit").order_by("pk")
    if connection.vendor == "postgresql":  # posts may be queued meanwhile, which a stronger lock would hold up
        robots = robots.select_for_update(skip_locked=True, of=("self",), no_key=True)
    found: list[RobotPost] = []
    held = {robot.pk: robot for robot in robots[:limit]}
    used = used_up(held, at)
    for robot in held.values():
        room = min(MAKERS[robot.maker].a_minute - used.get(robot.pk, 0), limit - len(found))
        if room > 0:
            found += _due(at).filter(robot=robot).select_related("notice").order_by("next_attempt_at", "pk")[:room]
    RobotPost.objects.filter(pk__in=[post.pk for post in found]).update(
        state=State.SENDING, lease_until=at + LEASE, attempts=F("attempts") + 1
    )
    for post in found:
        post.robot, post.attempts = held[post.robot_id], post.attempts + 1
    return found


def _due(at: datetime) -> Any:
    waiting = Q(state=State.WAITING, next_attempt_at__lte=at)
    return RobotPost.objects.filter(waiting | Q(state=State.SENDING, lease_until__lt=at))


def _resting(at: datetime) -> Any:
    """A maker said "too fast": until its pause is over the robot gets nothing, new posts neither."""
    return RobotPost.objects.filter(
        robot=OuterRef("pk"), state=State.WAITING, last_error__startswith=FAST, next_attempt_at__gt=at
    )


def used_up(robots: Iterable[int], at: datetime) -> dict[int, int]:
    """How many posts each robot got within the last minute, or is getting now."""
    recent = Q(sent_at__gt=at - A_MINUTE) | Q(state=State.SENDING, lease_until__gte=at)
    rows = RobotPost.objects.filter(recent, robot__in=list(robots)).order_by()
    return dict(rows.values_list("robot").annotate(count=Count("pk")))


class _Batch:
    """The posting of one claim. A robot that cannot be reached is tried once."""

    def __init__(self, at: datetime, started: float) -> None:
        self.at, self.started = at, started
        self.began = time.monotonic()
        self.down: dict[int, Answer] = {}
        self.last: dict[int, float] = {}

    @property
    def now(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.started)

    def send(self, posts: Iterable[RobotPost]) -> int:
        return sum(self._one(post) for post in posts)

    def _one(self, post: RobotPost) -> bool:
        if time.monotonic() - self.began > ENOUGH:
            _held(post).update(state=State.WAITING, lease_until=None, attempts=F("attempts") - 1)
            return False
        if not stands(post):
            _held(post).update(state=State.CANCELLED, lease_until=None)
            return False
        answer = self.down.get(post.robot_id) or self._try(post)
        if answer.problem:
            if answer.problem not in OF_THE_POST:
                self.down[post.robot_id] = answer
            failed(post, answer, self.now)
            return False
        succeeded(post, self.now)
        return True

    def _try(self, post: RobotPost) -> Answer:
        apart = MAKERS[post.robot.maker].apart
        wait = self.last.get(post.robot_id, 0.0) + apart - time.monotonic()
        if apart and wait > 0:
            time.sleep(wait)
        self.last[post.robot_id] = time.monotonic()
        return attempt(post, self.now)


def stands(post: RobotPost) -> bool:
    """Whether it is still to be said: the right is asked again at sending."""
    if post.kind == TEST or not (post.robot.active and post.robot.unit.active):
        return False
    return post.notice is None or post.notice.state in (Notice.State.PUBLISHING, Notice.State.PUBLISHED)


def attempt(post: RobotPost, at: datetime) -> Answer:
    """Post it now and read the answer. No row is written; no address and no text is logged."""
    robot = post.robot
    try:
        sealed = open_(robot, "address"), open_(robot, "secret")
    except (vault.KeyMissing, vault.Altered, vault.BadKeys):
        return Answer("sealed")
    try:
        letter = makers.post(robot.maker, *sealed, words(post, at), at)
    except Exception as why:  # noqa: BLE001 (bad data in one row must not stop the others)
        log.error("post %s cannot be worded: %s", post.pk, type(why).__name__)
        return Answer("wording")
    try:
        said = outward.post(letter.address, letter.body, hosts={MAKERS[robot.maker].host})
    except outward.Unreachable as error:
        return Answer(error.code)
    return makers.answer(robot.maker, said.status, said.body)


def words(post: RobotPost, at: datetime) -> str:
    """The text, in the portal's own language: a group has none of its own. The last line is the link."""
    data = post.data
    due = datetime.fromisoformat(data["due"]) if data.get("due") else None
    with translation.override(settings.LANGUAGE_CODE):
        context = data | {"due_words": wording.by_in_full(due, at) if due else ""}
        template: Any = get_template(f"robots/{post.kind}.txt")
        text = str(template.template.render(Context(context, autoescape=False)))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join([*lines, f"{settings.SITE_URL}{data.get('url') or reverse('home')}"])


def _held(post: RobotPost) -> Any:
    """Still ours: whoever was too slow finds that another has taken it."""
    return RobotPost.objects.filter(pk=post.pk, state=State.SENDING, attempts=post.attempts)


def succeeded(post: RobotPost, at: datetime) -> None:
    _held(post).update(state=State.SENT, sent_at=at, lease_until=None, last_error="")
    Robot.objects.filter(pk=post.robot_id).exclude(failing_since=None, last_error="").update(
        failing_since=None, last_error=""
    )


@transaction.atomic
def failed(post: RobotPost, answer: Answer, at: datetime) -> None:
    """Later again, or parked; the robot is marked, and its unit told once."""
    log.warning("post %s to robot %s failed: %s", post.pk, post.robot_id, answer.code)
    change: dict[str, Any] = {"lease_until": None, "last_error": answer.code}
    parked = answer.permanent or post.attempts > len(BACK_OFF)
    if parked:
        change["state"] = State.PARKED
    else:
        wait = BACK_OFF[post.attempts - 1]
        if answer.problem == FAST:
            wait = max(wait, timedelta(seconds=MAKERS[post.robot.maker].pause))
        change |= {"state": State.WAITING, "next_attempt_at": at + wait}
    _held(post).update(**change)
    if answer.problem == "wording" or (answer.problem == FAST and not parked):
        return  # the robot is in order
    Robot.objects.filter(pk=post.robot_id).update(last_error=answer.code)
    Robot.objects.filter(pk=post.robot_id, failing_since=None).update(failing_since=at)
    if parked or post.attempts >= TOLD_AFTER:
        _tell(post.robot_id, answer, at)


def _tell(robot_id: int, answer: Answer, at: datetime) -> None:
    """Its unit's officers and heads, once for each failing."""
    robot = Robot.objects.get(pk=robot_id)
    since = robot.failing_since or at
    people = User.objects.filter(
        unit=robot.unit_id, is_active=True, role__in=[User.Role.HEAD, User.Role.DEPUTY, User.Role.OFFICER]
    )
    key = f"robot:{robot.pk}:failing:{since.isoformat()}"
    if not Alert.objects.filter(user__in=people, key=key).exists():
        audit.record("robot.failing", robot, at=at, data={"problem": answer.code})
    alerts.tell(people, "robot-failing", key=key, url=reverse("robots"), at=at, data={"robot": robot.name})
