"""WCAG AA for the tokens of both themes: words 4.5 : 1, marks and edges of fields 3 : 1."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

CSS = (settings.BASE_DIR / "static" / "css" / "portal.css").read_text()
THEMES = {"light": r':root, \[data-bs-theme="light"\] \{(.*?)\n\}', "dark": r'\n\[data-bs-theme="dark"\] \{(.*?)\n\}'}
STATES = ("wait", "hand", "due", "late", "done")
WORDS = [
    *[(ink, ground) for ink in ("ink", "soft", "link") for ground in ("page", "surface", "sunken")],
    *[(state, f"{state}-tint") for state in STATES],
    *[(state, ground) for state in STATES for ground in ("surface", "sunken", "page")],
    ("link", "accent-tint"), ("hand", "accent-tint"), ("soft", "accent-tint"),
    ("accent-on", "accent"), ("accent-on", "accent-over"),
    ("rail-ink", "rail"), ("rail-soft", "rail"), ("rail-on-ink", "rail-on"),
    *[("heat-low-ink", f"heat-{n}") for n in range(1, 7)], *[("heat-high-ink", f"heat-{n}") for n in (8, 9)],
    ("soft", "heat-0"),
]  # fmt: skip
MARKS = [(f"{state}-mark", "surface") for state in ("hand", "late", "done")] + [("edge", "surface")]


def tokens(theme: str) -> dict[str, str]:
    block = re.search(THEMES[theme], CSS, re.DOTALL)
    assert block
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1]))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_it_lets_every_word_be_read(theme: str) -> None:
    names = tokens(theme)

    weak = {(ink, ground): round(contrast(names[ink], names[ground]), 2) for ink, ground in WORDS}

    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_it_lets_every_mark_be_seen(theme: str) -> None:
    names = tokens(theme)

    weak = {(mark, ground): round(contrast(names[mark], names[ground]), 2) for mark, ground in MARKS}

    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}


def test_both_themes_have_the_same_tokens() -> None:
    assert tokens("light").keys() == tokens("dark").keys()


def test_no_rule_below_the_tokens_names_a_colour_that_does_not_follow_the_theme() -> None:
    rules = CSS[CSS.index("── 3 Ground") : CSS.index("── 14 Public")]

    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {"#ffffff", "#cf2f24", "#1a0503"}
