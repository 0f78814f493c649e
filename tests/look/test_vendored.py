"""What lies under static/vendor is what scripts/vendor.py fetched, and templates ask only for what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from scripts import vendor

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
PYTHON = [
    path
    for app in ("accounts", "channelportal", "feedback", "partners")
    for path in (settings.BASE_DIR / app).rglob("*.py")
]


def symbols() -> set[str]:
    return set(re.findall(r'<symbol id="([\w-]+)"', (vendor.STATIC / "icons.svg").read_text()))


def test_it_is_unchanged_since_it_was_fetched() -> None:
    assert vendor.sums() == vendor.SUMS.read_text()


@pytest.mark.parametrize("package", [*vendor.PACKAGES, vendor.ICONS], ids=lambda package: package.folder)
def test_it_comes_with_its_licence(package: vendor.Package) -> None:
    assert (vendor.VENDOR / f"{package.folder}-{package.version}" / "LICENSE").stat().st_size > 500


@pytest.mark.parametrize(
    "path", [p for p in vendor.STATIC.rglob("*") if p.suffix in {".css", ".js"}], ids=lambda p: p.name
)
def test_it_points_to_no_file_that_is_missing_for_the_hashed_manifest(path: Path) -> None:
    text = path.read_text()

    assert "sourceMappingURL" not in text
    assert not [
        url
        for url in re.findall(r"url\(([^)]*)\)", text)
        if path.suffix == ".css" and not url.strip("\"'").startswith(("data:", "#"))
    ]


def test_every_static_file_named_by_a_template_exists() -> None:
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r"{% static '([^']+)' %}|{% static \"([^\"]+)\" %}", path.read_text())
        for name in name
        if name
    }

    assert {name for name in named if finders.find(name) is None} == set()
    assert "css/portal.css" in named


def test_every_icon_named_by_a_template_is_drawn() -> None:
    named = {(path.name, icon) for path in TEMPLATES for icon in re.findall(r'{% icon "([\w-]+)"', path.read_text())}
    named |= {
        (path.name, icon)
        for path in TEMPLATES
        for icon in re.findall(r'{% include [^%]*\bicon="([\w-]+)"', path.read_text())
    }

    assert {(where, icon) for where, icon in named if icon not in symbols()} == set()
    assert len(named) > 20


def test_every_icon_named_by_the_navigation_is_drawn() -> None:
    text = (settings.BASE_DIR / "channelportal" / "shell.py").read_text()

    named = set(re.findall(r'Link\(\s*"[\w-]+",\s*[^"]*(?:"[^"]*",?\s*)*?\),\s*"([\w-]+)"', text)) | set(
        re.findall(r'\), "([a-z-]+)", _', text)
    )

    assert named - symbols() == set()
    assert named


def test_it_draws_every_icon_it_lists() -> None:
    assert symbols() == set(vendor.ICON_NAMES)


INLINE = [
    (r"<script(?![^>]*\b(src=|type=\"application/json\"))", "a script in the page"),
    (r"<style\b", "a style sheet in the page"),
    (r"\sstyle\s*=", "a style attribute"),
    (r"\son[a-z]+\s*=\s*[\"']", "an event attribute"),
    (r"javascript:", "a javascript: address"),
    (r"\bhx-on\b|\bhx-vals\s*=\s*[\"']js:", "code in an htmx attribute"),
    (r"\|\s*safe\b|{% autoescape off", "unescaped output"),
    (r"\bdata-bs-(toggle|target|dismiss)\b", "a widget of Bootstrap's script, which is not loaded"),
]


@pytest.mark.parametrize(("pattern", "what"), INLINE, ids=[what for _, what in INLINE])
def test_no_page_carries(pattern: str, what: str) -> None:
    pages = [path for path in TEMPLATES if "emails" not in path.parts]

    assert [
        str(path.relative_to(settings.BASE_DIR))
        for path in pages
        if re.search(pattern, strip_comments(path.read_text()))
    ] == []


def strip_comments(text: str) -> str:
    return re.sub(r"{% comment %}.*?{% endcomment %}", "", text, flags=re.DOTALL)
