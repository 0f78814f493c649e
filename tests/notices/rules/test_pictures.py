"""Pictures inside a regulation: through the editor's door, seen by whoever may read the words they stand in."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import localdate
from PIL import Image
from pytest_django import Settings

from channelportal.core import clock
from notices.models import Picture, Rule, RuleVersion
from notices.supplied.rules import supply
from notices.workflow import rules


@pytest.fixture
def rule(settings: Settings, tmp_path: Any) -> Rule:
    settings.UPLOAD_ROOT = tmp_path
    supply(apps)  # a test that emptied the database may have gone before
    return Rule.objects.get(code="QD-GT-01")


def sent(client: Client, who: Any) -> str:
    """The address of a picture that this person put into the editor."""
    client.force_login(who)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    answer = client.post(
        "/notices/pictures/", {"file": SimpleUploadedFile("流程.png", picture.getvalue(), "image/png")}
    )
    return str(answer.json()["url"])


def written(rule: Rule, cast: Any, address: str, **more: Any) -> RuleVersion:
    body = f'<p>流程如下：</p><p><img src="{address}" alt="流程图"></p>'
    return rules.draft(rule, by=cast.qifa_officer, body=body, change="加了流程图", in_force_from=localdate(), **more)


def public(rule: Rule, address: str) -> str:
    return address.replace("/notices/", f"/rules/{rule.pk}/")


def statuses(client: Client, cast: Any, address: str, *people: str) -> list[int]:
    found = []
    for name in people:
        client.force_login(cast.people[name])
        found.append(client.get(address).status_code)
    return found


def test_it_is_seen_by_who_reads_the_words(client: Client, cast: Any, rule: Rule) -> None:
    address = sent(client, cast.qifa_officer)
    version = written(rule, cast, address)
    drafted = statuses(client, cast, address, "qifa_member", "qifa_head", "kefu_head", "ludong_member")
    rules.send(version, by=cast.qifa_officer)
    rules.approve(version, by=cast.qifa_head)

    in_force = statuses(client, cast, address, "qifa_head", "kefu_head", "ludong_member")

    assert drafted[1:] == [200, 404, 404]
    assert in_force == [200, 200, 200]
    assert address in client.get(f"/rules/{rule.pk}/").content.decode()
    assert "流程.png" not in client.get(f"/rules/{rule.pk}/").content.decode()  # no attachment


def test_a_stranger_sees_that_of_a_public_regulation_in_force(client: Client, cast: Any, rule: Rule) -> None:
    address = sent(client, cast.qifa_officer)
    version = written(rule, cast, address)
    client.logout()
    drafted = client.get(public(rule, address)).status_code
    rules.send(version, by=cast.qifa_officer)
    rules.approve(version, by=cast.qifa_head)
    closed = client.get(public(rule, address)).status_code
    Rule.objects.update(public=True)

    page = client.get(f"/rules/{rule.pk}/").content.decode()
    picture = client.get(public(rule, address))

    assert (drafted, closed) == (404, 404)
    assert f'src="{public(rule, address)}"' in page
    assert address not in page
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    assert client.get(address).status_code == 302  # the other door wants a sign-in


def test_a_stranger_sees_none_of_what_was_or_will_be_in_force(client: Client, cast: Any, rule: Rule) -> None:
    Rule.objects.update(public=True)
    rule.refresh_from_db()
    address = sent(client, cast.qifa_officer)
    version = written(rule, cast, address)
    rules.send(version, by=cast.qifa_officer)
    rules.approve(version, by=cast.qifa_head)
    client.logout()
    RuleVersion.objects.filter(pk=version.pk).update(in_force_from=localdate() + timedelta(days=3))
    ahead = client.get(public(rule, address)).status_code
    RuleVersion.objects.filter(pk=version.pk).update(in_force_from=localdate() - timedelta(days=3))
    then = client.get(public(rule, address)).status_code
    without = rules.draft(rule, by=cast.qifa_officer, body="<p>没有图</p>", change="去掉", in_force_from=localdate())
    rules.send(without, by=cast.qifa_officer)
    rules.approve(without, by=cast.qifa_head)

    assert (ahead, then, client.get(public(rule, address)).status_code) == (404, 200, 404)


def test_the_next_version_keeps_it_and_drops_it_with_the_words(client: Client, cast: Any, rule: Rule) -> None:
    address = sent(client, cast.qifa_officer)
    first = written(rule, cast, address)
    rules.send(first, by=cast.qifa_officer)
    rules.approve(first, by=cast.qifa_head)

    second = written(rule, cast, address, keep=first.files.select_related("file"))
    kept = second.files.count()
    rules.edit(second, by=cast.qifa_head, body="<p>没有图</p>", change="去掉", in_force_from=localdate())

    assert (kept, second.files.count(), first.files.count()) == (1, 0, 1)


@pytest.mark.parametrize("owner", ["kefu_officer", "qifa_head"])
def test_nobody_opens_anothers_picture_by_writing_its_address(
    client: Client, cast: Any, rule: Rule, owner: str
) -> None:
    address = sent(client, cast.people[owner])
    version = written(rule, cast, address)
    rules.send(version, by=cast.qifa_officer)
    rules.approve(version, by=cast.qifa_head)

    assert version.files.count() == 0
    assert statuses(client, cast, address, "ludong_member") == [404]
    assert Picture.objects.filter(at__lte=clock.now()).exists()
