"""Notices as the demo's departments and channels write them. All made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True)
class Words:
    """A notice: its kind, who writes it ("unit", role), the text, and what differs from the kind's defaults."""

    kind: str
    by: str
    title: str
    body: str
    to: str = "channels"
    """Key of `notices.AUDIENCES`."""
    role: str = "officer"
    more: dict[str, Any] = field(default_factory=dict)


def text(*paragraphs: str, points: tuple[str, ...] = (), rows: tuple[tuple[str, ...], ...] = ()) -> str:
    """HTML: paragraphs, then points, then a table whose first row is its head."""
    html = "".join(f"<p>{one}</p>" for one in paragraphs)
    if points:
        html += "<ol>" + "".join(f"<li>{one}</li>" for one in points) + "</ol>"
    if rows:
        head, *rest = rows
        html += "<table><thead><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr></thead><tbody>"
        html += "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rest)
        html += "</tbody></table>"
    return html


# working days before the demo's today → what was published then, in the ordinary way
PUBLISHED: Final[tuple[tuple[int, Words], ...]] = (
    (58, Words("market_policy", "market", "关于渠道区域划分调整的通知", text(
        "为减少跨区竞争，自生效之日起按新的区域划分开展业务。", "在谈项目以报备日期为准，已报备的不受影响。",
        rows=(("区域", "主管部门", "主要变化"), ("华东", "企业市场部", "苏北、皖北单列"), ("西南", "企业市场部", "川北、川南分设"), ("华中", "企业市场部", "鄂西并入华中")),
    ), more={"reason": "去年跨区投标 17 起，影响渠道之间的信任和报价秩序。", "impact": "涉及华东、西南、华中的代理商；已报备项目不受影响。", "effective": 10})),
    (55, Words("product_info", "dev", "AuthOne 2.4 管理员手册更新", text(
        "AuthOne 2.4 管理员手册已更新到第 3 版，主要变化如下。", points=("增加双机热备的部署章节。", "授权导入步骤按新版工具重写。", "常见故障由 21 条增加到 34 条。"),
    ))),
    (52, Words("bulletin", "qifa", "{month}渠道沟通情况通报", text(
        "本期各部门按时答复率 91%，承诺兑现率 88%，较上期略有提高。", "备件类反馈超期较多，客户服务部已制定改进措施，下期通报落实情况。",
    ), to="all")),
    (49, Words("sales_policy", "market", "下季度返利政策", text(
        "下季度返利按下表执行，季度末统一核算，次月 10 日前发出对账单。",
        rows=(("季度回款", "返利比例"), ("100 万元以下", "2%"), ("100 万～300 万元", "3.5%"), ("300 万元以上", "5%")),
    ), to="agents", more={"reason": "鼓励季度均衡回款，减少季末压货。", "impact": "涉及全部代理商；分公司不适用。", "effective": 8, "unit_answers": True, "importance": "important"})),
    (46, Words("experience", "沈阳", "一家三甲医院项目的交付经验", text(
        "项目从下单到验收共 26 天，比合同提前 9 天，做法供各渠道参考。",
        points=("到货前完成预配置，现场只做联调。", "按楼层分批割接，每批不超过两小时。", "与客户信息科每天开十分钟碰头会，问题当天定责任人。"),
    ))),
    (43, Words("product_policy", "quality", "关于 GW-1200 停止供货和保修安排的通知", text(
        "GW-1200 自生效之日起停止接受新订单，库存销完为止。", "已售设备按合同继续保修，备件供应期为停产后五年；扩容建议选用 GW-3200。",
    ), more={"reason": "主要芯片停产，无法保证后续供货质量。", "impact": "涉及在谈 GW-1200 项目的渠道，请于生效前确认订单。", "effective": 12, "major": True})),
    (40, Words("launch", "lab", "EdgeBox 120 上市通知", text(
        "EdgeBox 120 面向连锁门店和营业网点，即日起接受订单，首批货期三周。",
        points=("一台设备替代原路由、网关、无线三台设备。", "支持批量开通，单店部署不超过 30 分钟。", "首批订单享受样机政策，见企业市场部通知。"),
    ), more={"importance": "important"})),
    (37, Words("rules", "qifa", "关于规范反馈单标题和附件的要求", text(
        "近期部分反馈单标题过于笼统，影响分派。请各单位信息员把关。", points=("标题写明客户类型、产品型号和现象。", "附件写清序列号，日志与照片分开上传。", "一单一事，多个问题分开提交。"),
    ), to="all")),
    (21, Words("maintenance", "qifa", "平台停机维护通知", text("本周六 22:00 至次日 2:00 平台升级，期间无法登录。未提交的内容请提前保存，时限不受影响。"), to="all", more={"valid": 4})),
    (31, Words("experience", "川南", "用季度巡检带动续保的做法", text(
        "我司今年续保率由 61% 提高到 84%，主要做法是把季度巡检报告讲给客户听。", points=("巡检报告附三条整改建议和优先级。", "报告由售后经理当面讲解，不只是发邮件。", "到期前 60 天发出续保方案。"),
    ), role="head")),
    (28, Words("meeting", "market", "年度渠道合作伙伴大会参会须知", text(
        "大会的时间、地点、议程以平台会议邀请为准，本通知说明报到和材料要求。", points=("每家单位负责人参加，可带一名业务骨干。", "请于会前三天提交本单位年度小结。", "住宿统一安排，特殊饮食请提前说明。"),
    ), to="channel_heads")),
    (26, Words("product_info", "dev", "LogVault 6 离线升级包发布", text(
        "针对县区网络条件差的情况，LogVault 6 提供离线升级包，可分卷下载。", "升级前请备份配置；从 5.x 升级的，先升级到 5.9。",
    ))),
    (23, Words("market_policy", "gov", "政务项目授权函办理办法", text(
        "为缩短投标准备时间，授权函改为线上申请、电子用印。", points=("投标截止前三个工作日以上提出的，当天办结。", "不足三个工作日的，须说明原因并由负责人签批。", "授权函有效期统一为 90 天。"),
    ), more={"reason": "去年因授权函延误影响投标 6 次。", "impact": "涉及全部分公司和承接政务项目的代理商。", "effective": 7})),
    (20, Words("bulletin", "qifa", "{month}渠道沟通情况通报", text(
        "本期按时答复率 93%，满意度 4.4 分。开发部授权类问题重开三次，已要求说明原因。", "鲁东代理商、沈阳分公司信息上报及时准确，予以表扬。",
    ), to="all", more={"level": "internal"})),
    (17, Words("launch", "lab", "GW-5600 国密版上市通知", text(
        "GW-5600 国密版已取得相关检测证书，即日起接受订单。", "吞吐和并发数据见附表，测试报告可向研究所索取。",
        rows=(("项目", "标准版", "国密版"), ("吞吐", "20 Gbps", "16 Gbps"), ("并发连接", "800 万", "800 万")),
    ), more={"importance": "important"})),
    (14, Words("rules", "qifa", "关于执行新版渠道信息沟通管理办法的通知", text(
        "管理办法第二版已经公布，主要变化是明确了会议纪要的时限和电话沟通的补录要求。", "全文见“管理办法”页面，对条文有疑问的，可以在该页直接提问。",
    ), to="all", more={"unit_answers": True})),
    (11, Words("product_info", "quality", "GW-3200 包装升级说明", text("自本月发货起，GW-3200 改用五层加厚纸箱并增加护角。外箱尺寸略有变化，请通知收货人。"))),
    (8, Words("sales_policy", "market", "样机支持政策", text(
        "渠道申请样机按下列规则办理。", points=("每家渠道同时在用样机不超过 3 台。", "样机转销售的，按协议价再优惠 5%。", "逾期不还的，从返利中扣除占用费。"),
    ), to="east", more={"reason": "新品上市后样机需求集中，原政策一年一调，跟不上。", "impact": "先在华东试行，效果好再推广。", "effective": 7})),
    (6, Words("experience", "广州", "联合本地协会办安全沙龙的经验", text("三场沙龙共到场 140 人，带来 11 条有效线索。关键是邀请一位客户讲自己的案例，厂商只讲十分钟。"))),
    (4, Words("launch", "lab", "SecMail 3 试用计划", text(
        "SecMail 3 开放渠道试用，名额 20 个，试用期一个月。", points=("由渠道信息员在平台提交“申请”类反馈，写明客户和联系人。", "试用结束一周内提交试用报告。", "报告被采纳的，优先供货。"),
    ))),
    (3, Words("product_info", "dev", "授权工具 2.1 发布", text("授权工具 2.1 修复了扩容后授权文件“格式不正确”的问题，请删除旧版工具，从资料库重新下载。"))),
    (2, Words("market_policy", "market", "项目报备有效期调整的通知", text(
        "项目报备有效期由三个月调整为四个月，到期前可以续报一次。", "同一项目多家报备的，以首先报备且材料齐全的为准。",
    ), more={"reason": "政企项目周期普遍超过三个月，频繁续报加重渠道负担。", "impact": "涉及全部渠道；现有报备自动顺延一个月。", "effective": 8, "importance": "important"})),
)  # fmt: skip

URGENT: Final = Words("product_policy", "quality", "关于暂停安装 GW-3200 固件 4.1.7 的紧急通知", text(
    "固件 4.1.7 在主备切换时可能导致配置丢失，请立即暂停安装；已经安装的，按以下步骤处理。",
    points=("导出当前配置并离线保存。", "暂不做主备切换演练。", "等待 4.1.8 版本，预计两个工作日内发布。"),
), more={"reason": "实验室复现了主备切换后配置丢失的问题。", "impact": "涉及近一个月内升级过 GW-3200 的客户。", "effective": 0, "urgency": "urgent", "importance": "important"})  # fmt: skip

RETURNED: Final = Words("sales_policy", "market", "年度返利政策（征求意见后）", text(
    "明年返利比例整体提高 0.5 个百分点，超额部分另行奖励。", "返利以货款抵扣方式兑现，不支付现金。", "未完成年度任务 60% 的渠道不享受本政策。",
), to="agents", more={"reason": "支持渠道扩大投入。", "impact": "涉及全部代理商。", "effective": 15})  # fmt: skip

AT_HEAD: Final = Words(
    "product_info",
    "kefu",
    "售后服务热线增加排队回拨",
    text("热线高峰排队超过两分钟时，系统将自动提示回拨，客户无需等候。请告知贵司客户。"),
)
AT_CHECK: Final = Words(
    "experience",
    "西安",
    "高校集采项目投标经验",
    text("今年参与高校集采 9 次，中标 4 次。评分中售后方案占 15 分，建议附本地服务站照片和备件清单。"),
)
AT_MANAGEMENT: Final = Words("market_policy", "market", "关于代理商分级管理的通知", text(
    "自明年起，代理商按业绩、推广、服务、守约、团队五个方面分为 A、B、C 三级，享受不同的支持政策。", rows=(("级别", "样机", "账期"), ("A", "5 台", "60 天"), ("B", "3 台", "30 天"), ("C", "1 台", "款到发货")),
), more={"reason": "现行政策一刀切，优秀代理商得不到应有支持。", "impact": "涉及全部代理商的账期和样机额度。", "effective": 20, "major": True})  # fmt: skip
SCHEDULED: Final = Words(
    "launch",
    "lab",
    "LogVault 7 上市预告",
    text("LogVault 7 将于下月上市，支持分布式存储和秒级检索。预告资料随通知发布，正式报价另行通知。"),
)
WRONG: Final = Words(
    "product_info",
    "dev",
    "EdgeBox 120 供电参数说明",
    text("EdgeBox 120 采用 12 V／2 A 直流供电，最大功耗 24 W。现场请使用随机适配器，不要混用。"),
    more={"acknowledge": True},
)
WRONG_NOW: Final = text("EdgeBox 120 采用 12 V／5 A 直流供电，最大功耗 60 W。现场请使用随机适配器，不要混用。")
MOVED: Final = Words(
    "meeting",
    "kefu",
    "服务工程师认证考试安排",
    text("认证考试定于本月最后一个星期六上午在总部培训教室举行，请已报名的工程师按时参加。"),
    more={"acknowledge": False},
)
MOVED_NOW: Final = text(
    "认证考试定于下月第一个星期六上午在总部培训教室举行，同时开通线上考场。已报名的工程师无需重新报名。"
)
WITHDRAWN: Final = Words(
    "sales_policy",
    "market",
    "促销特价清单",
    text("促销期间 GW-1200、EdgeBox 120 按清单特价供应，每家限 10 台。"),
    more={"reason": "配合秋季推广。", "impact": "涉及全部代理商。", "effective": 6},
    to="agents",
)
CONFIDENTIAL: Final = Words("sales_policy", "market", "明年渠道供货价格（机密）", text(
    "明年渠道供货价格见附件，仅限接收人本人阅读，不得转发、截图。", "对外报价仍按公开价执行，签约前请与企业市场部核对。",
), to="a_heads", more={"reason": "成本变化，年度价格例行调整。", "impact": "仅限 A 级渠道负责人。", "effective": 16, "level": "confidential"})  # fmt: skip
IN_HAND: Final = Words(
    "product_info",
    "quality",
    "GW-5600 现场验收检查表",
    text(
        "验收时逐项核对下列检查表，双方签字后拍照上传到反馈单。",
        points=("外观和序列号", "双电源切换", "主备切换三次", "日志时间同步"),
    ),
)
CANCELLED: Final = Words(
    "bulletin",
    "center",
    "关于开展渠道满意度问卷的通知",
    text("拟于下月开展渠道满意度问卷，请各渠道安排一名负责人填写。"),
)
DRAFTS: Final = (
    Words("bulletin", "qifa", "本月渠道沟通情况通报（草稿）", text("本期按时答复率、承诺兑现率待月底统计后填写。"), to="all"),
    Words("experience", "鲁东", "水务集团项目的运维交接经验", text("验收前两周让客户管理员跟班操作，交接后第一个月的报修比以往少一半。")),
    Words("product_info", "kefu", "备件寄送时间说明", text("西部地区备件由西安库发出，次日达；其余地区由中心仓发出。")),
)  # fmt: skip

VISIT: Final = Words("market_policy", "market", "与华中代理商沟通区域重划", text("华中三省区域重划后，客户归属需要逐家说明，听取意见。"), to="middle", more={
    "purpose": "逐家走访华中代理商，说明区域重划后的客户归属，听取意见。", "means": ["visit", "phone"], "reason": "区域重划涉及客户归属。", "impact": "华中四家代理商。", "effective": 15,
})  # fmt: skip
VISITED: Final = Words("product_policy", "kefu", "电话说明 GW-1200 备件替代方案", text("向仍在使用 GW-1200 的渠道逐家电话说明备件替代方案。"), to="agents", more={
    "purpose": "停产后备件替代方案需要逐家确认，避免误订。", "means": ["phone"], "reason": "GW-1200 停产。", "impact": "仍有存量的代理商。", "effective": 20,
})  # fmt: skip
VISITED_TEXT: Final = "三天内电话沟通 24 家，22 家接受替代方案；两家要求书面承诺供货年限，已转质量管理部办理。"
BOTH: Final = Words("experience", "center", "渠道经验交流活动", text("拟在平台发布经验材料，并在月度工作会上请两家渠道现场介绍。"), more={
    "purpose": "推广交付和续保两方面的好做法。", "means": ["portal", "meeting"],
})  # fmt: skip

QUESTION: Final = "现有报备在新办法生效前一天到期的，是否也自动顺延一个月？"
QUESTION_ANSWER: Final = "可以。生效日前十个工作日内到期的报备，统一顺延一个月，系统已批量处理，无需重新提交。"
QUESTION_OPEN: Final = "通知里的“在用样机”是否包括借给下级经销商的样机？我司有两台在经销商处。"
