"""What is possible in which state. A verb not named in a ticket's state raises `WrongState`; the new state is written by
`workflow.base` alone. None: the state stays, or the verb decides (a corrected ticket may need the approval or not)."""

from __future__ import annotations

from typing import Final, NamedTuple

PENDING, RETURNED, OPEN, PLANNED, RESOLVED = "pending", "returned", "open", "planned", "resolved"
CLOSED, WITHDRAWN, MERGED = "closed", "withdrawn", "merged"
OWED = frozenset({OPEN, PLANNED})
LIVE = OWED | {RESOLVED}


class Move(NamedTuple):
    states: frozenset[str]
    to: str | None = None


MOVES: Final[dict[str, Move]] = {
    # in the filer's unit
    "approve": Move(frozenset({PENDING}), OPEN),
    "send_back": Move(frozenset({PENDING}), RETURNED),
    "resend": Move(frozenset({RETURNED})),
    # the responsible unit
    "take": Move(OWED),
    "assign": Move(OWED),
    "pass_on": Move(frozenset({OPEN})),
    "ask": Move(OWED),
    "answer_question": Move(OWED),
    "note": Move(LIVE),
    "resolve": Move(OWED, RESOLVED),
    "plan": Move(OWED),
    "agree_long_plan": Move(OWED),
    "grant_long_plan": Move(OWED, PLANNED),
    "refuse_long_plan": Move(OWED),
    "ask_extension": Move(frozenset({PLANNED})),
    "grant_extension": Move(frozenset({PLANNED})),
    "refuse_extension": Move(frozenset({PLANNED})),
    "ask_severity": Move(frozenset({OPEN})),
    "confirm_severity": Move(frozenset({OPEN})),
    "keep_severity": Move(frozenset({OPEN})),
    "ask_assist": Move(OWED),
    "deliver_assist": Move(OWED),
    "answer_urge": Move(OWED),
    # everyone concerned, and who supervises
    "copy": Move(LIVE),
    "share": Move(LIVE),
    "urge": Move(OWED),
    "remind": Move(OWED),
    "report": Move(OWED),
    "hold": Move(OWED),
    "advance": Move(OWED),
    # the end
    "confirm": Move(frozenset({RESOLVED}), CLOSED),
    "reopen": Move(frozenset({RESOLVED}), OPEN),
    "withdraw": Move(frozenset({PENDING, RETURNED, OPEN}), WITHDRAWN),
    "close": Move(LIVE, CLOSED),
    "merge": Move(LIVE, MERGED),
    "close_silent": Move(frozenset({RESOLVED}), CLOSED),
}
