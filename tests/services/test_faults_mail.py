"""The mail server is away, slow, or refuses one; a sender dies. Nothing is lost; a double has the same Message-ID."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from channelportal.core import clock, outbox
from channelportal.core.models import OutboxMessage
from channelportal.core.outbox import BACK_OFF, LEASE
from feedback.sweep import sweep
from tests.people import Cast
from tests.services import backlog
from tests.services.mail import MailServer
from tests.services.processes import StartChild, eventually

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 40
MINUTE = timedelta(minutes=1)
State = OutboxMessage.State


@pytest.fixture
def at(company: Cast) -> datetime:
    """The moment of a sweep that found a late ticket for each of many people: a mail each, and one for the head."""
    now = clock.now()
    backlog.fall_due(company, [now - MINUTE] * MANY, assignees=backlog.employees(company, MANY))
    sweep(now)
    return now


def due() -> set[str]:
    return {outbox.message_id(key) for key in OutboxMessage.objects.filter(lead=None).values_list("key", flat=True)}


def came(smtp: MailServer) -> Counter[str]:
    return Counter(mail.message["Message-ID"] for mail in smtp.received)


def test_it_sends_later_what_a_dead_server_could_not_take(at: datetime, smtp: MailServer) -> None:
    smtp.stop()
    sent = outbox.deliver(at)
    smtp.start()
    too_early = outbox.deliver(at + MINUTE / 2)
    outbox.deliver(at + MINUTE)

    assert (sent, too_early) == (0, 0)
    assert came(smtp) == dict.fromkeys(due(), 1)
    assert len(due()) == MANY + 1
    assert {mail.message["X-Attempt"] for mail in smtp.received} == {"2"}


def test_it_doubles_but_loses_nothing_when_the_server_accepts_too_late(
    at: datetime, smtp: MailServer, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT, smtp.late = 0.3, 1.0
    sent = outbox.deliver(at)
    eventually(lambda: smtp.received)
    settings.EMAIL_TIMEOUT, smtp.late = 20, 0
    outbox.deliver(at + MINUTE)

    assert sent == 0
    assert came(smtp).keys() == due()
    assert sum(count - 1 for count in came(smtp).values()) <= 2
    assert max(Counter((mail.message["Message-ID"], mail.message["X-Attempt"]) for mail in smtp.received).values()) == 1


def test_it_sends_to_all_others_on_time_and_parks_the_refused_at_last(at: datetime, smtp: MailServer) -> None:
    smtp.refuse("member.7@example.com")

    outbox.deliver(at)
    on_time = len(smtp.received)
    moment = at
    for pause in BACK_OFF:
        moment += pause
        outbox.deliver(moment)

    refused = OutboxMessage.objects.get(user__email="member.7@example.com")
    assert on_time == MANY
    assert (refused.state, refused.attempts) == (State.PARKED, len(BACK_OFF) + 1)
    assert refused.last_error.startswith("550")
    smtp.refused.clear()
    outbox.resend(refused, moment)
    outbox.deliver(moment)
    assert came(smtp) == dict.fromkeys(due(), 1)


def test_it_sends_again_with_the_same_id_when_a_sender_was_killed(
    at: datetime, smtp: MailServer, start_child: StartChild
) -> None:
    smtp.delay = 0.2
    sender = start_child(
        "-c",
        "import django; django.setup(); from channelportal.core import clock, outbox; outbox.deliver(clock.now())",
        env={"DJANGO_SETTINGS_MODULE": "channelportal.settings"},
    )
    eventually(lambda: len(smtp.received) >= 3, within=30, otherwise=lambda: sender.log)
    sender.kill()
    smtp.delay = 0
    leased = OutboxMessage.objects.filter(state=State.SENDING).count()
    now = clock.now()

    meanwhile = outbox.deliver(now)
    outbox.deliver(now + LEASE + MINUTE)

    assert leased > 0
    assert meanwhile == 0
    assert came(smtp).keys() == due()
    assert sum(count - 1 for count in came(smtp).values()) <= 1
    assert Counter(OutboxMessage.objects.values_list("state", flat=True)) == {State.SENT: 2 * MANY}
    assert {mail.message["X-Attempt"] for mail in smtp.received} == {"1", "2"}
    assert max(Counter((mail.message["Message-ID"], mail.message["X-Attempt"]) for mail in smtp.received).values()) == 1
