"""`make pictures`: every page as its person sees it, in var/pictures, and what is wrong with it.

    python -m scripts.pictures                             all persons, all pages, 1440 and 390 px, light and dark
    python -m scripts.pictures --person kefu --page home   those whose names contain the words
    python -m scripts.pictures --width 390 --theme dark

The pages come from the demo company (DATA_DIR, DATABASE_URL as `make run` has them; it is made when there is none). A server
of its own is started and ended. Said of each page, and shown in index.html: errors in the console, what the Content Security
Policy refused, how far it scrolls sideways, sentences that are not in Chinese. The exit code is 1 when anything was said.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import django
import environ

from scripts.children import die_with_parent, end, free_port
from scripts.machine import find_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "pictures"
WIDTHS, THEMES = (1440, 390), ("light", "dark")
PATIENCE = 60  # seconds for the server to answer
SCREEN, TALLEST = 900, 3_000  # pixels: of a window, of a picture
ENGLISH = re.compile(r"[A-Z][a-z]+(?: [a-z]+){2,}")  # three words on end: a sentence that nobody translated
ARGUMENTS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Address = str | Callable[[Any], str]


def someone(side: str, role: str, **facts: Any) -> Callable[[], Any]:
    """Whoever has this role in the asking or responsible unit of the newest ticket with these facts; None where there is none."""

    def find() -> Any:
        from feedback.models import Ticket  # noqa: PLC0415 (the settings are read only in `main`)

        one = Ticket.objects.filter(**facts).select_related(side).order_by("-created_at").first()
        return getattr(one, side).people.filter(role=role, is_active=True).order_by("pk").first() if one else None

    return find


def of(unit: str, role: str) -> Callable[[], Any]:
    """That unit's first person in this role; an administrator by his role alone."""

    def find() -> Any:
        from accounts.models import User  # noqa: PLC0415

        found = User.objects.filter(unit__name=unit, role=role) if unit else User.objects.filter(admin_role=role)
        return found.filter(is_active=True).order_by("pk").first()

    return find


PEOPLE: dict[str, Callable[[], Any]] = {
    "stranger": lambda: None,
    "member": of("鲁东代理商", "member"),
    "agent": of("鲁东代理商", "head"),
    "approver": someone("asker", "head", state="pending"),
    "returned": someone("asker", "head", state="returned"),
    "promised": someone("asker", "head", state="planned", asker__kind="agent"),
    "branch": of("沈阳分公司", "officer"),
    "kefu": of("客户服务部", "officer"),
    "kefu-head": of("客户服务部", "head"),
    "late": someone("responsible", "officer", state="open", level__gte=1),
    "late-head": someone("responsible", "head", state="open", level__gte=1),
    "market": of("企业市场部", "officer"),
    "market-head": of("企业市场部", "head"),
    "center-head": of("营销中心", "head"),
    "channel": of("川南代理商", "head"),
    "qifa": of("企发部", "officer"),
    "qifa-head": of("企发部", "head"),
    "management": of("总裁办", "head"),
    "system": of("", "system"),
    "security": of("", "security"),
    "audit": of("", "audit"),
}


def ticket(verb: str = "", **facts: Any) -> Callable[[Any], str]:
    """The newest ticket with these facts that the person may see; `own=True`: of his unit's asking, `owed=True`: its owing."""

    def address(user: Any) -> str:
        from feedback.models import Ticket  # noqa: PLC0415 (the settings are read only in `main`)

        wanted, tickets = dict(facts), Ticket.objects.visible_to(user)
        if wanted.pop("own", False):
            wanted["asker"] = user.unit_id
        if wanted.pop("owed", False):
            wanted["responsible"] = user.unit_id
        one = tickets.filter(**wanted).order_by("-created_at").first()
        return f"/tickets/{one.pk}/{verb}" if one else ""

    return address


def unit(tail: str = "", under: str = "units", **facts: Any) -> Callable[[Any], str]:
    def address(user: Any) -> str:
        from accounts.models import Unit  # noqa: PLC0415

        wanted = facts or {"pk": user.unit_id}
        return f"/{under}/{Unit.objects.filter(**wanted).values_list('pk', flat=True)[0]}/{tail}"

    return address


def first(model: str, address: str, **facts: Any) -> Callable[[Any], str]:
    """`address` with the number of the first row of `model` that has these facts."""

    def of(user: Any) -> str:
        from django.apps import apps  # noqa: PLC0415

        rows = apps.get_model(model).objects
        pk = rows.filter(**facts).values_list("pk", flat=True).first()
        return address.format(pk) if pk else ""

    return of


def paper(model: str, address: str, **facts: Any) -> Callable[[Any], str]:
    """`address` with the number of the newest notice or meeting with these facts that the person may see."""

    def of(user: Any) -> str:
        from django.apps import apps  # noqa: PLC0415

        rows = apps.get_model("notices", model).objects.visible_to(user).filter(**facts)
        pk = rows.order_by("-created_at").values_list("pk", flat=True).first()
        return address.format(pk) if pk else ""

    return of


KEFU, LUDONG = {"name": "客户服务部"}, {"name": "鲁东代理商"}
PAGES: dict[str, dict[str, Address]] = {
    "stranger": {
        "sign-in": "/sign-in/",
        "register": "/register/",
        "register-done": "/register/done/",
        "forgotten": "/password/forgotten/",
        "register-gone": "/register/state/nonsense/",
        "not-found": "/nowhere/",
    },
    "member": {
        "home": "/",
        "tickets": "/tickets/?view=asked",
        "new": "/tickets/new/",
        "ticket": ticket(filed_by__role="member"),
        "alerts": "/alerts/",
        "account": "/account/",
        "sessions": "/account/sessions/",
        "password": "/password/",
        "search": "/search/?q=备件",
        "search-none": "/search/?q=天外来客",
        "refused": "/supervision/",
        "not-found": "/tickets/999999/",
    },
    "agent": {
        "home": "/",
        "resolved": ticket(state="resolved", own=True),
        "closed": ticket(state="closed", own=True),
        "approve": "/tickets/?view=approve",
        "channels": "/channels/",
        "channel": unit(under="channels"),
        "people": unit("people/", "channels"),
        "notices": "/notices/",
        "notice": paper("notice", "/notices/{}/", urgency="urgent", state="published"),
        "notice-corrected": paper("notice", "/notices/{}/", version__number__gt=1),
        "notice-confidential": paper("notice", "/notices/{}/", level="confidential"),
        "archive": "/notices/archive/",
        "subscriptions": "/notices/subscriptions/",
        "robots": "/notices/robots/",
        "meetings": "/meetings/",
        "meeting": paper("meeting", "/meetings/{}/", state="called"),
        "rules": "/rules/",
    },
    "approver": {"home": "/", "ticket": ticket(state="pending", own=True), "list": "/tickets/?view=approve"},
    "returned": {"home": "/", "ticket": ticket(state="returned", own=True)},
    "promised": {"ticket": ticket(state="planned", own=True)},
    "branch": {"home": "/", "new": "/tickets/new/", "tickets": "/tickets/?view=asked"},
    "kefu": {
        "home": "/",
        "owed": "/tickets/?view=owed",
        "open": ticket(owed=True, state="open", level=0),
        "planned": ticket(owed=True, state="planned"),
        "reply": ticket("reply/", owed=True, state="open"),
        "pass-on": ticket("pass-on/", owed=True, state="open"),
        "wrong-state": ticket("take/", state="closed"),
        "enter": "/tickets/enter/",
        "unit": unit(**KEFU),
        "calendar": "/calendar/",
    },
    "kefu-head": {
        "home": "/",
        "tickets": "/tickets/",
        "assign": ticket("assign/", owed=True, state="open"),
    },
    "late": {"home": "/", "ticket": ticket(owed=True, state="open", level__gte=1), "list": "/tickets/?view=owed"},
    "late-head": {"home": "/", "ticket": ticket(owed=True, state="open", level__gte=1)},
    "market": {
        "home": "/",
        "registrations": "/registrations/",
        "registration": first(
            "accounts.registration", "/registrations/{}/", state="submitted", reviewer_unit__name="企业市场部"
        ),
        "new-unit": first("accounts.registration", "/registrations/{}/", state="submitted", unit=None),
        "channels": "/channels/",
        "channel": unit("", "channels", **LUDONG),
        "channel-people": unit("people/", "channels", **LUDONG),
        "channel-tickets": unit("tickets/", "channels", **LUDONG),
        "channel-contact": unit("contact/", "channels", **LUDONG),
        "notice-new": "/notices/new/",
        "notice-request": "/notices/request/",
        "notice-returned": paper("notice", "/notices/{}/", state="returned"),
        "notices-own": "/notices/?view=unit",
        "meeting-new": "/meetings/new/",
        "meeting-minutes": paper("meeting", "/meetings/{}/", record__state="pending"),
    },
    "market-head": {
        "home": "/",
        "people": "/people/",
        "notice-receipts": paper(
            "notice", "/notices/{}/receipts/", state="published", acknowledge=True, unit__code="QYSC"
        ),
        "subscriptions": "/notices/subscriptions/given/",
    },
    "center-head": {
        "home": "/",
        "notices": "/notices/?view=approve",
        "notice-approve": paper(
            "notice", "/notices/{}/approve/", state="pending", major=False, version=None, unit__kind="branch"
        ),
    },
    "channel": {"meeting": paper("meeting", "/meetings/{}/", title__startswith="西南")},
    "qifa": {
        "home": "/",
        "supervision": "/supervision/",
        "watched": "/tickets/?view=watched",
        "urge": ticket("urge/", state="open", level__gte=1),
    },
    "qifa-head": {
        "home": "/",
        "supervision": "/supervision/",
        "tickets": "/tickets/?view=all",
        "escalated": ticket(level__gte=2),
        "long": ticket(round__gte=2),
        "ladder": "/ladder/",
        "step": first("feedback.ladderstep", "/ladder/{}/"),
        "kinds": "/kinds/",
        "kind": first("feedback.ticketkind", "/kinds/{}/"),
        "parameters": "/parameters/",
        "calendar": "/calendar/",
        "calendar-import": "/calendar/import/",
        "units": "/units/",
        "unit": unit(**KEFU),
        "unit-edit": unit("edit/", **KEFU),
        "unit-new": "/units/new/",
        "unit-close": unit("close/", **LUDONG),
        "units-import": "/units/import/",
        "people": "/people/",
        "person": first("accounts.user", "/people/{}/", unit__name="客户服务部", role="officer"),
        "person-edit": first("accounts.user", "/people/{}/edit/", unit__name="客户服务部", role="officer"),
        "person-new": "/people/new/",
        "officers": "/officers/",
        "doctor": "/doctor/",
        "parked": "/outbox/parked/",
        "registrations": "/registrations/",
        "search": "/search/?q=返利",
        "rule": first("notices.rule", "/rules/{}/"),
        "rule-compare": first("notices.rule", "/rules/{}/compare/"),
        "meeting-calendar": "/meetings/calendar/",
        "meeting-frequency": "/meetings/frequency/",
        "meeting-kinds": "/meetings/kinds/",
        "notice-kinds": "/notices/kinds/",
    },
    "management": {
        "home": "/",
        "tickets": "/tickets/",
        "level-3": ticket(level__gte=3),
        "supervision": "/supervision/",
    },
    "system": {
        "home": "/",
        "doctor": "/doctor/",
        "parked": "/outbox/parked/",
        "people": "/people/",
        "second-factor": "/account/second-factor/",
    },
    "security": {"home": "/", "people": "/people/", "units": "/units/"},
    "audit": {"home": "/", "audit": "/audit/"},
}


@dataclass
class Shot:
    """One page of one person at one width: its pictures by theme, and what is wrong with it."""

    person: str
    page: str
    width: int
    address: str
    files: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def main() -> int:
    arguments = _arguments()
    os.environ |= {
        "DEMO": "1",
        "DATA_DIR": os.environ.get("DATA_DIR", str(ROOT / "var")),
        "LOG_LEVEL": "WARNING",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    }
    environ.Env.read_env(ROOT / ".env")
    os.environ["DJANGO_SETTINGS_MODULE"] = "channelportal.settings"
    django.setup()
    _demo()
    FOLDER.mkdir(parents=True, exist_ok=True)
    shots: list[Shot] = []
    with _server() as url, _browser() as browser:
        for person in PEOPLE:
            if arguments.person in person:
                for width in arguments.width or WIDTHS:
                    shots += _visit(browser, url, person, width, arguments)
    (FOLDER / "index.html").write_text(_index(shots))
    wrong = [shot for shot in shots if shot.wrong]
    pictures = sum(len(shot.files) for shot in shots)
    print(f"{pictures} pictures of {len(shots)} pages in {FOLDER}; {len(wrong)} pages have something wrong.")
    return bool(wrong)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--person", default="")
    parser.add_argument("--page", default="")
    parser.add_argument("--width", type=int, action="append")
    parser.add_argument("--theme", choices=THEMES, action="append")
    return parser.parse_args()


def _demo() -> None:
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("demo")


@contextmanager
def _server() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "channelportal.wsgi", "--config", "gunicorn.conf.py"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(port), "SITE_URL": f"http://127.0.0.1:{port}", "WEB_CONCURRENCY": "1"},
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/sign-in/")
        yield f"http://127.0.0.1:{port}"
    finally:
        end([process], grace=5)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urlopen(url, timeout=5).close()  # noqa: S310 (our own server)
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


@contextmanager
def _browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (only this script needs it outside the tests)

    with sync_playwright() as playwright:
        path = os.environ.get("BROWSER_PATH") or playwright.chromium.executable_path
        path = path if Path(path).exists() else find_browser() or sys.exit("No Chromium: set BROWSER_PATH")
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS + sandbox)
        yield browser
        browser.close()


def _visit(browser: Browser, url: str, person: str, width: int, arguments: argparse.Namespace) -> list[Shot]:
    """All of this person's pages at this width, one after the other in one window."""
    user = PEOPLE[person]()
    if user is None and person != "stranger":
        print(f"{person}: the demo has nobody of this kind today")
        return []
    context = browser.new_context(
        base_url=url,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": width, "height": SCREEN},
        device_scale_factor=1,
    )
    if user is not None:
        context.add_cookies([{"name": "session", "value": _session(user), "url": url}])
    page, shots = context.new_page(), []
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    for name, where in PAGES[person].items():
        if arguments.page in name:
            address = where if isinstance(where, str) else where(user)
            shot = Shot(person, name, width, address)
            if not address:
                print(f"{person}-{name}: the demo has none today")
                continue
            heard.clear()
            _take(page, shot, arguments.theme or THEMES, heard)
            shots.append(shot)
            print(f"{person}-{name}-{width}", *shot.wrong, sep="\n    ")
    context.close()
    return shots


def _take(page: Page, shot: Shot, themes: Sequence[str], heard: list[str]) -> None:
    page.set_viewport_size({"width": shot.width, "height": SCREEN})
    answer = page.goto(shot.address, wait_until="load")
    page.wait_for_timeout(400)  # what loads itself by htmx, and charts
    if answer is not None and answer.status >= 500:
        shot.wrong.append(f"answers {answer.status}")
    expected = f"status of {answer.status}" if answer is not None and answer.status >= 400 else "\0"
    shot.wrong += [text for text in heard if expected not in text]
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if beyond > 0:
        shot.wrong.append(f"scrolls {beyond} px sideways")
    shot.wrong += sorted({f"not in Chinese: {found}" for found in ENGLISH.findall(page.locator("body").inner_text())})
    for theme in themes:
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.wait_for_timeout(150)
        file = f"{shot.person}-{shot.page}-{shot.width}-{theme}.png"
        page.set_viewport_size(
            {"width": shot.width, "height": _height(page)}
        )  # what sticks to the bottom belongs there
        page.screenshot(path=FOLDER / file)
        shot.files.append(file)


def _height(page: Page) -> int:
    height: int = page.evaluate("document.documentElement.scrollHeight")
    return max(SCREEN, min(height, TALLEST))


def _session(user: Any) -> str:
    """The cookie of a session of this person's, without the sign-in page."""
    from django.test import Client  # noqa: PLC0415

    client = Client()
    client.force_login(user)
    return client.cookies["session"].value


def _index(shots: list[Shot]) -> str:
    cells = [
        f"<figure><figcaption>{escape(shot.person)} · {escape(shot.page)} · {shot.width}<br><code>{escape(shot.address)}</code>"
        + "".join(f"<br><b>{escape(text)}</b>" for text in shot.wrong)
        + "</figcaption>"
        + "".join(
            f'<a href="{file}"><img src="{file}" width="{shot.width // 4}" loading="lazy" alt=""></a>'
            for file in shot.files
        )
        + "</figure>"
        for shot in shots
    ]
    style = "body{font:14px sans-serif}figure{display:inline-block;margin:8px}img{margin:2px;border:1px solid #ccc}b{color:#c00}"
    return f'<!doctype html><meta charset="utf-8"><title>Pictures</title><style>{style}</style>{"".join(cells)}\n'


if __name__ == "__main__":
    sys.exit(main())
