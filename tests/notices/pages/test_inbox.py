"""The inbox of one who received much: out of indexes, and in the same order as sorted in full."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import localdate

from channelportal.core import clock
from notices import inbox
from notices.filters import VIEWS, with_receipt
from notices.models import Notice, NoticeQuerySet, Receipt, Version
from tests.notices import making
from tests.people import Cast

MANY = 90
FRONT = ["rank", "asked_by", "-delivered", "-published_at", "-pk"]


@pytest.fixture
def received(cast: Cast) -> None:
    """Ninety for 鲁东负责人: read and unread, asked and not, urgent and not, expired; some of another unit's time."""
    at = clock.now() - timedelta(days=30)
    first = making.published(cast, at=at, to=[cast.ludong_head])
    notices = Notice.objects.bulk_create(_another(first, number) for number in range(MANY))
    words = Version.objects.filter(notice=first).values().get() | {"id": None}
    versions = Version.objects.bulk_create(Version(**words | {"notice_id": one.pk}) for one in notices)
    for notice, version in zip(notices, versions, strict=True):
        notice.version, notice.state = version, "published"
    Notice.objects.bulk_update(notices, ["version", "state"])
    Receipt.objects.bulk_create(_received(one, cast, number, at) for number, one in enumerate(notices))


def _another(first: Notice, number: int) -> Notice:
    facts: Any = Notice.objects.filter(pk=first.pk).values().get()
    facts |= {"id": None, "number": f"TZ-2026-9{number:05}", "state": "draft", "version_id": None}
    facts |= {"urgency": "urgent" if number % 7 == 0 else "normal"}
    return Notice(**facts | {"valid_until": localdate() - timedelta(days=1) if number % 11 == 0 else None})


def _received(notice: Notice, cast: Cast, number: int, at: Any) -> Receipt:
    delivered = at + timedelta(minutes=number * 37 % 50)  # several in the same minute
    asked = number % 5 == 0
    return Receipt(
        notice=notice, user=cast.ludong_head, unit=cast.chuannan if number % 17 == 0 else cast.ludong, delivered_at=delivered,
        opened_at=delivered if number % 3 else None, due_at=at + timedelta(days=number % 4) if asked else None,
        settled_at=delivered if asked and number % 2 else None,
    )  # fmt: skip


def _inbox(cast: Cast) -> NoticeQuerySet:
    return with_receipt(VIEWS[0].chosen(cast.ludong_head, localdate()), cast.ludong_head)


@pytest.mark.both
@pytest.mark.usefixtures("received")
@pytest.mark.parametrize("count", [1, 2, 26, 51, 400])
def test_it_begins_as_if_sorted_in_full(cast: Cast, count: int) -> None:
    whole = list(_inbox(cast).order_by(*FRONT).values_list("pk", flat=True))

    few = inbox.first(_inbox(cast), cast.ludong_head, localdate(), count).order_by(*FRONT)

    assert list(few.values_list("pk", flat=True))[:count] == whole[:count]
    assert len(whole) > 60


@pytest.mark.usefixtures("received")
def test_it_shows_each_once_from_page_to_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.ludong_head)

    pages = [client.get("/notices/", {"page": number}).context["lines"] for number in (1, 2, 3, 4)]

    shown = [line["notice"].pk for lines in pages for line in lines]
    assert sorted(shown) == sorted(_inbox(cast).values_list("pk", flat=True))
