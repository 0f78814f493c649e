"""Gives a test run its real servers, before Django reads where they are. Loaded by `-p` (pyproject.toml).

    pytest                 on PostgreSQL and Redis: what TEST_DATABASE_URL and TEST_REDIS_URL name,
                           else programs of this machine, else those of the wheels
    pytest --db sqlite     on SQLite; tests marked `postgres` are left out
    pytest -n 2            one PostgreSQL and one Redis, a database in each for every xdist worker
    pytest --no-skips      fails when anything was skipped (what CI wants)

The Redis is emptied again and again: TEST_REDIS_URL must name one that nobody needs.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.services.launcher import Postgres, Redis, Server, own_folder, sweep

# What a developer's shell or .env may say must not change what the tests see.
ENVIRONMENT = {
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "DEBUG": "0",
    "DEMO": "0",
    "EMAIL_URL": "memorymail://",
    "LOG_LEVEL": "WARNING",
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 3,
    "SECOND_FACTOR": "0",  # force_login brings none; the tests about it switch it on
    "SENTRY_DSN": "",
    "SITE_URL": "http://testserver",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # the synchronous Playwright keeps an event loop in this thread
}
# A busy machine is no failure: this process waits longer than the product does. Its children do not.
PATIENCE = {"statement_timeout": "60s", "lock_timeout": "30s", "idle_in_transaction_session_timeout": "0"}
_servers: list[Server] = []
_folders: list[Path] = []
_header: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("channelportal")
    group.addoption("--db", choices=["postgres", "sqlite"], help="default: what TEST_DATABASE_URL says, else postgres")
    group.addoption("--no-skips", action="store_true", help="fail when anything was skipped")


@pytest.hookimpl(wrapper=True)  # wrappers come before pytest-django's own hook, which reads settings.DATABASES
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    if "PYTEST_XDIST_WORKER" in os.environ:  # has its environment from `pytest_xdist_setupnodes`
        return (yield)
    options = early_config.known_args_namespace
    os.environ.update(ENVIRONMENT)
    if options.help or options.version or options.collectonly:
        _choose("sqlite")  # nothing will be asked of it
    else:
        signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )  # a terminated run tidies up like one that was interrupted
        _choose(options.db)
        _bring_up()
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[object]) -> None:
    """Each worker its own Redis database and folder; its own database in PostgreSQL is made by pytest-django."""
    for number, spec in enumerate(specs, start=1):
        folder = Path(os.environ["DATA_DIR"]) / f"worker{number}"
        spec.env.update(REDIS_URL=_redis_database(number), DATA_DIR=str(folder))  # type: ignore[attr-defined]


def pytest_configure() -> None:
    from django.conf import settings  # noqa: PLC0415  (only now is it known where the servers are)

    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:  # a file, not memory: other processes and threads must see it
        database.setdefault("TEST", {})["NAME"] = str(settings.DATA_DIR / "test.sqlite3")
    else:  # the last word counts
        database["OPTIONS"]["options"] += "".join(f" -c {name}={value}" for name, value in PATIENCE.items())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/engine/" in item.path.as_posix():
            item.add_marker(pytest.mark.both)
    if not os.environ["DATABASE_URL"].startswith("sqlite"):
        return
    left_out = [item for item in items if item.get_closest_marker("postgres")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_report_header() -> list[str]:
    return _header


@pytest.hookimpl(tryfirst=True)  # before the summary is written
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not (reporter and session.config.option.no_skips):
        return
    if reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = len(terminalreporter.stats.get("skipped", []))
    if skipped and config.option.no_skips:
        terminalreporter.section("skipped, which --no-skips forbids", red=True)
        terminalreporter.line(f"{skipped} tests did not run; `pytest -rs` tells why", red=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    while _servers:
        _servers.pop().stop()
    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)


def _choose(database: str | None) -> None:
    """DATABASE_URL, REDIS_URL and DATA_DIR for this run; empty where a server must still be started."""
    folder = own_folder("data")
    _folders.append(folder)
    given = os.environ.pop("TEST_DATABASE_URL", "")
    sqlite = given.startswith("sqlite") if database is None else database == "sqlite"
    if sqlite or given.startswith("sqlite"):
        given = f"sqlite:///{folder}/unused.sqlite3" if sqlite else ""
    os.environ |= {"DATA_DIR": str(folder), "DATABASE_URL": given, "REDIS_URL": os.environ.pop("TEST_REDIS_URL", "")}


def _bring_up() -> None:
    sweep()
    for variable, kind in (("DATABASE_URL", Postgres), ("REDIS_URL", Redis)):
        name = kind.__name__ if not os.environ[variable].startswith("sqlite") else "SQLite"
        if os.environ[variable]:
            _header.append(f"{name}: {_without_password(os.environ[variable])}")
            continue
        server = kind()
        _servers.append(server)
        os.environ[variable] = server.url
        _header.append(f"{name}: {server}")


def _redis_database(number: int) -> str:
    address, _, first = os.environ["REDIS_URL"].rpartition("/")
    return f"{address}/{int(first) + number}"


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
