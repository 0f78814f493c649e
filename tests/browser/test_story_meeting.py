"""Shorter stories: a meeting from its call to the last action; a notice that hurries; a file that is confidential."""

from __future__ import annotations

import io
import re
from datetime import datetime, time, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect
from pypdf import PdfReader, PdfWriter

from channelportal.core import audit, calendar, clock, files, outbox
from channelportal.core.models import AuditEntry
from channelportal.lib.workdays import SHANGHAI, local_date
from notices import publication
from notices.audience import Audience
from notices.models import Action, Invitation, Meeting, MeetingKind, Minutes, Notice
from notices.workflow import meetings
from tests.browser.channels import OpenFor, done
from tests.notices import making
from tests.people import Cast
from tests.services.mail import MailServer

pytestmark = pytest.mark.django_db(transaction=True)
TITLE = "第三季度渠道专题会"


# ── a meeting ───────────────────────────────────────────────────────────────────────────────────


def test_a_meeting_is_called_answered_held_recorded_and_its_action_done(
    company: Cast, kinds: None, smtp: MailServer, window_of: OpenFor
) -> None:
    begins = taken(company)
    officer, head = window_of(company.market_officer), window_of(company.market_head)
    call_it(officer, begins)
    meeting = Meeting.objects.get(title=TITLE)
    approve_the_call(head, meeting)
    invited = answers(company, window_of, meeting)
    outbox.deliver(clock.now())
    assert {mail.recipients[0] for mail in smtp.received if TITLE in mail.subject + mail.text} >= {
        user.email for user in invited
    }

    it_takes_place(meeting)
    hold_it(officer, meeting)
    write_the_minutes(officer, company, meeting)
    approve_the_minutes(head, meeting)
    do_the_action(window_of(company.ludong_head, width=390), meeting)

    audit.seal_all(clock.now())
    assert audit.verify().broken is None


def taken(company: Cast) -> datetime:
    """张代理 has accepted another meeting on the third working day from now, in the morning; the moment."""
    day = calendar.current().nth_after(local_date(clock.now()), 3)
    begins = datetime.combine(day, time(10), SHANGHAI)
    half = timedelta(minutes=30)
    other = meetings.draft(
        by=company.gov_head, kind=MeetingKind.objects.get(code="topic"), title="返利对账会", starts_at=begins - half,
        ends_at=begins + half, place="二号会议室", chair=company.gov_head, recorder=company.gov_officer,
        audience=Audience(people=(company.chuannan_head.pk,)),
    )  # fmt: skip
    meetings.send(other, by=company.gov_head)
    meetings.reply(other, by=company.chuannan_head, answer="attend")
    return begins


def call_it(page: Page, begins: datetime) -> None:
    page.goto("/meetings/new/")
    page.get_by_role("radio", name=re.compile("专题会议")).check()
    expect(page.locator("input[name=channels][value=none]")).to_be_checked()  # the kind has proposed its own people
    page.locator("#id_title").fill(TITLE)
    page.locator("#id_starts_at").fill(f"{begins:%Y-%m-%dT%H:%M}")
    page.locator("#id_ends_at").fill(f"{begins + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    page.locator("#id_place").fill("一号会议室")
    page.locator("#id_agenda-0-topic").fill("返利政策解读")
    page.get_by_role("radio", name="全部渠道").check()
    page.get_by_text("负责人和副职", exact=True).click()

    outlook = page.locator("#outlook")
    expect(outlook).to_contain_text("时间冲突")
    expect(outlook).to_contain_text("张代理")
    expect(outlook).not_to_contain_text("返利对账会")  # he may not see which
    page.locator("button[name=send]").click()
    done(page)


def approve_the_call(page: Page, meeting: Meeting) -> None:
    assert meeting.state == "pending"
    page.goto("/")
    page.get_by_role("link", name=TITLE).first.click()
    page.get_by_role("button", name="同意并发出邀请").click()
    done(page)


def answers(company: Cast, window_of: OpenFor, meeting: Meeting) -> list[object]:
    """李代理 comes, 王分 sends his officer, 张代理 cannot."""
    people = [company.ludong_head, company.shenyang_head, company.chuannan_head]
    for user, answer in zip(people, ("attend", "deputy", "decline"), strict=True):
        page = window_of(user, width=390)
        page.goto("/")
        page.locator("main").get_by_role("link", name=TITLE).first.click()
        page.locator(f"#todo input[name=answer][value={answer}]").check()
        if answer == "deputy":
            page.locator("#todo [name=deputy]").select_option(label=str(company.shenyang_officer))
        if answer == "decline":
            page.locator("#todo [name=reason]").fill("当天参加对账会")
        page.locator("#todo button.btn-primary").click()
        done(page)
    said = dict(Invitation.objects.filter(meeting=meeting, user__in=people).values_list("user", "reply"))
    assert [said[user.pk] for user in people] == ["attend", "deputy", "decline"]
    return people


def it_takes_place(meeting: Meeting) -> None:
    """The product has no trick to let time pass: the meeting moves back, as if it had been called so much earlier."""
    now = clock.now()
    Meeting.objects.filter(pk=meeting.pk).update(
        starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1), answer_by=now - timedelta(hours=3)
    )


def hold_it(page: Page, meeting: Meeting) -> None:
    page.goto("/")
    page.get_by_role("link", name=TITLE).first.click()
    page.locator("#todo a.btn-primary").click()
    page.get_by_role("button", name="会议已召开").click()
    done(page)
    came = dict(Invitation.objects.filter(meeting=meeting).values_list("user__name", "attendance"))
    assert (came["李代理"], came["王分"], came["张代理"]) == ("present", "deputy", "absent")


def write_the_minutes(page: Page, company: Cast, meeting: Meeting) -> None:
    page.goto(f"/meetings/{meeting.pk}/minutes/")
    expect(page.locator(".ProseMirror h4, .ProseMirror h3").first).to_have_text("返利政策解读")
    page.locator(".ProseMirror p").first.click()
    page.keyboard.type("各渠道按新比例结算。")
    page.locator("#id_actions-0-task").fill("报送第三季度销量预测")
    page.locator("#id_actions-0-owner").select_option(str(company.ludong_head.pk))
    day = calendar.current().nth_after(local_date(clock.now()), 2)
    page.locator("#id_actions-0-day").fill(day.isoformat())
    page.locator("button[name=send]").click()
    done(page)
    assert Minutes.objects.get(meeting=meeting).state == "pending"


def approve_the_minutes(page: Page, meeting: Meeting) -> None:
    page.goto("/")
    page.get_by_role("link", name=TITLE).first.click()
    expect(page.locator("#minutes")).to_contain_text("各渠道按新比例结算。")
    page.get_by_role("button", name="审定并发出").click()
    done(page)
    assert (Minutes.objects.get(meeting=meeting).state, Action.objects.get(meeting=meeting).state) == ("sent", "open")


def do_the_action(page: Page, meeting: Meeting) -> None:
    page.goto("/")
    page.locator("main").get_by_role("link", name="报送第三季度销量预测").first.click()
    expect(page.locator("#minutes")).to_contain_text("各渠道按新比例结算。")
    page.get_by_role("link", name="报告已完成").first.click()
    page.locator("#id_text").fill("已发邮件。")
    page.get_by_role("button", name="已完成").click()
    done(page)
    assert Action.objects.get(meeting=meeting).state == "done"


# ── a notice that hurries ───────────────────────────────────────────────────────────────────────


def test_an_urgent_notice_stands_in_front_until_it_is_acknowledged(company: Cast, window_of: OpenFor) -> None:
    notice = out(company, title="停止发货通知", urgency="urgent", acknowledge=True, acknowledge_days=1)
    page = window_of(company.ludong_head, width=390)

    for address in ("/", "/tickets/", "/meetings/", "/account/"):
        page.goto(address)
        expect(page.locator(".urgent-line")).to_contain_text("停止发货通知")
    page.locator(".urgent-line").click()
    expect(page).to_have_url(re.compile(f"/notices/{notice.pk}/$"))
    page.goto("/tickets/")
    expect(page.locator(".urgent-line")).to_be_visible()  # read is not acknowledged
    page.locator(".urgent-line").click()
    page.locator("#todo button").click()
    done(page)

    page.goto("/")
    expect(page.locator("main")).to_be_visible()
    expect(page.locator(".urgent-line")).to_have_count(0)


# ── a file that is confidential ─────────────────────────────────────────────────────────────────


def test_a_confidential_file_carries_its_readers_name_and_no_mail_its_title(
    company: Cast, smtp: MailServer, window_of: OpenFor
) -> None:
    title = "二○二七年底价表"
    upload = SimpleUploadedFile("底价表.pdf", a_pdf(), "application/pdf")
    kept = files.keep_all([upload], by=company.kefu_officer, at=clock.now(), confidential=True)
    notice = out(company, title=title, level="confidential", means=["portal", "mail"], files=kept)
    page = window_of(company.ludong_head)
    page.goto(f"/notices/{notice.pk}/")

    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("底价表.pdf")).click()

    pages = PdfReader(download.value.path()).pages
    assert all("/ReadersMark" in one["/Resources"]["/XObject"] for one in pages)  # type: ignore[operator]
    taken_by = AuditEntry.objects.filter(action="file.downloaded").values_list("actor", flat=True)
    assert list(taken_by) == [company.ludong_head.pk]
    outbox.deliver(clock.now() + timedelta(days=1))  # its approvers had an hour each
    assert smtp.to(company.ludong_head.email)
    assert smtp.to(company.ludong_officer.email)
    assert not any(title in str(mail.message["Subject"]) + mail.text for mail in smtp.received)
    assert not any(title in part for mail in smtp.received for part in parts_of(mail.message))


def a_pdf() -> bytes:
    writer, content = PdfWriter(), io.BytesIO()
    for _page in range(2):
        writer.add_blank_page(595, 842)
    writer.write(content)
    return content.getvalue()


def parts_of(message: object) -> list[str]:
    return [str(part.get_content()) for part in message.walk() if part.get_content_maintype() == "text"]  # type: ignore[attr-defined]


def out(company: Cast, **values: object) -> Notice:
    """Approved by everybody and published to 李代理 and 代理信息员, by the job itself."""
    people = Audience(people=(company.ludong_head.pk, company.ludong_officer.pk))
    notice = making.approved(company, at=clock.now(), audience=people, **values)
    assert notice.job_id is not None
    publication.run(notice.job_id)
    notice.refresh_from_db()
    assert notice.state == "published"
    return notice
