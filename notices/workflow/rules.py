"""The verbs of a regulation (000 4.1.1, 6; 002 六): drafted by one of 企发部, put in force by its head, reviewed yearly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import Unit, UnitFunction, User
from channelportal.core import alerts, audit, clock, outbox
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import StoredFile
from channelportal.lib import rich
from channelportal.lib.text import clean_line
from channelportal.lib.workdays import local_date
from notices.models import Picture, Rule, RuleFile, RuleVersion

State = RuleVersion.State
IN_HAND: Final = (State.DRAFT, State.PENDING, State.RETURNED)
MOVES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "edit": ((State.DRAFT, State.RETURNED), ""),
    "send": ((State.DRAFT, State.RETURNED), State.PENDING),
    "approve": ((State.PENDING,), State.APPROVED),
    "send_back": ((State.PENDING,), State.RETURNED),
    "drop": (IN_HAND, State.DROPPED),
}
REVIEW_EVERY: Final = 365  # days (002 六: revised once a year)
FARTHEST: Final = 365  # days ahead that a day in force may lie


@transaction.atomic
def create(
    *,
    by: User,
    code: str,
    name: str,
    body: str,
    in_force_from: date,
    unit: Unit | None = None,
    public: bool = False,
    files: Iterable[StoredFile] = (),
    at: datetime | None = None,
) -> RuleVersion:
    """A regulation that is new on the portal, with its first version as a draft. Refused, Invalid."""
    _may_edit(by)
    moment = at or clock.now()
    code, name = clean_line(code)[:30], clean_line(name)[:80]
    if not code or not name:
        raise Invalid("name" if code else "code", _("This field is required."))
    rule, made = Rule.objects.get_or_create(code=code, defaults={"name": name, "unit": unit, "public": public})
    if not made:  # perhaps by another person a moment ago
        raise Invalid("code", _("Another regulation has this code."))
    audit.record("rule.created", rule, by=by, at=moment, data={"code": code})
    return draft(rule, by=by, body=body, in_force_from=in_force_from, files=files, at=moment)


@transaction.atomic
def draft(
    rule: Rule,
    *,
    by: User,
    body: str,
    in_force_from: date,
    change: str = "",
    files: Iterable[StoredFile] = (),
    keep: Iterable[RuleFile] = (),
    at: datetime | None = None,
) -> RuleVersion:
    """The next version as a draft; of a regulation only one is in hand. Every version but the first says what changed."""
    _may_edit(by)
    moment = at or clock.now()
    Rule.objects.select_for_update().get(pk=rule.pk)
    if rule.versions.filter(state__in=IN_HAND).exists():
        raise WrongState(_("A new version is already being written."))
    number = (rule.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = RuleVersion(rule=rule, number=number, drafted_by=by, drafted_at=moment)
    _fill(version, body=body, change=change, in_force_from=in_force_from, at=moment)
    version.save(force_insert=True)
    _attach(version, [*(kept.file for kept in keep), *files], by)
    audit.record("rule.drafted", rule, by=by, at=moment, data={"version": number})
    return version


@transaction.atomic
def edit(
    version: RuleVersion,
    *,
    by: User,
    body: str,
    in_force_from: date,
    change: str = "",
    files: Iterable[StoredFile] = (),
    at: datetime | None = None,
) -> RuleVersion:
    with _handling("edit", version, by=by, at=at) as (held, moment):
        _fill(held, body=body, change=change, in_force_from=in_force_from, at=moment)
        held.drafted_by, held.drafted_at = by, moment
        _attach(held, files, by)
    return held


@transaction.atomic
def send(version: RuleVersion, *, by: User, at: datetime | None = None) -> RuleVersion:
    """To the head of 企发部; what the head himself wrote is in force without another (000 5.10)."""
    with _handling("send", version, by=by, at=at) as (held, moment):
        own = access.scope(by).heads_supervisors
        held.answer = ""
        if own:
            held.state, held.approved_at = State.APPROVED, moment
            _in_force(held, moment)
        else:
            _tell_head(held, moment)
    return held


@transaction.atomic
def approve(version: RuleVersion, *, by: User, text: str = "", at: datetime | None = None) -> RuleVersion:
    with _handling("approve", version, by=by, at=at, head=True) as (held, moment):
        held.approved_by, held.approved_at, held.answer = by, moment, clean_line(text)[:300]
        _in_force(held, moment)
    return held


@transaction.atomic
def send_back(version: RuleVersion, *, by: User, text: str, at: datetime | None = None) -> RuleVersion:
    said = clean_line(text)[:300]
    if not said:
        raise Invalid("text", _("Say what should be changed."))
    with _handling("send_back", version, by=by, at=at, head=True) as (held, moment):
        held.answer = said
        if held.drafted_by:
            _tell([held.drafted_by], "rule-returned", held, moment, text=said)
    return held


@transaction.atomic
def drop(version: RuleVersion, *, by: User, at: datetime | None = None) -> RuleVersion:
    """Give up a version that was never in force; it is kept, marked."""
    with _handling("drop", version, by=by, at=at) as (held, _moment):
        pass
    return held


@transaction.atomic
def change(
    rule: Rule, *, by: User, name: str, unit: Unit | None, public: bool, active: bool, at: datetime | None = None
) -> Rule:
    """Its name, who interprets it, and who may read it."""
    _may_edit(by)
    named = clean_line(name)[:80]
    if not named:
        raise Invalid("name", _("This field is required."))
    held = Rule.objects.select_for_update().get(pk=rule.pk)
    wanted = {"name": named, "unit": unit, "public": public, "active": active}
    changed = {key: str(value) for key, value in wanted.items() if getattr(held, key) != value}
    for key, value in wanted.items():
        setattr(held, key, value)
    held.save(update_fields=list(wanted))
    if changed:
        audit.record("rule.changed", held, by=by, at=at or clock.now(), data=changed)
    return held


@transaction.atomic
def review(rule: Rule, *, by: User, text: str = "", at: datetime | None = None) -> Rule:
    """The yearly review found that it stands as it is (002 六)."""
    _may_edit(by)
    moment = at or clock.now()
    held = Rule.objects.select_for_update().get(pk=rule.pk)
    if held.reviewed_on == local_date(moment):
        raise WrongState(_("Its review of today is already on record."))
    held.reviewed_on, held.reviewed_by, held.review_told_on = local_date(moment), by, None
    held.save(update_fields=["reviewed_on", "reviewed_by", "review_told_on"])
    audit.record("rule.reviewed", held, by=by, at=moment, data={"text": clean_line(text)[:300]})
    return held


# ── the yearly review ───────────────────────────────────────────────────────────────────────────


def review_due(rule: Rule, newest: date | None) -> date | None:
    """By when it should be looked at again: a year after the last review, or after the day its words came into force."""
    since = max((day for day in (rule.reviewed_on, newest) if day), default=None)
    return since + timedelta(days=REVIEW_EVERY) if since else None


def remind_of_reviews(at: datetime) -> int:
    """企发部 is told once of each regulation whose year is over. Returns how many."""
    today = local_date(at)
    waiting = Rule.objects.filter(active=True, review_told_on=None).annotate(
        newest=Max("versions__in_force_from", filter=Q(versions__state=State.APPROVED))
    )
    told = 0
    for rule in waiting:
        due = review_due(rule, rule.newest)
        if due is None or due > today:
            continue
        with transaction.atomic():
            if not Rule.objects.filter(pk=rule.pk, review_told_on=None).update(review_told_on=today):
                continue
            _tell_review(rule, due, at)
            told += 1
    return told


def _tell_review(rule: Rule, due: date, at: datetime) -> None:
    people, data = list(_supervisors()), {"name": rule.name, "due": due.isoformat(), "path": rule.get_absolute_url()}
    key = f"rule:{rule.pk}:review:{due.isoformat()}"
    alerts.tell(people, "rule-review", key=key, url=rule.get_absolute_url(), at=at, data=data)
    outbox.put_all(outbox.prepare("rule-review", key=f"{key}:{user.pk}", to=user, data=data, at=at) for user in people)


# ── inside ──────────────────────────────────────────────────────────────────────────────────────


def _may_edit(by: User) -> None:
    access.require(by, "rule.edit", None, _("Only the supervising department edits the regulations."))


@contextmanager
def _handling(
    verb: str, version: RuleVersion, *, by: User, at: datetime | None, head: bool = False
) -> Iterator[tuple[RuleVersion, datetime]]:
    """The locked version, its state checked; saved and audited afterwards."""
    _may_edit(by)
    moment = at or clock.now()
    held = RuleVersion.objects.select_for_update(of=("self",)).select_related("rule", "drafted_by").get(pk=version.pk)
    states, after = MOVES[verb]
    if held.state not in states:
        raise WrongState(_("This version is %(state)s by now.") % {"state": held.get_state_display()})
    if head and not access.scope(by).heads_supervisors:
        raise access.Refused(_("Only the head of the supervising department puts a regulation in force."))
    if head and held.drafted_by_id == by.pk:
        raise access.Refused(_("Nobody approves what he wrote himself."))
    held.state = after or held.state
    yield held, moment
    held.save()
    audit.record(f"rule.{verb}", held.rule, by=by, at=moment, data={"version": held.number, "state": held.state})


def _fill(version: RuleVersion, *, body: str, change: str, in_force_from: date, at: datetime) -> None:
    text, said = rich.clean(body), clean_line(change)[:300]
    if rich.is_empty(text):
        raise Invalid("body", _("This field is required."))
    if version.number > 1 and not said:
        raise Invalid("change", _("Say what changed."))
    if in_force_from > local_date(at) + timedelta(days=FARTHEST) or in_force_from.year < 2000:
        raise Invalid("in_force_from", _("At most a year ahead."))
    version.body, version.change, version.in_force_from = text, said, in_force_from


def _attach(version: RuleVersion, files: Iterable[StoredFile], by: User) -> None:
    """Files, and the pictures in the words that the writer uploaded; a picture that is no longer in the words goes."""
    RuleFile.objects.bulk_create(RuleFile(version=version, file=file) for file in files)
    placed, shown = RuleFile.objects.filter(version=version, file__picture__isnull=False), rich.pictures(version.body)
    placed.exclude(file__in=shown).delete()
    new = Picture.objects.filter(file__in=shown, by=by, notice=None, meeting=None).exclude(
        file__in=placed.values("file")
    )
    RuleFile.objects.bulk_create(RuleFile(version=version, file_id=one.file_id) for one in new)


def _in_force(version: RuleVersion, at: datetime) -> None:
    """Every unit's heads and officers learn of it."""
    rule = version.rule
    rule.review_told_on = None
    rule.save(update_fields=["review_told_on"])
    people = User.objects.active().filter(unit__active=True, role__in=("head", "deputy", "officer"))
    _tell(people, "rule-in-force", version, at)


def _tell_head(version: RuleVersion, at: datetime) -> None:
    heads = [user for user in _supervisors() if access.acts_as_head(user, local_date(at))]
    _tell(heads, "rule-to-approve", version, at)


def _tell(people: Iterable[User], kind: str, version: RuleVersion, at: datetime, text: str = "") -> None:
    data = {
        "name": version.rule.name, "version": version.number, "day": version.in_force_from.isoformat(), "text": text,
    }  # fmt: skip
    key = f"{kind}:{version.pk}:{at.isoformat() if kind != 'rule-in-force' else ''}"
    alerts.tell(people, kind, key=key, url=version.rule.get_absolute_url(), at=at, data=data)


def _supervisors() -> Iterable[User]:
    """企发部's people who can act on it."""
    units = UnitFunction.objects.filter(function=UnitFunction.Function.SUPERVISING).values("unit")
    return User.objects.active().filter(unit__in=units, frozen_at=None, role__in=("head", "deputy", "officer"))
