"""One address for each verb: its form alone by GET (for whoever has no script), the deed by POST."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import Refused
from accounts.models import User
from channelportal.core import clock, files
from channelportal.core.errors import Invalid, WrongState
from feedback import forms, workflow
from feedback.models import Ticket
from feedback.views import person
from feedback.views.catalogue import BY_PATH, Call, Verb
from feedback.views.page import show, visible


def verb(request: HttpRequest, pk: int, path: str) -> HttpResponse:
    """Visible (404), may (403), form, verb (409), then the page again."""
    ticket, deed = visible(request, pk), BY_PATH[path]
    if reason := deed.refusal(ticket, person(request)):
        raise Refused(reason)
    if request.method != "POST":
        return _alone(request, ticket, deed, deed.form(ticket=ticket, user=person(request), auto_id=f"{path}-%s"))
    form = deed.form(request.POST, request.FILES, ticket=ticket, user=person(request), auto_id=f"{path}-%s")
    if not form.is_valid() or not _do(deed, ticket, person(request), form):
        return show(request, visible(request, pk), bound=(deed, form), status=422)
    messages.success(request, str(deed.words(ticket)) % {"unit": ticket.responsible.name})
    return _after(request, pk)


def _do(deed: Verb, ticket: Ticket, user: User, form: forms.VerbForm) -> bool:
    """Run the verb with its files in one transaction; what it calls invalid becomes an error of the form."""
    try:
        with transaction.atomic():
            chosen = form.cleaned_data.get("files", [])
            kept = files.keep_all(chosen, by=user, at=clock.now()) if chosen else []
            deed.run(Call(ticket, user, form.cleaned_data, kept))
    except Invalid as wrong:
        name = {"into": "number"}.get(wrong.field, wrong.field)
        form.add_error(name if name in form.fields else None, str(wrong.message))
        return False
    return True


def _after(request: HttpRequest, pk: int) -> HttpResponse:
    """The page as it is now; the list, when the deed took the ticket out of this person's sight."""
    seen = Ticket.objects.visible_to(person(request)).filter(pk=pk).exists()
    address = f"/tickets/{pk}/" if seen else "/tickets/"
    if request.headers.get("HX-Request") and seen:
        return show(request, visible(request, pk))
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _alone(request: HttpRequest, ticket: Ticket, deed: Verb, form: forms.VerbForm) -> HttpResponse:
    second = BY_PATH.get(deed.other)
    if second and second.refusal(ticket, form.user):
        second = None
    context = {"ticket": ticket, "verb": deed, "form": form, "second": second, "now": clock.now()}
    part = request.headers.get("HX-Request") and not request.headers.get("HX-Boosted")
    return render(request, "feedback/_form.html" if part else "feedback/verb.html", context)


@require_POST
def approve_many(request: HttpRequest) -> HttpResponse:
    """Approve the chosen tickets of the list, each by itself: one that cannot be does not stop the others."""
    chosen = [int(pk) for pk in request.POST.getlist("ticket") if pk.isdecimal() and len(pk) < 19][:100]
    done, left = 0, []
    for ticket in Ticket.objects.visible_to(person(request)).filter(pk__in=chosen).order_by("pk"):
        try:
            workflow.approve(ticket, by=person(request))
            done += 1
        except (WrongState, Refused) as no:
            left.append(f"{ticket.number}: {no}")
    if done:
        messages.success(
            request,
            ngettext("%(count)d ticket approved and sent.", "%(count)d tickets approved and sent.", done)
            % {"count": done},
        )
    if left:
        messages.warning(request, _("Not approved: %(list)s") % {"list": _("; ").join(left)})
    if not chosen:
        messages.info(request, _("Nothing was chosen."))
    return redirect("/tickets/?view=approve")
