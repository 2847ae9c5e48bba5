"""The sources of the rows of a table: text with delimiters, JSON objects on lines, sheets, Parquet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from matchmaker.errors import Fault, ProblemError, TableError
from matchmaker.intake.headingrows import N_ROWS, Headings, find_headings, repeats_headings
from matchmaker.intake.headings import FieldColumn, column_of, columns_of
from matchmaker.intake.syntax import read_json
from matchmaker.intake.values import NamedValue
from matchmaker.messages import make_message, shortened, writable
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


class RowSource(Protocol):
    """A table with one heading row: a file, or one of its sheets.

    Attributes:
        sheet: The name of the sheet; empty if the file has none.
        headings: The names of the cells of a row.
        columns: The column of each field.
        unused: Headings that are not read.
    """

    sheet: str
    headings: tuple[str, ...]
    columns: Mapping[str, FieldColumn]
    unused: tuple[str, ...]

    def records(self) -> Iterator[Record]:
        """The rows below the headings."""

    def place(self, record: Record) -> str:
        """The place of a row in a fault."""

    def values(self, record: Record, place: str) -> tuple[dict[str, NamedValue], Fault | None]:
        """The values of a row by field, or the fault why it has none."""

    def is_repetition(self, record: Record) -> bool:
        """Whether a row repeats the headings."""


@dataclass(slots=True)
class CellSource:
    """A table whose rows are cells under headings."""

    path: Path
    sheet: str
    headings: tuple[str, ...]
    columns: Mapping[str, FieldColumn]
    unused: tuple[str, ...]
    read: Callable[[], Iterator[Record]]

    def records(self) -> Iterator[Record]:
        """The rows below the headings."""
        return self.read()

    def place(self, record: Record) -> str:
        """The place of a row in a fault."""
        if self.sheet:
            return make_message(
                "{place}, sheet '{sheet}', row {row}", place=str(self.path), sheet=self.sheet, row=record.line
            )
        return make_message("{place}, line {line}", place=str(self.path), line=record.line)

    def values(self, record: Record, place: str) -> tuple[dict[str, NamedValue], Fault | None]:
        """The values of a row by field; a fault for a row with more cells than headings, and for a remark."""
        n_cells = max(n for n, cell in enumerate(record.cells, start=1) if cell.strip())
        if n_cells > len(self.headings) and not self.sheet:
            finding = make_message(
                "{n} fields, but the heading row has {n_headings}", n=n_cells, n_headings=len(self.headings)
            )
            return {}, Fault(place, finding, "put a text that holds the delimiter in quotes")
        if self._is_remark(record):
            return {}, Fault(
                place,
                "a remark or a total below the table, not a problem",
                "if it is a problem, fill in a second column",
            )
        values = {
            field: NamedValue(column.heading, record.cells[column.position], column.factor)
            for field, column in self.columns.items()
            if column.position < len(record.cells) and record.cells[column.position].strip()
        }
        return values, None

    def is_repetition(self, record: Record) -> bool:
        """Whether a row repeats the headings."""
        return not record.finding and repeats_headings(record.cells, self.columns.values())

    def _is_remark(self, record: Record) -> bool:
        """Whether a row holds only a remark, or a total and numbers, in a table with more than one column."""
        filled = list(dict.fromkeys(cell.strip() for cell in record.cells if cell.strip()))
        if len(self.columns) < 2 or not filled:
            return False
        if _TOTAL.fullmatch(filled[0]):
            return all(_NUMBER.fullmatch(cell) for cell in filled[1:])
        return len(filled) == 1 and _REMARK.fullmatch(filled[0]) is not None


class JsonLinesSource:
    """A table with a JSON object on each line (JSONL); its keys are the headings, and may differ between lines."""

    def __init__(self, path: Path, encoding: str, overrides: Mapping[str, str], more: Mapping[str, str]) -> None:
        self.sheet = ""
        self.headings: tuple[str, ...] = ("json",)
        self._path = path
        self._encoding = encoding
        self._overrides = overrides
        self._more = more
        self._by_keys: dict[tuple[str, ...], dict[str, FieldColumn]] = {}
        self.names = self._keys_at_start()
        self.columns: Mapping[str, FieldColumn]
        self.columns, unused = columns_of(self.names, overrides, more)
        # Two keys for one field may be in different rows; a row with both adds the second to the unused keys.
        self.unused = tuple(writable(key) for key in unused if column_of(key, fuzzy=True) is None)

    def records(self) -> Iterator[Record]:
        """The lines."""
        with open_text(self._path, self._encoding) as file:
            yield from read_lines(file)

    def place(self, record: Record) -> str:
        """The place of a line in a fault."""
        return make_message("{place}, line {line}", place=str(self._path), line=record.line)

    def values(self, record: Record, place: str) -> tuple[dict[str, NamedValue], Fault | None]:
        """The values of a line by field, or the fault in its JSON."""
        try:
            found = read_json(record.cells[0], place=place, is_line=True)
        except ProblemError as error:
            return {}, error.faults[0]
        if not isinstance(found, dict):
            remedy = make_message("write for example {example}", example='{"title": "管网漏损检测"}')
            return {}, Fault(place, "expected an object", remedy)
        columns = self._columns_of_keys(tuple(found))
        return {
            field: NamedValue(column.heading, found[column.heading], column.factor) for field, column in columns.items()
        }, None

    def is_repetition(self, record: Record) -> bool:
        """Never: each line has its own keys."""
        del record
        return False

    def _columns_of_keys(self, keys: tuple[str, ...]) -> dict[str, FieldColumn]:
        columns = self._by_keys.get(keys)
        if columns is None:
            columns, unused = columns_of(keys, self._overrides, self._more)
            self.unused = tuple(dict.fromkeys((*self.unused, *map(writable, unused))))[:MAX_KEYS]
            if len(self._by_keys) >= MAX_KEYS:  # rows with ever new keys must not fill memory
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
                    fields = read_json(BAD_BYTES.sub("\ufffd", "".join(record.cells)), place=place, is_line=True)
                except ProblemError:
                    continue  # the row will be rejected when it is read
                keys.update(dict.fromkeys(fields if isinstance(fields, dict) else ()))
        if not keys:
            finding = "no JSON object with fields in the first lines" if n_lines else "empty"
            raise TableError(Fault(place, finding, "write one object on each line"))
        return tuple(keys)


def open_delimited(
    path: Path, encoding: str, overrides: Mapping[str, str], more: Mapping[str, str]
) -> tuple[CellSource, str, Fault | None]:
    """Open a text with delimiters: the table, the delimiter, and a note if its headings are not in the first row.

    Raises:
        TableError: The file is empty, or its headings are broken.
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
    if first[0].finding:
        place = make_message("{place}, line {line}", place=str(path), line=first[0].line)
        raise TableError(Fault(place, first[0].finding, first[0].remedy))
    source, headings = _source_below_headings(path, "", first, overrides, more, read)
    note = _note_of_skipped(str(path), headings, first)
    return source, delimiter, note


def open_sheet(
    path: Path, sheet: Sheet, overrides: Mapping[str, str], more: Mapping[str, str]
) -> tuple[CellSource, Headings, Fault | None] | None:
    """Open a sheet: the table, its headings, and a note if these are not in the first row; ``None`` if it is blank."""
    first = _first_records(sheet.records())
    if not first:
        return None
    source, headings = _source_below_headings(path, sheet.name, first, overrides, more, sheet.records)
    place = make_message("{place}, sheet '{sheet}'", place=str(path), sheet=sheet.name)
    return source, headings, _note_of_skipped(place, headings, first)


def open_parquet(path: Path, overrides: Mapping[str, str], more: Mapping[str, str]) -> CellSource:
    """Open a Parquet file as a table.

    Raises:
        MissingExtraError: pyarrow is not installed.
        TableError: The file is damaged.
    """
    from matchmaker.office.parquet import parquet_headings, parquet_records

    names = parquet_headings(path)
    columns, unused = columns_of(names, overrides, more)
    positions = sorted(column.position for column in columns.values())
    return CellSource(path, "", names, columns, unused, lambda: parquet_records(path, positions))


def list_headings(names: Sequence[str]) -> str:
    """The first 30 headings, for a message."""
    shown = ", ".join(shortened(name) for name in names[:30] if name)
    return make_message("{names} and {n} more", names=shown, n=len(names) - 30) if len(names) > 30 else shown


def _source_below_headings(
    path: Path,
    sheet: str,
    first: Sequence[Record],
    overrides: Mapping[str, str],
    more: Mapping[str, str],
    read: Callable[[], Iterator[Record]],
) -> tuple[CellSource, Headings]:
    headings = find_headings([record.cells for record in first], overrides)
    last_line = first[headings.first + headings.n_rows - 1].line

    def below() -> Iterator[Record]:
        return (record for record in read() if record.line > last_line)

    columns, unused = columns_of(headings.names, overrides, more)
    return CellSource(path, sheet, headings.names, columns, tuple(map(writable, unused)), below), headings


def _note_of_skipped(place: str, headings: Headings, first: Sequence[Record]) -> Fault | None:
    if not headings.first or not headings.is_usable:
        return None
    line, n = first[headings.first].line, headings.first
    finding = make_message("the headings are in row {row}; rows above them are skipped: {n}", row=line, n=n)
    return Fault(place, finding)


def _first_records(records: Iterator[Record]) -> list[Record]:
    """The first rows that are not blank, with the beginnings of their cells, which is enough to find the headings."""
    records_with_text = islice((record for record in records if not record.is_blank), N_ROWS + 1)
    return [
        replace(record, cells=tuple(BAD_BYTES.sub("\ufffd", cell[:_MAX_CELL]) for cell in record.cells[:_MAX_COLUMNS]))
        for record in records_with_text
    ]


def _delimiter_of(path: Path, encoding: str, overrides: Mapping[str, str]) -> tuple[str, bool]:
    """The delimiter of the cells, and whether the first line declares it (``sep=;``)."""
    lines: list[str] = []
    n_chars = 0
    with open_text(path, encoding) as file:
        for record in islice(read_lines(file), _N_FIRST_LINES):
            lines.extend(cell + "\n" for cell in record.cells)
            n_chars += sum(map(len, record.cells))
            if n_chars > _MAX_SAMPLE:
                break
    if not any(char.isalnum() for line in lines for char in line):
        raise TableError(Fault(str(path), "the first lines are empty", _NO_ROWS))
    named, wanted = separator_of(lines[0]), set(overrides.values())

    def is_heading(cell: str) -> bool:
        return cell in wanted or column_of(cell, fuzzy=False) is not None

    return named or detect_delimiter(lines, is_heading), named is not None
