"""Every verb of a ticket as the pages know it: its address, its form, its words, and which function of `workflow` it calls."""
# ruff: noqa: E501 (the table reads best with a verb in a few long lines)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from channelportal.core.errors import WrongState
from channelportal.core.models import StoredFile
from feedback import forms, rights, workflow
from feedback.models import Assist, Extension, LongPlan, Obligation, SeverityRequest, Ticket


@dataclass(frozen=True, slots=True)
class Call:
    """One filled-in form of one verb."""

    ticket: Ticket
    user: User
    data: dict[str, Any]
    files: list[StoredFile] = field(default_factory=list)


PLAN_WAITS = _(
    "The day lies far ahead: your head and the supervising department must approve it. Until then it is no reply, and the time limit runs on."
)


@dataclass(frozen=True, slots=True)
class Verb:
    """`path`: the last part of the address; `needs`: what `rights` calls it (any of them will do)."""

    path: str
    needs: tuple[str, ...]
    form: type[forms.VerbForm]
    title: Any
    submit: Any
    done: Any
    run: Callable[[Call], object]
    icon: str = "edit"
    hint: Any = ""
    confirm: Any = ""
    danger: bool = False
    other: str = ""
    """The path of the verb that the form's second button means: return beside approve, refuse beside grant."""
    about: str = ""
    """Which open thing of the ticket the form is about (a key of `TicketPage.open`): shown above it."""
    template: str = "feedback/forms/_plain.html"

    def refusal(self, ticket: Ticket, user: User) -> str | None:
        """Why this person may not; None: he may."""
        reasons = [rights.refusal(need, ticket, user) for need in self.needs]
        return None if None in reasons else reasons[0]

    def words(self, ticket: Ticket) -> Any:
        """What is said when it is done. A plan that must be approved first is no reply yet."""
        waiting = [LongPlan.State.ASKED, LongPlan.State.HEAD_AGREED]
        waits = self.path == "reply" and LongPlan.objects.filter(ticket=ticket, state__in=waiting).exists()
        return PLAN_WAITS if waits else self.done

    def allowed(self, possible: set[str]) -> bool:
        return not possible.isdisjoint(self.needs)


M = TypeVar("M", bound=Model)


def _the(found: QuerySet[M]) -> M:
    """The one thing that is open; `WrongState` when somebody was faster."""
    one = found.first()
    if one is None:
        raise WrongState(_("This has been decided already, or taken back. The page now shows how it stands."))
    return one


def _extension(call: Call) -> Extension:
    return _the(Extension.objects.filter(obligation__ticket=call.ticket, state=Extension.State.ASKED))


def _long_plan(call: Call) -> LongPlan:
    return _the(
        LongPlan.objects.filter(ticket=call.ticket, state__in=[LongPlan.State.ASKED, LongPlan.State.HEAD_AGREED])
    )


def _severity(call: Call) -> SeverityRequest:
    return _the(SeverityRequest.objects.filter(ticket=call.ticket, state=SeverityRequest.State.ASKED))


def _assist(call: Call) -> Assist:
    return _the(Assist.objects.filter(ticket=call.ticket, unit=call.user.unit_id, done_at=None))


def _running(call: Call) -> Obligation:
    """What escalates: the most pressing obligation of the responsible unit that runs."""
    owed = (
        Obligation.objects.running()
        .filter(ticket=call.ticket, round=call.ticket.round)
        .exclude(kind=Obligation.Kind.CONFIRM)
    )
    return _the(owed.order_by("due_at"))


def _reply(call: Call) -> object:
    data = call.data
    if data["what"] == forms.ReplyForm.RESOLUTION:
        return workflow.resolve(call.ticket, by=call.user, text=data["text"], files=call.files)
    return workflow.plan(call.ticket, by=call.user, text=data["text"], day=data["day"], files=call.files)


def _agree(call: Call) -> object:
    """The head agrees first, then 企发部 grants."""
    plan = _long_plan(call)
    step = workflow.agree_long_plan if plan.state == LongPlan.State.ASKED else workflow.grant_long_plan
    return step(plan, by=call.user)


VERBS: tuple[Verb, ...] = (
    # ── in the filer's unit ─────────────────────────────────────────────────────────────────────
    Verb(
        "approve", ("approve",), forms.ApproveForm, _("Approve it"), _("Approve and send"),
        _("Approved. It has been sent to %(unit)s, and the time limit runs."),
        lambda call: workflow.approve(call.ticket, by=call.user, text=call.data["text"]),
        icon="check", hint=_("Your approval makes the unit accountable for it"), other="return",
    ),
    Verb(
        "return", ("send_back",), forms.SendBackForm, _("Return it to the filer"), _("Return"), _("Returned to the filer."),
        lambda call: workflow.send_back(call.ticket, by=call.user, text=call.data["text"]), icon="arrow-left",
    ),
    Verb(
        "resend", ("resend",), forms.ResendForm, _("Correct and send again"), _("Send again"), _("Sent again."),
        lambda call: workflow.resend(
            call.ticket, by=call.user, title=call.data["title"], body=call.data["body"], severity=call.data["severity"], files=call.files
        ),
        icon="send",
    ),
    # ── the responsible unit ────────────────────────────────────────────────────────────────────
    Verb(
        "reply", ("resolve", "plan"), forms.ReplyForm, _("Formal reply"), _("Send the reply"), _("Your reply has been sent."), _reply,
        icon="reply", hint=_("What can be solved now, solve; otherwise say how and by when"), template="feedback/forms/_reply.html",
    ),
    Verb(
        "take", ("take",), forms.BareForm, _("Take it"), _("I take it"), _("It is yours now."),
        lambda call: workflow.take(call.ticket, by=call.user), icon="take", hint=_("Your name stands beside it; the clock does not change"),
    ),
    Verb(
        "assign", ("assign",), forms.AssignForm, _("Assign it"), _("Assign"), _("Assigned."),
        lambda call: workflow.assign(call.ticket, by=call.user, to=call.data["to"]), icon="user-check",
    ),
    Verb(
        "pass-on", ("pass_on",), forms.PassOnForm, _("Pass it on to another unit"), _("Pass on"), _("Passed on."),
        lambda call: workflow.pass_on(call.ticket, by=call.user, to=call.data["to"], reason=call.data["reason"]),
        icon="transfer", hint=_("The other unit gets its own time limit from today; a second time needs the supervising department"),
    ),
    Verb(
        "ask", ("ask",), forms.AskForm, _("Ask the asker"), _("Send the question"), _("Your question has been sent."),
        lambda call: workflow.ask(call.ticket, by=call.user, text=call.data["text"], files=call.files, pause=call.data.get("pause", False)),
        icon="question", hint=_("Does not count as a reply; the reply clock goes on"),
    ),
    Verb(
        "note", ("note",), forms.NoteForm, _("Add a note"), _("Add the note"), _("The note has been added."),
        lambda call: workflow.note(call.ticket, by=call.user, text=call.data["text"], side=call.data["side"], files=call.files),
        icon="note", hint=_("Does not count as a reply"),
    ),
    Verb(
        "assist", ("ask_assist",), forms.AssistForm, _("Ask a unit to assist"), _("Ask"), _("The unit has been asked."),
        lambda call: workflow.ask_assist(call.ticket, by=call.user, unit=call.data["unit"], task=call.data["task"], day=call.data["day"]),
        icon="users", hint=_("You still owe the reply"),
    ),
    Verb(
        "deliver", ("deliver_assist",), forms.DeliverForm, _("Deliver your assistance"), _("Deliver"), _("Delivered."),
        lambda call: workflow.deliver_assist(_assist(call), by=call.user, text=call.data["text"], files=call.files), icon="users", about="assist",
    ),
    Verb(
        "extend", ("ask_extension",), forms.ExtendForm, _("Move the promised day"), _("Ask for the later day"),
        _("Asked. Until it is granted the old day stands."),
        lambda call: workflow.ask_extension(call.ticket, by=call.user, day=call.data["day"], reason=call.data["reason"]),
        icon="calendar", hint=_("Only before it is due, once; the asker or the supervising department grants it"),
        template="feedback/forms/_extend.html",
    ),
    Verb(
        "answer-urge", ("answer_urge",), forms.TextForm, _("Answer the urging"), _("Send the answer"), _("Your answer has been sent."),
        lambda call: workflow.answer_urge(call.ticket, by=call.user, text=call.data["text"]),
        icon="bell-ring", hint=_("Say where it stands and what holds it up; the formal reply is still owed"),
    ),
    # ── decisions ───────────────────────────────────────────────────────────────────────────────
    Verb(
        "extension-grant", ("grant_extension",), forms.DecisionForm, _("Decide on the later day"), _("Grant the later day"), _("Granted."),
        lambda call: workflow.grant_extension(_extension(call), by=call.user), icon="calendar", other="extension-refuse", about="extension",
    ),
    Verb(
        "extension-refuse", ("refuse_extension",), forms.ReasonForm, _("Refuse the later day"), _("Refuse"), _("Refused; the old day stands."),
        lambda call: workflow.refuse_extension(_extension(call), by=call.user, reason=call.data["reason"]), icon="x", about="extension",
    ),
    Verb(
        "long-plan-agree", ("agree_long_plan", "grant_long_plan"), forms.DecisionForm, _("Decide on the long plan"), _("Agree"), _("Agreed."), _agree,
        icon="calendar", other="long-plan-refuse", about="long_plan", hint=_("The promised day lies further ahead than the rule allows"),
    ),
    Verb(
        "long-plan-refuse", ("refuse_long_plan",), forms.ReasonForm, _("Refuse the long plan"), _("Refuse"), _("Refused."),
        lambda call: workflow.refuse_long_plan(_long_plan(call), by=call.user, reason=call.data["reason"]), icon="x", about="long_plan",
    ),
    Verb(
        "severity-confirm", ("confirm_severity",), forms.DecisionForm, _("Decide the severity"), _("Confirm the change"), _("Changed."),
        lambda call: workflow.confirm_severity(_severity(call), by=call.user), icon="flag", other="severity-keep", about="severity",
    ),
    Verb(
        "severity-keep", ("keep_severity",), forms.ReasonForm, _("Keep the severity"), _("Keep it"), _("The severity stays."),
        lambda call: workflow.keep_severity(_severity(call), by=call.user, reason=call.data["reason"]), icon="flag", about="severity",
    ),
    # ── the asking unit ─────────────────────────────────────────────────────────────────────────
    Verb(
        "answer", ("answer_question",), forms.AnswerForm, _("Answer the question"), _("Send the answer"), _("Your answer has been sent."),
        lambda call: workflow.answer_question(call.ticket, by=call.user, text=call.data["text"], files=call.files), icon="reply", about="question",
    ),
    Verb(
        "confirm", ("confirm",), forms.ConfirmForm, _("Confirm and rate the answer"), _("It is resolved"), _("Confirmed. Thank you; the loop is closed."),
        lambda call: workflow.confirm(
            call.ticket, by=call.user, answer=call.data["answer"], speed=call.data["speed"], text=call.data["text"]
        ),
        icon="star", hint=_("Is it resolved? Your rating counts in the unit's appraisal"), template="feedback/forms/_confirm.html",
    ),
    Verb(
        "reopen", ("reopen",), forms.ReopenForm, _("It is not resolved: reopen"), _("Reopen"), _("Reopened. A new round begins, with a new time limit."),
        lambda call: workflow.reopen(call.ticket, by=call.user, reason=call.data["reason"], files=call.files), icon="reopen",
    ),
    Verb(
        "remind", ("remind",), forms.BareForm, _("Send a reminder"), _("Remind them"), _("The reminder has been sent."),
        lambda call: workflow.remind(call.ticket, by=call.user), icon="bell-ring", hint=_("Once a working day, after the time limit has passed"),
    ),
    Verb(
        "severity", ("ask_severity",), forms.SeverityForm, _("Change the severity"), _("Ask for it"),
        _("Asked. Until the supervising department confirms it, the present time limit stands."),
        lambda call: workflow.ask_severity(call.ticket, by=call.user, to=call.data["to"], reason=call.data["reason"]),
        icon="flag", hint=_("The supervising department confirms it"), template="feedback/forms/_severity.html",
    ),
    Verb(
        "copy", ("copy",), forms.BareForm, _("Copy it to the supervising department"), _("Copy"), _("The supervising department watches it now."),
        lambda call: workflow.copy(call.ticket, by=call.user), icon="copy", hint=_("It goes onto their watch list"),
    ),
    Verb(
        "share", ("share",), forms.ShareForm, _("Show it to a colleague"), _("Share"), _("Shared."),
        lambda call: workflow.share(call.ticket, by=call.user, to=call.data["to"]), icon="eye",
    ),
    # ── supervision ─────────────────────────────────────────────────────────────────────────────
    Verb(
        "urge", ("urge",), forms.TextForm, pgettext_lazy("by the supervising department", "Urge"), _("Urge them"),
        _("Urged. They owe an answer by the next working day."),
        lambda call: workflow.urge(call.ticket, by=call.user, text=call.data["text"]), icon="bell-ring",
        hint=_("Makes an answer due on the next working day"),
    ),
    Verb(
        "report", ("report",), forms.TextForm, _("Report to the superior"), _("Report"), _("Reported to the superior."),
        lambda call: workflow.report(call.ticket, by=call.user, text=call.data["text"]), icon="escalate",
    ),
    Verb(
        "hold", ("hold",), forms.ReasonForm, _("Hold the escalation back"), _("Hold back"), _("Level 2 is held back."),
        lambda call: workflow.hold(_running(call), by=call.user, reason=call.data["reason"]), icon="pause",
    ),
    Verb(
        "advance", ("advance",), forms.ReasonForm, _("Bring the escalation forward"), _("Bring forward"), _("The next level has been told."),
        lambda call: workflow.advance(_running(call), by=call.user, reason=call.data["reason"]), icon="escalate",
    ),
    # ── the end ─────────────────────────────────────────────────────────────────────────────────
    Verb(
        "withdraw", ("withdraw",), forms.WithdrawForm, _("Withdraw it"), _("Withdraw"), _("Withdrawn."),
        lambda call: workflow.withdraw(call.ticket, by=call.user, reason=call.data["reason"]), icon="minus", danger=True,
        confirm=_("Withdraw this ticket? Nobody owes an answer to it any more."),
    ),
    Verb(
        "close", ("close",), forms.ReasonForm, _("Close it with a reason"), _("Close"), _("Closed."),
        lambda call: workflow.close(call.ticket, by=call.user, reason=call.data["reason"]), icon="check", danger=True,
        confirm=_("Close this ticket for the asker? It stays on record that the supervising department closed it."),
    ),
    Verb(
        "merge", ("merge",), forms.MergeForm, _("Merge a duplicate"), _("Merge"), _("Merged."),
        lambda call: workflow.merge(call.ticket, by=call.user, into=call.data["into"], reason=call.data["reason"]), icon="merge", danger=True,
        confirm=_("Merge this ticket into the other? The other goes on with the stricter time limit."),
    ),
)  # fmt: skip
BY_PATH = {verb.path: verb for verb in VERBS}
SECONDS = {verb.other for verb in VERBS if verb.other}
"""Verbs that are the second button of another one, and so have no box of their own."""


def due(todo: str | None) -> Verb | None:
    """The verb that the opened box is about: what `rights.todo` names."""
    wanted = "resolve" if todo in {"reply", "replan", "keep_promise"} else todo
    return next((verb for verb in VERBS if wanted in verb.needs and verb.path not in SECONDS), None)
