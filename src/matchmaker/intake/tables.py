"""Many problems from a table: CSV, TSV or JSONL, a row at a time, so that memory does not grow with the file."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeAlias

from matchmaker.domain import Problem
from matchmaker.errors import EncodingError, Fault, ProblemError, TableError, did_you_mean
from matchmaker.intake.csvrows import Record, detect_delimiter, read_lines, read_records, separator_of
from matchmaker.intake.encodings import detect
from matchmaker.intake.fields import MAX_ID_LENGTH, build_problem
from matchmaker.intake.headings import FIELDS, Column, column_of, columns_of, position_of
from matchmaker.intake.reading import FIRST_BAD_BYTE, LAST_BAD_BYTE, codec_named, open_bytes, open_text, sample_of
from matchmaker.intake.syntax import read_json
from matchmaker.intake.values import Given, shortened, writable

MAX_WARNINGS = 1_000
"""So many warnings and unused keys are kept; ``n_warnings`` counts all warnings."""
_N_FIRST_ROWS = 50
_DOCUMENTS = frozenset({".yaml", ".yml", ".json", ".txt", ".md", ".markdown", ".html", ".htm", ".eml"})
_SHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".et", ".ods", ".numbers", ".parquet", ".docx", ".doc", ".wps", ".pdf"})
_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_BAD_BYTES = re.compile(f"[{FIRST_BAD_BYTE}-{LAST_BAD_BYTE}]")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that gives no problem: the line it begins on, its cells as they stand in the file, and why."""

    line: int
    cells: tuple[str, ...]
    faults: tuple[Fault, ...]


class Met(NamedTuple):
    """A row as it was met: its values by field, those of further fields among them, its place, line and cells."""

    values: Mapping[str, Given]
    place: str
    line: int
    cells: tuple[str, ...]


Row: TypeAlias = Problem | Rejected
Check: TypeAlias = Callable[[Problem], Sequence[Fault]]


def read_problems(
    path: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    check: Check | None = None,
    more: Mapping[str, str] | None = None,
) -> ProblemTable:
    """Open a table of problems: CSV, TSV (any text with a delimiter) or JSONL (an object a line).

    Args:
        path: The file; a regular one, as it is read more than once.
        columns: Field to heading, over what is recognised.
        encoding: The name of an encoding; detected when not given.
        check: What is wrong with a problem beyond its fields, such as ``Matcher.limit_faults``; its row is rejected.
        more: Further fields and their names, as in ``columns_of``; what they hold is in ``ProblemTable.met``.

    Returns:
        The table. Iterating over it reads the rows.

    Raises:
        TableError: The file cannot be read as a table at all, no heading is understood as title or description, or
            ``columns`` names a field or a heading that is not there.
    """
    return ProblemTable(Path(path), columns or {}, encoding, check, more)


class ProblemTable:
    """The problems of one file, in its order. Every iteration reads the file anew.

    Attributes:
        columns: Field to the heading it is read from.
        unused: Headings that are not read. Of JSONL, keys met later are added while iterating.
        headings: What the cells of a rejected row are called.
        encoding: The Python codec the file is read with.
        delimiter: What stands between cells; ``None`` for JSONL.
        n_blank: Blank rows met by the latest iteration.
        warnings: What the latest iteration had to leave out of a problem or to change; the first 1,000.
        n_warnings: How many there were.
        met: The row met last.
    """

    def __init__(
        self,
        path: Path,
        overrides: Mapping[str, str],
        encoding: str | None,
        check: Check | None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Look at the start of the file; see ``read_problems``."""
        self._path = path
        self._place = str(path)
        self._overrides = dict(overrides)
        self._check = check
        self._more = more or {}
        self.met = Met({}, self._place, 0, ())
        self._by_keys: dict[tuple[str, ...], dict[str, Column]] = {}
        self._reset()
        self.encoding = _encoding_of(path, encoding)
        self.delimiter: str | None = None
        self._has_separator_line = False
        if path.suffix.lower() not in _JSON_LINES:
            self._find_delimiter()
        names = self._keys_at_start() if self.delimiter is None else self._heading_row()
        _check_overrides(self._overrides, names, self._place, self._more)
        self._columns, unused = columns_of(names, self._overrides, self._more)
        # Two keys for one field may stand in different rows of JSONL; where they meet, the second is added.
        unused = unused if self.delimiter else tuple(key for key in unused if column_of(key, fuzzy=True) is None)
        self.unused = tuple(map(writable, unused))
        _check_usable(self._columns, names, self._place)
        self.columns: Mapping[str, str] = {field: writable(column.heading) for field, column in self._columns.items()}
        self.headings: tuple[str, ...] = ("json",) if self.delimiter is None else names

    def __iter__(self) -> Iterator[Row]:
        """The rows in the order of the file, each a problem or why it gives none; blank ones are only counted."""
        self._reset()
        with open_text(self._path, self.encoding) as file, _SeenIds() as seen:
            if self.delimiter is None:
                records = read_lines(file)
            else:
                records = read_records(file, self.delimiter)
                self._skip_to_heading_row(records)
            for record in records:
                if record.is_blank:
                    self.n_blank += 1
                else:
                    yield self._row(record, seen)

    def _row(self, record: Record, seen: _SeenIds) -> Row:
        place = f"{self._place}, line {record.line}"
        values, fault = self._values(record, place)
        self.met = Met(values, place, record.line, record.cells)
        if fault:
            return _rejected(record, (fault,))
        built = build_problem(values, place=place, default_id=f"row-{record.line}", style="cell")
        if built.problem is None:
            return _rejected(record, built.faults)
        faults = self._check(built.problem) if self._check else ()
        if faults:
            return _rejected(record, tuple(Fault(place, fault.finding, fault.remedy) for fault in faults))
        for warning in built.warnings:
            self._warn(warning)
        own_id = seen.own(built.problem.id)
        if own_id == built.problem.id:
            return built.problem
        self._warn(Fault(place, f"the id '{built.problem.id}' is there already", f"this row is called '{own_id}'"))
        return built.problem.model_copy(update={"id": own_id})

    def _values(self, record: Record, place: str) -> tuple[dict[str, Given], Fault | None]:
        if record.broken:
            return {}, Fault(place, record.broken, record.remedy)
        if bad := _BAD_BYTES.search("".join(record.cells)):
            byte = ord(bad[0]) - ord(FIRST_BAD_BYTE)
            remedy = "correct the row, or save the table as CSV UTF-8"
            return {}, Fault(place, f"byte 0x{byte:02x} is not {self.encoding}", remedy)
        return self._json_values(record, place) if self.delimiter is None else self._cell_values(record, place)

    def _cell_values(self, record: Record, place: str) -> tuple[dict[str, Given], Fault | None]:
        n_cells = max(n for n, cell in enumerate(record.cells, start=1) if cell.strip())
        if n_cells > len(self.headings):
            finding = f"{n_cells} fields, but the heading row has {len(self.headings)}"
            return {}, Fault(place, finding, "put a text that holds the delimiter in quotes")
        values = {
            field: Given(column.heading, record.cells[column.position], column.factor)
            for field, column in self._columns.items()
            if column.position < len(record.cells) and record.cells[column.position].strip()
        }
        return values, None

    def _json_values(self, record: Record, place: str) -> tuple[dict[str, Given], Fault | None]:
        try:
            found = read_json(record.cells[0], place=place, is_line=True)
        except ProblemError as error:
            return {}, error.faults[0]
        if not isinstance(found, dict):
            return {}, Fault(place, "expected an object", 'write for example {"title": "管网漏损检测"}')
        columns = self._columns_of_keys(tuple(found))
        values = {
            field: Given(column.heading, found[column.heading], column.factor) for field, column in columns.items()
        }
        return values, None

    def _columns_of_keys(self, keys: tuple[str, ...]) -> dict[str, Column]:
        columns = self._by_keys.get(keys)
        if columns is None:
            columns, unused = columns_of(keys, self._overrides, self._more)
            self.unused = tuple(dict.fromkeys((*self.unused, *map(writable, unused))))[:MAX_WARNINGS]
            if len(self._by_keys) >= MAX_WARNINGS:  # rows with ever new keys must not fill the memory
                self._by_keys.clear()
            self._by_keys[keys] = columns
        return columns

    def _find_delimiter(self) -> None:
        with open_text(self._path, self.encoding) as file:
            lines = [record.cells[0] + "\n" for record in islice(read_lines(file), _N_FIRST_ROWS) if record.cells]
        if not any(char.isalnum() for line in lines for char in line):
            raise TableError(
                Fault(
                    self._place,
                    "nothing in its first lines",
                    "a table has a row of headings, then a row for each problem",
                )
            )
        named = separator_of(lines[0])
        self._has_separator_line = named is not None
        self.delimiter = named or detect_delimiter(lines, set(self._overrides.values()))

    def _heading_row(self) -> tuple[str, ...]:
        with open_text(self._path, self.encoding) as file:
            record = self._skip_to_heading_row(read_records(file, self.delimiter or ","))
        if record.broken:
            raise TableError(Fault(f"{self._place}, line {record.line}", record.broken, record.remedy))
        n_headings = max(n for n, cell in enumerate(record.cells, start=1) if cell.strip())
        return tuple(_BAD_BYTES.sub("\ufffd", cell).strip() for cell in record.cells[:n_headings])

    def _skip_to_heading_row(self, records: Iterator[Record]) -> Record:
        if self._has_separator_line:
            next(records)
        for record in records:
            if not record.is_blank:
                return record
        raise TableError(Fault(self._place, "no row of headings", "name the columns in the first row"))

    def _keys_at_start(self) -> tuple[str, ...]:
        keys: dict[str, None] = {}
        with open_text(self._path, self.encoding) as file:
            records = [record for record in islice(read_lines(file), _N_FIRST_ROWS) if not record.is_blank]
        for record in records:
            try:
                found = read_json(_BAD_BYTES.sub("\ufffd", "".join(record.cells)), place=self._place, is_line=True)
            except ProblemError:
                continue  # the row will be rejected when it is read
            keys.update(dict.fromkeys(found if isinstance(found, dict) else ()))
        if not keys:
            finding = "no JSON object with fields in the first lines" if records else "empty"
            raise TableError(Fault(self._place, finding, "write one object on each line"))
        return tuple(keys)

    def _reset(self) -> None:
        self.n_blank = 0
        self.n_warnings = 0
        self.warnings: list[Fault] = []

    def _warn(self, warning: Fault) -> None:
        self.n_warnings += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(warning)


class _SeenIds:
    """The ids of a table so far, in a temporary database: a set of them would grow with the rows."""

    def __enter__(self) -> _SeenIds:
        # The empty name is SQLite's own temporary file. Whoever iterates may pass the rows on to another thread.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
        self._database.execute("BEGIN")  # never committed: one transaction spares a write for each row
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def own(self, wanted: str) -> str:
        """``wanted`` itself, or ``wanted#2``, ``wanted#3`` … when it was there before."""
        own, n = wanted, 1
        while not self._add(own):
            n = self._next_number(wanted) if n == 1 else n + 1
            own = f"{wanted[: MAX_ID_LENGTH - 12]}#{n}"
        if n > 1:
            self._database.execute("UPDATE seen SET n = ? WHERE digest = ?", (n, _digest(wanted)))
        return own

    def _add(self, id_: str) -> bool:
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, 1)", (_digest(id_),)).rowcount == 1

    def _next_number(self, id_: str) -> int:
        row: tuple[int] = self._database.execute("SELECT n FROM seen WHERE digest = ?", (_digest(id_),)).fetchone()
        return row[0] + 1


def _digest(id_: str) -> bytes:
    return blake2b(id_.encode(), digest_size=16).digest()


def _encoding_of(path: Path, named: str | None) -> str:
    place, suffix = str(path), path.suffix.lower()
    with open_bytes(path, TableError) as file:
        if suffix in _SHEETS:
            raise TableError(Fault(place, f"{suffix} files cannot be read yet", "save it as CSV UTF-8"))
        if suffix in _DOCUMENTS:
            remedy = f"use: matchmaker match {path.name} (or, if it is a table, give it the ending .csv)"
            raise TableError(Fault(place, f"a {suffix} file holds one problem, this needs a table", remedy))
        if not file.seekable():
            raise TableError(Fault(place, "this is a pipe, and a table is read more than once", "save it to a file"))
        if named:
            return codec_named(named, place)
        try:
            return detect(sample_of(file), place=place, is_start=True)
        except EncodingError as error:
            raise TableError(error.faults) from error


def _check_overrides(
    overrides: Mapping[str, str], names: Sequence[str], place: str, more: Collection[str] = ()
) -> None:
    faults: list[Fault] = []
    known = (
        *(field for field in FIELDS if field != "require"),
        "require.institutes",
        "require.role",
        "require.own",
        "require.place",
        *more,
    )
    for field, heading in overrides.items():
        if field not in (*known, "require"):
            hint = did_you_mean(field, known)
            finding = f"no such field: '{field}'{hint}"
            faults.append(Fault("--column", finding, f"the fields are: {', '.join(known)}"))
        elif position_of(heading, names) is None:
            hint = did_you_mean(heading, names)
            finding = f"no heading '{heading}'{hint}"
            faults.append(Fault(place, finding, f"the headings are: {_listed(names)}"))
    if faults:
        raise TableError(faults)


def _check_usable(columns: Mapping[str, Column], names: Sequence[str], place: str) -> None:
    if "title" not in columns and "description" not in columns:
        finding = f"no column is understood as title or description; the first row is: {_listed(names)}"
        remedy = "name one with --column title=HEADING; the first row must hold the headings"
        raise TableError(Fault(place, finding, remedy))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(shortened(name) for name in names[:30] if name)
    return f"{shown} and {len(names) - 30} more" if len(names) > 30 else shown


def _rejected(record: Record, faults: tuple[Fault, ...]) -> Rejected:
    return Rejected(record.line, tuple(_BAD_BYTES.sub("\ufffd", cell) for cell in record.cells), faults)
