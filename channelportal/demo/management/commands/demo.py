"""manage.py demo: the demo company, on a database of its own."""

from __future__ import annotations

import random
import time as stopwatch
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Agreement, Unit, User
from accounts.workflow import registration
from channelportal.core import audit, clock, heartbeat
from channelportal.core.models import Alert, OutboxMessage, Parameter
from channelportal.demo import company, history, meetings, notice_states, scale
from channelportal.demo.company import PASSWORD, Company
from channelportal.demo.notices import Notices
from feedback.models import Ticket

MARK = "demo"  # the row of `Parameter` that says that a database is the demo's own
MONTHS = 92  # days of history
SEED = 20261122


class Command(BaseCommand):
    help = "Makes the demo company (on an empty database, or again on its own). --accounts prints who can sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--accounts", action="store_true", help="only print the accounts by role")
        parser.add_argument("--scale", type=int, default=0, help="fill up to so many tickets, in bulk, for measuring")
        parser.add_argument("--days", type=int, default=MONTHS, help="days of history")
        parser.add_argument("--quiet", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(_("The demo runs only with DEMO=1: its passwords are public."))
        if options["accounts"]:
            self._accounts()
            return
        if not Parameter.objects.filter(name=MARK).exists():
            if User.objects.exists() or Unit.objects.exists():
                raise CommandError(_("This database has people or units that are not the demo's: nothing was changed."))
            self._make(options)
        if options["scale"]:
            self._fill(options["scale"])

    def _make(self, options: dict[str, Any]) -> None:
        began = stopwatch.monotonic()
        now = clock.now()
        first = localtime(now) - timedelta(days=options["days"])
        chance = random.Random(SEED)
        with override("zh-hans"), transaction.atomic():  # interrupted, it leaves the database as empty as it was
            made = company.build(chance, first, now)
            player = history.Player(made, chance, now)
            player.prepare(first.date())
            _notices(player, first.date())
            player.play()
            history.finale(player, now)
            _registrations(made, now)
            _settle(now)
            Parameter.objects.create(name=MARK, value={"made": now.isoformat()})
        seconds = stopwatch.monotonic() - began
        self.stdout.write(
            _("{tickets} tickets, {people} people, {units} units in {seconds:.0f} s.").format(
                tickets=Ticket.objects.count(), people=User.objects.count(), units=Unit.objects.count(), seconds=seconds
            )
        )

    def _fill(self, wanted: int) -> None:
        began = stopwatch.monotonic()
        scale.fill(wanted, clock.now())
        self.stdout.write(f"{Ticket.objects.count()} tickets, {stopwatch.monotonic() - began:.0f} s")

    def _accounts(self) -> None:
        with override("zh-hans"):
            rows = [(user, _who(user)) for user in _shown()]
        self.stdout.write(f"{'账号':<14}{'姓名':<8}角色")
        for user, words in rows:
            self.stdout.write(f"{user.username:<16}{user.name:<{10 - len(user.name)}}{words}")
        self.stdout.write(f"密码（全部账号）：{PASSWORD}")


def _notices(player: history.Player, first: date) -> None:
    """Beside the tickets, in the same order of time; by a chance of their own, so that the tickets are the same with or without."""
    beside = history.Player(player.company, random.Random(SEED + 1), player.until, player.queue, player.turns)
    told = Notices(beside, first)
    told.prepare()
    notice_states.prepare(told)
    meetings.prepare(told)


def _shown() -> list[User]:
    """One of each sort of person: two channels, two departments, those who review, supervise, manage; the administrators."""
    wanted = [
        ("鲁东代理商", "member"), ("鲁东代理商", "officer"), ("鲁东代理商", "head"), ("沈阳分公司", "officer"), ("沈阳分公司", "head"),
        ("客户服务部", "officer"), ("客户服务部", "head"), ("开发部", "head"), ("企业市场部", "officer"), ("企发部", "officer"),
        ("企发部", "head"), ("总裁办", "head"),
    ]  # fmt: skip
    people = User.objects.filter(is_active=True).select_related("unit").order_by("pk")
    found = [people.filter(unit__name=unit, role=role).first() for unit, role in wanted]
    return [user for user in found if user] + list(people.exclude(admin_role=""))


def _who(user: User) -> str:
    if user.unit is None:
        return str(user.get_admin_role_display())
    return f"{user.unit.name} · {user.get_role_display()}"


def _registrations(made: Company, now: datetime) -> None:
    """A few applications: one approved, one refused, three that wait."""
    agreement = Agreement.objects.latest("version")
    facts = [
        ("鲁东", "穆文佳", "业务主管", "负责区域客户报修和反馈"),
        ("川南", "柏春明", "内勤", "接替离职的信息员"),
        ("kefu", "戚海慧", "热线班长", "需要查看和答复渠道反馈"),
        ("成都", "凌思远", "渠道经理", "负责分公司渠道沟通"),
    ]
    for number, (key, name, position, reason) in enumerate(facts):
        filed = now - timedelta(days=4 - number, hours=3)
        paper = registration.submit(
            agreement=agreement, signed_name=name, at=filed, name=name, email=f"new{number}@demo.example", phone=f"1390000{number:04}",
            position=position, reason=reason, role="member", unit=made.units[key],
        )  # fmt: skip
        paper = registration.confirm(paper, at=filed + timedelta(minutes=12))
        if number == 0:
            registration.refuse(
                paper,
                by=made.one("market", "officer"),
                reason="请由贵司负责人确认岗位后再申请。",
                at=filed + timedelta(hours=2),
            )
    paper = registration.submit(
        agreement=agreement, signed_name="荀立新", at=now - timedelta(hours=5), name="荀立新", email="new9@demo.example",
        phone="13900000099", position="总经理", reason="新签代理商，申请开通", role="head", new_unit_name="鲁东南代理商",
        new_unit_kind="agent", new_unit_region="华东", manager=made.units["market"],
    )  # fmt: skip
    registration.confirm(paper, at=now - timedelta(hours=4, minutes=50))


def _settle(now: datetime) -> None:
    """What was told in these months was sent and read; the trail is sealed; the loops have just come round."""
    past = OutboxMessage.objects.filter(state="waiting", next_attempt_at__lte=now)
    past.update(state="sent", sent_at=now, attempts=1)
    Alert.objects.filter(created_at__lt=now - timedelta(days=2), read_at=None).update(read_at=now)
    audit.seal_all(now)
    for loop in heartbeat.LONGEST:
        heartbeat.beat(loop, now)
