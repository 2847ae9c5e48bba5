"""Text documents of LibreOffice (.odt): paragraphs, tables and text boxes, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from matchmaker.errors import Fault
from matchmaker.office.blocks import Block, Cell, Opened, Paragraph, Table
from matchmaker.office.packed import Package
from matchmaker.office.xmltree import attribute, child, name_of, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_SKIPPED: Final = frozenset(
    (
        "tracked-changes",
        "note",
        "annotation",
        "annotation-end",
        "forms",
        "sequence-decls",
        "table-of-content",
        "hidden-text",
    )
)
_BOXES: Final = frozenset(("text-box", "custom-shape", "rect", "ellipse"))
_MAX_SPACES: Final = 100


def read_opendocument(opened: Opened) -> tuple[Sequence[Block], list[Fault]]:
    """As ``opendocument_blocks``, of an opened file."""
    if opened.package is None:
        raise ValueError("a LibreOffice document is a packed file")
    return opendocument_blocks(opened.package), []


def opendocument_blocks(package: Package) -> list[Block]:
    """The blocks of a document, in order.

    Text deleted with tracked changes, notes, comments and tables of contents are left out. The text of a box follows
    the paragraph it is anchored to.

    Raises:
        InputError: The document is damaged or too large.
    """
    body = child(child(parse_xml(package, "content.xml"), "body"), "text")
    return list(_blocks(body)) if body is not None else []


def _blocks(parent: Element) -> Iterator[Block]:
    is_item = name_of(parent) == "list-item"
    for element in parent:
        name = name_of(element)
        if name in ("p", "h"):
            level = _small_int(attribute(element, "outline-level"), 1) if name == "h" else 0
            yield from _paragraph(element, level, is_item=is_item)
            is_item = False
        elif name == "table":
            yield _table(element)
        elif name not in _SKIPPED:  # list, list-item, section, frame, text-box …
            yield from _blocks(element)


def _paragraph(paragraph: Element, level: int, *, is_item: bool) -> Iterator[Block]:
    boxes: list[Element] = []
    text = "".join(_inline(paragraph, boxes)).strip()
    if text:
        yield Paragraph(text, level, is_item)
    for box in boxes:
        yield from _blocks(box)


def _inline(parent: Element, boxes: list[Element]) -> Iterator[str]:
    yield _without_line_ends(parent.text)
    for element in parent:
        name = name_of(element)
        if name == "s":
            yield " " * min(_small_int(attribute(element, "c"), 1), _MAX_SPACES)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name in _BOXES:
            boxes.append(element)
        elif name not in _SKIPPED:
            yield from _inline(element, boxes)
        yield _without_line_ends(element.tail)


def _without_line_ends(text: str | None) -> str:
    """The text with its line ends, which mean no more than spaces in the file, as spaces."""
    return (text or "").replace("\n", " ")


def _table(table: Element) -> Table:
    return Table(
        tuple(
            tuple(
                Cell(
                    tuple(_blocks(cell)),
                    _small_int(attribute(cell, "number-rows-spanned"), 1),
                    _small_int(attribute(cell, "number-columns-spanned"), 1),
                )
                for cell in row
                if name_of(cell) == "table-cell"
            )
            for row in _rows(table)
        )
    )


def _rows(parent: Element) -> Iterator[Element]:
    for element in parent:
        if name_of(element) == "table-row":
            yield element
        elif name_of(element) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(element)


def _small_int(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else default
