"""Protected filers and complaints kept to named people: nothing of them is in an alert, a mail, a line or a name (002B 13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.access import Refused
from channelportal.core.errors import Invalid
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from feedback import rights, workflow
from feedback.models import Ticket, TicketKind
from tests.feedback.workflow.moments import MON_14, TUE_9, TUE_LATE, WED_10
from tests.people import Cast

File = Callable[..., Ticket]
Kind = Callable[[str], TicketKind]
CANARY = "金丝雀四一七"


@pytest.fixture
def shielded(cast: Cast, filed: File, kind: Kind) -> Ticket:
    ticket = filed(by=cast.ludong_member, kind=kind("complaint"), shielded=True)
    return workflow.approve(ticket, by=cast.ludong_head, at=MON_14)


@pytest.fixture
def kept(cast: Cast, filed: File, kind: Kind) -> Ticket:
    return filed(kind=kind("complaint"), restricted=True, title=CANARY, body=CANARY)


def live(cast: Cast, ticket: Ticket) -> None:
    """A whole life of a ticket."""
    workflow.ask(ticket, by=cast.kefu_head, text=f"{CANARY}?", at=TUE_9)
    workflow.answer_question(ticket, by=ticket.filed_by, text=CANARY, at=TUE_9)
    workflow.urge(ticket, by=cast.qifa_head, text=CANARY, at=TUE_9)
    workflow.resolve(ticket, by=cast.kefu_head, text=CANARY, at=TUE_LATE)
    workflow.reopen(ticket, by=ticket.filed_by, reason=CANARY, at=WED_10)


def test_it_shows_a_protected_filer_to_his_own_side_only(cast: Cast, shielded: Ticket) -> None:
    shown = {key for key, person in cast.people.items() if rights.asker_shown_to(shielded, person)}

    assert shown == {"ludong_member", "ludong_officer", "ludong_head", "qifa_head"}


def test_it_withholds_the_name_beside_every_entry(cast: Cast, shielded: Ticket) -> None:
    live(cast, shielded)

    names = {rights.name_shown(entry, cast.kefu_head) for entry in shielded.entries.select_related("by", "ticket")}

    assert cast.ludong_member.name not in names
    assert names >= {cast.kefu_head.name, cast.qifa_head.name}
    own = {rights.name_shown(entry, cast.ludong_head) for entry in shielded.entries.select_related("by", "ticket")}
    assert cast.ludong_member.name in own


def test_it_names_no_protected_filer_in_alerts_and_mails(cast: Cast, shielded: Ticket) -> None:
    live(cast, shielded)

    said = [str(row.data) for row in [*Alert.objects.all(), *OutboxMessage.objects.all()]]
    assert said
    assert not [one for one in said if cast.ludong_member.name in one]


def test_it_shows_names_where_nobody_is_protected(cast: Cast, ticket: Ticket) -> None:
    assert rights.name_shown(ticket.entries.get(), cast.kefu_member) == cast.ludong_head.name


def test_it_hides_the_filer_from_the_person_complained_of(cast: Cast, filed: File, kind: Kind) -> None:
    ticket = filed(kind=kind("complaint"), shielded=True, accused=cast.ludong_officer)

    assert not rights.asker_shown_to(ticket, cast.ludong_officer)


def test_it_says_nothing_of_a_kept_complaint_in_mails_and_trail(cast: Cast, kept: Ticket) -> None:
    live(cast, kept)

    assert OutboxMessage.objects.count() > 3
    assert not [row for row in OutboxMessage.objects.all() if CANARY in str(row.data)]
    assert not [row for row in AuditEntry.objects.all() if CANARY in f"{row.object_name}{row.data}"]


def test_it_tells_nobody_outside_of_a_kept_complaint(cast: Cast, kept: Ticket) -> None:
    live(cast, kept)
    with pytest.raises(Invalid):
        workflow.report(kept, by=cast.qifa_head, text=CANARY, at=WED_10)
    workflow.advance(kept.obligations.latest("pk"), by=cast.qifa_head, reason=CANARY, at=WED_10)

    told = set(Alert.objects.values_list("user__username", flat=True))
    assert told == {"ludong.head", "kefu.head"}
    assert kept not in Ticket.objects.visible_to(cast.office_head)


@pytest.mark.parametrize("person", ["kefu_officer", "kefu_deputy", "qifa_officer", "ludong_officer"])
def test_it_is_handled_by_named_people_only(cast: Cast, kept: Ticket, person: str) -> None:
    for verb in ("take", "note", "resolve", "urge", "close", "copy"):
        assert rights.refusal(verb, kept, getattr(cast, person))
    assert rights.possible(kept, getattr(cast, person), MON_14) == []
    with pytest.raises(Refused):
        workflow.note(kept, by=getattr(cast, person), text="看看", at=MON_14)


def test_it_is_opened_to_others_by_filer_and_head_of_supervisors(cast: Cast, kept: Ticket) -> None:
    with pytest.raises(Refused):
        workflow.share(kept, by=cast.kefu_head, to=cast.kefu_officer, at=MON_14)

    workflow.share(kept, by=cast.qifa_head, to=cast.kefu_officer, at=MON_14)

    assert rights.refusal("resolve", kept, cast.kefu_officer) is None


def test_it_is_neither_passed_on_nor_given_to_assistants(cast: Cast, kept: Ticket) -> None:
    with pytest.raises(Invalid, match="to"):
        workflow.pass_on(kept, by=cast.kefu_head, to=cast.dev, reason="不归我们", at=MON_14)
    with pytest.raises(Invalid, match="unit"):
        workflow.ask_assist(kept, by=cast.kefu_head, unit=cast.dev, task="看看", day=None, at=MON_14)


def test_it_never_tells_the_person_complained_of(cast: Cast, filed: File, kind: Kind) -> None:
    ticket = filed(kind=kind("complaint"), accused=cast.kefu_officer)
    workflow.urge(ticket, by=cast.qifa_head, text="请抓紧", at=TUE_9)

    assert not Alert.objects.filter(user=cast.kefu_officer).exists()
    with pytest.raises(Invalid, match="to"):
        workflow.assign(ticket, by=cast.kefu_head, to=cast.kefu_officer, at=TUE_9)


def test_it_is_kept_even_from_the_supervising_head_when_the_complaint_is_about_him(
    filed: Callable[..., Ticket], kind: Callable[[str], TicketKind], cast: Cast
) -> None:
    ticket = filed(kind=kind("complaint"), responsible=cast.qifa, restricted=True, accused=cast.qifa_head)

    assert not Ticket.objects.visible_to(cast.qifa_head).filter(pk=ticket.pk).exists()
    assert Ticket.objects.visible_to(cast.ludong_head).filter(pk=ticket.pk).exists()
