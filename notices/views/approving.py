"""Approving: the text by its places, what changed since the last look, the chain so far, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import access
from accounts.access import Refused
from accounts.models import User
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.pages import show_form
from channelportal.lib import rich
from channelportal.lib.rich import Block
from notices import chain, deciders, rights, workflow
from notices.audience import Audience
from notices.forms.approving import DecisionForm
from notices.models import Notice, Step, Version
from notices.recipients import subscribed_kind
from notices.rights import Situation
from notices.views import facts as about
from notices.views.finding import unpublished, visible
from notices.views.outlook import reach
from notices.workflow.base import wrong_state

QUOTE = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A numbered place of the text; `field`: its remark (None: it is not the reader's to decide)."""

    block: Block
    field: Any


def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """The approval page; by POST the approval."""
    notice, user = visible(request, pk), access.signed_in(request)
    found = rights.situation(notice)
    unpublished(notice, user, found.deciders)
    if found.in_hand is None:
        raise wrong_state(notice)
    if request.method != "POST":
        return _show(request, notice, found, _form(notice, found, None))
    form, step = _decision(request, notice, found, user)
    if form.is_valid() and form.remarks():
        form.add_error(
            None, _("You wrote remarks at places of the text. Return it with them, or empty them before you approve.")
        )
    if form.is_valid() and _run(form, lambda: _approve(step, form, user)):
        messages.success(request, _decided(notice))
        return _next(request, notice)
    return _show(request, notice, found, form)


def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return it with remarks at places of the text."""
    if request.method != "POST":
        return redirect("notice-approve", pk)
    notice, user = visible(request, pk), access.signed_in(request)
    found = rights.situation(notice)
    unpublished(notice, user, found.deciders)
    form, step = _decision(request, notice, found, user)
    if form.is_valid() and _run(form, lambda: _return(step, form, user)):
        messages.success(request, _("Returned to the author with your remarks."))
        return _next(request, notice)
    return _show(request, notice, found, form)


def _decision(request: HttpRequest, notice: Notice, found: Situation, user: User) -> tuple[DecisionForm, Step]:
    """The filled-in form and the open step, if it is this person's; `WrongState`, `Refused` else."""
    if found.step is None:
        raise wrong_state(notice, found.in_hand)
    rights.require("approve", notice, user, found.step)
    if request.POST.get("step", str(found.step.pk)) != str(found.step.pk):  # taken back and sent anew since he read it
        raise WrongState(_("It was sent anew since you opened this page. Please read it again."))
    return _form(notice, found, request.POST), found.step


def _form(notice: Notice, found: Situation, data: Any) -> DecisionForm:
    places = [block.number for block in rich.blocks(found.in_hand.body)] if found.in_hand else []
    checks = found.step is not None and chain.asks_checks(found.step.reasons)
    return DecisionForm(data, places=places, checks=checks, lead=_asks_lead(notice, found))


def _asks_lead(notice: Notice, found: Situation) -> bool:
    """The time ahead is short, as sent or because it lay: the first who decides while it is says why he accepts it."""
    if found.step is None or found.in_hand is None:
        return False
    if workflow.short_lead(notice, found.in_hand, at=timezone.now()) is None:
        return False
    return not Step.objects.filter(sending=found.step.sending_id).exclude(lead_reason="").exists()


def _approve(step: Step, form: DecisionForm, user: User) -> None:
    data = form.cleaned_data
    workflow.approve(step, by=user, text=data["text"], checks=form.ticked(), lead_reason=data.get("lead_reason", ""))


def _return(step: Step, form: DecisionForm, user: User) -> None:
    words = {block.number: block.text for block in rich.blocks(step.version.body)}
    remarks = [(place, words.get(place, "")[:QUOTE], text) for place, text in form.remarks().items()]
    workflow.send_back(step, by=user, text=form.cleaned_data["text"], remarks=remarks)


def _run(form: DecisionForm, deed: Any) -> bool:
    """Run the verb; what it calls invalid becomes an error of the form."""
    try:
        deed()
    except Invalid as wrong:
        wrong.show_in(form)
        return False
    return True


def _decided(notice: Notice) -> str:
    notice.refresh_from_db()
    step = rights.situation(notice).step
    if step is not None:
        return _("Approved. %(unit)s decides next.") % {"unit": step.unit.name}
    if notice.state == Notice.State.SCHEDULED:
        return _("Approved. It is published at its set time.")
    if notice.state == Notice.State.APPROVED:
        return _("Approved. The author carries it out and records what was done.")
    return _("Approved. It is being published.")


def _next(request: HttpRequest, notice: Notice) -> HttpResponse:
    """The notice; the list, where it is out of this person's sight now."""
    seen = Notice.objects.visible_to(access.signed_in(request)).filter(pk=notice.pk).exists()
    return redirect(notice.get_absolute_url() if seen else "/notices/?view=approve")


# ── the page ────────────────────────────────────────────────────────────────────────────────────


def _show(request: HttpRequest, notice: Notice, found: Situation, form: DecisionForm) -> HttpResponse:
    user, version = access.signed_in(request), found.in_hand or Version()
    now = timezone.now()  # the page may go by this machine's clock; the verb asks the database's
    mine = user.pk in found.deciders
    context = {
        "notice": notice, "version": version, "step": found.step, "form": form, "mine": mine, "now": now,
        "why_not": "" if mine else _why_not(found, user),
        "places": [Place(block, form.remark_field(block.number) if mine else None) for block in rich.blocks(version.body)],
        "changed": about.changed(notice, version, found.step, user),
        "policy": about.policy(notice, version, now),
        "facts": about.facts(notice, version, now),
        "reach": reach(Audience.read(notice.audience), subscribed_kind(notice.kind, notice.level), user),
        "rounds": about.rounds(version, found),
        "files": about.files_of(notice, version),
        "short": workflow.short_lead(notice, version, at=now) if version.pk else None,
        "stands_in": mine and user.role == User.Role.DEPUTY,
    }  # fmt: skip
    return show_form(request, "notices/approve.html", context)


def _why_not(found: Situation, user: User) -> str:
    if found.step is None:
        return _("Nothing waits for a decision: it is being written.")
    if user.pk in deciders.barred(found.step):
        return str(rights.REASONS["own"])
    return _("It is not your turn: %(unit)s decides now.") % {"unit": found.step.unit.name}


@require_POST
def approve_many(request: HttpRequest) -> HttpResponse:
    """Approve the chosen steps of the list, each by itself: one that cannot be does not stop the others."""
    user, done, left = access.signed_in(request), 0, []
    chosen = [int(pk) for pk in request.POST.getlist("step") if pk.isdecimal() and len(pk) < 19][:100]
    visible_to = Notice.objects.visible_to(user)
    steps = Step.objects.filter(pk__in=chosen, version__notice__in=visible_to).select_related("version__notice", "unit")
    for step in steps.order_by("opened_at", "pk"):
        try:
            workflow.approve(step, by=user)
            done += 1
        except (WrongState, Refused, Invalid) as no:
            left.append(f"{step.version.notice.number}: {getattr(no, 'message', no)}")
    if done:
        words = ngettext("%(count)d notice approved.", "%(count)d notices approved.", done)
        messages.success(request, words % {"count": done})
    if left:
        messages.warning(request, _("Not approved: %(list)s") % {"list": _("; ").join(left)})
    if not chosen:
        messages.info(request, _("Nothing was chosen."))
    return redirect("/notices/?view=approve")
