"""Notices, meetings, regulations and what hangs on them, one of each state, for the machines of this house: in every field that
not everybody may read stands a word of its own.

    made = papers(cast)      made.notices["kept"], made.meetings["called"], made.rule …
"""

# ruff: noqa: E501  (tables)
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.apps import apps

from accounts.models import User
from channelportal import questions
from channelportal.core import calendar, clock, files
from channelportal.core.models import StoredFile
from channelportal.lib.workdays import local_date
from feedback import workflow as tickets
from feedback.models import Ticket, TicketKind
from notices import chain, deciders, publication, workflow
from notices.audience import Audience
from notices.models import (
    Answer,
    Invitation,
    Meeting,
    MeetingKind,
    Notice,
    NoticeKind,
    Picture,
    Robot,
    RobotPost,
    Rule,
    RuleVersion,
    Step,
    Subscription,
    Version,
)
from notices.supplied import kinds, meetings, rules
from notices.workflow import answers, robots, subscriptions
from notices.workflow import meetings as sittings
from notices.workflow import rules as regulations
from notices.workflow.meetings import ActionRow, AgendaRow
from tests.people import Cast

TICKED = dict.fromkeys(chain.CHECKS, True)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)
ROBOT_KEY = "ROBOTKEYROBOTKEYROBOTKEY"
ROBOT_SECRET = "ROBOTSECRET"


@dataclass
class Papers:
    notices: dict[str, Notice]
    meetings: dict[str, Meeting]
    rule: Rule
    versions: dict[str, RuleVersion]
    subscriptions: dict[str, Subscription]
    robot: Robot
    post: RobotPost
    question: Ticket
    answer: Answer
    picture: StoredFile
    """In the text of "named"."""
    invited: User
    """To the meetings."""


def papers(cast: Cast) -> Papers:
    """All of them, made by the verbs themselves in about a second."""
    for one in (kinds, meetings, rules):
        one.supply(apps)
    robot = robots.add(
        by=cast.kefu_head, maker="dingtalk", name="客服群", secret=ROBOT_SECRET,
        address=f"https://oapi.dingtalk.com/robot/send?access_token={ROBOT_KEY}",
    )  # fmt: skip
    found = {
        "kept": kept(cast), "named": named(cast), "draft": _draft(cast), "pending": _pending(cast), "withdrawn": _withdrawn(cast),
        "request": _request(cast), "scheduled": _scheduled(cast),
    }  # fmt: skip
    post = RobotPost.objects.create(
        key="house", robot=robot, notice=found["named"], kind="notice", data={}, state="parked", created_at=clock.now(),
        next_attempt_at=clock.now(),
    )  # fmt: skip
    question, answer = _asked(cast, found["named"])
    rule, versions = _rule(cast)
    sat = {"called": _called(cast), "draft": _meeting(cast, title="DRAFTMEETING"), "pending": _sent(cast)}
    sat |= {"held": _held(cast), "recorded": _recorded(cast), "written": _written(cast), "vault": _vault(cast)}
    return Papers(
        found,
        sat,
        rule,
        versions,
        _subscriptions(cast),
        robot,
        post,
        question,
        answer,
        _picture(cast, found["named"]),
        cast.ludong_head,
    )


def paper(word: str, by: User) -> StoredFile:
    return files.keep_bytes(f"{word}.txt", f"IN{word}".encode(), "text/plain", by=by, at=clock.now())


def _picture(cast: Cast, notice: Notice) -> StoredFile:
    stored = files.keep_bytes("图.png", PIXEL, "image/png", by=cast.kefu_officer, at=clock.now())
    Picture.objects.create(file=stored, notice=notice, by=cast.kefu_officer, at=clock.now())
    return stored


def kind(code: str) -> NoticeKind:
    return NoticeKind.objects.get(code=code)


# ── notices ─────────────────────────────────────────────────────────────────────────────────────


def approve_all(notice: Notice, text: str = "", **more: Any) -> Notice:
    while step := Step.objects.filter(version__notice=notice, state="open").select_related("version__notice").first():
        by = deciders.of_step(step, local_date(clock.now()))[0]
        workflow.approve(step, by=by, text=text, checks=TICKED, lead_reason="事出有因。", **more)
    notice.refresh_from_db()
    if notice.state == "publishing":
        publication.run(notice.job_id)
        notice.refresh_from_db()
    return notice


def kept(cast: Cast) -> Notice:
    """A confidential policy of 客服员 for 李代理 alone; returned once with a remark, then approved up to company management."""
    notice = workflow.draft(
        by=cast.kefu_officer, kind=kind("sales_policy"), title="KEPTTITLE", body="<p>KEPTBODY</p>", level="confidential",
        audience=Audience(people=(cast.ludong_head.pk,)), reason="KEPTWHY", impact="KEPTIMPACT", acknowledge=True,
        effective_on=local_date(clock.now()) + timedelta(60), means=["portal", "mail", "robot"],
        files=[paper("KEPTFILE", cast.kefu_officer)],
    )  # fmt: skip
    workflow.send(notice, by=cast.kefu_officer, lead_note="KEPTLEAD")
    step = Step.objects.get(version__notice=notice, state="open")
    workflow.send_back(step, by=cast.kefu_head, text="KEPTRETURN", remarks=[(1, "KEPTBODY", "KEPTREMARK")])
    notice.refresh_from_db()
    workflow.send(notice, by=cast.kefu_officer, lead_note="KEPTLEAD")
    return approve_all(notice, "KEPTAPPROVAL")


def named(cast: Cast) -> Notice:
    """An ordinary one for the head of 鲁东代理商 alone, with a correction that waits for 周主管."""
    notice = workflow.draft(
        by=cast.kefu_officer, kind=kind("product_info"), title="NAMEDTITLE", body="<p>NAMEDBODY</p>", acknowledge=True,
        audience=Audience(units=(cast.ludong.pk,), roles=("head",)), means=["portal", "mail", "robot"],
        files=[paper("NAMEDFILE", cast.kefu_officer)],
    )  # fmt: skip
    workflow.send(notice, by=cast.kefu_officer)
    approve_all(notice, "NAMEDAPPROVAL")
    version = workflow.correct(
        notice, by=cast.kefu_officer, title="CORRECTTITLE", body="<p>CORRECTBODY</p>", change="CORRECTCHANGE",
        change_reason="CORRECTWHY", files=[paper("CORRECTFILE", cast.kefu_officer)],
    )  # fmt: skip
    workflow.send(version.notice, by=cast.kefu_officer)
    notice.refresh_from_db()
    return notice


def _draft(cast: Cast) -> Notice:
    return workflow.draft(
        by=cast.kefu_member, kind=kind("product_info"), title="DRAFTTITLE", body="<p>DRAFTBODY</p>", audience=Audience(channels="all"),
        files=[paper("DRAFTFILE", cast.kefu_member)],
    )  # fmt: skip


def _pending(cast: Cast) -> Notice:
    notice = workflow.draft(
        by=cast.kefu_member, kind=kind("product_info"), title="PENDINGTITLE", body="<p>PENDINGBODY</p>", audience=Audience(channels="all")
    )  # fmt: skip
    workflow.send(notice, by=cast.kefu_member)
    notice.refresh_from_db()
    return notice


def _withdrawn(cast: Cast) -> Notice:
    notice = workflow.draft(
        by=cast.kefu_officer, kind=kind("product_info"), title="TAKENTITLE", body="<p>TAKENBODY</p>",
        audience=Audience(units=(cast.chuannan.pk,), roles=("head",)),
    )  # fmt: skip
    workflow.send(notice, by=cast.kefu_officer)
    approve_all(notice)
    workflow.withdraw(notice, by=cast.kefu_head, reason="TAKENWHY")
    notice.refresh_from_db()
    return notice


def _request(cast: Cast) -> Notice:
    """A 渠道沟通申请表, approved, to be carried out by phone."""
    notice = workflow.draft(
        by=cast.kefu_officer, kind=kind("product_info"), request=True, title="REQUESTTITLE", body="<p>REQUESTBODY</p>", purpose="REQUESTPURPOSE",
        means=["phone"], audience=Audience(units=(cast.ludong.pk,)),
    )  # fmt: skip
    workflow.send(notice, by=cast.kefu_officer)
    return approve_all(notice)


def _scheduled(cast: Cast) -> Notice:
    notice = workflow.draft(
        by=cast.kefu_officer, kind=kind("product_info"), title="LATERTITLE", body="<p>LATERBODY</p>", audience=Audience(channels="all"),
        publish_at=clock.now() + timedelta(days=3),
    )  # fmt: skip
    workflow.send(notice, by=cast.kefu_officer)
    return approve_all(notice)


def _asked(cast: Cast, notice: Notice) -> tuple[Ticket, Answer]:
    """李代理 asks about the notice; the answer stands under it."""
    ticket = tickets.file(
        by=cast.ludong_head, kind=TicketKind.objects.get(code=questions.KIND), title=questions._title(notice, "ASKEDQUESTION"), body="ASKEDQUESTION",
        responsible=notice.unit, subject=notice,
    )  # fmt: skip
    answer = answers.publish(
        notice, by=cast.kefu_officer, question="SHOWNQUESTION", answer="SHOWNANSWER", ticket_id=ticket.pk,
        ticket_number=ticket.number,
    )  # fmt: skip
    return ticket, answer


# ── meetings ────────────────────────────────────────────────────────────────────────────────────


def _meeting(cast: Cast, *, days: int = 10, at: Any = None, title: str = "MEETINGTITLE", **more: Any) -> Meeting:
    """企市员 calls it, 钱企市 chairs it; the heads of the agents are invited."""
    moment = at or clock.now()
    starts = (moment + timedelta(days=days)).replace(microsecond=0)
    said = {
        "title": title, "purpose": "MEETINGPURPOSE", "place": "MEETINGPLACE", "starts_at": starts, "ends_at": starts + timedelta(hours=2),
        "chair": cast.market_head, "audience": Audience(units=(cast.ludong.pk, cast.chuannan.pk), roles=("head",)),
        "agenda": [AgendaRow("MEETINGTOPIC", 20, "周主管", [paper("MEETINGPAPER", cast.market_officer)])],
        "off_hours_reason": "OFFHOURSWHY", "short_notice_reason": "SHORTNOTICEWHY",
    }  # fmt: skip
    return sittings.draft(
        by=cast.market_officer, kind=MeetingKind.objects.get(code="monthly"), at=moment, **(said | more)
    )


def _sent(cast: Cast, **more: Any) -> Meeting:
    meeting = _meeting(cast, **more)
    return sittings.send(meeting, by=cast.market_officer, at=more.get("at"))


def _called(cast: Cast, **more: Any) -> Meeting:
    meeting = sittings.approve(_sent(cast, **more), by=cast.market_head, at=more.get("at"))
    sittings.reply(meeting, by=cast.chuannan_head, answer="decline", reason="DECLINEWHY", at=more.get("at"))
    return meeting


def _held(cast: Cast) -> Meeting:
    """Held two days ago; minutes drafted."""
    meeting = _called(cast, days=1, at=clock.now() - timedelta(days=3))
    sittings.hold(meeting, by=cast.market_officer)
    sittings.write_minutes(meeting, by=cast.market_officer, body="<p>MINUTESDRAFT</p>", actions=[_action(cast)])
    return Meeting.objects.get(pk=meeting.pk)


def _written(cast: Cast) -> Meeting:
    """With minutes that wait for the chair."""
    meeting = _held(cast)
    sittings.submit_minutes(meeting, by=cast.market_officer)
    return Meeting.objects.get(pk=meeting.pk)


def _recorded(cast: Cast) -> Meeting:
    """With minutes that were sent, and an action of 代理信息员's."""
    meeting = _called(cast, days=1, at=clock.now() - timedelta(days=3))
    sittings.hold(meeting, by=cast.market_officer)
    sittings.write_minutes(
        meeting, by=cast.market_officer, body="<p>MINUTESSENT</p>", actions=[_action(cast, "ACTIONTASK")]
    )
    sittings.submit_minutes(meeting, by=cast.market_officer)
    sittings.return_minutes(meeting, by=cast.market_head, text="MINUTESRETURN")
    sittings.submit_minutes(meeting, by=cast.market_officer)
    sittings.approve_minutes(meeting, by=cast.market_head)
    return Meeting.objects.get(pk=meeting.pk)


def _vault(cast: Cast) -> Meeting:
    """A confidential one, recorded."""
    topic = AgendaRow("VAULTTOPIC", 20, "周主管", [paper("VAULTPAPER", cast.market_officer)])
    said = dict.fromkeys(("off_hours_reason", "short_notice_reason"), "VAULTWHY")
    said |= {"title": "VAULTTITLE", "purpose": "VAULTPURPOSE", "place": "VAULTPLACE", "level": "confidential"}
    meeting = _called(cast, days=1, at=clock.now() - timedelta(days=3), agenda=[topic], **said)
    sittings.hold(meeting, by=cast.market_officer)
    actions = [_action(cast, "VAULTTASK")]
    sittings.write_minutes(meeting, by=cast.market_officer, body="<p>VAULTMINUTES</p>", actions=actions)
    sittings.submit_minutes(meeting, by=cast.market_officer)
    sittings.approve_minutes(meeting, by=cast.market_head)
    return Meeting.objects.get(pk=meeting.pk)


def _action(cast: Cast, task: str = "ACTIONDRAFT") -> ActionRow:
    return ActionRow(task, cast.ludong_head, _workday())


def _workday() -> date:
    return calendar.current().nth_after(local_date(clock.now()), 3)


def invitation(meeting: Meeting, user: User) -> Invitation:
    return Invitation.objects.get(meeting=meeting, user=user)


# ── subscriptions, regulations ──────────────────────────────────────────────────────────────────


def _subscriptions(cast: Cast) -> dict[str, Subscription]:
    NoticeKind.objects.filter(code__in=["launch", "experience", "bulletin"]).update(
        owner=cast.market, subscribable=True
    )
    refused = subscriptions.apply(kind("launch"), by=cast.ludong_officer, reason="REFUSEDWISH")
    subscriptions.refuse(refused, by=cast.market_head, reason="REFUSALWHY")
    granted = subscriptions.apply(kind("experience"), by=cast.ludong_officer, reason="GRANTEDWISH")
    subscriptions.grant(granted, by=cast.market_head)
    applied = subscriptions.apply(kind("bulletin"), by=cast.ludong_officer, reason="WISH")
    return {
        one.state: one
        for one in Subscription.objects.filter(pk__in=[refused.pk, granted.pk, applied.pk]).select_related(
            "kind", "unit"
        )
    }


def _rule(cast: Cast) -> tuple[Rule, dict[str, RuleVersion]]:
    """The supplied one with a second version in approval, and one that is a draft yet."""
    rule = Rule.objects.get(code=rules.CODE) if hasattr(rules, "CODE") else Rule.objects.order_by("pk").first()
    assert rule is not None
    if not rule.versions.filter(state="approved").exists():
        _in_force(cast, rule)
    pending = regulations.draft(
        rule, by=cast.qifa_officer, body="<p>RULEBODY</p>", change="RULECHANGE", in_force_from=local_date(clock.now()) + timedelta(30),
        files=[paper("RULEFILE", cast.qifa_officer)],
    )  # fmt: skip
    regulations.send(pending, by=cast.qifa_officer)
    fresh = regulations.create(
        by=cast.qifa_officer, code="house", name="RULENEWNAME", body="<p>RULENEWBODY</p>",
        in_force_from=local_date(clock.now()) + timedelta(30),
    )  # fmt: skip
    return rule, {"pending": RuleVersion.objects.get(pk=pending.pk), "draft": fresh}


def _in_force(cast: Cast, rule: Rule) -> None:
    first = regulations.draft(rule, by=cast.qifa_officer, body="<p>在案。</p>", in_force_from=local_date(clock.now()))
    regulations.send(first, by=cast.qifa_officer)
    regulations.approve(first, by=cast.qifa_head)


def version_in_hand(notice: Notice) -> Version:
    return Version.objects.get(notice=notice, state__in=Version.OPEN)
