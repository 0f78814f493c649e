"""What every page's frame shows: navigation by what one may do, the bell, the days left on the password.

Costs one query on a page (all its numbers at once), none on a fragment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import passwords
from accounts.access import Scope, scope
from accounts.models import Registration, User
from channelportal.core import parameters
from channelportal.core.models import Alert
from feedback import desk
from feedback.models import Ticket


@dataclass(frozen=True)
class Link:
    """One line of the navigation: shown to whom `seen` says, with the number called `count`, red when `hot` is not nought."""

    name: str
    label: Any
    icon: str
    seen: Callable[[Scope], bool]
    count: str = ""
    hot: str = ""
    query: str = ""


def _verb(verb: str) -> Callable[[Scope], bool]:
    return lambda who: who.may(verb)


def _has_unit(who: Scope) -> bool:
    return who.unit_id is not None


def _checks_people(verb: str) -> Callable[[Scope], bool]:
    """The security administrator has no unit, but looks after accounts."""
    return lambda who: who.may(verb) or who.may("organisation.check")


def _everyone(who: Scope) -> bool:
    return True


GROUPS: tuple[tuple[Any, tuple[Link, ...]], ...] = (
    (
        "",
        (
            Link("home", gettext_lazy("Desk"), "dashboard", _has_unit),
            Link("tickets", gettext_lazy("Tickets"), "messages", _has_unit, count="owed", hot="late"),
            Link("channels", pgettext_lazy("navigation", "Channels"), "building-store", _has_unit),
        ),
    ),
    (
        gettext_lazy("Supervision"),
        (
            Link("supervision", gettext_lazy("Dashboard"), "gauge", _verb("supervision.see")),
            Link("tickets", gettext_lazy("Watch list"), "loop", _verb("ticket.supervise"), query="?view=watched"),
        ),
    ),
    (
        pgettext_lazy("navigation", "Company"),
        (
            Link("units", gettext_lazy("Organisation"), "sitemap", _checks_people("unit.see")),
            Link("people", gettext_lazy("People"), "users", _checks_people("people.see")),
            Link("officers", gettext_lazy("Information officers"), "id-badge", _verb("unit.see")),
            Link("calendar", gettext_lazy("Working-day calendar"), "calendar-cog", _has_unit),
        ),
    ),
    (
        gettext_lazy("Administration"),
        (
            Link(
                "registrations",
                gettext_lazy("Registrations"),
                "user-check",
                _verb("registration.review"),
                count="reviews",
            ),
            Link("ladder", gettext_lazy("Escalation ladder"), "stairs", _verb("rules.edit")),
            Link("kinds", gettext_lazy("Kinds and routing"), "flag", _verb("rules.edit")),
            Link("parameters", gettext_lazy("Parameters"), "settings", _verb("rules.edit")),
            Link("outbox-parked", gettext_lazy("Parked messages"), "mail", _verb("outbox.see")),
            Link(
                "doctor",
                gettext_lazy("Health check"),
                "stethoscope",
                lambda who: who.may("rules.edit") or who.may("system.see"),
            ),
            Link("audit", gettext_lazy("Audit trail"), "shield-check", _verb("audit.see")),
        ),
    ),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell`, see templates/base.html. Worked out when the frame is drawn, so fragments cost nothing."""
    return {"shell": SimpleLazyObject(lambda: frame(request))}


def frame(request: HttpRequest) -> dict[str, Any]:
    """Everything the frame needs; for a stranger only its appearance."""
    facts: dict[str, Any] = {
        "name": _("Channel Communication Portal"),
        "home_url": _address("home"),
        "theme": request.COOKIES.get("theme", "auto"),
    }
    user = request.user
    if not isinstance(user, User):
        return facts
    who = scope(user)
    numbers = _numbers(user, who)
    return facts | {
        "nav": _nav(request, who, numbers),
        "tabs": _tabs(request, who, numbers),
        "search_url": _address("search") if who.unit_id else "",
        "query": request.GET.get("q", "") if request.path == _address("search") else "",
        "password_days": passwords.days_left(user, parameters.current()),
        "password_url": _address("password"),
        "unread": numbers["unread"],
        "alerts_url": _address("alerts"),
        "bell_url": _address("alerts-bell"),
        "person": {
            "name": user.name,
            "unit": user.unit.name if user.unit else user.get_admin_role_display(),
            "role": user.get_role_display() if user.unit else "",
            "hq": not (user.unit and user.unit.is_channel),
        },
        "account_url": _address("account"),
        "sessions_url": _address("sessions"),
        "help_url": _address("help"),
        "sign_out_url": _address("sign-out"),
    }


def _numbers(user: User, who: Scope) -> dict[str, int]:
    """unread, owed, late, reviews: one statement."""
    owed = Ticket.objects.filter(desk.to_answer(user))
    counts = {
        "unread": _count(Alert.objects.filter(user=OuterRef("pk"), read_at=None)),
        "owed": _count(owed),
        "late": _count(owed.filter(due_at__lt=Now())),
        "reviews": _count(Registration.objects.to_review().filter(reviewer_unit=who.unit_id))
        if who.may("registration.review")
        else Value(0),
    }
    found: Any = User.objects.filter(pk=user.pk).values(**counts).get()
    return dict(found)


def _count(rows: QuerySet[Any]) -> Coalesce:
    one = rows.order_by().annotate(all=Value(1)).values("all").annotate(n=Count(F("pk"))).values("n")
    return Coalesce(Subquery(one, output_field=IntegerField()), 0)


def _nav(request: HttpRequest, who: Scope, numbers: dict[str, int]) -> list[dict[str, Any]]:
    groups = [
        {"title": title, "items": [_item(request, link, numbers) for link in links if link.seen(who)]}
        for title, links in GROUPS
    ]
    return [group for group in groups if group["items"]]


def _tabs(request: HttpRequest, who: Scope, numbers: dict[str, int]) -> list[dict[str, Any]]:
    if who.unit_id is None:
        return []
    links = [GROUPS[0][1][0], GROUPS[0][1][1], Link("ticket-new", gettext_lazy("File"), "plus", _everyone)]
    links.append(GROUPS[1][1][0] if who.may("supervision.see") else GROUPS[0][1][2])
    links.append(Link("account", gettext_lazy("Me"), "user", _everyone))
    return [_item(request, link, numbers) for link in links]


def _item(request: HttpRequest, link: Link, numbers: dict[str, int]) -> dict[str, Any]:
    address = _address(link.name)
    here = request.path == address or (address != "/" and request.path.startswith(address))
    if link.name == "tickets":
        watching = request.GET.get("view") == "watched"
        here = here and watching == bool(link.query) and request.path != _address("ticket-new")
    return {
        "label": link.label,
        "url": address + link.query,
        "icon": link.icon,
        "count": numbers.get(link.count, 0),
        "hot": bool(numbers.get(link.hot, 0)),
        "active": here,
    }


@cache
def _address(name: str) -> str:
    return reverse(name)
