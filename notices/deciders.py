"""Who decides a step, as the organisation stands now (000 5.10): heads, and deputies in the place of heads who are away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Absence, Unit, UnitFunction, User
from channelportal.core.errors import Invalid
from notices import chain, recipients
from notices.audience import Audience
from notices.chain import Facts, NobodyDecides, Planned, Post
from notices.models import Level, Notice, NoticeKind, Step, Version, VersionEditor

Function = UnitFunction.Function


@dataclass(frozen=True, slots=True)
class Shown:
    """A step to come, for the author before sending: its unit and who could decide it today."""

    planned: Planned
    unit: Unit
    people: list[User]

    @property
    def duty(self) -> str:
        return str(Step.Duty(self.planned.duty).label)


# ── who decides ─────────────────────────────────────────────────────────────────────────────────


def of_step(step: Step, day: date) -> list[User]:
    """Who may decide it now; see `of_unit`."""
    return of_unit(step.unit_id, barred(step), day)


def barred(step: Step) -> set[int]:
    """Who does not decide it, whatever he leads: who wrote the words, wrote on them or sent them."""
    return {step.author_id, step.editor_id} | editors_of(step.version_id)


def editors_of(version: Version | int | None) -> set[int]:
    """Who wrote on this version; nobody on none."""
    return set(VersionEditor.objects.filter(version=version).values_list("user", flat=True)) if version else set()


def of_unit(unit_id: int, barred: Iterable[int], day: date) -> list[User]:
    """The unit's heads; and its deputies, while every head is away, barred, or there is none. Two queries."""
    out = set(barred)
    leaders = User.objects.filter(unit=unit_id, is_active=True, frozen_at=None, role__in=["head", "deputy"])
    people = [user for user in leaders.order_by("pk") if user.pk not in out]
    heads = [user for user in people if user.role == User.Role.HEAD]
    absent = _absences(heads, day)
    deputies = [user for user in people if user.role == User.Role.DEPUTY]
    return heads + [user for user in deputies if all(_stands_in(user, absent.get(head.pk)) for head in heads)]


def to_tell(unit_id: int, barred: Iterable[int], day: date) -> list[User]:
    """Those of them who are here: heads at their desks, else who stands in, else the heads all the same."""
    found = of_unit(unit_id, barred, day)
    absent = _absences(found, day)
    return [user for user in found if user.pk not in absent] or found


def _absences(people: Iterable[User], day: date) -> dict[int, list[Absence]]:
    found: dict[int, list[Absence]] = defaultdict(list)
    rows = Absence.objects.filter(user__in=list(people), first_day__lte=day, last_day__gte=day, ended_at=None)
    for row in rows:
        found[row.user_id].append(row)
    return dict(found)


def _stands_in(deputy: User, absences: list[Absence] | None) -> bool:
    return any(one.deputy_id in (None, deputy.pk) for one in absences or ())


def stuck() -> QuerySet[Step]:
    """Open steps that nobody of their unit may decide any more: who could has left, or is its author, editor or sender."""
    wrote = VersionEditor.objects.filter(version=OuterRef(OuterRef("version")), user=OuterRef("pk"))
    leaders = User.objects.filter(unit=OuterRef("unit"), is_active=True, frozen_at=None, role__in=["head", "deputy"])
    others = leaders.exclude(pk=OuterRef("author")).exclude(pk=OuterRef("editor")).exclude(Exists(wrote))
    return Step.objects.filter(~Exists(others), state=Step.State.OPEN)


def placed_anew(step: Step, notice: Notice, day: date) -> Planned | None:
    """Where a stuck step goes; None: nobody above could decide it either."""
    editors = editors_of(step.version_id)
    facts = _organisation(by=step.editor, author=step.author, unit=notice.unit, day=day, editors=editors)
    try:
        return chain.placed(Planned(step.duty, step.unit_id, tuple(step.reasons)), facts)  # type: ignore[arg-type]
    except NobodyDecides:
        return None


# ── the chain of a notice ───────────────────────────────────────────────────────────────────────


def plan(
    *,
    by: User,
    author: User,
    unit: Unit,
    kind: NoticeKind | None,
    audience: Audience,
    request: bool = False,
    major: bool = False,
    level: str = Level.NORMAL,
    day: date,
    editors: Iterable[int] = (),
) -> list[Planned]:
    """The chain if `by` sent it now; `editors`: who else wrote on it. `Invalid` with the unit's name where nobody could decide. Six
    queries."""
    facts = replace(
        _organisation(by=by, author=author, unit=unit, day=day, editors=editors),
        leaves_unit=recipients.leaves_unit(audience, recipients.subscribed_kind(kind, level), unit.pk),
        request=request,
        major=major,
        confidential=level == Level.CONFIDENTIAL,
    )
    try:
        return chain.steps(facts)
    except NobodyDecides as nobody:
        raise Invalid("", _nobody(nobody)) from nobody


def writer_of(notice: Notice, version: Version | None, by: User) -> User:
    """Whose words are sent, beside the sender: who drafted the correction, else the notice's author. He decides nothing either."""
    if version is None or version.number == 1 or version.drafted_by_id == by.pk:
        return notice.author
    return version.drafted_by


def plan_of(notice: Notice, *, by: User, day: date, version: Version | None = None) -> list[Planned]:
    """The same for a notice as it stands, or this version of it."""
    return plan(
        by=by, author=writer_of(notice, version, by), unit=notice.unit, kind=notice.kind, audience=Audience.read(notice.audience),
        request=notice.request, major=notice.major, level=notice.level, day=day, editors=editors_of(version or newest(notice)),
    )  # fmt: skip


def shown(notice: Notice, *, by: User, day: date) -> list[Shown]:
    """What the author sees before sending: the chain with its units and people."""
    editors = editors_of(newest(notice))
    return in_words(plan_of(notice, by=by, day=day), {notice.author_id, by.pk} | editors, day)


def newest(notice: Notice) -> int | None:
    """The version that would be sent."""
    return Version.objects.filter(notice=notice, state__in=Version.OPEN).values_list("pk", flat=True).first()


def in_words(planned: Iterable[Planned], barred: set[int], day: date) -> list[Shown]:
    """Planned steps with their units and people."""
    planned = list(planned)
    units = Unit.objects.in_bulk([one.unit_id for one in planned])
    return [Shown(one, units[one.unit_id], of_unit(one.unit_id, barred, day)) for one in planned]


def _organisation(*, by: User, author: User, unit: Unit, day: date, editors: Iterable[int] = ()) -> Facts:
    held = UnitFunction.objects.filter(
        function__in=[Function.CHANNEL_MANAGEMENT, Function.MANAGEMENT], unit__active=True
    )
    functions = list(held.values_list("function", "unit_id"))
    management = next((pk for name, pk in functions if name == Function.MANAGEMENT), None)
    answering = frozenset({by.pk, author.pk})  # a head among them sends it on his own word; to edit it is no such word
    return Facts(
        unit=unit.pk,
        barred=answering.union(editors),
        led_by_author=any(user.pk in answering for user in of_unit(unit.pk, (), day)),
        checkers=tuple(sorted(pk for name, pk in functions if name == Function.CHANNEL_MANAGEMENT)),
        management=management,
        superiors=_superiors(unit, management),
        posts=_posts(unit),
    )


def _superiors(unit: Unit, management: int | None) -> dict[int, int | None]:
    """Above a channel stands its managing department, above a department its parent, at last company management; so of the
    channels the author's own is all that is needed."""
    rows = Unit.objects.filter(Q(kind=Unit.Kind.HQ) | Q(pk=unit.pk)).values_list(
        "pk", "kind", "manager_id", "parent_id"
    )
    above = {pk: (manager if kind != Unit.Kind.HQ else parent) or management for pk, kind, manager, parent in rows}
    return {pk: None if superior == pk else superior for pk, superior in above.items()}


def _posts(unit: Unit) -> dict[int, Post]:
    """Of the same units."""
    people: dict[int, dict[str, set[int]]] = defaultdict(lambda: {"head": set(), "deputy": set()})
    leaders = User.objects.filter(is_active=True, frozen_at=None, unit__active=True, role__in=["head", "deputy"])
    leaders = leaders.filter(Q(unit__kind=Unit.Kind.HQ) | Q(unit=unit.pk))
    for pk, unit_id, role in leaders.values_list("pk", "unit_id", "role"):
        people[unit_id or 0][role].add(pk)
    return {unit: Post(frozenset(held["head"]), frozenset(held["deputy"])) for unit, held in people.items()}


def _nobody(nobody: NobodyDecides) -> str:
    if nobody.unit_id is None:
        duty = Step.Duty(nobody.duty).label
        return _("Nobody can decide the step “%(duty)s”: no unit has this function.") % {"duty": duty}
    name = Unit.objects.values_list("name", flat=True).get(pk=nobody.unit_id)
    return _("Nobody in %(unit)s or above it can decide this. Tell the supervising department.") % {"unit": name}
