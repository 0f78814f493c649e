"""Robots of group chats (001 二(一)2, 四(三)1): a unit enters its robot's address; what is posted waits as rows."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from notices.models.notice import Notice


class Robot(models.Model):
    """A robot of a group chat that a unit entered. Address and secret are kept enciphered and shown masked."""

    class Maker(models.TextChoices):
        WECOM = "wecom", _("WeCom")
        DINGTALK = "dingtalk", _("DingTalk")
        FEISHU = "feishu", _("Feishu")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="robots")
    maker = models.CharField(_("group chat of"), max_length=10, choices=Maker)
    name = models.CharField(_("group"), max_length=40)
    address = models.TextField(_("address of the robot"))  # enciphered
    secret = models.TextField(_("secret"), blank=True)  # enciphered; "" : none
    active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    tested_at = models.DateTimeField(null=True)  # null: never succeeded
    last_error = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True)  # null: the last post went well

    class Meta:
        ordering = ["unit", "name"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "name"], name="robot_name_once"),
            models.CheckConstraint(condition=Q(maker__in=["wecom", "dingtalk", "feishu"]), name="robot_maker_known"),
        ]

    def __str__(self) -> str:
        return self.name


class RobotPost(models.Model):
    """One text to one robot: written in the transaction of what happened, posted by `notices.robots.deliver`."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        PARKED = "parked", _("Parked")
        CANCELLED = "cancelled", _("Cancelled")

    key = models.CharField(max_length=120, unique=True)
    robot = models.ForeignKey(Robot, on_delete=models.PROTECT, related_name="posts")
    notice = models.ForeignKey(
        Notice, on_delete=models.PROTECT, null=True, related_name="posts"
    )  # null: a test, a meeting
    kind = models.CharField(max_length=60)  # template robots/<kind>.txt
    data = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)  # null: nobody is posting it
    sent_at = models.DateTimeField(null=True)  # null: not yet
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="robotpost_sent_has_time"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state="waiting"), name="robotpost_waiting"
            ),  # the sweep
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="robotpost_leases"),
            models.Index(fields=["robot", "sent_at"], name="robotpost_rate"),  # so many a minute
        ]

    def __str__(self) -> str:
        return self.key
