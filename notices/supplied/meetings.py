"""The kinds of meetings that the rules name (001 五(一)(二), 二(二)1; 003 渠道部规章 四; 004 二(三)1), with their frequency."""

from __future__ import annotations

from typing import Any, Final

# code, Chinese, English, times, period, per, who must take part, invited ahead, minutes within, at any time
KINDS: Final[tuple[tuple[Any, ...], ...]] = (
    (
        "annual", "渠道合作伙伴大会", "Annual partner conference", 1, "year", "company",
        {"channels": "all", "roles": ["head", "deputy"]}, 20, 5, False,
    ),
    ("quarterly", "季度沟通会", "Quarterly meeting with a channel", 1, "quarter", "channel", {}, 5, 3, False),
    ("monthly", "月度工作会", "Monthly working meeting", 1, "month", "manager", {}, 3, 3, False),
    ("weekly", "部门周例会", "Weekly meeting of a department", 1, "none", "manager", {}, 1, 2, False),
    ("topic", "新品／专题会议", "Meeting on a product or topic", 1, "none", "company", {}, 2, 3, False),
    ("urgent", "紧急会议", "Urgent meeting", 1, "none", "company", {}, 0, 1, True),
)  # fmt: skip
FIELDS: Final = (
    "name_zh", "name_en", "times", "period", "per", "audience", "notice_days", "minutes_days", "any_time",
)  # fmt: skip


def supply(apps: Any) -> None:
    """Rows that are missing are added; those that are there stay as they were edited."""
    kinds = apps.get_model("notices", "MeetingKind").objects
    for order, (code, *values) in enumerate(KINDS, start=1):
        defaults = dict(zip(FIELDS, values, strict=True)) | {"order": order * 10}
        kinds.get_or_create(code=code, defaults=defaults)
