"""Kinds of notices, which the supervising department keeps; and pictures inside a text."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from channelportal.core.models import AuditEntry
from notices import workflow
from notices.models import Notice, NoticeKind, Picture
from notices.supplied import kinds
from tests.notices import making
from tests.people import Cast

Window = Callable[[User], Client]


def facts(**values: Any) -> dict[str, Any]:
    given = {
        "code": "recall", "name_zh": "产品召回", "name_en": "Product recall", "hint_zh": "", "hint_en": "", "sort": "market",
        "owner": "", "writers": "hq", "policy": "", "lead_days": 0, "acknowledge": "on", "acknowledge_days": 1, "valid_days": "",
        "subscribable": "on", "order": 5, "active": "on",
    }  # fmt: skip
    return given | values


def test_it_supplies_kinds_once_and_leaves_edited_ones_alone(cast: Cast) -> None:
    NoticeKind.objects.filter(code="launch").update(name_zh="上新")

    kinds.supply(apps)

    assert NoticeKind.objects.count() == len(kinds.KINDS)
    assert NoticeKind.objects.get(code="launch").name_zh == "上新"
    assert set(NoticeKind.objects.filter(policy=True).values_list("lead_days", flat=True)) == {5}


def test_it_adds_a_kind_and_puts_one_out_of_use(cast: Cast, window: Window) -> None:
    client = window(cast.qifa_officer)

    client.post("/notices/kinds/new/", facts())
    made = NoticeKind.objects.get(code="recall")
    client.post(f"/notices/kinds/{made.pk}/", facts(active=""))

    listed = client.get("/notices/kinds/").content.decode()
    made.refresh_from_db()
    assert not made.active
    assert "产品召回" in listed
    assert AuditEntry.objects.filter(action="noticekind.saved").count() == 2
    assert "产品召回" not in window(cast.kefu_officer).get("/notices/new/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"writers": "owner"}, "owner"),
        ({"policy": "on", "lead_days": -1}, "lead_days"),
        ({"acknowledge_days": 0}, "acknowledge_days"),
        ({"valid_days": 0}, "valid_days"),
        ({"code": "sales_policy"}, "code"),
    ],
)
def test_it_says_what_cannot_be(cast: Cast, window: Window, wrong: dict[str, Any], field: str) -> None:
    answer = window(cast.qifa_officer).post("/notices/kinds/new/", facts(**wrong))

    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_it_asks_for_days_ahead_of_policies_alone(cast: Cast, window: Window) -> None:
    client = window(cast.qifa_officer)

    client.post("/notices/kinds/new/", facts(lead_days=5))
    client.post("/notices/kinds/new/", facts(code="price", policy="on", lead_days=7))

    assert NoticeKind.objects.get(code="recall").lead_days == 0
    assert NoticeKind.objects.get(code="price").lead_days == 7


def test_it_is_for_the_supervising_department_alone(cast: Cast, window: Window) -> None:
    for address in ("/notices/kinds/", "/notices/kinds/new/", f"/notices/kinds/{NoticeKind.objects.first().pk}/"):  # type: ignore[union-attr]
        assert window(cast.kefu_head).get(address).status_code == 403
    assert window(cast.qifa_member).get("/notices/kinds/99999/").status_code == 404


# ── pictures ────────────────────────────────────────────────────────────────────────────────────


def png(name: str = "图.png") -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(content, "PNG")
    return SimpleUploadedFile(name, content.getvalue(), "image/png")


def test_it_takes_a_picture_and_shows_it_inside_a_text(cast: Cast, window: Window) -> None:
    client = window(cast.kefu_officer)

    url = client.post("/notices/pictures/", {"file": png()}).json()["url"]
    answer = client.get(url)

    picture = Picture.objects.get()
    assert url == f"/notices/pictures/{picture.file_id}/"
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"".join(answer.streaming_content).startswith(b"\x89PNG")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "upload",
    [
        None,
        SimpleUploadedFile("图.svg", b"<svg/>"),
        SimpleUploadedFile("图.png", b"no picture"),
        SimpleUploadedFile("图.png", b"x" * (8 * 1024 * 1024 + 1)),
    ],
)
def test_it_says_in_words_why_a_picture_is_refused(cast: Cast, window: Window, upload: Any) -> None:
    answer = window(cast.kefu_officer).post("/notices/pictures/", {"file": upload} if upload else {})

    assert answer.status_code == 422
    assert answer.json()["error"]
    assert not Picture.objects.exists()


def test_it_shows_a_picture_of_a_notice_to_those_who_may_see_the_notice(cast: Cast, window: Window) -> None:
    url = window(cast.kefu_officer).post("/notices/pictures/", {"file": png()}).json()["url"]
    notice = making.published(cast, to=[cast.ludong_head], body=f'<p>看图</p><p><img src="{url}" alt="图"></p>')

    assert Picture.objects.get().notice == notice
    assert window(cast.ludong_head).get(url).status_code == 200
    assert window(cast.chuannan_head).get(url).status_code == 404
    assert window(cast.ludong_head).post(url).status_code == 405
    assert Client().get(url).status_code == 302


def test_it_is_not_for_administrators(cast: Cast, window: Window) -> None:
    assert window(cast.system_admin).post("/notices/pictures/", {"file": png()}).status_code == 403


def test_it_keeps_a_picture_of_anothers_notice_where_it_belongs(cast: Cast, window: Window) -> None:
    url = window(cast.kefu_officer).post("/notices/pictures/", {"file": png()}).json()["url"]
    first = making.a_notice(cast, body=f'<p><img src="{url}" alt="图"></p>')

    workflow.draft(by=cast.dev_officer, kind=making.a_kind(), title="借图", body=f'<p><img src="{url}" alt="图"></p>')

    assert Picture.objects.get().notice == first
    assert Notice.objects.count() == 2
