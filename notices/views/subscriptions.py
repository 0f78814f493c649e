"""Subscriptions: the unit's page with all kinds, the list of those who look after a kind, and one address for each verb."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from typing import Any, Final

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Refused, may, require, signed_in
from accounts.models import User
from channelportal.core import clock
from channelportal.core.errors import Invalid
from channelportal.core.lists import Column, page_of
from channelportal.core.pages import show_form
from notices.forms.subscriptions import ApplyForm, GrantForm, ReasonForm, SubscriptionFilter
from notices.models import NoticeKind, Receipt, Subscription
from notices.subscription_desk import to_decide
from notices.workflow import subscriptions as verbs

State = Subscription.State
TONES: Final = {"applied": "wait", "granted": "done", "refused": "late", "revoked": "plain", "ended": "plain"}
A_YEAR: Final = timedelta(days=365)
SORTS = {"unit": "unit__pinyin", "kind": ("kind__order", "kind"), "applied": "applied_at", "decided": "decided_at"}
COLUMNS = [
    Column(gettext_lazy("unit"), attrgetter("unit.name"), 24),
    Column(pgettext_lazy("notice", "Kind"), attrgetter("kind.name")),
    Column(gettext_lazy("State"), lambda row: row.get_state_display(), 14),
    Column(gettext_lazy("why the unit needs it"), attrgetter("reason"), 40),
    Column(gettext_lazy("Applied by"), attrgetter("applied_by.name"), 12),
    Column(gettext_lazy("Applied"), attrgetter("applied_at")),
    Column(gettext_lazy("Decided by"), lambda row: row.decided_by.name if row.decided_by else "", 12),
    Column(gettext_lazy("Decided"), attrgetter("decided_at")),
    Column(gettext_lazy("reason of the decision"), attrgetter("answer"), 40),
    Column(gettext_lazy("Ended"), attrgetter("ended_at")),
    Column(gettext_lazy("why it ended"), attrgetter("ending"), 40),
]


@require_safe
def subscriptions(request: HttpRequest) -> HttpResponse:
    """Every kind: what the unit gets of it anyway, what it has applied for, and what became of that."""
    user = _of_a_unit(request)
    kinds = NoticeKind.objects.filter(active=True).select_related("owner")
    newest = {row.kind_id: row for row in Subscription.objects.filter(unit=user.unit_id).order_by("pk")}
    year = Receipt.objects.filter(unit=user.unit_id, delivered_at__gte=clock.now() - A_YEAR).order_by()
    received = dict(year.values_list("notice__kind").annotate(count=Count("notice", distinct=True)))
    speaks = may(user, "subscription.apply", user.unit_id)
    keeper = verbs.keeper_of_the_rest()
    context = {
        "kinds": [
            _row(kind, newest.get(kind.pk), received.get(kind.pk, 0), keeper=keeper, speaks=speaks) for kind in kinds
        ],
        "looks_after": verbs.looks_after(user),
        "waiting": to_decide(user).count(),
        "speaks": speaks,
    }
    return render(request, "notices/subscriptions.html", context)


@require_safe
def given(request: HttpRequest) -> HttpResponse:
    """Applications of other units, for who owns a kind or supervises: to decide, granted, all."""
    user = _of_a_unit(request)
    if not verbs.looks_after(user):
        raise Refused(_("Your unit owns no kind of notice."))
    rows = verbs.seen_by(user).select_related("unit", "kind", "applied_by", "decided_by")
    page = page_of(request, rows, SubscriptionFilter, SORTS, default="-applied")
    if page.exporting:
        return page.xlsx("subscriptions", COLUMNS)
    context = {**page.context(), "tones": TONES, "waiting": to_decide(user).count()}
    context["lines"] = [{"row": row, "tone": TONES[row.state]} for row in page]
    return render(request, "notices/subscriptions_given.html", context)


@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    user = _of_a_unit(request)
    reason = _("Only information officers, deputies and heads apply for their unit.")
    require(user, "subscription.apply", user.unit_id, reason)
    kind = get_object_or_404(NoticeKind.objects.select_related("owner"), pk=pk, active=True, subscribable=True)
    form = ApplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        verbs.apply(kind, by=user, reason=form.cleaned_data["reason"])
        messages.success(request, _("The application is sent."))
        return redirect("subscriptions")
    context = {"form": form, "kind": kind, "submit": _("Apply"), "cancel": reverse("subscriptions")}
    return show_form(request, "notices/subscription_apply.html", context)


@require_safe
def subscription(request: HttpRequest, pk: int) -> HttpResponse:
    user = _of_a_unit(request)
    return _page(request, user, _seen(user, pk))


@require_POST
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    form = GrantForm(request.POST)
    return _decided(request, pk, form, verbs.grant, _("The unit receives it from now on."))


@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    return _decided(request, pk, ReasonForm(request.POST), verbs.refuse, _("The application is refused."))


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    return _decided(request, pk, ReasonForm(request.POST), verbs.revoke, _("The unit receives it no longer."))


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    form = ReasonForm(request.POST, required=False)
    return _decided(request, pk, form, verbs.end, _("Your unit receives it no longer."))


# ── what they share ─────────────────────────────────────────────────────────────────────────────


def _of_a_unit(request: HttpRequest) -> User:
    user = signed_in(request)
    if user.unit_id is None:
        raise Refused(_("Administrators receive no notices."))
    return user


def _seen(user: User, pk: int) -> Subscription:
    rows = verbs.seen_by(user).select_related("unit", "kind__owner", "applied_by", "decided_by", "ended_by")
    return get_object_or_404(rows, pk=pk)


def _decided(request: HttpRequest, pk: int, form: Any, verb: Callable[..., object], done: str) -> HttpResponse:
    """One verb of a subscription; its page again with what is wrong."""
    user = _of_a_unit(request)
    found = _seen(user, pk)
    verbs.require(verb.__name__, found, user)
    if form.is_valid():
        try:
            verb(found, by=user, **form.cleaned_data)
        except Invalid as error:
            error.show_in(form)
        else:
            messages.success(request, done)
            return redirect("subscription", found.pk)
    return _page(request, user, found, {verb.__name__: form})


def _page(request: HttpRequest, user: User, row: Subscription, forms: dict[str, Any] | None = None) -> HttpResponse:
    decides = Subscription.objects.filter(verbs.decided_by(user), pk=row.pk).exists()
    shown = forms or {}
    context = {
        "row": row,
        "tone": TONES[row.state],
        "decides": decides and row.state == State.APPLIED,
        "revokes": decides and row.state == State.GRANTED,
        "ends": row.state in verbs.LIVE
        and row.unit_id == user.unit_id
        and may(user, "subscription.apply", row.unit_id),
        "looks_after": verbs.looks_after(user),
        "grant": shown.get("grant") or GrantForm(),
        "refuse": shown.get("refuse") or ReasonForm(auto_id="refuse_%s"),
        "revoke": shown.get("revoke") or ReasonForm(auto_id="revoke_%s"),
        "end": shown.get("end") or ReasonForm(required=False, auto_id="end_%s"),
    }
    return show_form(request, "notices/subscription.html", context)


def _row(kind: NoticeKind, newest: Subscription | None, received: int, *, keeper: str, speaks: bool) -> dict[str, Any]:
    live = newest is not None and newest.state in verbs.LIVE
    return {
        "kind": kind,
        "owner": kind.owner.name if kind.owner and kind.owner.active else keeper,
        "newest": newest,
        "tone": TONES[newest.state] if newest else "",
        "received": received,
        "may_apply": speaks and kind.subscribable and not live,
    }
