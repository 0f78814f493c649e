"""A later version of a published notice: what changed and why; the same chain; readers are told (000 4.1.4; N7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Max

from accounts.models import User
from channelportal.core.models import StoredFile
from notices import afterwards, asking, robots
from notices.models import Notice, Version
from notices.workflow import base, ending, publishing, writing
from notices.workflow.base import Matter

UNCHANGED: Final[Any] = object()


def correct(
    notice: Notice,
    *,
    by: User,
    title: str,
    body: str,
    change: str,
    change_reason: str,
    error: bool = False,
    reason: str | None = None,
    impact: str | None = None,
    effective_on: date | None = UNCHANGED,
    files: Sequence[StoredFile] = (),
    keep_files: Sequence[UUID | str] | None = None,
    at: datetime | None = None,
) -> Version:
    """The draft of a correction; readers see the words of before until it is approved. `error`: it corrects one, which counts
    against the accuracy rate. What a policy says and the files stay unless given (`keep_files`: ids of stored files, None:
    all). Whom it is for cannot change. Raises Refused, WrongState (also while another correction is in hand), Invalid."""
    with base.handling("correct", notice, by=by, at=at) as matter:
        shown = _shown(matter.notice)
        values = _values(
            shown, title=title, body=body, change=change, change_reason=change_reason, error=error, reason=reason,
            impact=impact, effective_on=effective_on,
        )  # fmt: skip
        last = matter.notice.versions.aggregate(last=Max("number"))["last"]
        version = Version.objects.create(
            notice=matter.notice, number=last + 1, drafted_by=by, edited_by=by, edited_at=matter.at, **values
        )
        writing.sign(version, by=by, at=matter.at)
        writing.carry_over(shown, version, keep_files)
        writing.attach(version, files, by=by, at=matter.at)
        writing.place_pictures(version, by=by, at=matter.at)
        matter.facts |= {"version": version.number, "error": version.error}
    return version


def edit_correction(
    version: Version,
    *,
    by: User,
    title: str,
    body: str,
    change: str,
    change_reason: str,
    error: bool = False,
    reason: str | None = None,
    impact: str | None = None,
    effective_on: date | None = UNCHANGED,
    files: Sequence[StoredFile] = (),
    keep_files: Sequence[UUID | str] | None = None,
    at: datetime | None = None,
) -> Version:
    """Write a correction in draft, or one that came back, anew; the arguments as in `correct`."""
    with base.handling("edit_correction", version.notice, by=by, at=at) as matter:
        _same(matter, version)
        values = _values(
            matter.hand, title=title, body=body, change=change, change_reason=change_reason, error=error, reason=reason,
            impact=impact, effective_on=effective_on,
        )  # fmt: skip
        matter.set_version(edited_by=by, edited_at=matter.at, **values)
        writing.sign(matter.hand, by=by, at=matter.at)
        writing.keep_only(matter.hand, keep_files)
        writing.attach(matter.hand, files, by=by, at=matter.at)
        writing.place_pictures(matter.hand, by=by, at=matter.at)
    return matter.hand


def drop(version: Version, *, by: User, at: datetime | None = None) -> Version:
    """Give a correction up before it is in force. Raises Refused, WrongState."""
    with base.handling("drop", version.notice, by=by, at=at) as matter:
        _same(matter, version)
        ending.drop_in_hand(matter)
    return matter.hand


def put_in_force(matter: Matter) -> None:
    """Approved by everybody: readers see it from now on, and those who read the old one are told."""
    notice, new = matter.notice, matter.hand
    old = _shown(notice)
    if Version.objects.filter(pk=old.pk, state=Version.State.PUBLISHED).update(state=Version.State.REPLACED) != 1:
        raise base.wrong_state(notice)
    matter.set(version=new, title=new.title)
    matter.set_version(state=Version.State.PUBLISHED, published_at=matter.at)
    matter.facts |= {"replaced": old.number, "error": new.error}
    matter.save()
    publishing.index(notice, new)
    again = asking.asks_again(notice, old, new)
    if again:
        asking.begin_again(notice, matter.at)
    facts = {"version": new.pk, "again": again}
    afterwards.begin(notice, afterwards.CORRECT, at=matter.at, by=matter.by, facts=facts)
    robots.queue_for(notice, matter.at, version=new.number)
    matter.news.published()


def _shown(notice: Notice) -> Version:
    if notice.version is None:
        raise base.wrong_state(notice)
    return notice.version


def _same(matter: Matter, version: Version) -> None:
    if matter.hand.pk != version.pk:
        raise base.wrong_state(matter.notice, version)


def _values(before: Version, **given: Any) -> dict[str, Any]:
    """What a correction says; what is not given stays as it was."""
    for name in ("reason", "impact"):
        given[name] = getattr(before, name) if given[name] is None else given[name]
    if given["effective_on"] is UNCHANGED:
        given["effective_on"] = before.effective_on
    return {
        **writing.texts(given),
        "change": base.reason_of(given["change"], "change"),
        "change_reason": base.reason_of(given["change_reason"], "change_reason"),
        "error": bool(given["error"]),
    }
