"""The whole story in a real browser, on PostgreSQL and Redis, with a real worker, a real beat and a real mail server."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from captcha.models import CaptchaStore
from django.utils import timezone
from playwright.sync_api import ConsoleMessage, Page, expect

from accounts.models import Registration, User
from channelportal.core import audit, clock
from channelportal.lib.workdays import local_date
from feedback.models import Ticket
from tests.browser.company import PATIENCE, let_pass
from tests.people import PASSWORD, Cast
from tests.services.browser import OpenPage
from tests.services.mail import MailServer
from tests.services.processes import StartChild, StartWorker, eventually

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
OWN = "Nine!paper-Boats"
ADDRESS = "xin@example.com"
WITHIN = 60  # seconds until the jobs have done something


@pytest.fixture
def jobs(company: Cast, start_worker: StartWorker, start_child: StartChild) -> None:
    """A worker, and a beat that sweeps every two seconds."""
    start_child("-m", "celery", "-A", "channelportal", "beat", "--pidfile", "", env={"SWEEP_SECONDS": "2"})
    start_worker(concurrency=1)


@pytest.fixture
def window(open_page: OpenPage) -> Callable[[], Page]:
    """A window of its own; an error in its console ends the test."""

    def heard(message: ConsoleMessage) -> None:
        assert message.type != "error", message.text

    def opened() -> Page:
        page = open_page()
        page.set_default_timeout(PATIENCE)
        page.context.on("console", heard)
        return page

    return opened


def test_a_ticket_is_filed_forgotten_escalated_promised_broken_resolved_and_rated(
    company: Cast, live_url: str, smtp: MailServer, jobs: None, window: Callable[[], Page]
) -> None:
    page = window()
    apply_for_access(page)
    confirm_the_address(page, smtp, live_url)
    approve_the_application(window(), company)
    choose_a_password(page, smtp)
    file_a_ticket(page)
    ticket = Ticket.objects.get()

    approve_the_ticket(window(), company, ticket)
    officer = window()
    take_it(officer, company, ticket)
    let_pass(ticket, days=2)
    the_head_is_told(company, smtp, ticket)
    promise(officer, ticket)
    let_pass(ticket, days=5)
    the_superiors_are_told(company, smtp, ticket)
    resolve(officer, ticket)
    confirm_and_rate(page, ticket)

    audit.seal_all(clock.now())
    assert audit.verify().broken is None
    the_month_passes_and_the_gate_closes(page, ticket)


# ── access ──────────────────────────────────────────────────────────────────────────────────────


def apply_for_access(page: Page) -> None:
    page.goto("/sign-in/")
    page.get_by_role("link", name="注册").click()
    page.get_by_role("combobox", name="您的单位").press_sequentially("鲁东")
    page.get_by_role("option", name="鲁东代理商").click()
    page.locator("#id_name").fill("辛小明")
    page.locator("#id_position").fill("业务员")
    page.locator("#id_phone").fill("139-0531-0001")
    page.locator("#id_email").fill(ADDRESS)
    page.locator("#id_reason").fill("向客户服务部反馈问题")
    page.locator("#id_read").check()
    page.locator("#id_signed_name").fill("辛小明")
    key = page.locator("input[name=captcha_0]").input_value()
    page.locator("input[name=captcha_1]").fill(CaptchaStore.objects.get(hashkey=key).response)
    page.locator("form button[type=submit].btn-primary").click()
    expect(page).to_have_url(re.compile("/register/done/$"))


def confirm_the_address(page: Page, smtp: MailServer, live_url: str) -> None:
    link = re.search(rf"{live_url}(/register/state/\S+)", mail_to(smtp, ADDRESS, "/register/state/"))
    assert link is not None
    page.goto(link[1])
    page.get_by_role("button", name="确认").click()
    expect(page.locator("main")).to_contain_text("企业市场部")


def approve_the_application(page: Page, company: Cast) -> None:
    sign_in(page, company.market_officer.username, PASSWORD)
    page.get_by_role("link", name="辛小明").first.click()
    page.get_by_role("button", name="通过并发放密码").click()
    page.wait_for_load_state()
    assert Registration.objects.get().state == "approved"


def choose_a_password(page: Page, smtp: MailServer) -> None:
    issued = re.search(r"一次性密码：\s*(\S+)", mail_to(smtp, ADDRESS, "一次性密码"))
    assert issued is not None
    sign_in(page, ADDRESS, issued[1])
    expect(page).to_have_url(re.compile("/password/$"))
    page.locator("#id_new").fill(OWN)
    page.locator("#id_again").fill(OWN)
    page.get_by_role("button", name="更换密码").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("辛小明")


# ── the ticket ──────────────────────────────────────────────────────────────────────────────────


def file_a_ticket(page: Page) -> None:
    page.get_by_role("link", name="提反馈").first.click()
    page.get_by_role("radio", name=re.compile("^问题")).check()
    page.get_by_role("combobox", name="送给谁").fill("客户")
    page.get_by_role("option", name="客户服务部").click()
    outlook = page.locator("#outlook")
    expect(outlook).to_contain_text("李代理")
    expect(outlook).to_contain_text("客户服务部")
    expect(outlook.locator(".clock-left")).to_have_text("明天 18:00 前")
    page.locator("#id_title").fill("三台水泵漏水")
    page.locator("#id_body").fill("同一批次三台水泵一周内漏水，请派人查看。")
    page.locator(".filing-send button.btn-primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("三台水泵漏水")
    assert Ticket.objects.get().state == "pending"


def approve_the_ticket(page: Page, company: Cast, ticket: Ticket) -> None:
    sign_in(page, company.ludong_head.username, PASSWORD)
    page.get_by_role("link", name="三台水泵漏水").first.click()
    page.locator("#todo").get_by_role("button").first.click()
    expect(page.locator("#messages")).to_contain_text("客户服务部")
    ticket.refresh_from_db()
    assert ticket.state == "open"


def take_it(page: Page, company: Cast, ticket: Ticket) -> None:
    sign_in(page, company.kefu_officer.username, PASSWORD)
    page.goto(f"/tickets/{ticket.pk}/take/")
    page.get_by_role("button", name="由我办理").click()
    expect(page.locator("main")).to_contain_text("客服员")


def promise(page: Page, ticket: Ticket) -> None:
    page.goto(f"/tickets/{ticket.pk}/")
    todo = page.locator("#todo")
    todo.get_by_role("radio", name=re.compile("^方案")).check()
    todo.locator("textarea").fill("明天派工程师到现场更换密封件。")
    todo.locator("input[type=date]").fill((local_date(clock.now()) + timedelta(days=1)).isoformat())
    todo.get_by_role("button", name="提交答复").click()
    expect(page.locator("#messages")).to_contain_text("已")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.missed) == ("planned", True)


def resolve(page: Page, ticket: Ticket) -> None:
    page.goto(f"/tickets/{ticket.pk}/")
    todo = page.locator("#todo")
    todo.get_by_role("radio", name=re.compile("^已解决")).check()
    todo.locator("textarea").fill("三台水泵的密封件已更换，试压正常。")
    todo.get_by_role("button", name="提交答复").click()
    expect(page.locator("#messages")).to_contain_text("已")
    ticket.refresh_from_db()
    assert ticket.state == "resolved"


def confirm_and_rate(page: Page, ticket: Ticket) -> None:
    page.goto("/")
    page.get_by_role("link", name="三台水泵漏水").first.click()
    stars = page.locator("#todo .stars")
    stars.nth(0).locator("label").nth(3).click()
    stars.nth(1).locator("label").nth(1).click()
    page.locator("#todo").get_by_role("button", name="确认已解决").click()
    expect(page.locator("main")).to_contain_text("已闭环")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.rating_answer, ticket.rating_speed) == ("closed", 4, 2)


# ── what the jobs do ────────────────────────────────────────────────────────────────────────────


def the_head_is_told(company: Cast, smtp: MailServer, ticket: Ticket) -> None:
    text = mail_to(smtp, company.kefu_head.email, "一级升级")
    ticket.refresh_from_db()

    assert "三台水泵漏水" in text
    assert ticket.missed
    assert ticket.level >= 1


def the_superiors_are_told(company: Cast, smtp: MailServer, ticket: Ticket) -> None:
    eventually(lambda: Ticket.objects.get(pk=ticket.pk).level == 3, within=WITHIN)

    assert "三台水泵漏水" in mail_to(smtp, company.office_head.email, "三级升级")
    assert ticket.obligations.filter(kind="replan").exists()


# ── the month ───────────────────────────────────────────────────────────────────────────────────


def the_month_passes_and_the_gate_closes(page: Page, ticket: Ticket) -> None:
    page.goto("about:blank")  # the bell of an open page would go to the change by itself
    User.objects.filter(email=ADDRESS).update(password_changed_at=timezone.now() - timedelta(days=32))

    asked = page.context.request
    fragment = asked.get("/alerts/bell/", headers={"HX-Request": "true"}, max_redirects=0)
    file = asked.get("/tickets/?format=xlsx", max_redirects=0)
    page.goto(f"/tickets/{ticket.pk}/")

    assert fragment.headers["hx-redirect"] == "/password/"
    assert (file.status, file.headers["location"]) == (302, "/password/")
    expect(page).to_have_url(re.compile("/password/$"))
    page.locator("#id_current").fill(OWN)
    page.locator("#id_new").fill("Ten!Cardboard-ships")
    page.locator("#id_again").fill("Ten!Cardboard-ships")
    page.get_by_role("button", name="更换密码").click()
    expect(page).to_have_url(re.compile(f"/tickets/{ticket.pk}/$"))  # where he wanted to go


# ── helpers ─────────────────────────────────────────────────────────────────────────────────────


def sign_in(page: Page, account: str, password: str) -> None:
    page.goto("/sign-in/")
    page.locator("#id_username").fill(account)
    page.locator("#id_password").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def mail_to(smtp: MailServer, address: str, containing: str) -> str:
    """Subject and text of the newest message to this address with these words, once it has come."""

    def found() -> list[str]:
        texts = [f"{mail.subject}\n{mail.text}" for mail in smtp.to(address)]
        return [text for text in texts if containing in text]

    return str(eventually(found, within=WITHIN, otherwise=lambda: str([mail.subject for mail in smtp.received]))[-1])
