"""The approval of a version (000 5.10; 001 四): each sending with the words as they were, its chain of steps, remarks."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from notices.models.notice import Version


class Sending(models.Model):
    """One sending into approval: the words as sent, kept, so that the approver sees what changed since his last look."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="sendings")
    round = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=100)
    body = models.TextField()
    facts = models.JSONField(default=dict)  # audience, level, dates … as sent, codes and ISO days
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["round"]
        constraints = [models.UniqueConstraint(fields=["version", "round"], name="sending_once")]

    def __str__(self) -> str:
        return f"{self.version} #{self.round}"


class Step(models.Model):
    """One link of the chain of a sending. One is open at a time; the next opens when it is approved."""

    class Duty(models.TextChoices):
        HEAD = "head", _("Head of the author's unit")
        CHECK = "check", _("Check by channel management")
        MANAGEMENT = "management", _("Company management")

    class State(models.TextChoices):
        WAITING = "waiting", _("Not yet its turn")
        OPEN = "open", _("Waits for the decision")
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned with remarks")
        VOID = "void", _("No longer needed")

    sending = models.ForeignKey(Sending, on_delete=models.PROTECT, related_name="steps")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="steps")  # the sending's
    order = models.PositiveSmallIntegerField()
    duty = models.CharField(max_length=12, choices=Duty)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    reasons = models.JSONField(default=list)  # why it is in the chain: codes of notices/chain.py
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")  # who wrote; never decides
    editor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")  # who sent; never decides
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    opened_at = models.DateTimeField(null=True)  # null: not yet its turn
    due_at = models.DateTimeField(null=True)  # reminded when it passes; null: not yet its turn
    reminded_at = models.DateTimeField(null=True)  # null: not reminded
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: undecided
    decided_at = models.DateTimeField(null=True)  # null: undecided
    stood_in = models.BooleanField(default=False)  # a deputy decided for a head who was away
    text = models.TextField(blank=True)
    checks = models.JSONField(default=dict)  # policy, law, sensitive: true when looked at (001 四(二)1)
    lead_reason = models.CharField(max_length=300, blank=True)  # why a shorter lead time was accepted

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["sending", "order"], name="step_once"),
            models.UniqueConstraint(fields=["sending"], condition=Q(state="open"), name="step_one_open"),
            models.CheckConstraint(condition=Q(duty__in=["head", "check", "management"]), name="step_duty_known"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "open", "approved", "returned", "void"]), name="step_state_known"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | (~Q(decided_by=F("author")) & ~Q(decided_by=F("editor"))),
                name="step_approver_is_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "returned"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="step_decided_is_whole",
            ),
            models.CheckConstraint(condition=~Q(state="returned") | ~Q(text=""), name="step_return_says_why"),
        ]
        indexes = [
            models.Index(fields=["unit", "opened_at"], condition=Q(state="open"), name="step_to_decide"),  # desk
            models.Index(fields=["due_at"], condition=Q(state="open", reminded_at=None), name="step_to_remind"),  # sweep
            models.Index(fields=["unit", "version"], condition=Q(opened_at__isnull=False), name="step_seen_by"),  # visible_to
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.version_id} {self.duty} {self.state}"


class Remark(models.Model):
    """What an approver says at a place of the text: the number of the block (lib.rich.blocks) and the words it had then."""

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="remarks")
    place = models.PositiveSmallIntegerField(null=True)  # null: about the whole
    quote = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=500)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["place", "id"]

    def __str__(self) -> str:
        return self.text[:40]
