"""Wrong settings are named with their remedy; /healthz says whether the loops run; run_jobs is the worker without a broker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client

from channelportal.celery import app
from channelportal.core import calendar, checks, outbox, stamps
from channelportal.core.clock import now
from channelportal.core.heartbeat import LONGEST, beat
from channelportal.core.models import CalendarVersion, Heartbeat

pytestmark = pytest.mark.django_db
GOOD = {
    "SECRET_KEY": "x7Kq" * 4 + "abcdefghijklmnopqrstuvwxyz0123456789",
    "DEBUG": False,
    "DEMO": False,
    "EMAIL_CONFIGURED": True,
    "FILE_KEYS": "2026:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "FILE_KEYS_SET": True,
    "FILE_UPLOAD_TEMP_DIR": None,
}


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({}, []),
        ({"SECRET_KEY": "short"}, ["portal.E001"]),
        ({"SECRET_KEY": "a" * 80}, ["portal.E001"]),
        ({"SECRET_KEY": "short", "DEMO": True}, []),
        ({"DEBUG": True}, ["portal.W001"]),
        ({"DEBUG": True, "TLS": True}, ["portal.E002"]),
        ({"SITE_URL": "https://portal.example.com"}, ["portal.E003"]),
        ({"SITE_URL": "nonsense"}, ["portal.E003"]),
        ({"SITE_URL": "http://[::1]:8000"}, []),
        ({"EMAIL_CONFIGURED": False}, ["portal.W002"]),
        ({"FILE_UPLOAD_TEMP_DIR": "/"}, []),
        ({"FILE_UPLOAD_TEMP_DIR": "/no/such/folder"}, ["portal.E006"]),
        ({"FILE_KEYS": ""}, ["portal.E004"]),
        ({"FILE_KEYS": "2026:AAEC"}, ["portal.E004"]),
        ({"FILE_KEYS_SET": False}, ["portal.W005"]),
        ({"FILE_KEYS_SET": False, "DEMO": True}, []),
        ({"FILE_KEYS_SET": False, "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}, []),
        (
            {"REDIS_URL": "redis://10.0.0.5/0", "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}},
            ["portal.W003"],
        ),
        ({"REDIS_URL": "redis://localhost/0", "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}, []),
    ],
)
def test_it_names_what_is_wrong(monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], ids: list[str]) -> None:
    class Settings:
        SITE_URL, ALLOWED_HOSTS, REDIS_URL, TLS = "http://127.0.0.1:8000", ["127.0.0.1", "[::1]"], "", False
        DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
        EMAIL_FILE_PATH, ROBOT_RELAYS = "/mail", ""

    for name, value in (GOOD | changed).items():
        setattr(Settings, name, value)
    monkeypatch.setattr(checks, "settings", Settings)

    found = checks.settings_fit(None)

    assert [one.id for one in found] == ids
    assert all(one.hint for one in found)


@pytest.mark.parametrize(("day", "missing"), [("2026-10-31", []), ("2026-11-01", ["portal.W004"])])
def test_it_asks_for_next_year_from_november(day: str, missing: list[str]) -> None:
    stamps.forget_all()
    calendar.ship()
    with time_machine.travel(f"{day}T04:00:00Z", tick=False):
        assert [one.id for one in checks.calendar_years(None)] == missing


def test_it_is_well_while_all_loops_come_round(client: Client) -> None:
    for name in LONGEST:
        beat(name, now())

    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()["ok"]) == (200, True)


def test_it_is_red_when_a_loop_stopped(client: Client) -> None:
    for name in LONGEST:
        beat(name, now())
    beat("sweep", now() - timedelta(seconds=181))

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["stopped"] == ["sweep"]


def test_it_is_red_when_a_loop_never_ran(client: Client) -> None:
    assert client.get("/healthz").json()["stopped"] == sorted(LONGEST)


def test_it_runs_all_jobs_in_one_process() -> None:
    call_command("run_jobs")

    assert {"deliver", "seal"} <= set(Heartbeat.objects.values_list("name", flat=True))


def test_it_goes_on_when_one_loop_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(outbox, "deliver", lambda at: 1 / 0)

    call_command("run_jobs")

    assert "deliver" in capsys.readouterr().out
    assert Heartbeat.objects.filter(name="seal").exists()


def test_it_leaves_the_process_that_called_it_with_its_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    eager: list[bool] = []
    monkeypatch.setattr(outbox, "deliver", lambda at: eager.append(app.conf.task_always_eager))

    call_command("run_jobs")

    assert eager == [True]
    assert not app.conf.task_always_eager


@pytest.mark.postgres
def test_it_gives_the_open_connection_the_time_of_jobs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[str] = []

    def look(at: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            allowed.append(cursor.fetchone()[0])

    monkeypatch.setattr(outbox, "deliver", look)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 5000")

    call_command("run_jobs")

    assert allowed == ["1min"]


def test_it_has_a_year_for_every_version() -> None:
    calendar.ship()

    assert set(CalendarVersion.objects.filter(source="package").values_list("year", flat=True)) == {2024, 2025, 2026}
