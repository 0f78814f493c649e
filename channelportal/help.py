"""Help: the ten questions that this kind of person asks most, with answers; and the rule of time on real days.

Every number is that of the parameters in force, every day that of the calendar, so the page says what the portal does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.access import Scope, scope, signed_in
from channelportal.core import calendar, clock, parameters
from channelportal.lib.workdays import local_date
from feedback import deadlines, in_force
from feedback.models import Severity
from feedback.present.strip import Explanation, preview

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST: Final = 10


@dataclass(frozen=True, slots=True)
class Question:
    """`seen`: who asks it; `page`: the name of the page where it is done, with `label` as the words of its link."""

    ask: StrOrPromise
    answer: StrOrPromise
    seen: Callable[[Scope], bool]
    page: str = ""
    label: StrOrPromise = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A day on which something reaches a unit, and the days on which its formal reply is due."""

    day: date
    normal: date
    major: date
    provisional: bool
    why: Explanation
    """Of the major one, for the day strip."""


def _at_a_unit(who: Scope) -> bool:
    return who.unit_id is not None


def _answers(who: Scope) -> bool:
    return who.may("ticket.reply", who.unit_id) and _at_a_unit(who)


def _approves(who: Scope) -> bool:
    return who.may("ticket.approve", who.unit_id) and _at_a_unit(who)


def _is_approved(who: Scope) -> bool:
    return _at_a_unit(who) and not _approves(who)


def _writes(who: Scope) -> bool:
    return who.may("notice.see", who.unit_id) and _at_a_unit(who)


def _verb(verb: str) -> Callable[[Scope], bool]:
    return lambda who: who.may(verb)


def _administers(who: Scope) -> bool:
    return bool(who.user.admin_role)


# What one is asked to do comes before what one may ask for; the first MOST that a person asks are shown.
QUESTIONS: Final = (
    # ── the supervising department ──────────────────────────────────────────────────────────────
    Question(
        _("A unit does not answer. What can the supervising department do?"),
        _(
            "On the ticket, under further actions: urge (the unit owes an answer within %(urge_answer_days)s working day), "
            "report to the superior, hold the escalation back or bring it forward with a reason. Each stands on the timeline."
        ),
        _verb("ticket.supervise"),
        "supervision",
        _("Dashboard"),
    ),
    Question(
        _("What is on the watch list?"),
        _(
            "What was copied to you, and what is late for %(watch_late_days)s working days although it was not. "
            "It stays there until the loop is closed."
        ),
        _verb("ticket.supervise"),
        "tickets",
        _("Watch list"),
        "?view=watched",
    ),
    Question(
        _("How does next year's calendar come in?"),
        _(
            "Import the State Council's arrangement; you see first which days and which open tickets change. Until then "
            "Monday to Friday count, less the estimated holidays, and the days are marked provisional."
        ),
        _verb("rules.edit"),
        "calendar",
        _("Working-day calendar"),
    ),
    Question(
        _("Which meetings that must be held were not?"),
        _(
            "The page lists, for the company, each managing department and each channel, what is overdue and what is due soon. "
            "How often each kind is held is a number that you set with the kinds of meetings."
        ),
        _verb("notice.supervise"),
        "meeting-frequency",
        _("Meetings to be held"),
    ),
    # ── registrars ──────────────────────────────────────────────────────────────────────────────
    Question(
        _("Somebody forgot his password, or his account is frozen. How do I help?"),
        _(
            "On the person's page, issue a one-time password by e-mail or as a printed slip. It is good for "
            "%(one_time_hours)s hours and one sign-in; then he chooses his own. Nobody issues one to himself."
        ),
        _verb("password.issue"),
        "people",
        _("People"),
    ),
    Question(
        _("What do I look at when I review a registration?"),
        _(
            "The warnings on top: the same person twice, a unit of a similar name. Then unit and role. Approving makes the "
            "account and issues the password; a refusal needs its reason, which the applicant reads."
        ),
        _verb("registration.review"),
        "registrations",
        _("Registrations"),
    ),
    # ── heads ───────────────────────────────────────────────────────────────────────────────────
    Question(
        _("What do I approve as head?"),
        _(
            "What your officers and employees send. It goes out with your approval, and only then the other unit's time "
            "begins. Several at once: tick them in the list, then approve."
        ),
        _approves,
        "tickets",
        _("Tickets"),
        "?view=approve",
    ),
    Question(
        _("I am going to be away. Who acts for me?"),
        _("Enter your absence on the page of your unit and name a deputy: he approves and is told in your place."),
        _approves,
        "units",
        _("Organisation"),
    ),
    # ── everybody at a unit ─────────────────────────────────────────────────────────────────────
    Question(
        _("I have a problem, a request, a suggestion. Where do I say so?"),
        _(
            "File a ticket. Choose what it is about and to whom; if you do not know whom, leave it empty. Before you send, the box "
            "at the side says who gets it and until when the reply is due."
        ),
        _at_a_unit,
        "ticket-new",
        _("File a ticket"),
    ),
    Question(
        _("I have read the notice. Why am I still reminded?"),
        _(
            "Reading is not acknowledging: where acknowledgement is asked for, press the button under the text by the day that "
            "stands beside it. If one person answers for the unit, the notice says so."
        ),
        _at_a_unit,
        "notices",
        _("Notices"),
        "?view=acknowledge",
    ),
    Question(
        _("How do I tell channels or departments something?"),
        _(
            "Write a notice: kind, text, whom it is for. Before you send it, the page says how many it reaches and who approves "
            "it: your head, outside your unit channel management too, major or confidential matters company management."
        ),
        _writes,
        "notice-new",
        _("Write a notice"),
    ),
    Question(
        _("What counts as a formal reply?"),
        _(
            "Two things only: a resolution, or a plan with a promised day. Taking it, a note or a question back does not "
            "stop the clock."
        ),
        _at_a_unit,
    ),
    Question(
        _("We cannot solve it in time. What now?"),
        _(
            "Reply in time with a plan and the day on which it will be done. If that day cannot be kept, ask for a later one "
            "before it is due; asked afterwards it is a broken promise, and a new plan is owed within %(replan_days)s working day."
        ),
        _at_a_unit,
    ),
    # ── who answers for his unit ────────────────────────────────────────────────────────────────
    Question(
        _("It is not our business. May we pass it on?"),
        _(
            "Yes, once, before the formal reply: the other unit gets its own time from that day. A second time only the "
            "supervising department may. If you need only a part from somebody, ask that unit to assist: the reply stays yours."
        ),
        _answers,
    ),
    Question(
        _("Somebody phoned or wrote. How does it get in here?"),
        _(
            "Enter it for him, with means and day of receipt. The time counts from that day; if it has passed already, the "
            "reply is due on the next working day and marked as a late entry."
        ),
        _answers,
        "ticket-enter",
        _("Enter for someone"),
    ),
    # ── who asked ───────────────────────────────────────────────────────────────────────────────
    Question(
        _("Why has what I sent not gone out yet?"),
        _(
            "The head of your unit approves it first; the other unit's time begins with the approval. If he returns it, "
            "correct it and send it again."
        ),
        _is_approved,
    ),
    Question(
        _("No answer has come in time. Must I do anything?"),
        _(
            "No: the unit's head is told at once, then his superior and the supervising department, then company management. "
            "You may send a reminder once a working day. A poor answer can be complained of: kind “complaint about an answer”."
        ),
        _at_a_unit,
    ),
    Question(
        _("It says it is resolved. What do I do?"),
        _(
            "Confirm and rate, or reopen it and write what is still open: a new round begins. If you say nothing for "
            "%(confirm_days)s working days, it is closed by itself, without a rating."
        ),
        _at_a_unit,
    ),
    Question(
        _("Who can read my complaint?"),
        _(
            "With a complaint you may hide your name from the responsible unit and from whom it is about, and keep the ticket "
            "to people whom you name. The head of the supervising department sees it in any case."
        ),
        _at_a_unit,
    ),
    # ── the three administrators ────────────────────────────────────────────────────────────────
    Question(
        _("Why do I see no tickets?"),
        _(
            "The three administrators have no part in the business: one keeps the system running, one looks after accounts and "
            "rights, one reads the audit trail. Nobody holds two of these, and none can alter the trail."
        ),
        _administers,
    ),
    Question(
        _("How do I know that everything runs?"),
        _(
            "The health check names what is missing or has stopped, and what to do; "
            "parked messages are mails that could not be sent."
        ),
        _verb("system.see"),
        "doctor",
        _("Health check"),
    ),
    Question(
        _("Can anybody have altered the audit trail?"),
        _(
            "Each entry carries the hash of the one before it. The command “manage.py verify_audit” names the first one that was "
            "altered, removed or inserted. Your own look is recorded too."
        ),
        _verb("audit.see"),
        "audit",
        _("Audit trail"),
    ),
)
# asked by all, so these are never cut off
ALWAYS: Final = (
    Question(
        _("Why must I change my password again?"),
        _(
            "The company's rules say so: every %(password_months)s month, counted from your own last change. You are reminded "
            "7, 3 and 1 days before. On the day itself only the change is open; what you were typing is kept. After "
            "%(password_freeze_days)s days without a change the account is frozen."
        ),
        lambda who: True,
        "password",
        _("Change my password"),
    ),
    Question(
        _("I cannot sign in any more."),
        _(
            "Use “forgotten password” on the sign-in page: a one-time password comes by e-mail. If none comes, the department "
            "that reviewed your registration issues one. For a second factor without your phone, use a backup code."
        ),
        lambda who: True,
    ),
)

# days of 2026 that show each case once: an ordinary one, a Friday before a make-up Saturday, a Saturday, before 春节, before 国庆
DAYS: Final = tuple(map(date.fromisoformat, ("2026-03-02", "2026-05-08", "2026-03-07", "2026-02-14", "2026-09-30")))


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What this person asks most, and the rule of time."""
    user = signed_in(request)
    now = clock.now()
    values = parameters.current()
    facts = {
        "questions": questions(scope(user)),
        "today": _example(local_date(now)),
        "examples": [_example(day) for day in DAYS],
        "values": values,
        "close": values.close_of_business.strftime("%H:%M") if values.close_of_business.hour else "24:00",
        "now": now,
    }
    return render(request, "home/help.html", facts)


def questions(who: Scope) -> list[dict[str, Any]]:
    """The first ten that this person asks: `ask`, `answer`, and where it is done `url` and `label`."""
    numbers = asdict(parameters.current())
    found = [one for one in QUESTIONS if one.seen(who)][: MOST - len(ALWAYS)]
    return [
        {
            "ask": one.ask,
            "answer": str(one.answer) % numbers,
            "url": reverse(one.page) + one.query if one.page else "",
            "label": one.label,
        }
        for one in (*found, *ALWAYS)
    ]


def _example(day: date) -> Example:
    policy, days = in_force.policy(), calendar.current()
    normal = deadlines.reply_due(policy, days, day, Severity.NORMAL)
    major = deadlines.reply_due(policy, days, day, Severity.MAJOR)
    why = preview(major.explanation, Severity.MAJOR)
    return Example(day, normal.day, major.day, normal.provisional or major.provisional, why)
