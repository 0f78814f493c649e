"""A real Chromium on the portal's own server. Texts and roles are asserted, never pixels of text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from scripts.machine import find_browser

PATIENCE = 10_000  # milliseconds for an element to appear
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW = "No Chromium, Chrome or Edge: `apt install chromium`, or `playwright install chromium`, or set BROWSER_PATH"


class OpenPage(Protocol):
    def __call__(
        self, *, width: int = 1440, height: int = 900, dark: bool = False, language: str = "zh-CN"
    ) -> Page: ...


def launch(playwright: Playwright) -> Browser | None:
    """The first browser there is; None where there is none."""
    path = os.environ.get("BROWSER_PATH") or playwright.chromium.executable_path
    if not Path(path).exists():
        path = find_browser() or ""
    if not path:
        return None
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root with one
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS + sandbox)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
        yield browser
        browser.close()


@pytest.fixture
def live_url(live_server: LiveServer, settings: Settings) -> str:
    """Where the portal answers in this test; links in its mails and pages lead there too."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return live_server.url


@pytest.fixture
def open_page(browser: Browser, live_url: str) -> Iterator[OpenPage]:
    """Open a window of its own, signed in as nobody: `open_page(width=390, dark=True).goto("/tickets/")`.

    At the end the test fails if any window threw an error in a script or broke the Content Security Policy.
    """
    contexts, problems = [], []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            problems.append(message.text)

    def open_one(*, width: int = 1440, height: int = 900, dark: bool = False, language: str = "zh-CN") -> Page:
        context = browser.new_context(
            base_url=live_url,
            locale=language,
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        context.on("console", listen)
        context.on("weberror", lambda error: problems.append(str(error.error)))
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()
