"""Notices at every stage and a meeting, as the accessibility tests want to look at them."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from channelportal.core import calendar, clock
from channelportal.lib.workdays import SHANGHAI, local_date
from notices import publication, receipts, workflow
from notices.audience import Audience
from notices.models import Invitation, Meeting, MeetingKind, Notice, NoticeKind, Receipt, Rule
from notices.workflow import meetings, robots, rules, subscriptions
from tests.notices import making
from tests.people import Cast

BODY = (
    "<h2>返利比例</h2><p><strong>返利比例为百分之三</strong>，按<a href='https://example.com/'>季度</a>结算。</p>"
    "<ul><li><p>一类渠道</p></li><li><p>二类渠道</p></li></ul>"
    "<table><tbody><tr><th><p>型号</p></th><th><p>比例</p></th></tr><tr><td><p>A-1</p></td><td><p>3%</p></td></tr></tbody></table>"
)


def at_work(company: Cast) -> dict[str, int]:
    """{name: pk} of what the addresses of the tests name."""
    robots.add(
        by=company.kefu_officer,
        maker="wecom",
        name="渠道群",
        address=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={'0' * 8}-0000-0000-0000-{'0' * 12}",
    )
    written = making.a_notice(company, at=clock.now(), body=BODY)
    return {
        "draft": written.pk,
        "pending": _pending(company).pk,
        "returned": _returned(company).pk,
        "out": _out(company).pk,
        "urgent": _urgent(company).pk,
        "meeting": called(company).pk,
        "held": _held(company).pk,
        "rule": _rule(company).pk,
        "subscription": _applied(company),
        "kind": NoticeKind.objects.order_by("pk").values_list("pk", flat=True)[0],
        "meeting_kind": MeetingKind.objects.order_by("pk").values_list("pk", flat=True)[0],
    }


def _policy(company: Cast, **values: object) -> Notice:
    day = local_date(clock.now()) + timedelta(days=30)
    kind = NoticeKind.objects.get(code="sales_policy")
    given = {
        "kind": kind,
        "title": "关于调整返利比例的通知",
        "body": BODY,
        "reason": "目标调整。",
        "impact": "六月以后的订单。",
        "effective_on": day,
    }
    return making.sent(company, at=clock.now(), **(given | values))


def _back(company: Cast) -> Notice:
    notice = _policy(company)
    step = making.step_of(notice)
    workflow.send_back(
        step, by=company.kefu_head, text="请补充起算时间。", remarks=[(2, "返利比例为百分之三", "写明季度")]
    )
    return notice


def _returned(company: Cast) -> Notice:
    return _back(company)


def _pending(company: Cast) -> Notice:
    """Sent a second time, before its head again: with what changed."""
    notice = _back(company)
    version = making.in_hand(notice)
    workflow.edit(
        notice, by=company.kefu_officer, kind=notice.kind, title=notice.title, body=BODY.replace("百分之三", "百分之五"),
        audience=making.CHANNELS, reason=version.reason, impact=version.impact, effective_on=version.effective_on,
    )  # fmt: skip
    workflow.send(notice, by=company.kefu_officer)
    return notice


def _published(notice: Notice) -> Notice:
    making.approve_all(notice, at=clock.now() - timedelta(hours=8))
    assert notice.job_id is not None
    publication.run(notice.job_id)
    notice.refresh_from_db()
    return notice


def _out(company: Cast) -> Notice:
    """Published and corrected; read before the correction; one unit late, one settled."""
    notice = _published(_policy(company, acknowledge=True, acknowledge_days=2, unit_answers=True))
    receipts.open_(notice, company.ludong_officer)
    receipts.acknowledge(notice, by=company.chuannan_head)
    workflow.correct(
        notice, by=company.kefu_officer, title=notice.title, body=BODY.replace("百分之三", "百分之五"), change="三改为五",
        change_reason="原文有误", error=False,
    )  # fmt: skip
    workflow.send(notice, by=company.kefu_officer)
    making.approve_all(notice, at=clock.now())
    notice.refresh_from_db()
    Receipt.objects.filter(notice=notice, unit=company.shenyang, settled_at=None).update(
        due_at=clock.now() - timedelta(days=1)
    )
    return notice


def _urgent(company: Cast) -> Notice:
    """Before 川南代理商 alone, so that the others' pages show none."""
    people = Audience(units=(company.chuannan.pk,))
    values = {"audience": people, "urgency": "urgent", "acknowledge": True, "acknowledge_days": 1}
    return _published(making.sent(company, at=clock.now(), title="停止发货通知", **values))


def _meeting(company: Cast, **values: object) -> Meeting:
    day = calendar.current().nth_after(local_date(clock.now()), 3)
    begins = datetime.combine(day, time(10), SHANGHAI)
    meeting = meetings.draft(
        by=company.market_officer, kind=MeetingKind.objects.get(code="topic"), title="第三季度渠道专题会",
        chair=company.market_head, starts_at=begins, ends_at=begins + timedelta(hours=1), place="一号会议室",
        purpose="商定新比例。", agenda=[meetings.AgendaRow("返利政策解读", 20, "钱企市")],
        audience=Audience(channels="all", roles=("head",)),
    )  # fmt: skip
    meetings.send(meeting, by=company.market_officer)
    meeting = meetings.approve(meeting, by=company.market_head)
    meetings.reply(meeting, by=company.shenyang_head, answer="decline", reason="当天出差")
    return meeting


def called(company: Cast) -> Meeting:
    return _meeting(company)


def _held(company: Cast) -> Meeting:
    meeting, now = _meeting(company), clock.now()
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))
    there = {
        row.pk: "absent" if row.reply == "decline" else "present" for row in Invitation.objects.filter(meeting=meeting)
    }
    meeting.refresh_from_db()
    meetings.hold(meeting, by=company.market_officer, attendance=there)
    day = calendar.current().nth_after(local_date(now), 2)
    actions = [meetings.ActionRow("报送销量预测", company.ludong_head, day)]
    meetings.write_minutes(meeting, by=company.market_officer, body="<p>按新比例结算。</p>", actions=actions)
    return meeting


def _rule(company: Cast) -> Rule:
    """Another version in force, and a third before the head."""
    rule, today = Rule.objects.order_by("pk")[0], local_date(clock.now())
    for body in ("<p>第一条 目的。</p>", "<p>第一条 目的和范围。</p>"):
        version = rules.draft(rule, by=company.qifa_officer, body=body, in_force_from=today, change="补充范围")
        rules.send(version, by=company.qifa_officer)
        if body.endswith("目的。</p>"):
            rules.approve(version, by=company.qifa_head)
    return rule


def _applied(company: Cast) -> int:
    kind = NoticeKind.objects.get(code="product_info")
    return int(subscriptions.apply(kind, by=company.ludong_head, reason="需要了解产品变化").pk)
