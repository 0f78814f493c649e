"""The reviewers' pages: applications, approval, refusal; the issue of a password to a person."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, cast

import django_filters
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts import access
from accounts.forms import ApproveForm, IssueForm, RefuseForm
from accounts.likeness import warnings_about
from accounts.models import OneTimePassword, Registration, Unit, User
from accounts.passwords import Issued
from accounts.workflow import passwords as password_verbs
from accounts.workflow import registration as verbs
from channelportal.core import parameters
from channelportal.core.clock import now
from channelportal.core.errors import Invalid
from channelportal.core.lists import Column, page_of
from channelportal.core.pages import show_form

State = Registration.State
Means = OneTimePassword.Means
SORTS = {"number": "pk", "name": "name", "state": "state", "confirmed": "confirmed_at"}
COLUMNS = [
    Column(gettext_lazy("Number"), attrgetter("number")),
    Column(gettext_lazy("Name"), attrgetter("name")),
    Column(gettext_lazy("Unit"), attrgetter("unit_name"), 28),
    Column(gettext_lazy("Position"), attrgetter("position")),
    Column(gettext_lazy("Role wished"), lambda row: row.get_role_display()),
    Column(gettext_lazy("Phone"), attrgetter("phone")),
    Column(gettext_lazy("E-mail"), attrgetter("email"), 28),
    Column(gettext_lazy("State"), lambda row: row.get_state_display()),
    Column(gettext_lazy("Confirmed"), attrgetter("confirmed_at"), 20),
    Column(gettext_lazy("Decided by"), lambda row: row.decided_by.name if row.decided_by else ""),
    Column(gettext_lazy("Decided"), attrgetter("decided_at"), 20),
    Column(gettext_lazy("Reason of the refusal"), attrgetter("refusal"), 40),
]


class RegistrationFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(label=gettext_lazy("Name, number, phone, e-mail or unit"), method="search")
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=[(value, label) for value, label in State.choices if value not in (State.UNCONFIRMED, State.LAPSED)],
        empty_label=gettext_lazy("All"),
    )

    class Meta:
        model = Registration
        fields = ["q", "state"]

    def search(self, rows: QuerySet[Registration], name: str, value: str) -> QuerySet[Registration]:
        text = value.strip()
        return rows.filter(
            Q(name__icontains=text) | Q(number__icontains=text) | Q(phone__icontains=text) | Q(email__icontains=text)
            | Q(unit__name__icontains=text) | Q(new_unit_name__icontains=text)
        )  # fmt: skip


def _reviewer(request: HttpRequest) -> User:
    user = cast(User, request.user)
    access.require(
        user,
        "registration.review",
        None,
        _("Applications are reviewed by the market departments and by the supervising department."),
    )
    return user


@require_GET
def registrations(request: HttpRequest) -> HttpResponse:
    """What waits for my department, the oldest first; and what was decided."""
    user = _reviewer(request)
    page = page_of(request, verbs.visible_to(user), RegistrationFilter, SORTS, default="-confirmed")
    if page.exporting:
        return page.xlsx("registrations", COLUMNS)
    waiting = verbs.visible_to(user).filter(state=State.SUBMITTED).count()
    return render(
        request,
        "accounts/registrations.html",
        {**page.context(), "waiting": waiting, "state": request.GET.get("state", "")},
    )


def _one(request: HttpRequest, pk: int) -> tuple[User, Registration]:
    user = _reviewer(request)
    return user, get_object_or_404(verbs.visible_to(user), pk=pk)


@require_GET
def registration(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _one(request, pk)
    return _page(request, user, found)


def _page(
    request: HttpRequest,
    user: User,
    found: Registration,
    approve: ApproveForm | None = None,
    refuse: RefuseForm | None = None,
) -> HttpResponse:
    waiting = found.state == State.SUBMITTED
    about = warnings_about(found) if waiting else []
    context = {
        "registration": found,
        "warnings": about,
        "blocked": any(one.blocks for one in about),
        "approve_form": (approve or _approve_form(user, found)) if waiting else None,
        "refuse_form": (refuse or RefuseForm()) if waiting else None,
        "signature": found.signatures.select_related("agreement").first(),
    }
    return show_form(request, "accounts/registration.html", context)


def _approve_form(user: User, found: Registration, data: Any = None) -> ApproveForm:
    mine = Unit.objects.active().channels().filter(pk__in=access.scope(user).granted_ids)
    return ApproveForm(
        data, new_unit=found.unit_id is None, units=mine, initial={"role": found.role, "means": Means.MAIL}
    )


@require_http_methods(["POST"])
def registration_approve(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _one(request, pk)
    form = _approve_form(user, found, request.POST)
    if not form.is_valid():
        return _page(request, user, found, approve=form)
    try:
        made = verbs.approve(found, by=user, **form.cleaned_data)
    except Invalid as error:
        error.show_in(form)
        return _page(request, user, found, approve=form)
    if form.cleaned_data["means"] == Means.PAPER:
        return _slip(request, made.user, made.issued, back="registrations")
    messages.success(
        request,
        _("%(name)s has the account %(account)s. The first password is on its way by e-mail.")
        % {"name": made.user.name, "account": made.user.username},
    )
    return redirect("registrations")


@require_http_methods(["POST"])
def registration_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _one(request, pk)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        return _page(request, user, found, refuse=form)
    verbs.refuse(found, by=user, reason=form.cleaned_data["reason"])
    messages.success(
        request, _("The application of %(name)s is refused; the reason goes out by e-mail.") % {"name": found.name}
    )
    return redirect("registrations")


@require_http_methods(["POST"])
def password_issue(request: HttpRequest, pk: int) -> HttpResponse:
    """A new one-time password for a person who forgot his or whose account is frozen."""
    user = cast(User, request.user)
    person = get_object_or_404(User.objects.select_related("unit"), pk=pk)
    if not may_issue(user, person):
        if not access.may(user, "people.see", person.unit):
            raise Http404  # no word about who exists
        raise access.Refused(
            _("Passwords are issued by the department that reviews the unit's people, and never to oneself.")
        )
    form = IssueForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say how the password reaches the person."))
        return redirect("person", person.pk)
    issued = password_verbs.issue(person, by=user, means=form.cleaned_data["means"])
    if form.cleaned_data["means"] == Means.PAPER:
        return _slip(request, person, issued, back="people")
    messages.success(request, _("A one-time password is on its way to %(email)s.") % {"email": person.email})
    return redirect("person", person.pk)


def may_issue(user: User, person: User) -> bool:
    """The department that reviews his unit; for one of the three administrators another of them."""
    if user.pk == person.pk or not person.is_active:
        return False
    if person.unit_id is None:
        return access.may(user, "account.unlock") and bool(person.admin_role)
    return access.may(user, "password.issue", person.unit_id)


def _slip(request: HttpRequest, person: User, issued: Issued, back: str) -> HttpResponse:
    """Shown once, to be printed and handed over; no cache keeps it."""
    context = {
        "person": person,
        "password": issued.shown,
        "hours": parameters.current().one_time_hours,
        "back": back,
        "now": now(),
    }
    response = render(request, "accounts/slip.html", context)
    patch_cache_control(response, no_store=True, private=True)
    return response
