"""What people type: clean on the way in, safe on the way out, found again."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable

import pytest
from django import forms
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from accounts.forms import LineField as AccountLine
from channelportal.core import search
from channelportal.core.fields import LineField, TextField
from channelportal.core.models import SearchDocument
from channelportal.lib.text import clean_line, clean_text, composed, fold, grams, render_text, wanted_grams

# each is what somebody once typed, pasted or sent on purpose
HOSTILE = [
    "\x00", "a\x00b", "\x1b[31m", "\x7f", "\x85", "\ud800", "a\udfffb", "\ufffe", "\u200b\u200c\u200d", "\u2060\ufeff",
    "\u202egnp.exe",
    "\u2066x\u2069", "\u061c", "\u3164", "\u115f\u1160", "\u2800", "\xad", "\u034f", "\U000e0041\U000e007f", "Z" + "\u0335" * 500,
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "[x](data:text/html,x)",
    "![x](http://evil.example/p.png)", "<div hx-get=/sign-out/ hx-trigger=load>", "=1+1", "{{ 7*7 }}{% debug %}", "' OR 1=1 --",
    "\u2028\u2029", "  \u3000\t ", "&lt;script&gt;",
]  # fmt: skip
INVISIBLE = {"\x00", "\x7f", "\u200b", "\u202e", "\u2066", "\ufeff", "\u3164", "\u2800", "\xad", "\ud800", "\x1b"}


class Entry(forms.Form):
    line = LineField(max_length=60)
    text = TextField()


@pytest.mark.parametrize("raw", HOSTILE)
def test_it_lets_nothing_invisible_in(raw: str) -> None:
    form = Entry({"line": raw, "text": raw})
    form.is_valid()

    for name, value in form.cleaned_data.items():
        assert not INVISIBLE & set(value)
        assert value.strip() == value != "", name
        value.encode()


@pytest.mark.parametrize("raw", ["\u3164", "\u200b\u200b", "\x00", " \u3000 ", "\u2800"])
def test_it_takes_what_looks_empty_as_empty(raw: str) -> None:
    form = Entry({"line": raw, "text": raw})

    assert not form.is_valid()
    assert form.errors.as_data()["line"][0].code == form.errors.as_data()["text"][0].code == "required"


@pytest.mark.parametrize(
    ("raw", "line", "text"),
    [
        ("  a\r\n\r\n  b  ", "a b", "a\n\n  b"),
        ("渠道　商", "渠道 商", "渠道　商"),
        ("e\u0301", "é", "é"),
        ("a\tb", "a b", "a\tb"),
        ("a\n\n\n\n\n\nb", "a b", "a\n\n\nb"),
        ("a\u2028b", "a b", "a\nb"),
        ("👍🏻", "👍🏻", "👍🏻"),
    ],
)
def test_it_keeps_what_is_meant(raw: str, line: str, text: str) -> None:
    assert (clean_line(raw), clean_text(raw)) == (line, text)


@given(st.text())
def test_it_is_clean_after_one_cleaning(raw: str) -> None:
    assert clean_text(clean_text(raw)) == clean_text(raw)
    assert clean_line(clean_line(raw)) == clean_line(raw)


@pytest.mark.parametrize("raw", HOSTILE)
def test_it_shows_no_markup_that_acts(raw: str) -> None:
    shown = Template("{{ shown }}").render(Context({"shown": render_text(clean_text(raw))}))

    for danger in ("<script", "<img", "<div", 'href="javascript', 'href="data'):
        assert danger not in shown


def test_it_shows_paragraphs_lists_emphasis_and_links() -> None:
    shown = render_text("一\n二\n\n- a\n- **b**\n\n[官网](https://example.com)")

    assert "<p>一<br>\n二</p>" in shown
    assert "<li><strong>b</strong></li>" in shown
    assert '<a href="https://example.com" rel="noopener noreferrer nofollow">官网</a>' in shown


def test_it_is_not_slow_on_purpose() -> None:
    for bomb in ("[" * 20_000, "*a" * 10_000, "> " * 5_000, "- " * 10_000, "(" * 20_000, "![" * 10_000):
        render_text(bomb)


@pytest.mark.parametrize(
    "clean",
    [clean_text, clean_line, fold, composed, AccountLine().clean, LineField(max_length=9, required=False).to_python],
)
def test_a_pile_of_accents_takes_no_longer_than_it_is_long(clean: Callable[[str], str]) -> None:
    pile = "a" + "\u0300\u0316" * 200_000  # sorting them takes minutes
    started = time.process_time()

    assert len(clean(pile)) < 40

    assert time.process_time() - started < 4


def test_it_composes_what_languages_have() -> None:
    many = "e\u0302\u0301 \u05e9\u05bc\u05c1\u05b8 ก\u0e47 " + "и\u0306" * 50 + "\u0915\u094d" * 40

    assert composed(many) == unicodedata.normalize("NFC", many)


def test_it_cuts_chinese_into_pairs() -> None:
    assert grams(fold("渠道商ＡＢＣ 12月")) == ["渠道", "道商", "商", "abc", "12", "月"]


@pytest.fixture
def indexed(db: None) -> None:
    search.index_many(
        "ticket",
        [(1, ["渠道商反映发货延迟", "FB-2026-0508-017"]), (2, ["发货单 ABC-77 报价", "鲁东代理商"]), (3, ["延迟发送"])],
    )
    search.index("notice", 1, "发货通知")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("发货", {1, 2}),
        ("渠道商", {1}),
        ("货", {1, 2}),
        ("价", {2}),
        ("延迟", {1, 3}),
        ("发货 延迟", {1}),
        ("商发货", set()),
        ("延发", set()),
        ("FB-2026-0508-017", {1}),
        ("017", {1}),
        ("abc", {2}),
        ("ＡＢＣ", {2}),
        ("ab", {2}),
        ("", set()),
        ("   ", set()),
        ("'", set()),
        ('"', set()),
        ("* | ! & :*", set()),
        ("发货' | '报价", set()),
        ("\x00", set()),
        ("发" * 5_000, set()),
    ],
)
@pytest.mark.usefixtures("indexed")
def test_it_finds_by_words_of_one_two_and_more_characters(query: str, found: set[int]) -> None:
    assert set(search.find("ticket", query)) == found


@pytest.mark.usefixtures("indexed")
def test_it_forgets_what_a_text_said_before() -> None:
    search.index("ticket", 1, "质量问题")

    assert list(search.find("ticket", "渠道")) == []
    assert list(search.find("ticket", "质量")) == [1]


@pytest.mark.usefixtures("indexed")
def test_it_works_as_a_subquery() -> None:
    assert SearchDocument.objects.filter(kind="ticket", object_id__in=search.find("ticket", "发货")).count() == 2


@given(st.text(max_size=40), st.text(max_size=10))
def test_it_asks_nothing_that_the_database_could_not_read(text: str, query: str) -> None:
    for word in fold(query).split():
        assert not any(set("'\"\\ :*&|!()<>\0") & set(gram) for gram, _prefix in wanted_grams(word))
    assert all(" " not in gram for gram in grams(fold(text)))
