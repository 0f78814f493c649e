"""The verbs of a meeting: the only place that writes its status. One file for each part of its life.

    kinds      save_kind
    content    what a meeting says (`Content`, `Said`, `AgendaRow`), and what must be right about it
    sendings   what a head decided on; SentAnew
    calling    draft edit send recall approve give_back
    changing   change cancel invite_more drop_invitee appoint
    answering  reply
    holding    record_attendance hold
    minutes    write_minutes submit_minutes return_minutes approve_minutes (`ActionRow`)
    actions    finish_action move_action drop_action
    base       the locked meeting

Every verb is one transaction: lock the row, may he (Refused), is it possible now (WrongState), are the data right (Invalid), then
the meeting, the search document, the audit trail, the messages. `by` is the person; `at` the moment (None: the database's clock).
"""

from notices.workflow.meetings.actions import drop_action, finish_action, move_action
from notices.workflow.meetings.answering import reply
from notices.workflow.meetings.calling import approve, draft, edit, give_back, needs_approval, people, recall, send
from notices.workflow.meetings.changing import appoint, cancel, change, drop_invitee, invite_more
from notices.workflow.meetings.content import AgendaRow, Content, Said
from notices.workflow.meetings.holding import hold, record_attendance
from notices.workflow.meetings.kinds import Kind, save_kind
from notices.workflow.meetings.minutes import (
    ActionRow,
    approve_minutes,
    draft_seen_of,
    return_minutes,
    submit_minutes,
    write_minutes,
)
from notices.workflow.meetings.minutes import (
    seen_of as minutes_seen_of,
)
from notices.workflow.meetings.sendings import SentAnew
from notices.workflow.meetings.sendings import seen_of as call_seen_of

__all__ = [
    "ActionRow", "AgendaRow", "Content", "Kind", "Said", "SentAnew", "appoint", "approve", "approve_minutes", "call_seen_of",
    "cancel", "change", "draft", "draft_seen_of", "drop_action", "drop_invitee", "edit", "finish_action", "give_back", "hold",
    "invite_more", "minutes_seen_of", "move_action", "needs_approval", "people", "recall", "record_attendance", "reply",
    "return_minutes", "save_kind", "send", "submit_minutes", "write_minutes",
]  # fmt: skip
