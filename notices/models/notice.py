"""A notice, its versions and files. Also the 渠道沟通申请表 (001 四(一)): a notice with a purpose and its means."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import scope
from accounts.models import Unit, User
from channelportal.core.models import Job, StoredFile
from notices.models.kinds import NoticeKind


class Level(models.TextChoices):
    """密级 (001 一(三)4, 七)."""

    NORMAL = "normal", pgettext_lazy("confidentiality", "Normal")
    INTERNAL = "internal", _("Internal")
    CONFIDENTIAL = "confidential", _("Confidential")


class NumberLine(models.Model):
    """The last number given on a day: TZ notices, SQ communication requests, HY meetings."""

    prefix = models.CharField(max_length=2)
    day = models.DateField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prefix", "day"], name="numberline_once")]

    def __str__(self) -> str:
        return f"{self.prefix} {self.day} {self.last}"


def _rows(model: str) -> models.Manager[Any]:
    """Models that stand in files which need this one."""
    manager: models.Manager[Any] = apps.get_model("notices", model)._default_manager  # noqa: SLF001
    return manager


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> NoticeQuerySet:
        """The one policy of who sees a notice: who received it (in the unit he received it for), who wrote it, officers
        and heads of the author's unit, the people of a step of its chain, and 企发部 (confidential: its head alone)."""
        if not user.is_active or user.unit_id is None:
            return self.none()
        return self.filter(self._received(user) | self._own(user) | self._decides(user) | self._supervises(user))

    def received_by(self, user: User) -> NoticeQuerySet:
        """Published to him; withdrawn ones too, which show that they are."""
        return self.filter(self._received(user))

    def of_unit(self, user: User) -> NoticeQuerySet:
        """Written in his unit, as far as he sees them."""
        return self.filter(self._own(user))

    def _received(self, user: User) -> Q:
        mine = _rows("Receipt").filter(notice=OuterRef("pk"), user=user, unit=user.unit_id, delivered_at__isnull=False)
        return Q(state__in=Notice.OUT) & Q(Exists(mine))

    def _own(self, user: User) -> Q:
        if scope(user).may("notice.see", user.unit_id):
            return Q(unit=user.unit_id)
        return Q(author=user, unit=user.unit_id)

    def _decides(self, user: User) -> Q:
        """A step that was or is open at his unit, if he decides such."""
        if not scope(user).may("notice.approve", user.unit_id) and not user.leads:
            return Q(pk__in=[])
        steps = _rows("Step").filter(version__notice=OuterRef("pk"), unit=user.unit_id, opened_at__isnull=False)
        return Q(Exists(steps))

    def _supervises(self, user: User) -> Q:
        who = scope(user)
        if not who.may("notice.supervise"):
            return Q(pk__in=[])
        sent = ~Q(state__in=[Notice.State.DRAFT, Notice.State.CANCELLED])
        return sent if who.heads_supervisors else sent & ~Q(level=Level.CONFIDENTIAL)

    def published(self) -> NoticeQuerySet:
        return self.filter(state=Notice.State.PUBLISHED)

    def valid(self, today: date) -> NoticeQuerySet:
        return self.published().filter(Q(valid_until=None) | Q(valid_until__gte=today))


class Notice(models.Model):
    """One notice of a unit. Its words stand in its versions; `version` is the one that readers see (null: none yet published,
    then the newest version is what is being written or approved)."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PENDING = "pending", _("In approval")
        RETURNED = "returned", _("Returned with remarks")
        SCHEDULED = "scheduled", _("Approved, waits for its time")
        PUBLISHING = "publishing", _("Being published")
        PUBLISHED = "published", _("Published")
        APPROVED = "approved", _("Approved, to be carried out")  # a request whose means is not the portal
        DONE = "done", _("Carried out")
        WITHDRAWN = "withdrawn", _("Withdrawn after publication")
        CANCELLED = "cancelled", _("Cancelled before publication")

    OUT = (State.PUBLISHING, State.PUBLISHED, State.WITHDRAWN)  # readers may have it
    BEFORE = (State.DRAFT, State.PENDING, State.RETURNED, State.SCHEDULED)

    class Importance(models.TextChoices):
        NORMAL = "normal", _("Normal")
        IMPORTANT = "important", _("Important")

    class Urgency(models.TextChoices):
        NORMAL = "normal", _("Not urgent")
        URGENT = "urgent", _("Urgent")

    class Means(models.TextChoices):
        PORTAL = "portal", _("Portal")
        MAIL = "mail", _("E-mail")
        ROBOT = "robot", _("Group robot")
        MEETING = "meeting", _("Meeting")
        VISIT = "visit", pgettext_lazy("means of communication", "Visit")
        PHONE = "phone", _("Phone")

    BY_PORTAL = (Means.PORTAL, Means.MAIL, Means.ROBOT)

    number = models.CharField(max_length=20, unique=True)  # TZ-2026-0508-003, SQ-… for a communication request
    request = models.BooleanField(default=False)  # 渠道沟通申请表
    kind = models.ForeignKey(NoticeKind, on_delete=models.PROTECT, related_name="notices")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="notices")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notices")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    version = models.OneToOneField(
        "notices.Version", on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: nothing published yet
    title = models.CharField(_("title"), max_length=100)  # of the version shown, else of the draft: what lists show

    purpose = models.CharField(_("purpose"), max_length=300, blank=True)  # a request says it
    means = models.JSONField(
        _("means"), default=list
    )  # codes of Means; a plain notice: portal, and mail, robot if wished
    outcome = models.TextField(_("what was done"), blank=True)  # recorded afterwards where the means is not the portal
    outcome_on = models.DateField(_("done on"), null=True)  # null: nothing recorded
    outcome_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: same

    level = models.CharField(_("confidentiality level"), max_length=12, choices=Level, default=Level.NORMAL)
    importance = models.CharField(_("importance"), max_length=10, choices=Importance, default=Importance.NORMAL)
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency, default=Urgency.NORMAL)
    major = models.BooleanField(_("about a major decision or project"), default=False)  # 001 四(二)2
    valid_until = models.DateField(_("valid until"), null=True, blank=True)  # null: until further notice

    audience: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict
    )  # notices/audience.py says its shape
    late_joiners = models.BooleanField(_("who joins later gets it too, while it is valid"), default=False)
    acknowledge = models.BooleanField(_("acknowledgement is asked for"), default=False)
    acknowledge_by = models.DateField(
        _("acknowledge by"), null=True, blank=True
    )  # null: so many working days after publication
    acknowledge_days = models.PositiveSmallIntegerField(_("working days to acknowledge"), default=2)
    unit_answers = models.BooleanField(_("one information officer or head acknowledges for the unit"), default=False)

    publish_at = models.DateTimeField(_("publish at"), null=True, blank=True)  # null: at once when approved
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)  # null: not published; the start of the publication
    acknowledge_due_at = models.DateTimeField(null=True)  # null: none asked for, or not published
    recipients = models.PositiveIntegerField(default=0)  # frozen at publication, plus those who joined later
    opened = models.PositiveIntegerField(default=0)  # counters, kept in the reader's transaction
    acknowledged = models.PositiveIntegerField(default=0)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")  # null: no publication begun
    withdrawn_at = models.DateTimeField(null=True)  # null: stands
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: stands
    withdrawal = models.CharField(_("reason of the withdrawal"), max_length=300, blank=True)  # or of the cancelling
    withdrawn_wrong = models.BooleanField(
        _("what it said was wrong"), default=False
    )  # then it counts against the accuracy rate, as a correction of an error does

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "draft", "pending", "returned", "scheduled", "publishing", "published", "approved", "done",
                        "withdrawn", "cancelled",
                    ]
                ),
                name="notice_state_known",
            ),
            models.CheckConstraint(condition=Q(level__in=["normal", "internal", "confidential"]), name="notice_level_known"),
            models.CheckConstraint(condition=Q(importance__in=["normal", "important"]), name="notice_importance_known"),
            models.CheckConstraint(condition=Q(urgency__in=["normal", "urgent"]), name="notice_urgency_known"),
            models.CheckConstraint(
                condition=~Q(state__in=["publishing", "published", "withdrawn"])
                | Q(published_at__isnull=False, version__isnull=False),
                name="notice_published_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | (Q(withdrawn_at__isnull=False) & ~Q(withdrawal="")),
                name="notice_withdrawal_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_wrong=False) | Q(state="withdrawn"), name="notice_wrong_is_withdrawn"
            ),
            models.CheckConstraint(
                condition=Q(opened__lte=F("recipients"), acknowledged__lte=F("recipients")), name="notice_counts_sane"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["unit", "-created_at"], name="notice_of_unit"),  # our notices
            models.Index(fields=["-published_at"], condition=Q(published_at__isnull=False), name="notice_newest"),  # archive
            models.Index(fields=["publish_at"], condition=Q(state="scheduled"), name="notice_scheduled"),  # the sweep
            models.Index(fields=["author"], condition=Q(state__in=["draft", "returned"]), name="notice_to_write"),  # desk
            models.Index(
                fields=["id"], condition=Q(late_joiners=True, state="published"), name="notice_for_joiners"
            ),  # the upkeep
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("notice", args=[self.pk])

    @property
    def confidential(self) -> bool:
        return self.level == Level.CONFIDENTIAL

    @property
    def trail_name(self) -> str:
        """Of a confidential notice the audit trail knows the number only; so of a draft, which may yet become confidential."""
        return str(self) if self.state in self.OUT and not self.confidential else self.number

    def expired(self, today: date) -> bool:
        return self.valid_until is not None and self.valid_until < today

    def late(self, at: datetime) -> bool:
        """Acknowledgements are missing after their due moment."""
        return self.acknowledge_due_at is not None and self.acknowledge_due_at < at


class Version(models.Model):
    """The words of a notice, first or corrected (000 4.1.4). The first one's state follows the notice's way to publication; a
    correction goes the same chain while the notice stays published with the words of before."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PENDING = "pending", _("In approval")
        RETURNED = "returned", _("Returned with remarks")
        APPROVED = "approved", _("Approved")
        PUBLISHED = "published", _("Published")
        REPLACED = "replaced", _("Replaced")
        DROPPED = "dropped", _("Dropped")

    OPEN = (State.DRAFT, State.PENDING, State.RETURNED, State.APPROVED)

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    title = models.CharField(_("title"), max_length=100)
    body = models.TextField(_("text"))  # cleaned HTML (lib.rich)
    # a policy says why, what it affects, and from when (001 三(一)2)
    reason = models.TextField(_("why"), blank=True)
    impact = models.TextField(_("what it affects"), blank=True)
    effective_on = models.DateField(_("in force from"), null=True, blank=True)  # null: no policy
    # a correction says what changed and why (000 4.1.4)
    change = models.CharField(_("what changed"), max_length=300, blank=True)
    change_reason = models.CharField(_("why it changed"), max_length=300, blank=True)
    error = models.BooleanField(_("corrects an error"), default=False)  # counts against the accuracy rate
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")  # last
    edited_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)  # null: not shown to readers yet

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "number"], name="version_once"),
            models.UniqueConstraint(
                fields=["notice"],
                condition=Q(state__in=["draft", "pending", "returned", "approved"]),
                name="version_one_in_hand",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "pending", "returned", "approved", "published", "replaced", "dropped"]),
                name="version_state_known",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | (~Q(change="") & ~Q(change_reason="")), name="version_correction_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class VersionEditor(models.Model):
    """Who wrote on a version, in whatever part: nobody of them decides it (000 5.10)."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="editors", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()  # the first time

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "user"], name="versioneditor_once")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.user_id}"


class NoticeFile(models.Model):
    """A file of one version; the next version keeps, drops or adds its own."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "file"], name="noticefile_once")]

    def __str__(self) -> str:
        return str(self.file)


class Picture(models.Model):
    """A picture inside a text, shown at /notices/pictures/<file id>/ to its uploader, and to whoever may see the notice or read
    the minutes that it stands in. In a regulation it is one of the version's files (`RuleFile`). Else its text was never saved."""

    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="picture")
    notice = models.ForeignKey(
        Notice, on_delete=models.PROTECT, null=True, related_name="pictures"
    )  # null: in minutes, or in a text not saved yet
    meeting = models.ForeignKey(
        "notices.Meeting", on_delete=models.PROTECT, null=True, related_name="pictures"
    )  # null: in a notice, or in a text not saved yet
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.file_id)
