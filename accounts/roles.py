"""What each kind of person may do, as sets that the customer can read. For which units is asked in `access.py`.

Verbs are `thing.deed`. A role's verbs hold for the person's own unit; a function's verbs for the units it looks after:
all of them for the supervising department and management, those granted to the unit's group for a registrar.
"""

from __future__ import annotations

from typing import Final

Verbs = frozenset[str]

# ── roles in one's own unit ─────────────────────────────────────────────────────────────────────
MEMBER: Final[Verbs] = frozenset({"ticket.file", "unit.see", "notice.draft"})
OFFICER: Final[Verbs] = MEMBER | {
    "ticket.see",  # the unit's tickets, both sides
    "ticket.take",
    "ticket.ask",
    "ticket.note",
    "ticket.reply",
    "ticket.extend",
    "ticket.pause",
    "ticket.pass_on",
    "ticket.assist",
    "ticket.change_severity",
    "ticket.answer_urge",
    "ticket.enter",  # for someone who phoned, wrote, came
    "ticket.conclude",  # confirm, rate, reopen, withdraw, remind, for the asking unit
    "personnel.report",
    "notice.see",  # what the unit writes
    "notice.acknowledge_for_unit",
    "subscription.apply",
    "robot.edit",
    "meeting.see",  # what the unit calls
    "meeting.call",
}
HEAD: Final[Verbs] = OFFICER | {
    "ticket.approve",
    "ticket.agree_long_plan",
    "ticket.assign",
    "absence.set",
    "unit.edit",
    "notice.approve",  # the steps of the chain that are the unit's
    "notice.receipts",  # who has not read; the author of a notice may too
    "subscription.decide",  # of kinds that the unit owns
    "meeting.approve",
}
DEPUTY: Final[Verbs] = OFFICER | {
    "ticket.assign",
    "notice.receipts",
}  # and HEAD while the head is away: access.acts_as_head

BY_ROLE: Final[dict[str, Verbs]] = {"member": MEMBER, "officer": OFFICER, "deputy": DEPUTY, "head": HEAD}

# a member who filed a ticket, or to whom one was assigned, may do this on that ticket
AS_FILER: Final[Verbs] = frozenset({"ticket.conclude"})
AS_ASSIGNEE: Final[Verbs] = frozenset(
    {"ticket.reply", "ticket.ask", "ticket.note", "ticket.extend", "ticket.pause", "ticket.answer_urge"}
)

# ── functions of a unit, for the whole company ──────────────────────────────────────────────────
SUPERVISING: Final[Verbs] = frozenset(
    {
        "ticket.see",
        "ticket.enter",
        "ticket.note",
        "ticket.supervise",  # urge, report to the superior, hold back or advance a step, merge, close with a reason
        "ticket.grant",  # confirm major, grant a later day, long plans, a second pass-on
        "supervision.see",
        "rules.edit",  # calendar, ladder, kinds, routing, parameters
        "organisation.edit",
        "people.see",
        "officers.list",
        "outbox.see",
        "unit.see",
        "notice.supervise",  # sees what was sent, its receipts, reminds, keeps kinds of notices and meetings
        "notice.receipts",
        "rule.edit",  # the regulations themselves
        "subscription.decide",
    }
)
REGISTRAR: Final[Verbs] = frozenset(
    {"registration.review", "password.issue", "people.see", "people.edit", "unit.see", "unit.edit"}
)
REGISTRAR_CHANNELS: Final[Verbs] = REGISTRAR | {"channel.add"}
MANAGEMENT: Final[Verbs] = frozenset({"ticket.see_escalated", "supervision.see", "unit.see"})
PERSONNEL: Final[Verbs] = frozenset({"personnel.report", "people.see"})

BY_FUNCTION: Final[dict[str, Verbs]] = {
    "supervising": SUPERVISING,
    "registrar_channels": REGISTRAR_CHANNELS,
    "registrar_hq": REGISTRAR,
    "management": MANAGEMENT,
    "personnel": PERSONNEL,
}
# whose verbs hold only for units granted to the unit's group (guardian)
GRANTED_ONLY: Final[frozenset[str]] = frozenset({"registrar_channels", "registrar_hq"})
# which roles of a unit carry its function: an employee of 企发部 supervises too, one of a market department does not review
FUNCTION_ROLES: Final[dict[str, frozenset[str]]] = {
    "supervising": frozenset({"head", "deputy", "officer", "member"}),
    "registrar_channels": frozenset({"head", "deputy", "officer"}),
    "registrar_hq": frozenset({"head", "deputy", "officer"}),
    "management": frozenset({"head", "deputy"}),
    "personnel": frozenset({"head", "deputy", "officer"}),
}

# ── the three administrators: no business rights, each a different person ───────────────────────
SYSTEM: Final[Verbs] = frozenset({"system.see", "outbox.see", "parameters.technical"})
SECURITY: Final[Verbs] = frozenset({"roles.see", "account.unlock", "organisation.check"})
AUDIT: Final[Verbs] = frozenset({"audit.see"})

BY_ADMIN_ROLE: Final[dict[str, Verbs]] = {"system": SYSTEM, "security": SECURITY, "audit": AUDIT}
