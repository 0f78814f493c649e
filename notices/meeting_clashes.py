"""Who and which place is taken at that time already (001 五(三)1): shown before a meeting is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from accounts.models import User
from notices.models import Invitation, Meeting

MOST: Final = 200
TAKING: Final = (Meeting.State.PENDING, Meeting.State.CALLED)


@dataclass(frozen=True, slots=True)
class Clash:
    """`person` is invited to, or expected at, `meeting` at that time (None: it is the place that is taken). `seen`: whether
    the one who asks may know which meeting it is; else only that and when."""

    person: User | None
    meeting: Meeting
    seen: bool
    accepted: bool = False


def clashes(
    starts: datetime,
    ends: datetime,
    people: Iterable[User] | QuerySet[User],
    *,
    viewer: User,
    place: str = "",
    but: Meeting | None = None,
) -> list[Clash]:
    """At most 200, those who accepted first. `but`: the meeting itself, when it is changed. Three queries."""
    meetings = Meeting.objects.filter(state__in=TAKING, starts_at__lt=ends, ends_at__gt=starts)
    if but is not None and but.pk:
        meetings = meetings.exclude(pk=but.pk)
    there = {meeting.pk: meeting for meeting in meetings.select_related("kind", "unit")}
    if not there:
        return []
    seen = set(Meeting.objects.visible_to(viewer).filter(pk__in=there).values_list("pk", flat=True))
    found = [*_places(there, seen, place), *_people(there, seen, people)]
    return sorted(found, key=lambda one: (one.person is not None, not one.accepted, one.meeting.starts_at))[:MOST]


def _places(there: dict[int, Meeting], seen: set[int], place: str) -> Iterator[Clash]:
    wanted = place.strip().casefold()
    for meeting in there.values():
        if wanted and meeting.mode != Meeting.Mode.VIDEO and meeting.place.strip().casefold() == wanted:
            yield Clash(None, meeting, meeting.pk in seen)


def _people(there: dict[int, Meeting], seen: set[int], people: Iterable[User] | QuerySet[User]) -> Iterator[Clash]:
    """Who sends a deputy is free; the deputy is not."""
    wanted = people.order_by().values("pk") if isinstance(people, QuerySet) else [one.pk for one in people]
    own = Q(user__in=wanted, reply__in=[Invitation.Reply.NONE, Invitation.Reply.ATTEND])
    rows = Invitation.objects.filter(own | Q(deputy__in=wanted), meeting__in=there, dropped_at=None)
    for row in rows.select_related("user", "deputy")[:MOST]:
        person = row.deputy if row.reply == Invitation.Reply.DEPUTY else row.user
        accepted = row.reply != Invitation.Reply.NONE
        yield Clash(person, there[row.meeting_id], row.meeting_id in seen, accepted)
