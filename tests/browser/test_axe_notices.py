"""No rule of accessibility is broken on the pages of notices, meetings and rules; none scrolls sideways."""

from __future__ import annotations

import pytest

from tests.browser.channels import OpenFor
from tests.browser.papers import at_work
from tests.browser.test_axe import broken
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)

# whose pages; {draft}, {pending}, …: what `at_work` made
PAGES = {
    "ludong_head": ["/notices/", "/notices/{out}/", "/notices/{out}/compare/", "/notices/{out}/ask/", "/meetings/{meeting}/"],
    "chuannan_head": ["/", "/notices/{urgent}/", "/notices/subscriptions/", "/notices/subscriptions/apply/{kind}/", "/meetings/"],
    "kefu_officer": [
        "/notices/new/", "/notices/request/", "/notices/{draft}/edit/", "/notices/{returned}/edit/", "/notices/?view=mine",
    ],
    "ludong_member": ["/notices/archive/", "/notices/{out}/", "/rules/", "/rules/{rule}/"],
    "kefu_head": [
        "/notices/?view=approve", "/notices/{pending}/approve/", "/notices/{out}/receipts/", "/notices/{out}/receipts/?view=people",
        "/notices/{out}/correct/", "/notices/{out}/withdraw/", "/notices/robots/", "/notices/robots/new/",
    ],
    "market_officer": [
        "/meetings/new/", "/meetings/{held}/", "/meetings/{held}/minutes/", "/meetings/{held}/attendance/",
        "/meetings/{meeting}/invite/", "/meetings/calendar/",
    ],
    "qifa_head": [
        "/notices/kinds/", "/notices/kinds/{kind}/", "/notices/subscriptions/given/", "/notices/subscriptions/{subscription}/",
        "/meetings/frequency/", "/meetings/kinds/", "/meetings/kinds/{meeting_kind}/", "/rules/", "/rules/{rule}/",
        "/rules/{rule}/draft/", "/rules/{rule}/settings/", "/supervision/",
    ],
}  # fmt: skip


@pytest.fixture
def numbers(company: Cast, kinds: None) -> dict[str, int]:
    return at_work(company)


@pytest.mark.parametrize("person", PAGES)
def test_everyone_can_use_the_pages(person: str, company: Cast, numbers: dict[str, int], window_of: OpenFor) -> None:
    page, found = window_of(company.people[person]), []

    for address in PAGES[person]:
        answer = page.goto(address.format(**numbers))
        assert answer is not None
        assert answer.status == 200, address
        found += broken(page, address)

    assert found == []
