"""The makers' documents as tables: signatures, addresses, bodies cut by bytes, answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channelportal.lib import robots
from channelportal.lib.robots import MARK, cut

AT = datetime.fromtimestamp(1_700_000_000, UTC)
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
ADDRESS = {
    "wecom": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
    "dingtalk": f"https://oapi.dingtalk.com/robot/send?access_token={KEY}",
    "feishu": f"https://open.feishu.cn/open-apis/bot/v2/hook/{KEY}",
}


def test_it_signs_as_dingtalk_documents() -> None:
    assert robots.dingtalk_sign("this is secret", 1_700_000_000_000) == "sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0="


def test_it_signs_as_feishu_documents() -> None:
    assert robots.feishu_sign("demo", 1_599_360_473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


# ── addresses ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("maker", ADDRESS)
def test_it_takes_the_address_that_the_maker_hands_out(maker: str) -> None:
    assert robots.problem(maker, ADDRESS[maker]) == ""
    assert robots.maker_of(ADDRESS[maker]) == maker


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "scheme"),
        (f"http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}", "scheme"),
        (f"HTTPS://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}", "scheme"),
        (f"file:///cgi-bin/webhook/send?key={KEY}", "scheme"),
        (ADDRESS["feishu"], "host"),
        (f"https://qyapi.weixin.qq.com.example.com/cgi-bin/webhook/send?key={KEY}", "host"),
        (f"https://qyapi.weixin.qq.com@example.com/cgi-bin/webhook/send?key={KEY}", "host"),
        (f"https://user@qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}", "host"),
        (f"https://qyapi.weixin.qq.com:443/cgi-bin/webhook/send?key={KEY}", "host"),
        (f"https://qyapi.weixin.qq.com:22/cgi-bin/webhook/send?key={KEY}", "host"),
        (f"https://qyapi.weixin.qq.com\\@example.com/cgi-bin/webhook/send?key={KEY}", "host"),
        (f"https://127.0.0.1/cgi-bin/webhook/send?key={KEY}", "host"),
        (f"https://QYAPI.weixin.qq.com/cgi-bin/webhook/send?key={KEY}", "host"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/gettoken?key={KEY}", "form"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/../gettoken?key={KEY}", "form"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}#x", "form"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}&debug=1", "form"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}\r\nX-Evil: 1", "form"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}\n", "form"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=short", "form"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={'a' * 129}", "form"),
    ],
)
def test_it_takes_no_other_address(address: str, problem: str) -> None:
    assert robots.problem("wecom", address) == problem


@pytest.mark.parametrize("maker", ADDRESS)
def test_it_masks_the_key(maker: str) -> None:
    shown = robots.masked(ADDRESS[maker])

    assert shown == f"{robots.MAKERS[maker].host}/…5aaa"
    assert robots.masked("https://example.com/?secret") == "••••"


def test_it_says_neither_address_nor_text_when_it_is_printed() -> None:
    assert KEY not in repr(robots.post("wecom", ADDRESS["wecom"], "", "hello", AT))


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────


def test_it_words_a_post_for_wecom() -> None:
    post = robots.post("wecom", ADDRESS["wecom"], "", "你好 🙂", AT)

    assert post.address == ADDRESS["wecom"]
    assert json.loads(post.body) == {"msgtype": "text", "text": {"content": "你好 🙂"}}


def test_it_signs_the_address_for_dingtalk() -> None:
    post = robots.post("dingtalk", ADDRESS["dingtalk"], "this is secret", "你好", AT)

    assert parse_qs(urlsplit(post.address).query) == {
        "access_token": [KEY], "timestamp": ["1700000000000"], "sign": ["sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0="],
    }  # fmt: skip
    assert json.loads(post.body) == {"msgtype": "text", "text": {"content": "你好"}}


def test_it_signs_the_body_for_feishu() -> None:
    at = datetime.fromtimestamp(1_599_360_473, UTC)

    post = robots.post("feishu", ADDRESS["feishu"], "demo", "你好", at)

    assert json.loads(post.body) == {
        "timestamp": "1599360473", "sign": "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=", "msg_type": "text",
        "content": {"text": "你好"},
    }  # fmt: skip


@pytest.mark.parametrize("maker", ["dingtalk", "feishu"])
def test_it_signs_nothing_without_a_secret(maker: str) -> None:
    post = robots.post(maker, ADDRESS[maker], "", "你好", AT)

    assert post.address == ADDRESS[maker]
    assert b"sign" not in post.body


@pytest.mark.parametrize("maker", ADDRESS)
def test_it_cuts_the_text_to_what_the_maker_takes(maker: str) -> None:
    body = json.loads(robots.post(maker, ADDRESS[maker], "", "通" * 10_000, AT).body)

    said = body["text"]["content"] if "text" in body else body["content"]["text"]
    assert robots.MAKERS[maker].most - 3 < len(said.encode()) <= robots.MAKERS[maker].most


# ── cutting ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "most", "cut_to"),
    [
        ("渠道通知", 12, "渠道通知"),  # three bytes each: it just fits
        ("渠道通知", 11, f"渠{MARK}"),  # the mark takes six
        ("渠道通知", 9, f"渠{MARK}"),
        ("渠道通知", 8, MARK),
        ("a🙂b🙂", 10, "a🙂b🙂"),
        ("a🙂🙂🙂", 12, f"a🙂{MARK}"),
        ("a🙂🙂🙂", 10, f"a{MARK}"),  # an emoji is four bytes: no half of it
        ("aa👍🏽bbbbbb", 15, f"aa{MARK}"),  # a thumb without its colour is another thumb
        ("a👨‍👩‍👧bbbbbb", 22, f"a{MARK}"),  # a family is not taken apart
        ("ae\u0301\u0301bbbbbbb", 9, f"a{MARK}"),  # nor an accent from its letter
    ],
)  # fmt: skip
def test_it_cuts_at_the_border_of_a_character(text: str, most: int, cut_to: str) -> None:
    assert cut(text, most) == cut_to


def test_it_keeps_the_link() -> None:
    said = cut("通" * 1_000 + "\nhttps://portal.example.com/notices/7/", 200)

    assert said.endswith(f"通{MARK}\nhttps://portal.example.com/notices/7/")
    assert len(said.encode()) <= 200


@given(st.text(alphabet="通a🙂\n\u0301\u200d👍"), st.integers(min_value=6, max_value=60))
def test_it_never_exceeds_the_bytes(text: str, most: int) -> None:
    said = cut(text, most)

    assert len(said.encode()) <= most


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("maker", "status", "body", "problem", "permanent"),
    [
        ("wecom", 200, '{"errcode":0,"errmsg":"ok"}', "", False),
        ("dingtalk", 200, '{"errcode":0,"errmsg":"ok"}', "", False),
        ("feishu", 200, '{"code":0,"msg":"success","data":{}}', "", False),
        ("feishu", 200, '{"StatusCode":0,"StatusMessage":"success"}', "", False),
        ("wecom", 200, '{"errcode":93000,"errmsg":"invalid webhook url, hint: [1]"}', "key", True),
        ("wecom", 200, '{"errcode":45009,"errmsg":"api freq out of limit"}', "fast", False),
        ("dingtalk", 200, '{"errcode":310000,"errmsg":"keywords not in content, more"}', "keyword", True),
        ("dingtalk", 200, '{"errcode":310000,"errmsg":"sign not match, more"}', "signature", True),
        ("dingtalk", 200, '{"errcode":310000,"errmsg":"invalid timestamp"}', "signature", True),
        ("dingtalk", 200, '{"errcode":310000,"errmsg":"ip X.X.X.X not in whitelist"}', "network", True),
        ("dingtalk", 200, '{"errcode":300005,"errmsg":"token is not exist"}', "key", True),
        ("dingtalk", 200, '{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}', "fast", False),
        ("dingtalk", 200, '{"errcode":400013,"errmsg":"群已被解散"}', "gone", True),
        (
            "feishu",
            200,
            '{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}',
            "signature",
            True,
        ),
        ("feishu", 200, '{"code":19022,"msg":"Ip Not Allowed"}', "network", True),
        ("feishu", 200, '{"code":19024,"msg":"Key Words Not Found"}', "keyword", True),
        ("feishu", 400, '{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}', "key", True),
        ("feishu", 400, '{"code":9499,"msg":"too many request"}', "fast", False),
        ("wecom", 200, '{"errcode":4242}', "other", False),
        ("wecom", 500, '{"errcode":4242}', "away", False),
        ("wecom", 500, '{"errcode":0}', "away", False),
        ("wecom", 429, "slow down", "fast", False),
        ("wecom", 404, "", "key", True),
        ("wecom", 200, "<html>please sign in to the guest network</html>", "away", False),
        ("wecom", 200, '["errcode", 0]', "away", False),
        ("wecom", 200, '{"errcode":false}', "away", False),
        ("wecom", 200, '{"errcode":"0"}', "away", False),
        ("wecom", 200, '{"code":0}', "away", False),
        ("wecom", 200, "[" * 50_000, "away", False),
        ("wecom", 200, "", "away", False),
    ],
)
def test_it_reads_the_answer(maker: str, status: int, body: str, problem: str, *, permanent: bool) -> None:
    said = robots.answer(maker, status, body.encode())

    assert (said.problem, said.permanent) == (problem, permanent)


def test_it_keeps_the_makers_number_and_none_of_his_words() -> None:
    said = robots.answer("dingtalk", 200, b'{"errcode":310000,"errmsg":"keywords not in content: KEY-OF-THE-ROBOT"}')

    assert said.code == "keyword 310000"
