"""What this installation lacks, each gap named with its remedy and the page that mends it. Reads, never writes.

gaps = examine(at)                   # the gravest first
manage.py doctor [--json]            # the same on the command line; ends with 1 when something is at fault
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts import organisation
from accounts.models import Agreement, Registration, Unit, UnitFunction, User
from channelportal import doctor_notices
from channelportal.core import calendar, heartbeat, outbox
from channelportal.core.models import OutboxMessage
from channelportal.gaps import FAULT, GRADES, WARNING, Gap
from feedback import in_force, ladder
from feedback.ladder import Target
from feedback.models import LadderStep, TicketKind

__all__ = ["FAULT", "WARNING", "Gap", "examine", "grouped", "title"]
Function = UnitFunction.Function


def examine(at: datetime) -> list[Gap]:
    """Every gap, faults first. About twenty queries whatever the size of the company."""
    found = [gap for check in CHECKS for gap in check(at)]
    return sorted(found, key=lambda gap: GRADES.index(gap.grade))


def _single_functions(at: datetime) -> Iterator[Gap]:
    held = set(UnitFunction.objects.filter(unit__active=True).values_list("function", flat=True))
    for function in (
        Function.SUPERVISING,
        Function.REGISTRAR_HQ,
        Function.MANAGEMENT,
        Function.REGISTRAR_CHANNELS,
        Function.CHANNEL_MANAGEMENT,
    ):
        if function not in held:
            yield Gap(
                "no-function",
                FAULT,
                _("No unit holds the function “%(function)s”.") % {"function": function.label},
                _(
                    "Give it to a unit, on that unit's page under Functions; an empty installation begins with manage.py setup."
                ),
                reverse("units"),
            )


def _units(at: datetime) -> Iterator[Gap]:
    found = organisation.nodes(Unit.objects.active().order_by("kind", "pinyin"))
    for node in found.values():
        unit, url = node.unit, reverse("unit", args=[node.unit.pk])
        if not node.heads:
            yield Gap(
                "no-head",
                FAULT,
                _("%(unit)s has no head who can sign in.") % {"unit": unit.name},
                _("Make one of its people the head, or let one register: until then nobody approves there."),
                url,
                unit.name,
            )
        if not node.officers:
            yield Gap(
                "no-officer",
                WARNING,
                _("%(unit)s has no information officer.") % {"unit": unit.name},
                _("Every unit appoints at least one (000 5.5): change the role of one of its people."),
                url,
                unit.name,
            )
        yield from _channel(unit, url)


def _channel(unit: Unit, url: str) -> Iterator[Gap]:
    if not unit.is_channel:
        return
    if unit.manager_id is None:
        yield Gap(
            "no-manager",
            FAULT,
            _("%(unit)s has no managing department.") % {"unit": unit.name},
            _("Name one: until then nobody reviews its people."),
            reverse("unit-place", args=[unit.pk]),
            unit.name,
        )
    if unit.contact_id is None:
        yield Gap(
            "no-contact",
            WARNING,
            _("%(unit)s has no contact person at headquarters.") % {"unit": unit.name},
            _("Its managing department names one (004 二(三)1)."),
            reverse("channel-contact-set", args=[unit.pk]),
            unit.name,
        )


def _escalation(at: datetime) -> Iterator[Gap]:
    """Every unit with every target of the ladder, answered by the ladder itself."""
    tree = in_force.units()
    org = in_force.organisation(at).org
    targets = {Target(code) for step in LadderStep.objects.filter(active=True) for code in step.tells}
    if not targets:
        yield Gap(
            "no-ladder",
            FAULT,
            _("The escalation ladder has no step."),
            _("Without steps nobody is ever told that something is late: add them."),
            reverse("ladder"),
        )
    for unit in tree.by_id.values():
        if not unit.active:
            continue
        top = tree.superiors.get(unit.pk) is None  # nobody stands above company management: that is no gap
        lost, nobody = _unreached(org, unit, targets - {Target.PARENT_HEAD} if top else targets)
        if nobody:
            yield Gap(
                "reaches-nobody",
                FAULT,
                _("What escalates from %(unit)s would reach nobody at all.") % {"unit": unit.name},
                _(
                    "Neither the units above it nor the supervising department has anybody who can be told: name heads there."
                ),
                reverse("unit", args=[unit.pk]),
                unit.name,
            )
        elif lost:
            yield Gap(
                "falls-back",
                WARNING,
                _("What escalates from %(unit)s to %(targets)s finds nobody; the supervising department stands in.")
                % {"unit": unit.name, "targets": "、".join(lost)},
                _("Name a head or a deputy for this unit and for those above it."),
                reverse("unit", args=[unit.pk]),
                unit.name,
            )


def _unreached(org: ladder.Org, unit: Unit, targets: set[Target]) -> tuple[list[str], bool]:
    """(the targets for which nobody of their own is found, in words; whether not even 企发部 is left)."""
    lost = []
    for target in (Target.HEAD, Target.PARENT_HEAD, Target.MANAGEMENT):
        if target not in targets:
            continue
        try:
            told = org.recipients((target,), ladder.Case(unit=unit.pk))
        except ladder.NobodyLeft:
            return [], True
        if told.fell_back:
            lost.append(str(LadderStep.Target(target.value).label))
    return lost, False


def _kinds(at: datetime) -> Iterator[Gap]:
    kinds = TicketKind.objects.filter(active=True)
    if not kinds:
        yield Gap(
            "no-kinds",
            FAULT,
            _("There is no kind of ticket."),
            _("Nobody can file anything: add kinds."),
            reverse("kinds"),
        )
    for kind in kinds.select_related("route"):
        if kind.route is None and not kind.fixed_route and kind.way != TicketKind.Way.DOWN:
            yield Gap(
                "kind-unrouted",
                WARNING,
                _("The kind “%(kind)s” goes to no unit by itself.") % {"kind": kind.name},
                _("When nobody is named, the supervising department holds and owes it. Name the unit it goes to."),
                reverse("kind", args=[kind.pk]),
                kind.name,
            )
        elif kind.route is not None and not kind.route.active:
            yield Gap(
                "kind-to-closed",
                FAULT,
                _("The kind “%(kind)s” goes to %(unit)s, which is closed.")
                % {"kind": kind.name, "unit": kind.route.name},
                _("Name another unit."),
                reverse("kind", args=[kind.pk]),
                kind.name,
            )


def _calendar(at: datetime) -> Iterator[Gap]:
    today = localtime(at).date()
    published = calendar.current().published_years
    years = {today.year: FAULT}
    if today.month >= 11:
        years[today.year + 1] = WARNING
    for year, grade in years.items():
        if year not in published:
            yield Gap(
                "no-year",
                grade,
                _("The working days of %(year)s are not published here.") % {"year": year},
                _("Import the State Council's arrangement; until then due times in that year are provisional."),
                reverse("calendar"),
                str(year),
            )


def _people(at: datetime) -> Iterator[Gap]:
    held = set(User.objects.filter(is_active=True).exclude(admin_role="").values_list("admin_role", flat=True))
    for role, label in User.AdminRole.choices:
        if role not in held:
            yield Gap(
                "no-administrator",
                FAULT,
                _("There is no %(role)s.") % {"role": label},
                _("Name one: manage.py setup --administrator (each of the three another person)."),
                "",
                str(label),
            )
    if not Agreement.objects.filter(in_force_from__lte=at).exists():
        yield Gap(
            "no-agreement",
            FAULT,
            _("No confidentiality agreement is in force."),
            _("People come in without signing one (001 七(一)): publish its text."),
        )
    unreviewed = Registration.objects.to_review().filter(reviewer_unit=None).count()
    if unreviewed:
        yield Gap(
            "nobody-reviews",
            FAULT,
            _("%(number)s registrations wait for nobody.") % {"number": unreviewed},
            _("Name the managing department of their units."),
            reverse("units"),
        )


def _operation(at: datetime) -> Iterator[Gap]:
    if not settings.EMAIL_CONFIGURED:
        yield Gap(
            "no-mail",
            FAULT,
            _("No mail server is configured: mails are written to files."),
            _("Set EMAIL_URL and MAIL_FROM (see .env.example) and start the portal again."),
        )
    for name, age in heartbeat.stopped(at).items():
        since = (
            _("never ran")
            if age is None
            else _("last ran %(minutes)s minutes ago") % {"minutes": int(age.total_seconds() // 60)}
        )
        yield Gap(
            "loop-stopped",
            FAULT,
            _("The job “%(name)s” stands still: %(since)s.") % {"name": name, "since": since},
            _(
                "Start the worker and the clock (docs/operations.md); without a broker: manage.py run_jobs every minute."
            ),
            "",
            name,
        )
    if outbox.paused():
        yield Gap(
            "mail-held-back",
            FAULT,
            _("After a restore no mail goes out."),
            _("Look at what waits; then: manage.py restore --release"),
        )
    parked = OutboxMessage.objects.parked().count()
    if parked:
        yield Gap(
            "parked",
            WARNING,
            _("%(number)s messages could not be delivered and are parked.") % {"number": parked},
            _("Look at the reason, mend it and send them again."),
            reverse("outbox-parked"),
        )


def _security(at: datetime) -> Iterator[Gap]:
    if len(settings.SECRET_KEY) < 40 or settings.SECRET_KEY.startswith(("django-insecure", "change", "secret")):
        yield Gap(
            "weak-secret",
            FAULT,
            _("SECRET_KEY is short or the one of an example."),
            _("Set a long random one in the environment or in SECRET_KEY_FILE; everybody signs in anew."),
        )
    if settings.DEBUG:
        yield Gap("debug", FAULT, _("DEBUG is on: errors show what nobody should see."), _("Set DEBUG=0."))
    if settings.DEMO:
        yield Gap(
            "demo", WARNING, _("This is the demo company: its passwords are known."), _("Never let real people use it.")
        )
    elif not settings.TLS:
        yield Gap(
            "no-tls",
            WARNING,
            _("SITE_URL is no https address."),
            _(
                "Put the portal behind TLS and set SITE_URL (docs/operations.md): passwords travel in the open otherwise."
            ),
        )


CHECKS: Final[tuple[Callable[[datetime], Iterator[Gap]], ...]] = (
    _single_functions,
    _people,
    _units,
    _escalation,
    _kinds,
    _calendar,
    *doctor_notices.CHECKS,
    _operation,
    _security,
)


def title(code: str, number: int) -> str:
    """The head of several gaps of one kind."""
    titles = {
        "no-head": _("%(number)s units without a head"),
        "no-officer": _("%(number)s units without an information officer"),
        "no-manager": _("%(number)s channels without a managing department"),
        "no-contact": _("%(number)s channels without a contact person"),
        "falls-back": _("%(number)s units whose escalation finds nobody above"),
        "reaches-nobody": _("%(number)s units whose escalation reaches nobody at all"),
        "kind-unrouted": _("%(number)s kinds of ticket that go to no unit by themselves"),
        "kind-nobody-writes": _("%(number)s kinds of notice whose owner is closed"),
        "meeting-for-nobody": _("%(number)s kinds of meeting that would invite nobody"),
        "robot-failing": _("%(number)s robots take no posts"),
        "rule-unreviewed": _("%(number)s regulations whose yearly review is over"),
        "loop-stopped": _("%(number)s jobs stand still"),
    }
    return titles.get(code, _("%(number)s gaps of one kind")) % {"number": number}


def grouped(gaps: list[Gap]) -> list[dict[str, Any]]:
    """The gaps by code, in order: what the page shows, with the first of each and their number."""
    groups: dict[str, list[Gap]] = {}
    for gap in gaps:
        groups.setdefault(gap.code, []).append(gap)
    return [
        {
            "code": code,
            "grade": found[0].grade,
            "title": found[0].what if len(found) == 1 else title(code, len(found)),
            "gaps": found,
            "remedy": found[0].remedy,
        }
        for code, found in groups.items()
    ]
