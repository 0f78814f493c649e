"""Formatted text as a tree, and its one canonical form in HTML.

The form: paragraphs and headings of pieces (text with a set of marks, line breaks, pictures), lists of items, quotations,
rules, tables of rows of cells; items and cells hold paragraphs again. What is read from what was written is the same tree,
so cleaning twice changes nothing. `lib.reading` reads; whether addresses are harmless is asked here; `lib.rich` lets the
result through nh3 besides.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from channelportal.lib.text import clean_line

Mark = tuple[str, str]  # ("a", address) or (tag, "")

# the order in which marks stand around a text, outermost first
MARKS: Final = ("a", "strong", "em", "u", "s", "code")
PICTURE: Final = re.compile(r"/notices/pictures/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")
LONGEST_ADDRESS: Final = 2_000


class Piece(NamedTuple):
    """Part of a line: a text, a line break ("br"), a picture ("img": text is its description, src its address)."""

    what: Literal["text", "br", "img"]
    text: str = ""
    marks: tuple[Mark, ...] = ()
    src: str = ""


@dataclass
class Paragraph:
    tag: str = "p"  # p, h2, h3, h4
    pieces: list[Piece] = field(default_factory=list)


@dataclass
class Rule:
    """A line between two parts."""


@dataclass
class Quote:
    children: list[Node] = field(default_factory=list)


@dataclass
class Item:
    children: list[Node] = field(default_factory=list)


@dataclass
class List:
    ordered: bool = False
    start: int = 1
    items: list[Item] = field(default_factory=list)


@dataclass
class Cell:
    tag: str = "td"  # td, th
    columns: int = 1
    rows: int = 1
    children: list[Node] = field(default_factory=list)


@dataclass
class Row:
    cells: list[Cell] = field(default_factory=list)


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)


Node = Paragraph | Rule | Quote | List | Table
Holder = Quote | Item | Cell  # what paragraphs stand in


# ── Addresses ───────────────────────────────────────────────────────────────────────────────────

_UNSAFE_IN_ADDRESS: Final = {" ": "%20", '"': "%22", "<": "%3C", ">": "%3E", "`": "%60"}
_INSIDE: Final = re.compile(r"/(?![/\\])[^\\]*")
_MAIL: Final = re.compile(r"mailto:[^\s@:/]+@[^\s@:/]+", re.IGNORECASE)


def link_address(raw: str) -> str:
    """The address of a link if it leads to the web, to a mailbox or into this site; else ""."""
    address = clean_line(raw)
    for char, code in _UNSAFE_IN_ADDRESS.items():
        address = address.replace(char, code)
    if len(address) > LONGEST_ADDRESS or not (_INSIDE.fullmatch(address) or _MAIL.fullmatch(address) or _web(address)):
        return ""
    return address


def _web(address: str) -> bool:
    if "\\" in address:
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def picture_address(raw: str) -> str:
    """The address of a picture that the portal keeps; "" for any other."""
    address = raw.strip().lower()
    return address if PICTURE.fullmatch(address) else ""


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────


def write(nodes: Sequence[Node]) -> str:
    """The canonical HTML of these nodes."""
    return "".join(_write(node) for node in nodes)


def _write(node: Node) -> str:
    if isinstance(node, Paragraph):
        return f"<{node.tag}>{write_line(node.pieces)}</{node.tag}>"
    if isinstance(node, Quote):
        return f"<blockquote>{write(node.children)}</blockquote>"
    if isinstance(node, List):
        items = "".join(f"<li>{write(item.children)}</li>" for item in node.items)
        start = f' start="{node.start}"' if node.ordered and node.start > 1 else ""
        return f"<ol{start}>{items}</ol>" if node.ordered else f"<ul>{items}</ul>"
    if isinstance(node, Table):
        head = head_rows(node)
        parts = (("thead", node.rows[:head]), ("tbody", node.rows[head:]))
        return f"<table>{''.join(f'<{part}>{_write_rows(rows)}</{part}>' for part, rows in parts if rows)}</table>"
    return "<hr>"


def head_rows(table: Table) -> int:
    """How many rows at the top are all headings and reach into no row below them."""
    head, reach = 0, 0
    for number, row in enumerate(table.rows):
        if number == reach:
            head = number
        if any(cell.tag != "th" for cell in row.cells):
            return head
        reach = max(reach, number + max(cell.rows for cell in row.cells))
    return len(table.rows) if reach <= len(table.rows) else head


def _write_rows(rows: Sequence[Row]) -> str:
    return "".join(f"<tr>{''.join(_write_cell(cell) for cell in row.cells)}</tr>" for row in rows)


def _write_cell(cell: Cell) -> str:
    columns = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    rows = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    return f"<{cell.tag}{columns}{rows}>{write(cell.children)}</{cell.tag}>"


def write_line(pieces: Sequence[Piece]) -> str:
    written: list[str] = []
    around: tuple[Mark, ...] = ()
    for piece in (*pieces, Piece("text")):
        common = 0
        while common < min(len(around), len(piece.marks)) and around[common] == piece.marks[common]:
            common += 1
        written += [f"</{tag}>" for tag, _ in reversed(around[common:])]
        written += [_opening(mark) for mark in piece.marks[common:]]
        written.append(_write_piece(piece))
        around = piece.marks
    return "".join(written)


def _opening(mark: Mark) -> str:
    tag, address = mark
    return f'<a href="{html.escape(address)}" rel="noopener noreferrer">' if tag == "a" else f"<{tag}>"


def _write_piece(piece: Piece) -> str:
    if piece.what == "br":
        return "<br>"
    if piece.what == "img":
        return f'<img src="{piece.src}" alt="{html.escape(piece.text)}">'
    return html.escape(piece.text, quote=False)
