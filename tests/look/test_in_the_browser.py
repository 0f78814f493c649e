"""The parts in a real browser under the product's policy: nothing refused, out of reach, or wider than the screen."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.look.pages import NOW, PAGES, draw

POLICY = "; ".join(
    f"{name} {' '.join(sources)}" for name, sources in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
)
Open = Callable[..., Page]
Posted = list[tuple[str, dict[str, list[str]]]]


class Portal(ThreadingHTTPServer):
    """Answers from tests/look/pages.py and the static files under the product's policy; remembers what was posted."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.posted: Posted = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Portal

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if not path.startswith("/static/"):
            name = path.strip("/")
            self.answer(200, draw(name, address=self.path) if name in PAGES else "<p></p>")
            return
        file = finders.find(path.removeprefix("/static/"))
        if isinstance(file, str):
            self.answer(200, Path(file).read_bytes(), mimetypes.guess_type(file)[0] or "text/plain")
        else:
            self.answer(404, "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posted.append((self.path, parse_qs(body)))
        self.answer(200, "<p></p>" if self.path == "/draft" else draw("403"))

    def answer(self, status: int, body: str | bytes, kind: str = "text/html; charset=utf-8") -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
        """Say nothing."""


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal() as portal:
        Thread(target=portal.serve_forever, daemon=True).start()
        yield portal
        portal.shutdown()


@pytest.fixture
def posted(portal: Portal) -> Posted:
    portal.posted.clear()
    return portal.posted


@pytest.fixture
def show(browser: Browser, portal: Portal) -> Iterator[Open]:
    """show("list", width=390): the page, its clock at NOW. Fails at the end if a script broke or the policy refused."""
    contexts, problems = [], []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(message.text)

    def open_one(name: str, *, width: int = 1440, dark: bool = False, scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=portal.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",  # no colour is measured on its way
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("console", listen)
        context.on("weberror", lambda error: problems.append(str(error.error)))
        page = context.new_page()
        if scripts:
            page.clock.install(time=NOW)
        page.goto(f"/{name}")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize("name", PAGES)
def test_no_rule_of_accessibility_is_broken(show: Open, name: str) -> None:
    page, found = show(name), []

    for width, theme in product((1440, 390), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        found += [(width, theme, one["id"], one["nodes"][0]["html"]) for one in Axe().run(page).response["violations"]]

    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(show: Open, name: str) -> None:
    page, beyond = show(name), {}

    for width in (360, 390, 768, 1000, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        beyond[width] = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert set(beyond.values()) == {0}, beyond


def test_icons_come_from_the_sprite(show: Open) -> None:
    page = show("list")
    page.wait_for_load_state("networkidle")

    width = page.locator(".rail li .icon use").first.evaluate("node => node.getBBox().width")

    assert width > 5


def test_the_theme_follows_the_system_until_one_is_chosen(show: Open) -> None:
    page = show("list", dark=True)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    page.get_by_role("button", name="切换浅色和深色").click()

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_a_clock_counts_down_and_turns_late(show: Open) -> None:
    page = show("list")
    left = page.locator("time[data-due]").first
    expect(left).to_have_text("还剩 3 小时 20 分")

    page.clock.fast_forward("01:00:00")
    expect(left).to_have_text("还剩 2 小时 20 分")
    page.clock.fast_forward("03:00:00")

    expect(left).to_have_text("已超期 39 分钟")


def test_it_asks_once_before_what_cannot_be_undone(show: Open, posted: Posted) -> None:
    page = show("form")
    page.get_by_role("button", name="撤回").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("将撤回反馈单。")

    dialog.get_by_role("button", name="取消").click()
    expect(dialog).to_have_count(0)
    assert posted == []
    page.get_by_role("button", name="撤回").click()
    dialog.get_by_role("button", name="撤回").click()

    page.wait_for_url("**/withdraw")
    assert [path for path, _ in posted] == ["/withdraw"]


def test_a_draft_is_kept_while_typing_without_the_password(show: Open, posted: Posted) -> None:
    page = show("form")
    page.get_by_label("方案", exact=False).last.fill("周四完成升级")
    page.get_by_label("密码").fill("geheim")

    page.clock.fast_forward("00:02")
    expect(page.locator("[data-draft-state]")).to_contain_text("已保存草稿")

    path, fields = posted[-1]
    assert path == "/draft"
    assert fields["text"] == ["周四完成升级"]
    assert "password" not in fields


def test_a_second_click_sends_nothing(show: Open) -> None:
    page = show("door")

    sent = page.locator("main form").evaluate(
        """form => {
            let sent = 0;
            form.addEventListener("submit", event => { sent += 1; event.preventDefault(); });
            form.requestSubmit();
            form.requestSubmit();
            return sent;
        }"""
    )

    assert sent == 1


def test_a_unit_is_found_by_typing_and_by_keys_alone(show: Open) -> None:
    page = show("form")
    box = page.get_by_role("combobox", name="责任方")
    box.focus()
    page.keyboard.type("研究")
    expect(page.get_by_role("option")).to_have_text(["研究所"])

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(box).to_have_value("研究所")
    assert page.locator("select[name=unit]").input_value() == "2"


def test_typing_what_is_no_unit_chooses_none(show: Open) -> None:
    page = show("form")
    box = page.get_by_role("combobox", name="责任方")
    box.fill("不存在的单位")

    page.keyboard.press("Tab")

    expect(box).to_have_value("")
    assert page.locator("select[name=unit]").input_value() == ""


def test_an_error_leads_to_its_field(show: Open) -> None:
    page = show("form")

    page.get_by_role("alert").get_by_role("link", name="方案").click()

    expect(page.locator("#id_text")).to_be_focused()


def test_a_chart_is_drawn_and_follows_the_theme(show: Open) -> None:
    page = show("figures")
    canvas = page.locator(".plot canvas")
    expect(canvas).to_be_visible()
    before = canvas.evaluate("node => node.toDataURL()")

    page.get_by_role("button", name="切换浅色和深色").click()
    page.clock.run_for(2_000)

    assert canvas.evaluate("node => node.toDataURL()") != before


def test_the_phones_order_is_head_clock_timeline_action_and_the_rest(show: Open) -> None:
    page = show("detail", width=390)

    tops = [page.locator(part).bounding_box() for part in (".two-top", ".two-clock", ".line", "#todo", ".two-side")]

    heights = [box["y"] for box in tops if box]
    assert len(heights) == 5
    assert heights == sorted(heights)


def test_the_clock_stands_beside_the_head_on_a_large_screen(show: Open) -> None:
    page = show("detail")

    top, clock = page.locator(".two-top").bounding_box(), page.locator(".two-clock").bounding_box()

    assert top and clock
    assert clock["x"] > top["x"] + top["width"]
    assert abs(clock["y"] - top["y"]) < 2


@pytest.mark.parametrize("scripts", [True, False], ids=["with a script", "without"])
def test_the_whole_navigation_opens_on_a_phone(show: Open, scripts: bool) -> None:
    page = show("list", width=390, scripts=scripts)
    entry = page.get_by_role("navigation", name="主导航").get_by_role("link", name="监督台")
    expect(entry).not_to_be_visible()

    page.get_by_role("link", name="展开导航").click()
    expect(entry).to_be_visible()
    page.get_by_role("link", name="收起导航").click()

    expect(entry).not_to_be_visible()


def test_without_a_script_the_form_is_whole(show: Open) -> None:
    page = show("form", scripts=False)

    expect(page.locator("select[name=unit]")).to_be_visible()
    expect(page.get_by_role("button", name="保存")).to_be_enabled()
    expect(page.locator(".js-only").first).not_to_be_visible()


def test_a_tables_rows_are_cards_on_a_phone(show: Open) -> None:
    page = show("list", width=390)

    row, title = page.locator("tbody tr").first.bounding_box(), page.locator("tbody .lead").first.bounding_box()

    assert row and title
    assert row["height"] > title["height"] + 20  # the other cells stand under it
    assert row["width"] <= 390


def test_it_can_be_walked_by_keys(show: Open) -> None:
    page = show("list")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_print_leaves_out_what_is_not_of_the_paper(show: Open) -> None:
    page = show("list", dark=True)

    page.emulate_media(media="print")

    for part in (".rail", ".top", ".filters", ".pagehead .actions"):
        expect(page.locator(part).first).not_to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
