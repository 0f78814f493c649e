"""What waits for robots goes out: to the right groups, not too often, once, whatever breaks in between."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from accounts.models import Unit
from channelportal.core import outbox, outward, vault
from channelportal.core.models import Alert, AuditEntry
from channelportal.lib.robots import MARK
from notices import robots
from notices.models import Level, Notice, Robot, RobotPost
from tests.notices.robots.conftest import AT, SECRET, AddRobot, published
from tests.people import Cast
from tests.services.robots import RobotServer

pytestmark = pytest.mark.django_db
State = RobotPost.State
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.SITE_URL = "https://portal.example.com"


def queue(robot: Robot, count: int, at: Any = AT) -> None:
    """So many posts that are about no notice."""
    robots.put(
        RobotPost(
            key=f"k:{robot.pk}:{at:%H%M%S}:{n}", robot=robot, kind="notice", created_at=at, next_attempt_at=at,
            data={"title": f"第{n}条", "unit": "客户服务部", "kind_zh": "产品信息", "number": str(n)},
        )
        for n in range(count)
    )  # fmt: skip


# ── what is queued ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("maker", "secret"), [("wecom", ""), ("dingtalk", ""), ("dingtalk", SECRET), ("feishu", ""), ("feishu", SECRET)]
)
def test_it_announces_a_notice_in_the_units_group(add: AddRobot, notice: Notice, maker: str, secret: str) -> None:
    _robot, group = add(maker, secret=secret, keyword="通知" if maker != "wecom" else "")

    assert robots.queue_for(notice, AT) == 1
    assert robots.deliver(AT) == 1

    assert group.received == [
        f"【通知】关于核对库存的通知\n客户服务部 · 产品信息 · {notice.number}\nhttps://portal.example.com/notices/{notice.pk}/"
    ]
    post = RobotPost.objects.get()
    assert (post.state, post.attempts, post.last_error) == (State.SENT, 1, "")
    assert AT <= post.sent_at < AT + MINUTE  # type: ignore[operator]


def test_it_says_that_it_is_urgent_and_until_when(cast: Cast, add: AddRobot) -> None:
    _robot, group = add()
    notice = published(cast, urgency="urgent", acknowledge_due_at=AT + timedelta(days=4))

    robots.queue_for(notice, AT)
    robots.deliver(AT)

    first, _second, third, _link = group.received[0].splitlines()
    assert first == "【紧急通知】关于核对库存的通知"
    assert "5 月 12 日" in third


def test_it_says_of_a_confidential_notice_only_that_there_is_one(cast: Cast, add: AddRobot) -> None:
    _robot, group = add()
    notice = published(cast, level=Level.CONFIDENTIAL, title="绝密价格")

    robots.queue_for(notice, AT)
    robots.deliver(AT)

    assert group.received == [
        f"【通知】客户服务部发布了一份机密通知，请登录查看：\nhttps://portal.example.com/notices/{notice.pk}/"
    ]
    assert "绝密" not in str(RobotPost.objects.get().data)
    assert notice.number not in str(RobotPost.objects.get().data)


def test_it_queues_for_active_robots_of_the_authors_unit_alone(cast: Cast, add: AddRobot, notice: Notice) -> None:
    add(name="甲")
    add(name="乙")
    off, _group = add(name="丙")
    Robot.objects.filter(pk=off.pk).update(active=False)
    add(name="丁", by=cast.ludong_officer)

    assert robots.queue_for(notice, AT) == 2

    assert set(RobotPost.objects.values_list("robot__name", flat=True)) == {"甲", "乙"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"audience": {"channels": "all"}}, {"甲", "鲁东", "川南"}),
        ({"audience": {"channels": "some", "regions": ["西南"]}}, {"甲", "川南"}),
        ({"audience": {"channels": "all", "without": ["chuannan"]}}, {"甲", "鲁东"}),
        ({"audience": {"channels": "all", "roles": ["head"]}}, {"甲"}),
        ({"audience": {"people": ["ludong_head"]}}, {"甲"}),
        ({"audience": {"channels": "all"}, "level": Level.CONFIDENTIAL}, {"甲"}),
    ],
)
def test_it_queues_for_units_that_it_reaches_as_a_whole(
    cast: Cast, add: AddRobot, values: dict[str, Any], told: set[str]
) -> None:
    for name, person in (("甲", cast.kefu_officer), ("鲁东", cast.ludong_officer), ("川南", cast.chuannan_officer)):
        add(name=name, by=person)
    chosen = dict(values["audience"])
    for key in ("without", "people"):
        if key in chosen:
            chosen[key] = [getattr(cast, one).pk for one in chosen[key]]

    robots.queue_for(published(cast, **(values | {"audience": chosen})), AT)

    assert set(RobotPost.objects.values_list("robot__name", flat=True)) == told


def test_it_queues_once_however_often_it_is_called(add: AddRobot, notice: Notice) -> None:
    add()

    robots.queue_for(notice, AT)
    robots.queue_for(notice, AT)
    robots.queue_for(notice, AT, version=2)

    assert sorted(RobotPost.objects.values_list("data__corrected", flat=True)) == [False, True]


def test_it_queues_nothing_that_was_not_to_go_out_by_robots(cast: Cast, add: AddRobot) -> None:
    add()

    assert robots.queue_for(published(cast, means=["portal", "mail"]), AT) == 0
    assert not RobotPost.objects.exists()


def test_it_cuts_a_long_text_but_not_the_link(add: AddRobot) -> None:
    robot, group = add("wecom")
    queue(robot, 1)
    RobotPost.objects.update(data={"title": "通" * 2_000, "unit": "客户服务部", "url": "/notices/7/"})

    robots.deliver(AT)

    assert len(group.received[0].encode()) <= 2_048
    assert group.received[0].endswith(f"{MARK}\nhttps://portal.example.com/notices/7/")


# ── the right at sending ────────────────────────────────────────────────────────────────────────


def test_it_posts_nothing_of_a_notice_that_was_withdrawn_meanwhile(add: AddRobot, notice: Notice) -> None:
    _robot, group = add()
    robots.queue_for(notice, AT)
    Notice.objects.filter(pk=notice.pk).update(state="withdrawn", withdrawn_at=AT, withdrawal="错了")

    assert robots.deliver(AT) == 0

    assert group.received == []
    assert RobotPost.objects.get().state == State.CANCELLED


def test_it_gives_up_what_waits_about_a_withdrawn_notice(add: AddRobot, notice: Notice) -> None:
    add()
    robots.queue_for(notice, AT)

    assert robots.cancel_for(notice) == 1

    assert RobotPost.objects.get().state == State.CANCELLED


@pytest.mark.parametrize("what", ["robot", "unit"])
def test_it_posts_nothing_where_robot_or_unit_is_no_more(cast: Cast, add: AddRobot, notice: Notice, what: str) -> None:
    robot, group = add()
    robots.queue_for(notice, AT)
    {"robot": Robot.objects.filter(pk=robot.pk), "unit": Unit.objects.filter(pk=cast.kefu.pk)}[what].update(
        active=False
    )

    robots.deliver(AT)

    assert group.received == []
    assert RobotPost.objects.get().state == State.CANCELLED


def test_it_posts_nothing_after_a_restore_until_somebody_confirms(add: AddRobot, notice: Notice) -> None:
    _robot, group = add()
    robots.queue_for(notice, AT)
    outbox.pause()

    assert robots.deliver(AT) == 0
    outbox.go_on()
    assert robots.deliver(AT) == 1

    assert len(group.received) == 1


# ── the rate ────────────────────────────────────────────────────────────────────────────────────


def test_it_posts_so_many_a_minute_as_the_maker_takes(add: AddRobot) -> None:
    robot, group = add("wecom")
    other, others = add("dingtalk")
    queue(robot, 50)
    queue(other, 3)

    assert robots.deliver(AT) == 23
    assert robots.deliver(AT + MINUTE / 2) == 0
    assert robots.deliver(AT + MINUTE) == 0  # the maker's minute begins when a post arrives
    assert robots.deliver(AT + timedelta(seconds=70)) == 20
    assert robots.deliver(AT + timedelta(seconds=140)) == 10

    assert group.received[0].startswith("【通知】第0条")
    assert len(set(group.received)) == 50
    assert len(others.received) == 3


def test_it_counts_what_is_on_its_way(add: AddRobot) -> None:
    robot, _group = add("wecom")
    queue(robot, 50)

    first = robots.claim(AT, 100)
    second = robots.claim(AT, 100)

    assert (len(first), len(second)) == (20, 0)


def test_it_posts_to_feishu_five_a_second_and_a_hundred_a_minute(add: AddRobot) -> None:
    robot, group = add("feishu")
    queue(robot, 120)

    claimed = robots.claim(AT, 200)
    robots._Batch(AT, 0).send(claimed[:6])

    assert len(claimed) == 100
    assert group.times[5] - group.times[0] > 0.95


@pytest.mark.parametrize(("maker", "pause"), [("wecom", 1), ("dingtalk", 10)])
def test_it_is_silent_for_a_while_after_too_fast(add: AddRobot, makers: RobotServer, maker: str, pause: int) -> None:
    robot, group = add(maker)
    queue(robot, 3)
    makers.answer = lambda *_: (200, b'{"errcode": 45009}' if maker == "wecom" else b'{"errcode": 130101}')
    robots.deliver(AT)
    asked, makers.answer = makers.asked, None
    queue(robot, 1, AT + timedelta(seconds=20))  # what comes later waits too

    assert robots.deliver(AT + (pause - 0.2) * MINUTE) == 0
    assert robots.deliver(AT + (pause + 0.2) * MINUTE) == 4

    assert asked == 1
    assert len(group.received) == 4
    robot.refresh_from_db()
    assert robot.failing_since is None


# ── failures ────────────────────────────────────────────────────────────────────────────────────


def test_it_tries_again_as_the_outbox_does_and_parks_after_the_last(add: AddRobot, makers: RobotServer) -> None:
    robot, group = add()
    queue(robot, 1)
    makers.answer = lambda *_: (502, b"<html>Bad Gateway</html>")
    at, waits = AT, []
    while RobotPost.objects.get().state != State.PARKED:
        robots.deliver(at)
        following = RobotPost.objects.get().next_attempt_at
        waits.append(round((following - at).total_seconds() / 60))
        at = max(following, at + MINUTE)

    assert waits[:-1] == [1, 2, 5, 15, 60, 180, 480, 1440]
    assert makers.asked == 9
    assert RobotPost.objects.get().last_error == "away 502"
    makers.answer = None
    assert robots.deliver(at + timedelta(days=9)) == 0
    assert group.received == []


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ("key", "key 300005"), ("secret", "signature 310000"), ("keyword", "keyword 310000"), ("sealed", "sealed"),
    ],
)  # fmt: skip
def test_it_parks_at_once_what_would_fail_again(
    add: AddRobot, makers: RobotServer, settings: Settings, spoil: str, error: str
) -> None:
    robot, group = add("dingtalk", secret=SECRET)
    queue(robot, 2)
    if spoil == "key":
        makers.groups.clear()
    if spoil == "secret":
        group.secret = "another"
    if spoil == "keyword":
        group.keyword = "天气"
    if spoil == "sealed":
        settings.FILE_KEYS = "new:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="

    assert robots.deliver(AT) == 0

    assert list(RobotPost.objects.values_list("state", "last_error")) == [(State.PARKED, error)] * 2
    assert makers.asked <= (2 if spoil == "keyword" else 1)  # another text may have the keyword
    robot.refresh_from_db()
    assert robot.failing_since is not None
    assert robots.in_words(robot.last_error)
    told = set(Alert.objects.filter(kind="robot-failing").values_list("user__username", flat=True))
    assert told == {"kefu.head", "kefu.deputy", "kefu.officer"}


@pytest.mark.parametrize("error", [b'{"errcode": 40058}', b'{"errcode": 44004}'])
def test_a_text_that_is_not_taken_parks_no_other(add: AddRobot, makers: RobotServer, error: bytes) -> None:
    robot, _group = add()
    queue(robot, 3)
    makers.answer = lambda *_: (200, error if makers.asked == 1 else b'{"errcode": 0}')

    assert robots.deliver(AT) == 2

    assert list(RobotPost.objects.order_by("pk").values_list("state", flat=True)) == [
        State.PARKED,
        State.SENT,
        State.SENT,
    ]
    assert makers.asked == 3


def test_a_post_with_another_keyword_parks_no_other(add: AddRobot, makers: RobotServer) -> None:
    robot, group = add("feishu", keyword="第1条")
    queue(robot, 3)

    assert robots.deliver(AT) == 1

    assert [line.splitlines()[0] for line in group.received] == ["【通知】第1条"]


@pytest.mark.parametrize("spoilt", [{"kind": "no-such-template"}, {"data": {"due": "the day after tomorrow"}}])
def test_a_post_that_cannot_be_worded_holds_up_no_other(
    add: AddRobot, caplog: pytest.LogCaptureFixture, spoilt: dict[str, Any]
) -> None:
    robot, group = add()
    queue(robot, 3)
    first = RobotPost.objects.order_by("pk")[0]
    RobotPost.objects.filter(pk=first.pk).update(**spoilt)

    assert robots.deliver(AT) == 2

    first.refresh_from_db()
    assert (first.state, first.last_error) == (State.WAITING, "wording")
    assert first.next_attempt_at > AT
    assert len(group.received) == 2
    assert "tomorrow" not in caplog.text
    robot.refresh_from_db()
    assert (robot.failing_since, robots.in_words(first.last_error)[:2]) == (None, "门户")


@pytest.mark.parametrize("body", [b'{"errcode": 1%s}' % (b"0" * 4000), b'{"errcode": -1%s}' % (b"0" * 400)])
def test_an_answer_of_any_length_stops_nothing(add: AddRobot, makers: RobotServer, body: bytes) -> None:
    robot, _group = add()
    queue(robot, 1)
    makers.answer = lambda *_: (200, body)

    assert robots.deliver(AT) == 0

    assert RobotPost.objects.get().last_error == "away 200"


def test_it_tells_the_unit_once_for_each_failing(add: AddRobot, makers: RobotServer) -> None:
    robot, _group = add()
    queue(robot, 1)
    known = dict(makers.groups)
    makers.groups.clear()
    robots.deliver(AT)
    queue(robot, 1, AT + MINUTE)
    robots.deliver(AT + MINUTE)
    once = Alert.objects.count()
    makers.groups.update(known)
    queue(robot, 1, AT + 2 * MINUTE)
    robots.deliver(AT + 2 * MINUTE)
    robot.refresh_from_db()
    well = robot.failing_since
    makers.groups.clear()
    queue(robot, 1, AT + 3 * MINUTE)
    robots.deliver(AT + 3 * MINUTE)

    assert (once, Alert.objects.count()) == (3, 6)
    assert well is None
    assert AuditEntry.objects.filter(action="robot.failing").count() == 2


def test_it_troubles_nobody_with_what_passes_by_itself(add: AddRobot, makers: RobotServer) -> None:
    robot, group = add()
    queue(robot, 1)
    makers.answer = lambda *_: (503, b"")
    robots.deliver(AT)
    makers.answer = None
    robots.deliver(AT + 1.1 * MINUTE)

    assert len(group.received) == 1
    assert not Alert.objects.exists()
    robot.refresh_from_db()
    assert (robot.failing_since, robot.last_error) == (None, "")


def test_it_tells_the_unit_when_it_lasts(add: AddRobot, makers: RobotServer) -> None:
    robot, _group = add()
    queue(robot, 1)
    makers.answer = lambda *_: (503, b"")
    for minutes in (0, 1.1, 3.2):
        robots.deliver(AT + minutes * MINUTE)
    before = Alert.objects.count()
    robots.deliver(AT + 8.3 * MINUTE)

    assert (before, Alert.objects.count()) == (0, 3)


def test_it_asks_a_robot_that_cannot_be_reached_once_a_round(
    add: AddRobot, makers: RobotServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot, _group = add("wecom")
    other, others = add("feishu")
    queue(robot, 5)
    queue(other, 1)
    really, asked = outward.post, []

    def post(url: str, body: bytes, *, hosts: Any) -> Any:
        asked.append(url)
        if "qyapi" in url:
            raise outward.Unreachable("time")
        return really(url, body, hosts=hosts)

    monkeypatch.setattr(outward, "post", post)

    assert robots.deliver(AT) == 1

    assert len(asked) == 2
    assert len(others.received) == 1
    assert set(RobotPost.objects.filter(robot=robot).values_list("state", "last_error")) == {(State.WAITING, "time")}


def test_it_goes_on_behind_a_robot_that_fails(add: AddRobot, makers: RobotServer) -> None:
    broken, group = add()
    well, received = add()
    queue(broken, 3)
    queue(well, 3)
    del makers.groups[group.key]

    assert robots.deliver(AT) == 3

    assert len(received.received) == 3


# ── kills and races ─────────────────────────────────────────────────────────────────────────────


def test_it_doubles_at_most_the_one_on_its_way_after_a_kill(add: AddRobot, monkeypatch: pytest.MonkeyPatch) -> None:
    robot, group = add()
    queue(robot, 10)
    really = outward.post

    def killed(url: str, body: bytes, *, hosts: Any) -> Any:
        answer = really(url, body, hosts=hosts)
        if len(group.received) == 4:  # it arrived, and nobody wrote that down
            raise SystemExit
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(outward, "post", killed)
        with pytest.raises(SystemExit):
            robots.deliver(AT)
    too_early = robots.deliver(AT + MINUTE)
    robots.deliver(AT + robots.LEASE + MINUTE)

    assert too_early == 0
    said = [words.split("\n", 1)[0] for words in group.received]
    assert sorted(set(said)) == [f"【通知】第{n}条" for n in range(10)]
    assert len(said) == 11
    assert set(RobotPost.objects.values_list("state", flat=True)) == {State.SENT}


def test_it_leaves_alone_what_another_took_over(add: AddRobot) -> None:
    robot, _group = add()
    queue(robot, 1)
    (slow,) = robots.claim(AT, 1)
    (quick,) = robots.claim(AT + robots.LEASE + MINUTE, 1)
    robots.succeeded(quick, AT + robots.LEASE + MINUTE)
    robots.failed(slow, robots.Answer("time"), AT + robots.LEASE + MINUTE)

    assert RobotPost.objects.get().state == State.SENT


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_never_exceeds_the_rate_when_many_deliver_at_once(cast: Cast, add: AddRobot) -> None:
    robot, group = add("wecom")
    queue(robot, 60)

    def work() -> None:
        robots.deliver(AT)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(group.received) == 20
    assert len(set(group.received)) == 20


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_holds_up_no_publication_while_posts_are_claimed(cast: Cast, add: AddRobot, notice: Notice) -> None:
    robot, _group = add()
    queue(robot, 1)
    done: list[int] = []

    def publish() -> None:
        done.append(robots.queue_for(notice, AT))
        connection.close()

    with transaction.atomic():
        robots.claim(AT, 10)
        other = threading.Thread(target=publish)
        other.start()
        other.join(5)

        assert done == [1]


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────


def test_it_keeps_address_and_secret_sealed(add: AddRobot) -> None:
    robot, group = add("dingtalk", secret=SECRET)

    assert group.key not in robot.address
    assert SECRET not in robot.secret
    assert (robots.open_(robot, "address"), robots.open_(robot, "secret")) == (group.address, SECRET)


def test_it_opens_no_address_that_was_put_on_another_units_robot(cast: Cast, add: AddRobot) -> None:
    robot, _group = add()
    other, _theirs = add(by=cast.ludong_officer)
    other.address = robot.address

    with pytest.raises(vault.Altered):
        robots.open_(other, "address")
    assert robots.shown(other) == "••••"


def test_it_seals_anew_with_the_current_key(add: AddRobot, settings: Settings) -> None:
    robot, group = add("dingtalk", secret=SECRET)
    settings.FILE_KEYS = f"new:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=,{settings.FILE_KEYS}"

    assert robots.reseal() == 1
    assert robots.reseal() == 0

    robot.refresh_from_db()
    assert (vault.sealed_with(robot.address), vault.sealed_with(robot.secret)) == ("new", "new")
    assert (robots.open_(robot, "address"), robots.open_(robot, "secret")) == (group.address, SECRET)


def test_it_logs_neither_key_nor_secret_nor_text(
    add: AddRobot, makers: RobotServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    robot, group = add("dingtalk", secret=SECRET)
    queue(robot, 1)
    makers.answer = lambda _maker, asked: (200, f'{{"errcode": 300005, "errmsg": "{asked.address}"}}'.encode())

    robots.deliver(AT)

    assert "key 300005" in caplog.text
    for secret in (group.key, SECRET, "第0条"):
        assert secret not in caplog.text
        assert secret not in str(list(AuditEntry.objects.values_list("data", "object_name")))
        assert secret not in RobotPost.objects.get().last_error
