"""python -m scripts.bench [--quick] [--json FILE] [--sizes 10000,100000]

Makes the demo company on a PostgreSQL of its own (or on the empty one of DATABASE_URL, for one size), fills it, and measures the
portal behind gunicorn beside its floor (floor.py) in the same run: requests a second at four connections, p50, p95,
statements; then sweep, outbox and a publication inside a process. Read the ratios: absolute figures are this machine's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from scripts.bench import figures
from scripts.bench.load import Browser, Timing, measure
from scripts.bench.operations import Facts, Operation, operations
from scripts.children import die_with_parent, end, free_port
from tests.services.launcher import Postgres

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = (10_000, 100_000)
DUE = {10_000: 5_000, 100_000: 20_000}
RECIPIENTS = 10_000  # of a notice
DAYS = 30  # of the demo's history: what is copied has its shape
SECONDS, QUICK_SECONDS = 1.6, 0.8
PASSWORD = "Qudao-Demo-2026"  # noqa: S105 (the demo's, public)
WORKERS = 2


def main() -> int:
    options = _options()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="channelportal-bench-")))
        given = os.environ.get("DATABASE_URL")
        server = None if given else stack.enter_context(_postgres())
        environment = _environment(server.url if server else str(given), folder)
        result = _head(options)
        _make(environment)
        sizes = [int(size) for size in options.sizes.split(",")] if options.sizes else list(SIZES)
        for size in sizes[:1] if options.quick or not server else sizes:
            if server:  # each size in a copy of the demo's database: what one leaves behind is not the other's
                environment["DATABASE_URL"] = _copy(server, f"bench_{size}")
            result["sizes"][str(size)] = _size(size, environment, QUICK_SECONDS if options.quick else SECONDS)
            result["load_after"] = os.getloadavg()
            if options.json:
                Path(options.json).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    print(figures.table(result))
    failed = [line for one in result["sizes"].values() for line in one["failed"]]
    print(*failed[:5], sep="\n", file=sys.stderr)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute, 10,000 tickets only")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--sizes", help="other numbers of tickets, with commas")
    return parser.parse_args()


@contextmanager
def _postgres() -> Iterator[Postgres]:
    with Postgres(durable=True) as server:
        _command(server, "CREATE DATABASE portal")
        _say(f"PostgreSQL {server}")
        yield server


def _copy(server: Postgres, name: str) -> str:
    _command(server, f"CREATE DATABASE {name} TEMPLATE portal")
    return server.url.removesuffix("portal") + name


def _command(server: Postgres, sql: str) -> None:
    opened = server.connect()
    opened.autocommit = True
    with opened.cursor() as cursor:
        cursor.execute(sql)
    opened.close()


def _make(environment: Mapping[str, str]) -> None:
    begun = time.monotonic()
    _run(environment, "manage.py", "migrate", "-v0")
    _run(environment, "manage.py", "demo", "--days", str(DAYS))
    _say(f"the demo company after {time.monotonic() - begun:.0f} s")


def _environment(address: str, folder: Path) -> dict[str, str]:
    return {
        **os.environ, "DATABASE_URL": address, "DATA_DIR": str(folder), "DEMO": "1", "LOG_LEVEL": "ERROR",
        "DB_STATEMENT_TIMEOUT_MS": "300000", "REDIS_URL": "", "EMAIL_URL": "", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip


def _head(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "when": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": " ".join(["make bench", *sys.argv[1:]]),
        "quick": options.quick,
        "machine": f"{os.cpu_count()} × {platform.machine()}, Python {platform.python_version()}",
        "load_before": os.getloadavg(),
        "sizes": {},
    }


# ── one size ────────────────────────────────────────────────────────────────────────────────────


def _size(size: int, environment: Mapping[str, str], seconds: float) -> dict[str, Any]:
    begun = time.monotonic()
    _run(environment, "manage.py", "demo", "--scale", str(size))
    known = _inside(environment, "facts")
    facts = Facts(**{name: known[name] for name in Facts.__dataclass_fields__})
    _say(f"{known['tickets']} tickets after {time.monotonic() - begun:.0f} s")
    found: dict[str, Any] = {
        "tickets": known["tickets"],
        "words": known["words"],
        "failed": [],
        "load": os.getloadavg(),
    }
    found["statements"] = _inside(environment, "statements")
    found["operations"] = _measure(facts, environment, seconds, found)
    found["sweep"] = _inside(environment, "sweep", str(DUE.get(size, size // 5)))
    found["outbox"] = _inside(environment, "outbox")
    found["publish"] = _inside(environment, "publish", str(RECIPIENTS))
    _say(f"{size}: done after {time.monotonic() - begun:.0f} s")
    return found


def _measure(
    facts: Facts, environment: Mapping[str, str], seconds: float, found: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Portal and floor by turns, so that both meet the same noise."""
    measured = {}
    with _server(environment) as portal, _server({**environment, "DJANGO_SETTINGS_MODULE": FLOOR}) as floor:
        people = {}
        for code, username in facts.people.items():
            people[code] = Browser(portal.port)
            people[code].sign_in(username, PASSWORD)
        for operation in operations(facts):
            mine, least = _both(operation, people[operation.who], floor.port, seconds)
            found["failed"] += [f"portal {line}" for line in mine.failed] + [f"floor {line}" for line in least.failed]
            measured[operation.name] = {
                "rate": mine.rate, "p50": mine.p50, "p95": mine.p95, "count": len(mine.seconds),
                "floor_rate": least.rate, "floor_p50": least.p50, "floor_p95": least.p95,
                "goal": {"share": operation.share, "sql": operation.sql, "p95": operation.p95},
            }  # fmt: skip
        found["worker_mb"] = portal.memory()
    return measured


def _both(operation: Operation, person: Browser, floor_port: int, seconds: float) -> tuple[Timing, Timing]:
    stranger = Browser(floor_port)
    stranger.cookies = person.cookies
    mine = measure(person, operation.portal, operation.expected, seconds)
    return mine, measure(stranger, operation.floor, operation.expected, seconds / 2)


# ── processes ───────────────────────────────────────────────────────────────────────────────────

FLOOR = "scripts.bench.floor_settings"


class Server:
    """gunicorn with two sync workers on a port of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        command = ["gunicorn", "-c", "gunicorn.conf.py", "-k", "sync", "-w", str(WORKERS), "--threads", "1"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, "-b", f"127.0.0.1:{self.port}", "channelportal.wsgi"],
            cwd=ROOT, env=dict(environment), start_new_session=True, preexec_fn=die_with_parent(),
        )  # fmt: skip

    def wait(self) -> None:
        for _try in range(300):
            if self.process.poll() is not None:
                raise RuntimeError("gunicorn did not start")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=30).close()
            except urllib.error.HTTPError:
                return  # it answers
            except OSError:
                time.sleep(0.1)
            else:
                return

    def memory(self) -> float:
        """Megabytes of the largest worker, what it shares with the others included."""
        command = ["ps", "-o", "rss=", "--ppid", str(self.process.pid)]
        children = subprocess.run(command, capture_output=True, text=True, check=False)
        return max((int(size) / 1024 for size in children.stdout.split()), default=0.0)


@contextmanager
def _server(environment: Mapping[str, str]) -> Iterator[Server]:
    server = Server(environment)
    try:
        server.wait()
        yield server
    finally:
        end([server.process], grace=8)


def _run(environment: Mapping[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-500:]}{done.stderr[-2000:]}")
    return done.stdout


def _inside(environment: Mapping[str, str], *what: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_run(environment, "-m", "scripts.bench.inside", *what).splitlines()[-1])
    return found


def _say(words: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
