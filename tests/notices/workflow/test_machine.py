"""Any order of verbs by anybody: the notice is where a plain table says, and what was refused changed nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.access import Refused
from channelportal.core.errors import WrongState
from notices import workflow
from notices.models import Notice, Step, Version
from tests.notices import making
from tests.notices.making import AT, TICKED
from tests.notices.workflow.test_correcting import NEW

AUTHOR, HEAD, CHECKER, STRANGER = "kefu_officer", "kefu_head", "center_head", "dev_head"
WRITING = {AUTHOR, HEAD}
VERBS = ("edit", "send", "approve", "send_back", "recall", "cancel", "withdraw", "correct", "edit_correction", "drop")
Outcome = str


class Oracle:
    """What should be, in plain words: the notice's state, the correction in hand, how many approved, who sent it."""

    def __init__(self) -> None:
        self.state, self.correction, self.version = "draft", "", 1
        self.approved, self.chain = 0, [HEAD, CHECKER]

    @property
    def pending(self) -> bool:
        return self.state == "pending" or self.correction == "pending"

    def says(self, verb: str, who: str) -> Outcome:
        """ "ok", "refused" or "late"."""
        if verb in ("approve", "send_back"):
            if not self.pending:
                return "late"
            return "ok" if self.chain[self.approved] == who else "refused"
        if who not in WRITING:
            return "refused"
        return "ok" if self.fits(verb) else "late"

    def fits(self, verb: str) -> bool:
        at_hand = self.correction if self.state == "published" else self.state
        return {
            "edit": self.state in ("draft", "returned"),
            "send": at_hand in ("draft", "returned"),
            "recall": at_hand == "pending",
            "cancel": self.state in ("draft", "returned"),
            "withdraw": self.state == "published",
            "correct": self.state == "published" and not self.correction,
            "edit_correction": self.state == "published" and self.correction in ("draft", "returned"),
            "drop": self.state == "published" and bool(self.correction),
        }[verb]

    def goes(self, verb: str, who: str) -> None:
        if verb == "send":
            self.approved, self.chain = 0, [CHECKER] if who == HEAD else [HEAD, CHECKER]
            self.put("pending")
        elif verb == "approve":
            self.approved += 1
            if self.approved == len(self.chain):
                self.version += 1 if self.correction else 0
                self.state, self.correction = "published", ""
        elif verb == "correct":
            self.correction = "draft"
        elif verb == "drop":
            self.correction = ""
        elif verb == "withdraw":
            self.state, self.correction = "withdrawn", ""
        else:
            wanted = {"send_back": "returned", "recall": "draft", "cancel": "cancelled"}.get(verb)
            if wanted:
                self.put(wanted)

    def put(self, state: str) -> None:
        if self.state == "published":
            self.correction = state
        else:
            self.state = state


def deeds(notice: Notice, by: Any, at: Any) -> dict[str, Callable[[], Any]]:
    step = Step.objects.filter(version__notice=notice, state="open").first() or Step.objects.order_by("-pk").first()
    newest = Version.objects.filter(notice=notice).latest("number")
    return {
        "edit": lambda: workflow.edit(notice, by=by, title="改", body="<p>改</p>", audience=making.CHANNELS, at=at),
        "send": lambda: workflow.send(notice, by=by, at=at),
        "approve": lambda: _decided(step, lambda one: workflow.approve(one, by=by, checks=TICKED, at=at)),
        "send_back": lambda: _decided(step, lambda one: workflow.send_back(one, by=by, text="请改", at=at)),
        "recall": lambda: workflow.recall(notice, by=by, at=at),
        "cancel": lambda: workflow.cancel(notice, by=by, reason="x", at=at),
        "withdraw": lambda: workflow.withdraw(notice, by=by, reason="x", at=at),
        "correct": lambda: workflow.correct(notice, by=by, at=at, **NEW),
        "edit_correction": lambda: workflow.edit_correction(newest, by=by, at=at, **NEW),
        "drop": lambda: workflow.drop(newest, by=by, at=at),
    }


def _decided(step: Step | None, deed: Callable[[Step], Any]) -> None:
    if step is None:
        raise WrongState("nothing was ever sent")
    deed(step)


def attempt(deed: Callable[[], Any]) -> Outcome:
    try:
        with transaction.atomic():
            deed()
    except Refused:
        return "refused"
    except WrongState:
        return "late"
    return "ok"


@pytest.mark.django_db
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from((AUTHOR, HEAD, CHECKER, STRANGER))), max_size=14))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_it_is_where_the_table_says(cast: Any, script: list[tuple[str, str]]) -> None:
    with transaction.atomic():
        _play(cast, script)
        transaction.set_rollback(True)


def test_it_is_where_the_table_says_all_the_way(cast: Any) -> None:
    """The long way, which chance rarely finds."""
    way = [
        ("send", AUTHOR),
        ("approve", HEAD),
        ("send_back", CHECKER),
        ("edit", AUTHOR),
        ("send", HEAD),
        ("approve", CHECKER),
    ]
    way += [
        ("correct", AUTHOR),
        ("send", AUTHOR),
        ("recall", AUTHOR),
        ("send", AUTHOR),
        ("approve", HEAD),
        ("approve", CHECKER),
    ]
    _play(cast, [*way, ("correct", HEAD), ("send", HEAD), ("withdraw", AUTHOR), ("approve", CHECKER)])


def _play(cast: Any, script: list[tuple[str, str]]) -> None:
    notice, oracle, at = making.a_notice(cast), Oracle(), AT
    for verb, who in script:
        at += timedelta(minutes=7)
        expected = oracle.says(verb, who)
        before = _snapshot(notice)

        happened = attempt(deeds(notice, cast.people[who], at)[verb])

        Notice.objects.filter(pk=notice.pk, state="publishing").update(state="published")  # as its job does
        if happened == "ok":
            oracle.goes(verb, who)
        else:
            assert _snapshot(notice) == before
        notice.refresh_from_db()
        in_hand = Version.objects.filter(notice=notice, state__in=Version.OPEN, number__gt=1).first()
        assert _same(happened, expected), (verb, who, happened, expected)
        assert (notice.state, in_hand.state if in_hand else "") == (oracle.state, oracle.correction)
        assert Step.objects.filter(version__notice=notice, state="open").count() == int(oracle.pending)
        assert Version.objects.filter(notice=notice, state="published").count() == int(notice.version is not None)


def _same(happened: Outcome, expected: Outcome) -> bool:
    """A step that is no longer open is refused to strangers and too late for the others: either is right."""
    return happened == expected or (expected == "late" and happened == "refused")


def _snapshot(notice: Notice) -> tuple[Any, ...]:
    return (
        tuple(Notice.objects.filter(pk=notice.pk).values_list("state", "title", "version", "touched_at")[0]),
        tuple(Version.objects.filter(notice=notice).values_list("number", "state", "title")),
        tuple(Step.objects.filter(version__notice=notice).order_by("pk").values_list("pk", "state", "decided_by")),
    )
