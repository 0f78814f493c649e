"""A picture in the minutes is seen by those who read the minutes; one in no saved text by its uploader alone."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from notices.models import Meeting, Picture
from notices.workflow import meetings
from tests.notices.meetings.conftest import AFTER, Make, may
from tests.people import Cast


def seen(user: Any, address: str) -> int:
    client = Client()
    client.force_login(user)
    return client.get(address).status_code


@pytest.fixture
def address(cast: Cast, settings: Any, tmp_path: Any) -> str:
    """An upload of 企市员."""
    settings.UPLOAD_ROOT = tmp_path
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(content, "PNG")
    client = Client()
    client.force_login(cast.market_officer)
    answer = client.post("/notices/pictures/", {"file": SimpleUploadedFile("图.png", content.getvalue(), "image/png")})
    return str(answer.json()["url"])


@pytest.fixture
def minuted(cast: Cast, held: Make, address: str) -> Meeting:
    meeting = held()
    meetings.write_minutes(meeting, by=cast.market_officer, body=f'<p>图<img src="{address}" alt="图"></p>', at=AFTER)
    return meeting


def test_before_it_is_saved_it_is_its_uploaders_alone(cast: Cast, address: str) -> None:
    assert seen(cast.market_officer, address) == 200
    assert seen(cast.market_head, address) == 404


def test_while_they_are_written_it_is_for_writers_and_chair(cast: Cast, minuted: Meeting, address: str) -> None:
    assert Picture.objects.get().meeting == minuted
    assert seen(cast.market_head, address) == 200
    assert seen(cast.ludong_head, address) == 404


def test_once_they_are_sent_it_is_for_those_invited(cast: Cast, minuted: Meeting, address: str) -> None:
    meetings.submit_minutes(minuted, by=cast.market_officer, at=AFTER)
    meetings.approve_minutes(minuted, by=cast.market_head, at=may(22))

    assert seen(cast.ludong_head, address) == 200
    assert seen(cast.ludong_member, address) == 404
    assert seen(cast.shenyang_head, address) == 404
