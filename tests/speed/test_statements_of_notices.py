"""What the pages of notices cost the database: bounded, and the same with a few and with many of everything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from channelportal.core import calendar, clock, search, stamps
from notices import afterwards, publication, receipts
from notices.models import Notice, Receipt, Version
from tests.notices import making
from tests.people import Cast
from tests.speed.test_statements_of_pages import _like, cost

pytestmark = pytest.mark.both
# address, who, statements at most
PAGES = [
    ("/notices/", "ludong_head", 9),
    ("/notices/?view=out&text=库存", "qifa_head", 10),
    ("/notices/?view=approve", "kefu_head", 9),
    ("/notices/?view=unit", "kefu_officer", 9),
    ("/notices/archive/", "qifa_head", 9),
    ("/notices/{pk}/", "ludong_head", 11),
    ("/notices/{pk}/", "kefu_officer", 13),
    ("/notices/{pk}/", "qifa_head", 13),
    ("/notices/{pk}/receipts/", "kefu_officer", 9),
    ("/notices/{pk}/receipts/?view=people", "kefu_officer", 11),
    ("/", "ludong_head", 12),
    ("/", "kefu_head", 13),
    ("/search/?q=库存", "ludong_head", 10),
]


@pytest.fixture(autouse=True)
def fresh_copies(db: None) -> Iterator[None]:
    stamps.forget_all()
    calendar.ship()
    yield
    stamps.forget_all()


@pytest.fixture
def notice(cast: Cast) -> Notice:
    """Published, to be acknowledged, with a file's worth of everything; another waits for 周主管."""
    at = clock.now() - timedelta(hours=30)
    making.sent(cast, at=at)
    found = making.published(cast, at=at, acknowledge=True)
    more(found, 3)
    return found


def more(notice: Notice, count: int) -> None:
    """`count` notices like it to the same people, and `count` more people who received it."""
    start = Notice.objects.count()
    rows = Notice.objects.bulk_create(
        _like(notice, number=f"C-{start + number}", version_id=None, state="draft") for number in range(count)
    )
    versions = Version.objects.bulk_create(_like(notice.version, notice=row) for row in rows)
    for row, version in zip(rows, versions, strict=True):
        row.version, row.state = version, "published"
    Notice.objects.bulk_update(rows, ["version", "state"])
    receipts = list(notice.receipts.filter(user__username__in=["ludong.head", "ludong.officer"]))
    Receipt.objects.bulk_create(_like(receipt, notice=row) for row in rows for receipt in receipts)
    search.index_many("notice", [(row.pk, (row.title, "库存")) for row in rows])
    _people(notice, receipts[0], count)


def _people(notice: Notice, receipt: Receipt, count: int) -> None:
    start = User.objects.count()
    users = User.objects.bulk_create(
        _like(receipt.user, username=f"copy.{start + number}", email=f"copy{start + number}@example.com", phone="")
        for number in range(count)
    )
    Receipt.objects.bulk_create(_like(receipt, user=user) for user in users)
    Notice.objects.filter(pk=notice.pk).update(recipients=notice.receipts.count())


@pytest.mark.parametrize(("address", "who", "most"), PAGES)
def test_it_costs_the_same_with_many_notices(cast: Cast, notice: Notice, address: str, who: str, most: int) -> None:
    client: Any = Client()
    client.force_login(User.objects.get(pk=getattr(cast, who).pk))
    path = address.format(pk=notice.pk)
    client.get(path)
    few = cost(client, path)

    more(notice, 120)

    many = cost(client, path)
    told = [sql[:90] for sql in many]
    assert len(many) == len(few), told
    assert len(many) <= most, told


# ── what is written for many ────────────────────────────────────────────────────────────────────


def _written(cast: Cast, deed: str, people: int) -> int:
    """Statements of a deed that reaches so many."""
    start = User.objects.count()
    User.objects.bulk_create(
        _like(cast.ludong_member, username=f"many.{start + n}", email=f"many{start + n}@example.com", phone="")
        for n in range(people)
    )
    users = User.objects.order_by("-pk").values_list("pk", flat=True)[:people]
    audience = making.Audience(people=tuple(users))
    notice = making.approved(cast, at=clock.now(), audience=audience, means=["portal", "mail"])
    with CaptureQueriesContext(connection) as published:
        publication.run(notice.job_id or 0)
    with CaptureQueriesContext(connection) as reminded:
        told = receipts.remind(Notice.objects.get(pk=notice.pk), by=cast.kefu_officer)
    assert told == people
    if people > afterwards.AT_ONCE:
        with CaptureQueriesContext(connection) as reminded:
            afterwards.run(Notice.objects.get(pk=notice.pk).job_id or 0)
    return len(published) if deed == "publish" else len(reminded)


def test_a_publication_costs_the_same_for_10_and_for_1000(cast: Cast) -> None:
    assert _written(cast, "publish", 10) == _written(cast, "publish", 1_000)


def test_a_reminder_of_1000_is_a_batch_of_a_job(cast: Cast) -> None:
    few, many = _written(cast, "remind", 10), _written(cast, "remind", 1_000)

    assert many <= few + 16, (few, many)
