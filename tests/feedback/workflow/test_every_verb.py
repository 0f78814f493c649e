"""Each verb by each kind of person: who may, may; strangers and wrong roles get a reason; the wrong state is said; the deed is
on the timeline, in the audit trail, and told."""

# ruff: noqa: E501  (a table of verbs)
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from accounts.access import Refused
from channelportal.core.errors import WrongState
from channelportal.core.models import Alert, AuditEntry
from feedback import rights, workflow
from feedback.models import Entry, Ticket
from tests.feedback.workflow.moments import FRI, MON_14, TUE_9, TUE_LATE, WED_10, may
from tests.people import Cast

FAR = may(30).date().replace(month=7)  # more than 30 working days ahead
Make = Callable[[Cast, Ticket], Any]


def pending(cast: Cast, ticket: Ticket) -> Ticket:
    values = {
        "kind": ticket.kind,
        "title": "阀门",
        "body": "阀门坏了",
        "responsible": cast.kefu,
        "at": ticket.created_at,
    }
    return workflow.file(by=cast.ludong_member, **values)


def returned(cast: Cast, ticket: Ticket) -> Ticket:
    return workflow.send_back(pending(cast, ticket), by=cast.ludong_head, text="写清数量", at=ticket.created_at)


def opened(cast: Cast, ticket: Ticket) -> Ticket:
    return ticket


def asked(cast: Cast, ticket: Ticket) -> Ticket:
    return workflow.ask(ticket, by=cast.kefu_officer, text="哪一批?", at=MON_14)


def planned(cast: Cast, ticket: Ticket) -> Ticket:
    done = workflow.plan(ticket, by=cast.kefu_officer, text="派人", day=FRI, at=MON_14)
    assert isinstance(done, Ticket)
    return done


def extending(cast: Cast, ticket: Ticket) -> Any:
    return workflow.ask_extension(
        planned(cast, ticket), by=cast.kefu_officer, day=may(18).date(), reason="缺件", at=MON_14
    )


def far(cast: Cast, ticket: Ticket) -> Any:
    return workflow.plan(ticket, by=cast.kefu_officer, text="换型", day=FAR, at=MON_14)


def agreed(cast: Cast, ticket: Ticket) -> Any:
    return workflow.agree_long_plan(far(cast, ticket), by=cast.kefu_head, at=MON_14)


def weighing(cast: Cast, ticket: Ticket) -> Any:
    return workflow.ask_severity(ticket, by=cast.kefu_officer, to="major", reason="要拆机", at=MON_14)


def assisting(cast: Cast, ticket: Ticket) -> Any:
    return workflow.ask_assist(ticket, by=cast.kefu_officer, unit=cast.dev, task="看图纸", day=None, at=MON_14)


def urged(cast: Cast, ticket: Ticket) -> Ticket:
    return workflow.urge(ticket, by=cast.qifa_officer, text="请抓紧", at=MON_14)


def owed(cast: Cast, ticket: Ticket) -> Any:
    return ticket.obligations.get()


def resolved(cast: Cast, ticket: Ticket) -> Ticket:
    return workflow.resolve(ticket, by=cast.kefu_officer, text="已换密封圈", at=MON_14)


def pair(cast: Cast, ticket: Ticket) -> Ticket:
    values = {"kind": ticket.kind, "title": "又漏水", "body": "同一批", "responsible": cast.kefu, "at": MON_14}
    return workflow.file(by=cast.ludong_head, **values)


@dataclass(frozen=True)
class Case:
    verb: str
    make: Make
    right: str
    """Who may (a key of the cast)."""
    wrong: tuple[str, ...]
    """Who may not, although he sees the ticket, or is a stranger."""
    entry: str
    state: str
    told: tuple[str, ...] = ()
    args: tuple[tuple[str, Any], ...] = ()
    at: datetime = TUE_9

    def do(self, cast: Cast, thing: Any, by: Any) -> Any:
        values = {name: getattr(cast, value[1:]) if str(value).startswith("@") else value for name, value in self.args}
        return getattr(workflow, self.verb)(thing, by=by, at=self.at, **values)


TEXT, REASON = (("text", "说明"),), (("reason", "原因"),)
STRANGERS = ("chuannan_head", "dev_head", "hr_officer", "office_head", "audit_admin")
AT_RESPONSIBLE = (*STRANGERS, "ludong_head", "kefu_member", "qifa_officer")
AT_ASKER = (*STRANGERS, "kefu_head", "qifa_officer")
SUPERVISING = (*STRANGERS, "kefu_head", "ludong_head", "market_head")

CASES = [
    Case("approve", pending, "ludong_head", ("ludong_member", "ludong_officer", *AT_ASKER), "approved", "open", ("kefu_officer", "ludong_member")),
    Case("send_back", pending, "ludong_head", ("ludong_member", "ludong_officer", *AT_ASKER), "returned", "returned", ("ludong_member",), TEXT),
    Case("resend", returned, "ludong_member", ("ludong_head", *AT_ASKER), "resent", "pending", ("ludong_head",), (("title", "阀门两只"), ("body", "两只"))),
    Case("take", opened, "kefu_officer", AT_RESPONSIBLE, "taken", "open", ("ludong_head",)),
    Case("assign", opened, "kefu_head", (*AT_RESPONSIBLE, "kefu_officer"), "assigned", "open", ("kefu_member",), (("to", "@kefu_member"),)),
    Case("pass_on", opened, "kefu_officer", AT_RESPONSIBLE, "passed_on", "open", ("quality_officer", "ludong_head"), (("to", "@quality"), *REASON)),
    Case("ask", opened, "kefu_officer", AT_RESPONSIBLE, "question", "open", ("ludong_head",), TEXT),
    Case("answer_question", asked, "ludong_officer", (*AT_ASKER, "ludong_member"), "answer", "open", ("kefu_officer",), TEXT),
    Case("note", opened, "kefu_officer", (*STRANGERS, "kefu_member", "ludong_member"), "note", "open", (), TEXT),
    Case("resolve", opened, "kefu_officer", AT_RESPONSIBLE, "resolution", "resolved", ("ludong_head",), TEXT),
    Case("plan", opened, "kefu_officer", AT_RESPONSIBLE, "plan", "planned", ("ludong_head",), (*TEXT, ("day", FRI))),
    Case("agree_long_plan", far, "kefu_head", (*AT_RESPONSIBLE, "kefu_officer"), "long_plan_agreed", "open", ("qifa_head", "qifa_officer")),
    Case("grant_long_plan", agreed, "qifa_officer", SUPERVISING, "plan", "planned", ("ludong_head",)),
    Case("refuse_long_plan", agreed, "qifa_officer", (*STRANGERS, "ludong_head", "kefu_officer"), "long_plan_refused", "open", ("kefu_officer",), REASON),
    Case("ask_extension", planned, "kefu_officer", AT_RESPONSIBLE, "extension_asked", "planned", ("qifa_officer", "ludong_head"), (("day", may(18).date()), *REASON)),
    Case("grant_extension", extending, "ludong_head", (*STRANGERS, "kefu_head", "kefu_officer"), "extension_granted", "planned", ("kefu_officer",)),
    Case("refuse_extension", extending, "qifa_officer", (*STRANGERS, "kefu_head", "kefu_officer"), "extension_refused", "planned", ("kefu_officer",), REASON),
    Case("ask_severity", opened, "ludong_head", (*STRANGERS, "kefu_member", "ludong_member"), "severity_asked", "open", ("qifa_officer",), (("to", "major"), *REASON)),
    Case("confirm_severity", weighing, "qifa_officer", SUPERVISING, "severity_changed", "open", ("kefu_officer", "ludong_head")),
    Case("keep_severity", weighing, "qifa_officer", SUPERVISING, "severity_kept", "open", ("kefu_officer",), REASON),
    Case("ask_assist", opened, "kefu_officer", AT_RESPONSIBLE, "assist_asked", "open", ("dev_officer",), (("unit", "@dev"), ("task", "看图纸"), ("day", None))),
    Case("deliver_assist", assisting, "dev_officer", ("kefu_head", "ludong_head", "chuannan_head", "qifa_head"), "assist_done", "open", ("kefu_officer",), TEXT),
    Case("answer_urge", urged, "kefu_officer", AT_RESPONSIBLE, "urge_answered", "open", ("qifa_officer",), TEXT),
    Case("copy", opened, "ludong_head", (*STRANGERS, "kefu_head", "ludong_member"), "copied", "open"),
    Case("share", opened, "ludong_head", (*STRANGERS, "kefu_member", "ludong_member"), "shared", "open", ("gov_head",), (("to", "@gov_head"),)),
    Case("urge", opened, "qifa_member", SUPERVISING, "urged", "open", ("kefu_officer", "kefu_head"), TEXT),
    Case("remind", opened, "ludong_head", (*AT_ASKER, "ludong_member"), "reminded", "open", ("kefu_officer", "kefu_head"), (), WED_10),
    Case("report", opened, "qifa_officer", SUPERVISING, "reported", "open", ("office_head", "kefu_head"), TEXT),
    Case("hold", owed, "qifa_officer", SUPERVISING, "held", "open", (), REASON),
    Case("advance", owed, "qifa_officer", SUPERVISING, "advanced", "open", ("office_head", "qifa_head"), REASON, TUE_LATE),
    Case("confirm", resolved, "ludong_head", (*AT_ASKER, "ludong_member"), "confirmed", "closed", ("kefu_officer",), (("answer", 5), ("speed", 4))),
    Case("reopen", resolved, "ludong_head", (*AT_ASKER, "ludong_member"), "reopened", "open", ("kefu_officer",), REASON),
    Case("withdraw", opened, "ludong_head", (*AT_ASKER, "ludong_member"), "withdrawn", "withdrawn", ("kefu_officer",)),
    Case("close", opened, "qifa_officer", SUPERVISING, "closed", "closed", ("ludong_head", "kefu_officer"), REASON),
]  # fmt: skip
every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.verb)


def ticket_of(thing: Any) -> Ticket:
    found = thing if isinstance(thing, Ticket) else getattr(thing, "obligation", thing).ticket
    return Ticket.objects.get(pk=found.pk)


def test_it_knows_every_verb() -> None:
    by_people = set(workflow.__all__) - {"MOVES", "file", "close_silent", "merge"}

    assert {case.verb for case in CASES} == by_people
    assert set(workflow.MOVES) == by_people | {"merge", "close_silent"}


@every
def test_it_is_done_by_who_may(case: Case, cast: Cast, ticket: Ticket) -> None:
    thing = case.make(cast, ticket)
    before = set(Alert.objects.values_list("pk", flat=True))
    by = getattr(cast, case.right)
    assert case.verb in rights.possible(ticket_of(thing), by, case.at)

    case.do(cast, thing, by)

    after = ticket_of(thing)
    entry = after.entries.filter(by__isnull=False, kind=case.entry).latest("pk")
    audit = AuditEntry.objects.filter(object_id=str(after.pk)).latest("pk")
    told = set(Alert.objects.exclude(pk__in=before).values_list("user__username", flat=True))
    assert after.state == case.state
    assert entry.at == case.at
    assert (audit.action, audit.actor_id) == (f"ticket.{case.verb}", by.pk)
    assert {getattr(cast, key).username for key in case.told} <= told
    assert by.username not in told


@every
def test_it_gives_everybody_else_the_reason(case: Case, cast: Cast, ticket: Ticket) -> None:
    thing = case.make(cast, ticket)
    before = (ticket_of(thing).state, Entry.objects.count(), AuditEntry.objects.count())

    for key in case.wrong:
        with pytest.raises(Refused) as refused:
            case.do(cast, thing, getattr(cast, key))

        assert str(refused.value.reason), key
        assert case.verb not in rights.possible(ticket_of(thing), getattr(cast, key), case.at), key
    assert (ticket_of(thing).state, Entry.objects.count(), AuditEntry.objects.count()) == before


@every
def test_it_says_so_in_the_wrong_state(case: Case, cast: Cast, ticket: Ticket) -> None:
    thing = case.make(cast, ticket)
    found = ticket_of(thing)
    closing = workflow.close if found.state in ("open", "planned", "resolved") else workflow.withdraw
    by = cast.qifa_head if closing is workflow.close else cast.ludong_member
    closing(found, by=by, reason="结束", at=case.at)
    before = Entry.objects.count()

    with pytest.raises(WrongState):
        case.do(cast, thing, getattr(cast, case.right))

    assert Entry.objects.count() == before


def test_it_keeps_a_merge_for_the_supervisors(cast: Cast, ticket: Ticket) -> None:
    later = pair(cast, ticket)

    for person in (cast.kefu_head, cast.ludong_head, cast.chuannan_head):
        with pytest.raises(Refused):
            workflow.merge(later, by=person, into=ticket, reason="重复", at=TUE_9)

    assert workflow.merge(later, by=cast.qifa_officer, into=ticket, reason="重复", at=TUE_9).state == "merged"
