"""Every door to a notice is shut to everyone it is not for: its page, files, pictures, versions, receipts, acknowledgement, and
every place where it could be counted or named (issue 3, trust.md). Each was seen red with its own filter removed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook
from PIL import Image

from accounts.models import User
from channelportal import home
from channelportal.core import calendar, clock, files, stamps
from channelportal.core.models import Alert
from notices import desk, workflow
from notices.audience import Audience
from notices.models import Notice, Picture, Receipt
from tests.notices import making
from tests.people import Cast

pytestmark = pytest.mark.django_db
TITLE = "轴封更换的通知"
WORD = "密封圈"
# who has no part in a notice of 客户服务部 to 李代理, 代理信息员: a stranger channel, another department, a colleague of the
# recipients, an employee of the author's unit who did not write it, company management, the three administrators
OUTSIDE = [
    "chuannan_head", "shenyang_officer", "dev_head", "market_head", "ludong_member", "kefu_member", "office_head", "hr_officer",
    "system_admin", "security_admin", "audit_admin",
]  # fmt: skip
INSIDE = ["ludong_head", "ludong_officer", "kefu_officer", "kefu_head", "kefu_deputy", "qifa_head"]


@pytest.fixture(autouse=True)
def fresh_copies(db: None) -> Iterator[None]:
    stamps.forget_all()
    calendar.ship()
    yield
    stamps.forget_all()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def attached(cast: Cast) -> Any:
    upload = SimpleUploadedFile("说明.txt", "第一行\n".encode())
    return files.keep_all([upload], by=cast.kefu_officer, at=clock.now())[0]


def picture(cast: Cast) -> Picture:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    kept = files.keep_bytes("图.png", out.getvalue(), "image/png", by=cast.kefu_officer, at=clock.now())
    return Picture.objects.create(file=kept, by=cast.kefu_officer, at=clock.now())


def to_ludong(cast: Cast, **values: Any) -> Notice:
    """Urgent, to be acknowledged, with a file, a picture and a second version: something behind every door. Published now."""
    image = picture(cast)
    body = f'<p>请更换{WORD}。</p><p><img src="/notices/pictures/{image.file_id}/" alt="图"></p>'
    facts = {"title": TITLE, "body": body, "files": [attached(cast)], "urgency": "urgent", "acknowledge": True} | values
    to = [cast.ludong_head, cast.ludong_officer]
    notice = making.published(cast, to=to, at=clock.now() - timedelta(hours=30), **facts)
    workflow.correct(
        notice, by=cast.kefu_officer, title=TITLE, body=body + "<p>两只。</p>", change="数量", change_reason="漏写"
    )
    workflow.send(notice, by=cast.kefu_officer)
    making.approve_all(notice, at=clock.now())
    return Notice.objects.get(pk=notice.pk)


@pytest.fixture
def notice(cast: Cast) -> Notice:
    return to_ludong(cast)


# ── the doors: each says whether the notice is behind it for this browser ───────────────────────


def _opens(path: str) -> Callable[[Client, Notice], bool]:
    def ask(client: Client, notice: Notice) -> bool:
        answer = client.get(path.format(pk=notice.pk))
        assert answer.status_code in (200, 403, 404), answer
        assert answer.status_code != 403 or "receipts" in path, "what one may not see is not there"
        return answer.status_code == 200

    return ask


def _file(client: Client, notice: Notice) -> bool:
    kept = notice.versions.get(number=1).files.get()
    return client.get(f"/notices/{notice.pk}/files/{kept.file_id}/").status_code == 200


def _picture(client: Client, notice: Notice) -> bool:
    return client.get(f"/notices/pictures/{notice.pictures.get().file_id}/").status_code == 200


def _shows(address: str) -> Callable[[Client, Notice], bool]:
    def ask(client: Client, notice: Notice) -> bool:
        answer = client.get(address.format(number=notice.number), follow=True)
        return TITLE in answer.content.decode()

    return ask


def _xlsx(client: Client, notice: Notice) -> bool:
    answer = client.get("/notices/?view=out&format=xlsx")
    if not answer["Content-Type"].startswith("application/vnd"):
        return False
    rows = load_workbook(io.BytesIO(answer.content), read_only=True).active.iter_rows(values_only=True)
    return any(notice.number in row for row in rows)


def _archive(client: Client, notice: Notice) -> bool:
    answer = client.get("/notices/archive/")
    return answer.status_code == 200 and bool(answer.context["total"])


DOORS: dict[str, Callable[[Client, Notice], bool]] = {
    "page": _opens("/notices/{pk}/"),
    "version": _opens("/notices/{pk}/?version=1"),
    "compare": _opens("/notices/{pk}/compare/?from=1&to=2"),
    "file": _file,
    "picture": _picture,
    "row": _shows("/notices/?view=out"),
    "filter": _shows("/notices/?view=out&text=" + WORD),
    "xlsx": _xlsx,
    "archive": _archive,
    "hit": _shows("/search/?q=" + WORD),
    "number": _shows("/search/?q={number}"),
}


def behind(client: Client, notice: Notice) -> tuple[str, ...]:
    """The doors that are open."""
    return tuple(name for name, door in DOORS.items() if door(client, notice))


def test_every_door_is_open_to_whom_it_is_for(cast: Cast, notice: Notice) -> None:
    opened = {who: behind(browser(cast.people[who]), notice) for who in INSIDE}

    assert opened == dict.fromkeys(INSIDE, tuple(DOORS))


def test_every_door_is_shut_to_everyone_else(cast: Cast, notice: Notice) -> None:
    opened = {who: behind(browser(cast.people[who]), notice) for who in OUTSIDE}

    assert opened == dict.fromkeys(OUTSIDE, ())


def test_every_door_is_shut_to_who_left_the_unit_for_another(cast: Cast, notice: Notice) -> None:
    User.objects.filter(pk=cast.ludong_head.pk).update(unit=cast.chuannan)

    assert behind(browser(cast.ludong_head), notice) == ()


def test_every_door_is_shut_to_who_is_frozen(cast: Cast, notice: Notice) -> None:
    User.objects.filter(pk=cast.ludong_head.pk).update(frozen_at=clock.now())
    client = browser(cast.ludong_head)

    codes = {client.get(path).status_code for path in (f"/notices/{notice.pk}/", "/notices/", "/search/?q=" + WORD)}

    assert codes == {302}
    assert _file(client, notice) is False


def test_nobody_else_is_told_or_counts_it(cast: Cast, notice: Notice) -> None:
    for who in OUTSIDE:
        user = User.objects.get(pk=cast.people[who].pk)
        today = clock.now().date()

        assert not desk.news(user, today).exists(), who
        assert not desk.urgent(user, today).exists(), who
        assert not Alert.objects.filter(user=user, url=notice.get_absolute_url()).exists(), who
        assert not [row for row in home.waiting(user, clock.now()) if TITLE in row.title], who
        page = browser(user).get("/notices/", follow=True).content.decode()
        assert "urgent-line" not in page, who
        assert TITLE not in page, who


def test_nobody_else_does_anything_to_it(cast: Cast, notice: Notice) -> None:
    answers = {
        (who, path): browser(cast.people[who]).post(f"/notices/{notice.pk}/{path}/").status_code
        for who in OUTSIDE
        for path in ("acknowledge", "remind")
    }

    assert set(answers.values()) == {404}
    assert not Receipt.objects.filter(notice=notice, acknowledged_at__isnull=False).exists()


READERS = {
    "kefu_officer": 200,  # its author
    "kefu_head": 200,
    "kefu_deputy": 200,
    "qifa_head": 200,
    "qifa_member": 200,
    "ludong_head": 403,  # a reader knows that it is there, but not who else read it
    "ludong_officer": 403,
    "center_head": 403,  # decided a step
    **dict.fromkeys(OUTSIDE, 404),
}


@pytest.mark.parametrize("query", ["", "?view=people", "?view=people&format=xlsx"])
def test_receipts_are_for_the_author_his_head_and_the_supervisors(cast: Cast, notice: Notice, query: str) -> None:
    address = f"/notices/{notice.pk}/receipts/{query}"

    codes = {who: browser(cast.people[who]).get(address).status_code for who in READERS}

    assert codes == READERS


def test_the_list_says_how_many_read_it_to_nobody_else(cast: Cast, notice: Notice) -> None:
    Notice.objects.filter(pk=notice.pk).update(recipients=777)

    def told(who: str, view: str) -> bool:
        return "/ 777 已读" in browser(cast.people[who]).get(f"/notices/?view={view}").content.decode()

    assert told("kefu_officer", "mine")
    assert told("kefu_head", "unit")
    assert told("qifa_head", "all")
    assert not any(told("ludong_head", view) for view in ("inbox", "out", "mine", "unit"))
    Notice.objects.filter(pk=notice.pk).update(author=cast.kefu_head.pk)
    assert not told("kefu_officer", "unit")  # an officer of the unit is neither its author nor his head


def test_a_file_of_a_draft_correction_is_not_for_readers(cast: Cast, notice: Notice) -> None:
    workflow.correct(
        notice, by=cast.kefu_officer, title=TITLE, body="<p>草稿</p>", change="再改", change_reason="又错",
        files=[attached(cast)],
    )  # fmt: skip
    draft = notice.versions.get(number=3)
    kept = draft.files.last()
    assert kept is not None
    address = f"/notices/{notice.pk}/files/{kept.file_id}/"

    assert browser(cast.kefu_officer).get(address).status_code == 200
    assert browser(cast.ludong_head).get(address).status_code == 404
    assert browser(cast.qifa_head).get(address).status_code == 404
    assert browser(cast.ludong_head).get(f"/notices/{notice.pk}/?version=3").status_code == 404
    assert browser(cast.ludong_head).get(f"/notices/{notice.pk}/compare/?from=2&to=3").status_code == 404
    assert "草稿" not in browser(cast.ludong_head).get(f"/notices/{notice.pk}/").content.decode()


# ── confidential ones ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def secret(cast: Cast) -> Notice:
    to = [cast.ludong_head, cast.ludong_officer]
    return making.published(cast, to=to, title=TITLE, body=f"<p>{WORD}</p>", level="confidential")


@pytest.mark.parametrize("who", ["qifa_officer", "qifa_member"])
def test_a_confidential_one_is_not_for_the_people_of_the_supervisors(cast: Cast, secret: Notice, who: str) -> None:
    client = browser(cast.people[who])

    for path in ("/notices/?view=all", "/notices/?view=late", "/notices/?view=out", f"/search/?q={WORD}"):
        assert TITLE not in client.get(path).content.decode(), path
    assert client.get("/notices/archive/").context["total"] == 0
    for path in ("", "receipts/", "compare/?from=1&to=1"):
        assert client.get(f"/notices/{secret.pk}/{path}").status_code == 404, path


def test_a_confidential_one_is_seen_by_the_head_of_the_supervisors(cast: Cast, secret: Notice) -> None:
    client = browser(cast.qifa_head)

    assert client.get(f"/notices/{secret.pk}/").status_code == 200
    assert client.get(f"/notices/{secret.pk}/receipts/").status_code == 200
    assert TITLE in client.get("/notices/?view=all").content.decode()


def test_the_job_of_its_publication_is_for_who_stands_inside(cast: Cast) -> None:
    notice = making.approved(cast, title=TITLE, audience=Audience(people=(cast.ludong_head.pk,)))
    making.deliver(notice, [cast.ludong_head])
    job = Notice.objects.get(pk=notice.pk).job
    assert job is not None
    assert notice.state == Notice.State.PUBLISHING

    assert browser(cast.kefu_officer).get(f"/notices/{notice.pk}/progress/").status_code == 200
    assert browser(cast.qifa_head).get(f"/notices/{notice.pk}/progress/").status_code == 200
    for who in ["ludong_head", *OUTSIDE]:
        assert browser(cast.people[who]).get(f"/notices/{notice.pk}/progress/").status_code == 404
        assert browser(cast.people[who]).get(f"/jobs/{job.pk}/").status_code == 404
