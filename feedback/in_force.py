"""The rules in force: what the supervising department set (policy, ladder, delivery window), and the tree of units.

All come from process-wide copies (`core.stamps`): `fresh=True` asks once whether any of them changed, and the others
follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import Absence, Unit, UnitFunction, User
from channelportal.core import parameters, stamps
from channelportal.lib.workdays import END_OF_DAY, local_date
from feedback import ladder
from feedback.deadlines import Policy
from feedback.models import LadderStep, TicketKind

LADDER, UNITS, KINDS = "ladder", "units", "kinds"  # names of the stamps: whoever changes a row bumps its


def policy(*, fresh: bool = False) -> Policy:
    """The numbers of `parameters` as the rules take them; 00:00 as close of business is 24:00."""
    values = parameters.current(fresh=fresh)
    close = values.close_of_business
    return Policy(
        normal_days=values.normal_days,
        major_days=values.major_days,
        close_of_business=END_OF_DAY if close == time(0) else close,
        entry_back_days=values.entry_back_days,
        max_promise_days=values.promise_max_days,
        extensions=values.extensions,
        replan_days=values.replan_days,
        question_reminder_days=values.question_reminder_days,
        question_close_days=values.question_close_days,
        urge_answer_days=values.urge_answer_days,
        confirm_days=values.confirm_days,
        watch_days=values.watch_late_days,
    )


def steps() -> tuple[ladder.Step, ...]:
    """The ladder's active rows. Whoever changes one calls `stamps.bump(in_force.LADDER)`."""
    return stamps.cached(LADDER, _load_steps)


def _load_steps() -> tuple[ladder.Step, ...]:
    return tuple(
        ladder.Step(row.pk, row.kind, row.level, row.days, row.time, tuple(ladder.Target(code) for code in row.tells))
        for row in LadderStep.objects.filter(active=True)
    )


def kinds() -> list[TicketKind]:
    """All kinds of ticket, in their order."""
    return stamps.cached(KINDS, lambda: list(TicketKind.objects.select_related("route")))


# ── the tree ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Units:
    """Every unit, and who stands above whom (rule 13): above a channel its managing department, above an HQ department
    its parent, at last company management."""

    by_id: Mapping[int, Unit]
    superiors: Mapping[int, int | None]
    supervising: int | None
    management: int | None

    def chain(self, unit_id: int | None) -> list[int]:
        """The unit and all above it, nearest first; a loop in the data ends it."""
        found: list[int] = []
        while unit_id is not None and unit_id not in found:
            found.append(unit_id)
            unit_id = self.superiors.get(unit_id)
        return found


def units() -> Units:
    """The tree, at most two seconds old (fresh in a verb, which asked for the parameters first)."""
    return stamps.cached(UNITS, _load_units)


def _load_units() -> Units:
    by_id = {unit.pk: unit for unit in Unit.objects.all()}
    wanted = (UnitFunction.Function.SUPERVISING, UnitFunction.Function.MANAGEMENT)
    held = UnitFunction.objects.filter(function__in=wanted, unit__active=True).values_list("function", "unit_id")
    functions = dict(held)
    management = functions.get(UnitFunction.Function.MANAGEMENT)
    superiors = {pk: _above(unit, management) for pk, unit in by_id.items()}
    return Units(by_id, superiors, functions.get(UnitFunction.Function.SUPERVISING), management)


def _above(unit: Unit, management: int | None) -> int | None:
    above = (unit.manager_id if unit.is_channel else unit.parent_id) or management
    return above if above != unit.pk else None


# ── people, as the ladder sees them ─────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Organisation:
    """`org` for `ladder.resolve`, and the people themselves by id."""

    org: ladder.Org
    people: Mapping[int, User]


def organisation(at: datetime, unit_ids: Iterable[int] | None = None, also: Iterable[int] = ()) -> Organisation:
    """Posts and people of these units and all above them, of 企发部 and management (None: of the whole company), and with
    `also` these persons. One query."""
    tree = units()
    people = {user.pk: user for user in _people(at, tree, unit_ids, also)}
    persons = {pk: _person(user) for pk, user in people.items()}
    return Organisation(ladder.Org(persons, tree.superiors, tree.supervising or 0, tree.management), people)


def _people(at: datetime, tree: Units, unit_ids: Iterable[int] | None, also: Iterable[int]) -> QuerySet[User]:
    day = local_date(at)
    away = Absence.objects.filter(user=OuterRef("pk"), first_day__lte=day, last_day__gte=day, ended_at=None)
    posts = Q(role__in=[User.Role.HEAD, User.Role.DEPUTY, User.Role.OFFICER])
    if unit_ids is not None:
        ends = [tree.supervising, tree.management]
        wanted = {above for unit_id in unit_ids for above in tree.chain(unit_id)} | {pk for pk in ends if pk}
        posts &= Q(unit__in=wanted)
    known = posts | Q(unit=tree.supervising, unit__isnull=False) | Q(pk__in=[pk for pk in also if pk])
    return User.objects.filter(known).annotate(
        away=Exists(away), stand_in=Subquery(away.order_by("-pk").values("deputy")[:1])
    )


def _person(user: User) -> ladder.Person:
    away, stand_in = bool(getattr(user, "away", False)), getattr(user, "stand_in", None)
    usable = user.is_active and user.frozen_at is None
    return ladder.Person(user.pk, user.unit_id, user.role, usable, away, stand_in)
