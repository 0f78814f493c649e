"""What notices, meetings, regulations and robots lack in this installation. Part of `doctor.py`. Reads, never writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from django.db.models import Max, Q
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from accounts.models import UnitFunction, User
from channelportal.core import vault
from channelportal.core.models import StoredFile
from channelportal.gaps import FAULT, WARNING, Gap
from notices import recipients
from notices.audience import Audience
from notices.models import MeetingKind, NoticeKind, Robot, Rule, RuleVersion
from notices.workflow import rules


def _second_decider(at: datetime) -> Iterator[Gap]:
    """Nobody approves what he wrote himself, and above company management there is nobody."""
    held = UnitFunction.objects.filter(function=UnitFunction.Function.MANAGEMENT, unit__active=True)
    unit = held.select_related("unit").first()
    if unit is None:
        return
    leading = [User.Role.HEAD, User.Role.DEPUTY]
    deciding = User.objects.filter(unit=unit.unit_id, role__in=leading, is_active=True, frozen_at=None)
    if deciding.count() < 2:
        yield Gap(
            "no-second-decider",
            WARNING,
            _("%(unit)s has only one person who decides.") % {"unit": unit.unit.name},
            _("What he writes himself, nobody can approve: name a second head or a deputy."),
            reverse("unit", args=[unit.unit_id]),
            unit.unit.name,
        )


def _notice_kinds(at: datetime) -> Iterator[Gap]:
    kinds = NoticeKind.objects.filter(active=True)
    if not kinds:
        yield Gap(
            "no-notice-kinds",
            FAULT,
            _("There is no kind of notice."),
            _("Nobody can write a notice: add kinds."),
            reverse("notice-kinds"),
        )
    for kind in kinds.filter(owner__active=False).select_related("owner"):
        yield Gap(
            "kind-nobody-writes",
            FAULT if kind.writers == NoticeKind.Writers.OWNER else WARNING,
            _("The kind of notice “%(kind)s” is owned by %(unit)s, which is closed.")
            % {"kind": kind.name, "unit": kind.owner.name if kind.owner else ""},
            _("Name another unit."),
            reverse("notice-kind", args=[kind.pk]),
            kind.name,
        )


def _meeting_kinds(at: datetime) -> Iterator[Gap]:
    """Of kinds that say who must take part."""
    for kind in MeetingKind.objects.filter(active=True).exclude(audience={}):
        if not recipients.people(Audience.read(kind.audience)).exists():
            yield Gap(
                "meeting-for-nobody",
                WARNING,
                _("The kind of meeting “%(kind)s” would invite nobody.") % {"kind": kind.name},
                _("Say anew who must take part."),
                reverse("meeting-kind", args=[kind.pk]),
                kind.name,
            )


def _robots(at: datetime) -> Iterator[Gap]:
    for robot in Robot.objects.filter(active=True, failing_since__isnull=False).select_related("unit"):
        yield Gap(
            "robot-failing",
            WARNING,
            _("The robot “%(robot)s” of %(unit)s takes no posts.") % {"robot": robot.name, "unit": robot.unit.name},
            _("Its unit looks at the address and tests it, or switches it off."),
            reverse("robots"),
            robot.name,
        )


def _keys(at: datetime) -> Iterator[Gap]:
    """Without a key no confidential file and no address of a robot can be kept; without a former one some cannot be read."""
    remedy = _("Set FILE_KEYS (docs/operations.md), with every key that was ever used, and start the portal again.")
    try:
        known = vault.keys()
    except vault.BadKeys:
        known = {}
    if not known:
        yield Gap("no-file-key", FAULT, _("The key of confidential files is not set rightly."), remedy)
        return
    used = {vault.sealed_with(sealed) for sealed in Robot.objects.values_list("address", flat=True)}
    used |= set(StoredFile.objects.exclude(key_id="").order_by().values_list("key_id", flat=True).distinct())
    for name in sorted(used - known.keys()):
        yield Gap("file-key-gone", FAULT, _("The key “%(name)s” is missing.") % {"name": name}, remedy, "", name)


def _regulations(at: datetime) -> Iterator[Gap]:
    """002 六: looked at again once a year."""
    approved = Q(versions__state=RuleVersion.State.APPROVED)
    for rule in Rule.objects.filter(active=True).annotate(newest=Max("versions__in_force_from", filter=approved)):
        due = rules.review_due(rule, rule.newest)
        if due is not None and due < localdate(at):
            yield Gap(
                "rule-unreviewed",
                WARNING,
                _("The yearly review of %(rule)s is over.") % {"rule": rule.name},
                _("Write a new version, or put on record that it stands."),
                rule.get_absolute_url(),
                rule.name,
            )


CHECKS: Final[tuple[Callable[[datetime], Iterator[Gap]], ...]] = (
    _second_decider,
    _notice_kinds,
    _meeting_kinds,
    _robots,
    _keys,
    _regulations,
)
