"""What a new installation starts with: the kinds of F1 and F2, and the default ladder. 企发部 edits both afterwards."""

# ruff: noqa: E501  (a table of texts)
from __future__ import annotations

from typing import Any, NamedTuple

from feedback.ladder import DEFAULT_STEPS
from feedback.models import LadderStep, TicketKind


class _Kind(NamedTuple):
    code: str
    name_zh: str
    name_en: str
    way: str
    hint_zh: str
    hint_en: str
    complaint: bool = False
    fixed_route: bool = False


KINDS = (
    _Kind("problem", "问题", "Problem", "both", "工作中发现、需要对方解决的问题", "Something found in daily work that the other side should solve"),
    _Kind("request", "申请", "Request", "both", "需要对方同意或提供的事项", "Something the other side should agree to or provide"),
    _Kind("suggestion", "建议", "Suggestion", "both", "对产品、政策、服务、管理的改进建议", "How a product, policy, service or process could be better"),
    _Kind("complaint", "投诉", "Complaint", "both", "对产品、服务或工作的不满；可以保护投诉人", "What you are dissatisfied with; your name can be protected", complaint=True),
    _Kind("market", "市场运作", "Market operation", "up", "市场动态、竞争对手、价格、推广情况", "Market news, competitors, prices, promotion"),
    _Kind("project", "项目", "Project", "up", "项目线索、进展和需要的支持", "Leads and progress of projects, and the support they need"),
    _Kind("customer", "客户", "Customer", "up", "客户情况、需求和意见", "What customers are like, want and say"),
    _Kind("experience", "经验", "Experience", "up", "值得推广的做法和经验", "What worked well and deserves to be shared"),
    _Kind("product", "产品反馈", "Product feedback", "up", "产品使用中的质量、性能和适用性反馈", "Quality, performance and fitness of products in use"),
    _Kind(
        "answer_quality", "对答复的投诉", "Complaint about an answer", "up",
        "部门不答复、答复不及时或不解决问题，由企发部受理", "No answer, a late one, or one that solves nothing; the supervising department takes it",
        complaint=True, fixed_route=True,
    ),
    _Kind(
        "information_quality", "对渠道信息的投诉", "Complaint about a channel's information", "down",
        "渠道信息不实、不全、不及时，由企发部受理", "Wrong, incomplete or late information from a channel; the supervising department takes it",
        complaint=True, fixed_route=True,
    ),
    _Kind("question", "咨询", "Question", "both", "对通知、政策、管理办法的疑问", "Something unclear in a notice, a policy or a regulation"),
    _Kind("management", "管理意见", "Opinion on management", "both", "对公司管理的意见，由企发部汇总通报", "Opinions on how the company is run; the supervising department collects them", complaint=True),
)  # fmt: skip


def supply(*, kinds: Any = TicketKind, steps: Any = LadderStep) -> None:
    """Kinds and ladder, where there are none yet. Idempotent; called by the migration (with its own models) and by tests whose
    database was emptied."""
    for place, kind in enumerate(KINDS, start=1):
        values = {**kind._asdict(), "order": place * 10}
        kinds.objects.get_or_create(code=values.pop("code"), defaults=values)
    if steps.objects.exists():
        return
    steps.objects.bulk_create(
        steps(kind=str(step.obligation_kind), level=step.level, days=step.offset_days, time=step.at, tells=[str(one) for one in step.tells])
        for step in DEFAULT_STEPS
    )  # fmt: skip
