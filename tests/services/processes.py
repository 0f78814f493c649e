"""Real processes of the product on the test's own database and Redis: workers, beat, or any command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings
from django.db import connection

from scripts.children import die_with_parent, end, kill_group
from tests.services.launcher import Redis

ALL_QUEUES = "critical,default,exports,hooks"


def eventually(
    condition: Callable[[], Any], *, within: float = 15, every: float = 0.05, otherwise: Callable[[], str] = str
) -> Any:
    """Ask until the answer is true, and return it. After `within` seconds the test fails with what `otherwise` says."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {within} s. {otherwise()}"
        time.sleep(every)
    return answer


class Child:
    """A running command of the product. Its output is in `log`."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.command, self.environment, self.log_file = command, dict(environment), log
        self.start()

    def start(self) -> None:
        self._started_at = self.log_file.stat().st_size if self.log_file.exists() else 0
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )

    def stop(self, grace: float = 10) -> None:
        """As an operator does: SIGTERM, then patience."""
        end([self.process], grace=grace)

    def kill(self) -> None:
        """kill -9, with everything it started."""
        kill_group(self.process)

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def log_since_start(self) -> str:
        return self.log_file.read_bytes()[self._started_at :].decode(errors="replace")


class Worker(Child):
    """A `celery worker`. `start()` after `kill()` brings it back under the same name."""

    def __init__(self, options: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = f"{uuid.uuid4().hex[:8]}@test"
        quiet = ["--hostname", self.name, "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        super().__init__(["-m", "celery", "-A", "channelportal", "worker", *quiet, *options], environment, log)

    def wait_until_ready(self, within: float = 30) -> None:
        eventually(self._says_so, within=within, otherwise=lambda: self.log)

    def _says_so(self) -> bool:  # asking it through Celery would only work on the broker of this process
        assert self.process.poll() is None, self.log
        return f"{self.name} ready" in self.log_since_start


class StartWorker(Protocol):
    def __call__(
        self,
        *,
        queues: str = ALL_QUEUES,
        pool: str = "prefork",
        concurrency: int = 2,
        env: Mapping[str, str] | None = None,
        ready: bool = True,
    ) -> Worker: ...


class StartChild(Protocol):
    def __call__(self, *command: str, env: Mapping[str, str] | None = None) -> Child: ...


def environment_of_children(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process needs to join this test: its database, Redis, files and, where the test has one, mail server."""
    server = urlsplit(os.environ["DATABASE_URL"])
    name = str(connection.settings_dict["NAME"])
    real_mail = settings.EMAIL_BACKEND.endswith("smtp.EmailBackend")
    own = {
        "DATABASE_URL": f"sqlite:///{name}" if "sqlite" in server.scheme else server._replace(path=f"/{name}").geturl(),
        "REDIS_URL": settings.REDIS_URL,
        "EMAIL_URL": f"smtp://{settings.EMAIL_HOST}:{settings.EMAIL_PORT}" if real_mail else "memorymail://",
        "SITE_URL": settings.SITE_URL,
        "DATA_DIR": str(settings.DATA_DIR),
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **own, **(env or {})}


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The Redis of this test run, emptied."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis that the test may kill, freeze and start again. `start_worker(env={"REDIS_URL": own_redis.url})`."""
    with Redis() as server:
        yield server


@pytest.fixture
def start_child(transactional_db: None, broker: redis.Redis, tmp_path: Path) -> Iterator[StartChild]:
    """`start_child("manage.py", "run_jobs")`: a python command on this test's database; ended with the test."""
    children: list[Child] = []

    def start(*command: str, env: Mapping[str, str] | None = None) -> Child:
        log = tmp_path / f"child-{len(children)}.log"
        children.append(Child(list(command), environment_of_children(env), log))
        return children[-1]

    yield start
    for child in children:
        child.kill()


@pytest.fixture
def start_worker(transactional_db: None, broker: redis.Redis, tmp_path: Path) -> Iterator[StartWorker]:
    """Start real Celery workers, as many as the test wants; ended with the test."""
    workers: list[Worker] = []

    def start(
        *,
        queues: str = ALL_QUEUES,
        pool: str = "prefork",
        concurrency: int = 2,
        env: Mapping[str, str] | None = None,
        ready: bool = True,
    ) -> Worker:
        options = ["--queues", queues, "--pool", pool, "--concurrency", str(concurrency)]
        workers.append(Worker(options, environment_of_children(env), tmp_path / f"worker-{len(workers)}.log"))
        if ready:
            workers[-1].wait_until_ready()
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


@pytest.fixture
def worker(start_worker: StartWorker) -> Worker:
    """One worker for all queues, ready. A test that wants another kind calls `start_worker`."""
    return start_worker()


@pytest.fixture
def beat_process(start_child: StartChild, tmp_path: Path) -> Child:
    """A real `celery beat` with the product's own schedule."""
    options = ["--schedule", str(tmp_path / "beat"), "--pidfile", "", "--loglevel", "INFO"]
    return start_child("-m", "celery", "-A", "channelportal", "beat", *options)
