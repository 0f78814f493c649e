"""The kinds that a new installation starts with (000 4.3.1; 001 三(一)(二)). 企发部 edits them at /notices/kinds/."""
# ruff: noqa: E501 (the table reads best with a kind in two lines)

from __future__ import annotations

from typing import Any, Final

POLICY_HINT_EN = "Says why, what it affects and from when, ahead of time."

# code, Chinese and English name, Chinese and English hint, what differs from the defaults of the model
KINDS: Final[tuple[tuple[str, str, str, str, str, dict[str, Any]], ...]] = (
    ("market_policy", "市场政策", "Market policy", "市场范围、授权、渠道管理方面的政策", f"Markets, authorisation, management of channels. {POLICY_HINT_EN}",
     {"policy": True, "lead_days": 5, "acknowledge": True}),
    ("sales_policy", "销售政策", "Sales policy", "价格、返利、促销、结算方面的政策", f"Prices, rebates, promotions, settlement. {POLICY_HINT_EN}",
     {"policy": True, "lead_days": 5, "acknowledge": True}),
    ("product_policy", "产品政策", "Product policy", "产品供应、停产、售后保修方面的政策", f"Supply, discontinuation, warranty of products. {POLICY_HINT_EN}",
     {"policy": True, "lead_days": 5, "acknowledge": True}),
    ("product_info", "产品信息", "Product information", "产品参数、资料、使用说明的更新", "Data sheets, documents and instructions that have changed.", {}),
    ("launch", "新品上市", "Launch", "新产品上市时间、卖点和配套资料", "A new product: when it comes, what it offers, its documents.",
     {"acknowledge": True, "acknowledge_days": 3, "valid_days": 180}),
    ("experience", "经验交流", "Experience", "值得其他渠道借鉴的做法和案例", "What worked, for others to learn from.",
     {"writers": "all", "valid_days": 365}),
    ("meeting", "会议通知", "Meeting notice", "会议时间、地点、议程和参会要求", "Time, place, agenda and who takes part.",
     {"writers": "all", "sort": "administrative", "acknowledge": True, "acknowledge_days": 1, "valid_days": 30, "subscribable": False}),
    ("rules", "管理制度", "Regulations", "管理办法、制度和流程的发布与修订", "Regulations and procedures, new or changed.",
     {"owner": True, "sort": "administrative", "acknowledge": True, "acknowledge_days": 3}),
    ("maintenance", "平台维护", "Maintenance", "平台停机、升级和功能变化", "The portal is down, upgraded or changed.",
     {"owner": True, "sort": "administrative", "valid_days": 14, "subscribable": False}),
    ("bulletin", "通报", "Bulletin", "表彰、批评、考核结果等情况通报", "Praise, criticism, results of appraisals.",
     {"sort": "administrative", "valid_days": 180}),
)  # fmt: skip


def supply(apps: Any) -> None:
    """Rows that are missing are added; those that are there stay as they were edited."""
    kinds, functions = apps.get_model("notices", "NoticeKind"), apps.get_model("accounts", "UnitFunction")
    supervising = functions.objects.filter(function="supervising").values_list("unit_id", flat=True).first()
    there = set(kinds.objects.values_list("code", flat=True))
    for place, (code, zh, en, hint_zh, hint_en, given) in enumerate(KINDS, start=1):
        if code in there:
            continue
        facts = {name: value for name, value in given.items() if name != "owner"}
        owner = supervising if given.get("owner") else None  # None stands for 企发部 too
        kinds.objects.create(
            code=code,
            name_zh=zh,
            name_en=en,
            hint_zh=hint_zh,
            hint_en=hint_en,
            owner_id=owner,
            order=place * 10,
            **facts,
        )
