"""manage.py due."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from channelportal.core import calendar, stamps


@pytest.fixture(autouse=True)
def _calendar(db: None) -> None:
    stamps.forget_all()
    calendar.ship()


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("due", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_the_due_moment_and_the_days_that_lead_to_it() -> None:
    text = printed("2026-05-08 16:00", "--severity", "major")

    assert text.startswith("2026-05-12 18:00")
    assert "2026-05-09" in text


def test_it_speaks_json_to_programs() -> None:
    facts = json.loads(printed("2026-02-13 17:00", "--json"))

    assert facts["due"] == "2026-02-14T18:00:00+08:00"
    assert [day["count"] for day in facts["days"]] == [0, 1]


def test_it_marks_what_lies_in_a_year_that_nobody_has_published() -> None:
    facts = json.loads(printed("2026-12-31 10:00", "--json"))

    assert facts["provisional"] is True
    assert facts["due"] == "2027-01-04T18:00:00+08:00"


def test_it_names_what_is_no_moment() -> None:
    with pytest.raises(CommandError, match="tomorrow"):
        printed("tomorrow")
