"""What the page of a notice shows this reader: the version, its files, what he did, what changed, and how it came about.

Readers see published versions only. The author's unit, who decided a step, and 企发部 stand inside: they see what is written and
how it was approved. A fixed number of queries, whatever the length of the story.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

from django.db.models import Exists, Prefetch
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from accounts.access import scope
from accounts.models import Unit, User
from channelportal.core import calendar
from notices import desk, rights
from notices.models import Notice, NoticeFile, Receipt, Remark, Step, UnitAnswer, Version

RELATED = ("kind", "unit", "author", "version", "job", "withdrawn_by", "outcome_by")
SHOWN = (Version.State.PUBLISHED, Version.State.REPLACED)


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size: int
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline, as parts/_entry.html wants it."""

    at: datetime
    who: str
    unit: str
    did: str
    hq: bool = False
    text: str = ""
    icon: str = ""
    tone: str = ""
    chip: dict[str, str] | None = None


@dataclass
class NoticePage:
    """All of one notice for one reader."""

    notice: Notice
    user: User
    now: datetime
    wanted: int | None = None
    """The number of the version asked for in the address; None: the one that matters to him."""

    # ── who reads ───────────────────────────────────────────────────────────────────────────────

    @cached_property
    def own(self) -> bool:
        """Of the author's unit, with a right to what it writes."""
        return rights.writes(self.notice, self.user)

    @property
    def hq(self) -> bool:
        return self.notice.unit.kind == Unit.Kind.HQ

    @cached_property
    def oversees(self) -> bool:
        who = scope(self.user)
        return who.may("notice.supervise") and (who.heads_supervisors or not self.notice.confidential)

    @cached_property
    def steps(self) -> list[Step]:
        """All steps that were ever planned, in order; none for who could not have decided one."""
        found = Step.objects.filter(version__notice=self.notice)
        if not (self.own or self.oversees):
            if not self.user.leads:
                return []
            found = found.filter(Exists(found.filter(unit=self.user.unit_id, opened_at__isnull=False)))
        found = found.select_related("unit", "decided_by", "sending__by")
        remarks = Prefetch("remarks", Remark.objects.order_by("place", "pk"))
        return list(found.prefetch_related(remarks).order_by("sending_id", "order"))

    @cached_property
    def decided(self) -> set[int]:
        """Versions of which a step is or was at his unit."""
        return {
            step.version_id for step in self.steps if step.unit_id == self.user.unit_id and step.opened_at is not None
        }

    @cached_property
    def inside(self) -> bool:
        return self.own or self.oversees or bool(self.decided)

    # ── versions ────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def versions(self) -> list[Version]:
        """Those he may see, oldest first."""
        every = self.notice.versions.select_related("edited_by").order_by("number")
        return [version for version in every if self._sees(version)]

    def _sees(self, version: Version) -> bool:
        if version.state in SHOWN:
            return True
        if self.own or version.pk in self.decided:
            return version.state != Version.State.DROPPED or self.notice.state == Notice.State.CANCELLED
        return self.oversees and version.state not in (Version.State.DRAFT, Version.State.DROPPED)

    @cached_property
    def version(self) -> Version | None:
        """The one shown: asked for, else the one he decides, else the published one, else the newest."""
        by_number = {version.number: version for version in self.versions}
        if self.wanted is not None:
            return by_number.get(self.wanted)
        open_here = {step.version_id for step in self.steps if self._waits_here(step)}
        for version in reversed(self.versions):
            if version.pk in open_here:
                return version
        current = next((one for one in self.versions if one.pk == self.notice.version_id), None)
        return current or (self.versions[-1] if self.versions else None)

    def _waits_here(self, step: Step) -> bool:
        return step.state == Step.State.OPEN and step.unit_id == self.user.unit_id

    @property
    def current(self) -> bool:
        """What is shown is what readers have."""
        return self.version is not None and self.version.pk == self.notice.version_id

    @cached_property
    def in_hand(self) -> Version | None:
        """A correction that is being written or approved, for who may see it."""
        if self.notice.version_id is None:
            return None
        return next((one for one in reversed(self.versions) if one.state in Version.OPEN), None)

    @cached_property
    def before(self) -> Version | None:
        """The version that the shown one replaced."""
        if self.version is None:
            return None
        older = [one for one in self.versions if one.number < self.version.number and one.state in SHOWN]
        return older[-1] if older else None

    @cached_property
    def files(self) -> list[File]:
        if self.version is None or not self.shows_text:
            return []
        rows = NoticeFile.objects.filter(version=self.version).select_related("file").order_by("pk")
        address = f"/notices/{self.notice.pk}/files/"
        return [File(row.file.name, row.file.size, f"{address}{row.file_id}/") for row in rows]

    # ── the reader ──────────────────────────────────────────────────────────────────────────────

    @cached_property
    def receipt(self) -> Receipt | None:
        mine = Receipt.objects.filter(notice=self.notice, user=self.user, unit=self.user.unit_id)
        return mine.filter(delivered_at__isnull=False).first()

    @cached_property
    def expired(self) -> bool:
        return self.notice.state == Notice.State.PUBLISHED and self.notice.expired(self.today)

    @cached_property
    def today(self) -> date:
        return localdate(self.now)

    @property
    def withdrawn(self) -> bool:
        return self.notice.state == Notice.State.WITHDRAWN

    @property
    def shows_text(self) -> bool:
        """What was withdrawn is taken from its readers, text and files; inside it stays on record."""
        return self.inside or not self.withdrawn

    @cached_property
    def asked(self) -> bool:
        """An acknowledgement of his is missing."""
        mine = self.receipt
        return bool(mine and mine.due_at and mine.settled_at is None and self.notice.state in desk.LIVE)

    @cached_property
    def may_acknowledge(self) -> bool:
        if not self.asked:
            return False
        return not self.notice.unit_answers or scope(self.user).may("notice.acknowledge_for_unit", self.user.unit_id)

    @property
    def clock(self) -> dict[str, Any]:
        """What `{% clock %}` wants of his acknowledgement."""
        mine = self.receipt
        due = mine.due_at if mine else None
        days = desk.days_said(calendar.current(), due, self.now) if due else None
        late, left = (days, None) if due and due < self.now else (None, days)
        return {
            "what": pgettext("what is due", "Acknowledgement"),
            "due_at": due,
            "started_at": mine.delivered_at if mine else None,
            "late_days": late,
            "left_days": left,
        }

    @property
    def late(self) -> bool:
        return bool(self.asked and self.receipt and self.receipt.due_at and self.receipt.due_at < self.now)

    @property
    def means(self) -> str:
        """By what the sender communicates, in words."""
        return _(", ").join(str(Notice.Means(code).label) for code in self.notice.means if code in Notice.Means.values)

    @cached_property
    def unit_answer(self) -> UnitAnswer | None:
        """Who acknowledged for his unit."""
        if not (self.receipt and self.receipt.settled_at and self.notice.unit_answers):
            return None
        answers = UnitAnswer.objects.filter(notice=self.notice, unit=self.user.unit_id, superseded_at=None)
        return answers.select_related("by").first()

    @cached_property
    def missed(self) -> Version | None:
        """He read an older version before this visit: the one he read then."""
        mine = self.receipt
        if mine is None or not mine.opened_version or not self.current or self.version is None:
            return None
        if mine.opened_version >= self.version.number:
            return None
        return next((one for one in self.versions if one.number == mine.opened_version), None)

    @property
    def unread(self) -> bool:
        """He has not opened what readers have now."""
        mine = self.receipt
        if mine is None or self.version is None or not self.current:
            return False
        return mine.opened_at is None or mine.opened_version < self.version.number

    @property
    def days_to_effect(self) -> int | None:
        """Calendar days until a policy is in force; nought or less: it is."""
        if self.version is None or self.version.effective_on is None:
            return None
        return (self.version.effective_on - self.today).days

    @property
    def may_ask(self) -> bool:
        """A question goes to the author's unit as a ticket: from readers elsewhere, while the notice stands."""
        return self.receipt is not None and self.notice.state in desk.LIVE and self.notice.unit_id != self.user.unit_id

    @cached_property
    def shows_figures(self) -> bool:
        """Receipts are for the author, his head, and 企发部."""
        return rights.sees_receipts(self.notice, self.user)

    # ── the story ───────────────────────────────────────────────────────────────────────────────

    @cached_property
    def phases(self) -> list[dict[str, Any]]:
        """The chain of the last sending, while it is decided."""
        version = self.version
        if version is None or version.state != Version.State.PENDING:
            return []
        last = max((step.sending_id for step in self.steps if step.version_id == version.pk), default=None)
        return [_phase(step) for step in self.steps if step.sending_id == last]

    @cached_property
    def timeline(self) -> list[Line]:
        """For who stands inside, oldest first."""
        if not self.inside:
            return []
        numbers = {version.pk: version.number for version in self.versions}
        lines = [self._drafted(), *self._sendings(numbers), *_decisions(self.steps, numbers)]
        lines += [self._published(version) for version in self.versions if version.published_at]
        if self.notice.withdrawn_at:
            lines.append(self._withdrawn(self.notice.withdrawn_at))
        return sorted(lines, key=lambda line: line.at)

    def _drafted(self) -> Line:
        notice = self.notice
        did = _("filled in the request") if notice.request else _("began the draft")
        return _line(notice.created_at, notice.author, notice.unit, did)

    def _sendings(self, numbers: dict[int, int]) -> Iterable[Line]:
        seen: set[int] = set()
        for step in self.steps:
            if step.sending_id in seen or step.version_id not in numbers:
                continue
            seen.add(step.sending_id)
            correction = numbers[step.version_id] > 1
            did = _("sent the correction for approval") if correction else _("sent it for approval")
            if step.sending.round > 1:
                did = _("sent it again, round {round}").format(round=step.sending.round)
            yield _line(step.sending.at, step.sending.by, self.notice.unit, did, icon="send", tone="hand")

    def _published(self, version: Version) -> Line:
        at = version.published_at or self.now
        if version.number == 1:
            did = _("published to {n} people").format(n=self.notice.recipients)
            return _line(at, None, None, did, icon="speakerphone", tone="done")
        text = _("{what} ({why})").format(what=version.change, why=version.change_reason)
        return _line(at, None, None, _("published the correction"), text, icon="edit", tone="due")

    def _withdrawn(self, at: datetime) -> Line:
        notice = self.notice
        return _line(at, notice.withdrawn_by, notice.unit, _("withdrew it"), notice.withdrawal, icon="x", tone="late")


def _phase(step: Step) -> dict[str, Any]:
    states = {"approved": "past", "open": "now", "returned": "failed"}
    return {
        "label": step.get_duty_display(),
        "state": states.get(step.state, ""),
        "hint": step.decided_by.name if step.decided_by else step.unit.name,
    }


def _decisions(steps: Iterable[Step], numbers: dict[int, int]) -> Iterable[Line]:
    for step in steps:
        if step.decided_at is None or step.version_id not in numbers:
            continue
        approved = step.state == Step.State.APPROVED
        did = (_("approved: {duty}") if approved else _("returned it: {duty}")).format(duty=step.get_duty_display())
        line = _line(
            step.decided_at, step.decided_by, step.unit, did, _said(step),
            icon="check" if approved else "arrow-left", tone="done" if approved else "due",
        )  # fmt: skip
        if step.stood_in:
            line = replace(line, chip={"tone": "plain", "label": _("in the head's place")})
        yield line


def _said(step: Step) -> str:
    """What the approver wrote: his words, why he accepted a shorter lead time, his remarks at places."""
    parts = [step.text]
    if step.lead_reason:
        parts.append(_("Shorter lead time accepted: {reason}").format(reason=step.lead_reason))
    parts += [_remark(remark) for remark in step.remarks.all()]
    return "\n".join(part for part in parts if part)


def _remark(remark: Remark) -> str:
    if not remark.quote:
        return remark.text
    return _("“{quote}”: {text}").format(quote=remark.quote, text=remark.text)


def _line(
    at: datetime, who: User | None, unit: Unit | None, did: str, text: str = "", *, icon: str = "", tone: str = ""
) -> Line:
    name = who.name if who else _("The system")
    side = unit is not None and unit.kind == Unit.Kind.HQ
    return Line(at, name, unit.name if unit else "", did, side, text, icon, tone)


# ── what one may do ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Deed:
    """A link to the page of a verb; `main`: the one thing to do next."""

    verb: str
    label: Any
    icon: str
    url: str
    main: bool = False
    danger: bool = False


# verb of `rights.possible`, name of its page, words, icon, whether it is what to do next
DEEDS: Final = (
    ("approve", "notice-approve", gettext_lazy("Check and decide"), "checks", True),
    ("edit", "notice-edit", gettext_lazy("Go on writing"), "pencil", True),
    ("edit_correction", "notice-correct", gettext_lazy("Go on with the correction"), "pencil", True),
    ("publish", "notice-publish", gettext_lazy("Publish now"), "speakerphone", False),
    ("record_outcome", "notice-outcome", gettext_lazy("Record what was done"), "check", True),
    ("recall", "notice-recall", gettext_lazy("Take it back from approval"), "arrow-back-up", False),
    ("correct", "notice-correct", gettext_lazy("Correct it"), "edit", False),
    ("drop", "notice-drop", gettext_lazy("Drop the correction"), "x", False),
    ("withdraw", "notice-withdraw", pgettext_lazy("published notice", "Withdraw it"), "x", False),
    ("cancel", "notice-cancel", gettext_lazy("Cancel it"), "trash", False),
)


def deeds(notice: Notice, possible: set[str]) -> list[Deed]:
    """Links to what he may do now, the main ones first."""
    return [
        Deed(verb, label, icon, reverse(name, args=[notice.pk]), main, verb in {"withdraw", "cancel", "drop"})
        for verb, name, label, icon, main in DEEDS
        if verb in possible
    ]
