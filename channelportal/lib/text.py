"""Text as people enter it: made clean on the way in, shown safely on the way out, cut into grams for the search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import nh3
from markdown_it import MarkdownIt

# what nobody sees: control characters, soft hyphen, zero width, bidi marks and overrides, fillers that look empty, lone
# surrogates, variation and tag characters of other planes, non-characters. Tab and line feed stay.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_BREAKS: Final = re.compile("\r\n|[\r\u0085\u2028\u2029\x0b\x0c]")
_SPACE: Final = re.compile(r"\s+")
_TRAILING: Final = re.compile(r"[^\S\n]+$", re.MULTILINE)
_MANY_BREAKS: Final = re.compile(r"\n{4,}")
MOST_MARKS: Final = 4  # combining marks on one character; more only pile up over other people's lines
MOST_COMPOSED: Final = 30  # of Unicode's stream-safe text: no language has more
_PILE: Final = re.compile(
    f"[^\x00-\u02ff\u3000-\u3029\u3030-\u3098\u309b-\ua66e\uac00-\ufa6d\ufe30-\uffef]{{{MOST_COMPOSED + 1}}}"
)  # signs among which marks may be; a quick look


def clean_text(text: str) -> str:
    """Several lines: composed (NFC), without what nobody sees, line ends as \\n, no spaces at the ends. "" if nothing is left."""
    return _MANY_BREAKS.sub("\n\n\n", _TRAILING.sub("", clean_part(text))).strip()


def clean_part(text: str) -> str:
    """A piece out of a text: composed, without what nobody sees, line ends as \\n; its spaces stay."""
    return _fewer_marks(composed(_INVISIBLE.sub("", _BREAKS.sub("\n", text))))


def composed(text: str) -> str:
    """NFC in time proportional to the length: composing sorts the marks on one character in the square of their number, so what
    piles up beyond any language is cut before."""
    return unicodedata.normalize("NFC", _fewer_marks(text, MOST_COMPOSED) if _PILE.search(text) else text)


def clean_line(text: str) -> str:
    """One line: the same, and every run of white space (the wide one too) is one space."""
    return _SPACE.sub(" ", clean_text(text)).strip()


def _fewer_marks(text: str, most: int = MOST_MARKS) -> str:
    if text.isascii():
        return text
    run, kept = 0, []
    for char in text:
        run = run + 1 if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me") else 0
        if run <= most:
            kept.append(char)
    return "".join(kept)


# ── shown ───────────────────────────────────────────────────────────────────────────────────────


class Html(str):
    """Markup that went through the allow-list; templates do not escape it again."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


_TAGS: Final = {"p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "a"}
# people write plain text: "#3" is no heading and an indented line no program
_markdown: Final = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 12}).disable(
    [
        "heading",
        "lheading",
        "hr",
        "code",
        "fence",
        "backticks",
        "image",
        "html_block",
        "html_inline",
        "reference",
        "entity",
    ]
)
LONGEST_SHOWN: Final = 50_000


def render_text(text: str) -> Html:
    """Paragraphs, lines, lists, emphasis and links (http, https, mailto) of what somebody wrote; everything else is text."""
    markup = _markdown.render(text[:LONGEST_SHOWN])
    clean = nh3.clean(
        markup,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Html(clean)


# ── found ───────────────────────────────────────────────────────────────────────────────────────

_RUNS: Final = re.compile(
    "(?P<han>[\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)"
    "|(?P<word>[^\\W_\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)"
)
LONGEST_WORD: Final = 40


def fold(text: str) -> str:
    """As the search compares: full-width as half-width (NFKC), lower case, one space between words."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", clean_text(text)).lower()).strip()


def grams(folded: str) -> list[str]:
    """What a text is indexed by: pairs of neighbouring Chinese characters, the last one alone, other words whole."""
    return list(dict.fromkeys(_grams(folded)))


def _grams(folded: str) -> Iterator[str]:
    for run in _RUNS.finditer(folded):
        if word := run["word"]:
            yield word[:LONGEST_WORD]
            continue
        han = run["han"]
        yield from (han[place : place + 2] for place in range(len(han)))


def wanted_grams(word: str) -> list[tuple[str, bool]]:
    """What one word of a query asks of the index: (gram, whether it may be only the beginning of an indexed one)."""
    wanted: list[tuple[str, bool]] = []
    for run in _RUNS.finditer(word):
        if run["word"]:
            wanted.append((run["word"][:LONGEST_WORD], run.end() == len(word)))
        elif len(run["han"]) == 1:
            wanted.append((run["han"], True))
        else:
            han = run["han"]
            wanted += [(han[place : place + 2], False) for place in range(len(han) - 1)]
    return list(dict.fromkeys(wanted))
