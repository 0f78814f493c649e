"""What is possible in which state. A verb not named in the state raises `WrongState`; the new state is written by
`notices.workflow` alone. None: the state stays, or the verb decides (the last approval may publish, schedule or wait)."""

from __future__ import annotations

from typing import Final, NamedTuple

from notices.models import Notice, Version

S, V = Notice.State, Version.State
States = frozenset[str]


class Move(NamedTuple):
    states: States
    to: str | None = None


NOTICE: Final[dict[str, Move]] = {
    # before publication
    "edit": Move(frozenset({S.DRAFT, S.RETURNED})),
    "send": Move(frozenset({S.DRAFT, S.RETURNED}), S.PENDING),
    "approve": Move(frozenset({S.PENDING})),
    "send_back": Move(frozenset({S.PENDING}), S.RETURNED),
    "recall": Move(frozenset({S.PENDING}), S.DRAFT),
    "cancel": Move(frozenset({S.DRAFT, S.RETURNED, S.SCHEDULED, S.APPROVED}), S.CANCELLED),
    # publication and what comes after
    "publish": Move(frozenset({S.SCHEDULED}), S.PUBLISHING),
    "withdraw": Move(frozenset({S.PUBLISHING, S.PUBLISHED}), S.WITHDRAWN),
    "correct": Move(frozenset({S.PUBLISHED})),
    "record_outcome": Move(frozenset({S.APPROVED, S.PUBLISHED})),
}
"""The notice, with its first version."""

CORRECTION: Final[dict[str, Move]] = {
    "edit_correction": Move(frozenset({V.DRAFT, V.RETURNED})),
    "send": Move(frozenset({V.DRAFT, V.RETURNED}), V.PENDING),
    "approve": Move(frozenset({V.PENDING})),
    "send_back": Move(frozenset({V.PENDING}), V.RETURNED),
    "recall": Move(frozenset({V.PENDING}), V.DRAFT),
    "drop": Move(frozenset({V.DRAFT, V.RETURNED, V.PENDING}), V.DROPPED),
}
"""A later version, while its notice stays published with the words of before."""

FOLLOWS: Final[dict[str, str]] = {
    S.DRAFT: V.DRAFT,
    S.PENDING: V.PENDING,
    S.RETURNED: V.RETURNED,
    S.SCHEDULED: V.APPROVED,
    S.APPROVED: V.APPROVED,
    S.PUBLISHING: V.PUBLISHED,
    S.CANCELLED: V.DROPPED,
}
"""The state of the first version, which follows the notice's."""
