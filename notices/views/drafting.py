"""Writing a notice or a 渠道沟通申请表: new, edited, and what the form asks while it is filled in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from accounts.models import User
from channelportal.core import clock, drafts, files
from channelportal.core.errors import Invalid, Unreadable
from channelportal.core.models import Submission
from channelportal.lib.text import clean_line
from notices import workflow
from notices.forms import audience as audiences
from notices.forms.drafting import NoticeForm, RequestForm, from_draft, from_kind, from_notice
from notices.models import Level, Notice, Robot, Version
from notices.views.finding import possible, visible
from notices.views.outlook import lead, outlook
from notices.views.remarks import open_remarks

NEW, REQUEST = "notice.new", "notice.request"


def new(request: HttpRequest) -> HttpResponse:
    """Write a notice for one's own unit."""
    return _new(request, NoticeForm, NEW)


def new_request(request: HttpRequest) -> HttpResponse:
    """Fill in a communication request form (001 四(一))."""
    return _new(request, RequestForm, REQUEST)


def _new(request: HttpRequest, form_class: type[NoticeForm], draft: str) -> HttpResponse:
    user = access.signed_in(request)
    access.require(user, "notice.draft", user.unit_id, _("Only people of a unit write notices."))
    if request.method == "POST":
        form = form_class(request.POST, request.FILES, user=user, sending="send" in request.POST)
        if form.is_valid() and "preview" not in request.POST and (notice := _write(user, form, draft)):
            return _after(request, notice)
        return _show(request, form, draft)
    typed = from_draft(form_class, user, draft)
    return _show(request, form_class(user=user, initial=typed or _usual(request, form_class, user)), draft, typed)


def _usual(request: HttpRequest, form_class: type[NoticeForm], user: User) -> dict[str, Any]:
    """The defaults of the kind that the address names."""
    if not request.GET.get("kind", "").isdecimal():
        return {}
    return from_kind(form_class(user=user).of_kind.get(request.GET["kind"]))


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft of one's own, or one that came back: the approver's remarks stand beside the text."""
    notice, user = visible(request, pk), access.signed_in(request)
    version = notice.versions.order_by("-number").first()
    if version is not None and version.number > 1 and version.state in Version.OPEN:
        return redirect("notice-correct", pk)
    possible("edit", notice, user)
    form_class, draft = RequestForm if notice.request else NoticeForm, f"notice.edit.{pk}"
    if request.method == "POST":
        form = form_class(request.POST, request.FILES, user=user, sending="send" in request.POST, notice=notice)
        if form.is_valid() and "preview" not in request.POST and _rewrite(user, form, notice, draft):
            return _after(request, notice)
        return _show(request, form, draft)
    typed = from_draft(form_class, user, draft, since=notice.touched_at)
    saved = from_notice(notice, version or Version(), user)
    return _show(request, form_class(user=user, notice=notice, initial=saved | typed), draft, typed)


# ── the deeds ───────────────────────────────────────────────────────────────────────────────────


def _write(user: User, form: NoticeForm, draft: str) -> Notice | None:
    """Save it, and send it if that was asked; what the verbs call invalid becomes an error of the form."""
    key = form.cleaned_data["once"]
    earlier = _made_before(user, key)
    if earlier is not None and earlier.state not in (Notice.State.DRAFT, Notice.State.RETURNED):
        return earlier
    if earlier is not None:  # back from the next page: the same draft, with what is written now
        form.cleaned_data["keep_files"] = None
        return earlier if _rewrite(user, form, earlier, draft) else None
    try:
        with transaction.atomic():
            notice = workflow.draft(
                by=user, request=form.request, key=key, files=_kept(user, form), **form.verb_arguments()
            )
            _finish(user, form, notice, draft)
    except (Invalid, Unreadable) as wrong:
        _say(form, wrong)
        return None
    return notice


def _rewrite(user: User, form: NoticeForm, notice: Notice, draft: str) -> bool:
    keep = form.cleaned_data["keep_files"]
    try:
        with transaction.atomic():
            workflow.edit(notice, by=user, files=_kept(user, form), keep_files=keep, **form.verb_arguments())
            _finish(user, form, notice, draft)
    except (Invalid, Unreadable) as wrong:
        _say(form, wrong)
        return False
    return True


def _finish(user: User, form: NoticeForm, notice: Notice, draft: str) -> None:
    if form.sending:
        workflow.send(notice, by=user, lead_note=form.cleaned_data["lead_note"])
    drafts.forget(user, draft)


def _kept(user: User, form: NoticeForm) -> list[Any]:
    chosen, level = form.cleaned_data["files"], form.cleaned_data["level"]
    return files.keep_all(chosen, by=user, at=clock.now(), confidential=level == Level.CONFIDENTIAL)


def _made_before(user: User, key: UUID) -> Notice | None:
    row = Submission.objects.filter(user=user, key=key, object_type="notices.notice").first()
    return Notice.objects.filter(pk=row.object_id).first() if row else None


def _say(form: NoticeForm, wrong: Invalid | Unreadable) -> None:
    """`Unreadable`: there is no key to encrypt a confidential notice's files with."""
    names = {"audience": "channels"}
    field = wrong.field if isinstance(wrong, Invalid) else "files"
    name = names.get(field, field)
    form.add_error(name if name in form.fields else None, str(wrong.message))


def _after(request: HttpRequest, notice: Notice) -> HttpResponse:
    notice.refresh_from_db()
    if notice.state in (Notice.State.DRAFT, Notice.State.RETURNED):
        messages.success(request, _("Saved as a draft. Nobody else has it yet."))
        return redirect("notice-edit", notice.pk)
    words = (
        _("%(number)s is on its way.")
        if notice.state != Notice.State.PENDING
        else _("%(number)s has been sent for approval.")
    )
    messages.success(request, words % {"number": notice.number})
    return redirect(notice)


# ── the page ────────────────────────────────────────────────────────────────────────────────────


def _show(request: HttpRequest, form: NoticeForm, draft: str, typed: dict[str, Any] | None = None) -> HttpResponse:
    """`typed`: what was being typed last time, if that is what stands in the form."""
    user, now = access.signed_in(request), clock.now()
    preview = "preview" in request.POST
    context = {
        "form": form,
        "notice": form.notice,
        "picks": form.picks(),
        "outlook": outlook(form, user, now) if form.is_bound else None,
        "lead": lead(form, now),
        "robots": list(Robot.objects.filter(unit=user.unit_id, active=True).values_list("name", flat=True)[:5]),
        "remarks": open_remarks(form.notice) if form.notice else None,
        "draft": draft,
        "draft_kept": bool(typed),
        "done": [
            int(name[5:])
            for name in typed or request.POST
            if name.startswith("done-") and name[5:].isdecimal() and len(name) < 24
        ],
        "preview": preview,
        "now": now,
        "cancel": form.notice.get_absolute_url() if form.notice else reverse("notices"),
    }
    status = 200 if preview or not form.is_bound else 422
    return render(request, "notices/edit.html" if form.notice else "notices/new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def audience(request: HttpRequest) -> HttpResponse:
    """The fragment beside the form: count, list, chain. By POST, since names and texts are long; nothing is changed."""
    user = access.signed_in(request)
    access.require(user, "notice.draft", user.unit_id, _("Only people of a unit write notices."))
    sent = request.POST or request.GET
    pk, notice = sent.get("notice", ""), None
    if pk.isdecimal() and len(pk) < 19:
        notice = visible(request, int(pk))
    form = (RequestForm if "purpose" in sent else NoticeForm)(sent, user=user, notice=notice)
    form.is_valid()
    now = clock.now()
    context = {"outlook": outlook(form, user, now), "lead": lead(form, now), "now": now, "form": form, "fragment": True}
    return render(request, "notices/_outlook.html", context)


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Units or people by what is typed of their name: {"results": [{"id", "text", "hint"}]}."""
    user = access.signed_in(request)
    access.require(user, "notice.draft", user.unit_id, _("Only people of a unit write notices."))
    text = clean_line(request.GET.get("q", ""))[:40]
    what = "people" if request.GET.get("what") == "people" else "units"
    return JsonResponse({"results": audiences.find(what, text, user) if text else []})
