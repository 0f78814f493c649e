"""Kinds with their frequency; who and what is taken at a time; what meetings come to."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.apps import apps

from accounts.access import Refused
from accounts.models import User
from channelportal.core.errors import Invalid
from channelportal.core.models import AuditEntry
from notices import meeting_stats
from notices.audience import Audience
from notices.meeting_clashes import clashes
from notices.models import Meeting, MeetingKind
from notices.supplied import meetings as supplied
from notices.workflow import meetings
from tests.notices.meetings.conftest import CALLED_AT, ENDS, STARTS, Make, may
from tests.people import Cast


def test_an_installation_begins_with_the_kinds_of_the_rules() -> None:
    required = MeetingKind.objects.exclude(period="none").values_list("name_zh", "times", "period", "per")

    assert list(required) == [
        ("渠道合作伙伴大会", 1, "year", "company"), ("季度沟通会", 1, "quarter", "channel"), ("月度工作会", 1, "month", "manager"),
    ]  # fmt: skip


def test_what_was_edited_is_not_supplied_again() -> None:
    MeetingKind.objects.filter(code="annual").update(times=2)

    supplied.supply(apps)

    assert MeetingKind.objects.get(code="annual").times == 2


def test_the_supervisors_change_a_kind(cast: Cast, kind: Any) -> None:
    row = meetings.save_kind(kind("monthly"), by=cast.qifa_officer, times=2, audience=Audience(hq=True), at=CALLED_AT)

    assert (row.times, row.audience) == (2, {"hq": True})
    assert AuditEntry.objects.get(action="meetingkind.saved").data == {"times": [1, 2], "audience": [{}, {"hq": True}]}


def test_the_supervisors_add_a_kind(cast: Cast) -> None:
    row = meetings.save_kind(
        None, by=cast.qifa_head, code="Training", name_zh="培训会", name_en="Training", at=CALLED_AT
    )

    assert (row.code, row.name, row.active) == ("training", "培训会", True)
    with pytest.raises(Invalid, match="code"):
        meetings.save_kind(None, by=cast.qifa_head, code="training", name_zh="培训", name_en="T", at=CALLED_AT)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("times", {"times": 0}), ("period", {"period": "day"}), ("per", {"per": "x"}), ("name_zh", {"name_zh": " "}),
        ("audience", {"audience": Audience(channels="some")}), ("minutes_days", {"minutes_days": 31}),
    ],
)  # fmt: skip
def test_a_kind_is_refused(cast: Cast, kind: Any, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        meetings.save_kind(kind("monthly"), by=cast.qifa_head, at=CALLED_AT, **values)

    assert refused.value.field == field


def test_others_keep_no_kinds(cast: Cast, kind: Any) -> None:
    with pytest.raises(Refused):
        meetings.save_kind(kind("monthly"), by=cast.market_head, times=2, at=CALLED_AT)


# ── clashes ─────────────────────────────────────────────────────────────────────────────────────


def found(cast: Cast, viewer: User, **values: Any) -> list[tuple[str, bool, bool]]:
    given: dict[str, Any] = {"starts": may(21, 15), "ends": may(21, 17), "people": User.objects.all()} | values
    rows = clashes(given.pop("starts"), given.pop("ends"), given.pop("people"), viewer=viewer, **given)
    return sorted((row.person.name if row.person else "", row.seen, row.accepted) for row in rows)


def test_people_are_taken_where_they_are_invited(cast: Cast, meeting: Meeting) -> None:
    meetings.reply(meeting, by=cast.ludong_head, answer="decline", reason="出差", at=may(12))
    meetings.reply(meeting, by=cast.chuannan_head, answer="deputy", deputy=cast.chuannan_officer, at=may(12))

    assert found(cast, cast.market_head) == [
        ("企市员", True, True),
        ("川南信息员", True, True),
        ("钱企市", True, False),
    ]
    assert found(cast, cast.market_head, people=[cast.chuannan_head]) == []
    assert found(cast, cast.market_head, but=meeting) == []


def test_a_stranger_learns_only_that_somebody_is_taken(cast: Cast, meeting: Meeting) -> None:
    assert found(cast, cast.gov_officer, people=[cast.ludong_head]) == [("李代理", False, False)]


def test_a_place_is_taken(cast: Cast, meeting: Meeting) -> None:
    assert found(cast, cast.market_head, people=[], place=" 一号会议室") == [("", True, False)]
    assert found(cast, cast.market_head, people=[], place="二号会议室") == []


def test_one_after_the_other_is_no_clash(cast: Cast, meeting: Meeting) -> None:
    assert found(cast, cast.market_head, starts=ENDS, ends=may(21, 18), place="一号会议室") == []
    assert found(cast, cast.market_head, starts=may(21, 9), ends=STARTS) == []


def test_cancelled_and_drafted_meetings_take_nobody(cast: Cast, drafted: Make, meeting: Meeting) -> None:
    drafted()
    meetings.cancel(meeting, by=cast.market_officer, reason="x", at=may(12))

    assert found(cast, cast.market_head) == []


# ── figures ─────────────────────────────────────────────────────────────────────────────────────


def test_figures_of_a_month(cast: Cast, held: Make, called: Make) -> None:
    held()
    meetings.cancel(called(), by=cast.market_officer, reason="x", at=may(12))
    whole = meeting_stats.figures(date(2026, 5, 1), date(2026, 5, 31))
    channel = meeting_stats.figures(date(2026, 5, 1), date(2026, 5, 31), of=cast.ludong.pk)

    assert (whole.held, whole.cancelled, whole.invited, whole.present) == (1, 1, 4, 1)
    assert (channel.invited, channel.present, channel.attendance, channel.kept) == (1, 1, 1.0, None)
    assert meeting_stats.figures(date(2026, 6, 1), date(2026, 6, 30)).held == 0
