"""Whoever posts to robots is killed in the middle: nothing is lost, and at most the one post on its way comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from channelportal.core import clock
from notices import robots
from notices.models import Robot, RobotPost
from notices.workflow import robots as verbs
from tests.people import Cast, cast
from tests.services.processes import StartChild, eventually
from tests.services.robots import Group, RobotServer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 40
DELIVER = "from channelportal.core import clock; from notices import robots; robots.deliver(clock.now())"


@pytest.fixture
def company(transactional_db: None) -> Cast:
    return cast()


@pytest.fixture
def makers(settings: Settings) -> Iterator[RobotServer]:
    server = RobotServer()
    settings.ROBOT_RELAYS = server.relays
    yield server
    server.close()


def waiting(company: Cast, makers: RobotServer) -> Group:
    """Forty posts for a group of Feishu."""
    group = makers.group("feishu")
    robot: Robot = verbs.add(by=company.kefu_officer, maker="feishu", name="渠道群", address=group.address)
    now = clock.now()
    robots.put(
        RobotPost(
            key=f"k{n}", robot=robot, kind="notice", data={"title": f"第{n}条", "unit": "客服"}, created_at=now, next_attempt_at=now
        )
        for n in range(MANY)
    )  # fmt: skip
    return group


def test_it_survives_kill_9_in_the_middle(company: Cast, makers: RobotServer, start_child: StartChild) -> None:
    group = waiting(company, makers)
    makers.delay = 0.1
    keys = {"ROBOT_RELAYS": makers.relays, "FILE_KEYS": django_settings.FILE_KEYS}

    child = start_child("manage.py", "shell", "-c", DELIVER, env=keys)
    eventually(lambda: len(group.received) >= 5, within=60, otherwise=lambda: child.log)
    child.kill()
    makers.delay = 0
    before = len(group.received)
    robots.deliver(clock.now())
    robots.deliver(clock.now() + robots.LEASE + timedelta(minutes=1))

    came = Counter(words.split("\n", 1)[0] for words in group.received)
    assert before < MANY
    assert len(came) == MANY
    assert sum(came.values()) <= MANY + 1
    assert not RobotPost.objects.exclude(state=RobotPost.State.SENT).exists()
