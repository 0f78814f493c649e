"""The page of one meeting, its papers, and the file for one's own calendar."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts import access
from accounts.models import User
from channelportal.core import calendar, clock, files, watermark
from channelportal.lib.workdays import local_date
from notices import invitation, meeting_rights
from notices.audience import Audience
from notices.models import Action, AgendaItem, AgendaPaper, Invitation, Meeting, Minutes
from notices.views import meeting_again
from notices.views.meeting_changes import changes
from notices.views.meeting_verbs import boxes_of, main_of
from notices.views.meeting_writing import Outlook, outlook

UNCALLED: Final = (Meeting.State.DRAFT, Meeting.State.PENDING)


def visible(request: HttpRequest, pk: int) -> Meeting:
    found = Meeting.objects.visible_to(access.signed_in(request))
    meeting: Meeting = get_object_or_404(
        found.select_related("kind", "unit", "chair__unit", "recorder__unit", "called_by", "approved_by"), pk=pk
    )
    return meeting


@dataclass(frozen=True)
class People:
    """Who was invited, by unit; and how they answered."""

    rows: list[Invitation]
    tallies: list[tuple[str, str, int]]
    """Code, word, number: of the answers; of the attendance once it was held."""

    @classmethod
    def of(cls, meeting: Meeting) -> People:
        invited = meeting.invitations.filter(dropped_at=None).select_related("user", "unit", "deputy")
        rows = list(invited.order_by("-required", "unit__pinyin", "user__pinyin"))
        held = meeting.state == Meeting.State.HELD
        counted = Counter(row.attendance if held else row.reply for row in rows)
        choices = Invitation.Attendance.choices if held else Invitation.Reply.choices
        return cls(rows, [(str(code), str(word), counted[code]) for code, word in choices])


@require_safe
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    found, user, now = visible(request, pk), access.signed_in(request), clock.now()
    return render(request, "meetings/meeting.html", page_of(found, user, now))


def page_of(meeting: Meeting, user: User, now: datetime) -> dict[str, Any]:
    """Context of the page. Who is not inside sees what it was, and what he is to do."""
    possible, known = meeting_rights.possible(meeting, user, now), inside(meeting, user)
    people = People.of(meeting) if known else People([], [])
    mine = next((row for row in people.rows if row.user_id == user.pk and row.unit_id == user.unit_id), None)
    record = Minutes.objects.filter(meeting=meeting).select_related("written_by", "approved_by").first()
    shown = record if record and known and meeting_rights.reads_minutes(meeting, record, user) else None
    main = main_of(meeting, user, possible, mine, record, now)
    actions = _actions(meeting, user) if shown else _own_actions(meeting, user)
    return {
        "meeting": meeting,
        "now": now,
        "inside": known,
        "day": calendar.current(unit_id=meeting.unit_id).day(local_date(meeting.starts_at)),
        "people": people,
        "mine": mine,
        **(_content(meeting) if known else {}),
        "record": shown,
        "record_state": record,
        "actions": actions,
        "owed": [row for row, _verbs in actions if row.state == Action.State.OPEN and row.owner_id == user.pk],
        "changes": changes(meeting) if "approve" in possible else None,
        "then": "" if main else _then(meeting, possible, mine, record, now),
        "outlook": _outlook(meeting, user) if known and meeting.state in UNCALLED else None,
        "possible": possible,
        "main": main,
        "boxes": boxes_of(meeting, possible, main),
        "again": meeting_again.may_be_model(meeting, user),
        "organises": meeting_rights.Part(meeting, user).organises,
    }


def _then(meeting: Meeting, possible: set[str], mine: Invitation | None, record: Minutes | None, now: datetime) -> str:
    """What comes next, for one who has nothing to do now; "" where the page says it itself."""
    if meeting.state == Meeting.State.PENDING:
        return _("It waits for the head's approval; until then you can take it back.") if "recall" in possible else ""
    if meeting.state == Meeting.State.HELD:
        waits = record is not None and record.state == Minutes.State.PENDING
        return _("The minutes are with the chair, %(name)s.") % {"name": meeting.chair.name} if waits else ""
    if meeting.state != Meeting.State.CALLED or meeting.ends_at <= now:
        return ""
    return _of_organiser(meeting) if "change" in possible else _of_invited(mine)


def _of_invited(mine: Invitation | None) -> str:
    if mine is None or mine.reply == Invitation.Reply.NONE:
        return ""
    if mine.reply == Invitation.Reply.DECLINE:
        return _("You said that you cannot attend. Until it is over you can answer anew below.")
    return _("Your answer is on record. Whoever comes is reminded at 09:00 of the working day before.")


def _of_organiser(meeting: Meeting) -> str:
    silent = Invitation.objects.standing().filter(meeting=meeting, reply=Invitation.Reply.NONE).count()
    if not silent:
        return _("Everyone has answered. After the meeting you record who was there.")
    words = ngettext(
        "%(count)d person has not answered and is reminded the working day before the answer is due. "
        "After the meeting you record who was there.",
        "%(count)d people have not answered and are reminded the working day before the answer is due. "
        "After the meeting you record who was there.",
        silent,
    )
    return words % {"count": silent}


def _outlook(meeting: Meeting, user: User) -> Outlook:
    """Whom the call would reach and who is taken: before it is sent or approved."""
    names = ("kind", "starts_at", "ends_at", "place")
    values = {name: getattr(meeting, name) for name in names} | {"audience": Audience.read(meeting.audience)}
    return outlook(user, values, meeting)


def _content(meeting: Meeting) -> dict[str, Any]:
    return {
        "agenda": list(AgendaItem.objects.filter(meeting=meeting).prefetch_related("papers__file")),
        "papers": list(AgendaPaper.objects.filter(meeting=meeting, item=None).select_related("file")),
    }


def inside(meeting: Meeting, user: User) -> bool:
    """Whether agenda, papers, people and minutes are for this person: invited, or standing in for one who is; with a part in it; of
    the unit that called it; 企发部. Not for who only has something to do from it, or heads one who has."""
    own = meeting.unit_id == user.unit_id and access.may(user, "meeting.see", user.unit_id)
    if own or user.pk in (meeting.chair_id, meeting.recorder_id, meeting.called_by_id):
        return True
    if meeting_rights.supervises(meeting, user):
        return True
    return Invitation.objects.standing().of(user).filter(meeting=meeting).exists()


def _actions(meeting: Meeting, user: User) -> list[tuple[Action, set[str]]]:
    rows = Action.objects.filter(meeting=meeting).select_related("owner", "unit", "meeting")
    return [(row, meeting_rights.possible_with(row, user)) for row in rows]


def _own_actions(meeting: Meeting, user: User) -> list[tuple[Action, set[str]]]:
    """Of one who was not there: what he, or his unit, was given to do."""
    rows = Action.objects.in_force().filter(meeting=meeting).select_related("owner", "unit", "meeting")
    heads = access.may(user, "meeting.approve", user.unit_id)
    mine = [row for row in rows if row.owner_id == user.pk or (heads and row.unit_id == user.unit_id)]
    return [(row, meeting_rights.possible_with(row, user)) for row in mine]


def _inside_or_404(request: HttpRequest, pk: int) -> Meeting:
    found = visible(request, pk)
    if not inside(found, access.signed_in(request)):
        raise Http404
    return found


@require_safe
def file(request: HttpRequest, pk: int, file_id: str) -> FileResponse:
    """A paper: for who is inside. A confidential one carries who took it and when."""
    found, user = _inside_or_404(request, pk), access.signed_in(request)
    kept = get_object_or_404(AgendaPaper.objects.select_related("file"), meeting=found, file=file_id)
    mark = watermark.words(user, clock.now()) if found.confidential else ""
    return files.serve(kept.file, by=user, unnamed=found.confidential, watermark=mark)


@require_safe
def ics(request: HttpRequest, pk: int) -> HttpResponse:
    """The meeting as a calendar file for this person."""
    found, user = _inside_or_404(request, pk), access.signed_in(request)
    content = invitation.text(invitation.Sheet.of(found), user.language, at=clock.now(), method="PUBLISH")
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = f'attachment; filename="{found.number}.ics"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
