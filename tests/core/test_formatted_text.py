"""The field that takes formatted text, and the tags that show it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django import forms
from django.template import engines
from django.utils import translation

from channelportal.core.fields import RichTextField
from channelportal.lib import rich

EVIL = '<p onclick="x()">a<script>alert(1)</script><img src=x onerror="y()"><a href="javascript:z()">b</a></p>'


class PaperForm(forms.Form):
    body = RichTextField(label="正文", max_length=50)


class LooseForm(forms.Form):
    body = RichTextField(required=False)


def errors(data: str) -> list[str]:
    with translation.override("zh-hans"):
        return [str(error) for error in PaperForm({"body": data}).errors.get("body", [])]


def shown(template: str, **context: Any) -> str:
    return engines["django"].from_string(template).render(context)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("一段\n\n又一段", "<p>一段</p><p>又一段</p>"),
        (EVIL, "<p>ab</p>"),
        ("<p>" + "字" * 50 + "</p>", "<p>" + "字" * 50 + "</p>"),
    ],
)
def test_the_field_gives_clean_text(typed: str, kept: str) -> None:
    form = PaperForm({"body": typed})

    assert form.is_valid()
    assert form.cleaned_data["body"] == kept


@pytest.mark.parametrize("typed", ["", " ", "<p></p>", "<p>\u200b</p>", "<hr>", "<script>x</script>"])
def test_a_required_text_is_one_that_is_seen(typed: str) -> None:
    assert [error.code for error in PaperForm({"body": typed}).errors.as_data()["body"]] == ["required"]


def test_a_text_that_need_not_be_there_is_empty() -> None:
    form = LooseForm({"body": "<p> </p>"})

    assert form.is_valid()
    assert form.cleaned_data["body"] == ""


def test_the_plain_text_is_counted_and_not_its_tags() -> None:
    assert errors("<p>" + "<strong>字</strong><em>体</em>" * 25 + "</p>") == []
    assert "50" in errors("<p>" + "字" * 51 + "</p>")[0]


def test_what_would_be_cut_is_refused() -> None:
    assert errors("<p>" + "字" * rich.LONGEST + "</p>") == ["正文太长，请精简，或改为附件。"]


def test_what_was_typed_stays_in_the_field() -> None:
    typed = "第一段 < 二\n\n" + "字" * 60

    field = PaperForm({"body": typed})["body"]

    assert "第一段 &lt; 二\n\n字字" in str(field)


def test_a_kept_text_is_readable_where_there_is_no_editor() -> None:
    drawn = str(PaperForm(initial={"body": "<h2>一</h2><ul><li><p>二</p></li></ul>"})["body"])

    assert "&lt;h2&gt;一&lt;/h2&gt;\n&lt;ul&gt;&lt;li&gt;" in drawn
    assert "editor-plain" in drawn


def test_the_field_says_what_the_editor_needs() -> None:
    widget = PaperForm()["body"].field.widget

    attributes = widget.get_context("body", "", {})["widget"]["attrs"]

    assert attributes["data-editor"].endswith("js/editor.js")
    assert attributes["data-editor-engine"].endswith("django_prose_editor/editor.js")
    assert json.loads(attributes["data-editor-words"])["bold"]


def test_only_what_is_read_counts_as_a_change() -> None:
    field = RichTextField()

    assert not field.has_changed("<p>一</p><p>二</p>", "<p>一</p>\r\n<p>二</p><p></p>")
    assert field.has_changed("<p>一</p>", "<p><strong>一</strong></p>")


def test_what_is_shown_is_cleaned_once_more() -> None:
    assert shown("{{ body|rich }}", body=EVIL) == "<p>ab</p>"
    assert shown("{{ body|rich }}", body=None) == ""


def test_a_table_gets_a_frame_to_scroll_in_and_a_text_about_one_does_not() -> None:
    page = shown("{{ body|rich }}", body="<p>&lt;table&gt;</p><table><tr><td>x</td></tr></table>")

    assert page.startswith('<p>&lt;table&gt;</p><div class="rich-table" role="group" tabindex="0"')
    assert page.endswith("</table></div>")
    assert page.count("rich-table") == 1


def test_two_versions_are_shown_with_their_marks_and_what_is_equal_folded() -> None:
    same = "".join(f"<p>第 {number} 条</p>" for number in range(9))

    page = shown(
        "{% compare old new before='一版' after='二版' %}", old=same + "<p>价格 1</p>", new=same + "<p>价格 2</p>"
    )

    assert "一版" in page
    assert "<del>1</del>" in page
    assert "<ins>2</ins>" in page
    assert page.count("<details") == 1


def test_the_copy_of_what_is_equal_has_no_second_link() -> None:
    text = '<p><a href="/tickets/">见</a></p>'

    page = shown("{% compare old new %}", old=text, new=text + "<p>新</p>")

    assert page.count("<a ") == 1


def test_a_comparison_lets_nothing_through_either() -> None:
    page = shown("{% compare old new %}", old=EVIL, new=EVIL + EVIL)

    assert "<script" not in page
    assert "onclick" not in page
    assert "onerror" not in page


def test_equal_versions_are_said_to_be_equal() -> None:
    with translation.override("zh-hans"):
        assert "两个版本没有差别。" in shown("{% compare old new %}", old="<p>一</p>", new="<p>一</p>")
