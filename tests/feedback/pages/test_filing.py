"""A new ticket: what becomes of it is said before it is sent; nothing typed is lost; sent twice it is one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from channelportal.core import clock
from channelportal.core.models import Draft
from channelportal.lib.workdays import local_date
from feedback.models import Ticket, TicketKind
from tests.people import Cast

Window = Callable[[User], Client]


def form(cast: Cast, **values: Any) -> dict[str, Any]:
    kind = TicketKind.objects.get(code=values.pop("code", "problem"))
    typed = {
        "once": uuid.uuid4(),
        "kind": kind.pk,
        "responsible": cast.kefu.pk,
        "title": "水泵漏水",
        "body": "三台漏水。",
    }
    return typed | {"severity": "normal"} | values


def test_it_reaches_the_unit_at_once_when_a_head_sends_it(cast: Cast, window: Window) -> None:
    upload = SimpleUploadedFile("照片说明.txt", "左侧".encode())

    answer = window(cast.ludong_head).post("/tickets/new/", form(cast, files=[upload], copied="on"), follow=True)

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.responsible, ticket.copied, ticket.files.count()) == ("open", cast.kefu, True, 1)
    assert f"{ticket.number} 已送达客户服务部" in answer.content.decode()


def test_it_waits_for_the_head_when_an_employee_sends_it(cast: Cast, window: Window) -> None:
    client = window(cast.ludong_member)

    before = client.get("/tickets/new/").content.decode()
    answer = client.post("/tickets/new/", form(cast), follow=True)

    assert f"由负责人 {cast.ludong_head.name} 审批" in before
    assert Ticket.objects.get().state == "pending"
    assert "等待本单位负责人审批" in answer.content.decode()


def test_it_makes_one_ticket_when_it_is_sent_twice(cast: Cast, window: Window) -> None:
    client, typed = window(cast.ludong_head), form(cast)

    first, second = client.post("/tickets/new/", typed), client.post("/tickets/new/", typed)

    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("name", ["title", "body", "kind"])
def test_it_keeps_what_was_typed_when_something_is_missing(cast: Cast, window: Window, name: str) -> None:
    answer = window(cast.ludong_head).post(
        "/tickets/new/", form(cast, **{name: ""}) if name != "kind" else form(cast) | {"kind": ""}
    )

    html = answer.content.decode()
    assert answer.status_code == 422
    assert ("三台漏水。" in html) or ("水泵漏水" in html)
    assert not Ticket.objects.exists()


def test_it_shows_the_due_time_before_it_is_sent(cast: Cast, window: Window) -> None:
    client = window(cast.ludong_head)
    kind = TicketKind.objects.get(code="problem")

    normal = client.get(f"/tickets/new/due/?kind={kind.pk}&responsible={cast.kefu.pk}&severity=normal").content.decode()
    major = client.get(f"/tickets/new/due/?kind={kind.pk}&severity=major").content.decode()

    assert "送达客户服务部" in normal
    assert "第 1 个工作日" in normal
    assert "送达企发部" in major  # nobody named: the supervising department holds it
    assert "第 3 个工作日" in major


@pytest.mark.parametrize(
    "query", ["", "kind=x&responsible=y&severity=z", "responsible=99999999999999999999999", "asker=&received_on=x"]
)
def test_it_takes_no_harm_from_senseless_questions(cast: Cast, window: Window, query: str) -> None:
    assert window(cast.ludong_head).get(f"/tickets/new/due/?{query}").status_code == 200


def test_it_keeps_a_draft_while_typing_and_drops_it_when_sent(cast: Cast, window: Window) -> None:
    client = window(cast.ludong_head)

    saved = client.post("/tickets/new/draft/", {"title": "半句话", "body": "还没写完"})
    again = client.get("/tickets/new/").content.decode()
    client.post("/tickets/new/", form(cast))

    assert saved.status_code == 204
    assert "还没写完" in again
    assert "上次未提交的草稿" in again
    assert not Draft.objects.exists()


def test_it_refuses_a_draft_without_end(cast: Cast, window: Window) -> None:
    assert window(cast.ludong_head).post("/tickets/new/draft/", {"body": "长" * 20_000}).status_code == 413


def test_it_previews_without_script_and_sends_nothing(cast: Cast, window: Window) -> None:
    answer = window(cast.ludong_head).post("/tickets/new/", form(cast, severity="major", preview="1"))

    assert answer.status_code == 200
    assert "第 3 个工作日" in answer.content.decode()
    assert not Ticket.objects.exists()


def test_it_protects_who_complains(cast: Cast, window: Window) -> None:
    typed = form(
        cast, code="complaint", shielded="on", restricted="on", named=[cast.quality_head.pk], accused=cast.kefu_head.pk
    )

    window(cast.ludong_head).post("/tickets/new/", typed)

    ticket = Ticket.objects.get()
    assert (ticket.shielded, ticket.restricted, ticket.accused) == (True, True, cast.kefu_head)
    assert ticket.responsible == cast.qifa  # never the unit of the head complained of
    assert cast.quality_head.pk in ticket.shares.values_list("user", flat=True)


def test_it_forgets_the_fields_of_a_complaint_for_other_kinds(cast: Cast, window: Window) -> None:
    window(cast.ludong_head).post("/tickets/new/", form(cast, shielded="on", accused=cast.kefu_head.pk))

    assert (Ticket.objects.get().shielded, Ticket.objects.get().accused) == (False, None)


def test_it_is_closed_to_who_belongs_to_no_unit(cast: Cast, window: Window) -> None:
    assert window(cast.system_admin).get("/tickets/new/").status_code == 403
    assert window(cast.ludong_member).get("/tickets/enter/").status_code == 403


def test_it_enters_what_came_by_phone(cast: Cast, window: Window) -> None:
    today = local_date(clock.now())
    typed = form(
        cast,
        asker=cast.chuannan.pk,
        asker_name="川南来电人",
        means="phone",
        received_on=today.isoformat(),
        document_number="",
    )

    window(cast.market_officer).post("/tickets/enter/", typed)

    ticket = Ticket.objects.get()
    assert (ticket.asker, ticket.entered_by, ticket.means, ticket.anchor) == (
        cast.chuannan,
        cast.market_officer,
        "phone",
        today,
    )


def test_it_says_that_a_late_entry_is_one(cast: Cast, window: Window) -> None:
    client, day = window(cast.market_officer), local_date(clock.now()) - timedelta(days=20)

    late = client.get(f"/tickets/new/due/?asker=&received_on={day}&severity=normal").content.decode()
    future = client.get(
        f"/tickets/new/due/?asker=&received_on={day + timedelta(days=40)}&severity=normal"
    ).content.decode()
    long_ago = client.get(
        f"/tickets/new/due/?asker=&received_on={day - timedelta(days=40)}&severity=normal"
    ).content.decode()

    assert "补录" in late
    assert "收到日期不能晚于今天" in future
    assert "只能由企发部录入" in long_ago


def test_it_keeps_what_was_typed_when_the_day_of_receipt_is_wrong(cast: Cast, window: Window) -> None:
    day = local_date(clock.now()) + timedelta(days=3)
    typed = form(cast, asker=cast.chuannan.pk, means="fax", received_on=day.isoformat())

    answer = window(cast.market_officer).post("/tickets/enter/", typed)

    assert answer.status_code == 422
    assert "三台漏水。" in answer.content.decode()
