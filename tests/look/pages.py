# ruff: noqa: E501 (templates read better unbroken)
"""Pages of the parts alone, for tests of the look: a made-up shell, no database, no view."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.template import engines
from django.template.context import make_context
from django.test import RequestFactory
from django.utils import translation

from channelportal.lib.wording import CHINA
from channelportal.lib.workdays import WorkCalendar, statutory_rows

NOW = datetime(2026, 5, 12, 14, 40, tzinfo=CHINA)
CALENDAR = WorkCalendar(statutory_rows(2026), {2026})


def link(label: str, icon: str, count: int = 0, *, hot: bool = False, active: bool = False) -> dict[str, Any]:
    return {"label": label, "url": "/list", "icon": icon, "count": count, "hot": hot, "active": active}


SHELL: dict[str, Any] = {
    "name": "渠道沟通平台",
    "home_url": "/list",
    "search_url": "/list",
    "password_days": 5,
    "password_url": "/form",
    "unread": 3,
    "alerts_url": "/list",
    "bell_url": "/bell",
    "account_url": "/form",
    "sessions_url": "/list",
    "sign_out_url": "/out",
    "theme": "auto",
    "person": {"name": "周敏", "unit": "客户服务部", "role": "信息员", "hq": True},
    "nav": [
        {"title": "", "items": [link("工作台", "dashboard", 4), link("反馈单", "messages", 3, hot=True, active=True)]},
        {"title": "监督", "items": [link("监督台", "gauge"), link("未闭环", "loop", 18)]},
    ],
    "tabs": [link("工作台", "dashboard"), link("反馈单", "messages", 3, hot=True, active=True), link("我的", "user")],
}


class Form(forms.Form):
    """One field of each kind that a page has."""

    kind = forms.ChoiceField(
        label="答复方式", choices=[("resolved", "已解决"), ("plan", "方案 + 期限")], widget=forms.RadioSelect
    )
    unit = forms.ChoiceField(
        label="责任方",
        choices=[("", "输入单位名称"), ("1", "客户服务部"), ("2", "研究所"), ("3", "质量管理部")],
        widget=forms.Select(attrs={"data-typeahead": ""}),
    )
    text = forms.CharField(label="方案", widget=forms.Textarea, help_text="写清做什么、谁来做、怎样算完成。")
    day = forms.DateField(label="承诺完成日", widget=forms.DateInput(attrs={"type": "date"}))
    copied = forms.BooleanField(label="抄送企发部", required=False)
    files = forms.FileField(label="附件", required=False)
    password = forms.CharField(
        label="密码", required=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class Filter(forms.Form):
    q = forms.CharField(label="关键词", required=False)
    state = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), ("open", "待答复")])


ROW = """<tr class="row-late"><td class="lead"><a href="/detail">VPN 网关升级到 3.2 后，两家银行客户的隧道每天凌晨断开</a>
<small>FB-2026-0508-017 · 问题 · 重大</small></td><td data-label="提出方">鲁东代理商</td><td>{% chip "hand" "待答复" %}</td>
<td class="num side">{% left due %}</td></tr>"""

PAGES = {
    "list": """{% extends "layouts/list.html" %}{% block title %}反馈单{% endblock %}{% block heading %}反馈单{% endblock %}
{% block table %}<table class="rows"><thead><tr>{% sort_header "title" "反馈单" %}<th scope="col">提出方</th><th scope="col">状态</th>
{% sort_header "due" "期限" "num" %}</tr></thead><tbody>"""
    + ROW * 3
    + """</tbody></table>{% endblock %}""",
    "form": """{% extends "layouts/form.html" %}{% block title %}提反馈{% endblock %}{% block heading %}提反馈{% endblock %}
{% block help %}<section class="box"><header><h2>谁来答复</h2></header><div class="in"><p>不确定时选企发部。</p></div></section>{% endblock %}
{% block form %}{{ block.super }}<hr><form method="post" action="/withdraw" data-confirm="将撤回反馈单。">{% csrf_token %}
<button class="btn btn-danger" type="submit">撤回</button></form>{% endblock %}""",
    "detail": """{% extends "layouts/detail.html" %}{% block title %}FB-1{% endblock %}
{% block crumbs %}<li><a href="/list">反馈单</a></li><li>FB-1</li>{% endblock %}
{% block top %}<h1 class="title-line">VPN 网关</h1>{% endblock %}{% block clock %}{% clock view %}{% endblock %}
{% block main %}<section class="box"><header><h2>经过</h2></header><div class="in">{% include "parts/_timeline.html" %}</div></section>
{% include "parts/_todo.html" with title="正式答复" submit="提交" %}{% endblock %}
{% block side %}<section class="box"><header><h2>到期之后</h2></header><div class="in">{% include "parts/_kv.html" %}</div></section>{% endblock %}""",
    "figures": """{% extends "base.html" %}{% block title %}监督台{% endblock %}{% block heading %}监督台{% endblock %}{% block content %}
<div class="stack"><div class="tiles">{% include "parts/_tile.html" with label="超期" value=7 tone="late" url="/list" %}</div>
<section class="box"><header><h2>按时答复率</h2></header><div class="in"><div class="rates"><span>研究所</span>{% bar 92 95 %}<b>92%</b></div>
{% chart "trend" chart %}</div></section>{% include "parts/_steps.html" %}
{% include "parts/_progress.html" with url="/job" title="导入单位" done=34 total=120 %}</div>{% endblock %}""",
    "door": """{% extends "layouts/welcome.html" %}{% block title %}登录{% endblock %}{% block heading %}登录{% endblock %}
{% block content %}<form method="post">{% csrf_token %}<button class="btn btn-primary btn-wide" type="submit">登录</button></form>{% endblock %}""",
    "public": """{% extends "base_public.html" %}{% block title %}注册{% endblock %}{% block heading %}注册{% endblock %}{% block content %}<p>…</p>{% endblock %}""",
    "403": "",
}  # fmt: skip


def context(name: str, address: str = "/") -> dict[str, Any]:
    entry = {"who": "王晓峰", "did": "提出", "at": NOW - timedelta(days=4), "text": "升级后日志显示 03:00 重协商失败。"}
    return {
        "shell": SHELL,
        "now": NOW,
        "request": RequestFactory().get(address),
        "due": NOW + timedelta(hours=3, minutes=20, seconds=40),
        "rows": Paginator(range(50), 20).page(1),
        "total": 50,
        "filter": {"form": Filter()},
        "export_url": "?format=xlsx",
        "form": Form() if name == "detail" else Form({"kind": "plan"}),
        "draft": "/draft",
        "view": {
            "what": "正式答复",
            "due_at": NOW + timedelta(hours=3, minutes=20),
            "started_at": NOW - timedelta(days=4),
            "explanation": CALENDAR.explain(date(2026, 5, 8), 3),
            "sentence": "重大问题：第三个工作日。",
        },
        "entries": [entry, {**entry, "who": "系统", "icon": "bell-ring", "tone": "due", "did": "提醒"}],
        "pairs": [("今天 18:00", "升级至 陈立（负责人）")],
        "steps": [{"label": "提出", "state": "past"}, {"label": "答复", "state": "now"}],
        "chart": {
            "title": "趋势",
            "kind": "line",
            "unit": "%",
            "labels": ["9 周", "10 周"],
            "series": [{"name": "率", "data": [88, 90]}],
        },
        "exception": "只有责任方可以答复。",
    }


def draw(name: str, language: str = "zh-hans", address: str = "/") -> str:
    """The HTML of one of PAGES."""
    engine = engines["django"]
    template = engine.from_string(PAGES[name]) if PAGES[name] else engine.get_template(f"{name}.html")
    with translation.override(language):
        values = context(name, address)
        return str(template.template.render(make_context(values, values["request"])))  # type: ignore[attr-defined]
