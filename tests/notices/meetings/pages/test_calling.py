"""Calling a meeting by page: the form, what stands beside it, what is kept, and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from channelportal.core import drafts
from channelportal.core.models import Draft
from notices.models import Meeting, MeetingKind
from notices.workflow import meetings
from tests.notices.meetings.conftest import CALLED_AT, Make, may, of
from tests.notices.meetings.pages.conftest import Window
from tests.people import Cast

Sheet = Callable[..., dict[str, Any]]
NEW = "/meetings/new/"


def test_the_form_begins_with_a_time_and_people_that_fit_the_kind(
    cast: Cast, window: Window, kind: Callable[[str], MeetingKind]
) -> None:
    answer = window(cast.market_officer).get(f"{NEW}?kind={kind('annual').pk}")

    form, outlook = answer.context["form"], answer.context["outlook"]
    assert form["channels"].value() == "all"
    assert form["chair"].value() == cast.market_head
    assert (outlook.early_enough, outlook.off_hours, outlook.people) == (True, False, 3)
    assert "每年 1 次" in answer.content.decode()


def test_it_is_called(cast: Cast, window: Window, sheet: Sheet) -> None:
    answer = window(cast.market_officer).post(NEW, sheet(send="1"), follow=True)

    meeting = Meeting.objects.get()
    assert answer.redirect_chain[-1][0] == f"/meetings/{meeting.pk}/"
    assert (meeting.state, meeting.starts_at) == ("pending", may(4, 14).replace(month=6))
    assert [item.topic for item in meeting.agenda.all()] == ["库存"]
    assert "待负责人审批" in answer.content.decode()


def test_a_heads_own_goes_out_at_once(cast: Cast, window: Window, sheet: Sheet) -> None:
    window(cast.market_head).post(NEW, sheet(send="1", recorder_text="企市员"))

    meeting = Meeting.objects.get()
    assert meeting.state == Meeting.State.CALLED
    assert of(meeting, cast.ludong_head)


def test_it_is_called_once_however_often_it_is_sent(cast: Cast, window: Window, sheet: Sheet) -> None:
    browser = window(cast.market_officer)
    first = browser.post(NEW, sheet(send="1"))
    second = browser.post(NEW, sheet(send="1"))

    assert first["Location"] == second["Location"]
    assert Meeting.objects.count() == 1


def test_a_draft_may_be_without_people(cast: Cast, window: Window, sheet: Sheet) -> None:
    answer = window(cast.market_officer).post(NEW, sheet(save="1", channels="none"))

    meeting = Meeting.objects.get()
    assert answer["Location"] == f"/meetings/{meeting.pk}/edit/"
    assert meeting.state == Meeting.State.DRAFT


def test_it_keeps_what_was_typed_and_says_what_is_wrong(cast: Cast, window: Window, sheet: Sheet) -> None:
    sent = sheet(send="1", place="", title="六月会", **{"agenda-0-topic": "", "agenda-0-speaker": "钱企市"})

    answer = window(cast.market_officer).post(NEW, sent)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert answer.context["form"]["title"].value() == "六月会"
    assert "请填写这一行的议题" in page
    assert not Meeting.objects.exists()


def test_short_notice_wants_its_reason_at_its_field(cast: Cast, window: Window, sheet: Sheet) -> None:
    sent = sheet(send="1", starts_at="2026-05-13T14:00", ends_at="2026-05-13T15:00")
    browser = window(cast.market_officer)
    refused = browser.post(NEW, sent)
    browser.post(NEW, sent | {"short_notice_reason": "客户临时来访"})

    assert refused.status_code == 422
    assert refused.context["form"].errors["short_notice_reason"]
    assert Meeting.objects.get().short_notice_reason == "客户临时来访"


def test_a_name_that_is_not_known_is_said(cast: Cast, window: Window, sheet: Sheet) -> None:
    answer = window(cast.market_officer).post(NEW, sheet(send="1", chair_text="某某人"))

    assert answer.status_code == 422
    assert "某某人" in str(answer.context["form"].errors["chair"])


def test_a_paper_of_an_item_is_kept_with_it(cast: Cast, window: Window, sheet: Sheet) -> None:
    paper = SimpleUploadedFile("stock.txt", b"12 boxes", "text/plain")
    browser = window(cast.market_officer)
    browser.post(NEW, sheet(save="1", **{"agenda-0-files": paper}))
    meeting = Meeting.objects.get()
    page = browser.get(f"/meetings/{meeting.pk}/edit/").content.decode()
    kept = str(meeting.papers.get().pk)
    again = sheet(save="1", **{"agenda-0-keep": kept, "agenda-0-topic": "库存与回款"})
    browser.post(f"/meetings/{meeting.pk}/edit/", again)

    item = meeting.agenda.get()
    assert "stock.txt" in page
    assert (item.topic, item.papers.get().file.name) == ("库存与回款", "stock.txt")


def test_channels_and_employees_do_not_call(cast: Cast, window: Window) -> None:
    assert window(cast.market_member).get(NEW).status_code == 403
    assert window(cast.market_member).post(f"{NEW}hints/", {}).status_code == 403


# ── another kind ────────────────────────────────────────────────────────────────────────────────


def begun(page: str, name: str) -> str:
    return re.findall(rf'name="{name}"[^>]*value="([^"]*)"', page)[0]


def untouched(sheet: Sheet, page: str, kind: MeetingKind, **values: Any) -> dict[str, Any]:
    times = {name: begun(page, name) for name in ("starts_at", "ends_at")}
    return sheet(kind=kind.pk, channels="none", kinds=[], reach="all", title="已写的标题", **times) | values


def test_another_kind_begins_what_nobody_touched(
    cast: Cast, window: Window, sheet: Sheet, kind: Callable[[str], MeetingKind]
) -> None:
    browser = window(cast.market_officer)
    page = browser.get(f"{NEW}?kind={kind('monthly').pk}").content.decode()

    answer = browser.post(NEW, untouched(sheet, page, kind("annual"), preview="1"))

    form = answer.context["form"]
    assert answer.status_code == 200
    assert form["title"].value() == "已写的标题"
    assert form["channels"].value() == "all"
    assert form["starts_at"].value() > begun(page, "starts_at")
    assert "invalid-feedback" not in answer.content.decode()
    assert not Meeting.objects.exists()


def test_another_kind_leaves_what_was_touched(
    cast: Cast, window: Window, sheet: Sheet, kind: Callable[[str], MeetingKind]
) -> None:
    answer = window(cast.market_officer).post(NEW, sheet(kind=kind("annual").pk, preview="1"))

    form = answer.context["form"]
    assert form["starts_at"].value() == "2026-06-04T14:00"
    assert form["channels"].value() == "some"


def test_the_hints_bring_the_time_of_another_kind_along(
    cast: Cast, window: Window, sheet: Sheet, kind: Callable[[str], MeetingKind]
) -> None:
    browser = window(cast.market_officer)
    page = browser.get(f"{NEW}?kind={kind('monthly').pk}").content.decode()
    same = browser.post(f"{NEW}hints/", untouched(sheet, page, kind("monthly"))).content.decode()
    other = browser.post(f"{NEW}hints/", untouched(sheet, page, kind("annual"))).content.decode()

    assert "hx-swap-oob" not in same
    assert other.count("hx-swap-oob") == 2
    assert begun(other, "starts_at") > begun(page, "starts_at")


# ── what it means ───────────────────────────────────────────────────────────────────────────────


def test_the_hints_say_what_the_time_means(cast: Cast, window: Window, sheet: Sheet) -> None:
    sent = sheet(starts_at="2026-05-13T20:00", ends_at="2026-05-13T21:00")

    page = window(cast.market_officer).post(f"{NEW}hints/", sent).content.decode()

    assert 'data-off-hours="1"' in page
    assert 'data-short-notice="1"' in page
    assert "2 人" in page


def test_the_hints_name_who_is_taken_only_as_far_as_one_may_know(
    cast: Cast, window: Window, sheet: Sheet, called: Make
) -> None:
    called(title="本部例会", starts_at=may(20, 14), ends_at=may(20, 16))
    sent = sheet(starts_at="2026-05-20T15:00", ends_at="2026-05-20T17:00")
    own = window(cast.market_officer).post(f"{NEW}hints/", sent).content.decode()
    others = window(cast.hr_officer).post(f"{NEW}hints/", sent).content.decode()

    assert "李代理" in own
    assert "本部例会" in own
    assert "李代理" in others
    assert "本部例会" not in others


def test_the_hints_do_not_tell_of_anothers_draft(cast: Cast, window: Window, sheet: Sheet, drafted: Make) -> None:
    draft = drafted()

    answer = window(cast.hr_officer).post(f"{NEW}hints/", sheet(meeting=draft.pk))

    assert answer.status_code == 404


# ── without a script; drafts ────────────────────────────────────────────────────────────────────


def test_more_rows_come_without_a_script(cast: Cast, window: Window, sheet: Sheet) -> None:
    answer = window(cast.market_officer).post(NEW, sheet(preview="rows", title=""))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert len(answer.context["agenda"].forms) == 4
    assert answer.context["agenda"].forms[0]["topic"].value() == "库存"
    assert "invalid-feedback" not in page


def test_what_was_being_typed_comes_back_until_it_is_sent(cast: Cast, window: Window, sheet: Sheet) -> None:
    browser = window(cast.market_officer)
    browser.post("/drafts/meeting.new/", sheet(title="写到一半"))
    kept = drafts.initial(cast.market_officer, "meeting.new")
    page = browser.get(NEW)
    browser.post(NEW, sheet(send="1"))

    assert kept["title"] == "写到一半"
    assert page.context["form"]["title"].value() == "写到一半"
    assert page.context["form"]["once"].value()
    assert page.context["agenda"].forms[0]["topic"].value() == "库存"
    assert "invalid-feedback" not in page.content.decode()
    assert not Draft.objects.filter(user=cast.market_officer, form="meeting.new").exists()


def test_a_draft_given_back_says_why_above_the_form(cast: Cast, window: Window, drafted: Make) -> None:
    meeting = meetings.send(drafted(), by=cast.market_officer, at=CALLED_AT)
    meetings.give_back(meeting, by=cast.market_head, text="加上开发部", at=CALLED_AT)

    page = window(cast.market_officer).get(f"/meetings/{meeting.pk}/edit/").content.decode()

    assert "加上开发部" in page
