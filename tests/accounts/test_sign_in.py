"""Sign-in: by account, e-mail or phone; the lock; the same answer whether the account exists or not."""

from __future__ import annotations

import re
from datetime import timedelta
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone

from accounts import throttle
from accounts.models import SignIn, Throttle, User
from accounts.workflow import passwords
from channelportal.core.models import AuditEntry
from tests import threads
from tests.people import PASSWORD, Cast, cast

WRONG = "Wrong-Wrong-2026!"


def try_in(client: Client, username: str, password: str = PASSWORD, **extra: str) -> int:
    return client.post("/sign-in/", {"username": username, "password": password}, **extra).status_code  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "typed", ["kefu.head", "KEFU.HEAD", " kefu.head ", "kefu.head@example.com", "Kefu.Head@Example.com", "13800000011"]
)
def test_it_opens_by_account_email_or_phone(client: Client, cast: Cast, typed: str) -> None:
    assert cast.kefu_head.phone == "13800000011"

    response = client.post("/sign-in/", {"username": typed, "password": PASSWORD, "next": "/account/"})

    assert response["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert SignIn.objects.get().user == cast.kefu_head
    assert AuditEntry.objects.filter(action="user.signed_in", actor=cast.kefu_head).count() == 1


def test_it_refuses_a_phone_number_of_two(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.dev_head.pk).update(phone=cast.kefu_head.phone)

    assert try_in(client, cast.kefu_head.phone) == 422


def test_it_leads_nowhere_else(client: Client, cast: Cast) -> None:
    for address in ("https://example.com/", "//example.com/", "/\\example.com", "javascript:alert(1)"):
        response = Client().post("/sign-in/", {"username": "kefu.head", "password": PASSWORD, "next": address})

        assert response["Location"] == "/"


def test_it_says_the_same_for_every_refusal(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.dev_head.pk).update(is_active=False)
    User.objects.filter(pk=cast.lab_head.pk).update(password="!unusable")

    pages = [
        client.post("/sign-in/", {"username": name, "password": WRONG}).content.decode().replace(name, "")
        for name in ("kefu.head", "nobody.at.all", "dev.head", "lab.head")
    ]

    assert len({page.partition("<main")[2].partition("</main")[0] for page in map(without_csrf, pages)}) == 1


def without_csrf(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


@pytest.mark.parametrize("typed", ["kefu.head", "nobody", "dev.head", "lab.head"])
def test_it_works_out_one_hash_whoever_asks(cast: Cast, typed: str) -> None:
    User.objects.filter(pk=cast.dev_head.pk).update(is_active=False)
    User.objects.filter(pk=cast.lab_head.pk).update(password="!unusable")
    hashes: list[str] = []
    real_make, real_check = passwords.make_password, User.check_password
    with (
        mock.patch.object(passwords, "make_password", lambda *a: hashes.append("made") or real_make(*a)),
        mock.patch.object(User, "check_password", lambda *a: hashes.append("checked") or real_check(*a)),
    ):
        passwords.verify(typed, WRONG)

    assert len(hashes) == 1


def test_it_never_hashes_what_is_too_long(client: Client, cast: Cast) -> None:
    assert try_in(client, "kefu.head", PASSWORD + "x" * 150) == 422
    assert try_in(client, "kefu.head", "x" * 100_000) == 422


def test_it_takes_the_input_methods_full_width_form(client: Client, cast: Cast) -> None:
    assert try_in(client, "kefu.head", PASSWORD.replace("!", "！")) == 302


@pytest.mark.parametrize("typed", ["kefu.head", "nobody"])
def test_it_locks_after_five_failures_known_or_not(client: Client, cast: Cast, typed: str) -> None:
    codes = [try_in(client, typed, WRONG) for _n in range(7)]

    assert codes == [422] * 5 + [429] * 2
    assert try_in(client, typed) == 429
    assert AuditEntry.objects.filter(action="user.sign_in_failed").count() == 5
    assert AuditEntry.objects.filter(action="user.sign_in_locked", result="refused").count() == 3


def test_it_locks_an_account_under_all_its_names(client: Client, cast: Cast) -> None:
    for typed in ("kefu.head", "kefu.head@example.com", "13800000011", "KEFU.head", "kefu.head"):
        try_in(client, typed, WRONG)

    assert try_in(client, "kefu.head@example.com") == 429


def test_it_ends_the_lock_by_itself_and_trying_does_not_lengthen_it(client: Client, cast: Cast) -> None:
    for _n in range(9):
        try_in(client, "kefu.head", WRONG)
    Throttle.objects.update(started_at=timezone.now() - timedelta(minutes=14, seconds=50))
    assert try_in(client, "kefu.head") == 429

    Throttle.objects.update(started_at=timezone.now() - timedelta(minutes=15))

    assert try_in(client, "kefu.head") == 302


def test_it_does_not_lock_the_same_account_elsewhere(client: Client, cast: Cast) -> None:
    for _n in range(6):
        try_in(client, "kefu.head", WRONG, REMOTE_ADDR="10.0.0.9")

    assert try_in(client, "kefu.head", REMOTE_ADDR="10.0.0.1") == 302


def test_it_does_not_lock_a_known_device_behind_the_same_address(client: Client, cast: Cast) -> None:
    assert try_in(client, "kefu.head") == 302
    client.post("/sign-out/")
    attacker = Client()
    for _n in range(6):
        try_in(attacker, "kefu.head", WRONG)
    assert try_in(attacker, "kefu.head") == 429

    assert try_in(client, "kefu.head") == 302


def test_it_locks_an_address_after_twenty_failures(client: Client, cast: Cast) -> None:
    codes = [try_in(client, f"guess{n}", WRONG) for n in range(21)]

    assert codes == [422] * 20 + [429]
    assert try_in(client, "kefu.head") == 429


def test_it_lets_a_whole_branch_in_from_one_address(client: Client, cast: Cast) -> None:
    codes = [try_in(Client(), user.username) for user in cast.people.values()]

    assert codes == [302] * len(codes)
    assert len(codes) > 20


def test_it_forgets_failures_after_a_success(client: Client, cast: Cast) -> None:
    for _round in range(3):
        for _n in range(4):
            try_in(client, "kefu.head", WRONG)
        assert try_in(client, "kefu.head") == 302
        client.post("/sign-out/")


def test_it_tells_a_frozen_person_who_knows_the_password(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.kefu_head.pk).update(frozen_at=timezone.now())

    told = client.post("/sign-in/", {"username": "kefu.head", "password": PASSWORD}).content.decode()
    untold = client.post("/sign-in/", {"username": "kefu.head", "password": WRONG}).content.decode()

    assert "冻结" in told or "frozen" in told
    assert told.partition("<main")[2] != untold.partition("<main")[2]
    assert not SignIn.objects.exists()


def test_it_signs_out_by_post_only(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)

    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert not SignIn.objects.exists()
    assert client.get("/account/")["Location"].startswith("/sign-in/")


def test_it_does_not_offer_the_admins_own_login(client: Client, cast: Cast) -> None:
    assert client.get("/admin/login/")["Location"] == "/sign-in/"
    assert client.post("/admin/login/", {"username": "kefu.head", "password": PASSWORD})["Location"] == "/sign-in/"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_lets_no_more_than_five_through_at_once() -> None:
    cast()
    hashed: list[str] = []
    real = User.check_password
    with mock.patch.object(User, "check_password", lambda *a: hashed.append("") or real(*a)):
        codes = threads.results([lambda: try_in(Client(), "kefu.head", WRONG)] * 32)

    assert sorted(codes, key=str) == [422] * 5 + [429] * 27
    assert len(hashed) == 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_renews_a_window_once_for_many() -> None:
    limit = throttle.Limit(3, timedelta(minutes=1))
    Throttle.objects.create(key="x", count=3, started_at=timezone.now() - timedelta(minutes=2))

    passed = threads.results([lambda: throttle.reserve("x", limit, timezone.now())] * 20)

    assert passed.count(True) == 3
