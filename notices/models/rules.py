"""The rules themselves (000 4.1.1, 6; 002 六): published on the portal, with versions and a yearly review."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from channelportal.core.models import StoredFile


class Rule(models.Model):
    """A regulation of the company: 公司渠道信息沟通管理办法 and its like."""

    code = models.CharField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=80)
    unit = models.ForeignKey(
        Unit, verbose_name=_("interpreted by"), on_delete=models.PROTECT, null=True, blank=True, related_name="rules"
    )  # null: the supervising department
    public = models.BooleanField(_("may be read without signing in"), default=False)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    reviewed_on = models.DateField(_("last review"), null=True)  # null: never
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: never
    review_told_on = models.DateField(null=True)  # when the yearly reminder went out; null: not since the last review
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("rule", args=[self.pk])


class RuleVersion(models.Model):
    """The words of a regulation; drafted by one person and put in force by another (000 5.10)."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PENDING = "pending", _("Waiting for the head's approval")
        RETURNED = "returned", _("Returned with remarks")
        APPROVED = "approved", _("Approved")  # in force from its day on, until the next
        DROPPED = "dropped", _("Dropped")

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    body = models.TextField(_("text"))  # cleaned HTML
    change = models.CharField(_("what changed"), max_length=300, blank=True)
    in_force_from = models.DateField(_("in force from"))
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: setup
    drafted_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: not yet, or a head's own
    approved_at = models.DateTimeField(null=True)  # null: not approved
    answer = models.CharField(_("remark of the approver"), max_length=300, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="ruleversion_once"),
            models.UniqueConstraint(
                fields=["rule"], condition=Q(state__in=["draft", "pending", "returned"]), name="ruleversion_one_in_hand"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "pending", "returned", "approved", "dropped"]),
                name="ruleversion_state_known",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("drafted_by")),
                name="ruleversion_approver_is_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} v{self.number}"


class RuleFile(models.Model):
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return str(self.file)
