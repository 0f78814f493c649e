"""What an approver looks at beside the text: the facts in words, the decisions so far, what changed since his last look."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from accounts.models import User
from channelportal.core import clock
from channelportal.lib import wording
from notices import deciders, workflow
from notices.models import Notice, Step, Version
from notices.rights import Situation
from notices.views.outlook import WHY

CHECKED = {
    "policy": gettext_lazy("policy"),
    "law": gettext_lazy("law"),
    "sensitive": gettext_lazy("sensitive content"),
}


@dataclass(frozen=True, slots=True)
class Changed:
    """What this person saw last, to compare with: `since`: when that was sent or published; `title`: if it is another now."""

    since: datetime | None
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Line:
    """A step of the chain as it stands."""

    duty: str
    unit: str
    state: str
    tone: str
    who: str
    at: datetime | None
    text: str
    reasons: list[Any]
    checks: list[Any] = field(default_factory=list)
    lead_reason: str = ""


def facts(notice: Notice, version: Version) -> list[tuple[Any, Any]]:
    """Names and values, only those that say something."""
    now = clock.now()
    pairs: list[tuple[Any, Any]] = [
        (pgettext("notice", "Kind"), notice.kind.name),
        (_("Author"), f"{notice.author.name} · {notice.unit.name}"),
        (_("Purpose"), notice.purpose),
        (_("Why"), version.reason),
        (_("What it affects"), version.impact),
        (_("In force from"), _day(version.effective_on)),
        (_("Means"), "、".join(str(Notice.Means(code).label) for code in notice.means)),
        (pgettext("fact of a notice", "Publication"), wording.when(notice.publish_at, now) if notice.publish_at else _("As soon as it is approved")),
        (_("Acknowledgement"), _acknowledgement(notice)),
        (_("Valid until"), _day(notice.valid_until) or _("until further notice")),
        (_("Confidentiality level"), notice.get_level_display()),
        (_("Importance"), notice.get_importance_display() if notice.importance != "normal" else ""),
        (_("Urgency"), notice.get_urgency_display() if notice.urgency != "normal" else ""),
        (_("About a major decision or project"), _("yes") if notice.major else ""),
        (_("Also for those who join later"), _("yes") if notice.late_joiners else ""),
    ]
    return [(name, value) for name, value in pairs if value]


def _day(day: date | None) -> str:
    return wording.full_day(day) if day else ""


def _acknowledgement(notice: Notice) -> str:
    if not notice.acknowledge:
        return _("not asked for")
    if notice.acknowledge_by:
        words = _("by %(day)s") % {"day": _day(notice.acknowledge_by)}
    else:
        days = notice.acknowledge_days
        words = ngettext("within %(count)d working day", "within %(count)d working days", days) % {"count": days}
    return words + _("; one for the unit") if notice.unit_answers else words


def files_of(notice: Notice, version: Version) -> list[dict[str, Any]]:
    """For parts/_files.html."""
    rows = version.files.select_related("file") if version.pk else []
    return [
        {"name": row.file.name, "size": row.file.size, "url": reverse("notice-file", args=[notice.pk, row.file_id])}
        for row in rows
    ]


def changed(notice: Notice, version: Version, step: Step | None, user: User) -> Changed | None:
    """Against what he looked at last; else, of a correction, against what readers see. None: he sees it for the first time."""
    last = workflow.changed_since(step, user) if step else None
    if last is not None:
        return Changed(last.at, last.title if last.title != version.title else "", last.body)
    if notice.version is None or notice.version_id == version.pk:
        return None
    shown = notice.version
    return Changed(shown.published_at, shown.title if shown.title != version.title else "", shown.body)


def rounds(version: Version, found: Situation) -> list[list[Line]]:
    """The chain of each sending, newest first."""
    steps = Step.objects.filter(version=version.pk).select_related("unit", "decided_by", "sending")
    by_round: dict[int, list[Line]] = {}
    for step in steps.order_by("-sending__round", "order"):
        by_round.setdefault(step.sending.round, []).append(_line(step))
    return list(by_round.values())


def _line(step: Step) -> Line:
    tones = {"approved": "done", "returned": "due", "open": "hand", "waiting": "wait", "void": "wait"}
    who = step.decided_by.name if step.decided_by else ""
    if step.state == Step.State.OPEN:
        who = "、".join(one.name for one in deciders.of_step(step, localtime(clock.now()).date())[:3])
    if step.stood_in:
        who = _("%(name)s, for the head who was away") % {"name": who}
    return Line(
        duty=str(step.get_duty_display()), unit=step.unit.name, state=str(step.get_state_display()), tone=tones[step.state],
        who=who, at=step.decided_at, text=step.text, reasons=[WHY.get(code, code) for code in step.reasons],
        checks=[CHECKED[code] for code, seen in step.checks.items() if seen and code in CHECKED], lead_reason=step.lead_reason,
    )  # fmt: skip
