"""The verbs of a ticket: the only place that writes its status. One file for each part of its life.

    filing        file approve send_back resend
    answering     take assign pass_on ask answer_question note resolve, assisting units
    promising     plan, long plans, moving a promised day
    supervising   severity, copy, share, urge, remind, report, hold, advance
    ending        confirm reopen withdraw close merge close_silent
    base          the locked ticket and what is owed on it
    figures       counters, and the words that search finds

Every verb is one transaction: lock the row, may he (`rights.require` → Refused), is it possible now (`MOVES` → WrongState),
are the data right (Invalid), then the ticket, its timeline, what is owed, the figures, the search document, the audit trail,
and the messages. `by` is the person; `at` the moment (None: the database's clock, read once the row is locked).
"""

from feedback.workflow.answering import (
    answer_question,
    ask,
    ask_assist,
    assign,
    deliver_assist,
    note,
    pass_on,
    resolve,
    take,
)
from feedback.workflow.base import MOVES
from feedback.workflow.ending import close, close_silent, confirm, merge, reopen, withdraw
from feedback.workflow.filing import approve, file, resend, send_back
from feedback.workflow.promising import (
    agree_long_plan,
    ask_extension,
    grant_extension,
    grant_long_plan,
    plan,
    refuse_extension,
    refuse_long_plan,
)
from feedback.workflow.supervising import (
    advance,
    answer_urge,
    ask_severity,
    confirm_severity,
    copy,
    hold,
    keep_severity,
    remind,
    report,
    share,
    urge,
)

__all__ = [
    "MOVES",
    "advance",
    "agree_long_plan",
    "answer_question",
    "answer_urge",
    "approve",
    "ask",
    "ask_assist",
    "ask_extension",
    "ask_severity",
    "assign",
    "close",
    "close_silent",
    "confirm",
    "confirm_severity",
    "copy",
    "deliver_assist",
    "file",
    "grant_extension",
    "grant_long_plan",
    "hold",
    "keep_severity",
    "merge",
    "note",
    "pass_on",
    "plan",
    "refuse_extension",
    "refuse_long_plan",
    "remind",
    "reopen",
    "report",
    "resend",
    "resolve",
    "send_back",
    "share",
    "take",
    "urge",
    "withdraw",
]
