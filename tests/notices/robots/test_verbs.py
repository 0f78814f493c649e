"""A unit looks after its robots: adds, changes, tries, switches; nobody else sees them, and nobody sees their keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.access import Refused
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import AuditEntry
from notices import robots
from notices.models import Notice, Robot, RobotPost
from notices.workflow import robots as verbs
from tests.notices.robots.conftest import AT, SECRET, AddRobot
from tests.people import Cast
from tests.services.robots import RobotServer

pytestmark = pytest.mark.django_db
State = RobotPost.State
KEY = "693a91f6-7000-4bc4-97a0-0ec2sifa5aaa"
WECOM = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"
DINGTALK = f"https://oapi.dingtalk.com/robot/send?access_token={KEY}"


def add(cast: Cast, **values: Any) -> Robot:
    given: dict[str, Any] = {"by": cast.kefu_officer, "maker": "wecom", "name": "渠道群", "address": WECOM, "at": AT}
    return verbs.add(**(given | values))


# ── adding ──────────────────────────────────────────────────────────────────────────────────────


def test_it_adds_a_robot_of_the_persons_own_unit(cast: Cast) -> None:
    robot = add(cast, address=f" {WECOM} ", name=" 渠道　群 ")

    assert (robot.unit, robot.name, robot.created_by, robot.active) == (cast.kefu, "渠道 群", cast.kefu_officer, True)
    assert robots.shown(robot) == "qyapi.weixin.qq.com/…5aaa"
    entry = AuditEntry.objects.get(action="robot.added")
    assert KEY not in str(entry.data) + entry.object_name


def test_it_keeps_no_secret_for_a_maker_that_knows_none(cast: Cast) -> None:
    assert add(cast, secret=SECRET).secret == ""


@pytest.mark.parametrize("who", ["kefu_member", "system_admin"])
def test_it_lets_no_other_role_add_one(cast: Cast, who: str) -> None:
    with pytest.raises(Refused):
        add(cast, by=cast.people[who])
    assert not Robot.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"address": ""}, "address"),
        ({"address": "http://127.0.0.1/"}, "address"),
        ({"address": DINGTALK}, "address"),
        ({"address": f"{WECOM}#"}, "address"),
        ({"maker": "qq"}, "maker"),
        ({"name": " \u200b "}, "name"),
        ({"maker": "dingtalk", "address": DINGTALK, "secret": "密钥"}, "secret"),
        ({"maker": "dingtalk", "address": DINGTALK, "secret": "x" * 121}, "secret"),
    ],
)
def test_it_says_what_is_wrong(cast: Cast, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        add(cast, **values)
    assert caught.value.field == field
    assert KEY not in str(caught.value)


def test_it_takes_a_name_once_in_a_unit(cast: Cast) -> None:
    add(cast)

    with pytest.raises(Invalid):
        add(cast)
    add(cast, by=cast.ludong_officer)


def test_it_takes_ten_of_a_unit(cast: Cast) -> None:
    for number in range(verbs.MOST):
        add(cast, name=f"群{number}")

    with pytest.raises(Invalid):
        add(cast, name="多一个")


# ── changing ────────────────────────────────────────────────────────────────────────────────────


def test_it_keeps_what_was_not_typed_again(cast: Cast) -> None:
    robot = add(cast, maker="dingtalk", address=DINGTALK, secret=SECRET)

    verbs.change(robot, by=cast.kefu_head, maker="dingtalk", name="新名字", at=AT)

    robot.refresh_from_db()
    assert (robot.name, robots.open_(robot, "address"), robots.open_(robot, "secret")) == ("新名字", DINGTALK, SECRET)
    assert AuditEntry.objects.get(action="robot.changed").data == {"changed": ["name"]}


def test_it_takes_the_secret_away(cast: Cast) -> None:
    robot = add(cast, maker="dingtalk", address=DINGTALK, secret=SECRET)

    verbs.change(robot, by=cast.kefu_head, maker="dingtalk", name="渠道群", secret=None, at=AT)

    robot.refresh_from_db()
    assert robot.secret == ""


def test_it_counts_as_mended_with_a_new_address(cast: Cast) -> None:
    robot = add(cast)
    Robot.objects.update(failing_since=AT, last_error="key 93000", tested_at=AT)

    verbs.change(robot, by=cast.kefu_head, maker="dingtalk", name="渠道群", address=DINGTALK, at=AT)

    robot.refresh_from_db()
    assert (robot.maker, robot.failing_since, robot.last_error, robot.tested_at) == ("dingtalk", None, "", None)


def test_it_asks_for_the_address_of_another_maker(cast: Cast) -> None:
    with pytest.raises(Invalid) as caught:
        verbs.change(add(cast), by=cast.kefu_head, maker="dingtalk", name="渠道群", at=AT)
    assert caught.value.field == "address"


@pytest.mark.parametrize("who", ["kefu_member", "ludong_head", "qifa_head"])
def test_it_lets_nobody_else_change_test_or_switch(cast: Cast, who: str) -> None:
    robot, by = add(cast), cast.people[who]

    with pytest.raises(Refused):
        verbs.change(robot, by=by, maker="wecom", name="我的", at=AT)
    with pytest.raises(Refused):
        verbs.try_out(robot, by=by, at=AT)
    with pytest.raises(Refused):
        verbs.switch(robot, on=False, by=by, at=AT)


# ── switching off and on ────────────────────────────────────────────────────────────────────────


def test_it_gives_up_what_waits_for_a_robot_that_is_switched_off(cast: Cast, add: AddRobot, notice: Notice) -> None:
    robot, group = add()
    robots.queue_for(notice, AT)

    verbs.switch(robot, on=False, by=cast.kefu_head, at=AT)
    robots.deliver(AT)

    assert group.received == []
    assert RobotPost.objects.get().state == State.CANCELLED
    with pytest.raises(WrongState):
        verbs.switch(robot, on=False, by=cast.kefu_head, at=AT)
    with pytest.raises(WrongState):
        verbs.try_out(robot, by=cast.kefu_head, at=AT)
    assert verbs.switch(robot, on=True, by=cast.kefu_head, at=AT).active


# ── trying ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("maker", "secret"), [("wecom", ""), ("dingtalk", SECRET), ("feishu", SECRET)])
def test_it_posts_a_test_at_once(cast: Cast, add: AddRobot, maker: str, secret: str) -> None:
    robot, group = add(maker, secret=secret, keyword="通知" if secret else "")
    Robot.objects.update(failing_since=AT, last_error="time")

    assert verbs.try_out(robot, by=cast.kefu_officer, at=AT) == ""

    assert "测试" in group.received[0]
    robot.refresh_from_db()
    assert (robot.tested_at, robot.failing_since, robot.last_error) == (AT, None, "")
    assert AuditEntry.objects.get(action="robot.tested").data == {"problem": ""}
    assert RobotPost.objects.get().state == State.SENT


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [("key", "key 300005"), ("secret", "signature 310000"), ("keyword", "keyword 310000"), ("away", "connection")],
)
def test_it_says_why_a_test_did_not_arrive(
    add: AddRobot, makers: RobotServer, settings: Settings, spoil: str, problem: str
) -> None:
    robot, group = add("dingtalk", secret=SECRET)
    by = robot.created_by
    if spoil == "key":
        makers.groups.clear()
    if spoil == "secret":
        group.secret = "another"
    if spoil == "keyword":
        group.keyword = "天气"
    if spoil == "away":
        settings.ROBOT_RELAYS = "oapi.dingtalk.com=http://127.0.0.1:1"

    assert verbs.try_out(robot, by=by, at=AT) == problem

    robot.refresh_from_db()
    assert (robot.last_error, robot.tested_at) == (problem, None)
    assert RobotPost.objects.get().state == State.CANCELLED
    assert robots.deliver(AT + timedelta(hours=1)) == 0


def test_it_tries_no_oftener_than_the_maker_takes(cast: Cast, add: AddRobot) -> None:
    robot, group = add("wecom")
    for _ in range(20):
        verbs.try_out(robot, by=cast.kefu_officer, at=AT)

    with pytest.raises(WrongState):
        verbs.try_out(robot, by=cast.kefu_officer, at=AT)
    assert len(group.received) == 20


# ── posting again ───────────────────────────────────────────────────────────────────────────────


def parked(add: AddRobot, makers: RobotServer, notice: Notice) -> tuple[RobotPost, Any]:
    robot, group = add()
    robots.queue_for(notice, AT)
    del makers.groups[group.key]
    robots.deliver(AT)
    makers.groups[group.key] = group
    return RobotPost.objects.select_related("robot", "notice").get(robot=robot), group


def test_it_posts_again_what_was_parked(cast: Cast, add: AddRobot, makers: RobotServer, notice: Notice) -> None:
    post, group = parked(add, makers, notice)

    verbs.post_again(post, by=cast.kefu_officer, at=AT)
    robots.deliver(AT)

    assert len(group.received) == 1
    with pytest.raises(WrongState):
        verbs.post_again(post, by=cast.kefu_officer, at=AT)


def test_it_posts_nothing_again_of_a_withdrawn_notice(
    cast: Cast, add: AddRobot, makers: RobotServer, notice: Notice
) -> None:
    post, _group = parked(add, makers, notice)
    post.notice.state = Notice.State.WITHDRAWN  # type: ignore[union-attr]

    with pytest.raises(WrongState):
        verbs.post_again(post, by=cast.kefu_officer, at=AT)


# ── pages ───────────────────────────────────────────────────────────────────────────────────────


def test_it_shows_robots_masked_with_their_last_posts(
    cast: Cast, client: Client, add: AddRobot, makers: RobotServer, notice: Notice
) -> None:
    post, group = parked(add, makers, notice)
    client.force_login(cast.kefu_officer)

    page = client.get("/notices/robots/").content.decode()

    assert f"qyapi.weixin.qq.com/…{group.key[-4:]}" in page
    assert notice.title in page
    assert "没有这个机器人" in page
    assert f"/notices/robots/posts/{post.pk}/again/" in page
    assert group.key not in page
    assert "CPT1" not in page


@pytest.mark.parametrize(
    ("who", "page", "own"),
    [
        ("kefu_head", 200, 200), ("kefu_deputy", 200, 200), ("kefu_officer", 200, 200), ("kefu_member", 403, 403),
        ("ludong_head", 200, 404), ("qifa_head", 200, 404), ("office_head", 200, 404), ("audit_admin", 403, 403),
    ],
)  # fmt: skip
def test_it_opens_robots_to_their_unit_alone(cast: Cast, client: Client, who: str, page: int, own: int) -> None:
    robot = add(cast)
    post = RobotPost.objects.create(
        key="k",
        robot=robot,
        kind="notice",
        data={"title": "标题"},
        state=State.PARKED,
        created_at=AT,
        next_attempt_at=AT,
    )
    client.force_login(cast.people[who])
    seen = client.get("/notices/robots/")

    assert seen.status_code == page
    assert ("渠道群" in seen.content.decode()) is (own == 200)
    assert client.get(f"/notices/robots/{robot.pk}/").status_code == own
    for address in (f"{robot.pk}/test/", f"{robot.pk}/switch/", f"posts/{post.pk}/again/"):
        assert client.get(f"/notices/robots/{address}").status_code == 405
        if own != 200:
            assert client.post(f"/notices/robots/{address}").status_code == own
    assert not RobotPost.objects.exclude(pk=post.pk).exists()


def test_it_adds_and_changes_a_robot_on_its_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.kefu_officer)
    entered = {"maker": "dingtalk", "name": "渠道群", "address": DINGTALK, "secret": SECRET}

    added = client.post("/notices/robots/new/", entered)
    robot = Robot.objects.get()
    shown = client.get(f"/notices/robots/{robot.pk}/").content.decode()
    client.post(f"/notices/robots/{robot.pk}/", {"maker": "dingtalk", "name": "新名字", "without_secret": "on"})

    assert added.headers["Location"] == "/notices/robots/"
    assert "oapi.dingtalk.com/…5aaa" in shown
    assert KEY not in shown
    assert SECRET not in shown
    robot.refresh_from_db()
    assert (robot.name, robot.secret, robots.open_(robot, "address")) == ("新名字", "", DINGTALK)


def test_it_shows_the_key_in_no_error(cast: Cast, client: Client) -> None:
    client.force_login(cast.kefu_officer)

    page = client.post(
        "/notices/robots/new/", {"maker": "feishu", "name": "渠道群", "address": DINGTALK, "secret": SECRET}
    )

    text = page.content.decode()
    assert "这不是所选服务商的地址" in text
    assert KEY not in text
    assert SECRET not in text
    assert not Robot.objects.exists()


def test_it_says_on_the_page_what_came_of_a_test(
    cast: Cast, client: Client, add: AddRobot, makers: RobotServer
) -> None:
    robot, group = add("feishu", secret=SECRET)
    client.force_login(cast.kefu_officer)

    well = client.post(f"/notices/robots/{robot.pk}/test/", follow=True).content.decode()
    group.secret = "another"
    badly = client.post(f"/notices/robots/{robot.pk}/test/", follow=True).content.decode()

    assert "测试消息已发到群里" in well
    assert "签名不对" in badly
    assert len(group.received) == 1
