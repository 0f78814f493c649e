"""The chain (000 5.10; 001 四): sent, approved step by step, returned with remarks, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core import outbox, parameters
from channelportal.core.errors import Invalid
from channelportal.lib import rich
from channelportal.lib.workdays import local_date
from notices import chain, clockwork, deciders, notify
from notices.models import Notice, NoticeFile, Remark, Sending, Step, Version
from notices.workflow import base, correcting, ending, publishing, writing
from notices.workflow.base import Matter

LONGEST_REMARK: Final = 500
LONGEST_QUOTE: Final = 200
MOST_REMARKS: Final = 100
OPEN = Step.State.OPEN
Remarks = Sequence[tuple[int | None, str, str]]


def send(notice: Notice, *, by: User, lead_note: str = "", at: datetime | None = None) -> Sending:
    """Into approval, as it stands; where nobody needs to approve (a head writes to his own unit), out at once. `lead_note` asks
    for acceptance of a lead time below the kind's. Raises Refused, WrongState, Invalid."""
    with base.handling("send", notice, by=by, at=at) as matter:
        version = matter.hand
        writing.complete(matter.notice, version, matter.calendar, matter.at)
        note = _lead_note(matter, lead_note)
        planned = deciders.plan_of(matter.notice, by=by, day=matter.today, version=version)
        sending = _sending(matter, by, note)
        matter.facts |= {"round": sending.round, "steps": [one.duty for one in planned]}
        if not planned:
            _passed(matter)
            return sending
        matter.move()
        steps = _steps(sending, planned, deciders.writer_of(matter.notice, version, by), by)
        _open(steps[0], matter)
    return sending


def approve(
    step: Step,
    *,
    by: User,
    text: str = "",
    checks: Mapping[str, bool] | None = None,
    lead_reason: str = "",
    at: datetime | None = None,
) -> Notice:
    """Agree to a step. Where the check list is asked for, all of `chain.CHECKS` must be true; where the lead time is short, the
    first who decides says why he accepts it. The last approval publishes, schedules, or leaves it to be carried out.
    Raises Refused, WrongState, Invalid."""
    with base.handling("approve", step.version.notice, by=by, at=at, step=step) as matter:
        held = _held(step, matter)
        values = {
            "text": base.words("text", text, needed=False),
            "checks": _checks(held, checks or {}),
            "lead_reason": _lead_reason(held, lead_reason, matter),
        }
        _decide(held, Step.State.APPROVED, by, matter, **values)
        following = held.sending.steps.filter(state=Step.State.WAITING).order_by("order").first()
        matter.news.approved(held, following)
        if following:
            _open(following, matter)
        else:
            _passed(matter)
    return matter.notice


def send_back(step: Step, *, by: User, text: str, remarks: Remarks = (), at: datetime | None = None) -> Notice:
    """Return it to its author with a reason and remarks at places of the text: (number of the block or None, the words there,
    the remark). Raises Refused, WrongState, Invalid."""
    with base.handling("send_back", step.version.notice, by=by, at=at, step=step) as matter:
        held = _held(step, matter)
        said = base.words("text", text)
        rows = _remarks(held, remarks, by, matter.at)
        _decide(held, Step.State.RETURNED, by, matter, text=said)
        Remark.objects.bulk_create(rows)
        ending.void_steps(matter)
        matter.facts["remarks"] = len(rows)
        matter.news.returned(held, said, len(rows))
        matter.move()
    return matter.notice


def recall(notice: Notice, *, by: User, at: datetime | None = None) -> Notice:
    """The author's side takes it back from approval, to write on. Raises Refused, WrongState."""
    with base.handling("recall", notice, by=by, at=at) as matter:
        step = open_step(matter.hand)
        ending.void_steps(matter)
        if step:
            matter.news.recalled(step)
        matter.move()
    return matter.notice


@transaction.atomic
def hand_up(step: Step, *, at: datetime) -> bool:
    """By the clock: nobody of its unit may decide it any more, so it goes to the superior, who is told. False: somebody may by now,
    it is decided, or nobody above could either."""
    notice = base.lock(step.version.notice)
    held = deciders.stuck().filter(pk=step.pk).select_related("unit", "version", "author", "editor").first()
    planned = deciders.placed_anew(held, notice, local_date(at)) if held else None
    if held is None or planned is None or planned.unit_id == held.unit_id:
        return False
    before, held.unit_id, held.reasons = held.unit_id, planned.unit_id, list(dict.fromkeys(planned.reasons))
    held.save(update_fields=["unit", "reasons"])
    base.record("step_handed_up", notice, by=None, at=at, data={"step": held.duty, "was": before, "unit": held.unit_id})
    news = notify.News(notice, held.version, at, by=None)
    news.opened(Step.objects.select_related("unit").get(pk=held.pk))
    news.send()
    return True


# ── what pages ask ──────────────────────────────────────────────────────────────────────────────


def open_step(version: Version | None) -> Step | None:
    """The step of this version that waits for a decision; None: none does."""
    rows = Step.objects.filter(version=version, state=OPEN).select_related("sending", "unit", "version__notice")
    return rows.first() if version else None


def changed_since(step: Step, user: User) -> Sending | None:
    """The sending to compare this one with: the latest before it on which this person decided a step, else the one before.
    None: he sees it for the first time."""
    earlier = Sending.objects.filter(version=step.version_id, round__lt=step.sending.round).order_by("-round")
    return earlier.filter(steps__decided_by=user).first() or earlier.first()


# ── sending ─────────────────────────────────────────────────────────────────────────────────────


def _lead_note(matter: Matter, note: str) -> str:
    clean = base.reason_of(note, "lead_note", needed=False)
    days = writing.lead(matter.notice, matter.hand, matter.calendar, matter.today)
    if days is None:
        return ""
    if not clean:
        asked = {"days": days, "wanted": matter.notice.kind.lead_days}
        sentence = _(
            "It would come into force in %(days)s working days; this kind asks for %(wanted)s. "
            "Choose a later day, or say why it cannot wait."
        )
        raise Invalid("lead_note", sentence % asked)
    matter.facts["lead"] = days
    return clean


def _sending(matter: Matter, by: User, lead_note: str) -> Sending:
    version = matter.hand
    last = version.sendings.aggregate(last=Max("round"))["last"] or 0
    return Sending.objects.create(
        version=version, round=last + 1, title=version.title, body=version.body, by=by, at=matter.at,
        facts=_facts(matter.notice, version) | ({"lead_note": lead_note} if lead_note else {}),
    )  # fmt: skip


def _facts(notice: Notice, version: Version) -> dict[str, Any]:
    """What was sent beside title and body: codes, ids, ISO days."""
    names = ("purpose", "means", "level", "importance", "urgency", "major", "audience", "late_joiners", "acknowledge",
             "acknowledge_days", "unit_answers")  # fmt: skip
    days = {
        "valid_until": notice.valid_until,
        "acknowledge_by": notice.acknowledge_by,
        "publish_at": notice.publish_at,
        "effective_on": version.effective_on,
    }
    files = NoticeFile.objects.filter(version=version).order_by("pk").values_list("file", flat=True)
    return {
        "kind": notice.kind.code,
        **{name: getattr(notice, name) for name in names},
        **{name: day.isoformat() if day else None for name, day in days.items()},
        "reason": version.reason,
        "impact": version.impact,
        "change": version.change,
        "change_reason": version.change_reason,
        "files": [str(pk) for pk in files],
    }


def _steps(sending: Sending, planned: Sequence[chain.Planned], author: User, by: User) -> list[Step]:
    return Step.objects.bulk_create(
        Step(
            sending=sending, version=sending.version, order=order, duty=one.duty, unit_id=one.unit_id,
            reasons=list(one.reasons), author=author, editor=by,
        )
        for order, one in enumerate(planned, start=1)
    )  # fmt: skip


def _open(step: Step, matter: Matter) -> None:
    rules = parameters.current(fresh=True)
    step.state, step.opened_at = OPEN, matter.at
    step.due_at = clockwork.approval_due(rules.close_of_business, matter.calendar, matter.at, days=rules.approval_days)
    step.save(update_fields=["state", "opened_at", "due_at"])
    matter.news.opened(step)


# ── deciding ────────────────────────────────────────────────────────────────────────────────────


def _held(step: Step, matter: Matter) -> Step:
    """The step as it is now that the notice is locked; `WrongState` where it is no longer open."""
    held = Step.objects.select_related("sending", "unit").get(pk=step.pk)
    if held.state != OPEN or held.version_id != matter.hand.pk:
        raise base.wrong_state(matter.notice, matter.version)
    held.version = matter.hand
    return held


def _decide(step: Step, state: str, by: User, matter: Matter, **values: Any) -> None:
    values |= {
        "state": state,
        "decided_by": by,
        "decided_at": matter.at,
        "stood_in": by.role != User.Role.HEAD,
    }
    if Step.objects.filter(pk=step.pk, state=OPEN).update(**values) != 1:
        raise base.wrong_state(matter.notice, matter.version)
    for name, value in values.items():
        setattr(step, name, value)
    outbox.cancel(notify.about_step(step))
    matter.facts |= {"step": step.duty, "unit": step.unit_id, "stood_in": step.stood_in}


def _checks(step: Step, checks: Mapping[str, bool]) -> dict[str, bool]:
    if not chain.asks_checks(step.reasons):
        return {}
    ticked = {name: bool(checks.get(name)) for name in chain.CHECKS}
    if not all(ticked.values()):
        raise Invalid("checks", _("Look at all three points of the check list, or return the notice."))
    return ticked


def _lead_reason(step: Step, reason: str, matter: Matter) -> str:
    """Why a short lead time is accepted: said once in a sending, by the first who decides while it is short."""
    short = writing.lead(matter.notice, matter.hand, matter.calendar, matter.today) is not None
    accepted = Step.objects.filter(sending=step.sending_id).exclude(lead_reason="").exists()
    return base.reason_of(reason, "lead_reason") if short and not accepted else ""


def _remarks(step: Step, remarks: Remarks, by: User, at: datetime) -> list[Remark]:
    if len(remarks) > MOST_REMARKS:
        raise Invalid("remarks", _("At most %(count)s remarks.") % {"count": MOST_REMARKS})
    places = {block.number for block in rich.blocks(step.version.body)}
    if not {place for place, _quote, _text in remarks} - {None} <= places:
        raise Invalid("remarks", _("The text has no such place."))
    return [
        Remark(
            step=step, place=place, quote=quote[:LONGEST_QUOTE], by=by, at=at,
            text=base.words("remarks", text, most=LONGEST_REMARK),
        )
        for place, quote, text in remarks
    ]  # fmt: skip


def _passed(matter: Matter) -> None:
    """The whole chain agreed."""
    if why := writing.overtaken(matter.notice, matter.hand, matter.today):
        raise Invalid("", why)
    if matter.correction:
        correcting.put_in_force(matter)
    else:
        publishing.put_on_its_way(matter)
