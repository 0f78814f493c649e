"""欲接收信息的申请 (000 5.4): a unit applies for a kind of notice; its owner grants or refuses."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Unit, User
from notices.models.kinds import NoticeKind


class Subscription(models.Model):
    """From its grant on the unit is in the audience of every notice of the kind, until it is revoked or the unit ends."""

    class State(models.TextChoices):
        APPLIED = "applied", _("Waiting for the owner")
        GRANTED = "granted", pgettext_lazy("subscription", "Granted")
        REFUSED = "refused", pgettext_lazy("subscription", "Refused")
        REVOKED = "revoked", pgettext_lazy("subscription", "Revoked")
        ENDED = "ended", pgettext_lazy("subscription", "Ended by the unit")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="subscriptions")
    kind = models.ForeignKey(NoticeKind, on_delete=models.PROTECT, related_name="subscriptions")
    state = models.CharField(max_length=8, choices=State, default=State.APPLIED)
    reason = models.CharField(_("why the unit needs it"), max_length=300)
    applied_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    applied_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: undecided
    decided_at = models.DateTimeField(null=True)  # null: undecided
    answer = models.CharField(_("reason of the decision"), max_length=300, blank=True)
    ended_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: stands, or the unit closed
    ended_at = models.DateTimeField(null=True)  # null: stands
    ending = models.CharField(_("why it ended"), max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind"], condition=Q(state__in=["applied", "granted"]), name="subscription_one_live"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["applied", "granted", "refused", "revoked", "ended"]),
                name="subscription_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused"]) | ~Q(answer=""), name="subscription_refusal_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("applied_by")),
                name="subscription_decided_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["kind"], condition=Q(state="granted"), name="subscription_granted"),  # the audience
            models.Index(fields=["applied_at"], condition=Q(state="applied"), name="subscription_to_decide"),  # desk
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.kind_id} {self.state}"
