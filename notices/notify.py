"""Whom the way to publication tells: who decides, the author's side, who decided. Readers are told by `telling.py`.

An event is a template templates/alerts/notice-<event>.txt, one line; `MAILED` ones go out by mail too (`telling.persons`).
Nobody is told of his own deed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef

from accounts.models import User
from channelportal.core import alerts
from channelportal.lib.workdays import local_date
from notices import deciders, rights, telling
from notices.models import Notice, Step, Version

MAILED: Final = frozenset({"to_approve", "returned", "approved", "carry_out", "cancelled"})
SILENT: Final = frozenset({"step_approved", "recalled", "passed", "taken_back", "carried_out"})
EVENTS: Final = MAILED | SILENT
LONGEST_REASON: Final = 120
"""Characters of what an approver says, in a line."""


def about_step(step: Step) -> str:
    """`OutboxMessage.subject_key` of the mails that ask for a decision; cancelled when it is made or no longer needed."""
    return f"notice-step:{step.pk}"


@dataclass(frozen=True, slots=True)
class _Wish:
    event: str
    people: tuple[User, ...]
    data: dict[str, Any]
    about: str


@dataclass
class News:
    """What one verb tells of one notice: collected, then written by `send`."""

    notice: Notice
    version: Version | None
    at: datetime
    by: User | None
    wishes: list[_Wish] = field(default_factory=list)

    # ── what happened ───────────────────────────────────────────────────────────────────────────

    def opened(self, step: Step) -> None:
        """A step waits: whoever decides it."""
        people = deciders.to_tell(step.unit_id, deciders.barred(step), local_date(self.at))
        due = step.due_at.isoformat() if step.due_at else ""
        self._tell("to_approve", people, about=about_step(step), step=step.pk, due=due)

    def approved(self, step: Step, following: Step | None) -> None:
        """One of several agreed: the author's side hears who is next. After the last one `passed` or `published` says it."""
        if following:
            names = {"decider": step.unit.name, "next": following.unit.name}
            self._tell("step_approved", self._authors(), step=step.pk, **names)

    def returned(self, step: Step, text: str, remarks: int) -> None:
        reason = text[:LONGEST_REASON]
        self._tell("returned", self._authors(), step=step.pk, decider=step.unit.name, reason=reason, remarks=remarks)

    def passed(self) -> None:
        """Everybody agreed, and it waits: for its time, or to be carried out otherwise."""
        scheduled = self.notice.state == Notice.State.SCHEDULED and self.notice.publish_at
        publish_at = self.notice.publish_at.isoformat() if scheduled and self.notice.publish_at else ""
        event = "approved" if scheduled else "carry_out"
        self._tell(event, self._authors(), publish_at=publish_at)

    def published(self) -> None:
        """It is out, or the correction is in force: the author's side, and everyone who decided about it."""
        self._tell("passed", [*self._authors(), *self._decided()])

    def recalled(self, step: Step) -> None:
        """Who had it open."""
        self._tell("recalled", deciders.to_tell(step.unit_id, (), local_date(self.at)), step=step.pk)

    def cancelled(self, reason: str) -> None:
        self._tell("cancelled", [*self._authors(), *self._decided()], reason=reason)

    def withdrawn(self, reason: str) -> None:
        """The author's side and who decided; readers hear it by `telling.withdrawn`."""
        self._tell("taken_back", [*self._authors(), *self._decided()], reason=reason)

    def carried_out(self) -> None:
        self._tell("carried_out", [*self._authors(), *self._decided()])

    # ── whom ────────────────────────────────────────────────────────────────────────────────────

    def _authors(self) -> list[User]:
        """The author, and whoever sent it last or drafted the version; where none of them is there any more, the unit's head."""
        wanted = {self.notice.author_id}
        if self.version is not None:
            wanted |= {self.version.drafted_by_id}
            wanted |= set(self.version.sendings.order_by("-round").values_list("by", flat=True)[:1])
        people = User.objects.active().filter(pk__in=wanted, unit=self.notice.unit_id).order_by("pk")
        return [user for user in people if rights.writes(self.notice, user)] or deciders.to_tell(
            self.notice.unit_id, (), local_date(self.at)
        )

    def _decided(self) -> list[User]:
        """Those who decided, as long as they lead the unit for which they did: who has left sees the notice no more."""
        version = self.version or self.notice.version
        steps = Step.objects.filter(version=version, state=Step.State.APPROVED, unit=OuterRef("unit"))
        leading = User.objects.active().filter(role__in=[User.Role.HEAD, User.Role.DEPUTY])
        return list(leading.filter(Exists(steps.filter(decided_by=OuterRef("pk")))).order_by("pk"))

    # ── how ─────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, event: str, people: Iterable[User], *, about: str = "", **data: Any) -> None:
        if event not in EVENTS:
            raise ValueError(event)
        own = self.by.pk if self.by else None
        told = tuple(user for user in dict.fromkeys(people) if user.pk != own)
        correction = self.version is not None and self.version.number > 1
        self.wishes.append(_Wish(event, told, data | {"correction": correction}, about))

    def send(self) -> None:
        """Two statements for each event."""
        for wish in self.wishes:
            if not wish.people:
                continue
            number = self.version.pk if self.version else 0
            mark = wish.data.get("step") or int(self.at.timestamp())
            key = f"notice:{self.notice.pk}:{wish.event}:{number}:{mark}"
            kind = f"notice-{wish.event}"
            if wish.event in MAILED:
                telling.persons(wish.people, kind, self.notice, key=key, at=self.at, more=wish.data, about=wish.about)
            else:
                data = telling.facts(self.notice) | wish.data
                url = self.notice.get_absolute_url()
                alerts.tell(wish.people, kind, key=key, url=url, at=self.at, data=data)
