"""The house's own rules, read from its files: words, templates, who writes a status, what no file may say."""

# ruff: noqa: E501  (tables)
from __future__ import annotations

import ast
import functools
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation

from channelportal.core import alerts, outbox
from channelportal.core.models import OutboxMessage
from channelportal.core.parameters import Parameters
from feedback import notify
from notices import meeting_notify
from notices import notify as notice_notify

ROOT = Path(settings.BASE_DIR)
PRODUCT = ("accounts", "channelportal", "feedback", "notices", "partners")
CATALOGUE = ROOT / "channelportal" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


@functools.cache
def tracked() -> tuple[Path, ...]:
    """What belongs to the repository: by git, or, in an export without one, everything but what is made."""
    try:
        names = subprocess.check_output(
            ["git", "ls-files", "-z"], cwd=ROOT, text=True, stderr=subprocess.DEVNULL
        ).split("\0")
    except (OSError, subprocess.CalledProcessError):
        made = {".venv", "var", "staticfiles", "__pycache__", ".git"}
        return tuple(one for one in ROOT.rglob("*") if one.is_file() and not made & set(one.relative_to(ROOT).parts))
    return tuple(ROOT / name for name in names if name and (ROOT / name).is_file())


def ours(*endings: str, under: Iterable[str] = ("",)) -> list[Path]:
    """Files of ours: what is vendored, locked or generated is not."""
    found = [one for one in tracked() if one.suffix in endings or not endings]
    names = tuple(under)
    return [
        one
        for one in found
        if name_of(one).startswith(names) and "vendor/" not in name_of(one) and "/migrations/" not in name_of(one)
    ]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def product_code() -> list[Path]:
    return ours(".py", under=[f"{app}/" for app in PRODUCT])


# ── words ───────────────────────────────────────────────────────────────────────────────────────


def test_the_chinese_catalogue_is_complete() -> None:
    catalogue = polib.pofile(str(CATALOGUE))

    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
    assert len(catalogue.translated_entries()) > 500


def test_the_compiled_catalogue_is_fresh() -> None:
    def meanings(entries: Iterable[polib.POEntry | polib.MOEntry]) -> dict[tuple[str, str], Any]:
        return {
            (one.msgctxt or "", one.msgid): one.msgstr_plural or one.msgstr
            for one in entries
            if one.msgid and not one.obsolete
        }

    assert meanings(polib.mofile(str(CATALOGUE.with_suffix(".mo")))) == meanings(polib.pofile(str(CATALOGUE)))


def test_translations_keep_the_placeholders() -> None:
    """A lost %(name)s would be a blank or an error in the reader's face."""
    wrong = []
    for entry in polib.pofile(str(CATALOGUE)):
        wanted = set(re.findall(r"%\(\w+\)[sd]", entry.msgid)) | set(re.findall(r"%\(\w+\)[sd]", entry.msgid_plural))
        for said in entry.msgstr_plural.values() or [entry.msgstr]:
            given = set(re.findall(r"%\(\w+\)[sd]", said))
            if not entry.obsolete and (given - wanted or (not entry.msgid_plural and wanted - given)):
                wrong.append(entry.msgid)
    assert wrong == []


def test_every_number_of_the_rules_has_a_label_and_bounds() -> None:
    for one in fields(Parameters):
        assert str(one.metadata["label"]), one.name
        if one.metadata["unit"] == "days":
            assert one.metadata["low"] <= one.default <= one.metadata["high"], one.name


# ── templates ───────────────────────────────────────────────────────────────────────────────────

BANNED = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "inline style": re.compile(r"<style|\sstyle\s*=", re.IGNORECASE),
    "handler": re.compile(r"""<[^>]*\son[a-z]+\s*=\s*["']""", re.IGNORECASE),
    "script address": re.compile(r"javascript:", re.IGNORECASE),
    "unescaped": re.compile(r"\|\s*safe\b|autoescape\s+off"),
}
MAILS = "templates/emails/"  # a mail has no other way to look like something; its text is escaped all the same


@pytest.mark.parametrize("what", BANNED)
def test_templates_are_free_of(what: str) -> None:
    templates = [one for one in ours(".html") if "templates/" in name_of(one)]
    if what == "inline style":
        templates = [one for one in templates if not name_of(one).startswith(MAILS)]

    found = [
        f"{name_of(one)}: {match[0][:60]}" for one in templates for match in BANNED[what].finditer(one.read_text())
    ]

    assert len(templates) > 20
    assert found == []


def test_every_form_that_posts_carries_its_token() -> None:
    forms = re.compile(r"<form\b[^>]*method=[\"']post[\"'][^>]*>(.*?)</form>", re.IGNORECASE | re.DOTALL)
    found = [
        name_of(one)
        for one in ours(".html")
        for form in forms.findall(one.read_text())
        if "csrf_token" not in form and "{% crispy" not in form
    ]

    assert found == []


# ── code ────────────────────────────────────────────────────────────────────────────────────────

# mark_safe and SafeString: only where every piece is written here or escaped beside it; formatted text (`|rich`) goes through
# lib.rich.clean right there, whatever the database holds
MAY_MARK = {"channelportal/core/templatetags/portal.py", "feedback/templatetags/tickets.py"}


def calls(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(ast.parse(path.read_text()))


def names_in(path: Path) -> set[str]:
    return {node.id for node in calls(path) if isinstance(node, ast.Name)} | {
        node.attr for node in calls(path) if isinstance(node, ast.Attribute)
    }


def test_nothing_is_called_safe_by_hand() -> None:
    marking = {name_of(one) for one in product_code() if names_in(one) & {"mark_safe", "SafeString", "SafeText"}}

    assert marking <= MAY_MARK


def test_no_form_is_exempt_from_its_token_and_nothing_is_run_from_text() -> None:
    banned = {"csrf_exempt", "eval", "exec", "RawSQL", "pickle", "unpickle"}
    known = {"channelportal/core/search.py": {"RawSQL"}}  # the text index, with its words as parameters

    found = {name_of(one): names_in(one) & banned for one in product_code() if names_in(one) & banned}

    assert {name: words for name, words in found.items() if words != known.get(name)} == {}


STATE_WRITERS = ("feedback/workflow/", "notices/workflow/")
# rows with a state of their own that is no ticket's, written by the module that owns them
OWN_STATES = {
    "channelportal/core/jobs.py", "channelportal/core/outbox.py", "accounts/workflow/registration.py", "feedback/upkeep.py",
    "notices/robots.py",
    "notices/publication.py",  # the job's last step: what workflow set to being published is published
    "channelportal/demo/management/commands/demo.py",
}  # fmt: skip


def writes_state(node: ast.AST) -> bool:
    """`thing.state = …`, `….update(state=…)`, `setattr(thing, "state", …)`."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        found = [one for target in targets for one in ast.walk(target)]
        return any(
            isinstance(one, ast.Attribute) and one.attr == "state" and isinstance(one.ctx, ast.Store) for one in found
        )
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr == "update":
        return any(word.arg == "state" for word in node.keywords)
    words = [one.value for one in node.args if isinstance(one, ast.Constant)]
    return isinstance(node.func, ast.Name) and node.func.id == "setattr" and "state" in words


def test_a_status_is_written_by_the_workflow_alone() -> None:
    writers = {name_of(one) for one in product_code() if any(writes_state(node) for node in calls(one))}

    assert {one for one in writers if not one.startswith(STATE_WRITERS)} <= OWN_STATES
    assert any(one.startswith("feedback/workflow/") for one in writers)


@pytest.mark.parametrize(
    ("code", "writes"),
    [
        ("ticket.state = 'open'", True), ("rows.update(state='open', round=2)", True), ("setattr(ticket, 'state', 'open')", True),
        ("state = ticket.state", False), ("rows.filter(state='open')", False), ("data.update(kind='x')", False),
        ("ticket.state, ticket.at = 'open', at", True), ("rows[ticket.state] = 1", False),
    ],
)  # fmt: skip
def test_the_scan_for_writers_finds_them(code: str, writes: bool) -> None:
    assert any(writes_state(node) for node in ast.walk(ast.parse(code))) is writes


def test_no_file_of_ours_grows_past_what_one_reads() -> None:
    """600 lines; this one stands above it and is to be cut when it is next touched."""
    known = {"accounts/importing.py": 760}

    long = {name_of(one): one.read_text().count("\n") for one in ours(".py")}

    assert {name: lines for name, lines in long.items() if lines > known.get(name, 600)} == {}


REGISTRIES = re.compile(
    r"https?://[\w.-]*(?:pypi|pythonhosted|npmjs|registry|mirrors?)\.[\w.-]+|index-url\s*=|--index-url|extra-index",
    re.IGNORECASE,
)
PLACES = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/[\w.-]+")


@pytest.mark.parametrize(("what", "pattern"), [("registry", REGISTRIES), ("place of a machine", PLACES)])
def test_no_file_names_a(what: str, pattern: re.Pattern[str]) -> None:
    found = []
    for one in tracked():
        if "vendor/" in name_of(one) or one.suffix in {".png", ".mo", ".woff2", ".ico"} or one == Path(__file__):
            continue
        found += [f"{name_of(one)}: {match[0]}" for match in pattern.finditer(one.read_text(errors="ignore"))]

    assert found == []


# ── addresses ───────────────────────────────────────────────────────────────────────────────────


def patterns() -> Iterator[URLPattern]:
    def walk(found: list[Any]) -> Iterator[URLPattern]:
        for one in found:
            if isinstance(one, URLResolver):
                if not one.app_name:
                    yield from walk(one.url_patterns)
            else:
                yield one

    return walk(get_resolver().url_patterns)


def test_every_address_has_a_name_of_its_own() -> None:
    names = [one.name for one in patterns()]

    assert None not in names
    assert sorted(names) == sorted(set(names))


def test_every_address_named_in_code_and_templates_exists() -> None:
    known = {one.name for one in patterns()} | {"set_language"}
    said = re.compile(r"""\{%\s*url\s+["']([\w:-]+)["']|\b(?:reverse|reverse_lazy|redirect)\(\s*["']([\w:-]+)["']""")

    unknown = {
        (name_of(one), first or second)
        for one in [*ours(".html"), *product_code()]
        for first, second in said.findall(one.read_text())
        if (first or second) not in known and ":" not in (first or second)
    }

    assert unknown == set()


# ── messages ────────────────────────────────────────────────────────────────────────────────────

# what the code tells of: tickets by notify.EVENTS and the sweep, the rest by literal kinds
BY_THE_SWEEP = {"ticket-due", "ticket-late-1", "ticket-late-2", "ticket-late-3"}
AT = "2026-05-08T10:00:00+08:00"
SAMPLE: dict[str, Any] = {
    "ticket": "FB-2026-0508-001 水泵漏水", "number": "FB-2026-0508-001", "title": "水泵漏水", "asker": "鲁东代理商", "responsible": "客户服务部",
    "severity": "normal", "due": AT, "was": AT, "day": "2026-05-15", "new_day": "2026-05-15", "restricted": False, "text": "三台水泵。",
    "reason": "缺件。", "unit": "客户服务部", "unit_name": "客户服务部", "kind": "reply", "level": 1, "days": 3, "path": "/password/", "to": "major",
    "url": "/tickets/1/", "name": "新同事", "language": "zh-hans", "account": "a.b", "means": "email", "secret": "/register/state/x/",
    "expires": "2026-05-11", "asked": True, "changed": "2026-05-08", "reviewer": "企业市场部", "hash": "f" * 64, "event": "ticket-reached",
    "into": "FB-2026-0508-002", "by": "周主管", "task": "查批次", "about": "FB-2026-0508-002",
    "decider": "客户服务部", "next": "企业市场部", "since": AT, "count": 2, "reader_unit": "鲁东代理商", "change": "日期。", "again": True,
    "publish_at": AT, "remarks": 1, "step": 1, "robot": "渠道群", "meeting": "HY-2026-0508-001 月度例会", "starts": AT, "ends": AT,
    "place": "三楼会议室", "link": "", "chair": "周主管", "answer_by": AT, "person": "李代理", "deputy": "李代理", "answer": "deputy",
    "owner": "李代理", "kind_zh": "月度例会", "kind_en": "Monthly meeting", "name_zh": "月度例会", "name_en": "Monthly meeting",
    "parties": ["鲁东代理商"], "version": 2, "agenda": [{"topic": "库存", "speaker": "李代理", "minutes": 20}], "purpose": "库存",
}  # fmt: skip
# where a name means something else than in the other lines
ELSE: dict[str, dict[str, Any]] = {
    "meeting-frequency-soon": {"due": "2026-05-15"}, "meeting-frequency-overdue": {"due": "2026-05-15"},
    "meeting-news": {"event": "meeting-to_record"}, "meeting-invitation": {"event": "meeting-invited"},
    "notice-told": {"event": "notice-remind"}, "notice-news": {"event": "notice-remind"}, "subscription-news": {"event": "subscription-applied"},
}  # fmt: skip
BUNDLES = {notify.BUNDLE: notify.MAIL, meeting_notify.BUNDLE: meeting_notify.NEWS}


@functools.cache
def literals() -> frozenset[str]:
    return frozenset(
        node.value
        for one in product_code()
        for node in calls(one)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 60
    )


def alert_kinds() -> set[str]:
    return {one.stem for one in (ROOT / "templates" / "alerts").glob("*.txt")}


def mail_kinds() -> set[str]:
    return {one.name.removesuffix("-subject.txt") for one in (ROOT / "templates" / "emails").glob("*-subject.txt")}


def test_every_event_has_its_line_and_every_line_its_event() -> None:
    """Those that are put together of a paper and an event by their lists, the others by name."""
    told = {f"ticket-{event}" for event in notify.EVENTS} | BY_THE_SWEEP
    notices = {f"notice-{event}" for event in notice_notify.EVENTS}
    meetings = {f"meeting-{event}" for event in meeting_notify.EVENTS}

    assert {kind for kind in alert_kinds() if kind.startswith("ticket-")} == told
    assert notices | meetings <= alert_kinds()
    assert alert_kinds() - told - notices - meetings <= literals()


def test_every_mail_has_subject_and_text_and_somebody_who_sends_it() -> None:
    bodies = {one.name.removesuffix("-body.txt") for one in (ROOT / "templates" / "emails").glob("*-body.txt")}

    assert mail_kinds() == bodies
    assert mail_kinds() <= literals()
    sent = set()
    for one in product_code():
        for node in calls(one):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"put", "prepare"}
                and node.args
            ):
                first, owner = node.args[0], node.func.value
                if isinstance(owner, ast.Name) and owner.id == "outbox" and isinstance(first, ast.Constant):
                    sent.add(first.value)
    assert sent
    assert sent <= mail_kinds()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_alert_is_worded_in_both_languages(language: str) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    nouns = re.compile(
        "|".join(sorted({str(value) for value in SAMPLE.values() if chinese.search(str(value))}, key=len, reverse=True))
    )
    for kind in sorted(alert_kinds()):
        with translation.override(language):
            said = alerts.line(f"alerts/{kind}.txt", SAMPLE | ELSE.get(kind, {}))

        assert said, kind
        assert "\n" not in said
        assert "%(" not in said
        own = nouns.sub("", said)
        assert bool(chinese.search(own)) is (language == "zh-hans"), (kind, said)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_mail_is_worded_in_both_languages(language: str) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for kind in sorted(mail_kinds()):
        row = OutboxMessage(
            pk=1, key="k", kind=kind, address="a@example.com", data=SAMPLE | ELSE.get(kind, {}) | {"language": language}
        )
        if kind in BUNDLES:
            row.kind, row.bundle = BUNDLES[kind], kind
        letter = outbox.Letter(row, [row, row] if kind in BUNDLES else [row])

        mail = outbox.compose(letter)

        assert mail.subject, kind
        assert len(mail.body) > 20, kind
        assert "%(" not in mail.subject + mail.body
        assert "{{" not in mail.subject + mail.body
        subject = re.sub("|".join(str(v) for v in SAMPLE.values() if chinese.search(str(v))), "", mail.subject)
        if language == "en":
            assert not chinese.search(subject), (kind, mail.subject)


def test_a_template_that_is_named_is_there() -> None:
    missing = set()
    for one in product_code():
        for node in calls(one):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"\w[\w/-]*\.html", node.value)
            ):
                try:
                    get_template(node.value)
                except TemplateDoesNotExist:
                    missing.add((name_of(one), node.value))
    assert missing == set()


def test_the_programs_read_as_one_says_them() -> None:
    """Each Python file of ours begins with what it is for."""
    silent = [
        name_of(one)
        for one in product_code()
        if one.name not in {"__init__.py", "apps.py"} and not ast.get_docstring(ast.parse(one.read_text()))
    ]

    assert silent == []


def test_nothing_is_printed_by_the_product() -> None:
    loud = [
        name_of(one)
        for one in product_code()
        if "/management/" not in name_of(one)
        for node in calls(one)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert loud == []
