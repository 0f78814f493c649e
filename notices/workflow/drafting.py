"""Writing: a draft of a notice or of a communication request, and its editing (001 三(一)(二), 四(一))."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import Refused, scope
from accounts.models import Unit, User
from channelportal.core import calendar, clock
from channelportal.core.errors import Invalid
from channelportal.core.models import StoredFile
from channelportal.core.once import once
from channelportal.lib.workdays import local_date
from notices import numbers, rights
from notices.models import Notice, NoticeKind, Version
from notices.workflow import base, writing
from notices.workflow.writing import Contents

PREFIXES = {False: "TZ", True: "SQ"}


def draft(
    *,
    by: User,
    kind: NoticeKind,
    request: bool = False,
    files: Sequence[StoredFile] = (),
    key: UUID | None = None,
    at: datetime | None = None,
    **contents: Unpack[Contents],
) -> Notice:
    """A draft, as far as it is written: only the title is needed. The same `key` by the same person a second time gives the first
    notice. Raises Refused, Invalid."""
    unit = _writing_unit(by, kind)

    def make() -> Notice:
        return _make(by, unit, kind, contents, request=request, files=files, at=at)

    if key is None:
        with transaction.atomic():
            return make()
    return once(by, key, make)[0]


def _writing_unit(by: User, kind: NoticeKind) -> Unit:
    """His unit, which may write notices of this kind."""
    if not by.is_active or by.unit is None or not scope(by).may("notice.draft", by.unit_id):
        raise Refused(rights.REASONS["draft"])
    if not kind.active:
        raise Invalid("kind", _("This kind is no longer in use."))
    if not rights.writes_kind(kind, by):
        raise Refused(rights.REASONS["kind"])
    return by.unit


def _make(
    by: User,
    unit: Unit,
    kind: NoticeKind,
    contents: Contents,
    *,
    request: bool,
    files: Sequence[StoredFile],
    at: datetime | None,
) -> Notice:
    moment = at or clock.now()
    written = writing.written(kind, contents, request=request, calendar=calendar.current(fresh=True), at=moment)
    notice = Notice.objects.create(
        number=numbers.next_number(PREFIXES[request], local_date(moment)),
        request=request, kind=kind, unit=unit, author=by, created_at=moment, touched_at=moment, **written.notice,
    )  # fmt: skip
    version = Version.objects.create(notice=notice, drafted_by=by, edited_by=by, edited_at=moment, **written.version)
    writing.sign(version, by=by, at=moment)
    writing.attach(version, files, by=by, at=moment)
    writing.place_pictures(version, by=by, at=moment)
    base.record("draft", notice, by=by, at=moment, data={"kind": kind.code, "request": request, "level": notice.level})
    return notice


def edit(
    notice: Notice,
    *,
    by: User,
    kind: NoticeKind | None = None,
    files: Sequence[StoredFile] = (),
    keep_files: Sequence[UUID | str] | None = None,
    at: datetime | None = None,
    **contents: Unpack[Contents],
) -> Notice:
    """Write a draft or a returned notice anew: what is not given is as in `draft`. `files` are added; `keep_files`: ids of the
    stored files that stay (None: all). Raises Refused, WrongState, Invalid."""
    with base.handling("edit", notice, by=by, at=at) as matter:
        chosen = kind or matter.notice.kind
        if chosen.pk != matter.notice.kind_id:
            _writing_unit(by, chosen)
        request = matter.notice.request
        written = writing.written(chosen, contents, request=request, calendar=matter.calendar, at=matter.at)
        matter.set(kind=chosen, **written.notice)
        matter.set_version(edited_by=by, edited_at=matter.at, **written.version)
        writing.sign(matter.hand, by=by, at=matter.at)
        writing.keep_only(matter.hand, keep_files)
        writing.attach(matter.hand, files, by=by, at=matter.at)
        writing.place_pictures(matter.hand, by=by, at=matter.at)
    return matter.notice


def short_lead(notice: Notice, version: Version, *, at: datetime) -> int | None:
    """For the form before sending: the working days ahead, if they are fewer than the kind asks for; else None."""
    return writing.lead(notice, version, calendar.current(), local_date(at))
