"""What a text document of LibreOffice (.odt) says: paragraphs, tables and text boxes, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from matchmaker.office.blocks import Block, Cell, Paragraph, Table
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


def opendocument_blocks(package: Package) -> list[Block]:
    """The blocks of a document, in order.

    Deleted text of tracked changes, notes, comments and contents are left out. The text of a box stands after the
    paragraph that it is anchored to.

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
            level = _whole(attribute(element, "outline-level"), 1) if name == "h" else 0
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
    yield _collapsed(parent.text)
    for element in parent:
        name = name_of(element)
        if name == "s":
            yield " " * min(_whole(attribute(element, "c"), 1), _MAX_SPACES)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name in _BOXES:
            boxes.append(element)
        elif name not in _SKIPPED:
            yield from _inline(element, boxes)
        yield _collapsed(element.tail)


def _collapsed(text: str | None) -> str:
    """Line ends in the file are no more than blanks."""
    return (text or "").replace("\n", " ")


def _table(table: Element) -> Table:
    return Table(
        tuple(
            tuple(
                Cell(
                    tuple(_blocks(cell)),
                    _whole(attribute(cell, "number-rows-spanned"), 1),
                    _whole(attribute(cell, "number-columns-spanned"), 1),
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


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else default
