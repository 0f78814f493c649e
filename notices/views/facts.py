"""What an approver looks at beside the text: the facts in words, the decisions so far, what changed since his last look."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from accounts.models import User
from channelportal.lib import wording
from channelportal.lib.workdays import local_date
from notices import workflow
from notices.models import Level, Notice, Step, Version
from notices.rights import Situation
from notices.views.outlook import WHY

CHECKED = {
    "policy": gettext_lazy("policy"),
    "law": gettext_lazy("law"),
    "sensitive": gettext_lazy("sensitive content"),
}


CHOICES: dict[str, Any] = {"level": Level, "importance": Notice.Importance, "urgency": Notice.Urgency}
FACTS: dict[str, Any] = {
    "audience": gettext_lazy("Whom it is for"),
    "files": gettext_lazy("Files"),
    "means": gettext_lazy("Means"),
    "purpose": gettext_lazy("Purpose"),
    "reason": gettext_lazy("Why"),
    "impact": gettext_lazy("What it affects"),
    "effective_on": gettext_lazy("In force from"),
    "valid_until": gettext_lazy("Valid until"),
    "publish_at": gettext_lazy("Publish at"),
    "acknowledge": gettext_lazy("Acknowledgement"),
    "acknowledge_by": gettext_lazy("By this day"),
    "level": gettext_lazy("Confidentiality level"),
    "importance": gettext_lazy("Importance"),
    "urgency": gettext_lazy("Urgency"),
    "major": gettext_lazy("About a major decision or project"),
}
"""What a sending keeps beside its words (`Sending.facts`), by its name."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What to compare with: `since`: when that was sent or published; `own`: he decided about it himself; `title`: if it is another
    now; `facts`: what else changed, each with its value of before ("" where it has none in words)."""

    since: datetime | None
    own: bool
    title: str
    body: str
    facts: list[tuple[Any, str]]


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


def policy(notice: Notice, version: Version, now: datetime) -> list[tuple[Any, Any]]:
    """What a policy says beside its text (001 三(一)2); empty for other kinds."""
    if not notice.kind.policy:
        return []
    pairs = [
        (_("Why"), version.reason),
        (_("What it affects"), version.impact),
        (_("In force from"), _day(version.effective_on, now)),
    ]
    return [(name, value) for name, value in pairs if value]


def facts(notice: Notice, version: Version, now: datetime) -> list[tuple[Any, Any]]:
    """Names and values, only those that say something."""
    pairs: list[tuple[Any, Any]] = [
        (pgettext("notice", "Kind"), notice.kind.name),
        (_("Author"), f"{notice.author.name} · {notice.unit.name}"),
        (_("Purpose"), notice.purpose),
        (_("Means"), "、".join(str(Notice.Means(code).label) for code in notice.means)),
        (
            pgettext("fact of a notice", "Publication"),
            wording.when(notice.publish_at, now) if notice.publish_at else _("As soon as it is approved"),
        ),
        (_("Acknowledgement"), _acknowledgement(notice, now)),
        (_("Valid until"), _day(notice.valid_until, now) or _("until further notice")),
        (_("Confidentiality level"), notice.get_level_display()),
        (_("Importance"), notice.get_importance_display() if notice.importance != "normal" else ""),
        (_("Urgency"), notice.get_urgency_display() if notice.urgency != "normal" else ""),
        (_("About a major decision or project"), _("yes") if notice.major else ""),
        (_("Also for those who join later"), _("yes") if notice.late_joiners else ""),
    ]
    return [(name, value) for name, value in pairs if value]


def _day(day: date | None, now: datetime) -> str:
    return wording.full_day(day, local_date(now)) if day else ""


def _acknowledgement(notice: Notice, now: datetime) -> str:
    if not notice.acknowledge:
        return _("not asked for")
    if notice.acknowledge_by:
        words = _("by %(day)s") % {"day": _day(notice.acknowledge_by, now)}
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
    last = workflow.changed_since(step, user) if step and step.sending.round > 1 else None
    if last is not None and step is not None:
        own = last.steps.filter(decided_by=user).exists()
        title = last.title if last.title != version.title else ""
        return Changed(last.at, own, title, last.body, _other_facts(last.facts, step.sending.facts))
    shown = notice.version
    if shown is None or shown.pk == version.pk:
        return None
    return Changed(shown.published_at, False, shown.title if shown.title != version.title else "", shown.body, [])


def _other_facts(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[Any, str]]:
    """Names of what is different, each with what it was."""
    return [(name, _before(key, old.get(key))) for key, name in FACTS.items() if old.get(key) != new.get(key)]


def _before(key: str, value: Any) -> str:
    if key in CHOICES:
        return str(CHOICES[key](value).label) if value in CHOICES[key].values else ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) if isinstance(value, str) else ""


def rounds(version: Version, found: Situation) -> list[list[Line]]:
    """The chain of each sending, newest first."""
    steps = Step.objects.filter(version=version.pk).select_related("unit", "decided_by", "sending")
    names = (
        "、".join(User.objects.filter(pk__in=found.deciders).values_list("name", flat=True)[:3])
        if found.deciders
        else ""
    )
    by_round: dict[int, list[Line]] = {}
    for step in steps.order_by("-sending__round", "order"):
        by_round.setdefault(step.sending.round, []).append(_line(step, names))
    return list(by_round.values())


def _line(step: Step, deciders: str) -> Line:
    tones = {"approved": "done", "returned": "due", "open": "hand", "waiting": "wait", "void": "wait"}
    who = step.decided_by.name if step.decided_by else ""
    if step.state == Step.State.OPEN:
        who = deciders
    if step.stood_in:
        who = _("%(name)s, for the head who was away") % {"name": who}
    return Line(
        duty=str(step.get_duty_display()), unit=step.unit.name, state=str(step.get_state_display()), tone=tones[step.state],
        who=who, at=step.decided_at, text=step.text, reasons=[WHY.get(code, code) for code in step.reasons],
        checks=[CHECKED[code] for code, seen in step.checks.items() if seen and code in CHECKED], lead_reason=step.lead_reason,
    )  # fmt: skip
