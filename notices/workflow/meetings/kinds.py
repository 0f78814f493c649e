"""The kinds of meetings and how often they must be held (001 五(一), 004 二(三)1): 企发部 edits them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import User
from channelportal.core import audit, clock
from channelportal.core.errors import Invalid
from notices.audience import Audience
from notices.models import MeetingKind
from notices.workflow.meetings import base


class Kind(TypedDict, total=False):
    """What of a kind can be set; a new one needs code and both names."""

    code: str
    name_zh: str
    name_en: str
    times: int
    period: str
    per: str
    audience: Audience
    """Who must take part; drafts of the kind begin with it. Empty: said in each draft."""
    notice_days: int
    minutes_days: int
    any_time: bool
    order: int
    active: bool


_BOUNDS: Final = {"times": (1, 50), "notice_days": (0, 60), "minutes_days": (1, 30), "order": (0, 10_000)}


def save_kind(kind: MeetingKind | None, *, by: User, at: datetime | None = None, **values: Unpack[Kind]) -> MeetingKind:
    """Change a kind, or make one (`kind` None). The code of an existing one stays. Refused, Invalid."""
    access.require(by, "notice.supervise", None, _("Only the supervising department keeps the kinds of meetings."))
    with transaction.atomic():
        row = MeetingKind.objects.select_for_update().get(pk=kind.pk) if kind else MeetingKind(code=_code(values))
        before = _plain(row)
        for name, value in _checked(values).items():
            setattr(row, name, value)
        if not row.name_zh or not row.name_en:
            raise Invalid("name_zh" if not row.name_zh else "name_en", _("This must not be empty."))
        _save(row)
        after = _plain(row)
        changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        audit.record("meetingkind.saved", row, by=by, data=changed, at=at or clock.now())
    return row


def _code(values: Kind) -> str:
    code = slugify(values.get("code", ""))[:30]
    if not code:
        raise Invalid("code", _("Letters, digits and hyphens."))
    return code


def _save(row: MeetingKind) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Invalid("code", _("There is a kind with this code.")) from error


def _checked(values: Kind) -> dict[str, Any]:
    given: dict[str, Any] = {name: value for name, value in values.items() if name != "code"}
    for name, most in (("name_zh", 30), ("name_en", 50)):
        if name in given:
            given[name] = base.words(name, given[name], most=most)
    for name, (low, high) in _BOUNDS.items():
        if name in given and not low <= given[name] <= high:
            raise Invalid(name, _("Between %(low)s and %(high)s.") % {"low": low, "high": high})
    for name, choices in (("period", MeetingKind.Period), ("per", MeetingKind.Per)):
        if name in given and given[name] not in choices.values:
            raise Invalid(name, _("There is no such choice."))
    if "audience" in given:
        audience: Audience = given["audience"]
        if audience.problem() not in ("", "empty"):
            raise Invalid("audience", _("Say who must take part."))
        given["audience"] = audience.stored()
    return given


def _plain(row: MeetingKind) -> dict[str, Any]:
    names = (
        "name_zh",
        "name_en",
        "times",
        "period",
        "per",
        "audience",
        "notice_days",
        "minutes_days",
        "any_time",
        "order",
        "active",
    )
    return {name: getattr(row, name) for name in names}
