"""The locked notice with the version in hand: what every verb does before and after its own few lines.

    with base.handling("recall", notice, by=by, at=at) as matter:
        approving.close(matter)
        matter.move()
    return matter.notice

A status is written in this package only. Whoever locks a version or a step locks its notice first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import audit, calendar, clock
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib.text import clean_line, clean_text
from channelportal.lib.workdays import WorkCalendar, local_date
from notices import moves, notify, rights
from notices.models import Notice, Step, Version

Names = set[str]
LONGEST_TITLE: Final = 100
LONGEST_REASON: Final = 300
LONGEST_TEXT: Final = 2_000


@dataclass
class Matter:
    """A notice in hand: its locked row, the version that is written or approved, and what the verb leaves to be written."""

    notice: Notice
    version: Version | None
    """None: nothing is in hand; what readers see is `notice.version`."""
    verb: str
    by: User | None
    at: datetime
    before: tuple[str, str]
    """States of notice and version when they were locked."""
    saved: tuple[str, str] = ("", "")
    """The same as last written; written back only over these."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the audit trail says of the deed: codes, ids, ISO times."""
    _notice_fields: Names = field(default_factory=set)
    _version_fields: Names = field(default_factory=set)
    _news: notify.News | None = None

    @property
    def correction(self) -> bool:
        return rights.is_correction(self.notice, self.version)

    @property
    def hand(self) -> Version:
        """The version in hand; `WrongState` where there is none."""
        if self.version is None:
            raise wrong_state(self.notice)
        return self.version

    @property
    def today(self) -> date:
        return local_date(self.at)

    @property
    def calendar(self) -> WorkCalendar:
        return calendar.current(fresh=True)

    @property
    def news(self) -> notify.News:
        if self._news is None:
            self._news = notify.News(self.notice, self.version, self.at, by=self.by)
        return self._news

    def set(self, **values: Any) -> None:
        """Change the notice's row."""
        for name, value in values.items():
            setattr(self.notice, name, value)
        self._notice_fields |= values.keys()

    def set_version(self, **values: Any) -> None:
        """Change the row of the version in hand."""
        for name, value in values.items():
            setattr(self.hand, name, value)
        self._version_fields |= values.keys()

    def move(self, to: str | None = None) -> None:
        """To the state that the verb leads to, or `to`. Of a correction the version alone moves."""
        if self.correction and self.verb in moves.CORRECTION:
            self.set_version(state=to or moves.CORRECTION[self.verb].to)
            return
        state = to or moves.NOTICE[self.verb].to
        self.set(state=state)
        if self.version is not None and not self.correction and state in moves.FOLLOWS:
            self.set_version(state=moves.FOLLOWS[state])

    def save(self) -> None:
        """Write version and notice as far as they were changed: at the end, and before what builds on it."""
        if self.at > self.notice.touched_at:
            self.set(touched_at=self.at)
        self._save(Version, self.version, self.saved[1], self._version_fields)
        self._save(Notice, self.notice, self.saved[0], self._notice_fields)
        self.saved = (self.notice.state, self.version.state if self.version else "")

    def finish(self) -> None:
        """Write what the verb changed: version, notice, trail, messages."""
        self.save()
        self._audit()
        if self._news:
            self._news.send()

    def _save(self, model: Any, row: Any, before: str, names: Names) -> None:
        """Conditional: whatever the database locks, no two verbs may both find the state they want."""
        if not names:
            return
        values = {name: getattr(row, name) for name in names}
        if model.objects.filter(pk=row.pk, state=before).update(**values) != 1:
            raise wrong_state(self.notice)
        names.clear()

    def _audit(self) -> None:
        facts = {"state": self.notice.state, **self.facts}
        if self.before[0] != self.notice.state:
            facts["was"] = self.before[0]
        if self.version is not None and self.version.number > 1:
            facts |= {"version": self.version.number, "version_state": self.version.state}
        record(self.verb, self.notice, by=self.by, at=self.at, data=facts)


@contextmanager
def handling(
    verb: str, notice: Notice, *, by: User | None, at: datetime | None = None, step: Step | None = None
) -> Iterator[Matter]:
    """One verb on one notice, in one transaction: locked, the moment read, the right and the state asked; at the end everything
    is written. `by=None`: the clock did it. `step`: the one that is decided."""
    with transaction.atomic():
        locked = lock(notice)
        moment = at or clock.now()
        in_hand = Version.objects.select_for_update().filter(notice=locked, state__in=Version.OPEN).first()
        if step is not None:  # it may have been handed up since it was shown
            step = Step.objects.select_related("unit").get(pk=step.pk)
        if by is not None:
            rights.require(verb, locked, by, step, local_date(moment))
        if not rights.fits(verb, locked, in_hand):
            raise wrong_state(locked, in_hand)
        if in_hand is not None:
            in_hand.notice = locked
        states = (locked.state, in_hand.state if in_hand else "")
        matter = Matter(locked, in_hand, verb, by, moment, before=states, saved=states)
        yield matter
        matter.finish()


def lock(notice: Notice) -> Notice:
    """The notice's row, locked to the end of the transaction (SQLite: the transaction is the lock), then read anew. Not in one
    statement: who waited for the lock would be given the new row with the old kind, which is no row."""
    Notice.objects.select_for_update().only("pk").get(pk=notice.pk)
    return Notice.objects.select_related("kind", "unit", "author").get(pk=notice.pk)


def wrong_state(notice: Notice, version: Version | None = None) -> WrongState:
    if rights.is_correction(notice, version) and version is not None and notice.state == Notice.State.PUBLISHED:
        sentence = _("This is no longer possible: the correction is now in the state “%(state)s”.")
        return WrongState(sentence % {"state": Version.State(version.state).label})
    sentence = _("This is no longer possible: the notice is now in the state “%(state)s”.")
    return WrongState(sentence % {"state": Notice.State(notice.state).label})


def record(verb: str, notice: Notice, *, by: User | None, at: datetime, data: dict[str, Any]) -> None:
    """The row of the audit trail."""
    audit.record(f"notice.{verb}", notice, at=at, by=by, data=data)


# ── what people enter ───────────────────────────────────────────────────────────────────────────


def words(name: str, text: str, *, most: int = LONGEST_TEXT, needed: bool = True, line: bool = False) -> str:
    """The text as it is kept: clean, not empty, not too long; Invalid else."""
    clean = clean_line(text) if line else clean_text(text)
    if needed and not clean:
        raise Invalid(name, _("This must not be empty."))
    if len(clean) > most:
        raise Invalid(name, _("At most %(count)s characters.") % {"count": most})
    return clean


def reason_of(reason: str, name: str = "reason", *, needed: bool = True) -> str:
    return words(name, reason, most=LONGEST_REASON, needed=needed)
