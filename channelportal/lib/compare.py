"""Two versions of a formatted text, side by side: which places are the same, changed, added, removed, and what in them.

First the places of both (`lib.rich.blocks`) are matched: those that stand once in each version hold the order, the gaps
between them are compared closely if they are small. Then, inside a changed place, characters (Chinese) or words (Latin) are.
Time is bounded: what is too long for the close look is shown as changed from its first to its last difference.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, Literal

from channelportal.lib import rich
from channelportal.lib.markup import Cell, Item, List, Node, Paragraph, Piece, Quote, Table, write
from channelportal.lib.markup import Row as TableRow
from channelportal.lib.rich import Block

Kind = Literal["same", "changed", "format", "added", "removed"]


@dataclass(frozen=True)
class Row:
    """One line of the comparison. old, new: HTML for `|compared`, "" where there is none; numbers as in `rich.blocks`, or None.

    kind: same; changed; format (the words are the same, their formatting is not); added; removed.
    """

    kind: Kind
    old: str
    new: str
    old_number: int | None
    new_number: int | None


@dataclass(frozen=True)
class Stretch:
    """Rows in order; `folded` ones are unchanged and away from any change."""

    rows: list[Row]
    folded: bool


CLOSE_PLACES: Final = 2_500  # places of one gap: old × new
CLOSE_TOKENS: Final = 160_000  # tokens of one place: old × new
ALL_PLACES: Final = 10_000  # the same, of the whole comparison
ALL_TOKENS: Final = 1_000_000
ALIKE: Final = 0.3  # share of common pairs of characters from which two places are versions of one


@dataclass
class _Budget:
    """What may still be looked at closely."""

    places: int = ALL_PLACES
    tokens: int = ALL_TOKENS


def compare(old: str, new: str) -> list[Row]:
    """The rows of both versions in order. Never raises; 200 kB each take under a second."""
    before, after = rich.blocks(old), rich.blocks(new)
    budget = _Budget()
    return [_row(one, other, budget) for one, other in _matched(before, after, budget)]


def stretches(rows: Sequence[Row], around: int = 1) -> list[Stretch]:
    """The rows in groups, those further than `around` rows from any change to be folded; a single one is not worth it."""
    changes = [index for index, row in enumerate(rows) if row.kind != "same"]
    near = {place for index in changes for place in range(index - around, index + around + 1)}
    groups = [list(run) for _, run in groupby(enumerate(rows), key=lambda one: one[0] in near)]
    return [Stretch([row for _, row in run], run[0][0] not in near and len(run) > 1) for run in groups]


# ── Which place belongs to which ────────────────────────────────────────────────────────────────

Pair = tuple[Block | None, Block | None]


_START: Final = re.compile(r'^<ol start="\d+">')
_NUMBER: Final = re.compile(r"^\d+\. ")


def _key(block: Block) -> tuple[str, str]:
    """What is the same in both versions; the number of an item is not asked, one before it moves all."""
    return block.kind, _START.sub("<ol>", block.html)


def _words(block: Block) -> str:
    return _NUMBER.sub("", block.text) if block.kind == "li" else block.text


def _matched(before: Sequence[Block], after: Sequence[Block], budget: _Budget) -> Iterator[Pair]:
    start = 0
    while start < min(len(before), len(after)) and _key(before[start]) == _key(after[start]):
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and _key(before[-1 - end]) == _key(after[-1 - end]):
        end += 1
    yield from zip(before[:start], after[:start], strict=True)
    yield from _between(before[start : len(before) - end], after[start : len(after) - end], budget)
    yield from zip(before[len(before) - end :], after[len(after) - end :], strict=True)


def _between(before: Sequence[Block], after: Sequence[Block], budget: _Budget) -> Iterator[Pair]:
    """Held by the places that stand once in both, in the longest order common to both."""
    i = j = 0
    for left, right in [*_anchors(before, after), (len(before), len(after))]:
        yield from _gap(before[i:left], after[j:right], budget)
        if left < len(before):
            yield before[left], after[right]
        i, j = left + 1, right + 1


def _anchors(before: Sequence[Block], after: Sequence[Block]) -> list[tuple[int, int]]:
    here, there = Counter(map(_key, before)), Counter(map(_key, after))
    place = {_key(block): index for index, block in enumerate(after)}
    once = [
        (index, place[_key(block)])
        for index, block in enumerate(before)
        if here[_key(block)] == 1 and there[_key(block)] == 1
    ]
    return _longest_rise(once)


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs whose second numbers rise as the first do (patience sorting)."""
    tops: list[int] = []  # the smallest last number of a rise of each length
    ends: list[int] = []  # and which pair that is
    previous: list[int] = []
    for index, (_, number) in enumerate(pairs):
        length = bisect_left(tops, number)
        previous.append(ends[length - 1] if length else -1)
        tops[length : length + 1] = [number]
        ends[length : length + 1] = [index]
    rise: list[tuple[int, int]] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        rise.append(pairs[at])
        at = previous[at]
    return rise[::-1]


def _gap(before: Sequence[Block], after: Sequence[Block], budget: _Budget) -> Iterator[Pair]:
    cost = len(before) * len(after)
    if cost <= min(CLOSE_PLACES, budget.places):
        budget.places -= cost
        yield from _closely(before, after)
    else:  # too many to look for the like: in order, as they come
        common = min(len(before), len(after))
        yield from _in_order(before[:common], after[:common])
        yield from ((one, None) for one in before[common:])
        yield from ((None, one) for one in after[common:])


def _in_order(before: Sequence[Block], after: Sequence[Block]) -> Iterator[Pair]:
    for one, other in zip(before, after, strict=True):
        if one.kind == other.kind:
            yield one, other
        else:
            yield one, None
            yield None, other


def _closely(before: Sequence[Block], after: Sequence[Block]) -> Iterator[Pair]:
    """The pairing with the most in common (dynamic programming over all pairs), the order kept."""
    signs = [_pairs_of(block) for block in before], [_pairs_of(block) for block in after]
    best = [[0.0] * (len(after) + 1) for _ in range(len(before) + 1)]
    alike = [
        [_alike(before[i], after[j], signs[0][i], signs[1][j]) for j in range(len(after))] for i in range(len(before))
    ]
    for i in range(len(before) - 1, -1, -1):
        for j in range(len(after) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], alike[i][j] + best[i + 1][j + 1] if alike[i][j] else 0.0)
    i = j = 0
    while i < len(before) or j < len(after):
        if i < len(before) and j < len(after) and alike[i][j] and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            yield before[i], after[j]
            i, j = i + 1, j + 1
        elif i < len(before) and (j == len(after) or best[i][j] == best[i + 1][j]):
            yield before[i], None
            i += 1
        else:
            yield None, after[j]
            j += 1


def _pairs_of(block: Block) -> Counter[str]:
    text = _words(block)[:500]
    return Counter(text[place : place + 2] for place in range(max(1, len(text) - 1)))


def _alike(one: Block, other: Block, here: Counter[str], there: Counter[str]) -> float:
    """How much of the two is common, 0 if they are not versions of one place."""
    if _key(one) == _key(other):
        return 2.0
    headings = one.kind in ("h2", "h3", "h4", "p") and other.kind in ("h2", "h3", "h4", "p")
    if one.kind != other.kind and not headings:
        return 0.0
    total = here.total() + there.total()
    share = 2 * (here & there).total() / total if total else 0.0
    return share if share >= ALIKE or _words(one) == _words(other) else 0.0


# ── What is different in a place ────────────────────────────────────────────────────────────────

_TOKEN: Final = re.compile(r"[a-zA-Z0-9_\u00c0-\u024f]+(?:[.,:/-][a-zA-Z0-9_]+)*|\s+|.", re.DOTALL)


def _row(one: Block | None, other: Block | None, budget: _Budget) -> Row:
    if one is None or other is None:
        return Row("removed", one.html, "", one.number, None) if one else _added(other)
    if _key(one) == _key(other):
        return Row("same", one.html, other.html, one.number, other.number)
    left, right = rich.tree(one.html), rich.tree(other.html)
    before, after = _tokens(left), _tokens(right)
    if before == after and _words(one) == _words(other):
        return Row("format", one.html, other.html, one.number, other.number)
    gone, come = _differences(before, after, budget)
    if before == after:  # the same words in other cells or lines
        gone, come = set(range(len(before))), set(range(len(after)))
    marked = write(_marked(left, _Marker("del", gone))), write(_marked(right, _Marker("ins", come)))
    return Row("changed", *marked, one.number, other.number)


def _added(block: Block | None) -> Row:
    return Row("added", "", block.html if block else "", None, block.number if block else None)


def _differences(before: list[str], after: list[str], budget: _Budget) -> tuple[set[int], set[int]]:
    """The places of tokens that are only in the one, and only in the other."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    cost = len(left) * len(right)
    if cost > min(CLOSE_TOKENS, budget.tokens):
        return set(range(start, start + len(left))), set(range(start, start + len(right)))
    budget.tokens -= cost
    gone: set[int] = set()
    come: set[int] = set()
    for same, i1, i2, j1, j2 in _readable(left, right):
        if not same:
            gone |= set(range(start + i1, start + i2))
            come |= set(range(start + j1, start + j2))
    return gone, come


def _readable(left: list[str], right: list[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    """difflib's steps, without the single characters that two different sentences have in common by chance."""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        whole = i1 == 0 or i2 == len(left)
        chance = tag == "equal" and not whole and len("".join(left[i1:i2]).strip()) < 2
        yield tag == "equal" and not chance, i1, i2, j1, j2


def _tokens(nodes: Sequence[Node]) -> list[str]:
    """What a reader sees, in the order that `_marked` walks: words and characters, line breaks, pictures."""
    found: list[str] = []
    for piece in _pieces(nodes):
        found += _parts(piece)
    return found


def _parts(piece: Piece) -> list[str]:
    if piece.what == "text":
        return _TOKEN.findall(piece.text)
    return ["\n"] if piece.what == "br" else [f"\0{piece.src} {piece.text}"]


def _pieces(nodes: Sequence[Node]) -> Iterator[Piece]:
    for paragraph in rich.paragraphs(nodes):
        yield from paragraph.pieces


class _Marker:
    """Walks the pieces of one side in the order of `_tokens` and marks those that are different."""

    def __init__(self, mark: str, places: set[int]) -> None:
        self.mark, self.places, self.at = mark, places, 0

    def line(self, pieces: Sequence[Piece]) -> list[Piece]:
        marked: list[Piece] = []
        for piece in pieces:
            parts = _parts(piece)
            hit = [place in self.places for place in range(self.at, self.at + len(parts))]
            self.at += len(parts)
            if piece.what == "text":
                for different, run in groupby(zip(hit, parts, strict=True), key=lambda one: one[0]):
                    text = "".join(part for _, part in run)
                    marked.append(self.dressed(piece._replace(text=text)) if different else piece._replace(text=text))
            else:
                marked.append(self.dressed(piece) if hit[0] else piece)
        return marked

    def dressed(self, piece: Piece) -> Piece:
        return piece._replace(marks=((self.mark, ""), *piece.marks))


def _marked(nodes: Sequence[Node], marker: _Marker) -> list[Node]:
    made: list[Node] = []
    for node in nodes:
        if isinstance(node, Paragraph):
            made.append(Paragraph(node.tag, marker.line(node.pieces)))
        elif isinstance(node, Quote):
            made.append(Quote(_marked(node.children, marker)))
        elif isinstance(node, List):
            items = [Item(_marked(item.children, marker)) for item in node.items]
            made.append(List(node.ordered, node.start, items))
        elif isinstance(node, Table):
            rows = [
                TableRow(
                    [Cell(cell.tag, cell.columns, cell.rows, _marked(cell.children, marker)) for cell in row.cells]
                )
                for row in node.rows
            ]
            made.append(Table(rows))
        else:
            made.append(node)
    return made
