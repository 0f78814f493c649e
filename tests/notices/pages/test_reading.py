"""The page of a notice: what it says to its readers, to who stands inside, and what reading it leaves behind."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from channelportal.core import clock, files
from channelportal.core.models import AuditEntry
from notices import workflow
from notices.models import Notice, Receipt, Version
from tests.notices import making
from tests.people import Cast

Window = Callable[[User], Client]
NEW = making.BODY.replace("本周内", "下周五前")


def out(cast: Cast, **values: Any) -> Notice:
    """Published a day ago to everybody of 鲁东代理商."""
    to = [cast.ludong_head, cast.ludong_officer, cast.ludong_member]
    return making.published(cast, to=to, at=clock.now() - timedelta(days=1), **values)


def corrected(cast: Cast, notice: Notice) -> Notice:
    facts = {"title": "关于核对库存的通知（更正）", "change": "期限改为下周五", "change_reason": "本周有假日"}
    workflow.correct(notice, by=cast.kefu_officer, body=NEW, error=True, **facts)
    workflow.send(notice, by=cast.kefu_officer)
    return making.approve_all(notice, at=clock.now() - timedelta(hours=4))


def mine(notice: Notice, user: User) -> Receipt:
    return Receipt.objects.get(notice=notice, user=user)


def shown(client: Client, notice: Notice, query: str = "") -> str:
    answer = client.get(f"/notices/{notice.pk}/{query}")
    assert answer.status_code == 200, answer
    return answer.content.decode()


# ── opening ─────────────────────────────────────────────────────────────────────────────────────


def test_opening_it_is_kept_once(cast: Cast, window: Window) -> None:
    notice, client = out(cast), window(cast.ludong_head)
    shown(client, notice)
    first = mine(notice, cast.ludong_head).opened_at

    shown(client, notice)

    notice.refresh_from_db()
    assert first is not None
    assert mine(notice, cast.ludong_head).opened_at == first
    assert notice.opened == 1


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}, {"HX-Request": "true"}],
)
def test_looking_ahead_is_no_reading(cast: Cast, window: Window, headers: dict[str, str]) -> None:
    notice = out(cast)

    window(cast.ludong_head).get(f"/notices/{notice.pk}/", headers=headers)

    assert mine(notice, cast.ludong_head).opened_at is None


def test_asking_for_its_head_is_no_reading(cast: Cast, window: Window) -> None:
    notice = out(cast)

    window(cast.ludong_head).head(f"/notices/{notice.pk}/")

    assert mine(notice, cast.ludong_head).opened_at is None


def test_who_stands_inside_leaves_no_trace(cast: Cast, window: Window) -> None:
    notice = out(cast)

    shown(window(cast.kefu_head), notice)
    shown(window(cast.qifa_head), notice)

    notice.refresh_from_db()
    assert notice.opened == 0


# ── acknowledging ───────────────────────────────────────────────────────────────────────────────


def test_its_reader_acknowledges_with_one_button(cast: Cast, window: Window) -> None:
    notice, client = out(cast, acknowledge=True), window(cast.ludong_member)
    assert f'action="/notices/{notice.pk}/acknowledge/"' in shown(client, notice)

    answer = client.post(f"/notices/{notice.pk}/acknowledge/", follow=True)

    assert "已确认，发布人即时可见。" in answer.content.decode()
    assert "您已确认本通知" in answer.content.decode()
    assert "/acknowledge/" not in answer.content.decode()
    assert mine(notice, cast.ludong_member).acknowledged_at is not None


def test_nothing_is_asked_where_nothing_is(cast: Cast, window: Window) -> None:
    notice, client = out(cast), window(cast.ludong_member)

    assert "/acknowledge/" not in shown(client, notice)
    assert client.post(f"/notices/{notice.pk}/acknowledge/").status_code == 409


def test_one_answers_for_the_unit_and_the_others_see_it(cast: Cast, window: Window) -> None:
    notice = out(cast, acknowledge=True, unit_answers=True)
    assert "由本单位负责人或信息员统一确认" in shown(window(cast.ludong_member), notice)
    assert "代表鲁东代理商确认" in shown(window(cast.ludong_officer), notice)

    window(cast.ludong_officer).post(f"/notices/{notice.pk}/acknowledge/")

    assert "代理信息员 已代表本单位确认" in shown(window(cast.ludong_member), notice)
    assert "代理信息员 已代表本单位确认" in shown(window(cast.ludong_head), notice)


# ── what it says ────────────────────────────────────────────────────────────────────────────────


def test_a_policy_says_why_what_it_affects_and_from_when(cast: Cast, window: Window) -> None:
    day = (clock.now() + timedelta(days=40)).date()
    facts = {"reason": "成本上升", "impact": "所有代理商", "effective_on": day}
    notice = out(cast, kind=making.a_policy(), **facts)

    page = shown(window(cast.ludong_member), notice)

    assert "成本上升" in page
    assert "所有代理商" in page
    assert "天后生效" in page


def test_what_was_withdrawn_says_why_and_takes_its_text_back(cast: Cast, window: Window) -> None:
    upload = SimpleUploadedFile("说明.txt", "第一行\n".encode())
    kept = files.keep_all([upload], by=cast.kefu_officer, at=clock.now())[0]
    notice = out(cast, files=[kept], acknowledge=True)
    workflow.withdraw(notice, by=cast.kefu_officer, reason="数据有误")
    reader, author = window(cast.ludong_head), window(cast.kefu_officer)

    page = shown(reader, notice)

    assert "数据有误" in page
    assert "核对库存并反馈" not in page
    assert "/acknowledge/" not in page
    assert reader.get(f"/notices/{notice.pk}/files/{kept.pk}/").status_code == 404
    assert "核对库存并反馈" in shown(author, notice)
    assert author.get(f"/notices/{notice.pk}/files/{kept.pk}/").status_code == 200


def test_what_has_expired_is_marked_and_can_still_be_read(cast: Cast, window: Window) -> None:
    notice = out(cast)
    Notice.objects.filter(pk=notice.pk).update(valid_until=(clock.now() - timedelta(days=2)).date())

    page = shown(window(cast.ludong_head), notice)

    assert "本通知已过期" in page
    assert "核对库存并反馈" in page


def test_its_way_is_told_inside_only(cast: Cast, window: Window) -> None:
    notice = out(cast)

    assert "审批通过" in shown(window(cast.kefu_officer), notice)
    assert "审批通过" in shown(window(cast.qifa_member), notice)
    assert "审批通过" in shown(window(cast.center_head), notice)  # decided a step
    assert "审批通过" not in shown(window(cast.ludong_head), notice)


def test_remarks_stand_in_the_story(cast: Cast, window: Window) -> None:
    notice = making.sent(cast)
    step = making.step_of(notice)
    workflow.send_back(step, by=cast.kefu_head, text="请补充", remarks=[(2, "本周内", "写明日期")])

    page = shown(window(cast.kefu_officer), notice)

    assert "“本周内”：写明日期" in page
    assert f"/notices/{notice.pk}/edit/" in page


def test_the_steps_ahead_stand_above_what_is_being_approved(cast: Cast, window: Window) -> None:
    notice = making.sent(cast)

    page = shown(window(cast.kefu_head), notice)

    assert 'aria-current="step"' in page
    assert f'href="/notices/{notice.pk}/approve/"' in page
    assert f'href="/notices/{notice.pk}/approve/"' not in shown(window(cast.kefu_officer), notice)


# ── versions ────────────────────────────────────────────────────────────────────────────────────


def test_who_read_the_old_words_sees_what_changed(cast: Cast, window: Window) -> None:
    notice, client = out(cast), window(cast.ludong_head)
    shown(client, notice)
    corrected(cast, notice)

    page = shown(client, notice)

    assert "您读过第 1 版之后，本通知已更正" in page
    assert "期限改为下周五" in page
    assert f"/notices/{notice.pk}/compare/?from=1&amp;to=2" in page
    assert mine(notice, cast.ludong_head).opened_version == 2
    assert "您读过第 1 版" not in shown(client, notice)


def test_two_versions_stand_side_by_side(cast: Cast, window: Window) -> None:
    notice = corrected(cast, out(cast))

    page = window(cast.ludong_head).get(f"/notices/{notice.pk}/compare/?from=1&to=2").content.decode()

    assert "compare-heads" in page
    assert "关于核对库存的通知（更正）" in page
    assert "本周" in page
    assert "下周五" in page


@pytest.mark.parametrize("query", ["", "?from=1&to=1", "?from=1&to=9", "?from=x&to=2", "?from=99999999999999999999"])
def test_what_cannot_be_compared_is_not_there(cast: Cast, window: Window, query: str) -> None:
    notice = out(cast)

    assert window(cast.ludong_head).get(f"/notices/{notice.pk}/compare/{query}").status_code == 404


def test_a_correction_in_hand_is_seen_by_its_authors_and_deciders_alone(cast: Cast, window: Window) -> None:
    notice = out(cast)
    workflow.correct(
        notice, by=cast.kefu_officer, title="新标题", body=NEW, change="期限", change_reason="假日"
    )  # fmt: skip
    address = f"/notices/{notice.pk}/?version=2"

    def code(who: str) -> int:
        return window(cast.people[who]).get(address).status_code

    assert (code("kefu_officer"), code("kefu_head"), code("qifa_head"), code("ludong_head")) == (200, 200, 404, 404)
    workflow.send(notice, by=cast.kefu_officer)
    assert (code("qifa_head"), code("center_head"), code("ludong_head")) == (200, 404, 404)
    assert "新标题" in shown(window(cast.kefu_head), notice)  # what he decides, without asking for it
    assert "新标题" not in shown(window(cast.ludong_head), notice)


def test_a_dropped_draft_is_nobodys(cast: Cast, window: Window) -> None:
    notice = out(cast)
    workflow.correct(notice, by=cast.kefu_officer, title="新标题", body=NEW, change="期限", change_reason="假日")
    workflow.drop(Version.objects.get(notice=notice, number=2), by=cast.kefu_officer)

    assert window(cast.kefu_officer).get(f"/notices/{notice.pk}/?version=2").status_code == 404


# ── publication, files ──────────────────────────────────────────────────────────────────────────


def test_it_shows_how_far_the_publication_is(cast: Cast, window: Window) -> None:
    notice = making.approved(cast, at=clock.now() - timedelta(hours=5))
    client = window(cast.kefu_officer)

    page = shown(client, notice)
    part = client.get(f"/notices/{notice.pk}/progress/", headers={"HX-Request": "true"}).content.decode()

    assert f'hx-get="/notices/{notice.pk}/progress/"' in page
    assert "X-Portal-Poll" in part
    Notice.objects.filter(pk=notice.pk).update(state="published")
    done = client.get(f"/notices/{notice.pk}/progress/").content.decode()
    assert "hx-get" not in done


def test_a_confidential_file_carries_its_reader(cast: Cast, window: Window) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(picture, "PNG")
    upload = SimpleUploadedFile("图纸.png", picture.getvalue())
    kept = files.keep_all([upload], by=cast.kefu_officer, at=clock.now())[0]
    notice = out(cast, files=[kept], level="confidential")

    answer = window(cast.ludong_head).get(f"/notices/{notice.pk}/files/{kept.pk}/")

    got = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(got)).convert("L").getextrema()[0] < 255
    row = AuditEntry.objects.filter(action="file.downloaded").latest("pk")
    assert row.data.get("marked") is True
    assert "图纸" not in f"{row.object_name} {row.data}"
