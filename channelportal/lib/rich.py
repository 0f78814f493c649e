"""Formatted text: what the editor (or a plain text field) sends becomes clean HTML of a short list of tags.

Clean means: read into a tree of what we know (`lib.markup`), written anew, and let through nh3's allow-list besides. The
allow-list: p h2 h3 h4 ul ol(start) li blockquote strong em u s code a(href) br hr img(src, alt) table thead tbody tr
th td(colspan, rowspan). Pictures only from /notices/pictures/<uuid>/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import nh3

from channelportal.lib.markup import (
    PICTURE,
    Item,
    List,
    Node,
    Paragraph,
    Piece,
    Quote,
    Row,
    Table,
    write,
)
from channelportal.lib.reading import Reader, tidy_line
from channelportal.lib.text import clean_text

LONGEST: Final = (
    400_000  # characters of HTML; what is longer is cut behind the last whole paragraph, and the field refuses it
)
TAGS: Final = {
    "p", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "strong", "em", "u", "s", "code", "a", "br", "hr", "img",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES: Final = {
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}


def _only_our_pictures(tag: str, name: str, value: str) -> str | None:
    return None if tag == "img" and name == "src" and not PICTURE.fullmatch(value) else value


def wall(markup: str, more: frozenset[str] = frozenset(), fewer: frozenset[str] = frozenset()) -> str:
    """The last wall: nh3 with the allow-list above (`more`, `fewer` tags). Changes nothing of what `lib.markup` writes."""
    return nh3.clean(
        markup,
        tags=(TAGS | more) - fewer,
        attributes=ATTRIBUTES,
        attribute_filter=_only_our_pictures,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


# a tag that somebody means as one; "a < b" and "<3" are text
_MARKED: Final = re.compile(
    r"</?(?:a|article|b|blockquote|body|br|code|del|div|em|font|form|h[1-6]|hr|html|i|iframe|img|ins|li|link|meta|object|ol|p|pre"
    r"|s|script|section|span|strike|strong|style|sub|sup|svg|table|tbody|td|th|thead|tr|u|ul)(?:[\s/][^<>]*)?>",
    re.IGNORECASE,
)
_BLANK_LINES: Final = re.compile(r"\n\s*\n")


def clean(html: str) -> str:
    """Clean HTML of what somebody wrote, "" if nothing of it is seen. Text without any tag becomes paragraphs.

    Never raises; cleaning twice changes nothing; takes time in proportion to the length. `too_long` says what was cut.
    """
    return wall(_fit(write(tree(html)), html)[0])


def too_long(html: str) -> bool:
    """Whether `clean` leaves something out because it is too much."""
    return len(html) > LONGEST or _fit(write(tree(html)), html)[1]


def _fit(written: str, html: str) -> tuple[str, bool]:
    if len(written) <= LONGEST:
        return written, False
    kept, size = [], 0
    for node in tree(html):
        part = write([node])
        size += len(part)
        if size > LONGEST:
            break
        kept.append(part)
    return "".join(kept), True


def tree(html: str) -> list[Node]:
    """The paragraphs, lists, tables … of a text, clean or not."""
    source = html[:LONGEST]
    if _MARKED.search(source):
        return Reader().read(source)
    parts = (tidy_line(_lines(part)) for part in _BLANK_LINES.split(clean_text(source)))
    return [Paragraph("p", pieces) for pieces in parts if pieces]


def _lines(part: str) -> list[Piece]:
    pieces: list[Piece] = []
    for line in part.split("\n"):
        pieces += [Piece("br"), Piece("text", line)]
    return pieces[1:]


# ── Places ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Block:
    """A place that one can point at: a paragraph, heading, item of a list (without the lists in it), row of a table, rule.

    number: from 1 in the order of the text. html: clean, can stand alone. text: what is read there. kind: p h2 h3 h4 li tr hr.
    """

    number: int
    html: str
    text: str
    kind: str


def blocks(html: str) -> list[Block]:
    """The places of a text, to number remarks by and to compare by."""
    places = enumerate(_places(tree(html)), start=1)
    return [Block(number, write([node]), _plain([node]), kind) for number, (kind, node) in places]


def _places(nodes: Sequence[Node]) -> Iterator[tuple[str, Node]]:
    for node in nodes:
        if isinstance(node, Table):
            yield from (("tr", Table([_alone(row)])) for row in node.rows)
        elif isinstance(node, List):
            yield from _items(node)
        elif isinstance(node, Quote):
            yield from ((kind, Quote([inner])) for kind, inner in _places(node.children))
        elif isinstance(node, Paragraph):
            yield node.tag, node
        else:
            yield "hr", node


def _alone(row: Row) -> Row:
    for cell in row.cells:
        cell.rows = 1
    return row


def _items(node: List) -> Iterator[tuple[str, Node]]:
    for place, item in enumerate(node.items):
        own = [child for child in item.children if isinstance(child, Paragraph)]
        if own:
            yield "li", List(node.ordered, node.start + place, [Item([*own])])
        yield from _places([child for child in item.children if not isinstance(child, Paragraph)])


# ── Read by something that is no browser ────────────────────────────────────────────────────────


def plain(html: str) -> str:
    """The text alone, one line for each paragraph, item and row: for the search, mails, robots, counting."""
    return _plain(tree(html))


def _plain(nodes: Sequence[Node]) -> str:
    return "\n".join(line for line in _plain_lines(nodes) if line.strip())


def _plain_lines(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Paragraph):
            yield "".join("\n" if piece.what == "br" else piece.text for piece in node.pieces)
        elif isinstance(node, Quote):
            yield from _plain_lines(node.children)
        elif isinstance(node, List):
            for place, item in enumerate(node.items):
                sign = f"{node.start + place}. " if node.ordered else "· "
                yield sign + _plain(item.children)
        elif isinstance(node, Table):
            for row in node.rows:
                yield " | ".join(_plain(cell.children).replace("\n", " ") for cell in row.cells)


def pictures(html: str) -> list[UUID]:
    """The pictures shown in a text, each once, in order."""
    sources = (PICTURE.fullmatch(piece.src) for paragraph in paragraphs(tree(html)) for piece in paragraph.pieces)
    return list(dict.fromkeys(UUID(source[1]) for source in sources if source))


def with_pictures_at(address: str, html: str) -> str:
    """The clean text for readers who have its pictures from another address than the usual one; `address` is escaped."""
    return _IMAGES.sub(rf"\1{address}", html)


# an "<img" in clean text is a tag: what is text there has its brackets escaped
_IMAGES: Final = re.compile(r'(<img [^>]*?src=")/notices/pictures/')


def is_empty(html: str) -> bool:
    """Whether nothing is seen of it: no text and no picture."""
    return next(paragraphs(tree(html)), None) is None


def paragraphs(nodes: Sequence[Node]) -> Iterator[Paragraph]:
    """All of them, wherever they stand; what is read has none that is empty."""
    for node in nodes:
        if isinstance(node, Paragraph):
            yield node
        elif isinstance(node, Quote):
            yield from paragraphs(node.children)
        elif isinstance(node, List):
            for item in node.items:
                yield from paragraphs(item.children)
        elif isinstance(node, Table):
            for row in node.rows:
                for cell in row.cells:
                    yield from paragraphs(cell.children)
