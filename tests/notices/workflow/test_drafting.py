"""Writing a notice: what may stand in it, who writes it, its files and pictures (001 三(一)(二), 四(一))."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from accounts.access import Refused
from channelportal.core import files
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry, StoredFile
from notices import workflow
from notices.audience import Audience
from notices.models import Notice, NoticeFile, Picture
from tests.notices import making
from tests.notices.making import AT


def a_file(by: Any, name: str = "政策.txt") -> StoredFile:
    return files.keep_bytes(name, "正文".encode(), "text/plain", by=by, at=AT)


def test_it_keeps_a_draft_with_a_number_of_the_day(cast: Any) -> None:
    notice = making.a_notice(cast, body='<p onclick="x()">请<script>alert(1)</script>核对</p>')

    version = making.in_hand(notice)
    assert (notice.number, notice.state, version.state) == ("TZ-2026-0508-001", "draft", "draft")
    assert (notice.unit, notice.author) == (cast.kefu, cast.kefu_officer)
    assert version.body == "<p>请核对</p>"
    assert AuditEntry.objects.get(action="notice.draft").object_id == str(notice.pk)


def test_it_counts_requests_in_a_line_of_their_own(cast: Any) -> None:
    making.a_notice(cast)

    assert making.a_request(cast).number == "SQ-2026-0508-001"


def test_it_takes_what_the_kind_says_where_nothing_else_is_said(cast: Any) -> None:
    kind = making.a_kind(acknowledge=True, acknowledge_days=3)

    notice = making.a_notice(cast, kind=kind)
    other = making.a_notice(cast, kind=kind, acknowledge=False, acknowledge_days=7)

    assert (notice.acknowledge, notice.acknowledge_days) == (True, 3)
    assert (other.acknowledge, other.acknowledge_days) == (False, 7)


def test_it_makes_one_draft_of_two_clicks(cast: Any) -> None:
    key = uuid.uuid4()

    first, second = (making.a_notice(cast, key=key) for _ in range(2))

    assert first == second
    assert Notice.objects.count() == 1


def test_it_puts_a_plain_notice_into_the_portal_in_any_case(cast: Any) -> None:
    assert making.a_notice(cast, means=["robot"]).means == ["portal", "robot"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("title", {"title": " "}),
        ("title", {"title": "长" * 101}),
        ("body", {"body": "长" * 500_000}),
        ("level", {"level": "secret"}),
        ("importance", {"importance": "x"}),
        ("urgency", {"urgency": "x"}),
        ("means", {"means": ["pigeon"]}),
        ("means", {"means": ["phone"]}),
        ("audience", {"audience": Audience(channels="some", grades=("Z",))}),
        ("audience", {"audience": Audience(units=tuple(range(1, 2_002)))}),
        ("publish_at", {"publish_at": AT}),
        ("publish_at", {"publish_at": AT + timedelta(days=367)}),
        ("valid_until", {"valid_until": date(2026, 5, 7)}),
        ("valid_until", {"valid_until": date(2026, 5, 9), "publish_at": AT + timedelta(days=2)}),
        ("valid_until", {"valid_until": date(2026, 5, 9), "effective_on": date(2026, 5, 10)}),
        ("effective_on", {"effective_on": date(2026, 5, 7)}),
        ("effective_on", {"effective_on": date(2026, 5, 9), "publish_at": AT + timedelta(days=2)}),
        ("acknowledge_by", {"acknowledge": True, "acknowledge_by": date(2026, 5, 8)}),
        (
            "acknowledge_by",
            {"acknowledge": True, "acknowledge_by": date(2026, 5, 20), "valid_until": date(2026, 5, 19)},
        ),
        ("acknowledge_days", {"acknowledge_days": 61}),
        ("kind", {"kind": {"active": False}}),
    ],
)
def test_it_takes_nothing_that_cannot_be(cast: Any, field: str, values: dict[str, Any]) -> None:
    if isinstance(values.get("kind"), dict):
        values = {"kind": making.a_kind(**values["kind"])}

    with pytest.raises(Invalid) as wrong:
        making.a_notice(cast, **values)

    assert wrong.value.field == field
    assert not Notice.objects.exists()


def test_it_keeps_half_a_draft(cast: Any) -> None:
    notice = making.a_notice(cast, body="", audience=Audience())

    assert notice.state == "draft"


@pytest.mark.parametrize(
    ("writers", "who", "may"),
    [
        ("all", "ludong_member", True),
        ("hq", "kefu_member", True),
        ("hq", "ludong_head", False),
        ("owner", "qifa_member", True),
        ("owner", "kefu_head", False),
        ("all", "system_admin", False),
    ],
)
def test_it_lets_those_write_whom_the_kind_names(cast: Any, writers: str, who: str, may: bool) -> None:
    kind = making.a_kind(writers=writers, owner=cast.qifa)

    if may:
        assert making.a_notice(cast, by=cast.people[who], kind=kind).pk
    else:
        with pytest.raises(Refused):
            making.a_notice(cast, by=cast.people[who], kind=kind)


def test_it_is_edited_by_the_officers_of_the_unit_too(cast: Any) -> None:
    notice = making.a_notice(cast, by=cast.kefu_member)

    edited = workflow.edit(notice, by=cast.kefu_officer, title="新的标题", body="<p>新</p>", at=AT)

    version = making.in_hand(notice)
    assert (edited.title, version.title, version.edited_by) == ("新的标题", "新的标题", cast.kefu_officer)
    assert edited.author == cast.kefu_member
    assert AuditEntry.objects.filter(action="notice.edit", object_id=str(notice.pk)).count() == 1


@pytest.mark.parametrize("who", ["kefu_member", "ludong_head", "qifa_head", "system_admin"])
def test_it_is_edited_by_nobody_else(cast: Any, who: str) -> None:
    notice = making.a_notice(cast)

    with pytest.raises(Refused):
        workflow.edit(notice, by=cast.people[who], title="x", at=AT)


def test_it_leaves_the_hands_of_an_author_who_left_the_unit(cast: Any) -> None:
    notice = making.a_notice(cast)
    cast.kefu_officer.unit = cast.dev
    cast.kefu_officer.save(update_fields=["unit"])

    with pytest.raises(Refused):
        workflow.edit(notice, by=cast.kefu_officer, title="x", at=AT)


def test_it_is_not_edited_while_it_is_approved(cast: Any) -> None:
    notice = making.sent(cast)

    with pytest.raises(WrongState):
        workflow.edit(notice, by=cast.kefu_officer, title="x", at=AT)


def test_it_keeps_drops_and_adds_files(cast: Any) -> None:
    first, second, third = (a_file(cast.kefu_officer, f"{n}.txt") for n in "123")
    notice = making.a_notice(cast, files=[first, second])

    workflow.edit(notice, by=cast.kefu_officer, title="x", files=[third], keep_files=[str(second.pk)], at=AT)

    kept = NoticeFile.objects.filter(version__notice=notice).order_by("pk").values_list("file__name", flat=True)
    assert list(kept) == ["2.txt", "3.txt"]


def test_it_encrypts_the_files_when_it_becomes_confidential(cast: Any) -> None:
    stored = a_file(cast.kefu_officer)
    notice = making.a_notice(cast, files=[stored])

    workflow.edit(notice, by=cast.kefu_officer, title="x", level="confidential", at=AT)

    stored.refresh_from_db()
    assert stored.key_id
    assert files.content(stored) == "正文".encode()


def test_it_makes_the_pictures_of_the_text_its_own(cast: Any) -> None:
    mine, other = a_file(cast.kefu_officer, "a.png"), a_file(cast.dev_officer, "b.png")
    Picture.objects.create(file=mine, by=cast.kefu_officer, at=AT)
    Picture.objects.create(file=other, by=cast.dev_officer, at=AT)
    body = "".join(f'<p><img src="/notices/pictures/{one.pk}/" alt="图"></p>' for one in (mine, other))

    notice = making.a_notice(cast, body=body)

    assert Picture.objects.get(file=mine).notice == notice
    assert Picture.objects.get(file=other).notice is None


def test_it_changes_the_kind_to_one_that_the_unit_writes(cast: Any) -> None:
    notice = making.a_notice(cast)
    other = making.a_kind("test_other", writers="owner", owner=cast.qifa)

    with pytest.raises(Refused):
        workflow.edit(notice, by=cast.kefu_officer, title="x", kind=other, at=AT)
