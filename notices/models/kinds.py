"""What a notice is (000 4.3.1; 001 三(一)(二)): rows that 企发部 edits."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit


class NoticeKind(models.Model):
    """A kind of notice: whose it is, who writes it, what it asks of writer and reader."""

    class Writers(models.TextChoices):
        ALL = "all", _("Every unit")
        HQ = "hq", _("HQ departments")
        OWNER = "owner", _("The owning unit alone")

    class Sort(models.TextChoices):
        MARKET = "market", _("Market information")  # 002B 2
        ADMINISTRATIVE = "administrative", _("Administrative information")

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=30)
    name_en = models.CharField(_("English name"), max_length=50)
    hint_zh = models.CharField(_("Chinese hint"), max_length=120, blank=True)
    hint_en = models.CharField(_("English hint"), max_length=160, blank=True)
    sort = models.CharField(_("class of information"), max_length=15, choices=Sort, default=Sort.MARKET)
    owner = models.ForeignKey(
        Unit, verbose_name=_("owning unit"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # grants subscriptions; null: 企发部
    writers = models.CharField(_("who may write it"), max_length=6, choices=Writers, default=Writers.HQ)
    policy = models.BooleanField(
        _("says why, what it affects, from when"), default=False
    )  # 001 三(一)2: asked for by the form
    lead_days = models.PositiveSmallIntegerField(
        _("ahead of its effect by at least (working days)"), default=0
    )  # 0: none asked for
    acknowledge = models.BooleanField(_("acknowledgement is asked for"), default=False)
    acknowledge_days = models.PositiveSmallIntegerField(_("working days to acknowledge"), default=2)
    valid_days = models.PositiveSmallIntegerField(
        _("valid for (calendar days)"), null=True, blank=True
    )  # null: until further notice
    subscribable = models.BooleanField(_("units may apply to receive it"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(writers__in=["all", "hq", "owner"]), name="noticekind_writers_known"),
            models.CheckConstraint(condition=Q(acknowledge_days__gte=1), name="noticekind_acknowledge_days"),
            models.CheckConstraint(
                condition=~Q(writers="owner") | Q(owner__isnull=False), name="noticekind_owner_writes"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en

    @property
    def hint(self) -> str:
        return self.hint_zh if (get_language() or "zh").startswith("zh") else self.hint_en
