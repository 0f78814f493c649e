"""Who was told, who read, who acknowledged (001 四(三)(四)): three facts with their times, one row for each recipient."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from accounts.models import Unit, User
from notices.models.notice import Notice


class Receipt(models.Model):
    """A recipient of a notice, frozen at publication with the unit he belonged to then."""

    # notice and user have their indexes below: each one more costs every publication
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="receipts", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="receipts", db_index=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    joined = models.BooleanField(default=False)  # came after the publication
    delivered_at = models.DateTimeField(null=True)  # null: the publication has not come to him yet
    opened_at = models.DateTimeField(null=True)  # null: unread
    opened_version = models.PositiveSmallIntegerField(default=0)  # the newest version he opened
    acknowledged_at = models.DateTimeField(null=True)  # null: not, or his unit's officer did it
    due_at = models.DateTimeField(null=True)  # of his acknowledgement; null: none asked for
    settled_at = models.DateTimeField(
        null=True
    )  # nothing more is asked of him: he acknowledged, or his unit did; null: asked, or none asked for
    reminded_at = models.DateTimeField(null=True)  # the last reminder; null: none
    reminders = models.PositiveSmallIntegerField(default=0)
    overdue_told = models.BooleanField(default=False)  # the unit's head was told that it is late
    left_at = models.DateTimeField(
        null=True
    )  # left the unit, or the portal, before he had done it: not asked any more; null: is here, or had done it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "user"], name="receipt_once"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | Q(settled_at__isnull=False),
                name="receipt_acknowledged_is_settled",
            ),
            models.CheckConstraint(
                condition=Q(opened_at__isnull=True) | Q(opened_at__gte=F("delivered_at")), name="receipt_opened_after"
            ),
        ]
        indexes = [
            models.Index(fields=["notice"], condition=Q(delivered_at=None), name="receipt_to_deliver"),  # the publication
            models.Index(fields=["user", "-delivered_at"], name="receipt_newest"),  # the inbox
            models.Index(fields=["user"], condition=Q(opened_at=None), name="receipt_unread"),  # the number in the navigation
            models.Index(
                fields=["user", "due_at"], condition=Q(settled_at=None, due_at__isnull=False), name="receipt_to_acknowledge"
            ),  # desk
            models.Index(
                fields=["due_at"], condition=Q(settled_at=None, overdue_told=False, due_at__isnull=False), name="receipt_due"
            ),  # the sweep's reminders, and what is late and not told yet
            models.Index(fields=["notice", "unit"], name="receipt_of_unit"),  # who has not, by unit
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.notice_id} → {self.user_id}"


class FormerReceipt(models.Model):
    """What a recipient had done by the time a correction asked him anew: facts about the version of then, kept."""

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="former")
    version = models.PositiveSmallIntegerField()  # the correction that asked anew
    due_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)  # null: not, or his unit's officer did it
    settled_at = models.DateTimeField(null=True)  # null: it was late when the correction came

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receipt", "version"], name="formerreceipt_once")]

    def __str__(self) -> str:
        return f"{self.receipt_id} v{self.version}"


class UnitAnswer(models.Model):
    """One person acknowledged for his whole unit. The newest that stands counts."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="unit_acknowledgements")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)  # null: stands; else a correction asked the unit anew

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "unit"], condition=Q(superseded_at=None), name="unitanswer_once")
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.unit_id}"
