"""A reader's question becomes a ticket to the author's unit; its answer can stand under the notice (001 三(一)1, 四(四))."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from channelportal.core import stamps
from channelportal.core.models import AuditEntry
from feedback import workflow as tickets
from feedback.models import Ticket
from notices.models import Answer, Level, Notice
from notices.workflow import answers, withdraw
from tests.notices.making import published
from tests.people import Cast

pytestmark = pytest.mark.django_db
SECRET = "沉香计划"


@pytest.fixture(autouse=True)
def fresh_copies() -> None:
    stamps.forget_all()


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def notice(cast: Cast) -> Notice:
    return published(cast, to=[cast.ludong_head, cast.ludong_officer, cast.chuannan_head], title="返利政策")


def ask(user: User, notice: Notice, text: str = "从哪天起算？", key: str = "") -> Any:
    form = {"body": text, "once": key or str(uuid.uuid4())}
    return of(user).post(f"/notices/{notice.pk}/ask/", form)


@pytest.fixture
def ticket(cast: Cast, notice: Notice) -> Ticket:
    """Asked by a head, so it has reached the author's unit; and answered."""
    ask(cast.ludong_head, notice)
    found = Ticket.objects.get()
    tickets.resolve(found, by=cast.kefu_officer, text="从本季度第一天起算。")
    return found


def test_it_becomes_a_ticket_about_the_notice(cast: Cast, notice: Notice) -> None:
    answer = ask(cast.ludong_head, notice)

    found = Ticket.objects.get()
    assert answer.status_code == 302
    assert (found.subject, found.responsible, found.asker, found.state) == (notice, cast.kefu, cast.ludong, "open")
    assert found.kind.code == "question"
    assert notice.number in found.title
    assert "返利政策" not in found.title, "a ticket is passed on to people who do not see the notice"
    assert "从哪天起算？" in found.title
    assert found.due_at is not None


def test_an_officers_question_passes_his_head(cast: Cast, notice: Notice) -> None:
    ask(cast.ludong_officer, notice)

    assert Ticket.objects.get().state == "pending"


def test_it_is_asked_once_however_often_it_is_sent(cast: Cast, notice: Notice) -> None:
    key = str(uuid.uuid4())
    ask(cast.ludong_head, notice, key=key)
    ask(cast.ludong_head, notice, key=key)

    assert Ticket.objects.count() == 1


def test_an_empty_question_is_refused_and_nothing_is_filed(cast: Cast, notice: Notice) -> None:
    assert ask(cast.ludong_head, notice, " ").status_code == 422
    assert not Ticket.objects.exists()


def test_who_does_not_see_the_notice_asks_nothing(cast: Cast, notice: Notice) -> None:
    for address in ("ask", "questions"):
        assert of(cast.shenyang_head).get(f"/notices/{notice.pk}/{address}/").status_code == 404
    assert ask(cast.shenyang_head, notice).status_code == 404


def test_the_own_unit_and_a_withdrawn_notice_are_not_asked(cast: Cast, notice: Notice) -> None:
    assert ask(cast.kefu_officer, notice).status_code == 403

    withdraw(notice, by=cast.kefu_officer, reason="作废")

    assert ask(cast.ludong_head, notice).status_code == 403


def test_a_confidential_title_stays_out_of_the_ticket(cast: Cast) -> None:
    notice = published(cast, to=[cast.ludong_head], title=SECRET)
    Notice.objects.filter(pk=notice.pk).update(level=Level.CONFIDENTIAL)

    ask(cast.ludong_head, notice)

    assert SECRET not in Ticket.objects.get().title


def test_the_ticket_names_the_notice_to_those_alone_who_see_it(cast: Cast, notice: Notice, ticket: Ticket) -> None:
    def related(user: User) -> str:
        return of(user).get(f"/tickets/{ticket.pk}/related/").content.decode()

    tickets.share(ticket, by=cast.kefu_head, to=cast.dev_head)

    assert notice.get_absolute_url() in related(cast.ludong_head)
    assert notice.get_absolute_url() not in related(cast.dev_head)


def test_each_sees_the_questions_he_may_see(cast: Cast, notice: Notice, ticket: Ticket) -> None:
    def page(user: User) -> str:
        return of(user).get(f"/notices/{notice.pk}/questions/").content.decode()

    assert ticket.number in page(cast.ludong_head)
    assert ticket.number in page(cast.kefu_officer)
    assert ticket.number not in page(cast.chuannan_head)


def test_the_answer_stands_under_the_notice_without_who_asked(cast: Cast, notice: Notice, ticket: Ticket) -> None:
    address = f"/notices/{notice.pk}/questions/{ticket.pk}/"
    form = of(cast.kefu_officer).get(address).content.decode()
    answer = of(cast.kefu_officer).post(address, {"question": "从哪天起算？", "answer": "从本季度第一天起算。"})

    page = of(cast.chuannan_head).get(f"/notices/{notice.pk}/").content.decode()
    assert "从本季度第一天起算。" in form
    assert answer.status_code == 302
    assert "从本季度第一天起算。" in page
    assert "鲁东" not in page
    assert AuditEntry.objects.filter(action="notice.answer_published", actor=cast.kefu_officer).exists()


def test_only_the_authors_unit_publishes_and_takes_down(cast: Cast, notice: Notice, ticket: Ticket) -> None:
    address = f"/notices/{notice.pk}/questions/{ticket.pk}/"
    made = answers.publish(notice, by=cast.kefu_officer, question="问", answer="答", ticket_id=ticket.pk)

    for user in (cast.ludong_head, cast.qifa_head):
        assert of(user).get(address).status_code == 403
        assert of(user).post(address, {"question": "问", "answer": "答"}).status_code == 403
        assert of(user).post(f"/notices/{notice.pk}/answers/{made.pk}/remove/").status_code == 403
    assert of(cast.chuannan_head).get(address).status_code == 404


def test_one_ticket_is_published_once_and_taken_down_once(cast: Cast, notice: Notice, ticket: Ticket) -> None:
    address = f"/notices/{notice.pk}/questions/{ticket.pk}/"
    form = {"question": "问", "answer": "答"}
    client = of(cast.kefu_head)
    assert client.post(address, form).status_code == 302
    assert client.post(address, form).status_code == 409

    remove = f"/notices/{notice.pk}/answers/{Answer.objects.get().pk}/remove/"
    assert client.post(remove).status_code == 302
    assert client.post(remove).status_code == 409

    assert Answer.objects.get().removed_at is not None
    assert "答</" not in of(cast.chuannan_head).get(f"/notices/{notice.pk}/").content.decode()


def test_an_answer_that_was_taken_down_is_published_anew(cast: Cast, notice: Notice, ticket: Ticket) -> None:
    address = f"/notices/{notice.pk}/questions/{ticket.pk}/"
    client = of(cast.kefu_head)
    client.post(address, {"question": "问", "answer": "错的答复"})
    client.post(f"/notices/{notice.pk}/answers/{Answer.objects.get().pk}/remove/")

    assert client.post(address, {"question": "问", "answer": "对的答复"}).status_code == 302
    assert client.post(address, {"question": "问", "answer": "再来一次"}).status_code == 409

    text = of(cast.chuannan_head).get(f"/notices/{notice.pk}/").content.decode()
    assert "对的答复" in text
    assert "错的答复" not in text
    assert set(Answer.objects.values_list("ticket_number", flat=True)) == {ticket.number}


def test_a_question_of_another_notice_is_not_published_here(cast: Cast, notice: Notice, ticket: Ticket) -> None:
    other = published(cast, to=[cast.ludong_head], title="另一份")

    assert of(cast.kefu_officer).get(f"/notices/{other.pk}/questions/{ticket.pk}/").status_code == 404
