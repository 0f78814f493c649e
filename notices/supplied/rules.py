"""The regulation that the portal carries out, in its own words, so that everyone can read from the first day what counts."""

# ruff: noqa: E501  (a text)
from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

CODE: Final = "QD-GT-01"
NAME: Final = "公司渠道信息沟通管理办法（平台执行要点）"
IN_FORCE: Final = date(2026, 1, 1)
CHAPTERS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("适用范围", ("总部各职能部门与分公司、代理商（合称“渠道”）之间的信息沟通，统一在渠道信息沟通管理平台上进行。电话、传真、公文、邮件、来访等其他途径的事项，由信息员补录到平台，按同样的时限办理。",)),
    ("职责", ("企发部归口管理：监督答复和闭环，督促、通报，组织总结和考评。", "各单位负责人对本单位发布信息的严肃性和正确性负责；兼职信息员负责信息的收集、发布和接收。")),
    ("账号与密码", ("账号由本人注册，渠道人员由企业市场部或政府市场部审核，总部人员由企发部审核，审核通过后发放一次性密码。", "密码每月变更一次；人员变动应及时反馈，登录权限随之更新。")),
    ("反馈与答复", ("一般问题应在收到后的第一个工作日内答复，重大问题三个工作日内答复；能解决的，答复同时解决；不能立即解决的，答复解决方案和期限，并保证按期完成。", "逾期未答复的，先提醒责任方负责人，再向其主管汇报。企发部跟踪到闭环为止。")),
    ("通知的发布", ("各单位发布的信息由信息员起草，经本单位负责人审批；超出本单位范围的，由渠道管理部门核对政策、法律和敏感内容；涉及重大决策、重大项目或机密内容的，由公司管理者审批。", "政策调整须提前说明原因、影响和生效时间。发布的信息有误的，及时更正并保留原文。")),
    ("接收与确认", ("要求确认的通知，接收人应在规定期限内确认。各单位可以申请接收需要的信息种类，由归口单位批准。",)),
    ("保密", ("接触平台信息的人员须先签署保密协议。机密内容只能在平台内阅读，下载留有记录，并带有下载人的水印。",)),
    ("总结与考评", ("企发部和营销中心定期总结各单位的沟通质量，提交公司管理者，作为部门业绩考核和代理商评价的依据。",)),
    ("附则", ("本办法由企发部解释，每年修订一次。对本办法有疑问的，可以在本页直接提问。",)),
)  # fmt: skip


def supply(apps: Any) -> None:
    """The first regulation, unless there is one of that code."""
    rule_model, version_model = apps.get_model("notices", "Rule"), apps.get_model("notices", "RuleVersion")
    rule, made = rule_model.objects.get_or_create(code=CODE, defaults={"name": NAME})
    if made:
        moment = datetime(IN_FORCE.year, IN_FORCE.month, IN_FORCE.day, tzinfo=UTC)
        version_model.objects.create(
            rule=rule, number=1, state="approved", body=body(), in_force_from=IN_FORCE, drafted_at=moment, approved_at=moment
        )  # fmt: skip


def body() -> str:
    numerals = "一二三四五六七八九十"
    return "".join(
        f"<h2>{numerals[number]}、{title}</h2>" + "".join(f"<p>{line}</p>" for line in lines)
        for number, (title, lines) in enumerate(CHAPTERS)
    )
