"""Each verb has one address: it does the deed, refuses with the reason, keeps what was typed, and says when it came too late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from channelportal.core import calendar, clock
from channelportal.core.models import AuditEntry
from feedback import workflow
from feedback.models import Ticket
from feedback.views.catalogue import VERBS
from tests.people import Cast

Window = Callable[[User], Client]
Make = Callable[[Cast, Callable[..., Ticket]], Ticket]


def working_day(n: int) -> str:
    return calendar.current().nth_after(clock.now().date(), n).isoformat()


def opened(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    return filed()


def pending(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    return filed(by=cast.ludong_member)


def returned(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    return workflow.send_back(pending(cast, filed), by=cast.ludong_head, text="写清数量")


def late(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    return filed(at=clock.now() - timedelta(days=40))


def asked(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    return workflow.ask(filed(), by=cast.kefu_officer, text="哪一批？")


def planned(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    ticket = filed()
    workflow.plan(ticket, by=cast.kefu_officer, text="派人", day=calendar.current().nth_after(clock.now().date(), 3))
    return ticket


def extending(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    ticket = planned(cast, filed)
    day = calendar.current().nth_after(clock.now().date(), 6)
    workflow.ask_extension(ticket, by=cast.kefu_officer, day=day, reason="缺件")
    return ticket


def far(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    ticket = filed()
    workflow.plan(ticket, by=cast.kefu_officer, text="换型", day=calendar.current().nth_after(clock.now().date(), 40))
    return ticket


def weighing(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    ticket = filed()
    workflow.ask_severity(ticket, by=cast.kefu_officer, to="normal", reason="并不严重")
    return ticket


def assisting(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    ticket = filed()
    workflow.ask_assist(ticket, by=cast.kefu_officer, unit=cast.dev, task="看图纸", day=None)
    return ticket


def urged(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    return workflow.urge(filed(), by=cast.qifa_officer, text="请抓紧")


def resolved(cast: Cast, filed: Callable[..., Ticket]) -> Ticket:
    return workflow.resolve(filed(), by=cast.kefu_officer, text="已更换")


@dataclass(frozen=True)
class Case:
    """`path` done by `who` on what `make` makes; `wrong`: who sees the ticket and may not; `short`: a form that is not enough."""

    path: str
    make: Make
    who: str
    wrong: str
    data: Callable[[Cast], dict[str, Any]] = lambda cast: {}
    short: dict[str, str] | None = field(default=None)
    entry: str = ""


CASES = [
    Case("approve", pending, "ludong_head", "ludong_officer", lambda cast: {"text": "属实"}, entry="approved"),
    Case("return", pending, "ludong_head", "ludong_officer", lambda cast: {"text": "写清"}, {"text": ""}, "returned"),
    Case(
        "resend", returned, "ludong_member", "ludong_officer",
        lambda cast: {"title": "水泵", "body": "三台", "severity": "normal"}, {"title": "水泵", "body": ""}, "resent",
    ),
    Case(
        "reply", opened, "kefu_officer", "ludong_head", lambda cast: {"what": "resolution", "text": "已换"},
        {"what": "plan", "text": "先写一半"}, "resolution",
    ),
    Case("take", opened, "kefu_officer", "ludong_head", entry="taken"),
    Case("assign", opened, "kefu_head", "kefu_officer", lambda cast: {"to": cast.kefu_member.pk}, {"to": ""}, "assigned"),
    Case(
        "pass-on", opened, "kefu_officer", "ludong_head", lambda cast: {"to": cast.quality.pk, "reason": "质量问题"},
        {"to": "", "reason": "质量问题吧"}, "passed_on",
    ),
    Case("ask", opened, "kefu_officer", "ludong_head", lambda cast: {"text": "哪一批？"}, {"text": " \u200b"}, "question"),
    Case("note", opened, "kefu_officer", "ludong_member2", lambda cast: {"text": "已联系", "side": "all"}, {"text": ""}, "note"),
    Case(
        "assist", opened, "kefu_officer", "ludong_head", lambda cast: {"unit": cast.dev.pk, "task": "看图纸", "day": ""},
        {"unit": "", "task": "看一下图纸"}, "assist_asked",
    ),
    Case("deliver", assisting, "dev_officer", "kefu_officer", lambda cast: {"text": "图纸无误"}, {"text": ""}, "assist_done"),
    Case(
        "extend", planned, "kefu_officer", "ludong_head", lambda cast: {"day": working_day(6), "reason": "缺件"},
        {"day": "", "reason": "缺件了"}, "extension_asked",
    ),
    Case("answer-urge", urged, "kefu_officer", "ludong_head", lambda cast: {"text": "明天到货"}, {"text": ""}, "urge_answered"),
    Case("extension-grant", extending, "ludong_head", "kefu_officer", entry="extension_granted"),
    Case(
        "extension-refuse", extending, "qifa_head", "kefu_officer", lambda cast: {"reason": "太晚"}, {"reason": ""},
        "extension_refused",
    ),
    Case("long-plan-agree", far, "kefu_head", "ludong_head"),
    Case("long-plan-refuse", far, "kefu_head", "ludong_head", lambda cast: {"reason": "太久"}, {"reason": ""}),
    Case("severity-confirm", weighing, "qifa_head", "ludong_head", entry="severity_changed"),
    Case("severity-keep", weighing, "qifa_head", "ludong_head", lambda cast: {"reason": "维持"}, {"reason": ""}, "severity_kept"),
    Case("answer", asked, "ludong_head", "kefu_officer", lambda cast: {"text": "四月批次"}, {"text": ""}, "answer"),
    Case(
        "confirm", resolved, "ludong_head", "kefu_officer", lambda cast: {"answer": "5", "speed": "4"},
        {"answer": "5", "text": "谢谢你们"}, "confirmed",
    ),
    Case("reopen", resolved, "ludong_head", "kefu_officer", lambda cast: {"reason": "又漏"}, {"reason": ""}, "reopened"),
    Case("remind", late, "ludong_head", "kefu_officer", entry="reminded"),
    Case(
        "severity", opened, "kefu_head", "qifa_head", lambda cast: {"to": "normal", "reason": "不严重"},
        {"to": "normal", "reason": ""}, "severity_asked",
    ),
    Case("copy", opened, "ludong_head", "kefu_officer", entry="copied"),
    Case("share", opened, "ludong_head", "kefu_officer", lambda cast: {"to": cast.ludong_member.pk}, {"to": ""}, "shared"),
    Case("urge", opened, "qifa_officer", "ludong_head", lambda cast: {"text": "请抓紧"}, {"text": ""}, "urged"),
    Case("report", opened, "qifa_officer", "ludong_head", lambda cast: {"text": "多次超期"}, {"text": ""}, "reported"),
    Case("hold", opened, "qifa_officer", "ludong_head", lambda cast: {"reason": "客户休假"}, {"reason": ""}, "held"),
    Case("advance", opened, "qifa_officer", "ludong_head", lambda cast: {"reason": "事急"}, {"reason": ""}, "advanced"),
    Case("withdraw", opened, "ludong_head", "kefu_officer", entry="withdrawn"),
    Case("close", opened, "qifa_officer", "ludong_head", lambda cast: {"reason": "已并案"}, {"reason": ""}, "closed"),
    Case(
        "merge", opened, "qifa_officer", "ludong_head", lambda cast: {"number": "FB-0", "reason": "重复的"},
        {"number": "FB-0", "reason": "重复的"},
    ),
]  # fmt: skip
BY_PATH = {case.path: case for case in CASES}
every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.path)


def wrong_one(cast: Cast, case: Case) -> User:
    return cast.people.get(case.wrong) or cast.office_head


def address(case: Case, ticket: Ticket) -> str:
    return f"/tickets/{ticket.pk}/{case.path}/"


def test_it_has_a_case_for_every_verb() -> None:
    assert {verb.path for verb in VERBS} == set(BY_PATH)


@every
def test_it_does_the_deed_and_leads_back(cast: Cast, filed: Callable[..., Ticket], window: Window, case: Case) -> None:
    earlier = filed(title="同一台水泵")
    ticket = case.make(cast, filed)
    data = case.data(cast)
    if case.path == "merge":
        data["number"] = earlier.number

    answer = window(cast.people[case.who]).post(address(case, ticket), data)

    assert (answer.status_code, answer["Location"]) in {(302, f"/tickets/{ticket.pk}/"), (302, "/tickets/")}
    assert not case.entry or ticket.entries.filter(kind=case.entry, by=cast.people[case.who]).exists()


@every
def test_it_shows_its_form_alone_without_script(
    cast: Cast, filed: Callable[..., Ticket], window: Window, case: Case
) -> None:
    ticket = case.make(cast, filed)

    answer = window(cast.people[case.who]).get(address(case, ticket))

    assert answer.status_code == 200
    assert f'action="/tickets/{ticket.pk}/{case.path}/"' in answer.content.decode()


@every
def test_it_is_not_there_for_a_stranger(cast: Cast, filed: Callable[..., Ticket], window: Window, case: Case) -> None:
    ticket = case.make(cast, filed)

    assert window(cast.chuannan_head).post(address(case, ticket), case.data(cast)).status_code == 404


@every
def test_it_refuses_the_wrong_person_with_the_reason(
    cast: Cast, filed: Callable[..., Ticket], window: Window, case: Case
) -> None:
    ticket = case.make(cast, filed)
    who = wrong_one(cast, case)
    if who == cast.office_head:
        workflow.share(ticket, by=cast.qifa_head, to=who)

    answer = window(who).post(address(case, ticket), case.data(cast))

    assert answer.status_code == 403
    assert AuditEntry.objects.filter(result="refused", actor=who).exists()
    assert case.entry in {"", "shared"} or not ticket.entries.filter(kind=case.entry).exists()


@pytest.mark.parametrize("case", [one for one in CASES if one.short is not None], ids=lambda case: case.path)
def test_it_keeps_what_was_typed(cast: Cast, filed: Callable[..., Ticket], window: Window, case: Case) -> None:
    ticket = case.make(cast, filed)

    answer = window(cast.people[case.who]).post(address(case, ticket), case.short)

    html = answer.content.decode()
    assert answer.status_code == 422
    assert "invalid-feedback" in html
    assert all(text in html for text in (case.short or {}).values() if len(text) > 3)


@pytest.mark.parametrize(
    "path", ["reply", "take", "ask", "pass-on", "remind", "withdraw", "urge", "confirm", "reopen", "copy", "close"]
)
def test_it_says_when_it_came_too_late(cast: Cast, filed: Callable[..., Ticket], window: Window, path: str) -> None:
    case = BY_PATH[path]
    ticket = case.make(cast, filed)
    workflow.close(ticket, by=cast.qifa_head, reason="另行处理")

    answer = window(cast.people[case.who]).post(address(case, ticket), case.data(cast))

    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("path", "other"), [("extension-grant", "extension-refuse"), ("severity-confirm", "severity-keep")]
)
def test_it_says_when_somebody_decided_before(
    cast: Cast, filed: Callable[..., Ticket], window: Window, path: str, other: str
) -> None:
    ticket = BY_PATH[path].make(cast, filed)
    client = window(cast.qifa_head)
    client.post(f"/tickets/{ticket.pk}/{other}/", {"reason": "不同意"})

    assert client.post(f"/tickets/{ticket.pk}/{path}/").status_code == 409


def test_it_exchanges_the_page_by_htmx(cast: Cast, ticket: Ticket, window: Window) -> None:
    client = window(cast.kefu_officer)

    done = client.post(f"/tickets/{ticket.pk}/take/", HTTP_HX_REQUEST="true")
    wrong = client.post(f"/tickets/{ticket.pk}/note/", {"text": "", "side": "all"}, HTTP_HX_REQUEST="true")

    assert done.status_code == 200
    assert 'id="ticket"' in done.content.decode()
    assert "领取" in done.content.decode()
    assert wrong.status_code == 422


def test_it_leads_to_the_list_when_the_ticket_leaves_ones_sight(
    cast: Cast, filed: Callable[..., Ticket], window: Window
) -> None:
    ticket = filed(by=cast.ludong_head)
    ticket = workflow.assign(ticket, by=cast.kefu_head, to=cast.kefu_member)
    client = window(cast.kefu_head)

    answer = client.post(
        f"/tickets/{ticket.pk}/pass-on/", {"to": cast.dev.pk, "reason": "研发问题"}, HTTP_HX_REQUEST="true"
    )

    assert answer.status_code == 200
    assert window(cast.dev_head).get(f"/tickets/{ticket.pk}/").status_code == 200


def test_it_says_which_days_would_do_instead_of_a_day_off(cast: Cast, ticket: Ticket, window: Window) -> None:
    days = calendar.current()
    start = days.nth_after(clock.now().date(), 1)
    off = next(d for d in (start.fromordinal(start.toordinal() + n) for n in range(12)) if not days.is_working(d))

    answer = window(cast.kefu_officer).post(
        f"/tickets/{ticket.pk}/reply/", {"what": "plan", "text": "派人更换", "day": off.isoformat()}
    )

    html = answer.content.decode()
    assert answer.status_code == 422
    assert "派人更换" in html
    following = days.nth_after(off, 1)
    assert f"{following.month} 月 {following.day} 日" in html


def test_it_says_that_a_plan_far_ahead_is_no_reply_yet(cast: Cast, ticket: Ticket, window: Window) -> None:
    far = calendar.current().nth_after(clock.now().date(), 45)

    answer = window(cast.kefu_officer).post(
        f"/tickets/{ticket.pk}/reply/", {"what": "plan", "text": "明年更换", "day": far.isoformat()}, follow=True
    )

    html = answer.content.decode()
    assert "已提请本单位负责人和企发部批准" in html
    assert "您的方案正在等待批准" in html
    assert f"{far.month} 月 {far.day} 日" in html


def test_it_approves_many_at_once_and_names_those_it_cannot(
    cast: Cast, filed: Callable[..., Ticket], window: Window
) -> None:
    first, second = filed(by=cast.ludong_member), filed(by=cast.ludong_officer)
    gone = workflow.withdraw(filed(by=cast.ludong_member), by=cast.ludong_member)
    foreign = filed(by=cast.chuannan_member)

    answer = window(cast.ludong_head).post(
        "/tickets/approve/", {"ticket": [first.pk, second.pk, gone.pk, foreign.pk, "x"]}, follow=True
    )

    assert "已审批并送出 2 件" in answer.content.decode()
    assert gone.number in answer.content.decode()
    foreign.refresh_from_db()
    assert foreign.state == "pending"


def test_it_takes_files_with_every_text_and_gives_them_only_to_who_may_see_them(
    cast: Cast, ticket: Ticket, window: Window
) -> None:
    upload = SimpleUploadedFile("说明.txt", "压力曲线".encode())
    window(cast.kefu_officer).post(
        f"/tickets/{ticket.pk}/note/", {"text": "见附件", "side": "responsible", "files": [upload]}
    )
    kept = ticket.files.get()
    url = f"/tickets/{ticket.pk}/files/{kept.file_id}/"

    answer = window(cast.kefu_head).get(url)

    assert b"".join(answer.streaming_content) == "压力曲线".encode()  # type: ignore[attr-defined]
    assert "attachment" in answer["Content-Disposition"]
    assert AuditEntry.objects.filter(action="file.downloaded", actor=cast.kefu_head).exists()
    assert window(cast.ludong_head).get(url).status_code == 404  # the asker does not see that note
    assert window(cast.chuannan_head).get(url).status_code == 404


def test_it_refuses_a_file_that_is_not_what_it_says(cast: Cast, ticket: Ticket, window: Window) -> None:
    upload = SimpleUploadedFile("图纸.pdf", b"MZ\x90\x00 not a pdf")

    answer = window(cast.kefu_officer).post(
        f"/tickets/{ticket.pk}/note/", {"text": "附上图纸一张", "side": "all", "files": [upload]}
    )

    assert answer.status_code == 422
    assert "附上图纸一张" in answer.content.decode()
    assert not ticket.files.exists()
