"""更正: a corrected version of what is published, with what changed and why (000 4.1.4)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from channelportal.core import clock, drafts, files
from channelportal.core.errors import Invalid, Unreadable
from channelportal.core.pages import show_form
from notices import workflow
from notices.forms.approving import CorrectionForm
from notices.forms.drafting import from_draft
from notices.models import Notice, Version
from notices.views.finding import in_hand, possible, visible
from notices.views.remarks import open_remarks


def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a correction, or go on with the one in hand; readers see the words of before until it is approved."""
    notice, user = visible(request, pk), access.signed_in(request)
    version = in_hand(notice)
    possible("edit_correction" if version else "correct", notice, user)
    base = version or notice.version
    if base is None:
        return redirect(notice)
    options: dict[str, Any] = {"version": base, "policy": notice.kind.policy}
    if request.method != "POST":
        typed = from_draft(
            CorrectionForm, user, f"notice.correct.{pk}", since=version.edited_at if version else base.edited_at
        )
        begin = CorrectionForm.begin(base) | ({} if version else {"change": "", "change_reason": "", "error": False})
        return _show(request, notice, CorrectionForm(initial=begin | typed, **options), typed)
    form = CorrectionForm(request.POST, request.FILES, **options)
    if form.is_valid() and _write(user, notice, version, form, sending="send" in request.POST):
        return _after(request, notice)
    return _show(request, notice, form)


def _write(user: User, notice: Notice, version: Version | None, form: CorrectionForm, *, sending: bool) -> bool:
    data = form.cleaned_data
    try:
        with transaction.atomic():
            added = files.keep_all(data["files"], by=user, at=clock.now(), confidential=notice.confidential)
            given = form.verb_arguments()
            if version is None:
                workflow.correct(notice, by=user, files=added, **given)
            else:
                workflow.edit_correction(version, by=user, files=added, **given)
            if sending:
                workflow.send(notice, by=user, lead_note=data.get("lead_note", ""))
            drafts.forget(user, f"notice.correct.{notice.pk}")
    except Invalid as wrong:
        wrong.show_in(form)
        return False
    except Unreadable as wrong:  # no key to encrypt with
        form.add_error("files", str(wrong.message))
        return False
    return True


def _after(request: HttpRequest, notice: Notice) -> HttpResponse:
    version = in_hand(notice)
    if version is not None and version.state in (Version.State.DRAFT, Version.State.RETURNED):
        messages.success(request, _("Saved as a draft. Readers still see the words of before."))
        return redirect("notice-correct", notice.pk)
    if version is None:
        messages.success(request, _("Corrected. Who read the old words is told."))
    else:
        messages.success(
            request, _("The correction has been sent for approval. Until then readers see the words of before.")
        )
    return redirect(notice)


def _show(
    request: HttpRequest, notice: Notice, form: CorrectionForm, typed: dict[str, Any] | None = None
) -> HttpResponse:
    context = {
        "notice": notice,
        "form": form,
        "version": in_hand(notice),
        "remarks": open_remarks(notice),
        "draft": f"notice.correct.{notice.pk}",
        "draft_kept": bool(typed),
        "now": clock.now(),
    }
    return show_form(request, "notices/correct.html", context)
