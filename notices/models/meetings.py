"""Meetings (001 五; 004 二(三)1; 003 渠道部规章 四): kinds with their required frequency, invitations, minutes, actions."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.access import scope
from accounts.models import Unit, User
from channelportal.core.models import StoredFile
from notices.models.notice import Level


class MeetingKind(models.Model):
    """Annual conference, quarterly, monthly, ad hoc …: how often it must be held, and who takes part. 企发部 edits the rows."""

    class Period(models.TextChoices):
        YEAR = "year", _("a year")
        QUARTER = "quarter", _("a quarter")
        MONTH = "month", _("a month")
        WEEK = "week", _("a week")
        NONE = "none", _("when needed")

    class Per(models.TextChoices):
        COMPANY = "company", _("for the whole company")
        MANAGER = "manager", _("by each managing department")
        CHANNEL = "channel", _("with each channel")

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=30)
    name_en = models.CharField(_("English name"), max_length=50)
    times = models.PositiveSmallIntegerField(_("times"), default=1)  # 召开[X]次
    period = models.CharField(_("per"), max_length=8, choices=Period, default=Period.NONE)
    per = models.CharField(_("is counted"), max_length=8, choices=Per, default=Per.COMPANY)
    audience: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)  # who must take part
    notice_days = models.PositiveSmallIntegerField(_("invited ahead by (working days)"), default=3)
    any_time = models.BooleanField(
        _("may be held outside working hours without giving a reason"), default=False
    )  # 001 五(二)2: what is urgent
    minutes_days = models.PositiveSmallIntegerField(_("minutes within (working days)"), default=3)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    active = models.BooleanField(_("active"), default=True)
    watched_on = models.DateField(null=True, editable=False)  # the day its frequency was last looked at; null: never

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(period__in=["year", "quarter", "month", "week", "none"]), name="meetingkind_period_known"
            ),
            models.CheckConstraint(
                condition=Q(per__in=["company", "manager", "channel"]), name="meetingkind_per_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def visible_to(self, user: User) -> MeetingQuerySet:
        """Who was invited (in the unit he was invited for) or stands in, or owns an action; the hosting unit's officers, heads
        and the one who called it; the head of a unit that has an action, his superior once it is late; and 企发部. Of a
        confidential one 企发部's head alone, and nobody for an action but its owner."""
        if not user.is_active or user.unit_id is None:
            return self.none()
        who = scope(user)
        invited = Invitation.objects.standing().of(user).filter(meeting=OuterRef("pk"))
        seen = Q(called_by=user, unit=user.unit_id) | (
            (Q(chair=user) | Q(recorder=user)) & ~Q(state=Meeting.State.DRAFT)
        )
        seen |= Q(state__in=Meeting.CALLED_ON) & Q(Exists(invited))
        given = Action.objects.in_force().filter(meeting=OuterRef("pk"))
        seen |= Q(Exists(given.filter(owner=user)))
        seen |= _OPENLY & Q(Exists(given.filter(_actions_of(user))))
        if who.may("meeting.see", user.unit_id):
            seen |= Q(unit=user.unit_id)
        if who.may("notice.supervise"):
            seen |= Q(state__in=Meeting.CALLED_ON) & (Q() if who.heads_supervisors else _OPENLY)
        return self.filter(seen)


_OPENLY = ~Q(level=Level.CONFIDENTIAL)


class Meeting(models.Model):
    """One meeting that a unit calls."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PENDING = "pending", _("Waiting for the head's approval")
        CALLED = "called", _("Called")
        HELD = "held", _("Held")
        CANCELLED = "cancelled", pgettext_lazy("meeting", "Cancelled")

    CALLED_ON = (State.CALLED, State.HELD, State.CANCELLED)

    class Mode(models.TextChoices):
        PLACE = "place", _("On the spot")
        VIDEO = "video", _("By video")
        BOTH = "both", _("On the spot and by video")

    number = models.CharField(max_length=20, unique=True)  # HY-2026-0508-001
    kind = models.ForeignKey(MeetingKind, on_delete=models.PROTECT, related_name="meetings")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="meetings")  # calls it
    title = models.CharField(_("title"), max_length=100)
    purpose = models.TextField(_("purpose and preparation"), blank=True)
    level = models.CharField(_("confidentiality level"), max_length=12, choices=Level, default=Level.NORMAL)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    mode = models.CharField(_("held"), max_length=5, choices=Mode, default=Mode.PLACE)
    place = models.CharField(_("place"), max_length=120, blank=True)
    link = models.URLField(_("link"), max_length=300, blank=True)
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    chair = models.ForeignKey(User, verbose_name=_("chair"), on_delete=models.PROTECT, related_name="+")
    recorder = models.ForeignKey(
        User, verbose_name=_("keeps the minutes"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # null: who called it
    audience: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    answer_by = models.DateTimeField(_("answer by"), null=True, blank=True)  # null: the day before, close of business
    called_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: needed none, or not yet
    created_at = models.DateTimeField()
    invited_at = models.DateTimeField(null=True)  # null: not called
    sequence = models.PositiveSmallIntegerField(default=0)  # of the .ics file: raised with each change
    off_hours_reason = models.CharField(_("why outside working hours"), max_length=300, blank=True)  # 001 五(三)2
    short_notice_reason = models.CharField(_("why at such short notice"), max_length=300, blank=True)  # 001 五(三)1
    moved_reason = models.CharField(max_length=300, blank=True)  # the last change of time or place
    cancelled_at = models.DateTimeField(null=True)  # null: stands
    cancellation = models.CharField(_("why it was cancelled"), max_length=300, blank=True)
    reminded_at = models.DateTimeField(null=True)  # the day before; null: not yet
    answer_text = models.CharField(max_length=300, blank=True)  # the head's remark when he gave it back
    held_at = models.DateTimeField(null=True)  # when it was recorded that it took place; null: not (yet)
    record_asked_at = models.DateTimeField(null=True)  # it ended, and attendance was asked for; null: not yet
    minutes_told = models.PositiveSmallIntegerField(default=0)  # how often missing minutes were chased

    objects = MeetingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "pending", "called", "held", "cancelled"]), name="meeting_state_known"
            ),
            models.CheckConstraint(
                condition=Q(level__in=["normal", "internal", "confidential"]), name="meeting_level_known"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="meeting_ends_after"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("called_by")),
                name="meeting_approver_is_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(cancellation=""), name="meeting_cancelled_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["starts_at"], condition=Q(state__in=["called", "held"]), name="meeting_by_time"),  # calendar
            models.Index(fields=["kind", "starts_at"], name="meeting_of_kind"),  # frequency
            models.Index(fields=["unit", "-starts_at"], name="meeting_of_unit"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("meeting", args=[self.pk])

    @property
    def confidential(self) -> bool:
        return self.level == Level.CONFIDENTIAL

    @property
    def trail_name(self) -> str:
        """Of a confidential meeting the audit trail knows the number only."""
        return self.number if self.confidential else str(self)


class MeetingSending(models.Model):
    """The call as it went to the head, each time: what he decides, and what changed since the time before."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="sendings")
    facts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)  # ids, names, ISO times
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.at}"


class AgendaItem(models.Model):
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="agenda")
    order = models.PositiveSmallIntegerField()
    topic = models.CharField(_("topic"), max_length=120)
    minutes = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True)  # null: not said
    speaker = models.CharField(_("speaker"), max_length=60, blank=True)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.topic


class AgendaPaper(models.Model):
    """A paper of an item of the agenda, or (item null) of the meeting."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="papers")
    item = models.ForeignKey(AgendaItem, on_delete=models.SET_NULL, null=True, related_name="papers")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return str(self.file)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def standing(self) -> InvitationQuerySet:
        """Of people who were not taken off the list."""
        return self.filter(dropped_at=None)

    def of(self, user: User) -> InvitationQuerySet:
        """His own or as a deputy, for the unit that he is in: who changed units does not come for the old one."""
        return self.filter(Q(user=user) | Q(deputy=user), unit=user.unit_id)


class Invitation(models.Model):
    """One person invited: his answer before, his attendance after."""

    class Reply(models.TextChoices):
        NONE = "none", _("No answer yet")
        ATTEND = "attend", _("Attends")
        DEPUTY = "deputy", _("Sends a deputy")
        DECLINE = "decline", _("Cannot attend")

    class Attendance(models.TextChoices):
        UNKNOWN = "unknown", _("Not recorded")
        PRESENT = "present", _("Was present")
        DEPUTY = "deputy", _("Deputy was present")
        ABSENT = "absent", _("Was absent")

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="invitations")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")  # his, when invited
    required = models.BooleanField(default=True)  # must take part
    reply = models.CharField(max_length=8, choices=Reply, default=Reply.NONE)
    deputy = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: none, or without account
    deputy_name = models.CharField(_("name of the deputy"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    replied_at = models.DateTimeField(null=True)  # null: no answer
    attendance = models.CharField(max_length=8, choices=Attendance, default=Attendance.UNKNOWN)
    reminded_at = models.DateTimeField(null=True)  # null: not reminded to answer
    dropped_at = models.DateTimeField(null=True)  # taken off the list; null: invited

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "user"], name="invitation_once"),
            models.CheckConstraint(condition=~Q(reply="decline") | ~Q(reason=""), name="invitation_decline_says_why"),
        ]
        indexes = [
            models.Index(
                fields=["user"], condition=Q(reply="none", dropped_at=None), name="invitation_to_answer"
            ),  # desk
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.user_id}"


class Minutes(models.Model):
    """Written by the recorder, approved by the chair, then sent to all who were invited."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PENDING = "pending", _("Waiting for the chair")
        RETURNED = "returned", _("Returned with remarks")
        SENT = "sent", _("Approved and sent")

    class Readers(models.TextChoices):
        INVITED = "invited", _("Everyone invited")
        PRESENT = "present", _("Only those who were there, themselves or by a deputy")

    meeting = models.OneToOneField(Meeting, on_delete=models.PROTECT, related_name="record")
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    body = models.TextField(_("minutes"))  # cleaned HTML
    readers = models.CharField(_("who reads them"), max_length=8, choices=Readers, default=Readers.INVITED)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)  # sent to the chair; null: not yet
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: not yet
    approved_at = models.DateTimeField(null=True)  # null: not yet
    answer = models.CharField(_("remark of the chair"), max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "minutes"
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("written_by")), name="minutes_chair_is_another"
            ),
            models.CheckConstraint(condition=Q(readers__in=["invited", "present"]), name="minutes_readers_known"),
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.state}"


def _actions_of(user: User) -> Q:
    """His own; as head those of his unit's people, and those of which a superior is told."""
    who, found = scope(user), Q(owner=user)
    if not who.may("meeting.approve", user.unit_id):
        return found
    below = Q(unit__manager=user.unit_id) | Q(unit__parent=user.unit_id)
    late = Q(level__gte=2)
    return found | Q(unit=user.unit_id) | (late if who.manages_company else late & below)


class ActionQuerySet(models.QuerySet["Action"]):
    def in_force(self) -> ActionQuerySet:
        """The minutes that say so were sent."""
        return self.exclude(state=Action.State.PROPOSED)

    def open(self) -> ActionQuerySet:
        return self.filter(state=Action.State.OPEN)


class Action(models.Model):
    """What a meeting decided that somebody does by a day; in force when the minutes are sent, then chased like a promise."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("In the minutes, not yet sent")
        OPEN = "open", _("To do")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="actions")
    task = models.CharField(_("task"), max_length=300)
    owner = models.ForeignKey(User, verbose_name=_("owner"), on_delete=models.PROTECT, related_name="meeting_actions")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")  # the owner's
    day = models.DateField(_("by the day"))
    due_at = models.DateTimeField()  # close of business of that day
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    reminded_at = models.DateTimeField(null=True)  # on the day; null: not yet
    missed_at = models.DateTimeField(null=True)  # null: not late
    level = models.PositiveSmallIntegerField(
        default=0
    )  # 1: his head was told, 2: the superior, as the ladder of tickets has it
    done_at = models.DateTimeField(null=True)  # null: not done
    done_text = models.CharField(_("what was done"), max_length=500, blank=True)
    moved = models.PositiveSmallIntegerField(default=0)  # how often the chair granted a later day
    drop_reason = models.CharField(max_length=300, blank=True)

    objects = ActionQuerySet.as_manager()

    class Meta:
        ordering = ["day", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(state="done") | Q(done_at__isnull=False), name="action_done_has_time"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "open", "done", "dropped"]), name="action_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "due_at"], condition=Q(state="open"), name="action_of_owner"),  # desk
            models.Index(fields=["due_at"], condition=Q(state="open"), name="action_due"),  # the sweep
        ]

    def __str__(self) -> str:
        return self.task[:40]
