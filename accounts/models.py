"""Units, people, registrations, passwords. Who may do what is said in `roles.py`; for which units, asked in `access.py`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase


class UnitQuerySet(models.QuerySet["Unit"]):
    def active(self) -> UnitQuerySet:
        return self.filter(active=True)

    def channels(self) -> UnitQuerySet:
        """Branches, agents and the other kinds of channel; everything but HQ."""
        return self.exclude(kind=Unit.Kind.HQ)

    def headquarters(self) -> UnitQuerySet:
        return self.filter(kind=Unit.Kind.HQ)

    def with_function(self, function: str) -> UnitQuerySet:
        return self.filter(functions__function=function)


class Unit(models.Model):
    """A node of the organisation tree (000 2, 4.1.2): HQ department, branch, agent, or another kind of channel (001 一(二))."""

    class Kind(models.TextChoices):
        HQ = "hq", _("HQ department")
        BRANCH = "branch", _("Branch")
        AGENT = "agent", _("Agent")
        DEALER = "dealer", _("Dealer")
        PLATFORM = "platform", _("E-commerce platform")
        STORE = "store", _("Store")

    class Grade(models.TextChoices):
        A = "A", "A"
        B = "B", "B"
        C = "C", "C"

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60, unique=True)
    pinyin = models.CharField(max_length=200, blank=True, editable=False)  # "shenyangfengongsi sy": sort and search key
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("superior unit"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
    )  # null: the top
    manager = models.ForeignKey(
        "self",
        verbose_name=_("managing department"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="managed",
    )  # null: an HQ department
    region = models.CharField(_("region"), max_length=30, blank=True)
    grade = models.CharField(_("grade"), max_length=1, choices=Grade, blank=True)  # written by partners
    handles = models.CharField(_("what this unit handles"), max_length=300, blank=True)  # the hint beside "to whom"
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    address = models.CharField(_("address"), max_length=120, blank=True)
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("contact person at HQ"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="contact_of",
    )  # 004 二(三)1; null: none named yet
    members_need_approval = models.BooleanField(
        _("what officers and employees send is approved by the head"), default=True
    )  # 000 5.10
    heads_need_approval = models.BooleanField(
        _("what a head sends is approved by another head or deputy"), default=False
    )
    active = models.BooleanField(_("active"), default=True)
    group = models.OneToOneField(
        Group, on_delete=models.PROTECT, null=True, editable=False, related_name="unit"
    )  # null: no grants yet
    created_at = models.DateTimeField(db_default=Now())

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["pinyin"]
        permissions = [
            ("review_unit", "Reviews registrations and issues passwords for the unit's people"),
            ("view_figures_unit", "Sees the unit's figures and profile"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="unit_not_its_own_parent"),
            models.CheckConstraint(condition=~Q(manager=F("id")), name="unit_not_its_own_manager"),
            models.CheckConstraint(
                condition=Q(kind__in=["hq", "branch", "agent", "dealer", "platform", "store"]), name="unit_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_channel(self) -> bool:
        return self.kind != Unit.Kind.HQ


class UnitFunction(models.Model):
    """A part that a unit plays for the whole company."""

    class Function(models.TextChoices):
        SUPERVISING = "supervising", _("Supervising department")  # 企发部
        REGISTRAR_CHANNELS = "registrar_channels", _("Reviews people of channels")
        REGISTRAR_HQ = "registrar_hq", _("Reviews people of HQ departments")
        CHANNEL_MANAGEMENT = "channel_management", _("Channel management")
        PERSONNEL = "personnel", _("Personnel")
        LEGAL = "legal", _("Legal")
        FINANCE = "finance", _("Finance")
        MANAGEMENT = "management", _("Company management")

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="functions")
    function = models.CharField(max_length=20, choices=Function)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "function"], name="unitfunction_once"),
            # these three can be only one unit's: somebody must be the last who answers
            models.UniqueConstraint(
                fields=["function"],
                condition=Q(function__in=["supervising", "registrar_hq", "management"]),
                name="unitfunction_one_unit",
            ),
        ]

    def __str__(self) -> str:
        return self.get_function_display()


class UnitUserPermission(UserObjectPermissionBase):
    """guardian's direct table: a grant to one person for one unit."""

    content_object = models.ForeignKey(Unit, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False


class UnitGroupPermission(GroupObjectPermissionBase):
    """guardian's direct table: a grant to a unit's people (its group) for one unit."""

    content_object = models.ForeignKey(Unit, on_delete=models.CASCADE)

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)

    def active(self) -> models.QuerySet[User]:
        return self.filter(is_active=True)

    def create_superuser(self, username: str, email: str, password: str, **extra: object) -> User:
        user = self.model(username=username, email=email, name=username, is_staff=True, is_superuser=True, **extra)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Belongs to one unit in one role; the three administrators belong to none and have no business rights."""

    class Role(models.TextChoices):
        HEAD = "head", _("Head")
        DEPUTY = "deputy", _("Deputy")
        OFFICER = "officer", _("Information officer")
        MEMBER = "member", _("Employee")

    class AdminRole(models.TextChoices):
        SYSTEM = "system", _("System administrator")
        SECURITY = "security", _("Security administrator")
        AUDIT = "audit", _("Audit administrator")

    username = models.CharField(_("account"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=40)
    pinyin = models.CharField(max_length=120, blank=True, editable=False)
    email = models.EmailField(_("e-mail"))
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    unit = models.ForeignKey(
        Unit, verbose_name=_("unit"), on_delete=models.PROTECT, null=True, related_name="people"
    )  # null: administrator
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    admin_role = models.CharField(max_length=10, choices=AdminRole, blank=True)
    position = models.CharField(_("position"), max_length=40, blank=True)
    officer_full_time = models.BooleanField(_("full-time information officer"), default=False)
    language = models.CharField(_("language"), max_length=10, blank=True)  # "" : the browser's choice, else Chinese
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    frozen_at = models.DateTimeField(null=True, blank=True)  # null: not frozen
    password_changed_at = models.DateTimeField(null=True, blank=True)  # null: only an issued one so far
    password_reminded = models.PositiveSmallIntegerField(
        null=True, blank=True
    )  # the last reminder sent: 7, 3, 1; null: none
    session_epoch = models.PositiveIntegerField(default=0, editable=False)  # raised: every cookie of before is void
    left_at = models.DateTimeField(null=True, blank=True)  # null: still here
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ["pinyin"]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_username_once"),
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(
                condition=Q(admin_role="") | Q(unit__isnull=True), name="user_administrators_have_no_unit"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["head", "deputy", "officer", "member"]), name="user_role_known"
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "role"], condition=Q(is_active=True), name="user_of_unit")
        ]  # recipients, lists

    def __str__(self) -> str:
        return self.name

    @property
    def leads(self) -> bool:
        """Head or deputy of his unit (a deputy acts while the head is away; see `access.acts_as_head`)."""
        return self.role in (User.Role.HEAD, User.Role.DEPUTY)

    def get_session_auth_hash(self) -> str:
        return f"{super().get_session_auth_hash()}{self.session_epoch}"

    def get_session_auth_fallback_hash(self):  # type: ignore[no-untyped-def]
        for value in super().get_session_auth_fallback_hash():
            yield f"{value}{self.session_epoch}"


class Absence(models.Model):
    """A person is away from one day to another; a head's deputy acts in his place (000 5.10)."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="absences")
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    deputy = models.ForeignKey(
        User, verbose_name=_("deputy"), on_delete=models.PROTECT, null=True, blank=True, related_name="deputises"
    )
    # null: whoever is deputy of the unit
    note = models.CharField(_("note"), max_length=120, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)  # null: stands; else called off early

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="absence_days_in_order"),
            models.CheckConstraint(condition=~Q(deputy=F("user")), name="absence_deputy_is_another"),
        ]
        indexes = [models.Index(fields=["last_day"], name="absence_now")]  # who is away today

    def __str__(self) -> str:
        return f"{self.user} {self.first_day}–{self.last_day}"


# ── the confidentiality agreement (001 七(一)) ──────────────────────────────────────────────────


class Agreement(models.Model):
    """A version of the confidentiality agreement; the newest in force must have been signed by everyone before access."""

    version = models.PositiveIntegerField(unique=True)
    text_zh = models.TextField()
    text_en = models.TextField(blank=True)
    in_force_from = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: setup

    class Meta:
        ordering = ["-version"]

    def __str__(self) -> str:
        return str(self.version)


class Signature(models.Model):
    """Who signed which version, when, from where; at registration there is no user yet."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="signatures")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="signatures")  # null: an applicant
    registration = models.ForeignKey(
        "Registration", on_delete=models.PROTECT, null=True, related_name="signatures"
    )  # null: signed in
    name = models.CharField(max_length=40)  # as typed under the text
    address = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(registration__isnull=False), name="signature_is_somebodys"
            ),
            models.UniqueConstraint(
                fields=["agreement", "user"], condition=Q(user__isnull=False), name="signature_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.agreement_id}"


# ── registration (000 5.9.3) ────────────────────────────────────────────────────────────────────


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def to_review(self) -> RegistrationQuerySet:
        return self.filter(state=Registration.State.SUBMITTED)


class Registration(models.Model):
    """A person's application for access: for an existing unit, or for a channel unit that is not in the portal yet."""

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("E-mail not confirmed")
        SUBMITTED = "submitted", _("Waiting for review")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", pgettext_lazy("registration", "Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        LAPSED = "lapsed", _("Lapsed")  # the address was never confirmed

    number = models.CharField(max_length=20, unique=True)  # RG-2026-0508-003
    name = models.CharField(_("name"), max_length=40)
    email = models.EmailField(_("e-mail"))
    phone = models.CharField(_("phone"), max_length=30)
    position = models.CharField(_("position"), max_length=40)
    reason = models.CharField(_("why you need access"), max_length=300)
    role = models.CharField(_("role"), max_length=10, choices=User.Role, default=User.Role.MEMBER)
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="registrations"
    )  # null: a new unit
    new_unit_name = models.CharField(_("name of the new channel unit"), max_length=60, blank=True)
    new_unit_kind = models.CharField(_("kind"), max_length=10, choices=Unit.Kind, blank=True)
    new_unit_region = models.CharField(_("region"), max_length=30, blank=True)
    manager = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # the market department named for a new unit; null: an existing unit
    reviewer_unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, related_name="reviews"
    )  # null: until confirmed
    state = models.CharField(max_length=12, choices=State, default=State.UNCONFIRMED)
    token_hash = models.CharField(
        max_length=64, unique=True
    )  # of the private link; the link itself is only in the mail
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)  # null: e-mail not confirmed
    decided_at = models.DateTimeField(null=True)  # null: not decided
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: not decided
    refusal = models.CharField(_("reason of the refusal"), max_length=300, blank=True)
    user = models.OneToOneField(
        User, on_delete=models.PROTECT, null=True, related_name="registration"
    )  # null: not approved
    language = models.CharField(max_length=10, blank=True)
    address = models.CharField(max_length=45, blank=True)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(unit__isnull=False) | ~Q(new_unit_name=""), name="registration_names_a_unit"
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(refusal=""), name="registration_refusal_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) | ~Q(decided_by=F("user")), name="registration_reviewer_is_another"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(user__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="registration_approved_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["reviewer_unit", "confirmed_at"], condition=Q(state="submitted"), name="registration_to_review"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def unit_name(self) -> str:
        return self.unit.name if self.unit else self.new_unit_name


# ── passwords (000 5.9.3) ───────────────────────────────────────────────────────────────────────


class OneTimePassword(models.Model):
    """An issued password: 14 random characters, hashed; short-lived, one use, few tries; a new one voids the old."""

    class Means(models.TextChoices):
        MAIL = "mail", _("By e-mail")
        PAPER = "paper", _("On paper")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="one_time_passwords")
    hash = models.CharField(max_length=128)
    means = models.CharField(max_length=5, choices=Means)
    issued_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: asked for by the person
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)  # null: unused
    voided_at = models.DateTimeField(null=True)  # null: stands

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(used_at=None, voided_at=None), name="onetimepassword_one_open"
            ),
            models.CheckConstraint(condition=~Q(issued_by=F("user")), name="onetimepassword_issuer_is_another"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.created_at:%Y-%m-%d}"

    def usable(self, at: datetime, most_tries: int) -> bool:
        return self.used_at is None and self.voided_at is None and at < self.expires_at and self.tries < most_tries


class OldPassword(models.Model):
    """A password's hash as it was once set, so that it is not used again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="old_passwords")
    hash = models.CharField(max_length=128)
    set_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "-set_at"], name="oldpassword_newest")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.set_at:%Y-%m-%d}"


class SignIn(models.Model):
    """An open session of a person, for his list of own sessions and for the limits (idle 30 minutes, 12 hours in all)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # written at most once a minute; polling does not count
    address = models.CharField(max_length=45, blank=True)
    device = models.CharField(max_length=120, blank=True)  # from the User-Agent, shortened

    def __str__(self) -> str:
        return f"{self.user_id} {self.started_at:%Y-%m-%d %H:%M}"


class Throttle(models.Model):
    """Attempts of one kind from one place, counted BEFORE the costly or guessable thing is done, by one conditional update: so
    that many at once cannot all be "the fifth". `key`: "signin:<account>:<address>", "forgotten:<address>" …"""

    key = models.CharField(max_length=160, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    started_at = (
        models.DateTimeField()
    )  # of the window; moved once more when the limit is reached, so a lock lasts its whole length

    class Meta:
        indexes = [models.Index(fields=["started_at"], name="throttle_lapsed")]  # tidying

    def __str__(self) -> str:
        return f"{self.key} {self.count}"
