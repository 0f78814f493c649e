"""Every mail and alert of accounts can be worded, in Chinese and English, and carries what its reader needs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts import notify
from accounts.models import OneTimePassword, Registration, User
from channelportal.core import outbox
from channelportal.core.models import Alert, OutboxMessage
from tests.accounts.test_registration import file
from tests.people import Cast

PERSONAL = {"registration-confirm": "RG-", "password-issued": "ABCD-EFGHJ-KMNPQ", "password-reminder": "/password/"}


def tell_everything(cast: Cast) -> None:
    at = timezone.now()
    one: Registration = file(cast)
    one.refusal = "请用单位邮箱"
    row = OneTimePassword(pk=7, user=cast.kefu_head, expires_at=at)
    notify.registration_submitted(one, cast.market, at)
    notify.registration_approved(one, cast.kefu_head, "mail", at)
    notify.registration_refused(one, at)
    notify.password_issued(cast.kefu_head, row, "ABCD-EFGHJ-KMNPQ", at)
    notify.password_changed(cast.kefu_head, at)
    notify.password_reminder(cast.kefu_head, 3, at, at)
    notify.frozen(cast.kefu_head, at)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_words_every_mail(cast: Cast, language: str) -> None:
    tell_everything(cast)
    User.objects.update(language=language)

    kinds = set()
    for message in OutboxMessage.objects.select_related("user"):
        message.data["language"] = language
        mail = outbox.compose(outbox.Letter(message, [message]))
        kinds.add(message.kind)
        text = f"{mail.subject}\n{mail.body}"
        assert PERSONAL.get(message.kind, "") in text
        assert "{" not in text
        assert mail.subject.strip()
        assert ("http://testserver" in mail.body) or message.kind in ("password-changed", "password-frozen")
        words = re.sub(r"http\S+|[\w.]+@[\w.]+", "", text)
        assert bool(re.search("[\u4e00-\u9fff]{4}", words)) is (language == "zh-hans") or message.kind.startswith(
            "registration"
        )
    assert len(kinds) == 8


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_words_every_alert(cast: Cast, language: str) -> None:
    tell_everything(cast)

    kinds = {}
    with translation.override(language):
        for alert in Alert.objects.all():
            context: dict[str, Any] = alert.data
            kinds[alert.kind] = render_to_string(f"alerts/{alert.kind}.txt", context).strip()

    assert set(kinds) == {"registration-submitted", "password-reminder", "password-frozen"}
    assert all("\n" not in words and words for words in kinds.values())


def test_it_asks_only_those_who_may_review(cast: Cast) -> None:
    User.objects.filter(pk=cast.market_officer.pk).update(frozen_at=timezone.now())

    assert [user.name for user in notify.reviewers(cast.market)] == ["钱企市"]
