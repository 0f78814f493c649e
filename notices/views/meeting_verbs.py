"""The verbs of a meeting: each has an address, says what will happen, and asks once. The page shows the one that is this person's
next step with its form, the others as links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import User
from channelportal.core import clock
from channelportal.core.errors import Invalid
from channelportal.core.pages import show_form
from notices import meeting_rights, recipients
from notices.forms.meetings import (
    AppointForm,
    AttendanceForm,
    BareForm,
    ChangeForm,
    DoneForm,
    InviteForm,
    MoveForm,
    ReasonForm,
    RemarkForm,
    ReplyForm,
    SeenForm,
)
from notices.models import Action, Invitation, Meeting, Minutes
from notices.views.meeting_changes import changes
from notices.workflow import meetings as workflow

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verb:
    """`needs`: its name in `meeting_rights`; `effect`: what will happen, in words."""

    path: str
    needs: str
    title: Any
    submit: Any
    done: Any
    effect: Any
    run: Callable[[Meeting, User, forms.Form], object]
    form: type[forms.Form] = BareForm
    icon: str = "check"
    danger: bool = False
    template: str = "meetings/verb.html"


def _reply(meeting: Meeting, user: User, form: forms.Form) -> object:
    return workflow.reply(meeting, by=user, **form.cleaned_data)


def _invite(meeting: Meeting, user: User, form: forms.Form) -> object:
    people = list(recipients.people(form.cleaned_data["audience"]))
    return workflow.invite_more(meeting, by=user, people=people, required=form.cleaned_data["must"])


def _change(meeting: Meeting, user: User, form: Any) -> object:
    return workflow.change(meeting, by=user, reason=form.cleaned_data["reason"], **form.said(meeting))


def _attendance(meeting: Meeting, user: User, form: Any) -> object:
    return workflow.record_attendance(meeting, by=user, attendance=form.attendance())


def _hold(meeting: Meeting, user: User, form: Any) -> object:
    began, ended = form.cleaned_data["began_at"], form.cleaned_data["ended_at"]
    return workflow.hold(meeting, by=user, began_at=began, ended_at=ended, attendance=form.attendance())


VERBS: Final[tuple[Verb, ...]] = (
    Verb(
        "reply", "reply", _("Answer the invitation"), _("Send the answer"), _("Your answer is on record."),
        _("Who called the meeting is told. You can answer anew until it is over."), _reply, ReplyForm, "reply",
    ),
    Verb(
        "send", "send", _("Call the meeting"), _("Call it"), _("Sent. See below how it stands."),
        _("A head's own goes out at once, with a file for the calendar; else your head is asked first."),
        lambda meeting, user, form: workflow.send(meeting, by=user), icon="send",
    ),
    Verb(
        "approve", "approve", _("Approve the call"), _("Approve and invite"), _("Approved. Everyone is invited."),
        _("Everyone is invited at once, by alert and mail, with a file for the calendar."),
        lambda meeting, user, form: workflow.approve(meeting, by=user, **form.cleaned_data), SeenForm,
    ),
    Verb(
        "give-back", "give_back", _("Give it back"), _("Give it back"), _("Given back with your remark."),
        _("It is a draft again, with your remark on top."),
        lambda meeting, user, form: workflow.give_back(meeting, by=user, **form.cleaned_data), RemarkForm, "arrow-back-up",
    ),
    Verb(
        "recall", "recall", _("Take it back from approval"), _("Take it back"), _("It is a draft again."),
        _("It leaves your head's list and is a draft again."), lambda meeting, user, form: workflow.recall(meeting, by=user),
        icon="arrow-back-up",
    ),
    Verb(
        "change", "change", _("Change time or place"), _("Change it and tell everyone"), _("Changed. Everyone invited is told."),
        _("Everyone invited is told what changed and gets a new file for the calendar. When the time moves, all answer anew."),
        _change, ChangeForm, "edit",
    ),
    Verb(
        "invite", "invite_more", _("Invite more people"), _("Invite them"), _("Invited."),
        _("They are invited at once. Who is on the list already stays as he is."), _invite, InviteForm, "plus",
        template="meetings/invite.html",
    ),
    Verb(
        "appoint", "appoint", _("Name another chair or recorder"), _("Name them"), _("Named. They are told."),
        _("They are told and stand on the list of those invited."),
        lambda meeting, user, form: workflow.appoint(meeting, by=user, **form.cleaned_data), AppointForm, "user",
    ),
    Verb(
        "cancel", "cancel", _("Cancel the meeting"), _("Cancel this meeting"), _("Cancelled. Everyone invited is told."),
        _("Everyone invited is told with your reason, and it leaves their calendars. It stays on record."),
        lambda meeting, user, form: workflow.cancel(meeting, by=user, **form.cleaned_data), ReasonForm, "trash", danger=True,
    ),
    Verb(
        "hold", "hold", _("Record that it took place"), _("It took place"), _("On record. Now the minutes are due."),
        _("Say who was there. From now on the minutes are due."), _hold, AttendanceForm, "check",
        template="meetings/attendance.html",
    ),
    Verb(
        "attendance", "record_attendance", _("Correct the attendance"), _("Save"), _("The attendance is on record."),
        _("Possible until the minutes are sent."), _attendance, AttendanceForm, "users", template="meetings/attendance.html",
    ),
    Verb(
        "submit-minutes", "submit_minutes", _("Send the minutes to the chair"), _("Send them to the chair"),
        _("The chair is asked to approve them."), _("The chair approves them or returns them with a remark."),
        lambda meeting, user, form: workflow.submit_minutes(meeting, by=user), icon="send",
    ),
    Verb(
        "approve-minutes", "approve_minutes", _("Approve the minutes"), _("Approve and send them"),
        _("Approved and sent. The actions are in force."),
        _("They go to those named as their readers, and their actions stand on the owners' desks from now on."),
        lambda meeting, user, form: workflow.approve_minutes(meeting, by=user, **form.cleaned_data), SeenForm,
    ),
    Verb(
        "return-minutes", "return_minutes", _("Return the minutes"), _("Return them"), _("Returned with your remark."),
        _("The writer corrects them and sends them again."),
        lambda meeting, user, form: workflow.return_minutes(meeting, by=user, **form.cleaned_data), RemarkForm, "arrow-back-up",
    ),
)  # fmt: skip
BY_PATH: Final = {verb.path: verb for verb in VERBS}


def _visible(request: HttpRequest, pk: int) -> Meeting:
    found = Meeting.objects.visible_to(access.signed_in(request))
    meeting: Meeting = get_object_or_404(found.select_related("kind", "unit", "chair", "recorder", "called_by"), pk=pk)
    return meeting


def verb(request: HttpRequest, pk: int, path: str) -> HttpResponse:
    """Visible (404), may and possible (403, 409), what will happen, form, deed."""
    meeting, user, deed = _visible(request, pk), access.signed_in(request), BY_PATH[path]
    meeting_rights.require(deed.needs, meeting, user)
    meeting_rights.check(deed.needs, meeting, clock.now())
    form = form_of(deed, meeting, user, _sent(request))
    try:
        if form.is_bound and form.is_valid() and _run(deed, meeting, user, form):
            messages.success(request, str(deed.done))
            return redirect(_where(meeting, user))
    except workflow.SentAnew as anew:
        return _decide_anew(request, deed, meeting, anew)
    if "all" in request.POST and isinstance(form, AttendanceForm):
        form.everybody_present()
    context = {"meeting": meeting, "verb": deed, "form": form, "now": clock.now(), **_more(form, deed, meeting)}
    return show_form(request, deed.template, context)


def _decide_anew(request: HttpRequest, deed: Verb, meeting: Meeting, anew: workflow.SentAnew) -> HttpResponse:
    """The same page with what changed, and what was typed; another press decides about what is there now."""
    user, data = access.signed_in(request), request.POST.copy()
    seen, data["seen"] = data.get("seen", ""), seen_of(deed, meeting)
    form = form_of(deed, meeting, user, data)
    form.is_valid()
    form.add_error(None, str(anew))
    found = changes(meeting, seen) if deed.path in OF_CALLS else None
    context = {"meeting": meeting, "verb": deed, "form": form, "now": clock.now(), "changes": found}
    return render(request, deed.template, context, status=409)


OF_CALLS: Final = frozenset({"approve", "give-back"})
OF_MINUTES: Final = frozenset({"approve-minutes", "return-minutes"})


def seen_of(deed: Verb, meeting: Meeting) -> str:
    """What the page of a decision shows now."""
    if deed.path in OF_CALLS:
        return workflow.call_seen_of(meeting)
    return workflow.minutes_seen_of(Minutes.objects.filter(meeting=meeting).first())


def _sent(request: HttpRequest) -> Any:
    """None: it is looked at. “All present” without a script is only a choice: the form comes again with it."""
    return request.POST if request.method == "POST" and "all" not in request.POST else None


def _run(deed: Verb, meeting: Meeting, user: User, form: forms.Form) -> bool:
    try:
        deed.run(meeting, user, form)
    except Invalid as wrong:
        wrong.show_in(form)
        return False
    return True


def _where(meeting: Meeting, user: User) -> str:
    seen = Meeting.objects.visible_to(user).filter(pk=meeting.pk).exists()
    return meeting.get_absolute_url() if seen else reverse("meetings")


def _more(form: forms.Form, deed: Verb, meeting: Meeting) -> Data:
    found = {"changes": changes(meeting)} if deed.path in OF_CALLS else {}
    return found | ({"picks": form.picks()} if isinstance(form, InviteForm) else {})


def form_of(deed: Verb, meeting: Meeting, user: User, data: Any = None) -> forms.Form:
    """The verb's form with its choices: whom this person can name, who was invited."""
    if issubclass(deed.form, AttendanceForm):
        rows = meeting.invitations.filter(dropped_at=None).select_related("user", "unit", "deputy")
        rows = rows.order_by("unit__pinyin", "user__pinyin")
        return AttendanceForm(data, invitations=rows, meeting=meeting, hold=deed.path == "hold")
    if issubclass(deed.form, ChangeForm):
        return ChangeForm(data, initial={name: getattr(meeting, name) for name in ChangeForm.WORDS})
    form = deed.form(data, initial=_initial(deed, meeting, user))
    if isinstance(form, ReplyForm):
        form.colleagues(_colleagues(meeting, user))
    if isinstance(form, InviteForm):
        form.offer(user)
    if isinstance(form, AppointForm):
        for field in form.fields.values():
            field.offer(user)  # type: ignore[attr-defined]
    return form


def _initial(deed: Verb, meeting: Meeting, user: User) -> Data:
    if deed.path in OF_CALLS | OF_MINUTES:
        return {"seen": seen_of(deed, meeting)}
    if deed.path != "reply":
        return {}
    mine = Invitation.objects.filter(meeting=meeting, user=user).first()
    if mine is None or mine.reply == Invitation.Reply.NONE:
        return {"answer": "attend"}
    return {"answer": mine.reply, "deputy": mine.deputy_id, "deputy_name": mine.deputy_name, "reason": mine.reason}


def _colleagues(meeting: Meeting, user: User) -> QuerySet[User]:
    """Who can come in his place: of his unit, and not invited himself unless he cannot come."""
    invited = Invitation.objects.filter(meeting=meeting, dropped_at=None).exclude(reply=Invitation.Reply.DECLINE)
    own = User.objects.active().filter(unit=user.unit_id).exclude(pk=user.pk)
    return own.exclude(pk__in=invited.values("user")).order_by("pinyin")


# ── the list of people, and actions ─────────────────────────────────────────────────────────────


def drop(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Take somebody off the list."""
    meeting, user = _visible(request, pk), access.signed_in(request)
    invitation = get_object_or_404(meeting.invitations.select_related("user", "meeting"), pk=row, dropped_at=None)
    meeting_rights.require("drop_invitee", meeting, user)
    meeting_rights.check("drop_invitee", meeting, clock.now())
    form = ReasonForm(request.POST if request.method == "POST" else None)
    form.fields["reason"].required = False
    deed = Verb(
        "drop", "drop_invitee", _("Take off the list: %(name)s") % {"name": invitation.user.name}, _("Take off the list"),
        _("Taken off the list."), _("This person and a deputy are told; the meeting leaves their calendars."),
        lambda _meeting, by, form: workflow.drop_invitee(invitation, by=by, **form.cleaned_data), ReasonForm, "minus", danger=True,
    )  # fmt: skip
    return _answer(request, meeting, user, deed, form)


ACTIONS: Final = {
    "done": Verb(
        "done", "finish_action", _("Report it as done"), _("It is done"), _("Reported. Thank you."),
        _("The chair is told what was done."),
        lambda action, user, form: workflow.finish_action(action, by=user, **form.cleaned_data),  # type: ignore[arg-type]
        DoneForm,
    ),
    "move": Verb(
        "move", "move_action", _("Grant a later day"), _("Set the day"), _("The owner is told of the new day."),
        _("The owner is told. From then on the new day counts."),
        lambda action, user, form: workflow.move_action(action, by=user, **form.cleaned_data), MoveForm, "calendar-event",  # type: ignore[arg-type]
    ),
    "drop": Verb(
        "drop", "drop_action", _("Drop the action"), _("Drop it"), _("Given up. The owner is told."),
        _("Nobody has to do it any more. It stays on record with your reason."),
        lambda action, user, form: workflow.drop_action(action, by=user, **form.cleaned_data), ReasonForm, "x", danger=True,  # type: ignore[arg-type]
    ),
}  # fmt: skip


def action(request: HttpRequest, pk: int, action_id: int, path: str) -> HttpResponse:
    """Done, a later day, given up: of one action."""
    meeting, user, deed = _visible(request, pk), access.signed_in(request), ACTIONS[path]
    found = get_object_or_404(
        Action.objects.in_force().select_related("meeting", "owner"), pk=action_id, meeting=meeting
    )
    meeting_rights.require_action(deed.needs, found, user)
    form = deed.form(request.POST if request.method == "POST" else None)
    return _answer(request, meeting, user, deed, form, subject=found)


def _answer(  # noqa: PLR0917
    request: HttpRequest, meeting: Meeting, user: User, deed: Verb, form: forms.Form, subject: Any = None
) -> HttpResponse:
    if request.method == "POST" and form.is_valid() and _run(deed, subject or meeting, user, form):
        messages.success(request, str(deed.done))
        return redirect(_where(meeting, user))
    context = {"meeting": meeting, "verb": deed, "form": form, "action": subject, "now": clock.now()}
    return show_form(request, "meetings/verb.html", context)


# ── on the page ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Box:
    """A step as the page shows it: with its form (the next one), or as a link."""

    verb: Verb
    url: str
    form: forms.Form | None = None


REFUSING: Final = {"approve": "give-back", "approve-minutes": "return-minutes"}
"""What stands beside the approval."""


def main_of(  # noqa: PLR0917
    meeting: Meeting, user: User, possible: set[str], mine: Invitation | None, record: Minutes | None, now: datetime
) -> Box | None:
    """What is this person's to do next, if anything."""
    path = _next(meeting, possible, mine, record, now)
    if path is None:
        return None
    deed = BY_PATH[path]
    form = (
        form_of(deed, meeting, user)
        if path in ("reply", "approve", "send", "approve-minutes", "submit-minutes")
        else None
    )
    return Box(deed, _url(meeting, path), form)


def _next(
    meeting: Meeting, possible: set[str], mine: Invitation | None, record: Minutes | None, now: datetime
) -> str | None:
    unanswered = mine is not None and mine.reply == Invitation.Reply.NONE and now < meeting.ends_at
    steps = (
        ("approve", "approve" in possible),
        ("send", "send" in possible),
        ("approve-minutes", "approve_minutes" in possible),
        ("reply", "reply" in possible and unanswered),
        ("hold", "hold" in possible and now >= meeting.ends_at),
        ("submit-minutes", "submit_minutes" in possible and record is not None),
    )
    return next((path for path, holds in steps if holds), None)


def boxes_of(meeting: Meeting, possible: set[str], main: Box | None) -> list[Box]:
    """The other verbs that are possible now."""
    shown = {main.verb.path, REFUSING.get(main.verb.path)} if main else set()
    return [Box(deed, _url(meeting, deed.path)) for deed in VERBS if deed.needs in possible and deed.path not in shown]


def _url(meeting: Meeting, path: str) -> str:
    return reverse(f"meeting-{path}", args=[meeting.pk])


def owners(meeting: Meeting) -> QuerySet[User]:
    """Who can be given something to do: people invited, their deputies, and those of the unit that called it."""
    rows = Invitation.objects.filter(meeting=meeting, dropped_at=None)
    own = Q(unit=meeting.unit_id)
    if meeting.confidential:
        own &= ~Q(role=User.Role.MEMBER)  # who there does not see it
    wanted = Q(pk__in=rows.values("user")) | Q(pk__in=rows.exclude(deputy=None).values("deputy")) | own
    return User.objects.active().filter(wanted).order_by("pinyin")
