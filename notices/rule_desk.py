"""What of the regulations waits for a person: a version to put in force, one given back, a yearly review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.access import scope
from accounts.models import User
from notices.desk import Waiting
from notices.models import Rule, RuleVersion

State = RuleVersion.State


def waiting(user: User, at: datetime) -> list[Waiting]:
    """At most two statements, none for people outside 企发部."""
    who = scope(user)
    if not who.may("rule.edit"):
        return []
    return [*_versions(user, heads=who.heads_supervisors), *_reviews()]


def _versions(user: User, *, heads: bool) -> Iterator[Waiting]:
    mine = Q(state=State.RETURNED, drafted_by=user)
    if heads:
        mine |= Q(state=State.PENDING) & ~Q(drafted_by=user)
    for version in RuleVersion.objects.filter(mine).select_related("rule", "drafted_by"):
        pending = version.state == State.PENDING
        yield Waiting(
            url=version.rule.get_absolute_url() + f"?version={version.number}",
            title=version.rule.name,
            about=_("Version %(number)s") % {"number": version.number},
            who=version.drafted_by.name if version.drafted_by else "",
            todo=_("Approve") if pending else _("Correct and send again"),
            due_at=None,
            tone="hand" if pending else "due",
        )


def _reviews() -> Iterator[Waiting]:
    for rule in Rule.objects.filter(active=True, review_told_on__isnull=False):
        yield Waiting(
            url=rule.get_absolute_url(),
            title=rule.name,
            about=_("Regulation"),
            who="",
            todo=_("Review it: a year has passed"),
            due_at=None,
            tone="due",
        )
