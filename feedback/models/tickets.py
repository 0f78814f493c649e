"""A ticket: what it is, who has part in it, what was said and done, its files. Who sees it is said here (`visible_to`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.access import Scope, scope
from accounts.models import Unit, User
from channelportal.core.among import Among
from channelportal.core.models import StoredFile


class TicketKind(models.Model):
    """What a ticket is (000 4.2.1, 4.2.2, 4.2.3, 4.3.3); rows that the supervising department edits, with their routing."""

    class Way(models.TextChoices):
        UP = "up", _("Channel to headquarters")
        DOWN = "down", _("Headquarters to a channel")
        BOTH = "both", _("Both ways")

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=30)
    name_en = models.CharField(_("English name"), max_length=50)
    hint_zh = models.CharField(_("Chinese hint"), max_length=120, blank=True)
    hint_en = models.CharField(_("English hint"), max_length=160, blank=True)
    way = models.CharField(_("direction"), max_length=5, choices=Way, default=Way.BOTH)
    complaint = models.BooleanField(_("may be kept to named people and protect the filer"), default=False)
    route = models.ForeignKey(
        Unit,
        verbose_name=_("goes to, when nobody is named"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )  # null: the supervising department holds and owes it
    fixed_route = models.BooleanField(
        _("always goes there"), default=False
    )  # complaints of answers go to 企发部 (000 4.2.3)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en

    @property
    def hint(self) -> str:
        return self.hint_zh if (get_language() or "zh").startswith("zh") else self.hint_en


class Severity(models.TextChoices):
    NORMAL = "normal", _("Normal")
    MAJOR = "major", _("Major")


class Means(models.TextChoices):
    """By which means it reached the responsible party (000 5.3, 5.6; 001 二)."""

    PORTAL = "portal", _("Portal")
    PHONE = "phone", _("Phone")
    FAX = "fax", _("Fax")
    LETTER = "letter", _("Letter")
    DOCUMENT = "document", _("Official document")
    EMAIL = "email", _("E-mail")
    MESSAGE = "message", _("Instant message")
    VISIT = "visit", _("Visit")


def _rows(model: str) -> models.Manager[Any]:
    """Models that stand in files which need this one."""
    manager: models.Manager[Any] = apps.get_model("feedback", model)._default_manager  # noqa: SLF001
    return manager


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Business names for the sets of tickets; every door (page, file, count, search, export, mail) goes through `visible_to`."""

    def visible_to(self, user: User) -> TicketQuerySet:
        """Those this person may see: of his unit on either side (an employee: what he filed, was assigned or shown), those his
        unit assists in, all for 企发部, level 3 for management. Kept complaints only for the people named and 企发部's head."""
        who = scope(user)
        mine = Q(filed_by=user) | Q(assignee=user) | Among("pk", Share.objects.filter(user=user).values("ticket"))
        of_unit = self._by_unit(who)
        if not who.heads_supervisors:
            return self.filter(mine | (Q(restricted=False) & of_unit))
        return self.filter(mine | (of_unit & ~Q(restricted=True, accused=user)))

    @staticmethod
    def _by_unit(who: Scope) -> Q:
        if who.supervises:
            return ~Q(state__in=["pending", "returned"]) | Q(asker=who.unit_id)
        seen = Q(pk__in=[])
        if who.unit_id and who.may("ticket.see", who.unit_id):
            reached = ~Q(state__in=["pending", "returned"])
            assisting = _rows("Assist").filter(unit=who.unit_id).values("ticket")
            passed_through = _rows("Obligation").filter(unit=who.unit_id, void_reason="passed_on").values("ticket")
            seen |= (
                Q(asker=who.unit_id)
                | (Q(responsible=who.unit_id) & reached)
                | Among("pk", assisting)
                | Among("pk", passed_through)
            )
        if who.manages_company:
            seen |= Q(level__gte=3)
        return seen

    def live(self) -> TicketQuerySet:
        return self.filter(state__in=Ticket.LIVE)

    def owed(self) -> TicketQuerySet:
        """Waiting for the responsible unit: an answer, or what was promised."""
        return self.filter(state__in=[Ticket.State.OPEN, Ticket.State.PLANNED])

    def overdue(self, at: datetime) -> TicketQuerySet:
        return self.owed().filter(due_at__lt=at)

    def newest_first(self) -> TicketQuerySet:
        return self.order_by("-created_at", "-pk")


class Ticket(models.Model):
    """One thing that a unit asks of, reports to, suggests to or complains of to another unit."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for the head's approval")  # of the filer's unit (000 5.10)
        RETURNED = "returned", _("Returned by the head")
        OPEN = "open", _("Waiting for an answer")
        PLANNED = "planned", _("Planned")
        RESOLVED = "resolved", _("Resolved, to be confirmed")
        CLOSED = "closed", _("Closed")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        MERGED = "merged", _("Merged")

    LIVE = (State.OPEN, State.PLANNED, State.RESOLVED)  # the loop is open
    ENDED = (State.CLOSED, State.WITHDRAWN, State.MERGED)

    class Ending(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirmed by the asker")
        SILENT = "silent", _("Closed by default")  # 默认关闭: unrated, counted apart
        REASON = "reason", _("Closed by the supervising department")

    number = models.CharField(max_length=20, unique=True)  # FB-2026-0508-017
    kind = models.ForeignKey(TicketKind, on_delete=models.PROTECT, related_name="tickets")
    title = models.CharField(_("title"), max_length=100)
    body = models.TextField(_("text"))
    severity = models.CharField(_("severity"), max_length=6, choices=Severity, default=Severity.NORMAL)
    state = models.CharField(max_length=10, choices=State)
    ending = models.CharField(max_length=10, choices=Ending, blank=True)  # "" until closed
    round = models.PositiveSmallIntegerField(default=1)

    asker = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="asked")
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="filed")
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: filed by the asker himself in the portal
    asker_name = models.CharField(max_length=40, blank=True)  # who called or wrote, when entered for someone
    means = models.CharField(_("means"), max_length=10, choices=Means, default=Means.PORTAL)
    document_number = models.CharField(_("document number"), max_length=60, blank=True)  # 公文号
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: needed no approval, or not yet
    responsible = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="responsible_for")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="assigned"
    )  # null: nobody took it
    passed_on = models.PositiveSmallIntegerField(default=0)  # a second time needs 企发部

    created_at = models.DateTimeField()  # sent by the filer
    reached_at = models.DateTimeField(null=True)  # null: not yet with the responsible unit
    anchor = models.DateField(null=True)  # the day that counts from (rule 1, 4); null: not reached
    answered_at = models.DateTimeField(null=True)  # first formal reply of the round; null: none
    resolved_at = models.DateTimeField(null=True)  # null: not resolved in this round
    ended_at = models.DateTimeField(null=True)  # null: the loop is open
    touched_at = models.DateTimeField()  # last thing anybody did

    # what lists and the desk sort by, kept by workflow from the open obligation; null: nothing is owed
    due_at = models.DateTimeField(null=True)
    due_kind = models.CharField(max_length=12, blank=True)
    missed = models.BooleanField(default=False)  # something of this ticket was missed, and stays so
    level = models.PositiveSmallIntegerField(default=0)  # the highest step of the ladder reached in this round, 0–3
    question_open = models.BooleanField(default=False)  # the responsible unit waits for the asker

    copied = models.BooleanField(_("copy to the supervising department"), default=False)  # 抄送
    watched = models.BooleanField(default=False)  # on 企发部's watch list: copied, or three working days late
    restricted = models.BooleanField(_("keep to named people"), default=False)
    shielded = models.BooleanField(_("do not show my name to the responsible unit"), default=False)  # 002B 13
    accused = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # the person complained of, skipped by the ladder; null: nobody
    complained_unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # whose answers or information the complaint is about; null: none
    about = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="complaints")
    # the ticket whose answer is complained of; null: none
    subject_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, null=True, related_name="+")
    subject_id = models.BigIntegerField(null=True)  # null, both: about nothing of another app
    subject = GenericForeignKey("subject_type", "subject_id")  # a notice that is asked about (001 三(一)1)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="duplicates"
    )  # null: not merged

    rating_answer = models.PositiveSmallIntegerField(null=True)  # 1–5 of the last round; null: unrated
    rating_speed = models.PositiveSmallIntegerField(null=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["pending", "returned", "open", "planned", "resolved", "closed", "withdrawn", "merged"]
                ),
                name="ticket_state_known",
            ),
            models.CheckConstraint(condition=Q(severity__in=["normal", "major"]), name="ticket_severity_known"),
            models.CheckConstraint(condition=~Q(asker=F("responsible")), name="ticket_asks_another_unit"),
            models.CheckConstraint(
                condition=Q(rating_answer__isnull=True) | Q(rating_answer__gte=1, rating_answer__lte=5),
                name="ticket_rating_answer_1_5",
            ),
            models.CheckConstraint(
                condition=Q(rating_speed__isnull=True) | Q(rating_speed__gte=1, rating_speed__lte=5),
                name="ticket_rating_speed_1_5",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("filed_by")), name="ticket_approver_is_another"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["open", "planned", "resolved", "closed"])
                | Q(reached_at__isnull=False, anchor__isnull=False),
                name="ticket_reached_has_anchor",
            ),
            models.CheckConstraint(
                condition=~Q(state="merged") | Q(merged_into__isnull=False), name="ticket_merged_names_target"
            ),
            models.CheckConstraint(
                condition=Q(subject_type__isnull=True, subject_id__isnull=True)
                | Q(subject_type__isnull=False, subject_id__isnull=False),
                name="ticket_subject_is_whole",
            ),
        ]
        indexes = [
            # lists: newest of a unit, either side; open by due
            models.Index(fields=["asker", "-created_at"], name="ticket_of_asker"),
            models.Index(fields=["responsible", "-created_at"], name="ticket_of_responsible"),
            models.Index(fields=["-created_at"], name="ticket_newest"),
            models.Index(
                fields=["responsible", "due_at"], condition=Q(state__in=["open", "planned"]), name="ticket_owed"
            ),  # desk: to answer
            models.Index(
                fields=["due_at"], condition=Q(state__in=["open", "planned"]), name="ticket_due"
            ),  # dashboard: late, today
            models.Index(fields=["asker"], condition=Q(state="resolved"), name="ticket_to_confirm"),  # desk: to confirm
            models.Index(fields=["asker"], condition=Q(state="pending"), name="ticket_to_approve"),  # desk: to approve
            models.Index(fields=["filed_by", "-created_at"], name="ticket_of_filer"),  # desk: what I sent
            models.Index(
                fields=["assignee", "due_at"], condition=Q(state__in=["open", "planned"]), name="ticket_of_assignee"
            ),
            models.Index(fields=["-level", "due_at"], condition=Q(level__gt=0, ended_at=None), name="ticket_escalated"),
            models.Index(fields=["-touched_at"], condition=Q(watched=True, ended_at=None), name="ticket_watched"),
            models.Index(fields=["-created_at"], condition=Q(level__gte=3), name="ticket_of_management"),  # visibility
            models.Index(
                fields=["subject_type", "subject_id"],
                condition=Q(subject_id__isnull=False),
                name="ticket_about_subject",
            ),  # questions about a notice
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return f"/tickets/{self.pk}/"

    @property
    def live(self) -> bool:
        return self.state in Ticket.LIVE


class Share(models.Model):
    """A person outside the units concerned, or a named one of a kept complaint, who may see the ticket."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="shares")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shared_tickets")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: named at filing
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="share_once")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.user_id}"


class Entry(models.Model):
    """One line of the timeline: what was said or done, by whom, when. Never changed, never deleted."""

    class Kind(models.TextChoices):
        FILED = "filed", _("Filed")
        APPROVED = "approved", _("Approved by the head")
        RETURNED = "returned", _("Returned by the head")
        RESENT = "resent", _("Corrected and sent again")
        TAKEN = "taken", _("Taken")
        ASSIGNED = "assigned", _("Assigned")
        PASSED_ON = "passed_on", _("Passed on")
        QUESTION = "question", _("Asked back")
        ANSWER = "answer", _("Answered the question")
        NOTE = "note", _("Note")
        RESOLUTION = "resolution", _("Resolved")
        PLAN = "plan", _("Plan with a promised day")
        LONG_PLAN_ASKED = "long_plan_asked", _("Asked for a day far ahead")
        LONG_PLAN_AGREED = "long_plan_agreed", _("The head agreed to the day far ahead")
        LONG_PLAN_REFUSED = "long_plan_refused", _("The day far ahead was refused")
        EXTENSION_ASKED = "extension_asked", _("Asked to move the promised day")
        EXTENSION_GRANTED = "extension_granted", _("Granted a later day")
        EXTENSION_REFUSED = "extension_refused", _("Refused a later day")
        PAUSED = "paused", _("Paused")
        RESUMED = "resumed", _("Resumed")
        SEVERITY_ASKED = "severity_asked", _("Asked to change the severity")
        SEVERITY_CHANGED = "severity_changed", _("Severity changed")
        SEVERITY_KEPT = "severity_kept", _("Severity kept")
        ASSIST_ASKED = "assist_asked", _("Asked a unit to assist")
        ASSIST_DONE = "assist_done", _("Assistance delivered")
        COPIED = "copied", _("Copied to the supervising department")
        SHARED = "shared", _("Shared")
        URGED = "urged", _("Urged")  # 督促, by 企发部
        REMINDED = "reminded", _("Reminded")  # 催办, by the asker
        URGE_ANSWERED = "urge_answered", _("Answered the urging")
        REPORTED = "reported", _("Reported to the superior")
        HELD = "held", _("Escalation held back")
        ADVANCED = "advanced", _("Escalation brought forward")
        ESCALATED = "escalated", _("Escalated")  # by the engine
        DUE_REMINDER = "due_reminder", _("Reminder of the due day")  # by the engine
        MISSED = "missed", _("Deadline missed")  # by the engine
        RECOUNTED = "recounted", _("Due time counted anew")  # the calendar changed
        CONFIRMED = "confirmed", _("Confirmed and rated")
        REOPENED = "reopened", _("Reopened")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        MERGED = "merged", _("Merged")
        CLOSED = "closed", _("Closed")

    FORMAL = (Kind.RESOLUTION, Kind.PLAN)  # what alone stops the reply clock (rule 5)

    class Side(models.TextChoices):
        """Who sees it: everyone who sees the ticket, the responsible side, or the supervisors."""

        ALL = "all", _("Everyone concerned")
        RESPONSIBLE = "responsible", _("Responsible and assisting units")
        ASKER = "asker", _("The asker's unit")
        SUPERVISORS = "supervisors", _("The supervising department")

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="entries")
    round = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=Kind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: the engine
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, related_name="+"
    )  # his unit then; null: the engine
    text = models.TextField(blank=True)
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True
    )  # codes, days, units
    side = models.CharField(max_length=12, choices=Side, default=Side.ALL)

    class Meta:
        indexes = [models.Index(fields=["ticket", "at", "id"], name="entry_timeline")]  # the ticket page
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["resolution", "plan"]) | ~Q(text=""), name="entry_formal_has_text"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"


class TicketFile(models.Model):
    """A file on a ticket, with the entry it came with."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="files")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="files")
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="ticket_file")

    def __str__(self) -> str:
        return str(self.file_id)
