"""The saved views of the list of meetings, and its filters; both stand in the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Scope, scope
from accounts.models import Unit, User
from channelportal.core import search
from channelportal.core.among import Among
from notices import meeting_desk
from notices.models import Invitation, Meeting, MeetingKind
from notices.models.meetings import MeetingQuerySet

SORTS: Final[dict[str, Any]] = {
    "starts": "starts_at",
    "title": "title",
    "unit": "unit__pinyin",
    "number": "created_at",
}


@dataclass(frozen=True, slots=True)
class View:
    """One tab: whose meetings, already only those he may see."""

    code: str
    label: Any
    chosen: Callable[[User, datetime], MeetingQuerySet]
    seen: Callable[[Scope], bool]
    sort: str = "-starts"
    counted: bool = False
    empty: Any = ""
    hint: Any = ""


def _seen(user: User) -> MeetingQuerySet:
    return Meeting.objects.visible_to(user)


def _mine(user: User) -> Q:
    """Invited, standing in, or with a part in it."""
    invited = Invitation.objects.filter(Q(user=user) | Q(deputy=user), dropped_at=None)
    return Among("pk", invited.values("meeting")) | Q(chair=user) | Q(recorder=user) | Q(called_by=user)


def _coming(user: User, at: datetime) -> MeetingQuerySet:
    return _seen(user).filter(_mine(user), state=Meeting.State.CALLED, ends_at__gte=at)


def _todo(user: User, at: datetime) -> MeetingQuerySet:
    meetings = (
        meeting_desk.to_approve(user), meeting_desk.given_back(user), meeting_desk.to_record(user, at),
        meeting_desk.to_write(user), meeting_desk.minutes_to_approve(user),
    )  # fmt: skip
    found: Any = Q(Among("pk", meeting_desk.to_answer(user, at).values("meeting")))
    found |= Q(Among("pk", meeting_desk.actions(user).order_by().values("meeting")))
    for rows in meetings:
        if not rows.query.is_empty():  # of one who approves nothing: there is no SQL for it
            found |= Q(Among("pk", rows.order_by().values("pk")))
    return _seen(user).filter(found)


VIEWS: Final[tuple[View, ...]] = (
    View(
        "coming", _("Coming"), _coming, lambda who: True, sort="starts", counted=True,
        empty=_("No meeting lies ahead of you."), hint=_("Meetings to which you are invited appear here, the next one first."),
    ),
    View(
        "todo", _("To do"), _todo, lambda who: True, sort="starts", counted=True, empty=_("Nothing waits for you."),
        hint=_("Invitations to answer, attendance, minutes and actions of yours stand here."),
    ),
    View(
        "past", pgettext_lazy("meetings", "Past"),
        lambda user, at: _seen(user).filter(_mine(user)).filter(Q(state=Meeting.State.HELD) | Q(ends_at__lt=at)),
        lambda who: True, empty=_("No meeting lies behind you."),
    ),
    View(
        "unit", _("Called by my unit"), lambda user, at: _seen(user).filter(unit=user.unit_id),
        lambda who: who.may("meeting.see", who.unit_id), empty=_("Your unit has called no meeting yet."),
        hint=_("Drafts, called and held ones stand here."),
    ),
    View(
        "all", pgettext_lazy("meetings", "All"), lambda user, at: _seen(user), lambda who: True,
        empty=_("There is no meeting yet."),
    ),
)  # fmt: skip


def views_for(user: User) -> list[View]:
    who = scope(user)
    return [view for view in VIEWS if view.seen(who)]


class MeetingFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Words"), method="by_words")
    kind = filters.ModelChoiceFilter(label=_("Kind"), queryset=MeetingKind.objects.all(), empty_label=_("All kinds"))
    unit = filters.ModelChoiceFilter(label=_("Called by"), queryset=Unit.objects.all(), empty_label=_("All units"))
    state = filters.ChoiceFilter(label=_("State"), choices=Meeting.State.choices, empty_label=_("All states"))
    from_day = filters.DateFilter(
        label=_("From"), field_name="starts_at", lookup_expr="date__gte", widget=forms.DateInput(attrs={"type": "date"})
    )
    until_day = filters.DateFilter(
        label=_("To"), field_name="starts_at", lookup_expr="date__lte", widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = Meeting
        fields: tuple[str, ...] = ()

    def by_words(self, rows: MeetingQuerySet, name: str, value: str) -> MeetingQuerySet:
        return rows.filter(Q(pk__in=search.find("meeting", value)) | Q(number__istartswith=value.strip()))
