"""Web pages: paragraphs, headings and tables, without scripts, styles and navigation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from matchmaker.errors import EncodingError, Fault, ProblemError
from matchmaker.office.blocks import Block, Cell, Opened, Paragraph, Table
from matchmaker.office.encodings import decode_labelled
from matchmaker.office.xmltree import MAX_TAGS, attribute, name_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MAX_DEPTH: Final = 250
_META: Final = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,30})""", re.I
)
_SKIPPED: Final = frozenset(
    (
        *("head", "script", "style", "noscript", "template", "nav", "footer", "aside", "svg", "iframe", "object"),
        *("select", "button", "textarea", "audio", "video", "canvas", "math"),
    )
)
_HEADING_LEVELS: Final = {f"h{n}": n for n in range(1, 7)}
_BLOCK_TAGS: Final = frozenset(
    (
        *("address", "article", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "form"),
        *("header", "hr", "html", "legend", "li", "main", "ol", "p", "pre", "section", "ul", "caption", "details"),
    )
)
_BLANKS: Final = re.compile(r"\s+")
_CHINESE: Final = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_LINE_BREAK: Final = "\ufdd0"  # stands for <br>; no text contains this character


def read_page(opened: Opened) -> tuple[Sequence[Block], list[Fault]]:
    """As ``html_blocks``, of an opened file."""
    return html_blocks(decode_page(opened.data, place=opened.place), place=opened.place), []


def html_blocks(text: str, *, place: str) -> list[Block]:
    """The blocks of a page, in order, without navigation and hidden text; none for a page without content.

    Raises:
        ProblemError: It is nested more than 250 levels deep, or has more tags than any real page.
    """
    if text.count("<") > MAX_TAGS:
        raise ProblemError(Fault(place, "more tags than any real web page", "paste its text instead"))
    from lxml import etree, html  # kept out of start-up: only pages need it

    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, recover=True
    )
    data = text.replace("\x00", "").replace(_LINE_BREAK, "").encode(errors="replace")
    try:
        root = etree.fromstring(data, parser) if data.strip() else None
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return []
    _check_depth(root, place)
    return list(_BlockReader().blocks(root))


def decode_page(data: bytes, *, place: str) -> str:
    """The text of a page, whose encoding is detected from its bytes and what it declares, as in ``decode_labelled``.

    Raises:
        ProblemError: It is not text, or its encoding cannot be determined.
    """
    declared = _META.search(data[:4096])
    try:
        return decode_labelled(data, declared[1].decode() if declared else "", place=place)
    except EncodingError as error:
        raise ProblemError(error.faults) from error


def _check_depth(root: Element, place: str) -> None:
    """Refuse a page nested more deeply than people write, as it is read by nested calls."""
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [inner for element in level for inner in element]
        if not level:
            return
    raise ProblemError(Fault(place, "nested too deeply for an office file", "paste its text instead"))


class _BlockReader:
    """Gathers the text of a page until a block ends."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._is_item = False

    def blocks(self, element: Element, level: int = 0) -> Iterator[Block]:
        """The blocks in an element; the rest of its last line stays open unless the element is the whole page."""
        self._pieces.append(element.text or "")
        for inner in element:
            yield from self._block(inner, level)
            self._pieces.append(inner.tail or "")
        if name_of(element) in ("html", "body"):
            yield from self._end(level)

    def _block(self, element: Element, level: int) -> Iterator[Block]:
        name = name_of(element).casefold()
        if name in _SKIPPED or _is_hidden(element):
            return
        if name == "br":
            self._pieces.append(_LINE_BREAK)
        elif name == "input":
            self._pieces.append(_input_text(element))
        elif name == "table":
            yield from self._end(level)
            yield _table(element)
        elif name in _HEADING_LEVELS or name in _BLOCK_TAGS:
            yield from self._end(level)
            inner_level = _HEADING_LEVELS.get(name, level)
            self._is_item = self._is_item or name == "li"
            yield from self.blocks(element, inner_level)
            yield from self._end(inner_level)
            self._is_item = False
        else:
            yield from self.blocks(element, level)

    def _end(self, level: int) -> Iterator[Block]:
        text = _BLANKS.sub(_unwrapped, "".join(self._pieces))
        self._pieces.clear()
        lines = [" ".join(line.split()) for line in text.split(_LINE_BREAK)]
        if joined := "\n".join(lines).strip():
            yield Paragraph(joined, level, self._is_item)
            self._is_item = False

    def all_blocks(self, element: Element) -> tuple[Block, ...]:
        """The blocks in an element, its last line included."""
        return (*self.blocks(element), *self._end(0))


def _unwrapped(blanks: re.Match[str]) -> str:
    """The replacement for a run of blanks: nothing where a line of Chinese is broken in the source, else the run."""
    text, is_broken = blanks.string, "\n" in blanks[0]
    is_between = (
        _CHINESE.match(text, blanks.start() - 1) and _CHINESE.match(text, blanks.end()) if blanks.start() else None
    )
    return "" if is_broken and is_between else blanks[0]


def _table(table: Element) -> Table:
    rows = (
        tuple(
            Cell(_BlockReader().all_blocks(cell), _span(cell, "rowspan"), _span(cell, "colspan"))
            for cell in row
            if name_of(cell) in ("td", "th") and not _is_hidden(cell)
        )
        for row in _rows(table)
    )
    return Table(tuple(row for row in rows if row))


def _rows(parent: Element) -> Iterator[Element]:
    for element in parent:
        if name_of(element) == "tr":
            if not _is_hidden(element):
                yield element
        elif name_of(element) in ("thead", "tbody", "tfoot"):
            yield from _rows(element)


def _span(cell: Element, name: str) -> int:
    text = attribute(cell, name) or ""
    return int(text) if text.isdecimal() and 0 < len(text) < 4 and int(text) else 1


def _input_text(element: Element) -> str:
    if (attribute(element, "type") or "").casefold() in ("checkbox", "radio"):
        return "☑" if attribute(element, "checked") is not None else "□"
    return (attribute(element, "value") or "") if (attribute(element, "type") or "text").casefold() == "text" else ""


def _is_hidden(element: Element) -> bool:
    return (
        attribute(element, "hidden") is not None
        or attribute(element, "role") == "navigation"
        or bool(_HIDDEN.search(attribute(element, "style") or ""))
    )
