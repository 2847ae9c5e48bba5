"""Many problems from a table: text with delimiters, objects on lines, a workbook or Parquet."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, TypeAlias

from matchmaker.domain import Problem
from matchmaker.errors import EncodingError, Fault, InputError, TableError, did_you_mean
from matchmaker.files import no_temporary_files
from matchmaker.intake.fields import MAX_ID_LENGTH, build_problem
from matchmaker.intake.headingrows import Headings
from matchmaker.intake.headings import FIELDS, position_of
from matchmaker.intake.sources import BAD_BYTES, Lines, Source, delimited, listed, parquet, sheet_cells
from matchmaker.intake.splitting import NEVER, Split, split_finding, split_needs
from matchmaker.intake.values import Given
from matchmaker.messages import said, writable
from matchmaker.office.csvrows import Record
from matchmaker.office.encodings import detect
from matchmaker.office.reading import FIRST_BAD_BYTE, codec_named, open_bytes, sample_of, state_of
from matchmaker.office.sheets import Sheet, chosen_sheets, read_sheets
from matchmaker.office.tablekinds import Kind, Recognised, recognise

MAX_WARNINGS = 1_000
"""So many warnings and unused keys are kept; ``n_warnings`` counts all warnings."""
_MAX_ERRORS_NAMED = 3
_NO_ROWS = "a table has a row of headings, then a row for each problem"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that gives no problem: the line or row it begins on, its cells as they stand in the file, and why.

    ``sheet`` is the name of its sheet, empty in files that have none. Where sheets have different headings, the cells
    stand under those of the whole table.
    """

    line: int
    cells: tuple[str, ...]
    faults: tuple[Fault, ...]
    sheet: str = ""


class Met(NamedTuple):
    """A row as it was met: its values by field, those of further fields among them, its place, line and cells."""

    values: Mapping[str, Given]
    place: str
    line: int
    cells: tuple[str, ...]


Row: TypeAlias = Problem | Rejected
Check: TypeAlias = Callable[[Problem], Sequence[Fault]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken for what in one sheet, or in the whole file, whose ``sheet`` is empty."""

    sheet: str
    columns: Mapping[str, str]
    unused: tuple[str, ...]


def read_problems(
    path: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheets: Sequence[str] = (),
    check: Check | None = None,
    more: Mapping[str, str] | None = None,
    split: Split = "never",
) -> ProblemTable:
    """Open a table of problems: text with delimiters (CSV, TSV), objects on lines (JSONL), xlsx, ods, xls or Parquet.

    Which it is, is told by its content. The headings may stand below title rows.

    Args:
        path: The file; a regular one, as it is read more than once.
        columns: Field to heading, over what is recognised.
        encoding: The name of an encoding of a text; detected when not given.
        sheets: Names or numbers (from 1) of the sheets to read; all that are not hidden when not given.
        check: What is wrong with a problem beyond its fields, such as ``Matcher.limit_faults``; its row is rejected.
        more: Further fields and their names, as in ``columns_of``; what they hold is in ``ProblemTable.met``.
        split: ``auto`` gives a problem for each need of a row, by ``split_needs``.

    Returns:
        The table. Iterating over it reads the rows; those of a workbook are in memory, all others are not.

    Raises:
        TableError: The file cannot be read as a table at all, no heading is understood as title or description, or
            ``columns`` or ``sheets`` name what is not there.
        MissingExtraError: It is Parquet, and pyarrow is not installed.
    """
    return ProblemTable(Path(path), columns or {}, encoding, sheets, check, more, split=split)


class ProblemTable:
    """The problems of one file, in its order. Every iteration reads the rows anew.

    Attributes:
        kind: What kind of table it is.
        columns: Field to the heading it is read from; of several sheets, in the first that has it.
        unused: Headings that are not read. Of JSONL, keys met later are added while iterating.
        headings: What the cells of a rejected row are called.
        taken: The same sheet by sheet.
        encoding: The Python codec the file is read with; empty when it is no text.
        delimiter: What stands between cells; ``None`` when nothing does.
        notes: What a person should know before the rows are read: sheets left out, hidden rows, a wrong ending.
        n_blank: Blank rows met by the latest iteration.
        n_repeated: Rows met that say the headings again.
        warnings: What the latest iteration had to leave out of a problem or to change; the first 1,000.
        n_warnings: How many there were.
        met: The row met last.
    """

    def __init__(
        self,
        path: Path,
        overrides: Mapping[str, str],
        encoding: str | None = None,
        sheets: Sequence[str] = (),
        check: Check | None = None,
        more: Mapping[str, str] | None = None,
        prefix: str = "",
        split: Split = "never",
    ) -> None:
        """Look at the start of the file; see ``read_problems``. ``prefix`` begins the ids of rows that have none."""
        self._path = path
        self._place = str(path)
        self._overrides = dict(overrides)
        self._check = check
        self._more = more or {}
        self._prefix = prefix
        self._split = split
        self.met = Met({}, self._place, 0, ())
        self._reset()
        self._state = state_of(path)
        self.encoding = ""
        self.delimiter: str | None = None
        self.notes: tuple[Fault, ...] = ()
        with open_bytes(path, TableError) as file:
            if not file.seekable():
                finding = "this is a pipe, and a table is read more than once"
                raise TableError(Fault(self._place, finding, "save it to a file"))
            found = recognise(path, file)
            self.kind: Kind = found.kind
            self._note(found.note)
            self._sources = self._opened(file, found, encoding, sheets)
        self.headings = tuple(dict.fromkeys(name for source in self._sources for name in source.headings))
        if len(self._sources) == 1:
            self.headings = self._sources[0].headings

    @property
    def columns(self) -> Mapping[str, str]:
        """Field to the heading it is read from."""
        return {field: heading for taken in reversed(self.taken) for field, heading in taken.columns.items()}

    @property
    def unused(self) -> tuple[str, ...]:
        """Headings that are not read in any sheet."""
        return tuple(dict.fromkeys(name for source in self._sources for name in source.unused))[:MAX_WARNINGS]

    @property
    def taken(self) -> tuple[Taken, ...]:
        """What was taken for what, sheet by sheet."""
        return tuple(
            Taken(
                source.sheet,
                {field: writable(column.heading) for field, column in source.columns.items()},
                source.unused,
            )
            for source in self._sources
        )

    def __iter__(self) -> Iterator[Row]:
        """The rows in the order of the file, each a problem or why it gives none; blank ones are only counted.

        Raises:
            TableError: The file is not what it was when it was opened: rows of both may have come.
        """
        self._reset()
        with SeenIds() as seen:
            for source in self._sources:
                for record in source.records():
                    if record.is_blank:
                        self.n_blank += 1
                    elif source.is_repetition(record):
                        self.n_repeated += 1
                    else:
                        yield from self._needs(self._row(source, record, seen), seen)
        if state_of(self._path) != self._state:
            fault = Fault(str(self._path), "was changed while it was read", "run it again when nobody writes to it")
            raise TableError(fault)

    def _needs(self, row: Row, seen: SeenIds) -> Iterator[Row]:
        """The row, or the needs that it holds where rows are split."""
        parts = () if isinstance(row, Rejected) or self._split == "never" else split_needs(row)
        if len(parts) < 2:
            yield row
            return
        self._warn(Fault(self.met.place, split_finding([part.title for part in parts]), NEVER))
        for part in parts:
            yield part.model_copy(update={"id": seen.own(part.id)})

    def _row(self, source: Source, record: Record, seen: SeenIds) -> Row:
        place = source.place(record)
        values, fault = self._values(source, record, place)
        self.met = Met(values, place, record.line, record.cells)
        if fault:
            return self._rejected(source, record, (fault,))
        sheet = f"{source.sheet}-" if len(self._sources) > 1 else ""
        default_id = f"{self._prefix}{sheet}row-{record.line}"
        built = build_problem(values, place=place, default_id=default_id, style="cell")
        if built.problem is None:
            return self._rejected(source, record, built.faults)
        faults = self._check(built.problem) if self._check else ()
        if faults:
            again = tuple(Fault(place, fault.finding, fault.remedy) for fault in faults)
            return self._rejected(source, record, again)
        for warning in built.warnings:
            self._warn(warning)
        own_id = seen.own(built.problem.id)
        if own_id == built.problem.id:
            return built.problem
        finding = said("the id '{id}' is there already", id=built.problem.id)
        self._warn(Fault(place, finding, said("this row is called '{id}'", id=own_id)))
        return built.problem.model_copy(update={"id": own_id})

    def _values(self, source: Source, record: Record, place: str) -> tuple[dict[str, Given], Fault | None]:
        if record.broken:
            return {}, Fault(place, record.broken, record.remedy)
        if bad := BAD_BYTES.search("".join(record.cells)):
            byte = ord(bad[0]) - ord(FIRST_BAD_BYTE)
            finding = said("byte 0x{byte:02x} is not {encoding}", byte=byte, encoding=self.encoding or "utf-8")
            return {}, Fault(place, finding, "correct the row, or save the table as CSV UTF-8")
        return source.values(record, place)

    def _rejected(self, source: Source, record: Record, faults: tuple[Fault, ...]) -> Rejected:
        cells = tuple(BAD_BYTES.sub("\ufffd", cell) for cell in record.cells)
        if self.headings != source.headings:
            by_name = dict(zip(source.headings, cells, strict=False))
            cells = tuple(by_name.get(name, "") for name in self.headings)
        return Rejected(record.line, cells, faults, source.sheet)

    def _opened(
        self, file: BinaryIO, found: Recognised, encoding: str | None, sheets: Sequence[str]
    ) -> Sequence[Source]:
        if found.kind in ("xlsx", "ods", "xls"):
            return self._usable_sheets(read_sheets(file, found, self._place), sheets)
        if sheets:
            raise TableError(Fault(self._place, "it has no sheets", "leave --sheet out"))
        source: Source
        if found.kind == "parquet":
            source = parquet(self._path, self._overrides, self._more)
            names = source.headings
        else:
            file.seek(0)
            self.encoding = _encoding_of(file, self._place, encoding)
            if found.kind == "lines":
                source = lines = Lines(self._path, self.encoding, self._overrides, self._more)
                names = lines.names
            else:
                source, self.delimiter, note = delimited(self._path, self.encoding, self._overrides, self._more)
                names = source.headings
                self._note(note)
        _check_overrides(self._overrides, names, self._place, self._more)
        _check_usable(source, names, self._place)
        return [source]

    def _usable_sheets(self, sheets: Sequence[Sheet], wanted: Sequence[str]) -> Sequence[Source]:
        chosen = chosen_sheets(sheets, wanted, self._place)
        read = [
            (sheet, cells) for sheet in chosen if (cells := sheet_cells(self._path, sheet, self._overrides, self._more))
        ]
        if not read:
            raise TableError(Fault(self._place, "nothing in its sheets", _NO_ROWS))
        names = [name for _, (source, _, _) in read for name in source.headings]
        _check_overrides(self._overrides, names, self._place, self._more)
        # Beside a table, a sheet in which a single word is understood is most likely an explanation or a list of words.
        least = 2 if any(len(found.fields) > 1 and found.is_usable for _, (_, found, _) in read) and not wanted else 1
        sources: list[Source] = []
        for sheet, (source, found, note) in read:
            if not found.is_usable or len(found.fields) < least:
                self._note_unusable(sheet, found)
                continue
            sources.append(source)
            self._note(note)
            self._note_facts(sheet)
        for sheet in sheets:
            if sheet not in chosen:
                self._note_left_out(sheet, wanted)
        if not sources:
            raise TableError([_unusable(self._sheet_place(one.sheet), one.headings) for _, (one, _, _) in read])
        return sources

    def _note_unusable(self, sheet: Sheet, found: Headings) -> None:
        place = self._sheet_place(sheet.name)
        if found.is_usable:
            finding = "passed over: only one of its headings is understood"
            self._note(Fault(place, finding, said("to read it: --sheet {n}", n=sheet.number)))
        else:
            self._note(Fault(place, "passed over: no column is understood as title or description"))

    def _note_left_out(self, sheet: Sheet, wanted: Sequence[str]) -> None:
        if sheet.is_hidden and not wanted:
            finding = "hidden, and passed over"
            self._note(Fault(self._sheet_place(sheet.name), finding, said("to read it: --sheet {n}", n=sheet.number)))

    def _note_facts(self, sheet: Sheet) -> None:
        place = self._sheet_place(sheet.name)
        if sheet.facts.n_hidden_rows:
            self._note(Fault(place, said("hidden rows are read too: {n}", n=sheet.facts.n_hidden_rows)))
        if sheet.facts.n_hidden_columns:
            self._note(Fault(place, said("hidden columns are read too: {n}", n=sheet.facts.n_hidden_columns)))
        if sheet.facts.errors:
            named = [f"{_cell_name(at)} {text}".strip() for at, text in sorted(sheet.facts.errors.items())]
            shown = ", ".join(named[:_MAX_ERRORS_NAMED]) + (" …" if len(named) > _MAX_ERRORS_NAMED else "")
            finding = said(
                "errors and formulas without a result are read as blank: {n} ({cells})", n=len(named), cells=shown
            )
            self._note(Fault(place, finding, "correct them in Excel or WPS if they matter"))

    def _sheet_place(self, sheet: str) -> str:
        return said("{place}, sheet '{sheet}'", place=self._place, sheet=sheet)

    def _note(self, note: Fault | None) -> None:
        if note is not None:
            self.notes = (*self.notes, note)

    def _reset(self) -> None:
        self.n_blank = 0
        self.n_repeated = 0
        self.n_warnings = 0
        self.warnings: list[Fault] = []

    def _warn(self, warning: Fault) -> None:
        self.n_warnings += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(warning)


class SeenIds:
    """The ids of a table so far, in a temporary database: a set of them would grow with the rows."""

    def __enter__(self) -> SeenIds:
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
        """``wanted`` itself, or ``wanted#2``, ``wanted#3`` … when it was there before.

        Raises:
            InputError: There is no room for temporary files.
        """
        try:
            return self._own(wanted)
        except sqlite3.OperationalError as error:
            raise InputError(no_temporary_files(error)) from error

    def _own(self, wanted: str) -> str:
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


def _encoding_of(file: BinaryIO, place: str, named: str | None) -> str:
    if named:
        return codec_named(named, place)
    try:
        return detect(sample_of(file), place=place, is_start=True)
    except EncodingError as error:
        raise TableError(error.faults) from error


def _known_fields() -> tuple[str, ...]:
    limits = ("require.institutes", "require.role", "require.own", "require.place")
    return (*(field for field in FIELDS if field != "require"), *limits)


def _check_overrides(
    overrides: Mapping[str, str], names: Sequence[str], place: str, more: Collection[str] = ()
) -> None:
    faults: list[Fault] = []
    known = (*_known_fields(), *more)
    for field, heading in overrides.items():
        if field not in (*known, "require"):
            finding = said("no such field: '{name}'{hint}", name=field, hint=did_you_mean(field, known))
            faults.append(Fault("--column", finding, said("the fields are: {names}", names=", ".join(known))))
        elif position_of(heading, names) is None:
            finding = said("no heading '{heading}'{hint}", heading=heading, hint=did_you_mean(heading, names))
            faults.append(Fault(place, finding, said("the headings are: {names}", names=listed(names))))
    if faults:
        raise TableError(faults)


def _check_usable(source: Source, names: Sequence[str], place: str) -> None:
    if "title" not in source.columns and "description" not in source.columns:
        raise TableError(_unusable(place, names))


def _unusable(place: str, names: Sequence[str]) -> Fault:
    finding = said("no column is understood as title or description; the first row is: {names}", names=listed(names))
    remedy = "name one with --column title=HEADING; the first row must hold the headings"
    return Fault(place, finding, remedy)


def _cell_name(at: tuple[int, int]) -> str:
    """What a spreadsheet calls a cell: ``B12``."""
    row, column = at
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"
