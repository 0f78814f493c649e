"""Notices and meetings work with JavaScript switched off, on a phone too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from channelportal.core import clock
from notices.models import Invitation, Notice, Receipt, Remark
from tests.browser.papers import called
from tests.browser.test_without_script import Window, of, window
from tests.notices import making
from tests.people import Cast

__all__ = ["window"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_it_reads_and_acknowledges(company: Cast, window: Window, live_url: str) -> None:
    making.published(company, to=[company.ludong_head], at=clock.now(), acknowledge=True)
    page = of(window, company.ludong_head, live_url)
    page.goto("/")
    page.locator("main").get_by_role("link", name="关于核对库存的通知").first.click()
    expect(page.locator("article")).to_contain_text("请于本周内核对库存并反馈。")

    page.locator("#todo").get_by_role("button", name="已收悉，确认回复").click()

    expect(page.locator("#todo")).to_contain_text("您已确认本通知")
    receipt = Receipt.objects.get()
    assert receipt.opened_at is not None
    assert receipt.acknowledged_at is not None


def test_it_drafts_and_sends(company: Cast, kinds: None, window: Window, live_url: str) -> None:
    page = of(window, company.kefu_officer, live_url)
    page.goto("/notices/new/")
    page.get_by_role("radio", name=re.compile("^产品信息")).check()
    page.locator("#id_title").fill("参数更新")
    page.get_by_role("radio", name="全部渠道").check()
    page.locator("button[name=save]").click()
    expect(page).to_have_url(re.compile(r"/notices/\d+/edit/$"))
    assert Notice.objects.get().state == "draft"

    page.locator("textarea[name=body]").fill("新参数见附件。")
    page.locator("button[name=preview]").click()
    expect(page.locator("#outlook .clock-left")).to_have_text("9 人")
    page.locator("button[name=send]").click()

    expect(page).to_have_url(re.compile(r"/notices/\d+/$"))
    assert (Notice.objects.get().state, Notice.objects.get().audience) == ("pending", {"channels": "all"})


def test_it_returns_with_a_remark_and_approves(company: Cast, window: Window, live_url: str) -> None:
    first, second = making.sent(company, at=clock.now()), making.sent(company, at=clock.now(), title="另一条通知")
    page = of(window, company.kefu_head, live_url)
    page.goto(f"/notices/{first.pk}/approve/")
    page.locator("#place-2 summary").click()
    page.locator("[name=remark_2]").fill("写明几号")
    page.locator("#id_text").fill("请补充日期。")
    page.get_by_role("button", name="退回修改").click()
    assert Remark.objects.get().text == "写明几号"

    page.goto(f"/notices/{second.pk}/approve/")
    page.locator("#id_text").fill("同意。")
    page.get_by_role("button", name="批准").click()

    step = making.step_of(second)
    assert (step.unit_id, step.order) == (company.center.pk, 2)


def test_it_answers_an_invitation(company: Cast, kinds: None, window: Window, live_url: str) -> None:
    meeting = called(company)
    page = of(window, company.ludong_head, live_url)
    page.goto("/")
    page.locator("main").get_by_role("link", name=meeting.title).first.click()

    page.locator("#todo input[name=answer][value=decline]").check()
    page.locator("#todo [name=reason]").fill("当天出差")
    page.locator("#todo button.btn-primary").click()

    row = Invitation.objects.get(meeting=meeting, user=company.ludong_head)
    assert (row.reply, row.reason) == ("decline", "当天出差")
