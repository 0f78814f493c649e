"""Every number of the rules, as a named setting with default, bounds and help; 企发部 changes them on a page.

`current()` is the whole set, frozen; changed ones are rows of `Parameter`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime, time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from channelportal.core import audit, stamps
from channelportal.core.errors import Invalid
from channelportal.core.models import AuditEntry, Parameter


def _days(default: int, low: int, high: int, label: Any, source: str = "") -> Any:
    return field(default=default, metadata={"low": low, "high": high, "label": label, "source": source, "unit": "days"})


def _at(default: time, label: Any, source: str = "") -> Any:
    return field(default=default, metadata={"label": label, "source": source, "unit": "time"})


@dataclass(frozen=True, slots=True)
class Parameters:
    """Days are working days unless the label says otherwise. Times are local (Asia/Shanghai); close at 00:00 means 24:00."""

    normal_days: int = _days(1, 1, 10, _("Normal matters: working days to the formal reply"), "000 5.7")
    major_days: int = _days(3, 1, 20, _("Major matters: working days to the formal reply"), "000 5.7")
    close_of_business: time = _at(time(18), _("Close of business (00:00 means midnight)"), "000 5.7")  # noqa: RUF009
    entry_back_days: int = _days(
        30, 1, 365, _("Entering for someone: calendar days back without the supervising department"), "000 5.3"
    )
    promise_max_days: int = _days(30, 5, 120, _("Longest promise without special approval"), "000 5.7")
    replan_days: int = _days(1, 1, 5, _("New plan after a broken promise"), "000 5.7")
    extensions: int = _days(1, 0, 5, _("How often a promised day may be moved"), "000 5.7")
    confirm_days: int = _days(5, 1, 30, _("Silence of the asker closes after"), "000 5.6")
    urge_answer_days: int = _days(1, 1, 5, _("Answer to an urging"), "000 5.8")
    question_reminder_days: int = _days(2, 1, 10, _("Unanswered question: reminder after"))
    question_close_days: int = _days(10, 2, 60, _("Unanswered question: closing is proposed after"))
    watch_late_days: int = _days(3, 1, 20, _("Not copied tickets come onto the watch list when late for"), "000 5.6")
    approval_days: int = _days(1, 1, 5, _("Approval of a notice: reminded of after working days"), "001 四(二)")
    delivery_from: time = _at(time(8, 30), _("Messages go out from"))  # noqa: RUF009
    delivery_until: time = _at(time(17, 30), _("Messages go out until"))  # noqa: RUF009
    password_months: int = _days(1, 1, 12, _("Passwords are changed every (calendar months)"), "000 5.9.3")
    password_freeze_days: int = _days(15, 1, 90, _("An unchanged account is frozen after (calendar days)"), "000 5.9.3")
    password_history: int = _days(12, 0, 50, _("Earlier passwords that may not be used again"), "003")
    one_time_hours: int = _days(72, 1, 240, _("An issued password is good for (hours)"), "000 5.9.3")
    one_time_tries: int = _days(5, 1, 10, _("Tries of an issued password"), "000 5.9.3")


def current(*, fresh: bool = False) -> Parameters:
    """The parameters in force. Rows with a name that no longer exists are ignored."""
    return stamps.cached("parameters", _load, fresh=fresh)


def _load() -> Parameters:
    known = {f.name: f for f in fields(Parameters)}
    rows = Parameter.objects.filter(name__in=known).values_list("name", "value")
    return Parameters(**{name: _value(known[name].metadata["unit"], value) for name, value in rows})


def _value(unit: str, value: Any) -> Any:
    return time.fromisoformat(value) if unit == "time" else int(value)


# ── changes ─────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def change(values: dict[str, Any], *, by: Any, at: datetime) -> int:
    """Set the named parameters; those that already are so stay. Each change is audited with the old value. Returns how many
    changed. `Invalid` for a value outside its bounds, or a delivery window that ends before it begins."""
    before = current(fresh=True)
    known = {f.name: f for f in fields(Parameters)}
    wanted = {name: value for name, value in values.items() if name in known and getattr(before, name) != value}
    for name, value in wanted.items():
        _check(known[name].metadata, name, value)
    after = replace(before, **wanted)
    if after.delivery_from >= after.delivery_until:
        raise Invalid("delivery_until", _("The end must be after the beginning."))
    for name, value in wanted.items():
        stored = value.strftime("%H:%M") if isinstance(value, time) else value
        row, _made = Parameter.objects.update_or_create(
            name=name, defaults={"value": stored, "changed_by": by, "changed_at": at}
        )
        audit.record(
            "parameter.changed", row, by=by, at=at, data={"from": _plain(getattr(before, name)), "to": _plain(value)}
        )
    if wanted:
        stamps.bump("parameters")
    return len(wanted)


def _check(facts: Any, name: str, value: Any) -> None:
    if facts["unit"] == "time":
        if not isinstance(value, time):
            raise Invalid(name, _("This is no time of day."))
    elif not facts["low"] <= value <= facts["high"]:
        raise Invalid(name, _("Between %(low)s and %(high)s.") % {"low": facts["low"], "high": facts["high"]})


def _plain(value: Any) -> Any:
    return value.strftime("%H:%M") if isinstance(value, time) else value


def history(most: int = 20) -> list[AuditEntry]:
    """The latest changes, newest first."""
    return list(
        AuditEntry.objects.filter(object_type="core.parameter", action="parameter.changed").order_by("-at", "-pk")[
            :most
        ]
    )
