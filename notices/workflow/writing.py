"""What may stand in a notice: each value as it is kept, or `Invalid` with the field (001 三(一)2, 四(一)1, 四(三)).

Half a draft may be kept; `complete` says what is missing when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Required, TypedDict
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import files
from channelportal.core.errors import Invalid
from channelportal.core.models import StoredFile
from channelportal.lib import rich
from channelportal.lib.workdays import WorkCalendar, local_date
from notices.audience import Audience
from notices.models import Level, Notice, NoticeFile, NoticeKind, Picture, Version, VersionEditor
from notices.workflow import base

LATEST: Final = timedelta(days=366)  # a publication is set at most a year ahead
MOST_DAYS: Final = 60  # to acknowledge
OF_PLAIN: Final = frozenset(Notice.BY_PORTAL)
AUDIENCE: Final[dict[str, Any]] = {
    "empty": _("Say whom it is for."),
    "facets": _("Choose at least one kind, region, grade or department of channels, or all channels."),
    "unknown": _("The audience names something that does not exist."),
    "many": _("Too many are named one by one. Choose them by kind, region or grade."),
}


class Contents(TypedDict, total=False):
    """What is written of a notice: arguments of `draft` and `edit`. Only the title must be given."""

    title: Required[str]
    body: str
    """HTML; cleaned here."""
    audience: Audience
    purpose: str
    """Of a request."""
    means: Sequence[str]
    """Codes of `Notice.Means`; a plain notice stands in the portal in any case."""
    level: str
    importance: str
    urgency: str
    major: bool
    valid_until: date | None
    late_joiners: bool
    acknowledge: bool | None
    """None: as the kind says."""
    acknowledge_by: date | None
    acknowledge_days: int | None
    """None: as the kind says."""
    unit_answers: bool
    publish_at: datetime | None
    """None: at once when approved."""
    reason: str
    impact: str
    effective_on: date | None


DEFAULTS: Final[dict[str, Any]] = {
    "body": "", "audience": Audience(), "purpose": "", "means": (Notice.Means.PORTAL,), "level": Level.NORMAL,
    "importance": Notice.Importance.NORMAL, "urgency": Notice.Urgency.NORMAL, "major": False, "valid_until": None,
    "late_joiners": False, "acknowledge": None, "acknowledge_by": None, "acknowledge_days": None, "unit_answers": False,
    "publish_at": None, "reason": "", "impact": "", "effective_on": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """What a draft's form gives, as it is kept."""

    notice: dict[str, Any]
    version: dict[str, Any]


def written(kind: NoticeKind, contents: Contents, *, request: bool, calendar: WorkCalendar, at: datetime) -> Written:
    """What is kept of it. Raises Invalid."""
    values: dict[str, Any] = {**DEFAULTS, **contents}
    level = _one_of("level", values["level"], Level.values)
    publish_at = _publish_at(values["publish_at"], at)
    version = texts(values)
    acknowledge = kind.acknowledge if values["acknowledge"] is None else bool(values["acknowledge"])
    notice = {
        "title": version["title"],
        "purpose": base.words("purpose", values["purpose"], most=300, needed=False) if request else "",
        "means": _means(values["means"], request),
        "level": level,
        "importance": _one_of("importance", values["importance"], Notice.Importance.values),
        "urgency": _one_of("urgency", values["urgency"], Notice.Urgency.values),
        "major": bool(values["major"]),
        "valid_until": values["valid_until"],
        "audience": _audience(values["audience"]).stored(),
        "late_joiners": bool(values["late_joiners"]),
        "acknowledge": acknowledge,
        "acknowledge_by": values["acknowledge_by"] if acknowledge else None,
        "acknowledge_days": _days(values["acknowledge_days"] or kind.acknowledge_days),
        "unit_answers": bool(values["unit_answers"]) and acknowledge,
        "publish_at": publish_at,
    }
    _check_days(notice, version["effective_on"], calendar, at)
    return Written(notice, version)


def texts(values: dict[str, Any]) -> dict[str, Any]:
    """Title, body and what a policy says."""
    body = str(values["body"])
    if rich.too_long(body):
        raise Invalid("body", _("The text is too long. Put a part of it into a file."))
    return {
        "title": base.words("title", values["title"], most=base.LONGEST_TITLE, line=True),
        "body": rich.clean(body),
        "reason": base.words("reason", values["reason"], needed=False),
        "impact": base.words("impact", values["impact"], needed=False),
        "effective_on": values["effective_on"],
    }


def _one_of(name: str, value: str, known: Iterable[str]) -> str:
    if value not in known:
        raise Invalid(name, _("This choice is not known."))
    return value


def _audience(audience: Audience) -> Audience:
    problem = audience.problem()
    if problem in ("unknown", "many"):
        raise Invalid("audience", AUDIENCE[problem])
    return audience


def _means(means: Sequence[str], request: bool) -> list[str]:
    """A plain notice stands in the portal in any case; mail and robot are besides."""
    chosen = set(means) if request else set(means) | {Notice.Means.PORTAL.value}
    if chosen - (set(Notice.Means.values) if request else OF_PLAIN):
        raise Invalid("means", _("This choice is not known."))
    return [code for code in Notice.Means.values if code in chosen]


def _days(days: int) -> int:
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("acknowledge_days", _("Between %(low)s and %(high)s.") % {"low": 1, "high": MOST_DAYS})
    return days


def _publish_at(moment: datetime | None, at: datetime) -> datetime | None:
    if moment is None:
        return None
    if moment <= at:
        raise Invalid("publish_at", _("This moment has passed."))
    if moment > at + LATEST:
        raise Invalid("publish_at", _("At most a year ahead."))
    return moment


def _check_days(notice: dict[str, Any], effective_on: date | None, calendar: WorkCalendar, at: datetime) -> None:
    today = local_date(at)
    published = local_date(notice["publish_at"] or at)
    valid_until, acknowledge_by = notice["valid_until"], notice["acknowledge_by"]
    if valid_until and valid_until < published:
        raise Invalid("valid_until", _("It would have expired before it is published."))
    if valid_until and effective_on and valid_until < effective_on:
        raise Invalid("valid_until", _("It would have expired before it comes into force."))
    if effective_on and effective_on < today:
        raise Invalid("effective_on", _("This day has passed."))
    if effective_on and effective_on < published:
        raise Invalid("effective_on", _("It would come into force before it is published."))
    if acknowledge_by and acknowledge_by < calendar.nth_after(published, 1):
        raise Invalid("acknowledge_by", _("Leave at least the working day after the publication."))
    if acknowledge_by and valid_until and acknowledge_by > valid_until:
        raise Invalid("acknowledge_by", _("It would have expired before this day."))


def sign(version: Version, *, by: User, at: datetime) -> None:
    """On record that he wrote on this version: he does not decide it (docs/decisions/13)."""
    VersionEditor.objects.bulk_create([VersionEditor(version=version, user=by, at=at)], ignore_conflicts=True)


# ── when it is sent ─────────────────────────────────────────────────────────────────────────────


def complete(notice: Notice, version: Version, calendar: WorkCalendar, at: datetime) -> None:
    """Everything that a sending needs, asked anew: days pass while a draft lies. Raises Invalid."""
    if version.number == 1 and not notice.kind.active:
        raise Invalid("kind", _("This kind is no longer in use."))
    if rich.is_empty(version.body):
        raise Invalid("body", _("This must not be empty."))
    if problem := Audience.read(notice.audience).problem():
        raise Invalid("audience", AUDIENCE[problem])
    if notice.request and not notice.purpose:
        raise Invalid("purpose", _("Say what the communication is for."))
    if not notice.means:
        raise Invalid("means", _("Choose at least one means."))
    if notice.kind.policy:
        _complete_policy(version)
    if notice.version is not None:
        _complete_correction(notice.version, version, local_date(at))
    else:
        _publish_at(notice.publish_at, at)
        days = {name: getattr(notice, name) for name in ("publish_at", "valid_until", "acknowledge_by")}
        _check_days(days, version.effective_on, calendar, at)


def overtaken(notice: Notice, version: Version, today: date) -> Any:
    """Why what everybody approved can no longer go out as it is; "": it can. Approval may have taken days."""
    if notice.valid_until and notice.valid_until < today:
        return _("Its validity ended while it lay in approval. Return it.")
    new_day = notice.version is None or notice.version.effective_on != version.effective_on
    if new_day and version.effective_on and version.effective_on < today:
        return _("The day from which it is in force passed while it lay in approval. Return it.")
    return ""


def _complete_correction(shown: Version, new: Version, today: date) -> None:
    if new.effective_on and new.effective_on != shown.effective_on and new.effective_on < today:
        raise Invalid("effective_on", _("This day has passed."))


def _complete_policy(version: Version) -> None:
    for name in ("reason", "impact"):
        if not getattr(version, name):
            raise Invalid(name, _("A policy says this."))
    if version.effective_on is None:
        raise Invalid("effective_on", _("A policy says this."))


def lead(notice: Notice, version: Version, calendar: WorkCalendar, day: date) -> int | None:
    """Working days from this day (or the day set for the publication) to the day the policy comes into force; None: enough of
    them, or not asked for (001 三(一)2). A correction that leaves the day as it was is not asked."""
    kind, effective_on = notice.kind, version.effective_on
    if not kind.policy or not kind.lead_days or effective_on is None:
        return None
    if notice.version is not None and notice.version.effective_on == effective_on:
        return None
    if version.number == 1 and notice.publish_at:
        day = max(day, local_date(notice.publish_at))
    days = calendar.between(day, effective_on)
    return days if days < kind.lead_days else None


# ── files and pictures ──────────────────────────────────────────────────────────────────────────


def attach(version: Version, added: Sequence[StoredFile], *, by: User | None, at: datetime) -> None:
    """More files for a version; those of a confidential notice are encrypted."""
    rows = [NoticeFile(version=version, file=stored) for stored in dict.fromkeys(added)]
    NoticeFile.objects.bulk_create(rows, ignore_conflicts=True)
    protect(version, by=by, at=at)


def keep_only(version: Version, kept: Sequence[UUID | str] | None) -> None:
    """Take the files out that are not among `kept` (ids of stored files); None: all stay. What was sent before stays named in
    its sending."""
    if kept is not None:
        NoticeFile.objects.filter(version=version).exclude(file__in=_ids(kept)).delete()


def carry_over(old: Version, new: Version, kept: Sequence[UUID | str] | None) -> None:
    """The old version's files for the new one, as far as they are kept (None: all)."""
    rows = NoticeFile.objects.filter(version=old)
    if kept is not None:
        rows = rows.filter(file__in=_ids(kept))
    NoticeFile.objects.bulk_create(NoticeFile(version=new, file_id=row.file_id) for row in rows)


def _ids(kept: Sequence[UUID | str]) -> list[UUID]:
    try:
        return [one if isinstance(one, UUID) else UUID(str(one)) for one in kept]
    except ValueError as error:
        raise Invalid("keep_files", _("This choice is not known.")) from error


def place_pictures(version: Version, *, by: User | None, at: datetime) -> None:
    """The pictures of the text that the writer uploaded belong to the notice from now on."""
    shown = rich.pictures(version.body)
    if not shown or by is None:
        return
    Picture.objects.filter(file__in=shown, by=by, notice=None, meeting=None).update(notice=version.notice)
    protect(version, by=by, at=at)


def protect(version: Version, *, by: User | None, at: datetime) -> None:
    """Encrypt what lies in the clear, if the notice is confidential (001 七)."""
    notice = version.notice
    if not notice.confidential:
        return
    plain = StoredFile.objects.filter(key_id="")
    for stored in [*plain.filter(pk__in=_files_of(notice)), *plain.filter(picture__notice=notice)]:
        files.protect(stored, by=by, at=at)


def _files_of(notice: Notice) -> Any:
    return NoticeFile.objects.filter(version__notice=notice).values("file")
