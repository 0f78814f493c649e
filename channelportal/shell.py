"""What every page's frame shows: navigation by what one may do, the bell, the days left on the password.

Costs one query on a page (all its numbers at once), none on a fragment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import passwords, statements
from accounts.access import Scope, scope
from accounts.models import Registration, User
from channelportal.core import parameters
from channelportal.core.models import Alert
from feedback import desk
from feedback.models import Ticket
from notices import desk as notice_desk
from notices import meeting_desk
from notices.models import Receipt


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


def _applies(who: Scope) -> bool:
    return who.may("subscription.apply") or who.may("subscription.decide")


def _everyone(who: Scope) -> bool:
    return True


GROUPS: tuple[tuple[Any, tuple[Link, ...]], ...] = (
    (
        "",
        (
            Link("home", gettext_lazy("Desk"), "dashboard", _has_unit),
            Link("tickets", gettext_lazy("Tickets"), "messages", _has_unit, count="owed", hot="late"),
            Link("notices", gettext_lazy("Notices"), "speakerphone", _has_unit, count="news", hot="urgent"),
            Link("meetings", gettext_lazy("Meetings"), "calendar-event", _has_unit, count="invited"),
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
            Link("rules", pgettext_lazy("navigation", "Rules"), "file-text", _has_unit),
            Link("subscriptions", gettext_lazy("Subscriptions"), "inbox", _applies),
            Link("robots", gettext_lazy("Group robots"), "robot", _verb("robot.edit")),
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
            Link("notice-kinds", gettext_lazy("Kinds of notices"), "speakerphone", _verb("rules.edit")),
            Link("meeting-kinds", gettext_lazy("Kinds of meetings"), "calendar-event", _verb("rules.edit")),
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
    numbers = statements.one(_numbers, user, at=timezone.now())
    return facts | {
        "nav": _nav(request, who, numbers),
        "tabs": _tabs(request, who, numbers),
        "search_url": _address("search") if who.unit_id else "",
        "query": request.GET.get("q", "") if request.path == _address("search") else "",
        "password_days": passwords.days_left(user, parameters.current()),
        "password_url": _address("password"),
        "unread": numbers["unread"],
        "urgent": _urgent(request, numbers),
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


def _numbers(user: User, at: datetime) -> QuerySet[Any, Any]:
    """unread, owed, late, reviews, news, invited, urgent; and of the first urgent notice its id and title. One statement."""
    who = scope(user)
    owed = Ticket.objects.filter(desk.to_answer(user))
    counts = {
        "unread": _count(Alert.objects.filter(user=OuterRef("pk"), read_at=None)),
        "owed": _count(owed),
        "late": _count(owed.filter(due_at__lt=Now())),
        "reviews": _count(Registration.objects.to_review().filter(reviewer_unit=who.unit_id))
        if who.may("registration.review")
        else Value(0),
    }
    counts |= _of_notices(user, at) if who.unit_id else {}
    return User.objects.filter(pk=user.pk).values(**counts)


def _of_notices(user: User, at: datetime) -> dict[str, Any]:
    today = localdate(at)
    urgent = notice_desk.urgent(user, today).order_by(F("due_at").asc(nulls_last=True), "pk")
    few = Receipt.objects.filter(pk__in=notice_desk.news(user, today).values("pk")[: notice_desk.MOST_COUNTED])
    return {
        "news": _count(few),
        "invited": _count(meeting_desk.to_answer(user, at)),
        "urgent": _count(urgent),
        "urgent_id": Subquery(urgent.values("notice")[:1]),
        "urgent_title": Subquery(urgent.values("notice__title")[:1]),
    }


def _urgent(request: HttpRequest, numbers: dict[str, Any]) -> dict[str, Any] | None:
    """The urgent notice that stands on every page until it is acknowledged, except on its own."""
    if not numbers.get("urgent"):
        return None
    url = reverse("notice", args=[numbers["urgent_id"]])
    more = numbers["urgent"] - 1
    return None if request.path == url else {"url": url, "title": numbers["urgent_title"], "more": more}


def _count(rows: QuerySet[Any]) -> Coalesce:
    one = rows.order_by().annotate(all=Value(1)).values("all").annotate(n=Count(F("pk"))).values("n")
    return Coalesce(Subquery(one, output_field=IntegerField()), 0)


def _nav(request: HttpRequest, who: Scope, numbers: dict[str, Any]) -> list[dict[str, Any]]:
    seen = [(title, [link for link in links if link.seen(who)]) for title, links in GROUPS]
    here = _here(request, [link for _title, links in seen for link in links])
    return [
        {"title": title, "items": [_item(request, link, numbers, here) for link in links]}
        for title, links in seen
        if links
    ]


def _tabs(request: HttpRequest, who: Scope, numbers: dict[str, Any]) -> list[dict[str, Any]]:
    """Five for a phone: who supervises files less, and looks at the dashboard more."""
    if who.unit_id is None:
        return []
    desk_, tickets, notices = GROUPS[0][1][:3]
    file = Link("ticket-new", gettext_lazy("File"), "plus", _everyone)
    me = Link("account", gettext_lazy("Me"), "user", _everyone)
    middle = [notices, GROUPS[1][1][0]] if who.may("supervision.see") else [file, notices]
    links = [desk_, tickets, *middle, me]
    here = _here(request, links)
    return [_item(request, link, numbers, here) for link in links]


def _here(request: HttpRequest, links: list[Link]) -> str:
    """The address that the page belongs to: of several with which its own begins, the longest."""
    addresses = [_address(link.name) for link in links]
    fitting = [one for one in addresses if request.path == one or (one != "/" and request.path.startswith(one))]
    return max(fitting, key=len, default="")


def _item(request: HttpRequest, link: Link, numbers: dict[str, Any], here: str) -> dict[str, Any]:
    address = _address(link.name)
    active = address == here
    if link.name == "tickets":
        watching = request.GET.get("view") == "watched"
        active = active and watching == bool(link.query) and request.path != _address("ticket-new")
    return {
        "label": link.label,
        "url": address + link.query,
        "icon": link.icon,
        "count": numbers.get(link.count, 0),
        "hot": bool(numbers.get(link.hot, 0)),
        "active": active,
    }


@cache
def _address(name: str) -> str:
    return reverse(name)
