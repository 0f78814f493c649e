"""A form sent twice makes one thing; a list costs the same at any size."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection
from django.test import Client, RequestFactory
from django.utils import timezone

from channelportal.core import exports, files, jobs, lists
from channelportal.core.models import AuditEntry, CalendarVersion, Job, Parameter
from channelportal.core.once import OnceMixin, once

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)


def make(note: str = "a") -> CalendarVersion:
    return CalendarVersion.objects.create(source="hand", note=note, at=AT)


def made() -> int:
    return CalendarVersion.objects.filter(source="hand").count()


def test_it_makes_one_thing_for_one_key(cast: Any) -> None:
    key = uuid.uuid4()

    first = once(cast.kefu_head, key, make)
    second = once(cast.kefu_head, key, lambda: make("b"))

    assert (first[1], second[1]) == (True, False)
    assert first[0] == second[0]
    assert made() == 1


def test_it_minds_whose_key_it_is(cast: Any) -> None:
    key = uuid.uuid4()
    once(cast.kefu_head, key, make)

    assert once(cast.dev_head, key, lambda: make("b"))[1]


def test_it_leaves_nothing_when_the_making_fails(cast: Any) -> None:
    key = uuid.uuid4()

    def fails() -> CalendarVersion:
        make()
        raise IntegrityError("of the thing itself")

    with pytest.raises(IntegrityError, match="of the thing itself"):
        once(cast.kefu_head, key, fails)

    assert made() == 0
    assert once(cast.kefu_head, key, make)[1]


def test_it_gives_the_form_a_key_that_survives_errors() -> None:
    blank = OnceMixin()
    key = str(blank["once"].value())
    again = OnceMixin({"once": key})

    assert again.is_valid()
    assert str(again["once"].value()) == key
    assert str(OnceMixin()["once"].value()) != key
    assert not OnceMixin({"once": "x" * 9000}).is_valid()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_makes_one_thing_for_32_at_once(cast: Any) -> None:
    key, found = uuid.uuid4(), []
    gate = threading.Barrier(32)

    def send() -> None:
        try:
            gate.wait()
            found.append(once(cast.kefu_head, key, lambda: make(uuid.uuid4().hex)))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [new for _thing, new in found].count(True) == 1
    assert len({thing.pk for thing, _new in found}) == 1
    assert made() == 1


# ── lists ───────────────────────────────────────────────────────────────────────────────────────


def page(query: str = "", **options: Any) -> lists.ListPage:
    request = RequestFactory().get(f"/x/?{query}")
    request.user = AnonymousUser()
    return lists.page_of(
        request, Parameter.objects.all(), None, {"name": "name", "when": "changed_at"}, default="name", **options
    )


@pytest.fixture
def sixty() -> None:
    Parameter.objects.bulk_create(
        Parameter(name=f"p{number:02}", value=1, changed_at=AT + timedelta(days=number)) for number in range(60)
    )


@pytest.mark.usefixtures("sixty")
def test_it_pages_in_two_queries(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        second = page("page=2")
        names = [row.name for row in second]
        assert (second.total, second.has_previous(), second.has_next()) == (60, True, True)

    assert (names[0], names[-1], len(names)) == ("p25", "p49", 25)
    assert not page("page=3").has_next()
    assert len(page("size=50")) == 50


@pytest.mark.usefixtures("sixty")
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sort=-name", "p59"),
        ("sort=when", "p00"),
        ("sort=-when", "p59"),
        ("sort=value", "p00"),
        ("sort=changed_by__password", "p00"),
        ("sort=", "p00"),
        ("size=1000", "p00"),
        ("page=x", "p00"),
        ("page=-1", "p00"),
    ],
)
def test_it_sorts_by_known_keys_only(query: str, first: str) -> None:
    assert next(iter(page(query))).name == first


def test_it_does_not_count_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    Parameter.objects.bulk_create(Parameter(name=f"p{number}", value=1, changed_at=AT) for number in range(30))
    monkeypatch.setattr(lists, "COUNTED", 20)

    assert page().total is None


def test_it_keeps_the_filters_in_the_export(sixty: None) -> None:
    assert page("sort=-name&page=2&q=x").export_url == "?sort=-name&q=x&format=xlsx"


def test_it_leaves_a_large_export_to_a_worker(
    client: Client, cast: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    monkeypatch.setattr(lists, "AT_ONCE", 3)
    settings.UPLOAD_ROOT = tmp_path
    AuditEntry.objects.bulk_create(AuditEntry(at=AT, action="probe") for _ in range(10))
    client.force_login(cast.audit_admin)

    answer = client.get("/audit/?format=xlsx&action=probe")
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    exports.run(job.pk, timezone.now())
    exports.run(job.pk, timezone.now())  # the message came twice

    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 10)
    file = client.get(f"/jobs/{job.pk}/file/")
    assert b"".join(file)[:2] == b"PK"  # type: ignore[arg-type]
    assert files.digest_matches(job.file)  # type: ignore[arg-type]


def test_it_asks_again_whether_the_person_may(client: Client, cast: Any) -> None:
    data = {"list": "audit", "query": "format=xlsx", "path": "/audit/"}
    job = Job.objects.create(kind="export", by=cast.kefu_head, data=data, created_at=AT)

    exports.run(job.pk, AT)

    job.refresh_from_db()
    assert (job.state, job.result, job.file) == ("failed", {"reason": "refused"}, None)


def test_it_says_so_when_the_person_left(cast: Any) -> None:
    cast.audit_admin.is_active = False
    cast.audit_admin.save()
    job = jobs.Job.objects.create(
        kind="export", by=cast.audit_admin, data={"list": "audit", "query": "", "path": "/audit/"}
    )

    exports.run(job.pk, AT)

    job.refresh_from_db()
    assert job.state == "failed"
