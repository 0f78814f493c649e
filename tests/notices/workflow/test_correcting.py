"""A published notice is corrected: a later version, the same chain, the old one kept, readers told (000 4.1.4; N7)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.access import Refused
from channelportal.core import search
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry
from notices import receipts, workflow
from notices.models import Notice, NoticeFile, Step, Version
from tests.notices import making
from tests.notices.making import AT
from tests.notices.workflow.test_approving import told
from tests.notices.workflow.test_drafting import a_file
from tests.notices.workflow.test_sending import POLICY

LATER = AT + timedelta(days=4)
NEW = {
    "title": "关于核对库存的通知（更正）",
    "body": "<p>请于五月底前核对。</p>",
    "change": "日期",
    "change_reason": "写错",
}


def correction(cast: Any, notice: Notice, **values: Any) -> Version:
    return workflow.correct(notice, by=cast.kefu_officer, at=LATER, **(NEW | values))


def corrected(cast: Any, notice: Notice, **values: Any) -> Notice:
    correction(cast, notice, **values)
    workflow.send(notice, by=cast.kefu_officer, at=LATER)
    return making.approve_all(notice, at=LATER)


def test_it_leaves_readers_with_the_words_of_before_until_it_is_approved(cast: Any) -> None:
    notice = making.published(cast)

    version = correction(cast, notice)
    workflow.send(notice, by=cast.kefu_officer, at=LATER)

    notice.refresh_from_db()
    version.refresh_from_db()
    assert (notice.state, notice.title, version.number, version.state) == (
        "published",
        "关于核对库存的通知",
        2,
        "pending",
    )
    assert [step.duty for step in Step.objects.filter(version=version)] == ["head", "check"]


def test_it_shows_the_new_words_once_everybody_approved(cast: Any) -> None:
    notice = making.published(cast)
    receipts.open_(notice, cast.ludong_head, AT + timedelta(days=1))

    corrected(cast, notice, error=True)

    notice.refresh_from_db()
    old, new = Version.objects.filter(notice=notice)
    assert (notice.state, notice.version, notice.title) == ("published", new, NEW["title"])
    assert (old.state, new.state, new.error) == ("replaced", "published", True)
    assert told("notice-corrected") == ["李代理"]
    assert list(search.find("notice", "五月底前")) == [notice.pk]
    assert list(search.find("notice", "本周内")) == []
    assert AuditEntry.objects.filter(action="notice.approve").latest("pk").data["replaced"] == 1


def test_it_is_published_once_and_recounted_never(cast: Any) -> None:
    notice = making.published(cast)
    before = notice.published_at, notice.job_id, notice.recipients

    corrected(cast, notice)

    notice.refresh_from_db()
    assert (notice.published_at, notice.job_id, notice.recipients) == before


def test_it_is_corrected_again(cast: Any) -> None:
    notice = corrected(cast, making.published(cast))

    corrected(cast, notice, title="第三版")

    assert list(Version.objects.filter(notice=notice).values_list("number", "state")) == [
        (1, "replaced"), (2, "replaced"), (3, "published"),
    ]  # fmt: skip


def test_it_keeps_the_files_unless_told_otherwise(cast: Any) -> None:
    first, second, third = (a_file(cast.kefu_officer, f"{n}.txt") for n in "123")
    notice = making.published(cast, files=[first, second])

    version = correction(cast, notice, keep_files=[second.pk], files=[third])

    assert list(version.files.order_by("pk").values_list("file__name", flat=True)) == ["2.txt", "3.txt"]
    assert NoticeFile.objects.filter(version__notice=notice, version__number=1).count() == 2


def test_it_is_one_at_a_time(cast: Any) -> None:
    notice = making.published(cast)
    correction(cast, notice)

    with pytest.raises(WrongState):
        correction(cast, notice)


@pytest.mark.parametrize("field", ["title", "change", "change_reason"])
def test_it_says_what_changed_and_why(cast: Any, field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        correction(cast, making.published(cast), **{field: " "})

    assert wrong.value.field == field


@pytest.mark.parametrize("who", ["ludong_head", "kefu_member", "qifa_head"])
def test_it_is_written_by_the_authors_side(cast: Any, who: str) -> None:
    with pytest.raises(Refused):
        workflow.correct(making.published(cast), by=cast.people[who], at=LATER, **NEW)


@pytest.mark.parametrize("make", [making.a_notice, making.sent, making.approved])
def test_it_is_written_only_when_the_notice_is_out(cast: Any, make: Any) -> None:
    with pytest.raises(WrongState):
        correction(cast, make(cast))


def test_it_comes_back_is_edited_and_sent_again(cast: Any) -> None:
    notice = making.published(cast)
    version = correction(cast, notice)
    workflow.send(notice, by=cast.kefu_officer, at=LATER)
    workflow.send_back(making.step_of(notice), by=cast.kefu_head, text="写清楚", at=LATER)

    workflow.edit_correction(version, by=cast.kefu_officer, **NEW | {"title": "再更正"}, at=LATER)
    workflow.send(notice, by=cast.kefu_officer, at=LATER)

    version.refresh_from_db()
    notice.refresh_from_db()
    assert (version.title, version.state, notice.state, notice.title) == (
        "再更正",
        "pending",
        "published",
        "关于核对库存的通知",
    )
    assert version.sendings.count() == 2


def test_it_is_taken_back_and_dropped(cast: Any) -> None:
    notice = making.published(cast)
    version = correction(cast, notice)
    workflow.send(notice, by=cast.kefu_officer, at=LATER)
    step = making.step_of(notice)

    workflow.recall(notice, by=cast.kefu_officer, at=LATER)
    workflow.drop(version, by=cast.kefu_officer, at=LATER)

    version.refresh_from_db()
    step.refresh_from_db()
    assert (version.state, step.state) == ("dropped", "void")
    with pytest.raises(WrongState):
        workflow.drop(version, by=cast.kefu_officer, at=LATER)
    assert correction(cast, notice).number == 3


def test_it_is_not_edited_like_a_draft(cast: Any) -> None:
    notice = making.published(cast)
    correction(cast, notice)

    with pytest.raises(WrongState):
        workflow.edit(notice, by=cast.kefu_officer, title="x", at=LATER)


def test_it_keeps_what_the_policy_says_and_the_day(cast: Any) -> None:
    """Its day is past by now; it stays, so neither the past nor the lead time is asked about."""
    notice = making.published(cast, kind=making.a_policy(), **POLICY)
    late = AT + timedelta(days=30)

    version = workflow.correct(notice, by=cast.kefu_officer, at=late, **NEW)
    workflow.send(notice, by=cast.kefu_officer, at=late)

    assert (version.reason, version.impact, version.effective_on) == tuple(POLICY.values())


@pytest.mark.parametrize(("day", "field"), [(date(2026, 5, 13), "lead_note"), (date(2026, 5, 11), "effective_on")])
def test_it_asks_about_another_day_as_for_a_new_policy(cast: Any, day: date, field: str) -> None:
    notice = making.published(cast, kind=making.a_policy(), **POLICY)
    correction(cast, notice, effective_on=day)

    with pytest.raises(Invalid) as wrong:
        workflow.send(notice, by=cast.kefu_officer, at=LATER)

    assert wrong.value.field == field
