"""Verbs on people: what they held ends with the right to it (000 5.9.3(3))."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.timezone import localdate

from accounts.access import Refused, acts_as_head, may
from accounts.models import Absence, OneTimePassword, SignIn, User
from accounts.workflow import passwords, people, units
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry
from feedback.models import Obligation, Share, Ticket, TicketKind
from tests.people import Cast


def _owing_ticket(cast: Cast) -> Ticket:
    """A ticket of 鲁东代理商 that 客户服务部 owes an answer to."""
    at = now()
    kind = TicketKind.objects.first() or TicketKind.objects.create(code="x", name_zh="问题", name_en="Problem")
    ticket = Ticket.objects.create(
        number="FB-2026-0508-001", kind=kind, title="问题", body="…", state="open", asker=cast.ludong,
        filed_by=cast.ludong_head, responsible=cast.kefu, created_at=at, reached_at=at, anchor=localdate(at), touched_at=at,
    )  # fmt: skip
    due = at + timedelta(days=1)
    Obligation.objects.create(
        ticket=ticket, kind="reply", round=1, unit=cast.kefu, anchor=localdate(at), days=1, due_at=due, first_due_at=due,
        created_at=at,
    )  # fmt: skip
    return ticket


def test_it_adds_a_person_without_a_password_to_the_units_group(cast: Cast) -> None:
    user = people.add(name="王小明", email="wang@example.com", unit=cast.market, role="officer", by=cast.qifa_head)

    assert user.username == "wangxiaoming"
    assert not user.has_usable_password()
    assert may(user, "registration.review", cast.ludong)
    assert people.free_username("王小明") == "wangxiaoming2"


def test_it_refuses_an_address_that_somebody_has(cast: Cast) -> None:
    with pytest.raises(Invalid, match="email"):
        people.add(name="王", email=cast.kefu_head.email.upper(), unit=cast.market, by=cast.qifa_head)


def test_it_ends_everything_with_a_change_of_role(cast: Cast, client: Client) -> None:
    client.force_login(cast.kefu_officer)
    key = client.session.session_key
    SignIn.objects.update_or_create(
        session_key=key, defaults={"user": cast.kefu_officer, "started_at": now(), "seen_at": now()}
    )
    passwords.issue(cast.kefu_member, by=cast.qifa_head, means="paper")

    people.change_role(cast.kefu_officer, "member", by=cast.qifa_head)
    people.change_role(cast.kefu_member, "officer", by=cast.qifa_head)

    assert User.objects.get(pk=cast.kefu_officer.pk).role == "member"
    assert not Session.objects.filter(session_key=key).exists()
    assert not SignIn.objects.filter(user=cast.kefu_officer).exists()
    assert not OneTimePassword.objects.filter(user=cast.kefu_member, voided_at=None).exists()
    assert client.get("/units/").status_code == 302


def test_it_transfers_with_group_shares_and_contacts(cast: Cast) -> None:
    ticket = _owing_ticket(cast)
    Share.objects.create(ticket=ticket, user=cast.market_officer, at=now())
    units.set_contact(cast.ludong, cast.market_officer, by=cast.market_head)

    user = people.transfer(cast.market_officer, cast.kefu, "member", by=cast.qifa_head)

    user = User.objects.get(pk=user.pk)
    assert (user.unit, user.role) == (cast.kefu, "member")
    assert list(user.groups.all()) == [cast.kefu.group]
    assert not may(user, "registration.review", cast.ludong)
    assert not Share.objects.filter(user=user).exists()
    assert not user.contact_of.exists()
    assert AuditEntry.objects.get(action="user.transferred").data["changes"]["unit"] == ["企业市场部", "客户服务部"]


def test_it_does_not_revive_an_old_cookie(cast: Cast, client: Client) -> None:
    client.force_login(cast.kefu_member)
    cookie = dict(client.session)

    people.deactivate(cast.kefu_member, by=cast.qifa_head, reason="离职")
    user = people.reactivate(cast.kefu_member, by=cast.qifa_head)

    assert user.get_session_auth_hash() != cookie["_auth_user_hash"]
    assert not user.has_usable_password()
    assert list(user.groups.all()) == [cast.kefu.group]


def test_it_warns_of_the_last_head_of_a_unit_that_owes(cast: Cast) -> None:
    _owing_ticket(cast)

    with pytest.raises(Invalid, match="knowing") as caught:
        people.deactivate(cast.kefu_head, by=cast.qifa_head)

    assert "总裁办" in str(caught.value.message)
    assert User.objects.get(pk=cast.kefu_head.pk).is_active
    people.deactivate(cast.kefu_head, by=cast.qifa_head, knowing=True)
    assert not User.objects.get(pk=cast.kefu_head.pk).is_active


def test_it_lets_a_head_go_who_is_not_the_last_or_owes_nothing(cast: Cast) -> None:
    people.deactivate(cast.dev_head, by=cast.qifa_head)
    _owing_ticket(cast)
    people.change_role(cast.kefu_deputy, "head", by=cast.qifa_head)
    people.deactivate(cast.kefu_head, by=cast.qifa_head)

    assert not User.objects.get(pk=cast.kefu_head.pk).is_active


@pytest.mark.parametrize("verb", ["role", "transfer", "deactivate"])
def test_it_lets_nobody_do_it_to_himself(cast: Cast, verb: str) -> None:
    me = cast.qifa_officer
    act = {
        "role": lambda: people.change_role(me, "head", by=me),
        "transfer": lambda: people.transfer(me, cast.kefu, "head", by=me),
        "deactivate": lambda: people.deactivate(me, by=me),
    }[verb]

    with pytest.raises(Refused):
        act()


def test_it_knows_the_wrong_states(cast: Cast) -> None:
    with pytest.raises(WrongState):
        people.reactivate(cast.kefu_member, by=cast.qifa_head)
    people.deactivate(cast.kefu_member, by=cast.qifa_head)
    with pytest.raises(WrongState):
        people.deactivate(cast.kefu_member, by=cast.qifa_head)
    with pytest.raises(WrongState):
        people.change_role(cast.kefu_member, "officer", by=cast.qifa_head)
    with pytest.raises(WrongState):
        people.transfer(cast.system_admin, cast.kefu, "member", by=cast.qifa_head)
    with pytest.raises(Invalid, match="role"):
        people.change_role(cast.kefu_officer, "king", by=cast.qifa_head)
    with pytest.raises(Invalid, match="unit"):
        people.transfer(cast.kefu_officer, cast.kefu, "member", by=cast.qifa_head)


def test_it_lets_the_deputy_act_while_the_head_is_away(cast: Cast) -> None:
    today = localdate()

    absence = people.set_absence(
        cast.kefu_head, first_day=today, last_day=today, deputy=cast.kefu_deputy, by=cast.kefu_head
    )

    assert acts_as_head(cast.kefu_deputy)
    people.end_absence(absence, by=cast.kefu_head)
    assert not acts_as_head(cast.kefu_deputy)
    with pytest.raises(WrongState):
        people.end_absence(absence, by=cast.kefu_head)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(5, 3, "last_day"), (-9, -2, "last_day"), (1, 900, "last_day"), (2, 4, "first_day")],
)
def test_it_refuses_days_that_cannot_be(cast: Cast, first: int, last: int, field: str) -> None:
    today = localdate()
    people.set_absence(
        cast.dev_head, first_day=today + timedelta(days=3), last_day=today + timedelta(days=6), by=cast.dev_head
    )

    with pytest.raises(Invalid, match=field):
        people.set_absence(
            cast.dev_head,
            first_day=today + timedelta(days=first),
            last_day=today + timedelta(days=last),
            by=cast.dev_head,
        )
    assert Absence.objects.count() == 1


def test_it_takes_only_a_deputy_of_the_unit_as_stand_in(cast: Cast) -> None:
    day = localdate() + timedelta(days=1)
    for other in (cast.kefu_head, cast.kefu_officer, cast.ludong_head):
        with pytest.raises(Invalid, match="deputy"):
            people.set_absence(cast.kefu_head, first_day=day, last_day=day, deputy=other, by=cast.kefu_head)


def test_it_survives_years_at_the_edge(cast: Cast) -> None:
    with pytest.raises(Invalid):
        people.set_absence(cast.kefu_head, first_day=date(9999, 1, 1), last_day=date(9999, 12, 31), by=cast.kefu_head)
