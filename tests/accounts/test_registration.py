"""An application for access: the form, what it betrays, the private link, routing, lapse."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from captcha.models import CaptchaStore
from django.test import Client
from django.utils import timezone

from accounts.forms import find_units
from accounts.likeness import likeness
from accounts.models import Agreement, Registration, Signature, Unit, User
from accounts.workflow import registration as verbs
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from tests.people import Cast

PERSON = {
    "name": "新同事", "position": "业务员", "phone": "139-0531-0001", "email": "New.Colleague@example.com",
    "role": "member",
    "reason": "向客户服务部反馈问题", "read": "on", "signed_name": "新同事",
}  # fmt: skip


def fill(client: Client, **values: Any) -> Any:
    """Send the form as a person would, captcha and all."""
    page = client.get("/register/").content.decode()
    key = re.search(r'name="captcha_0" value="(\w+)"', page)
    assert key is not None
    captcha = {"captcha_0": key[1], "captcha_1": CaptchaStore.objects.get(hashkey=key[1]).response}
    return client.post("/register/", {**PERSON, "side": "channel", "unit": "鲁东代理商", **captcha, **values})


def new_unit(cast: Cast, **values: Any) -> dict[str, Any]:
    return {
        "side": "new", "unit": "", "new_unit_name": "胶东海达商贸有限公司", "new_unit_kind": "agent",
        "new_unit_region": "华东",
        "manager": cast.market.pk, **values,
    }  # fmt: skip


def link() -> str:
    """The private link out of the only mail."""
    return str(OutboxMessage.objects.filter(kind="registration-confirm").latest("pk").data["secret"])


def test_it_takes_an_application_and_asks_to_confirm_the_address(client: Client, cast: Cast) -> None:
    response = fill(client)

    assert response["Location"] == "/register/done/"
    one = Registration.objects.get()
    assert (one.state, one.unit, one.email, one.reviewer_unit) == (
        "unconfirmed",
        cast.ludong,
        "new.colleague@example.com",
        None,
    )
    assert re.fullmatch(r"RG-\d{4}-\d{4}-001", one.number)
    signature = Signature.objects.get(registration=one)
    assert (signature.name, signature.agreement.version, signature.address) == ("新同事", 1, "127.0.0.1")
    message = OutboxMessage.objects.get()
    assert (message.kind, message.address) == ("registration-confirm", one.email)
    assert one.token_hash not in message.data["secret"]
    assert not Alert.objects.exists()


def test_it_goes_to_the_reviewers_once_confirmed_by_the_button(client: Client, cast: Cast) -> None:
    fill(client)

    page = client.get(link())
    assert page.status_code == 200
    assert Registration.objects.get().state == "unconfirmed"  # a mail scanner that opens the link confirms nothing
    client.post(link() + "confirm/")

    one = Registration.objects.get()
    assert (one.state, one.reviewer_unit) == ("submitted", cast.market)
    assert {alert.user.name for alert in Alert.objects.all()} == {"钱企市", "企市员"}
    assert OutboxMessage.objects.filter(kind="registration-submitted").count() == 2
    assert client.post(link() + "confirm/").status_code == 409


@pytest.mark.parametrize(
    ("side", "unit", "reviewer"),
    [
        ("channel", "川南代理商", "企业市场部"),
        ("channel", "沈阳分公司", "政府市场部"),
        ("hq", "开发部", "企发部"),
        ("hq", "企发部", "企发部"),
    ],
)
def test_it_is_routed_to_the_right_reviewers(client: Client, cast: Cast, side: str, unit: str, reviewer: str) -> None:
    fill(client, side=side, unit=unit)
    client.post(link() + "confirm/")

    assert str(Registration.objects.get().reviewer_unit) == reviewer


def test_it_takes_a_new_channel_unit(client: Client, cast: Cast) -> None:
    assert fill(client, **new_unit(cast)).status_code == 302
    client.post(link() + "confirm/")

    one = Registration.objects.get()
    assert (one.unit, one.unit_name, one.reviewer_unit) == (None, "胶东海达商贸有限公司", cast.market)
    assert not Unit.objects.filter(name=one.unit_name).exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u200b \u200b"}, "name"),
        ({"email": "nonsense"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"role": "deputy"}, "role"),
        ({"read": ""}, "read"),
        ({"signed_name": "别人"}, "signed_name"),
        ({"unit": "没有的单位"}, "unit"),
        ({"unit": "开发部"}, "unit"),  # HQ, but a channel was said
        ({"unit": ""}, "unit"),
        ({"side": "hq", "unit": "鲁东代理商"}, "unit"),
        ({"side": "new", "unit": ""}, "new_unit_name"),
        ({"side": "moon"}, "side"),
        ({"captcha_1": "0"}, "captcha"),
        ({"reason": "x" * 301}, "reason"),
    ],
)
def test_it_says_what_is_wrong_and_keeps_what_was_typed(
    client: Client, cast: Cast, values: dict[str, str], field: str
) -> None:
    response = fill(client, **values)

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert "业务员" in response.content.decode()
    assert not Registration.objects.exists()


def test_it_takes_no_market_department_that_is_none(client: Client, cast: Cast) -> None:
    assert fill(client, **new_unit(cast, manager=cast.kefu.pk)).status_code == 422
    assert fill(client, **new_unit(cast, new_unit_kind="hq")).status_code == 422


def test_it_lists_the_units_that_fit_where_no_script_helps(client: Client, cast: Cast) -> None:
    response = fill(client, unit="代理商")

    assert response.status_code == 422
    told = response.context["form"].errors["unit"][0]
    assert "鲁东代理商" in told
    assert "川南代理商" in told


def test_it_finds_units_by_name_and_pinyin(client: Client, cast: Cast) -> None:
    Unit.objects.filter(pk=cast.chuannan.pk).update(active=False)

    assert find_units("鲁东") == find_units("ludong") == ["鲁东代理商"]
    assert find_units("川南") == []
    assert find_units("l") == []
    answer = client.get("/register/units/", {"q": "sy"}).json()
    assert answer == {"results": [{"id": "沈阳分公司", "text": "沈阳分公司"}]}


def test_it_limits_how_much_may_be_looked_up(client: Client, cast: Cast) -> None:
    codes = {client.get("/register/units/", {"q": "sy"}).status_code for _n in range(121)}

    assert codes == {200, 429}


def test_it_betrays_nothing_that_is_taken(client: Client, cast: Cast) -> None:
    fresh = fill(client)
    taken = fill(client, email=cast.kefu_head.email)
    twice = fill(client)
    unit = fill(client, **new_unit(cast, new_unit_name="鲁东代理商", email="third@example.com"))

    assert {(one.status_code, one["Location"]) for one in (fresh, taken, twice, unit)} == {(302, "/register/done/")}


def test_it_limits_how_many_come_from_one_address(client: Client, cast: Cast) -> None:
    codes = [fill(client).status_code for _n in range(21)]

    assert codes == [302] * 20 + [422]


def test_it_numbers_the_days_applications(client: Client, cast: Cast) -> None:
    for _n in range(3):
        fill(client)

    assert [one.number[-3:] for one in Registration.objects.order_by("pk")] == ["001", "002", "003"]


# ── the private link ────────────────────────────────────────────────────────────────────────────


def test_it_shows_the_state_to_nobody_without_the_link(client: Client, cast: Cast) -> None:
    fill(client)

    assert client.get("/register/state/guessed/").status_code == 404
    assert client.get(f"/register/state/{Registration.objects.get().token_hash}/").status_code == 404


def test_it_can_be_withdrawn(client: Client, cast: Cast) -> None:
    fill(client)
    client.post(link() + "confirm/")

    assert client.post(link() + "withdraw/").status_code == 302

    assert Registration.objects.get().state == "withdrawn"
    assert set(OutboxMessage.objects.filter(kind="registration-submitted").values_list("state", flat=True)) == {
        "cancelled"
    }
    assert client.post(link() + "withdraw/").status_code == 409
    assert client.get(link()).status_code == 200
    assert AuditEntry.objects.filter(action="registration.withdrawn").count() == 1


def test_it_lapses_unconfirmed_after_seven_days(client: Client, cast: Cast) -> None:
    fill(client)
    one = Registration.objects.get()

    assert verbs.lapse(one.created_at + timedelta(days=7, seconds=-1)) == 0
    assert verbs.lapse(one.created_at + timedelta(days=7)) == 1
    assert verbs.lapse(one.created_at + timedelta(days=7)) == 0

    one.refresh_from_db()
    assert one.state == "lapsed"
    assert client.post(link() + "confirm/").status_code == 409
    assert client.get(link()).status_code == 200


def test_it_cannot_be_confirmed_late_where_no_worker_runs(client: Client, cast: Cast) -> None:
    fill(client)
    one = Registration.objects.get()

    with pytest.raises(WrongState):
        verbs.confirm(one, at=one.created_at + timedelta(days=7))


def test_it_refuses_a_closed_unit(cast: Cast) -> None:
    Unit.objects.filter(pk=cast.ludong.pk).update(active=False)
    cast.ludong.refresh_from_db()

    with pytest.raises(Invalid):
        file(cast, unit=cast.ludong)


def file(cast: Cast, **values: Any) -> Registration:
    """An application by the verb."""
    plain: dict[str, Any] = {
        "name": "新同事", "position": "业务员", "phone": "13905310001", "email": "new@example.com", "role": "member",
        "reason": "反馈问题", "unit": cast.ludong,
    } | values  # fmt: skip
    agreement = Agreement.objects.latest("version")
    return verbs.submit(**plain, agreement=agreement, signed_name=plain["name"], at=timezone.now())


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("济南鲁东商贸有限公司", "济南鲁东商贸", True),
        ("鲁冬代理商", "鲁东代理商", True),
        ("鲁东", "鲁东代理商", True),
        ("胶东海达商贸有限公司", "川南代理商", False),
        ("沈阳分公司", "长春分公司", False),
    ],
)
def test_it_knows_names_that_are_alike(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= 0.8) is alike


def test_it_knows_no_user_from_an_application(client: Client, cast: Cast) -> None:
    before = User.objects.count()
    fill(client)
    client.post(link() + "confirm/")

    assert User.objects.count() == before
