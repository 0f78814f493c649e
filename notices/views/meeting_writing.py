"""Calling a meeting and going on with a draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.models import User
from channelportal.core import calendar, clock, drafts, files
from channelportal.core.errors import Invalid, Unreadable
from channelportal.core.models import StoredFile
from channelportal.lib.workdays import SHANGHAI, Day, local_date
from notices import meeting_clashes, meeting_hours, meeting_rights, meeting_times, recipients
from notices.audience import Audience
from notices.forms import audience as audiences
from notices.forms.meetings import (
    AgendaRows,
    MeetingForm,
    agenda_rows,
    hush,
    with_more_rows,
)
from notices.meeting_clashes import Clash
from notices.models import AgendaItem, Level, Meeting, MeetingKind
from notices.views import meeting_again
from notices.workflow import meetings as workflow

BEGIN, LENGTH = time(9, 30), timedelta(minutes=90)
DRAFT: Final = "meeting.new"


def new(request: HttpRequest) -> HttpResponse:
    """Call a meeting for one's own unit. `?kind=` begins with that kind, `?like=` with what an earlier meeting was."""
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
    posted, preview = request.method == "POST", "preview" in request.POST
    data, typed = _data(request, user, meeting)
    model = meeting_again.model(request.GET.get("like", ""), user) if meeting is None else None
    begun = meeting_again.initial(model, user) if model else _initial(meeting, user, request.GET)
    uploads = request.FILES if posted else None
    form = MeetingForm(data, uploads, user=user, meeting=meeting, sending="send" in request.POST, initial=begun)
    items = AgendaItem.objects.filter(meeting=meeting).prefetch_related("papers__file") if meeting else ()
    rows = meeting_again.agenda(model) if model else agenda_rows(items)
    agenda = AgendaRows(data, uploads, prefix="agenda", initial=rows)
    if posted and not preview and form.is_valid() and agenda.is_valid():
        saved = _save(form, agenda, user, meeting)
        if saved is not None:
            return _after(request, saved)
    context = {
        "form": form, "agenda": agenda, "meeting": meeting, "picks": form.picks(), "kept": _kept(items), "now": clock.now(),
        "outlook": outlook(user, _values(form), meeting), "draft": DRAFT, "typed": typed, "rebegun": False, "model": model,
        "cancel": meeting.get_absolute_url() if meeting else reverse("meetings"),
    }  # fmt: skip
    if preview or typed:
        hush(form, agenda)
    return render(request, "meetings/new.html", context, status=422 if posted and not preview else 200)


def _data(request: HttpRequest, user: User, meeting: Meeting | None) -> tuple[QueryDict | None, bool]:
    """What the form shows: what was sent (with more rows, or the time of another kind, where that was asked), else what was being
    typed last time (True then), else nothing."""
    if request.method == "POST":
        return _previewed(request.POST, user) if "preview" in request.POST else request.POST, False
    fresh = meeting is None and not {"kind", "like"} & request.GET.keys()
    kept = drafts.initial(user, DRAFT) if fresh else {}
    if not kept:
        return None, False
    data = QueryDict(mutable=True)
    for name, value in kept.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    data["once"] = str(uuid4())
    return data, True


def _previewed(sent: QueryDict, user: User) -> QueryDict:
    data = begin_again(sent, user) or sent
    return with_more_rows(data, "agenda", AgendaRows) if sent["preview"] == "rows" else data


def _after(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    drafts.forget(access.signed_in(request), DRAFT)
    messages.success(request, _said(meeting, sent="send" in request.POST))
    return redirect(meeting) if "send" in request.POST else redirect("meeting-edit", meeting.pk)


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
        own = {name: getattr(meeting, name) for name in names} | {"begun": meeting.kind_id}
        return own | audiences.initial(Audience.read(meeting.audience), user)
    kinds, asked = MeetingKind.objects.filter(active=True), str(query.get("kind", ""))
    kind = kinds.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else kinds.first()
    begin = _proposed(kind, user)
    chair = user if user.leads else User.objects.active().filter(unit=user.unit_id, role=User.Role.HEAD).first()
    begun = {
        "kind": kind,
        "begun": kind.pk if kind else "",
        "starts_at": begin,
        "ends_at": begin + LENGTH,
        "chair": chair,
    }
    return begun | (audiences.initial(Audience.read(kind.audience), user) if kind else {})


def _proposed(kind: MeetingKind | None, user: User) -> datetime:
    """So many working days ahead as the kind wants, in the morning."""
    days = calendar.current(unit_id=user.unit_id)
    day = days.shift(local_date(clock.now()), (kind.notice_days if kind else 1) + 1)
    return datetime.combine(day, BEGIN, SHANGHAI)


def begin_again(sent: QueryDict, user: User) -> QueryDict | None:
    """Another kind was chosen: its time and its audience, where nobody touched those of the one before. None: the same kind."""
    kinds = {str(kind.pk): kind for kind in MeetingKind.objects.filter(active=True)}
    before, after = kinds.get(sent.get("begun", "")), kinds.get(sent.get("kind", ""))
    if before is None or after is None or before == after:
        return None
    data = sent.copy()
    data["begun"] = str(after.pk)
    if [sent.get("starts_at"), sent.get("ends_at")] == _times(before, user):
        data["starts_at"], data["ends_at"] = _times(after, user)
    if _untouched(sent, before, user):
        _choose(data, Audience.read(after.audience), user)
    return data


def _times(kind: MeetingKind, user: User) -> list[str]:
    begin = _proposed(kind, user)
    return [f"{moment:%Y-%m-%dT%H:%M}" for moment in (begin, begin + LENGTH)]


def _untouched(sent: QueryDict, before: MeetingKind, user: User) -> bool:
    """Whether the audience in the form is the one that this kind begins with."""
    form = MeetingForm(sent, user=user)
    form.is_valid()
    chosen = form.cleaned_data.get("audience")
    return chosen is not None and _plain(chosen, user) == _plain(Audience.read(before.audience), user)


def _plain(audience: Audience, user: User) -> dict[str, Any]:
    """As the form says it, without order."""
    begun = audiences.initial(audience, user)
    return {name: set(value) if isinstance(value, list) else value for name, value in begun.items()}


def _choose(data: QueryDict, audience: Audience, user: User) -> None:
    for name, value in audiences.initial(audience, user).items():
        if isinstance(value, bool):
            data.setlist(name, ["on"] if value else [])
        else:
            data.setlist(name, value if isinstance(value, list) else [value])


@transaction.atomic
def _try(form: MeetingForm, agenda: Any, user: User, meeting: Meeting | None) -> Meeting:
    said = form.said() | {"agenda": _rows(agenda, form, user)}
    chosen = form.cleaned_data["papers"]
    said["papers"] = _kept_files(chosen, form, user)
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
    except Unreadable as wrong:  # there is no key to encrypt a confidential meeting's papers with
        form.add_error("papers", str(wrong.message))
    except Invalid as wrong:
        name = {"audience": "channels", "files": "papers"}.get(wrong.field, wrong.field)
        form.add_error(name if name in form.fields else None, str(wrong.message))
    return None


def _kept_files(chosen: Any, form: MeetingForm, user: User) -> list[StoredFile]:
    confidential = form.cleaned_data["level"] == Level.CONFIDENTIAL
    return files.keep_all(chosen, by=user, at=clock.now(), confidential=confidential) if chosen else []


def _rows(agenda: Any, form: MeetingForm, user: User) -> list[workflow.AgendaRow]:
    rows = []
    for one in agenda.forms:
        data = one.cleaned_data
        if data.get("topic"):
            chosen = data.get("files") or []
            kept = _kept_files(chosen, form, user)
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
    near = recipients.people(audience or Audience()) & audiences.people_for(user).order_by()  # whose names he may read
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
        clashes=meeting_clashes.clashes(starts, ends, near, viewer=user, place=place, but=meeting)[:MOST_SHOWN],
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
    begun = form.initial.get("audience") or getattr(form.initial.get("kind"), "audience", {})
    stored = form.meeting.audience if form.meeting else begun
    return Audience.read(stored or {})


@require_http_methods(["GET", "HEAD", "POST"])
def hints(request: HttpRequest) -> HttpResponse:
    """The fragment beside the form: working day, hours, days ahead, how many people, who is taken; and, when another kind was
    chosen, its time and audience where those were not touched. By POST, since names are long; nothing is changed."""
    user = access.signed_in(request)
    access.require(user, "meeting.call", user.unit_id, _("Only information officers and heads call meetings."))
    sent = request.POST or request.GET
    number = sent.get("meeting", "")
    known = number.isdecimal() and len(number) < 19
    found = get_object_or_404(Meeting.objects.visible_to(user), pk=number) if known else None
    again = begin_again(sent, user)
    form = MeetingForm(again or sent, user=user, meeting=found)
    values = _values(form)
    form.errors.clear()
    context = {
        "outlook": outlook(user, values, found), "now": clock.now(), "form": form, "picks": form.picks(),
        "rebegun": again is not None,
    }  # fmt: skip
    return render(request, "meetings/_outlook.html", context)
