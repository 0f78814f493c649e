"""What is owed on a ticket, by when, and what somebody asked for about it."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from feedback.models.tickets import Entry, Severity, Ticket


class ObligationQuerySet(models.QuerySet["Obligation"]):
    def running(self) -> ObligationQuerySet:
        """Neither met nor voided: still owed, missed or not."""
        return self.filter(met_at=None, voided_at=None)

    def awaiting_step(self, at: datetime) -> ObligationQuerySet:
        """The sweep's work: a step of the ladder has come."""
        return self.running().filter(next_step_at__lte=at)


class Obligation(models.Model):
    """时限: one duty with a due moment. Met, missed and voided are facts with times; a missed one stays missed for ever."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("Formal reply")
        PROMISE = "promise", _("Promised day")
        REPLAN = "replan", _("New plan")  # owed after a broken promise
        CONFIRM = "confirm", _("Confirmation")
        URGE_ANSWER = "urge_answer", _("Answer to the urging")

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="obligations")
    kind = models.CharField(max_length=12, choices=Kind)
    round = models.PositiveSmallIntegerField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="obligations")  # who owes it
    anchor = models.DateField()  # the day it is counted from
    days = models.PositiveSmallIntegerField()  # working days counted from the anchor; for a promise: as promised
    due_at = models.DateTimeField()
    due_version = models.PositiveSmallIntegerField(default=1)  # raised by every change of the due moment
    provisional = models.BooleanField(default=False)  # 暂定: in a year that nobody has published
    late_entry = models.BooleanField(default=False)  # 补录 (rule 4)
    created_at = models.DateTimeField()
    met_at = models.DateTimeField(null=True)  # null: not met
    missed_at = models.DateTimeField(
        null=True
    )  # = due_at once the sweep (or a late answer) found it missed; null: not missed
    voided_at = models.DateTimeField(null=True)  # null: stands; else withdrawn, passed on, merged, superseded
    void_reason = models.CharField(max_length=20, blank=True)
    breach = models.PositiveSmallIntegerField(default=0)  # broken promises before this one: one level up for each
    extended = models.PositiveSmallIntegerField(default=0)
    first_due_at = models.DateTimeField()  # as first told; moves never lead before it
    next_step_at = models.DateTimeField(null=True)  # the next moment of the ladder; null: none left, met or voided
    held = models.BooleanField(default=False)  # 企发部 holds level 2 back
    parked_until = models.DateTimeField(
        null=True
    )  # a row that the sweep could not handle waits an hour; null: not parked

    objects = ObligationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "round"],
                condition=Q(kind="reply", met_at=None, voided_at=None, missed_at=None),
                name="obligation_one_open_reply",
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=F("first_due_at")) | Q(kind="reply"), name="obligation_due_not_earlier"
            ),
            models.CheckConstraint(
                condition=Q(met_at__isnull=True) | Q(voided_at__isnull=True), name="obligation_met_or_voided"
            ),
            models.CheckConstraint(
                condition=Q(due_at__year__gte=2000, due_at__year__lte=2100), name="obligation_due_sane"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_step_at"],
                condition=Q(met_at=None, voided_at=None, next_step_at__isnull=False),
                name="obligation_next_step",
            ),  # the sweep
            models.Index(fields=["ticket", "round"], name="obligation_of_ticket"),  # the ticket page
            models.Index(
                fields=["unit", "due_at"], condition=Q(met_at=None, voided_at=None), name="obligation_running"
            ),
            models.Index(
                fields=["unit", "ticket"], condition=Q(void_reason="passed_on"), name="obligation_passed_on"
            ),  # visibility: what a unit passed on
            models.Index(
                fields=["unit", "ticket"],
                condition=Q(kind="urge_answer", met_at=None, voided_at=None),
                name="obligation_urged",
            ),  # desk: urgings to answer
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind} {self.due_at:%Y-%m-%d}"

    @property
    def running(self) -> bool:
        return self.met_at is None and self.voided_at is None

    @property
    def due_day(self) -> date:
        return localtime(self.due_at).date()


class Extension(models.Model):
    """延期: a request to move a promised day, asked before it is due."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        LAPSED = "lapsed", _("Lapsed")  # due before anybody decided: the old day stood

    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="extensions")
    new_day = models.DateField()
    reason = models.CharField(max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: open
    decided_at = models.DateTimeField(null=True)  # null: open

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["obligation"], condition=Q(state="asked"), name="extension_one_open"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name="extension_decided_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.obligation_id} → {self.new_day}"


class LongPlan(models.Model):
    """A promised day more than 30 working days ahead: waits for the head and 企发部; the reply clock goes on meanwhile."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked")
        HEAD_AGREED = "head_agreed", _("The head agreed")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="long_plans")
    round = models.PositiveSmallIntegerField()
    day = models.DateField()
    text = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.ASKED)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: not yet
    supervisor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: not yet

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(state__in=["asked", "head_agreed"]), name="longplan_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.day}"


class Question(models.Model):
    """A question of the responsible unit to the asker, and the pause of a promise that may hang on it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="questions")
    round = models.PositiveSmallIntegerField()
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="question")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)  # null: open
    reminded_at = models.DateTimeField(null=True)  # null: the asker was not reminded yet
    close_proposed_at = models.DateTimeField(null=True)  # null: closing was not proposed
    paused = models.ForeignKey(
        Obligation, on_delete=models.PROTECT, null=True, related_name="pauses"
    )  # null: pauses nothing
    paused_from = models.DateField(null=True)  # first paused day; null: pauses nothing
    paused_days = models.PositiveSmallIntegerField(default=0)  # whole working days, written at the end

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(answered_at=None), name="question_one_open")
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(answered_at=None), name="question_open")]  # upkeep

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.asked_at:%Y-%m-%d}"


class SeverityRequest(models.Model):
    """一般 ↔ 重大: asked by the responsible head or the asker with a reason, confirmed by 企发部 (rules 7, 8)."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Refused")
        LAPSED = "lapsed", _("Lapsed")  # the normal due came first

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="severity_requests")
    to = models.CharField(max_length=6, choices=Severity)
    reason = models.CharField(max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: open
    decided_at = models.DateTimeField(null=True)  # null: open

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="asked"), name="severityrequest_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.to}"


class Assist(models.Model):
    """An inner sub-task for another unit; the leading unit still owes the reply (rule 11)."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="assists")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="assists")
    task = models.CharField(max_length=300)
    due_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)  # null: open
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: open

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "unit"], condition=Q(done_at=None), name="assist_one_open")
        ]
        indexes = [
            models.Index(fields=["unit", "due_at"], condition=Q(done_at=None), name="assist_open")
        ]  # desk; visibility

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.unit_id}"


class Rating(models.Model):
    """The asker's judgement of one round: the answer and the speed, 1 to 5 (001 六)."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="ratings")
    round = models.PositiveSmallIntegerField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="ratings")  # who was judged
    answer = models.PositiveSmallIntegerField()
    speed = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "round"], name="rating_once"),
            models.CheckConstraint(
                condition=Q(answer__gte=1, answer__lte=5, speed__gte=1, speed__lte=5), name="rating_1_5"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.answer}/{self.speed}"
