"""The ticket page: what it says, to whom, at which cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext

from accounts.models import User
from channelportal.core import calendar, clock
from feedback import rights, workflow
from feedback.models import Ticket
from feedback.present import page as present
from tests.people import Cast

Window = Callable[[User], Client]


def page(client: Client, ticket: Ticket) -> str:
    return client.get(f"/tickets/{ticket.pk}/").content.decode()


def test_it_explains_the_day_and_what_comes_after_it(cast: Cast, ticket: Ticket, window: Window) -> None:
    html = page(window(cast.kefu_officer), ticket)

    assert "为什么是这一天" in html
    assert "到期之后" in html
    assert cast.kefu_head.name in html  # level 1 tells the head
    assert cast.office_head.name in html  # level 3 tells management


@pytest.mark.parametrize(
    ("who", "title"),
    [("kefu_officer", "该您了：正式答复"), ("kefu_head", "该您了：正式答复"), ("ludong_head", ""), ("qifa_head", "")],
)
def test_it_opens_the_one_thing_that_is_due_from_the_reader(
    cast: Cast, ticket: Ticket, window: Window, who: str, title: str
) -> None:
    html = page(window(cast.people[who]), ticket)

    assert (title or "目前不需要您处理") in html
    assert ("该您了" in html) == bool(title)


@pytest.mark.parametrize(
    "who", ["chuannan_head", "ludong_member", "kefu_member", "dev_head", "system_admin", "audit_admin"]
)
def test_it_is_not_there_for_strangers(cast: Cast, ticket: Ticket, window: Window, who: str) -> None:
    client = window(cast.people[who])

    found, absent = client.get(f"/tickets/{ticket.pk}/"), client.get("/tickets/999999/")

    assert (found.status_code, absent.status_code) == (404, 404)
    assert ticket.title not in found.content.decode()


def test_it_sends_who_is_not_signed_in_to_the_door(client: Client, ticket: Ticket) -> None:
    assert client.get(f"/tickets/{ticket.pk}/").status_code == 302


def test_it_marks_what_is_no_reply_and_hides_the_other_side(cast: Cast, ticket: Ticket, window: Window) -> None:
    workflow.ask(ticket, by=cast.kefu_officer, text="哪一批？")
    workflow.note(ticket, by=cast.kefu_officer, text="先查库存")

    ours, theirs = page(window(cast.kefu_head), ticket), page(window(cast.ludong_head), ticket)

    assert "不计为答复" in ours
    assert "先查库存" in ours
    assert "先查库存" not in theirs
    assert f'action="/tickets/{ticket.pk}/answer/"' in theirs
    assert "哪一批？" in theirs


def test_it_costs_the_same_whatever_the_length_of_the_timeline(
    cast: Cast, ticket: Ticket, window: Window, django_assert_max_num_queries: Any
) -> None:
    client = window(cast.kefu_officer)
    for number in range(30):
        workflow.note(ticket, by=cast.kefu_officer, text=f"进展 {number}", side="all")
    page(client, ticket)

    with django_assert_max_num_queries(10):
        html = page(client, ticket)

    assert "展开中间" in html
    assert "进展 0" in html


@pytest.mark.parametrize("who", ["kefu_officer", "kefu_head", "ludong_head", "qifa_head", "dev_officer"])
def test_it_knows_what_waits_without_asking_again(cast: Cast, ticket: Ticket, who: str) -> None:
    workflow.ask_assist(ticket, by=cast.kefu_officer, unit=cast.dev, task="看图纸", day=None)
    workflow.ask_severity(ticket, by=cast.kefu_head, to="normal", reason="并不严重")
    workflow.urge(ticket, by=cast.qifa_head, text="请抓紧")
    workflow.hold(ticket.obligations.get(kind="reply"), by=cast.qifa_head, reason="客户休假")
    user = cast.people[who]

    assert present.of(ticket, user, clock.now()).facts == rights.waiting(ticket, user)


def test_it_knows_of_promises_and_plans_without_asking_again(cast: Cast, filed: Callable[..., Ticket]) -> None:
    day, far = (calendar.current().nth_after(clock.now().date(), n) for n in (4, 40))
    promised, long = filed(), filed()
    workflow.plan(promised, by=cast.kefu_officer, text="换件", day=day)
    workflow.ask_extension(promised, by=cast.kefu_officer, day=calendar.current().nth_after(day, 2), reason="缺件")
    workflow.plan(long, by=cast.kefu_officer, text="换型", day=far)

    for ticket in (promised, long):
        assert present.of(ticket, cast.kefu_head, clock.now()).facts == rights.waiting(ticket, cast.kefu_head)


def test_it_never_names_a_protected_filer_to_the_responsible_side(
    cast: Cast, filed: Callable[..., Ticket], window: Window
) -> None:
    ticket = filed(by=cast.ludong_officer, code="complaint", shielded=True, title="答复敷衍", body="多次答复不完整。")
    ticket = workflow.approve(ticket, by=cast.ludong_head)
    workflow.ask(ticket, by=cast.kefu_officer, text="哪几次？")
    workflow.answer_question(ticket, by=cast.ludong_officer, text="四月两次")

    for who in ("kefu_officer", "kefu_head", "kefu_deputy"):
        assert cast.ludong_officer.name not in page(window(cast.people[who]), ticket)
    assert gettext("Name withheld") in page(window(cast.kefu_head), ticket)
    assert cast.ludong_officer.name in page(window(cast.ludong_officer), ticket)


def test_it_keeps_a_restricted_ticket_from_everybody_but_the_named(
    cast: Cast, filed: Callable[..., Ticket], window: Window
) -> None:
    secret = "金丝雀七四一"
    ticket = filed(
        code="complaint",
        restricted=True,
        title=secret,
        body=f"{secret}的正文",
        named=[cast.quality_head],
        accused=cast.kefu_head,
    )
    readers = {"ludong_head", "qifa_head", "quality_head"}

    for who, user in cast.people.items():
        client = window(user)
        seen = [client.get(f"/tickets/{ticket.pk}/{rest}").content.decode() for rest in ("", "related/", "note/")]
        seen += [
            client.get(f"/tickets/?view={view}").content.decode() for view in ("all", "owed", "asked", "escalated")
        ]
        assert any(secret in html for html in seen) == (who in readers), who


def test_it_says_where_it_stands_in_every_state(cast: Cast, filed: Callable[..., Ticket], window: Window) -> None:
    day = calendar.current().nth_after(clock.now().date(), 3)
    asker = window(cast.ludong_head)

    waiting = filed(by=cast.ludong_member)
    assert "尚未开始计时" in page(asker, waiting)
    returned = workflow.send_back(filed(by=cast.ludong_member), by=cast.ludong_head, text="写清数量")
    assert "修改后可再次提交" in page(asker, returned)
    planned = filed()
    workflow.plan(planned, by=cast.kefu_officer, text="换件", day=day)
    assert "正式答复 · 承诺" in page(asker, planned)
    resolved = workflow.resolve(filed(), by=cast.kefu_officer, text="已更换")
    assert "正式答复 · 已解决" in page(asker, resolved)
    closed = workflow.confirm(resolved, by=cast.ludong_head, answer=5, speed=4)
    assert "答复评 5 分" in page(asker, closed)
    withdrawn = workflow.withdraw(filed(), by=cast.ludong_head, reason="已自行解决")
    assert "提出方已撤回" in page(asker, withdrawn)
    merged = workflow.merge(filed(), by=cast.qifa_head, into=planned, reason="重复")
    assert planned.number in page(asker, merged)


def test_it_asks_for_the_result_alone_while_a_promise_stands(
    cast: Cast, filed: Callable[..., Ticket], window: Window
) -> None:
    ticket = filed()
    workflow.plan(ticket, by=cast.kefu_officer, text="换件", day=calendar.current().nth_after(clock.now().date(), 3))

    html = page(window(cast.kefu_officer), ticket)

    assert 'type="hidden" name="what" value="resolution"' in html
    assert 'id="reply-day"' not in html


def test_it_helps_with_the_promised_day(cast: Cast, ticket: Ticket, window: Window) -> None:
    client, days = window(cast.kefu_officer), calendar.current()
    today = clock.now().date()
    working = days.nth_after(today, 2)
    off = next(
        day for day in (working.fromordinal(working.toordinal() + n) for n in range(12)) if not days.is_working(day)
    )

    assert "工作日，18:00 前" in client.get(f"/tickets/{ticket.pk}/day/?day={working}").content.decode()
    offered = client.get(f"/tickets/{ticket.pk}/day/?day={off}&field=reply").content.decode()
    assert "可改为" in offered
    assert days.nth_after(off, 1).isoformat() in offered


@pytest.mark.parametrize("day", ["", "x", "0001-01-01", "9999-12-31", "2026-13-40"])
def test_it_takes_no_harm_from_a_senseless_day(cast: Cast, ticket: Ticket, window: Window, day: str) -> None:
    assert window(cast.kefu_officer).get(f"/tickets/{ticket.pk}/day/?day={day}").status_code == 200


def test_it_finds_related_tickets_only_among_those_one_may_see(
    cast: Cast, filed: Callable[..., Ticket], window: Window
) -> None:
    ticket, alike = filed(), filed(title="水泵漏水又发生")
    foreign = filed(by=cast.chuannan_head, title="水泵漏水，川南")

    theirs = window(cast.ludong_head).get(f"/tickets/{ticket.pk}/related/", HTTP_HX_REQUEST="true").content.decode()

    assert alike.number in theirs
    assert foreign.number not in theirs


def test_it_names_the_superior_to_whom_it_was_reported(cast: Cast, ticket: Ticket, window: Window) -> None:
    workflow.report(ticket, by=cast.qifa_head, text="多次超期")

    assert f"向主管汇报：{cast.office_head.name}" in page(window(cast.qifa_head), ticket)


def test_it_promises_no_escalation_of_a_kept_ticket_to_those_who_may_not_see_it(
    cast: Cast, filed: Callable[..., Ticket]
) -> None:
    ticket = filed(code="complaint", restricted=True, named=[cast.quality_head])

    told = {name for step in present.of(ticket, cast.qifa_head, clock.now()).coming for name in step.people}

    named = {share.user.name for share in ticket.shares.select_related("user")}
    assert told
    assert told <= named | {cast.qifa_head.name, cast.ludong_head.name}
    assert cast.office_head.name not in told
