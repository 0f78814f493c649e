"""The change of one's password, issued passwords, and the page "forgotten"."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from unittest import mock

import pytest
from captcha.models import CaptchaStore
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import OldPassword, OneTimePassword, SignIn, User
from accounts.workflow import passwords
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry, OutboxMessage
from tests.people import PASSWORD, Cast

NEW = "Nine!paper-Boats"
GOOD = {"current": PASSWORD, "new": NEW, "again": NEW}


def test_it_changes_and_ends_the_other_sessions(client: Client, cast: Cast) -> None:
    other = Client()
    for one in (client, other):
        one.force_login(cast.kefu_head)
        assert one.get("/account/").status_code == 200
    epoch = SignIn.objects.filter(session_key=client.session.session_key).get().started_at

    response = client.post("/password/", GOOD)

    assert response["Location"] == "/"
    user = User.objects.get(pk=cast.kefu_head.pk)
    assert user.check_password(NEW)
    assert timezone.now() - user.password_changed_at < timedelta(minutes=1)
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    assert SignIn.objects.get().started_at == epoch  # the absolute limit is not renewed by a change
    assert AuditEntry.objects.filter(action="password.changed", actor=user).count() == 1
    assert OutboxMessage.objects.filter(kind="password-changed", user=user).count() == 1
    assert NEW not in str(list(AuditEntry.objects.values())) + str(list(OutboxMessage.objects.values()))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({**GOOD, "current": "Wrong-Wrong-2026!"}, "current"),
        ({**GOOD, "again": "Nine!paper-Boat"}, "again"),
        ({**GOOD, "new": "short", "again": "short"}, "new"),
        ({**GOOD, "new": PASSWORD, "again": PASSWORD}, "new"),
        ({"new": NEW, "again": NEW}, "current"),
        ({**GOOD, "new": "x" * 5000, "again": "x" * 5000}, "new"),
    ],
)
def test_it_refuses_what_is_wrong(client: Client, cast: Cast, data: dict[str, str], field: str) -> None:
    client.force_login(cast.kefu_head)

    response = client.post("/password/", data)

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert User.objects.get(pk=cast.kefu_head.pk).check_password(PASSWORD)


def test_it_stops_guessing_the_present_password(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    for _n in range(10):
        client.post("/password/", {**GOOD, "current": "Wrong-Wrong-2026!"})

    assert client.post("/password/", GOOD).status_code == 422


def test_it_remembers_the_last_twelve(cast: Cast) -> None:
    user = cast.kefu_head
    words = [
        "Amber",
        "Birch",
        "Cedar",
        "Delta",
        "Ember",
        "Frost",
        "Grove",
        "Heron",
        "Ivory",
        "Jumbo",
        "Kiosk",
        "Lemon",
        "Mango",
    ]
    series = [f"{word}-Lantern-{word[::-1]}!" for word in words]
    before = PASSWORD
    with mock.patch("accounts.passwords.faults", return_value=[]):
        for new in series:
            passwords.change(user, new=new, current=before)
            before = new
        with pytest.raises(Invalid):
            passwords.change(user, new=series[1], current=before)
        passwords.change(user, new=series[0], current=before)

    assert OldPassword.objects.filter(user=user).count() == 14


def test_it_refuses_a_change_that_another_was_faster_with(cast: Cast) -> None:
    stale = User.objects.get(pk=cast.kefu_head.pk)
    passwords.change(cast.kefu_head, new=NEW, current=PASSWORD)

    with pytest.raises(WrongState):
        passwords.change(stale, new="Seven!kites-Above", current=PASSWORD)


# ── issued ──────────────────────────────────────────────────────────────────────────────────────


def test_it_issues_one_that_opens_the_change_only(client: Client, cast: Cast) -> None:
    issued = passwords.issue(cast.kefu_head, by=cast.qifa_head, means="paper")

    assert client.post("/sign-in/", {"username": "kefu.head", "password": PASSWORD}).status_code == 422
    assert client.post("/sign-in/", {"username": "kefu.head", "password": issued.shown.lower()}).status_code == 302
    assert client.get("/account/")["Location"] == "/password/"
    response = client.post("/password/", {"new": NEW, "again": NEW})

    assert response.status_code == 302
    assert client.get("/account/").status_code == 200
    row = OneTimePassword.objects.get()
    assert row.used_at is not None
    assert issued.plain not in row.hash
    assert not OutboxMessage.objects.filter(kind="password-issued").exists()


def test_it_is_good_for_one_use(cast: Cast) -> None:
    issued = passwords.issue(cast.kefu_head, by=cast.qifa_head, means="paper")

    assert passwords.verify("kefu.head", issued.shown) == cast.kefu_head
    assert passwords.verify("kefu.head", issued.shown) is None


def test_it_is_good_for_seventy_two_hours(cast: Cast) -> None:
    at = timezone.now()
    issued = passwords.issue(cast.kefu_head, by=cast.qifa_head, means="paper", at=at)

    assert passwords.verify("kefu.head", issued.shown, at=at + timedelta(hours=72)) is None
    assert passwords.verify("kefu.head", issued.shown, at=at + timedelta(hours=72, seconds=-1)) == cast.kefu_head


def test_it_is_good_for_five_tries(cast: Cast) -> None:
    issued = passwords.issue(cast.kefu_head, by=cast.qifa_head, means="paper")
    for _n in range(5):
        assert passwords.verify("kefu.head", "ACDE-FGHJK-MNPQR") is None

    assert passwords.verify("kefu.head", issued.shown) is None


def test_it_voids_the_older_one(cast: Cast) -> None:
    old = passwords.issue(cast.kefu_head, by=cast.qifa_head, means="paper")
    new = passwords.issue(cast.kefu_head, by=cast.qifa_head, means="paper")

    assert passwords.verify("kefu.head", old.shown) is None
    assert passwords.verify("kefu.head", new.shown) == cast.kefu_head


def test_it_goes_by_mail_and_only_there(cast: Cast) -> None:
    issued = passwords.issue(cast.kefu_head, by=cast.qifa_head, means="mail")

    message = OutboxMessage.objects.get(kind="password-issued")
    assert message.data["secret"] == issued.shown
    assert issued.shown not in str(list(AuditEntry.objects.values()))


def test_it_thaws_a_frozen_account_and_ends_its_sessions(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/")
    User.objects.filter(pk=cast.kefu_head.pk).update(frozen_at=timezone.now())

    issued = passwords.issue(cast.kefu_head, by=cast.qifa_head, means="paper")

    user = User.objects.get(pk=cast.kefu_head.pk)
    assert user.frozen_at is None
    assert not SignIn.objects.exists()
    assert passwords.verify("kefu.head", issued.shown) == user


def test_it_is_never_issued_to_oneself_or_to_who_left(cast: Cast) -> None:
    with pytest.raises(Invalid):
        passwords.issue(cast.qifa_head, by=cast.qifa_head, means="paper")
    cast.kefu_head.is_active = False
    cast.kefu_head.save()
    with pytest.raises(WrongState):
        passwords.issue(cast.kefu_head, by=cast.qifa_head, means="paper")


# ── the button on a person's page ───────────────────────────────────────────────────────────────


def test_it_is_issued_by_the_reviewing_department(client: Client, cast: Cast) -> None:
    client.force_login(cast.market_officer)

    response = client.post(f"/people/{cast.ludong_member.pk}/password/", {"means": "paper"})

    assert "no-store" in response["Cache-Control"]
    shown = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{5}-[A-Z0-9]{5}", response.content.decode())
    assert shown is not None
    assert passwords.verify("ludong.member", shown[0]) == cast.ludong_member


@pytest.mark.parametrize(
    ("who", "whom", "status"),
    [
        ("market_officer", "shenyang_member", 404),  # another market department's channel: he does not see it
        ("market_member", "ludong_member", 404),
        ("ludong_head", "ludong_member", 404),
        ("kefu_head", "kefu_member", 404),
        ("qifa_head", "qifa_head", 403),
        ("qifa_head", "ludong_member", 403),  # seen by 企发部, issued by 企业市场部
        ("system_admin", "kefu_member", 404),
    ],
)
def test_it_is_issued_by_nobody_else(client: Client, cast: Cast, who: str, whom: str, status: int) -> None:
    client.force_login(cast.people[who])

    assert client.post(f"/people/{cast.people[whom].pk}/password/", {"means": "paper"}).status_code == status
    assert not OneTimePassword.objects.exists()


def test_it_is_issued_to_an_administrator_by_the_security_administrator(client: Client, cast: Cast) -> None:
    client.force_login(cast.security_admin)

    assert client.post(f"/people/{cast.system_admin.pk}/password/", {"means": "paper"}).status_code == 200
    assert client.post(f"/people/{cast.kefu_member.pk}/password/", {"means": "paper"}).status_code == 404


# ── forgotten ───────────────────────────────────────────────────────────────────────────────────


def ask(client: Client, username: str) -> tuple[int, str]:
    page = client.get("/password/forgotten/").content.decode()
    key = re.search(r'name="captcha_0" value="(\w+)"', page)
    assert key is not None
    answer = CaptchaStore.objects.get(hashkey=key[1]).response
    response = client.post("/password/forgotten/", {"username": username, "captcha_0": key[1], "captcha_1": answer})
    return response.status_code, response.content.decode().partition("<main")[2]


def test_it_mails_one_to_the_known_address_and_says_the_same_to_all(client: Client, cast: Cast) -> None:
    known, unknown = ask(client, "kefu.head@example.com"), ask(client, "nobody@example.com")

    assert known == unknown
    assert known[0] == 200
    message = OutboxMessage.objects.get()
    assert (message.kind, message.user) == ("password-issued", cast.kefu_head)
    assert passwords.verify("kefu.head", PASSWORD) == cast.kefu_head  # nobody is locked out by another's asking
    assert passwords.verify("kefu.head", message.data["secret"]) == cast.kefu_head
    assert passwords.verify("kefu.head", PASSWORD) is None


def test_it_mails_at_most_three_an_hour(client: Client, cast: Cast) -> None:
    answers = {ask(client, "kefu.head") for _n in range(5)}

    assert len(answers) == 1
    assert OutboxMessage.objects.filter(kind="password-issued").count() == 3


def test_it_tells_a_frozen_person_whom_to_ask(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.ludong_head.pk).update(frozen_at=timezone.now())

    ask(client, "ludong.head")

    message = OutboxMessage.objects.get()
    assert (message.kind, message.data["reviewer"]) == ("password-frozen", "企业市场部")
    assert not OneTimePassword.objects.exists()


def test_it_wants_the_captcha(client: Client, cast: Cast) -> None:
    response = client.post("/password/forgotten/", {"username": "kefu.head", "captcha_0": "x", "captcha_1": "7"})

    assert response.status_code == 422
    assert not OutboxMessage.objects.exists()


# ── where else ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("who", "offered"), [("market_officer", True), ("qifa_head", False), ("ludong_head", False)])
def test_it_is_offered_on_the_persons_page_to_whom_may(client: Client, cast: Cast, who: str, offered: bool) -> None:
    client.force_login(cast.people[who])

    page = client.get(f"/people/{cast.ludong_member.pk}/").content.decode()

    assert (f"/people/{cast.ludong_member.pk}/password/" in page) is offered


def test_it_is_issued_by_the_operator_of_the_machine(cast: Cast) -> None:
    User.objects.filter(pk=cast.qifa_head.pk).update(frozen_at=timezone.now())
    out = StringIO()

    call_command("issue_password", "qifa.head", stdout=out)

    assert passwords.verify("qifa.head", out.getvalue().split()[1]) == cast.qifa_head
    with pytest.raises(CommandError):
        call_command("issue_password", "nobody")
