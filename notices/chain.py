"""Who approves a notice, and why (000 5.10; 001 四(一)1, 四(二)). Pure: no database, no clock; `deciders.py` gathers the facts.

    head of the author's unit → (it leaves the unit, or is a request) channel management with its check list
    → (major, or confidential) company management

A step goes to a unit. Where nobody there may decide (the only head wrote it, or there is none), it goes to the superior unit;
at the very top to a deputy. One unit decides once: a later step of the same unit is the earlier one's duty too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

Duty = Literal["head", "check", "management"]
Reason = Literal["own_unit", "leaves_unit", "request", "major", "confidential", "author_is_head", "no_head"]
CHECKS: Final = ("policy", "law", "sensitive")
"""What is looked at where the check list is asked for (001 四(二)1)."""
CHECKED_FOR: Final = frozenset({"leaves_unit", "request"})


@dataclass(frozen=True, slots=True)
class Post:
    """Who leads a unit: ids of people who are here to stay. Who is away today is asked when it is decided."""

    heads: frozenset[int] = frozenset()
    deputies: frozenset[int] = frozenset()


NOBODY: Final = Post()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the chain depends on. Ids are of units; `barred` are people: author, editors and sender, who decide nothing."""

    unit: int
    barred: frozenset[int]
    led_by_author: bool = False
    """Author or sender is head of the unit, or acts as its head."""
    leaves_unit: bool = False
    request: bool = False
    major: bool = False
    confidential: bool = False
    checkers: tuple[int, ...] = ()
    """Units with the function channel management."""
    management: int | None = None
    superiors: Mapping[int, int | None] = field(default_factory=dict)
    posts: Mapping[int, Post] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A step to come."""

    duty: Duty
    unit_id: int
    reasons: tuple[Reason, ...]

    @property
    def checks(self) -> bool:
        return asks_checks(self.reasons)


class NobodyDecides(Exception):
    """No one in or above `unit_id` may decide; None: no unit has the function that `duty` needs."""

    def __init__(self, duty: Duty, unit_id: int | None) -> None:
        super().__init__(f"{duty} {unit_id}")
        self.duty, self.unit_id = duty, unit_id


def asks_checks(reasons: Iterable[str]) -> bool:
    """Whether a step with these reasons carries the check list."""
    return not CHECKED_FOR.isdisjoint(reasons)


def steps(facts: Facts) -> list[Planned]:
    """The chain, in order. Empty: a head writes to his own unit. `NobodyDecides` where nobody could."""
    planned: dict[int, Planned] = {}
    for wanted in _wanted(facts):
        placed = _placed(wanted, facts)
        earlier = planned.get(placed.unit_id)
        if earlier:
            placed = replace(earlier, reasons=tuple(dict.fromkeys((*earlier.reasons, *placed.reasons))))
        planned[placed.unit_id] = placed
    return list(planned.values())


def _wanted(facts: Facts) -> Iterable[Planned]:
    if not facts.led_by_author:
        yield Planned("head", facts.unit, ("own_unit",))
    why_check: list[Reason] = []
    why_check += ["leaves_unit"] if facts.leaves_unit else []
    why_check += ["request"] if facts.request else []
    if why_check:
        yield Planned("check", _checker(facts), tuple(why_check))
    why_management: list[Reason] = []
    why_management += ["major"] if facts.major else []
    why_management += ["confidential"] if facts.confidential else []
    if why_management:
        if facts.management is None:
            raise NobodyDecides("management", None)
        yield Planned("management", facts.management, tuple(why_management))


def placed(step: Planned, facts: Facts) -> Planned:
    """A step of before, where somebody may decide it now. `NobodyDecides` where nobody could."""
    return _placed(step, facts)


def line(facts: Facts, unit: int) -> list[int]:
    """The unit and all above it, nearest first; a loop in the data ends it."""
    found: list[int] = []
    above: int | None = unit
    while above is not None and above not in found:
        found.append(above)
        above = facts.superiors.get(above)
    return found


def _checker(facts: Facts) -> int:
    """Of several channel management units the author's own, else the nearest above it, else the first."""
    if not facts.checkers:
        raise NobodyDecides("check", None)
    return next((unit for unit in line(facts, facts.unit) if unit in facts.checkers), min(facts.checkers))


def _placed(step: Planned, facts: Facts) -> Planned:
    """The step where somebody may decide it."""
    units = line(facts, step.unit_id)
    for unit in units:
        post = facts.posts.get(unit, NOBODY)
        if post.heads - facts.barred or (not post.heads and post.deputies - facts.barred):
            return _moved(step, unit, facts)
    for unit in reversed(units):
        if facts.posts.get(unit, NOBODY).deputies - facts.barred:
            return _moved(step, unit, facts)
    raise NobodyDecides(step.duty, step.unit_id)


def _moved(step: Planned, unit: int, facts: Facts) -> Planned:
    if not facts.posts.get(step.unit_id, NOBODY).heads:
        why: Reason = "no_head"
    elif not facts.posts[step.unit_id].heads - facts.barred:
        why = "author_is_head"
    else:
        return step
    if why == "no_head" and unit == step.unit_id:  # its deputy leads it
        return step
    return replace(step, unit_id=unit, reasons=(*step.reasons, why))
