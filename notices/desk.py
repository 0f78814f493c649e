"""What waits for a person among the notices: rows for the desk, and the conditions behind them, the list's tabs and the numbers in
the navigation, so that none of them says what another does not (000 5.10; 001 四(三)2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.access import scope
from accounts.models import Absence, User
from channelportal.lib.workdays import WorkCalendar, local_date
from notices import rights
from notices.models import Notice, Receipt, Step, Version, VersionEditor

LIVE: Final = (Notice.State.PUBLISHING, Notice.State.PUBLISHED)
MOST = 50  # rows of each sort on the desk; the list has the rest
FEW = 5  # notices that only want to be read
MOST_COUNTED = 99


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits: what to do about what, for whom, until when. `urgent`: stands in front of everything."""

    url: str
    title: str
    about: str
    who: str
    todo: str
    due_at: datetime | None = None
    tone: str = "hand"
    urgent: bool = False


# ── the conditions ──────────────────────────────────────────────────────────────────────────────


def valid(today: date, notice: str = "notice__") -> Q:
    """Published, not withdrawn, not expired; `notice`: the way there from the row that is asked."""
    still = Q(**{f"{notice}valid_until": None}) | Q(**{f"{notice}valid_until__gte": today})
    return still & Q(**{f"{notice}state__in": LIVE})


def received(user: User, today: date) -> QuerySet[Receipt]:
    """What he received for the unit he is in, as far as it is valid."""
    mine = Receipt.objects.filter(user=user.pk, unit=user.unit_id, delivered_at__isnull=False)
    return mine.filter(valid(today))


def _asked(user: User) -> Q:
    """His acknowledgement is asked for and missing; where one answers for the unit, by those who may."""
    asked = Q(due_at__isnull=False, settled_at=None)
    if scope(user).may("notice.acknowledge_for_unit", user.unit_id):
        return asked
    return asked & Q(notice__unit_answers=False)


def to_acknowledge(user: User, today: date) -> QuerySet[Receipt]:
    return received(user, today).filter(_asked(user))


def news(user: User, today: date) -> QuerySet[Receipt]:
    """Unread, or to be acknowledged: the number in the navigation."""
    return received(user, today).filter(Q(opened_at=None) | _asked(user))


def urgent(user: User, today: date) -> QuerySet[Receipt]:
    """Urgent ones until they are acknowledged; where nobody asks for that, until they are read."""
    found = received(user, today).filter(notice__urgency=Notice.Urgency.URGENT)
    return found.filter(_asked(user) | Q(due_at=None, opened_at=None))


def to_approve(user: User) -> QuerySet[Step]:
    """Steps whose decision is his now, as `deciders.of_step` says of one: a head's; a deputy's while every head who neither
    wrote, edited nor sent it is away. Nobody decides about what is his own."""
    steps = Step.objects.filter(state=Step.State.OPEN, unit=user.unit_id).exclude(author=user).exclude(editor=user)
    steps = steps.exclude(Exists(VersionEditor.objects.filter(version=OuterRef("version"), user=user)))
    if not user.leads:
        return steps.none()
    return steps if user.role == User.Role.HEAD else steps.filter(~Exists(_heads_here(user)))


def _heads_here(deputy: User) -> QuerySet[User]:
    """Of the step that is asked: heads of the deputy's unit who could decide it and for whom he does not stand in today."""
    today = localdate()
    away = Absence.objects.filter(first_day__lte=today, last_day__gte=today, ended_at=None)
    away = away.filter(Q(deputy=None) | Q(deputy=deputy))
    heads = User.objects.filter(unit=deputy.unit_id, role=User.Role.HEAD, is_active=True, frozen_at=None)
    heads = heads.exclude(pk__in=away.values("user")).exclude(pk=OuterRef("author")).exclude(pk=OuterRef("editor"))
    return heads.exclude(
        Exists(VersionEditor.objects.filter(version=OuterRef(OuterRef("version")), user=OuterRef("pk")))
    )


def to_write(user: User) -> QuerySet[Notice]:
    """His own that came back with remarks, a correction too; and requests whose outcome may be missing (`rights.owes_outcome`)."""
    returned = Version.objects.filter(notice=OuterRef("pk"), state=Version.State.RETURNED)
    own = Notice.objects.filter(author=user, unit=user.unit_id)
    published = Q(state=Notice.State.PUBLISHED) & (Exists(returned) | Q(request=True, outcome_on=None))
    return own.filter(Q(state__in=[Notice.State.RETURNED, Notice.State.APPROVED]) | published).annotate(
        returned=Exists(returned)
    )


# ── the rows ────────────────────────────────────────────────────────────────────────────────────


def waiting(user: User, at: datetime) -> list[Waiting]:
    """Everything of his among the notices, in no order. Three statements."""
    if user.unit_id is None:
        return []
    return [*to_read(user, at), *approvals(user, at), *own(user)]


def to_read(user: User, at: datetime) -> Iterator[Waiting]:
    """To acknowledge, least time left first; then the newest that are only to be read, a few of them."""
    today = localtime(at).date()
    asked = ExpressionWrapper(_asked(user), output_field=BooleanField())
    rows = news(user, today).annotate(asked=asked).select_related("notice__kind", "notice__unit")
    rest = FEW
    for receipt in rows.order_by(F("due_at").asc(nulls_last=True), "-delivered_at")[:MOST]:
        if receipt.asked or receipt.notice.urgency == Notice.Urgency.URGENT:
            yield _reading(receipt, at)
        elif rest:
            rest -= 1
            yield _reading(receipt, at)


def _reading(receipt: Any, at: datetime) -> Waiting:
    notice, due = receipt.notice, receipt.due_at if receipt.asked else None
    return Waiting(
        url=notice.get_absolute_url(),
        title=notice.title,
        about=_about(notice),
        who=notice.unit.name,
        todo=pgettext("to do", "Acknowledge") if due else pgettext("to do", "Read"),
        due_at=due,
        tone=tone(due, at) if due else "wait",
        urgent=notice.urgency == Notice.Urgency.URGENT,
    )


def approvals(user: User, at: datetime) -> Iterator[Waiting]:
    steps = to_approve(user).select_related("version__notice__kind", "version__notice__unit").order_by("opened_at")
    for step in steps[:MOST]:
        notice = step.version.notice
        yield Waiting(
            url=notice.get_absolute_url(),
            title=step.version.title,
            about=_about(notice),
            who=notice.unit.name,
            todo=pgettext("to do", "Check") if step.duty == Step.Duty.CHECK else pgettext("to do", "Approve"),
            due_at=step.due_at,
            tone=tone(step.due_at, at),
            urgent=False,
        )


def own(user: User) -> Iterator[Waiting]:
    for notice in to_write(user).select_related("kind", "unit").order_by("-touched_at")[:MOST]:
        back = notice.returned  # type: ignore[attr-defined]  # annotated above
        if not back and notice.state == Notice.State.PUBLISHED and not rights.owes_outcome(notice):
            continue
        yield Waiting(
            url=notice.get_absolute_url(),
            title=notice.title,
            about=_about(notice),
            who=notice.unit.name,
            todo=_("Revise and send again") if back else _("Record what was done"),
            tone="due" if back else "hand",
        )


def _about(notice: Notice) -> str:
    words = [notice.number, notice.kind.name]
    if notice.urgency == Notice.Urgency.URGENT:
        words.append(notice.get_urgency_display())
    return " · ".join(words)


def days_said(calendar: WorkCalendar, due: datetime, at: datetime) -> int | None:
    """The working days that people speak of: those late, or those left when more than one is; None: hours say it better."""
    today, day = local_date(at), local_date(due)
    if due < at:
        return max(0, calendar.between(day, today))
    left = calendar.between(today, day)
    return left if left > 1 else None


def tone(due: datetime | None, at: datetime) -> str:
    """Red when it is late, amber on its day."""
    if due is None:
        return "hand"
    if due < at:
        return "late"
    return "due" if localtime(due).date() == localtime(at).date() else "hand"
