"""The review of applications: who sees and decides, what he is told, what an approval makes."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from django.test import Client

from accounts import access
from accounts.likeness import warnings_about
from accounts.models import OneTimePassword, Registration, Unit, User
from accounts.workflow import passwords
from accounts.workflow import registration as verbs
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry, OutboxMessage
from tests.accounts.test_registration import file
from tests.people import Cast, cast
from tests.threads import results


def waiting(cast: Cast, **values: Any) -> Registration:
    return verbs.confirm(file(cast, **values))


def new_unit(cast: Cast, **values: Any) -> Registration:
    made = {
        "unit": None,
        "new_unit_name": "胶东海达商贸有限公司",
        "new_unit_kind": "agent",
        "new_unit_region": "华东",
        "manager": cast.market,
    }
    return waiting(cast, **(made | values))


# ── approve ─────────────────────────────────────────────────────────────────────────────────────


def test_it_makes_account_role_and_password_in_one_step(client: Client, cast: Cast) -> None:
    one = waiting(cast)
    client.force_login(cast.market_officer)

    response = client.post(f"/registrations/{one.pk}/approve/", {"role": "officer", "means": "mail"})

    assert response["Location"] == "/registrations/"
    one.refresh_from_db()
    user = User.objects.get(email="new@example.com")
    assert (one.state, one.user, one.decided_by) == ("approved", user, cast.market_officer)
    assert (user.username, user.role, user.unit, user.password_changed_at) == (
        "xintongshi",
        "officer",
        cast.ludong,
        None,
    )
    assert list(user.groups.all()) == [cast.ludong.group]
    assert user.signatures.count() == 1  # what the applicant signed counts for the account
    assert set(OutboxMessage.objects.filter(user=user).values_list("kind", flat=True)) == {
        "registration-approved",
        "password-issued",
    }
    assert AuditEntry.objects.filter(action="registration.approved", actor=cast.market_officer).count() == 1


def test_it_leads_from_the_slip_to_the_first_change(client: Client, cast: Cast) -> None:
    one = waiting(cast)
    client.force_login(cast.market_head)

    page = client.post(f"/registrations/{one.pk}/approve/", {"role": "member", "means": "paper"})

    assert page["Cache-Control"] in ("no-store, private", "private, no-store")
    shown = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{5}-[A-Z0-9]{5}", page.content.decode())
    assert shown is not None
    assert not OutboxMessage.objects.filter(kind="password-issued").exists()
    newcomer = Client()
    newcomer.post("/sign-in/", {"username": "new@example.com", "password": shown[0]})
    assert newcomer.get("/account/")["Location"] == "/password/"
    newcomer.post("/password/", {"new": "Nine!paper-Boats", "again": "Nine!paper-Boats"})
    assert newcomer.get("/account/").status_code == 200


def test_it_makes_the_new_unit_with_its_reviewers(cast: Cast) -> None:
    one = new_unit(cast, role="head")

    made = verbs.approve(one, by=cast.market_head, means="paper")

    unit = Unit.objects.get(name="胶东海达商贸有限公司")
    assert (unit.kind, unit.manager, unit.region, unit.code) == ("agent", cast.market, "华东", "JDHDSMYXGS")
    assert (made.user.unit, made.user.role) == (unit, "head")
    again = User.objects.get(pk=cast.market_officer.pk)
    assert access.may(again, "registration.review", unit)
    assert not access.may(cast.gov_head, "registration.review", unit)


def test_it_can_take_an_existing_unit_instead_of_the_new_one(client: Client, cast: Cast) -> None:
    one = new_unit(cast, new_unit_name="鲁东代理")
    client.force_login(cast.market_head)

    client.post(f"/registrations/{one.pk}/approve/", {"role": "member", "means": "mail", "unit": cast.ludong.pk})

    assert User.objects.get(email="new@example.com").unit == cast.ludong
    assert not Unit.objects.filter(name="鲁东代理").exists()


def test_it_takes_no_unit_of_another_department(cast: Cast) -> None:
    one = new_unit(cast)

    with pytest.raises(Invalid):
        verbs.approve(one, by=cast.market_head, means="mail", unit=cast.shenyang)


def test_it_gives_people_of_one_name_different_accounts(cast: Cast) -> None:
    first = verbs.approve(waiting(cast), by=cast.market_head, means="mail")
    second = verbs.approve(waiting(cast, email="b@example.com", phone="13700000000"), by=cast.market_head, means="mail")

    assert [first.user.username, second.user.username] == ["xintongshi", "xintongshi2"]


def test_it_cannot_approve_a_taken_address(client: Client, cast: Cast) -> None:
    one = waiting(cast, email="Kefu.Head@example.com".lower())
    client.force_login(cast.market_head)

    response = client.post(f"/registrations/{one.pk}/approve/", {"role": "member", "means": "mail"})

    assert response.status_code == 422
    assert Registration.objects.get().state == "submitted"


@pytest.mark.parametrize("data", [{}, {"role": "king", "means": "mail"}, {"role": "member", "means": "pigeon"}])
def test_it_refuses_bad_input(client: Client, cast: Cast, data: dict[str, str]) -> None:
    one = waiting(cast)
    client.force_login(cast.market_head)

    assert client.post(f"/registrations/{one.pk}/approve/", data).status_code == 422


def test_it_approves_once(client: Client, cast: Cast) -> None:
    one = waiting(cast)
    client.force_login(cast.market_head)
    client.post(f"/registrations/{one.pk}/approve/", {"role": "member", "means": "mail"})

    assert client.post(f"/registrations/{one.pk}/approve/", {"role": "member", "means": "mail"}).status_code == 409
    assert client.post(f"/registrations/{one.pk}/refuse/", {"reason": "重复"}).status_code == 409


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_makes_one_account_of_thirty_two_approvals() -> None:
    company = cast()
    one = new_unit(company)
    people = [company.market_head, company.market_officer]

    def approve(number: int) -> Any:
        return verbs.approve(one, by=User.objects.get(pk=people[number % 2].pk), means="paper")

    found = results([lambda number=number: approve(number) for number in range(32)])

    assert sum(isinstance(result, verbs.Approved) for result in found) == 1
    assert sum(isinstance(result, WrongState) for result in found) == 31, found
    assert User.objects.filter(email="new@example.com").count() == 1
    assert Unit.objects.filter(name="胶东海达商贸有限公司").count() == 1
    assert OneTimePassword.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_uses_an_issued_password_once_of_sixteen_tries() -> None:
    company = cast()
    issued = passwords.issue(company.kefu_head, by=company.qifa_head, means="paper")

    found = results([lambda: passwords.verify("kefu.head", issued.shown)] * 16)

    assert sum(result is not None for result in found) == 1
    assert OneTimePassword.objects.get().tries <= 5


# ── refuse ──────────────────────────────────────────────────────────────────────────────────────


def test_it_refuses_with_a_reason_that_is_mailed(client: Client, cast: Cast) -> None:
    one = waiting(cast)
    client.force_login(cast.market_head)
    assert client.post(f"/registrations/{one.pk}/refuse/", {"reason": "  "}).status_code == 422

    client.post(f"/registrations/{one.pk}/refuse/", {"reason": "请用单位邮箱重新注册"})

    one.refresh_from_db()
    assert (one.state, one.refusal, one.decided_by) == ("refused", "请用单位邮箱重新注册", cast.market_head)
    message = OutboxMessage.objects.get(kind="registration-refused")
    assert (message.address, message.data["reason"]) == ("new@example.com", "请用单位邮箱重新注册")
    assert AuditEntry.objects.filter(action="registration.refused").count() == 1


# ── who ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("market_head", 200),
        ("market_officer", 200),
        ("market_member", 403),
        ("gov_head", 404),
        ("qifa_head", 404),  # reviews HQ, not channels
        ("ludong_head", 403),
        ("kefu_head", 403),
        ("system_admin", 403),
    ],
)
def test_it_is_for_its_reviewers_only(client: Client, cast: Cast, who: str, status: int) -> None:
    one = waiting(cast)
    client.force_login(cast.people[who])

    assert client.get(f"/registrations/{one.pk}/").status_code == status
    if status != 200:
        data = {"role": "member", "means": "mail", "reason": "x"}
        assert client.post(f"/registrations/{one.pk}/approve/", data).status_code == status
        assert client.post(f"/registrations/{one.pk}/refuse/", data).status_code == status
        one.refresh_from_db()
        assert one.state == "submitted"


def test_it_is_decided_by_nobody_for_himself(client: Client, cast: Cast) -> None:
    one = waiting(cast, unit=cast.qifa, email=cast.qifa_officer.email)
    client.force_login(cast.qifa_officer)

    assert client.post(f"/registrations/{one.pk}/approve/", {"role": "head", "means": "mail"}).status_code == 403
    client.force_login(cast.qifa_head)
    assert client.post(f"/registrations/{one.pk}/refuse/", {"reason": "已有账号"}).status_code == 302


def test_it_shows_no_unconfirmed_ones(client: Client, cast: Cast) -> None:
    one = file(cast)
    client.force_login(cast.market_head)

    assert client.get(f"/registrations/{one.pk}/").status_code == 404
    assert one.number not in client.get("/registrations/").content.decode()


def test_it_lists_filters_and_exports(client: Client, cast: Cast) -> None:
    mine, other = (
        waiting(cast),
        waiting(cast, unit=cast.shenyang, email="s@example.com", phone="13600000000", name="=1+1"),
    )
    client.force_login(cast.market_head)

    page = client.get("/registrations/?state=submitted&q=新同").content.decode()
    assert mine.number in page
    assert other.number not in page
    assert mine.number not in client.get("/registrations/?state=refused").content.decode()
    book = openpyxl.load_workbook(io.BytesIO(client.get("/registrations/?format=xlsx").content))
    rows = list(book.active.values)
    assert [row[0] for row in rows[1:]] == [mine.number]


# ── what the reviewer is told ───────────────────────────────────────────────────────────────────


def told(one: Registration) -> str:
    return " ".join(hint.words for hint in warnings_about(one))


def test_it_warns_of_a_taken_address(cast: Cast) -> None:
    one = waiting(cast, email=cast.kefu_head.email)

    assert next(hint.blocks for hint in warnings_about(one))
    assert "周主管" in told(one)


def test_it_warns_of_the_same_person_twice(cast: Cast) -> None:
    first = waiting(cast, email="a@example.com")
    second = waiting(cast, email="b@example.com", phone=cast.ludong_member.phone)

    assert first.number in told(second)
    assert "代理员工" in told(second)


def test_it_warns_of_a_unit_of_a_similar_name(cast: Cast) -> None:
    assert "鲁东代理商" in told(new_unit(cast, new_unit_name="鲁冬代理有限公司"))


def test_it_blocks_a_unit_that_exists(cast: Cast) -> None:
    assert any(hint.blocks for hint in warnings_about(new_unit(cast, new_unit_name="鲁东代理商")))


def test_it_warns_of_nothing_where_nothing_is(cast: Cast) -> None:
    assert told(new_unit(cast)) == ""


def test_it_shows_the_warnings_to_the_reviewer(client: Client, cast: Cast) -> None:
    one = waiting(cast, email=cast.kefu_head.email)
    client.force_login(cast.market_head)

    assert "周主管" in client.get(f"/registrations/{one.pk}/").content.decode()
