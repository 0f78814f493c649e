"""The saved views of the list of notices, and its filters; both stand in the address, so that they can be sent to a colleague.

Each view says whose rows it shows as a queryset that already holds only what this person may see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Scope, scope
from accounts.models import Unit, User
from channelportal.core import clock, search
from channelportal.core.among import Among
from notices import asking, desk
from notices.models import Level, Notice, NoticeKind, NoticeQuerySet, Receipt, Step

NUMBERS = ("TZ-", "SQ-")
STATED = ("mine", "unit", "all")  # views in which notices of many states stand
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
Chosen = Callable[[User, date], NoticeQuerySet]


@dataclass(frozen=True, slots=True)
class View:
    """One tab. `counted`: small enough a set that its number is shown; `rows`: what the columns say (see the template)."""

    code: str
    label: Any
    chosen: Chosen
    seen: Callable[[Scope], bool]
    sort: str = "-published"
    counted: bool = False
    rows: str = "read"
    empty: Any = ""
    hint: Any = ""


def _seen(user: User) -> NoticeQuerySet:
    return Notice.objects.visible_to(user)


def _mine(user: User, today: date) -> NoticeQuerySet:
    return Notice.objects.visible_to(user).received_by(user)


def _inbox(user: User, today: date) -> NoticeQuerySet:
    return _mine(user, today).filter(desk.valid(today, ""))


def _acknowledge(user: User, today: date) -> NoticeQuerySet:
    return _seen(user).filter(Among("pk", desk.to_acknowledge(user, today).values("notice")))


def _approve(user: User, today: date) -> NoticeQuerySet:
    return _seen(user).filter(Among("pk", desk.to_approve(user).values("version__notice")))


def _late(user: User, today: date) -> NoticeQuerySet:
    at = clock.now()
    missing = Receipt.objects.filter(notice=OuterRef("pk"), settled_at=None, due_at__lt=at)
    return _seen(user).filter(Exists(missing), state=Notice.State.PUBLISHED, acknowledge_due_at__lt=at)


def _over(user: User, today: date) -> NoticeQuerySet:
    return _seen(user).filter(Q(state=Notice.State.WITHDRAWN) | Q(state__in=desk.LIVE, valid_until__lt=today))


VIEWS: tuple[View, ...] = (
    View(
        "inbox",
        _("Inbox"),
        _inbox,
        lambda who: True,
        sort="front",
        empty=_("No notice has come for you yet."),
        hint=_("What headquarters and other units tell you appears here; what is unread stands on top."),
    ),
    View(
        "acknowledge",
        _("To be acknowledged"),
        _acknowledge,
        lambda who: True,
        sort="due",
        counted=True,
        empty=_("Nothing waits for your acknowledgement. Well done."),
    ),
    View(
        "approve",
        pgettext_lazy("notices", "To be approved"),
        _approve,
        lambda who: who.may("notice.approve", who.unit_id) or who.user.leads,
        sort="step",
        counted=True,
        rows="approve",
        empty=_("No notice waits for your approval."),
    ),
    View(
        "mine",
        _("Written by me"),
        lambda user, today: _seen(user).filter(author=user),
        lambda who: who.may("notice.draft", who.unit_id),
        sort="-touched",
        rows="written",
        empty=_("You have not written a notice yet."),
        hint=_("Drafts, what is in approval or came back, and what was published stand here."),
    ),
    View(
        "unit",
        _("Of my unit"),
        lambda user, today: Notice.objects.visible_to(user).of_unit(user),
        lambda who: who.may("notice.see", who.unit_id),
        sort="-touched",
        rows="written",
        empty=_("Your unit has not written a notice yet."),
    ),
    View(
        "late",
        _("Late acknowledgements"),
        _late,
        lambda who: who.may("notice.supervise"),
        sort="-published",
        counted=True,
        rows="written",
        empty=_("Everything that was to be acknowledged by now is acknowledged."),
    ),
    View(
        "over",
        _("Expired and withdrawn"),
        _over,
        lambda who: True,
        empty=_("No notice has expired or was withdrawn."),
        hint=_("What is no longer valid leaves the inbox and can still be read here."),
    ),
    View(
        "out",
        pgettext_lazy("notices", "Published"),
        lambda user, today: _seen(user).filter(state__in=Notice.OUT),
        lambda who: True,
        empty=_("There is no notice that you may see yet."),
    ),
    View(
        "all",
        pgettext_lazy("notices", "All"),
        lambda user, today: _seen(user),
        lambda who: who.may("notice.supervise"),
        sort="-touched",
        rows="written",
        empty=_("There is no notice that you may see yet."),
    ),
)

SORTS: dict[str, str | list[str]] = {
    "front": ["rank", "asked_by", "-delivered", "-published_at"],
    "due": "ack_due",
    "step": "step_opened",
    "published": "published_at",
    "touched": "touched_at",
    "number": "number",
    "valid": "valid_until",
    "unit": "unit__pinyin",
}


def views_for(user: User) -> list[View]:
    who = scope(user)
    return [view for view in VIEWS if view.seen(who)]


def with_receipt(rows: NoticeQuerySet, user: User) -> NoticeQuerySet:
    """Each with what this person did about it: `delivered`, `read_at`, `ack_due`, `settled`, and for the order
    `rank`: urgent ones that want something, what is to be acknowledged (least time left first: `asked_by`), the unread, others."""
    mine = Q(receipts__user=user.pk, receipts__unit=user.unit_id)
    asked = Q(ack_due__isnull=False, settled=None)
    wants = Q(delivered__isnull=False) & (Q(read_at=None) | asked)
    return (
        rows.annotate(mine=FilteredRelation("receipts", condition=mine))
        .annotate(
            delivered=F("mine__delivered_at"),
            read_at=F("mine__opened_at"),
            ack_due=F("mine__due_at"),
            settled=F("mine__settled_at"),
            acknowledged_at=F("mine__acknowledged_at"),
        )
        .annotate(
            rank=Case(
                When(wants & Q(urgency=Notice.Urgency.URGENT), then=Value(0)),
                When(asked, then=Value(1)),
                When(wants, then=Value(2)),
                default=Value(3),
                output_field=IntegerField(),
            ),
            asked_by=Case(When(asked, then=F("ack_due"))),
        )
    )


def with_step(rows: NoticeQuerySet) -> NoticeQuerySet:
    """Each with the step that is open: `step_id`, `step_duty`, `step_due`, `step_opened`."""
    steps = Step.objects.filter(version__notice=OuterRef("pk"), state=Step.State.OPEN)
    return rows.annotate(
        step_id=Subquery(steps.values("pk")[:1]),
        step_duty=Subquery(steps.values("duty")[:1]),
        step_due=Subquery(steps.values("due_at")[:1]),
        step_opened=Subquery(steps.values("opened_at")[:1]),
    )


# ── filters ─────────────────────────────────────────────────────────────────────────────────────


def _kinds() -> list[tuple[str, str]]:
    return [(str(kind.pk), kind.name) for kind in NoticeKind.objects.all()]


def _units() -> list[tuple[str, str]]:
    """Units that can write; one statement of two columns."""
    units = Unit.objects.active().order_by("pinyin").values_list("pk", "name")
    return [(str(pk), name) for pk, name in units]


class NoticeFilter(filters.FilterSet):
    text = filters.CharFilter(label=_("Number, title, text"), method="by_text")
    kind = filters.ChoiceFilter(label=pgettext_lazy("notice", "Kind"), choices=_kinds, empty_label=_("any"))
    unit = filters.ChoiceFilter(label=_("Issued by"), choices=_units, empty_label=_("any"))
    state = filters.ChoiceFilter(label=_("State"), choices=Notice.State.choices, empty_label=_("any"))
    level = filters.ChoiceFilter(label=_("Confidentiality level"), choices=Level.choices, empty_label=_("any"))
    importance = filters.ChoiceFilter(
        label=_("Importance"), choices=Notice.Importance.choices, empty_label=_("any")
    )  # fmt: skip
    urgency = filters.ChoiceFilter(label=_("Urgency"), choices=Notice.Urgency.choices, empty_label=_("any"))
    from_day = filters.DateFilter(label=_("Published from"), method="since")
    until_day = filters.DateFilter(label=_("Published until"), method="until")

    class Meta:
        model = Notice
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("from_day", "until_day"):
            self.form.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        for field in self.form.fields.values():
            css = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs["class"] = css
        self.form.fields["unit"].widget.attrs["data-typeahead"] = ""
        if self.request is not None and self.request.GET.get("view") not in STATED:
            del self.form.fields["state"]

    def by_text(self, qs: NoticeQuerySet, name: str, value: str) -> NoticeQuerySet:
        text = value.strip()
        if text.upper().startswith(NUMBERS):
            return qs.filter(number__startswith=text.upper()[:20])
        return qs.filter(pk__in=search.find("notice", text))

    def since(self, qs: NoticeQuerySet, name: str, value: date) -> NoticeQuerySet:
        return qs.filter(published_at__gte=_midnight(value))

    def until(self, qs: NoticeQuerySet, name: str, value: date) -> NoticeQuerySet:
        return qs.filter(published_at__lt=_midnight(min(value, LATEST) + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    """Days beyond the century of the portal count as its first or last."""
    return make_aware(datetime.combine(min(max(day, EARLIEST), LATEST), time()))


# ── receipts of one notice ──────────────────────────────────────────────────────────────────────


class ReceiptFilter(filters.FilterSet):
    """Who of the recipients."""

    CHOICES = [
        ("unread", _("Not opened")),
        ("opened", _("Opened")),
        ("missing", _("Acknowledgement is missing")),
        ("late", _("Late")),
        ("settled", _("Acknowledged")),
        ("left", pgettext_lazy("receipts", "Has left")),
    ]

    who = filters.CharFilter(label=_("Name"), method="by_name")
    unit = filters.ChoiceFilter(label=_("Unit"), choices=(), empty_label=_("any"))
    state = filters.ChoiceFilter(label=_("State"), choices=CHOICES, empty_label=_("any"), method="by_state")

    class Meta:
        model = Receipt
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = self.queryset.order_by("unit__pinyin").values_list("unit", "unit__name").distinct()
        self.form.fields["unit"].choices = [("", _("any")), *((str(pk), name) for pk, name in units)]
        for field in self.form.fields.values():
            css = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs["class"] = css

    def by_name(self, qs: QuerySet[Receipt], name: str, value: str) -> QuerySet[Receipt]:
        words = value.strip()
        return qs.filter(Q(user__name__icontains=words) | Q(user__pinyin__icontains=words.lower()))

    def by_state(self, qs: QuerySet[Receipt], name: str, value: str) -> QuerySet[Receipt]:
        return qs.filter(RECEIPTS[value](clock.now()))


RECEIPTS: dict[str, Callable[[datetime], Q]] = {
    "unread": lambda at: Q(opened_at=None, left_at=None),
    "opened": lambda at: Q(opened_at__isnull=False),
    "missing": lambda at: Q(settled_at=None, due_at__isnull=False, left_at=None),
    "late": lambda at: Q(settled_at=None, due_at__lt=at) & asking.OWED | Q(settled_at__gt=F("due_at")),
    "settled": lambda at: Q(settled_at__isnull=False),
    "left": lambda at: Q(left_at__isnull=False),
}
