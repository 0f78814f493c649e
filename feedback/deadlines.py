"""What is due when: every rule about time of 公司渠道信息沟通管理办法 (000 5.6, 5.7, 5.8), as pure functions.

No database, no clock, no settings: the numbers come in a `Policy`, the days in a `WorkCalendar`, the moment as `at`.
Rule numbers are those of the design ("Reply", 1 to 13). What a verb of `workflow.py` asks:

    file, approve, reopen   reply_due(policy, calendar, anchor_of(at), severity)            rules 1–3, 13
    enter for someone       check_entry(…) then reply_due(…, entered_at=at)                 rule 4
    reply, sweep            on_time(at, due_at)                                             rule 6
    change the severity     to_major(…), to_normal(…)                                       rules 7, 8
    pass on                 pass_on(…) → the new unit's due, what becomes of the old        rule 9
    ask a unit to assist    assist_due(…)                                                   rule 11
    plan                    promise_due(policy, calendar, at=…, day=…)   raises BadPromise
    move a promised day     check_extension(…) when asked, extend(…) when granted
    ask back, be answered   check_pause(…), resume_due(…); question_reminder_due, question_close_due
    break a promise         replan_due(…)
    urge, remind, resolve   urge_due(…), check_reminder(…), confirm_due(…)
    merge                   strictest(…)
    calendar changed        recount(…)

A `Due` says the moment, the day, and from which day how many working days were counted: store `start` as the
obligation's anchor and `n` as its days, and `recount` can repeat the count. What a rule refuses is raised as a
`Refusal`: a code, data, and a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channelportal.lib import wording
from channelportal.lib.workdays import CLOSE, Explained, WorkCalendar, local_date


class Kind(StrEnum):
    """What is owed. The values are those of `Obligation.kind`."""

    REPLY = "reply"
    PROMISE = "promise"
    REPLAN = "replan"
    CONFIRM = "confirm"
    URGE_ANSWER = "urge_answer"


class Severity(StrEnum):
    NORMAL = "normal"
    MAJOR = "major"


@dataclass(frozen=True, slots=True)
class Policy:
    """Every number of the rules. Days are working days unless the name says otherwise."""

    normal_days: int = 1
    major_days: int = 3
    close_of_business: time = CLOSE
    """`workdays.END_OF_DAY` for 24:00."""
    entry_back_days: int = 30
    """Calendar days that an entry for someone may lie back; further only by the supervisor."""
    max_promise_days: int = 30
    extensions: int = 1
    """How often a promised day may be moved."""
    replan_days: int = 1
    question_reminder_days: int = 2
    question_close_days: int = 10
    urge_answer_days: int = 1
    confirm_days: int = 5
    watch_days: int = 3
    """Days late after which a ticket not copied appears on the supervising department's watch list."""
    assist_hours: int = 2
    """Hours before the leading unit's due by which an assisting unit delivers, when nothing else is said."""
    reopenings_to_head: int = 2
    reopenings_to_supervisors: int = 3

    def reply_days(self, severity: str) -> int:
        """A major matter never has fewer days than a normal one, whatever somebody set."""
        return max(self.normal_days, self.major_days) if Severity(severity) is Severity.MAJOR else self.normal_days


@dataclass(frozen=True, slots=True)
class Due:
    """A due moment and how it came about. Of what is counted, `calendar.nth_after(start, n) == day`, unless `kept`."""

    at: datetime
    day: date
    anchor: date
    """The day that decides: reached, received, passed on, promised on (rule 1)."""
    start: date
    """The day counted from: the anchor, except for a late entry and a lowered severity."""
    n: int
    provisional: bool
    """暂定: the count passes over a year that nobody has published."""
    explanation: tuple[Explained, ...]
    late_entry: bool = False
    """补录: what came in was already overdue when it was entered."""
    kept: bool = False
    """Later than the count, because people were told so."""


@dataclass(frozen=True, slots=True)
class Duty:
    """An obligation as the rules see it; `workflow` fills it from the model's row."""

    kind: str
    start: date
    days: int
    due_at: datetime
    provisional: bool = False
    missed_at: datetime | None = None
    met_at: datetime | None = None
    voided_at: datetime | None = None
    id: int | None = None

    @property
    def running(self) -> bool:
        """Still owed, missed or not."""
        return self.met_at is None and self.voided_at is None


# ── refusals ────────────────────────────────────────────────────────────────────────────────────


def _in_words(value: Any) -> Any:
    """A day as people say it; several with a stroke between them."""
    if isinstance(value, tuple):
        return " / ".join(str(_in_words(one)) for one in value)
    return wording.full_day(value) if isinstance(value, date) and not isinstance(value, datetime) else value


class Refusal(ValueError):
    """A rule says no: `code`, `data` for who wants to offer something better, and `message` in the active language."""

    sentences: ClassVar[Mapping[str, str | Promise]] = {}

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code, data)
        self.code, self.data = code, data

    @property
    def message(self) -> str:
        return str(self.sentences[self.code]) % {name: _in_words(value) for name, value in self.data.items()}

    def __str__(self) -> str:
        return self.message


class BadEntry(Refusal):
    sentences: ClassVar = {
        "future": _("The day of receipt cannot be in the future."),
        "too_far_back": _("More than %(days)s days back: only the supervising department can enter this."),
    }


class BadPromise(Refusal):
    """`day_off` offers `previous` (None: already over) and `next`; `too_far` names the `latest` day allowed."""

    sentences: ClassVar = {
        "past": _("The promised day is already over."),
        "day_off": _("%(day)s is not a working day. Choose %(choices)s."),
        "too_far": _(
            "The day is more than %(days)s working days ahead, later than %(latest)s: "
            "the head and the supervising department must approve it."
        ),
    }


class BadExtension(Refusal):
    sentences: ClassVar = {
        "late": _("The promised day has passed. It can no longer be moved."),
        "used_up": _("This promised day has already been moved."),
        "not_later": _("The new day must be later than %(day)s."),
    }


class BadPause(Refusal):
    sentences: ClassVar = {
        "late": _("The promised day has passed. A question no longer stops the clock."),
    }


class BadSeverity(Refusal):
    sentences: ClassVar = {
        "too_late": _("The time limit has passed. The severity can no longer be changed."),
    }


class BadReminder(Refusal):
    sentences: ClassVar = {
        "not_late": _("The time limit has not passed yet."),
        "already_today": _("You have already sent a reminder today. The next one is possible on %(next)s."),
    }


class BadAssist(Refusal):
    sentences: ClassVar = {
        "past": _("This time has already passed."),
        "not_before": _("The assisting unit must deliver before the leading unit's own time limit."),
    }


# ── reply ───────────────────────────────────────────────────────────────────────────────────────


def anchor_of(reached_at: datetime) -> date:
    """The day on which it reached the responsible unit: only the day in Shanghai matters (rules 1, 3)."""
    return local_date(reached_at)


def on_time(at: datetime, due_at: datetime) -> bool:
    """The one comparison, for the reply and for the sweep (rule 6). Due itself is still on time."""
    return at <= due_at


def reply_due(
    policy: Policy, calendar: WorkCalendar, anchor: date, severity: str, *, entered_at: datetime | None = None
) -> Due:
    """Close of business of the 1st (normal) or 3rd (major) working day strictly after the anchor (rules 1–4; 000 5.7).

    `entered_at`: when somebody entered it for the asker. If the count has already passed by then, due is the next
    working day. A major matter never gets less time than a normal one entered at the same moment."""
    due = counted(policy, calendar, anchor, policy.reply_days(severity))
    if entered_at is None:
        return due
    if not on_time(entered_at, due.at):
        return _late_entry(policy, calendar, anchor, entered_at)
    if Severity(severity) is Severity.MAJOR:
        normal = reply_due(policy, calendar, anchor, Severity.NORMAL, entered_at=entered_at)
        return max(due, normal, key=_moment)
    return due


def _late_entry(policy: Policy, calendar: WorkCalendar, anchor: date, entered_at: datetime) -> Due:
    due = counted(policy, calendar, local_date(entered_at), 1)
    return replace(due, anchor=anchor, late_entry=True)


def check_entry(policy: Policy, anchor: date, *, at: datetime, by_supervisor: bool = False) -> None:
    """Whether `anchor` may be stated as the day of receipt by who enters it at `at`; raises BadEntry (rule 4)."""
    today = local_date(at)
    if anchor > today:
        raise BadEntry("future")
    if not by_supervisor and anchor < today - timedelta(days=policy.entry_back_days):
        raise BadEntry("too_far_back", days=policy.entry_back_days)


def check_severity(*, at: datetime, due_at: datetime) -> None:
    """Another severity is asked for, and confirmed, before the present due only; raises BadSeverity (rules 7, 8)."""
    if not on_time(at, due_at):
        raise BadSeverity("too_late")


def to_major(
    policy: Policy,
    calendar: WorkCalendar,
    *,
    at: datetime,
    anchor: date,
    due_at: datetime,
    entered_at: datetime | None = None,
) -> Due:
    """Normal → major, confirmed at `at`: same anchor, three working days (rule 7). Raises BadSeverity after the normal
    due, which stands as long as nobody has confirmed."""
    check_severity(at=at, due_at=due_at)
    return _not_before(reply_due(policy, calendar, anchor, Severity.MAJOR, entered_at=entered_at), due_at, calendar)


def to_normal(
    policy: Policy,
    calendar: WorkCalendar,
    *,
    at: datetime,
    anchor: date,
    due_at: datetime,
    entered_at: datetime | None = None,
) -> Due:
    """Major → normal, confirmed at `at`: same anchor, never earlier than the close of the next working day (rule 8)."""
    check_severity(at=at, due_at=due_at)
    due = reply_due(policy, calendar, anchor, Severity.NORMAL, entered_at=entered_at)
    soonest = replace(counted(policy, calendar, local_date(at), 1), anchor=anchor)
    return max(due, soonest, key=_moment)


@dataclass(frozen=True, slots=True)
class PassedOn:
    """`due`: what the new unit owes. `old_missed`: the old unit's REPLY stays missed; else it is voided."""

    due: Due
    old_missed: bool
    needs_supervisors: bool
    """A second pass-on needs 企发部."""


def pass_on(
    policy: Policy, calendar: WorkCalendar, *, at: datetime, severity: str, old_due_at: datetime, passed_before: int
) -> PassedOn:
    """The new unit gets its own REPLY from the day of transfer; each is judged on its own time (rule 9)."""
    return PassedOn(
        due=reply_due(policy, calendar, local_date(at), severity),
        old_missed=not on_time(at, old_due_at),
        needs_supervisors=passed_before >= 1,
    )


def elapsed_days(calendar: WorkCalendar, since: date, until: date) -> int:
    """Working days that the asker has waited, or a unit has had it in custody; a pass-on never resets the asker's."""
    return max(0, calendar.between(since, until))


def assist_due(
    policy: Policy, calendar: WorkCalendar, *, at: datetime, lead_due_at: datetime, wanted: datetime | None = None
) -> datetime:
    """When an assisting unit's inner sub-task is due: as wanted, but before the leader's own due (rule 11); BadAssist.

    Unsaid: some hours before the leader's due. Where the leader is late already: the close of the next working day."""
    if not on_time(at, lead_due_at):
        due_at = wanted or counted(policy, calendar, local_date(at), 1).at
    else:
        due_at = wanted or max(lead_due_at - timedelta(hours=policy.assist_hours), at + (lead_due_at - at) / 2)
        if due_at >= lead_due_at:
            raise BadAssist("not_before")
    if due_at <= at:
        raise BadAssist("past")
    return due_at


# ── promise ─────────────────────────────────────────────────────────────────────────────────────


def promise_due(policy: Policy, calendar: WorkCalendar, *, at: datetime, day: date, approved: bool = False) -> Due:
    """The promised day's close of business, met only by a resolution. Raises BadPromise.

    A working day from today on, at most 30 working days ahead; `approved`: the head and 企发部 agreed to more."""
    due_at = calendar.close_of_business(day, policy.close_of_business)
    if not on_time(at, due_at):
        raise BadPromise("past")
    today = local_date(at)
    latest = calendar.nth_after(today, policy.max_promise_days)
    if day > latest and not approved:
        raise BadPromise("too_far", day=day, days=policy.max_promise_days, latest=latest)
    if not calendar.is_working(day):
        raise BadPromise("day_off", day=day, **_offered(policy, calendar, at=at, day=day))
    return _due(calendar, at=due_at, anchor=today, start=today, n=calendar.between(today, day), day=day)


def _offered(policy: Policy, calendar: WorkCalendar, *, at: datetime, day: date) -> dict[str, Any]:
    """The working days around a day off, and the sentence's words for them."""
    previous, following = calendar.nth_before(day, 1), calendar.nth_after(day, 1)
    if not on_time(at, calendar.close_of_business(previous, policy.close_of_business)):
        return {"previous": None, "next": following, "choices": (following,)}
    return {"previous": previous, "next": following, "choices": (previous, following)}


def check_extension(*, asked_at: datetime, due_at: datetime, extended: int, policy: Policy) -> None:
    """Whether 延期 may be asked: before it is due, once by default; raises BadExtension. Asked late is missed."""
    if not on_time(asked_at, due_at):
        raise BadExtension("late")
    if extended >= policy.extensions:
        raise BadExtension("used_up")


def extend(
    policy: Policy,
    calendar: WorkCalendar,
    *,
    at: datetime,
    due_at: datetime,
    new_day: date,
    extended: int = 0,
    approved: bool = False,
) -> Due:
    """The due after moving a promised day to `new_day`, granted (or, to validate a request, asked) at `at`.

    Until it is granted the old day stands, so a grant after it comes too late: what was missed stays missed.
    Raises BadExtension, and BadPromise for the new day itself."""
    check_extension(asked_at=at, due_at=due_at, extended=extended, policy=policy)
    old_day = local_date(due_at)
    if new_day <= old_day:
        raise BadExtension("not_later", day=old_day)
    return promise_due(policy, calendar, at=at, day=new_day, approved=approved)


def check_pause(*, asked_at: datetime, due_at: datetime) -> None:
    """A promise pauses for a question put before its due; raises BadPause. The reply clock never does (rule 10)."""
    if not on_time(asked_at, due_at):
        raise BadPause("late")


def paused_days(policy: Policy, calendar: WorkCalendar, asked_at: datetime, answered_at: datetime) -> int:
    """Whole working days of a pause: those whose close of business passed while the question was open."""
    days = calendar.between(local_date(asked_at), local_date(answered_at))
    return days + _is_open(policy, calendar, asked_at) - _is_open(policy, calendar, answered_at)


def _is_open(policy: Policy, calendar: WorkCalendar, moment: datetime) -> bool:
    """Whether the moment's day is worked and its close of business is still to come."""
    day = local_date(moment)
    return calendar.is_working(day) and on_time(moment, calendar.close_of_business(day, policy.close_of_business))


def resume_due(
    policy: Policy, calendar: WorkCalendar, *, due_at: datetime, asked_at: datetime, answered_at: datetime
) -> Due:
    """The promise's due after a pause: later by its whole working days, and never before the answer came.

    With the present moment as `answered_at` it is the due as it would be now: a paused promise is never missed."""
    told, start = local_date(due_at), local_date(asked_at)
    paused = paused_days(policy, calendar, asked_at, answered_at)
    day = calendar.shift(told, paused)
    at = calendar.close_of_business(day, policy.close_of_business) if paused else due_at
    if not on_time(answered_at, at):  # close of business was set to another hour since
        day = calendar.nth_after(local_date(answered_at), 1)
        at = calendar.close_of_business(day, policy.close_of_business)
    return _due(calendar, at=at, anchor=start, start=start, n=calendar.between(start, day), day=day)


def question_reminder_due(policy: Policy, calendar: WorkCalendar, asked_at: datetime) -> Due:
    """After this the asker is reminded of the question."""
    return counted(policy, calendar, local_date(asked_at), policy.question_reminder_days)


def question_close_due(policy: Policy, calendar: WorkCalendar, asked_at: datetime) -> Due:
    """After this closing the ticket is proposed."""
    return counted(policy, calendar, local_date(asked_at), policy.question_close_days)


def replan_due(policy: Policy, calendar: WorkCalendar, broken_due_at: datetime) -> Due:
    """A broken promise stays broken; a new plan is owed within one working day of the day it was due."""
    return counted(policy, calendar, local_date(broken_due_at), policy.replan_days)


# ── urging, confirmation, end ───────────────────────────────────────────────────────────────────


def urge_due(policy: Policy, calendar: WorkCalendar, urged_at: datetime) -> Due:
    """督促 by 企发部 creates an URGE_ANSWER, due the next working day (000 5.8)."""
    return counted(policy, calendar, local_date(urged_at), policy.urge_answer_days)


def check_reminder(calendar: WorkCalendar, *, at: datetime, due_at: datetime, last_at: datetime | None = None) -> None:
    """催办 by the asker: after the due moment, once a working day (a day off is the next one's); raises BadReminder."""
    if on_time(at, due_at):
        raise BadReminder("not_late")
    today = calendar.next_working(local_date(at))
    if last_at is not None and calendar.next_working(local_date(last_at)) >= today:
        raise BadReminder("already_today", next=calendar.nth_after(today, 1))


def confirm_due(policy: Policy, calendar: WorkCalendar, resolved_at: datetime) -> Due:
    """Silence of the asker until then closes the ticket as 默认关闭, unrated and counted apart."""
    return counted(policy, calendar, local_date(resolved_at), policy.confirm_days)


def late_days(calendar: WorkCalendar, *, due_at: datetime, at: datetime) -> int:
    """Working days that something is late, 0 on the due day and before: 已超期 N 个工作日."""
    return max(0, calendar.between(local_date(due_at), local_date(at)))


def days_said(calendar: WorkCalendar, *, due_at: datetime, at: datetime) -> int | None:
    """The working days that people speak of: those late, or those left when more than one is; None: hours say it better."""
    if not on_time(at, due_at):
        return late_days(calendar, due_at=due_at, at=at)
    left = calendar.between(local_date(at), local_date(due_at))
    return left if left > 1 else None


def watched_from(policy: Policy, calendar: WorkCalendar, due_at: datetime) -> datetime:
    """From this moment on a late ticket that was not copied is on 企发部's watch list."""
    return calendar.close_of_business(calendar.shift(local_date(due_at), policy.watch_days), policy.close_of_business)


def strictest(duties: Iterable[Duty]) -> Duty | None:
    """What the surviving ticket of a merge owes: the earliest due among those running and not missed; None if none is.

    Missed ones stay missed on their own record: a merge must not make the survivor late by decree."""
    candidates = (duty for duty in duties if duty.running and duty.missed_at is None)
    return min(candidates, key=lambda duty: duty.due_at, default=None)


# ── when the calendar changes ───────────────────────────────────────────────────────────────────


def recount(policy: Policy, calendar: WorkCalendar, duty: Duty, *, at: datetime) -> Due | None:
    """The due of an open, not yet missed obligation under a changed calendar; None when nothing about it changes.

    It may move later, never earlier than what people were told, and ends on a working day. A result whose `at` equals
    `duty.due_at` only stops (or starts) being provisional. Recounting again changes nothing."""
    if not duty.running or duty.missed_at is not None or not on_time(at, duty.due_at):
        return None
    told = local_date(duty.due_at)
    counted_day = calendar.next_working(told) if duty.kind == Kind.PROMISE else calendar.shift(duty.start, duty.days)
    day = calendar.next_working(max(counted_day, told))
    due_at = duty.due_at if day == told else calendar.close_of_business(day, policy.close_of_business)
    if due_at == duty.due_at and calendar.is_provisional(duty.start, day) == duty.provisional:
        return None
    due = _due(calendar, at=due_at, anchor=duty.start, start=duty.start, n=duty.days, day=day)
    return replace(due, kept=day > counted_day)


# ── inside ──────────────────────────────────────────────────────────────────────────────────────


def counted(policy: Policy, calendar: WorkCalendar, start: date, n: int) -> Due:
    """Close of business of the n-th working day strictly after `start`."""
    day = calendar.nth_after(start, n)
    at = calendar.close_of_business(day, policy.close_of_business)
    return _due(calendar, at=at, anchor=start, start=start, n=n, day=day)


def _due(calendar: WorkCalendar, *, at: datetime, anchor: date, start: date, n: int, day: date) -> Due:
    explanation = calendar.explain_until(start, day)
    return Due(at, day, anchor, start, n, calendar.is_provisional(start, day), explanation)


def _not_before(due: Due, told_at: datetime, calendar: WorkCalendar) -> Due:
    if due.at >= told_at:
        return due
    day = local_date(told_at)
    provisional, explanation = calendar.is_provisional(due.start, day), calendar.explain_until(due.start, day)
    return replace(due, at=told_at, day=day, provisional=provisional, explanation=explanation, kept=True)


def _moment(due: Due) -> datetime:
    return due.at
