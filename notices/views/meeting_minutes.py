"""Writing the minutes of a meeting and the actions that they propose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from channelportal.core import clock, drafts
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Draft
from notices import meeting_rights
from notices.forms.meetings import ActionRows, MinutesForm, action_rows, hush, with_more_rows
from notices.models import Action, AgendaItem, Meeting, Minutes
from notices.views.meeting_verbs import owners
from notices.workflow import meetings as workflow


@dataclass
class Sheet:
    """The form as it is shown: what was sent, what was being typed last time (`typed`), else what is saved."""

    form: MinutesForm
    rows: Any
    sent: bool
    typed: bool
    theirs: Minutes | None = None
    """What somebody else saved meanwhile."""

    @property
    def valid(self) -> bool:
        return bool(self.sent and self.form.is_valid() and self.rows.is_valid())


def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the minutes and the actions that they propose."""
    user = access.signed_in(request)
    found = Meeting.objects.visible_to(user).select_related("kind", "unit", "chair")
    meeting = get_object_or_404(found, pk=pk)
    meeting_rights.require("write_minutes", meeting, user)
    meeting_rights.check("write_minutes", meeting, clock.now())
    record = Minutes.objects.filter(meeting=meeting).select_related("written_by").first()
    if record is not None and record.state not in meeting_rights.WRITABLE:
        raise WrongState(_("The minutes are with the chair or were sent."))
    sheet = _sheet(request, meeting, record, user)
    if sheet.valid and _write(sheet, meeting, user, "send" in request.POST):
        drafts.forget(user, draft_of(meeting))
        messages.success(request, _("Sent to the chair.") if "send" in request.POST else _("Saved."))
        return redirect(meeting)
    context = {
        "meeting": meeting, "form": sheet.form, "rows": sheet.rows, "record": record, "now": clock.now(),
        "draft": draft_of(meeting), "typed": sheet.typed, "theirs": sheet.theirs,
    }  # fmt: skip
    return render(request, "meetings/minutes.html", context, status=422 if sheet.sent else 200)


def draft_of(meeting: Meeting) -> str:
    return f"meeting.minutes.{meeting.pk}"


def _sheet(request: HttpRequest, meeting: Meeting, record: Minutes | None, user: User) -> Sheet:
    posted, more = request.method == "POST", "more" in request.POST
    data = request.POST if posted else _typed(meeting, record, user)
    if data is not None and more:
        data = with_more_rows(request.POST, "actions", ActionRows)
    form = MinutesForm(data, initial=_begin(meeting, record))
    proposed = Action.objects.filter(meeting=meeting, state=Action.State.PROPOSED).order_by("pk")
    rows = ActionRows(data, prefix="actions", initial=action_rows(proposed), form_kwargs={"owners": owners(meeting)})
    if more or (data is not None and not posted):
        hush(form, rows)
    return Sheet(form, rows, sent=posted and not more, typed=data is not None and not posted)


def _typed(meeting: Meeting, record: Minutes | None, user: User) -> QueryDict | None:
    """What this person was typing: since he saved, or while somebody else did."""
    kept = Draft.objects.filter(user=user, form=draft_of(meeting)).first()
    if kept is None or (record and record.written_by_id == user.pk and kept.at <= record.written_at):
        return None
    data = QueryDict(mutable=True)
    for name, values in kept.data.items():
        data.setlist(name, values)
    return data


def _begin(meeting: Meeting, record: Minutes | None) -> dict[str, Any]:
    if record is not None:
        return {"body": record.body, "readers": record.readers, "seen": workflow.draft_seen_of(record)}
    return {"body": _skeleton(meeting), "readers": Minutes.Readers.INVITED, "seen": ""}


def _skeleton(meeting: Meeting) -> str:
    """The agenda as headings, to be filled in."""
    items = AgendaItem.objects.filter(meeting=meeting).values_list("topic", flat=True)
    return "".join(f"<h3>{escape(topic)}</h3><p></p>" for topic in items)


def _write(sheet: Sheet, meeting: Meeting, user: User, send: bool) -> bool:
    actions = [
        workflow.ActionRow(row.cleaned_data["task"], row.cleaned_data["owner"], row.cleaned_data["day"])
        for row in sheet.rows.forms
        if row.cleaned_data.get("task")
    ]
    said = sheet.form.cleaned_data
    seen = said["seen"] if "seen" in sheet.form.data else None
    try:
        with transaction.atomic():
            workflow.write_minutes(
                meeting, by=user, body=said["body"], actions=actions, readers=said["readers"] or None, seen=seen
            )
            if send:
                workflow.submit_minutes(meeting, by=user)
    except Invalid as wrong:
        if wrong.field == "seen":
            _show_theirs(sheet, meeting)
        sheet.form.add_error("body" if wrong.field == "body" else None, str(wrong.message))
        return False
    return True


def _show_theirs(sheet: Sheet, meeting: Meeting) -> None:
    """Beside what was typed; another press saves over them."""
    sheet.theirs = Minutes.objects.filter(meeting=meeting).select_related("written_by").first()
    typed: Any = sheet.form.data
    data = typed.copy()
    data["seen"] = workflow.draft_seen_of(sheet.theirs)
    sheet.form.data = data
