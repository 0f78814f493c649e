"""Every event is worded in both languages, as alert and as mail; what is written is data, not text."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.utils import translation

from channelportal.core import alerts
from feedback import notify

DATA = {
    "ticket": "FB-2026-0511-001 水泵漏水", "number": "FB-2026-0511-001", "title": "水泵漏水", "asker": "鲁东代理商",
    "responsible": "客户服务部", "severity": "major", "due": "2026-05-12T18:00:00+08:00", "restricted": False,
    "text": "说明 <b>", "day": "2026-05-15", "by_day": "2026-05-19", "to": "major", "assist_due": "2026-05-12T16:00:00+08:00",
    "answer_by": "2026-05-13T18:00:00+08:00", "answer": 5, "speed": 4, "times": 3, "into": "FB-2026-0510-002",
    "means": "phone", "unit_name": "开发部", "level": 2,
}  # fmt: skip
events = pytest.mark.parametrize("event", sorted(notify.EVENTS))


@events
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_has_a_line_for_every_event(event: str, language: str) -> None:
    with translation.override(language):
        line = alerts.line(f"alerts/ticket-{event}.txt", DATA)

    assert line.startswith("FB-2026-0511-001 水泵漏水")
    assert "T18:00" not in line
    assert "  " not in line
    assert ("：" in line) == (language == "zh-hans")


def test_it_has_no_line_without_an_event() -> None:
    found = {
        path.stem.removeprefix("ticket-")
        for path in (Path(settings.BASE_DIR) / "templates" / "alerts").glob("ticket-*.txt")
    }

    assert found >= notify.EVENTS


@events
def test_it_is_mailed_with_the_line_as_its_subject(event: str) -> None:
    data = {**DATA, "event": f"ticket-{event}", "url": "/tickets/7/", "site_url": "http://testserver"}

    subject, body = (_text(f"emails/ticket-news-{part}.txt", data) for part in ("subject", "body"))

    assert subject.strip() == alerts.line(f"alerts/ticket-{event}.txt", DATA)
    assert "说明 <b>" in body
    assert "http://testserver/tickets/7/" in body


def test_it_mails_no_text_of_a_kept_complaint() -> None:
    data = {
        "ticket": "FB-1",
        "number": "FB-1",
        "title": "",
        "restricted": True,
        "due": "",
        "event": "ticket-resolved",
        "by_day": "2026-05-19",
    }

    body = _text(
        "emails/ticket-news-body.txt", {**data, "url": "/tickets/7/", "site_url": "http://testserver", "text": "秘密"}
    )

    assert "秘密" not in body
    assert "登录平台" in body


def test_it_lists_several_in_one_mail() -> None:
    items = [
        {**DATA, "event": f"ticket-{event}", "url": f"/tickets/{place}/"}
        for place, event in enumerate(sorted(notify.EVENTS))
    ]

    items.append({**DATA, "event": "ticket-late-1", "kind": "promise", "url": "/tickets/99/"})

    body = _text(
        "emails/ticket-digest-body.txt", {"items": items, "count": len(items), "site_url": "http://testserver"}
    )

    assert body.count("\n- ") == len(items)
    for item in items:
        assert alerts.line(f"alerts/{item['event']}.txt", item) in body
    assert str(len(items)) in _text("emails/ticket-digest-subject.txt", {"count": len(items)})


def _text(name: str, data: dict[str, object]) -> str:
    return str(get_template(name).template.render(Context(data, autoescape=False)))
