"""/rules/: the regulations in force, for everyone signed in; those marked public for everyone (000 6.1, 6.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Max, Prefetch, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.gate import public
from accounts.models import User
from channelportal.core import clock, files
from channelportal.core.errors import Invalid
from channelportal.core.pages import show_form
from notices import rule_rights as rights
from notices.forms.rules import NewRuleForm, RemarkForm, SettingsForm, VersionForm
from notices.models import Rule, RuleFile, RuleVersion
from notices.views.pictures import shown
from notices.workflow import rules as workflow

State = RuleVersion.State


def _reader(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


@public
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    user = _reader(request)
    seen = rights.rules_for(user).select_related("unit").order_by("-active", "order", "code")
    approved = Q(versions__state=State.APPROVED, versions__in_force_from__lte=localdate())
    found = list(seen.annotate(number=Max("versions__number", filter=approved)).prefetch_related(_open_versions(user)))
    if user is None and not found:
        return redirect("sign-in")
    for rule in found:
        rule.current = rights.current(rule.shown)  # type: ignore[attr-defined]
        rule.due = workflow.review_due(rule, rule.current.in_force_from if rule.current else None)  # type: ignore[attr-defined]
    context = {"rules": found, "edits": rights.edits(user), "today": localdate()}
    return render(request, "rules/rules.html" if user else "rules/public_rules.html", context)


def _open_versions(user: User | None) -> Prefetch[Any]:
    shown = RuleVersion.objects.filter(rights.versions_for(user)).order_by("-number").defer("body")
    return Prefetch("versions", shown.select_related("drafted_by"), to_attr="shown")


@public
@require_safe
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """One regulation: the words in force, or those of `?version=`."""
    return _page(request, pk, request.GET.get("version", ""))


def _page(request: HttpRequest, pk: int, number: str, remark: RemarkForm | None = None) -> HttpResponse:
    user = _reader(request)
    found = get_object_or_404(rights.rules_for(user).select_related("unit", "reviewed_by"), pk=pk)
    versions = list(found.versions.filter(rights.versions_for(user)).select_related("drafted_by", "approved_by"))
    version = _asked(versions, number)
    current = rights.current(versions)
    context = {
        "rule": found,
        "versions": versions,
        "version": version,
        "current": current,
        "files": list(RuleFile.objects.filter(version=version, file__picture=None).select_related("file")),
        "pictures": f"{found.get_absolute_url()}pictures/" if user is None else "",
        "in_hand": next((one for one in versions if one.state in workflow.IN_HAND), None),
        "edits": rights.edits(user),
        "decides": user is not None and access.scope(user).heads_supervisors,
        "due": workflow.review_due(found, current.in_force_from if current else None),
        "today": localdate(),
        "remark": remark or RemarkForm(),
    }
    return show_form(request, "rules/rule.html" if user else "rules/public_rule.html", context)


def _asked(versions: list[RuleVersion], number: str) -> RuleVersion:
    """The version that was asked for; else what is in force; else the newest."""
    if number:
        found = next((one for one in versions if str(one.number) == number), None)
        if found is None:
            raise Http404
        return found
    if not versions:
        raise Http404
    return rights.current(versions) or versions[0]


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Two versions side by side: `?old=1&new=2`."""
    user = access.signed_in(request)
    found = get_object_or_404(rights.rules_for(user), pk=pk)
    versions = {str(one.number): one for one in found.versions.filter(rights.versions_for(user))}
    old, new = versions.get(request.GET.get("old", "")), versions.get(request.GET.get("new", ""))
    if old is None or new is None:
        raise Http404
    context = {"rule": found, "old": old, "new": new}
    return render(request, "rules/compare.html", context)


@public
@require_safe
def file(request: HttpRequest, pk: int, file_id: str) -> FileResponse:
    user = _reader(request)
    found = get_object_or_404(rights.rules_for(user), pk=pk)
    versions = found.versions.filter(rights.versions_for(user))
    kept = get_object_or_404(RuleFile.objects.select_related("file"), version__in=versions, file=file_id)
    return files.serve(kept.file, by=user)


@public
@require_safe
def picture(request: HttpRequest, pk: int, file_id: UUID) -> FileResponse:
    """A picture in the words of a public regulation that are in force; whoever is signed in has it from /notices/pictures/."""
    found = get_object_or_404(rights.rules_for(None), pk=pk)
    version = rights.current(list(found.versions.filter(rights.versions_for(None)).defer("body")))
    placed = RuleFile.objects.filter(
        file__picture__isnull=False, file__picture__notice=None, file__picture__meeting=None
    )
    return shown(get_object_or_404(placed.select_related("file"), version=version, file=file_id).file)


# ── 企发部 ──────────────────────────────────────────────────────────────────────────────────────


def _editor(request: HttpRequest) -> User:
    user = access.signed_in(request)
    access.require(user, "rule.edit", None, _("Only the supervising department edits the regulations."))
    return user


def new(request: HttpRequest) -> HttpResponse:
    user = _editor(request)
    form = NewRuleForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        made = _try(form, user, lambda data: workflow.create(by=user, **data))
        if made is not None:
            return _saved(request, made)
    return show_form(request, "rules/new.html", {"form": form, "cancel": reverse("rules")})


def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the next version, or go on with the one that is in hand."""
    user = _editor(request)
    found = get_object_or_404(Rule, pk=pk)
    newest = found.versions.exclude(state=State.DROPPED).first()
    held = newest if newest and newest.state in workflow.IN_HAND else None
    form = VersionForm(
        request.POST or None,
        request.FILES or None,
        first=bool(held and held.number == 1),
        initial=_initial(newest, held),
    )
    if request.method == "POST" and form.is_valid():
        made = _try(form, user, lambda data: _keep(found, held, newest, user, data))
        if made is not None:
            return _saved(request, made)
    return show_form(
        request, "rules/draft.html", {"form": form, "rule": found, "held": held, "cancel": found.get_absolute_url()}
    )


def _initial(newest: RuleVersion | None, held: RuleVersion | None) -> dict[str, Any]:
    """The words of before, to be changed."""
    if newest is None:
        return {}
    facts = {"body": newest.body}
    return facts | {"change": held.change, "in_force_from": held.in_force_from} if held else facts


def _keep(
    found: Rule, held: RuleVersion | None, newest: RuleVersion | None, user: User, data: dict[str, Any]
) -> RuleVersion:
    if held:
        return workflow.edit(held, by=user, **data)
    keep = newest.files.select_related("file") if newest else ()
    return workflow.draft(found, by=user, keep=keep, **data)


def _try(form: Any, user: User, make: Callable[[dict[str, Any]], RuleVersion]) -> RuleVersion | None:
    """The verb with what was typed; what it finds wrong stands at its field."""
    data = dict(form.cleaned_data)
    chosen = data.pop("files")
    try:
        with transaction.atomic():
            data["files"] = files.keep_all(chosen, by=user, at=clock.now()) if chosen else []
            return make(data)
    except Invalid as wrong:
        wrong.show_in(form)
        return None


def _saved(request: HttpRequest, version: RuleVersion) -> HttpResponse:
    messages.success(request, _("Saved as a draft. Read it once more, then send it for approval."))
    return redirect(f"{version.rule.get_absolute_url()}?version={version.number}")


def settings(request: HttpRequest, pk: int) -> HttpResponse:
    user = _editor(request)
    found = get_object_or_404(Rule, pk=pk)
    names = ("name", "unit", "public", "active")
    form = SettingsForm(request.POST or None, initial={name: getattr(found, name) for name in names})
    if request.method == "POST" and form.is_valid():
        workflow.change(found, by=user, **{name: form.cleaned_data[name] for name in names})
        messages.success(request, _("Saved."))
        return redirect(found)
    return show_form(request, "rules/settings.html", {"form": form, "rule": found, "cancel": found.get_absolute_url()})


SAID: Final = {
    "send": gettext_lazy("Sent to the head; what a head sends is in force."),
    "approve": gettext_lazy("Approved. Heads and information officers of all units were told."),
    "send-back": gettext_lazy("Returned with your remark."),
    "drop": gettext_lazy("Given up. It is kept, marked as dropped."),
}
DECISIONS: Final[dict[str, Callable[..., object]]] = {"approve": workflow.approve, "send-back": workflow.send_back}


@require_POST
def verb(request: HttpRequest, pk: int, number: int, path: str) -> HttpResponse:
    """send, approve, send-back, drop: of one version."""
    user = _editor(request)
    version = get_object_or_404(RuleVersion.objects.select_related("rule"), rule=pk, number=number)
    form = RemarkForm(request.POST)
    if form.is_valid() and _decided(version, path, form, user):
        messages.success(request, str(SAID[path]))
        return redirect(f"{version.rule.get_absolute_url()}?version={version.number}")
    return _page(request, pk, str(number), form)


def _decided(version: RuleVersion, path: str, form: RemarkForm, user: User) -> bool:
    try:
        if path in DECISIONS:
            DECISIONS[path](version, by=user, text=form.cleaned_data["text"])
        else:
            (workflow.send if path == "send" else workflow.drop)(version, by=user)
    except Invalid as wrong:
        wrong.show_in(form)
        return False
    return True


@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    user = _editor(request)
    found = get_object_or_404(Rule, pk=pk)
    workflow.review(found, by=user)
    messages.success(request, _("The review is on record."))
    return redirect(found)
