"""企发部 edits kinds, routing and the ladder; others read the reason why not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from channelportal.core.models import AuditEntry
from feedback import in_force
from feedback.models import LadderStep, TicketKind
from tests.people import Cast

Window = Callable[[User], Client]


@pytest.mark.parametrize("path", ["/kinds/", "/kinds/new/", "/ladder/", "/ladder/new/"])
def test_it_is_the_supervisors_alone(cast: Cast, window: Window, path: str) -> None:
    assert window(cast.qifa_head).get(path).status_code == 200
    assert window(cast.kefu_head).get(path).status_code == 403
    assert window(cast.kefu_head).post(path, {}).status_code == (403 if path.endswith("/new/") else 405)


def test_it_routes_a_kind_elsewhere(cast: Cast, window: Window) -> None:
    kind = TicketKind.objects.get(code="product")
    typed = {
        "name_zh": kind.name_zh,
        "name_en": kind.name_en,
        "way": "up",
        "route": cast.dev.pk,
        "order": "5",
        "active": "on",
    }

    answer = window(cast.qifa_head).post(f"/kinds/{kind.pk}/", typed)

    kind.refresh_from_db()
    assert (answer.status_code, kind.route) == (302, cast.dev)
    assert AuditEntry.objects.get(action="ticketkind.saved").actor == cast.qifa_head


def test_it_keeps_what_was_typed_of_a_kind(cast: Cast, window: Window) -> None:
    answer = window(cast.qifa_head).post("/kinds/new/", {"code": "bad code", "name_zh": "渠道活动"})

    assert answer.status_code == 422
    assert "渠道活动" in answer.content.decode()


def test_it_names_whom_each_step_would_tell_of_a_unit_today(cast: Cast, window: Window) -> None:
    html = window(cast.qifa_head).get(f"/ladder/?unit={cast.chuannan.pk}").content.decode()

    assert cast.chuannan_head.name in html
    assert cast.market_head.name in html
    assert "没有缺口" in html


def test_it_names_the_gaps(cast: Cast, window: Window) -> None:
    User.objects.filter(pk=cast.office_head.pk).update(is_active=False)

    html = window(cast.qifa_head).get("/ladder/").content.decode()

    assert "没有缺口" not in html
    assert "缺口" in html


def test_it_changes_a_step_for_every_process(cast: Cast, window: Window) -> None:
    step = LadderStep.objects.get(kind="reply", level=2)
    typed = {"kind": "reply", "level": "2", "days": "2", "time": "", "tells": ["parent_head"], "active": "on"}

    answer = window(cast.qifa_head).post(f"/ladder/{step.pk}/", typed)

    changed = next(one for one in in_force.steps() if one.id == step.pk)
    assert answer.status_code == 302
    assert (changed.offset_days, [str(target) for target in changed.tells]) == (2, ["parent_head"])


@pytest.mark.parametrize("level", ["2", "9"])
def test_it_refuses_a_step_that_is_there_or_cannot_be(cast: Cast, window: Window, level: str) -> None:
    typed = {"kind": "reply", "level": level, "days": "2", "time": "", "tells": ["head"], "active": "on"}

    answer = window(cast.qifa_head).post("/ladder/new/", typed)

    assert answer.status_code == 422
    assert LadderStep.objects.filter(kind="reply", active=True).count() == 4
