"""What people type stays text: in pages, calendar files, headers, mails and tables."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from icalendar import Calendar
from openpyxl import load_workbook
from PIL import Image

from accounts.models import User
from channelportal.core import clock, outbox
from notices import invitation, workflow
from notices.models import Meeting, MeetingKind, Picture, Robot
from notices.workflow import answers
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db
EVIL = "<script>x=1</script>{{7*7}}\"'><img src=x onerror=y>"
BREAK = "一\r\nATTENDEE:mailto:boss@example.com\r\nX-EVIL:1"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def clean(page: str) -> bool:
    return "<script>x=1" not in page and "<img src=x" not in page


def test_title_remark_and_answer_are_shown_as_they_were_typed(cast: Cast) -> None:
    notice = making.sent(cast, title=EVIL, at=clock.now() - timedelta(days=2))
    at = clock.now() - timedelta(days=1)
    workflow.send_back(making.step_of(notice), by=cast.kefu_head, text=EVIL, remarks=[(1, EVIL, EVIL)], at=at)
    author = browser(cast.kefu_officer)
    pages = [author.get(f"/notices/{notice.pk}/{name}").content.decode() for name in ("", "edit/", "approve/")]
    pages += [
        author.get(path).content.decode() for path in ("/", "/notices/?view=mine", "/alerts/", "/search/?q=script")
    ]

    out = making.published(cast, title=EVIL, at=clock.now() - timedelta(days=1))
    answers.publish(out, by=cast.kefu_officer, question=EVIL, answer=EVIL)
    reader = browser(cast.ludong_head)
    pages += [
        reader.get(path).content.decode()
        for path in (f"/notices/{out.pk}/", f"/notices/{out.pk}/ask/", "/", "/notices/")
    ]

    assert all(clean(page) for page in pages)
    assert "&lt;script&gt;x=1" in pages[0]


def test_the_name_of_a_robot_and_a_regulation_is_text(cast: Cast) -> None:
    Robot.objects.create(
        unit=cast.kefu, maker="wecom", name=EVIL[:40], address="x", created_by=cast.kefu_officer, created_at=clock.now()
    )

    page = browser(cast.kefu_officer).get("/notices/robots/").content.decode()

    assert clean(page)
    assert "&lt;script&gt;" in page


@pytest.fixture
def meeting(cast: Cast) -> Meeting:
    now = clock.now()
    return Meeting.objects.create(
        number="HY-2026-0101-001", kind=MeetingKind.objects.get(code="monthly"), unit=cast.market, title=BREAK[:100],
        state=Meeting.State.CALLED, place=BREAK, purpose=BREAK, starts_at=now + timedelta(days=3),
        ends_at=now + timedelta(days=3, hours=1), chair=cast.market_head, called_by=cast.market_officer, created_at=now,
        invited_at=now,
    )  # fmt: skip


def test_a_calendar_file_has_no_line_of_the_writers_own(cast: Cast, meeting: Meeting) -> None:
    text = outbox.filled(
        invitation.text(invitation.Sheet.of(meeting), "zh-hans", at=clock.now()),
        cast.ludong_head,
        cast.ludong_head.email,
    )

    event = Calendar.from_ical(text).walk("VEVENT")[0]
    assert [str(one) for one in [event["attendee"]]] == [f"mailto:{cast.ludong_head.email}"]
    assert "X-EVIL" not in event


def test_a_title_has_one_line_in_the_subject_of_a_mail(cast: Cast) -> None:
    notice = making.a_notice(cast, title="甲\r\nBcc: a@example.com\u2028乙")

    assert notice.title.splitlines() == [notice.title]


def test_a_formula_in_a_table_is_text(cast: Cast) -> None:
    making.published(cast, title='=HYPERLINK("http://x","y")', at=clock.now() - timedelta(days=1))

    answer = browser(cast.kefu_officer).get("/notices/?view=mine&format=xlsx")

    cells = [cell for row in load_workbook(io.BytesIO(answer.content)).active.iter_rows() for cell in row]
    found = [cell for cell in cells if "HYPERLINK" in str(cell.value)]
    assert [cell.data_type for cell in found] == ["s"]


# ── pictures ────────────────────────────────────────────────────────────────────────────────────


def uploaded(cast: Cast, name: str, content: bytes, kind: str = "image/png") -> Any:
    return browser(cast.kefu_officer).post("/notices/pictures/", {"f": SimpleUploadedFile(name, content, kind)})


def png(size: tuple[int, int] = (9, 9)) -> bytes:
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.png", b"GIF89a" + b"0" * 99),
        ("a.jpg", b"\x89PNG\r\n\x1a\n" + b"0" * 99),
        ("a.png", b"\x89PNG\r\n\x1a\n<html><script>x()</script>"),
        ("a.png", b""),
        ("a.html.png", b"<html><script>x()</script>"),
    ],
)
def test_what_is_no_picture_does_not_come_in(cast: Cast, name: str, content: bytes) -> None:
    answer = uploaded(cast, name, content)

    assert answer.status_code == 422, answer.content
    assert not Picture.objects.exists()


def test_a_picture_of_a_billion_points_does_not_come_in(cast: Cast) -> None:
    answer = uploaded(cast, "a.png", png((32_000, 32_000)))

    assert answer.status_code == 422


def test_a_picture_is_shown_as_what_it_is_and_runs_nothing(cast: Cast) -> None:
    url = uploaded(cast, "a; x=y.png", png()).json()["url"]

    answer = browser(cast.kefu_officer).get(url)

    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "X" not in answer.headers
