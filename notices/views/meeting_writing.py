"""Calling a meeting and going on with a draft; its minutes with their actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import access
from accounts.models import User
from channelportal.core import calendar, clock, files
from channelportal.core.errors import Invalid
from channelportal.lib.workdays import SHANGHAI, Day, local_date
from notices import meeting_clashes, meeting_hours, meeting_rights, meeting_times, recipients
from notices.audience import Audience
from notices.forms import audience as audiences
from notices.forms.meetings import ActionRows, AgendaRows, MeetingForm, MinutesForm, action_rows, agenda_rows
from notices.meeting_clashes import Clash
from notices.models import Action, AgendaItem, Meeting, MeetingKind, Minutes
from notices.views.meeting_verbs import owners
from notices.workflow import meetings as workflow

BEGIN, LENGTH = time(9, 30), timedelta(minutes=90)


def new(request: HttpRequest) -> HttpResponse:
    """Call a meeting for one's own unit. `?kind=` begins with that kind."""
    user = access.signed_in(request)
    access.require(user, "meeting.call", user.unit_id, _("Only information officers and heads call meetings."))
    return _page(request, user, None)


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a draft."""
    user = access.signed_in(request)
    found = Meeting.objects.visible_to(user).select_related("kind", "chair", "recorder")
    meeting = get_object_or_404(found, pk=pk)
    meeting_rights.require("edit", meeting, user)
    meeting_rights.check("edit", meeting, clock.now())
    return _page(request, user, meeting)


def _page(request: HttpRequest, user: User, meeting: Meeting | None) -> HttpResponse:
    posted = request.method == "POST"
    data, uploads = (request.POST, request.FILES) if posted else (None, None)
    begun = _initial(meeting, user, request.GET)
    form = MeetingForm(data, uploads, user=user, meeting=meeting, sending="send" in request.POST, initial=begun)
    items = AgendaItem.objects.filter(meeting=meeting).prefetch_related("papers__file") if meeting else ()
    agenda = AgendaRows(data, uploads, prefix="agenda", initial=agenda_rows(items))
    if posted and form.is_valid() and agenda.is_valid() and "preview" not in request.POST:
        saved = _save(form, agenda, user, meeting)
        if saved is not None:
            messages.success(request, _said(saved, sent="send" in request.POST))
            return redirect(
                saved if "send" in request.POST else "meeting-edit", *(() if "send" in request.POST else (saved.pk,))
            )
    context = {
        "form": form, "agenda": agenda, "meeting": meeting, "picks": form.picks(), "kept": _kept(items), "now": clock.now(),
        "outlook": outlook(user, _values(form), meeting),
    }  # fmt: skip
    failed = posted and "preview" not in request.POST
    return render(request, "meetings/new.html", context, status=422 if failed else 200)


def _said(meeting: Meeting, *, sent: bool) -> str:
    if not sent:
        return _("Saved as a draft. Nobody is invited yet.")
    if meeting.state == Meeting.State.PENDING:
        return _("%(number)s waits for your head's approval.") % {"number": meeting.number}
    return _("%(number)s is called: everyone is invited.") % {"number": meeting.number}


def _kept(items: Any) -> dict[str, list[str]]:
    """Names of the papers that stay with an item, by the text of the hidden field."""
    return {
        ",".join(str(paper.pk) for paper in item.papers.all()): [paper.file.name for paper in item.papers.all()]
        for item in items
        if item.papers.all()
    }


def _initial(meeting: Meeting | None, user: User, query: QueryDict) -> dict[str, Any]:
    if meeting is not None:
        names = (*MeetingForm.SAID, "chair", "recorder", "kind")
        own = {name: getattr(meeting, name) for name in names}
        return own | audiences.initial(Audience.read(meeting.audience), user)
    kinds, asked = MeetingKind.objects.filter(active=True), str(query.get("kind", ""))
    kind = kinds.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else kinds.first()
    begin = _proposed(kind, user)
    chair = user if user.leads else User.objects.active().filter(unit=user.unit_id, role=User.Role.HEAD).first()
    begun = {"kind": kind, "starts_at": begin, "ends_at": begin + LENGTH, "chair": chair}
    return begun | (audiences.initial(Audience.read(kind.audience), user) if kind else {})


def _proposed(kind: MeetingKind | None, user: User) -> datetime:
    """So many working days ahead as the kind wants, in the morning."""
    days = calendar.current(unit_id=user.unit_id)
    day = days.shift(local_date(clock.now()), (kind.notice_days if kind else 1) + 1)
    return datetime.combine(day, BEGIN, SHANGHAI)


@transaction.atomic
def _try(form: MeetingForm, agenda: Any, user: User, meeting: Meeting | None) -> Meeting:
    said = form.said() | {"agenda": _rows(agenda, user)}
    chosen = form.cleaned_data["papers"]
    said["papers"] = files.keep_all(chosen, by=user, at=clock.now()) if chosen else []
    if "keep_papers" in form.fields:
        said["keep_papers"] = [int(pk) for pk in form.cleaned_data["keep_papers"]]
    kind: MeetingKind = form.cleaned_data["kind"]
    key: UUID = form.cleaned_data["once"]
    if meeting is None:
        meeting = workflow.draft(by=user, kind=kind, key=key, **said)
    if meeting.state == Meeting.State.DRAFT:
        meeting = workflow.edit(meeting, by=user, kind=kind, **said) if form.meeting else meeting
        if form.sending:
            meeting = workflow.send(meeting, by=user)
    return meeting


def _save(form: MeetingForm, agenda: Any, user: User, meeting: Meeting | None) -> Meeting | None:
    """What the verbs call invalid stands at its field; everything typed stays."""
    try:
        return _try(form, agenda, user, meeting)
    except Invalid as wrong:
        name = {"audience": "channels"}.get(wrong.field, wrong.field)
        form.add_error(name if name in form.fields else None, str(wrong.message))
        return None


def _rows(agenda: Any, user: User) -> list[workflow.AgendaRow]:
    rows = []
    for one in agenda.forms:
        data = one.cleaned_data
        if data.get("topic"):
            chosen = data.get("files") or []
            kept = files.keep_all(chosen, by=user, at=clock.now()) if chosen else []
            rows.append(
                workflow.AgendaRow(data["topic"], data.get("minutes"), data.get("speaker", ""), kept, one.kept())
            )
    return rows


# ── what it means, before it is sent ────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the time and the people that were chosen mean."""

    kind: MeetingKind | None = None
    day: Day | None = None
    ahead: int = 0
    early_enough: bool = True
    off_hours: bool = False
    people: int = 0
    units: int = 0
    clashes: Sequence[Clash] = ()
    approved_by_head: bool = False


MOST_SHOWN: Final = 12


def outlook(user: User, values: dict[str, Any], meeting: Meeting | None) -> Outlook:
    kind, starts, ends, audience = (values.get(name) for name in ("kind", "starts_at", "ends_at", "audience"))
    if kind is None or starts is None or user.unit is None:
        return Outlook(kind=kind)
    days, now = calendar.current(unit_id=user.unit_id), clock.now()
    ends = ends if ends and ends > starts else starts + LENGTH
    people = recipients.people(audience or Audience())
    count, units = recipients.counted(audience or Audience())
    ahead = meeting_times.days_ahead(now, starts, days)
    place = str(values.get("place") or "")
    return Outlook(
        kind=kind,
        day=days.day(local_date(starts)),
        ahead=ahead,
        early_enough=ahead >= kind.notice_days,
        off_hours=meeting_times.off_hours(starts, ends, days, meeting_hours.in_force()) and not kind.any_time,
        people=count,
        units=units,
        clashes=meeting_clashes.clashes(starts, ends, people, viewer=user, place=place, but=meeting)[:MOST_SHOWN],
        approved_by_head=workflow.needs_approval(user, user.unit),
    )


def _values(form: MeetingForm) -> dict[str, Any]:
    """What was chosen, as far as it can be read."""
    if form.is_bound:
        form.is_valid()
        return form.cleaned_data
    begun = dict(form.initial)
    audience = begun.get("channels") and _audience_of(form)
    return begun | {"audience": audience}


def _audience_of(form: MeetingForm) -> Audience:
    stored = form.meeting.audience if form.meeting else getattr(form.initial.get("kind"), "audience", {})
    return Audience.read(stored or {})


@require_safe
def hints(request: HttpRequest) -> HttpResponse:
    """The fragment beside the form: working day, hours, days ahead, how many people, who is taken."""
    user = access.signed_in(request)
    access.require(user, "meeting.call", user.unit_id, _("Only information officers and heads call meetings."))
    number = request.GET.get("meeting", "")
    found = (
        Meeting.objects.visible_to(user).filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
    )
    form = MeetingForm(request.GET, user=user, meeting=found)
    context = {"outlook": outlook(user, _values(form), found), "now": clock.now()}
    return render(request, "meetings/_outlook.html", context)


# ── minutes ─────────────────────────────────────────────────────────────────────────────────────


def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the minutes and the actions that they propose."""
    user = access.signed_in(request)
    found = Meeting.objects.visible_to(user).select_related("kind", "unit", "chair")
    meeting = get_object_or_404(found, pk=pk)
    meeting_rights.require("write_minutes", meeting, user)
    meeting_rights.check("write_minutes", meeting, clock.now())
    record = Minutes.objects.filter(meeting=meeting).first()
    data = request.POST if request.method == "POST" else None
    form = MinutesForm(data, initial={"body": record.body if record else _skeleton(meeting)})
    proposed = Action.objects.filter(meeting=meeting, state=Action.State.PROPOSED).order_by("pk")
    rows = ActionRows(data, prefix="actions", initial=action_rows(proposed), form_kwargs={"owners": owners(meeting)})
    if data is not None and form.is_valid() and rows.is_valid() and _write(form, rows, meeting, user, "send" in data):
        messages.success(request, _("Sent to the chair.") if "send" in data else _("Saved."))
        return redirect(meeting)
    context = {"meeting": meeting, "form": form, "rows": rows, "record": record, "now": clock.now()}
    return render(request, "meetings/minutes.html", context, status=422 if data is not None else 200)


def _skeleton(meeting: Meeting) -> str:
    """The agenda as headings, to be filled in."""
    items = AgendaItem.objects.filter(meeting=meeting).values_list("topic", flat=True)
    return "".join(f"<h3>{escape(topic)}</h3><p></p>" for topic in items)


def _write(form: MinutesForm, rows: Any, meeting: Meeting, user: User, send: bool) -> bool:
    actions = [
        workflow.ActionRow(row.cleaned_data["task"], row.cleaned_data["owner"], row.cleaned_data["day"])
        for row in rows.forms
        if row.cleaned_data.get("task")
    ]
    try:
        with transaction.atomic():
            workflow.write_minutes(meeting, by=user, body=form.cleaned_data["body"], actions=actions)
            if send:
                workflow.submit_minutes(meeting, by=user)
    except Invalid as wrong:
        form.add_error("body" if wrong.field == "body" else None, str(wrong.message))
        return False
    return True
