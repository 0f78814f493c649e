"""The escalation ladder (000 5.8): which step comes when, what to tell after downtime, and whom. Pure functions.

    steps = steps_for(rows, "reply", breach=0)             this obligation's steps, in order of level
    next_moment(steps, due_at, calendar, after=at)         what the obligation's row keeps, for the sweep to find
    passed(steps, due_at, calendar, now=at, already=…)     in the sweep: what to record, and the ONE step to tell of
    resolve(step.tells, organisation, case)                whose ids; nobody is impossible

A step's moment is `offset_days` working days after the due day (0: the due day itself) at the step's own time, or,
where it has none, at the due moment's own time of day: due Tuesday 18:00, level 2 comes on Wednesday at 18:00. An
escalation never lies before the due moment, and at that very moment has not come yet, because due itself is still on
time (`deadlines.on_time`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from channelportal.lib.workdays import SHANGHAI, WorkCalendar
from feedback.deadlines import Kind, Policy, on_time


class Target(StrEnum):
    """Whom a step tells. The values are those of `LadderStep.tells`."""

    ASSIGNEE = "assignee"
    """The assignee, or the responsible unit's information officers."""
    HEAD = "head"
    PARENT_HEAD = "parent_head"
    """Head of the superior unit: 责任方的主管."""
    SUPERVISORS = "supervisors"
    """企发部."""
    MANAGEMENT = "management"
    ASKER = "asker"
    """Who filed it, or his unit's information officers."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A row of the ladder. Compared by identity, which makes steps cheap keys of what is remembered about them."""

    id: int | str
    obligation_kind: str
    level: int
    """0 reminds; 1, 2, 3 escalate."""
    offset_days: int
    """Working days after the due day; negative: before it."""
    at: time | None
    """None: the due moment's own time of day."""
    tells: tuple[Target, ...]

    @property
    def escalates(self) -> bool:
        return self.level > 0


class Moment(NamedTuple):
    at: datetime
    step: Step


Moved = Mapping[int | str, datetime | None]
"""Steps that 企发部 brought forward or put off, by id, to a moment; None: held back, it does not come."""
NOTHING_MOVED: Moved = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Passed:
    record: tuple[Moment, ...]
    """Every step that has come and is not recorded yet, in order, each with its true moment."""
    message: Moment | None
    """The one to tell of: the highest, unless a higher one was told before."""


_REMINDER = time(9, 0)
_LATE: tuple[tuple[int, int, tuple[Target, ...]], ...] = (
    (1, 0, (Target.HEAD, Target.ASSIGNEE)),
    (2, 1, (Target.PARENT_HEAD, Target.SUPERVISORS)),
    (3, 3, (Target.MANAGEMENT,)),
)


def _default_steps() -> Iterator[Step]:
    for kind in (Kind.REPLY, Kind.PROMISE, Kind.REPLAN, Kind.URGE_ANSWER):
        yield Step(f"{kind}:0", kind, 0, 0, _REMINDER, (Target.ASSIGNEE,))
        for level, days, tells in _LATE:
            yield Step(f"{kind}:{level}", kind, level, days, None, tells)
    yield Step("confirm:0", Kind.CONFIRM, 0, 0, _REMINDER, (Target.ASKER,))


DEFAULT_STEPS = tuple(_default_steps())
"""What an empty installation starts with; 企发部 edits the rows made from it."""


# ── when ────────────────────────────────────────────────────────────────────────────────────────


def steps_for(steps: Iterable[Step], kind: str, *, breach: int = 0) -> tuple[Step, ...]:
    """The steps of one kind of obligation by level; `breach`: promises broken before this one, each one level up.

    At the second break the due moment tells those of level 1 and of level 2 together, and level 3 follows after one
    working day; at the third all are told at the due moment."""
    return _own_steps(tuple(steps), str(kind), breach)


@lru_cache(maxsize=128)
def _own_steps(steps: tuple[Step, ...], kind: str, breach: int) -> tuple[Step, ...]:
    own = sorted((step for step in steps if step.obligation_kind == kind), key=lambda step: step.level)
    reminders = [step for step in own if not step.escalates]
    escalations = [step for step in own if step.escalates]
    if breach:
        escalations = _raised(escalations, breach)
    return (*reminders, *escalations)


def _raised(escalations: list[Step], breach: int) -> list[Step]:
    """Each level at the moment of the one `breach` below it; where several fall together the highest tells for all."""
    raised = []
    for place, step in enumerate(escalations):
        earlier = escalations[max(0, place - breach)]
        told = escalations[: place + 1] if place <= breach else [step]
        tells = tuple(dict.fromkeys(target for each in told for target in each.tells))
        raised.append(replace(step, offset_days=earlier.offset_days, at=earlier.at, tells=tells))
    return raised


def step_moment(step: Step, due_at: datetime, calendar: WorkCalendar) -> datetime:
    local = due_at.astimezone(SHANGHAI)
    day = calendar.shift(local.date(), step.offset_days)
    at = datetime.combine(day, local.time() if step.at is None else step.at, SHANGHAI)
    return max(at, local) if step.escalates else at


def moments(
    steps: Iterable[Step], due_at: datetime, calendar: WorkCalendar, moved: Moved = NOTHING_MOVED
) -> tuple[Moment, ...]:
    """Every step with its moment, in order of time, then level."""
    if not moved:
        return _placed(tuple(steps), due_at, calendar)
    places = ((moved[step.id] if step.id in moved else step_moment(step, due_at, calendar), step) for step in steps)
    return _in_order(Moment(at, step) for at, step in places if at is not None)


@lru_cache(maxsize=2048)
def _placed(steps: tuple[Step, ...], due_at: datetime, calendar: WorkCalendar) -> tuple[Moment, ...]:
    """Remembered, because in a sweep thousands are due at the same close of business."""
    return _in_order(Moment(step_moment(step, due_at, calendar), step) for step in steps)


def _in_order(found: Iterable[Moment]) -> tuple[Moment, ...]:
    return tuple(sorted(found, key=lambda moment: (moment.at, moment.step.level)))


def has_come(moment: Moment, due_at: datetime, now: datetime) -> bool:
    if moment.step.escalates and moment.at == due_at:
        return not on_time(now, due_at)
    return now >= moment.at


def passed(
    steps: Iterable[Step],
    due_at: datetime,
    calendar: WorkCalendar,
    now: datetime,
    already: Collection[int | str] = (),
    *,
    since: datetime | None = None,
    moved: Moved = NOTHING_MOVED,
) -> Passed:
    """What has come by `now` and is not in `already` (ids of the steps recorded for this due version).

    After downtime several have come at once: all are recorded at their true moments and one message is sent, for the
    highest; none if a higher one is recorded already. `since`: when the obligation began; a reminder whose moment lay
    before is left out (who promises at 10:00 for today needs none from 09:00)."""
    now, due_at = _local(now), _local(due_at)
    placed = moments(steps, due_at, calendar, moved)
    record = tuple(
        moment
        for moment in placed
        if moment.step.id not in already and has_come(moment, due_at, now) and not _stale(moment, since)
    )
    if not record:
        return Passed((), None)
    told = max((moment.step.level for moment in placed if moment.step.id in already), default=-1)
    highest = max(record, key=lambda moment: moment.step.level)
    return Passed(record, highest if highest.step.level > told else None)


def _stale(moment: Moment, since: datetime | None) -> bool:
    return since is not None and not moment.step.escalates and moment.at <= since


def next_moment(
    steps: Iterable[Step],
    due_at: datetime,
    calendar: WorkCalendar,
    after: datetime,
    already: Collection[int | str] = (),
    *,
    moved: Moved = NOTHING_MOVED,
) -> Moment | None:
    """The first step that has not come at `after` and is not recorded; None when none is left.

    For a new obligation `after` is its beginning, in the sweep the sweep's moment."""
    after, due_at = _local(after), _local(due_at)
    waiting = (
        moment
        for moment in moments(steps, due_at, calendar, moved)
        if moment.step.id not in already and not has_come(moment, due_at, after)
    )
    return next(waiting, None)


def _local(moment: datetime) -> datetime:
    """In Shanghai, like the steps' moments: comparing within one time zone is ten times as quick."""
    return moment if moment.tzinfo is SHANGHAI else moment.astimezone(SHANGHAI)


def reopening_tells(policy: Policy, reopenings: int) -> tuple[Target, ...]:
    """Whom a reopening tells beside the responsible unit's own people: the 2nd the head, the 3rd 企发部 too."""
    told = []
    if reopenings >= policy.reopenings_to_head:
        told.append(Target.HEAD)
    if reopenings >= policy.reopenings_to_supervisors:
        told.append(Target.SUPERVISORS)
    return tuple(told)


# ── whom ────────────────────────────────────────────────────────────────────────────────────────


class Why(StrEnum):
    """Why somebody was passed over."""

    MISSING = "missing"
    INACTIVE = "inactive"
    AWAY = "away"
    ACCUSED = "accused"


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    unit: int | None
    role: str
    """head, deputy, officer, member"""
    active: bool = True
    away: bool = False
    """On leave on the day of the message."""
    deputy: int | None = None
    """Who was named to act for him while he is away; None: the unit's deputies."""


@dataclass(frozen=True, slots=True)
class Case:
    """Of whom and to whom a ticket speaks."""

    unit: int
    """The responsible unit."""
    assignee: int | None = None
    asker: int | None = None
    """The asking unit."""
    filer: int | None = None
    accused: frozenset[int] = frozenset()
    """People complained of: never told."""


@dataclass(frozen=True, slots=True)
class Skip:
    target: Target
    unit: int | None
    person: int | None
    """None: nobody holds the post."""
    why: Why

    def as_data(self) -> dict[str, Any]:
        """For `LadderEvent.skipped`."""
        return {"target": str(self.target), "unit": self.unit, "person": self.person, "why": str(self.why)}


@dataclass(frozen=True, slots=True)
class Recipients:
    people: tuple[int, ...]
    """In order, each once, never empty."""
    skipped: tuple[Skip, ...] = ()
    fell_back: bool = False
    """Some target found nobody of its own, and 企发部 stands in."""


class NobodyLeft(LookupError):
    """Not even the supervising department has anybody who may be told."""

    def __init__(self, skipped: tuple[Skip, ...]) -> None:
        super().__init__("nobody left to tell")
        self.skipped = skipped


@dataclass(slots=True)
class Org:
    """The organisation as the ladder sees it, read once for a sweep.

    `superiors`: unit → the unit whose head stands above it (of a channel its managing department, of 企发部 总裁办),
    None at the top. `people`: heads, deputies and officers of all units, everybody of 企发部, and whoever is an
    assignee or a filer, the inactive and those on leave included."""

    people: Mapping[int, Person]
    superiors: Mapping[int, int | None]
    supervising: int
    management: int | None = None
    _posts: dict[tuple[int, str], tuple[Person, ...]] = field(default_factory=dict, init=False, repr=False)
    _known: dict[tuple[tuple[Target, ...], Case], Recipients] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        posts: dict[tuple[int, str], list[Person]] = {}
        for person in self.people.values():
            if person.unit is not None:
                posts.setdefault((person.unit, person.role), []).append(person)
        self._posts = {post: tuple(sorted(held, key=lambda person: person.id)) for post, held in posts.items()}

    def holders(self, unit: int | None, *roles: str) -> tuple[Person, ...]:
        return tuple(person for role in roles for person in self._posts.get((unit or 0, role), ()))

    def recipients(self, targets: tuple[Target, ...], case: Case) -> Recipients:
        """`resolve`, remembered: a sweep asks the same of many tickets."""
        key = (targets, case)
        if key not in self._known:
            self._known[key] = resolve(targets, self, case)
        return self._known[key]


def resolve(targets: Iterable[Target], org: Org, case: Case) -> Recipients:
    """Whom to tell. Who is missing, deactivated, on leave (his deputy first) or complained of is passed over upwards;
    last comes 企发部. Raises NobodyLeft if that has nobody either."""
    search = _Search(org, case)
    people = dict.fromkeys(person.id for target in targets for person in search.find(Target(target)))
    if not people:
        people = dict.fromkeys(person.id for person in search.fall_back(Target.SUPERVISORS))
    if not people:
        raise NobodyLeft(tuple(dict.fromkeys(search.skipped)))
    return Recipients(tuple(people), tuple(dict.fromkeys(search.skipped)), search.fell_back)


class _Search:
    """One resolution, and whom it passed over."""

    def __init__(self, org: Org, case: Case) -> None:
        self.org, self.case = org, case
        self.skipped: list[Skip] = []
        self.fell_back = False

    def find(self, target: Target) -> list[Person]:
        case = self.case
        match target:
            case Target.ASSIGNEE:
                return self.handler(target, case.assignee, case.unit)
            case Target.ASKER:
                return self.handler(target, case.filer, case.asker or case.unit)
            case Target.HEAD:
                return self.upward(target, case.unit)
            case Target.PARENT_HEAD:
                return self.upward(target, self.org.superiors.get(case.unit))
            case Target.SUPERVISORS:
                return self.supervisors(target)
            case Target.MANAGEMENT:
                return self.management(target)

    def handler(self, target: Target, named: int | None, unit: int) -> list[Person]:
        """The person named; else the unit's officers; else its head, and upwards."""
        if named is not None and (reached := self.reachable(target, unit, [self.org.people.get(named)])):
            return reached
        officers = self.org.holders(unit, "officer")
        return self.reachable(target, unit, officers) or self.upward(target, unit)

    def upward(self, target: Target, unit: int | None) -> list[Person]:
        """The unit's head or who acts for him; else the superior unit's, and so on; last 企发部."""
        seen: set[int] = set()
        while unit is not None and unit not in seen:
            seen.add(unit)
            if reached := self.head(target, unit):
                return reached
            unit = self.org.superiors.get(unit)
        return self.fall_back(target)

    def head(self, target: Target, unit: int) -> list[Person]:
        heads = self.org.holders(unit, "head")
        if reached := self.reachable(target, unit, heads or [None]):
            return reached
        if any(head.id in self.case.accused for head in heads):
            return []  # his deputy is his subordinate: a complaint about the head goes past the unit
        return self.reachable(target, unit, self.org.holders(unit, "deputy"))

    def management(self, target: Target) -> list[Person]:
        people = self.org.holders(self.org.management, "head", "deputy")
        return self.reachable(target, self.org.management, people or [None]) or self.fall_back(target)

    def fall_back(self, target: Target) -> list[Person]:
        self.fell_back = True
        return self.supervisors(target)

    def supervisors(self, target: Target) -> list[Person]:
        """Head and officers of 企发部; without them its deputies, then anybody there, at last even who is on leave."""
        unit = self.org.supervising
        for roles in (("head", "officer"), ("deputy",), ("member",)):
            if reached := self.reachable(target, unit, self.org.holders(unit, *roles)):
                return reached
        everybody = self.org.holders(unit, "head", "officer", "deputy", "member")
        return [person for person in everybody if self.why_not(person) in (None, Why.AWAY)]

    def reachable(self, target: Target, unit: int | None, people: Iterable[Person | None]) -> list[Person]:
        """Those of `people` who may be told, and for who is on leave the one named to act for him."""
        reached = []
        for person in people:
            why = self.why_not(person)
            if why:
                self.skipped.append(Skip(target, unit, person.id if person else None, why))
            elif person:
                reached.append(person)
            if why is Why.AWAY and person and person.deputy is not None:
                reached += self.reachable(target, unit, [self.acting(person.deputy)])
        return reached

    def acting(self, deputy: int) -> Person | None:
        """A named deputy; when he is on leave himself the chain ends there."""
        person = self.org.people.get(deputy)
        return replace(person, deputy=None) if person else None

    def why_not(self, person: Person | None) -> Why | None:
        if person is None:
            return Why.MISSING
        if person.id in self.case.accused:
            return Why.ACCUSED
        if not person.active:
            return Why.INACTIVE
        return Why.AWAY if person.away else None


# ── gaps ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Gap:
    """A post that the ladder would look for in vain, so that 企发部 would be told instead (or nobody at all)."""

    unit: int
    target: Target
    skipped: tuple[Skip, ...]
    nobody: bool = False


def gaps(org: Org, units: Iterable[int], steps: Iterable[Step] = DEFAULT_STEPS) -> tuple[Gap, ...]:
    """For `doctor` and the page of gaps: which targets of which units nobody of their own would answer today."""
    wanted = tuple(dict.fromkeys(target for step in steps for target in step.tells))
    return tuple(gap for unit in units for target in wanted if (gap := _gap(org, unit, target)))


def _gap(org: Org, unit: int, target: Target) -> Gap | None:
    if unit == org.management and target is Target.PARENT_HEAD:
        return None  # nobody stands above company management
    try:
        found = org.recipients((target,), Case(unit=unit, asker=unit))
    except NobodyLeft as nobody:
        return Gap(unit, target, nobody.skipped, nobody=True)
    return Gap(unit, target, found.skipped) if found.fell_back else None
