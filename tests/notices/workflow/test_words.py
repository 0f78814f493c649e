"""What the way to publication tells, as its readers see it: a line for each event; nothing of a confidential one by mail."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.utils import translation

from accounts.models import User
from channelportal.core import alerts, outbox
from channelportal.core.models import Alert
from channelportal.office.actions import ACTIONS
from notices import moves, notify, workflow
from tests.notices import making
from tests.notices.making import AT
from tests.notices.workflow.test_publishing import LATER

FACTS = {
    "number": "TZ-2026-0508-001", "title": "关于核对库存的通知", "decider": "营销中心", "next": "总裁办", "reason": "请改",
    "publish_at": "", "due": "",
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("correction", [False, True])
@pytest.mark.parametrize("event", sorted(notify.EVENTS))
def test_it_has_a_line_that_names_the_notice(event: str, correction: bool, language: str) -> None:
    with translation.override(language):
        line = alerts.line(f"alerts/notice-{event}.txt", FACTS | {"correction": correction})

    assert FACTS["number"] in line
    assert FACTS["title"] in line
    assert "%(" not in line


@pytest.mark.parametrize("correction", [False, True])
@pytest.mark.parametrize("event", sorted(notify.MAILED))
def test_it_has_a_line_that_says_nothing_of_a_confidential_one(event: str, correction: bool) -> None:
    line = alerts.line(
        f"alerts/notice-{event}.txt", {"confidential": True, "correction": correction, "decider": "营销中心"}
    )

    assert "机密" in line
    assert "：" not in line


def test_it_words_every_verb_of_the_trail() -> None:
    verbs = {"draft"} | moves.NOTICE.keys() | moves.CORRECTION.keys()

    assert {f"notice.{verb}" for verb in verbs} <= ACTIONS.keys()


def test_it_mails_who_decides(cast: Any) -> None:
    notice = making.sent(cast)

    outbox.deliver(LATER)

    sent = mail.outbox[0]
    assert sent.to == [cast.kefu_head.email]
    assert notice.title in sent.subject
    assert notice.get_absolute_url() in sent.body


def test_it_mails_nothing_of_a_confidential_notice(cast: Any) -> None:
    notice = making.sent(cast, level="confidential")
    workflow.send_back(making.step_of(notice), by=cast.kefu_head, text="金额写错", at=AT)

    outbox.deliver(LATER)

    for message in mail.outbox:
        whole = f"{message.subject} {message.body} {message.alternatives}"
        assert notice.title not in whole
        assert notice.number not in whole
        assert "金额" not in whole
    assert mail.outbox


def test_it_tells_nobody_of_his_own_deed(cast: Any) -> None:
    notice = making.published(cast)
    workflow.withdraw(notice, by=cast.kefu_officer, reason="x", at=LATER)

    assert not Alert.objects.filter(user=cast.kefu_officer, kind="notice-taken_back").exists()
    assert User.objects.filter(pk__in=Alert.objects.filter(kind="notice-taken_back").values("user")).count() == 2
