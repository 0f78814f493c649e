"""Everything that matters works with JavaScript switched off, on a phone too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from channelportal.core import clock
from feedback import workflow
from feedback.models import Ticket, TicketKind
from tests.browser.company import PATIENCE, come_in
from tests.people import PASSWORD, Cast

pytestmark = pytest.mark.django_db(transaction=True)
Window = Callable[[], Page]


@pytest.fixture
def window(browser: Browser, company: Cast, live_url: str) -> Iterator[Window]:
    """A phone without scripts."""
    contexts = []

    def opened() -> Page:
        context = browser.new_context(
            base_url=live_url, locale="zh-CN", viewport={"width": 390, "height": 800}, java_script_enabled=False
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def of(window: Window, user: User, live_url: str) -> Page:
    return come_in(window(), user, live_url)


def test_it_signs_in(company: Cast, window: Window) -> None:
    page = window()
    page.goto("/tickets/")

    page.locator("#id_username").fill(company.ludong_head.username)
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()

    expect(page).to_have_url(re.compile("/tickets/$"))


def test_it_leads_everywhere_by_links(company: Cast, window: Window, live_url: str) -> None:
    page = of(window, company.ludong_head, live_url)
    page.goto("/")

    for name, address in (("反馈单", "/tickets/"), ("提反馈", "/tickets/new/"), ("我的", "/account/"), ("工作台", "/")):
        page.locator("nav").get_by_role("link", name=name).locator("visible=true").first.click()
        expect(page).to_have_url(re.compile(f"{address}$"))


def test_it_says_when_it_would_be_due_and_files_the_ticket(company: Cast, window: Window, live_url: str) -> None:
    page = of(window, company.ludong_head, live_url)
    page.goto("/tickets/new/")
    page.get_by_role("radio", name=re.compile("^问题")).check()
    page.locator("select[name=responsible]").select_option(label="客户服务部")
    page.locator("#id_title").fill("三台水泵漏水")
    page.locator("#id_body").fill("请派人查看。")

    page.locator("button[name=preview]").click()
    expect(page.locator("#outlook .clock-left")).to_have_text("明天 18:00 前")
    assert not Ticket.objects.exists()
    page.locator(".filing-send button.btn-primary").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("三台水泵漏水")
    assert Ticket.objects.get().state == "open"


def test_it_answers_a_ticket(company: Cast, window: Window, live_url: str) -> None:
    kind = TicketKind.objects.get(code="problem")
    ticket = workflow.file(
        by=company.ludong_head,
        kind=kind,
        title="水泵漏水",
        body="请派人查看。",
        responsible=company.kefu,
        severity="normal",
        at=clock.now(),
    )
    page = of(window, company.kefu_officer, live_url)
    page.goto("/")
    page.get_by_role("link", name="水泵漏水").first.click()

    page.locator("#todo").get_by_role("radio", name=re.compile("^已解决")).check()
    page.locator("#todo textarea").fill("密封件已更换。")
    page.locator("#todo").get_by_role("button", name="提交答复").click()

    expect(page).to_have_url(re.compile(f"/tickets/{ticket.pk}/"))
    ticket.refresh_from_db()
    assert ticket.state == "resolved"


def test_it_uses_a_folded_action(company: Cast, window: Window, live_url: str) -> None:
    kind = TicketKind.objects.get(code="problem")
    ticket = workflow.file(
        by=company.ludong_head,
        kind=kind,
        title="水泵漏水",
        body="请派人查看。",
        responsible=company.kefu,
        severity="normal",
        at=clock.now(),
    )
    page = of(window, company.kefu_officer, live_url)
    page.goto(f"/tickets/{ticket.pk}/")

    page.locator(".verb summary", has_text="询问").click()
    page.locator(".verb[open] a.btn").click()
    page.locator("textarea").fill("是哪一批次？")
    page.locator("main form button[type=submit]").first.click()

    ticket.refresh_from_db()
    assert ticket.question_open
