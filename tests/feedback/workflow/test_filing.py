"""From the filer to the responsible unit: routing, approval, entering for somebody, numbers, twice the same form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from accounts.access import Refused
from accounts.models import Absence, Unit, User
from channelportal.core import search, stamps
from channelportal.core.errors import Invalid
from channelportal.core.models import Alert, OutboxMessage, StoredFile
from feedback import rights, workflow
from feedback.models import FilingHour, Share, Tally, Ticket, TicketKind
from tests.feedback.workflow.moments import MON_10, MON_14, TUE_9, TUE_DUE, may
from tests.people import Cast

File = Callable[..., Ticket]
Kind = Callable[[str], TicketKind]


def test_it_reaches_the_unit_and_owes_a_reply(cast: Cast, filed: File) -> None:
    ticket = filed()

    duty = ticket.obligations.get()
    assert (ticket.number, ticket.state, ticket.anchor) == ("FB-2026-0511-001", "open", MON_10.date())
    assert (duty.kind, duty.unit, duty.due_at, duty.days) == ("reply", cast.kefu, TUE_DUE, 1)
    assert (ticket.due_at, ticket.due_kind) == (TUE_DUE, "reply")
    assert duty.next_step_at == TUE_9  # the reminder of the due day
    assert ticket.entries.get().kind == "filed"
    assert Tally.objects.get(unit=cast.ludong).asked == Tally.objects.get(unit=cast.kefu).received == 1
    assert FilingHour.objects.get().hour == 10
    assert list(Ticket.objects.filter(pk__in=search.find("ticket", "水泵"))) == [ticket]


def test_it_tells_the_officers_and_nobody_else(cast: Cast, filed: File) -> None:
    ticket = filed()

    alert = Alert.objects.get()
    mail = OutboxMessage.objects.get()
    assert (alert.user, alert.kind, alert.url) == (cast.kefu_officer, "ticket-reached", f"/tickets/{ticket.pk}/")
    assert (mail.user, mail.kind, mail.next_attempt_at) == (cast.kefu_officer, "ticket-news", MON_10)


def test_it_keeps_mail_for_the_delivery_window(filed: File) -> None:
    filed(at=may(15, 23))  # Friday night

    assert OutboxMessage.objects.get().next_attempt_at == may(18, 8, 30)


def test_it_gives_major_matters_three_days_and_tells_the_head(cast: Cast, filed: File) -> None:
    ticket = filed(severity="major")

    assert ticket.due_at == may(14, 18)
    assert set(Alert.objects.values_list("user", flat=True)) == {cast.kefu_officer.pk, cast.kefu_head.pk}


def test_it_counts_its_numbers_within_the_day(filed: File) -> None:
    numbers = [filed().number, filed().number, filed(at=TUE_9).number]

    assert numbers == ["FB-2026-0511-001", "FB-2026-0511-002", "FB-2026-0512-001"]


def test_it_is_filed_once_by_one_key(cast: Cast, filed: File) -> None:
    key = uuid4()

    first, second = filed(key=key), filed(key=key, title="另一个")

    assert first == second
    assert second.title == "水泵漏水"
    assert Ticket.objects.count() == 1
    assert filed(key=key, by=cast.chuannan_head) != first  # the key is one person's


def test_it_keeps_its_files(cast: Cast, filed: File) -> None:
    photo = StoredFile.objects.create(
        name="漏水.jpg", size=1, sha256="0" * 64, media_type="image/jpeg", uploaded_by=cast.ludong_head
    )

    ticket = filed(files=[photo])

    assert ticket.files.get().file == photo
    assert ticket.files.get().entry.kind == "filed"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "长" * 101}, "title"),
        ({"body": "\u200b"}, "body"),
        ({"severity": "huge"}, "severity"),
        ({"means": "pigeon"}, "means"),
        ({"restricted": True}, "restricted"),
        ({"shielded": True}, "shielded"),
        ({"received_on": MON_10.date()}, "received_on"),
    ],
)
def test_it_says_which_field_is_wrong(filed: File, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        filed(**values)

    assert wrong.value.field == field
    assert not Ticket.objects.exists()


def test_it_does_not_ask_its_own_unit(cast: Cast, filed: File) -> None:
    with pytest.raises(Invalid, match="responsible"):
        filed(responsible=cast.ludong)


def test_it_does_not_go_to_a_closed_unit(cast: Cast, filed: File) -> None:
    Unit.objects.filter(pk=cast.kefu.pk).update(active=False)
    stamps.bump("units")

    with pytest.raises(Invalid, match="responsible"):
        filed()


@pytest.mark.parametrize("person", ["system_admin", "audit_admin"])
def test_it_is_not_filed_by_administrators(cast: Cast, filed: File, person: str) -> None:
    with pytest.raises(Refused):
        filed(by=getattr(cast, person))


# ── routing (rule 12) ───────────────────────────────────────────────────────────────────────────


def test_it_stays_with_the_supervisors_when_nobody_is_named(cast: Cast, filed: File) -> None:
    assert filed(responsible=None).responsible == cast.qifa


def test_it_follows_the_route_of_its_kind(cast: Cast, filed: File, kind: Kind) -> None:
    product = kind("product")
    product.route = cast.quality
    product.save()

    assert filed(kind=product, responsible=None).responsible == cast.quality
    assert filed(kind=product, responsible=cast.lab).responsible == cast.lab


@pytest.mark.parametrize(
    ("code", "person"), [("answer_quality", "ludong_head"), ("information_quality", "market_head")]
)
def test_it_takes_complaints_about_answers_and_information_to_the_supervisors(
    cast: Cast, filed: File, kind: Kind, code: str, person: str
) -> None:
    ticket = filed(kind=kind(code), by=getattr(cast, person), responsible=cast.dev, complained_unit=cast.chuannan)

    assert ticket.responsible == cast.qifa
    assert ticket.complained_unit == cast.chuannan


def test_it_takes_the_unit_complained_of_from_the_earlier_ticket(cast: Cast, filed: File, kind: Kind) -> None:
    earlier = filed()

    assert filed(kind=kind("answer_quality"), about=earlier).complained_unit == cast.kefu


@pytest.mark.parametrize(("code", "person"), [("market", "market_head"), ("information_quality", "ludong_head")])
def test_it_keeps_to_the_direction_of_its_kind(cast: Cast, filed: File, kind: Kind, code: str, person: str) -> None:
    with pytest.raises(Invalid, match="kind"):
        filed(kind=kind(code), by=getattr(cast, person))


# ── approval (000 5.10) ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("person", ["ludong_member", "ludong_officer"])
def test_it_waits_for_the_head_when_others_send_it(cast: Cast, filed: File, person: str) -> None:
    ticket = filed(by=getattr(cast, person))

    assert (ticket.state, ticket.reached_at, ticket.due_at) == ("pending", None, None)
    assert not ticket.obligations.exists()
    assert [alert.user for alert in Alert.objects.all()] == [cast.ludong_head]
    assert not Tally.objects.exists()


def test_it_counts_from_the_approval(cast: Cast, filed: File) -> None:
    ticket = workflow.approve(filed(by=cast.ludong_member), by=cast.ludong_head, at=TUE_9)

    assert (ticket.state, ticket.anchor, ticket.approved_by) == ("open", TUE_9.date(), cast.ludong_head)
    assert ticket.due_at == may(13, 18)


def test_it_goes_straight_out_where_the_unit_says_so(cast: Cast, filed: File) -> None:
    Unit.objects.filter(pk=cast.ludong.pk).update(members_need_approval=False)
    stamps.bump("units")

    assert filed(by=cast.ludong_member).state == "open"


def test_it_waits_for_the_deputy_when_a_head_needs_approval(cast: Cast, filed: File) -> None:
    Unit.objects.filter(pk=cast.kefu.pk).update(heads_need_approval=True)
    stamps.bump("units")
    ticket = filed(by=cast.kefu_head, responsible=cast.dev)
    assert (ticket.state, Alert.objects.get().user) == ("pending", cast.kefu_deputy)

    with pytest.raises(Refused, match="本人"):
        workflow.approve(ticket, by=cast.kefu_head, at=TUE_9)

    assert workflow.approve(ticket, by=cast.kefu_deputy, at=TUE_9).state == "open"


def test_it_waits_for_the_deputy_while_the_head_is_away(cast: Cast, filed: File) -> None:
    Absence.objects.create(
        user=cast.kefu_head, first_day=may(1).date(), last_day=may(31).date(), created_by=cast.kefu_head
    )

    filed(by=cast.kefu_member, responsible=cast.dev)

    assert Alert.objects.get().user == cast.kefu_deputy


def test_it_goes_up_where_the_unit_has_nobody_to_approve(cast: Cast, filed: File) -> None:
    User.objects.filter(pk=cast.ludong_head.pk).update(is_active=False)

    ticket = filed(by=cast.ludong_officer)

    assert Alert.objects.get().user == cast.market_head  # above an agent: its managing department
    assert ticket in Ticket.objects.visible_to(cast.market_head)
    assert workflow.approve(ticket, by=cast.market_head, at=TUE_9).state == "open"


def test_it_may_be_corrected_and_sent_again(cast: Cast, filed: File) -> None:
    ticket = workflow.send_back(filed(by=cast.ludong_member), by=cast.ludong_head, text="写清数量", at=MON_14)
    assert (ticket.state, rights.todo(ticket, cast.ludong_member, MON_14)) == ("returned", "resend")

    ticket = workflow.resend(ticket, by=cast.ludong_member, title="阀门", body="三只阀门", severity="major", at=TUE_9)

    assert (ticket.state, ticket.title, ticket.severity) == ("pending", "阀门", "major")
    assert list(Ticket.objects.filter(pk__in=search.find("ticket", "三只"))) == [ticket]
    assert not search.find("ticket", "水泵")


def test_it_may_be_withdrawn_before_it_left(cast: Cast, filed: File) -> None:
    ticket = workflow.withdraw(filed(by=cast.ludong_member), by=cast.ludong_member, at=MON_14)

    assert ticket.state == "withdrawn"
    assert not Alert.objects.filter(user__unit=cast.kefu).exists()


# ── entered for somebody (rule 4) ───────────────────────────────────────────────────────────────


def entered(filed: File, cast: Cast, **values: Any) -> Ticket:
    given = {
        "by": cast.kefu_officer, "asker": cast.ludong, "means": "phone", "received_on": may(8).date(),
        "asker_name": "李", "at": MON_10,
    }  # fmt: skip
    return filed(**(given | values))


def test_it_counts_from_the_day_of_receipt(cast: Cast, filed: File) -> None:
    ticket = entered(filed, cast, received_on=may(9).date(), severity="major")  # Saturday, a make-up day

    assert (ticket.asker, ticket.entered_by, ticket.anchor) == (cast.ludong, cast.kefu_officer, may(9).date())
    assert ticket.due_at == may(13, 18)
    assert not ticket.obligations.get().late_entry
    assert (
        Alert.objects.filter(kind="ticket-entered_for_you").values_list("user", flat=True).get()
        == cast.ludong_officer.pk
    )


def test_it_is_due_on_the_next_working_day_when_it_was_late_already(cast: Cast, filed: File) -> None:
    ticket = entered(filed, cast, received_on=may(7).date())

    duty = ticket.obligations.get()
    assert (duty.due_at, duty.late_entry) == (TUE_DUE, True)
    assert ticket.anchor == may(7).date()


def test_it_is_not_concluded_by_who_entered_it(cast: Cast, filed: File) -> None:
    ticket = workflow.resolve(entered(filed, cast), by=cast.kefu_officer, text="已答复", at=MON_14)

    with pytest.raises(Refused):
        workflow.confirm(ticket, by=cast.kefu_officer, answer=5, speed=5, at=TUE_9)

    assert workflow.confirm(ticket, by=cast.ludong_officer, answer=4, speed=5, at=TUE_9).state == "closed"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"received_on": may(12).date()}, "received_on"),
        ({"received_on": may(1).date().replace(month=3)}, "received_on"),
        ({"received_on": None}, "received_on"),
        ({"means": "portal"}, "means"),
    ],
)
def test_it_refuses_a_receipt_that_cannot_be(cast: Cast, filed: File, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        entered(filed, cast, **values)

    assert wrong.value.field == field


def test_it_lets_the_supervisors_enter_what_lies_far_back(cast: Cast, filed: File) -> None:
    ticket = entered(filed, cast, by=cast.qifa_officer, received_on=may(1).date().replace(month=3))

    assert ticket.obligations.get().late_entry


def test_it_is_not_entered_by_employees(cast: Cast, filed: File) -> None:
    with pytest.raises(Refused):
        entered(filed, cast, by=cast.kefu_member)


# ── complaints kept to named people ─────────────────────────────────────────────────────────────


def test_it_goes_past_the_head_it_complains_of(cast: Cast, filed: File, kind: Kind) -> None:
    ticket = filed(
        by=cast.ludong_member, kind=kind("complaint"), responsible=cast.kefu, shielded=True, accused=cast.ludong_head
    )

    assert (ticket.state, ticket.responsible, ticket.restricted) == ("open", cast.qifa, True)
    assert ticket not in Ticket.objects.visible_to(cast.ludong_head)
    assert ticket in Ticket.objects.visible_to(cast.qifa_head)
    assert not Alert.objects.filter(user=cast.ludong_head).exists()


def test_it_does_not_go_to_the_head_it_complains_of(cast: Cast, filed: File, kind: Kind) -> None:
    ticket = filed(kind=kind("complaint"), responsible=cast.kefu, restricted=True, accused=cast.kefu_head)

    assert ticket.responsible == cast.qifa
    assert not Alert.objects.filter(user=cast.kefu_head).exists()


def test_it_is_seen_by_those_named(cast: Cast, filed: File, kind: Kind) -> None:
    ticket = filed(kind=kind("complaint"), restricted=True, named=[cast.gov_head])

    seen = {key for key, person in cast.people.items() if ticket in Ticket.objects.visible_to(person)}
    assert seen == {"ludong_head", "gov_head", "kefu_head", "qifa_head"}
    assert set(Share.objects.values_list("user", flat=True)) == {cast.gov_head.pk, cast.kefu_head.pk}
    assert set(Alert.objects.values_list("user", flat=True)) == {cast.gov_head.pk, cast.kefu_head.pk}
