"""The ticket page, its files, and the little help beside the promised day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import User
from channelportal.core import calendar as calendars
from channelportal.core import clock, files, search
from feedback import in_force, rights
from feedback.forms import VerbForm
from feedback.models import Ticket, TicketFile
from feedback.present import page as present
from feedback.present.promise import DayHelp, day_help
from feedback.views import person
from feedback.views.catalogue import BY_PATH, SECONDS, VERBS, Verb, due

SIMILAR = 5


@dataclass(frozen=True, slots=True)
class Box:
    """A verb with its form. `form` None: it is fetched when the reader opens it, which keeps the page quick."""

    verb: Verb
    form: VerbForm | None
    second: Verb | None
    help: DayHelp | None = None
    asked: Any = None
    title: Any = ""
    hint: Any = ""


# the formal reply goes by another name once something was promised
WORDS = {
    "keep_promise": (_("Keep your promise"), _("Write down the result once it is resolved")),
    "replan": (_("Give a new plan"), _("The promised day has passed: resolve it, or promise a new day")),
}


def visible(request: HttpRequest, pk: int) -> Ticket:
    """The ticket, if this person may see it; else 404, the same as for one that is not there."""
    found: Ticket = get_object_or_404(
        Ticket.objects.visible_to(person(request)).select_related(*present.RELATED), pk=pk
    )
    return found


@require_safe
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """Number, clock, timeline, the one thing to do."""
    return show(request, visible(request, pk))


def show(
    request: HttpRequest, ticket: Ticket, *, bound: tuple[Verb, VerbForm] | None = None, status: int = 200
) -> HttpResponse:
    """The page; with `bound`, a form that could not be sent stands open with what was typed."""
    user, now = person(request), timezone.now()  # the page may go by this machine's clock; the verb asks the database's
    view = present.of(ticket, user, now)
    possible = set(rights.possible(ticket, user, now, view.facts))
    todo = rights.todo(ticket, user, now, view.facts)
    opened = bound[0] if bound else due(todo)
    boxes = [
        _box(ticket, user, verb, possible, view)
        for verb in VERBS
        if verb.allowed(possible) and verb != opened and verb.path not in SECONDS
    ]
    context = {
        "now": now,
        "ticket": ticket,
        "view": view,
        "todo": _todo(ticket, user, opened, bound, possible, view, todo or ""),
        "urgent": [box for box in boxes if box.verb.about],
        "others": [box for box in boxes if not box.verb.about],
    }
    return render(request, "feedback/ticket.html", context, status=status)


def _todo(  # noqa: PLR0917 (what the page knows)
    ticket: Ticket,
    user: User,
    opened: Verb | None,
    bound: tuple[Verb, VerbForm] | None,
    possible: set[str],
    view: present.TicketPage,
    todo: str,
) -> Box | None:
    if bound:
        verb, form = bound
        return Box(verb, form, None, _help(form), _asked(verb, view), verb.title, verb.hint)
    if opened is None:
        return None
    box = _box(ticket, user, opened, possible, view, opened=True)
    title, hint = WORDS.get(todo, (box.title, box.hint))
    if view.facts.long_plan and todo in {"reply", "replan"}:
        hint = _("Your plan waits for approval; until then it is no reply, and the time limit runs on")
    return replace(box, title=title, hint=hint)


def _box(
    ticket: Ticket, user: User, verb: Verb, possible: set[str], view: present.TicketPage, *, opened: bool = False
) -> Box:
    second = BY_PATH.get(verb.other)
    if second and not second.allowed(possible):
        second = None
    if not opened and not verb.about:
        return Box(verb, None, second, title=verb.title, hint=verb.hint)
    form = verb.form(ticket=ticket, user=user, possible=possible, auto_id=f"{verb.path}-%s")
    return Box(verb, form, second, asked=_asked(verb, view), title=verb.title, hint=verb.hint)


def _asked(verb: Verb, view: present.TicketPage) -> Any:
    """What the form answers or decides."""
    found = view.open.get(verb.about, [])
    return found[0] if found else None


def _help(form: VerbForm) -> DayHelp | None:
    day = form.cleaned_data.get("day") if hasattr(form, "cleaned_data") else None
    return help_for(form.ticket, day, clock.now()) if isinstance(day, date) else None


def help_for(ticket: Ticket, day: date, now: datetime) -> DayHelp:
    return day_help(in_force.policy(), calendars.current(unit_id=ticket.responsible_id), day, now)


@require_safe
def day(request: HttpRequest, pk: int) -> HttpResponse:
    """What a promised day means: is it worked, how many working days from now; the fragment under the field."""
    ticket = visible(request, pk)
    given = _day(request.GET)
    helped = help_for(ticket, given, clock.now()) if given else None
    context = {"help": helped, "ticket": ticket, "now": clock.now(), "verb": request.GET.get("field", ""), "day": given}
    whole = context["verb"] in {"reply", "extend"}
    return render(request, "feedback/forms/_day.html" if whole else "feedback/forms/_day_help.html", context)


def _day(query: Mapping[str, Any]) -> date | None:
    try:
        found = date.fromisoformat(str(query.get("day", "")))
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


@require_safe
def related(request: HttpRequest, pk: int) -> HttpResponse:
    """Tickets that have to do with this one, and similar ones: fetched after the page, or opened by its link."""
    ticket = visible(request, pk)
    seen = Ticket.objects.visible_to(person(request)).exclude(pk=ticket.pk)
    context = {
        "ticket": ticket,
        "subject": _subject(ticket, person(request)),
        "linked": list(seen.filter(about=ticket)[:SIMILAR]) + list(seen.filter(merged_into=ticket)[:SIMILAR]),
        "similar": list(seen.filter(pk__in=search.find("ticket", _words(ticket.title))).newest_first()[:SIMILAR]),
        "now": clock.now(),
    }
    return render(
        request, "feedback/_related.html" if request.headers.get("HX-Request") else "feedback/related.html", context
    )


def _subject(ticket: Ticket, user: User) -> Any:
    """The paper of another app that is asked about, if this person sees it: whoever works on the ticket need not."""
    if ticket.subject_type is None:
        return None
    model: Any = ticket.subject_type.model_class()
    return model.objects.visible_to(user).filter(pk=ticket.subject_id).first()


def _words(title: str) -> str:
    """What of a title finds its like: its longest run of letters, at most six of them."""
    runs = "".join(letter if letter.isalnum() else " " for letter in title).split()
    return max(runs, key=len, default="")[:6]


@require_safe
def file(request: HttpRequest, pk: int, file_id: str) -> FileResponse:
    """A file of a ticket: asked anew at this moment whether the person may see the ticket and the entry it came with."""
    found = visible(request, pk)
    sides = rights.sides_seen(found, person(request))
    kept: TicketFile = get_object_or_404(
        TicketFile.objects.select_related("file"), ticket=found, file=file_id, entry__side__in=sides
    )
    return files.serve(kept.file, by=person(request), unnamed=found.restricted)
