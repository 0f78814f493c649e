"""What the pages offer is what the verbs allow: `rights.possible` for everybody in every state."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from notices import rights, workflow
from notices.models import Notice
from tests.notices import making
from tests.notices.making import AT, TICKED
from tests.notices.workflow.test_correcting import NEW, correction
from tests.notices.workflow.test_publishing import carried_out_by_phone, scheduled


def returned(cast: Any) -> Notice:
    notice = making.sent(cast)
    workflow.send_back(making.step_of(notice), by=cast.kefu_head, text="请改", at=AT)
    return notice


def being_corrected(cast: Any) -> Notice:
    notice = making.published(cast)
    correction(cast, notice)
    return notice


def correction_sent(cast: Any) -> Notice:
    notice = being_corrected(cast)
    workflow.send(notice, by=cast.kefu_officer, at=AT)
    return notice


def withdrawn(cast: Any) -> Notice:
    return workflow.withdraw(making.published(cast), by=cast.kefu_officer, reason="x", at=AT)


RECEIPTS = {"receipts", "remind"}
TABLE: dict[str, tuple[Any, set[str], set[str]]] = {
    # state: made by, the author may, the head of his unit may besides or instead
    "draft": (making.a_notice, {"edit", "send", "cancel"}, {"edit", "send", "cancel"}),
    "pending": (making.sent, {"recall"}, {"recall", "approve", "send_back"}),
    "returned": (returned, {"edit", "send", "cancel"}, {"edit", "send", "cancel"}),
    "scheduled": (scheduled, {"publish", "cancel"}, {"publish", "cancel"}),
    "to carry out": (carried_out_by_phone, {"record_outcome", "cancel"}, {"record_outcome", "cancel"}),
    "publishing": (making.approved, {"withdraw", "receipts"}, {"withdraw", "receipts"}),
    "published": (making.published, {"withdraw", "correct"} | RECEIPTS, {"withdraw", "correct"} | RECEIPTS),
    "correction": (
        being_corrected,
        {"withdraw", "edit_correction", "send", "drop"} | RECEIPTS,
        {"withdraw", "edit_correction", "send", "drop"} | RECEIPTS,
    ),
    "correction in approval": (
        correction_sent,
        {"withdraw", "recall", "drop"} | RECEIPTS,
        {"withdraw", "recall", "drop", "approve", "send_back"} | RECEIPTS,
    ),
    "withdrawn": (withdrawn, {"receipts"}, {"receipts"}),
}


@pytest.mark.parametrize(("make", "author", "head"), TABLE.values(), ids=TABLE.keys())
@pytest.mark.time_machine(AT)
def test_it_offers_what_is_possible(cast: Any, make: Any, author: set[str], head: set[str]) -> None:
    notice = make(cast)
    notice.refresh_from_db()

    assert rights.possible(notice, cast.kefu_officer) == author
    assert rights.possible(notice, cast.kefu_head) == head
    for stranger in (cast.kefu_member, cast.dev_head, cast.ludong_head, cast.chuannan_member, cast.system_admin):
        assert rights.possible(notice, stranger) == set()


@pytest.mark.parametrize("make", [row[0] for row in TABLE.values()], ids=TABLE.keys())
def test_it_offers_nothing_that_the_verb_refuses(cast: Any, make: Any) -> None:
    """Each verb offered to the author or to who decides can be done; tried one after the other in savepoints."""
    notice = make(cast)
    notice.refresh_from_db()

    for who in (cast.kefu_officer, cast.kefu_head):
        for verb in rights.possible(notice, who) - RECEIPTS:
            attempt(verb, notice, who)


def attempt(verb: str, notice: Notice, who: Any) -> None:
    deeds = {
        "edit": lambda: workflow.edit(notice, by=who, title="x", at=AT),
        "send": lambda: workflow.send(notice, by=who, at=AT),
        "cancel": lambda: workflow.cancel(notice, by=who, reason="x", at=AT),
        "recall": lambda: workflow.recall(notice, by=who, at=AT),
        "publish": lambda: workflow.publish(notice, by=who, at=AT),
        "withdraw": lambda: workflow.withdraw(notice, by=who, reason="x", at=AT),
        "correct": lambda: workflow.correct(notice, by=who, at=AT, **NEW),
        "edit_correction": lambda: workflow.edit_correction(making.in_hand(notice), by=who, at=AT, **NEW),
        "drop": lambda: workflow.drop(making.in_hand(notice), by=who, at=AT),
        "record_outcome": lambda: workflow.record_outcome(notice, by=who, text="x", at=AT),
        "approve": lambda: workflow.approve(making.step_of(notice), by=who, checks=TICKED, at=AT),
        "send_back": lambda: workflow.send_back(making.step_of(notice), by=who, text="x", at=AT),
    }
    with transaction.atomic():
        deeds[verb]()
        transaction.set_rollback(True)


def test_it_shows_receipts_to_whom_they_concern(cast: Any) -> None:
    notice = making.published(cast)
    secret = making.published(cast, level="confidential")

    seeing = {name for name, user in cast.people.items() if rights.sees_receipts(notice, user)}
    seeing_secret = {name for name, user in cast.people.items() if rights.sees_receipts(secret, user)}

    assert seeing == {"kefu_officer", "kefu_head", "kefu_deputy", "qifa_head", "qifa_officer", "qifa_member"}
    assert seeing_secret == {"kefu_officer", "kefu_head", "kefu_deputy", "qifa_head"}
