"""The demo's notices: written, approved, published and read in the order of time, by the verbs of `notices`.

The thousands of readings of old notices are written in bulk, as the verbs would have left them; those of today are real.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import Count, Q
from django.db.models.functions import Greatest

from channelportal.core import calendar
from channelportal.core.models import Alert, Job, StoredFile
from channelportal.demo import notice_texts as texts
from channelportal.demo.company import Company
from channelportal.demo.history import Player, Script
from channelportal.demo.notice_texts import Words
from channelportal.lib.workdays import SHANGHAI, WorkCalendar, local_date
from notices import chain, deciders, meeting_sweep, publication, workflow
from notices.audience import Audience
from notices.models import Notice, NoticeKind, Receipt, UnitAnswer
from notices.sweep import sweep

# kind → the unit that owns it and decides who else receives it; the rest are 企发部's
OWNERS: Final = {
    "market_policy": "market", "sales_policy": "market", "product_policy": "quality", "product_info": "dev", "launch": "lab",
}  # fmt: skip
AUDIENCES: Final[dict[str, Callable[[Company], Audience]]] = {
    "all": lambda company: Audience(channels="all", hq=True),
    "channels": lambda company: Audience(channels="all"),
    "agents": lambda company: Audience(channels="some", kinds=("agent",)),
    "east": lambda company: Audience(channels="some", regions=("华东",)),
    "middle": lambda company: Audience(channels="some", regions=("华中",), kinds=("agent",)),
    "channel_heads": lambda company: Audience(channels="all", roles=("head",)),
    "a_heads": lambda company: Audience(channels="some", grades=("A",), roles=("head",)),
}
WAVES: Final = ((0.5, 4, 0.45), (5, 24, 0.6), (20, 44, 0.6), (60, 90, 0.5))
"""Readers come in waves: so many hours after the one before, and the share of those who have not read yet."""
SLOW: Final = {"闽南": 0.3, "晋南": 0.25, "桂北": 0.4, "dev": 0.5, "昆明": 0.45}
"""How far some units lag behind the others."""
RECENT: Final = 8
"""Working days; what was published since then still waits for those whose accounts are shown."""
SHOWN: Final = (
    ("鲁东", "member"),
    ("鲁东", "officer"),
    ("沈阳", "officer"),
    ("kefu", "officer"),
    ("kefu", "head"),
    ("market", "officer"),
)
Waiting = Generator[datetime, datetime, Any]
"""A part of a script that gives something back: the moment at which it ended, or what it made."""


@dataclass
class Notices:
    player: Player
    first: date
    kinds: dict[str, NoticeKind] = field(default_factory=dict)
    days: WorkCalendar = field(init=False)

    def __post_init__(self) -> None:
        self.days = calendar.current()
        self.kinds = {kind.code: kind for kind in NoticeKind.objects.all()}
        for code, key in OWNERS.items():
            self.kinds[code].owner = self.company.units[key]
        NoticeKind.objects.bulk_update(self.kinds.values(), ["owner"])

    @property
    def company(self) -> Company:
        return self.player.company

    @property
    def today(self) -> date:
        return local_date(self.player.until)

    # ── the order of time ───────────────────────────────────────────────────────────────────────

    def prepare(self) -> None:
        """The ordinary ones, and what passes by itself each morning."""
        for back, words in texts.PUBLISHED:
            self.begin(back, self.ordinary(words, back))
        day = self.first
        while day <= self.today:
            near = self.today - day < timedelta(days=21)  # further back every third day will do
            if self.days.is_working(day) and (near or day.toordinal() % 3 == 0):
                self.player.at(datetime.combine(day, time(9, 0, 10), SHANGHAI), _pass)
            day += timedelta(days=1)

    def begin(self, back: int, script: Script) -> None:
        """A script that begins so many working days ago, unless that is before the history."""
        if local_date(self.ago(back)) >= self.first:
            self.player.script(script)

    def ago(self, back: int, clock: str = "08:50") -> datetime:
        """That time of the day so many working days before today."""
        return datetime.combine(
            self.days.nth_before(self.today, back) if back else self.today, time.fromisoformat(clock), SHANGHAI
        )

    def ahead(self, days: int, clock: str = "09:00", since: datetime | None = None) -> datetime:
        day = self.days.nth_after(local_date(since) if since else self.today, days)
        return datetime.combine(day, time.fromisoformat(clock), SHANGHAI)

    # ── one notice ──────────────────────────────────────────────────────────────────────────────

    def ordinary(self, words: Words, back: int) -> Script:
        """Written, approved as it is, published, read."""
        at = yield self.ago(back)
        notice = self.draft(words, at)
        at = yield from self.through(notice, at)
        yield from self.readers(notice, at)

    def draft(self, words: Words, at: datetime, *, files: Iterable[StoredFile] = (), **given: Any) -> Notice:
        """`more` of the words and `given`: as `workflow.draft` takes them; "effective" in working days, "valid" in calendar days."""
        more, kind = {**words.more, **given}, self.kinds[words.kind]
        effective, valid = more.pop("effective", None), more.pop("valid", kind.valid_days)
        if effective is not None:
            more["effective_on"] = local_date(self.ahead(effective, since=at)) if effective else local_date(at)
        if valid:
            more["valid_until"] = local_date(at) + timedelta(days=valid)
        return workflow.draft(
            by=self.company.one(words.by, words.role), kind=kind, title=words.title.format(month=f"{at.month - 1 or 12} 月份"), body=words.body,
            audience=AUDIENCES[words.to](self.company), files=list(files), at=at, **more,
        )  # fmt: skip

    def through(self, notice: Notice, at: datetime, *, note: str = "") -> Waiting:
        """Into approval, and through all of its steps. `note`: why its lead time is short."""
        at = yield self.player.soon(at, 0.2, 0.8)
        workflow.send(notice, by=notice.author, lead_note=note, at=at)
        while workflow.open_step(notice.versions.last()):
            at = yield self.player.soon(at, 0.2, 1.5)
            self.approve(notice, at, lead_reason=note and "情况属实，同意提前执行。")
        return at

    def approve(self, notice: Notice, at: datetime, **given: Any) -> None:
        """The open step, by who decides it; what is then published reaches everybody."""
        step = workflow.open_step(notice.versions.last())
        if step is None:
            return
        checks = dict.fromkeys(chain.CHECKS, True)
        workflow.approve(step, by=deciders.of_step(step, local_date(at))[0], checks=checks, at=at, **given)
        deliver(notice, at)

    # ── its readers ─────────────────────────────────────────────────────────────────────────────

    def readers(self, notice: Notice, at: datetime) -> Script:
        shown, recent = self.shown(), self.days.between(local_date(at), self.today) <= RECENT
        for low, high, share in WAVES:
            since, at = at, (yield self.player.soon(at, low, high))
            self.read(notice, since, at, share, late=shown if recent else set(), sure=set() if recent else shown)

    def shown(self) -> set[int]:
        return {self.company.one(unit, role).pk for unit, role in SHOWN}

    def read(
        self, notice: Notice, since: datetime, at: datetime, share: float, *, late: set[int], sure: set[int]
    ) -> None:
        """So many of those who have not: opened, and most of them acknowledged, some time between these moments. `late` do not
        come, `sure` do."""
        notice.refresh_from_db()
        if notice.state != Notice.State.PUBLISHED:
            return
        chance, slow = self.player.chance, {self.company.units[key].pk: factor for key, factor in SLOW.items()}
        waiting = Receipt.objects.filter(notice=notice, delivered_at__isnull=False, settled_at=None)
        rows = waiting if notice.acknowledge else waiting.filter(opened_at=None)
        facts = rows.order_by("pk").exclude(user__in=late).values_list("pk", "unit", "user")
        come = [pk for pk, unit, user in facts if user in sure or chance.random() < share * slow.get(unit, 1.0)]
        number = notice.version.number if notice.version else 1
        for group in range(4):
            moment = since + (at - since) * chance.uniform(0.25 * group, 0.25 * (group + 1))
            self._come(notice, come[group::4], moment, number)
        _count(notice)

    def _come(self, notice: Notice, receipts: list[int], moment: datetime, number: int) -> None:
        new = Receipt.objects.filter(pk__in=receipts, opened_at=None)
        new.update(opened_at=Greatest("delivered_at", moment), opened_version=number)
        Receipt.objects.filter(pk__in=receipts, opened_version__lt=number).update(opened_version=number)
        if self.player.until - moment < timedelta(days=3):  # older ones are read in any case
            people = list(Receipt.objects.filter(pk__in=receipts).values_list("user", flat=True))
            told = Alert.objects.filter(user__in=people, url=notice.get_absolute_url(), read_at=None)
            told.update(read_at=moment)
        if not notice.acknowledge:
            return
        agreed = [pk for pk in receipts if self.player.does(0.85)]
        moment += timedelta(minutes=self.player.chance.randint(1, 20))
        mine = Receipt.objects.filter(pk__in=agreed, settled_at=None)
        if notice.unit_answers:
            self._answer_for_units(notice, mine.filter(user__role__in=["head", "deputy", "officer"]), moment)
        mine.update(acknowledged_at=Greatest("opened_at", moment), settled_at=Greatest("opened_at", moment))

    def _answer_for_units(self, notice: Notice, speaking: Any, moment: datetime) -> None:
        by = {unit: user for user, unit in speaking.order_by("pk").values_list("user", "unit")}
        for unit in UnitAnswer.objects.filter(notice=notice, superseded_at=None).values_list("unit", flat=True):
            by.pop(unit, None)
        UnitAnswer.objects.bulk_create(
            UnitAnswer(notice=notice, unit_id=unit, by_id=user, at=moment) for unit, user in by.items()
        )
        speaking.filter(user__in=by.values()).update(
            acknowledged_at=Greatest("opened_at", moment), settled_at=Greatest("opened_at", moment)
        )
        others = Receipt.objects.filter(notice=notice, unit__in=by, settled_at=None)
        others.update(settled_at=Greatest("delivered_at", moment))


def deliver(notice: Notice, at: datetime) -> None:
    """If the notice is being published: do what the job does. (The worker finds it done.)"""
    notice.refresh_from_db()
    if notice.state == Notice.State.PUBLISHING and notice.job_id:
        Job.objects.filter(pk=notice.job_id).update(created_at=at)
        publication.run(notice.job_id, at)
        notice.refresh_from_db()


def _count(notice: Notice) -> None:
    """The counters that the verbs keep."""
    counts = notice.receipts.aggregate(
        opened=Count("pk", filter=Q(opened_at__isnull=False)),
        acknowledged=Count("pk", filter=Q(settled_at__isnull=False)),
    )
    Notice.objects.filter(pk=notice.pk).update(**counts)


def _pass(moment: datetime) -> None:
    """What the clock does."""
    sweep(moment)
    meeting_sweep.sweep(moment)
