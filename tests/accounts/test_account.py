"""One's own account: data, sessions, second factor."""

from __future__ import annotations

import re
from binascii import unhexlify

import pytest
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from accounts.models import SignIn, User
from accounts.views.account import device_words
from channelportal.core.models import AuditEntry
from tests.people import PASSWORD, Cast


def test_it_shows_who_one_is(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)

    page = client.get("/account/").content.decode()

    assert "kefu.head@example.com" in page
    assert "客户服务部" in page


# ── sessions ────────────────────────────────────────────────────────────────────────────────────


def test_it_lists_ones_sessions_and_ends_one(cast: Cast) -> None:
    here, there = Client(), Client(headers={"User-Agent": "Mozilla/5.0 (iPhone) AppleWebKit Safari/605"})
    for one in (here, there):
        one.force_login(cast.kefu_head)
        one.get("/account/")
    other = SignIn.objects.get(session_key=there.session.session_key)

    assert "Safari · iPhone" in here.get("/account/sessions/").content.decode()
    assert here.post(f"/account/sessions/{other.pk}/end/").status_code == 302

    assert there.get("/account/")["Location"].startswith("/sign-in/")
    assert here.get("/account/").status_code == 200
    assert here.post(f"/account/sessions/{other.pk}/end/").status_code == 409
    assert AuditEntry.objects.filter(action="session.ended").count() == 1


def test_it_ends_all_others(cast: Cast) -> None:
    clients = [Client() for _n in range(3)]
    for one in clients:
        one.force_login(cast.kefu_head)
        one.get("/account/")

    clients[0].post("/account/sessions/end-others/")

    assert [one.get("/account/").status_code for one in clients] == [200, 302, 302]


def test_it_ends_nobody_elses_session(client: Client, cast: Cast) -> None:
    victim = Client()
    victim.force_login(cast.dev_head)
    victim.get("/account/")
    client.force_login(cast.kefu_head)

    assert client.post(f"/account/sessions/{SignIn.objects.get().pk}/end/").status_code == 409
    assert victim.get("/account/").status_code == 200


def test_it_voids_every_cookie_when_the_epoch_is_raised(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/")
    User.objects.filter(pk=cast.kefu_head.pk).update(session_epoch=1)

    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537", "Chrome · Windows"),
        ("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8", "WeChat · Android"),
    ],
)
def test_it_names_devices(agent: str, words: str) -> None:
    assert device_words(agent) == words


# ── second factor ───────────────────────────────────────────────────────────────────────────────


def code_of(device: TOTPDevice, drift: int = 0) -> str:
    return f"{totp(unhexlify(device.key), drift=drift):06}"


def set_up(client: Client, user: User) -> tuple[TOTPDevice, list[str]]:
    client.force_login(user)
    page = client.get("/account/second-factor/")
    assert "data:image/svg+xml" in page.content.decode()
    device = TOTPDevice.objects.get(user=user)
    done = client.post("/account/second-factor/", {"code": code_of(device)})
    return device, re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", done.content.decode())


def test_it_asks_an_administrator_to_set_it_up_and_then_for_the_code(cast: Cast, settings: Settings) -> None:
    settings.SECOND_FACTOR = True
    client = Client()
    device, codes = set_up(client, cast.system_admin)
    assert len(codes) == 8
    assert client.get("/account/").status_code == 200

    again = Client()
    again.post("/sign-in/", {"username": "system.admin", "password": PASSWORD})
    assert again.get("/account/")["Location"] == "/sign-in/code/"
    assert again.get("/account/second-factor/")["Location"] == "/sign-in/code/"
    assert again.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert again.post("/sign-in/code/", {"code": code_of(device)}).status_code == 422  # used already
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert again.post("/sign-in/code/", {"code": code_of(device, drift=1)}).status_code == 302
    assert again.get("/account/").status_code == 200


def test_it_takes_each_backup_code_once(client: Client, cast: Cast) -> None:
    _device, codes = set_up(Client(), cast.kefu_head)
    client.post("/sign-in/", {"username": "kefu.head", "password": PASSWORD})

    assert client.post("/sign-in/code/", {"code": codes[0].upper()}).status_code == 302
    assert client.get("/account/").status_code == 200
    second = Client()
    second.post("/sign-in/", {"username": "kefu.head", "password": PASSWORD})
    assert second.post("/sign-in/code/", {"code": codes[0]}).status_code == 422


def test_it_wants_the_right_code_to_set_it_up(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/second-factor/")

    assert client.post("/account/second-factor/", {"code": "000000"}).status_code == 422
    assert not TOTPDevice.objects.get().confirmed
    assert client.get("/account/").status_code == 200


def test_it_can_be_removed_by_choice_but_not_by_administrators(cast: Cast) -> None:
    client = Client()
    set_up(client, cast.kefu_head)
    assert client.post("/account/second-factor/remove/").status_code == 302
    assert not TOTPDevice.objects.filter(user=cast.kefu_head).exists()

    set_up(client, cast.system_admin)
    assert client.post("/account/second-factor/remove/").status_code == 403


def test_it_slows_down_guessing(cast: Cast) -> None:
    device, _codes = set_up(Client(), cast.kefu_head)
    client = Client()
    client.post("/sign-in/", {"username": "kefu.head", "password": PASSWORD})
    for _n in range(3):
        client.post("/sign-in/code/", {"code": "000000"})

    assert client.post("/sign-in/code/", {"code": code_of(device, drift=1)}).status_code == 422
