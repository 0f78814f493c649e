"""The pages of units: who sees what, who may do what, and how many queries it costs."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.test import Client

from accounts.models import Absence, Unit
from tests.people import Cast


def test_it_shows_the_tree_to_headquarters(cast: Cast, client: Client) -> None:
    client.force_login(cast.kefu_member)

    page = client.get("/units/")

    assert page.status_code == 200
    for name in ("企业市场部", "鲁东代理商", "沈阳分公司", "周主管"):
        assert name in page.content.decode()


def test_it_shows_a_channel_no_other_channel(cast: Cast, client: Client) -> None:
    client.force_login(cast.ludong_member)

    page = client.get("/units/").content.decode()

    assert "鲁东代理商" in page
    assert "客户服务部" in page
    assert "川南代理商" not in page
    assert client.get(f"/units/{cast.chuannan.pk}/").status_code == 404
    assert client.get(f"/units/{cast.kefu.pk}/").status_code == 200


def test_it_costs_the_same_for_a_large_company(cast: Cast, client: Client, django_assert_max_num_queries) -> None:
    Unit.objects.bulk_create(
        Unit(code=f"A{n}", name=f"代理{n}", kind="agent", manager=cast.market, pinyin=f"a{n}") for n in range(60)
    )
    client.force_login(cast.qifa_head)

    for address in ("/units/", "/units/?q=dail&kind=agent", "/officers/", "/people/"):
        with django_assert_max_num_queries(25):
            assert client.get(address).status_code == 200


def test_it_finds_a_unit_by_its_initials(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)

    page = client.get("/units/?q=ldd").content.decode()

    assert "鲁东代理商" in page
    assert "川南代理商" not in page


def test_it_exports_the_units(cast: Cast, client: Client) -> None:
    Unit.objects.filter(pk=cast.ludong.pk).update(address="=1+1")
    client.force_login(cast.qifa_head)

    answer = client.get("/units/?format=xlsx&q=LD")

    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [cell.value for cell in sheet[2]][:2] == ["LD", "鲁东代理商"]
    assert sheet[2][9].value == "=1+1"
    assert sheet[2][9].data_type == "s"


def test_it_shows_one_unit_with_people_and_gaps(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_head)

    page = client.get(f"/units/{cast.ludong.pk}/").content.decode()

    for words in ("李代理", "代理信息员", "代理员工", "企业市场部"):
        assert words in page


def test_it_shows_strangers_whom_to_turn_to_only(cast: Cast, client: Client) -> None:
    client.force_login(cast.dev_head)

    page = client.get(f"/units/{cast.kefu.pk}/").content.decode()

    assert "周主管" in page
    assert "客服专员" in page
    assert "kefu.member@example.com" not in page


VERBS = ("edit", "place", "functions", "approval", "close", "absence")


@pytest.mark.parametrize("verb", VERBS)
def test_it_hides_another_channels_verbs(cast: Cast, client: Client, verb: str) -> None:
    client.force_login(cast.chuannan_head)

    assert client.get(f"/units/{cast.ludong.pk}/{verb}/").status_code == 404
    assert client.post(f"/units/{cast.ludong.pk}/{verb}/").status_code == 404


@pytest.mark.parametrize("verb", VERBS)
def test_it_refuses_whoever_may_not(cast: Cast, client: Client, verb: str) -> None:
    client.force_login(cast.ludong_member)

    assert client.get(f"/units/{cast.ludong.pk}/{verb}/").status_code == 403
    assert client.post(f"/units/{cast.ludong.pk}/{verb}/").status_code == 403


@pytest.mark.parametrize("verb", [*VERBS[:2], *VERBS[3:]])
def test_it_opens_every_verb_to_the_supervisors(cast: Cast, client: Client, verb: str) -> None:
    client.force_login(cast.qifa_head)

    assert client.get(f"/units/{cast.ludong.pk}/{verb}/").status_code == 200


def test_it_lets_the_head_change_what_the_unit_says_of_itself(cast: Cast, client: Client) -> None:
    client.force_login(cast.ludong_head)

    answer = client.post(
        f"/units/{cast.ludong.pk}/edit/",
        {"phone": " 0532\u200b-1234 ", "address": "青岛", "handles": "", "name": "皇家代理商", "code": "X"},
    )

    unit = Unit.objects.get(pk=cast.ludong.pk)
    assert answer.status_code == 302
    assert (unit.phone, unit.address) == ("0532-1234", "青岛")
    assert (unit.name, unit.code) == ("鲁东代理商", "LD")


def test_it_lets_the_market_department_change_its_channel(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_officer)
    data = {
        "code": "LD",
        "name": "鲁东代理商",
        "kind": "dealer",
        "region": "华东",
        "phone": "",
        "address": "",
        "handles": "",
    }

    assert client.post(f"/units/{cast.ludong.pk}/edit/", data).status_code == 302
    assert client.post(f"/units/{cast.shenyang.pk}/edit/", data).status_code == 403
    assert Unit.objects.get(pk=cast.ludong.pk).kind == "dealer"


def test_it_says_which_field_is_wrong(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)
    data = {
        "code": "CN",
        "name": "鲁东代理商",
        "kind": "agent",
        "region": "",
        "phone": "",
        "address": "",
        "handles": "",
    }

    page = client.post(f"/units/{cast.ludong.pk}/edit/", data)

    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {"code"}


def test_it_adds_a_unit_once_however_often_it_is_sent(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_officer)
    once = client.get("/units/new/").context["form"]["once"].value()
    data = {"once": once, "kind": "agent", "name": "济南代理商", "code": "JN", "manager": cast.market.pk}

    first, second = client.post("/units/new/", data), client.post("/units/new/", data)

    unit = Unit.objects.get(code="JN")
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"] == f"/units/{unit.pk}/"
    assert client.post("/units/new/", {**data, "kind": "hq"}).status_code == 422
    assert client.post("/units/new/", {**data, "manager": cast.gov.pk}).status_code == 422
    client.force_login(cast.kefu_head)
    assert client.get("/units/new/").status_code == 403


def test_it_moves_and_hands_over_by_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_member)

    answer = client.post(f"/units/{cast.ludong.pk}/place/", {"parent": "", "manager": cast.gov.pk})

    assert answer.status_code == 302
    assert Unit.objects.get(pk=cast.ludong.pk).manager == cast.gov


def test_it_sets_functions_and_approval(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)

    client.post(f"/units/{cast.dev.pk}/functions/", {"functions": ["legal"]})
    client.post(f"/units/{cast.ludong.pk}/approval/", {"heads_need_approval": "on"})

    unit = Unit.objects.get(pk=cast.ludong.pk)
    assert cast.dev.functions.get().function == "legal"
    assert (unit.members_need_approval, unit.heads_need_approval) == (False, True)
    assert client.post(f"/units/{cast.qifa.pk}/functions/", {"sent": "1"}).status_code == 409


def test_it_names_the_hindrances_before_closing(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)

    assert len(client.get(f"/units/{cast.ludong.pk}/close/").context["hindrances"]) == 1
    assert client.post(f"/units/{cast.ludong.pk}/close/").status_code == 409
    assert client.post(f"/units/{cast.ludong.pk}/reopen/").status_code == 409
    assert client.get(f"/units/{cast.ludong.pk}/reopen/").status_code == 405


def test_it_takes_the_heads_absence_on_the_units_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.kefu_head)
    data = {
        "user": cast.kefu_head.pk,
        "first_day": "2026-12-01",
        "last_day": "2098-12-03",
        "deputy": cast.kefu_deputy.pk,
    }

    assert client.post(f"/units/{cast.kefu.pk}/absence/", data).status_code == 422
    assert client.post(f"/units/{cast.kefu.pk}/absence/", {**data, "deputy": cast.ludong_head.pk}).status_code == 422
    data |= {"first_day": "2099-12-01", "last_day": "2099-12-03"}
    assert client.post(f"/units/{cast.kefu.pk}/absence/", data).status_code == 302
    absence = Absence.objects.get()
    assert "客服副" in client.get(f"/units/{cast.kefu.pk}/").content.decode()
    client.force_login(cast.dev_head)
    assert client.post(f"/absences/{absence.pk}/end/").status_code == 403
    client.force_login(cast.ludong_head)
    client.force_login(cast.kefu_head)
    assert client.post(f"/absences/{absence.pk}/end/").status_code == 302
    assert client.post(f"/absences/{absence.pk}/end/").status_code == 409
