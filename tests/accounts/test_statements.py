"""Kept texts of statements: whoever asks, and whenever, is answered as if there were none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.timezone import localdate

from accounts import access, statements
from accounts.models import Unit, UnitFunction, User
from channelportal.core import calendar, clock, stamps
from feedback import supplied, workflow
from feedback.models import TicketKind
from tests.people import Cast

pytestmark = pytest.mark.both
MOMENT = "2026-05-08 10:20:30+08:00"
# who asks first, who is answered out of the text that was kept then
PAIRS = [
    ("chuannan_head", "ludong_head"),
    ("dev_officer", "kefu_officer"),
    ("chuannan_member", "ludong_member"),
    ("gov_head", "market_head"),
    ("qifa_head", "qifa_head"),
    ("qifa_head", "office_head"),
    ("qifa_member", "qifa_officer"),
    ("kefu_head", "kefu_deputy"),
    ("audit_admin", "security_admin"),
]
PAGES = ["/", "/password/", "/tickets/?view=all", "/tickets/"]


@pytest.fixture(autouse=True)
def none_kept(db: None) -> Iterator[None]:
    stamps.forget_all()
    statements.forget()
    yield
    statements.forget()
    stamps.forget_all()


def plain(person: User) -> User:
    """As a request finds him: nothing worked out yet."""
    return User.objects.get(pk=person.pk)


def colleagues(user: User, at: datetime) -> QuerySet[User]:
    later = Q(created_at__lte=at) | Q(created_at__gt=at)
    return User.objects.filter(later, unit=user.unit_id).exclude(pk=user.pk).order_by("pk")


def facts(user: User, at: datetime) -> QuerySet[Any, Any]:
    here = User.objects.filter(unit=OuterRef("unit"), created_at__lte=at).exclude(pk=user.pk)
    return User.objects.filter(pk=user.pk).values("name", alone=~Exists(here), leads=Q(role="head"))


def built(monkeypatch: pytest.MonkeyPatch, build: statements.Build) -> tuple[statements.Build, list[User]]:
    """The same, and for whom it was built."""
    calls: list[User] = []

    def counted(user: User, **values: Any) -> QuerySet[Any, Any]:
        calls.append(user)
        return build(user, **values)

    return counted, calls


def test_it_builds_a_statement_once_for_all_who_may_the_same(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    build, calls = built(monkeypatch, colleagues)
    statements.rows(build, plain(cast.ludong_head), at=timezone.now())
    calls.clear()

    here = statements.rows(build, plain(cast.ludong_head), at=timezone.now())
    there = statements.rows(build, plain(cast.chuannan_head), at=timezone.now())

    assert not calls
    assert here == [cast.ludong_officer, cast.ludong_member]
    assert there == [cast.chuannan_officer, cast.chuannan_member]


def test_it_gives_rows_of_values_in_the_databases_types(cast: Cast) -> None:
    for person in (cast.ludong_head, cast.chuannan_head):
        found = statements.one(facts, plain(person), at=timezone.now())

        assert found == {"name": person.name, "alone": False, "leads": True}


def test_it_puts_in_the_moment_anew(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def joined(user: User, at: datetime) -> QuerySet[User]:
        return User.objects.filter(pk=user.pk, created_at__lte=at)

    build, calls = built(monkeypatch, joined)
    now, person = timezone.now().replace(hour=4), plain(cast.ludong_head)
    User.objects.filter(pk=person.pk).update(created_at=now)
    assert statements.rows(build, person, at=now)
    calls.clear()

    assert not statements.rows(build, person, at=now - timedelta(seconds=1))
    assert not calls


def test_it_asks_another_text_when_rights_change(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(user: User) -> QuerySet[Unit]:
        return Unit.objects.all() if access.scope(user).manages_company else Unit.objects.filter(pk=user.unit_id or 0)

    assert len(statements.rows(seen, plain(cast.kefu_head))) == 1
    assert len(statements.rows(seen, plain(cast.kefu_head))) == 1

    UnitFunction.objects.filter(function="management").update(unit=cast.kefu)

    assert len(statements.rows(seen, plain(cast.kefu_head))) > 1


def hidden_moment(user: User) -> QuerySet[User]:
    return User.objects.filter(pk=user.pk, created_at__lte=timezone.now())


def reckoned_moment(user: User, at: datetime) -> QuerySet[User]:
    return User.objects.filter(pk=user.pk, created_at__lte=at - timedelta(minutes=5))


def his_name(user: User) -> QuerySet[User]:
    return User.objects.filter(name=user.name)


def his_unit(user: User) -> QuerySet[User]:
    return User.objects.filter(unit__name=user.unit.name if user.unit else "")


def another_text(user: User) -> QuerySet[User]:
    return User.objects.filter(pk=user.pk) if user.pk % 2 else User.objects.filter(pk__lte=user.pk)


def asks(user: User) -> QuerySet[User]:
    return User.objects.filter(pk__in=list(User.objects.filter(unit=user.unit_id).values_list("pk", flat=True)))


def as_list(user: User) -> QuerySet[Any, Any]:
    return User.objects.filter(pk=user.pk).values_list("pk")


@pytest.mark.parametrize("build", [hidden_moment, reckoned_moment, his_name, his_unit, asks, as_list])
def test_it_keeps_nothing_that_hangs_on_more_than_it_was_given(cast: Cast, build: statements.Build) -> None:
    values = {"at": timezone.now()} if build is reckoned_moment else {}
    for person in (cast.ludong_head, cast.chuannan_head, cast.ludong_head):
        found = statements.rows(build, plain(person), **values)

        assert found == list(build(plain(person), **values))
    assert not any(isinstance(kept, statements.Kept) for kept in statements._kept.values())


def test_it_keeps_the_day_apart(cast: Cast) -> None:
    def on(user: User, at: datetime) -> QuerySet[User]:
        return User.objects.filter(pk=user.pk, created_at__date__lte=localdate(at))

    person = plain(cast.ludong_head)
    User.objects.filter(pk=person.pk).update(created_at=datetime.fromisoformat(MOMENT))
    at = datetime.fromisoformat(MOMENT)
    assert statements.rows(on, person, at=at)
    assert statements.rows(on, person, at=at)

    assert not statements.rows(on, person, at=at - timedelta(days=1))


# ── the pages ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_every_page_asks_what_it_would_ask_without(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    """Word for word, ids and moments included, and on the next day too."""
    monkeypatch.setattr(clock, "now", timezone.now)  # the database's does not stand still
    calendar.ship()
    supplied.supply()
    facts: Any = {"kind": TicketKind.objects.get(code="problem"), "responsible": cast.kefu, "severity": "normal"}
    workflow.file(by=cast.ludong_head, title="水泵漏水", body="水泵", at=clock.now() - timedelta(days=1), **facts)
    start = timezone.now().replace(hour=2, minute=20)  # 10:20 in China: the day after has its own texts
    for day in (0, 1):
        with time_machine.travel(start + timedelta(days=day), tick=False):
            statements.forget()
            expected = {path: asked(getattr(cast, second), path) for path in PAGES}
            statements.forget()
            for path in PAGES * 2:
                asked(getattr(cast, first), path)

            assert {path: asked(getattr(cast, second), path) for path in PAGES} == expected


def asked(person: User, path: str) -> list[str]:
    client = Client()
    client.force_login(plain(person))
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    read = [query["sql"] for query in queries.captured_queries]
    return [
        sql
        for sql in read
        if "django_session" not in sql
        and "signin" not in sql
        and "core_stamp" not in sql
        and "clock_timestamp" not in sql
    ]
