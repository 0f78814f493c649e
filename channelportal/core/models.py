"""What every app stands on: calendar rows, parameters, audit, outbox, alerts, files, search, heartbeats, long jobs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Stamp(models.Model):
    """A number per cached table ("calendar", "parameters", "ladder", "units"); raised in the transaction that changes the table,
    so that every process sees in one query that its copy is old."""

    name = models.CharField(primary_key=True, max_length=40)
    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Parameter(models.Model):
    """A setting that the supervising department changed; those not here have the default of `core/parameters.py`."""

    name = models.CharField(primary_key=True, max_length=60)
    value = models.JSONField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: setup
    changed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


# ── the working-day calendar ────────────────────────────────────────────────────────────────────


class CalendarVersion(models.Model):
    """One import or one change by hand. The rows it brought replace earlier rows of the same days; those are kept."""

    class Source(models.TextChoices):
        PACKAGE = "package", _("State Council arrangement as shipped")
        IMPORT = "import", _("Imported file")
        HAND = "hand", _("By hand")

    source = models.CharField(max_length=10, choices=Source)
    year = models.PositiveSmallIntegerField(
        null=True, help_text=_("The year this version publishes")
    )  # null: single days by hand
    papers = models.JSONField(default=list, blank=True)  # numbers or addresses of the notices, as given
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: setup
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="calendarversion_year_sane",
                condition=Q(year__isnull=True) | Q(year__gte=2000, year__lte=2100),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.year or ''}".strip()


class CalendarDay(models.Model):
    """A day that differs from Monday-to-Friday, or is confirmed to be as it is. `unit` narrows it to one unit's people."""

    class Reason(models.TextChoices):
        HOLIDAY = "holiday", _("Statutory holiday")
        MAKEUP = "makeup", _("Make-up working day")
        COMPANY = "company", _("Company arrangement")

    date = models.DateField()
    working = models.BooleanField()
    reason = models.CharField(max_length=10, choices=Reason)
    name = models.CharField(max_length=60, blank=True)  # 春节, 国庆节 …
    paper = models.CharField(max_length=120, blank=True)  # number of the notice
    unit = models.ForeignKey(
        "accounts.Unit", on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: for everybody
    version = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, related_name="days")
    superseded_by = models.ForeignKey(
        CalendarVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: in force

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["date", "reason"], condition=Q(superseded_by=None, unit=None), name="calendarday_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["date", "reason", "unit"],
                condition=Q(superseded_by=None, unit__isnull=False),
                name="calendarday_one_per_unit",
            ),
            models.CheckConstraint(
                condition=Q(date__year__gte=2000, date__year__lte=2100), name="calendarday_date_sane"
            ),
        ]
        indexes = [
            models.Index(fields=["date"], condition=Q(superseded_by=None), name="calendarday_in_force")
        ]  # calendar.load

    def __str__(self) -> str:
        return f"{self.date} {self.get_reason_display()}"


# ── audit ───────────────────────────────────────────────────────────────────────────────────────


class AuditEntry(models.Model):
    """Who did, saw or was refused what, when and from where. Only ever inserted (on PostgreSQL a trigger says so too)."""

    class Result(models.TextChoices):
        OK = "ok", _("Done")
        REFUSED = "refused", _("Refused")
        FAILED = "failed", _("Failed")

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: engine, stranger
    actor_name = models.CharField(max_length=80, blank=True)  # as it was then
    role = models.CharField(max_length=20, blank=True)
    unit_id = models.BigIntegerField(
        null=True
    )  # the actor's unit then; no foreign key: the trail outlives what it names
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    action = models.CharField(max_length=60)  # a code: "ticket.replied", "user.signed_in"
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=40, blank=True)
    object_name = models.CharField(max_length=120, blank=True)
    result = models.CharField(max_length=10, choices=Result, default=Result.OK)
    data = models.JSONField(default=dict, blank=True)  # the difference, secrets masked

    class Meta:
        indexes = [
            models.Index(fields=["-at"], name="audit_newest"),  # the trail's page
            models.Index(fields=["object_type", "object_id"], name="audit_object"),  # one object's history
            models.Index(fields=["actor", "-at"], name="audit_actor"),  # one person's doings
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"


class AuditSeal(models.Model):
    """The place of an audit row in the hash chain: given once, within a minute, in order of id, by `core.audit.seal`."""

    number = models.PositiveBigIntegerField(primary_key=True)  # 1, 2, 3 … without a gap
    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, related_name="seal")
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:12]}"


# ── messages ────────────────────────────────────────────────────────────────────────────────────


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def sendable(self, at: datetime) -> OutboxQuerySet:
        """Waiting and due, or left behind in "sending" by a sender that died."""
        return self.filter(
            Q(state=OutboxMessage.State.WAITING, next_attempt_at__lte=at)
            | Q(state=OutboxMessage.State.SENDING, lease_until__lt=at)
        )

    def parked(self) -> OutboxQuerySet:
        return self.filter(state=OutboxMessage.State.PARKED)


class OutboxMessage(models.Model):
    """One thing to be told to one address, written in the transaction of what happened; sent by `core.outbox.deliver`.

    Codes and data, never translated text: the reader's language is chosen at sending. Messages with the same `bundle` for the
    same person go out as one mail; the first of them is the `lead`, whose key makes the Message-ID, the same at every attempt."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        PARKED = "parked", _("Parked")
        CANCELLED = "cancelled", _("Cancelled")

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=60)  # template emails/<kind>-subject.txt
    bundle = models.CharField(max_length=60, blank=True)  # "" : a mail of its own
    lead = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="followers"
    )  # null: leads itself
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: an applicant
    address = models.EmailField(blank=True)  # "" : the user's address at sending
    data = models.JSONField(default=dict)
    subject_key = models.CharField(max_length=80, blank=True)  # what it is about, for cancelling: "obligation:17:1"
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)  # null: nobody is sending it
    sent_at = models.DateTimeField(null=True)  # null: not yet
    last_error = models.CharField(max_length=300, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="outbox_sent_has_time",
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="outbox_waiting"),  # the sweep
            models.Index(
                fields=["lease_until"], condition=Q(state="sending"), name="outbox_leases"
            ),  # the dead senders' rows
            models.Index(
                fields=["user", "bundle"], condition=Q(state="waiting"), name="outbox_bundles"
            ),  # joining one mail
            models.Index(fields=["subject_key"], condition=Q(state="waiting"), name="outbox_subject"),  # cancelling
            models.Index(fields=["-created_at"], condition=Q(state="parked"), name="outbox_parked"),  # the parked page
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.address or self.user_id}"


class Alert(models.Model):
    """One line under a person's bell. `kind` and `data` are rendered in the reader's language by `core/alerts.py`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alerts")
    key = models.CharField(max_length=120)  # what makes it the same message: never told twice
    kind = models.CharField(max_length=60)
    data = models.JSONField(default=dict)
    url = models.CharField(max_length=200, blank=True)  # a path on this site
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)  # null: unread

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="alert_once")]
        indexes = [
            models.Index(fields=["user"], condition=Q(read_at=None), name="alert_unread"),  # the bell's number
            models.Index(fields=["user", "-created_at"], name="alert_newest"),  # the bell's list
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.user_id}"


# ── files, search, jobs ─────────────────────────────────────────────────────────────────────────


class StoredFile(models.Model):
    """An uploaded file under a random name outside static; who may have it is asked of the app that owns it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=150)  # cleaned
    size = models.PositiveBigIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=120)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: engine
    at = models.DateTimeField(db_default=Now())
    # a confidential file is encrypted (core/vault.py): which key of the installation, and its own key, wrapped by that.
    # Size and sha256 are of the plain content. "": lies there as it was uploaded
    key_id = models.CharField(max_length=20, blank=True, default="", db_default="")
    wrapped_key = models.CharField(max_length=120, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(key_id="", wrapped_key="") | ~(models.Q(key_id="") | models.Q(wrapped_key="")),
                name="file_key_with_its_name",
            )
        ]
        indexes = [
            # rotate_file_keys: what another key than the current one wraps, in order of id; and which keys are needed
            models.Index(fields=["key_id", "id"], name="file_keys", condition=~models.Q(key_id=""))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Relative to `UPLOAD_ROOT`: two letters of the id, then the id; encrypted under another name than plain, so that
        while a file is being encrypted there are two and row and file agree at every moment."""
        return f"{self.id.hex[:2]}/{self.id.hex}" + (".sealed" if self.key_id else "")


class SearchDocument(models.Model):
    """The words of one object as bigrams, written in the verb's transaction; filtered by the owner's `visible_to` when read."""

    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    text = models.TextField()  # normalised; re-checked with contains
    grams = models.TextField()  # bigrams separated by spaces; on PostgreSQL under a GIN index (migration)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="search_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class Heartbeat(models.Model):
    """The last time a loop came round: "sweep", "deliver", "seal", "passwords", "upkeep", "notices", "joiners"."""

    name = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()
    data = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


class Job(models.Model):
    """A long job that a person started and may leave: an import, an export, a recount. Its page shows the progress."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    kind = models.CharField(max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    data = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, blank=True)
    file = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: none, or not yet
    created_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)  # null: nobody works on it
    ended_at = models.DateTimeField(null=True)  # null: not ended

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(done__lte=F("total")), name="job_done_within_total")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def share(self) -> int:
        """Percent done, 0 to 100."""
        return 100 * self.done // self.total if self.total else 0


class Submission(models.Model):
    """One use of a creating form: the same key by the same person a second time finds what the first made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    object_type = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="submission_once")]

    def __str__(self) -> str:
        return str(self.key)


class Draft(models.Model):
    """What a person is typing, kept while he types: one per form and object, gone when it is sent."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    form = models.CharField(max_length=60)  # "ticket.new", "ticket.reply:17"
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "form"], name="draft_once")]

    def __str__(self) -> str:
        return self.form
