"""Who reads which words of the regulations (000 6.1, 6.4): everyone signed in what is and was in force, a stranger what is public,
企发部 what is being written too."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from accounts import access
from accounts.models import User
from notices.models import Rule, RuleFile, RuleVersion

State = RuleVersion.State


def edits(user: User | None) -> bool:
    return user is not None and access.may(user, "rule.edit")


def rules_for(user: User | None) -> QuerySet[Rule]:
    if edits(user):
        return Rule.objects.all()
    in_force = Rule.objects.filter(active=True, versions__state=State.APPROVED).distinct()
    return in_force if user else in_force.filter(public=True)


def versions_for(user: User | None) -> Q:
    """企发部 sees drafts; everyone else the versions that are or were in force, and the next one that is decided."""
    return Q() if edits(user) else Q(state=State.APPROVED)


def current(versions: list[RuleVersion]) -> RuleVersion | None:
    """Of versions, the newest first, the one that is in force today."""
    today = localdate()
    return next((one for one in versions if one.state == State.APPROVED and one.in_force_from <= today), None)


def reads_file(file_id: UUID, user: User) -> bool:
    """Whether a file stands in a version that he may read."""
    versions = RuleVersion.objects.filter(versions_for(user), rule__in=rules_for(user).values("pk"))
    return RuleFile.objects.filter(file=file_id, version__in=versions.values("pk")).exists()
