"""Every action that the trail records is worded."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from channelportal.office.actions import ACTIONS, in_words
from feedback.moves import MOVES

RECORDED = re.compile(r'audit\.record\(\s*"([a-z_.]+)"')


def test_it_has_words_for_everything_that_is_recorded() -> None:
    folders = [
        Path(settings.BASE_DIR) / name for name in ("accounts", "feedback", "notices", "partners", "channelportal")
    ]
    texts = [path.read_text() for folder in folders for path in folder.rglob("*.py")]

    recorded = {code for text in texts for code in RECORDED.findall(text)}

    assert len(recorded) > 40
    assert recorded | {f"ticket.{verb}" for verb in MOVES} <= ACTIONS.keys()


def test_it_says_nothing_of_a_code_that_it_does_not_know() -> None:
    assert in_words("x.y") == ""
    assert in_words("ticket.file") == "提出反馈"
