"""The demo's meetings: held with minutes and actions, coming with answers, waiting, cancelled; and what else a company decides by
itself: the rules with a second version, applications to receive, a robot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from accounts.models import User
from channelportal.demo.history import Script
from channelportal.demo.notice_texts import text
from channelportal.demo.notices import Notices, Waiting
from channelportal.lib.workdays import local_date
from notices.audience import Audience
from notices.models import Action, Invitation, Meeting, MeetingKind, Rule
from notices.workflow import meetings as verbs
from notices.workflow import robots, rules, subscriptions
from notices.workflow.meetings import ActionRow, AgendaRow

Reply, Attendance = Invitation.Reply, Invitation.Attendance
PURPOSE: Final = "请提前阅读材料，准备本单位情况，发言控制在五分钟以内。"
AGENDA: Final = (
    ("上次决议事项落实情况", 15, "企发部"),
    ("本月市场与项目情况", 40, "各渠道"),
    ("问题与支持需求", 30, "客户服务部"),
    ("下一步安排", 15, "主持人"),
)
TOPIC: Final = (("问题说明", 15, "召集单位"), ("原因分析", 40, "开发部、质量管理部"), ("处理措施与分工", 35, "主持人"))
BIG_AGENDA: Final = (
    ("年度渠道工作报告", 40, "营销中心"),
    ("新一年政策说明", 40, "企业市场部"),
    ("优秀渠道经验交流", 60, "三家渠道"),
    ("产品规划", 30, "研究所"),
)
SAID: Final = (
    "<p>会议通报了上次决议事项的落实情况，听取了各渠道的市场和项目进展，讨论了备件周转、授权和样机三方面的问题。</p>"
)
TASKS: Final = (
    "汇总备件需求，提出西部区备件前置方案",
    "核对在途项目报备，清理超期报备",
    "整理授权常见问题，形成一页说明",
    "提交样机使用台账",
    "回访三家意见较多的客户并反馈结果",
)
DONE: Final = "已完成，材料已发到平台并通知相关渠道。"


class Plan(NamedTuple):
    """A meeting: who calls it, to which audience, in which place."""

    kind: str
    unit: str
    title: str
    audience: Audience
    place: str = "总部三楼会议室"
    hours: float = 2
    agenda: tuple[tuple[str, int, str], ...] = AGENDA


def prepare(notices: Notices) -> None:
    """All scripts of meetings, and the rest."""
    for back, script in (
        (40, _held(notices, _annual(), 40, minutes="sent", tasks=4)),
        (45, _held(notices, _monthly(notices, "market", "企业市场部月度工作会"), 45, minutes="sent", tasks=3)),
        (43, _held(notices, _monthly(notices, "gov", "政府市场部月度工作会"), 43, minutes="sent", tasks=2)),
        (20, _held(notices, _quarterly(notices, "market", "华东、华中季度沟通会", ("华东", "华中")), 20, minutes="sent", tasks=5)),
        (18, _held(notices, _quarterly(notices, "gov", "分公司季度沟通会", (), kinds=("branch",)), 18, minutes="sent", tasks=3)),
        (22, _held(notices, _monthly(notices, "market", "企业市场部月度工作会"), 22, minutes="sent", tasks=3)),
        (5, _held(notices, _monthly(notices, "market", "企业市场部月度工作会"), 5, minutes="pending", tasks=2)),
        (4, _held(notices, _topic(notices, "kefu", "备件周转专题会"), 4, minutes="returned", tasks=1)),
        (2, _held(notices, _topic(notices, "dev", "授权工具问题专题会"), 2, minutes="draft", tasks=0)),
        (1, _held(notices, _topic(notices, "quality", "固件 4.1.7 问题紧急会", kind="urgent"), 1, minutes="")),
    ):  # fmt: skip
        notices.begin(back, script)
    for coming in (_coming, _waiting, _cancelled, _draft, _rules, _subscriptions, _robot):
        notices.player.script(coming(notices))


# ── plans ───────────────────────────────────────────────────────────────────────────────────────


def _annual() -> Plan:
    audience = Audience(channels="all", roles=("head",))
    return Plan("annual", "center", "渠道合作伙伴大会", audience, "总部报告厅", 4, BIG_AGENDA)


def _monthly(notices: Notices, unit: str, title: str) -> Plan:
    company = notices.company
    audience = Audience(channels="some", managers=(company.units[unit].pk,), roles=("officer",))
    return Plan("monthly", unit, title, audience, "视频会议")


def _quarterly(notices: Notices, unit: str, title: str, regions: tuple[str, ...], **facets: Any) -> Plan:
    manager = notices.company.units[unit].pk
    audience = Audience(channels="some", regions=regions, managers=(manager,), roles=("head", "officer"), **facets)
    return Plan("quarterly", unit, title, audience)


def _topic(notices: Notices, unit: str, title: str, kind: str = "topic") -> Plan:
    units = notices.company.units
    named = tuple(units[key].pk for key in ("kefu", "dev", "quality", "鲁东", "沈阳", "川南"))
    return Plan(kind, unit, title, Audience(units=named, roles=("head", "officer")), hours=1.5, agenda=TOPIC)


# ── one meeting ─────────────────────────────────────────────────────────────────────────────────


def _draft_of(notices: Notices, plan: Plan, starts: datetime, at: datetime, by: User, **given: Any) -> Meeting:
    kind = MeetingKind.objects.get(code=plan.kind)
    video = plan.place == "视频会议"
    where = (
        {"mode": Meeting.Mode.VIDEO, "link": "https://meeting.demo.example/room/10086"}
        if video
        else {"place": plan.place}
    )
    said = {
        "title": plan.title, "purpose": PURPOSE, "starts_at": starts, "ends_at": starts + timedelta(hours=plan.hours),
        "chair": notices.company.one(plan.unit, "head"), "recorder": notices.company.people[(plan.unit, "officer")][1],
        "audience": plan.audience, "agenda": [AgendaRow(*row) for row in plan.agenda], **where,
    }  # fmt: skip
    return verbs.draft(by=by, kind=kind, at=at, **{**said, **given})


def _called(notices: Notices, plan: Plan, starts: datetime, ahead: int) -> Waiting:
    """Called by an officer so many working days ahead, approved by the head."""
    day = notices.days.nth_before(local_date(starts), ahead)
    at = yield datetime.combine(day, starts.timetz().replace(hour=9, minute=20))
    wanted = MeetingKind.objects.get(code=plan.kind).notice_days
    officer, short = notices.company.one(plan.unit, "officer"), "事项紧急。" if ahead < wanted else ""
    meeting = _draft_of(notices, plan, starts, at, officer, short_notice_reason=short)
    at = yield notices.player.soon(at, 0.2, 0.6)
    verbs.send(meeting, by=meeting.called_by, at=at)
    at = yield notices.player.soon(at, 0.1, 0.8)
    verbs.approve(meeting, by=meeting.chair, at=at)
    return meeting, at


def _held(notices: Notices, plan: Plan, back: int, *, minutes: str, tasks: int = 0) -> Script:
    """So many working days ago it was held; then its record, as far as `minutes` says ("": not recorded)."""
    starts = notices.ago(back, "10:00")
    kind = MeetingKind.objects.get(code=plan.kind)
    meeting, at = yield from _called(notices, plan, starts, max(2, kind.notice_days))
    at = yield notices.player.soon(at, 1, 5)
    _answers(notices, meeting, at, share=0.85)
    if not minutes:
        return
    at = yield meeting.ends_at + timedelta(minutes=20)
    verbs.hold(meeting, by=meeting.called_by, attendance=_attendance(notices, meeting), at=at)
    at = yield notices.player.soon(at, 1, 4)
    writer = meeting.recorder or meeting.called_by
    body = SAID + text(points=tuple(TASKS[:tasks])) if tasks else SAID
    verbs.write_minutes(meeting, by=writer, body=body, actions=_actions(notices, meeting, at, tasks), at=at)
    if minutes == "draft":
        return
    at = yield notices.player.soon(at, 0.5, 2)
    verbs.submit_minutes(meeting, by=writer, at=at)
    at = yield notices.player.soon(at, 1, 5)
    if minutes == "returned":
        verbs.return_minutes(meeting, by=meeting.chair, text="第三项的责任人写错了，请与客户服务部核对。", at=at)
    if minutes == "sent":
        verbs.approve_minutes(meeting, by=meeting.chair, at=at)
        yield from _carry_out(notices, meeting, at)


def _actions(notices: Notices, meeting: Meeting, at: datetime, tasks: int) -> list[ActionRow]:
    people = list(User.objects.filter(invitations__meeting=meeting).order_by("pk"))
    days = (8, 12, 6, 9, 14)
    owners = [people[(3 * number + 1) % len(people)] for number in range(tasks)]
    return [
        ActionRow(TASKS[number], owner, local_date(notices.ahead(days[number], since=at)))
        for number, owner in enumerate(owners)
    ]


def _carry_out(notices: Notices, meeting: Meeting, at: datetime) -> Script:
    """Done in time, done late, moved, dropped, left lying: one after the other."""
    for number, action in enumerate(Action.objects.filter(meeting=meeting).order_by("day", "pk")):
        if number == 1:
            at = yield max(at, action.due_at + timedelta(hours=40))
            verbs.finish_action(action, by=action.owner, text=DONE, at=at)
        elif number == 2 and meeting.kind.code == "monthly":
            verbs.drop_action(action, by=meeting.chair, reason="已并入年度计划，不再单独跟踪。", at=at)
        elif number == 3 and meeting.kind.code == "annual":
            day = local_date(notices.ahead(6, since=action.due_at))
            verbs.move_action(action, by=meeting.chair, day=day, reason="等待新系统上线。", at=at)
        elif number != 2:
            at = yield max(at, notices.player.soon(action.due_at - timedelta(days=1), 0.5, 3))
            verbs.finish_action(action, by=action.owner, text=DONE, at=at)


def _answers(notices: Notices, meeting: Meeting, at: datetime, share: float) -> None:
    """Most answer; every sixth sends a deputy, every ninth cannot come."""
    rows = Invitation.objects.filter(meeting=meeting, reply=Reply.NONE).select_related("user", "unit").order_by("pk")
    for number, row in enumerate(rows):
        if not notices.player.does(share):
            continue
        answer, given = Reply.ATTEND, dict[str, Any]()
        if number % 9 == 4:
            answer, given = Reply.DECLINE, {"reason": "当天有客户验收，无法参加。"}
        elif number % 6 == 2:
            answer, given = (
                Reply.DEPUTY,
                {"deputy_name": "" if _deputy(meeting, row) else "本单位业务骨干", "deputy": _deputy(meeting, row)},
            )
        verbs.reply(meeting, by=row.user, answer=answer, at=at, **given)


def _deputy(meeting: Meeting, row: Invitation) -> User | None:
    others = User.objects.filter(unit=row.unit, is_active=True).exclude(invitations__meeting=meeting)
    return others.exclude(pk=row.user_id).order_by("pk").first()


def _attendance(notices: Notices, meeting: Meeting) -> dict[int, str]:
    there = {Reply.ATTEND: Attendance.PRESENT, Reply.DEPUTY: Attendance.DEPUTY, Reply.DECLINE: Attendance.ABSENT}
    rows = Invitation.objects.filter(meeting=meeting, dropped_at=None).order_by("pk")
    return {row.pk: there[Reply(row.reply)] for row in rows if row.reply != Reply.NONE}


# ── to come ─────────────────────────────────────────────────────────────────────────────────────


def _coming(notices: Notices) -> Script:
    plan = _quarterly(notices, "market", "西南、华南季度沟通会", ("西南", "华南", "西北"))
    meeting, at = yield from _called(notices, plan, notices.ahead(4, "14:00"), 7)
    at = yield notices.player.soon(at, 2, 9)
    _answers(notices, meeting, at, share=0.6)
    rest = _topic(notices, "lab", "新品试用反馈会")
    meeting, at = yield from _called(notices, rest, notices.ahead(2, "10:00"), 4)


def _waiting(notices: Notices) -> Script:
    at = yield notices.ago(1, "16:10")
    plan = _monthly(notices, "gov", "政府市场部月度工作会")
    meeting = _draft_of(notices, plan, notices.ahead(7, "10:00"), at, notices.company.one("gov", "officer"))
    verbs.send(meeting, by=meeting.called_by, at=at)


def _cancelled(notices: Notices) -> Script:
    plan = _topic(notices, "kefu", "热线回拨功能试用会")
    meeting, at = yield from _called(notices, plan, notices.ahead(3, "14:00"), 6)
    at = yield notices.player.soon(at, 4, 12)
    verbs.cancel(meeting, by=meeting.called_by, reason="系统上线推迟一周，时间另行通知。", at=at)


def _draft(notices: Notices) -> Script:
    at = yield notices.ago(2, "11:00")
    _draft_of(
        notices,
        _topic(notices, "market", "样机政策试行总结会"),
        notices.ahead(12, "09:30"),
        at,
        notices.company.one("market", "officer"),
    )


# ── rules, applications, a robot ────────────────────────────────────────────────────────────────


def _rules(notices: Notices) -> Script:
    """A second version in force; another regulation waits for the head."""
    officer, head = notices.company.one("qifa", "officer"), notices.company.one("qifa", "head")
    at = yield notices.ago(16, "10:00")
    rule = Rule.objects.order_by("pk").first()
    if rule:
        body = rule.versions.order_by("-number")[0].body + text(
            "会议应在规定的时限内发出纪要；决议事项有责任人和完成日，按承诺同样督促。",
            "电话沟通应在当日由信息员补录到平台。",
        )  # fmt: skip
        change = "增加会议纪要时限、决议事项督促和电话沟通补录的要求"
        version = rules.draft(
            rule, by=officer, body=body, in_force_from=local_date(notices.ago(14)), change=change, at=at
        )
        at = yield notices.player.soon(at, 0.3, 1)
        rules.send(version, by=officer, at=at)
        at = yield notices.player.soon(at, 1, 4)
        rules.approve(version, by=head, text="同意，请同时发通知。", at=at)
    at = yield notices.ago(1, "14:30")
    body = text(
        points=("会议通知提前发出，附议程和材料。", "会后按时限发出纪要，由主持人审定。", "决议事项逐项跟踪到完成。")
    )
    version = rules.create(
        by=officer,
        code="QD-GT-02",
        name="渠道会议管理细则",
        body=body,
        in_force_from=local_date(notices.ahead(10)),
        at=at,
    )
    rules.send(version, by=officer, at=at)


def _subscriptions(notices: Notices) -> Script:
    """Granted, refused, revoked, ended by the unit, and two that wait."""
    for back, unit, kind, reason, what in APPLICATIONS:
        if local_date(notices.ago(back)) < notices.first:
            continue
        at = yield notices.ago(back, "11:20")
        officer = notices.company.one(unit, "officer")
        made = subscriptions.apply(notices.kinds[kind], by=officer, reason=reason, at=at)
        if what == "applied":
            continue
        owner = notices.kinds[kind].owner
        head = notices.company.one(notices.company.key_of(owner.pk) if owner else "qifa", "head")
        later = notices.player.soon(at, 0.5, 4)
        if what == "refused":
            subscriptions.refuse(made, by=head, reason="该类信息含价格条款，按规定不发给开发部门。", at=later)
            continue
        subscriptions.grant(made, by=head, text="同意。", at=later)
        if what == "revoked":
            subscriptions.revoke(
                made, by=head, reason="业务调整，该单位不再负责此项工作。", at=later + timedelta(days=1)
            )
        if what == "ended":
            subscriptions.end(made, by=officer, reason="已改由上级单位转发。", at=later + timedelta(days=1))


APPLICATIONS: Final[Sequence[tuple[int, str, str, str, str]]] = (
    (40, "kefu", "sales_policy", "热线经常被问到返利和样机政策，需要同步了解。", "granted"),
    (21, "quality", "launch", "需要提前准备新品的检验和备件。", "granted"),
    (19, "dev", "sales_policy", "了解销售政策，便于安排版本。", "refused"),
    (13, "lab", "market_policy", "产品规划参考。", "revoked"),
    (12, "川南", "bulletin", "学习其他渠道的做法。", "ended"),
    (2, "鲁东", "experience", "希望固定收到经验交流，组织内部学习。", "applied"),
    (1, "kefu", "product_policy", "停产和保修安排直接影响备件计划。", "applied"),
)  # fmt: skip


def _robot(notices: Notices) -> Script:
    """A group robot that is switched off: its address leads nowhere."""
    at = yield notices.ago(9, "15:00")
    officer = notices.company.one("鲁东", "officer")
    address = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=00000000-0000-0000-0000-000000000000"
    robot = robots.add(by=officer, maker="wecom", name="鲁东渠道工作群", address=address, at=at)
    robots.switch(robot, on=False, by=officer, at=at + timedelta(minutes=2))
