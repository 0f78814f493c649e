"""The files that only an operator runs agree with the product: Procfile, compose.yaml, .env.example."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from channelportal.celery import app
from scripts.run import procfile

ROOT = Path(settings.BASE_DIR)
READERS = [
    "channelportal/settings.py",
    "gunicorn.conf.py",
    "scripts/run.py",
    "scripts/machine.py",
    "tests/services/plugin.py",
]
NOT_OURS = {"PATH", "CI", "PYTHONWARNINGS", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE", "REDIS_URL"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return services


def test_it_lets_workers_serve_every_queue_there_is(compose: dict[str, Any]) -> None:
    routed = {route["queue"] for route in app.conf.task_routes.values()}
    scheduled = {
        entry["options"]["queue"] for entry in app.conf.beat_schedule.values() if entry.get("options", {}).get("queue")
    }
    needed = {app.conf.task_default_queue} | routed | scheduled

    for command in (procfile()["worker"], compose["worker"]["command"]):
        assert needed <= set(queues(command))


def test_it_starts_the_same_processes_in_containers(compose: dict[str, Any]) -> None:
    assert set(procfile()) <= set(compose)
    assert queues(procfile()["worker"]) == queues(compose["worker"]["command"])


def test_it_waits_for_the_tables_before_it_serves(compose: dict[str, Any]) -> None:
    for name in procfile():
        assert compose[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_it_names_every_variable_in_the_example() -> None:
    read = {name for reader in READERS for name in variables_of((ROOT / reader).read_text())} - NOT_OURS
    named = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert read - named == set()
    assert named - read == {"POSTGRES_PASSWORD", "REDIS_URL"}


def queues(command: str) -> list[str]:
    return command.split("--queues ")[1].split(maxsplit=1)[0].split(",")


def variables_of(source: str) -> set[str]:
    return set(re.findall(r"""(?:env(?:\.\w+)?\(|environ(?:\.get|\.pop)?[(\[]|Env\(\)\.\w+\()"([A-Z_]+)\"""", source))
