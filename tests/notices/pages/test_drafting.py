"""Writing a notice: one form for an untrained officer; nothing typed is lost; what becomes of it is said before it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import Unit, User
from channelportal.core import calendar, clock, drafts
from channelportal.core.models import AuditEntry, Draft
from channelportal.lib.workdays import local_date
from notices import workflow
from notices.models import Notice, NoticeKind, Robot, Step
from tests.notices import making
from tests.people import Cast

Window = Callable[[User], Client]


def typed(code: str = "product_info", **values: Any) -> dict[str, Any]:
    """What a browser sends of a filled-in form."""
    given: dict[str, Any] = {
        "once": uuid.uuid4(), "kind": NoticeKind.objects.get(code=code).pk, "title": "关于核对库存的通知",
        "body": "<p>各渠道：</p><p>请于本周内核对库存。</p>", "channels": "all", "reach": "all", "level": "normal",
        "importance": "normal", "urgency": "normal", "acknowledge_mode": "days", "acknowledge_days": 2, "publish_when": "now",
        "means": ["mail"], "units_typed": "", "people_typed": "", "without_typed": "",
    }  # fmt: skip
    given |= values
    return {name: value for name, value in given.items() if value is not None}


def policy(**values: Any) -> dict[str, Any]:
    day = calendar.current().nth_after(local_date(clock.now()), 8).isoformat()
    return typed("sales_policy", **({"reason": "回款结构变化", "impact": "全部代理商", "effective_on": day} | values))


# ── saving and sending ──────────────────────────────────────────────────────────────────────────


def test_it_is_saved_as_a_draft_that_nobody_else_has(cast: Cast, window: Window) -> None:
    answer = window(cast.kefu_officer).post("/notices/new/", typed(save="1"), follow=True)

    notice = Notice.objects.get()
    assert (notice.state, notice.author, notice.unit) == ("draft", cast.kefu_officer, cast.kefu)
    assert answer.redirect_chain == [(f"/notices/{notice.pk}/edit/", 302)]
    assert "已存为草稿" in answer.content.decode()
    assert AuditEntry.objects.filter(action="notice.draft").count() == 1


def test_it_goes_to_approval_at_once_with_its_file(cast: Cast, window: Window) -> None:
    upload = SimpleUploadedFile("说明.txt", "库存表".encode())
    drafts_of = Draft.objects.create(user=cast.kefu_officer, form="notice.new", data={"title": ["旧"]})

    answer = window(cast.kefu_officer).post("/notices/new/", typed(send="1", files=[upload]), follow=True)

    notice = Notice.objects.get()
    assert notice.state == "pending"
    assert notice.versions.get().files.count() == 1
    assert [step.unit for step in Step.objects.order_by("order")] == [cast.kefu, cast.center]
    assert f"{notice.number} 已提交审批" in answer.content.decode()
    assert not Draft.objects.filter(pk=drafts_of.pk).exists()


def test_it_takes_half_a_draft_but_sends_only_a_whole_one(cast: Cast, window: Window) -> None:
    half = typed("sales_policy", body="", channels="none")

    client = window(cast.kefu_officer)
    kept = client.post("/notices/new/", half | {"save": "1"})
    refused = client.post("/notices/new/", half | {"send": "1", "once": uuid.uuid4()})

    assert kept.status_code == 302
    assert refused.status_code == 422
    assert {"body", "reason", "impact", "effective_on", "channels"} <= refused.context["form"].errors.keys()
    assert Notice.objects.count() == 1


def test_it_keeps_everything_typed_when_something_is_wrong(cast: Cast, window: Window) -> None:
    answer = window(cast.kefu_officer).post(
        "/notices/new/",
        typed(title="", send="1", units=[cast.shenyang.pk], importance="important", channels="some", regions=["华东"]),
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "核对库存" in page
    assert f'name="units" value="{cast.shenyang.pk}" checked' in page
    assert answer.context["form"]["importance"].value() == "important"
    assert answer.context["form"]["regions"].value() == ["华东"]
    assert Notice.objects.count() == 0


def test_it_is_one_notice_when_it_is_sent_twice(cast: Cast, window: Window) -> None:
    client, filled = window(cast.kefu_officer), typed(send="1")

    client.post("/notices/new/", filled)
    again = client.post("/notices/new/", filled)

    assert (Notice.objects.count(), Step.objects.count()) == (1, 2)
    assert again.status_code == 302


def test_it_takes_over_what_was_changed_after_going_back(cast: Cast, window: Window) -> None:
    client, filled = window(cast.kefu_officer), typed(save="1")

    client.post("/notices/new/", filled)
    client.post("/notices/new/", filled | {"title": "改了的标题"})

    assert Notice.objects.get().title == "改了的标题"


def test_it_goes_out_without_approval_when_a_head_writes_to_his_own_unit(cast: Cast, window: Window) -> None:
    answer = window(cast.kefu_head).post("/notices/new/", typed(send="1", channels="none", own="on"), follow=True)

    assert Notice.objects.get().state in ("publishing", "published")
    assert "正在发布" in answer.content.decode()


def test_it_asks_for_a_reason_when_a_policy_comes_too_soon(cast: Cast, window: Window) -> None:
    soon = calendar.current().nth_after(local_date(clock.now()), 2).isoformat()
    client = window(cast.kefu_officer)

    refused = client.post("/notices/new/", policy(effective_on=soon, send="1"))
    taken = client.post("/notices/new/", policy(effective_on=soon, send="1", lead_note="厂家突然调价"))

    assert refused.status_code == 422
    assert "lead_note" in refused.context["form"].errors
    assert taken.status_code == 302
    assert Step.objects.order_by("order").first().sending.facts["lead_note"] == "厂家突然调价"  # type: ignore[union-attr]


def test_it_is_set_for_a_time_to_come_and_for_no_other(cast: Cast, window: Window) -> None:
    client, later = window(cast.kefu_officer), clock.now() + timedelta(days=3)

    past = client.post("/notices/new/", typed(send="1", publish_when="at", publish_at="2020-01-01T10:00"))
    empty = client.post("/notices/new/", typed(send="1", publish_when="at", publish_at=""))
    taken = client.post("/notices/new/", typed(send="1", publish_when="at", publish_at=f"{later:%Y-%m-%dT%H:%M}"))

    assert (past.status_code, empty.status_code, taken.status_code) == (422, 422, 302)
    assert Notice.objects.get().publish_at is not None


def test_it_forgets_a_policys_facts_for_a_kind_that_is_none(cast: Cast, window: Window) -> None:
    window(cast.kefu_officer).post("/notices/new/", typed(save="1", reason="旧原因", effective_on="2030-01-01"))

    version = Notice.objects.get().versions.get()
    assert (version.reason, version.effective_on) == ("", None)


def test_it_keeps_a_confidential_file_encrypted_or_says_that_it_cannot(
    cast: Cast, window: Window, settings: Settings
) -> None:
    client, upload = window(cast.kefu_officer), {"level": "confidential", "send": "1"}

    client.post("/notices/new/", typed(**upload, files=[SimpleUploadedFile("底价.txt", "底价".encode())]))
    settings.FILE_KEYS = ""
    refused = client.post("/notices/new/", typed(**upload, files=[SimpleUploadedFile("底价.txt", "底价".encode())]))

    assert Notice.objects.get().versions.get().files.get().file.key_id
    assert refused.status_code == 422
    assert "files" in refused.context["form"].errors


# ── who, and of which kind ──────────────────────────────────────────────────────────────────────


def test_it_offers_a_channel_only_the_kinds_that_channels_write(cast: Cast, window: Window) -> None:
    client = window(cast.ludong_officer)

    offered = client.get("/notices/new/").context["form"].of_kind.values()
    answer = client.post("/notices/new/", typed("sales_policy", send="1"))

    assert {kind.code for kind in offered} == {"experience", "meeting"}
    assert answer.status_code == 422
    assert "kind" in answer.context["form"].errors


@pytest.mark.parametrize(
    "address", ["/notices/new/", "/notices/request/", "/notices/audience/", "/notices/audience/find/"]
)
def test_it_is_not_for_administrators(cast: Cast, window: Window, address: str) -> None:
    assert window(cast.system_admin).get(address).status_code == 403


def test_it_begins_with_what_the_kind_asks_for(cast: Cast, window: Window) -> None:
    launch = NoticeKind.objects.get(code="launch")

    form = window(cast.kefu_officer).get(f"/notices/new/?kind={launch.pk}").context["form"]

    assert (form["kind"].value(), form["acknowledge"].value(), form["acknowledge_days"].value()) == (
        str(launch.pk),
        True,
        3,
    )
    assert form["valid_until"].value() == (local_date(clock.now()) + timedelta(days=180)).isoformat()


def test_it_shows_what_was_being_typed_with_boxes_as_they_were(cast: Cast, window: Window) -> None:
    client = window(cast.kefu_officer)
    client.post("/drafts/notice.new/", typed(title="写了一半", kinds=["agent"], channels="some", means=["robot"]))

    answer = client.get("/notices/new/")

    form = answer.context["form"]
    assert form["title"].value() == "写了一半"
    assert (form["kinds"].value(), form["means"].value(), form["late_joiners"].value()) == (["agent"], ["robot"], False)
    assert "上次" in answer.content.decode()
    assert drafts.initial(cast.kefu_officer, "notice.new")


# ── the audience, live ──────────────────────────────────────────────────────────────────────────


def test_it_counts_and_lists_before_sending(cast: Cast, window: Window) -> None:
    answer = window(cast.kefu_officer).post(
        "/notices/audience/", typed(channels="some", kinds=["agent"], reach="officers")
    )

    page = answer.content.decode()
    assert (answer.context["outlook"].reach.people, answer.context["outlook"].reach.units) == (2, 2)
    assert "鲁东代理商" in page
    assert "代理信息员" in page
    assert "代理员工" not in page
    assert "<html" not in page


def test_it_says_who_approves_in_which_order_and_why(cast: Cast, window: Window) -> None:
    client = window(cast.kefu_officer)

    outward = client.post("/notices/audience/", typed(level="confidential")).context["outlook"].steps
    inward = client.post("/notices/audience/", typed(channels="none", own="on")).context["outlook"].steps

    assert [(step.unit, step.people) for step in outward] == [
        ("客户服务部", "周主管"),
        ("营销中心", "郑中心"),
        ("总裁办", "赵总办"),
    ]
    assert all(step.reasons for step in outward)
    assert [step.unit for step in inward] == ["客户服务部"]


def test_it_counts_the_working_days_ahead_of_a_policy(cast: Cast, window: Window) -> None:
    client, days = window(cast.kefu_officer), calendar.current()
    today = local_date(clock.now())

    short = client.post("/notices/audience/", policy(effective_on=days.nth_after(today, 3).isoformat()))
    enough = client.post("/notices/audience/", policy(effective_on=days.nth_after(today, 5).isoformat()))
    open_yet = client.post("/notices/audience/", policy(effective_on=""))

    assert (short.context["lead"].days, short.context["lead"].short) == (3, True)
    assert (enough.context["lead"].days, enough.context["lead"].short) == (5, False)
    assert (open_yet.context["lead"].days, open_yet.context["lead"].earliest) == (None, days.nth_after(today, 5))
    assert "只有 3 个工作日" in short.content.decode()


def test_it_finds_units_and_people_by_typing(cast: Cast, window: Window) -> None:
    client = window(cast.kefu_officer)

    units = client.get("/notices/audience/find/?q=沈阳").json()["results"]
    people = client.get("/notices/audience/find/?what=people&q=张代").json()["results"]
    nothing = client.get("/notices/audience/find/?q=").json()["results"]

    assert [one["text"] for one in units] == ["沈阳分公司"]
    assert people == [{"id": str(cast.chuannan_head.pk), "text": "张代理", "hint": "川南代理商 · 总经理"}]
    assert nothing == []


def test_it_lets_a_channel_name_people_of_headquarters_and_its_own_alone(cast: Cast, window: Window) -> None:
    client = window(cast.ludong_officer)

    offered = client.get("/notices/audience/find/?what=people&q=张代").json()["results"]
    client.post(
        "/notices/new/",
        typed(
            "experience",
            save="1",
            channels="none",
            people=[cast.chuannan_head.pk, cast.kefu_head.pk, cast.ludong_head.pk],
        ),
    )

    assert offered == []
    assert set(Notice.objects.get().audience["people"]) == {cast.kefu_head.pk, cast.ludong_head.pk}


def test_it_tells_a_channel_how_many_and_not_who(cast: Cast, window: Window) -> None:
    answer = window(cast.ludong_officer).post("/notices/audience/", typed("experience"))

    page = answer.content.decode()
    assert answer.context["outlook"].reach.people == 9
    assert "川南代理商" in page
    assert "张代理" not in page


def test_it_takes_names_typed_in_full_without_a_script(cast: Cast, window: Window) -> None:
    window(cast.kefu_officer).post(
        "/notices/new/",
        typed(save="1", channels="none", units_typed="沈阳分公司、ld", people_typed="周主管，chuannan.head"),
    )

    audience = Notice.objects.get().audience
    assert set(audience["units"]) == {cast.shenyang.pk, cast.ludong.pk}
    assert set(audience["people"]) == {cast.kefu_head.pk, cast.chuannan_head.pk}


def test_it_says_which_name_is_not_known_and_which_is_two(cast: Cast, window: Window) -> None:
    User.objects.filter(pk=cast.dev_officer.pk).update(name="周主管")
    client = window(cast.kefu_officer)

    unknown = client.post("/notices/new/", typed(send="1", units_typed="火星分公司"))
    double = client.post("/notices/new/", typed(send="1", people_typed="周主管"))

    assert "找不到“火星分公司”" in unknown.content.decode()
    assert "有多个“周主管”" in double.content.decode()
    assert Notice.objects.count() == 0


def test_it_leaves_out_units_that_do_not_exist_any_more(cast: Cast, window: Window) -> None:
    Unit.objects.filter(pk=cast.chuannan.pk).update(active=False)

    window(cast.kefu_officer).post(
        "/notices/new/", typed(save="1", channels="none", units=[cast.chuannan.pk, cast.ludong.pk, 999_999])
    )

    assert Notice.objects.get().audience["units"] == [cast.ludong.pk]


def test_it_shows_the_same_without_a_script_by_a_button(cast: Cast, window: Window) -> None:
    answer = window(cast.kefu_officer).post("/notices/new/", typed(preview="1"))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer.context["outlook"].reach.units == 3
    assert "营销中心" in page
    assert "核对库存" in page
    assert Notice.objects.count() == 0


# ── the request form ────────────────────────────────────────────────────────────────────────────


def test_it_sends_a_communication_request_with_purpose_and_means(cast: Cast, window: Window) -> None:
    client = window(cast.kefu_officer)

    without = client.post("/notices/request/", typed(send="1", means=None))
    client.post("/notices/request/", typed(send="1", purpose="核实库存", means=["phone", "visit"]))

    assert {"purpose", "means"} <= without.context["form"].errors.keys()
    notice = Notice.objects.get()
    assert (notice.request, notice.number[:2], notice.means, notice.state) == (
        True,
        "SQ",
        ["visit", "phone"],
        "pending",
    )


# ── editing ─────────────────────────────────────────────────────────────────────────────────────


def test_it_opens_a_draft_as_it_was_saved(cast: Cast, window: Window) -> None:
    client = window(cast.kefu_officer)
    client.post(
        "/notices/new/",
        typed(
            save="1",
            channels="some",
            kinds=["agent"],
            regions=["华东"],
            reach="both",
            acknowledge="on",
            unit_answers="on",
        ),
    )

    form = client.get(f"/notices/{Notice.objects.get().pk}/edit/").context["form"]

    values = {
        name: form[name].value() for name in ("channels", "kinds", "regions", "reach", "acknowledge", "unit_answers")
    }
    assert values == {
        "channels": "some", "kinds": ["agent"], "regions": ["华东"], "reach": "both", "acknowledge": True, "unit_answers": True,
    }  # fmt: skip


def test_it_shows_the_remarks_beside_what_came_back_and_sends_it_again(cast: Cast, window: Window) -> None:
    notice = making.sent(cast, at=clock.now())
    workflow.send_back(
        making.step_of(notice), by=cast.kefu_head, text="补充期限", remarks=[(2, "请于本周内", "写明几号")]
    )
    client = window(cast.kefu_officer)

    page = client.get(f"/notices/{notice.pk}/edit/").content.decode()
    answer = client.post(f"/notices/{notice.pk}/edit/", typed(send="1", body="<p>5 月 15 日前核对。</p>"))

    assert "补充期限" in page
    assert "写明几号" in page
    assert answer.status_code == 302
    notice.refresh_from_db()
    assert notice.state == "pending"
    assert notice.versions.get().body == "<p>5 月 15 日前核对。</p>"


def test_it_takes_a_file_away_that_is_unticked(cast: Cast, window: Window) -> None:
    client = window(cast.kefu_officer)
    files = [SimpleUploadedFile("甲.txt", b"1"), SimpleUploadedFile("乙.txt", b"2")]
    client.post("/notices/new/", typed(save="1", files=files))
    notice = Notice.objects.get()
    kept = notice.versions.get().files.order_by("pk").first()
    assert kept is not None

    client.post(f"/notices/{notice.pk}/edit/", typed(save="1", keep_files=[str(kept.file_id)]))

    assert list(notice.versions.get().files.all()) == [kept]


def test_it_is_edited_by_the_authors_side_before_it_is_out(cast: Cast, window: Window) -> None:
    draft, pending = making.a_notice(cast), making.sent(cast)

    assert window(cast.kefu_officer).get(f"/notices/{draft.pk}/edit/").status_code == 200
    assert window(cast.ludong_head).get(f"/notices/{draft.pk}/edit/").status_code == 404
    assert window(cast.center_head).get(f"/notices/{draft.pk}/edit/").status_code == 404
    assert window(cast.kefu_officer).get(f"/notices/{pending.pk}/edit/").status_code == 409
    assert window(cast.kefu_officer).post(f"/notices/{pending.pk}/edit/", typed(save="1")).status_code == 409
    assert window(cast.qifa_officer).get(f"/notices/{pending.pk}/edit/").status_code == 403


# ── hostile ─────────────────────────────────────────────────────────────────────────────────────

HOSTILE = ["<script>alert(1)</script>", "9" * 5_000, "²", "{{ 7|add:7 }}", "%(name)s", "字" * 5_000]


@pytest.mark.parametrize("text", HOSTILE)
def test_it_fails_on_nothing_that_is_sent(cast: Cast, window: Window, text: str) -> None:
    client, fields = window(cast.kefu_officer), [name for name in typed() if name != "once"]
    fields += ["kinds", "regions", "managers", "units", "people", "effective_on", "publish_at", "keep_files", "notice"]
    sent = {name: [text, text] for name in fields} | {"once": uuid.uuid4(), f"done-{text[:40]}": "on"}

    assert client.post("/notices/new/", sent | {"send": "1"}).status_code == 422
    assert client.post("/notices/request/", sent | {"save": "1"}).status_code == 422
    assert client.post("/notices/audience/", sent).status_code == 200
    assert client.get("/notices/audience/find/", {"q": text, "what": text}).status_code == 200
    client.post("/drafts/notice.new/", sent)
    page = client.get("/notices/new/", {"kind": text})
    assert page.status_code == 200
    assert "<script>alert(1)" not in page.content.decode()


# ── how much it costs ───────────────────────────────────────────────────────────────────────────


def test_it_costs_few_statements(cast: Cast, window: Window, django_assert_max_num_queries: Any) -> None:
    client = window(cast.kefu_officer)
    Robot.objects.create(
        unit=cast.kefu, maker="wecom", name="客服群", address="x", created_by=cast.kefu_head, created_at=clock.now()
    )
    client.get("/notices/new/")

    with django_assert_max_num_queries(20):
        page = client.get("/notices/new/").content.decode()

    assert "客服群" in page
