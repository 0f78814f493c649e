"""Pages of people: the list, one person, and one address per verb on him (000 5.9.3(3))."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import forms_organisation as forms
from accounts import locks, organisation
from accounts.access import Refused, may
from accounts.filters import PeopleFilter
from accounts.forms import IssueForm
from accounts.models import OneTimePassword, Registration, SignIn, User
from accounts.organisation_history import history
from accounts.passwords import State
from accounts.views.account import device_words
from accounts.views.organising import form_page, person_of
from accounts.views.review import may_issue
from accounts.workflow import passwords, sessions
from accounts.workflow import people as verbs
from channelportal.core import parameters
from channelportal.core.clock import now
from channelportal.core.errors import WrongState
from channelportal.core.lists import Column, page_of
from channelportal.core.once import once

MOST_SESSIONS = 10
MOST_SLIPS = 100  # a page of the list
SORTS = {
    "name": "pinyin",
    "unit": ("unit__pinyin", "role", "pinyin"),
    "role": ("role", "pinyin"),
    "changed": "password_changed_at",
}


def state_of(user: User) -> tuple[str, str]:
    """(tone, words) of an account for its badge."""
    if not user.is_active:
        return "wait", _("deactivated")
    if user.frozen_at:
        return "late", _("frozen")
    if user.password_changed_at is None:
        return "due", _("never signed in")
    return "done", _("in use")


COLUMNS = [
    Column(gettext_lazy("name"), attrgetter("name"), 12),
    Column(gettext_lazy("unit"), lambda user: user.unit.name if user.unit else "", 22),
    Column(gettext_lazy("kind"), lambda user: user.unit.get_kind_display() if user.unit else "", 12),
    Column(
        gettext_lazy("role"), lambda user: user.get_role_display() if user.unit else user.get_admin_role_display(), 12
    ),
    Column(gettext_lazy("position"), attrgetter("position")),
    Column(gettext_lazy("phone"), attrgetter("phone")),
    Column(gettext_lazy("e-mail"), attrgetter("email"), 28),
    Column(gettext_lazy("account"), attrgetter("username"), 20),
    Column(gettext_lazy("state"), lambda user: state_of(user)[1], 12),
]


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everyone he may see, found by name, initials, phone."""
    user = person_of(request)
    page = page_of(
        request, organisation.visible_people(user).select_related("unit"), PeopleFilter, SORTS, default="unit"
    )
    if page.exporting:
        return page.xlsx("people", COLUMNS)
    locked = locks.locked_ids(now())
    for one in page:
        one.badge = ("late", _("sign-in locked")) if one.pk in locked and one.is_active else state_of(one)
    may_add = organisation.edits_people(user, None)
    return render(
        request,
        "organisation/people.html",
        {**page.context(), "may_add": may_add, "may_issue": may(user, "password.issue")},
    )


@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: contact, role, state of his password in words, registration, absences, what was done to him."""
    user = person_of(request)
    this = _seen(user, pk)
    changes = organisation.edits_people(user, this.unit) and this.unit is not None
    guards = _guards(user, this)
    context = {
        "person": this,
        "badge": state_of(this),
        "password": password_words(this),
        "registration": Registration.objects.filter(user=this).first(),
        "absences": this.absences.filter(ended_at=None, last_day__gte=localdate()).select_related("deputy"),
        "contact_of": this.contact_of.filter(active=True),
        "changes": changes,
        "himself": this.pk == user.pk,
        "history": history(this) if changes else [],
        "guards": guards,
        "locks": locks.standing(this, now()) if guards else [],
        "sessions": _sessions_of(this) if guards else [],
        "issue_form": IssueForm() if may_issue(user, this) else None,
    }
    return render(request, "organisation/person.html", context)


def person_new(request: HttpRequest) -> HttpResponse:
    """Add a person without a registration; the password is issued afterwards on his page."""
    user = person_of(request)
    if not organisation.edits_people(user, None):
        raise Refused(_("Only the reviewing departments add people. Everybody may register on the public page."))
    form = forms.PersonNew(request.POST or None, user=user, initial={"unit": request.GET.get("unit", "")[:9]})

    def act(values: dict[str, Any]) -> str:
        made, _new = once(user, values.pop("once"), lambda: verbs.add(**values, by=user))
        return reverse("person", args=[made.pk])

    return form_page(
        request,
        form,
        act,
        done=_("The person is added. Issue a password now, so that he can sign in."),
        back=reverse("people"),
        title=_("Add a person"),
        notes=[_("Everybody can also register by himself; his unit's reviewing department then approves it.")],
    )


def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = person_of(request)
    this = _edited(user, pk)
    name = this.name
    form = forms.PersonEdit(request.POST or None, instance=this)
    return form_page(
        request,
        form,
        lambda values: verbs.change(this, by=user, **values),
        done=_("Saved."),
        back=reverse("person", args=[pk]),
        title=_("Change %(name)s") % {"name": name},
        person=this,
    )


def person_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role in the same unit; what the old one held ends."""
    user = person_of(request)
    this = _edited(user, pk, himself=False)
    consequence = organisation.losing_head(this)
    form = forms.PersonRole(request.POST or None, consequence=consequence, initial={"role": this.role})
    return form_page(
        request,
        form,
        lambda values: verbs.change_role(this, by=user, **values),
        done=_("The role is changed; the person signs in anew."),
        back=reverse("person", args=[pk]),
        title=_("Role of %(name)s") % {"name": this.name},
        notes=[_("All sessions and issued passwords of the person end at once.")],
        warning=consequence,
        person=this,
    )


def person_transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """To another unit; everything that came with the old one ends."""
    user = person_of(request)
    this = _edited(user, pk, himself=False)
    consequence = organisation.losing_head(this)
    form = forms.PersonTransfer(request.POST or None, user=user, consequence=consequence, initial={"role": "member"})
    return form_page(
        request,
        form,
        lambda values: verbs.transfer(this, by=user, **values),
        done=_("The person is transferred and signs in anew."),
        back=reverse("person", args=[pk]),
        title=_("Transfer %(name)s") % {"name": this.name},
        submit=_("Transfer"),
        notes=[
            _(
                "Sessions, issued passwords, shared tickets and being a contact person end at once; the tickets stay with the unit."
            )
        ],
        warning=consequence,
        person=this,
    )


def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """The person leaves: the account is closed with everything it held."""
    user = person_of(request)
    this = _edited(user, pk, himself=False)
    consequence = organisation.losing_head(this)
    form = forms.PersonLeaving(request.POST or None, consequence=consequence)
    return form_page(
        request,
        form,
        lambda values: verbs.deactivate(this, by=user, **values),
        done=_("The account is deactivated."),
        back=reverse("person", args=[pk]),
        title=_("Deactivate %(name)s") % {"name": this.name},
        submit=_("Deactivate"),
        danger=True,
        confirm=_("Deactivate the account of %(name)s? All sessions end at once.") % {"name": this.name},
        notes=[_("What the person wrote stays. The account can be taken into use again with a newly issued password.")],
        warning=consequence,
        person=this,
    )


@require_POST
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = person_of(request)
    this = _edited(user, pk, himself=False)
    verbs.reactivate(this, by=user)
    messages.success(request, _("The account is in use again. Issue a password now, so that the person can sign in."))
    return redirect("person", pk)


@require_POST
def slips(request: HttpRequest) -> HttpResponse:
    """Issue one-time passwords to the people ticked, on paper: shown on this page only, to be printed and handed over."""
    user = person_of(request)
    ids = [int(pk) for pk in request.POST.getlist("ids")[:MOST_SLIPS] if pk.isdecimal() and len(pk) < 12]
    found = (
        organisation.visible_people(user).filter(pk__in=ids, is_active=True).exclude(pk=user.pk).select_related("unit")
    )
    chosen = [one for one in found if one.unit and may(user, "password.issue", one.unit)]
    if not chosen:
        raise Refused(_("None of them gets his password from you: tick people whose unit you review."))
    with transaction.atomic():
        issued = [(one, passwords.issue(one, by=user, means=OneTimePassword.Means.PAPER).shown) for one in chosen]
    context = {"issued": issued, "left_out": len(ids) - len(chosen), "hours": parameters.current().one_time_hours}
    return render(request, "organisation/slips.html", context)


def person_unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """Too many wrong passwords: the lock ends now."""
    user = person_of(request)
    this = _guarded(user, pk)
    if not locks.standing(this, now()):
        raise WrongState(_("The sign-in of this person is not locked."))
    return form_page(
        request,
        forms.Why(request.POST or None),
        lambda values: sessions.unlock(this, by=user, **values),
        done=_("The sign-in is unlocked. The person is told."),
        back=reverse("person", args=[pk]),
        title=_("Unlock the sign-in of %(name)s") % {"name": this.name},
        submit=_("Unlock"),
        notes=[
            _("Make sure that the person asked for it: somebody else may have tried his password."),
            _("The password stays as it is. Whoever has forgotten his needs a one-time password instead."),
        ],
        person=this,
    )


def person_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """A lost phone, a stranger in the account: every open session of the person ends."""
    user = person_of(request)
    this = _guarded(user, pk)
    return form_page(
        request,
        forms.Why(request.POST or None),
        lambda values: sessions.end_all(this, by=user, **values),
        done=_("All sessions of the person are ended."),
        back=reverse("person", args=[pk]),
        title=_("End all sessions of %(name)s") % {"name": this.name},
        submit=_("End all sessions"),
        danger=True,
        notes=[
            _("The person is signed out everywhere at once and signs in anew; drafts are kept."),
            _("The password stays good. If a stranger knows it, issue a new one as well."),
        ],
        person=this,
    )


def password_words(user: User) -> str:
    """How the person's password stands, in a sentence."""
    if not user.is_active:
        return _("The account is deactivated.")
    if OneTimePassword.objects.filter(user=user, used_at=None, voided_at=None).exists():
        return _("A password was issued and not used yet.")
    return {
        State.ISSUED: _("No password was issued yet, or the issued one lapsed."),
        State.FRESH: _("Changed by the person himself, and in time."),
        State.DUE: _("Due: the person must change it at the next sign-in."),
        State.FROZEN: _("Frozen because the password was not changed in time: issue a new one."),
    }[passwords.state(user)]


# ── who may ─────────────────────────────────────────────────────────────────────────────────────


def _seen(user: User, pk: int) -> User:
    return get_object_or_404(organisation.visible_people(user).select_related("unit"), pk=pk)


def _sessions_of(this: User) -> list[dict[str, Any]]:
    rows = SignIn.objects.filter(user=this).order_by("-seen_at")[:MOST_SESSIONS]
    return [{"row": row, "device": device_words(row.device)} for row in rows]


def _guards(user: User, this: User) -> bool:
    """The security administrator, for everybody; the department that reviews his unit and 企发部, for people of a unit."""
    if user.pk == this.pk or not this.is_active:
        return False
    return may(user, "account.unlock", this.unit) or (
        this.unit is not None and organisation.edits_people(user, this.unit)
    )


def _guarded(user: User, pk: int) -> User:
    this = _seen(user, pk)
    if not _guards(user, this):
        raise Refused(
            _(
                "Only the security administrator and the reviewing department of the unit unlock accounts and end sessions."
            )
        )
    return this


def _edited(user: User, pk: int, *, himself: bool = True) -> User:
    this = _seen(user, pk)
    if this.unit is None or not organisation.edits_people(user, this.unit):
        raise Refused(_("Only the reviewing department of the unit and the supervising department change its people."))
    if not himself and this.pk == user.pk:
        raise Refused(_("Nobody changes his own role, unit or access: ask a colleague of the reviewing department."))
    return this
