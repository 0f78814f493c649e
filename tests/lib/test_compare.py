# ruff: noqa: E501 (markup reads better unbroken)
"""Two versions side by side: what is the same, what is changed and where, in a time that does not depend on who wrote them."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channelportal.lib import rich
from channelportal.lib.compare import Row, compare, stretches

PARTS = st.sampled_from(
    [
        "<p>一</p>",
        "<p>价格 100 元</p>",
        "<p>价格 120 元</p>",
        "<h2>标题</h2>",
        "<ol><li>甲</li><li>乙</li></ol>",
        "<hr>",
        "<p><b>粗</b>字</p>",
    ]
)
TEXTS = st.lists(PARTS | st.text(max_size=12).map("<p>{}</p>".format), max_size=8).map("".join)


def facts(old: str, new: str) -> list[tuple[str, str, str]]:
    return [(row.kind, row.old, row.new) for row in compare(old, new)]


def without_marks(html: str) -> str:
    return re.sub(r"</?(ins|del)>", "", html)


CASES = [
    ("<p>a</p>", "<p>a</p>", [("same", "<p>a</p>", "<p>a</p>")]),
    ("", "<p>a</p>", [("added", "", "<p>a</p>")]),
    ("<p>a</p>", "", [("removed", "<p>a</p>", "")]),
    ("", "", []),
    (
        "<p>价格为 100 元。</p>",
        "<p>价格为 120 元。</p>",
        [("changed", "<p>价格为 <del>100</del> 元。</p>", "<p>价格为 <ins>120</ins> 元。</p>")],
    ),
    (
        "<p>自五月一日起执行</p>",
        "<p>自六月一日起试行</p>",
        [("changed", "<p>自<del>五</del>月一日起<del>执</del>行</p>", "<p>自<ins>六</ins>月一日起<ins>试</ins>行</p>")],
    ),
    (
        "<p><strong>重要</strong>通知</p>",
        "<p><strong>重大</strong>通知</p>",
        [("changed", "<p><strong>重</strong><del><strong>要</strong></del>通知</p>", "<p><strong>重</strong><ins><strong>大</strong></ins>通知</p>")],
    ),
    ("<p>重要</p>", "<p><strong>重要</strong></p>", [("format", "<p>重要</p>", "<p><strong>重要</strong></p>")]),
    ("<p>第一章</p>", "<h2>第一章</h2>", [("format", "<p>第一章</p>", "<h2>第一章</h2>")]),
    (
        "<p>第一段没有变</p><p>第三段没有变</p>",
        "<p>第一段没有变</p><p>插入的一段话</p><p>第三段没有变</p>",
        [
            ("same", "<p>第一段没有变</p>", "<p>第一段没有变</p>"),
            ("added", "", "<p>插入的一段话</p>"),
            ("same", "<p>第三段没有变</p>", "<p>第三段没有变</p>"),
        ],
    ),
    (
        "<p>完全不同的内容</p>",
        "<p>关于夏季促销</p>",
        [("removed", "<p>完全不同的内容</p>", ""), ("added", "", "<p>关于夏季促销</p>")],
    ),
    (
        "<ol><li>甲</li><li>乙</li></ol>",
        "<ol><li>新</li><li>甲</li><li>乙</li></ol>",
        [
            ("added", "", "<ol><li><p>新</p></li></ol>"),
            ("same", "<ol><li><p>甲</p></li></ol>", '<ol start="2"><li><p>甲</p></li></ol>'),
            ("same", '<ol start="2"><li><p>乙</p></li></ol>', '<ol start="3"><li><p>乙</p></li></ol>'),
        ],
    ),
    (
        "<table><tr><td>A-1</td><td>100</td></tr></table>",
        "<table><tr><td>A-1</td><td>110</td></tr></table>",
        [
            (
                "changed",
                "<table><tbody><tr><td><p>A-1</p></td><td><p><del>100</del></p></td></tr></tbody></table>",
                "<table><tbody><tr><td><p>A-1</p></td><td><p><ins>110</ins></p></td></tr></tbody></table>",
            )
        ],
    ),
    (
        "<table><tr><td>A</td><td></td></tr></table>",
        "<table><tr><td></td><td>A</td></tr></table>",
        [
            (
                "changed",
                "<table><tbody><tr><td><p><del>A</del></p></td><td></td></tr></tbody></table>",
                "<table><tbody><tr><td></td><td><p><ins>A</ins></p></td></tr></tbody></table>",
            )
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "wanted"), CASES)
def test_it_shows_what_is_different(old: str, new: str, wanted: list[tuple[str, str, str]]) -> None:
    assert facts(old, new) == wanted


def test_a_changed_paragraph_is_found_beside_a_new_one() -> None:
    old = "<p>促销时间为五月一日至五月三十一日。</p>"
    new = "<p>本通知适用于全部渠道。</p><p>促销时间为六月一日至六月三十日。</p>"

    assert [row.kind for row in compare(old, new)] == ["added", "changed"]


@given(TEXTS, TEXTS)
def test_both_versions_are_shown_whole_and_in_order(old: str, new: str) -> None:
    rows = compare(old, new)

    before, after = rich.blocks(old), rich.blocks(new)
    assert [row.old_number for row in rows if row.old_number] == [place.number for place in before]
    assert [row.new_number for row in rows if row.new_number] == [place.number for place in after]
    assert [without_marks(row.old) for row in rows if row.old_number] == [place.html for place in before]
    assert [without_marks(row.new) for row in rows if row.new_number] == [place.html for place in after]


@given(TEXTS)
def test_a_text_is_the_same_as_itself(text: str) -> None:
    assert {row.kind for row in compare(text, text)} <= {"same"}


@given(TEXTS, TEXTS)
def test_every_mark_has_its_side(old: str, new: str) -> None:
    for row in compare(old, new):
        assert "<ins>" not in row.old
        assert "<del>" not in row.new
        assert ("<del>" in row.old or "<ins>" in row.new) == (row.kind == "changed")


def paper(seed: int, unit: str, length: int) -> str:
    chance = random.Random(seed)
    parts: list[str] = []
    while sum(map(len, parts)) < length:
        parts.append(
            unit.format(
                "".join(chance.choice("的一是在有人这中大为上个国我以要他时来") for _ in range(chance.randint(1, 60)))
            )
        )
    return "".join(parts)


@pytest.mark.parametrize(
    "pair",
    [
        (paper(1, "<p>{}</p>", 200_000), paper(2, "<p>{}</p>", 200_000)),
        ("<p>一</p>" * 25_000, "<p>一</p><p>二</p>" * 12_000),
        ("<p>一</p><p>二</p>" * 12_000, "<p>二</p><p>一</p><p>三</p>" * 8_000),
        ("<p>" + "的一" * 100_000 + "</p>", "<p>" + "一是" * 100_000 + "</p>"),
        (paper(3, "<p>{}</p>" + "<p>同</p>", 200_000), paper(4, "<p>{}</p>" + "<p>同</p>", 200_000)),
        ("<table>" + paper(5, "<tr><td>{}</td><td>1</td></tr>", 200_000), "<table>" + paper(6, "<tr><td>{}</td><td>1</td></tr>", 200_000)),
    ],
    ids=["other words", "many alike", "moved", "one long line", "every second the same", "table"],
)  # fmt: skip
def test_it_is_done_in_time_whatever_it_compares(pair: tuple[str, str]) -> None:
    started = time.process_time()
    rows = compare(*pair)

    assert rows
    assert time.process_time() - started < 6  # about one where nothing else runs


def test_what_is_far_from_any_change_can_be_folded() -> None:
    def row(kind: str) -> Row:
        return Row(kind, "", "", None, None)  # type: ignore[arg-type]

    rows = [row("same") for _ in range(5)] + [row("changed")] + [row("same") for _ in range(2)]

    assert [(len(one.rows), one.folded) for one in stretches(rows)] == [(4, True), (3, False), (1, False)]
    assert [(len(one.rows), one.folded) for one in stretches([row("same")] * 3)] == [(3, True)]
    assert stretches([]) == []
