"""The environment: .venv with exactly what the locks name, by their hashes. Standard library only.

    python -m scripts.bootstrap          what `make run` needs
    python -m scripts.bootstrap test     also the tools, and database, Redis and browser where there are none

When nothing changed since the last time it only looks (a few milliseconds).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from scripts.machine import NotFoundAnywhere, find_browser, find_postgres, find_redis

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
INSTALLED = ENVIRONMENT / "installed.json"  # lock → its hash when it was installed
OLDEST, TOO_NEW = (3, 11), (3, 14)


def main(purpose: str) -> None:
    _refuse_other_pythons()
    locks = ["requirements.lock"]
    if purpose == "test":
        locks.append("requirements-dev.lock")
        if os.environ.get("CI") or _servers_are_missing():
            locks.append("requirements-services.lock")
    install(locks)
    if purpose == "test":
        install_browser()


def install(locks: list[str]) -> None:
    """Bring .venv to what these locks name; what is more in it stays."""
    wanted = {lock: hashlib.sha256((ROOT / lock).read_bytes()).hexdigest() for lock in locks}
    present = json.loads(INSTALLED.read_text()) if INSTALLED.exists() and PYTHON.exists() else {}
    stale = [lock for lock in locks if present.get(lock) != wanted[lock]]
    if not stale:
        return
    if not _works(PYTHON):
        print("Making .venv …", flush=True)
        _make_environment()
    print(f"Installing {' and '.join(stale)} (once, under a minute) …", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, *(part for lock in stale for part in ("-r", str(ROOT / lock)))], check=True)
    INSTALLED.write_text(json.dumps(present | wanted, indent=1))


def install_browser() -> None:
    """Debian's Chromium with a Chinese font, when there is no browser and we may. Else the tests say what to do."""
    if find_browser() or _playwright_has_one() or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("Installing a Chromium for the browser tests (once) …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    packages = ["chromium", "fonts-noto-cjk"]
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "-qq", *command], env=environment, check=False, stdout=subprocess.DEVNULL)


def _make_environment() -> None:
    try:
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
    except subprocess.CalledProcessError:
        sys.exit("This Python cannot make environments. On Debian and Ubuntu: apt install python3-venv")


def _refuse_other_pythons() -> None:
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        sys.exit(f"Python 3.11, 3.12 or 3.13 is needed; this is {sys.version.split()[0]}")


def _works(python: Path) -> bool:
    """Present, and not left dangling by an upgrade of the system's Python."""
    return python.exists() and subprocess.run([python, "-c", "import pip"], check=False).returncode == 0


def _servers_are_missing() -> bool:
    for find, variable in ((find_postgres, "TEST_DATABASE_URL"), (find_redis, "TEST_REDIS_URL")):
        try:
            os.environ.get(variable) or find("machine")
        except NotFoundAnywhere:
            return True
    return False


def _playwright_has_one() -> bool:
    caches = (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright")
    return any(cache.glob("chromium*") for cache in caches if cache.exists())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "run")
