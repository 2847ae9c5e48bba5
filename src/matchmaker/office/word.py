"""Word documents (.docx): paragraphs, tables and text boxes, as a reader of the printed page sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from matchmaker.errors import Fault
from matchmaker.office.blocks import Block, Cell, Opened, Paragraph, Table
from matchmaker.office.packed import Package
from matchmaker.office.xmltree import attribute, child, name_of, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_SKIPPED: Final = frozenset(("del", "moveFrom", "pPr", "rPr", "sectPr", "tblPr", "tblGrid", "instrText", "delText"))
_FRAMES: Final = frozenset(("drawing", "pict", "object", "AlternateContent"))
_TICKED_CODES: Final = frozenset(
    ("fe", "fd", "fc", "fb", "52", "53", "50", "51", "54", "78")
)  # Wingdings and Wingdings 2
_EMPTY_BOX_CODES: Final = frozenset(("a8", "6f", "71", "72", "a3", "2a", "30"))
_CHINESE: Final = "零一二三四五六七八九十"
_CHINESE_FORMATS: Final = frozenset(
    (
        *("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting"),
        *("taiwaneseCountingThousand", "ideographDigital", "chineseLegalSimplified"),
    )
)
_MAX_NUMBER: Final = 99
_N_LEVELS: Final = 9
_MAX_LABEL_LENGTH: Final = 255
"""Characters of a list number; Word writes at most 255."""


def read_word(opened: Opened) -> tuple[Sequence[Block], list[Fault]]:
    """As ``word_blocks``, of an opened file."""
    if opened.package is None:
        raise ValueError("a Word document is a packed file")
    return word_blocks(opened.package), []


def word_blocks(package: Package) -> list[Block]:
    """The blocks of a document, in order.

    Text deleted with tracked changes, hidden text, headers, footers, notes and comments are left out. The text of a box
    follows the paragraph it is anchored to. Automatic numbers are written out, bullets are not.

    Raises:
        InputError: The document is damaged or too large.
    """
    main = _main_part(package)
    folder = main.rpartition("/")[0]
    styles = _part(package, f"{folder}/styles.xml")
    numbering = _part(package, f"{folder}/numbering.xml")
    reader = _WordReader(_styles(styles), _Numbering(numbering))
    return list(reader.blocks(child(parse_xml(package, main), "body")))


def _main_part(package: Package) -> str:
    if "_rels/.rels" in package.names:
        for relation in parse_xml(package, "_rels/.rels").iter():
            target = (attribute(relation, "Target") or "").lstrip("/")
            if (attribute(relation, "Type") or "").endswith("/officeDocument") and target in package.names:
                return target
    return "word/document.xml"


def _part(package: Package, name: str) -> Element | None:
    return parse_xml(package, name) if name in package.names else None


@dataclass(frozen=True, slots=True)
class _Style:
    level: int = 0
    number: tuple[str, int] | None = None


def _styles(root: Element | None) -> dict[str, _Style]:
    """The heading level and the list of each style, its own or those inherited from the style it is based on."""
    own_styles = {
        attribute(style, "styleId") or "": (_own_style(style), _value(style, "basedOn") or "")
        for style in (root if root is not None else ())
        if _is(style, "style")
    }
    return {name: _style(own_styles, name) for name in own_styles}


def _style(own_styles: Mapping[str, tuple[_Style, str]], name: str) -> _Style:
    level, number = 0, None
    for _ in range(10):  # a style may be based on itself
        if name not in own_styles:
            break
        own, name = own_styles[name]
        level, number = level or own.level, number or own.number
    return _Style(level, number)


def _own_style(style: Element) -> _Style:
    properties = child(style, "pPr")
    title = (_value(style, "name") or "").casefold()
    digit = title.removeprefix("heading ").removeprefix("标题 ")
    level = int(digit) if digit in "123456789" and digit else 1 if title in ("title", "标题") else 0
    return _Style(level or _outline(properties), _number_of(properties))


def _outline(properties: Element | None) -> int:
    value = _value(properties, "outlineLvl")
    return int(value) + 1 if value and value in "012345678" else 0


def _number_of(properties: Element | None) -> tuple[str, int] | None:
    number = child(properties, "numPr")
    name, level = _value(number, "numId"), _value(number, "ilvl") or "0"
    return (name, int(level)) if name and level in "012345678" else None


def _levels_of(kind: Element) -> list[Element]:
    return list(islice((level for level in kind if _is(level, "lvl")), _N_LEVELS))


class _Numbering:
    """The automatic numbers of lists, counted paragraph by paragraph."""

    def __init__(self, root: Element | None) -> None:
        children = list(root) if root is not None else []
        abstract = {attribute(one, "abstractNumId"): _levels_of(one) for one in children if _is(one, "abstractNum")}
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._lists: dict[str, str] = {}  # a list continues the count of another of the same kind
        self._counts: dict[tuple[str, int], int] = {}
        for one in children:
            name = attribute(one, "numId")
            if not _is(one, "num") or name is None:
                continue
            kind = _value(one, "abstractNumId") or ""
            starts = {
                attribute(over, "ilvl"): _value(over, "startOverride") for over in one if _is(over, "lvlOverride")
            }
            self._lists[name] = name if any(starts.values()) else f"of {kind}"
            self._levels[name] = {
                _small_int(attribute(level, "ilvl"), 0): (
                    _value(level, "numFmt") or "decimal",
                    (_value(level, "lvlText") or "")[:_MAX_LABEL_LENGTH],
                    _small_int(starts.get(attribute(level, "ilvl")) or _value(level, "start"), 1),
                )
                for level in abstract.get(kind, ())
            }

    def has_list(self, number: tuple[str, int] | None) -> bool:
        """Whether the numbering defines this level of this list."""
        return number is not None and number[1] in self._levels.get(number[0], {})

    def next_label(self, number: tuple[str, int] | None) -> str:
        """The number of the next paragraph of a list, as printed; empty for a bullet or an unknown list."""
        if number is None or not self.has_list(number):
            return ""
        name, depth = number
        levels, list_name = self._levels[name], self._lists[name]
        self._counts[list_name, depth] = self._counts.get((list_name, depth), levels[depth][2] - 1) + 1
        for deeper in range(depth + 1, _N_LEVELS):
            self._counts.pop((list_name, deeper), None)
        shape, text, _ = levels[depth]
        if shape in ("bullet", "none"):
            return ""
        for level, (one_shape, _, start) in sorted(levels.items()):
            text = text.replace(f"%{level + 1}", _format_number(self._counts.get((list_name, level), start), one_shape))
        return text[:_MAX_LABEL_LENGTH].strip()


def _format_number(number: int, shape: str) -> str:
    if shape in _CHINESE_FORMATS and 0 < number <= _MAX_NUMBER:
        tens, ones = divmod(number, 10)
        head = ("" if tens == 1 else _CHINESE[tens]) + "十" if tens else ""
        return head + (_CHINESE[ones] if ones or not tens else "")
    if shape in ("upperLetter", "lowerLetter") and 0 < number <= 26:
        return chr((64 if shape == "upperLetter" else 96) + number)
    if shape.startswith("decimalEnclosedCircle") and 0 < number <= 20:
        return chr(0x245F + number)
    return str(number)


@dataclass(slots=True)
class _OpenCell:
    """A cell that may still be merged with cells below."""

    blocks: tuple[Block, ...]
    n_columns: int
    n_rows: int = 1

    def cell(self) -> Cell:
        return Cell(self.blocks, self.n_rows, self.n_columns)


@dataclass(slots=True)
class _WordReader:
    styles: Mapping[str, _Style]
    numbering: _Numbering
    boxes: list[Element] = field(default_factory=list)

    def blocks(self, parent: Element | None) -> Iterator[Block]:
        for element in parent if parent is not None else ():
            name = name_of(element)
            if name == "p":
                yield from self._paragraph(element)
            elif name == "tbl":
                yield self._table(element)
            elif name == "AlternateContent":
                yield from self.blocks(_chosen_alternative(element))
            elif name not in _SKIPPED:  # sdt, sdtContent, ins, customXml …
                yield from self.blocks(element)

    def _paragraph(self, paragraph: Element) -> Iterator[Block]:
        outer, self.boxes = self.boxes, []
        text = "".join(self._inline(paragraph)).strip()
        boxes, self.boxes = self.boxes, outer
        properties = child(paragraph, "pPr")
        style = self.styles.get(_value(properties, "pStyle") or "", _Style())
        if text:
            list_level = _number_of(properties) or style.number
            number, level = self.numbering.next_label(list_level), _outline(properties) or style.level
            between = " " if number and number[-1].isascii() else ""
            is_item = not number and not level and self.numbering.has_list(list_level)
            yield Paragraph(f"{number}{between}{text}", level, is_item)
        for box in boxes:
            yield from self.blocks(box)

    def _inline(self, parent: Element) -> Iterator[str]:
        for element in parent:
            name = name_of(element)
            if name == "t":
                yield element.text or ""
            elif name in _CHARACTERS:
                yield _CHARACTERS[name](element)
            elif name in _FRAMES:
                self.boxes.extend(_boxes(element))
            elif name not in _SKIPPED and not (name == "r" and _is_on(child(child(element, "rPr"), "vanish"))):
                yield from self._inline(element)

    def _table(self, table: Element) -> Table:
        rows: list[list[_OpenCell]] = []
        above: dict[int, _OpenCell] = {}
        for row in _descend(table, "tr"):
            properties = child(row, "trPr")
            if child(properties, "del") is not None:
                continue
            rows.append([])
            column = _small_int(_value(properties, "gridBefore"), 0)
            for cell in _descend(row, "tc"):
                column = self._cell(cell, column, rows[-1], above)
        return Table(tuple(tuple(cell.cell() for cell in row) for row in rows))

    def _cell(self, cell: Element, column: int, row: list[_OpenCell], above: dict[int, _OpenCell]) -> int:
        """Read a cell into ``row``, and return the column after it."""
        properties = child(cell, "tcPr")
        width = max(1, _small_int(_value(properties, "gridSpan"), 1))
        if _continues(properties, "hMerge") and row:
            row[-1].n_columns += width
        elif _continues(properties, "vMerge") and column in above:
            above[column].n_rows += 1
        else:
            above[column] = _OpenCell(tuple(self.blocks(cell)), width)
            row.append(above[column])
        return column + width


def _continues(properties: Element | None, name: str) -> bool:
    merge = child(properties, name)
    return merge is not None and (attribute(merge, "val") or "continue") == "continue"


def _descend(parent: Element, name: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, including those in content controls and insertions."""
    for element in parent:
        if name_of(element) == name:
            yield element
        elif name_of(element) in ("sdt", "sdtContent", "customXml", "ins", "moveTo"):
            yield from _descend(element, name)


def _chosen_alternative(alternatives: Element) -> Element | None:
    """The first of the two versions in which Word writes the same content, for new programs and for old ones."""
    choice = child(alternatives, "Choice")
    return choice if choice is not None else child(alternatives, "Fallback")


def _boxes(element: Element) -> Iterator[Element]:
    """The text boxes in a drawing; of two versions of a box only one."""
    name = name_of(element)
    if name == "txbxContent":
        yield element
    elif name == "AlternateContent":
        choice, fallback = child(element, "Choice"), child(element, "Fallback")
        boxes = list(_boxes(choice)) if choice is not None else []
        yield from boxes or (_boxes(fallback) if fallback is not None else ())
    else:
        for inner in element:
            yield from _boxes(inner)


def _symbol(element: Element) -> str:
    """A tick box, which forms take from the font Wingdings; empty for any other symbol."""
    if not (attribute(element, "font") or "").startswith("Wingdings"):
        return ""
    char = (attribute(element, "char") or "")[-2:].casefold()
    return "☑" if char in _TICKED_CODES else "□" if char in _EMPTY_BOX_CODES else ""


def _form_box(element: Element) -> str:
    """The tick box of an old form field; empty for any other field."""
    box = child(child(element, "ffData"), "checkBox")
    if box is None:
        return ""
    checked = child(box, "checked")
    return "☑" if _is_on(checked if checked is not None else child(box, "default")) else "□"


def _is_on(switch: Element | None) -> bool:
    return switch is not None and (attribute(switch, "val") or "1") not in ("0", "false", "off")


_CHARACTERS: Final[Mapping[str, Callable[[Element], str]]] = {
    **dict.fromkeys(("tab", "ptab"), lambda _: "\t"),
    **dict.fromkeys(("br", "cr"), lambda element: "\n" if attribute(element, "type") is None else ""),
    "noBreakHyphen": lambda _: "-",
    "sym": _symbol,
    "fldChar": _form_box,
}


def _is(element: Element, name: str) -> bool:
    return name_of(element) == name


def _value(parent: Element | None, name: str) -> str | None:
    found = child(parent, name)
    return attribute(found, "val") if found is not None else None


def _small_int(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else default
