"""What the clock does with passwords: reminders, freezing, lapsing; once each, however often it runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts import tasks
from accounts.models import OneTimePassword, SignIn, User
from accounts.workflow import passwords
from channelportal.core.models import Alert, AuditEntry, Heartbeat, OutboxMessage
from tests.people import Cast

CHINA = ZoneInfo("Asia/Shanghai")
DUE = datetime(2026, 2, 28, 9, 30, tzinfo=CHINA)


@pytest.fixture
def kefu(cast: Cast) -> User:
    """周主管 changed it on 31 January 09:30; nobody else comes into question for years."""
    User.objects.update(password_changed_at=datetime(2036, 1, 1, tzinfo=CHINA))
    User.objects.filter(pk=cast.kefu_head.pk).update(password_changed_at=datetime(2026, 1, 31, 9, 30, tzinfo=CHINA))
    return User.objects.get(pk=cast.kefu_head.pk)


def test_it_reminds_seven_three_and_one_days_before(kefu: User) -> None:
    at = DUE - timedelta(days=9)
    while at < DUE:
        passwords.daily(at)
        passwords.daily(at)
        at += timedelta(minutes=10)

    mails = OutboxMessage.objects.filter(kind="password-reminder", user=kefu).order_by("created_at")
    assert [(mail.data["days"], DUE - mail.created_at) for mail in mails] == [
        (step, timedelta(days=step)) for step in (7, 3, 1)
    ]
    assert Alert.objects.filter(kind="password-reminder", user=kefu).count() == 3
    assert mails[0].data["due"] == "2026-02-28 09:30"


def test_it_makes_up_only_for_the_nearest_reminder(kefu: User) -> None:
    passwords.daily(DUE - timedelta(days=2))

    assert [mail.data["days"] for mail in OutboxMessage.objects.all()] == [3]


def test_it_reminds_anew_after_a_change(kefu: User) -> None:
    passwords.daily(DUE - timedelta(days=7))
    User.objects.filter(pk=kefu.pk).update(password_changed_at=DUE, password_reminded=None)

    passwords.daily(datetime(2026, 3, 21, 9, 30, tzinfo=CHINA))

    assert OutboxMessage.objects.filter(kind="password-reminder").count() == 2


def test_it_freezes_fifteen_days_after_and_not_before(kefu: User) -> None:
    assert passwords.daily(DUE + timedelta(days=15, seconds=-1))["frozen"] == 0

    assert passwords.daily(DUE + timedelta(days=15))["frozen"] == 1
    assert passwords.daily(DUE + timedelta(days=15))["frozen"] == 0

    kefu.refresh_from_db()
    assert kefu.frozen_at == DUE + timedelta(days=15)
    assert AuditEntry.objects.filter(action="user.frozen").count() == 1
    assert OutboxMessage.objects.filter(kind="password-frozen", user=kefu).count() == 1
    assert {alert.user.name for alert in Alert.objects.filter(kind="password-frozen")} == {"陈企发", "吴督办"}


def test_it_ends_the_sessions_of_the_frozen(client: Client, kefu: User) -> None:
    client.force_login(kefu)
    client.get("/password/")

    passwords.daily(DUE + timedelta(days=15))

    assert not SignIn.objects.exists()
    assert client.get("/password/")["Location"].startswith("/sign-in/")


def test_it_leaves_alone_who_left_and_who_has_no_own_password(kefu: User, cast: Cast) -> None:
    User.objects.filter(pk=kefu.pk).update(is_active=False)
    User.objects.filter(pk=cast.dev_head.pk).update(password_changed_at=None)

    assert passwords.daily(DUE + timedelta(days=30)) == {"reminded": 0, "frozen": 0, "lapsed": 0, "throttles": 0}


def test_it_lets_issued_passwords_lapse(kefu: User, cast: Cast) -> None:
    at = DUE - timedelta(days=20)
    passwords.issue(kefu, by=cast.qifa_head, means="paper", at=at)

    assert passwords.daily(at + timedelta(hours=71))["lapsed"] == 0
    assert passwords.daily(at + timedelta(hours=72))["lapsed"] == 1
    assert OneTimePassword.objects.get().voided_at == at + timedelta(hours=72)


def test_it_beats(cast: Cast) -> None:
    tasks.passwords_round()

    assert Heartbeat.objects.filter(name="passwords").exists()
    assert tasks.passwords_round.name == "accounts.tasks.passwords"  # the name in the schedule
