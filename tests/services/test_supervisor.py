"""`make run`: what it starts ends with it, however it ends; what dies is started again; a taken port is no obstacle."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from scripts import run
from scripts.children import die_with_parent, kill_group
from tests.services.launcher import Redis
from tests.services.processes import eventually

MARK = 9_800_000 + os.getpid()  # what our processes are known by
# One that ends when asked, one that does not listen, one that has a child of its own.
FAMILY = f"""
import sys
from scripts import run
run.GRACE = 1
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep({MARK})"
commands = {{
    "polite": "sleep {MARK}",
    "deaf": f"{{sys.executable}} -c '{{deaf}}'",
    "parent": "sh -c 'sleep {MARK} & sleep {MARK}; true'",
}}
with run.Supervisor(commands) as supervisor:
    supervisor.start(*sys.argv[1:])
    supervisor.tend_until(lambda: False)
"""
MORTAL = """
from scripts import run
with run.Supervisor({{"mortal": "sh -c 'echo born >> {births}; exit 3'"}}) as supervisor:
    supervisor.start("mortal")
    supervisor.tend_until(lambda: False)
"""
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start_one(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [sys.executable, *arguments],
                cwd=settings.BASE_DIR,
                start_new_session=True,
                preexec_fn=die_with_parent(),
                **options,
            )
        )
        return started[-1]

    yield start_one
    for process in started:
        kill_group(process)


@pytest.fixture(scope="module")
def with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data as the first start leaves it; to be copied, not used."""
    folder = tmp_path_factory.mktemp("data")
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=settings.BASE_DIR, env=embedded(folder), check=True)
    return folder


@pytest.fixture
def folder(with_tables: Path, tmp_path: Path) -> Path:
    return shutil.copytree(with_tables, tmp_path / "data")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_leaves_nobody_behind_when_it_is_ended(start: Start, number: signal.Signals) -> None:
    supervisor = start("-c", FAMILY, "polite", "deaf", "parent")
    eventually(lambda: len(family()) == 5)

    supervisor.send_signal(number)

    assert supervisor.wait(10) == 0
    assert family() == []


def test_it_leaves_nobody_behind_when_it_is_killed(start: Start) -> None:
    supervisor = start("-c", FAMILY, "polite", "deaf")  # how the portal's grandchildren fare is seen below
    eventually(lambda: len(family()) == 2)

    supervisor.kill()

    supervisor.wait()
    eventually(lambda: family() == [])


def test_it_starts_again_what_dies_and_waits_longer_each_time(start: Start, tmp_path: Path) -> None:
    births = tmp_path / "births"
    supervisor = start("-c", MORTAL.format(births=births), stdout=subprocess.PIPE)
    eventually(lambda: births.exists() and births.read_text().count("born") == 3)

    supervisor.send_signal(signal.SIGINT)

    said = supervisor.communicate(timeout=20)[0].decode()
    assert re.findall(r"mortal ended with 3; it is started again in (\d) s", said)[:2] == ["1", "2"]


def test_it_takes_the_next_port_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        found = run.free_port(port)

    assert found > port
    assert f"Port {port} is taken; using {found}." in capsys.readouterr().out


class TestThePortal:
    """The real thing: web, worker and clock on SQLite and messages as files, without the demo company."""

    def test_it_answers_and_ends_without_a_trace(self, start: Start, folder: Path) -> None:
        environment = embedded(folder)
        portal = start("-m", "scripts.run", env=environment, stdout=subprocess.PIPE)
        eventually(lambda: len(processes_of(portal)) == 3, within=180)
        first_page = answer(environment["PORT"])

        portal.send_signal(signal.SIGINT)
        said = portal.communicate(timeout=60)[0].decode()

        assert portal.returncode == 0
        assert first_page < 400
        assert f"The portal is at http://127.0.0.1:{environment['PORT']}/" in said
        assert living(folder) == []
        assert (folder / "data" / "portal.sqlite3").exists()

    @pytest.mark.parametrize(("broker", "processes"), [("files", 4), ("redis", 5)])
    def test_it_leaves_nobody_behind_when_it_is_killed(
        self, start: Start, folder: Path, own_redis: Redis, broker: str, processes: int
    ) -> None:
        redis = {"REDIS_URL": own_redis.url} if broker == "redis" else {}
        portal = start("-m", "scripts.run", env=embedded(folder) | redis, stdout=subprocess.DEVNULL)
        # web and its worker, the Celery worker (and, on Redis, its pool), the clock
        eventually(lambda: len(living(folder)) > processes, within=180)

        portal.kill()

        portal.wait()
        eventually(lambda: living(folder) == [], within=60)

    def test_it_asks_no_migrations_of_a_database_that_has_them(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in embedded(folder).items():
            monkeypatch.setenv(name, value)
        commands: list[str] = []
        real = run.manage
        monkeypatch.setattr(run, "manage", lambda *a, must=True: commands.append(a[0]) or real(*a, must=must))

        run.prepare()
        run.prepare()

        assert commands == ["migrate"]


def embedded(folder: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = f"http://127.0.0.1:{port}"
    own = {
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "DATA_DIR": str(folder),
        "DEMO": "0",
        "PORT": str(port),
        "SITE_URL": site,
    }
    return os.environ | own


def answer(port: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            return int(page.status)
    except urllib.error.HTTPError as error:
        return error.code


def family() -> list[str]:
    """Commands of the family that live; the unburied have none."""
    return [line for line in listed("args=") if str(MARK) in line and "run.Supervisor" not in line]


def processes_of(parent: subprocess.Popen[bytes]) -> list[str]:
    return [line for line in listed("ppid=,args=") if line.split()[0] == str(parent.pid) and "manage.py" not in line]


def living(folder: Path) -> list[str]:
    """Processes that were given this folder for their data."""
    return [line for line in listed("args=", "e") if f"DATA_DIR={folder}" in line]


def listed(columns: str, *options: str) -> list[str]:
    return subprocess.check_output(["ps", *options, "-A", "-ww", "-o", columns], text=True).splitlines()
