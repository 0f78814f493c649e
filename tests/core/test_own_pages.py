"""Alerts, jobs and drafts: each person's own, nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from channelportal.core import alerts, drafts, jobs
from channelportal.core.models import Alert, Draft, Job, StoredFile

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db
POLL = {"HX-Request": "true", "X-Portal-Poll": "1"}


@pytest.fixture
def told(cast: Any) -> None:
    alerts.tell([cast.kefu_head, cast.dev_head, cast.kefu_head], "probe", key="a", url="/calendar/", at=AT)
    alerts.tell([cast.kefu_head], "probe", key="b", url="//evil.example/", at=AT)
    alerts.tell([cast.kefu_head], "probe", key="b", url="/calendar/", at=AT)


def test_it_tells_each_person_once(told: None, cast: Any) -> None:
    assert alerts.unread(cast.kefu_head) == 2
    assert alerts.unread(cast.dev_head) == 1


def test_it_marks_as_read_and_leads_there(client: Client, told: None, cast: Any) -> None:
    client.force_login(cast.kefu_head)
    alert = Alert.objects.get(user=cast.kefu_head, key="a")

    answer = client.post(f"/alerts/{alert.pk}/open/")

    assert (answer.status_code, answer["Location"]) == (302, "/calendar/")
    assert alerts.unread(cast.kefu_head) == 1


def test_it_never_leads_away_from_the_portal(client: Client, told: None, cast: Any) -> None:
    client.force_login(cast.kefu_head)

    answer = client.post(f"/alerts/{Alert.objects.get(key='b').pk}/open/")

    assert answer["Location"] == "/alerts/"


def test_it_shows_nobody_the_alerts_of_another(client: Client, told: None, cast: Any) -> None:
    client.force_login(cast.dev_head)

    assert client.post(f"/alerts/{Alert.objects.get(key='b').pk}/open/").status_code == 404
    assert client.get("/alerts/").context["rows"].total == 1


def test_it_reads_all_of_ones_own(client: Client, told: None, cast: Any) -> None:
    client.force_login(cast.kefu_head)
    client.post("/alerts/read/")

    assert (alerts.unread(cast.kefu_head), alerts.unread(cast.dev_head)) == (0, 1)
    assert client.get("/alerts/?show=new").context["rows"].total == 0


def test_it_shows_the_number_on_the_bell(client: Client, told: None, cast: Any) -> None:
    client.force_login(cast.kefu_head)

    assert (
        '<span class="bell-count" aria-hidden="true">2</span>'
        in client.get("/alerts/bell/", headers=POLL).content.decode()
    )


def test_it_takes_no_more_queries_for_more_alerts(
    client: Client, cast: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        alerts.tell([cast.kefu_head], "probe", key=str(number), url="/", at=AT)
    client.force_login(cast.kefu_head)
    client.get("/alerts/")

    with django_assert_max_num_queries(14):
        client.get("/alerts/")


def test_it_shows_how_far_a_job_is(client: Client, cast: Any) -> None:
    job = Job.objects.create(kind="export", by=cast.kefu_head, total=200, data={})
    client.force_login(cast.kefu_head)
    jobs.claim(job.pk, AT)
    job.refresh_from_db()
    jobs.progress(job, 50)

    whole, part = (
        client.get(f"/jobs/{job.pk}/").content.decode(),
        client.get(f"/jobs/{job.pk}/", headers=POLL).content.decode(),
    )

    assert "50 / 200" in whole
    assert "50 / 200" in part
    assert "<html" not in part


def test_it_shows_a_job_and_its_file_to_who_started_it(client: Client, cast: Any) -> None:
    file = StoredFile.objects.create(name="x.xlsx", size=1, sha256="", media_type="text/plain")
    job = Job.objects.create(kind="export", by=cast.kefu_head, state="done", file=file)
    client.force_login(cast.kefu_deputy)

    assert [client.get(f"/jobs/{job.pk}/{end}").status_code for end in ("", "file/")] == [404, 404]


def test_it_gives_a_job_to_one_worker_and_again_when_that_died(cast: Any) -> None:
    job = Job.objects.create(kind="export", by=cast.kefu_head)

    assert jobs.claim(job.pk, AT) is not None
    assert jobs.claim(job.pk, AT + timedelta(minutes=1)) is None
    assert jobs.claim(job.pk, AT + timedelta(minutes=6)) is not None


def test_a_slow_worker_takes_nothing_back_of_what_another_ended(cast: Any) -> None:
    job = jobs.start("demo", "channelportal.core.tasks.run_export", by=cast.kefu_officer, data={}, total=10)
    slow = jobs.claim(job.pk, AT)
    other = jobs.claim(job.pk, AT + timedelta(minutes=6))
    assert slow and other
    jobs.finish(other, AT, result={"count": 10})

    jobs.progress(slow, 3)
    jobs.fail(slow, AT + timedelta(minutes=7), "changed meanwhile")

    job.refresh_from_db()
    assert (job.state, job.done, job.lease_until, job.ended_at) == ("done", 10, None, AT)
    assert job.result == {"count": 10}


def test_it_finds_what_was_left_behind(cast: Any) -> None:
    lost = Job.objects.create(kind="x", by=cast.kefu_head, created_at=AT)
    dead = Job.objects.create(
        kind="x", by=cast.kefu_head, created_at=AT, state="running", lease_until=AT + timedelta(minutes=5)
    )
    Job.objects.create(kind="x", by=cast.kefu_head, created_at=AT, state="done")

    assert jobs.left_behind(AT + timedelta(seconds=30)) == []
    assert jobs.left_behind(AT + timedelta(minutes=2)) == [lost]
    assert jobs.left_behind(AT + timedelta(minutes=6)) == [lost, dead]


def test_it_keeps_what_is_typed(client: Client, cast: Any) -> None:
    client.force_login(cast.kefu_head)

    sent = {"title": "发货", "units": ["1", "2"], "csrfmiddlewaretoken": "x", "once": "y", "password1": "z"}
    assert client.post("/drafts/ticket.new/", sent).status_code == 204

    assert drafts.initial(cast.kefu_head, "ticket.new") == {"title": "发货", "units": ["1", "2"]}
    assert drafts.initial(cast.dev_head, "ticket.new") == {}
    client.post("/drafts/ticket.new/forget/")
    assert not Draft.objects.exists()


@pytest.mark.parametrize("form", ["kept", "x", "A", "../x", "a" * 61, "ticket new"])
def test_it_takes_only_names_of_forms(client: Client, cast: Any, form: str) -> None:
    client.force_login(cast.kefu_head)

    assert client.post(f"/drafts/{form}/", {"a": "b"}).status_code in (400, 404)
    assert not Draft.objects.exists()


def test_it_keeps_no_book(client: Client, cast: Any) -> None:
    client.force_login(cast.kefu_head)

    assert client.post("/drafts/ticket.new/", {"a": "x" * 60_001}).status_code == 400
