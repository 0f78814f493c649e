"""Questions about a notice (001 三(一)1, 四(四)): a reader's question becomes a ticket to the author's unit, with the usual clock;
its answer can be published under the notice. Here, where notices and tickets meet."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.models import User
from channelportal.core import clock, files
from channelportal.core.errors import Invalid
from channelportal.core.fields import MultiFileField, TextField
from channelportal.core.once import OnceMixin
from channelportal.core.pages import show_form
from feedback import workflow as tickets
from feedback.models import Entry, Ticket, TicketKind
from notices.models import Answer, Notice
from notices.workflow import answers

KIND: Final = "question"
LONGEST: Final = 4_000
LONGEST_EXCERPT: Final = 40


class AskForm(OnceMixin):
    body = TextField(
        label=gettext_lazy("Your question"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Say which part is unclear and what you need to know."),
    )
    files: Any = MultiFileField(label=gettext_lazy("Files"))


class AnswerForm(forms.Form):
    question = TextField(
        label=gettext_lazy("Question"),
        max_length=LONGEST,
        help_text=gettext_lazy("All readers will see it: leave out names and what concerns one channel alone."),
    )
    answer = TextField(label=gettext_lazy("Answer"), max_length=LONGEST)


def may_ask(notice: Notice, user: User) -> bool:
    """A reader of another unit, while the notice stands."""
    out = notice.state in (Notice.State.PUBLISHING, Notice.State.PUBLISHED)
    return out and notice.unit_id != user.unit_id and access.may(user, "ticket.file", user.unit_id)


def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """The form, and the ticket that it makes."""
    user = access.signed_in(request)
    notice = get_object_or_404(Notice.objects.visible_to(user).select_related("unit", "kind"), pk=pk)
    if not may_ask(notice, user):
        raise access.Refused(_("Ask within your own unit directly; of a withdrawn notice nothing is asked."))
    form = AskForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and (ticket := _file(form, notice, user)):
        if ticket.state == Ticket.State.PENDING:
            messages.success(request, _("%(number)s waits for your head's approval.") % {"number": ticket.number})
        else:
            messages.success(request, _("Your question has reached %(unit)s.") % {"unit": ticket.responsible.name})
        return redirect(ticket)
    return show_form(request, "notices/ask.html", {"form": form, "notice": notice})


def _file(form: AskForm, notice: Notice, user: User) -> Ticket | None:
    data = form.cleaned_data
    try:
        with transaction.atomic():
            kept = files.keep_all(data["files"], by=user, at=clock.now())
            return tickets.file(
                by=user, kind=TicketKind.objects.get(code=KIND), title=_title(notice, data["body"]), body=data["body"],
                responsible=notice.unit, subject=notice, files=kept, key=data["once"],
            )  # fmt: skip
    except Invalid as wrong:
        wrong.show_in(form)
        return None


def _title(notice: Notice, body: str) -> str:
    """A ticket is read by people who do not see the notice, and passed on: it names the notice by its number only, with the
    beginning of the question, which of a confidential one stays out of the mails that carry a ticket's title."""
    if notice.confidential:
        return _("Question about notice %(number)s") % {"number": notice.number}
    words = _("Question about notice %(number)s: %(question)s")
    return (words % {"number": notice.number, "question": " ".join(body.split())[:LONGEST_EXCERPT]})[:100]


def about(notice: Notice, user: User) -> list[Ticket]:
    """The questions about a notice that this person may see, newest first."""
    kind = ContentType.objects.get_for_model(Notice)
    asked = Ticket.objects.visible_to(user).filter(subject_type=kind, subject_id=notice.pk)
    return list(asked.select_related("asker", "responsible", "kind").newest_first()[:50])


@require_safe
def questions(request: HttpRequest, pk: int) -> HttpResponse:
    """What was asked about the notice, for the author's unit (and for each asker his own): a fragment of the notice's page, or a
    page of its own."""
    user = access.signed_in(request)
    notice = get_object_or_404(Notice.objects.visible_to(user), pk=pk)
    published = set(notice.answers.filter(removed_at=None).values_list("ticket_id", flat=True))
    context = {
        "notice": notice,
        "tickets": about(notice, user),
        "published": published,
        "publishes": notice.unit_id == user.unit_id and access.may(user, "notice.see", notice.unit_id),
        "may_ask": may_ask(notice, user),
        "now": clock.now(),
    }
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "notices/_questions.html" if fragment else "notices/questions.html", context)


def publish(request: HttpRequest, pk: int, ticket_id: int) -> HttpResponse:
    """Question and answer under the notice: prefilled from the ticket, to be edited for all readers."""
    user = access.signed_in(request)
    notice = get_object_or_404(Notice.objects.visible_to(user), pk=pk)
    ticket = get_object_or_404(
        Ticket.objects.visible_to(user), pk=ticket_id, subject_id=notice.pk,
        subject_type=ContentType.objects.get_for_model(Notice),
    )  # fmt: skip
    answers.require(notice, user)
    answers.require(notice, user)
    form = AnswerForm(request.POST or None, initial={"question": ticket.body, "answer": _last_answer(ticket)})
    if request.method == "POST" and form.is_valid():
        try:
            answers.publish(notice, by=user, ticket_id=ticket.pk, ticket_number=ticket.number, **form.cleaned_data)
        except Invalid as wrong:
            wrong.show_in(form)
        else:
            messages.success(request, _("All readers of the notice see it now."))
            return redirect(notice)
    context: dict[str, Any] = {"form": form, "notice": notice, "ticket": ticket}
    return show_form(request, "notices/answer.html", context)


def _last_answer(ticket: Ticket) -> str:
    """The newest formal reply, as the asker has it."""
    replies = Entry.objects.filter(ticket=ticket, kind__in=(Entry.Kind.RESOLUTION, Entry.Kind.PLAN))
    found = replies.order_by("-at", "-pk").values_list("text", flat=True).first()
    return found or ""


@require_POST
def remove(request: HttpRequest, pk: int, answer_id: int) -> HttpResponse:
    user = access.signed_in(request)
    notice = get_object_or_404(Notice.objects.visible_to(user), pk=pk)
    answer = get_object_or_404(Answer.objects.select_related("notice"), pk=answer_id, notice=notice)
    answers.remove(answer, by=user)
    messages.success(request, _("Taken down. It is kept on record."))
    return redirect(notice)
