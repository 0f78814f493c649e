"""Search over all one may see: tickets by number, title, text and unit; units and people by name, pinyin or initials."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.access import scope, signed_in
from accounts.models import Unit, User
from channelportal.core import clock, search
from channelportal.lib.text import clean_line
from feedback.models import Ticket

LONGEST = 100
MOST = 30
FEW = 8


def search_page(request: HttpRequest) -> HttpResponse:
    """`?q=`: a ticket's whole number leads straight to it; else what was found, by sort, best first."""
    words = clean_line(request.GET.get("q", ""))[:LONGEST]
    user = signed_in(request)
    seen = Ticket.objects.visible_to(user)
    if words.upper().startswith("FB-") and (ticket := seen.filter(number=words.upper()).first()):
        return redirect(ticket)
    found = list(_tickets(seen, words)[: MOST + 1]) if words else []
    context = {
        "words": words,
        "tickets": found[:MOST],
        "more": len(found) > MOST,
        "units": list(_units(words)[:FEW]) if words and scope(user).may("unit.see") else [],
        "people": list(_people(words)[:FEW]) if words and scope(user).may("people.see") else [],
        "now": clock.now(),
    }
    return render(request, "home/search.html", context)


def _tickets(seen: QuerySet[Ticket], words: str) -> QuerySet[Ticket]:
    hits = Q(pk__in=search.find("ticket", words)) | Q(number__startswith=words.upper())
    return seen.filter(hits).select_related("kind", "asker", "responsible").order_by("-created_at")


def _units(words: str) -> QuerySet[Unit]:
    return Unit.objects.active().filter(
        Q(name__icontains=words) | Q(pinyin__icontains=words.lower()) | Q(code__iexact=words)
    )


def _people(words: str) -> QuerySet[User]:
    named = Q(name__icontains=words) | Q(pinyin__icontains=words.lower()) | Q(phone=words)
    return User.objects.filter(named, is_active=True).select_related("unit")
