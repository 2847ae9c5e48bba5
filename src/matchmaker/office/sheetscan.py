"""A look through the XML of a workbook before it is read: how large it would become, and what its reader leaves out.

The reader (calamine) makes room for the whole rectangle between the first and the last filled cell, and says nothing of
hidden rows, percentages and errors. One pass over the XML, which is never held in memory, tells all of that.
"""

from __future__ import annotations

import re
import zipfile
from array import array
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

from matchmaker.errors import Fault, TableError
from matchmaker.messages import said
from matchmaker.office.packed import Package

MAX_AREA: Final = 4_000_000
"""So many cells may lie between the first and the last filled one of a sheet; calamine takes 64 bytes for each."""
_MAX_ELEMENTS: Final = 12_000_000
_MAX_BLANKS: Final = 100_000
_MOST: Final = 10**9
_MAX_NOTED: Final = 300_000
_MAX_TEXT: Final = 200_000_000
"""So many characters may its cells have; the reader makes a copy of a text for each cell that shows it."""
_CHUNK: Final = 262_144
_SMALL: Final = 20_000_000
_CELL: Final = re.compile(r"[A-Za-z]{1,3}[1-9][0-9]{0,6}")
_ROW: Final = re.compile(r"[1-9][0-9]{0,6}")
_RANGE: Final = re.compile(r"([A-Z]{1,3}[1-9][0-9]*):([A-Z]{1,3}[1-9][0-9]*)")
_PERCENT_FORMATS: Final = frozenset({"9", "10"})
AS_CSV: Final = "delete the rows and columns beyond the table, or save the sheet as CSV UTF-8"
_DAMAGED: Final = "open it in Excel or WPS and save it anew"

Position = tuple[int, int]


@dataclass(slots=True)
class SheetFacts:
    """What the reader does not tell of a sheet; rows and columns count from 0.

    Attributes:
        n_rows: Rows up to the last filled cell.
        n_columns: Columns up to the last filled cell.
        n_hidden_rows: Filled rows that are hidden.
        n_hidden_columns: Hidden columns up to the last filled one.
        percents: Cells whose number is shown as a percentage.
        errors: Cells that hold an error, such as ``#N/A``.
        merges: First and last cell of what is merged.
    """

    n_rows: int = 0
    n_columns: int = 0
    n_hidden_rows: int = 0
    n_hidden_columns: int = 0
    percents: set[Position] = field(default_factory=set)
    errors: dict[Position, str] = field(default_factory=dict)
    merges: list[tuple[Position, Position]] = field(default_factory=list)

    @property
    def area(self) -> int:
        """How many cells the reader makes room for."""
        return self.n_rows * self.n_columns

    @property
    def n_noted(self) -> int:
        """How many places are kept here."""
        return len(self.percents) + len(self.errors) + len(self.merges)

    def fill(self, row: int, column: int) -> None:
        """A filled cell."""
        self.n_rows = max(self.n_rows, row + 1)
        self.n_columns = max(self.n_columns, column + 1)


class PackedSheets:
    """The sheets of an xlsx or ods file, looked through one by one.

    Args:
        package: The file, looked over.
        archive: The same file, opened again to read its parts piece by piece.
        place: What to call it in an error.
    """

    def __init__(self, package: Package, archive: zipfile.ZipFile, place: str) -> None:
        self._package = package
        self._archive = archive
        self._place = place

    def look_through(self) -> dict[str, SheetFacts]:
        """The facts of each sheet by its name.

        Raises:
            TableError: It would take too much memory, or its XML is broken.
        """
        try:
            if self._package.kind == "ods":
                return _OpenDocument(self._place).facts(self._chunks("content.xml"))
            percent_styles = self._percent_styles()
            shared = self._shared_strings()
            parts = self._sheet_parts()
            for part in self._package.names:  # whichever of them its reader takes for a sheet
                if "worksheets/" in part.lower() and part.lower().endswith(".xml") and part not in parts.values():
                    _Worksheet(self._place, part, percent_styles, shared).facts(self._chunks(part))
            return {
                name: _Worksheet(self._place, name, percent_styles, shared).facts(self._chunks(part))
                for name, part in parts.items()
            }
        except (expat.ExpatError, ET.ParseError, KeyError, zipfile.BadZipFile, OSError, EOFError) as error:
            raise TableError(Fault(self._place, "the file is damaged or incomplete", _DAMAGED)) from error

    def _chunks(self, name: str) -> Iterator[bytes]:
        """A part piece by piece, no longer than it is declared to be, as its reader would not stop there."""
        info = copy(self._archive.getinfo(name))
        declared = info.file_size
        info.file_size += 1
        n_read = n_elements = 0
        with self._archive.open(info) as part:
            while chunk := part.read(_CHUNK):
                n_read += len(chunk)
                n_elements += chunk.count(b"<")
                if n_read > declared or n_elements > 2 * _MAX_ELEMENTS:
                    raise TableError(Fault(self._place, said("its part {name} is too large", name=name), AS_CSV))
                yield chunk

    def _shared_strings(self) -> _SharedStrings:
        shared = _SharedStrings(self._place)
        parts = [name for name in self._package.names if PurePosixPath(name).name.lower() == "sharedstrings.xml"]
        if len(parts) > 1:
            raise zipfile.BadZipFile("two parts of shared texts")
        for name in parts:
            shared.look_through(self._chunks(name))
        return shared

    def _sheet_parts(self) -> dict[str, str]:
        """The part each sheet is in; sheets that are charts are left out."""
        book = next((name for name in self._package.names if name.lower().endswith("xl/workbook.xml")), "")
        if not book:
            raise KeyError("xl/workbook.xml")
        folder = PurePosixPath(book).parent
        relations = ET.fromstring(self._package.read_xml(f"{folder}/_rels/workbook.xml.rels", _SMALL))  # noqa: S314 - no document type
        targets = {
            relation.get("Id", ""): relation.get("Target", "")
            for relation in relations.iter()
            if relation.get("Type", "").endswith("/worksheet")
        }
        sheets: dict[str, str] = {}
        for element in ET.fromstring(self._package.read_xml(book, _SMALL)).iter():  # noqa: S314 - no document type
            if _local(element.tag) == "sheet":
                relation_id = next((value for key, value in element.attrib.items() if _local(key) == "id"), "")
                if relation_id in targets:
                    target = targets[relation_id].removeprefix("/")
                    if element.get("name", "") in sheets:
                        raise zipfile.BadZipFile("two sheets of one name")
                    sheets[element.get("name", "")] = target if target.startswith("xl/") else f"{folder}/{target}"
        return sheets

    def _percent_styles(self) -> frozenset[str]:
        """The numbers of the cell styles that show a percentage."""
        part = next((name for name in self._package.names if name.lower().endswith("xl/styles.xml")), None)
        if part is None:
            return frozenset()
        root = ET.fromstring(self._package.read_xml(part, _SMALL))  # noqa: S314 - no document type
        formats = {
            element.get("numFmtId", "")
            for element in root.iter()
            if _local(element.tag) == "numFmt" and "%" in element.get("formatCode", "")
        }
        styles = next((element for element in root.iter() if _local(element.tag) == "cellXfs"), ())
        return frozenset(
            str(number)
            for number, style in enumerate(styles)
            if style.get("numFmtId", "") in formats | _PERCENT_FORMATS
        )


class _Scan:
    """What the two kinds of XML have in common."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._text: list[str] = []

    def _feed(self, chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            self._parser.Parse(chunk, False)
        self._parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def _end(self, name: str) -> None:
        raise NotImplementedError

    def _listen(self) -> None:
        self._text = []
        self._parser.CharacterDataHandler = self._text.append

    def _heard(self) -> str:
        self._parser.CharacterDataHandler = None
        return "".join(self._text)

    def _refuse_doctype(self, *_: object) -> None:
        raise TableError(Fault(self._place, "it holds XML with a document type", _DAMAGED))

    def _check_text(self, n_chars: int) -> None:
        if n_chars > _MAX_TEXT:
            finding = said("more than {n:,} characters in its cells", n=_MAX_TEXT)
            raise TableError(Fault(self._place, finding, AS_CSV))

    def _check(self, facts: SheetFacts, name: str) -> None:
        if facts.n_noted > _MAX_NOTED:
            finding = said("sheet '{sheet}' has too many merged cells, errors or percentages", sheet=name)
            raise TableError(Fault(self._place, finding, AS_CSV))
        if facts.area > MAX_AREA:
            finding = said(
                "sheet '{sheet}' reaches to row {row}, column {column}, more than {n:,} cells",
                sheet=name,
                row=facts.n_rows,
                column=facts.n_columns,
                n=MAX_AREA,
            )
            raise TableError(Fault(self._place, finding, AS_CSV))


class _SharedStrings(_Scan):
    """The texts of an xlsx file; its reader makes room for as many as they say they are."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self._lengths = array("L")
        self._n_chars = 0

    def look_through(self, chunks: Iterator[bytes]) -> None:
        """Look through the XML.

        Raises:
            TableError: It says that it holds more texts than a file may hold elements.
        """
        self._parser.CharacterDataHandler = self._count
        self._feed(chunks)
        self._n_chars = 0

    def show(self, number: str) -> None:
        """A cell shows the text of this number.

        Raises:
            TableError: All cells so far show too much.
        """
        at = _number(number.strip().lstrip("+0") or "0", _MAX_ELEMENTS)
        self._n_chars += self._lengths[at] if at < len(self._lengths) else 0
        self._check_text(self._n_chars)

    def _start(self, _: str, attributes: dict[str, str]) -> None:
        if _number(attributes.get("uniqueCount", "0"), _MAX_ELEMENTS + 1) > _MAX_ELEMENTS:
            raise TableError(Fault(self._place, "the file is damaged or incomplete", _DAMAGED))
        self._parser.StartElementHandler = None  # the first element says it

    def _count(self, text: str) -> None:
        self._n_chars += len(text)

    def _end(self, name: str) -> None:
        if _local(name) == "si":
            self._lengths.append(self._n_chars)
            self._n_chars = 0


class _Worksheet(_Scan):
    """One sheet of an xlsx file."""

    def __init__(self, place: str, name: str, percent_styles: frozenset[str], shared: _SharedStrings) -> None:
        super().__init__(place)
        self._shared = shared
        self._name = name
        self._percent_styles = percent_styles
        self._facts = SheetFacts()
        self._hidden: list[tuple[int, int]] = []
        self._row = self._column = -1
        self._row_is_hidden = self._row_is_filled = False
        self._cell: Mapping[str, str] = {}
        self._n_cells = 0
        self._has_formula = self._has_value = False

    def facts(self, chunks: Iterator[bytes]) -> SheetFacts:
        """Look through the XML of the sheet."""
        self._feed(chunks)
        self._facts.n_hidden_columns = sum(
            max(0, min(last, self._facts.n_columns) - first + 1) for first, last in self._hidden
        )
        return self._facts

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "c":
            self._start_cell(attributes)
        elif local in ("v", "is"):
            self._facts.fill(self._row, self._column)
            self._row_is_filled = True
            if self._cell.get("t") in ("e", "s") or self._has_formula:
                self._listen()
        elif local == "f":
            self._has_formula = True
        elif local == "row":
            reference = attributes.get("r")
            self._row = self._row + 1 if reference is None else int(self._checked(reference, _ROW)) - 1
            self._column = -1
            self._row_is_hidden, self._row_is_filled = attributes.get("hidden") in ("1", "true"), False
        elif local == "col" and attributes.get("hidden") in ("1", "true"):
            self._hidden.append((_number(attributes.get("min"), 1), _number(attributes.get("max"), 1)))
        elif local == "mergeCell" and (merged := _RANGE.fullmatch(attributes.get("ref", ""))):
            self._facts.merges.append((_position(merged[1]), _position(merged[2])))
            self._check(self._facts, self._name)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._cell = attributes
        self._has_formula = self._has_value = False
        self._n_cells += 1
        reference = attributes.get("r")
        if reference is None:
            self._column += 1
        else:
            self._row, self._column = _position(self._checked(reference, _CELL).upper())
        if attributes.get("s") in self._percent_styles:
            self._facts.percents.add((self._row, self._column))
        if self._n_cells > MAX_AREA:
            self._facts.fill(self._row, max(self._column, MAX_AREA // (self._row + 1) + 1))
            self._check(self._facts, self._name)

    def _checked(self, reference: str, kind: re.Pattern[str]) -> str:
        """Where a row or cell says it is; beyond what kind tells, its reader would make room for any row and column."""
        if not kind.fullmatch(reference):
            finding = said("sheet '{sheet}' has a cell at '{reference}'", sheet=self._name, reference=reference[:20])
            raise TableError(Fault(self._place, finding, _DAMAGED))
        return reference

    def _end(self, name: str) -> None:
        local = _local(name)
        if local == "v":
            text = self._heard()
            self._has_value = bool(text.strip())
            if self._cell.get("t") == "s":
                self._shared.show(text)
            if self._cell.get("t") == "e":
                self._facts.errors[self._row, self._column] = text.strip() or "#?"
        elif local == "c":
            if self._has_formula and not self._has_value and self._cell.get("t") != "str":
                self._facts.errors.setdefault((self._row, self._column), "")
        elif local == "row":
            self._facts.n_hidden_rows += self._row_is_hidden and self._row_is_filled
            self._check(self._facts, self._name)


class _OpenDocument(_Scan):
    """All sheets of an ods file, which stand in one part."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self._sheets: dict[str, SheetFacts] = {}
        self._facts = SheetFacts()
        self._name = ""
        self._depth = 0
        self._row = self._column = self._n_repeats = self._n_blanks = 0
        self._n_chars = self._n_chars_of_row = 0
        self._n_columns = 0
        self._hidden: list[tuple[int, int]] = []
        self._row_is_hidden = False
        self._filled_to = 0
        self._cell: Mapping[str, str] = {}
        self._is_filled = False
        self._pending: list[tuple[str, int]] = []

    def facts(self, chunks: Iterator[bytes]) -> dict[str, SheetFacts]:
        """Look through the XML of the file."""
        self._feed(chunks)
        return self._sheets

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._depth += 1
            if self._depth == 1:
                self._facts, self._name = SheetFacts(), attributes.get("table:name", "")
                self._sheets[self._name] = self._facts
                self._row = self._n_columns = 0
                self._hidden = []
        elif self._depth != 1:
            return
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._cell = attributes
            self._listen()
            self._is_filled = "office:value-type" in attributes or "calcext:value-type" in attributes
        elif name == "table:table-row":
            self._n_repeats = _number(attributes.get("table:number-rows-repeated"), 1)
            self._row_is_hidden = attributes.get("table:visibility", "visible") != "visible"
            self._column = self._filled_to = self._n_chars_of_row = 0
        elif name == "text:p":
            self._is_filled = True
        elif name == "text:s":
            self._count_blanks(attributes)
        elif name == "table:table-column":
            self._note_columns(attributes)

    def _note_columns(self, attributes: dict[str, str]) -> None:
        n = _number(attributes.get("table:number-columns-repeated"), 1)
        if attributes.get("table:visibility", "visible") != "visible":
            self._hidden.append((self._n_columns, self._n_columns + n))
        self._n_columns += n

    def _count_blanks(self, attributes: dict[str, str]) -> None:
        n_blanks = _number(attributes.get("text:c"), 1)
        self._n_blanks += n_blanks
        if self._n_blanks > _MAX_BLANKS:
            finding = said("more than {n:,} blanks in a row of its text", n=_MAX_BLANKS)
            raise TableError(Fault(self._place, finding, _DAMAGED))
        self._text.append(" " * n_blanks)

    def _end(self, name: str) -> None:
        if name == "table:table":
            self._depth -= 1
            if self._depth == 0:
                self._end_sheet()
        elif self._depth != 1:
            return
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._end_cell()
        elif name == "table:table-row":
            if self._filled_to:
                self._facts.fill(self._row + self._n_repeats - 1, self._filled_to - 1)
                self._facts.n_hidden_rows += self._n_repeats * self._row_is_hidden
                self._check(self._facts, self._name)
            self._row += self._n_repeats
            self._n_chars += self._n_chars_of_row * self._n_repeats
            self._check_text(self._n_chars)

    def _end_cell(self) -> None:
        n = _number(self._cell.get("table:number-columns-repeated"), 1)
        self._n_chars_of_row += len(self._heard()) * n
        if self._is_filled:
            self._filled_to = self._column + n
            self._note_cell(n)
        self._column += n

    def _note_cell(self, n: int) -> None:
        """Percentages, errors and what is merged; a repeated cell is one that no person wrote so."""
        at, cell = (self._row, self._column), self._cell
        if cell.get("calcext:value-type") == "error":
            self._facts.errors[at] = "".join(self._text).strip() or "#?"
        if cell.get("office:value-type") == "percentage" and n * self._n_repeats <= _MAX_NOTED:
            self._facts.percents.update(
                (row, column)
                for row in range(self._row, self._row + self._n_repeats)
                for column in range(self._column, self._column + n)
            )
        rows = _number(cell.get("table:number-rows-spanned"), 1)
        columns = _number(cell.get("table:number-columns-spanned"), 1)
        if rows > 1 or columns > 1:
            self._facts.merges.append((at, (self._row + rows - 1, self._column + columns - 1)))

    def _end_sheet(self) -> None:
        self._facts.n_hidden_columns = sum(
            max(0, min(last, self._facts.n_columns) - first) for first, last in self._hidden
        )
        if sum(facts.area for facts in self._sheets.values()) > MAX_AREA:  # all sheets are read at once
            raise TableError(Fault(self._place, said("more than {n:,} cells in its sheets", n=MAX_AREA), AS_CSV))


def _local(name: str) -> str:
    return name if name.isalnum() else name.rpartition("}")[2].rpartition(":")[2]


def _number(text: str | None, default: int) -> int:
    """A number as the reader takes it, however large; no limit is above ``_MOST``."""
    digits = (text or "").removeprefix("+")
    return min(int(digits.lstrip("0")[:20] or "0"), _MOST) if digits.isascii() and digits.isdigit() else default


def _position(reference: str) -> Position:
    """Row and column, from 0, of a reference such as ``B12``."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1
