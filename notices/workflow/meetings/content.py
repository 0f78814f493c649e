"""What a meeting says: the words, the time, the people, the agenda with its papers; checked before it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypedDict

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import calendar, files
from channelportal.core.errors import Invalid
from channelportal.core.models import StoredFile
from notices import meeting_hours, meeting_times
from notices.audience import Audience
from notices.models import AgendaItem, AgendaPaper, Level, Meeting
from notices.workflow.meetings import base

MOST_ITEMS: Final = 40
MOST_PAPERS: Final = 60
LONGEST_PURPOSE: Final = 5_000


class AgendaRow(NamedTuple):
    """A row of the agenda as entered. `files` are new papers, `keep` ids of the `AgendaPaper` that stay with it."""

    topic: str
    minutes: int | None = None
    speaker: str = ""
    files: Sequence[StoredFile] = ()
    keep: Sequence[int] = ()


class Said(TypedDict, total=False):
    """What a called meeting can still change; what is not named stays as it is."""

    title: str
    purpose: str
    mode: str
    place: str
    link: str
    starts_at: datetime
    ends_at: datetime
    agenda: Sequence[AgendaRow]
    """The whole agenda, in order."""
    papers: Sequence[StoredFile]
    """New papers of the meeting as a whole."""
    keep_papers: Sequence[int]
    """Ids of those that stay (not named: all)."""
    answer_by: datetime | None
    """None: the working day before, close of business."""
    off_hours_reason: str
    """Why outside the working hours of a working day; not asked of kinds with `any_time`."""
    short_notice_reason: str
    """Why at shorter notice than the kind wants."""


class Content(Said, total=False):
    """What a draft can say besides."""

    level: str
    """Of confidentiality; it stays as it was called."""
    chair: User
    recorder: User | None
    """None: who calls it."""
    audience: Audience


_LINES: Final = {
    "title": (100, True),
    "place": (120, False),
    "off_hours_reason": (300, False),
    "short_notice_reason": (300, False),
}
_CHOICES: Final[Any] = (
    ("mode", Meeting.Mode, _("There is no such way to meet.")),
    ("level", Level, _("This choice is not known.")),
)
_REFUSED: Final = {
    "order": ("ends_at", _("It must end after it begins.")),
    "long": ("ends_at", _("A meeting lasts three days at most.")),
    "past": ("starts_at", _("This moment has passed.")),
    "far": ("starts_at", _("This is more than a year ahead.")),
}


def values(said: Content | Said) -> dict[str, Any]:
    """The columns of the row that these words set, clean. Invalid for what no draft may say either."""
    given: dict[str, Any] = dict(said)
    found = {
        name: base.words(name, given[name], most=most, needed=needed)
        for name, (most, needed) in _LINES.items()
        if name in given
    }
    if "purpose" in given:
        found["purpose"] = base.words("purpose", given["purpose"], most=LONGEST_PURPOSE, needed=False, line=False)
    if "link" in given:
        found["link"] = _link(given["link"])
    for name, choices, refusal in _CHOICES:
        if name in given and given[name] not in choices.values:
            raise Invalid(name, refusal)
    for name in ("mode", "level", "starts_at", "ends_at", "answer_by", "chair", "recorder"):
        if name in given:
            found[name] = given[name]
    if "audience" in given:
        found["audience"] = given["audience"].stored()
    for name in ("chair", "recorder"):
        _check_person(name, given.get(name))
    return found


def _link(link: str) -> str:
    clean = base.words("link", link, most=300, needed=False)
    if clean:
        try:
            URLValidator(schemes=["http", "https"])(clean)
        except ValidationError as error:
            raise Invalid("link", _("A link begins with https:// or http://.")) from error
    return clean


def _check_person(name: str, user: User | None) -> None:
    if user is not None and (not user.is_active or user.unit_id is None):
        raise Invalid(name, _("This must be a person of the portal who is still here."))


def check_order(meeting: Meeting) -> None:
    """What the table itself would refuse."""
    if meeting.ends_at <= meeting.starts_at:
        raise Invalid("ends_at", _("It must end after it begins."))


def check_posts(meeting: Meeting) -> None:
    """The chair approves what the recorder writes, so they are two."""
    if meeting.chair_id == (meeting.recorder_id or meeting.called_by_id):
        raise Invalid("recorder", _("The chair approves the minutes; somebody else must keep them."))


def check_ready(meeting: Meeting, at: datetime) -> None:
    """Everything that must be right when people are invited, or told of a change; Invalid else."""
    if code := meeting_times.problem(meeting.starts_at, meeting.ends_at, at):
        field, reason = _REFUSED[code]
        raise Invalid(field, reason)
    check_posts(meeting)
    check_where(meeting)
    check_hours(meeting)
    if meeting.answer_by and not at < meeting.answer_by <= meeting.starts_at:
        raise Invalid("answer_by", _("Answers are due after now and before it begins."))


def check_where(meeting: Meeting) -> None:
    if meeting.mode != Meeting.Mode.VIDEO and not meeting.place:
        raise Invalid("place", _("Say where it takes place."))
    if meeting.mode != Meeting.Mode.PLACE and not meeting.link:
        raise Invalid("link", _("A meeting by video needs its link."))


def check_hours(meeting: Meeting) -> None:
    days = calendar.current(fresh=True, unit_id=meeting.unit_id)
    outside = meeting_times.off_hours(meeting.starts_at, meeting.ends_at, days, meeting_hours.in_force(fresh=True))
    if outside and not meeting.off_hours_reason and not meeting.kind.any_time:
        raise Invalid(
            "off_hours_reason",
            _("This is outside the working hours of a working day. Say why, or choose a kind for urgent matters."),
        )


def check_notice(meeting: Meeting, at: datetime) -> None:
    """Invited later than the kind wants (001 五(三)1): only with a reason."""
    days = calendar.current(unit_id=meeting.unit_id)
    ahead = meeting_times.days_ahead(at, meeting.starts_at, days)
    if ahead < meeting.kind.notice_days and not meeting.short_notice_reason:
        raise Invalid(
            "short_notice_reason",
            _(
                "This kind of meeting is called %(wanted)s working days ahead; it is %(ahead)s. Say why it must be so soon."
            )
            % {"wanted": meeting.kind.notice_days, "ahead": ahead},
        )


# ── agenda and papers ───────────────────────────────────────────────────────────────────────────


def write_papers(meeting: Meeting, said: Content | Said) -> bool:
    """Agenda and papers as said; whether anything was said of them. What is not kept loses its place here, not the file."""
    if "agenda" in said:
        _write_agenda(meeting, _checked(said["agenda"]))
    if "papers" in said or "keep_papers" in said:
        own = AgendaPaper.objects.filter(meeting=meeting, item=None)
        if "keep_papers" in said:
            own.exclude(pk__in=list(said["keep_papers"])).delete()
        AgendaPaper.objects.bulk_create(AgendaPaper(meeting=meeting, file=file) for file in said.get("papers", ()))
    if AgendaPaper.objects.filter(meeting=meeting).count() > MOST_PAPERS:
        raise Invalid("papers", _("At most %(count)s papers.") % {"count": MOST_PAPERS})
    return "agenda" in said or "papers" in said or "keep_papers" in said


def protect(meeting: Meeting, *, by: User | None, at: datetime) -> None:
    """Encrypt what lies in the clear of a confidential meeting: its papers, the pictures of its minutes (001 七)."""
    if not meeting.confidential:
        return
    papers = AgendaPaper.objects.filter(meeting=meeting).values("file")
    plain = StoredFile.objects.filter(key_id="")
    for stored in [*plain.filter(pk__in=papers), *plain.filter(picture__meeting=meeting)]:
        files.protect(stored, by=by, at=at)


def _checked(rows: Sequence[AgendaRow]) -> list[AgendaRow]:
    if len(rows) > MOST_ITEMS:
        raise Invalid("agenda", _("At most %(count)s items.") % {"count": MOST_ITEMS})
    return [
        row._replace(
            topic=base.words("agenda", row.topic, most=120),
            speaker=base.words("agenda", row.speaker, most=60, needed=False),
            minutes=_minutes(row.minutes),
        )
        for row in rows
    ]


def _minutes(minutes: int | None) -> int | None:
    if minutes is not None and not 1 <= minutes <= 24 * 60:
        raise Invalid("agenda", _("An item takes from 1 minute to 24 hours."))
    return minutes


def _write_agenda(meeting: Meeting, rows: list[AgendaRow]) -> None:
    """New rows take the place of the old ones; papers that stay move over."""
    before = set(AgendaItem.objects.filter(meeting=meeting).values_list("pk", flat=True))
    papers = {paper.pk: paper for paper in AgendaPaper.objects.filter(meeting=meeting, item__isnull=False)}
    for order, row in enumerate(rows, start=1):
        item = AgendaItem.objects.create(
            meeting=meeting, order=order, topic=row.topic, minutes=row.minutes, speaker=row.speaker
        )
        AgendaPaper.objects.bulk_create(AgendaPaper(meeting=meeting, item=item, file=file) for file in row.files)
        kept = [papers.pop(pk).pk for pk in row.keep if pk in papers]
        AgendaPaper.objects.filter(pk__in=kept).update(item=item)
    AgendaPaper.objects.filter(pk__in=list(papers)).delete()
    AgendaItem.objects.filter(pk__in=before).delete()
