"""Before a ticket is sent: when it will be due and why, whether a head approves it first, whom it reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from accounts.models import Unit, User
from channelportal.core import calendar as calendars
from channelportal.lib.workdays import local_date
from feedback import deadlines, in_force
from feedback.deadlines import BadEntry
from feedback.models import TicketKind
from feedback.present.strip import Explanation, preview


@dataclass(frozen=True, slots=True)
class Outlook:
    """`to`: who will owe it (None: nothing chosen that leads anywhere); `approvers`: whose approval comes first, by name."""

    due_at: datetime | None
    explanation: Explanation | None
    provisional: bool
    late_entry: bool
    wrong: str
    to: Unit | None
    routed: bool
    handles: str
    approvers: list[str]
    needs_approval: bool


def outlook(
    user: User,
    now: datetime,
    *,
    kind: TicketKind | None,
    responsible: Unit | None,
    severity: str,
    received_on: date | None = None,
    entering: bool = False,
) -> Outlook:
    """What would become of the ticket if it were sent now."""
    to = _to(kind, responsible)
    calendar = calendars.current(unit_id=to.pk if to else None)
    policy = in_force.policy()
    anchor = received_on if entering and received_on else local_date(now)
    wrong = ""
    if entering:
        try:
            deadlines.check_entry(policy, anchor, at=now, by_supervisor=user.unit_id == in_force.units().supervising)
        except BadEntry as bad:
            wrong = bad.message
    due = (
        None if wrong else deadlines.reply_due(policy, calendar, anchor, severity, entered_at=now if entering else None)
    )
    needs = not entering and needs_approval(user)
    return Outlook(
        due_at=due.at if due else None,
        explanation=preview(due.explanation, severity) if due else None,
        provisional=bool(due and due.provisional),
        late_entry=bool(due and due.late_entry),
        wrong=wrong,
        to=to,
        routed=bool(to and (responsible is None or to.pk != responsible.pk)),
        handles=to.handles if to else "",
        approvers=approvers(user) if needs else [],
        needs_approval=needs,
    )


def _to(kind: TicketKind | None, responsible: Unit | None) -> Unit | None:
    """Whom it reaches: whoever is named, unless the kind always goes to one; else the kind's route; else 企发部 (rule 12)."""
    if kind and kind.fixed_route:
        return kind.route or _supervisors()
    if responsible is not None:
        return responsible
    return (kind.route or _supervisors()) if kind else None


def _supervisors() -> Unit | None:
    tree = in_force.units()
    return tree.by_id.get(tree.supervising or 0)


def needs_approval(user: User) -> bool:
    """Whether what this person sends is approved by a head of his unit first (000 5.10)."""
    if user.unit is None:
        return False
    return user.unit.heads_need_approval if user.leads else user.unit.members_need_approval


def approvers(user: User) -> list[str]:
    heads = User.objects.filter(unit=user.unit_id, role=User.Role.HEAD, is_active=True, frozen_at=None).exclude(
        pk=user.pk
    )
    return list(heads.order_by("pinyin").values_list("name", flat=True)[:3])
