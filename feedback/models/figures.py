"""The escalation ladder, what came about by it, and the counters that dashboards read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from feedback.models.owed import Obligation


class LadderStep(models.Model):
    """A step of the escalation ladder, edited by 企发部: which obligation, when from due, whom it tells."""

    class Target(models.TextChoices):
        ASSIGNEE = "assignee", _("The assignee, or the unit's information officers")
        HEAD = "head", _("Head of the responsible unit")
        PARENT_HEAD = "parent_head", _("Head of the superior unit")  # 责任方的主管
        SUPERVISORS = "supervisors", _("The supervising department")
        MANAGEMENT = "management", _("Company management")
        ASKER = "asker", _("The asker")

    kind = models.CharField(_("time limit"), max_length=12, choices=Obligation.Kind)
    level = models.PositiveSmallIntegerField(_("level"))  # 0 reminder, 1, 2, 3
    days = models.PositiveSmallIntegerField(_("working days after due"), default=0)
    time = models.TimeField(_("at"), null=True, blank=True)  # null: the due moment's own time
    tells = models.JSONField(_("tells"), default=list)  # codes of Target, in order
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["kind", "level"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "level"], condition=Q(active=True), name="ladderstep_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.level}"


class LadderEvent(models.Model):
    """A step that came about: exactly once for each (obligation, step, due version), whatever crashes or runs twice.

    Inserted before any message and in the same transaction as its messages."""

    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="events")
    step = models.ForeignKey(LadderStep, on_delete=models.PROTECT, related_name="events")
    due_version = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    at = models.DateTimeField()  # the true moment, also when found later
    recorded_at = models.DateTimeField(db_default=Now())
    told = models.BooleanField(
        default=True
    )  # no: caught up after downtime, a higher level was told instead; or held back
    skipped: models.JSONField[list[Any], list[Any]] = models.JSONField(
        default=list, blank=True
    )  # who was passed over, and why

    class Meta:
        constraints = [models.UniqueConstraint(fields=["obligation", "step", "due_version"], name="ladderevent_once")]
        indexes = [models.Index(fields=["-at"], name="ladderevent_newest")]

    def __str__(self) -> str:
        return f"{self.obligation_id} {self.level}"


class Tally(models.Model):
    """Counters of one unit on one day, raised in the verb's transaction, so that no page counts tickets.

    What was done in time is counted on the day it was done, what was missed on the day it was due; ratings on the day given."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="tallies")
    day = models.DateField()
    asked = models.PositiveIntegerField(default=0)  # filed by this unit
    received = models.PositiveIntegerField(default=0)  # reached this unit as responsible
    replies_on_time = models.PositiveIntegerField(default=0)
    replies_late = models.PositiveIntegerField(default=0)  # missed, answered or not
    promises_kept = models.PositiveIntegerField(default=0)
    promises_broken = models.PositiveIntegerField(default=0)
    escalated = models.PositiveIntegerField(default=0)  # events of level 1 and above
    resolved = models.PositiveIntegerField(default=0)
    reopened = models.PositiveIntegerField(default=0)
    closed_silent = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    rating_answer_sum = models.PositiveIntegerField(default=0)
    rating_speed_sum = models.PositiveIntegerField(default=0)
    answer_minutes = models.PositiveBigIntegerField(
        default=0
    )  # sum over formal replies, in working minutes; with `answers` the mean
    answers = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "day"], name="tally_once")]
        indexes = [models.Index(fields=["day"], name="tally_day")]  # dashboard: all units of a span

    def __str__(self) -> str:
        return f"{self.unit_id} {self.day}"


class FilingHour(models.Model):
    """How many tickets were filed in one hour of one day: the heat of the week."""

    day = models.DateField()
    hour = models.PositiveSmallIntegerField()
    filed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "hour"], name="filinghour_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.hour}"


class NumberLine(models.Model):
    """The last ticket number given on a day."""

    day = models.DateField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.last}"


class Recount(models.Model):
    """A change of the calendar, and which open obligations it moved (deadlines.md, When the calendar changes)."""

    calendar_version = models.OneToOneField("core.CalendarVersion", on_delete=models.PROTECT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: setup
    at = models.DateTimeField(db_default=Now())
    moved = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.moved}"
