"""The regulations: written by one of 企发部, put in force by its head, read by all, compared, reviewed every year."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils.timezone import localdate

from accounts.access import Refused
from channelportal.core import clock
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from notices.models import Rule, RuleVersion
from notices.supplied.rules import supply
from notices.workflow import rules

pytestmark = pytest.mark.django_db
TODAY = date(2026, 5, 8)


@pytest.fixture
def supplied() -> Rule:
    supply(apps)  # a test that emptied the database may have gone before
    return Rule.objects.get(code="QD-GT-01")


@pytest.fixture
def sent(cast: Any, supplied: Rule) -> RuleVersion:
    version = rules.draft(
        supplied, by=cast.qifa_officer, body="<p>答复<script>x</script>时限</p>", in_force_from=localdate(), change="时限"
    )  # fmt: skip
    return rules.send(version, by=cast.qifa_officer)


def texts(client: Client, address: str, **query: Any) -> str:
    return client.get(address, query).content.decode()


def test_it_is_there_from_the_first_day(client: Client, cast: Any, supplied: Rule) -> None:
    client.force_login(cast.ludong_member)

    page = texts(client, f"/rules/{supplied.pk}/")

    assert "第一个工作日" in page
    assert supplied.name in page.partition("<h1")[2].partition("</h1>")[0]
    assert f"/rules/{supplied.pk}/draft/" not in page


def test_it_is_drafted_by_one_and_put_in_force_by_another(cast: Any, sent: RuleVersion) -> None:
    approved = rules.approve(sent, by=cast.qifa_head)

    assert approved.state == "approved"
    assert approved.body == "<p>答复时限</p>"
    told = set(Alert.objects.filter(kind="rule-in-force").values_list("user__username", flat=True))
    assert {"ludong.head", "kefu.officer"} <= told
    assert "ludong.member" not in told
    assert AuditEntry.objects.filter(action="rule.approve", actor=cast.qifa_head).exists()


def test_it_asks_the_head(cast: Any, sent: RuleVersion) -> None:
    told = Alert.objects.filter(kind="rule-to-approve").values_list("user__username", flat=True)

    assert list(told) == ["qifa.head"]


def test_a_heads_own_is_in_force_at_once(cast: Any, supplied: Rule) -> None:
    version = rules.draft(supplied, by=cast.qifa_head, body="新", in_force_from=TODAY, change="全部")

    assert rules.send(version, by=cast.qifa_head).state == "approved"


def test_nobody_else_edits_or_decides(cast: Any, supplied: Rule, sent: RuleVersion) -> None:
    with pytest.raises(Refused):
        rules.draft(supplied, by=cast.kefu_head, body="新", in_force_from=TODAY, change="x")
    with pytest.raises(Refused):
        rules.approve(sent, by=cast.qifa_officer)
    with pytest.raises(Refused):
        rules.approve(sent, by=cast.kefu_head)


def test_it_is_decided_once(cast: Any, sent: RuleVersion) -> None:
    rules.approve(sent, by=cast.qifa_head)

    with pytest.raises(WrongState):
        rules.approve(sent, by=cast.qifa_head)
    with pytest.raises(WrongState):
        rules.send_back(sent, by=cast.qifa_head, text="改")


def test_it_is_returned_with_a_remark(cast: Any, sent: RuleVersion) -> None:
    with pytest.raises(Invalid):
        rules.send_back(sent, by=cast.qifa_head, text=" ")

    returned = rules.send_back(sent, by=cast.qifa_head, text="第二条写清楚")

    assert (returned.state, returned.answer) == ("returned", "第二条写清楚")
    assert Alert.objects.filter(kind="rule-returned", user=cast.qifa_officer).exists()


def test_only_one_version_is_in_hand(cast: Any, supplied: Rule, sent: RuleVersion) -> None:
    with pytest.raises(WrongState):
        rules.draft(supplied, by=cast.qifa_head, body="新", in_force_from=TODAY, change="x")

    rules.drop(sent, by=cast.qifa_officer)

    assert rules.draft(supplied, by=cast.qifa_head, body="新", in_force_from=TODAY, change="x").number == 3


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("body", "<p> </p>"), ("change", ""), ("in_force_from", date(2099, 1, 1)), ("in_force_from", date(1999, 1, 1))],
)
def test_it_says_what_is_wrong(cast: Any, supplied: Rule, field: str, wrong: Any) -> None:
    right: dict[str, Any] = {"body": "新", "change": "x", "in_force_from": TODAY}

    with pytest.raises(Invalid) as refused:
        rules.draft(supplied, by=cast.qifa_head, **(right | {field: wrong}))

    assert refused.value.field == field


def test_a_draft_is_seen_by_its_department_alone(client: Client, cast: Any, sent: RuleVersion) -> None:
    address = f"/rules/{sent.rule_id}/"
    for person, status in ((cast.qifa_member, 200), (cast.kefu_head, 404), (cast.ludong_head, 404)):
        client.force_login(person)
        assert client.get(address, {"version": sent.number}).status_code == status
        assert client.get(f"{address}compare/", {"old": 1, "new": sent.number}).status_code == status


def test_a_stranger_reads_only_what_is_public(client: Client, cast: Any, supplied: Rule) -> None:
    assert client.get("/rules/").status_code == 302
    assert client.get(f"/rules/{supplied.pk}/").status_code == 404

    rules.change(supplied, by=cast.qifa_head, name=supplied.name, unit=None, public=True, active=True)

    assert supplied.name in texts(client, "/rules/")
    assert "第一个工作日" in texts(client, f"/rules/{supplied.pk}/")
    assert client.get(f"/rules/{supplied.pk}/draft/").status_code == 302


def test_the_version_in_force_stays_until_the_day_of_the_next(client: Client, cast: Any, supplied: Rule) -> None:
    ahead = localdate() + timedelta(days=30)
    version = rules.draft(supplied, by=cast.qifa_head, body="明年的新办法", in_force_from=ahead, change="全部")
    rules.send(version, by=cast.qifa_head)
    client.force_login(cast.ludong_member)

    assert "第一个工作日" in texts(client, f"/rules/{supplied.pk}/")
    assert "明年的新办法" in texts(client, f"/rules/{supplied.pk}/", version=version.number)


def test_it_is_written_and_sent_by_page(client: Client, cast: Any, supplied: Rule) -> None:
    client.force_login(cast.qifa_officer)
    form = {"body": "<h2>总则</h2><p>新的文字</p>", "change": "总则", "in_force_from": "2026-05-08"}

    saved = client.post(f"/rules/{supplied.pk}/draft/", form)
    client.post(f"/rules/{supplied.pk}/2/send/")
    client.force_login(cast.qifa_head)
    client.post(f"/rules/{supplied.pk}/2/approve/", {"text": "同意"})

    assert saved.status_code == 302
    version = RuleVersion.objects.get(rule=supplied, number=2)
    assert (version.state, version.answer, version.approved_by) == ("approved", "同意", cast.qifa_head)
    assert "新的文字" in texts(client, f"/rules/{supplied.pk}/")


def test_a_wrong_form_keeps_what_was_typed(client: Client, cast: Any, supplied: Rule) -> None:
    client.force_login(cast.qifa_officer)

    answer = client.post(f"/rules/{supplied.pk}/draft/", {"body": "<p>留住我</p>", "change": "", "in_force_from": "x"})

    assert answer.status_code == 422
    assert "留住我" in answer.content.decode()


def test_a_new_one_is_entered_once(client: Client, cast: Any, supplied: Rule) -> None:
    client.force_login(cast.qifa_officer)
    form = {"code": "QD-GT-02", "name": "公文管理办法", "body": "文", "in_force_from": "2026-05-08"}

    assert client.post("/rules/new/", form).status_code == 302
    assert client.post("/rules/new/", form).status_code == 422
    assert Rule.objects.filter(code="QD-GT-02").count() == 1


@pytest.mark.parametrize("address", ["/rules/new/", "/rules/{pk}/draft/", "/rules/{pk}/settings/"])
def test_others_are_refused_the_pages(client: Client, cast: Any, supplied: Rule, address: str) -> None:
    client.force_login(cast.kefu_head)

    assert client.get(address.format(pk=supplied.pk)).status_code == 403


def test_its_yearly_review_is_told_once(cast: Any, supplied: Rule) -> None:
    now = clock.now() + timedelta(days=400)

    assert rules.remind_of_reviews(clock.now() - timedelta(days=200)) == 0
    assert rules.remind_of_reviews(now) == 1
    assert rules.remind_of_reviews(now) == 0
    assert OutboxMessage.objects.filter(kind="rule-review", user=cast.qifa_head).count() == 1

    rules.review(supplied, by=cast.qifa_officer, at=now)

    assert rules.remind_of_reviews(now + timedelta(days=300)) == 0
    assert rules.remind_of_reviews(now + timedelta(days=366)) == 1


def test_a_review_is_on_record_once_a_day(cast: Any, supplied: Rule) -> None:
    rules.review(supplied, by=cast.qifa_officer)

    with pytest.raises(WrongState):
        rules.review(supplied, by=cast.qifa_head)
    assert AuditEntry.objects.filter(action="rule.reviewed").count() == 1


@pytest.mark.parametrize("text", ["", "改" * 301])
def test_a_return_that_cannot_be_keeps_its_remark(client: Client, cast: Any, sent: RuleVersion, text: str) -> None:
    client.force_login(cast.qifa_head)

    page = client.post(f"/rules/{sent.rule_id}/{sent.number}/send-back/", {"text": text})

    assert page.status_code == 422
    assert page.context["remark"]["text"].errors
    assert page.context["remark"]["text"].value() == text
    sent.refresh_from_db()
    assert sent.state == RuleVersion.State.PENDING
