"""A policy on its way to 300 channels, in real browsers, with a real worker, mail server and receiver of a group's robot."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from channelportal.core import audit, clock
from channelportal.core.models import Alert
from channelportal.lib.workdays import local_date
from feedback.models import Ticket
from notices import stats
from notices.models import FormerReceipt, Notice, Receipt, Remark, Version
from tests.browser.channels import OpenFor, channels, done, let_pass
from tests.notices import making
from tests.people import Cast
from tests.services.mail import MailServer, Received
from tests.services.processes import StartChild, StartWorker, eventually
from tests.services.robots import Group, RobotServer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 300
PEOPLE, UNITS = 2 * MANY + 9, MANY + 3  # the cast has three channels of three people
TITLE = "关于调整返利比例的通知"
WRONG, RIGHT = "返利比例为百分之三", "返利比例为百分之五"
SECRET = "SEC-of-the-robot"
WITHIN = 120  # seconds until the jobs have done something


@pytest.fixture
def jobs(
    makers: RobotServer, smtp: MailServer, live_url: str, start_worker: StartWorker, start_child: StartChild
) -> None:
    """A worker that knows where portal, mail server and robots are, and a beat that sweeps every two seconds."""
    env = {"ROBOT_RELAYS": makers.relays, "FILE_KEYS": django_settings.FILE_KEYS, "SWEEP_SECONDS": "2"}
    start_child("-m", "celery", "-A", "channelportal", "beat", "--pidfile", "", env=env)
    start_worker(concurrency=2, env=env)


def test_a_policy_is_returned_approved_published_read_reminded_and_corrected(  # noqa: PLR0917
    company: Cast, kinds: None, makers: RobotServer, smtp: MailServer, jobs: None, window_of: OpenFor, live_url: str
) -> None:
    heads, post = channels(company, MANY), Post(smtp)
    group = makers.group("dingtalk", secret=SECRET)
    author, head = window_of(company.market_officer), window_of(company.market_head)
    enter_the_robot(author, group)
    write_the_policy(author)
    notice = Notice.objects.get()
    assert (notice.state, notice.major, notice.audience) == ("pending", True, {"channels": "all"})

    return_it(head, notice)
    revise_it(author, notice)
    approve_what_changed(head)
    check_it(window_of(company.center_head))
    decide_it(window_of(company.office_head))

    everybody_has_it(notice, post, live_url)
    the_group_has_it(notice, group, live_url)
    reader, asker = window_of(company.ludong_officer, width=390), window_of(company.chuannan_head, width=390)
    acknowledge_for_the_unit(reader, notice)
    acknowledge_for_the_unit(window_of(heads[7], width=390), notice)
    ask(asker, notice)
    answer_and_publish(author, notice)
    read_the_answer(reader, notice)
    remind_the_rest(author, notice, post)

    let_pass(notice, days=4)
    heads_hear_who_is_late(company, notice, post)
    acknowledge_for_the_unit(asker, notice)
    correct_it(author, reader, notice)
    approve_the_correction(head, window_of(company.center_head), window_of(company.office_head), notice)
    readers_of_the_old_are_told(reader, notice, post, group)
    acknowledge_for_the_unit(reader, notice)

    the_rates_come_out(company, notice)
    audit.seal_all(clock.now())
    assert audit.verify().broken is None


# ── writing and approving ───────────────────────────────────────────────────────────────────────


def enter_the_robot(page: Page, group: Group) -> None:
    page.goto("/notices/robots/new/")
    page.get_by_role("radio", name=re.compile("钉钉")).check()
    page.locator("#id_name").fill("渠道政策群")
    page.locator("#id_address").fill(group.address)
    page.locator("#id_secret").fill(SECRET)
    page.locator("main form button.btn-primary").click()
    page.get_by_role("button", name="测试").click()
    done(page)
    assert len(group.received) == 1
    expect(page.locator("main")).not_to_contain_text(group.key)


def write_the_policy(page: Page) -> None:
    page.goto("/notices/new/")
    page.get_by_role("radio", name=re.compile("^销售政策")).check()
    page.locator("#id_title").fill(TITLE)
    page.locator("#id_reason").fill("上半年销量目标调整。")
    page.locator("#id_impact").fill("全部渠道六月以后的订单。")
    page.locator("#id_effective_on").fill((local_date(clock.now()) + timedelta(days=30)).isoformat())
    type_the_text(page)
    page.get_by_role("radio", name="全部渠道").check()
    page.locator("details.fold > summary", has_text="阅读和确认要求").click()
    page.locator("#id_unit_answers").check()
    page.locator("#id_major").check()
    page.locator("details.fold > summary", has_text="发布方式和时间").click()
    page.locator("input[name=means][value=robot]").check()

    outlook = page.locator("#outlook")
    expect(outlook.locator(".clock-left")).to_have_text(f"{PEOPLE} 人")
    expect(outlook).to_contain_text(f"{UNITS} 个单位")
    expect(outlook.locator(".climb > li")).to_have_count(3)
    expect(outlook.locator(".climb")).to_contain_text(re.compile("企业市场部.*营销中心.*总裁办", re.DOTALL))
    page.locator("button[name=send]").click()
    done(page)


def type_the_text(page: Page) -> None:
    page.get_by_label("段落样式").select_option("标题 1")
    page.keyboard.type("返利比例")
    page.keyboard.press("Enter")
    page.get_by_role("toolbar").get_by_role("button", name="加粗", exact=True).click()
    page.keyboard.type(WRONG)
    page.keyboard.press("Control+b")
    page.keyboard.type("，按季度结算。")
    page.keyboard.press("Enter")
    page.get_by_role("toolbar").get_by_role("button", name="项目符号", exact=True).click()
    page.keyboard.type("一类渠道")
    page.keyboard.press("Enter")
    page.keyboard.type("二类渠道")


def return_it(page: Page, notice: Notice) -> None:
    page.goto("/")
    page.get_by_role("link", name=TITLE).first.click()
    page.get_by_role("link", name="审阅并审批").click()
    page.locator("[data-place='2']").click()
    page.locator("[name=remark_2]").fill("写明从哪个季度起")
    page.locator("#id_text").fill("请补充起算时间。")
    page.get_by_role("button", name="退回修改").click()
    done(page)
    notice.refresh_from_db()
    assert notice.state == "returned"
    assert Remark.objects.get().quote.startswith(WRONG)


def revise_it(page: Page, notice: Notice) -> None:
    page.goto("/")
    page.get_by_role("link", name=TITLE).first.click()
    page.get_by_role("link", name="继续起草").click()
    remarks = page.locator("#remarks")
    expect(remarks).to_contain_text("请补充起算时间。")
    expect(remarks).to_contain_text("写明从哪个季度起")
    expect(remarks.locator("q")).to_contain_text(WRONG)
    remarks.get_by_role("checkbox").check()
    page.locator(".ProseMirror p", has_text=WRONG).click()
    page.keyboard.press("End")
    page.keyboard.type("自第三季度起算。")
    page.locator("button[name=send]").click()
    done(page)
    assert Version.objects.get().sendings.count() == 2


def approve_what_changed(page: Page) -> None:
    page.goto("/notices/?view=approve")
    page.get_by_role("link", name=TITLE).click()
    page.get_by_role("link", name="审阅并审批").click()
    expect(page.locator("main")).to_contain_text("上次查看后的改动")
    expect(page.locator(".compare-new ins")).to_have_text("自第三季度起算。")
    approve(page)
    expect(page.locator("#messages")).to_contain_text("营销中心")


def check_it(page: Page) -> None:
    open_the_approval(page)
    for box in page.locator("fieldset.checks").get_by_role("checkbox").all():
        box.check()
    approve(page)
    expect(page.locator("#messages")).to_contain_text("总裁办")


def decide_it(page: Page) -> None:
    open_the_approval(page)
    approve(page)


def open_the_approval(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name=TITLE).first.click()
    page.get_by_role("link", name="审阅并审批").click()


def approve(page: Page) -> None:
    page.get_by_role("button", name="批准").click()
    done(page)


# ── out ─────────────────────────────────────────────────────────────────────────────────────────


def everybody_has_it(notice: Notice, post: Post, live_url: str) -> None:
    eventually(lambda: Notice.objects.get(pk=notice.pk).state == "published", within=WITHIN)
    link = f"{live_url}/notices/{notice.pk}/"
    mails = post.by_person("新通知：", PEOPLE)
    receipts = Receipt.objects.filter(notice=notice, delivered_at__isnull=False)
    alerts = Alert.objects.filter(kind="notice-published")

    notice.refresh_from_db()
    assert receipts.count() == notice.recipients == PEOPLE
    assert (alerts.count(), alerts.values("user").distinct().count()) == (PEOPLE, PEOPLE)
    assert len(mails) == PEOPLE
    assert all(TITLE in mail.subject and link in mail.text for mail in mails)
    assert not any(WRONG in str(mail.message) or WRONG in mail.text for mail in mails)


def the_group_has_it(notice: Notice, group: Group, live_url: str) -> None:
    eventually(lambda: len(group.received) == 2, within=WITHIN)  # the receiver takes none whose signature is wrong
    words = group.received[1]

    assert f"】{TITLE}" in words
    assert notice.number in words
    assert words.endswith(f"{live_url}/notices/{notice.pk}/")
    assert WRONG not in words


def acknowledge_for_the_unit(page: Page, notice: Notice) -> None:
    page.goto("/")
    page.locator("main").get_by_role("link", name=TITLE).first.click()
    page.locator("#todo button").click()
    expect(page.locator("#messages")).to_contain_text("已代表本单位确认")
    expect(page.locator("#todo button")).to_have_count(0)


def ask(page: Page, notice: Notice) -> None:
    page.goto(f"/notices/{notice.pk}/")
    page.get_by_role("link", name="对本通知提问").click()
    page.locator("#id_body").fill("第二季度的订单按旧比例结算吗？")
    page.locator("main form button.btn-primary").click()
    expect(page).to_have_url(re.compile(r"/tickets/\d+/"))
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.responsible_id, ticket.subject_id) == ("open", notice.unit_id, notice.pk)
    assert ticket.due_at is not None


def answer_and_publish(page: Page, notice: Notice) -> None:
    page.goto(f"/tickets/{Ticket.objects.get().pk}/")
    todo = page.locator("#todo")
    todo.get_by_role("radio", name=re.compile("^已解决")).check()
    todo.locator("textarea").fill("是，第二季度按旧比例。")
    todo.get_by_role("button", name="提交答复").click()
    done(page)
    page.goto(f"/notices/{notice.pk}/")
    page.get_by_role("link", name="向所有接收人公布答复").click()
    expect(page.locator("#id_answer")).to_have_value("是，第二季度按旧比例。")
    page.locator("main form button.btn-primary").click()
    done(page)


def read_the_answer(page: Page, notice: Notice) -> None:
    page.goto(f"/notices/{notice.pk}/")
    expect(page.locator("main")).to_contain_text("第二季度的订单按旧比例结算吗？")
    expect(page.locator("main")).to_contain_text("是，第二季度按旧比例。")


# ── who has not ─────────────────────────────────────────────────────────────────────────────────


def remind_the_rest(page: Page, notice: Notice, post: Post) -> None:
    missing = PEOPLE - 5  # one of 鲁东代理商 (three people) and one of an agent (two) have answered for all
    page.goto(f"/notices/{notice.pk}/receipts/")
    expect(page.locator("main")).to_contain_text(f"3 / {PEOPLE}")  # opened
    expect(page.locator("main")).to_contain_text(f"5 / {PEOPLE}")  # acknowledged
    expect(page.locator(".subnav")).to_contain_text(f"{missing}")
    page.get_by_role("button", name="催办全部未完成者").click()
    page.get_by_role("dialog").get_by_role("button", name="催办全部未完成者").click()
    asked = missing - 2  # not the employees of the cast's other two channels: they cannot answer for their unit
    expect(page.locator("#messages")).to_contain_text(f"正在向 {asked} 人发送催办")
    assert len(post.by_person("催办：", asked)) == asked


def heads_hear_who_is_late(company: Cast, notice: Notice, post: Post) -> None:
    words = "川南代理商 有 3 人未按时确认回复"
    mail = post.by_person(words, 1)[0]
    told = Alert.objects.filter(kind="notice-late-unit")

    assert mail.recipients == (company.chuannan_head.email,)
    assert TITLE in mail.subject + mail.text
    assert told.count() == UNITS - 2
    assert not told.filter(user=company.ludong_head).exists()
    assert Alert.objects.filter(kind="notice-late").count() == PEOPLE - 5 - 2


# ── the correction ──────────────────────────────────────────────────────────────────────────────


def correct_it(page: Page, reader: Page, notice: Notice) -> None:
    page.goto(f"/notices/{notice.pk}/")
    page.get_by_role("link", name="更正通知").click()
    page.locator("#id_change").fill("返利比例由百分之三改为百分之五")
    page.locator("#id_change_reason").fill("原文比例有误。")
    page.locator("#id_error").check()
    page.locator(".ProseMirror p", has_text=WRONG).click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.type(f"{RIGHT}，按季度结算。自第三季度起算。")
    page.locator("button[name=send]").click()
    done(page)
    reader.goto(f"/notices/{notice.pk}/")
    expect(reader.locator("article")).to_contain_text(WRONG)  # until it is approved


def approve_the_correction(head: Page, center: Page, office: Page, notice: Notice) -> None:
    for page, step in ((head, approve), (center, check_it), (office, decide_it)):
        if page is head:
            open_the_approval(page)
            expect(page.locator(".compare-new ins").first).to_contain_text("五")
        step(page)
    notice.refresh_from_db()
    assert (notice.version and notice.version.number) == 2


def readers_of_the_old_are_told(page: Page, notice: Notice, post: Post, group: Group) -> None:
    mails = post.by_person("返利比例由百分之三改为百分之五", PEOPLE)
    assert len(mails) == PEOPLE  # an error is acknowledged anew by everybody (docs/decisions/12)
    eventually(lambda: len(group.received) == 3, within=WITHIN)
    assert f"【通知更正】{TITLE}" in group.received[2]

    page.goto("/alerts/")
    page.locator("main").get_by_role("button", name=re.compile(f"更正.*{TITLE}")).first.click()
    expect(page.locator("main")).to_contain_text("您读过第 1 版之后，本通知已更正")
    expect(page.locator("article")).to_contain_text(RIGHT)
    expect(page.locator("article")).not_to_contain_text(WRONG)
    page.get_by_role("link", name="与您读过的版本对照").click()
    expect(page.locator(".compare-old")).to_contain_text(WRONG)
    expect(page.locator(".compare-new")).to_contain_text(RIGHT)


# ── the figures ─────────────────────────────────────────────────────────────────────────────────


def the_rates_come_out(company: Cast, notice: Notice) -> None:
    """First asking: 609 asked; 鲁东 (3) and one agent (2) in time, 川南 (3) late, all others not at all. The correction asks anew:
    鲁东 (3) in time; of the others nothing can be said yet. Another notice asks for nothing and needs no correction."""
    making.published(company, to=[company.shenyang_head], by=company.market_officer, at=clock.now())
    today = local_date(clock.now())
    figures = stats.by_unit(today - timedelta(days=10), today, clock.now())
    market, ludong = figures[company.market.pk], figures[company.ludong.pk]
    chuannan, shenyang = figures[company.chuannan.pk], figures[company.shenyang.pk]

    assert (market.published, market.corrected, market.accuracy) == (2, 1, 50.0)
    assert (market.sent_asked, market.sent_in_time) == (PEOPLE + 3, 5 + 3)
    assert (ludong.received_asked, ludong.received_in_time, ludong.in_time) == (6, 6, 100.0)
    assert (chuannan.received_asked, chuannan.received_in_time, chuannan.in_time) == (3, 0, 0.0)
    assert (shenyang.received, shenyang.received_asked, shenyang.received_in_time) == (4, 3, 0)
    assert stats.company(figures).in_time == pytest.approx(100 * 8 / (PEOPLE + 3))
    assert FormerReceipt.objects.filter(receipt__notice=notice).count() == PEOPLE


# ── helpers ─────────────────────────────────────────────────────────────────────────────────────


class Post:
    """What the mail server was sent, each opened once: parsing thousands again and again would keep the server from working."""

    def __init__(self, smtp: MailServer) -> None:
        self.smtp = smtp
        self.opened: list[tuple[Received, str]] = []

    def mails(self, words: str) -> list[Received]:
        for mail in self.smtp.received[len(self.opened) :]:
            self.opened.append((mail, f"{mail.subject}\n{mail.text}"))
        return [mail for mail, text in self.opened if words in text]

    def by_person(self, words: str, count: int) -> list[Received]:
        """The newest mail with these words of each person, once that many people have one."""

        def found() -> dict[Any, Received]:
            return {mail.recipients: mail for mail in self.mails(words)}

        def missing() -> str:
            return f"{len(found())} of {count}: {words}"

        eventually(lambda: len(found()) >= count, within=WITHIN, every=0.5, otherwise=missing)
        return list(found().values())
