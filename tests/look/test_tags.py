"""The tags of a page: what they write, that they escape, and that they are cheap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.paginator import Paginator
from django.template import engines
from django.template.context import make_context
from django.test import RequestFactory
from django.utils import translation

from channelportal.core.templatetags import portal
from channelportal.lib.wording import CHINA
from channelportal.lib.workdays import Reason, WorkCalendar, statutory_rows

NOW = datetime(2026, 5, 12, 14, 40, tzinfo=CHINA)
CALENDAR = WorkCalendar(statutory_rows(2026), {2026})
EVIL = "<b onclick='x'>\"&"


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


def draw(text: str, **context: Any) -> str:
    template = engines["django"].from_string(text).template  # type: ignore[attr-defined]
    return str(template.render(make_context({"now": NOW, **context}, context.get("request")))).strip()


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert (
        draw('{% icon "bell" %}')
        == '<svg class="icon" aria-hidden="true" focusable="false"><use href="/static/icons.svg#bell"></use></svg>'
    )
    assert 'role="img" aria-label="提醒"' in draw('{% icon "bell" label="提醒" %}')


def test_an_icons_label_follows_the_readers_language() -> None:
    chinese = draw('{% icon "search" label=_("Sign out") %}')
    with translation.override("en"):
        english = draw('{% icon "search" label=_("Sign out") %}')

    assert 'aria-label="退出登录"' in chinese
    assert 'aria-label="Sign out"' in english


@pytest.mark.parametrize(
    "tag",
    [
        '{% chip "late" x %}',
        "{% avatar x %}",
        "{% icon 'bell' label=x %}",
        '{% sort_header "due" x %}',
        '{% include "parts/_empty.html" with title=x text=x %}',
        '{% include "parts/_kv.html" with pairs=pairs %}',
    ],
)
def test_it_escapes_what_people_wrote(tag: str) -> None:
    drawn = draw(tag, x=EVIL, pairs=[(EVIL, EVIL)])

    assert "<b" not in drawn
    assert "&lt;" in drawn


def test_it_gives_the_exact_moment_beside_the_words() -> None:
    drawn = draw("{% when at %}", at=datetime(2026, 5, 11, 16, 20, tzinfo=CHINA))

    assert drawn == '<time datetime="2026-05-11T16:20:00+08:00" title="2026-05-11 16:20">昨天 16:20</time>'


@pytest.mark.parametrize(
    "tag", ["{% when none %}", "{% by none %}", "{% left none %}", "{% ago none %}", "{% day none %}"]
)
def test_it_writes_a_dash_for_no_moment(tag: str) -> None:
    assert draw(tag, none=None) == "–"


def test_what_is_left_counts_down_by_itself_unless_it_is_said_in_working_days() -> None:
    due = datetime(2026, 5, 12, 18, tzinfo=CHINA)

    hours = draw("{% left due %}", due=due)
    days = draw("{% left due days=2 %}", due=due - timedelta(days=3))

    assert hours.endswith('title="2026-05-12 18:00" class="left left-due" data-due>还剩 3 小时 20 分</time>')
    assert days.endswith('title="2026-05-09 18:00" class="left left-late">已超期 2 个工作日</time>')


def test_a_rate_is_drawn_within_its_track_and_read_aloud() -> None:
    drawn = draw("{% bar 130 last=95 %}")

    assert '<rect class="bar-fill" y="2" width="100%"' in drawn
    assert 'aria-label="130%，上月 95%"' in drawn
    assert "rect" not in draw("{% bar none %}", none=None)


@pytest.mark.parametrize(("value", "level"), [(0, 0), (1, 1), (13, 9), (6, 4), (20, 9)])
def test_heat_has_nine_levels_and_nought_is_none(value: int, level: int) -> None:
    assert portal.heat(value, 13) == level


def test_heat_of_an_empty_week_is_nought() -> None:
    assert portal.heat(0, 0) == 0


class TestSorting:
    @staticmethod
    def head(address: str) -> str:
        return draw('{% sort_header "due" "期限" "num" %}', request=RequestFactory().get(address))

    def test_it_keeps_the_filters_and_goes_back_to_the_first_page(self) -> None:
        assert 'href="?state=open&amp;q=%E6%B8%A0%E9%81%93&amp;sort=due"' in self.head(
            "/tickets/?state=open&q=渠道&page=7"
        )

    def test_it_turns_round_what_is_sorted_already(self) -> None:
        assert 'aria-sort="ascending" class="num"><a class="sort" href="?sort=-due"' in self.head("/tickets/?sort=due")
        assert 'aria-sort="descending" class="num"><a class="sort" href="?sort=due"' in self.head("/tickets/?sort=-due")

    def test_it_carries_nothing_unescaped_from_the_address(self) -> None:
        assert "<script" not in self.head('/tickets/?q="><script>')


class TestStrip:
    @staticmethod
    def cells(start: date, count: int) -> list[tuple[str, str, str, str]]:
        cells = portal.strip_cells(CALENDAR.explain(start, count), "提出")
        return [(cell.top, cell.number, cell.note, cell.css) for cell in cells]

    def test_it_explains_a_make_up_day_a_sunday_and_the_due_day(self) -> None:
        assert self.cells(date(2026, 5, 8), 3) == [
            ("周五", "8", "提出", "from"),
            ("周六", "9", "调休①", "makeup"),
            ("周日", "10", "休", "rest"),
            ("周一", "11", "②", "work"),
            ("周二", "12", "③ 到期", "work goal"),
        ]

    def test_it_draws_a_long_holiday_as_one_and_names_the_months(self) -> None:
        assert self.cells(date(2026, 9, 30), 1) == [
            ("周三", "9/30", "提出", "from"),
            ("7 天", "1–7", "休", "rest wide"),
            ("周四", "10/8", "① 到期", "work goal"),
        ]

    def test_it_cuts_the_middle_out_of_a_long_way_and_keeps_both_ends(self) -> None:
        cells = self.cells(date(2026, 10, 12), 30)

        assert len(cells) <= portal.MOST_CELLS
        assert (cells[0][2], cells[-1][2]) == ("提出", "㉚ 到期")
        assert "gap" in [css for *_, css in cells]

    def test_it_marks_no_goal_where_nothing_is_counted(self) -> None:
        assert self.cells(date(2026, 5, 8), 0) == [("周五", "8", "提出", "from")]

    def test_it_says_the_reason_of_each_day_aloud(self) -> None:
        drawn = draw("{% daystrip days '重大问题：第三个工作日。' %}", days=CALENDAR.explain(date(2026, 5, 8), 3))

        assert f"5 月 9 日 · {Reason.MAKEUP.label}" in drawn
        assert "重大问题：第三个工作日。" in drawn


class TestClock:
    due = datetime(2026, 5, 12, 18, tzinfo=CHINA)
    start = datetime(2026, 5, 8, 10, 40, tzinfo=CHINA)

    def draw(self, **more: Any) -> str:
        view = {"what": "正式答复", "due_at": self.due, "started_at": self.start, **more}
        assert draw("{% clock view %}", view=SimpleNamespace(**view)) == draw("{% clock view %}", view=view)
        return draw("{% clock view %}", view=view)

    def test_it_counts_down_to_today(self) -> None:
        drawn = self.draw(explanation=CALENDAR.explain(date(2026, 5, 8), 3))

        assert "clock-due" in drawn
        assert "data-due>还剩 3 小时 20 分" in drawn
        assert "今天（5 月 12 日 周二）18:00 前正式答复" in drawn
        assert "调休①" in drawn

    def test_it_says_how_many_working_days_it_is_late(self) -> None:
        drawn = self.draw(due_at=self.due - timedelta(days=1), late_days=1)

        assert "clock-late" in drawn
        assert ">已超期 1 个工作日<" in drawn

    def test_it_says_two_working_days_and_more_instead_of_hours(self) -> None:
        assert "还剩 3 个工作日" in self.draw(due_at=self.due + timedelta(days=3), left_days=3)
        assert "还剩 1 天 3 小时" in self.draw(due_at=self.due + timedelta(days=1), left_days=1)

    def test_it_stands_still_when_paused(self) -> None:
        drawn = self.draw(paused=True)

        assert "已暂停" in drawn
        assert "data-due" not in drawn

    @pytest.mark.parametrize(
        ("hours", "tone", "label"), [(-2, "done", "按时完成"), (0, "done", "按时完成"), (2, "late", "超期完成")]
    )
    def test_it_says_whether_it_was_kept(self, hours: int, tone: str, label: str) -> None:
        drawn = self.draw(met_at=self.due + timedelta(hours=hours))

        assert f"clock-{tone}" in drawn
        assert label in drawn
        assert "data-due" not in drawn

    def test_it_marks_a_day_nobody_has_published(self) -> None:
        assert "暂定" in self.draw(provisional=True)


class TestPager:
    @staticmethod
    def draw(number: int, **more: Any) -> str:
        page = Paginator(range(50), 20).page(number)
        return draw(
            "{% pager page total=total %}",
            page=page,
            request=RequestFactory().get("/tickets/?state=open&page=2"),
            **more,
        )

    def test_it_leads_on_and_back_with_the_filters(self) -> None:
        drawn = self.draw(2, total=50)

        assert 'href="?state=open&amp;page=1" rel="prev"' in drawn
        assert 'href="?state=open&amp;page=3" rel="next"' in drawn
        assert "共 50 条" in drawn
        assert "第 2 / 3 页" in drawn

    def test_it_does_not_pretend_to_know_how_many_there_are(self) -> None:
        assert "超过 1000 条" in self.draw(1, total=None)

    def test_it_offers_no_page_where_there_is_one(self) -> None:
        drawn = draw(
            "{% pager page total=3 %}", page=Paginator(range(3), 20).page(1), request=RequestFactory().get("/")
        )

        assert "rel=" not in drawn
        assert "共 3 条" in drawn


def test_a_chart_hands_its_figures_over_as_data_and_as_a_table() -> None:
    view = {
        "title": "按时答复率",
        "kind": "line",
        "unit": "%",
        "labels": ["9 周", "</script>"],
        "series": [{"name": "全部", "data": [88, None]}],
    }

    drawn = draw('{% chart "trend" view %}', view=view)

    data = drawn.split('type="application/json">')[1].split("</script>")[0]
    assert json.loads(data)["series"][0]["data"] == [88, None]
    assert drawn.count("</script>") == 1
    assert '<td class="num">88%</td>' in drawn
    assert '<td class="num">–</td>' in drawn


@pytest.mark.parametrize(
    ("name", "icon"),
    [("a.PNG", "photo"), ("b.zip", "file-zip"), ("c.et", "file-sheet"), ("d.pdf", "file"), ("无扩展名", "file")],
)
def test_a_file_has_the_icon_of_its_kind(name: str, icon: str) -> None:
    assert portal.file_icon(name) == icon
