"""Who holds the meetings that must be held, and who does not (001 五(一), 004 二(三)1): for 企发部's page, and told once a period.

`standings(today)` costs four statements, however many kinds, channels and meetings there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.timezone import localdate

from accounts.models import Unit, User
from channelportal.core import alerts, calendar, delivery, outbox
from channelportal.lib.workdays import SHANGHAI, WorkCalendar, local_date
from notices import meeting_notify, meeting_times
from notices.frequency import Period, Rule, Standing, State, standing
from notices.models import Invitation, Meeting, MeetingKind

LOOKED_BACK: Final = timedelta(days=2 * 366)  # the present period and the one before, of the longest
NAMED: Final = 5  # units that a message names
TOLD: Final = {State.OVERDUE: "meeting-frequency-overdue", State.SOON: "meeting-frequency-soon"}
ORDER: Final = {State.OVERDUE: 0, State.SOON: 1, State.OK: 2}


@dataclass(frozen=True, slots=True)
class Row:
    """One party and one kind. `party` None: the company. `responsible`: the department that must hold it; None: 企发部 sees to
    it."""

    kind: MeetingKind
    party: Unit | None
    responsible: Unit | None
    standing: Standing

    @property
    def late(self) -> bool:
        return self.standing.state is State.OVERDUE


def standings(today: date, kinds: Iterable[MeetingKind] | None = None) -> list[Row]:
    """All parties of all kinds with a frequency, the overdue first."""
    watched = list(_watched() if kinds is None else kinds)
    if not watched:
        return []
    units = list(Unit.objects.active().select_related("manager"))
    held = _held(watched, today)
    days = calendar.current()
    rows = [row for kind in watched for row in _of_kind(kind, units, held, today, days)]
    return sorted(rows, key=_order)


def _order(row: Row) -> tuple[Any, ...]:
    name = row.party.pinyin if row.party else ""
    return ORDER[row.standing.state], row.standing.due, row.kind.order, row.kind.pk, name


def _watched() -> QuerySet[MeetingKind]:
    return MeetingKind.objects.filter(active=True).exclude(period=MeetingKind.Period.NONE)


Days = Mapping[int, list[date]]


@dataclass(frozen=True, slots=True)
class _Held:
    """The days on which meetings of one kind were held: of the company, by unit that called them, by unit that was there."""

    company: list[date]
    by: Days
    present: Days


def _held(kinds: list[MeetingKind], today: date) -> dict[int, _Held]:
    """Two statements. A channel was there when one of its people or their deputies was."""
    since = datetime.combine(today - LOOKED_BACK, datetime.min.time(), SHANGHAI)
    meetings = Meeting.objects.filter(kind__in=kinds, state=Meeting.State.HELD, starts_at__gte=since)
    found = {kind.pk: _Held([], defaultdict(list), defaultdict(list)) for kind in kinds}
    for kind_id, unit_id, starts_at in meetings.values_list("kind", "unit", "starts_at"):
        found[kind_id].company.append(local_date(starts_at))
        found[kind_id].by[unit_id].append(local_date(starts_at))
    there = Invitation.objects.filter(meeting__in=meetings.filter(kind__per=MeetingKind.Per.CHANNEL), dropped_at=None)
    there = there.filter(attendance__in=[Invitation.Attendance.PRESENT, Invitation.Attendance.DEPUTY])
    rows = there.order_by().values_list("meeting__kind", "unit", "meeting__starts_at").distinct()
    for kind_id, unit_id, starts_at in rows:
        found[kind_id].present[unit_id].append(local_date(starts_at))
    return found


def _of_kind(
    kind: MeetingKind, units: list[Unit], held: dict[int, _Held], today: date, days: WorkCalendar
) -> Iterator[Row]:
    rule, found = Rule(kind.times, Period(kind.period)), held[kind.pk]
    for party, responsible, since, held_on in _parties(kind, units, found):
        if one := standing(rule, since, held_on, today, days):
            yield Row(kind, party, responsible, one)


Party = tuple[Unit | None, Unit | None, date, list[date]]


def _parties(kind: MeetingKind, units: list[Unit], held: _Held) -> Iterator[Party]:
    """Whom the kind is counted for, who must hold it, since when, and when it was held."""
    channels = [unit for unit in units if unit.is_channel]
    if kind.per == MeetingKind.Per.COMPANY:
        if units:
            yield None, None, min(localdate(unit.created_at) for unit in units), held.company
    elif kind.per == MeetingKind.Per.MANAGER:
        managers = {unit.manager.pk: unit.manager for unit in channels if unit.manager is not None}
        for manager in managers.values():
            yield manager, manager, localdate(manager.created_at), held.by.get(manager.pk, [])
    else:
        for channel in channels:
            yield channel, channel.manager, localdate(channel.created_at), held.present.get(channel.pk, [])


# ── told ────────────────────────────────────────────────────────────────────────────────────────


def watch(at: datetime) -> int:
    """Once a working day from 09:00: who is overdue or due soon is told, with 企发部, once a period each. Returns how many
    messages; with nothing to do one statement."""
    local = at.astimezone(SHANGHAI)
    if local.time() < meeting_times.REMINDED_AT or not calendar.current().is_working(local.date()):
        return 0
    with transaction.atomic():
        due = _watched().filter(Q(watched_on=None) | Q(watched_on__lt=local.date()))
        kinds = list(due.select_for_update())
        if not kinds:
            return 0
        claimed = MeetingKind.objects.filter(pk__in=[kind.pk for kind in kinds]).filter(
            Q(watched_on=None) | Q(watched_on__lt=local.date())
        )
        if claimed.update(watched_on=local.date()) != len(kinds):
            return 0  # another sweep was faster; without row locks (SQLite) both get this far
        return sum(_tell(group, at) for group in _groups(standings(local.date(), kinds)))


def _groups(rows: list[Row]) -> Iterator[list[Row]]:
    """What is told together: one kind, one department, one state."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        if row.standing.state in TOLD:
            responsible = row.responsible.pk if row.responsible else 0
            groups[row.kind.pk, responsible, row.standing.state, row.standing.due].append(row)
    yield from groups.values()


def _tell(group: list[Row], at: datetime) -> int:
    """Who was told of this kind, state and due day before is not told again (the keys see to it)."""
    first = group[0]
    kind, state, due = first.kind, first.standing.state, first.standing.due
    people = meeting_notify.supervisors() if state is State.OVERDUE or first.responsible is None else []
    if first.responsible is not None:
        people = [*_leading(first.responsible), *people]
    data = {
        "name_zh": kind.name_zh, "name_en": kind.name_en, "due": due.isoformat(), "count": len(group),
        "responsible": first.responsible.name if first.responsible else "", "per": kind.per,
        "parties": [row.party.name for row in group[:NAMED] if row.party],
    }  # fmt: skip
    key = f"frequency:{kind.pk}:{first.responsible.pk if first.responsible else 0}:{state}:{due}"
    url, event = reverse("meetings"), TOLD[state]
    alerts.tell(people, event, key=key, url=url, at=at, data=data)
    opens = delivery.opens(at)
    outbox.put_all(
        outbox.prepare(
            meeting_notify.NEWS, key=f"{key}:{user.pk}", to=user, data=data | {"event": event, "url": url},
            bundle=meeting_notify.BUNDLE, at=at, not_before=opens,
        )
        for user in dict.fromkeys(people)
    )  # fmt: skip
    return len(dict.fromkeys(people))


def _leading(unit: Unit) -> list[User]:
    """Heads, deputies and officers of the department that must hold it."""
    roles = (User.Role.HEAD, User.Role.DEPUTY, User.Role.OFFICER)
    return list(User.objects.active().filter(unit=unit, role__in=roles, frozen_at=None))
