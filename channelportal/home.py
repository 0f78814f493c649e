"""The desk 工作台: what waits for this person, in order of time left; what he sent and how it stands; his unit's month.

On this page alone a person can do a day's work. A fixed number of queries, whatever the desk holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Scope, scope, signed_in
from accounts.models import Registration, User
from channelportal.core import calendar, clock
from channelportal.lib.workdays import WorkCalendar
from feedback import stats
from feedback.models import Assist, Extension, LongPlan, Obligation, SeverityRequest, Ticket

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST = 50  # rows of each sort on the desk; the list has the rest
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
    days_late: int = 0
    tone: str = "hand"


def home(request: HttpRequest) -> HttpResponse:
    """The desk of a person with a unit; an administrator's first page is the one he works on."""
    user = signed_in(request)
    if user.admin_role:
        return redirect({"audit": "audit", "system": "doctor", "security": "people"}[user.admin_role])
    now = clock.now()
    rows = waiting(user, now)
    context = {
        "rows": rows,
        "late": sum(row.days_late > 0 or row.tone == "late" for row in rows),
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
    rows = [*_tickets(user, who, now, cal), *_assists(who, now, cal), *_decisions(who), *_registrations(who)]
    far = now + timedelta(days=36500)
    return sorted(rows, key=lambda row: row.due_at or far)


def _tickets(user: User, who: Scope, now: datetime, cal: WorkCalendar) -> Iterator[Row]:
    silence = Obligation.objects.running().filter(ticket=OuterRef("pk"), kind=Obligation.Kind.CONFIRM)
    tickets = (
        Ticket.objects.visible_to(user)
        .filter(_mine_to_do(user, who))
        .select_related("kind", "asker", "responsible")
        .annotate(confirm_due=Subquery(silence.values("due_at")[:1]))
        .order_by("due_at", "pk")[:MOST]
    )
    for ticket in tickets:
        yield _ticket_row(ticket, user, who, now, cal)


def _mine_to_do(user: User, who: Scope) -> Q:
    """Tickets on which the next step is this person's."""
    todo = Q(assignee=user, state__in=["open", "planned"]) | Q(filed_by=user, state="returned")
    own = who.unit_id
    if who.may("ticket.reply", own):
        todo |= Q(responsible=own, state__in=["open", "planned"])
    asked = Q(filed_by=user)
    if who.may("ticket.conclude", own):
        asked |= Q(asker=own)
    todo |= asked & (Q(state="resolved") | Q(question_open=True))
    if who.may("ticket.approve", own):
        todo |= Q(asker=own, state="pending") & ~Q(filed_by=user)
    return todo


def _ticket_row(ticket: Ticket, user: User, who: Scope, now: datetime, cal: WorkCalendar) -> Row:
    answers = ticket.state in (Ticket.State.OPEN, Ticket.State.PLANNED) and ticket.responsible_id == who.unit_id
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
        days_late=cal.between(localtime(due).date(), localtime(now).date()) if due and late else 0,
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


def _assists(who: Scope, now: datetime, cal: WorkCalendar) -> Iterator[Row]:
    if not who.may("ticket.assist", who.unit_id):
        return
    for assist in Assist.objects.filter(unit=who.unit_id, done_at=None).select_related("ticket", "ticket__responsible")[
        :MOST
    ]:
        late = assist.due_at < now
        yield Row(
            url=assist.ticket.get_absolute_url(),
            title=assist.task,
            about=f"{assist.ticket.number} · {assist.ticket.title}",
            who=assist.ticket.responsible.name,
            todo=_("Assist"),
            due_at=assist.due_at,
            days_late=cal.between(localtime(assist.due_at).date(), localtime(now).date()) if late else 0,
            tone="late" if late else "hand",
        )


def _decisions(who: Scope) -> Iterator[Row]:
    """What only 企发部, or the head of the responsible unit, can decide."""
    if who.may("ticket.grant"):
        for request in SeverityRequest.objects.filter(state="asked").select_related("ticket", "ticket__asker")[:MOST]:
            yield _decision(request.ticket, _("Decide the severity"))
        for extension in Extension.objects.filter(state="asked").select_related(
            "obligation__ticket", "obligation__ticket__asker"
        )[:MOST]:
            yield _decision(extension.obligation.ticket, _("Decide on a later day"), extension.obligation.due_at)
    for plan in _long_plans(who).select_related("ticket", "ticket__asker")[:MOST]:
        yield _decision(plan.ticket, _("Decide on a long plan"))


def _long_plans(who: Scope) -> QuerySet[LongPlan]:
    seen = Q(pk__in=[])
    if who.may("ticket.agree_long_plan", who.unit_id):
        seen |= Q(state="asked", ticket__responsible=who.unit_id)
    if who.may("ticket.grant"):
        seen |= Q(state="head_agreed")
    return LongPlan.objects.filter(seen)


def _decision(ticket: Ticket, todo: str, due_at: datetime | None = None) -> Row:
    return Row(
        url=ticket.get_absolute_url(),
        title=ticket.title,
        about=ticket.number,
        who=ticket.asker.name,
        todo=todo,
        due_at=due_at,
        tone="due",
    )


def _registrations(who: Scope) -> Iterator[Row]:
    if not who.may("registration.review"):
        return
    for paper in (
        Registration.objects.to_review()
        .filter(reviewer_unit=who.unit_id)
        .select_related("unit")
        .order_by("confirmed_at")[:MOST]
    ):
        yield Row(
            url=reverse("registration", args=[paper.pk]),
            title=_("{name} applies for access").format(name=paper.name),
            about=paper.number,
            who=paper.unit_name,
            todo=_("Review"),
            due_at=None,
        )


def sent(user: User, now: datetime) -> list[Ticket]:
    """What he sent: everything still open, and what ended in the last seven days; newest first."""
    mine = Ticket.objects.filter(filed_by=user).filter(
        Q(ended_at=None) | Q(ended_at__gte=now - timedelta(days=WAITING_DAYS))
    )
    return list(mine.select_related("kind", "responsible").newest_first()[:10])


def _greeting(hour: int) -> str:
    if hour < 5 or hour >= 18:
        return _("Good evening")
    if hour < 11:
        return _("Good morning")
    return _("Good day") if hour < 13 else _("Good afternoon")
