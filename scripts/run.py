"""`make run`: the portal, its worker and its clock under one supervisor.

The processes are those of the Procfile. One that dies is started again, later each time it dies soon; Ctrl-C ends all
of them, after GRACE seconds by force; kill -9 of this process ends them too (Linux). A port that is taken is no
obstacle: the next free one is used. What stands in .env is read; what the environment says goes before it.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self

import environ

from scripts.children import die_with_parent, end, kill_group

ROOT = Path(__file__).resolve().parent.parent
GRACE = 10  # seconds that everyone has to finish what he is at
LONGEST_PAUSE = 30  # seconds between two tries of a process that keeps dying
STEADY = 60  # seconds alive after which an earlier death is forgotten
FIRST_PORT, PORTS = 8000, 50


@dataclass
class Child:
    """A process of the Procfile, and what happened to it so far."""

    name: str
    command: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    deaths: int = 0
    not_before: float = 0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {self.command}"], cwd=ROOT, start_new_session=True, preexec_fn=die_with_parent()
        )

    def tend(self) -> None:
        """Look after it: note a death, start again when its pause is over."""
        now = time.monotonic()
        if self.process and self.process.poll() is not None:
            kill_group(self.process)  # what it may have left
            self.deaths = 1 if now - self.started > STEADY else self.deaths + 1
            pause = min(2 ** (self.deaths - 1), LONGEST_PAUSE)
            say(f"{self.name} ended with {self.process.returncode}; it is started again in {pause} s.")
            self.process, self.not_before = None, now + pause
        if not self.process and now >= self.not_before:
            self.start()


@dataclass
class Supervisor:
    """Whatever happens inside `with Supervisor(…)`, nothing that was started outlives it."""

    commands: Mapping[str, str]
    children: list[Child] = field(default_factory=list)

    def __enter__(self) -> Self:
        for number in (
            signal.SIGINT,
            signal.SIGTERM,
            signal.SIGHUP,
        ):  # a shell's background job is born deaf to the first
            signal.signal(number, _interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # it is being done
        if interrupted := kind is KeyboardInterrupt:
            say("Ending …")
        end((child.process for child in self.children if child.process), grace=GRACE)
        return interrupted

    def start(self, *names: str) -> None:
        self.children += [Child(name, self.commands[name]) for name in names]

    def tend_until(self, done: Callable[[], bool]) -> None:
        while not done():
            for child in self.children:
                child.tend()
            time.sleep(0.05)


def main() -> None:
    set_environment()
    with Supervisor(procfile()) as supervisor:
        prepare()
        serve(supervisor)


def set_environment() -> None:
    """What the processes share. The embedded default needs nothing: SQLite, messages as files, the demo company."""
    environ.Env.read_env(ROOT / ".env")
    embedded = not os.environ.get("DATABASE_URL")
    port = free_port(int(os.environ.get("PORT", FIRST_PORT)))
    defaults = {
        "DATA_DIR": str(ROOT / "var"),
        "DEMO": "1" if embedded else "0",
        "LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "ignore:No directory at,ignore:You're running the worker",  # both are meant here
        "SITE_URL": f"http://127.0.0.1:{port}",
        "WEB_CONCURRENCY": "1" if embedded else "2",
    }
    own = {"PORT": str(port), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    os.environ.update({**defaults, **os.environ, **own})


def prepare() -> None:
    """The tables and, on the first start of a demo, its company."""
    fingerprint = _fingerprint()
    stamp = Path(os.environ["DATA_DIR"]) / "prepared"
    if stamp.exists() and stamp.read_text() == f"{fingerprint} {_migrations_applied()}":
        return
    manage("migrate", "--no-input", "--verbosity", "0")
    if _demo() and manage("demo", must=False):
        say("The demo company was not made (see above); going on without it.")
        os.environ["DEMO"] = "0"
        return
    stamp.write_text(f"{fingerprint} {_migrations_applied()}")


def serve(supervisor: Supervisor) -> None:
    """First the web alone, so that the first page is there soon; then the jobs; then, until interrupted, care."""
    supervisor.start("web")
    supervisor.tend_until(_answers)
    supervisor.start(*(name for name in supervisor.commands if name != "web"))
    say(f"The portal is at {os.environ['SITE_URL']}/   (Ctrl-C ends it)")
    if _demo():
        manage("demo", "--accounts", "--skip-checks", must=False)
    supervisor.tend_until(lambda: False)


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines) if command}


def free_port(wanted: int) -> int:
    for port in range(wanted, wanted + PORTS):
        if _is_free(port):
            if port != wanted:
                say(f"Port {wanted} is taken; using {port}.")
            return port
    sys.exit(f"No free port from {wanted} to {wanted + PORTS - 1}. Set PORT.")


def manage(*arguments: str, must: bool = True) -> int:
    """A command of manage.py; when it `must` succeed and does not, nothing further can."""
    command = [sys.executable, "manage.py", *arguments]
    code = subprocess.run(command, cwd=ROOT, check=False, preexec_fn=die_with_parent()).returncode
    if code and must:
        sys.exit(code)
    return code


def say(sentence: str) -> None:
    print(f"» {sentence}", flush=True)


def _demo() -> bool:
    return bool(environ.Env().bool("DEMO"))


def _is_free(port: int) -> bool:
    host = os.environ.get("HOST", "127.0.0.1")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn will
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _answers() -> bool:
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ["PORT"]
    with closing(http.client.HTTPConnection(host, int(port), timeout=5)) as connection:
        try:
            connection.request("GET", "/", headers={"Host": f"127.0.0.1:{port}"})
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
    return True


def _fingerprint() -> str:
    """Changes with the migrations, with the libraries (which bring their own) and with where and what the data is."""
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    for path in sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/*/migrations/*.py")]):
        digest.update(path.read_bytes())
    digest.update(f"{os.environ.get('DATABASE_URL')} {_demo()}".encode())
    return digest.hexdigest()


def _migrations_applied() -> int | float:
    """How many the embedded database has; for another database never the same, so that it is always asked."""
    path = Path(os.environ["DATA_DIR"]) / "data" / "portal.sqlite3"
    if os.environ.get("DATABASE_URL") or not path.exists():
        return time.time()
    with closing(sqlite3.connect(path)) as database:
        try:
            count: int = database.execute("SELECT count(*) FROM django_migrations").fetchone()[0]
        except sqlite3.OperationalError:  # an empty file: the first start was interrupted
            return 0
    return count


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
