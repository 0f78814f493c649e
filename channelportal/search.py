"""Search over all one may see: tickets, notices, meetings by number, title, text; units and people by name, pinyin, initials."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import scope, signed_in
from accounts.models import Unit, User
from channelportal.core import search
from channelportal.lib.text import clean_line
from feedback import in_force
from feedback.models import Ticket, TicketQuerySet
from notices.models import Meeting, MeetingQuerySet, Notice, NoticeQuerySet

LONGEST = 100
MOST = 30
FEW = 8
FEW_NOTICES = 15
NOTICES = ("TZ-", "SQ-")


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """`?q=`: the whole number of a ticket, notice or meeting leads straight to it; else what was found, by sort, best first."""
    words = clean_line(request.GET.get("q", ""))[:LONGEST]
    user = signed_in(request)
    if (paper := _numbered(user, words.upper())) is not None:
        return redirect(paper)
    found = list(_tickets(Ticket.objects.visible_to(user), words)[: MOST + 1]) if words else []
    told = list(_notices(Notice.objects.visible_to(user), words)[: FEW_NOTICES + 1]) if words else []
    context = {
        "words": words,
        "tickets": found[:MOST],
        "more": len(found) > MOST,
        "notices": told[:FEW_NOTICES],
        "more_notices": len(told) > FEW_NOTICES,
        "meetings": list(_meetings(Meeting.objects.visible_to(user), words)[:FEW]) if words else [],
        "units": _units(words)[:FEW] if words and scope(user).may("unit.see") else [],
        "people": list(_people(words)[:FEW]) if words and scope(user).may("people.see") else [],
        "now": timezone.now(),  # this machine's: it only says "yesterday"
    }
    return render(request, "home/search.html", context)


def _numbered(user: User, number: str) -> Ticket | Notice | Meeting | None:
    """The paper of this number, if he may see it."""
    if number.startswith("FB-"):
        return Ticket.objects.visible_to(user).filter(number=number).first()
    if number.startswith(NOTICES):
        return Notice.objects.visible_to(user).filter(number=number).first()
    return Meeting.objects.visible_to(user).filter(number=number).first() if number.startswith("HY-") else None


def _tickets(seen: TicketQuerySet, words: str) -> TicketQuerySet:
    number = words.upper()
    hits = Q(number__startswith=number) if number.startswith("FB-") else Q(pk__in=search.find("ticket", words))
    return seen.filter(hits).select_related("kind", "asker", "responsible").newest_first()


def _notices(seen: NoticeQuerySet, words: str) -> NoticeQuerySet:
    number = words.upper()
    hits = Q(number__startswith=number) if number.startswith(NOTICES) else Q(pk__in=search.find("notice", words))
    return seen.filter(hits).select_related("kind", "unit").order_by("-created_at", "-pk")


def _meetings(seen: MeetingQuerySet, words: str) -> MeetingQuerySet:
    number = words.upper()
    hits = Q(number__startswith=number) if number.startswith("HY-") else Q(pk__in=search.find("meeting", words))
    return seen.filter(hits).select_related("kind", "unit").order_by("-starts_at", "-pk")


def _units(words: str) -> list[Unit]:
    """Out of the process-wide copy of the tree: no query."""
    wanted = words.lower()
    found = [unit for unit in in_force.units().by_id.values() if unit.active and _named(unit, wanted)]
    return sorted(found, key=lambda unit: unit.pinyin)


def _named(unit: Unit, wanted: str) -> bool:
    return wanted in unit.name.lower() or wanted in unit.pinyin or wanted == unit.code.lower()


def _people(words: str) -> QuerySet[User]:
    named = Q(name__icontains=words) | Q(pinyin__icontains=words.lower()) | Q(phone=words)
    return User.objects.filter(named, is_active=True).select_related("unit")
