"""Where the rows of a table come from: text with delimiters, objects on lines, sheets, Parquet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from matchmaker.errors import Fault, ProblemError, TableError
from matchmaker.intake.headingrows import N_ROWS, Headings, find_headings, repeats
from matchmaker.intake.headings import Column, column_of, columns_of
from matchmaker.intake.syntax import read_json
from matchmaker.intake.values import Given
from matchmaker.messages import said, shortened, writable
from matchmaker.office.csvrows import Record, detect_delimiter, read_lines, read_records, separator_of
from matchmaker.office.reading import FIRST_BAD_BYTE, LAST_BAD_BYTE, open_text
from matchmaker.office.sheets import Sheet

MAX_KEYS: Final = 1_000
BAD_BYTES: Final = re.compile(f"[{FIRST_BAD_BYTE}-{LAST_BAD_BYTE}]")
_N_FIRST_LINES: Final = 50
_MAX_SAMPLE: Final = 2_000_000
_MAX_CELL: Final = 200
_MAX_COLUMNS: Final = 1_000
_NO_ROWS: Final = "a table has a row of headings, then a row for each problem"
_REMARK: Final = re.compile(
    r"(?:备注|備註|注|註|说明|說明|填表说明|填表說明|填写说明|填報說明|填报说明|注意事项|附注|"
    r"填表人|制表人|审核人|联系人|联系电话|填表日期|note|notes|remark|remarks)[一二三四五六七八九十\d]*\s*[:：].*",
    re.IGNORECASE | re.DOTALL,
)
_TOTAL: Final = re.compile(r"(?:合计|合計|总计|總計|小计|小計|共计|共計|total|subtotal|sum)\s*[:：]?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[\d,.\s]*%?(?:项|項|条|條|个|個|家|万元|萬元|元)?")


class Source(Protocol):
    """A table with one heading row: a file, or one of its sheets.

    Attributes:
        sheet: The name of the sheet; empty where a file has none.
        headings: What the cells of a row are called.
        columns: Field to the column it is read from.
        unused: Headings that are not read.
    """

    sheet: str
    headings: tuple[str, ...]
    columns: Mapping[str, Column]
    unused: tuple[str, ...]

    def records(self) -> Iterator[Record]:
        """The rows below the headings."""

    def place(self, record: Record) -> str:
        """The place of a row in a fault."""

    def values(self, record: Record, place: str) -> tuple[dict[str, Given], Fault | None]:
        """The values of a row by field, or why it has none."""

    def is_repetition(self, record: Record) -> bool:
        """Whether a row says the headings again."""


@dataclass(slots=True)
class Cells:
    """A table whose rows are cells under headings."""

    path: Path
    sheet: str
    headings: tuple[str, ...]
    columns: Mapping[str, Column]
    unused: tuple[str, ...]
    read: Callable[[], Iterator[Record]]

    def records(self) -> Iterator[Record]:
        """The rows below the headings."""
        return self.read()

    def place(self, record: Record) -> str:
        """The place of a row in a fault."""
        if self.sheet:
            return said("{place}, sheet '{sheet}', row {row}", place=str(self.path), sheet=self.sheet, row=record.line)
        return said("{place}, line {line}", place=str(self.path), line=record.line)

    def values(self, record: Record, place: str) -> tuple[dict[str, Given], Fault | None]:
        """The values of a row by field; none for one with more cells than headings, and for a remark."""
        n_cells = max(n for n, cell in enumerate(record.cells, start=1) if cell.strip())
        if n_cells > len(self.headings) and not self.sheet:
            finding = said("{n} fields, but the heading row has {n_headings}", n=n_cells, n_headings=len(self.headings))
            return {}, Fault(place, finding, "put a text that holds the delimiter in quotes")
        if self._is_remark(record):
            return {}, Fault(
                place, "a remark or a sum below the table, no problem", "if it is one, fill a second column"
            )
        values = {
            field: Given(column.heading, record.cells[column.position], column.factor)
            for field, column in self.columns.items()
            if column.position < len(record.cells) and record.cells[column.position].strip()
        }
        return values, None

    def is_repetition(self, record: Record) -> bool:
        """Whether a row says the headings again."""
        return not record.broken and repeats(record.cells, self.columns.values())

    def _is_remark(self, record: Record) -> bool:
        """Whether a row has nothing but a remark, or a sum and numbers, in a table with more than one column."""
        filled = list(dict.fromkeys(cell.strip() for cell in record.cells if cell.strip()))
        if len(self.columns) < 2 or not filled:
            return False
        if _TOTAL.fullmatch(filled[0]):
            return all(_NUMBER.fullmatch(cell) for cell in filled[1:])
        return len(filled) == 1 and _REMARK.fullmatch(filled[0]) is not None


class Lines:
    """A table with an object on each line (JSONL); its keys are the headings, and may differ from line to line."""

    def __init__(self, path: Path, encoding: str, overrides: Mapping[str, str], more: Mapping[str, str]) -> None:
        self.sheet = ""
        self.headings: tuple[str, ...] = ("json",)
        self._path = path
        self._encoding = encoding
        self._overrides = overrides
        self._more = more
        self._by_keys: dict[tuple[str, ...], dict[str, Column]] = {}
        self.names = self._keys_at_start()
        self.columns: Mapping[str, Column]
        self.columns, unused = columns_of(self.names, overrides, more)
        # Two keys for one field may stand in different rows; where they meet, the second is added.
        self.unused = tuple(writable(key) for key in unused if column_of(key, fuzzy=True) is None)

    def records(self) -> Iterator[Record]:
        """The lines."""
        with open_text(self._path, self._encoding) as file:
            yield from read_lines(file)

    def place(self, record: Record) -> str:
        """The place of a line in a fault."""
        return said("{place}, line {line}", place=str(self._path), line=record.line)

    def values(self, record: Record, place: str) -> tuple[dict[str, Given], Fault | None]:
        """The values of a line by field, or what is wrong with its JSON."""
        try:
            found = read_json(record.cells[0], place=place, is_line=True)
        except ProblemError as error:
            return {}, error.faults[0]
        if not isinstance(found, dict):
            remedy = said("write for example {example}", example='{"title": "管网漏损检测"}')
            return {}, Fault(place, "expected an object", remedy)
        columns = self._columns_of_keys(tuple(found))
        return {field: Given(one.heading, found[one.heading], one.factor) for field, one in columns.items()}, None

    def is_repetition(self, record: Record) -> bool:
        """Never: each line has its own keys."""
        del record
        return False

    def _columns_of_keys(self, keys: tuple[str, ...]) -> dict[str, Column]:
        columns = self._by_keys.get(keys)
        if columns is None:
            columns, unused = columns_of(keys, self._overrides, self._more)
            self.unused = tuple(dict.fromkeys((*self.unused, *map(writable, unused))))[:MAX_KEYS]
            if len(self._by_keys) >= MAX_KEYS:  # rows with ever new keys must not fill the memory
                self._by_keys.clear()
            self._by_keys[keys] = columns
        return columns

    def _keys_at_start(self) -> tuple[str, ...]:
        place = str(self._path)
        keys: dict[str, None] = {}
        n_lines = 0
        with open_text(self._path, self._encoding) as file:
            for record in islice(read_lines(file), _N_FIRST_LINES):
                if record.is_blank:
                    continue
                n_lines += 1
                try:
                    found = read_json(BAD_BYTES.sub("\ufffd", "".join(record.cells)), place=place, is_line=True)
                except ProblemError:
                    continue  # the row will be rejected when it is read
                keys.update(dict.fromkeys(found if isinstance(found, dict) else ()))
        if not keys:
            finding = "no JSON object with fields in the first lines" if n_lines else "empty"
            raise TableError(Fault(place, finding, "write one object on each line"))
        return tuple(keys)


def delimited(
    path: Path, encoding: str, overrides: Mapping[str, str], more: Mapping[str, str]
) -> tuple[Cells, str, Fault | None]:
    """A text with delimiters, the delimiter, and a note when its headings are not in the first row.

    Raises:
        TableError: There is nothing in it, or its headings are broken.
    """
    delimiter, has_separator_line = _delimiter_of(path, encoding, overrides)

    def read() -> Iterator[Record]:
        with open_text(path, encoding) as file:
            records = read_records(file, delimiter)
            if has_separator_line:
                next(records)
            yield from records

    first = _first_records(read())
    if not first:
        raise TableError(Fault(str(path), "no row of headings", "name the columns in the first row"))
    if first[0].broken:
        place = said("{place}, line {line}", place=str(path), line=first[0].line)
        raise TableError(Fault(place, first[0].broken, first[0].remedy))
    source, headings = _under_headings(path, "", first, overrides, more, read)
    note = _note_of_skipped(str(path), headings, first)
    return source, delimiter, note


def sheet_cells(
    path: Path, sheet: Sheet, overrides: Mapping[str, str], more: Mapping[str, str]
) -> tuple[Cells, Headings, Fault | None] | None:
    """A sheet as a table, with what was understood of its headings; ``None`` when it is blank."""
    first = _first_records(sheet.records())
    if not first:
        return None
    source, headings = _under_headings(path, sheet.name, first, overrides, more, sheet.records)
    place = said("{place}, sheet '{sheet}'", place=str(path), sheet=sheet.name)
    return source, headings, _note_of_skipped(place, headings, first)


def parquet(path: Path, overrides: Mapping[str, str], more: Mapping[str, str]) -> Cells:
    """A Parquet file.

    Raises:
        MissingExtraError: pyarrow is not installed.
        TableError: The file is damaged.
    """
    from matchmaker.office.parquet import parquet_headings, parquet_records

    names = parquet_headings(path)
    columns, unused = columns_of(names, overrides, more)
    positions = sorted(column.position for column in columns.values())
    return Cells(path, "", names, columns, unused, lambda: parquet_records(path, positions))


def listed(names: Sequence[str]) -> str:
    """Headings in a message: the first 30."""
    shown = ", ".join(shortened(name) for name in names[:30] if name)
    return said("{names} and {n} more", names=shown, n=len(names) - 30) if len(names) > 30 else shown


def _under_headings(
    path: Path,
    sheet: str,
    first: Sequence[Record],
    overrides: Mapping[str, str],
    more: Mapping[str, str],
    read: Callable[[], Iterator[Record]],
) -> tuple[Cells, Headings]:
    headings = find_headings([record.cells for record in first], overrides)
    last_line = first[headings.first + headings.n_rows - 1].line

    def below() -> Iterator[Record]:
        return (record for record in read() if record.line > last_line)

    columns, unused = columns_of(headings.names, overrides, more)
    return Cells(path, sheet, headings.names, columns, tuple(map(writable, unused)), below), headings


def _note_of_skipped(place: str, headings: Headings, first: Sequence[Record]) -> Fault | None:
    if not headings.first or not headings.is_usable:
        return None
    line, n = first[headings.first].line, headings.first
    finding = said("the headings are in row {row}; rows above them passed over: {n}", row=line, n=n)
    return Fault(place, finding)


def _first_records(records: Iterator[Record]) -> list[Record]:
    """The first rows that are not blank, with the beginnings of their cells: enough to find the headings."""
    found = islice((record for record in records if not record.is_blank), N_ROWS + 1)
    return [
        replace(record, cells=tuple(BAD_BYTES.sub("\ufffd", cell[:_MAX_CELL]) for cell in record.cells[:_MAX_COLUMNS]))
        for record in found
    ]


def _delimiter_of(path: Path, encoding: str, overrides: Mapping[str, str]) -> tuple[str, bool]:
    """What stands between cells, and whether the first line is one that says so (``sep=;``)."""
    lines: list[str] = []
    n_chars = 0
    with open_text(path, encoding) as file:
        for record in islice(read_lines(file), _N_FIRST_LINES):
            lines.extend(cell + "\n" for cell in record.cells)
            n_chars += sum(map(len, record.cells))
            if n_chars > _MAX_SAMPLE:
                break
    if not any(char.isalnum() for line in lines for char in line):
        raise TableError(Fault(str(path), "nothing in its first lines", _NO_ROWS))
    named, wanted = separator_of(lines[0]), set(overrides.values())

    def is_heading(cell: str) -> bool:
        return cell in wanted or column_of(cell, fuzzy=False) is not None

    return named or detect_delimiter(lines, is_heading), named is not None
