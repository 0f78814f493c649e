"""Whom a confidential notice reaches: who was chosen, never who subscribed to its kind."""

from __future__ import annotations

from typing import Any

import pytest

from channelportal.core import clock
from notices import recipients
from notices.audience import Audience
from notices.models import Level, NoticeKind, Subscription

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("level", "reached"), [(Level.NORMAL, True), (Level.INTERNAL, True), (Level.CONFIDENTIAL, False)]
)
def test_it_keeps_what_is_confidential_from_subscribers(cast: Any, level: str, reached: bool) -> None:
    kind = NoticeKind.objects.all()[0]
    Subscription.objects.create(
        unit=cast.dev, kind=kind, state="granted", reason="x", applied_by=cast.dev_officer, applied_at=clock.now()
    )

    found = recipients.people(Audience(units=(cast.kefu.pk,)), recipients.subscribed_kind(kind, level))

    assert found.filter(pk=cast.kefu_member.pk).exists()
    assert found.filter(pk=cast.dev_officer.pk).exists() is reached
