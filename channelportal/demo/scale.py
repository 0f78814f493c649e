"""Tickets by the hundred thousand, in bulk, of the same shape as the demo's: for measuring only."""

from __future__ import annotations

from datetime import datetime


def fill(wanted: int, now: datetime) -> None:
    """Copies of the demo's tickets with their entries and obligations until there are `wanted`."""
    raise NotImplementedError
