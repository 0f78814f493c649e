"""What a person may do with a notice now: shown by the pages, asked again by every verb.

Two questions: may he at all (`require`, 403 with the reason) and is it possible in this state (the workflow, 409).
`possible` answers both at once. Whether he may see the notice is `Notice.objects.visible_to` (404).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import F, Q
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from accounts.access import Refused, scope
from accounts.models import Unit, User
from notices import deciders, moves
from notices.models import Notice, NoticeKind, Receipt, Step, Version

WRITING: Final = frozenset(
    {"edit", "send", "recall", "cancel", "publish", "withdraw", "correct", "edit_correction", "drop", "record_outcome"}
)
"""Verbs of the author's side."""
DECIDING: Final = frozenset({"approve", "send_back"})
READING: Final = frozenset({"receipts", "remind"})
"""Who has it, who has not (`receipts.py` does what they name)."""

REASONS: Final[dict[str, Any]] = {
    "writing": _("Only its author and the information officers and heads of his unit may do this."),
    "deciding": _("It is not yours to decide: somebody else's step is open."),
    "own": _("Nobody approves what he wrote, edited or sent himself."),
    "receipts": _("Only the author, his head and the supervising department see who has read it."),
    "draft": _("Only people of a unit write notices."),
    "kind": _("Your unit does not write notices of this kind."),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a notice beside its row: fetched once, by `situation`."""

    in_hand: Version | None
    """What is being written or approved; None: nothing is."""
    step: Step | None
    """The open step; None: nothing waits for a decision."""
    deciders: frozenset[int]
    """Who may decide it."""


def situation(notice: Notice, day: date | None = None) -> Situation:
    """Four queries at most."""
    in_hand = Version.objects.filter(notice=notice, state__in=Version.OPEN).first()
    if in_hand is None or in_hand.state != Version.State.PENDING:
        return Situation(in_hand, None, frozenset())
    step = Step.objects.filter(version=in_hand, state=Step.State.OPEN).select_related("sending", "unit").first()
    people = deciders.of_step(step, day or localdate()) if step else []
    return Situation(in_hand, step, frozenset(user.pk for user in people))


def possible(notice: Notice, user: User, facts: Situation | None = None) -> set[str]:
    """The verbs this person may do now."""
    facts = facts or situation(notice)
    found: set[str] = set()
    if writes(notice, user):
        found |= {verb for verb in WRITING if fits(verb, notice, facts.in_hand)}
    if supervises(notice, user) and fits("withdraw", notice, facts.in_hand):
        found.add("withdraw")
    if facts.step and user.pk in facts.deciders:
        found |= DECIDING
    if sees_receipts(notice, user):
        found |= {"receipts"} | ({"remind"} if notice.state == Notice.State.PUBLISHED else set())
    return found


def fits(verb: str, notice: Notice, in_hand: Version | None) -> bool:
    """Whether the verb is possible in this state, whoever asks."""
    if is_correction(notice, in_hand) and verb in moves.CORRECTION:
        return notice.state == Notice.State.PUBLISHED and in_hand.state in moves.CORRECTION[verb].states  # type: ignore[union-attr]
    if verb not in moves.NOTICE or notice.state not in moves.NOTICE[verb].states:
        return False
    if verb == "correct":
        return in_hand is None
    if verb == "record_outcome":
        return notice.state == Notice.State.APPROVED or owes_outcome(notice)
    return True


def is_correction(notice: Notice, version: Version | None) -> bool:
    return version is not None and version.number > 1


def owes_outcome(notice: Notice) -> bool:
    """Published, and something beside the portal was to be done that nobody has recorded (001 四(四)2)."""
    return notice.outcome_on is None and not set(notice.means) <= set(Notice.BY_PORTAL)


# ── who ─────────────────────────────────────────────────────────────────────────────────────────


def writes(notice: Notice, user: User) -> bool:
    """Its author while he belongs to the unit, and the unit's officers and heads."""
    if not user.is_active or user.unit_id is None or user.unit_id != notice.unit_id:
        return False
    return user.pk == notice.author_id or scope(user).may("notice.see", notice.unit_id)


def supervises(notice: Notice, user: User) -> bool:
    """The head of 企发部 takes any notice back: one that must not stand, or whose unit is closed (000 4.1.4; 001 七(三)1)."""
    return user.is_active and scope(user).heads_supervisors and notice.state in Notice.OUT


def decides(step: Step, user: User, day: date | None = None) -> bool:
    """Whether this person may decide the step: head of its unit or in his place, and neither author, editor nor sender."""
    return any(one.pk == user.pk for one in deciders.of_step(step, day or localdate()))


def sees_receipts(notice: Notice, user: User) -> bool:
    """001 四(三)2: the author, his head, 企发部 (of a confidential notice its head alone)."""
    if notice.state not in Notice.OUT:
        return False
    who = scope(user)
    if user.unit_id == notice.unit_id and (user.pk == notice.author_id or "notice.receipts" in who.own_verbs):
        return True
    return who.may("notice.supervise") and (not notice.confidential or who.heads_supervisors)


def who_sees(notice: Notice, people: Iterable[User]) -> set[int]:
    """Of these people those whom `visible_to` shows the notice, by their ids. Two queries for all whose unit has no part in it but
    to receive it; the others are asked one by one."""
    asked = {user.pk: user for user in people}
    got = Receipt.objects.filter(notice=notice, user__in=asked, unit=F("user__unit"), delivered_at__isnull=False)
    found = set(got.values_list("user", flat=True)) if notice.state in Notice.OUT else set()
    deciding = Step.objects.filter(version__notice=notice, opened_at__isnull=False).values("unit")
    concerned = Unit.objects.filter(Q(pk=notice.unit_id) | Q(pk__in=deciding) | Q(functions__function="supervising"))
    units = set(concerned.values_list("pk", flat=True))
    near = [user for user in asked.values() if user.unit_id in units and user.pk not in found]
    return found | {user.pk for user in near if Notice.objects.visible_to(user).filter(pk=notice.pk).exists()}


def writes_kind(kind: NoticeKind, user: User) -> bool:
    """Whether his unit writes notices of this kind. A kind without an owner is 企发部's."""
    if not kind.active or user.unit is None or not scope(user).may("notice.draft", user.unit_id):
        return False
    if kind.writers == NoticeKind.Writers.OWNER:
        return kind.owner_id == user.unit_id
    return kind.writers == NoticeKind.Writers.ALL or not user.unit.is_channel


def require(verb: str, notice: Notice, user: User, step: Step | None = None, day: date | None = None) -> None:
    """`Refused` with its reason unless this person may do the verb, whatever the state."""
    if verb == "withdraw" and supervises(notice, user):
        return
    if verb in WRITING and not writes(notice, user):
        raise Refused(REASONS["writing"])
    if verb in READING and not sees_receipts(notice, user):
        raise Refused(REASONS["receipts"])
    if verb in DECIDING and step is not None and not decides(step, user, day):
        raise Refused(REASONS["own" if user.pk in deciders.barred(step) else "deciding"])
