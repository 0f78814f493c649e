# ruff: noqa: E501 (markup reads better unbroken)
"""The editor of formatted text in a real browser, under the product's policy (open_page fails on any breach of it)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django import Settings

from tests.browser.editor_urls import ADDRESS, PIXEL
from tests.browser.test_axe import broken
from tests.services.browser import OpenPage

pytestmark = pytest.mark.django_db(transaction=True)
Paper = Callable[..., Page]

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {margin:0}</style></head><body><!--StartFragment-->
<h1 style='margin:0'><span lang=ZH-CN style='font-family:宋体'>调价通知</span></h1>
<p class=MsoNormal style='text-indent:21pt'><b><span style='color:red'>自六月</span></b><span style='color:red;font-weight:700'>一日起</span><span style='font-size:12pt'>执行。<o:p></o:p></span></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span><span style='mso-list:Ignore'>1.<span>&nbsp;&nbsp; </span></span></span><![endif]>一类渠道</p>
<p class=MsoListParagraph style='mso-list:l0 level2 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·<span>&nbsp; </span></span><![endif]>含分公司</p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>2.<span>&nbsp;&nbsp; </span></span>二类渠道</p>
<p class=MsoNormal style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>一、</span>总则</p>
<p class=MsoNormal style='mso-outline-level:2'>适用范围</p>
<table class=MsoTableGrid border=1 style='border-collapse:collapse'><tr style='height:1cm'><td width=200 style='border:solid'><p class=MsoNormal>型号</p></td><td><p>价格</p></td></tr></table>
<p class=MsoNormal><img width=100 src="file:///C:/clip_image001.png" onerror="x()"><a href="javascript:alert(1)">坏链接</a><script>alert(1)</script></p>
<!--EndFragment--></body></html>"""
FROM_WORD = (
    "<h2>调价通知</h2><p><strong>自六月一日起</strong>执行。</p>"
    "<ol><li><p>一类渠道</p><ul><li><p>含分公司</p></li></ul></li><li><p>二类渠道</p></li></ol>"
    "<p>一、总则</p><h3>适用范围</h3>"
    "<table><tbody><tr><td><p>型号</p></td><td><p>价格</p></td></tr></tbody></table><p>坏链接</p>"
)
PASTE = """([html, files]) => {
  const data = new DataTransfer();
  if (html) data.setData("text/html", html);
  for (const [name, type] of files) data.items.add(new File([new Uint8Array([137, 80, 78, 71])], name, { type }));
  document.querySelector(".ProseMirror").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
CONTENT = (
    '<h2>价格</h2><p>自<a href="/tickets/">六月</a>起</p><ul><li><p>一</p></li></ul>'
    "<table><tbody><tr><th><p>型号</p></th></tr><tr><td><p>A-1</p></td></tr></tbody></table><p>完</p>"
)


@pytest.fixture
def paper(open_page: OpenPage, settings: Settings) -> Paper:
    """The page with the form, its editor ready."""
    settings.ROOT_URLCONF = "tests.browser.editor_urls"

    def opened(body: str = "", *, width: int = 1440, dark: bool = False) -> Page:
        page = open_page(width=width, dark=dark)
        page.goto("/try/paper/?body=" + quote(body))
        expect(page.get_by_role("toolbar", name="格式")).to_be_visible()
        return page

    return opened


def value(page: Page) -> str:
    return page.locator("textarea[name=body]").input_value()


def press(page: Page, name: str) -> None:
    page.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()


def paste(page: Page, html: str, *files: tuple[str, str]) -> None:
    page.evaluate(PASTE, [html, list(files)])


def sent(page: Page) -> str:
    """What the server shows of it after the form is sent."""
    page.get_by_role("button", name="发布").click()
    expect(page.locator("body > .rich")).to_be_visible()
    return page.locator("body > .rich").inner_html()


def test_what_is_written_with_the_toolbar_arrives(paper: Paper) -> None:
    page = paper()
    text = page.get_by_role("textbox", name="正文")

    page.get_by_label("段落样式").select_option("标题 1")
    page.keyboard.type("调价")
    page.keyboard.press("Enter")
    press(page, "加粗")
    page.keyboard.type("六月")
    page.keyboard.press("Control+b")
    page.keyboard.type("起")
    page.keyboard.press("Enter")
    press(page, "项目符号")
    page.keyboard.type("一类")
    page.keyboard.press("Enter")
    press(page, "下移一级")
    page.keyboard.type("华东")

    expect(text).to_contain_text("华东")
    expect(page.get_by_role("button", name="项目符号")).to_have_attribute("aria-pressed", "true")
    assert sent(page) == (
        "<h2>调价</h2><p><strong>六月</strong>起</p><ul><li><p>一类</p><ul><li><p>华东</p></li></ul></li></ul>\n"
    ).replace("\n", "")


def test_a_table_is_asked_for_filled_and_changed(paper: Paper) -> None:
    page = paper()

    press(page, "表格")
    page.get_by_role("dialog").get_by_label("行数").fill("2")
    page.get_by_role("dialog").get_by_label("列数").fill("0")
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_role("dialog").get_by_role("alert").filter(has_text="1–12")).to_be_visible()
    page.get_by_role("dialog").get_by_label("列数").fill("2")
    page.get_by_role("button", name="确定").click()
    for words in ("型号", "价格", "A-1", "100"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.type("A-2")
    press(page, "删除列")

    assert re.findall(r"<t[hd][^>]*><p>(.*?)</p>", value(page)) == ["价格", "100", ""]


def test_a_link_is_asked_for_and_only_a_good_address_is_taken(paper: Paper) -> None:
    page = paper()
    page.locator(".ProseMirror").click()
    page.keyboard.type("见 ")

    press(page, "链接")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("链接地址").fill("javascript:alert(1)")
    dialog.get_by_label("显示文字").fill("制度")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("这不是网页或邮箱的地址。")).to_be_visible()
    dialog.get_by_label("链接地址").fill("www.example.com/a")
    page.keyboard.press("Enter")
    page.keyboard.type("。")

    assert sent(page) == '<p>见 <a href="https://www.example.com/a" rel="noopener noreferrer">制度</a>。</p>'


def test_what_comes_from_word_keeps_headings_lists_and_tables(paper: Paper) -> None:
    page = paper()

    paste(page, WORD)

    expect(page.get_by_text("粘贴内容中的图片未能带入")).to_be_visible()
    shown = re.sub(r'</?div[^>]*>| (colspan|rowspan)="1"', "", sent(page))
    assert shown == FROM_WORD


def test_cells_from_a_sheet_are_a_table_and_not_the_picture_that_comes_with_them(paper: Paper) -> None:
    page = paper()

    paste(page, "<table><tr><td>A-1</td><td style='color:red'>100</td></tr></table>", ("image.png", "image/png"))

    assert re.findall(r"<td[^>]*><p>(.*?)</p>", value(page)) == ["A-1", "100"]
    assert "<img" not in value(page)


def test_a_picture_is_sent_at_once_and_stands_in_the_text(paper: Paper) -> None:
    page = paper()
    with page.expect_file_chooser() as chooser:
        press(page, "图片")
    chooser.value.set_files([{"name": "水泵.png", "mimeType": "image/png", "buffer": PIXEL}])
    expect(page.get_by_text("图片“水泵.png”已插入。")).to_be_visible()

    page.locator(".ProseMirror img:not(.ProseMirror-separator)").click()
    press(page, "图片说明")
    page.get_by_role("dialog").get_by_role("textbox").fill("三号水泵的铭牌")
    page.keyboard.press("Enter")

    assert sent(page) == f'<p><img src="{ADDRESS}" alt="三号水泵的铭牌"></p>'


def test_a_pasted_picture_is_sent_too_and_a_refusal_is_told_in_words(paper: Paper) -> None:
    page = paper()

    paste(page, "", ("screen.png", "image/png"))
    expect(page.get_by_text("图片“screen.png”已插入。")).to_be_visible()
    paste(page, "", ("bad.png", "image/png"))
    expect(page.get_by_text("图片太大。")).to_be_visible()
    paste(page, "", ("价格.xlsx", "application/vnd.ms-excel"))
    expect(page.get_by_text("“价格.xlsx”不是图片")).to_be_visible()

    assert value(page).count("<img") == 1


def test_two_at_once_stand_in_order_and_a_photo_is_sent_smaller(paper: Paper) -> None:
    page = paper()
    photo = BytesIO()
    Image.effect_noise((2600, 1950), 120).convert("RGB").save(photo, "JPEG", quality=95)
    with page.expect_file_chooser() as chooser:
        press(page, "图片")

    with page.expect_request("**/try/picture/") as request:
        chooser.value.set_files(
            [
                {"name": "机房.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()},
                {"name": "铭牌.png", "mimeType": "image/png", "buffer": PIXEL},
            ]
        )
    expect(page.get_by_text("图片“铭牌.png”已插入。")).to_be_visible()

    assert len(request.value.post_data_buffer or b"") < len(photo.getvalue()) * 0.8
    assert re.findall('alt="(.*?)"', value(page)) == ["机房", "铭牌"]


def test_the_form_waits_for_a_picture_on_its_way(paper: Paper) -> None:
    page = paper()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/try/picture/", hold)
    paste(page, "", ("泵.png", "image/png"))
    expect(page.get_by_text("正在上传图片“泵.png”")).to_be_visible()

    page.get_by_role("button", name="发布").click()
    expect(page.get_by_text("图片还在上传，请稍候。")).to_be_visible()
    held[0].continue_()
    expect(page.get_by_text("图片“泵.png”已插入。")).to_be_visible()

    assert sent(page) == f'<p><img src="{ADDRESS}" alt="泵"></p>'


def test_every_change_reaches_the_draft(paper: Paper) -> None:
    page = paper()
    page.locator(".ProseMirror").click()

    with page.expect_request("**/try/draft/") as request:
        page.keyboard.type("草稿")

    assert "body=" + quote("<p>草稿</p>", safe="") in (request.value.post_data or "")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    assert value(page) == ""


def test_what_was_written_stays_when_something_else_is_wrong(paper: Paper) -> None:
    page = paper(CONTENT)
    page.get_by_role("textbox", name="标题").fill("")

    page.get_by_role("button", name="发布").click()

    expect(page.locator(".error-list")).to_be_visible()
    expect(page.locator(".ProseMirror h2")).to_have_text("价格")


def test_an_empty_text_is_told_and_the_list_of_errors_leads_to_it(paper: Paper) -> None:
    page = paper("<p> </p>")
    page.get_by_role("button", name="发布").click()

    page.locator(".error-list a").click()

    expect(page.locator("#id_body.ProseMirror")).to_have_attribute("aria-invalid", "true")
    expect(page).to_have_url(re.compile("#id_body$"))
    page.locator("label", has_text="正文").click()
    expect(page.locator(".ProseMirror")).to_be_focused()


def test_it_is_left_and_ruled_by_keyboard(paper: Paper) -> None:
    page = paper(CONTENT)
    page.locator(".ProseMirror td").click()

    page.keyboard.press("Alt+F10")
    expect(page.get_by_label("段落样式")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="加粗")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".ProseMirror")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")

    expect(page.get_by_role("button", name="发布")).to_be_focused()


def test_it_comes_with_a_form_that_htmx_brings(paper: Paper) -> None:
    page = paper()

    page.evaluate(
        "htmx.ajax('GET', '/try/paper/?body=%3Cp%3E%E6%96%B0%3C/p%3E', { target: 'form.form', swap: 'outerHTML' })"
    )

    expect(page.locator(".ProseMirror p")).to_have_text("新")
    expect(page.locator(".editor")).to_have_count(1)
    page.locator(".ProseMirror").click()
    page.keyboard.press("End")
    page.keyboard.type("的")
    assert value(page) == "<p>新的</p>"


def test_text_typed_without_an_editor_is_there_in_paragraphs(paper: Paper) -> None:
    page = paper("一 < 二\n\n三\n四")

    expect(page.locator(".ProseMirror p")).to_have_text(["一 < 二", "三四"])


@pytest.mark.parametrize("what", ["form", "read", "versions"])
def test_everyone_can_use_it_in_any_light_on_any_screen(what: str, paper: Paper) -> None:
    page = paper(CONTENT)
    if what == "versions":
        changed = CONTENT.replace("六月", "七月").replace("A-1", "A-2") + "<p>新</p>"
        page.goto(f"/try/versions/?old={quote(CONTENT + '<p>旧</p>')}&new={quote(changed)}")
    else:
        page.locator(".ProseMirror td").click()

    assert [
        one for one in broken(page, what) if one[3] != "empty-heading"
    ] == []  # the page that is tried on has no title


def test_two_versions_are_told_apart_without_colours(paper: Paper) -> None:
    page = paper()
    page.goto(f"/try/versions/?old={quote('<p>价格 100</p>')}&new={quote('<p>价格 120</p><p>新</p>')}")

    expect(page.locator(".compare-old")).to_have_text(re.compile(r"−\s*修改前：\s*价格 100"))
    expect(page.locator(".compare-new").first).to_have_text(re.compile(r"\+\s*修改后：\s*价格 120"))
    assert page.locator("del").evaluate("node => getComputedStyle(node).textDecorationLine") == "line-through"
    assert page.locator("ins").first.evaluate("node => getComputedStyle(node).textDecorationLine") == "underline"


def test_it_stays_a_text_field_where_the_engine_does_not_come(open_page: OpenPage, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.browser.editor_urls"
    page = open_page()

    def missing(route: Route) -> None:
        route.abort()

    page.route("**/django_prose_editor/editor.js", missing)

    page.goto("/try/paper/")

    expect(page.get_by_text("空一行另起一段")).to_be_visible()
    page.locator("textarea[name=body]").fill("一\n\n二")
    assert sent(page) == "<p>一</p><p>二</p>"


def test_it_works_without_scripts(live_url: str, browser: Browser, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.browser.editor_urls"
    context = browser.new_context(base_url=live_url, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()

    page.goto("/try/paper/?body=" + quote("<h2>价格</h2><p>旧</p>"))
    expect(page.get_by_text("空一行另起一段")).to_be_visible()
    assert value(page) == "<h2>价格</h2>\n<p>旧</p>"
    page.locator("textarea[name=body]").fill("第一段\n\n第二段 <3")

    assert sent(page) == "<p>第一段</p><p>第二段 &lt;3</p>"
    context.close()


def test_its_words_and_drawings_are_there(paper: Paper) -> None:
    page = paper()

    words = json.loads(page.locator("textarea[name=body]").get_attribute("data-editor-words") or "{}")

    script, sprite = (page.request.get(f"/static/{name}").text() for name in ("js/editor.js", "icons.svg"))
    asked = re.findall(r"this\.words\.(\w+)|this\.say\(\"(\w+)\"", script)
    buttons = re.findall(r"button\((?:this\.\w+, )?\"(\w+)\", \"([\w-]+)\"", script)
    assert len(buttons) > 12
    assert {one or other for one, other in asked} | {name for name, _ in buttons} <= set(words)
    assert {drawing for _, drawing in buttons if f'id="{drawing}"' not in sprite} == set()
