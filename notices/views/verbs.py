"""The small verbs of the author's side: each says what will happen, to how many, and asks once."""
# ruff: noqa: E501 (the table reads best with a verb in a few long lines)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import access
from accounts.models import User
from channelportal.core import clock
from channelportal.core.errors import Invalid
from channelportal.core.pages import show_form
from notices import workflow
from notices.forms.approving import BareForm, OutcomeForm, ReasonForm, WithdrawForm
from notices.models import Notice, Version
from notices.views.finding import in_hand, possible, visible
from notices.workflow.base import wrong_state

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verb:
    """`needs`: its name in `notices.rights`; `effect`: what will happen, in words, for this notice."""

    path: str
    needs: str
    form: type[forms.Form]
    title: Any
    submit: Any
    done: Any
    effect: Callable[[Notice], str]
    run: Callable[[Notice, User, Data], object]
    icon: str
    danger: bool = False


def _withdrawn(notice: Notice) -> str:
    return ngettext(
        "%(count)d person received it. The text stays, marked as withdrawn with your reason; who received it is told, and nobody has to acknowledge it any more. It cannot be published again.",
        "%(count)d people received it. The text stays, marked as withdrawn with your reason; who received it is told, and nobody has to acknowledge it any more. It cannot be published again.",
        notice.recipients,
    ) % {"count": notice.recipients}


def _cancelled(notice: Notice) -> str:
    if notice.state in (Notice.State.SCHEDULED, Notice.State.APPROVED):
        return str(
            _("It is approved but nobody has received it. It is called off for good, and who approved it is told.")
        )
    return str(_("Nobody has received it. It is kept on record as cancelled, and leaves your list of drafts."))


def _recalled(notice: Notice) -> str:
    words = _(
        "It leaves the approvers' lists and is a draft again. Decisions so far stay on record; sent again, the chain begins anew."
    )
    return str(words)


def _published(notice: Notice) -> str:
    return str(_("It goes out at once, not at its set time. It cannot be taken back without a trace, only withdrawn."))


def _dropped(notice: Notice) -> str:
    return str(_("The corrected words are given up. Readers go on seeing what is published."))


def _recorded(notice: Notice) -> str:
    words = _(
        "Say what was done and when: with that the communication is closed, and its approvers see what became of it."
    )
    return str(words)


def _drop(notice: Notice, user: User, data: Data) -> object:
    version = in_hand(notice)
    if version is None:
        raise wrong_state(notice)
    return workflow.drop(version, by=user)


VERBS: Final[tuple[Verb, ...]] = (
    Verb(
        "recall", "recall", BareForm, _("Take it back from approval"), _("Take it back"), _("It is a draft again."), _recalled,
        lambda notice, user, data: workflow.recall(notice, by=user), "arrow-back-up",
    ),
    Verb(
        "cancel", "cancel", ReasonForm, _("Cancel it"), _("Cancel this notice"), _("Cancelled."), _cancelled,
        lambda notice, user, data: workflow.cancel(notice, by=user, reason=data["reason"]), "trash", danger=True,
    ),
    Verb(
        "publish", "publish", BareForm, _("Publish it now"), _("Publish now"), _("It is being published."), _published,
        lambda notice, user, data: workflow.publish(notice, by=user), "send",
    ),
    Verb(
        "withdraw", "withdraw", WithdrawForm, _("Withdraw the notice"), _("Withdraw this notice"), _("Withdrawn. Its recipients are told."), _withdrawn,
        lambda notice, user, data: workflow.withdraw(notice, by=user, reason=data["reason"], wrong=data["wrong"] == "yes"), "minus", danger=True,
    ),
    Verb(
        "drop", "drop", BareForm, _("Give the correction up"), _("Give it up"), _("The correction was given up."), _dropped, _drop,
        "x", danger=True,
    ),
    Verb(
        "outcome", "record_outcome", OutcomeForm, _("Record what was done"), _("Record it"), _("Recorded. The communication is closed."), _recorded,
        lambda notice, user, data: workflow.record_outcome(notice, by=user, text=data["text"], on=data["on"]), "check",
    ),
)  # fmt: skip
BY_PATH: Final = {verb.path: verb for verb in VERBS}


def verb(request: HttpRequest, pk: int, path: str) -> HttpResponse:
    """Visible (404), may and possible (403, 409), what will happen, form, deed."""
    notice, user, deed = visible(request, pk), access.signed_in(request), BY_PATH[path]
    possible(deed.needs, notice, user)
    form = deed.form(request.POST if request.method == "POST" else None)
    if path == "cancel" and notice.state in (Notice.State.DRAFT, Notice.State.RETURNED):
        form.fields["reason"].required = False
    if request.method == "POST" and form.is_valid() and _run(deed, notice, user, form):
        messages.success(request, str(deed.done))
        return redirect(_where(notice, user))
    context = {"notice": notice, "verb": deed, "form": form, "effect": deed.effect(notice), "now": clock.now()}
    return show_form(request, "notices/verb.html", context)


def _run(deed: Verb, notice: Notice, user: User, form: forms.Form) -> bool:
    try:
        deed.run(notice, user, form.cleaned_data)
    except Invalid as wrong:
        wrong.show_in(form)
        return False
    return True


def _where(notice: Notice, user: User) -> str:
    """The notice as it stands now; a draft again is opened to be written on."""
    found = Notice.objects.visible_to(user).filter(pk=notice.pk).first()
    if found is None:
        return "/notices/"
    version = in_hand(found)
    writing = found.state == Notice.State.DRAFT or (version is not None and version.state == Version.State.DRAFT)
    return f"/notices/{found.pk}/edit/" if writing else found.get_absolute_url()
