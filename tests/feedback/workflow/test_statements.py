"""What a verb costs the database: bounded, and the same however long the history is (speed.md)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from channelportal.core import stamps
from feedback import rights, workflow
from feedback.models import Ticket
from tests.feedback.workflow.moments import MON_14, TUE_9, WED_10
from tests.people import Cast

MOST = 16
File = Callable[..., Ticket]


def statements(queries: CaptureQueriesContext) -> list[str]:
    """Without the savepoints that only a test has."""
    return [query["sql"] for query in queries.captured_queries if "SAVEPOINT" not in query["sql"]]


@pytest.fixture
def warm(filed: File, cast: Cast) -> None:
    """A process that has the tree, the calendar and the ladder in memory, as all but the first request find it."""
    workflow.resolve(filed(), by=cast.kefu_officer, text="已处理", at=TUE_9)
    stamps.forget()


@pytest.mark.usefixtures("warm")
def test_it_files_within_the_budget(filed: File, cast: Cast, kind: Callable[..., object]) -> None:
    by, about = User.objects.select_related("unit").get(pk=cast.ludong_head.pk), kind("problem")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        filed(by=by, kind=about, at=None)

    assert len(statements(queries)) <= MOST, "\n".join(statements(queries))


@pytest.mark.usefixtures("warm")
def test_it_replies_within_the_budget(filed: File, cast: Cast) -> None:
    ticket, by = filed(), User.objects.get(pk=cast.kefu_officer.pk)

    with CaptureQueriesContext(connection) as queries:
        workflow.resolve(ticket, by=by, text="已处理", at=None)

    assert len(statements(queries)) <= MOST, "\n".join(statements(queries))


@pytest.mark.usefixtures("warm")
def test_it_costs_the_same_however_long_the_history(filed: File, cast: Cast) -> None:
    def cost(ticket: Ticket) -> int:
        stamps.forget()
        with CaptureQueriesContext(connection) as queries:
            workflow.resolve(ticket, by=User.objects.get(pk=cast.kefu_officer.pk), text="已处理", at=WED_10)
        return len(statements(queries))

    young, old = filed(at=TUE_9), filed(at=TUE_9)
    for _round in range(5):
        workflow.note(old, by=cast.kefu_officer, text="备注", at=TUE_9)
        workflow.resolve(old, by=cast.kefu_officer, text="已处理", at=TUE_9)
        workflow.reopen(old, by=cast.ludong_head, reason="没有", at=TUE_9)

    assert cost(old) <= cost(young)


def test_it_asks_once_what_is_possible(
    ticket: Ticket, cast: Cast, django_assert_max_num_queries: Callable[..., object]
) -> None:
    fresh = Ticket.objects.select_related("filed_by").get(pk=ticket.pk)
    by = User.objects.get(pk=cast.kefu_head.pk)

    with django_assert_max_num_queries(2):  # who he is; what waits
        rights.possible(fresh, by, MON_14)
