"""A look through the XML of a workbook before it is read: how large it would become, and what its reader leaves out.

One pass over the XML, which is never held in memory, finds the facts that the reader (calamine) does not report.
"""

from __future__ import annotations

import re
import zipfile
from array import array
from collections.abc import Iterator, Mapping
from copy import copy
from pathlib import PurePosixPath
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

from matchmaker.errors import Fault, TableError
from matchmaker.messages import make_message
from matchmaker.office.packed import Package
from matchmaker.office.sheetfacts import (
    AS_CSV,
    MAX_AREA,
    MAX_POSITIONS,
    RESAVE,
    Position,
    SheetFacts,
    XmlScan,
    parse_number,
)

_MAX_ELEMENTS: Final = 12_000_000
_MAX_BLANKS: Final = 100_000
_CHUNK: Final = 262_144
_MAX_SMALL_PART: Final = 20_000_000
_CELL: Final = re.compile(r"[A-Za-z]{1,3}[1-9][0-9]{0,6}")
_ROW: Final = re.compile(r"[1-9][0-9]{0,6}")
_RANGE: Final = re.compile(r"([A-Z]{1,3}[1-9][0-9]*):([A-Z]{1,3}[1-9][0-9]*)")
_PERCENT_FORMATS: Final = frozenset({"9", "10"})


class PackedSheets:
    """The sheets of an xlsx or ods file, scanned one by one.

    Args:
        package: The file, after inspection.
        archive: The same file, opened again to read its parts in chunks.
        place: What to call it in an error.
    """

    def __init__(self, package: Package, archive: zipfile.ZipFile, place: str) -> None:
        self._package = package
        self._archive = archive
        self._place = place

    def scan(self) -> dict[str, SheetFacts]:
        """The facts about each sheet, by its name.

        Raises:
            TableError: It would take too much memory, or its XML is broken.
        """
        try:
            if self._package.kind == "ods":
                return _OpenDocumentScan(self._place).facts(self._chunks("content.xml"))
            percent_styles = self._percent_styles()
            shared = self._shared_strings()
            parts = self._sheet_parts()
            for part in self._package.names:  # the reader may take any of these for a sheet
                if "worksheets/" in part.lower() and part.lower().endswith(".xml") and part not in parts.values():
                    _WorksheetScan(self._place, part, percent_styles, shared).facts(self._chunks(part))
            return {
                name: _WorksheetScan(self._place, name, percent_styles, shared).facts(self._chunks(part))
                for name, part in parts.items()
            }
        except (expat.ExpatError, ET.ParseError, KeyError, zipfile.BadZipFile, OSError, EOFError) as error:
            raise TableError(Fault(self._place, "the file is damaged or incomplete", RESAVE)) from error

    def _chunks(self, name: str) -> Iterator[bytes]:
        """A part in chunks, refused if it is longer than declared, as its reader would not stop there."""
        info = copy(self._archive.getinfo(name))
        declared = info.file_size
        info.file_size += 1
        n_read = n_elements = 0
        with self._archive.open(info) as part:
            while chunk := part.read(_CHUNK):
                n_read += len(chunk)
                n_elements += chunk.count(b"<")
                if n_read > declared or n_elements > 2 * _MAX_ELEMENTS:
                    raise TableError(
                        Fault(self._place, make_message("its part {name} is too large", name=name), AS_CSV)
                    )
                yield chunk

    def _shared_strings(self) -> _SharedStringsScan:
        shared = _SharedStringsScan(self._place)
        parts = [name for name in self._package.names if PurePosixPath(name).name.lower() == "sharedstrings.xml"]
        if len(parts) > 1:
            raise zipfile.BadZipFile("two parts of shared texts")
        for name in parts:
            shared.scan(self._chunks(name))
        return shared

    def _sheet_parts(self) -> dict[str, str]:
        """The part that holds each sheet, by the name of the sheet; charts are left out."""
        book = next((name for name in self._package.names if name.lower().endswith("xl/workbook.xml")), "")
        if not book:
            raise KeyError("xl/workbook.xml")
        folder = PurePosixPath(book).parent
        relations = ET.fromstring(self._package.read_xml(f"{folder}/_rels/workbook.xml.rels", _MAX_SMALL_PART))  # noqa: S314 - no document type
        targets = {
            relation.get("Id", ""): relation.get("Target", "")
            for relation in relations.iter()
            if relation.get("Type", "").endswith("/worksheet")
        }
        sheets: dict[str, str] = {}
        for element in ET.fromstring(self._package.read_xml(book, _MAX_SMALL_PART)).iter():  # noqa: S314 - no document type
            if _local_name(element.tag) == "sheet":
                relation_id = next((value for key, value in element.attrib.items() if _local_name(key) == "id"), "")
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
        root = ET.fromstring(self._package.read_xml(part, _MAX_SMALL_PART))  # noqa: S314 - no document type
        formats = {
            element.get("numFmtId", "")
            for element in root.iter()
            if _local_name(element.tag) == "numFmt" and "%" in element.get("formatCode", "")
        }
        styles = next((element for element in root.iter() if _local_name(element.tag) == "cellXfs"), ())
        return frozenset(
            str(number)
            for number, style in enumerate(styles)
            if style.get("numFmtId", "") in formats | _PERCENT_FORMATS
        )


class _SharedStringsScan(XmlScan):
    """The shared texts of an xlsx file; its reader makes room for as many as the file declares."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self._lengths = array("L")
        self._n_chars = 0

    def scan(self, chunks: Iterator[bytes]) -> None:
        """Scan the XML.

        Raises:
            TableError: It declares more texts than a file may have elements.
        """
        self._parser.CharacterDataHandler = self._count
        self._feed(chunks)
        self._n_chars = 0

    def count_use(self, number: str) -> None:
        """Count a cell that shows the text with this number.

        Raises:
            TableError: The cells so far show too much text.
        """
        index = parse_number(number.strip().lstrip("+0") or "0", _MAX_ELEMENTS)
        self._n_chars += self._lengths[index] if index < len(self._lengths) else 0
        self._check_text(self._n_chars)

    def _start(self, _: str, attributes: dict[str, str]) -> None:
        if parse_number(attributes.get("uniqueCount", "0"), _MAX_ELEMENTS + 1) > _MAX_ELEMENTS:
            raise TableError(Fault(self._place, "the file is damaged or incomplete", RESAVE))
        self._parser.StartElementHandler = None  # only the first element declares the number

    def _count(self, text: str) -> None:
        self._n_chars += len(text)

    def _end(self, name: str) -> None:
        if _local_name(name) == "si":
            self._lengths.append(self._n_chars)
            self._n_chars = 0


class _WorksheetScan(XmlScan):
    """One sheet of an xlsx file."""

    def __init__(self, place: str, name: str, percent_styles: frozenset[str], shared: _SharedStringsScan) -> None:
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
        """Scan the XML of the sheet."""
        self._feed(chunks)
        self._facts.n_hidden_columns = sum(
            max(0, min(last, self._facts.n_columns) - first + 1) for first, last in self._hidden
        )
        return self._facts

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local_name(name)
        if local == "c":
            self._start_cell(attributes)
        elif local in ("v", "is"):
            self._facts.mark_filled(self._row, self._column)
            self._row_is_filled = True
            if self._cell.get("t") in ("e", "s") or self._has_formula:
                self._start_text()
        elif local == "f":
            self._has_formula = True
        elif local == "row":
            reference = attributes.get("r")
            self._row = self._row + 1 if reference is None else int(self._checked(reference, _ROW)) - 1
            self._column = -1
            self._row_is_hidden, self._row_is_filled = attributes.get("hidden") in ("1", "true"), False
        elif local == "col" and attributes.get("hidden") in ("1", "true"):
            self._hidden.append((parse_number(attributes.get("min"), 1), parse_number(attributes.get("max"), 1)))
        elif local == "mergeCell" and (merged := _RANGE.fullmatch(attributes.get("ref", ""))):
            self._facts.merges.append((_parse_position(merged[1]), _parse_position(merged[2])))
            self._check_facts(self._facts, self._name)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._cell = attributes
        self._has_formula = self._has_value = False
        self._n_cells += 1
        reference = attributes.get("r")
        if reference is None:
            self._column += 1
        else:
            self._row, self._column = _parse_position(self._checked(reference, _CELL).upper())
        if attributes.get("s") in self._percent_styles:
            self._facts.percents.add((self._row, self._column))
        if self._n_cells > MAX_AREA:
            self._facts.mark_filled(self._row, max(self._column, MAX_AREA // (self._row + 1) + 1))
            self._check_facts(self._facts, self._name)

    def _checked(self, reference: str, kind: re.Pattern[str]) -> str:
        """The reference of a row or a cell, refused unless it is of this kind: the reader would make room for any."""
        if not kind.fullmatch(reference):
            finding = make_message(
                "sheet '{sheet}' has a cell at '{reference}'", sheet=self._name, reference=reference[:20]
            )
            raise TableError(Fault(self._place, finding, RESAVE))
        return reference

    def _end(self, name: str) -> None:
        local = _local_name(name)
        if local == "v":
            text = self._end_text()
            self._has_value = bool(text.strip())
            if self._cell.get("t") == "s":
                self._shared.count_use(text)
            if self._cell.get("t") == "e":
                self._facts.errors[self._row, self._column] = text.strip() or "#?"
        elif local == "c":
            if self._has_formula and not self._has_value and self._cell.get("t") != "str":
                self._facts.errors.setdefault((self._row, self._column), "")
        elif local == "row":
            self._facts.n_hidden_rows += self._row_is_hidden and self._row_is_filled
            self._check_facts(self._facts, self._name)


class _OpenDocumentScan(XmlScan):
    """All sheets of an ods file, which are in one part."""

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
        """Scan the XML of the file."""
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
            self._start_text()
            self._is_filled = "office:value-type" in attributes or "calcext:value-type" in attributes
        elif name == "table:table-row":
            self._n_repeats = parse_number(attributes.get("table:number-rows-repeated"), 1)
            self._row_is_hidden = attributes.get("table:visibility", "visible") != "visible"
            self._column = self._filled_to = self._n_chars_of_row = 0
        elif name == "text:p":
            self._is_filled = True
        elif name == "text:s":
            self._count_blanks(attributes)
        elif name == "table:table-column":
            self._note_columns(attributes)

    def _note_columns(self, attributes: dict[str, str]) -> None:
        n = parse_number(attributes.get("table:number-columns-repeated"), 1)
        if attributes.get("table:visibility", "visible") != "visible":
            self._hidden.append((self._n_columns, self._n_columns + n))
        self._n_columns += n

    def _count_blanks(self, attributes: dict[str, str]) -> None:
        n_blanks = parse_number(attributes.get("text:c"), 1)
        self._n_blanks += n_blanks
        if self._n_blanks > _MAX_BLANKS:
            finding = make_message("more than {n:,} blanks in a row of its text", n=_MAX_BLANKS)
            raise TableError(Fault(self._place, finding, RESAVE))
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
                self._facts.mark_filled(self._row + self._n_repeats - 1, self._filled_to - 1)
                self._facts.n_hidden_rows += self._n_repeats * self._row_is_hidden
                self._check_facts(self._facts, self._name)
            self._row += self._n_repeats
            self._n_chars += self._n_chars_of_row * self._n_repeats
            self._check_text(self._n_chars)

    def _end_cell(self) -> None:
        n = parse_number(self._cell.get("table:number-columns-repeated"), 1)
        self._n_chars_of_row += len(self._end_text()) * n
        if self._is_filled:
            self._filled_to = self._column + n
            self._note_cell(n)
        self._column += n

    def _note_cell(self, n: int) -> None:
        """Note percentages, errors and merged ranges; a percentage repeated over a vast area is ignored."""
        position, cell = (self._row, self._column), self._cell
        if cell.get("calcext:value-type") == "error":
            self._facts.errors[position] = "".join(self._text).strip() or "#?"
        if cell.get("office:value-type") == "percentage" and n * self._n_repeats <= MAX_POSITIONS:
            self._facts.percents.update(
                (row, column)
                for row in range(self._row, self._row + self._n_repeats)
                for column in range(self._column, self._column + n)
            )
        rows = parse_number(cell.get("table:number-rows-spanned"), 1)
        columns = parse_number(cell.get("table:number-columns-spanned"), 1)
        if rows > 1 or columns > 1:
            self._facts.merges.append((position, (self._row + rows - 1, self._column + columns - 1)))

    def _end_sheet(self) -> None:
        self._facts.n_hidden_columns = sum(
            max(0, min(last, self._facts.n_columns) - first) for first, last in self._hidden
        )
        if sum(facts.area for facts in self._sheets.values()) > MAX_AREA:  # all sheets are read at once
            raise TableError(
                Fault(self._place, make_message("more than {n:,} cells in its sheets", n=MAX_AREA), AS_CSV)
            )


def _local_name(name: str) -> str:
    return name if name.isalnum() else name.rpartition("}")[2].rpartition(":")[2]


def _parse_position(reference: str) -> Position:
    """Row and column, from 0, of a reference such as ``B12``."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1
