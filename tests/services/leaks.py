"""What one test leaves to the next in the same process: small things are put back, the rest fails the test that left it."""

from __future__ import annotations

import copy
import os
import signal
import socket
import threading
import time
from collections.abc import Generator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.utils import timezone, translation

from channelportal.celery import app
from channelportal.core import stamps

PATIENCE = 10  # seconds for a thread that is just ending
MISSING = "nothing"
# pytest's own, and what fixtures of a whole run set up once
NOT_LOOKED_AT = {"environment PYTEST_CURRENT_TEST", "setting DATABASES"}


def state() -> dict[str, Any]:
    """What a process has but one of."""
    holder: Any = settings._wrapped  # type: ignore[misc]  # where `settings.X = …` goes
    options: Any = connection.settings_dict["OPTIONS"]
    ours: Any = app.conf.changes
    eager = {f"Celery's {name}": app.conf[name] for name in ("task_always_eager", "task_eager_propagates")}
    found: dict[str, Any] = {f"environment {name}": value for name, value in os.environ.items()}
    found |= {f"setting {name}": value for name, value in vars(holder).items() if name.isupper()}
    found |= {f"database's {name}": value for name, value in options.items()}
    found |= {f"Celery's {name}": value for name, value in ours.items()} | eager
    found |= {
        f"handler of {number.name}": signal.getsignal(number)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    }
    found["working directory"] = os.getcwd()  # noqa: PTH109  (as it is kept)
    found["timeout of sockets"] = socket.getdefaulttimeout()
    found["travel in time"] = time_machine.escape_hatch.is_travelling()
    return {name: value for name, value in found.items() if name not in NOT_LOOKED_AT}


def kept(found: dict[str, Any]) -> dict[str, Any]:
    """A copy that nobody changes: a list of settings may be appended to in its place."""
    return {
        name: copy.deepcopy(value) if isinstance(value, (dict, list, set)) else value for name, value in found.items()
    }


def left(before: dict[str, Any]) -> list[str]:
    """What is no longer as `before`, in words."""
    after = state()
    return [
        f"{name} was {before.get(name, MISSING)!r}, is {after.get(name, MISSING)!r}"
        for name in sorted(before.keys() | after.keys())
        if after.get(name, MISSING) not in (before.get(name, MISSING), _at_first.get(name, MISSING))
    ]


def threads_left(before: set[threading.Thread]) -> list[str]:
    """Threads that a test began and nobody waits for: they may still write to the database of the next."""
    deadline = time.monotonic() + PATIENCE
    new = [one for one in threading.enumerate() if one not in before and not one.daemon]
    for one in new:
        one.join(max(0, deadline - time.monotonic()))
    return [f"thread {one.name} still runs" for one in new if one.is_alive()]


def forget() -> None:
    """The language of the last request, and copies of rows that are rolled back: by right another in each test."""
    translation.deactivate()
    timezone.deactivate()
    stamps.forget_all()


_before = pytest.StashKey[tuple[dict[str, Any], set[threading.Thread]]]()
_at_first: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def state_before(request: pytest.FixtureRequest) -> None:
    """Taken when what several tests share is set up, and nothing that is this test's own."""
    request.node.stash[_before] = kept(state()), set(threading.enumerate())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    forget()
    if not _at_first:
        _at_first.update(kept(state()))
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """When everything is torn down. What is again as it was at the very first, a fixture of several tests has put back."""
    yield
    if _before not in item.stash:  # it was not even set up
        return
    before, threads = item.stash[_before]
    found = left(before) + threads_left(threads)
    if found:
        pytest.fail(f"left to the next test: {'; '.join(found)[:2000]}", pytrace=False)
