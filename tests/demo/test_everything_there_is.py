"""The demo company shows everything there is: each state, each answer, each decision at least once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F, TextChoices
from django.test import Client
from django.utils.timezone import localdate, now
from pytest_django import Settings

from accounts.models import User
from channelportal.core import stamps
from feedback.models import Ticket
from notices.frequency_watch import standings
from notices.models import (
    Action,
    Answer,
    Invitation,
    Level,
    Meeting,
    Minutes,
    Notice,
    NoticeFile,
    NoticeKind,
    Receipt,
    Remark,
    Robot,
    RuleVersion,
    Step,
    Subscription,
    UnitAnswer,
    Version,
)

pytestmark = pytest.mark.django_db
EVERY: tuple[tuple[Any, str, type[TextChoices], set[str]], ...] = (
    (Notice, "state", Notice.State, {"publishing"}),  # a moment's
    (Notice, "level", Level, set()),
    (Notice, "kind__code", TextChoices("Kinds", []), set()),
    (Version, "state", Version.State, set()),
    (Step, "state", Step.State, set()),
    (Step, "duty", Step.Duty, set()),
    (Subscription, "state", Subscription.State, set()),
    (Meeting, "state", Meeting.State, set()),
    (Invitation, "reply", Invitation.Reply, set()),
    (Invitation, "attendance", Invitation.Attendance, set()),
    (Minutes, "state", Minutes.State, set()),
    (Action, "state", Action.State, set()),
    (RuleVersion, "state", RuleVersion.State, {"draft", "returned", "dropped"}),
)
DAYS = "42"


@pytest.fixture(autouse=True)
def _no_copies() -> Iterator[None]:
    """What the process keeps of units and calendar is of this database, before and after."""
    stamps.forget_all()
    yield
    stamps.forget_all()


def make(settings: Settings, days: str) -> None:
    settings.DEMO = True
    call_command("demo", "--days", days, stdout=io.StringIO())


def lacking() -> dict[str, set[str]]:
    """Values of states and answers that no row has, by model and field."""
    found = {}
    for model, field, choices, momentary in EVERY:
        wanted = (
            set(choices.values) - momentary
            if choices.values
            else set(NoticeKind.objects.values_list("code", flat=True))
        )
        there = set(model.objects.order_by().values_list(field, flat=True))
        found[f"{model.__name__}.{field}"] = wanted - there
    return {name: values for name, values in found.items() if values}


def test_it_shows_every_state_of_notices_and_meetings(settings: Settings, client: Client) -> None:
    make(settings, DAYS)

    at, today = now(), localdate()
    assert lacking() == {}
    assert {
        "expired": Notice.objects.published().filter(valid_until__lt=today).exists(),
        "urgent": Notice.objects.valid(today).filter(urgency="urgent", acknowledged__lt=F("recipients")).exists(),
        "corrected for an error": Version.objects.filter(number__gt=1, state="published", error=True).exists(),
        "corrected for facts": Version.objects.filter(number__gt=1, state="published", error=False).exists(),
        "remarks at places": Remark.objects.filter(place__isnull=False).exists(),
        "request": Notice.objects.filter(request=True, outcome_on__isnull=False).exists(),
        "short lead accepted": Step.objects.exclude(lead_reason="").exists(),
        "encrypted": NoticeFile.objects.filter(version__notice__level="confidential").exclude(file__key_id="").exists(),
        "units answered": UnitAnswer.objects.exists(),
        "late": Receipt.objects.filter(settled_at=None, due_at__lt=at, overdue_told=True).exists(),
        "question open": Ticket.objects.filter(kind__code="question", ended_at=None, state="open").exists(),
        "answered under the notice": Answer.objects.filter(removed_at=None).exists(),
        "action late": Action.objects.filter(state="open", due_at__lt=at, missed_at__isnull=False).exists(),
        "to be recorded": Meeting.objects.filter(state="called", ends_at__lt=at).exists(),
        "to come": Meeting.objects.filter(state="called", starts_at__gt=at).exists(),
        "frequency": {"ok", "overdue"} <= {str(row.standing.state) for row in standings(today)},
        "rules changed": RuleVersion.objects.filter(number=2, state="approved").exists(),
        "robot": list(Robot.objects.values_list("active", flat=True)) == [False],
    } == dict.fromkeys(
        (
            "expired", "urgent", "corrected for an error", "corrected for facts", "remarks at places", "request",
            "short lead accepted", "encrypted", "units answered", "late", "question open", "answered under the notice",
            "action late", "to be recorded", "to come", "frequency", "rules changed", "robot",
        ),
        True,
    )  # fmt: skip
    for notice in Notice.objects.published():
        assert notice.recipients == notice.receipts.count()
        assert notice.opened == notice.receipts.filter(opened_at__isnull=False).count()
        assert notice.acknowledged == notice.receipts.filter(settled_at__isnull=False).count()
    reader = User.objects.get(unit__name="鲁东代理商", role="officer")
    mine = Receipt.objects.filter(user=reader, settled_at=None, due_at__isnull=False, notice__state="published")
    assert mine.filter(notice__urgency="urgent").exists()
    assert mine.filter(due_at__lt=at).exists()
    client.force_login(reader)
    for path in ("/", "/notices/", "/meetings/", "/rules/"):
        assert client.get(path).status_code == 200


def test_it_can_be_short(settings: Settings) -> None:
    make(settings, "2")

    assert Notice.objects.filter(urgency="urgent", state="published").count() == 1
    assert Meeting.objects.filter(state="called", starts_at__gt=now()).exists()
