"""The pages of people and of the information officers."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.test import Client

from accounts.models import OneTimePassword, User
from tests.organisation.test_verbs_of_people import _owing_ticket
from tests.people import Cast


@pytest.mark.parametrize(
    ("who", "sees", "not_seen"),
    [
        ("qifa_member", ["周主管", "李代理", "系统管理员"], []),
        ("hr_officer", ["周主管", "李代理"], []),
        ("market_officer", ["李代理", "张代理", "企市员"], ["王分", "周主管"]),
        ("kefu_head", ["周主管", "客服员"], ["李代理"]),
        ("ludong_member", ["李代理"], ["张代理", "周主管"]),
    ],
)
def test_it_lists_those_one_may_see(cast: Cast, client: Client, who: str, sees: list[str], not_seen: list[str]) -> None:
    client.force_login(cast.people[who])

    page = client.get("/people/?size=100").content.decode()

    assert [name for name in sees if name not in page] == []
    assert [name for name in not_seen if name in page] == []


@pytest.mark.parametrize("query", ["q=李代理", "q=ldl", "q=lidaili", "q=ludong.head", "q=13800000026"])
def test_it_finds_a_person(cast: Cast, client: Client, query: str) -> None:
    client.force_login(cast.qifa_head)

    rows = client.get(f"/people/?{query}").context["rows"]

    assert cast.ludong_head in list(rows)
    assert len(rows) < 5


def test_it_filters_and_exports(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)

    rows = client.get(f"/people/?unit={cast.kefu.pk}&role=head&state=active&kind=hq").context["rows"]
    answer = client.get(f"/people/?unit={cast.kefu.pk}&format=xlsx&sort=-name")

    assert list(rows) == [cast.kefu_head]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet.max_row == 5
    assert client.get("/people/?unit=abc&role=king&sort=password&page=-1&size=9999").status_code == 200


def test_it_shows_a_person_and_hides_strangers(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_officer)

    page = client.get(f"/people/{cast.ludong_officer.pk}/")

    assert "代理信息员" in page.content.decode()
    assert client.get(f"/people/{cast.kefu_head.pk}/").status_code == 404
    assert client.get("/people/999999/").status_code == 404


VERBS = {
    "edit": {"name": "新名", "email": "new@example.com", "phone": "1", "position": "", "officer_full_time": "on"},
    "role": {"role": "deputy"},
    "transfer": {"unit": 0, "role": "member"},
    "deactivate": {"reason": "离职"},
}


@pytest.mark.parametrize("verb", VERBS)
def test_it_asks_who_it_is(cast: Cast, client: Client, verb: str) -> None:
    address = f"/people/{cast.ludong_officer.pk}/{verb}/"

    client.force_login(cast.kefu_head)
    assert client.post(address, VERBS[verb]).status_code == 404
    client.force_login(cast.ludong_head)
    assert client.post(address, VERBS[verb]).status_code == 403
    client.force_login(cast.market_officer)
    assert client.get(address).status_code == 200
    assert client.post(address, {}).status_code == 422
    data = VERBS[verb] | ({"unit": cast.chuannan.pk} if verb == "transfer" else {})
    assert client.post(address, data).status_code == 302


def test_it_transfers_only_where_one_reviews(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_officer)

    page = client.post(f"/people/{cast.ludong_officer.pk}/transfer/", {"unit": cast.kefu.pk, "role": "head"})

    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {"unit"}
    assert User.objects.get(pk=cast.ludong_officer.pk).unit == cast.ludong


@pytest.mark.parametrize("verb", ["role", "transfer", "deactivate"])
def test_it_lets_nobody_do_it_to_himself(cast: Cast, client: Client, verb: str) -> None:
    client.force_login(cast.qifa_officer)

    assert client.post(f"/people/{cast.qifa_officer.pk}/{verb}/", VERBS[verb]).status_code == 403


def test_it_asks_once_more_before_the_last_head_goes(cast: Cast, client: Client) -> None:
    _owing_ticket(cast)
    client.force_login(cast.qifa_head)
    address = f"/people/{cast.kefu_head.pk}/deactivate/"

    page = client.post(address, {"reason": "离职"})

    assert "总裁办" in page.content.decode()
    assert User.objects.get(pk=cast.kefu_head.pk).is_active
    assert client.post(address, {"reason": "离职", "knowing": "on"}).status_code == 302
    assert client.post(address, {"reason": "离职"}).status_code == 409


def test_it_takes_an_account_back(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_head)
    client.post(f"/people/{cast.ludong_member.pk}/deactivate/", {"reason": "离职"})

    assert client.get(f"/people/{cast.ludong_member.pk}/reactivate/").status_code == 405
    assert client.post(f"/people/{cast.ludong_member.pk}/reactivate/").status_code == 302
    assert client.post(f"/people/{cast.ludong_member.pk}/reactivate/").status_code == 409


def test_it_adds_a_person_once(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_officer)
    once = client.get(f"/people/new/?unit={cast.ludong.pk}").context["form"]["once"].value()
    data = {"once": once, "name": "赵六", "email": "zhao@example.com", "unit": cast.ludong.pk, "role": "member"}

    assert client.post("/people/new/", data)["Location"] == client.post("/people/new/", data)["Location"]
    assert client.post("/people/new/", {**data, "unit": cast.kefu.pk}).status_code == 422
    assert User.objects.filter(name="赵六").count() == 1
    client.force_login(cast.ludong_head)
    assert client.get("/people/new/").status_code == 403


def test_it_compiles_the_officers_for_the_supervisors(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.dev_officer.pk).update(role="member")
    client.force_login(cast.qifa_member)

    page = client.get("/officers/?size=100")
    without = client.get("/officers/?gap=without").context["rows"]

    assert "代理信息员" in page.content.decode()
    assert {unit.name for unit in without} == {"总裁办", "营销中心", "政府市场部", "开发部"} - {"政府市场部"}
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/officers/?format=xlsx").content)).active
    assert sheet.max_row == 14


def test_it_shows_a_unit_its_own_officers(cast: Cast, client: Client) -> None:
    client.force_login(cast.ludong_member)

    rows = client.get("/officers/").context["rows"]

    assert [unit.name for unit in rows] == ["鲁东代理商"]


def test_it_prints_slips_for_those_one_reviews(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_officer)
    ids = [cast.ludong_head.pk, cast.chuannan_head.pk, cast.kefu_head.pk, cast.market_officer.pk]

    page = client.post("/people/slips/", {"ids": [*ids, "x", "9" * 30]})

    assert [person for person, _shown in page.context["issued"]] == [cast.ludong_head, cast.chuannan_head]
    assert OneTimePassword.objects.filter(issued_by=cast.market_officer, means="paper").count() == 2
    assert "no-store" in page["Cache-Control"]
    assert client.post("/people/slips/", {"ids": [cast.kefu_head.pk]}).status_code == 403
    assert client.get("/people/slips/").status_code == 405
