"""Three months of tickets, played through the real workflow in order of time, with the moment passed in.

Each ticket has a script of steps, made when the one before was done; the sweep runs at the moments when something can come due.
What lies after the demo's today has not happened yet: so every state is there to see, late and escalated ones too.
"""

from __future__ import annotations

import heapq
import logging
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from accounts.access import Refused
from accounts.models import User
from channelportal.core import calendar
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.files import keep_bytes
from channelportal.demo import texts
from channelportal.demo.company import Company
from channelportal.demo.texts import Story
from channelportal.lib.workdays import SHANGHAI, local_date
from feedback import workflow
from feedback.models import Extension, Obligation, SeverityRequest, Ticket
from feedback.sweep import sweep
from feedback.upkeep import upkeep

log = logging.getLogger(__name__)
Step = Callable[[datetime], None]
Script = Generator[datetime, datetime, None]
"""Something that goes on for a while: yields the moment at which it wants to go on, and is given it when it has come."""

# how often a unit answers in time; the rest is late by some hours or days
RELIABLE: Final = {"kefu": 0.9, "dev": 0.76, "quality": 0.85, "market": 0.95, "gov": 0.93, "lab": 0.94, "qifa": 0.99}
SWEEPS: Final = (time(9, 0, 5), time(18, 0, 5))


@dataclass
class Player:
    company: Company
    chance: random.Random
    until: datetime
    queue: list[tuple[datetime, int, Step]] = field(default_factory=list)
    turns: Any = field(default_factory=count)
    played: int = 0
    refused: int = 0

    # ── the order of time ───────────────────────────────────────────────────────────────────────

    def at(self, moment: datetime, step: Step) -> None:
        if moment <= self.until:
            heapq.heappush(self.queue, (moment, next(self.turns), step))

    def play(self) -> None:
        """Everything in order of time, a day to a transaction."""
        while self.queue:
            day = local_date(self.queue[0][0])
            with transaction.atomic():
                while self.queue and local_date(self.queue[0][0]) == day:
                    moment, _turn, step = heapq.heappop(self.queue)
                    self._do(moment, step)

    def _do(self, moment: datetime, step: Step) -> None:
        try:
            with transaction.atomic():
                step(moment)
            self.played += 1
        except (WrongState, Invalid, Refused, ObjectDoesNotExist) as reason:
            self.refused += 1  # as in life: somebody else was quicker
            log.debug("not played at %s: %r", moment, reason)

    def soon(self, moment: datetime, low: float, high: float) -> datetime:
        """Some working hours later, between 08:30 and 17:50 of a working day."""
        later = moment + timedelta(hours=self.chance.uniform(low, high))
        return self.in_hours(later)

    def in_hours(self, moment: datetime) -> datetime:
        here = moment.astimezone(SHANGHAI)
        days = calendar.current()
        if not days.is_working(here.date()) or here.time() > time(17, 50):
            here = datetime.combine(days.nth_after(here.date(), 1), time(8, 30), SHANGHAI) + timedelta(
                minutes=self.chance.randint(0, 90)
            )
        elif here.time() < time(8, 30):
            here = datetime.combine(here.date(), time(8, 30), SHANGHAI) + timedelta(minutes=self.chance.randint(0, 60))
        return here

    def does(self, share: float) -> bool:
        return self.chance.random() < share

    def script(self, script: Script) -> None:
        """Play this from its first moment on; what it does after the demo's today does not happen."""
        self._later(script, next(script, None))

    def _later(self, script: Script, moment: datetime | None) -> None:
        if moment is not None:
            self.at(moment, lambda at: self._go_on(script, at))

    def _go_on(self, script: Script, at: datetime) -> None:
        try:
            following = script.send(at)
        except StopIteration:
            return
        self._later(script, max(following, at))

    # ── the whole ───────────────────────────────────────────────────────────────────────────────

    def prepare(self, first: date) -> None:
        """Filings and sweeps of every day from `first` to the demo's today."""
        days = calendar.current()
        day, last = first, local_date(self.until)
        while day <= last:
            for hour in SWEEPS:
                self.at(datetime.combine(day, hour, SHANGHAI), self._pass)
            for _each in range(self.chance.randint(4, 8) if days.is_working(day) else self.chance.choice((0, 0, 1))):
                minutes = int(self.chance.triangular(0, 560, 120 if self.does(0.6) else 400))
                self._tell(datetime.combine(day, time(8, 40), SHANGHAI) + timedelta(minutes=minutes))
            day += timedelta(days=1)

    def _pass(self, moment: datetime) -> None:
        sweep(moment)
        upkeep(moment)

    def _tell(self, moment: datetime) -> None:
        story = self.chance.choice(texts.DOWN) if self.does(0.12) else self.chance.choice(texts.UP)
        words = {
            "client": self.chance.choice(texts.CLIENTS), "model": self.chance.choice(texts.MODELS),
            "n": self.chance.choice((2, 3, 4, 6, 8, 12, 15, 20)), "month": f"{moment.month - 1 or 12} 月",
        }  # fmt: skip
        self.at(moment, Matter(self, story, words).file)


@dataclass
class Matter:
    """One ticket's life."""

    player: Player
    story: Story
    words: dict[str, Any]
    ticket_id: int = 0
    key: str = ""  # of the responsible unit

    def say(self, text: str) -> str:
        return text.format(**self.words)

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.select_related("asker", "responsible", "filed_by").get(pk=self.ticket_id)

    def then(self, moment: datetime, step: Step) -> None:
        self.player.at(moment, step)

    # ── filing ──────────────────────────────────────────────────────────────────────────────────

    def file(self, moment: datetime) -> None:
        p, company = self.player, self.player.company
        down = self.story in texts.DOWN
        asker = p.chance.choice(["market", "gov", "kefu"]) if down else p.chance.choice(company.channels)
        self.key = p.chance.choice(company.channels) if self.story.to == "channel" else self.story.to
        role = p.chance.choice(["head", "officer", "officer", "member", "member"])
        by = p.chance.choice(company.people.get((asker, role)) or company.people[(asker, "officer")])
        more: dict[str, Any] = {}
        if not down and p.does(0.07):
            more = self._entered(asker, moment)
            by = more.pop("by")
        ticket = workflow.file(
            by=by, kind=company.kinds[self.story.kind], title=self.say(self.story.title), body=self.say(self.story.body),
            responsible=company.units[self.key], severity="major" if self.story.major and p.does(0.7) else "normal",
            copied=p.does(0.25), at=moment, **more,
        )  # fmt: skip
        self.ticket_id = ticket.pk
        if ticket.state == Ticket.State.PENDING:
            self.then(p.soon(moment, 0.1, 4), self.decide)
        else:
            self.reached(moment)

    def _entered(self, asker: str, moment: datetime) -> dict[str, Any]:
        """企发部 enters what came by phone, fax, letter."""
        company, p = self.player.company, self.player
        means = p.chance.choice(texts.MEANS)
        number = f"〔{moment.year}〕{p.chance.randint(1, 80)} 号" if means == "document" else ""
        return {
            "by": company.one("qifa", "officer"), "asker": company.units[asker], "means": means, "received_on": local_date(moment),
            "asker_name": company.one(asker, "head").name, "document_number": number,
        }  # fmt: skip

    def decide(self, moment: datetime) -> None:
        ticket, p = self.ticket, self.player
        head = p.company.one(p.company.key_of(ticket.asker_id), "head")
        if p.does(0.07):
            workflow.send_back(ticket, by=head, text=p.chance.choice(texts.RETURNS), at=moment)
            if p.does(0.8):
                self.then(p.soon(moment, 0.5, 8), self.resend)
            return
        workflow.approve(ticket, by=head, at=moment)
        self.reached(moment)

    def resend(self, moment: datetime) -> None:
        ticket = self.ticket
        workflow.resend(
            ticket, by=ticket.filed_by, title=ticket.title, body=f"{ticket.body}\n补充：型号与数量见上。", at=moment
        )
        self.then(self.player.soon(moment, 0.2, 3), self.decide)

    # ── answering ───────────────────────────────────────────────────────────────────────────────

    def reached(self, moment: datetime) -> None:
        p, due = self.player, self._due(moment)
        self.then(p.soon(moment, 0.2, 3), self.take)
        if p.does(0.18):
            self.then(p.soon(moment, 1, 5), self.question)
        if p.does(0.15):
            self.then(p.soon(moment, 1, 6), self.note)
        if p.does(0.05):
            self.then(p.soon(moment, 2, 5), self.assist)
        if p.does(0.03):
            self.then(p.soon(moment, 1, 3), self.severity)
        if p.does(0.02):
            self.then(p.soon(moment, 1, 4), self.withdraw)
        if p.does(0.04) and self.key in ("kefu", "market"):
            self.then(p.soon(moment, 1, 5), self.pass_on)
            return
        if p.does(RELIABLE.get(self.key, 0.8)):
            length = max(1.0, (due - moment).total_seconds() / 3600 - 1)
            self.then(min(p.soon(moment, 0.5, length), due - timedelta(minutes=p.chance.randint(1, 40))), self.reply)
        else:
            self.late(due)

    def _due(self, moment: datetime) -> datetime:
        found = Obligation.objects.filter(ticket=self.ticket_id, met_at=None, voided_at=None).order_by("due_at").first()
        return found.due_at.astimezone(SHANGHAI) if found else moment + timedelta(days=1)

    def late(self, due: datetime) -> None:
        """Some hours, some days; a few are left lying."""
        p = self.player
        if p.does(0.5):
            self.then(p.soon(due, 1, 20), self.urge)
        if p.does(0.4):
            self.then(p.soon(due, 1, 30), self.remind)
        if p.does(0.93):
            self.then(p.soon(due, 1, p.chance.choice((4, 20, 50, 110))), self.reply)

    def handler(self) -> User:
        ticket, people = self.ticket, self.player.company.people
        key = self.player.company.key_of(ticket.responsible_id)
        return ticket.assignee or self.player.chance.choice(people[(key, "officer")])

    def take(self, moment: datetime) -> None:
        workflow.take(self.ticket, by=self.handler(), at=moment)

    def question(self, moment: datetime) -> None:
        workflow.ask(self.ticket, by=self.handler(), text=self.say(self.story.question), at=moment)
        if self.player.does(0.85):
            self.then(self.player.soon(moment, 0.5, 9), self.answer)

    def answer(self, moment: datetime) -> None:
        workflow.answer_question(
            self.ticket, by=self.ticket.filed_by, text=self.player.chance.choice(texts.ANSWERS), at=moment
        )

    def note(self, moment: datetime) -> None:
        workflow.note(self.ticket, by=self.handler(), text=self.player.chance.choice(texts.NOTES), at=moment)

    def assist(self, moment: datetime) -> None:
        p = self.player
        helper = p.company.units[p.chance.choice([key for key in ("dev", "lab", "quality") if key != self.key])]
        day = local_date(self._due(moment))
        assist = workflow.ask_assist(
            self.ticket, by=self.handler(), unit=helper, task=p.chance.choice(texts.ASSISTS), day=day, at=moment
        )
        officer = p.company.one(p.company.key_of(helper.pk), "officer")
        self.then(
            p.soon(moment, 1, 12),
            lambda later: _ignore(workflow.deliver_assist(assist, by=officer, text="已提供，见说明。", at=later)),
        )

    def severity(self, moment: datetime) -> None:
        p = self.player
        head = p.company.one(self.key, "head")
        workflow.ask_severity(
            self.ticket, by=head, to="major", reason="涉及两家重点客户停机，需要会同研究所分析。", at=moment
        )
        self.then(p.soon(moment, 0.3, 3), self.decide_severity)

    def decide_severity(self, moment: datetime) -> None:
        request = SeverityRequest.objects.get(ticket=self.ticket_id, state="asked")
        head = self.player.company.one("qifa", "head")
        if self.player.does(0.7):
            workflow.confirm_severity(request, by=head, at=moment)
        else:
            workflow.keep_severity(request, by=head, reason="不符合重大问题标准，按一般问题答复。", at=moment)

    def pass_on(self, moment: datetime) -> None:
        p = self.player
        self.key = p.chance.choice(["dev", "quality", "lab"])
        workflow.pass_on(
            self.ticket,
            by=self.handler(),
            to=p.company.units[self.key],
            reason=p.chance.choice(texts.PASS_ON),
            at=moment,
        )
        self.then(min(p.soon(moment, 1, 20), self._due(moment) - timedelta(minutes=5)), self.reply)

    def urge(self, moment: datetime) -> None:
        p = self.player
        workflow.urge(self.ticket, by=p.company.one("qifa", "officer"), text=p.chance.choice(texts.URGES), at=moment)
        if p.does(0.7):
            self.then(
                p.soon(moment, 1, 8),
                lambda later: _ignore(
                    workflow.answer_urge(self.ticket, by=self.handler(), text="正在加急处理，今日内答复。", at=later)
                ),
            )

    def remind(self, moment: datetime) -> None:
        workflow.remind(self.ticket, by=self.ticket.filed_by, at=moment)

    # ── the formal reply, and what follows ──────────────────────────────────────────────────────

    def reply(self, moment: datetime) -> None:
        p = self.player
        if p.does(0.55):
            self.resolve(moment)
            return
        day = calendar.current().nth_after(local_date(moment), p.chance.choice((1, 2, 2, 3, 4, 6)))
        text = self.say(self.story.plan)
        workflow.plan(self.ticket, by=self.handler(), text=text, day=day, at=moment)
        due = datetime.combine(day, time(18), SHANGHAI)
        if p.does(0.1):
            self.then(p.soon(due - timedelta(hours=9), 0.5, 4), self.extend)
        if p.does(0.86):
            hours = max(2.0, (due - moment).total_seconds() / 3600)
            self.then(
                min(p.soon(moment, hours / 2, hours), due - timedelta(minutes=p.chance.randint(2, 90))), self.resolve
            )
        else:
            self.then(p.soon(due, 2, 26), self.reply_again)

    def reply_again(self, moment: datetime) -> None:
        """The promise was broken: a new plan, then the resolution."""
        if self.player.does(0.5):
            self.resolve(moment)
        else:
            self.reply(moment)

    def extend(self, moment: datetime) -> None:
        p = self.player
        duty = Obligation.objects.get(ticket=self.ticket_id, kind="promise", met_at=None, voided_at=None)
        day = calendar.current().nth_after(duty.due_day, p.chance.choice((1, 2, 3)))
        workflow.ask_extension(
            self.ticket, by=self.handler(), day=day, reason=p.chance.choice(texts.EXTENSIONS), at=moment
        )
        if p.does(0.8):
            self.then(p.soon(moment, 0.3, 2), self.grant)

    def grant(self, moment: datetime) -> None:
        extension = Extension.objects.get(obligation__ticket=self.ticket_id, state="asked")
        workflow.grant_extension(extension, by=self.player.company.one("qifa", "officer"), at=moment)

    def resolve(self, moment: datetime) -> None:
        p = self.player
        workflow.resolve(self.ticket, by=self.handler(), text=self.say(self.story.solved), at=moment)
        if p.does(0.06):
            self.then(p.soon(moment, 2, 40), self.reopen)
        elif p.does(0.82):
            self.then(p.soon(moment, 0.5, 60), self.confirm)

    def confirm(self, moment: datetime) -> None:
        p, ticket = self.player, self.ticket
        good = (3, 4, 4, 5, 5, 5) if not ticket.missed else (1, 2, 3, 3, 4)
        workflow.confirm(
            ticket, by=ticket.filed_by, answer=p.chance.choice((3, 4, 4, 5, 5, 5)), speed=p.chance.choice(good),
            text=p.chance.choice(texts.THANKS), at=moment,
        )  # fmt: skip

    def reopen(self, moment: datetime) -> None:
        workflow.reopen(
            self.ticket, by=self.ticket.filed_by, reason=self.player.chance.choice(texts.REOPENS), at=moment
        )
        self.reached(moment)

    def withdraw(self, moment: datetime) -> None:
        workflow.withdraw(self.ticket, by=self.ticket.filed_by, reason="客户已自行解决。", at=moment)


def _ignore(_result: object) -> None:
    """A step gives nothing back."""


def finale(player: Player, now: datetime) -> None:
    """What three months may happen not to show on the demo's day: one of each, so that every state and decision is there to see."""
    company = player.company
    moment = now - timedelta(minutes=50)

    def file(unit: str, role: str, to: str, kind: str, title: str, body: str, **more: Any) -> Ticket:
        return workflow.file(
            by=company.one(unit, role),
            kind=company.kinds[kind],
            title=title,
            body=body,
            responsible=company.units[to],
            at=moment,
            **more,
        )

    file(
        "鲁东",
        "member",
        "kefu",
        "problem",
        "分支机构上线后无法同步策略",
        "三个分支机构上线后策略一直显示等待同步，重启无效。",
    )
    file("沈阳", "officer", "gov", "request", "申请延长投标授权函有效期", "客户推迟开标两周，授权函将过期，申请延长。")
    log_text = b"03:00:12 renegotiation timeout\n03:10:40 tunnel up\n"
    pinned = keep_bytes("现场日志.txt", log_text, "text/plain", by=company.one("川南", "head"), at=moment)
    first = file(
        "川南",
        "head",
        "kefu",
        "problem",
        "双机热备切换后业务中断",
        "切换后约 20 秒业务才恢复，日志见附件。",
        files=[pinned],
    )
    again = file("川南", "head", "kefu", "problem", "热备切换业务中断（重复提交）", "与上一张相同，误提交了两次。")
    workflow.merge(again, by=company.one("qifa", "officer"), into=first, reason="与前一张重复。", at=moment)
    file(
        "豫北", "member", "market", "complaint", "反映本单位负责人截留返利", "上季度返利未按规定发放，请核实并保护反映人。",
        restricted=True, shielded=True, accused=company.one("豫北", "head"),
    )  # fmt: skip
    asked = file("闽南", "head", "dev", "request", "希望支持新的国密算法套件", "等保测评要求，请评估支持时间。")
    day = calendar.current().nth_after(local_date(now), 45)
    workflow.plan(
        asked, by=company.one("dev", "officer"), text="随下一大版本提供，需要四十五个工作日。", day=day, at=moment
    )
    weighed = file(
        "粤东", "head", "quality", "problem", "一批设备开机自检失败", "到货 12 台中 3 台自检失败，客户要求说明。"
    )
    workflow.ask_severity(
        weighed, by=company.one("quality", "head"), to="major", reason="可能涉及整个批次，需要拆检。", at=moment
    )
