"""What else comes with time, every ten minutes: silence that closes, questions nobody answers, requests that lapsed, and late
tickets that 企发部 was not sent a copy of. Each may run twice or late; each row is locked and looked at again."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F

from channelportal.core import calendar, clock, heartbeat, stamps
from channelportal.core.errors import WrongState
from feedback import deadlines, in_force, notify
from feedback.ladder import Target
from feedback.models import Extension, Obligation, Question, SeverityRequest, Ticket
from feedback.workflow import base, close_silent

log = logging.getLogger(__name__)

MOST: Final = 1000  # of each sort in one round; the next round takes the rest


def upkeep(at: datetime | None = None) -> dict[str, int]:
    """One round; returns how many of each sort were handled."""
    stamps.forget()
    moment = at or clock.now()
    done = {
        "closed": _close_the_silent(moment),
        "questions": _chase_questions(moment),
        "lapsed": _lapse_requests(moment),
        "watched": _watch_the_late(moment),
    }
    heartbeat.beat("upkeep", clock.now(), done)
    return done


def _close_the_silent(at: datetime) -> int:
    """默认关闭: five working days without a word from the asker."""
    silent = Obligation.objects.running().filter(
        kind=Obligation.Kind.CONFIRM, due_at__lt=at, ticket__state=Ticket.State.RESOLVED
    )
    closed = 0
    for duty in silent.select_related("ticket").order_by("due_at")[:MOST]:
        try:
            close_silent(duty.ticket, at=at)
            closed += 1
        except WrongState:
            log.info("ticket %s was confirmed or reopened meanwhile", duty.ticket_id)
        except Exception:
            log.exception("ticket %s could not be closed", duty.ticket_id)
    return closed


def _chase_questions(at: datetime) -> int:
    """An unanswered question: the asker is reminded after two working days, closing is proposed after ten. Each once."""
    policy, days = in_force.policy(), calendar.current()
    chased = 0
    for pk, asked_at, reminded, proposed in Question.objects.filter(answered_at=None).values_list(
        "pk", "asked_at", "reminded_at", "close_proposed_at"
    )[:MOST]:
        if proposed is None and at > deadlines.question_close_due(policy, days, asked_at).at:
            chased += _chase(
                pk, "close_proposed_at", "close_proposed", (Target.ASSIGNEE, Target.ASKER, Target.SUPERVISORS), at
            )
        elif reminded is None and at > deadlines.question_reminder_due(policy, days, asked_at).at:
            chased += _chase(pk, "reminded_at", "question_reminder", (Target.ASKER,), at)
    return chased


def _chase(pk: int, mark: str, event: str, targets: tuple[Target, ...], at: datetime) -> int:
    with transaction.atomic():
        if not Question.objects.filter(pk=pk, answered_at=None, **{mark: None}).update(**{mark: at}):
            return 0
        question = Question.objects.select_related("ticket", "entry").get(pk=pk)
        news = notify.News(question.ticket, at, by=None)
        news.tell(event, targets)
        news.send(question.entry)
    return 1


def _lapse_requests(at: datetime) -> int:
    """Asked in time but not decided before it was due: the old day, the old severity stand."""
    extensions = Extension.objects.filter(state=Extension.State.ASKED, obligation__due_at__lt=at)
    late = Obligation.objects.running().filter(kind=Obligation.Kind.REPLY, due_at__lt=at, round=F("ticket__round"))
    requests = SeverityRequest.objects.filter(state=SeverityRequest.State.ASKED, ticket__in=late.values("ticket"))
    return extensions.update(state=Extension.State.LAPSED) + requests.update(state=SeverityRequest.State.LAPSED)


def _watch_the_late(at: datetime) -> int:
    """Not copied to 企发部, but three working days late: onto the watch list (000 5.6)."""
    policy, days = in_force.policy(), calendar.current()
    watched = 0
    late = Ticket.objects.overdue(at).filter(watched=False).order_by("due_at")
    for pk, due_at in late.values_list("pk", "due_at")[:MOST]:
        if due_at is None or deadlines.on_time(at, deadlines.watched_from(policy, days, due_at)):
            break  # ordered by due: those behind are less late
        watched += _watch(pk, at)
    return watched


def _watch(pk: int, at: datetime) -> int:
    with transaction.atomic():
        if not Ticket.objects.filter(pk=pk, watched=False).update(watched=True):
            return 0
        base.record("watched", Ticket.objects.get(pk=pk), by=None, at=at, data={})
    return 1
