"""Whom a notice or a meeting is for, as chosen (001 四(三)1). Pure: no database; `recipients.py` finds the people.

The people of the union of: the channels (all, or those that meet every facet that was chosen), the HQ departments (all), the
units named, minus the units left out, as far as they have one of the roles chosen; and the people named, whatever their role.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Literal, Self

ROLES: Final = ("head", "deputy", "officer", "member")
CHANNEL_KINDS: Final = ("branch", "agent", "dealer", "platform", "store")
GRADES: Final = ("A", "B", "C")
Channels = Literal["none", "all", "some"]
MOST: Final = 2_000  # entries of one list: nobody names more by hand


@dataclass(frozen=True, slots=True)
class Audience:
    """What was chosen. Ids are of units, `people` of users. An empty facet asks for nothing; empty `roles` are all roles."""

    channels: Channels = "none"
    kinds: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    managers: tuple[int, ...] = ()
    hq: bool = False
    units: tuple[int, ...] = ()
    without: tuple[int, ...] = ()
    people: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Self:
        """From the JSON of a row; what is not known is ignored, so that old rows stay readable."""
        known = {one.name for one in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stored.items() if name in known
        }
        return cls(**values)

    def stored(self) -> dict[str, Any]:
        """For the JSON of a row: only what was chosen."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value and value != "none"
        }

    @property
    def empty(self) -> bool:
        """Nobody at all was chosen."""
        return self.channels == "none" and not (self.hq or self.units or self.people)

    @property
    def faceted(self) -> bool:
        return self.channels == "some"

    def problem(self) -> str:
        """A code of what cannot be: "empty", "facets" (some channels, but none chosen), "unknown", "many"; "" if it can."""
        if self.empty:
            return "empty"
        if self.faceted and not (self.kinds or self.regions or self.grades or self.managers):
            return "facets"
        known = (
            set(self.kinds) <= set(CHANNEL_KINDS) and set(self.grades) <= set(GRADES) and set(self.roles) <= set(ROLES)
        )
        if not known or self.channels not in ("none", "all", "some"):
            return "unknown"
        lists = (self.regions, self.managers, self.units, self.without, self.people)
        return "many" if any(len(one) > MOST for one in lists) else ""
