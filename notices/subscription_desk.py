"""What of the subscriptions waits for a person: applications that he decides (000 5.4)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from notices.desk import Waiting
from notices.models import Subscription
from notices.workflow import subscriptions

MOST = 50


def to_decide(user: User) -> QuerySet[Subscription]:
    if user.unit_id is None:
        return Subscription.objects.none()
    return Subscription.objects.filter(subscriptions.decided_by(user), state=Subscription.State.APPLIED)


def waiting(user: User, at: datetime) -> list[Waiting]:
    """One statement."""
    rows = to_decide(user).select_related("unit", "kind").order_by("applied_at")[:MOST]
    return [
        Waiting(
            url=reverse("subscription", args=[row.pk]),
            title=_("%(unit)s wants to receive “%(kind)s”") % {"unit": row.unit.name, "kind": row.kind.name},
            about=row.reason,
            who=row.unit.name,
            todo=_("Decide"),
        )
        for row in rows
    ]
