"""Notices at every stage, made by the verbs themselves. Helpers for all tests of notices.

a_notice(cast)                      draft of 客服员 (客户服务部) for all channels
sent(cast) / approved(cast)         in approval; approved by everybody and being published
published(cast, to=[users])         out to these people, delivered
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from channelportal.core import clock
from notices import chain, deciders, workflow
from notices.audience import Audience
from notices.models import Notice, NoticeKind, Receipt, Step, Version

AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
"""Friday 8 May 2026, 10:00 in Shanghai."""
CHANNELS = Audience(channels="all")
TICKED = dict.fromkeys(chain.CHECKS, True)
BODY = "<p>各渠道：</p><p>请于本周内核对库存并反馈。</p>"


def a_kind(code: str = "test_info", **values: Any) -> NoticeKind:
    """A kind of the test's own; without values it asks for nothing and every unit writes it."""
    values = {"name_zh": "产品信息", "name_en": "Product information", "writers": "all"} | values
    kind, _made = NoticeKind.objects.update_or_create(code=code, defaults=values)
    return kind


def a_policy(**values: Any) -> NoticeKind:
    """A kind that says why, what it affects, and from when, five working days ahead."""
    given = {"name_zh": "市场政策", "name_en": "Market policy", "policy": True, "lead_days": 5}
    return a_kind("test_policy", **(given | values))


def a_notice(cast: Any, *, by: User | None = None, at: datetime = AT, **values: Any) -> Notice:
    """A draft; `values` are arguments of `workflow.draft`."""
    given: dict[str, Any] = {"title": "关于核对库存的通知", "body": BODY, "audience": CHANNELS}
    given |= {"kind": values.pop("kind", None) or a_kind()}
    return workflow.draft(by=by or cast.kefu_officer, at=at, **(given | values))


def a_request(cast: Any, *, by: User | None = None, at: datetime = AT, **values: Any) -> Notice:
    """A draft of a 渠道沟通申请表, to be carried out by phone."""
    given = {"request": True, "purpose": "核实库存", "means": ["phone"], "title": "电话核实库存"}
    return a_notice(cast, by=by, at=at, **(given | values))


def sent(cast: Any, *, by: User | None = None, at: datetime = AT, lead_note: str = "", **values: Any) -> Notice:
    """In approval: its first step is open."""
    notice = a_notice(cast, by=by, at=at, **values)
    workflow.send(notice, by=by or cast.kefu_officer, lead_note=lead_note, at=at)
    notice.refresh_from_db()
    return notice


def step_of(notice: Notice) -> Step:
    """The open step of what is in hand."""
    step = workflow.open_step(in_hand(notice))
    assert step is not None
    return step


def in_hand(notice: Notice) -> Version:
    """The version that is written or approved."""
    return Version.objects.get(notice=notice, state__in=Version.OPEN)


def decider(notice: Notice) -> User:
    """Somebody who may decide the open step."""
    return deciders.of_step(step_of(notice), AT.date())[0]


def approve_all(notice: Notice, *, at: datetime = AT) -> Notice:
    """Every step approved by who may, an hour after the other; the check list ticked."""
    while Step.objects.filter(version__notice=notice, state=Step.State.OPEN).exists():
        at += timedelta(hours=1)
        workflow.approve(step_of(notice), by=decider(notice), checks=TICKED, lead_reason="事出有因，同意", at=at)
    notice.refresh_from_db()
    return notice


def approved(cast: Any, *, by: User | None = None, at: datetime = AT, **values: Any) -> Notice:
    """Approved by everybody: being published (its job has not run), scheduled, or to be carried out."""
    return approve_all(sent(cast, by=by, at=at, **values), at=at)


def published(
    cast: Any, *, to: Sequence[User] | None = None, by: User | None = None, at: datetime = AT, **values: Any
) -> Notice:
    """Out, with a delivered receipt for each of `to` (None: 李代理 and 代理信息员), as the job leaves it."""
    people = list(to) if to is not None else [cast.ludong_head, cast.ludong_officer]
    given = {"audience": Audience(people=tuple(user.pk for user in people))} if people else {}
    notice = approved(cast, by=by, at=at, **(given | values))
    deliver(notice, people)
    Notice.objects.filter(pk=notice.pk, state=Notice.State.PUBLISHING).update(state=Notice.State.PUBLISHED)
    notice.refresh_from_db()
    return notice


def deliver(notice: Notice, people: Iterable[User]) -> None:
    """Receipts as the publication writes them, where there are none yet."""
    moment = notice.published_at or clock.now()
    rows = [
        Receipt(notice=notice, user=user, unit_id=user.unit_id, delivered_at=moment, due_at=notice.acknowledge_due_at)
        for user in people
    ]
    Receipt.objects.bulk_create(rows, ignore_conflicts=True)
    Receipt.objects.filter(notice=notice, delivered_at=None).update(delivered_at=moment)
    Notice.objects.filter(pk=notice.pk).update(recipients=Receipt.objects.filter(notice=notice).count())
