"""Short secrets on rows: sealed for one place, with a key that can be changed."""

from __future__ import annotations

import base64

import pytest
from pytest_django import Settings

from channelportal.core import checks, vault

OLD = f"2026:{base64.b64encode(bytes(range(32))).decode()}"
NEW = f"2027:{base64.b64encode(bytes(range(32, 64))).decode()}"


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.FILE_KEYS = OLD


def test_it_opens_what_it_sealed() -> None:
    sealed = vault.seal_text("钥匙 key", "robot 7 address")

    assert vault.open_text(sealed, "robot 7 address") == "钥匙 key"
    assert "key" not in sealed
    assert vault.sealed_with(sealed) == "2026"


def test_it_seals_the_same_text_differently_each_time() -> None:
    assert vault.seal_text("a", "x") != vault.seal_text("a", "x")


def test_it_opens_nothing_at_another_place() -> None:
    with pytest.raises(vault.Altered):
        vault.open_text(vault.seal_text("a", "robot 7 address"), "robot 8 address")


@pytest.mark.parametrize(
    "spoil", [lambda s: s[:-4] + "AAA=", lambda s: s + "!", lambda s: s[5:], lambda s: "", lambda s: "CPT1:2026:"]
)
def test_it_opens_nothing_that_was_altered(spoil: object) -> None:
    with pytest.raises(vault.Altered):
        vault.open_text(spoil(vault.seal_text("a secret", "x")), "x")  # type: ignore[operator]


def test_it_opens_with_a_former_key_and_seals_with_the_current_one(settings: Settings) -> None:
    old = vault.seal_text("a", "x")
    settings.FILE_KEYS = f"{NEW},{OLD}"

    assert vault.open_text(old, "x") == "a"
    assert vault.sealed_with(vault.seal_text("a", "x")) == "2027"


def test_it_says_which_key_is_missing(settings: Settings) -> None:
    old = vault.seal_text("a", "x")
    settings.FILE_KEYS = NEW

    with pytest.raises(vault.KeyMissing) as caught:
        vault.open_text(old, "x")
    assert caught.value.key_id == "2026"


def test_it_names_gateways_that_cannot_be_used(settings: Settings) -> None:
    settings.ROBOT_RELAYS = "oapi.dingtalk.com=10.0.0.5"

    assert [one.id for one in checks.settings_fit(None) if one.id == "portal.E005"] == ["portal.E005"]
