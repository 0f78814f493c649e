"""Which tickets wait for a person: what `rights.todo` decides of one ticket, asked of all at once (a test holds them together).

Conditions on `Ticket`, to be used with `visible_to(user)`. The desk, the list "waiting for me" and the number beside it in the
navigation all stand on these, so that none of them says what the ticket page does not.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from accounts.access import scope
from accounts.models import User
from channelportal.core.among import Among
from feedback.models import Assist, Extension, LongPlan, Obligation, SeverityRequest, Share
from feedback.moves import OPEN, OWED, PENDING, PLANNED, RESOLVED, RETURNED

LEADS = (User.Role.HEAD, User.Role.DEPUTY)
NONE = Q(pk__in=[])


def waiting(user: User, at: datetime) -> Q:
    """Everything of which the next step is this person's."""
    return steps(user) | assists(user) | long_plans(user) | extensions(user, at) | severities(user, at)


def steps(user: User) -> Q:
    """The steps of a ticket's own life: approve, correct, answer, answer a question, confirm."""
    return to_answer(user) | to_approve(user) | _to_conclude(user) | Q(filed_by=user, state=RETURNED)


def to_answer(user: User) -> Q:
    """Assigned to him, or to nobody in his unit; an urging is any officer's to answer."""
    own = Q(responsible=user.unit_id, state__in=OWED)
    mine = own & Q(assignee=user)
    if not scope(user).may("ticket.reply", user.unit_id):
        return mine
    urged = Obligation.objects.running().filter(unit=user.unit_id, kind=Obligation.Kind.URGE_ANSWER)
    return mine | (own & (Q(assignee=None) | Q(Among("pk", urged.values("ticket")))))


def with_colleagues(user: User) -> Q:
    """What others of his unit have in hand."""
    if not scope(user).may("ticket.reply", user.unit_id):
        return NONE
    return Q(responsible=user.unit_id, state__in=OWED) & ~Q(assignee=None) & ~to_answer(user)


def to_approve(user: User) -> Q:
    """What leaves his unit; or, where that has nobody else, what a superior was asked to approve (000 5.10)."""
    pending = Q(state=PENDING) & ~Q(filed_by=user) & (Q(accused=None) | ~Q(accused=user))
    here = NONE
    if user.leads:
        here |= Q(asker=user.unit_id, filed_by__role__in=LEADS)
    if scope(user).acts_as_head:
        here |= Q(asker=user.unit_id) | Q(Among("pk", Share.objects.filter(user=user).values("ticket")))
    return pending & here


def _asked(user: User) -> Q:
    """The asking side is his: he filed it himself, or speaks for the unit."""
    if scope(user).may("ticket.conclude", user.unit_id):
        return Q(asker=user.unit_id)
    return Q(asker=user.unit_id, filed_by=user, entered_by=None)


def _to_conclude(user: User) -> Q:
    asked = _asked(user)
    question = Q(question_open=True, state__in=OWED)
    return (asked & Q(state=RESOLVED)) | (question & (asked | Q(entered_by=user)))


def assists(user: User) -> Q:
    """His unit was asked to assist and has not delivered."""
    if not scope(user).may("ticket.assist", user.unit_id):
        return NONE
    return Q(state__in=OWED) & Q(Among("pk", Assist.objects.filter(unit=user.unit_id, done_at=None).values("ticket")))


def long_plans(user: User) -> Q:
    """A plan beyond the longest span: the head agrees, then 企发部 grants."""
    plans, who, found = LongPlan.objects.values("ticket"), scope(user), NONE
    if who.may("ticket.agree_long_plan", user.unit_id):
        found |= Q(responsible=user.unit_id) & Q(Among("pk", plans.filter(state=LongPlan.State.ASKED)))
    if who.may("ticket.grant"):
        found |= Q(Among("pk", plans.filter(state=LongPlan.State.HEAD_AGREED)))
    return Q(state__in=OWED) & found


def extensions(user: User, at: datetime) -> Q:
    """A later day that was asked for and can still be granted: by 企发部 or the asker, never by the unit that asked."""
    open_requests = Extension.objects.filter(state=Extension.State.ASKED).exclude(asked_by=user)
    promise = Obligation.objects.running().filter(
        ticket=OuterRef("pk"), kind=Obligation.Kind.PROMISE, missed_at=None
    )  # fmt: skip
    stands = Exists(promise.filter(due_at__gte=at)) | (Q(question_open=True) & Exists(promise))
    decides = Q() if scope(user).may("ticket.grant") else _asked(user)
    asked = Among("pk", open_requests.values("obligation__ticket"))
    return Q(state=PLANNED) & asked & stands & decides & ~Q(responsible=user.unit_id)


def severities(user: User, at: datetime) -> Q:
    """A change of severity that can still be confirmed."""
    if not scope(user).may("ticket.grant"):
        return NONE
    asked = SeverityRequest.objects.filter(state=SeverityRequest.State.ASKED).exclude(asked_by=user)
    reply = Obligation.objects.running().filter(ticket=OuterRef("pk"), kind=Obligation.Kind.REPLY, due_at__gte=at)
    return Q(state=OPEN) & Among("pk", asked.values("ticket")) & Exists(reply)
