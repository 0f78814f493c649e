"""An officer writes a notice in the browser: names become boxes, the count follows, the kind fills in what it asks for; the
head clicks a paragraph and returns it; without a script the same by buttons."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from playwright.sync_api import Browser, Page, expect

from notices.models import Notice, Remark
from notices.supplied import kinds
from tests.browser.company import PATIENCE, come_in
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)
Window = Callable[..., Page]


@pytest.fixture
def window(browser: Browser, company: Cast, live_url: str) -> Iterator[Window]:
    contexts = []
    kinds.supply(apps)

    def opened(*, scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=live_url, locale="zh-CN", viewport={"width": 1280, "height": 900}, java_script_enabled=scripts
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def test_it_is_written_counted_and_sent(company: Cast, window: Window, live_url: str) -> None:
    page = come_in(window(), company.kefu_officer, live_url)
    page.goto("/notices/new/")
    page.get_by_role("radio", name=re.compile("^新品上市")).check()
    expect(page.locator("[name=acknowledge]")).to_be_checked()
    page.locator("#id_title").fill("新款水泵上市")
    page.locator("#id_body").fill("十二月一日起供货。")

    page.locator("#id_units").fill("沈阳")
    page.get_by_role("option", name=re.compile("沈阳分公司")).click()
    expect(page.locator("[data-picked] input[name=units]")).to_be_checked()
    expect(page.locator("#outlook .clock-left")).to_have_text("3 人")
    expect(page.locator("#outlook")).to_contain_text("营销中心")
    page.get_by_role("button", name="送审").click()

    expect(page.locator(".note-done")).to_contain_text("已提交审批")
    notice = Notice.objects.get()
    assert (notice.audience, notice.acknowledge_days, notice.state) == ({"units": [company.shenyang.pk]}, 3, "pending")


def test_a_box_that_is_unticked_is_gone(company: Cast, window: Window, live_url: str) -> None:
    page = come_in(window(), company.kefu_officer, live_url)
    page.goto("/notices/new/")
    page.locator("#id_units").fill("沈阳")
    page.get_by_role("option", name=re.compile("沈阳分公司")).click()

    page.locator("[data-picked] input[name=units]").click()  # not `uncheck`: it would look at a box that has gone

    expect(page.locator("[data-picked] input[name=units]")).to_have_count(0)
    expect(page.locator("#outlook")).to_contain_text("选好接收范围后")


def test_a_paragraph_is_clicked_and_remarked(company: Cast, window: Window, live_url: str) -> None:
    notice = making.sent(company)
    page = come_in(window(), company.kefu_head, live_url)
    page.goto(f"/notices/{notice.pk}/approve/")

    page.locator("[data-place='2']").click()
    page.locator("[name=remark_2]").fill("写明几号")
    page.get_by_label("审批意见").fill("请补充")
    page.get_by_role("button", name="退回修改").click()

    expect(page.locator(".note-done")).to_contain_text("退回起草人")
    assert [(remark.place, remark.text) for remark in Remark.objects.all()] == [(2, "写明几号")]


def test_it_works_without_a_script(company: Cast, window: Window, live_url: str) -> None:
    page = come_in(window(scripts=False), company.kefu_officer, live_url)
    page.goto("/notices/new/")
    page.get_by_role("radio", name=re.compile("^产品信息")).check()
    page.locator("#id_title").fill("参数更新")
    page.locator("#id_body").fill("新参数见附件。")
    page.locator("#id_units").fill("沈阳分公司、鲁东代理商")

    page.locator("button[name=preview]").click()
    expect(page.locator("#outlook .clock-left")).to_have_text("6 人")
    page.locator("button[name=send]").click()

    expect(page.locator(".note-done")).to_contain_text("已提交审批")
    assert set(Notice.objects.get().audience["units"]) == {company.shenyang.pk, company.ludong.pk}
