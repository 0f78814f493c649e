"""Notices, what became of them, and meetings. A status is written in `notices/workflow` only. One file for each paper.

kinds          what a notice is, who may write it, what it asks for
notice         the notice, its versions and files
approval       the chain: each sending, its steps, remarks at places in the text
receipts       delivered, opened, acknowledged, for each recipient; units that answered as one
subscriptions  a unit applies to receive a kind (000 5.4)
robots         group robots of a unit, and what is posted to them
answers        questions that became tickets, and answers that all readers see
rules          the rules themselves, with versions (000 6)
meetings       kinds with their frequency, meetings, invitations, minutes, actions
"""

from notices.models.answers import Answer
from notices.models.approval import Remark, Sending, Step
from notices.models.kinds import NoticeKind
from notices.models.meetings import (
    Action,
    AgendaItem,
    AgendaPaper,
    Invitation,
    Meeting,
    MeetingKind,
    MeetingQuerySet,
    MeetingSending,
    Minutes,
)
from notices.models.notice import (
    Level,
    Notice,
    NoticeFile,
    NoticeQuerySet,
    NumberLine,
    Picture,
    Version,
    VersionEditor,
)
from notices.models.receipts import FormerReceipt, Receipt, UnitAnswer
from notices.models.robots import Robot, RobotPost
from notices.models.rules import Rule, RuleFile, RuleVersion
from notices.models.subscriptions import Subscription

__all__ = [
    "Action", "AgendaItem", "AgendaPaper", "Answer", "FormerReceipt", "Invitation", "Level", "Meeting", "MeetingKind",
    "MeetingQuerySet", "MeetingSending", "Minutes",
    "Notice", "NoticeFile", "NoticeKind", "NoticeQuerySet", "NumberLine", "Picture", "Receipt", "Remark", "Robot", "RobotPost",
    "Rule", "RuleFile", "RuleVersion", "Sending", "Step", "Subscription", "UnitAnswer", "Version", "VersionEditor",
]  # fmt: skip
