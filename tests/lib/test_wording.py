"""Time as people say it, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from channelportal.lib import wording
from channelportal.lib.wording import CHINA, Tone

NOW = datetime(2026, 5, 12, 14, 40, tzinfo=CHINA)


def at(day: int, hour: int, minute: int = 0, month: int = 5, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CHINA)


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


WHEN = [
    (at(12, 18), "今天 18:00", "today 18:00"),
    (at(11, 16, 20), "昨天 16:20", "yesterday 16:20"),
    (at(13, 0), "明天 00:00", "tomorrow 00:00"),
    (at(8, 10, 12), "5 月 8 日 周五 10:12", "Fri 8 May 10:12"),
    (at(30, 9, 0, 12, 2025), "2025 年 12 月 30 日 周二 09:00", "Tue 30 Dec 2025 09:00"),
    (datetime(2026, 5, 11, 16, 30, tzinfo=UTC), "今天 00:30", "today 00:30"),  # the day is Shanghai's, not UTC's
]


@pytest.mark.parametrize(("moment", "chinese", "english"), WHEN)
def test_it_says_when(moment: datetime, chinese: str, english: str) -> None:
    assert wording.when(moment, NOW) == chinese
    with translation.override("en"):
        assert wording.when(moment, NOW) == english


BY = [
    (at(12, 18), "今天 18:00 前", "今天（5 月 12 日 周二）18:00 前"),
    (at(13, 18), "明天 18:00 前", "明天（5 月 13 日 周三）18:00 前"),
    (at(11, 18), "昨天 18:00 前", "昨天（5 月 11 日 周一）18:00 前"),
    (at(15, 18), "5 月 15 日 周五 18:00 前", "5 月 15 日 周五 18:00 前"),
    (at(13, 0), "今天 24:00 前", "今天（5 月 12 日 周二）24:00 前"),
    (at(12, 23, 59) + timedelta(seconds=59, microseconds=999_999), "今天 24:00 前", "今天（5 月 12 日 周二）24:00 前"),
]


@pytest.mark.parametrize(("due", "short", "full"), BY)
def test_it_says_by_when(due: datetime, short: str, full: str) -> None:
    assert wording.by(due, NOW) == short
    assert wording.by_in_full(due, NOW) == full


LEFT = [
    (at(12, 18), None, "还剩 3 小时 20 分"),
    (at(12, 14, 41), None, "还剩 1 分钟"),
    (NOW + timedelta(seconds=30), None, "只剩不到 1 分钟"),
    (NOW, None, "只剩不到 1 分钟"),  # the due moment itself is still in time
    (NOW - timedelta(seconds=1), None, "刚刚超期"),
    (at(12, 16, 40), None, "还剩 2 小时"),
    (at(15, 18), None, "还剩 3 天 3 小时"),
    (at(15, 14, 40), None, "还剩 3 天"),
    (at(15, 18), 3, "还剩 3 个工作日"),
    (at(11, 18), 1, "已超期 1 个工作日"),
    (at(11, 18), 0, "已超期 20 小时 40 分"),
]


@pytest.mark.parametrize(("due", "days", "words"), LEFT)
def test_it_says_what_is_left(due: datetime, days: int | None, words: str) -> None:
    assert wording.left(due, NOW, days) == words


def test_it_counts_one_day_as_one_in_english() -> None:
    with translation.override("en"):
        assert wording.left(at(11, 18), NOW, 1) == "overdue by 1 working day"
        assert wording.left(at(11, 18), NOW, 2) == "overdue by 2 working days"
        assert wording.span(timedelta(days=1)) == "1 day"


TONE = [
    (at(12, 14, 39), Tone.LATE, "已超期"),
    (NOW, Tone.DUE, "今天到期"),
    (at(12, 18), Tone.DUE, "今天到期"),
    (at(13, 0), Tone.DUE, "今天到期"),  # 24:00 today
    (at(13, 18), Tone.HAND, "明天到期"),
    (at(18, 18), Tone.HAND, "未到期"),
]


@pytest.mark.parametrize(("due", "tone", "word"), TONE)
def test_it_colours_and_names_a_due_moment(due: datetime, tone: Tone, word: str) -> None:
    assert wording.tone(due, NOW) is tone
    assert wording.tone_word(due, NOW) == word


AGO = [
    (NOW - timedelta(seconds=20), "刚刚"),
    (NOW - timedelta(minutes=5), "5 分钟前"),
    (NOW - timedelta(hours=3, minutes=40), "3 小时前"),
    (at(11, 16, 20), "昨天 16:20"),
    (NOW + timedelta(hours=1), "今天 15:40"),
]


@pytest.mark.parametrize(("moment", "words"), AGO)
def test_it_says_how_long_ago(moment: datetime, words: str) -> None:
    assert wording.ago(moment, NOW) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (389_000, "380 KB"),
        (4_404_019, "4.2 MB"),
        (5 * 1024**3, "5.0 GB"),
    ],
)
def test_it_says_the_size_of_a_file(count: int, words: str) -> None:
    assert wording.file_size(count) == words


def test_it_counts_days_in_circles_as_far_as_there_are_any() -> None:
    assert [wording.circled(n) for n in (1, 3, 20, 21, 50, 51)] == ["①", "③", "⑳", "㉑", "㊿", "51"]


@pytest.mark.parametrize(
    ("day", "words"), [(date(2026, 5, 15), "5 月 15 日 周五"), (date(2027, 1, 4), "2027 年 1 月 4 日 周一")]
)
def test_it_says_a_day_with_its_year_when_that_is_another(day: date, words: str) -> None:
    assert wording.full_day(day, NOW.date()) == words


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2099, 12, 31)), st.timedeltas(timedelta(days=-400), timedelta(days=400))
)
def test_it_is_late_exactly_when_it_says_so(naive: datetime, distance: timedelta) -> None:
    due = naive.replace(tzinfo=CHINA)
    now = due + distance

    with translation.override("en"):
        said = wording.left(due, now)

    assert said.startswith("overdue") == (now > due) == (wording.tone(due, now) is Tone.LATE)
    assert said.endswith("left") == (now <= due)
