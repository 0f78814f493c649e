"""The import of units and people: what it shows, what it refuses, and that the same file twice changes nothing."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import importing
from accounts.access import may
from accounts.models import Unit, User
from accounts.tasks import import_organisation
from channelportal.core.clock import now
from channelportal.core.models import AuditEntry, Job
from tests.people import Cast

UNIT_HEADS = [field.head for field in importing.UNIT_FIELDS]
PEOPLE_HEADS = [field.head for field in importing.PEOPLE_FIELDS]


def workbook(units: list[dict[str, Any]] = [], people: list[dict[str, Any]] = []) -> bytes:  # noqa: B006
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    for name, heads, lines in ((importing.UNITS, UNIT_HEADS, units), (importing.PEOPLE, PEOPLE_HEADS, people)):
        sheet = book.add_worksheet(name)
        for place, head in enumerate(heads):
            sheet.write_string(0, place, head)
            for number, line in enumerate(lines, start=1):
                if head in line:
                    sheet.write(number, place, line[head])
    book.close()
    return out.getvalue()


def plan_of(**sheets: list[dict[str, Any]]) -> importing.Plan:
    return importing.compare(importing.read(io.BytesIO(workbook(**sheets))))


def messages(plan: importing.Plan) -> list[tuple[int, str]]:
    return [(problem.row, problem.column) for problem in plan.problems]


DEPARTMENT = {"编码": "FW", "名称": "法务部", "类型": "总部部门", "上级单位": "总裁办", "职能": "法务"}
AGENT = {
    "编码": "JN",
    "名称": "济南代理商",
    "类型": "代理商",
    "主管部门": "企业市场部",
    "区域": "华东",
    "电话": 5318888,
}
PERSON = {"姓名": "赵六", "单位": "JN", "角色": "负责人", "邮箱": "zhao@example.com", "手机": 13812345678}


def test_it_adds_units_and_people_in_any_order(cast: Cast) -> None:
    below = {"编码": "JN2", "名称": "济南二店", "类型": "线下门店", "主管部门": "新市场部", "上级单位": "济南代理商"}
    department = {"编码": "XSC", "名称": "新市场部", "类型": "总部部门", "上级单位": "YXZX", "职能": "审核渠道人员"}
    plan = plan_of(units=[below, AGENT, department, DEPARTMENT], people=[PERSON])

    counts = importing.carry_out(plan, by=cast.qifa_head, at=now())

    assert plan.problems == []
    assert counts == {"units_new": 4, "units_changed": 0, "people_new": 1, "people_changed": 0}
    unit = Unit.objects.get(code="JN")
    assert (unit.manager, unit.phone) == (cast.market, "5318888")
    assert Unit.objects.get(code="JN2").parent == unit
    person = User.objects.get(email="zhao@example.com")
    assert (person.unit, person.role, person.phone) == (unit, "head", "13812345678")
    assert not person.has_usable_password()
    assert may(User.objects.get(pk=cast.market_officer.pk), "password.issue", unit)
    assert AuditEntry.objects.filter(action="organisation.imported").exists()


def test_it_changes_nothing_the_second_time(cast: Cast) -> None:
    importing.carry_out(plan_of(units=[AGENT], people=[PERSON]), by=cast.qifa_head, at=now())
    entries = AuditEntry.objects.count()

    plan = plan_of(units=[AGENT], people=[PERSON])
    importing.carry_out(plan, by=cast.qifa_head, at=now())

    assert plan.work == 0
    assert len(plan.of("same")) == 2
    assert AuditEntry.objects.count() == entries + 1


def test_it_finds_nothing_to_change_in_its_own_filled_template(cast: Cast) -> None:
    plan = importing.compare(importing.read(io.BytesIO(importing.template(filled=True))))

    assert plan.problems == []
    assert plan.work == 0
    assert len(plan.of("same")) == 13 + 31


def test_it_shows_old_and_new(cast: Cast) -> None:
    plan = plan_of(
        units=[{"编码": "ld", "名称": "鲁东代理商", "类型": "经销商", "主管部门": "政府市场部", "区域": "华东"}],
        people=[{"姓名": "李代理", "单位": "川南代理商", "角色": "信息员", "邮箱": cast.ludong_head.email}],
    )

    unit, person = plan.units[0], plan.people[0]
    assert ("kind", "agent", "dealer") in unit.differences
    assert ("manager", "QYSC", "ZFSC") in unit.differences
    assert ("unit", "LD", "CN") in person.differences
    assert ("role", "head", "officer") in person.differences


def test_it_carries_a_transfer_out_like_the_page(cast: Cast) -> None:
    line = {"姓名": "代理员工", "单位": "川南代理商", "角色": "信息员", "邮箱": cast.ludong_member.email}
    epoch = cast.ludong_member.session_epoch

    importing.carry_out(plan_of(people=[line]), by=cast.qifa_head, at=now())

    user = User.objects.get(pk=cast.ludong_member.pk)
    assert (user.unit, user.role) == (cast.chuannan, "officer")
    assert user.session_epoch > epoch
    assert list(user.groups.all()) == [cast.chuannan.group]


@pytest.mark.parametrize(
    ("units", "people", "column"),
    [
        ([{**AGENT, "编码": ""}], [], "编码"),
        ([{**AGENT, "名称": ""}], [], "名称"),
        ([{**AGENT, "类型": "星球"}], [], "类型"),
        ([{**AGENT, "主管部门": ""}], [], "主管部门"),
        ([{**AGENT, "主管部门": "客户服务部"}], [], "主管部门"),
        ([{**AGENT, "主管部门": "无此部门"}], [], "主管部门"),
        ([{**AGENT, "职能": "法务"}], [], "职能"),
        ([{**AGENT, "名称": "鲁东代理商"}], [], "名称"),
        ([{**AGENT, "名称": "长" * 61}], [], "名称"),
        ([AGENT, {**AGENT, "名称": "另一个"}], [], "编码"),
        ([AGENT, {**AGENT, "编码": "JN2"}], [], "名称"),
        ([{**DEPARTMENT, "主管部门": "企业市场部"}], [], "主管部门"),
        ([{**DEPARTMENT, "上级单位": "鲁东代理商"}], [], "上级单位"),
        ([{**DEPARTMENT, "上级单位": "无此单位"}], [], "上级单位"),
        ([{**DEPARTMENT, "上级单位": "FW"}], [], "上级单位"),
        ([{**DEPARTMENT, "职能": "做饭"}], [], "职能"),
        ([{"编码": "KFB", "名称": "客户服务部", "类型": "代理商", "主管部门": "企业市场部"}], [], "类型"),
        ([], [{**PERSON, "单位": "无此单位"}], "单位"),
        ([], [{**PERSON, "单位": "LD", "角色": "皇帝"}], "角色"),
        ([], [{**PERSON, "单位": "LD", "邮箱": "不是邮箱"}], "邮箱"),
        ([], [{**PERSON, "单位": "LD"}, {**PERSON, "单位": "LD", "姓名": "别人"}], "邮箱"),
        ([], [{**PERSON, "单位": "LD", "账号": "zhao", "邮箱": "kefu.head@example.com"}], "邮箱"),
        ([], [{**PERSON, "单位": "LD", "账号": "system.admin", "邮箱": "system@example.com"}], "账号"),
        ([], [{**PERSON, "单位": "LD", "专职信息员": "也许"}], "专职信息员"),
    ],
)
def test_it_names_the_mistake_and_its_column(
    cast: Cast, units: list[dict[str, Any]], people: list[dict[str, Any]], column: str
) -> None:
    plan = plan_of(units=units, people=people)

    assert column in {where for _line, where in messages(plan)}
    with pytest.raises(ValueError, match="problems"):
        importing.carry_out(plan, by=cast.qifa_head, at=now())


def test_it_sees_a_circle_through_the_file_and_what_is_there(cast: Cast) -> None:
    center = {"编码": "YXZX", "名称": "营销中心", "类型": "总部部门", "上级单位": "企业市场部", "职能": "渠道管理"}

    plan = plan_of(units=[center])

    assert messages(plan) == [(2, "上级单位")]
    assert "营销中心 → 企业市场部 → 营销中心" in plan.problems[0].message


def test_it_takes_hostile_cells_as_text(cast: Cast) -> None:
    evil = {**AGENT, "名称": "=1+1", "地址": '=cmd|"/c calc"!A1', "负责事项": "\u202e看不见\u200b的\ufeff字"}

    plan = plan_of(units=[evil])
    importing.carry_out(plan, by=cast.qifa_head, at=now())

    unit = Unit.objects.get(code="JN")
    assert (unit.name, unit.handles) == ("=1+1", "看不见的字")


def test_it_takes_a_formula_as_its_words_not_its_value(cast: Cast) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = importing.UNITS
    sheet.append(UNIT_HEADS)
    sheet.append(["JN", "=1+1", "代理商", "", "企业市场部"])
    out = io.BytesIO()
    book.save(out)

    plan = importing.compare(importing.read(io.BytesIO(out.getvalue())))

    assert plan.units[0].name == "=1+1"


def _zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "0" * 10_000_000)
    return out.getvalue()


def _no_workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<broken")
    return out.getvalue()


def _other_sheets() -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"not a workbook", _zip_bomb(), _no_workbook(), _other_sheets(), workbook()], ids=range(6)
)
def test_it_says_so_when_the_file_is_none_of_ours(cast: Cast, client: Client, content: bytes) -> None:
    client.force_login(cast.qifa_head)

    page = client.post("/units/import/", {"file": SimpleUploadedFile("组织.xlsx", content)})

    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {"file"}


def test_it_goes_from_upload_to_preview_to_job(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)

    upload = client.post("/units/import/", {"file": SimpleUploadedFile("组织.xlsx", workbook([AGENT], [PERSON]))})
    page = client.get(upload["Location"])
    first = client.post(f"{upload['Location']}apply/")
    second = client.post(f"{upload['Location']}apply/")

    assert page.context["counts"] == {"new": 2, "changed": 0, "same": 0}
    assert first["Location"] == second["Location"]
    job = Job.objects.get()
    import_organisation(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["units_new"], job.result["people_new"]) == ("done", 1, 1)
    import_organisation(job.pk)
    assert Unit.objects.filter(code="JN").count() == 1


def test_it_shows_mistakes_and_does_not_apply_them(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)
    content = workbook([{**AGENT, "主管部门": ""}])

    upload = client.post("/units/import/", {"file": SimpleUploadedFile("组织.xlsx", content)})
    page = client.get(upload["Location"])

    assert "主管部门" in page.content.decode()
    assert client.post(f"{upload['Location']}apply/").status_code == 409
    client.force_login(cast.qifa_officer)
    assert client.get(upload["Location"]).status_code == 404


def test_it_is_the_supervisors_alone(cast: Cast, client: Client) -> None:
    client.force_login(cast.market_head)

    assert client.get("/units/import/").status_code == 403
    assert client.get("/units/import/template/").status_code == 403
    client.force_login(cast.qifa_member)
    assert client.get("/units/import/").status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(client.get("/units/import/template/").content))
    assert book.sheetnames[:2] == ["单位", "人员"]
    assert len(book["单位"].data_validations.dataValidation) == 1


def test_it_fails_the_job_when_the_right_is_gone(cast: Cast, client: Client) -> None:
    client.force_login(cast.qifa_head)
    upload = client.post("/units/import/", {"file": SimpleUploadedFile("组织.xlsx", workbook([AGENT]))})
    client.post(f"{upload['Location']}apply/")
    User.objects.filter(pk=cast.qifa_head.pk).update(unit=cast.kefu)

    import_organisation(Job.objects.get().pk)

    assert Job.objects.get().state == "failed"
    assert not Unit.objects.filter(code="JN").exists()


def test_it_compares_five_thousand_lines_in_a_few_queries(cast: Cast, django_assert_max_num_queries: Any) -> None:
    units = [{**AGENT, "编码": f"A{n}", "名称": f"代理商{n}"} for n in range(1000)]
    people = [
        {"姓名": f"员工{n}", "单位": f"A{n % 1000}", "角色": "员工", "邮箱": f"p{n}@example.com"} for n in range(4000)
    ]
    content = workbook(units, people)
    began = time.monotonic()

    with django_assert_max_num_queries(6):
        plan = importing.compare(importing.read(io.BytesIO(content)))

    assert plan.problems == []
    assert plan.work == 5000
    assert time.monotonic() - began < 20
