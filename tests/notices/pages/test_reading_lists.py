"""The list with its views, receipts, reminders, and what stands on the desk and over every page."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from accounts.models import Absence, User
from channelportal import home
from channelportal.core import clock, search
from channelportal.core.models import AuditEntry
from notices import deciders, desk, workflow
from notices.models import Meeting, MeetingKind, Notice, Receipt, Step, Version
from tests.notices import making
from tests.people import Cast

Window = Callable[[User], Client]


def out(cast: Cast, *, hours: int = 24, **values: Any) -> Notice:
    """Published to everybody of 鲁东代理商."""
    to = [cast.ludong_head, cast.ludong_officer, cast.ludong_member]
    return making.published(cast, to=to, at=clock.now() - timedelta(hours=hours), **values)


def listed(client: Client, query: str = "") -> list[str]:
    """Titles of the rows, in order."""
    return [line["notice"].title for line in client.get(f"/notices/?{query}").context["lines"]]


# ── views ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("view", "who", "shown"),
    [
        ("inbox", "ludong_member", {"读", "认", "急"}),
        ("acknowledge", "ludong_member", {"认", "急"}),
        ("over", "ludong_member", {"撤", "过期"}),
        ("out", "ludong_member", {"读", "认", "急", "撤", "过期"}),
        ("mine", "ludong_member", set()),
        ("mine", "kefu_officer", {"读", "认", "急", "撤", "过期", "稿", "审"}),
        ("unit", "kefu_head", {"读", "认", "急", "撤", "过期", "稿", "审"}),
        ("inbox", "kefu_officer", set()),
        ("approve", "kefu_head", {"审"}),
        ("all", "qifa_member", {"读", "认", "急", "撤", "过期", "审"}),
        ("late", "qifa_member", {"认"}),
        ("inbox", "chuannan_head", set()),
    ],
)
def test_each_view_shows_its_notices(cast: Cast, window: Window, view: str, who: str, shown: set[str]) -> None:
    out(cast, title="读")
    late = out(cast, title="认", acknowledge=True)
    Receipt.objects.filter(notice=late).update(due_at=clock.now() - timedelta(hours=1))
    Notice.objects.filter(pk=late.pk).update(acknowledge_due_at=clock.now() - timedelta(hours=1))
    out(cast, title="急", acknowledge=True, urgency="urgent", acknowledge_days=5)
    workflow.withdraw(out(cast, title="撤"), by=cast.kefu_officer, reason="有误")
    expired = out(cast, title="过期")
    Notice.objects.filter(pk=expired.pk).update(valid_until=(clock.now() - timedelta(days=2)).date())
    making.a_notice(cast, title="稿", at=clock.now())
    making.sent(cast, title="审", at=clock.now() - timedelta(hours=1))

    assert set(listed(window(cast.people[who]), f"view={view}")) == shown


def test_the_inbox_begins_with_what_wants_something(cast: Cast, window: Window) -> None:
    client = window(cast.ludong_head)
    read = out(cast, title="已读", hours=1)
    client.get(f"/notices/{read.pk}/")
    out(cast, title="未读旧", hours=40)
    out(cast, title="未读新", hours=20)
    out(cast, title="待确认", hours=60, acknowledge=True, acknowledge_days=9)
    out(cast, title="紧急", hours=70, urgency="urgent")

    assert listed(client) == ["紧急", "待确认", "未读新", "未读旧", "已读"]
    assert client.get("/notices/").content.decode().count('class="unread"') == 4


def test_it_filters_by_what_is_in_the_address(cast: Cast, window: Window) -> None:
    out(cast, title="保修政策", importance="important")
    out(cast, title="库存核对")
    client = window(cast.ludong_head)
    today = clock.now().date()

    assert listed(client, "importance=important") == ["保修政策"]
    assert listed(client, f"unit={cast.kefu.pk}&text=保修") == ["保修政策"]
    assert listed(client, f"from_day={today + timedelta(days=1)}") == []
    assert listed(client, f"unit={cast.dev.pk}") == []
    assert len(listed(client, "from_day=2026-01-01&until_day=9999-12-31&unit=x&sort=--due")) == 2


def test_only_steps_without_a_check_list_can_be_ticked(cast: Cast, window: Window) -> None:
    first = making.sent(cast, at=clock.now() - timedelta(hours=3))
    step = making.step_of(first)

    page = window(cast.kefu_head).get("/notices/?view=approve").content.decode()
    assert f'name="step" value="{step.pk}"' in page
    workflow.approve(step, by=cast.kefu_head)
    assert making.step_of(first).duty == Step.Duty.CHECK
    check = window(cast.center_head).get("/notices/?view=approve").content.decode()

    assert first.title in check
    assert 'name="step"' not in check


def test_the_export_says_what_the_list_says(cast: Cast, window: Window) -> None:
    notice = out(cast, title="保修政策")

    answer = window(cast.ludong_head).get("/notices/?format=xlsx")

    rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert [row[:2] for row in rows[1:]] == [(notice.number, "保修政策")]


def test_the_archive_counts_by_year_kind_and_unit_and_leads_there(cast: Cast, window: Window) -> None:
    out(cast)
    workflow.withdraw(out(cast), by=cast.kefu_officer, reason="有误")
    making.a_notice(cast)
    year = clock.now().year
    client = window(cast.ludong_head)

    answer = client.get(f"/notices/archive/?year={year}")

    kind, count = answer.context["kinds"][0]
    assert (answer.context["year"], kind.name, count) == (year, "产品信息", 2)
    link = f"/notices/?view=out&kind={kind.pk}&from_day={year}-01-01&until_day={year}-12-31"
    assert link.replace("&", "&amp;") in answer.content.decode()
    assert len(listed(client, link.partition("?")[2])) == 2


# ── receipts ────────────────────────────────────────────────────────────────────────────────────


def test_the_receipts_say_who_has_and_who_has_not(cast: Cast, window: Window) -> None:
    notice = out(cast, acknowledge=True)
    window(cast.ludong_head).post(f"/notices/{notice.pk}/acknowledge/")
    window(cast.ludong_officer).get(f"/notices/{notice.pk}/")
    client = window(cast.kefu_officer)

    units = client.get(f"/notices/{notice.pk}/receipts/")
    missing = client.get(f"/notices/{notice.pk}/receipts/?view=people&state=missing&unit={cast.ludong.pk}")

    found = units.context["figures"]
    assert (found["all"], found["opened"], found["settled"], found["in_time"], found["missing"]) == (3, 2, 1, 1, 2)
    assert [row["unit__name"] for row in units.context["rows"]] == ["鲁东代理商"]
    assert {row.user.name for row in missing.context["rows"]} == {"代理信息员", "代理员工"}


def test_the_receipts_go_out_as_a_workbook(cast: Cast, window: Window) -> None:
    notice = out(cast)

    answer = window(cast.kefu_head).get(f"/notices/{notice.pk}/receipts/?view=people&format=xlsx")

    rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert {row[1] for row in rows[1:]} == {"李代理", "代理信息员", "代理员工"}
    assert AuditEntry.objects.filter(action="list.exported").exists()


def test_one_click_reminds_who_has_not(cast: Cast, window: Window) -> None:
    notice = out(cast, acknowledge=True)
    window(cast.ludong_head).post(f"/notices/{notice.pk}/acknowledge/")
    client = window(cast.kefu_officer)

    other = client.post(f"/notices/{notice.pk}/remind/", {"unit": cast.chuannan.pk}, follow=True)
    all_of_them = client.post(f"/notices/{notice.pk}/remind/", follow=True)

    assert "无需催办" in other.content.decode()
    assert "已催办 2 人" in all_of_them.content.decode()
    assert Receipt.objects.filter(notice=notice, reminders=1).count() == 2


def test_a_unit_that_makes_no_sense_reminds_nobody(cast: Cast, window: Window) -> None:
    notice = out(cast, acknowledge=True)

    answer = window(cast.kefu_officer).post(f"/notices/{notice.pk}/remind/", {"unit": "x"})

    assert answer.status_code == 400
    assert not Receipt.objects.filter(reminders__gt=0).exists()


# ── desk and shell ──────────────────────────────────────────────────────────────────────────────


def todo(user: User) -> dict[str, str]:
    """What the desk asks of him, by title."""
    return {row.title: row.todo for row in home.waiting(User.objects.get(pk=user.pk), clock.now())}


def test_the_desk_asks_each_for_his_part(cast: Cast) -> None:
    out(cast, title="确认", acknowledge=True)
    out(cast, title="阅读")
    back = making.sent(cast, title="退回", at=clock.now() - timedelta(hours=2))
    workflow.send_back(making.step_of(back), by=cast.kefu_head, text="请补充")
    making.sent(cast, title="审批", at=clock.now() - timedelta(hours=2))
    making.approve_all(making.sent(cast, title="电话", request=True, purpose="核实", means=["phone"], at=making.AT))

    assert todo(cast.ludong_member) == {"确认": "请确认", "阅读": "待阅读"}
    assert todo(cast.kefu_head) == {"审批": "请审批"}
    assert set(todo(cast.kefu_officer)) == {"退回", "电话"}
    assert todo(cast.chuannan_head) == {}


def test_a_correction_that_came_back_stands_on_its_authors_desk(cast: Cast) -> None:
    notice = out(cast)
    workflow.correct(
        notice, by=cast.kefu_officer, title=notice.title, body="<p>新</p>", change="期限", change_reason="假日"
    )
    workflow.send(notice, by=cast.kefu_officer)
    workflow.send_back(making.step_of(notice), by=cast.kefu_head, text="请补充")
    assert Version.objects.get(notice=notice, number=2).state == "returned"

    assert set(todo(cast.kefu_officer)) == {notice.title}


def test_an_urgent_one_stands_in_front_until_it_is_acknowledged(cast: Cast, window: Window) -> None:
    notice = out(cast, title="停止发货", urgency="urgent", acknowledge=True)
    client = window(cast.ludong_member)

    assert "desk-urgent" in client.get("/").content.decode()
    assert "urgent-line" in client.get("/account/").content.decode()
    assert (
        "urgent-line" not in client.get(f"/notices/{notice.pk}/").content.decode()
    )  # on its own page it stands itself
    assert "urgent-line" in client.get("/account/").content.decode()  # reading is not enough
    client.post(f"/notices/{notice.pk}/acknowledge/")
    assert "urgent-line" not in client.get("/account/").content.decode()
    assert "desk-urgent" not in client.get("/").content.decode()


def test_the_navigation_counts_what_is_unread_or_to_be_acknowledged(cast: Cast, window: Window) -> None:
    client = window(cast.ludong_member)
    read = out(cast)
    out(cast)
    asked = out(cast, acknowledge=True)
    client.get(f"/notices/{asked.pk}/")
    client.get(f"/notices/{read.pk}/")

    nav = client.get("/account/").context["shell"]["nav"][0]["items"]

    assert {str(item["label"]): item["count"] for item in nav}["通知"] == 2


@pytest.mark.parametrize("away", [(), ("kefu_head",)])
@pytest.mark.parametrize("author", ["kefu_officer", "kefu_head", "kefu_deputy"])
def test_the_desk_and_the_step_agree_on_who_decides(cast: Cast, author: str, away: tuple[str, ...]) -> None:
    today = clock.now().date()
    for who in away:
        Absence.objects.create(
            user=cast.people[who], first_day=today - timedelta(days=1), last_day=today + timedelta(days=1),
            created_by=cast.people[who],
        )  # fmt: skip
    notice = making.sent(cast, by=cast.people[author], at=clock.now() - timedelta(hours=1))
    step = making.step_of(notice)

    people = [User.objects.get(pk=user.pk) for user in cast.people.values()]
    asked = {user.username for user in people if desk.to_approve(user).filter(pk=step.pk).exists()}

    assert asked == {user.username for user in deciders.of_step(step, today)}
    assert asked


def test_the_search_leads_to_notices_and_meetings_that_one_may_see(cast: Cast, window: Window) -> None:
    notice = out(cast, title="轴封更换")
    at = clock.now() + timedelta(days=3)
    kind = MeetingKind.objects.create(code="talk", name_zh="座谈", name_en="Talk")
    meeting = Meeting.objects.create(
        number="HY-2026-0508-001", kind=kind, unit=cast.kefu, title="轴封座谈", state="called", starts_at=at, chair=cast.kefu_head,
        ends_at=at + timedelta(hours=1), called_by=cast.kefu_officer, created_at=clock.now(),
    )  # fmt: skip
    search.index("meeting", meeting.pk, meeting.title)
    inside, outside = window(cast.kefu_head), window(cast.chuannan_head)

    page = inside.get("/search/?q=轴封").content.decode()

    assert meeting.title in page
    assert notice.title in page
    assert inside.get(f"/search/?q={meeting.number.lower()}").headers["Location"] == meeting.get_absolute_url()
    assert inside.get(f"/search/?q={notice.number}").headers["Location"] == notice.get_absolute_url()
    for words in ("轴封", meeting.number, notice.number):
        answer = outside.get("/search/", {"q": words})
        assert answer.status_code == 200
        assert "轴封更换" not in answer.content.decode()
        assert meeting.title not in answer.content.decode()
