"""A receiver in the place of the makers, robots of 客户服务部 in its groups, and a notice that was just published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import Settings

from notices.models import Level, Notice, NoticeKind, Robot, Version
from notices.workflow import robots as verbs
from tests.people import Cast
from tests.services.robots import Group, RobotServer

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
SECRET = "SEC-of-the-robot"
AddRobot = Callable[..., tuple[Robot, Group]]


@pytest.fixture
def makers(settings: Settings) -> Iterator[RobotServer]:
    server = RobotServer()
    settings.ROBOT_RELAYS = server.relays
    yield server
    server.close()


@pytest.fixture
def add(cast: Cast, makers: RobotServer) -> AddRobot:
    """`add("dingtalk", secret=…)`: a group at its maker, and the unit's robot for it."""

    def made(
        maker: str = "wecom", *, by: Any = None, name: str = "", secret: str = "", keyword: str = ""
    ) -> tuple[Robot, Group]:
        group = makers.group(maker, secret=secret, keyword=keyword)
        robot = verbs.add(
            by=by or cast.kefu_officer, maker=maker, name=name or f"群{len(makers.groups)}", address=group.address,
            secret=secret, at=AT,
        )  # fmt: skip
        return robot, group

    return made


def published(cast: Cast, **values: Any) -> Notice:
    """Written directly: what became of it before is not the robots' business."""
    kind, _made = NoticeKind.objects.get_or_create(
        code="test-info", defaults={"name_zh": "产品信息", "name_en": "Product information"}
    )
    number = f"TZ-2026-0508-{Notice.objects.count() + 1:03}"
    facts = {
        "number": number, "kind": kind, "unit": cast.kefu, "author": cast.kefu_officer, "state": Notice.State.DRAFT,
        "title": "关于核对库存的通知", "means": ["portal", "robot"], "level": Level.NORMAL, "created_at": AT, "touched_at": AT,
    }  # fmt: skip
    notice = Notice.objects.create(**(facts | values))
    version = Version.objects.create(
        notice=notice, number=1, state=Version.State.PUBLISHED, title=notice.title, body="<p>正文</p>",
        drafted_by=cast.kefu_officer, edited_by=cast.kefu_officer, edited_at=AT, published_at=AT,
    )  # fmt: skip
    Notice.objects.filter(pk=notice.pk).update(state=Notice.State.PUBLISHED, version=version, published_at=AT)
    notice.refresh_from_db()
    return notice


@pytest.fixture
def notice(cast: Cast) -> Notice:
    return published(cast)
