"""Help: each kind of person reads answers about his own work, with the numbers and the calendar in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.access import scope
from channelportal import help as helping
from channelportal.core import calendar, parameters, stamps

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
WORKING = ["ludong_member", "ludong_head", "kefu_officer", "kefu_head", "market_officer", "qifa_head", "office_head"]
ADMINISTRATORS = ["system_admin", "security_admin", "audit_admin"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def year() -> None:
    stamps.forget_all()
    calendar.ship()


@pytest.mark.parametrize("who", [*WORKING, *ADMINISTRATORS])
def test_it_answers_at_most_ten_questions_each_with_a_page_that_opens(client: Client, cast: Any, who: str) -> None:
    client.force_login(cast.people[who])

    page = client.get("/help/")

    found = page.context["questions"]
    assert 2 < len(found) <= 10
    assert all("%(" not in one["answer"] for one in found)
    assert all(client.get(one["url"]).status_code == 200 for one in found if one["url"])


def test_it_asks_for_each_kind_of_person_something_else(cast: Any) -> None:
    asked = {
        who: [str(one["ask"]) for one in helping.questions(scope(cast.people[who]))] for who in WORKING + ADMINISTRATORS
    }

    assert any("企发部" in one for one in asked["qifa_head"][:1])
    assert asked["kefu_head"][0] != asked["kefu_officer"][0]
    assert asked["audit_admin"] != asked["system_admin"]
    assert asked["ludong_member"][-2:] == asked["qifa_head"][-2:]  # the password is everybody's


def test_it_speaks_with_the_numbers_in_force(client: Client, cast: Any) -> None:
    parameters.change({"confirm_days": 7, "normal_days": 2}, by=cast.qifa_head, at=AT)
    client.force_login(cast.ludong_member)

    page = client.get("/help/")

    answers = " ".join(one["answer"] for one in page.context["questions"])
    assert "7 个工作日内不处理的" in answers
    assert "第 2 个工作日 18:00 前" in page.content.decode()


def test_it_counts_the_examples_by_the_calendar(client: Client, cast: Any) -> None:
    client.force_login(cast.ludong_member)

    examples = client.get("/help/").context["examples"]

    assert [f"{one.day:%m-%d} {one.normal:%m-%d} {one.major:%m-%d}" for one in examples] == [
        "03-02 03-03 03-05",
        "05-08 05-09 05-12",  # a make-up Saturday counts
        "03-07 03-09 03-11",
        "02-14 02-24 02-26",  # 春节 does not
        "09-30 10-08 10-10",
    ]


def test_it_is_there_in_english(client: Client, cast: Any) -> None:
    cast.kefu_officer.language = "en"
    cast.kefu_officer.save(update_fields=["language"])
    client.force_login(cast.kefu_officer)

    page = client.get("/help/").content.decode()

    assert "What counts as a formal reply?" in page


def test_it_is_linked_from_the_menu_and_the_desk(client: Client, cast: Any) -> None:
    client.force_login(cast.kefu_head)

    desk = client.get("/").content.decode()

    assert desk.count('href="/help/"') == 2
