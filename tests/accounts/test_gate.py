"""The gate: nothing answers a stranger; nothing but the change answers a due password; what one was doing is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django import Settings

from accounts import gate
from accounts.models import Agreement, SignIn, User
from accounts.workflow import sessions
from channelportal.core.models import AuditEntry, Draft
from tests.people import PASSWORD, Cast

NEW = "Nine!paper-Boats"
PUBLIC = {
    "sign-in", "set_language", "password-forgotten", "register", "register-done", "register-units",
    "register-state",
    "register-confirm", "register-withdraw", "captcha-image", "captcha-image-2x",
    "healthz", "metrics", "prometheus-django-metrics",
    "rules", "rule", "rule-file", "rule-picture",  # what 企发部 made public of the regulations, nothing else
}  # fmt: skip
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/account/sessions/?page=2"}


def make_due(user: User, days: int = 33) -> None:
    User.objects.filter(pk=user.pk).update(password_changed_at=timezone.now() - timedelta(days=days))


def all_views() -> list[tuple[str, object]]:
    def walk(patterns: list[URLPattern | URLResolver]) -> list[tuple[str, object]]:
        found: list[tuple[str, object]] = []
        for one in patterns:
            found += (
                walk(one.url_patterns)
                if isinstance(one, URLResolver)
                else [(one.name or str(one.pattern), one.callback)]
            )
        return found

    return walk(get_resolver().url_patterns)


def test_it_leaves_only_a_short_list_open() -> None:
    opened = {name for name, view in all_views() if gate.is_public(view)}

    assert opened - {"login"} <= PUBLIC


@pytest.mark.parametrize(
    "path", ["/account/", "/account/sessions/", "/registrations/", "/registrations/?format=xlsx", "/admin/"]
)
def test_it_sends_a_stranger_to_the_sign_in(client: Client, db: None, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/?next=%2F")


def test_it_takes_a_strangers_fragment_with_its_page_to_the_sign_in(client: Client, db: None) -> None:
    response = client.get("/account/sessions/", headers=HTMX)

    assert response["HX-Redirect"] == "/sign-in/?next=%2Faccount%2Fsessions%2F%3Fpage%3D2"
    assert response.content == b""


def test_it_says_404_to_everybody_where_there_is_no_page(client: Client, db: None) -> None:
    assert client.get("/no-such-page/").status_code == 404


@pytest.mark.parametrize(
    "path", ["/account/", "/account/sessions/", "/registrations/?format=xlsx", "/admin/", "/account/kept/"]
)
def test_it_lets_a_due_password_see_nothing(client: Client, cast: Cast, path: str) -> None:
    make_due(cast.qifa_head)
    client.force_login(cast.qifa_head)

    response = client.get(path)

    assert (response.status_code, response["Location"]) == (302, "/password/")


def test_it_lets_an_issued_password_see_nothing(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.kefu_head.pk).update(password_changed_at=None)
    client.force_login(cast.kefu_head)

    assert client.get("/account/")["Location"] == "/password/"


def test_it_takes_a_fragments_whole_page_to_the_change(client: Client, cast: Cast) -> None:
    make_due(cast.kefu_head)
    client.force_login(cast.kefu_head)

    assert client.get("/account/sessions/", headers=HTMX)["HX-Redirect"] == "/password/"


def test_it_stops_a_verb_of_a_due_password(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/")
    make_due(cast.kefu_head)

    response = client.post("/account/sessions/end-others/", {"note": "五月的计划", "password": "x"})

    assert response["Location"] == "/password/"
    assert not AuditEntry.objects.filter(action="session.others_ended").exists()


def test_it_opens_the_admin_to_superusers_with_a_fresh_password_only(client: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.qifa_head.pk).update(is_staff=True, is_superuser=True)
    client.force_login(cast.qifa_head)
    assert client.get("/admin/accounts/user/").status_code == 200

    make_due(cast.qifa_head)

    assert client.get("/admin/accounts/user/")["Location"] == "/password/"


def test_it_answers_the_change_and_the_sign_out_of_a_due_password(client: Client, cast: Cast) -> None:
    make_due(cast.kefu_head)
    client.force_login(cast.kefu_head)

    assert client.get("/password/").status_code == 200
    assert client.post("/sign-out/")["Location"] == "/sign-in/"


def test_it_leads_back_to_the_page_one_wanted(client: Client, cast: Cast) -> None:
    make_due(cast.kefu_head)
    client.force_login(cast.kefu_head)
    client.get("/account/sessions/?page=2")

    response = client.post("/password/", {"current": PASSWORD, "new": NEW, "again": NEW})

    assert response["Location"] == "/account/sessions/?page=2"


def test_it_offers_again_what_one_was_sending(client: Client, cast: Cast) -> None:
    make_due(cast.kefu_head)
    client.force_login(cast.kefu_head)
    client.post("/account/sessions/end-others/", {"note": "五月的计划", "tag": ["a", "b"], "password": "x"})

    response = client.post("/password/", {"current": PASSWORD, "new": NEW, "again": NEW}, follow=True)

    assert response.redirect_chain[-1][0] == "/account/kept/"
    page = response.content.decode()
    assert 'action="/account/sessions/end-others/"' in page
    assert page.count('name="tag"') == 2
    assert "五月的计划" in page
    assert 'name="password"' not in page


def test_it_forgets_what_was_kept_once_it_is_sent(client: Client, cast: Cast) -> None:
    make_due(cast.kefu_head)
    client.force_login(cast.kefu_head)
    client.post("/account/sessions/end-others/", {"note": "五月的计划"})
    client.post("/password/", {"current": PASSWORD, "new": NEW, "again": NEW}, follow=True)

    client.post("/account/sessions/end-others/", {"note": "五月的计划"})

    assert not Draft.objects.filter(user=cast.kefu_head).exists()
    assert AuditEntry.objects.filter(action="session.others_ended").exists()


def test_it_keeps_no_draft_that_saves_itself(client: Client, cast: Cast) -> None:
    make_due(cast.kefu_head)
    client.force_login(cast.kefu_head)

    client.post("/account/sessions/end-others/", {"note": "五"}, headers={"HX-Request": "true"})

    assert not Draft.objects.exists()


def test_it_drops_what_was_kept_when_asked(client: Client, cast: Cast) -> None:
    Draft.objects.create(user=cast.kefu_head, form="kept", data={"path": "/x/", "fields": [["a", "b"]], "files": False})
    client.force_login(cast.kefu_head)

    client.post("/account/kept/")

    assert not Draft.objects.exists()


def test_it_wants_a_new_version_of_the_agreement_signed(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    assert client.get("/account/").status_code == 200
    newest = Agreement.objects.order_by("-version")[0]
    sessions.publish_agreement(text_zh="新的保密协议", text_en="", by=None)

    assert client.get("/account/sessions/")["Location"] == "/account/agreement/"
    assert client.post("/account/agreement/", {"name": "别人", "read": "on"}).status_code == 422
    response = client.post("/account/agreement/", {"name": cast.kefu_head.name, "read": "on"})

    assert response["Location"] == "/account/sessions/"
    assert cast.kefu_head.signatures.get(agreement__version=newest.version + 1).address == "127.0.0.1"
    assert client.get("/account/").status_code == 200


def test_it_ends_an_idle_session(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/")

    with time_machine.travel(timezone.now() + timedelta(minutes=30), tick=False):
        response = client.get("/account/sessions/")

    assert response["Location"] == "/sign-in/?next=%2Faccount%2Fsessions%2F"
    assert not SignIn.objects.exists()
    assert not Session.objects.filter(session_data=client.session.session_key).exists()


def test_it_keeps_the_session_of_somebody_who_works(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    start = timezone.now()

    for minutes in range(0, 11 * 60, 29):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert client.get("/account/").status_code == 200


def test_it_ends_every_session_after_twelve_hours(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/")
    start = timezone.now() - timedelta(hours=12)
    SignIn.objects.update(started_at=start)

    assert client.get("/account/")["Location"] == "/sign-in/?next=%2Faccount%2F"


@pytest.mark.parametrize("header", ["X-Poll", "X-Portal-Poll"])
def test_it_does_not_count_polling(client: Client, cast: Cast, header: str) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/")
    before = SignIn.objects.get().seen_at

    with time_machine.travel(timezone.now() + timedelta(minutes=20), tick=False):
        assert client.get("/account/", headers={header: "1"}).status_code == 200

    assert SignIn.objects.get().seen_at == before


def test_it_writes_the_session_at_most_once_a_minute(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        client.get("/account/")
    with time_machine.travel(start + timedelta(seconds=59), tick=False):
        client.get("/account/")
    assert SignIn.objects.get().seen_at == start

    with time_machine.travel(start + timedelta(seconds=60), tick=False):
        client.get("/account/")

    assert SignIn.objects.get().seen_at == start + timedelta(seconds=60)


def test_it_freezes_by_itself_where_no_worker_runs(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/")
    make_due(cast.kefu_head, days=50)

    assert client.get("/account/")["Location"] == "/sign-in/"
    cast.kefu_head.refresh_from_db()
    assert cast.kefu_head.frozen_at is not None
    assert client.get("/password/")["Location"].startswith("/sign-in/")


def test_it_throws_out_who_was_deactivated(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/")
    User.objects.filter(pk=cast.kefu_head.pk).update(is_active=False)

    assert client.get("/account/")["Location"].startswith("/sign-in/")


def test_it_costs_few_queries_on_an_open_session(
    client: Client, cast: Cast, django_assert_max_num_queries: object
) -> None:
    client.force_login(cast.kefu_head)
    client.get("/account/agreement/")

    with django_assert_max_num_queries(12):  # type: ignore[operator]
        client.get("/password/")


def test_it_speaks_chinese_unless_asked(client: Client, cast: Cast) -> None:
    assert client.get("/sign-in/", headers={"Accept-Language": "en"})["Content-Language"] == "zh-hans"

    client.post("/language/", {"language": "en", "next": "/sign-in/"})

    assert client.get("/sign-in/")["Content-Language"] == "en"


def test_it_speaks_the_persons_own_language(client: Client, cast: Cast) -> None:
    client.force_login(cast.kefu_head)

    client.post("/language/", {"language": "en", "next": "https://example.com/"})

    cast.kefu_head.refresh_from_db()
    assert cast.kefu_head.language == "en"
    client.cookies.pop("language")
    assert client.get("/account/")["Content-Language"] == "en"


def test_it_wants_a_second_factor_of_administrators(client: Client, cast: Cast, settings: Settings) -> None:
    settings.SECOND_FACTOR = True
    client.force_login(cast.system_admin)

    assert client.get("/account/")["Location"] == "/account/second-factor/"
