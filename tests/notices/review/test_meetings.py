"""What a channel learns of others, and whom it calls, through meetings."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from channelportal.core import clock
from channelportal.core.errors import Invalid
from channelportal.lib.workdays import SHANGHAI
from notices.audience import Audience
from notices.models import Meeting, MeetingKind
from notices.views.meeting_writing import outlook
from notices.workflow import meetings
from tests.people import Cast

pytestmark = pytest.mark.django_db
CALLED_AT = datetime(2026, 5, 11, 10, tzinfo=SHANGHAI)
STARTS = datetime(2026, 5, 21, 14, tzinfo=SHANGHAI)
EVERYBODY = Audience(channels="all")


def by_ludong(cast: Cast, audience: Audience) -> Meeting:
    return meetings.draft(
        by=cast.ludong_officer, kind=MeetingKind.objects.get(code="monthly"), title="会", chair=cast.ludong_head, place="一",
        starts_at=STARTS, ends_at=STARTS + timedelta(hours=1), audience=audience, at=CALLED_AT,
    )  # fmt: skip


def test_a_channel_calls_no_meeting_of_other_channels(cast: Cast) -> None:
    meeting = by_ludong(cast, EVERYBODY)

    with pytest.raises(Invalid, match="audience"):
        meetings.send(meeting, by=cast.ludong_officer, at=CALLED_AT)


def test_it_calls_its_own_people_and_headquarters(cast: Cast) -> None:
    near = Audience(units=(cast.ludong.pk, cast.market.pk), people=(cast.dev_head.pk,))

    sent = meetings.send(by_ludong(cast, near), by=cast.ludong_officer, at=CALLED_AT)

    assert sent.state in (Meeting.State.PENDING, Meeting.State.CALLED)


def test_it_reads_no_name_of_another_channel_among_the_clashes(cast: Cast) -> None:
    now = clock.now()
    other = Meeting.objects.create(
        number="HY-1", kind=MeetingKind.objects.get(code="monthly"), unit=cast.market, title="密谈", place="二",
        state=Meeting.State.CALLED, starts_at=now + timedelta(days=3), ends_at=now + timedelta(days=3, hours=1),
        chair=cast.market_head, called_by=cast.market_officer, created_at=now, invited_at=now,
    )  # fmt: skip
    other.invitations.create(user=cast.chuannan_head, unit=cast.chuannan)
    other.invitations.create(user=cast.market_head, unit=cast.market)
    chosen = {"kind": other.kind, "starts_at": other.starts_at, "ends_at": other.ends_at}
    chosen["audience"] = Audience(channels="all", units=(cast.market.pk,))

    def named(user: object) -> set[str]:
        return {one.person.name for one in outlook(user, chosen, None).clashes if one.person}  # type: ignore[arg-type]

    assert named(cast.ludong_officer) == {cast.market_head.name}
    assert named(cast.gov_officer) == {cast.market_head.name, cast.chuannan_head.name}
