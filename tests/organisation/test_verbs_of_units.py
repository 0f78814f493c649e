"""Verbs on units: each works, says why it does not, and leaves its trace."""

from __future__ import annotations

import pytest

from accounts.access import may
from accounts.models import Unit, UnitGroupPermission
from accounts.workflow import people, units
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry, Stamp
from tests.people import Cast


def _fresh(user):
    """The person as the next request has him: without the scope of this one."""
    return type(user).objects.get(pk=user.pk)


def test_it_creates_a_channel_that_its_market_department_reviews(cast: Cast) -> None:
    unit = units.create(code="JN", name="济南代理商", kind="agent", manager=cast.market, by=cast.qifa_head)

    assert unit.pinyin == "jinandailishang jndls"
    assert may(_fresh(cast.market_officer), "registration.review", unit)
    assert not may(_fresh(cast.gov_head), "registration.review", unit)
    assert AuditEntry.objects.filter(action="unit.created", object_id=str(unit.pk), actor=cast.qifa_head).exists()


def test_it_creates_a_department_that_the_registrar_of_headquarters_reviews(cast: Cast) -> None:
    unit = units.create(code="FW", name="法务部", kind="hq", parent=cast.office, by=cast.qifa_head)

    assert may(_fresh(cast.qifa_head), "registration.review", unit)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": "LD"}, "code"),
        ({"code": "ld"}, "code"),
        ({"name": "鲁东代理商"}, "name"),
        ({"name": "  "}, "name"),
        ({"kind": "planet"}, "kind"),
        ({"manager": None}, "manager"),
    ],
)
def test_it_refuses_a_unit_that_cannot_be(cast: Cast, values: dict[str, object], field: str) -> None:
    good = {"code": "JN", "name": "济南代理商", "kind": "agent", "manager": cast.market}

    with pytest.raises(Invalid) as caught:
        units.create(**{**good, **values}, by=cast.qifa_head)

    assert caught.value.field == field
    assert not Unit.objects.filter(code="JN").exists()


def test_it_refuses_a_manager_that_reviews_nobody_and_one_for_headquarters(cast: Cast) -> None:
    with pytest.raises(Invalid, match="manager"):
        units.create(code="JN", name="济南代理商", kind="agent", manager=cast.kefu, by=cast.qifa_head)
    with pytest.raises(Invalid, match="manager"):
        units.create(code="FW", name="法务部", kind="hq", manager=cast.market, by=cast.qifa_head)


def test_it_hands_the_review_over_with_the_managing_department(cast: Cast) -> None:
    number = Stamp.objects.get(name="units").number

    units.set_manager(cast.ludong, cast.gov, by=cast.qifa_head)

    assert may(_fresh(cast.gov_officer), "registration.review", cast.ludong)
    assert not may(_fresh(cast.market_head), "registration.review", cast.ludong)
    assert Stamp.objects.get(name="units").number > number
    entry = AuditEntry.objects.get(action="unit.manager_set")
    assert entry.data["changes"] == {"manager": ["企业市场部", "政府市场部"]}


def test_it_does_nothing_twice(cast: Cast) -> None:
    units.set_manager(cast.ludong, cast.gov, by=cast.qifa_head)
    units.set_manager(cast.ludong, cast.gov, by=cast.qifa_head)
    units.change(cast.ludong, by=cast.qifa_head, phone=cast.ludong.phone)

    assert AuditEntry.objects.filter(action="unit.manager_set").count() == 1
    assert not AuditEntry.objects.filter(action="unit.changed").exists()


def test_it_moves_but_not_in_a_circle(cast: Cast) -> None:
    units.move(cast.kefu, cast.center, by=cast.qifa_head)

    assert Unit.objects.get(pk=cast.kefu.pk).parent == cast.center
    with pytest.raises(Invalid, match=r"circle|绕"):
        units.move(cast.center, cast.market, by=cast.qifa_head)
    with pytest.raises(Invalid):
        units.move(cast.center, cast.center, by=cast.qifa_head)
    with pytest.raises(Invalid, match=r"channel|渠道"):
        units.move(cast.kefu, cast.ludong, by=cast.qifa_head)


def test_it_gives_a_single_function_to_another_unit_with_its_grants(cast: Cast) -> None:
    units.set_functions(cast.hr, ["personnel", "registrar_hq"], by=cast.qifa_head)

    assert set(cast.qifa.functions.values_list("function", flat=True)) == {"supervising"}
    assert may(_fresh(cast.hr_officer), "registration.review", cast.kefu)
    assert not may(_fresh(cast.qifa_officer), "registration.review", cast.kefu)


def test_it_leaves_no_single_function_without_a_holder(cast: Cast) -> None:
    with pytest.raises(WrongState):
        units.set_functions(cast.qifa, ["registrar_hq"], by=cast.qifa_head)


def test_it_keeps_the_registrar_of_channels_that_still_manages_some(cast: Cast) -> None:
    with pytest.raises(WrongState):
        units.set_functions(cast.market, [], by=cast.qifa_head)


def test_it_gives_no_function_to_a_channel(cast: Cast) -> None:
    with pytest.raises(Invalid):
        units.set_functions(cast.ludong, ["legal"], by=cast.qifa_head)


def test_it_names_a_contact_person_of_headquarters_only(cast: Cast) -> None:
    units.set_contact(cast.ludong, cast.market_officer, by=cast.market_head)

    assert Unit.objects.get(pk=cast.ludong.pk).contact == cast.market_officer
    with pytest.raises(Invalid):
        units.set_contact(cast.ludong, cast.chuannan_head, by=cast.market_head)
    with pytest.raises(Invalid):
        units.set_contact(cast.kefu, cast.market_officer, by=cast.qifa_head)


def test_it_says_what_hinders_the_closing(cast: Cast) -> None:
    with pytest.raises(WrongState) as caught:
        units.close(cast.ludong, by=cast.qifa_head)

    assert "3" in str(caught.value)
    assert len(units.hindrances(cast.market)) == 3  # people, channels, a function


def test_it_closes_an_empty_unit_once_and_takes_it_back(cast: Cast) -> None:
    for person in (cast.ludong_member, cast.ludong_officer, cast.ludong_head):
        people.deactivate(person, by=cast.market_head, reason="离职")
    units.close(cast.ludong, by=cast.qifa_head)

    assert not Unit.objects.get(pk=cast.ludong.pk).active
    assert not UnitGroupPermission.objects.filter(content_object=cast.ludong).exists()
    with pytest.raises(WrongState):
        units.close(cast.ludong, by=cast.qifa_head)
    units.reopen(cast.ludong, by=cast.qifa_head)
    assert may(_fresh(cast.market_head), "registration.review", cast.ludong)
    with pytest.raises(WrongState):
        units.reopen(cast.ludong, by=cast.qifa_head)


def test_it_does_not_make_a_channel_of_a_department(cast: Cast) -> None:
    with pytest.raises(Invalid, match="kind"):
        units.change(cast.kefu, by=cast.qifa_head, kind="agent")
    units.change(cast.ludong, by=cast.qifa_head, kind="dealer")
    assert Unit.objects.get(pk=cast.ludong.pk).kind == "dealer"
