"""A unit applies to receive a kind of notice: its owner decides, and from the grant on its people are in the audience (000 5.4)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from django.test import Client

from accounts.access import Refused
from accounts.models import Absence, Unit, User
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from channelportal.core.outbox import Letter, compose
from notices import recipients, subscription_desk
from notices.audience import Audience
from notices.models import NoticeKind, Subscription
from notices.workflow import subscriptions as verbs
from tests.people import Cast
from tests.threads import at_once

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)  # a Friday, ten in the morning
NIGHT = datetime(2026, 5, 8, 14, 0, tzinfo=UTC)
State = Subscription.State


@pytest.fixture
def kind(cast: Cast) -> NoticeKind:
    """Owned by 客户服务部."""
    return NoticeKind.objects.create(code="service", name_zh="服务动态", name_en="Service news", owner=cast.kefu)


@pytest.fixture
def common() -> NoticeKind:
    """Owned by nobody, so by 企发部."""
    return NoticeKind.objects.create(code="common", name_zh="综合动态", name_en="General news")


def applied(cast: Cast, kind: NoticeKind, *, by: User | None = None, at: datetime = AT) -> Subscription:
    return verbs.apply(kind, by=by or cast.ludong_officer, reason="要转给门店", at=at)


def granted(cast: Cast, kind: NoticeKind) -> Subscription:
    return verbs.grant(applied(cast, kind), by=cast.kefu_head, at=AT)


def reached(kind: NoticeKind) -> set[str]:
    """Units of the people whom a notice for 沈阳分公司 would reach."""
    shenyang = Unit.objects.get(name="沈阳分公司")
    return {user.unit.name for user in recipients.people(Audience(units=(shenyang.pk,)), kind) if user.unit}


def told(event: str) -> set[str]:
    return set(Alert.objects.filter(kind=event).values_list("user__username", flat=True))


# ── applying ────────────────────────────────────────────────────────────────────────────────────


def test_it_applies_for_the_persons_unit_and_tells_the_owners_head(cast: Cast, kind: NoticeKind) -> None:
    made = applied(cast, kind)

    assert (made.unit, made.state, made.reason) == (cast.ludong, State.APPLIED, "要转给门店")
    assert AuditEntry.objects.get(action="subscription.applied").data["kind"] == "service"
    assert told("subscription-applied") == {"kefu.head"}
    mail = OutboxMessage.objects.get(kind="subscription-news")
    text = compose(Letter(mail, [mail]))
    assert text.subject == "鲁东代理商申请接收“服务动态”类通知"
    assert "申请原因：要转给门店" in text.body
    assert f"/notices/subscriptions/{made.pk}/" in text.body


def test_it_tells_the_supervising_department_where_nobody_owns_the_kind(cast: Cast, common: NoticeKind) -> None:
    applied(cast, common)

    assert told("subscription-applied") == {"qifa.head", "qifa.officer"}


def test_it_mails_in_the_delivery_window(cast: Cast, kind: NoticeKind) -> None:
    applied(cast, kind, at=NIGHT)

    assert OutboxMessage.objects.get().next_attempt_at > NIGHT


@pytest.mark.parametrize("who", ["ludong_member", "audit_admin"])
def test_it_lets_no_other_role_apply(cast: Cast, kind: NoticeKind, who: str) -> None:
    with pytest.raises(Refused):
        applied(cast, kind, by=cast.people[who])


@pytest.mark.parametrize("reason", ["", "  ", "\u200b"])
def test_it_asks_why(cast: Cast, kind: NoticeKind, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        verbs.apply(kind, by=cast.ludong_officer, reason=reason, at=AT)
    assert caught.value.field == "reason"


@pytest.mark.parametrize("fact", ["subscribable", "active"])
def test_it_takes_no_application_for_a_kind_that_is_not_to_be_had(cast: Cast, kind: NoticeKind, fact: str) -> None:
    setattr(kind, fact, False)

    with pytest.raises(WrongState):
        applied(cast, kind)


def test_it_takes_one_application_at_a_time_and_another_after_a_refusal(cast: Cast, kind: NoticeKind) -> None:
    first = applied(cast, kind)
    with pytest.raises(WrongState):
        applied(cast, kind, by=cast.ludong_head)
    verbs.refuse(first, by=cast.kefu_head, reason="与贵单位无关", at=AT)

    assert applied(cast, kind).pk != first.pk


# ── granting, refusing, revoking, ending ────────────────────────────────────────────────────────


def test_it_puts_the_units_people_into_the_audience_from_the_grant_on(cast: Cast, kind: NoticeKind) -> None:
    made = applied(cast, kind)
    before = reached(kind)
    verbs.grant(made, by=cast.kefu_head, text="欢迎", at=AT)

    assert before == {"沈阳分公司"}
    assert reached(kind) == {"沈阳分公司", "鲁东代理商"}
    made.refresh_from_db()
    assert (made.state, made.decided_by, made.decided_at, made.answer) == (State.GRANTED, cast.kefu_head, AT, "欢迎")
    assert AuditEntry.objects.filter(action="subscription.granted").count() == 1
    assert told("subscription-granted") == {"ludong.head", "ludong.officer"}


@pytest.mark.parametrize("fact", ["subscribable", "active"])
def test_it_grants_nothing_of_a_kind_that_was_retired_meanwhile(cast: Cast, kind: NoticeKind, fact: str) -> None:
    made = applied(cast, kind)
    NoticeKind.objects.filter(pk=kind.pk).update(**{fact: False})

    with pytest.raises(WrongState):
        verbs.grant(made, by=cast.kefu_head, at=AT)
    verbs.refuse(made, by=cast.kefu_head, reason="该类通知已停用", at=AT)

    made.refresh_from_db()
    assert made.state == State.REFUSED


def test_it_takes_the_unit_out_when_it_is_revoked(cast: Cast, kind: NoticeKind) -> None:
    made = granted(cast, kind)

    verbs.revoke(made, by=cast.kefu_head, reason="协议到期", at=AT)

    assert reached(kind) == {"沈阳分公司"}
    assert (made.state, made.ended_by, made.ending) == (State.REVOKED, cast.kefu_head, "协议到期")
    assert AuditEntry.objects.get(action="subscription.revoked").data["reason"] == "协议到期"
    assert told("subscription-revoked") == {"ludong.head", "ludong.officer"}


def test_it_refuses_with_a_reason(cast: Cast, kind: NoticeKind) -> None:
    made = applied(cast, kind)

    verbs.refuse(made, by=cast.kefu_head, reason="与贵单位无关", at=AT)

    assert reached(kind) == {"沈阳分公司"}
    assert (made.state, made.answer) == (State.REFUSED, "与贵单位无关")
    assert AuditEntry.objects.filter(action="subscription.refused").count() == 1
    assert told("subscription-refused") == {"ludong.head", "ludong.officer"}


@pytest.mark.parametrize("verb", [verbs.refuse, verbs.revoke])
def test_it_asks_the_owner_for_a_reason(cast: Cast, kind: NoticeKind, verb: Callable[..., Any]) -> None:
    made = applied(cast, kind) if verb is verbs.refuse else granted(cast, kind)

    with pytest.raises(Invalid):
        verb(made, by=cast.kefu_head, reason=" ", at=AT)


@pytest.mark.parametrize("before", ["applied", "granted"])
def test_it_is_ended_by_the_unit(cast: Cast, kind: NoticeKind, before: str) -> None:
    made = applied(cast, kind) if before == "applied" else granted(cast, kind)

    verbs.end(made, by=cast.ludong_head, reason="不再需要", at=AT)

    assert (made.state, made.ended_by, made.ending) == (State.ENDED, cast.ludong_head, "不再需要")
    assert reached(kind) == {"沈阳分公司"}
    assert AuditEntry.objects.filter(action="subscription.ended").count() == 1


@pytest.mark.parametrize("who", ["ludong_member", "chuannan_head", "kefu_head", "qifa_head"])
def test_it_is_ended_by_nobody_else(cast: Cast, kind: NoticeKind, who: str) -> None:
    with pytest.raises(Refused):
        verbs.end(granted(cast, kind), by=cast.people[who], at=AT)


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        ("granted", "grant"), ("granted", "refuse"), ("applied", "revoke"), ("refused", "grant"), ("refused", "revoke"),
        ("ended", "grant"), ("ended", "refuse"), ("ended", "revoke"), ("ended", "end"), ("refused", "end"),
    ],
)  # fmt: skip
def test_it_does_nothing_in_another_state(cast: Cast, kind: NoticeKind, state: str, verb: str) -> None:
    made = granted(cast, kind) if state == "granted" else applied(cast, kind)
    if state == "refused":
        verbs.refuse(made, by=cast.kefu_head, reason="不同意", at=AT)
    if state == "ended":
        verbs.end(made, by=cast.ludong_head, at=AT)
    by = cast.ludong_head if verb == "end" else cast.kefu_head
    reason = {} if verb == "grant" else {"reason": "原因"}

    with pytest.raises(WrongState):
        getattr(verbs, verb)(made, by=by, at=AT, **reason)
    made.refresh_from_db()
    assert made.state == state


# ── who decides ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("who", "own", "shared"),
    [
        ("kefu_head", True, False), ("kefu_deputy", False, False), ("kefu_officer", False, False), ("kefu_member", False, False),
        ("dev_head", False, False), ("qifa_head", False, True), ("qifa_officer", False, True), ("qifa_member", False, True),
        ("office_head", False, False), ("ludong_head", False, False), ("ludong_officer", False, False),
        ("audit_admin", False, False),
    ],
)  # fmt: skip
def test_it_is_decided_by_the_owner(
    cast: Cast, kind: NoticeKind, common: NoticeKind, who: str, *, own: bool, shared: bool
) -> None:
    for which, expected in ((kind, own), (common, shared)):
        made = applied(cast, which)
        found = Subscription.objects.filter(verbs.decided_by(cast.people[who]), pk=made.pk).exists()

        assert found is expected
        if not expected:
            for verb in (verbs.grant, verbs.refuse, verbs.revoke):
                with pytest.raises(Refused):
                    verb(made, by=cast.people[who], at=AT, **({} if verb is verbs.grant else {"reason": "原因"}))
            made.refresh_from_db()
            assert made.state == State.APPLIED


def test_it_is_decided_by_the_deputy_while_the_head_is_away(cast: Cast, kind: NoticeKind) -> None:
    made = applied(cast, kind)
    Absence.objects.create(
        user=cast.kefu_head, first_day=date(2000, 1, 1), last_day=date(2099, 1, 1), created_by=cast.kefu_head
    )

    verbs.grant(made, by=cast.kefu_deputy, at=AT)

    assert made.decided_by == cast.kefu_deputy


def test_it_is_never_decided_by_the_applicant(cast: Cast, kind: NoticeKind, common: NoticeKind) -> None:
    own = applied(cast, kind, by=cast.kefu_head)
    shared = applied(cast, common, by=cast.qifa_head)

    with pytest.raises(Refused):
        verbs.grant(own, by=cast.kefu_head, at=AT)
    with pytest.raises(Refused):
        verbs.grant(shared, by=cast.qifa_head, at=AT)
    verbs.grant(own, by=cast.kefu_deputy, at=AT)  # in the head's place
    verbs.grant(shared, by=cast.qifa_officer, at=AT)


@pytest.mark.parametrize("gone", ["leaders", "unit"])
def test_it_falls_to_the_supervising_department_where_nobody_is_left(cast: Cast, kind: NoticeKind, gone: str) -> None:
    if gone == "leaders":
        User.objects.filter(unit=cast.kefu, role__in=["head", "deputy"]).update(is_active=False)
    else:
        Unit.objects.filter(pk=cast.kefu.pk).update(active=False)
    kind.refresh_from_db()

    made = applied(cast, kind)

    assert told("subscription-applied") == {"qifa.head", "qifa.officer"}
    assert verbs.grant(made, by=cast.qifa_officer, at=AT).state == State.GRANTED


# ── the end of a unit ───────────────────────────────────────────────────────────────────────────


def test_it_ends_with_the_unit(cast: Cast, kind: NoticeKind, common: NoticeKind) -> None:
    made, waiting = granted(cast, kind), applied(cast, common)
    other = applied(cast, kind, by=cast.chuannan_officer)
    Unit.objects.filter(pk=cast.ludong.pk).update(active=False)

    assert reached(kind) == {"沈阳分公司"}
    with pytest.raises(WrongState):
        verbs.grant(waiting, by=cast.qifa_head, at=AT)
    assert verbs.end_of_closed_units(AT) == 2
    assert verbs.end_of_closed_units(AT) == 0

    states = dict(Subscription.objects.values_list("pk", "state"))
    assert states == {made.pk: State.ENDED, waiting.pk: State.ENDED, other.pk: State.APPLIED}
    assert AuditEntry.objects.filter(action="subscription.ended", data__unit_closed=True).count() == 2


def test_it_ends_at_once_where_the_closing_asks_for_it(cast: Cast, kind: NoticeKind) -> None:
    granted(cast, kind)

    assert verbs.end_for_unit(cast.ludong, AT) == 1
    assert reached(kind) == {"沈阳分公司"}


# ── at the same moment ──────────────────────────────────────────────────────────────────────────


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_is_applied_for_once_by_two_at_once(cast: Cast, kind: NoticeKind) -> None:
    deeds = [lambda by=by: applied(cast, kind, by=by) for by in (cast.ludong_head, cast.ludong_officer)]

    assert at_once(*deeds) == {"done": 1, "WrongState": 1}
    assert Subscription.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_is_decided_once_by_two_at_once(cast: Cast, common: NoticeKind) -> None:
    made = applied(cast, common)
    copies = [Subscription.objects.get(pk=made.pk) for _ in range(2)]

    said = at_once(
        lambda: verbs.grant(copies[0], by=cast.qifa_head, at=AT),
        lambda: verbs.refuse(copies[1], by=cast.qifa_officer, reason="不同意", at=AT),
    )

    assert said == {"done": 1, "WrongState": 1}
    assert AuditEntry.objects.filter(action__in=["subscription.granted", "subscription.refused"]).count() == 1


# ── pages ───────────────────────────────────────────────────────────────────────────────────────


def test_it_shows_a_unit_all_kinds_and_what_became_of_its_applications(
    cast: Cast, client: Client, kind: NoticeKind, common: NoticeKind
) -> None:
    verbs.refuse(applied(cast, kind), by=cast.kefu_head, reason="与贵单位无关", at=AT)
    client.force_login(cast.ludong_officer)

    page = client.get("/notices/subscriptions/").content.decode()

    for words in (
        "服务动态",
        "未同意",
        "与贵单位无关",
        "再次申请",
        "综合动态",
        f"/notices/subscriptions/apply/{common.pk}/",
    ):
        assert words in page


def test_it_shows_an_employee_no_button(cast: Cast, client: Client, common: NoticeKind) -> None:
    client.force_login(cast.ludong_member)

    assert "/subscriptions/apply/" not in client.get("/notices/subscriptions/").content.decode()
    assert client.get(f"/notices/subscriptions/apply/{common.pk}/").status_code == 403
    assert client.post(f"/notices/subscriptions/apply/{common.pk}/", {"reason": "要"}).status_code == 403


def test_it_applies_and_grants_on_its_pages(cast: Cast, client: Client, kind: NoticeKind) -> None:
    client.force_login(cast.ludong_officer)
    empty = client.post(f"/notices/subscriptions/apply/{kind.pk}/", {"reason": " "})
    sent = client.post(f"/notices/subscriptions/apply/{kind.pk}/", {"reason": "要转给门店"})
    again = client.post(f"/notices/subscriptions/apply/{kind.pk}/", {"reason": "要转给门店"})
    made = Subscription.objects.get()
    client.force_login(cast.kefu_head)
    page = client.get(f"/notices/subscriptions/{made.pk}/").content.decode()
    without = client.post(f"/notices/subscriptions/{made.pk}/refuse/", {"reason": ""})
    client.post(f"/notices/subscriptions/{made.pk}/grant/", {"text": ""})
    late = client.post(f"/notices/subscriptions/{made.pk}/refuse/", {"reason": "不"})

    assert (empty.status_code, sent.status_code, again.status_code, late.status_code) == (422, 302, 409, 409)
    assert "包括机密通知" in page
    assert without.status_code == 422
    made.refresh_from_db()
    assert made.state == State.GRANTED


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("ludong_officer", (200, 403)), ("ludong_member", (200, 403)), ("kefu_head", (200, 200)), ("kefu_officer", (200, 200)),
        ("kefu_member", (404, 403)), ("chuannan_head", (404, 403)), ("dev_head", (404, 403)), ("qifa_member", (200, 200)),
        ("office_head", (404, 403)), ("system_admin", (403, 403)),
    ],
)  # fmt: skip
def test_it_opens_an_application_to_unit_owner_and_supervisors(
    cast: Cast, client: Client, kind: NoticeKind, who: str, expected: tuple[int, int]
) -> None:
    one, list_ = expected
    made = applied(cast, kind)
    client.force_login(cast.people[who])
    page = client.get("/notices/subscriptions/given/")

    assert client.get(f"/notices/subscriptions/{made.pk}/").status_code == one
    assert page.status_code == list_
    assert ("鲁东代理商" in page.content.decode()) is (list_ == 200)
    for verb in ("grant", "refuse", "revoke", "end"):
        assert client.get(f"/notices/subscriptions/{made.pk}/{verb}/").status_code == 405
    if who not in ("kefu_head", "ludong_officer"):
        wanted = 404 if one == 404 else 403
        for verb in ("grant", "refuse", "revoke", "end"):
            asked = client.post(f"/notices/subscriptions/{made.pk}/{verb}/", {"reason": "原因"})
            assert asked.status_code == wanted, verb
        made.refresh_from_db()
        assert made.state == State.APPLIED


def test_it_filters_and_exports_the_list(cast: Cast, client: Client, kind: NoticeKind, common: NoticeKind) -> None:
    granted(cast, kind)
    applied(cast, common, by=cast.chuannan_officer)
    client.force_login(cast.qifa_head)

    answer = client.get("/notices/subscriptions/given/?state=applied&format=xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["单位", "川南代理商"]
    found = client.get(f"/notices/subscriptions/given/?q=ldd&kind={kind.pk}&unit_kind=agent").content.decode()
    assert "鲁东代理商" in found
    assert "川南代理商" not in found


def test_it_costs_the_same_for_many(
    cast: Cast, client: Client, kind: NoticeKind, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    units = Unit.objects.bulk_create(
        Unit(code=f"A{n}", name=f"代理{n}", kind="agent", manager=cast.market, pinyin=f"a{n}") for n in range(40)
    )
    Subscription.objects.bulk_create(
        Subscription(unit=unit, kind=kind, reason="要", applied_by=cast.ludong_head, applied_at=AT) for unit in units
    )
    NoticeKind.objects.bulk_create(NoticeKind(code=f"k{n}", name_zh=f"类{n}", name_en=f"k{n}") for n in range(30))
    client.force_login(cast.kefu_head)

    for address in ("/notices/subscriptions/", "/notices/subscriptions/given/"):
        with django_assert_max_num_queries(25):
            assert client.get(address).status_code == 200


def test_it_stands_on_the_desk_of_who_decides(cast: Cast, kind: NoticeKind) -> None:
    made = applied(cast, kind)

    (row,) = subscription_desk.waiting(cast.kefu_head, AT)

    assert (row.url, row.title) == (f"/notices/subscriptions/{made.pk}/", "鲁东代理商申请接收“服务动态”")
    for other in (cast.kefu_officer, cast.ludong_head, cast.qifa_head, cast.audit_admin):
        assert subscription_desk.waiting(other, AT) == []
    verbs.grant(made, by=cast.kefu_head, at=AT)
    assert subscription_desk.waiting(cast.kefu_head, AT) == []
