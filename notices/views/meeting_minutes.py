"""Writing the minutes of a meeting and the actions that they propose."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from channelportal.core import clock
from channelportal.core.errors import Invalid
from notices import meeting_rights
from notices.forms.meetings import ActionRows, MinutesForm, action_rows, hush, with_more_rows
from notices.models import Action, AgendaItem, Meeting, Minutes
from notices.views.meeting_verbs import owners
from notices.workflow import meetings as workflow


def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the minutes and the actions that they propose."""
    user = access.signed_in(request)
    found = Meeting.objects.visible_to(user).select_related("kind", "unit", "chair")
    meeting = get_object_or_404(found, pk=pk)
    meeting_rights.require("write_minutes", meeting, user)
    meeting_rights.check("write_minutes", meeting, clock.now())
    record = Minutes.objects.filter(meeting=meeting).first()
    more = "more" in request.POST
    data: QueryDict | None = request.POST if request.method == "POST" else None
    if data is not None and more:
        data = with_more_rows(data, "actions", ActionRows)
    form = MinutesForm(data, initial=_begin(meeting, record))
    proposed = Action.objects.filter(meeting=meeting, state=Action.State.PROPOSED).order_by("pk")
    rows = ActionRows(data, prefix="actions", initial=action_rows(proposed), form_kwargs={"owners": owners(meeting)})
    if (
        data is not None
        and not more
        and form.is_valid()
        and rows.is_valid()
        and _write(form, rows, meeting, user, "send" in data)
    ):
        messages.success(request, _("Sent to the chair.") if "send" in data else _("Saved."))
        return redirect(meeting)
    context = {"meeting": meeting, "form": form, "rows": rows, "record": record, "now": clock.now()}
    if more:
        hush(form, rows)
    return render(request, "meetings/minutes.html", context, status=422 if data is not None and not more else 200)


def _begin(meeting: Meeting, record: Minutes | None) -> dict[str, Any]:
    if record is not None:
        return {"body": record.body, "readers": record.readers}
    return {"body": _skeleton(meeting), "readers": Minutes.Readers.INVITED}


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
            said = {"body": form.cleaned_data["body"], "readers": form.cleaned_data["readers"] or None}
            workflow.write_minutes(meeting, by=user, actions=actions, **said)
            if send:
                workflow.submit_minutes(meeting, by=user)
    except Invalid as wrong:
        form.add_error("body" if wrong.field == "body" else None, str(wrong.message))
        return False
    return True
