"""An account locked by too many attempts, and its sessions, in the hands of those whose job it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts import locks
from accounts.models import SignIn, User
from accounts.workflow import sessions
from channelportal.core.clock import now
from channelportal.core.errors import WrongState
from channelportal.core.models import Alert, AuditEntry
from tests.people import PASSWORD, Cast

WRONG = "Wrong-Wrong-2026!"
GUARDS = ["security_admin", "market_head", "market_officer", "qifa_head", "qifa_member"]
STRANGERS = ["kefu_head", "gov_head", "chuannan_head", "market_member"]
NO_GUARDS = ["office_head", "hr_officer", "system_admin", "audit_admin", "ludong_officer"]


def sign_in(client: Client, username: str, password: str = PASSWORD, address: str = "10.9.9.9") -> int:
    return client.post("/sign-in/", {"username": username, "password": password}, REMOTE_ADDR=address).status_code


@pytest.fixture
def locked(cast: Cast) -> User:
    """李代理, after six wrong passwords from one address."""
    assert [sign_in(Client(), "ludong.head", WRONG) for _time in range(6)] == [422] * 5 + [429]
    return cast.ludong_head


def window(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("guard", GUARDS)
def test_it_is_unlocked_by_whose_job_it_is(cast: Cast, locked: User, guard: str) -> None:
    assert sign_in(Client(), "ludong.head") == 429
    client = window(cast.people[guard])
    assert b"/unlock/" in client.get(f"/people/{locked.pk}/").content

    answer = client.post(f"/people/{locked.pk}/unlock/", {"reason": "本人来电，已核对"})

    assert answer.status_code == 302
    assert sign_in(Client(), "ludong.head") == 302
    entry = AuditEntry.objects.get(action="user.unlocked")
    assert (entry.actor, entry.object_id) == (cast.people[guard], str(locked.pk))
    assert entry.data["reason"] == "本人来电，已核对"
    assert entry.data["addresses"] == ["10.9.9.9"]
    assert Alert.objects.get(user=locked, kind="sign-in-unlocked").data["by"] == cast.people[guard].name


@pytest.mark.parametrize("verb", ["unlock", "sessions"])
@pytest.mark.parametrize(("who", "status"), [*((one, 404) for one in STRANGERS), *((one, 403) for one in NO_GUARDS)])
def test_it_is_nobody_elses(cast: Cast, locked: User, who: str, status: int, verb: str) -> None:
    client = window(cast.people[who])

    assert client.get(f"/people/{locked.pk}/{verb}/").status_code == status
    assert client.post(f"/people/{locked.pk}/{verb}/", {"reason": "x"}).status_code == status
    assert locks.standing(locked, now())


@pytest.mark.parametrize("who", ["security_admin", "market_head"])
def test_it_is_not_for_oneself(cast: Cast, who: str) -> None:
    this = cast.people[who]
    client = window(this)

    assert client.post(f"/people/{this.pk}/unlock/", {"reason": "x"}).status_code == 403
    assert client.post(f"/people/{this.pk}/sessions/", {"reason": "x"}).status_code == 403


def test_it_is_the_security_administrators_where_another_administrator_is_locked(cast: Cast) -> None:
    for _time in range(6):
        sign_in(Client(), "system.admin", WRONG)

    assert window(cast.qifa_head).post(f"/people/{cast.system_admin.pk}/unlock/", {"reason": "x"}).status_code == 403
    assert (
        window(cast.security_admin).post(f"/people/{cast.system_admin.pk}/unlock/", {"reason": "x"}).status_code == 302
    )
    assert sign_in(Client(), "system.admin") == 302


@pytest.mark.parametrize("reason", ["", "   ", "字" * 201])
def test_it_wants_a_reason(cast: Cast, locked: User, reason: str) -> None:
    answer = window(cast.market_head).post(f"/people/{locked.pk}/unlock/", {"reason": reason})

    assert answer.status_code == 422
    assert locks.standing(locked, now())


def test_it_is_refused_where_nothing_is_locked(cast: Cast) -> None:
    answer = window(cast.market_head).post(f"/people/{cast.ludong_head.pk}/unlock/", {"reason": "x"})

    assert answer.status_code == 409


def test_it_is_done_once_when_two_do_it(cast: Cast, locked: User) -> None:
    sessions.unlock(locked, by=cast.market_head, reason="来电")

    with pytest.raises(WrongState):
        sessions.unlock(locked, by=cast.qifa_head, reason="来电")
    assert Alert.objects.filter(user=locked, kind="sign-in-unlocked").count() == 1


def test_it_lifts_the_lock_of_this_person_only(cast: Cast, locked: User) -> None:
    for _time in range(6):
        sign_in(Client(), "chuannan.head", WRONG, address="10.9.9.8")

    sessions.unlock(locked, by=cast.market_head, reason="来电")

    assert locks.locked_ids(now()) == {cast.chuannan_head.pk}


def test_it_counts_no_name_that_looks_like_another_accounts_number(cast: Cast) -> None:
    for _time in range(6):
        sign_in(Client(), str(cast.ludong_head.pk), WRONG)

    assert locks.standing(cast.ludong_head, now()) == []
    assert locks.locked_ids(now()) == set()


def test_it_is_over_by_itself(cast: Cast, locked: User) -> None:
    [lock] = locks.standing(locked, now())

    assert lock.address == "10.9.9.9"
    assert lock.until is not None
    assert locks.standing(locked, lock.until + timedelta(seconds=1)) == []


def test_it_is_found_in_the_list_of_people(cast: Cast, locked: User) -> None:
    client = window(cast.security_admin)

    assert list(client.get("/people/?state=locked").context["rows"]) == [locked]
    page = client.get("/people/?q=李代理")
    assert [one.badge[0] for one in page.context["rows"]] == ["late"]


def test_it_ends_every_session_of_the_person(cast: Cast) -> None:
    phone, desk = Client(), Client()
    for one in (phone, desk):
        assert (sign_in(one, "ludong.head"), one.get("/account/").status_code) == (302, 200)
    other = Client()
    sign_in(other, "ludong.officer")

    answer = window(cast.market_officer).post(f"/people/{cast.ludong_head.pk}/sessions/", {"reason": "手机丢失"})

    assert answer.status_code == 302
    assert [one.get("/account/").status_code for one in (phone, desk, other)] == [302, 302, 200]
    assert not SignIn.objects.filter(user=cast.ludong_head).exists()
    entry = AuditEntry.objects.get(action="session.all_ended")
    assert entry.data == {"count": 2, "reason": "手机丢失"}
    assert Alert.objects.filter(user=cast.ludong_head, kind="sessions-ended").exists()
    assert sign_in(Client(), "ludong.head") == 302


def test_it_shows_sessions_to_nobody_else(cast: Cast) -> None:
    his = Client(REMOTE_ADDR="10.9.9.7")
    sign_in(his, "ludong.head", address="10.9.9.7")
    his.get("/account/")

    assert "10.9.9.7" in window(cast.market_head).get(f"/people/{cast.ludong_head.pk}/").content.decode()
    for who in ("hr_officer", "office_head", "ludong_officer"):
        assert "10.9.9.7" not in window(cast.people[who]).get(f"/people/{cast.ludong_head.pk}/").content.decode()
