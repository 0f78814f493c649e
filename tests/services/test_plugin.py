"""What the plugin promises to whoever calls pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

MIXED = """
import pytest
from django.db import connection

@pytest.mark.postgres
def test_only_there(): raise AssertionError

def test_where(): assert connection.vendor == "sqlite"
"""
SKIPPING = "import pytest\ndef test_one(): pass\ndef test_other(): pytest.skip('no reason')\n"
TELLING = """
import os, pytest
@pytest.mark.parametrize("number", range(8))
def test_tell(number):
    with open({file!r}, "a") as told:
        print(os.environ["REDIS_URL"].rpartition("/")[2], os.environ["DATA_DIR"], file=told)
"""


def run(source: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    test = folder / "test_it.py"
    test.write_text(source)
    root = Path(settings.BASE_DIR)
    command = [sys.executable, "-m", "pytest", "-c", str(root / "pyproject.toml"), "--rootdir", str(root), str(test)]
    # A server that is named is not started; none of these tests asks anything of a database.
    environment = {**os.environ, "TEST_REDIS_URL": os.environ["REDIS_URL"]}
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", *options],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_leaves_out_on_sqlite_what_needs_postgresql(tmp_path: Path) -> None:
    result = run(MIXED, tmp_path, "--db", "sqlite")

    assert "1 passed, 1 deselected" in result.stdout, result.stdout + result.stderr


def test_it_takes_the_database_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "sqlite:")

    result = run(MIXED, tmp_path)

    assert "1 passed, 1 deselected" in result.stdout, result.stdout + result.stderr


def test_it_fails_for_what_was_skipped_when_told_to(tmp_path: Path) -> None:
    lenient, strict = run(SKIPPING, tmp_path, "--db", "sqlite"), run(SKIPPING, tmp_path, "--db", "sqlite", "--no-skips")

    assert (lenient.returncode, strict.returncode) == (0, 1)
    assert "1 tests did not run" in strict.stdout


def test_it_gives_each_of_several_workers_its_own_redis_database_and_folder(tmp_path: Path) -> None:
    file = tmp_path / "told"

    result = run(TELLING.format(file=str(file)), tmp_path, "--db", "sqlite", "-n", "2")

    assert result.returncode == 0, result.stdout + result.stderr
    told = {tuple(line.split()) for line in file.read_text().splitlines()}
    assert len({database for database, _ in told}) == len({folder for _, folder in told}) == 2
