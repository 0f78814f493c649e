"""Reading HTML into the tree of `lib.markup`, whatever it is, in one pass over the text.

No table of a browser's repairs is followed (those can be made to copy open tags a million times): a tag that nobody closes
ends with what it stands in, a mark with its paragraph, and what may not stand somewhere is put where it may.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from channelportal.lib.markup import (
    MARKS,
    Cell,
    Holder,
    Item,
    List,
    Mark,
    Node,
    Paragraph,
    Piece,
    Quote,
    Row,
    Rule,
    Table,
    link_address,
    picture_address,
)
from channelportal.lib.text import clean_line, clean_part

DEEPEST: Final = 16  # containers in each other; deeper ones give their content to the one around them
MOST_SPAN: Final = 50
LONGEST_ALT: Final = 200
LONGEST_ATTRIBUTES: Final = 6_000

# ── The letters: text and tags ──────────────────────────────────────────────────────────────────


class Tag(NamedTuple):
    name: str
    closing: bool
    attributes: str


_TAG_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]*)")
_TAG_STOP: Final = re.compile(r"[\"'>]")
# what stands in these is no text
_DROPPED: Final = frozenset(
    ["applet", "audio", "canvas", "embed", "head", "iframe", "math", "noembed", "noframes", "noscript", "object", "script",
     "select", "style", "svg", "template", "textarea", "title", "video", "xml", "xmp"]
)  # fmt: skip
_ATTRIBUTE: Final = re.compile(r"""([^\s=/"'<>]{1,50})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")


def tokens(source: str) -> Iterator[str | Tag]:
    """Texts (entities not yet read) and tags, in order; comments, declarations and what is dropped with its content left out."""
    begin, place, end = 0, 0, len(source)  # the text waiting to be given begins at `begin`
    while (opening := source.find("<", place)) >= 0:
        name = _TAG_NAME.match(source, opening + 1)
        if not name and source[opening + 1 : opening + 2] not in ("!", "?", "/"):
            place = opening + 1
            continue
        close = _tag_end(source, name.end()) if name else opening
        if close < 0:
            break  # never closed: it was text
        if opening > begin:
            yield source[begin:opening]
        if name:
            tag = Tag(name[1].lower(), source[opening + 1] == "/", source[name.end() : close])
            dropped = tag.name in _DROPPED and not tag.closing
            begin = place = _after(source, tag.name, close + 1) if dropped else close + 1
            if not dropped:
                yield tag
        else:
            begin = place = _after_remark(source, opening)
    if begin < end:
        yield source[begin:]


def _after_remark(source: str, opening: int) -> int:
    """Behind a comment, a declaration, an instruction; the end, if it is never closed."""
    sign = "-->" if source.startswith("<!--", opening) else ">"
    close = source.find(sign, opening + 2)
    return close + len(sign) if close >= 0 else len(source)


def _tag_end(source: str, place: int) -> int:
    """Where the tag's ">" is, one inside quotes not counted; -1 if it has none."""
    while stop := _TAG_STOP.search(source, place):
        if stop[0] == ">":
            return stop.start()
        closing = source.find(stop[0], stop.end())
        if closing < 0:
            return source.find(">", stop.end())
        place = closing + 1
    return -1


def _after(source: str, name: str, place: int) -> int:
    """Behind the closing tag of what is dropped with its content; the end, if it is never closed."""
    close = re.compile(rf"</{re.escape(name)}[\s/>]", re.IGNORECASE).search(source, place)
    end = (
        source.find(">", close.end() - 1) if close else -1
    )  # asked once: who never closes it is not asked a thousand times
    return end + 1 if end >= 0 else len(source)


def attributes_of(tag: Tag) -> dict[str, str]:
    """Name → value, entities read; the first of two counts, as in browsers."""
    found: dict[str, str] = {}
    for one in _ATTRIBUTE.finditer(tag.attributes[:LONGEST_ATTRIBUTES]):
        found.setdefault(one[1].lower(), html.unescape(one[2] or one[3] or one[4] or ""))
    return found


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────

_SAME: Final = {
    "b": "strong",
    "i": "em",
    "del": "s",
    "strike": "s",
    "ins": "u",
    "tt": "code",
    "kbd": "code",
    "samp": "code",
}
_HEADINGS: Final = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
# they end a paragraph and are nothing else
_BREAKING: Final = frozenset(
    ["address", "article", "aside", "body", "caption", "center", "dd", "details", "dir", "div", "dl", "dt", "fieldset",
     "figcaption", "figure", "footer", "form", "header", "html", "legend", "main", "nav", "p", "pre", "section", "summary",
     "tbody", "tfoot", "thead"]
)  # fmt: skip


class Reader:
    """Builds the tree from tags and texts. `open` is the way from the outermost container to where we are."""

    def __init__(self) -> None:
        self.top = Quote()
        self.open: list[Quote | List | Item | Table | Row | Cell] = [self.top]
        self.line: list[Piece] = []
        self.tag = "p"
        self.marks: dict[str, int] = dict.fromkeys(MARKS, 0)
        self.links: list[str] = []

    def read(self, source: str) -> list[Node]:
        for one in tokens(source):
            if isinstance(one, str):
                self.text(html.unescape(one))
            elif one.closing:
                self.close(one.name)
            else:
                self.begin(one)
        self.end_line()
        return _tidy(self.top.children)

    # texts and marks
    def text(self, text: str) -> None:
        self.line.append(Piece("text", text, self.current()))

    def current(self) -> tuple[Mark, ...]:
        link = self.links[-1] if self.links else ""
        return tuple(
            (mark, link if mark == "a" else "") for mark in MARKS if (link if mark == "a" else self.marks[mark])
        )

    def begin(self, tag: Tag) -> None:
        name = _SAME.get(tag.name, tag.name)
        if name == "a":
            self.links.append(link_address(attributes_of(tag).get("href", "")))
        elif name in self.marks:
            self.marks[name] += 1
        elif name == "br":
            self.line.append(Piece("br", "", self.current()))
        elif name == "img":
            self.picture(attributes_of(tag))
        elif name in _HEADINGS:
            self.end_line(_HEADINGS[name])
        elif name in _BREAKING:
            self.end_line()
        elif begin := _CONTAINERS.get(name):
            self.end_line()
            begin(self, tag)

    def close(self, name: str) -> None:
        name = _SAME.get(name, name)
        if name == "a":
            del self.links[-1:]
        elif name in self.marks:
            self.marks[name] = max(0, self.marks[name] - 1)
        elif name in _HEADINGS or name in _BREAKING:
            self.end_line()
            self.forget_marks()
        elif name in _CONTAINERS:
            self.end_line()
            self.forget_marks()
            self.leave(name)

    def forget_marks(self) -> None:
        self.marks, self.links = dict.fromkeys(MARKS, 0), []

    def picture(self, attributes: dict[str, str]) -> None:
        if src := picture_address(attributes.get("src", "")):
            alt = clean_line(re.sub(r"[<>]", " ", attributes.get("alt", "")))[:LONGEST_ALT].strip()
            self.line.append(Piece("img", alt, self.current(), src))

    # paragraphs and what they stand in
    def end_line(self, following: str = "p") -> None:
        pieces, tag = tidy_line(self.line), self.tag
        self.line, self.tag = [], following
        if pieces:
            self.holder().children.append(Paragraph(tag, pieces))

    def holder(self) -> Holder:
        """Where a paragraph goes: text that stands in a list or a table, but in no item or cell, gets one."""
        here = self.open[-1]
        if isinstance(here, List):
            return self.put_item(here)
        if isinstance(here, Table | Row):
            return self.put_cell(Cell())
        return here

    def put_item(self, to: List) -> Item:
        to.items.append(item := Item())
        self.open.append(item)
        return item

    def put_cell(self, cell: Cell) -> Cell:
        here = self.open[-1]
        if isinstance(here, Table):
            here.rows.append(row := Row())
            self.open.append(row)
            here = row
        if isinstance(here, Row):
            here.cells.append(cell)
            self.open.append(cell)
        return cell

    def begin_list(self, tag: Tag) -> None:
        if len(self.open) >= DEEPEST:
            return
        start = _count(attributes_of(tag).get("start", ""), 9_999) if tag.name == "ol" else 1
        self.holder().children.append(made := List(tag.name == "ol", start))
        self.open.append(made)

    def begin_item(self, _tag: Tag) -> None:
        while isinstance(self.open[-1], Item):
            self.open.pop()
        if not isinstance(self.open[-1], List):
            if len(self.open) >= DEEPEST:
                return
            self.holder().children.append(made := List())
            self.open.append(made)
        here = self.open[-1]
        if isinstance(here, List):
            self.put_item(here)

    def begin_quote(self, _tag: Tag) -> None:
        if len(self.open) < DEEPEST:
            self.holder().children.append(made := Quote())
            self.open.append(made)

    def begin_table(self, _tag: Tag) -> None:
        if len(self.open) < DEEPEST and not self.in_table():
            self.holder().children.append(made := Table())
            self.open.append(made)

    def begin_row(self, _tag: Tag) -> None:
        if self.in_table() and self.back_to(Table):
            here = self.open[-1]
            if isinstance(here, Table):
                here.rows.append(row := Row())
                self.open.append(row)

    def begin_cell(self, tag: Tag) -> None:
        if self.in_table():
            self.back_to(Row, Table)
            sizes = attributes_of(tag)
            self.put_cell(
                Cell(tag.name, _count(sizes.get("colspan", ""), MOST_SPAN), _count(sizes.get("rowspan", ""), MOST_SPAN))
            )

    def begin_rule(self, _tag: Tag) -> None:
        self.holder().children.append(Rule())

    def in_table(self) -> bool:
        return any(isinstance(one, Table) for one in self.open)

    def back_to(self, *kinds: type) -> bool:
        while not isinstance(self.open[-1], kinds):
            self.open.pop()
        return True

    def leave(self, name: str) -> None:
        """Close the nearest container of that name; a list's or quotation's end does not reach out of its cell."""
        for place in range(len(self.open) - 1, 0, -1):
            here = self.open[place]
            if _is(here, name):
                del self.open[place:]
                return
            if isinstance(here, Cell) and name in ("ul", "ol", "li", "blockquote"):
                return


_CONTAINERS: Final[dict[str, Callable[[Reader, Tag], None]]] = {
    "ul": Reader.begin_list,
    "ol": Reader.begin_list,
    "li": Reader.begin_item,
    "blockquote": Reader.begin_quote,
    "table": Reader.begin_table,
    "tr": Reader.begin_row,
    "td": Reader.begin_cell,
    "th": Reader.begin_cell,
    "hr": Reader.begin_rule,
}


def _is(container: object, name: str) -> bool:
    if isinstance(container, List):
        return name == ("ol" if container.ordered else "ul")
    if isinstance(container, Cell):
        return name == container.tag
    kinds: dict[str, type] = {"li": Item, "blockquote": Quote, "table": Table, "tr": Row}
    return name in kinds and isinstance(container, kinds[name])


def _count(written: str, most: int) -> int:
    return max(1, min(most, int(written))) if written.isdecimal() and len(written) < 6 else 1


# ── Tidying ─────────────────────────────────────────────────────────────────────────────────────

_BLANK: Final = re.compile("[ \t\r\n\f\xa0]+")


def tidy_line(line: Sequence[Piece]) -> list[Piece]:
    """Composed texts, one space for many, none at the ends, neighbours with the same marks as one; [] if nothing is seen."""
    parts = [one._replace(text=_BLANK.sub(" ", clean_part(one.text))) if one.what == "text" else one for one in line]
    kept = _without_end(_without_blanks(parts))
    seen = any(one.what == "img" or one.text.strip() for one in kept)
    return _joined(kept) if seen else []


def _without_end(parts: list[Piece]) -> list[Piece]:
    """Without line breaks and spaces at the end."""
    while parts and parts[-1].what != "img":
        last = parts.pop()
        if last.text.rstrip(" "):
            return [*parts, last._replace(text=last.text.rstrip(" "))]
    return parts


def _without_blanks(parts: Sequence[Piece]) -> list[Piece]:
    kept: list[Piece] = []
    for one in parts:
        if one.what == "br":
            if kept and kept[-1].what == "text":
                kept[-1] = kept[-1]._replace(text=kept[-1].text.rstrip(" "))
                if not kept[-1].text:
                    kept.pop()
            if kept and [piece.what for piece in kept[-2:]] != ["br", "br"]:
                kept.append(Piece("br"))
        elif one.what == "img":
            kept.append(one)
        else:
            after_space = not kept or kept[-1].what == "br" or (kept[-1].what == "text" and kept[-1].text.endswith(" "))
            text = one.text.lstrip(" ") if after_space else one.text
            if text:
                kept.append(one._replace(text=text))
    return kept


def _joined(parts: Sequence[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    run: list[str] = []
    for index, one in enumerate(parts):
        if one.what != "text":
            joined.append(one)
            continue
        run.append(one.text)
        following = parts[index + 1] if index + 1 < len(parts) else None
        if following is None or following.what != "text" or following.marks != one.marks:
            joined.append(one._replace(text=clean_part("".join(run))))
            run = []
    return joined


def _tidy(nodes: Sequence[Node]) -> list[Node]:
    """Without lists, quotations, tables and rows that hold nothing; empty cells stay, they hold their place."""
    return [node for node in nodes if _tidied(node)]


def _tidied(node: Node) -> bool:
    if isinstance(node, Quote):
        node.children = _tidy(node.children)
        return bool(node.children)
    if isinstance(node, List):
        for item in node.items:
            item.children = _tidy(item.children)
        node.items = [item for item in node.items if item.children]
        return bool(node.items)
    if isinstance(node, Table):
        for row in node.rows:
            for cell in row.cells:
                cell.children = _tidy(cell.children)
        node.rows = [row for row in node.rows if row.cells]
        return bool(node.rows)
    return True
