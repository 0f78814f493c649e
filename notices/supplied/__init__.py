"""What a new installation starts with: kinds of notices, kinds of meetings, the rules themselves. 企发部 edits all of it later."""

from __future__ import annotations

from typing import Any

from notices.supplied import kinds, meetings, rules


def supply(apps: Any) -> None:
    """`apps`: a registry with `get_model`, historical in a migration. Idempotent."""
    kinds.supply(apps)
    meetings.supply(apps)
    rules.supply(apps)
