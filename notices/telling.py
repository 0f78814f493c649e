"""Whom a notice tells after its publication: readers, heads of units, its author, those who decide a step. By the thousand.

Alerts and mails of readers are one INSERT … SELECT each over their receipts (`bulk.insert_from`), in the transaction of what
happened. An event names the templates: templates/alerts/<event>.txt, one line, which is also the subject of the mail
(emails/notice-published-…, notice-told-…; several that wait together: notice-news-…). A mail carries number, title and link;
of a confidential notice only that there is one, and the link (N4; 001 七).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import chain
from typing import Any, Final

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.models import Absence, Unit, User
from channelportal.core import alerts, bulk, delivery, outbox
from channelportal.core.models import Alert, OutboxMessage
from channelportal.lib.workdays import local_date
from notices import deciders, rights
from notices.models import Notice, Receipt, Step, Version

PUBLISHED: Final = "notice-published"
MAIL: Final = "notice-told"
BUNDLE: Final = "notice-news"
LEAVES: Final = frozenset({"due", "urgent"})
"""What a mail about a confidential notice carries beside the link."""


def published(notice: Notice, receipts: QuerySet[Receipt], at: datetime) -> None:
    """Those just delivered: alert, and mail where it is among the means. An urgent one does not wait for the window."""
    mail = Notice.Means.MAIL in notice.means
    readers(receipts, PUBLISHED, notice, key=f"notice:{notice.pk}", at=at, mail=mail)


def out(notice: Notice, at: datetime) -> None:
    """The author, while he belongs to the unit: everybody has it."""
    data = facts(notice) | {"count": notice.recipients}
    key, url = f"notice:{notice.pk}:out", notice.get_absolute_url()
    alerts.tell(_author(notice), "notice-out", key=key, url=url, at=at, data=data)


def corrected(notice: Notice, receipts: QuerySet[Receipt], new: Version, at: datetime, *, again: bool) -> None:
    """The notice shows the correction `new` from `at` on. Who of these opened an earlier version is told what changed; where it
    is to be acknowledged anew (docs/decisions/12), all."""
    mine = receipts.filter(delivered_at__lte=at)
    if not again:
        mine = mine.filter(opened_at__isnull=False, opened_version__lt=new.number)
    more = {"change": new.change, "reason": new.change_reason, "error": new.error, "again": again}
    readers(mine, "notice-corrected", notice, key=f"notice:{notice.pk}:corrected:{new.number}", at=at, more=more)


def freshen(notice: Notice) -> None:
    """The title that a mail or an unread alert names is the present one."""
    key = f"notice:{notice.pk}"
    waiting = OutboxMessage.objects.filter(subject_key=key, kind=PUBLISHED, state=OutboxMessage.State.WAITING)
    waiting.update(data=_of_mail(notice, facts(notice), PUBLISHED))
    unread = present(Receipt.objects.filter(notice=notice, opened_at=None)).values("user")
    Alert.objects.filter(key=key, user__in=unread, read_at=None).update(data=facts(notice))


def withdrawn(notice: Notice, receipts: QuerySet[Receipt], at: datetime) -> None:
    """Those of these who have it; what waits about it was cancelled before."""
    mine = receipts.filter(delivered_at__isnull=False)
    key = f"notice:{notice.pk}:withdrawn"
    mail = Notice.Means.MAIL in notice.means
    more = {"reason": notice.withdrawal}
    readers(mine, "notice-withdrawn", notice, key=key, at=at, mail=mail, more=more, about=key)


def remind(notice: Notice, receipts: QuerySet[Receipt], at: datetime) -> int:
    """Who has not acknowledged (or, where that is not asked for, not opened), and note it: three statements. The day is in the key:
    once a day each. The notice is locked, so none is reminded by two. Returns how many."""
    key = f"notice:{notice.pk}:remind:{local_date(at)}"
    readers(receipts, "notice-remind", notice, key=key, at=at, more={"read_only": not notice.acknowledge})
    return receipts.update(reminded_at=at, reminders=F("reminders") + 1)


def late(notice: Notice, receipts: QuerySet[Receipt], at: datetime) -> None:
    """The readers themselves, once their acknowledgement is overdue."""
    key = f"notice:{notice.pk}:late:{_round(notice)}"
    readers(receipts, "notice-late", notice, key=key, at=at)


def late_units(notice: Notice, counts: dict[int, int], at: datetime) -> None:
    """The heads of these units: so many of the unit have not acknowledged in time. A head whom the notice is not for learns that,
    and its number; of a confidential one not even that."""
    names = dict(Unit.objects.filter(pk__in=counts).values_list("pk", "name"))
    leading = heads(counts, local_date(at))
    seeing = rights.who_sees(notice, chain.from_iterable(leading.values()))
    for unit_id, people in leading.items():
        more = {"count": counts[unit_id], "reader_unit": names[unit_id]}
        key = f"notice:{notice.pk}:late:{_round(notice)}:{unit_id}:{local_date(at)}"
        for sees in (True, False):
            told = [user for user in people if (user.pk in seeing) is sees]
            persons(told, "notice-late-unit", notice, key=key, at=at, more=more, sees=sees)


def _round(notice: Notice) -> str:
    """A correction that asks anew has a due moment of its own, and its own messages."""
    return f"{notice.acknowledge_due_at:%Y%m%d}" if notice.acknowledge_due_at else "0"


def step_lies(step: Step, notice: Notice, at: datetime) -> None:
    """Those who decide an open step, and the author, that it has been lying for a working day."""
    key = f"step:{step.pk}:lies:{local_date(at)}"
    more = {"since": step.opened_at.isoformat() if step.opened_at else "", "decider": step.unit.name}
    people = deciders.to_tell(step.unit_id, deciders.barred(step), local_date(at))
    persons(people, "notice-step-lies", notice, key=key, at=at, more=more)
    url, data = notice.get_absolute_url(), facts(notice) | more
    alerts.tell(_author(notice), "notice-step-lies-author", key=key, url=url, at=at, data=data)


# ── by what means ───────────────────────────────────────────────────────────────────────────────


def readers(
    receipts: QuerySet[Receipt],
    event: str,
    notice: Notice,
    *,
    key: str,
    at: datetime,
    mail: bool = True,
    more: dict[str, Any] | None = None,
    about: str = "",
) -> None:
    """Alert and mail for the person of each receipt who is still in the unit for which he has it: two statements, whatever their
    number. The same `key` a second time is ignored. `about`: the subject by which waiting mails are cancelled; "": the notice."""
    receipts, data = present(receipts), facts(notice) | (more or {})
    same: dict[str, Any] = {"key": key, "at": at, "mail": mail, "about": about}
    if notice.acknowledge_due_at is None:
        return _readers(receipts, event, notice, data, **same)
    for due in list(receipts.order_by().values_list("due_at", flat=True).distinct()):  # who joined later has longer
        _readers(receipts.filter(due_at=due), event, notice, data | {"due": due.isoformat() if due else ""}, **same)
    return None


def _readers(
    receipts: QuerySet[Receipt],
    event: str,
    notice: Notice,
    data: dict[str, Any],
    *,
    key: str,
    at: datetime,
    mail: bool,
    about: str,
) -> None:
    url = notice.get_absolute_url()
    bulk.insert_from(receipts, Alert, user_id=F("user_id"), key=key, kind=event, url=url, data=data, created_at=at)
    if mail:
        bulk.insert_from(
            receipts, OutboxMessage, user_id=F("user_id"), key=Concat(Value(f"{key}:"), Cast("user_id", CharField())),
            kind=_mail_kind(event), bundle=BUNDLE, data=_of_mail(notice, data, event), created_at=at,
            subject_key=about or f"notice:{notice.pk}", next_attempt_at=_goes_out(notice, at),
        )  # fmt: skip


def present(receipts: QuerySet[Receipt]) -> QuerySet[Receipt]:
    """Of these the ones whose person is still in the unit for which he has it: who left sees it no more, nor is he told."""
    return receipts.filter(user__is_active=True, user__unit=F("unit"))


def _author(notice: Notice) -> list[User]:
    """Its author, as long as he may see it."""
    return [notice.author] if rights.writes(notice, notice.author) else []


def persons(
    people: Iterable[User],
    event: str,
    notice: Notice,
    *,
    key: str,
    at: datetime,
    more: dict[str, Any] | None = None,
    about: str = "",
    sees: bool = True,
) -> None:
    """The same for a few people named by others than a receipt. `sees=False`: they may not see it, and get neither its title nor a
    link that leads nowhere."""
    told = list(people)
    if not told:
        return
    data = (facts(notice) if sees else _unseen(notice)) | (more or {})
    url = notice.get_absolute_url() if sees else ""
    alerts.tell(told, event, key=key, url=url, at=at, data=data)
    mailed = _of_mail(notice, data, event) | {"url": url}
    opens, subject = _goes_out(notice, at), about or f"notice:{notice.pk}"
    outbox.put_all(
        outbox.prepare(
            MAIL, key=f"{key}:{user.pk}", to=user, data=mailed, bundle=BUNDLE, subject_key=subject, at=at, not_before=opens
        )
        for user in told
    )  # fmt: skip


def _mail_kind(event: str) -> str:
    return PUBLISHED if event == PUBLISHED else MAIL


def facts(notice: Notice) -> dict[str, Any]:
    """What a line about the notice may say, to people who may see it. Times are ISO."""
    return {
        "number": notice.number,
        "title": notice.title,
        "unit": notice.unit.name,
        "urgent": notice.urgency == Notice.Urgency.URGENT,
        "due": notice.acknowledge_due_at.isoformat() if notice.acknowledge_due_at else "",
    }


def _unseen(notice: Notice) -> dict[str, Any]:
    """What a line may say to people who may not see it."""
    return {} if notice.confidential else {"number": notice.number}


def _of_mail(notice: Notice, data: dict[str, Any], event: str) -> dict[str, Any]:
    """The same for a mail, which leaves the house."""
    kept = {name: value for name, value in data.items() if name in LEAVES or not notice.confidential}
    return kept | {"event": event, "url": notice.get_absolute_url(), "confidential": notice.confidential}


def _goes_out(notice: Notice, at: datetime) -> datetime:
    return at if notice.urgency == Notice.Urgency.URGENT else delivery.opens(at)


# ── whom ────────────────────────────────────────────────────────────────────────────────────────


def heads(units: Iterable[int], day: date) -> dict[int, list[User]]:
    """Who acts as head of each unit on that day: its heads who are there, else its deputies (000 5.10). Two queries."""
    posts = User.objects.filter(
        unit__in=list(units), role__in=[User.Role.HEAD, User.Role.DEPUTY], is_active=True, frozen_at=None
    )
    people = list(posts.order_by("pk"))
    gone = set(
        Absence.objects.filter(user__in=people, first_day__lte=day, last_day__gte=day, ended_at=None).values_list(
            "user_id", flat=True
        )
    )
    found: dict[int, list[User]] = {}
    for role in (User.Role.HEAD, User.Role.DEPUTY):
        there: dict[int, list[User]] = {}
        for user in people:
            if user.role == role and user.pk not in gone and user.unit_id and user.unit_id not in found:
                there.setdefault(user.unit_id, []).append(user)
        found |= there
    return found
