"""Out: at once or at its time; called off before, withdrawn after. The job that reaches everybody is `publication.py`."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from channelportal.core import outbox, search
from channelportal.lib import rich
from notices import afterwards, publication, robots
from notices.models import Notice, Version
from notices.workflow import base, ending
from notices.workflow.base import Matter


def publish(notice: Notice, *, by: User | None = None, at: datetime | None = None) -> Notice:
    """A scheduled notice goes out: its time has come (`by=None`), or its author's side does not wait for it. Raises Refused,
    WrongState (also where another was faster)."""
    with base.handling("publish", notice, by=by, at=at) as matter:
        _go(matter)
    return matter.notice


def cancel(notice: Notice, *, by: User, reason: str = "", at: datetime | None = None) -> Notice:
    """Call it off before publication; what was approved needs a reason. Raises Refused, WrongState, Invalid."""
    with base.handling("cancel", notice, by=by, at=at) as matter:
        approved = matter.notice.state in (Notice.State.SCHEDULED, Notice.State.APPROVED)
        said = base.reason_of(reason, needed=approved)
        matter.set(withdrawal=said)
        _note_reason(matter, said)
        outbox.cancel(f"notice:{matter.notice.pk}")
        if matter.hand.sendings.exists():
            matter.news.cancelled(said)
        matter.move()
    return matter.notice


def withdraw(notice: Notice, *, by: User, reason: str, wrong: bool = False, at: datetime | None = None) -> Notice:
    """Take a published notice back: its readers are told why, the text stays behind a clear mark. A correction in hand is
    dropped. `wrong`: what it said was wrong, which counts against the accuracy rate as a correction of an error does. Raises
    Refused, WrongState, Invalid."""
    with base.handling("withdraw", notice, by=by, at=at) as matter:
        said = base.reason_of(reason)
        _note_reason(matter, said)
        matter.facts["wrong"] = wrong
        if matter.version is not None:
            ending.drop_in_hand(matter)
        matter.move()
        matter.set(withdrawn_at=matter.at, withdrawn_by=by, withdrawal=said, withdrawn_wrong=wrong)
        matter.save()
        robots.cancel_for(matter.notice)
        afterwards.begin(matter.notice, afterwards.WITHDRAW, at=matter.at, by=by)
        matter.news.withdrawn(said)
    return matter.notice


def _note_reason(matter: Matter, said: str) -> None:
    """In the trail too, unless it may say what a confidential notice says: then it stands in the notice's row alone."""
    if not matter.notice.confidential:
        matter.facts["reason"] = said


def put_on_its_way(matter: Matter) -> None:
    """Approved by everybody: published, or waits for its time, or is to be carried out otherwise."""
    notice = matter.notice
    if Notice.Means.PORTAL not in notice.means:
        matter.move(Notice.State.APPROVED)
        matter.news.passed()
    elif notice.publish_at and notice.publish_at > matter.at:
        matter.move(Notice.State.SCHEDULED)
        matter.news.passed()
    else:
        _go(matter)


def _go(matter: Matter) -> None:
    version = matter.hand
    matter.set(state=Notice.State.PUBLISHING, version=version, title=version.title, published_at=matter.at)
    matter.set_version(state=Version.State.PUBLISHED, published_at=matter.at)
    matter.save()
    publication.begin(matter.notice, matter.at, matter.by)
    index(matter.notice, version)
    matter.news.published()


def index(notice: Notice, version: Version) -> None:
    """What the notice is found by; `visible_to` decides who finds it."""
    search.index(
        "notice", notice.pk, version.title, notice.number, notice.unit.name, notice.kind.name_zh, notice.kind.name_en,
        rich.plain(version.body),
    )  # fmt: skip
