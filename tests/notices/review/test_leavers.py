"""Who has left the unit for which he was told hears no more of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from channelportal.core import clock, files
from channelportal.core.models import Alert, OutboxMessage
from notices import receipts, sweep, workflow
from notices.models import Action, AgendaPaper, Meeting, MeetingKind, Notice
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db
AT = making.AT
HOUR = timedelta(hours=1)


def told(user: User) -> set[str]:
    alerts = set(Alert.objects.filter(user=user).values_list("kind", flat=True))
    return alerts | {row["event"] for row in OutboxMessage.objects.filter(user=user).values_list("data", flat=True)}


@pytest.fixture
def notice(cast: Cast) -> Notice:
    return making.published(cast, to=[cast.ludong_head, cast.ludong_officer], acknowledge=True, acknowledge_days=2)


def test_he_is_neither_reminded_nor_told_of_a_correction_or_withdrawal(cast: Cast, notice: Notice) -> None:
    receipts.open_(notice, cast.ludong_officer, AT + 9 * HOUR)
    User.objects.filter(pk=cast.ludong_officer.pk).update(unit=cast.chuannan)
    before = told(cast.ludong_officer)

    receipts.remind(notice, by=cast.kefu_officer, at=AT + 10 * HOUR)
    workflow.correct(
        notice,
        by=cast.kefu_officer,
        title="更正后",
        body="<p>价</p>",
        change="价格",
        change_reason="错",
        error=True,
        at=AT + 10 * HOUR,
    )
    workflow.send(notice, by=cast.kefu_officer, at=AT + 10 * HOUR)
    making.approve_all(notice, at=AT + 10 * HOUR)
    sweep.sweep(AT + timedelta(days=8))
    workflow.withdraw(notice, by=cast.kefu_officer, reason="价格不对", at=AT + timedelta(days=9))

    assert told(cast.ludong_officer) == before
    assert {"notice-remind", "notice-corrected", "notice-late", "notice-withdrawn"} <= told(cast.ludong_head)


# ── meetings ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def meeting(cast: Cast) -> Meeting:
    """Held, with a paper; 代理员工 owns an action and was never invited."""
    now = clock.now()
    upload = SimpleUploadedFile("底价.txt", "底价\n".encode())
    kept = files.keep_all([upload], by=cast.market_officer, at=now)
    found = Meeting.objects.create(
        number="HY-2026-0101-001", kind=MeetingKind.objects.get(code="monthly"), unit=cast.market, title="月会",
        state=Meeting.State.HELD, place="一", starts_at=now - 3 * HOUR, ends_at=now - 2 * HOUR, chair=cast.market_head,
        called_by=cast.market_officer, created_at=now - 9 * HOUR, invited_at=now - 9 * HOUR, held_at=now - HOUR,
    )  # fmt: skip
    AgendaPaper.objects.create(meeting=found, file=kept[0])
    Action.objects.create(
        meeting=found, task="盘点", owner=cast.ludong_member, unit=cast.ludong, day=date(2030, 1, 2), due_at=now + HOUR,
        state=Action.State.OPEN,
    )  # fmt: skip
    return found


def get(user: User, path: str) -> int:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client.get(path).status_code


def test_who_only_owns_an_action_gets_no_paper_of_the_meeting(cast: Cast, meeting: Meeting) -> None:
    paper = AgendaPaper.objects.get().file_id

    codes = {
        who: get(cast.people[who], f"/meetings/{meeting.pk}/files/{paper}/")
        for who in ("ludong_member", "ludong_head", "market_officer", "market_head", "qifa_member", "dev_head")
    }

    assert get(cast.ludong_member, f"/meetings/{meeting.pk}/") == 200
    assert codes == {
        "ludong_member": 404, "ludong_head": 404, "market_officer": 200, "market_head": 200, "qifa_member": 200, "dev_head": 404,
    }  # fmt: skip


def test_nor_is_a_paper_named_on_his_page(cast: Cast, meeting: Meeting) -> None:
    client = Client()
    client.force_login(cast.ludong_member)

    assert "底价" not in client.get(f"/meetings/{meeting.pk}/").content.decode()


def test_who_called_it_and_left_the_unit_sees_it_no_more(cast: Cast, meeting: Meeting) -> None:
    User.objects.filter(pk=cast.market_officer.pk).update(unit=cast.chuannan)

    assert get(cast.market_officer, f"/meetings/{meeting.pk}/") == 404
