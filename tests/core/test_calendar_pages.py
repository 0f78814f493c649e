"""Everybody looks at the calendar; 企发部 changes it, after having seen what would change."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from channelportal.core import calendar, stamps
from channelportal.core.models import CalendarDay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shipped() -> None:
    stamps.forget_all()
    calendar.ship()


def notice(**changed: Any) -> SimpleUploadedFile:
    days = [{"name": "元旦", "date": f"2027-01-0{day}", "isOffDay": True} for day in (1, 2, 3)]
    days += [{"name": "国庆节", "date": f"2027-10-0{day}", "isOffDay": True} for day in range(1, 9)]
    days += [{"name": "国庆节", "date": "2027-10-09", "isOffDay": False}]
    content = {"year": 2027, "papers": ["国办发明电〔2026〕9号"], "days": days} | changed
    return SimpleUploadedFile("2027.json", json.dumps(content).encode())


def confirmed(client: Client, day: dict[str, Any]) -> Any:
    """The day set after its preview."""
    return client.post("/calendar/day/confirm/", {"token": client.post("/calendar/day/", day).context["token"]})


@pytest.mark.parametrize(
    "query",
    ["", "?year=2024", "?year=2027", "?year=1", "?year=9999", "?year=x", "?year=²", "?unit=x", "?year=" + "9" * 5000],
)
def test_it_is_open_to_everybody_for_any_year(client: Client, cast: Any, query: str) -> None:
    client.force_login(cast.ludong_member)

    assert client.get(f"/calendar/{query}").status_code == 200


def test_it_says_why_a_day_is_as_it_is(client: Client, cast: Any) -> None:
    client.force_login(cast.ludong_member)

    page = client.get("/calendar/?year=2026").content.decode()

    assert "春节" in page
    assert "国办发明电〔2025〕7号" in page
    assert "set" not in [link for link in ("calendar/day/", "calendar/import/") if link in page]


def test_it_shows_first_and_publishes_then(client: Client, cast: Any) -> None:
    client.force_login(cast.qifa_head)

    preview = client.post("/calendar/import/", {"file": notice()})
    assert 2027 not in calendar.current(fresh=True).published_years
    answer = client.post("/calendar/publish/", {"token": preview.context["token"]})

    assert answer.status_code == 302
    assert calendar.current(fresh=True).is_working(date(2027, 10, 9))
    assert CalendarDay.objects.get(date=date(2027, 10, 9), superseded_by=None).version.by == cast.qifa_head


def test_it_refuses_a_preview_that_the_calendar_overtook(client: Client, cast: Any) -> None:
    client.force_login(cast.qifa_head)
    token = client.post("/calendar/import/", {"file": notice()}).context["token"]
    confirmed(client, {"date": "2026-12-25", "working": "no", "name": "盘点"})

    answer = client.post("/calendar/publish/", {"token": token})

    assert answer.status_code == 409
    assert 2027 not in calendar.current(fresh=True).published_years


@pytest.mark.parametrize("token", ["", "x", "a:b:c"])
def test_it_refuses_a_forged_preview(client: Client, cast: Any, token: str) -> None:
    client.force_login(cast.qifa_head)

    assert client.post("/calendar/publish/", {"token": token}).status_code == 409


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("2027.json", b"\xff\x00{"),
        SimpleUploadedFile("2027.exe", b"MZ"),
        SimpleUploadedFile("2027.xlsx", b"PK\x03\x04broken"),
        notice(days=[]),
        notice(year=9999),
    ],
)
def test_it_says_what_is_wrong_with_a_file(client: Client, cast: Any, file: SimpleUploadedFile) -> None:
    client.force_login(cast.qifa_head)

    page = client.post("/calendar/import/", {"file": file})

    assert page.status_code == 422
    assert page.context["form"].errors["file"]


@pytest.mark.parametrize(
    "path",
    ["/calendar/import/", "/calendar/day/", "/calendar/publish/", "/calendar/day/clear/", "/calendar/day/confirm/"],
)
@pytest.mark.parametrize("who", ["ludong_head", "kefu_head", "audit_admin", "system_admin"])
def test_it_is_changed_by_the_supervising_department_only(client: Client, cast: Any, path: str, who: str) -> None:
    client.force_login(cast.people[who])

    assert client.post(path).status_code == 403


def test_it_sets_a_day_for_one_unit_and_takes_it_back(client: Client, cast: Any) -> None:
    client.force_login(cast.qifa_head)
    confirmed(client, {"date": "2026-12-26", "working": "yes", "name": "盘点", "unit": cast.shenyang.pk})
    row = CalendarDay.objects.get(unit=cast.shenyang, superseded_by=None)
    assert calendar.current(fresh=True, unit_id=cast.shenyang.pk).is_working(date(2026, 12, 26))

    preview = client.post("/calendar/day/clear/", {"row": row.pk})
    assert calendar.current(fresh=True, unit_id=cast.shenyang.pk).is_working(date(2026, 12, 26))
    client.post("/calendar/day/confirm/", {"token": preview.context["token"]})

    assert not calendar.current(fresh=True, unit_id=cast.shenyang.pk).is_working(date(2026, 12, 26))
    assert client.post("/calendar/day/clear/", {"row": row.pk}).status_code == 409


def test_it_shows_before_a_day_is_set_what_changes_and_sets_nothing(client: Client, cast: Any) -> None:
    client.force_login(cast.qifa_head)

    page = client.post("/calendar/day/", {"date": "2026-12-25", "working": "no", "name": "盘点"})

    assert (page.context["before"].working, page.context["after"].working) == (True, False)
    assert calendar.current(fresh=True).is_working(date(2026, 12, 25))
    assert not CalendarDay.objects.filter(date=date(2026, 12, 25), superseded_by=None).exists()


def test_it_refuses_a_day_that_the_calendar_overtook(client: Client, cast: Any) -> None:
    client.force_login(cast.qifa_head)
    token = client.post("/calendar/day/", {"date": "2026-12-25", "working": "no", "name": "盘点"}).context["token"]
    confirmed(client, {"date": "2026-12-24", "working": "no", "name": "盘点"})

    answer = client.post("/calendar/day/confirm/", {"token": token})

    assert answer.status_code == 409
    assert calendar.current(fresh=True).is_working(date(2026, 12, 25))


@pytest.mark.parametrize("token", ["", "x", "a:b:c"])
def test_it_refuses_a_forged_day(client: Client, cast: Any, token: str) -> None:
    client.force_login(cast.qifa_head)

    assert client.post("/calendar/day/confirm/", {"token": token}).status_code == 409


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "x", "", "2026-02-30"])
def test_it_refuses_impossible_days_in_words(client: Client, cast: Any, day: str) -> None:
    client.force_login(cast.qifa_head)

    page = client.post("/calendar/day/", {"date": day, "working": "no", "name": "x"})

    assert page.status_code == 422
    assert page.context["form"].errors["date"]


def test_it_imports_by_command_after_a_look(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "2027.json"
    file.write_bytes(notice().read())

    call_command("import_calendar", str(file))
    assert "2027-10-08" in capsys.readouterr().out
    assert 2027 not in calendar.current(fresh=True).published_years

    call_command("import_calendar", str(file), "--yes")
    assert 2027 in calendar.current(fresh=True).published_years

    with pytest.raises(CommandError):
        call_command("import_calendar", str(tmp_path / "missing.json"))
