"""The directory and the profile of channels: who sees how much (P7; house: the life of a partner begins here)."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.test import Client

from accounts.models import Unit
from channelportal.core.clock import now
from channelportal.core.models import AuditEntry
from feedback.models import Ticket
from tests.organisation.test_verbs_of_people import _owing_ticket
from tests.people import Cast

TABS = ("", "people/", "tickets/", "contact/")


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("qifa_member", {"沈阳分公司", "鲁东代理商", "川南代理商"}),
        ("office_head", {"沈阳分公司", "鲁东代理商", "川南代理商"}),
        ("center_head", {"沈阳分公司", "鲁东代理商", "川南代理商"}),
        ("market_member", {"鲁东代理商", "川南代理商"}),
        ("gov_head", {"沈阳分公司"}),
    ],
)
def test_it_lists_those_one_looks_after_with_figures(cast: Cast, client: Client, who: str, names: set[str]) -> None:
    client.force_login(cast.people[who])

    page = client.get("/channels/")

    assert {channel.name for channel in page.context["rows"]} == names
    assert page.context["shown"] == "mine"


def test_it_shows_the_rest_of_headquarters_name_and_contact(cast: Cast, client: Client) -> None:
    client.force_login(cast.kefu_head)

    page = client.get("/channels/?sort=late")
    profile = client.get(f"/channels/{cast.ludong.pk}/").content.decode()

    assert page.context["shown"] == "all"
    assert len(page.context["rows"]) == 3
    assert not hasattr(page.context["rows"].rows[0], "late_all")
    assert "鲁东代理商" in profile
    assert "李代理" not in profile
    assert client.get(f"/channels/{cast.ludong.pk}/contact/").status_code == 200
    assert client.get(f"/channels/{cast.ludong.pk}/people/").status_code == 403
    assert client.get(f"/channels/{cast.ludong.pk}/tickets/").status_code == 403
    heads = [
        cell.value
        for cell in openpyxl.load_workbook(io.BytesIO(client.get("/channels/?format=xlsx").content)).active[1]
    ]
    assert len(heads) == 7


def test_it_leads_a_channel_to_its_own_profile(cast: Cast, client: Client) -> None:
    client.force_login(cast.ludong_member)

    assert client.get("/channels/")["Location"] == f"/channels/{cast.ludong.pk}/"
    assert [client.get(f"/channels/{cast.ludong.pk}/{tab}").status_code for tab in TABS] == [200] * 4
    assert [client.get(f"/channels/{cast.chuannan.pk}/{tab}").status_code for tab in TABS] == [404] * 4
    assert client.get(f"/channels/{cast.kefu.pk}/").status_code == 404


def test_it_is_nothing_for_administrators(cast: Cast, client: Client) -> None:
    client.force_login(cast.system_admin)

    assert client.get(f"/channels/{cast.ludong.pk}/").status_code == 404


def test_it_counts_what_is_open_and_late(cast: Cast, client: Client) -> None:
    ticket = _owing_ticket(cast)
    Ticket.objects.filter(pk=ticket.pk).update(due_at=now())
    client.force_login(cast.market_head)

    rows = {row.name: row for row in client.get("/channels/?sort=-late").context["rows"]}

    assert (rows["鲁东代理商"].open_all, rows["鲁东代理商"].late_all) == (1, 1)
    assert next(iter(rows)) == "鲁东代理商"
    Ticket.objects.filter(pk=ticket.pk).update(restricted=True)
    assert client.get("/channels/").context["rows"].rows[1].open_all == 0


def test_it_shows_tickets_only_to_who_may_see_them(cast: Cast, client: Client) -> None:
    ticket = _owing_ticket(cast)
    address = f"/channels/{cast.ludong.pk}/tickets/"

    for who, sees in (
        ("qifa_member", True),
        ("ludong_officer", True),
        ("ludong_member", False),
        ("market_head", False),
    ):
        client.force_login(cast.people[who])
        assert (ticket.number in client.get(address).content.decode()) == sees, who


def test_it_filters_by_kind_region_manager_and_contact(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)
    asked = {
        "kind=branch": {"沈阳分公司"},
        "region=华东": {"鲁东代理商"},
        f"manager={cast.market.pk}": {"鲁东代理商", "川南代理商"},
        "contact=none": {"沈阳分公司", "鲁东代理商", "川南代理商"},
        "q=cndl": {"川南代理商"},
        "grade=A": set(),
        "kind=planet&manager=x&sort=;drop": {"沈阳分公司", "鲁东代理商", "川南代理商"},
    }

    for query, names in asked.items():
        assert {row.name for row in client.get(f"/channels/?{query}").context["rows"]} == names, query


def test_it_names_the_contact_person(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_officer)
    address = f"/channels/{cast.ludong.pk}/contact/set/"

    assert client.get(address).status_code == 200
    assert client.post(address, {"contact": cast.market_member.pk}).status_code == 302
    assert client.post(address, {"contact": cast.market_member.pk}).status_code == 302
    assert client.post(address, {"contact": cast.chuannan_head.pk}).status_code == 422
    assert Unit.objects.get(pk=cast.ludong.pk).contact == cast.market_member
    assert AuditEntry.objects.filter(action="unit.contact_set").count() == 1
    assert "企市员工" in client.get(f"/channels/{cast.ludong.pk}/contact/").content.decode()


@pytest.mark.parametrize(
    ("who", "status"), [("ludong_head", 403), ("gov_head", 403), ("chuannan_head", 404), ("kefu_head", 403)]
)
def test_it_lets_nobody_else_name_one(cast: Cast, client: Client, who: str, status: int) -> None:
    client.force_login(cast.people[who])

    assert (
        client.post(f"/channels/{cast.ludong.pk}/contact/set/", {"contact": cast.market_member.pk}).status_code
        == status
    )


def test_it_costs_the_same_for_many_channels(cast: Cast, client: Client, django_assert_max_num_queries) -> None:
    Unit.objects.bulk_create(
        Unit(
            code=f"A{n}", name=f"代理{n}", kind="agent", manager=cast.market, contact=cast.market_member, pinyin=f"a{n}"
        )
        for n in range(60)
    )
    client.force_login(cast.qifa_head)

    with django_assert_max_num_queries(26):
        assert client.get("/channels/?size=100").status_code == 200
    with django_assert_max_num_queries(26):
        assert client.get(f"/channels/{cast.ludong.pk}/").status_code == 200
