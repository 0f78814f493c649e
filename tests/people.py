"""The cast everybody knows: one company, its people named after their part. Fixture `cast`; or `cast()` where no fixture reaches.

    企发部 supervises and reviews HQ · 总裁办 is company management · 营销中心 → 企业市场部, 政府市场部 review channels
    沈阳分公司 is managed by 政府市场部; 鲁东代理商 and 川南代理商 by 企业市场部

Everyone has a fresh password (`PASSWORD`) and signed the agreement, so `client.force_login(cast.kefu_head)` opens every page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.models import Agreement, Signature, Unit, UnitFunction, User
from accounts.workflow import units
from channelportal.core import stamps
from channelportal.core.clock import now
from channelportal.lib.names import sort_key

PASSWORD = "Kaoshan-Tun-2026!"

# key, code, name, kind, key of the parent, key of the managing department, region, what it handles, functions
UNITS = [
    ("office", "ZCB", "总裁办", "hq", "", "", "", "公司重大事项", ["management"]),
    ("qifa", "QFB", "企发部", "hq", "office", "", "", "渠道信息沟通的归口管理", ["supervising", "registrar_hq"]),
    ("center", "YXZX", "营销中心", "hq", "office", "", "", "渠道管理", ["channel_management"]),
    ("kefu", "KFB", "客户服务部", "hq", "office", "", "", "售后服务、客户投诉", []),
    ("dev", "KFAB", "开发部", "hq", "office", "", "", "产品开发", []),
    ("lab", "YJS", "研究所", "hq", "office", "", "", "新产品研究", []),
    ("quality", "ZGB", "质量管理部", "hq", "office", "", "", "产品质量问题", []),
    ("hr", "RSB", "人事部", "hq", "office", "", "", "人员变动", ["personnel"]),
    ("market", "QYSC", "企业市场部", "hq", "center", "", "", "代理商管理", ["registrar_channels"]),
    ("gov", "ZFSC", "政府市场部", "hq", "center", "", "", "分公司管理", ["registrar_channels"]),
    ("shenyang", "SY", "沈阳分公司", "branch", "", "gov", "东北", "", []),
    ("ludong", "LD", "鲁东代理商", "agent", "", "market", "华东", "", []),
    ("chuannan", "CN", "川南代理商", "agent", "", "market", "西南", "", []),
]

# key, name, key of the unit, role, position
PEOPLE = [
    ("office_head", "赵总办", "office", "head", "总裁办主任"),
    ("qifa_head", "陈企发", "qifa", "head", "企发部部长"),
    ("qifa_officer", "吴督办", "qifa", "officer", "督办员"),
    ("qifa_member", "企发员工", "qifa", "member", "督办员"),
    ("center_head", "郑中心", "center", "head", "营销中心总监"),
    ("market_head", "钱企市", "market", "head", "企业市场部经理"),
    ("market_officer", "企市员", "market", "officer", "渠道专员"),
    ("market_member", "企市员工", "market", "member", "渠道专员"),
    ("gov_head", "孙政市", "gov", "head", "政府市场部经理"),
    ("gov_officer", "政市员", "gov", "officer", "渠道专员"),
    ("kefu_head", "周主管", "kefu", "head", "客户服务部经理"),
    ("kefu_deputy", "客服副", "kefu", "deputy", "客户服务部副经理"),
    ("kefu_officer", "客服员", "kefu", "officer", "客服专员"),
    ("kefu_member", "客服", "kefu", "member", "客服"),
    ("dev_head", "冯开发", "dev", "head", "开发部经理"),
    ("dev_officer", "开发员", "dev", "officer", "开发工程师"),
    ("lab_head", "褚研究", "lab", "head", "研究所所长"),
    ("lab_officer", "研究员", "lab", "officer", "研究员"),
    ("quality_head", "卫质管", "quality", "head", "质量管理部经理"),
    ("quality_officer", "质管员", "quality", "officer", "质量工程师"),
    ("hr_head", "蒋人事", "hr", "head", "人事部经理"),
    ("hr_officer", "人事员", "hr", "officer", "人事专员"),
    ("shenyang_head", "王分", "shenyang", "head", "分公司经理"),
    ("shenyang_officer", "分公司信息员", "shenyang", "officer", "内勤"),
    ("shenyang_member", "分公司员工", "shenyang", "member", "业务员"),
    ("ludong_head", "李代理", "ludong", "head", "总经理"),
    ("ludong_officer", "代理信息员", "ludong", "officer", "内勤"),
    ("ludong_member", "代理员工", "ludong", "member", "业务员"),
    ("chuannan_head", "张代理", "chuannan", "head", "总经理"),
    ("chuannan_officer", "川南信息员", "chuannan", "officer", "内勤"),
    ("chuannan_member", "川南员工", "chuannan", "member", "业务员"),
]
ADMINISTRATORS = [
    ("system_admin", "系统管理员", "system"),
    ("security_admin", "安全管理员", "security"),
    ("audit_admin", "审计管理员", "audit"),
]


class Cast(SimpleNamespace):
    """`cast.kefu` is a unit, `cast.kefu_head` a person; `cast.units` and `cast.people` hold all by key."""

    units: dict[str, Unit]
    people: dict[str, User]


def cast(at: datetime | None = None) -> Cast:
    """Build the organisation in the open database, in about fifteen queries."""
    at = at or now()
    built = _units(at)
    people = _people(built, at)
    return Cast(units=built, people=people, **built, **people)


def _units(at: datetime) -> dict[str, Unit]:
    built: dict[str, Unit] = {}
    left = list(UNITS)
    while left:  # a level of the tree at a time: a unit needs its parent's and manager's number
        ready = [row for row in left if {row[4], row[5]} - {""} <= built.keys()]
        groups = Group.objects.bulk_create(Group(name=f"unit-of-the-cast-{row[1]}") for row in ready)
        level = Unit.objects.bulk_create(
            Unit(
                code=code, name=name, kind=kind, pinyin=sort_key(name), parent=built.get(parent), manager=built.get(manager),
                region=region, handles=handles, phone="0531-8888000", group=group, created_at=at,
            )
            for (_key, code, name, kind, parent, manager, region, handles, _functions), group in zip(ready, groups, strict=True)
        )  # fmt: skip
        built |= {row[0]: unit for row, unit in zip(ready, level, strict=True)}
        left = [row for row in left if row not in ready]
    UnitFunction.objects.bulk_create(
        UnitFunction(unit=built[row[0]], function=name) for row in UNITS for name in row[8]
    )
    units.grant(built.values())
    stamps.bump("units")
    return {row[0]: built[row[0]] for row in UNITS}


def _people(built: dict[str, Unit], at: datetime) -> dict[str, User]:
    common = {"password": make_password(PASSWORD), "password_changed_at": at, "created_at": at}
    rows = [
        User(
            username=key.replace("_", "."), name=name, pinyin=sort_key(name, 120), email=f"{key.replace('_', '.')}@example.com",
            phone=f"138{number:08}", unit=built[unit], role=role, position=position, **common,
        )
        for number, (key, name, unit, role, position) in enumerate(PEOPLE, start=1)
    ]  # fmt: skip
    rows += [
        User(
            username=key.replace("_", "."),
            name=name,
            pinyin=sort_key(name, 120),
            email=f"{role}@example.com",
            admin_role=role,
            **common,
        )
        for key, name, role in ADMINISTRATORS
    ]
    rows = User.objects.bulk_create(rows)
    membership = User.groups.through
    membership.objects.bulk_create(
        membership(user_id=user.pk, group_id=user.unit.group_id) for user in rows if user.unit
    )
    agreement = Agreement.objects.first() or _agreement()
    Signature.objects.bulk_create(Signature(agreement=agreement, user=user, name=user.name, at=at) for user in rows)
    return dict(zip([row[0] for row in [*PEOPLE, *ADMINISTRATORS]], rows, strict=True))


def _agreement() -> Agreement:
    return Agreement.objects.create(version=1, text_zh="保密协议", in_force_from=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.fixture(name="cast")
def cast_fixture(db: None) -> Cast:
    return cast()
