"""The locked ticket and what is owed on it."""

MOVES: dict[str, frozenset[str]] = {}
