"""An empty installation is prepared once; whatever it lacks is named with its remedy."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.access import may, scope
from accounts.models import Absence, OneTimePassword, Unit, UnitFunction, User
from accounts.workflow import passwords, units
from channelportal.core.clock import now
from channelportal.core.heartbeat import LONGEST
from channelportal.core.models import CalendarVersion, Heartbeat
from channelportal.doctor import examine
from notices.models import MeetingKind, NoticeKind, Robot, Rule
from notices.supplied import kinds, meetings, rules
from notices.workflow import robots
from tests.people import Cast

ARGUMENTS = {
    f"{name}_{what}": value
    for name, person, email in (
        ("head", "陈企发", "chen@example.com"),
        ("system", "系统员", "system@example.com"),
        ("security", "安全员", "security@example.com"),
        ("audit", "审计员", "audit@example.com"),
    )
    for what, value in (("name", person), ("email", email))
}


def _setup(**changes: Any) -> str:
    out = io.StringIO()
    call_command("setup", no_input=True, stdout=out, **{**ARGUMENTS, **changes})
    return out.getvalue()


@pytest.mark.django_db
def test_it_prepares_an_empty_installation() -> None:
    said = _setup()

    head = User.objects.get(name="陈企发")
    assert scope(head).supervises
    assert may(head, "registration.review", head.unit)
    assert {unit.name for unit in Unit.objects.all()} == {"企发部", "总裁办"}
    assert set(User.objects.exclude(admin_role="").values_list("admin_role", flat=True)) == {
        "system",
        "security",
        "audit",
    }
    assert OneTimePassword.objects.count() == 4
    shown = next(line.split()[-1] for line in said.splitlines() if head.username in line)
    assert passwords.verify(head.username, shown) == head


@pytest.mark.django_db
def test_it_refuses_a_second_time() -> None:
    _setup()

    with pytest.raises(CommandError):
        _setup()
    assert Unit.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"system_name": "陈企发"},
        {"audit_email": "SYSTEM@example.com"},
        {"head_email": "nobody"},
        {"head_name": ""},
    ],
)
def test_it_refuses_what_cannot_be(changes: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        _setup(**changes)

    assert not Unit.objects.exists()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_it_names_a_missing_administrator_later() -> None:
    _setup()
    User.objects.filter(admin_role="audit").update(is_active=False)

    call_command(
        "setup",
        administrator="audit",
        audit_name="新审计",
        audit_email="new@example.com",
        no_input=True,
        stdout=io.StringIO(),
    )
    with pytest.raises(CommandError):
        call_command("setup", administrator="audit", audit_name="再来", audit_email="x@example.com", no_input=True)

    assert User.objects.get(admin_role="audit", is_active=True).name == "新审计"


def _codes() -> set[tuple[str, str]]:
    return {(gap.code, gap.where) for gap in examine(now())}


def test_it_names_the_gaps_of_units(cast: Cast) -> None:
    User.objects.filter(pk=cast.kefu_head.pk).update(is_active=False)
    User.objects.filter(pk=cast.ludong_officer.pk).update(role="member")
    Unit.objects.filter(pk=cast.shenyang.pk).update(manager=None)
    units.stamps.bump("units")

    codes = _codes()

    assert {("no-head", "客户服务部"), ("no-officer", "鲁东代理商"), ("no-manager", "沈阳分公司")} <= codes
    assert ("no-contact", "鲁东代理商") in codes
    assert ("no-head", "鲁东代理商") not in codes


def test_it_names_an_escalation_that_reaches_nobody(cast: Cast) -> None:
    assert not {code for code, _where in _codes()} & {"reaches-nobody", "falls-back"}

    User.objects.filter(unit=cast.office).update(is_active=False)
    assert "falls-back" in {code for code, _where in _codes()}
    User.objects.filter(unit=cast.qifa).update(is_active=False)
    assert ("reaches-nobody", "企发部") in _codes()


def test_it_names_what_the_operation_lacks(cast: Cast) -> None:
    assert {("loop-stopped", name) for name in LONGEST} <= _codes()
    for name in LONGEST:
        Heartbeat.objects.update_or_create(name=name, defaults={"at": now()})
    assert "loop-stopped" not in {code for code, _where in _codes()}

    User.objects.filter(pk=cast.audit_admin.pk).update(is_active=False)
    CalendarVersion.objects.update(year=None)
    units.stamps.bump("calendar")
    codes = {code for code, _where in _codes()}
    assert {"no-administrator", "no-year"} <= codes


def test_it_names_what_the_way_of_notices_lacks(cast: Cast) -> None:
    assert ("no-second-decider", "总裁办") in _codes()
    assert "no-function" not in {code for code, _where in _codes()}

    User.objects.create(username="deputy", name="副总办", email="deputy@example.com", unit=cast.office, role="deputy")
    UnitFunction.objects.filter(function="channel_management").delete()
    kinds.supply(apps)
    NoticeKind.objects.filter(code="launch").update(owner=cast.dev)
    Unit.objects.filter(pk=cast.dev.pk).update(active=False)
    codes = {code for code, _where in _codes()}

    assert "no-second-decider" not in codes
    assert {"no-function", "kind-nobody-writes"} <= codes


def test_it_names_what_meetings_robots_and_regulations_lack(cast: Cast, settings: Settings) -> None:
    meetings.supply(apps)
    rules.supply(apps)
    robot = robots.add(
        by=cast.kefu_head,
        maker="feishu",
        name="渠道群",
        address=f"https://open.feishu.cn/open-apis/bot/v2/hook/{'a' * 32}",
    )
    rule = Rule.objects.create(code="old", name="旧办法", reviewed_on=date(2020, 1, 1))
    gone = {"meeting-for-nobody", "robot-failing", "rule-unreviewed", "no-file-key"}
    assert not gone - {"rule-unreviewed"} & {code for code, _where in _codes()}

    Robot.objects.filter(pk=robot.pk).update(failing_since=now())
    MeetingKind.objects.filter(code="annual").update(audience={"people": [999_999]})
    assert gone - {"no-file-key"} <= {code for code, _where in _codes()}
    assert ("rule-unreviewed", rule.name) in _codes()

    settings.FILE_KEYS = "broken"
    assert "no-file-key" in {code for code, _where in _codes()}


def test_it_is_a_page_for_the_supervisors_and_the_system_administrator(cast: Cast, client: Client) -> None:
    for who, status in (("qifa_member", 200), ("system_admin", 200), ("kefu_head", 403), ("ludong_head", 403)):
        client.force_login(cast.people[who])
        assert client.get("/doctor/").status_code == status, who


def test_it_speaks_json_and_ends_with_one(cast: Cast) -> None:
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("doctor", json=True, stdout=out)

    gaps = json.loads(out.getvalue())
    assert {"code", "grade", "what", "remedy", "url", "where"} == set(gaps[0])


def test_it_costs_the_same_for_a_large_company(cast: Cast, django_assert_max_num_queries: Any) -> None:
    Unit.objects.bulk_create(Unit(code=f"A{n}", name=f"代理{n}", kind="agent", manager=cast.market) for n in range(200))
    assert Absence.objects.count() == 0

    with django_assert_max_num_queries(30):
        examine(now())
