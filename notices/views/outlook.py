"""Beside the form: whom the notice reaches, who approves it and why, how long ahead a policy is, what happens then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import calendar as calendars
from channelportal.core.errors import Invalid
from channelportal.lib.workdays import YearUnknown, local_date
from notices import deciders, recipients
from notices.audience import Audience
from notices.deciders import Shown
from notices.forms.drafting import NoticeForm
from notices.models import NoticeKind

MOST_UNITS, MOST_NAMES = 100, 120
WHY: Final[dict[str, Any]] = {
    "own_unit": _("what the unit sends is approved by its head"),
    "leaves_unit": _("it goes beyond your own unit: checked for policy, law and sensitive content"),
    "request": _("a communication request is checked by channel management"),
    "major": _("about a major decision or project"),
    "confidential": _("it is confidential"),
    "author_is_head": _("nobody approves his own; so the superior does"),
    "no_head": _("nobody holds the post now; so the superior does"),
}
"""Why a step stands in the chain (codes of notices/chain.py)."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One unit with how many of its people; their names where the whole list is short."""

    name: str
    people: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom it reaches now. `more`: units that are not listed."""

    people: int = 0
    units: int = 0
    listed: list[Reached] = field(default_factory=list)
    more: int = 0


@dataclass(frozen=True, slots=True)
class Lead:
    """A policy's days ahead. `days`: working days between publication and effect (None: no day entered); `wanted`: what its kind
    asks for; `earliest`: the first day that gives them."""

    days: int | None
    wanted: int
    earliest: date

    @property
    def short(self) -> bool:
        return self.days is not None and self.days < self.wanted


@dataclass(frozen=True, slots=True)
class Link:
    """A step to come, in words."""

    duty: str
    unit: str
    people: str
    reasons: list[Any]


@dataclass(frozen=True, slots=True)
class Outlook:
    """`known`: an audience was chosen; `nobody`: why no chain can be made; `unknown`: what is wrong with the names typed."""

    known: bool
    reach: Reach
    steps: list[Link]
    nobody: str
    unknown: list[str]
    kind: NoticeKind | None
    publish_at: datetime | None
    acknowledge: bool
    mail: bool
    robot: bool
    portal: bool


def outlook(form: NoticeForm, user: User, now: datetime) -> Outlook:
    """What would become of it, as far as the form (validated, maybe wrong in places) says."""
    data = form.cleaned_data
    kind, chosen = data.get("kind"), data.get("audience") or Audience()
    known = not chosen.problem()
    steps, nobody = _steps(form, user, chosen, local_date(now)) if known else ([], "")
    means = data.get("means", [])
    return Outlook(
        known=known,
        reach=reach(chosen, recipients.subscribed_kind(kind, data.get("level", "")), user) if known else Reach(),
        steps=steps,
        nobody=nobody,
        unknown=[str(error) for name in ("units", "people", "without") for error in form.errors.get(name, ())],
        kind=kind,
        publish_at=data.get("publish_at"),
        acknowledge=bool(data.get("acknowledge")),
        mail="mail" in means,
        robot="robot" in means,
        portal=not form.request or not {"portal", "mail", "robot"}.isdisjoint(means),
    )


def reach(chosen: Audience, kind: NoticeKind | None, viewer: User) -> Reach:
    """The count and the list: names where they are few, in one statement; else the units with their counts, in a second. A channel
    reads no names: it does not see who works at the others."""
    found = recipients.people(chosen, kind).order_by()
    shown = MOST_NAMES if viewer.unit and not viewer.unit.is_channel else 0
    names = list(found.order_by("unit__pinyin", "pinyin").values_list("unit__name", "name")[: shown + 1])
    if len(names) <= shown:
        groups = [(unit, tuple(name for _unit, name in rows)) for unit, rows in groupby(names, key=itemgetter(0))]
        listed = [Reached(str(unit), len(people), people) for unit, people in groups]
    else:
        units = found.values_list("unit__name").annotate(people=Count("pk")).order_by("unit__pinyin")
        listed = [Reached(str(unit), count) for unit, count in units]
    return Reach(sum(one.people for one in listed), len(listed), listed[:MOST_UNITS], max(0, len(listed) - MOST_UNITS))


def _steps(form: NoticeForm, user: User, chosen: Audience, day: date) -> tuple[list[Link], str]:
    author, unit = (form.notice.author, form.notice.unit) if form.notice else (user, user.unit)
    if unit is None:
        return [], ""
    data = form.cleaned_data
    editors = deciders.editors_of(deciders.newest(form.notice)) if form.notice else set()
    try:
        planned = deciders.plan(
            by=user, author=author, unit=unit, kind=data.get("kind"), audience=chosen, request=form.request,
            major=bool(data.get("major")), level=data.get("level", "normal"), day=day, editors=editors,
        )  # fmt: skip
    except Invalid as nobody:
        return [], str(nobody.message)
    return [link(one) for one in deciders.in_words(planned, {author.pk, user.pk} | editors, day)], ""


def link(step: Shown) -> Link:
    people = "、".join(one.name for one in step.people[:3])
    return Link(step.duty, step.unit.name, people, [WHY[code] for code in step.planned.reasons])


def lead(form: NoticeForm, now: datetime) -> Lead | None:
    """None: the kind is no policy, or asks for no days ahead."""
    data = (
        form.cleaned_data if form.is_bound else {"kind": form.chosen_kind, "effective_on": form["effective_on"].value()}
    )
    kind, effective_on = data.get("kind"), data.get("effective_on")
    if kind is None or not kind.policy or not kind.lead_days:
        return None
    calendar, day = calendars.current(), local_date(data.get("publish_at") or now)
    try:
        days = calendar.between(day, effective_on) if isinstance(effective_on, date) else None
        return Lead(days, kind.lead_days, calendar.nth_after(day, kind.lead_days))
    except (YearUnknown, ValueError):
        return None
