"""No rule of accessibility is broken on the main pages, light and dark, on a screen and on a phone; none scrolls sideways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import Agreement
from accounts.workflow import registration
from channelportal.core import calendar, clock
from channelportal.lib.workdays import local_date
from feedback import workflow
from feedback.models import Ticket, TicketKind
from tests.browser.company import come_in
from tests.people import Cast
from tests.services.browser import OpenPage

pytestmark = pytest.mark.django_db(transaction=True)
RULES = {"resultTypes": ["violations"]}

# whose pages; {late}, {planned}, {resolved}, {paper}: what `company_at_work` made
PAGES = {
    "": ["/sign-in/", "/register/", "/password/forgotten/", "/nowhere/"],
    "ludong_head": ["/", "/tickets/?view=asked", "/tickets/new/", "/tickets/{resolved}/", "/account/", "/alerts/"],
    "kefu_officer": ["/tickets/{late}/", "/tickets/{planned}/", "/tickets/{late}/pass-on/", "/supervision/"],
    "market_officer": ["/registrations/{paper}/", "/channels/"],
    "qifa_head": [
        "/supervision/",
        "/supervision/behind/?what=open",
        "/ladder/",
        "/calendar/",
        "/units/",
        "/people/",
        "/parameters/",
        "/doctor/",
        "/search/?q=水泵",
    ],
    "office_head": ["/", "/supervision/behind/?what=late"],
    "audit_admin": ["/audit/"],
}


@pytest.fixture
def numbers(company: Cast) -> dict[str, int]:
    """A few tickets and an application to look at."""
    days, at = calendar.current(), clock.now()

    def filed(title: str, ago: int) -> Ticket:
        kind = TicketKind.objects.get(code="problem")
        return workflow.file(
            by=company.ludong_head, kind=kind, title=title, body="三台水泵一周内漏水，请派人查看。", responsible=company.kefu,
            severity="normal", at=at - timedelta(days=ago),
        )  # fmt: skip

    late, planned, resolved = filed("水泵漏水", 20), filed("备件未到", 0), filed("返利未到账", 0)
    workflow.ask(late, by=company.kefu_officer, text="是哪一批次？")
    workflow.plan(planned, by=company.kefu_officer, text="明天发货。", day=days.nth_after(local_date(at), 2))
    workflow.resolve(resolved, by=company.kefu_officer, text="已补发。")
    paper = registration.submit(
        agreement=Agreement.objects.latest("version"), signed_name="新同事", name="新同事", email="new@example.com",
        phone="13900000000", position="内勤", reason="反馈问题", role="member", unit=company.ludong,
    )  # fmt: skip
    registration.confirm(paper)
    return {"late": late.pk, "planned": planned.pk, "resolved": resolved.pk, "paper": paper.pk}


@pytest.fixture
def window(company: Cast, live_url: str, open_page: OpenPage) -> Callable[[str], Page]:
    def opened(person: str) -> Page:
        page = open_page()
        return come_in(page, company.people[person], live_url) if person else page

    return opened


@pytest.mark.parametrize("person", PAGES)
def test_everyone_can_use_the_pages(person: str, numbers: dict[str, int], window: Callable[[str], Page]) -> None:
    page, found = window(person), []

    for address in PAGES[person]:
        page.goto(address.format(**numbers))
        found += broken(page, address)

    assert found == []


def broken(page: Page, address: str) -> list[tuple[str, int, str, str, str]]:
    """(address, width, theme, rule, element) of each violation, and of a page wider than its window."""
    found = []
    for width, theme in product((1440, 390), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]  # no colour on its way
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        violations = Axe().run(page, options=RULES).response["violations"]
        found += [(address, width, theme, one["id"], one["nodes"][0]["html"][:300]) for one in violations]
        if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"):
            found.append((address, width, theme, "wider than the window", ""))
    return found
