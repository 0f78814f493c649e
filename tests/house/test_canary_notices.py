"""The canary among notices, meetings, regulations, subscriptions and robots: whatever each person can reach is searched for the
words of tests/house/papers.py. A word that reaches somebody outside its readers is a leak, and the test names the door."""

# ruff: noqa: E501  (tables)
from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from channelportal.core import alerts, audit, calendar, clock, outbox, stamps
from channelportal.core.models import Alert, AuditEntry, OutboxMessage
from feedback import supplied
from notices import filters, robots
from notices.models import NoticeFile, RobotPost
from notices.sweep import sweep
from tests.house.papers import ROBOT_KEY, ROBOT_SECRET, Papers, papers
from tests.house.test_canary import echo_free, text_of
from tests.house.test_walk import Place, places
from tests.people import Cast

GROUPS = {
    "channels": ("ludong_head", "ludong_officer", "chuannan_head", "shenyang_head"),
    "those concerned": ("kefu_officer", "kefu_member", "center_head", "market_officer", "market_member"),
    "headquarters": ("dev_head", "office_head", "qifa_officer", "audit_admin"),
}
KEFU = {"kefu_head", "kefu_officer", "kefu_deputy"}
QIFA = {"qifa_head", "qifa_officer", "qifa_member"}
LUDONG = {"ludong_head", "ludong_officer", "ludong_member"}
HOST = {"market_head", "market_officer"}
KEPT_INSIDE = {*KEFU, "center_head", "office_head", "qifa_head"}
NAMED_INSIDE = {*KEFU, *QIFA, "center_head"}
ABOVE = {*HOST, *QIFA, "ludong_head", "chuannan_head"}
TRAIL = {"audit_admin"}
# what is confidential, and who may meet it
READERS: dict[str, set[str]] = {
    "KEPTTITLE": {*KEPT_INSIDE, "ludong_head"}, "KEPTBODY": {*KEPT_INSIDE, "ludong_head"}, "KEPTWHY": {*KEPT_INSIDE, "ludong_head"},
    "KEPTIMPACT": {*KEPT_INSIDE, "ludong_head"}, "KEPTFILE": {*KEPT_INSIDE, "ludong_head"},
    "KEPTLEAD": KEPT_INSIDE, "KEPTREMARK": KEPT_INSIDE, "KEPTRETURN": KEPT_INSIDE, "KEPTAPPROVAL": KEPT_INSIDE,
    "NAMEDTITLE": {*NAMED_INSIDE, "ludong_head", "ludong_officer", *TRAIL}, "NAMEDBODY": {*NAMED_INSIDE, "ludong_head"},
    "NAMEDFILE": {*NAMED_INSIDE, "ludong_head", *TRAIL}, "NAMEDAPPROVAL": NAMED_INSIDE,
    "CORRECTTITLE": {*KEFU, *QIFA}, "CORRECTBODY": {*KEFU, *QIFA}, "CORRECTCHANGE": {*KEFU, *QIFA}, "CORRECTWHY": {*KEFU, *QIFA}, "CORRECTFILE": {*KEFU, *QIFA, *TRAIL},
    "DRAFTTITLE": {*KEFU, "kefu_member", *TRAIL}, "DRAFTBODY": {*KEFU, "kefu_member"}, "DRAFTFILE": {*KEFU, "kefu_member", *TRAIL},
    "PENDINGTITLE": {*KEFU, *QIFA, "kefu_member", *TRAIL}, "PENDINGBODY": {*KEFU, *QIFA, "kefu_member"},
    "TAKENTITLE": {*NAMED_INSIDE, "chuannan_head", *TRAIL}, "TAKENBODY": NAMED_INSIDE, "TAKENWHY": {*NAMED_INSIDE, "chuannan_head", *TRAIL},
    "REQUESTTITLE": {*NAMED_INSIDE, *TRAIL}, "REQUESTBODY": NAMED_INSIDE, "REQUESTPURPOSE": NAMED_INSIDE,
    "LATERTITLE": {*NAMED_INSIDE, *TRAIL}, "LATERBODY": NAMED_INSIDE,
    "ASKEDQUESTION": {*KEFU, *QIFA, "ludong_head", "ludong_officer", *TRAIL}, "SHOWNQUESTION": {*NAMED_INSIDE, "ludong_head"}, "SHOWNANSWER": {*NAMED_INSIDE, "ludong_head"},
    "MEETINGTITLE": {*ABOVE, *TRAIL}, "MEETINGPURPOSE": ABOVE, "MEETINGPLACE": ABOVE, "MEETINGTOPIC": ABOVE, "MEETINGPAPER": {*ABOVE, *TRAIL},
    "DRAFTMEETING": {*HOST, *TRAIL}, "OFFHOURSWHY": ABOVE, "SHORTNOTICEWHY": {*ABOVE, *TRAIL}, "DECLINEWHY": {*HOST, *QIFA, "chuannan_head", *TRAIL},
    "MINUTESDRAFT": HOST, "MINUTESSENT": ABOVE, "MINUTESRETURN": {*HOST, *TRAIL}, "ACTIONDRAFT": HOST, "ACTIONTASK": {*ABOVE, *TRAIL},
    **{f"VAULT{what}": {*HOST, "ludong_head", "chuannan_head", "qifa_head"} for what in ("TITLE", "PURPOSE", "PLACE", "TOPIC", "PAPER", "WHY", "MINUTES", "TASK")},
    "REFUSEDWISH": {*LUDONG, *HOST, *QIFA, *TRAIL}, "REFUSALWHY": {*LUDONG, *HOST, *QIFA, *TRAIL}, "GRANTEDWISH": {*LUDONG, *HOST, *QIFA, *TRAIL},
    "RULEBODY": QIFA, "RULECHANGE": QIFA, "RULEFILE": {*QIFA, *TRAIL}, "RULENEWBODY": QIFA, "RULENEWNAME": {*QIFA, *TRAIL},
    ROBOT_KEY: set(), ROBOT_SECRET: set(),
}  # fmt: skip


@pytest.fixture
def made(cast: Cast, settings: Any, tmp_path: Any) -> Iterator[Papers]:
    settings.UPLOAD_ROOT = tmp_path
    stamps.forget_all()
    calendar.ship()
    supplied.supply()
    made = papers(cast)
    sweep(clock.now())
    audit.seal_all(clock.now())
    stamps.forget_all()
    yield made
    stamps.forget_all()


# ── the doors ───────────────────────────────────────────────────────────────────────────────────

GUARDED = ("kept", "named", "draft", "called", "held")
LISTS = ("/notices/", "/notices/archive/", "/meetings/", "/meetings/frequency/", "/notices/subscriptions/", "/notices/subscriptions/given/", "/audit/", "/tickets/", "/supervision/notices/")  # fmt: skip
ELSEWHERE = ("/", "/alerts/", "/alerts/bell/", "/supervision/", "/people/", "/units/", "/channels/", "/outbox/parked/", "/doctor/", "/account/", "/no/such/page/")  # fmt: skip
WORDS = ("TITLE", "MEETING", "-20")
ABOUT_ONE = ("notices/<int:pk>/", "meetings/<int:pk>/", "rules/<int:pk>/", "notices/subscriptions/<int:pk>/")


def doors(made: Papers, cast: Cast) -> Iterator[str]:
    """Where anything of the kind could come out, whether or not the person is shown a link there."""
    yield from ELSEWHERE
    for path in LISTS:
        yield from (path, f"{path}?format=xlsx")
        yield from (f"{path}?q={word}" for word in WORDS)
    yield from (f"/notices/?view={view.code}" for view in filters.VIEWS)
    yield from (f"/search/?q={word}" for word in WORDS)
    for place in places():
        yield from _of(place, made)
    for paper in (*made.notices.values(), *made.meetings.values(), *made.subscriptions.values()):
        yield paper.get_absolute_url() if hasattr(paper, "get_absolute_url") else f"/notices/subscriptions/{paper.pk}/"
    named = made.notices["named"].pk
    yield from (
        f"/notices/{named}/?version=1",
        f"/notices/{named}/?version=2",
        f"/notices/{named}/compare/?from=1&to=2",
    )
    yield f"/notices/{named}/receipts/?format=xlsx"
    yield from _files(made)
    for unit in (cast.kefu, cast.ludong, cast.market):
        yield f"/units/{unit.pk}/"
        yield from (f"/channels/{unit.pk}/{tab}" for tab in ("", "people/", "tickets/", "contact/"))
    yield f"/tickets/{made.question.pk}/"


def _of(place: Place, made: Papers) -> Iterator[str]:
    """The addresses of one kind for each paper."""
    route = place.route
    if not route.startswith(("notices", "meetings", "rules")) or "files/" in route or "pictures" in route:
        return
    world: dict[str, Any] = {
        "notices/kinds/": made.notices["kept"].kind_id, "notices/robots/": made.robot.pk, "notices/robots/posts/": made.post.pk,
        "notices/subscriptions/apply/": made.notices["named"].kind_id, "notices/answers/": made.answer.pk,
        "notices/questions/": made.question.pk, "rules/number/": 2, "meetings/kinds/": made.meetings["called"].kind_id,
    }  # fmt: skip
    place = replace(place, of="")
    if route.startswith("notices/subscriptions/<"):
        rows: list[dict[str, Any]] = [{"notices/subscriptions/": one.pk} for one in made.subscriptions.values()]
    elif route.startswith("notices/<"):
        rows = [{"notices/": one.pk} for name, one in made.notices.items() if name in GUARDED]
    elif route.startswith("meetings/<"):
        rows = [
            {
                "meetings/": one.pk, "meetings/people/": one.invitations.values_list("pk", flat=True).last() or 0,
                "meetings/actions/": one.actions.values_list("pk", flat=True).last() or 0,
            }
            for name, one in made.meetings.items()
            if name in GUARDED
        ]  # fmt: skip
    elif route.startswith("rules/<"):
        rows = [{"rules/": one.rule_id} for one in made.versions.values()]
    else:
        rows = [{}]
    yield from (place.path(world | row) for row in rows)


def _files(made: Papers) -> Iterator[str]:
    """Each file behind its own paper and behind another's."""
    another = made.notices["withdrawn"].pk
    for row in NoticeFile.objects.select_related("version"):
        yield f"/notices/{row.version.notice_id}/files/{row.file_id}/"
        yield f"/notices/{another}/files/{row.file_id}/"
        yield f"/rules/{made.rule.pk}/files/{row.file_id}/"
        yield f"/notices/pictures/{row.file_id}/"
    for meeting in made.meetings.values():
        yield from (f"/meetings/{meeting.pk}/files/{row.file_id}/" for row in meeting.papers.all())


def leaks(person: str, where: str, text: str) -> list[tuple[str, str, str]]:
    return [(word, person, where) for word, readers in READERS.items() if word in text and person not in readers]


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_confidential_is_behind_any_door(group: str, cast: Cast, made: Papers) -> None:
    paths, found = list(dict.fromkeys(doors(made, cast))), []
    for person in GROUPS[group]:
        browser = Client()
        browser.force_login(cast.people[person])
        reached = 0
        for path in paths:
            answer = browser.get(path)
            assert answer.status_code < 500, (person, path)
            reached += answer.status_code == 200
            found += leaks(person, path, echo_free(path, text_of(answer)))
        assert reached > 5, person

    assert sorted(set(found)) == []


def test_a_stranger_meets_none_of_them(cast: Cast, made: Papers) -> None:
    browser = Client()
    found = [
        word
        for path in dict.fromkeys(doors(made, cast))
        for word in READERS
        if word in echo_free(path, text_of(browser.get(path)))
    ]

    assert found == []


def test_the_words_are_there_for_their_readers(cast: Cast, made: Papers) -> None:
    """Else the crawl proves nothing."""
    kept, named = made.notices["kept"], made.notices["named"]
    recorded, called = made.meetings["recorded"], made.meetings["called"]
    for person, path, words in (
        ("ludong_head", f"/notices/{kept.pk}/", ["KEPTTITLE", "KEPTBODY", "KEPTWHY", "KEPTIMPACT", "KEPTFILE"]),
        ("kefu_officer", f"/notices/{kept.pk}/", ["KEPTREMARK", "KEPTRETURN", "KEPTAPPROVAL"]),
        ("ludong_head", f"/notices/{named.pk}/", ["NAMEDTITLE", "NAMEDBODY", "NAMEDFILE", "SHOWNQUESTION", "SHOWNANSWER"]),
        ("kefu_head", f"/notices/{named.pk}/?version=2", ["CORRECTTITLE", "CORRECTBODY", "CORRECTCHANGE", "CORRECTWHY"]),
        ("kefu_member", f"/notices/{made.notices['draft'].pk}/", ["DRAFTTITLE", "DRAFTBODY"]),
        ("chuannan_head", f"/notices/{made.notices['withdrawn'].pk}/", ["TAKENTITLE", "TAKENWHY"]),
        ("qifa_officer", f"/notices/{made.notices['request'].pk}/", ["REQUESTTITLE", "REQUESTBODY", "REQUESTPURPOSE"]),
        ("ludong_head", f"/meetings/{recorded.pk}/", ["MEETINGTITLE", "MEETINGPURPOSE", "MINUTESSENT", "ACTIONTASK"]),
        ("ludong_head", f"/meetings/{called.pk}/", ["MEETINGTOPIC", "MEETINGPAPER", "MEETINGPLACE"]),
        ("market_officer", f"/meetings/{called.pk}/", ["DECLINEWHY"]),
        ("market_officer", f"/meetings/{made.meetings['held'].pk}/", ["MINUTESDRAFT", "ACTIONDRAFT"]),
        ("market_head", f"/notices/subscriptions/{made.subscriptions['refused'].pk}/", ["REFUSEDWISH", "REFUSALWHY"]),
        ("qifa_head", f"/rules/{made.rule.pk}/?version=2", ["RULEBODY", "RULECHANGE", "RULEFILE"]),
    ):  # fmt: skip
        browser = Client()
        browser.force_login(cast.people[person])
        text = browser.get(path).text
        assert [word for word in words if word not in text] == [], (person, path)


# ── what leaves the pages ───────────────────────────────────────────────────────────────────────


def test_no_mail_and_no_alert_carries_them(cast: Cast, made: Papers) -> None:
    by_id, found = {user.pk: key for key, user in cast.people.items()}, []
    for alert in Alert.objects.all():
        found += leaks(by_id[alert.user_id], f"alert {alert.kind}", alerts.wording(alert))
    for row in OutboxMessage.objects.select_related("user"):
        for letter in [outbox.Letter(row, [row])] + ([outbox.Letter(row, [row, row])] if row.bundle else []):
            mail = outbox.compose(letter)
            said = f"{mail.subject}\n{mail.body}\n{mail.alternatives}\n{mail.attachments}"
            found += leaks(by_id[row.user_id or 0], f"mail {row.kind} {row.data.get('event')}", said)
            found += [(word, "", f"mail {row.kind}") for word in READERS if word.startswith("KEPT") and word in said]

    assert OutboxMessage.objects.filter(kind__startswith="notice").count() > 5
    assert OutboxMessage.objects.filter(kind__startswith="meeting").count() > 5
    assert found == []


def test_no_robot_says_them_in_its_group(made: Papers) -> None:
    """A group chat is outside the house: of a confidential notice nothing, of one for heads alone only in the author's group."""
    posts = list(RobotPost.objects.exclude(pk=made.post.pk))

    said = [f"{post.data}" for post in posts]
    assert {post.notice_id for post in posts} >= {made.notices["kept"].pk}
    assert [
        word for word in READERS for text in said if word.startswith(("KEPT", "CORRECT", "NAMEDBODY")) and word in text
    ] == []
    assert robots.shown(made.robot) == f"oapi.dingtalk.com/…{ROBOT_KEY[-4:]}"


def test_the_trail_knows_what_was_done_and_not_what_was_said(made: Papers) -> None:
    silent = [word for word in READERS if word.startswith(("KEPT", "ROBOT"))]
    for entry in AuditEntry.objects.all():
        said = f"{entry.object_name}{entry.data}"
        assert not [word for word in silent if word in said], (entry.action, said)


def test_the_log_is_silent_about_them(cast: Cast, made: Papers, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser, kept = Client(), made.notices["kept"].pk
    browser.force_login(cast.kefu_head)
    browser.get(f"/notices/{kept}/")
    browser.post(f"/notices/{kept}/withdraw/", {"reason": "KEPTWHY", "wrong": "no"})
    browser.post(
        "/notices/robots/new/",
        {"maker": "wecom", "address": f"https://example.com/{ROBOT_KEY}", "secret": ROBOT_SECRET},
    )
    sweep(clock.now())
    outbox.deliver(clock.now())

    said = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert not [word for word in READERS if word in said]


# ── seen red ────────────────────────────────────────────────────────────────────────────────────


def test_it_sees_a_filter_that_is_gone(cast: Cast, made: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    """With everybody shown everything the machine must cry out."""
    monkeypatch.setattr("notices.models.notice.NoticeQuerySet.visible_to", lambda rows, user: rows)
    monkeypatch.setattr("notices.models.meetings.MeetingQuerySet.visible_to", lambda rows, user: rows)
    browser = Client()
    browser.force_login(User.objects.get(pk=cast.shenyang_head.pk))
    paths = [f"/notices/{made.notices['named'].pk}/", f"/meetings/{made.meetings['recorded'].pk}/", "/notices/archive/"]

    found = {word for path in paths for word, _who, _where in leaks("shenyang_head", path, text_of(browser.get(path)))}

    assert {"NAMEDTITLE", "NAMEDBODY", "MEETINGTITLE"} <= found
