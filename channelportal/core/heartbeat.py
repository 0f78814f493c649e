"""Each loop says that it came round; `/healthz` and the supervisors' pages see a loop that stopped."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from channelportal.core.models import Heartbeat

# how old the last round of a loop may be before it counts as stopped
LONGEST: Final[dict[str, timedelta]] = {
    "sweep": timedelta(seconds=180),
    "deliver": timedelta(seconds=180),
    "robots": timedelta(seconds=180),
    "seal": timedelta(seconds=180),
    "passwords": timedelta(minutes=30),
    "upkeep": timedelta(minutes=30),
    "notices": timedelta(seconds=180),
    "meetings": timedelta(seconds=180),
    "joiners": timedelta(minutes=30),
}


def beat(name: str, at: datetime, data: dict[str, Any] | None = None) -> None:
    """The loop `name` came round at `at`; `data` says what it did (counts)."""
    said = {"at": at, "data": data or {}}
    if not Heartbeat.objects.filter(name=name).update(**said):  # the first round of all
        Heartbeat.objects.update_or_create(name=name, defaults=said)


def stopped(at: datetime) -> dict[str, timedelta | None]:
    """The loops that are late, with their age (None: never came round). Empty when all run."""
    seen = dict(Heartbeat.objects.values_list("name", "at"))
    ages = {name: at - seen[name] if name in seen else None for name in LONGEST}
    return {name: age for name, age in ages.items() if age is None or age > LONGEST[name]}
