"""What is measured: each operation's address at the portal and at the floor, who asks, and what is demanded of it."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scripts.bench.load import Request

OFFICER, SUPERVISOR, EMPLOYEE, HEAD = "officer", "supervisor", "employee", "head"
# unit and role of each in the demo
PEOPLE = {
    OFFICER: ("客户服务部", "officer"),
    SUPERVISOR: ("企发部", "head"),
    EMPLOYEE: ("鲁东代理商", "member"),
    HEAD: ("鲁东代理商", "head"),
}


@dataclass(frozen=True)
class Facts:
    """What the database holds that the addresses name; from `inside facts`."""

    people: dict[str, str]
    ticket: int
    own: int  # a ticket of the agent's head, whose like the floor files
    open: list[int]  # tickets that the department can answer
    kind: int
    unit: int
    rare: str
    common: str


@dataclass(frozen=True)
class Operation:
    """`share`: of the floor's requests a second; `sql`: statements at most; `p95`: milliseconds at most (None: no goal)."""

    name: str
    who: str
    portal: Callable[[], Request | None]
    floor: Callable[[], Request | None]
    expected: int = 200
    share: float | None = None
    sql: int | None = None
    p95: float | None = None


def operations(facts: Facts) -> list[Operation]:
    replies = [iter(facts.open[0::2]), iter(facts.open[1::2])]
    reply = {"what": "resolution", "text": "已处理，请确认。"}
    title = "洗衣机到货有划痕，请求换货"
    return [
        _page("ticket list, as the officer", OFFICER, "/tickets/?view=all&state=open", "/tickets/", share=0.35, sql=8),
        _page("ticket list, as 企发部", SUPERVISOR, "/tickets/?view=all&state=open", "/tickets/?all=1", share=0.35, sql=8),
        _page("ticket list, as the employee", EMPLOYEE, "/tickets/?view=all", "/tickets/?all=1", sql=8),
        _page("ticket page", OFFICER, f"/tickets/{facts.ticket}/", f"/tickets/{facts.ticket}/", share=0.33, sql=10),
        Operation(
            "file a ticket", HEAD,
            lambda: ("/tickets/new/", {
                "once": str(uuid.uuid4()), "kind": str(facts.kind), "responsible": str(facts.unit), "severity": "normal",
                "title": title, "body": f"{title}。",
            }),
            lambda: ("/tickets/new/", {"title": title, "body": f"{title}。", "like": str(facts.own)}),
            expected=302, share=0.4, sql=16,
        ),
        Operation(
            "reply", OFFICER, _each("/tickets/{}/reply/", replies[0], reply), _each("/tickets/{}/reply/", replies[1], reply),
            expected=302, share=0.4, sql=16,
        ),
        _page("desk", OFFICER, "/", "/", share=0.35, sql=12),
        _page("dashboard", SUPERVISOR, "/supervision/", "/supervision/", share=0.35, sql=12, p95=150),
        _page("search, rare word", OFFICER, f"/search/?q={facts.rare}", f"/search/?q={facts.rare}", sql=8, p95=50),
        _page("search, common word", OFFICER, f"/search/?q={facts.common}", f"/search/?q={facts.common}", sql=8, p95=50),
        _page("search, common word, 企发部", SUPERVISOR, f"/search/?q={facts.common}", f"/search/?q={facts.common}", sql=8, p95=50),
        _page("bell", OFFICER, "/alerts/bell/", "/alerts/bell/"),
        _page("page with nothing on it", OFFICER, "/password/", "/empty/"),
    ]  # fmt: skip


def _page(name: str, who: str, portal: str, floor: str, **goals: float) -> Operation:
    return Operation(name, who, lambda: (portal, None), lambda: (floor, None), **goals)  # type: ignore[arg-type]


def _each(address: str, ids: Iterator[int], form: dict[str, str]) -> Callable[[], Request | None]:
    def following() -> Request | None:
        pk = next(ids, None)
        return None if pk is None else (address.format(pk), form)

    return following


def few(requests: Callable[[], Request | None], count: int) -> list[Request]:
    return list(itertools.islice(iter(requests, None), count))
