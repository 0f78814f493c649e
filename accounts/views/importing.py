"""The import of units and people: upload, preview of what would change, then all at once as a job."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import importing
from accounts.access import require
from accounts.models import Unit, User
from accounts.organisation_history import LABELS, word
from accounts.views.organising import person_of
from channelportal.core import audit, files, jobs
from channelportal.core.clock import now
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.lists import XLSX
from channelportal.core.models import Job, StoredFile
from channelportal.core.pages import show_form

SHOWN = 200  # lines of each kind in the preview


class Upload(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Workbook (.xlsx)"), widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"})
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if not str(upload.name).lower().endswith(".xlsx"):
            raise ValidationError(_("Only .xlsx: save the workbook in that format."))
        return upload


def import_new(request: HttpRequest) -> HttpResponse:
    """Take the workbook; everything after is a preview."""
    user = _importer(request)
    form = Upload(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            stored = files.keep(form.cleaned_data["file"], by=user, at=now())
            importing.read(form.cleaned_data["file"].file)
            return redirect("organisation-preview", stored.pk)
        except Invalid as error:
            form.add_error("file", str(error.message))
        except importing.Unreadable as error:
            form.add_error("file", str(error))
    return show_form(request, "organisation/import.html", {"form": form})


@require_safe
def import_template(request: HttpRequest) -> HttpResponse:
    """The workbook to fill in; ?filled=1 with what the portal holds."""
    user = _importer(request)
    filled = request.GET.get("filled") == "1"
    audit.record("organisation.template", by=user, data={"filled": filled})
    response = HttpResponse(importing.template(filled), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="organisation-{localtime():%Y%m%d}.xlsx"'
    return response


@require_safe
def import_preview(request: HttpRequest, pk: str) -> HttpResponse:
    """New, changed with old → new, unchanged, errors row by row; nothing is written yet."""
    user = _importer(request)
    stored = _upload(user, pk)
    plan = _plan(stored)
    names = _names(plan)
    for change in plan.of("new")[:SHOWN]:
        change.shown_place = names.get(change.place, change.place)
    context = {
        "stored": stored,
        "plan": plan,
        "problems": plan.problems[:SHOWN],
        "new": plan.of("new")[:SHOWN],
        "changed": [(one, _differences(one, names)) for one in plan.of("changed")[:SHOWN]],
        "counts": {what: len(plan.of(what)) for what in ("new", "changed", "same")},
        "shown": SHOWN,
    }
    return render(request, "organisation/import_preview.html", context)


@require_POST
def import_apply(request: HttpRequest, pk: str) -> HttpResponse:
    """Carry it out as a job; a file starts once."""
    user = _importer(request)
    stored = _upload(user, pk)
    plan = _plan(stored)
    if plan.problems:
        raise WrongState(_("The file has mistakes: correct them and upload it again."))
    running = (
        Job.objects.filter(kind="organisation.import", data__file=str(stored.pk))
        .exclude(state=Job.State.FAILED)
        .first()
    )
    job = running or jobs.start(
        "organisation.import",
        "accounts.tasks.import_organisation",
        by=user,
        data={"file": str(stored.pk)},
        total=plan.work,
    )
    return redirect("job", job.pk)


def _importer(request: HttpRequest) -> User:
    user = person_of(request)
    require(user, "organisation.edit", None, _("Only the supervising department imports units and people."))
    return user


def _upload(user: User, pk: str) -> StoredFile:
    return get_object_or_404(StoredFile, pk=pk, uploaded_by=user, name__iendswith=".xlsx")


def _plan(stored: StoredFile) -> importing.Plan:
    try:
        with files.location(stored).open("rb") as stream:
            return importing.compare(importing.read(stream))
    except (OSError, importing.Unreadable):
        raise Http404 from None


def _names(plan: importing.Plan) -> dict[str, str]:
    """The names of units by code, those of the file included: people do not know the codes."""
    return dict(Unit.objects.values_list("code", "name")) | {one.key: one.name for one in plan.units}


def _differences(change: importing.Change, names: dict[str, str]) -> list[tuple[str, str, str]]:
    """(label, old, new) in words."""
    shown = []
    for name, old, new in change.differences:
        if name in ("parent", "manager", "unit"):
            old, new = names.get(old, old), names.get(new, new)  # noqa: PLW2901
        shown.append((str(LABELS.get(name, name)), word(name, old), word(name, new)))
    return shown
