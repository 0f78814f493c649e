"""The desk 工作台: what waits for this person, in order of time left; what he sent and how it stands; his unit's month.

On this page alone a person can do a day's work. A fixed number of queries, whatever the desk holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from django.db.models import BooleanField, Case, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts import statements
from accounts.access import Scope, scope, signed_in
from accounts.models import Registration, User
from channelportal import management_desk
from channelportal.core import calendar, clock
from channelportal.lib.workdays import WorkCalendar
from feedback import deadlines, desk, stats
from feedback.models import Assist, Obligation, Ticket, TicketQuerySet
from notices import desk as notice_desk
from notices import meeting_desk, rule_desk, subscription_desk
from notices.models import Rule, RuleVersion

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST = 50  # rows of each sort on the desk; the list has the rest
FEW = 10
WAITING_DAYS = 7


@dataclass(frozen=True)
class Row:
    """One thing that waits: what to do about what, for whom, until when."""

    url: str
    title: str
    about: str  # number · kind · severity
    who: str  # the other side
    todo: str  # "Answer", "Approve", …
    due_at: datetime | None
    days: int | None = None  # working days, as `deadlines.days_said`
    tone: str = "hand"
    urgent: bool = False  # an urgent notice: in front of everything until it is acknowledged


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The desk of a person with a unit; an administrator's first page is the one he works on."""
    user = signed_in(request)
    if user.admin_role:
        return redirect({"audit": "audit", "system": "doctor", "security": "people"}[user.admin_role])
    now = clock.now()
    rows = waiting(user, now)
    board = management_desk.board(user, now)
    context = {
        "urgent": [row for row in rows if row.urgent],
        "rows": [row for row in rows if not row.urgent and (board is None or row.url not in board.urls)],
        "board": board,
        "waiting": len(rows),
        "colleagues": with_colleagues(user, now),
        "late": sum(row.tone == "late" for row in rows),
        "sent": sent(user, now),
        "month": stats.month_of(user.unit_id, localtime(now).date()) if user.unit_id else None,
        "day": calendar.current().day(localtime(now).date()),
        "now": now,
        "greeting": _greeting(localtime(now).hour),
    }
    return render(request, "home/desk.html", context)


def waiting(user: User, now: datetime) -> list[Row]:
    """Everything that waits for this person, the least time left first, what has no due moment last."""
    who = scope(user)
    cal = calendar.current()
    waits = statements.one(_waits, user, now=now)
    rows = list(_tickets(user, now, cal))
    rows += _assists(user, now, cal) if waits["assists"] else []
    rows += _decisions(user, now) if waits["decisions"] else []
    rows += _registrations(who) if waits["reviews"] else []
    rows += _notices(user, now, cal, waits)
    far = now + timedelta(days=36500)
    return sorted(rows, key=lambda row: row.due_at or far)


def _tickets(user: User, now: datetime, cal: WorkCalendar) -> Iterator[Row]:
    for ticket in statements.rows(_his_steps, user):
        yield _ticket_row(ticket, user, now, cal)


def _his_steps(user: User) -> QuerySet[Any]:
    silence = Obligation.objects.running().filter(ticket=OuterRef("pk"), kind=Obligation.Kind.CONFIRM)
    return (
        Ticket.objects.visible_to(user)
        .filter(desk.steps(user))
        .select_related("kind", "asker", "responsible")
        .annotate(confirm_due=Subquery(silence.values("due_at")[:1]))
        .order_by("due_at", "pk")[:MOST]
    )


def with_colleagues(user: User, now: datetime) -> list[Row]:
    """What others of the unit have in hand: nothing for this person to do, but good to know. The least time left first."""
    cal = calendar.current()
    tickets = statements.rows(_his_colleagues, user)
    rows = [(_ticket_row(ticket, user, now, cal), ticket.assignee) for ticket in tickets]
    return [replace(row, todo=taker.name if taker else "", tone="wait") for row, taker in rows]


def _his_colleagues(user: User) -> QuerySet[Any]:
    return (
        Ticket.objects.visible_to(user)
        .filter(desk.with_colleagues(user))
        .select_related("kind", "asker", "responsible", "assignee")
        .order_by("due_at", "pk")[:FEW]
    )


def _ticket_row(ticket: Ticket, user: User, now: datetime, cal: WorkCalendar) -> Row:
    answers = ticket.state in (Ticket.State.OPEN, Ticket.State.PLANNED) and ticket.responsible_id == user.unit_id
    todo, tone, due = _todo(ticket, answers)
    late = bool(due and due < now)
    if due and late and answers:
        tone = "late"
    elif due and answers and localtime(due).date() == localtime(now).date():
        tone = "due"
    other = ticket.asker if answers or ticket.state == Ticket.State.PENDING else ticket.responsible
    return Row(
        url=ticket.get_absolute_url(),
        title=ticket.title,
        about=f"{ticket.number} · {ticket.kind.name} · {ticket.get_severity_display()}",
        who=other.name,
        todo=todo,
        due_at=due,
        days=deadlines.days_said(cal, due_at=due, at=now) if due else None,
        tone=tone,
    )


ASKERS_PART: Final = {
    "pending": (gettext_lazy("Approve"), "hand"),
    "returned": (gettext_lazy("Correct and send again"), "due"),
    "resolved": (gettext_lazy("Confirm and rate"), "done"),
}
ANSWERERS_PART: Final[dict[str, StrOrPromise]] = {
    Obligation.Kind.PROMISE: gettext_lazy("Keep the promise"),
    Obligation.Kind.REPLAN: gettext_lazy("Give a new plan"),
    Obligation.Kind.URGE_ANSWER: gettext_lazy("Answer the urging"),
}


def _todo(ticket: Ticket, answers: bool) -> tuple[str, str, datetime | None]:
    """What to do, its colour, until when (None: no clock of this person's)."""
    if part := ASKERS_PART.get(ticket.state):
        return str(part[0]), part[1], getattr(ticket, "confirm_due", None)  # silence closes it by default
    if not answers and ticket.question_open:
        return _("Answer the question"), "due", None
    return str(ANSWERERS_PART.get(ticket.due_kind, _("Answer"))), "hand", ticket.due_at


def _asked_to_assist(user: User) -> QuerySet[Assist]:
    tickets = Ticket.objects.visible_to(user).filter(desk.assists(user)).order_by().values("pk")
    return Assist.objects.filter(unit=user.unit_id, done_at=None, ticket__in=tickets)


def _assists(user: User, now: datetime, cal: WorkCalendar) -> Iterator[Row]:
    for assist in _asked_to_assist(user).select_related("ticket", "ticket__responsible")[:MOST]:
        late = assist.due_at < now
        yield Row(
            url=assist.ticket.get_absolute_url(),
            title=assist.task,
            about=f"{assist.ticket.number} · {assist.ticket.title}",
            who=assist.ticket.responsible.name,
            todo=_("Assist"),
            due_at=assist.due_at,
            days=deadlines.days_said(cal, due_at=assist.due_at, at=now),
            tone="late" if late else "hand",
        )


DECISIONS: Final[dict[str, StrOrPromise]] = {
    "severity": gettext_lazy("Decide the severity"),
    "extension": gettext_lazy("Decide on a later day"),
    "long_plan": gettext_lazy("Decide on a long plan"),
}


def _decisions(user: User, now: datetime) -> Iterator[Row]:
    """What 企发部, the asker, or the head of the responsible unit decides, while it can be granted. One query."""
    for ticket in statements.rows(_decided_by, user, now=now):
        yield Row(
            url=ticket.get_absolute_url(),
            title=ticket.title,
            about=ticket.number,
            who=ticket.responsible.name if ticket.asker_id == user.unit_id else ticket.asker.name,
            todo=str(DECISIONS[ticket.which]),
            due_at=ticket.due_at,
            tone="due",
        )


def _decided_by(user: User, now: datetime) -> QuerySet[Any]:
    return _to_decide(user, now).select_related("asker", "responsible").order_by("due_at", "pk")[:MOST]


def _to_decide(user: User, now: datetime) -> TicketQuerySet:
    severities, extensions, plans = desk.severities(user, now), desk.extensions(user, now), desk.long_plans(user)
    which = Case(
        When(severities, then=Value("severity")), When(extensions, then=Value("extension")), default=Value("long_plan")
    )
    return Ticket.objects.visible_to(user).filter(severities | extensions | plans).annotate(which=which)


def _to_review(who: Scope) -> QuerySet[Registration]:
    papers = Registration.objects.to_review()
    return papers.filter(reviewer_unit=who.unit_id) if who.may("registration.review") else papers.none()


def _registrations(who: Scope) -> Iterator[Row]:
    for paper in _to_review(who).select_related("unit").order_by("confirmed_at")[:MOST]:
        yield Row(
            url=reverse("registration", args=[paper.pk]),
            title=_("{name} applies for access").format(name=paper.name),
            about=paper.number,
            who=paper.unit_name,
            todo=_("Review"),
            due_at=None,
        )


def _notices(user: User, now: datetime, cal: WorkCalendar, waits: dict[str, bool]) -> Iterator[Row]:
    """Notices to acknowledge, approve, revise, read; meetings, subscriptions and rules, where any of theirs waits."""
    found = list(notice_desk.to_read(user, now))
    found += rule_desk.waiting(user, now) if waits["rules_wait"] else []
    found += notice_desk.approvals(user, now) if waits["approvals"] else []
    found += notice_desk.own(user) if waits["own"] else []
    found += meeting_desk.waiting(user, now) if waits["meetings_wait"] else []
    found += subscription_desk.waiting(user, now) if waits["applications"] else []
    for one in found:
        yield Row(
            url=one.url,
            title=one.title,
            about=one.about,
            who=one.who,
            todo=one.todo,
            due_at=one.due_at,
            days=deadlines.days_said(cal, due_at=one.due_at, at=now) if one.due_at else None,
            tone=one.tone,
            urgent=one.urgent,
        )


def _rules_wait() -> ExpressionWrapper[Any]:
    """Any regulation is in hand or to be reviewed; whose turn it is, `rule_desk` says."""
    in_hand = RuleVersion.objects.filter(state__in=[RuleVersion.State.PENDING, RuleVersion.State.RETURNED])
    review = Rule.objects.filter(active=True, review_told_on__isnull=False)
    return ExpressionWrapper(Q(Exists(in_hand)) | Q(Exists(review)), output_field=BooleanField())


def _waits(user: User, now: datetime) -> QuerySet[Any, Any]:
    """What of the papers that seldom want something does: one statement, which on most days spares fourteen."""
    who = scope(user)
    of_meetings: list[QuerySet[Any]] = [
        meeting_desk.to_approve(user),
        meeting_desk.given_back(user),
        meeting_desk.today(user, now),
        meeting_desk.to_answer(user, now),
        meeting_desk.to_record(user, now),
        meeting_desk.to_write(user),
        meeting_desk.minutes_to_approve(user),
        meeting_desk.actions(user),
    ]
    any_meeting = reduce(or_, (Q(Exists(rows)) for rows in of_meetings))
    asked = {
        "assists": Exists(_asked_to_assist(user)),
        "decisions": Exists(_to_decide(user, now)),
        "reviews": Exists(_to_review(who)),
        "approvals": Exists(notice_desk.to_approve(user)),
        "own": Exists(notice_desk.to_write(user)),
        "meetings_wait": ExpressionWrapper(any_meeting, output_field=BooleanField()),
        "rules_wait": _rules_wait() if who.may("rule.edit") else Value(False),
        "applications": Exists(subscription_desk.to_decide(user)),
    }
    return User.objects.filter(pk=user.pk).values(**asked)


def sent(user: User, now: datetime) -> list[Ticket]:
    """What he sent: everything still open, and what ended in the last seven days; newest first."""
    return statements.rows(_sent_since, user, since=now - timedelta(days=WAITING_DAYS))


def _sent_since(user: User, since: datetime) -> QuerySet[Any]:
    mine = Ticket.objects.filter(filed_by=user).filter(Q(ended_at=None) | Q(ended_at__gte=since))
    return mine.select_related("kind", "responsible").newest_first()[:10]


def _greeting(hour: int) -> str:
    if hour < 5 or hour >= 18:
        return _("Good evening")
    if hour < 11:
        return _("Good morning")
    return _("Good day") if hour < 13 else _("Good afternoon")
