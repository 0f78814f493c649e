from __future__ import annotations

from typing import Any


def supply(apps: Any) -> None:
    """Rows that are missing are added; those that are there stay as they were edited."""
