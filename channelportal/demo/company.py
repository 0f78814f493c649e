"""The demo's organisation: 10 HQ units, 8 branches, 24 agents, about 150 people with names made up by rule."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.models import Agreement, OldPassword, Signature, Unit, User
from accounts.workflow import units as unit_verbs
from channelportal.core import stamps
from channelportal.lib.names import sort_key
from feedback.models import TicketKind

PASSWORD: Final = "Qudao-Demo-2026"  # noqa: S105 (public on purpose; of a kind that only the demo accepts)

# key, code, name, superior, functions, what it handles, number of employees
HQ: Final = (
    ("office", "ZCB", "总裁办", "", ("management",), "公司重大事项", 1),
    ("qifa", "QFB", "企发部", "office", ("supervising", "registrar_hq"), "渠道信息沟通的归口管理；对答复质量的投诉", 3),
    ("center", "YXZX", "营销中心", "office", ("channel_management",), "渠道政策、推广", 1),
    ("market", "QYSC", "企业市场部", "center", ("registrar_channels",), "代理商商务、返利、特价、企业项目", 3),
    ("gov", "ZFSC", "政府市场部", "center", ("registrar_channels",), "分公司商务、政务项目、授权函", 3),
    ("kefu", "KFB", "客户服务部", "office", (), "售后、备件、热线、现场支持", 5),
    ("dev", "KAIFA", "开发部", "office", (), "软件缺陷、授权、接口、升级包", 4),
    ("lab", "YJS", "研究所", "office", (), "新产品、性能、试用", 3),
    ("quality", "ZLB", "质量管理部", "office", (), "批次质量、检测报告、包装", 3),
    ("hr", "RSB", "人事部", "office", ("personnel",), "人员变动、培训名额", 1),
)
BRANCHES: Final = (
    ("沈阳", "东北"), ("西安", "西北"), ("成都", "西南"), ("武汉", "华中"), ("广州", "华南"), ("南京", "华东"), ("济南", "华东"), ("昆明", "西南"),
)  # fmt: skip
AGENTS: Final = (
    ("鲁东", "华东"), ("鲁西", "华东"), ("川南", "西南"), ("川北", "西南"), ("皖北", "华东"), ("皖南", "华东"), ("苏北", "华东"), ("苏南", "华东"),
    ("浙东", "华东"), ("浙西", "华东"), ("赣南", "华东"), ("赣北", "华东"), ("湘西", "华中"), ("湘东", "华中"), ("鄂西", "华中"), ("豫北", "华中"),
    ("豫南", "华中"), ("冀中", "华北"), ("晋南", "华北"), ("陕北", "西北"), ("粤东", "华南"), ("粤西", "华南"), ("桂北", "华南"), ("闽南", "华东"),
)  # fmt: skip
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN: Final = (
    "志伟建国海涛文静晓峰丽娟永强春梅立新慧敏金龙雪莲玉兰宏宇思远佳怡明哲雅琴振华秀英子涵嘉欣俊杰婉清学军红霞"
)
POSITIONS: Final = {"head": "经理", "deputy": "副经理", "officer": "信息员", "member": "专员"}
CHANNEL_POSITIONS: Final = {"head": "总经理", "deputy": "副总经理", "officer": "内勤", "member": "业务员"}


@dataclass
class Company:
    """Units by key ("kefu", "沈阳", "鲁东"), people by unit key and role, in the order they were made."""

    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[tuple[str, str], list[User]] = field(default_factory=dict)
    kinds: dict[str, TicketKind] = field(default_factory=dict)

    def one(self, unit: str, role: str) -> User:
        return self.people[(unit, role)][0]

    def key_of(self, unit_id: int) -> str:
        return next(key for key, unit in self.units.items() if unit.pk == unit_id)

    @property
    def channels(self) -> list[str]:
        return [key for key, unit in self.units.items() if unit.is_channel]


ROUTES = {
    "problem": "kefu", "request": "market", "suggestion": "qifa", "complaint": "qifa", "market": "market", "project": "market",
    "customer": "kefu", "experience": "market", "product": "quality", "management": "qifa",
}  # fmt: skip
"""Kind → who answers it where the filer names nobody."""


def build(chance: random.Random, at: datetime, today: datetime) -> Company:
    """Units, people, signatures, grants; as of `at`, three months before the demo's `today`. Passwords are a few weeks old."""
    company = Company()
    founded = at - timedelta(days=400)  # the company is older than its portal
    _hq(company, founded)
    _channels(company, founded)
    stamps.bump("units")
    _people(company, chance, at, today)
    _contacts(company)
    company.kinds = {kind.code: kind for kind in TicketKind.objects.all()}
    for code, key in ROUTES.items():
        company.kinds[code].route = company.units[key]
        company.kinds[code].save(update_fields=["route"])
    return company


def _hq(company: Company, at: datetime) -> None:
    for key, code, name, parent, functions, handles, _count in HQ:
        company.units[key] = unit_verbs.create(
            code=code, name=name, kind=Unit.Kind.HQ, parent=company.units.get(parent), functions=functions, by=None, at=at,
            handles=handles, phone="010-5555 0100",
        )  # fmt: skip


def _channels(company: Company, at: datetime) -> None:
    """In bulk: the verbs one by one would take a third of the demo's time."""
    rows: list[Unit] = []
    for number, (place, region) in enumerate(BRANCHES, start=1):
        rows.append(_channel(f"F{number:02}", f"{place}分公司", Unit.Kind.BRANCH, company.units["gov"], region, at))
    for number, (place, region) in enumerate(AGENTS, start=1):
        rows.append(_channel(f"D{number:02}", f"{place}代理商", Unit.Kind.AGENT, company.units["market"], region, at))
    groups = Group.objects.bulk_create(Group(name=f"unit-{row.code}") for row in rows)
    for row, group in zip(rows, groups, strict=True):
        row.group = group
    made = Unit.objects.bulk_create(rows)
    unit_verbs.grant(made)
    places = [place for place, _region in (*BRANCHES, *AGENTS)]
    company.units |= dict(zip(places, made, strict=True))


def _channel(code: str, name: str, kind: str, manager: Unit, region: str, at: datetime) -> Unit:
    grade = "ABBBC"[int(code[1:]) % 5]
    return Unit(
        code=code,
        name=name,
        pinyin=sort_key(name),
        kind=kind,
        manager=manager,
        region=region,
        grade=grade,
        created_at=at,
    )


def _people(company: Company, chance: random.Random, at: datetime, today: datetime) -> None:
    names = _names(chance)
    password = make_password(PASSWORD)
    members = {key: count for key, *_rest, count in HQ}
    rows: list[User] = []
    for key, unit in company.units.items():
        roles = ["head", "officer"]
        if not unit.is_channel:
            roles += ["deputy", "officer", *["member"] * members[key]]
        elif unit.kind == Unit.Kind.BRANCH:
            roles += ["member", "member"]
        else:
            roles += ["member"]
        for role in roles:
            user = _person(next(names), unit, role, len(rows), password, at)
            user.password_changed_at = today - timedelta(days=chance.randint(1, 26), hours=chance.randint(0, 9))
            company.people.setdefault((key, role), []).append(user)
            rows.append(user)
    for role in ("system", "security", "audit"):
        rows.append(_administrator(next(names), role, password, at))
        rows[-1].password_changed_at = today - timedelta(days=3)
    made = User.objects.bulk_create(rows)
    through = User.groups.through
    through.objects.bulk_create(through(user_id=user.pk, group_id=user.unit.group_id) for user in made if user.unit)
    agreement = Agreement.objects.latest("version")
    Signature.objects.bulk_create(Signature(agreement=agreement, user=user, name=user.name, at=at) for user in made)
    OldPassword.objects.bulk_create(
        OldPassword(user=user, hash=password, set_at=user.password_changed_at or today) for user in made
    )


def _person(name: str, unit: Unit, role: str, number: int, password: str, at: datetime) -> User:
    positions = CHANNEL_POSITIONS if unit.is_channel else POSITIONS
    letters = sort_key(name).split(" ")[0]
    return User(
        username=letters, name=name, pinyin=sort_key(name, 120), email=f"{letters}@demo.example",
        phone=f"1380000{number:04}", unit=unit, role=role, position=positions[role], password=password,
        created_at=at,
    )  # fmt: skip


def _administrator(name: str, role: str, password: str, at: datetime) -> User:
    return User(
        username=f"{role}-admin", name=name, pinyin=sort_key(name, 120), email=f"{role}@demo.example", admin_role=role,
        password=password, created_at=at,
    )  # fmt: skip


def _names(chance: random.Random) -> Iterator[str]:
    """Surname and two characters; no name, and no account made of one, twice."""
    seen: set[str] = set()
    while True:
        name = chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, 2))
        letters = sort_key(name).split(" ")[0]
        if letters not in seen:
            seen.add(letters)
            yield name


def _contacts(company: Company) -> None:
    """Every channel has a contact person in the department that manages it (004 二(三)1)."""
    for number, key in enumerate(company.channels):
        unit = company.units[key]
        manager = company.key_of(unit.manager_id or 0)
        staff = company.people[(manager, "member")]
        unit.contact = staff[number % len(staff)]
    Unit.objects.bulk_update([company.units[key] for key in company.channels], ["contact"])
